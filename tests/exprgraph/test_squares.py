"""Even powers of roots of sums of squares are the sums: at 0 to any order, and as far as floats reach."""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest

import exprgraph as eg
from exprgraph.canonical.squares import is_sum_of_squares
from exprgraph.graph.node import Node

x, y = eg.symbols("x y")
v = eg.Symbol("v", 2)
A = eg.Symbol("A", (2, 3))
#: an even power of a root, and the same without one
PAIRS: list[tuple[Callable[[Node], Node], Callable[[Node], Node]]] = [
    (lambda v: eg.norm(v) ** 2, lambda v: v @ v),
    (lambda v: eg.norm(v) ** 4, lambda v: (v @ v) ** 2),
    (lambda v: eg.norm(v) * eg.norm(v), lambda v: v @ v),
    (lambda v: eg.square(3 * eg.norm(v)), lambda v: 9 * (v @ v)),
    (lambda v: eg.square(eg.norm(v) / 3), lambda v: v @ v / 9),
    (lambda v: eg.hypot(eg.hypot(v[0], v[1]), 2 * v[0]) ** 2, lambda v: v @ v + 4 * v[0] ** 2),
    (lambda v: eg.hypot(v[0], v[1]) ** 2, lambda v: v @ v),
    (lambda v: eg.sum(abs(v) ** 2), lambda v: v @ v),
    (lambda v: eg.sqrt(v[0] * v[0] + v[1] * v[1]) ** 2, lambda v: v @ v),
    (lambda v: eg.sqrt(eg.sum(v**2)) ** 6, lambda v: (v @ v) ** 3),
    (lambda v: eg.sqrt(v @ v) ** 2, lambda v: v @ v),
    (lambda v: (v @ v) ** 1.5 * (v @ v) ** 1.5, lambda v: (v @ v) ** 3),
    (lambda v: eg.norm(eg.stack([v, 2 * v]), axis=1)[1] ** 2, lambda v: 4 * (v @ v)),
    (lambda v: eg.sum(eg.norm(eg.stack([v, 2 * v]), axis=1) ** 2), lambda v: 5 * (v @ v)),
    (lambda v: eg.norm(eg.norm(eg.stack([v, 2 * v]), axis=1)) ** 2, lambda v: 5 * (v @ v)),
    (lambda v: eg.sum(eg.norm(eg.stack([v, 2 * v]), axis=1, keepdims=True) ** 2), lambda v: 5 * (v @ v)),
    (lambda v: eg.sum(eg.broadcast_to(eg.norm(v), 3) ** 2), lambda v: 3 * (v @ v)),
    (lambda v: eg.std(v) ** 2, eg.var),
    (lambda v: eg.exp(-(eg.norm(v) ** 2)), lambda v: eg.exp(-(v @ v))),
    (lambda v: eg.cos(eg.hypot(v[0], 2 * v[1]) ** 4), lambda v: eg.cos((v[0] ** 2 + 4 * v[1] ** 2) ** 2)),
]


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize(("with_root", "without"), PAIRS)
def test_even_powers_of_roots_are_exact_at_zero(with_root: Callable[[Node], Node], without: Callable[[Node], Node], mode: str) -> None:
    ours, theirs = with_root(v), without(v)
    for _ in range(5):
        for at in (np.zeros(2), np.array([0.7, -0.4]), np.array([0.0, -0.0])):
            np.testing.assert_allclose(eg.evaluate(ours, {v: at}), eg.evaluate(theirs, {v: at}), rtol=1e-12, atol=1e-13)
        ours, theirs = (eg.jacobian(e, v, mode) for e in (ours, theirs))  # type: ignore[call-overload]


@pytest.mark.parametrize("size", [1e-170, 1e-158, 1e-100, 1.0, 1e100, 1e153, 1e160])
def test_even_powers_are_as_large_and_as_small_as_numpys(size: float) -> None:
    at = np.array([3.1, -4.3]) * size
    with np.errstate(all="ignore"):
        for e, right in (
            (eg.norm(v) ** 2, np.linalg.norm(at) ** 2),
            (eg.hypot(v[0], v[1]) ** 2, np.hypot(*at) ** 2),
            (eg.sqrt(v @ v) ** 2, np.sqrt(at @ at) ** 2),
            (eg.norm(v) ** 4, np.linalg.norm(at) ** 4),
        ):
            unit = np.spacing(right) if np.isfinite(right) else 0.0
            for got in (eg.evaluate(e, {v: at}), eg.compile(e, v)(at)):
                assert got == right or abs(got - right) <= (4 if "**2" in str(e)[-3:] else 8) * unit


def test_roots_that_may_be_of_negative_numbers_stay() -> None:
    for e in (eg.sqrt(x) ** 2, eg.sqrt(x * y) ** 2, eg.sqrt(x**3 + 1) ** 2, eg.sqrt(x**2 - y**2) ** 2, eg.sqrt(x**2 - 1) ** 2):
        assert np.isnan(eg.evaluate(e, {x: -2.0, y: 3.0})) or np.isnan(eg.evaluate(e, {x: 0.5, y: 3.0}))
    assert np.isnan(eg.evaluate(eg.sqrt(eg.sqrt(x) ** 2 + 1) ** 2, {x: -1.0}))
    assert not is_sum_of_squares(x) and not is_sum_of_squares(x**2 - 1) and not is_sum_of_squares(eg.sum(A * A[::-1]))
    assert is_sum_of_squares(2 * x**2 + abs(y) + 1) and is_sum_of_squares(eg.sum(A * A)) and is_sum_of_squares(eg.einsum("ij,ij->i", A, A))


def test_a_root_stays_a_root() -> None:
    assert eg.sqrt(x**2 + y**2) is not eg.hypot(x, y)
    for e in (eg.norm(v), eg.norm(v) ** 3, 1 / eg.norm(v), eg.norm(v) ** -2):
        with mp.workdps(40):
            at = [mp.mpf(3), mp.mpf(-4)]
            n = mp.sqrt(at[0] ** 2 + at[1] ** 2)
            right = {eg.norm(v): n, eg.norm(v) ** 3: n**3, 1 / eg.norm(v): 1 / n, eg.norm(v) ** -2: n**-2}[e]
        assert eg.evaluate(e, {v: [3.0, -4.0]}) == pytest.approx(float(right), rel=1e-15)
