"""Cases that other engines got wrong: each with the right value, in every mode, with NumPy and compiled."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from reference import MODES, check, mpmath, problem

import exprgraph as eg
from exprgraph.graph.node import Node

x, y = eg.symbols("x y")
v = eg.Symbol("v", 3)


def derivatives(f: Node, by: Node, order: int) -> list[tuple[str, list[Node]]]:
    """f and its derivatives by one scalar, in every sequence of modes (of the first two orders, then forward)."""
    out = []
    for modes in product(MODES, repeat=min(order, 2)):
        chain = [f]
        for k in range(order):
            chain.append(eg.jacobian(chain[-1], by, modes[k] if k < len(modes) else "forward"))  # type: ignore[call-overload]
        out.append(("-".join(modes), chain))
    return out


def both(outputs: Any, values: dict[Node, Any]) -> list[tuple[str, Any]]:
    arguments = tuple(values)
    return [("NumPy", eg.evaluate(outputs, values)), ("compiled", eg.compile(outputs, arguments)(*[values[a] for a in arguments]))]


def test_two_paths_through_one_factor() -> None:
    # D*: finding common factors of paths lost a term of the second derivative
    formulas = ["exp(x1 - x2)*x2", "exp(x1 - x2)*x2*exp(x1)", "(exp(x1 - x2)*x2)**2"]
    check(problem("exp(v1 - v2)*v2", 2, formulas, [0.3, 0.7], [-1.0, 2.5]), order=3)


BRANCHES: list[tuple[str, Callable[[Node], Node]]] = [
    ("sqrt", eg.sqrt), ("log", eg.log), ("reciprocal", lambda e: 1 / e), ("power", lambda e: e**-1.5), ("x**x", lambda e: e**e),
    ("overflow", lambda e: eg.exp(1e3 / e)), ("acosh", lambda e: eg.acosh(1 + e)), ("asin", lambda e: eg.asin(e + 5)),
    ("0*inf", lambda e: e * eg.log(e)), ("nan", lambda e: math.nan * e),
]  # fmt: skip


def test_a_branch_that_is_not_taken() -> None:
    outputs, names = [], []
    for name, branch in BRANCHES:
        for nested in (False, True):
            inner = branch(x)
            f = eg.where(x > 0, eg.sin(inner) * inner if nested else inner, eg.cos(x))
            for modes, chain in derivatives(f, x, 2):
                outputs.append(chain)
                names.append((name, nested, modes))
    for point in (0.0, -0.0, -0.8):
        want = [math.cos(point), -math.sin(point), -math.cos(point)]
        for backend, got in both(outputs, {x: point}):
            for which, chain in zip(names, got):
                np.testing.assert_allclose(chain, want, rtol=1e-14, err_msg=f"{which} {backend} at {point}")


def test_a_norm_at_zero_to_second_order() -> None:
    for f in (eg.norm(v), eg.norm(2 * v) * eg.norm(v), eg.hypot(v[0], v[1]) + eg.std(v)):
        outputs = [f]
        for first in MODES:
            g = eg.jacobian(f, v, first)  # type: ignore[call-overload]
            outputs += [g, *[eg.jacobian(g, v, second) for second in MODES]]  # type: ignore[call-overload]
        for backend, got in both(outputs, {v: np.zeros(3)}):
            for value in got:
                assert np.isfinite(value).all(), backend
                # the product of two norms is 2*|v|**2, whose Hessian at 0 the policy for each factor does not see
                np.testing.assert_array_equal(value, 0 * value)


def test_whole_powers_at_zero() -> None:
    outputs, want = [], []
    for exponent in (1.0, 2.0, 3.0):
        for f in (x**exponent, eg.power(x, exponent), x**int(exponent), (x * y) ** exponent / y**exponent):
            for _, chain in derivatives(f, x, 4):
                outputs.append(chain)
                want.append([float(math.perm(int(exponent), k)) if k == exponent else 0.0 for k in range(5)])
    for backend, got in both(outputs, {x: 0.0, y: 2.0}):
        for chain, expected in zip(got, want):
            np.testing.assert_array_equal(chain, expected, err_msg=backend)


def test_products_with_infinity_are_not_numbers() -> None:
    outputs = [x * eg.log(x), x * (1 / x), x / x, 0 * eg.log(x) + x * math.inf, (x - x) * eg.exp(y)]
    for _, got in both(outputs, {x: 0.0, y: 1.0}):
        assert [bool(np.isnan(g)) for g in got] == [True, True, True, True, False]
    assert (x / x) is not eg.array(1.0)
    assert str(x / x) == "x/x"


def test_roots_of_squares_and_logarithms_of_exponentials() -> None:
    f = [eg.sqrt(x**2), eg.log(eg.exp(x)), eg.log(1 + eg.exp(x)), eg.softplus(x), eg.exp(eg.log(y)), eg.sqrt(y) ** 2]
    for _, got in both([f, [eg.diff(e, x) for e in f[:4]]], {x: -3.0, y: -1.0}):
        np.testing.assert_allclose(got[0][:4], [3, -3, math.log1p(math.exp(-3)), math.log1p(math.exp(-3))], rtol=1e-14)
        assert np.isnan(got[0][4:]).all()
        np.testing.assert_allclose(got[1], [-1, 1, 1 / (1 + math.exp(3)), 1 / (1 + math.exp(3))], rtol=1e-14)
    for _, got in both([eg.softplus(x), eg.diff(eg.softplus(x), x), eg.diff(eg.sqrt(x**2), x)], {x: 1e5}):
        np.testing.assert_array_equal(got, [1e5, 1, 1])
    for _, got in both([eg.sqrt(x**2), eg.abs(x)], {x: 1e200}):  # as it is written: the square overflows
        np.testing.assert_array_equal(got, [math.inf, 1e200])


def test_extrema_at_ties() -> None:
    outputs = [
        [eg.jacobian(f, v, mode) for mode in MODES]  # type: ignore[call-overload]
        for f in (eg.max(v), eg.min(v), eg.maximum(v[0], v[1]), eg.maximum(v[0], v[0]), eg.norm(v, math.inf))
    ]
    second = [eg.jacobian(eg.jacobian(eg.max(v) ** 2, v, a), v, b) for a in MODES for b in MODES]  # type: ignore[call-overload]
    want = [[1 / 3] * 3, [1 / 3] * 3, [0.5, 0.5, 0], [1, 0, 0], [1 / 3] * 3]
    for _, (first, hessians) in both([outputs, second], {v: np.full(3, 2.0)}):
        for pair, expected in zip(first, want):
            for value in pair:
                np.testing.assert_allclose(value, expected, rtol=1e-15)
        for h in hessians:  # 2*g g^T, and nothing of the kink
            np.testing.assert_allclose(h, np.full((3, 3), 2 / 9), rtol=1e-14)


def test_saturated_tanh_to_fifth_order() -> None:
    t = eg.Symbol("t", per_sample=True)
    points = np.array([0.0, 0.1, 0.9, 3.0, 8.0, 19.0, 20.0, 50.0, 200.0, 350.0, 500.0])
    points = np.concatenate([points, -points])
    chain = [eg.tanh(t)]
    for _ in range(5):
        chain.append(eg.diff(chain[-1], t))
    want = np.zeros((6, len(points)))
    for k, at in enumerate(points):
        # a polynomial of T = tanh and S = 1/cosh**2, in which nothing cancels that is small: digits to spare
        with mpmath.workdps(500):
            big_t, big_s = mpmath.tanh(mpmath.mpf(at)), mpmath.cosh(mpmath.mpf(at)) ** -2
            want[:, k] = [
                float(c) for c in (
                    big_t, big_s, -2 * big_t * big_s, big_s * (6 * big_t**2 - 2), big_s * big_t * (16 - 24 * big_t**2),
                    big_s * (120 * big_t**4 - 120 * big_t**2 + 16),
                )
            ]  # fmt: skip
    for backend, got in both(chain, {t: points}):
        for order in range(6):
            scale = np.abs(want[order]) + 1e-2 * want[1]
            np.testing.assert_array_less(np.abs(got[order] - want[order]), 1e-13 * scale + 1e-300, err_msg=f"{backend} {order}")


@pytest.mark.parametrize(
    ("depth", "order"), [(2, 5), pytest.param(2, 10, marks=pytest.mark.slow), pytest.param(3, 6, marks=pytest.mark.slow)]
)
def test_nested_powers_of_sines_to_high_order(depth: int, order: int) -> None:
    def nested(e: Any, sin: Any) -> Any:
        for _ in range(depth):
            e = sin(e) ** 4
        return e

    chain = [nested(x, eg.sin)]
    for _ in range(order):
        chain.append(eg.diff(chain[-1], x))
    at = 1.1
    with mpmath.workdps(60):
        series = mpmath.taylor(lambda t: nested(t, mpmath.sin), mpmath.mpf(at), order)
        want = [float(c * mpmath.factorial(k)) for k, c in enumerate(series)]
    for backend, got in both(chain, {x: at}):
        for k in range(order + 1):
            scale = max(abs(w) for w in want[: k + 1])
            assert abs(float(got[k]) - want[k]) <= 1e-11 * abs(want[k]) + 1e-12 * scale, (backend, k, got[k], want[k])


def test_common_subexpressions_change_nothing() -> None:
    # the same function built with and without shared parts, and with parts that differ by a sign or a factor
    a = eg.sin(x * y)
    shared = a * a + eg.exp(a) - eg.exp(-a) + 2 * a / (1 + a * a)
    b, c = eg.Symbol("x_1"), eg.Symbol("x_2")
    p, q = eg.sin(b * y), eg.sin(c * y)
    other = p * q + eg.exp(p) - eg.exp(-q) + 2 * p / (1 + q * p)
    apart = [other, eg.diff(other, b) + eg.diff(other, c)]
    apart.append(eg.diff(apart[1], b) + eg.diff(apart[1], c))
    together = [shared, eg.diff(shared, x), eg.diff(shared, x, 2)]
    at = {x: 0.7, b: 0.7, c: 0.7, y: 1.3}
    for _, got in both([together, apart], at):
        np.testing.assert_allclose(got[0], got[1], rtol=1e-13)
    alone = [eg.compile(e, (x, y))(0.7, 1.3) for e in together]
    np.testing.assert_allclose(eg.compile(together, (x, y))(0.7, 1.3), alone, rtol=1e-15)
    assert eg.evaluate(shared - shared + x, {x: 0.1, y: 1.0}) == 0.1
    assert eg.evaluate(eg.substitute(shared, {x: y}), {y: 1.3}) == pytest.approx(float(eg.evaluate(shared, {x: 1.3, y: 1.3})), rel=1e-15)


def test_the_order_of_differentiation_does_not_matter() -> None:
    z = eg.Symbol("z")
    f = eg.exp(x * eg.sin(y * z)) / (1 + x**2 + z**4) + eg.atan2(x * y, 1 + z**2)
    orders = [(x, y, z), (z, y, x), (y, z, x), (x, z, y)]
    for _, got in both([eg.diff(f, *o) for o in orders], {x: 0.4, y: 0.9, z: -0.6}):
        np.testing.assert_allclose(got, got[0], rtol=1e-13)
