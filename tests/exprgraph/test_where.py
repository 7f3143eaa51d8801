"""The branch of a ``where`` that is not taken can make neither the value nor a derivative NaN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.graph.traverse import topological

x = eg.Symbol("x")
v = eg.Symbol("v", 3)
c = eg.Symbol("c", 2)
A = eg.Symbol("A", (3, 3))

#: a branch that is not finite, or has a derivative that is not, at x = 0 and below
BRANCHES: dict[str, Callable[[Node], Node]] = {
    "sqrt": eg.sqrt,
    "log": eg.log,
    "reciprocal": lambda e: 1 / e,
    "power": lambda e: e**-2.5,
    "symbolic power": lambda e: e**e,
    "quotient": lambda e: eg.sin(e) / e,
    "infinite coefficient": lambda e: np.inf * e,
    "undefined coefficient": lambda e: eg.sin(np.nan * e + eg.sum(np.nan * eg.stack([e, e**2]))),
    "log of sqrt": lambda e: eg.log(eg.sqrt(e)),
    "sqrt of a product": lambda e: eg.sqrt(e * (2 + e)),
    "acosh": lambda e: eg.acosh(1 + e),
    "nested": lambda e: eg.where(e > -1, eg.log(e), eg.sqrt(e)),
    "stack": lambda e: eg.stack([1 / e, eg.log(e)])[0],
    "contract": lambda e: eg.dot(eg.stack([1 / e, eg.sqrt(e)]), eg.stack([eg.log(e), e])),
    "sum of squares": lambda e: eg.sum(eg.stack([1 / e, eg.log(e)]) ** 2),
    "maximum": lambda e: eg.max(eg.stack([eg.log(e), 1 / e])),
    "norm": lambda e: eg.norm(eg.stack([1 / e, eg.log(e)])),
    "matrix": lambda e: eg.sum(eg.outer(eg.stack([eg.log(e), e]), eg.stack([1 / e, e])) @ np.array([1.0, 2.0])),
    "concatenate": lambda e: eg.sum(eg.concatenate([eg.stack([eg.log(e)]), eg.stack([1 / e, e])])[:2]),
    "reshape": lambda e: eg.sum(eg.reshape(eg.stack([1 / e, e, e, eg.log(e)]), (2, 2))[0]),
    "prod": lambda e: eg.prod(eg.stack([1 / e, eg.log(e), e])),
    "solve": lambda e: eg.solve(eg.stack([[e, 0 * e], [0 * e, 1 / e]]), eg.stack([1 + 0 * e, e]))[1],
}
POINTS = [0.0, -0.0, -1.5]
MODES = ["forward", "reverse"]


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("name", BRANCHES)
def test_to_second_order_in_every_pair_of_modes(name: str, point: float) -> None:
    f = eg.where(x > 0, BRANCHES[name](x), x**3 + 2 * x**2 + x)
    value = {x: point}
    assert eg.evaluate(f, value) == point**3 + 2 * point**2 + point
    for first in MODES:
        d = eg.jacobian(f, x, first)  # type: ignore[call-overload]
        assert eg.evaluate(d, value) == pytest.approx(3 * point**2 + 4 * point + 1), first
        for second in MODES:
            dd = eg.jacobian(d, x, second)  # type: ignore[call-overload]
            assert eg.evaluate(dd, value) == pytest.approx(6 * point + 4), (first, second)


@pytest.mark.parametrize("name", [n for n in BRANCHES if n != "nested"])
def test_the_taken_branch_is_differentiated(name: str) -> None:
    branch = BRANCHES[name](x)
    f = eg.where(x > 0, branch, 1 / (x - x))
    value = {x: 0.7}
    for first in MODES:
        d, plain = eg.jacobian(f, x, first), eg.jacobian(branch, x)  # type: ignore[call-overload]
        np.testing.assert_allclose(eg.evaluate(d, value), eg.evaluate(plain, value), rtol=1e-12, atol=1e-14)
        for second in MODES:
            dd = eg.evaluate(eg.jacobian(d, x, second), value)  # type: ignore[call-overload]
            np.testing.assert_allclose(dd, eg.evaluate(eg.jacobian(plain, x), value), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("third", MODES)
@pytest.mark.parametrize("name", ["sqrt", "log", "quotient", "power", "contract"])
def test_to_third_order(name: str, third: str) -> None:
    f = eg.where(x > 0, BRANCHES[name](x), x**4)
    for first in MODES:
        for second in MODES:
            d = f
            for mode in (first, second, third):
                d = eg.jacobian(d, x, mode)  # type: ignore[call-overload]
            assert eg.evaluate(d, {x: -0.5}) == pytest.approx(24 * -0.5)
            assert eg.evaluate(d, {x: 0.0}) == 0.0


@pytest.mark.parametrize("mode", MODES)
def test_element_by_element(mode: str) -> None:
    f = eg.where(v > 0, eg.sqrt(v) + eg.log(v), v**2)
    j = eg.jacobian(f, v, mode)  # type: ignore[call-overload]
    np.testing.assert_allclose(eg.evaluate(j, {v: [0.0, -1.0, 4.0]}), np.diag([0.0, -2.0, 0.5]), atol=1e-15)
    h = eg.evaluate(eg.hessian(eg.sum(f), v), {v: [0.0, -1.0, 4.0]})
    np.testing.assert_allclose(h, np.diag([2.0, 2.0, -0.25 * 4**-1.5 - 1 / 16]), atol=1e-15)


@pytest.mark.parametrize("mode", MODES)
def test_behind_a_matrix_product(mode: str) -> None:
    f = eg.sum(eg.where(v > 0, A @ eg.log(v), A @ v))
    value = {v: [-1.0, -2.0, -3.0], A: np.arange(9.0).reshape(3, 3)}
    np.testing.assert_allclose(eg.evaluate(eg.jacobian(f, v, mode), value), np.arange(9.0).reshape(3, 3).sum(0))  # type: ignore[call-overload]
    np.testing.assert_allclose(eg.evaluate(eg.jacobian(f, A, mode), value), np.tile([-1.0, -2.0, -3.0], (3, 1)))  # type: ignore[call-overload]


def test_the_gradient_by_a_parameter_of_a_guarded_network() -> None:
    w, p = eg.Symbol("w", (2, 2)), eg.Symbol("p", 2, per_sample=True)
    z = w @ p
    f = eg.where(z > 0, eg.sqrt(z) * eg.log(z), 0.0)
    loss = eg.over_samples.mean(eg.sum(f**2) + eg.sum(eg.jacobian(f, p) ** 2))
    value = {w: np.array([[1.0, 0.5], [0.0, 0.0]]), p: np.array([[1.0, 1.0], [-1.0, 0.0], [0.0, 0.0]])}
    for e in (loss, eg.gradient(loss, w), eg.jacobian(loss, w, "forward")):
        assert np.isfinite(eg.evaluate(e, value)).all()


def test_a_normalisation_over_samples_that_is_guarded() -> None:
    q = eg.Symbol("q", per_sample=True)
    s = eg.Symbol("s")
    total = eg.over_samples.sum(eg.sqrt(q * s))
    f = eg.over_samples.sum(eg.where(s > 0, q / total, q * s))
    value = {q: [1.0, 2.0], s: 0.0}
    assert eg.evaluate(f, value) == 0.0
    assert eg.evaluate(eg.gradient(f, s), value) == 3.0
    per_sample = eg.where(s > 0, q / total, q * s)
    np.testing.assert_array_equal(eg.evaluate(eg.gradient(per_sample, s), value), [1.0, 2.0])


def test_conditions() -> None:
    values = {c: [0.0, 2.0]}
    np.testing.assert_array_equal(eg.evaluate(eg.where(c, 1.0, 2.0), values), [2.0, 1.0])
    np.testing.assert_array_equal(eg.evaluate(eg.where(eg.logical_and(c >= 0, c < 1), 1.0, 2.0), values), [1.0, 2.0])
    np.testing.assert_array_equal(eg.evaluate(eg.where(eg.logical_not(c), c, -c), values), [0.0, -2.0])
    np.testing.assert_array_equal(eg.evaluate(np.where(c > 1, c, 0), values), [0.0, 2.0])
    np.testing.assert_array_equal(eg.evaluate(eg.where(x > 0, c, 1.0), {**values, x: 1.0}), [0.0, 2.0])


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_what_a_guarded_part_is_multiplied_with_may_be_zero(mode: Any) -> None:
    """A cotangent that is 0 because a factor is, and not because of a branch, still has a derivative by the factor."""
    z = eg.Symbol("z")
    f = z * eg.where(x > 0, eg.sin(x), eg.exp(x))
    mixed = eg.jacobian(eg.gradient(f, x), z, mode)
    assert float(eg.evaluate(mixed, {x: 0.3, z: 0.0})) == np.cos(0.3)
    assert float(eg.evaluate(mixed, {x: -0.3, z: 0.0})) == np.exp(-0.3)
    guarded = z * eg.where(x > 0, eg.sqrt(x), 1.0)
    assert float(eg.evaluate(eg.jacobian(eg.gradient(guarded, x), z, mode), {x: 0.0, z: 0.0})) == 0.0


def test_factors_go_into_the_branch() -> None:
    b = eg.Symbol("b")

    def gates(e: Node) -> int:
        return sum(n.op.name == "gate" for n in topological([eg.jacobian(e, x, mode="reverse")]))

    assert gates(eg.where(b > 0, 2 * x, 5 * x + b)) == 0
    assert gates(eg.where(b > 0, 2 * x, x**3)) == 0  # 3*x**2 may be infinite, and goes into the branch
    assert gates(eg.exp(x) * eg.where(b > 0, np.inf * x, eg.sin(x)) + eg.exp(2 * x)) == 0
    shared = eg.exp(x)
    assert gates(eg.where(b > 0, shared, 1) + eg.where(b > 1, 2, shared)) == 1  # by the sum of both
