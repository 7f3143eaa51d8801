"""Sums and products: canonical, and of the value NumPy gives."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.graph.traverse import REBUILD, topological

x, y, z = eg.symbols("x y z")
v, w = eg.symbols("v w", shape=3)
A = eg.Symbol("A", (2, 3))
u = eg.Symbol("u", (2, 1))
e0 = eg.Symbol("e0", (1, 1))
VALUES = {
    x: 1.3, y: -0.7, z: 0.4, v: np.array([0.5, -1.2, 2.0]), w: np.array([1.5, 0.2, -0.3]),
    A: np.arange(6.0).reshape(2, 3) - 2.5, u: np.array([[2.0], [-3.0]]), e0: np.array([[1.25]]),
}  # fmt: skip
OPERATIONS: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / b,
    lambda a, b: a * a * b,
    lambda a, b: (2 * a - 3) * b + 0.5,
    lambda a, b: -(a - b) / 4,
    lambda a, b: (a * b) ** 2 / b,
    lambda a, b: a / (b * b) / a,
    lambda a, b: a**3 + b**-2,
]


def check_random_arithmetic_has_the_value_that_numpy_gives(data: st.DataObject) -> None:
    pool: list[tuple[Any, Any]] = [(s, np.asarray(value)) for s, value in VALUES.items()]
    pool += [(np.asarray(c, float)[()], np.asarray(c, float)) for c in (2.0, -1, 0.5, [1.0, 2.0, -3.0], np.ones((2, 3)), np.eye(3))]
    for _ in range(data.draw(st.integers(1, 6))):
        (a, p), (b, q) = data.draw(st.sampled_from(pool)), data.draw(st.sampled_from(pool))
        try:
            np.broadcast_shapes(p.shape, q.shape)
        except ValueError:
            if isinstance(a, Node) or isinstance(b, Node):
                with pytest.raises(eg.ShapeError, match="do not broadcast"):
                    a + b
            continue
        f = data.draw(st.sampled_from(OPERATIONS))
        with np.errstate(all="ignore"):
            pool.append((f(a, b), np.asarray(f(p, q))))
    e, reference = pool[-1]
    if not isinstance(e, Node):
        return
    assert e.shape == reference.shape
    got = eg.evaluate(e, VALUES)
    finite = np.isfinite(reference)
    scale = np.abs(reference[finite]).max(initial=1.0)
    np.testing.assert_allclose(got[finite], reference[finite], rtol=1e-9, atol=1e-11 * scale)
    for node in topological([e]):
        if node.args:
            assert REBUILD[node.op](node, node.args) is node


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_random_arithmetic_has_the_value_that_numpy_gives(data: st.DataObject) -> None:
    check_random_arithmetic_has_the_value_that_numpy_gives(data)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(st.data())
def test_random_arithmetic_has_the_value_that_numpy_gives_often(data: st.DataObject) -> None:
    check_random_arithmetic_has_the_value_that_numpy_gives(data)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (x + y, y + x), (x * y * z, z * (y * x)), (x + x, 2 * x), (x * x, x**2), (x - x, eg.zeros(())),
        (x * 1, x), (x + 0, x), (0 * x, eg.zeros(())), (eg.negative(-x), x), (x / 2, 0.5 * x),
        (x**0, eg.ones(())), (x**1, x), (v + 0, v), (v * np.ones(3), v), (v - v, eg.zeros(3)), (2 * x + 3 * x, 5 * x), (3 * (2 * x), 6 * x),
        (x * x * x, x**3), (1 / x**2, x**-2), (-x * y, -(y * x)), ((-x) ** 2, x**2), (eg.array([1.0, 1.0]), eg.ones(2)),
        (eg.array(np.eye(3)), eg.identity(3)), (+x, x),
    ],
)  # fmt: skip
def test_equal_by_the_rules_of_construction(a: Node, b: Node) -> None:
    assert a is b


@pytest.mark.parametrize(
    ("a", "b"), [(x / x, eg.ones(())), (eg.sqrt(x) ** 2, x), (eg.sqrt(x**2), x), (x * y / y, x), (1 / (1 / x), x), (eg.exp(eg.log(x)), x)]
)
def test_a_restriction_of_the_domain_stays(a: Node, b: Node) -> None:
    assert a is not b


def test_sums_and_products_longer_than_the_flattening_limit() -> None:
    many = eg.symbols([f"m{i}" for i in range(100)])
    values = dict(zip(many, np.linspace(0.5, 1.5, 100)))
    total, factor = reduce(lambda a, b: a + b, many), reduce(lambda a, b: a * b, many)
    assert eg.evaluate(total, values) == pytest.approx(100.0)
    assert eg.evaluate(factor, values) == pytest.approx(float(np.prod(list(values.values()))))
    assert eg.evaluate(eg.diff(factor, many[3]), values) == pytest.approx(float(np.prod(list(values.values()))) / values[many[3]])
    assert eg.diff(total, many[50]) is eg.ones(())


def test_infinities_and_nan_flow_as_in_numpy() -> None:
    with np.errstate(all="ignore"):
        for a in (0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, 1e308):
            for b in (0.0, -0.0, np.inf, -np.inf, np.nan, 2.0):
                p, q = np.float64(a), np.float64(b)
                for f in (
                    lambda s, t: s + t,
                    lambda s, t: s - t,
                    lambda s, t: s * t,
                    lambda s, t: s / t,
                    lambda s, t: s**2 * t,
                    lambda s, t: s**-1 + t,
                ):
                    got, want = eg.evaluate(f(x, y), {x: a, y: b}), f(p, q)
                    assert got == want or (np.isnan(got) and np.isnan(want)), (a, b)


def test_constants_that_are_not_finite() -> None:
    assert np.isnan(eg.evaluate(x * np.nan, {x: 1.0}))
    assert eg.evaluate(x + np.inf, {x: 1.0}) == np.inf
    assert np.isnan(eg.evaluate(x * np.inf, {x: 0.0}))
    assert eg.array(np.nan) is eg.array(np.nan)
    assert str(x * np.inf) and eg.latex(x * np.inf)


def test_float32_is_not_widened() -> None:
    single = {s: np.asarray(value, np.float32) for s, value in VALUES.items()}
    for e in (2 * x + 1, v * x / 3, A @ v + np.array([1.0, 2.0]), eg.sqrt(x**2 + 1), v**1.5, eg.sum(A * np.ones((2, 3)))):
        assert eg.evaluate(e, single).dtype == np.float32
        assert eg.evaluate(e, {**single, x: 1.0, v: VALUES[v], A: VALUES[A]}).dtype == np.float64


def test_values_that_are_not_real_numbers() -> None:
    for bad in (1j, "a", None, np.array([1j]), {1: 2}, np.array([None])):
        with pytest.raises(eg.DTypeError, match="expected an expression or real numbers"):
            x * bad  # type: ignore[operator]
    with pytest.raises(eg.DTypeError, match="1329 bits is too large"):
        x * 10**400
    assert x * True is x
    assert x * np.float32(2) is 2 * x
    assert x * np.int64(2) is 2 * x
