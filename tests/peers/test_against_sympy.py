"""SymPy as an oracle: random scalar expressions and small networks, symbolically differentiated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import exprgraph as eg

sp = pytest.importorskip("sympy", reason="SymPy is an oracle here; it comes with the test extras")

NAMES = ["x", "y", "z"]
OURS = eg.symbols(NAMES)
THEIRS = sp.symbols(NAMES, real=True)
POINT = [0.7, 1.3, 0.4]

UNARY: list[tuple[Any, Any]] = [
    (eg.sin, sp.sin), (eg.cos, sp.cos), (eg.tanh, sp.tanh), (eg.exp, sp.exp), (eg.atan, sp.atan), (eg.erf, sp.erf),
    (lambda e: eg.log(1 + e**2), lambda e: sp.log(1 + e**2)), (lambda e: eg.sqrt(2 + eg.sin(e)), lambda e: sp.sqrt(2 + sp.sin(e))),
    (lambda e: e**3, lambda e: e**3), (lambda e: 1 / (1 + e**2), lambda e: 1 / (1 + e**2)), (lambda e: eg.asinh(e), sp.asinh),
    (lambda e: (1 + e**2) ** -1.5, lambda e: (1 + e**2) ** sp.Rational(-3, 2)), (lambda e: 2.0**e, lambda e: sp.Integer(2) ** e),
    (lambda e: 2 * e - 3, lambda e: 2 * e - 3),
]  # fmt: skip
BINARY: list[Any] = [lambda a, b: a + b, lambda a, b: a - 2 * b, lambda a, b: a * b, lambda a, b: a / (3 + b**2)]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    pool: list[tuple[Any, Any]] = list(zip(OURS, THEIRS))
    for _ in range(draw(st.integers(1, 4))):
        a = draw(st.sampled_from(pool))
        if draw(st.booleans()):
            f, g = draw(st.sampled_from(UNARY))
            pool.append((f(a[0]), g(a[1])))
        else:
            h, b = draw(st.sampled_from(BINARY)), draw(st.sampled_from(pool))
            pool.append((h(a[0], b[0]), h(a[1], b[1])))
    return pool[-1]


def exact(e: Any) -> float:
    return float(sp.sympify(e).subs({s: sp.Float(repr(v), 40) for s, v in zip(THEIRS, POINT)}).evalf(30))


@settings(max_examples=60, deadline=None)
@given(pairs(), st.lists(st.integers(0, 2), max_size=3))
def test_values_and_derivatives_to_third_order(pair: tuple[Any, Any], by: list[int]) -> None:
    ours, theirs = pair
    for i in by:
        ours, theirs = eg.diff(ours, OURS[i]), sp.diff(theirs, THEIRS[i])
    want = exact(theirs)
    got = float(eg.evaluate(ours, dict(zip(OURS, POINT))))
    assert got == pytest.approx(want, rel=1e-9, abs=1e-9)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("activation", ["tanh", "sin", "exp"])
def test_a_small_network_entry_by_entry(activation: str) -> None:
    w1, b1, w2, x = eg.Symbol("W_1", (2, 2)), eg.Symbol("b_1", 2), eg.Symbol("W_2", (1, 2)), eg.Symbol("x", 2)
    ours = (w2 @ getattr(eg, activation)(w1 @ x + b1))[0]
    m1, c1, m2, t = (sp.MatrixSymbol(n, *s) for n, s in (("W_1", (2, 2)), ("b_1", (2, 1)), ("W_2", (1, 2)), ("x", (2, 1))))
    theirs = sp.expand((sp.Matrix(m2) * (sp.Matrix(m1) * sp.Matrix(t) + sp.Matrix(c1)).applyfunc(getattr(sp, activation)))[0])
    rng = np.random.default_rng(0)
    values = {w1: rng.normal(size=(2, 2)), b1: rng.normal(size=2), w2: rng.normal(size=(1, 2)), x: rng.normal(size=2)}
    table = {
        m[i, j]: float(np.reshape(values[s], m.shape)[i, j])
        for m, s in ((m1, w1), (c1, b1), (m2, w2), (t, x))
        for i in range(m.shape[0])
        for j in range(m.shape[1])
    }

    def number(e: Any) -> float:
        return float(e.subs(table).evalf(20))

    h = eg.evaluate(eg.hessian(ours, x), values)
    mixed = eg.evaluate(eg.jacobian(eg.jacobian(ours, x), w1), values)
    lap_gradient = eg.evaluate(eg.gradient(eg.laplacian(ours, x), w1), values)
    laplacian = sum(sp.diff(theirs, t[k, 0], 2) for k in range(2))
    for i in range(2):
        for j in range(2):
            assert h[i, j] == pytest.approx(number(sp.diff(theirs, t[i, 0], t[j, 0])), rel=1e-11, abs=1e-13)
            assert lap_gradient[i, j] == pytest.approx(number(sp.diff(laplacian, m1[i, j])), rel=1e-11, abs=1e-13)
            for k in range(2):
                assert mixed[k, i, j] == pytest.approx(number(sp.diff(theirs, t[k, 0], m1[i, j])), rel=1e-11, abs=1e-13)


@settings(max_examples=40, deadline=None)
@given(pairs())
def test_the_text_of_a_scalar_is_read_by_sympy(pair: tuple[Any, Any]) -> None:
    ours, theirs = pair
    read = sp.sympify(str(ours), locals=dict(zip(NAMES, THEIRS)))
    assert exact(read) == pytest.approx(exact(theirs), rel=1e-10, abs=1e-12)
