"""Expressions to SymPy and back: values, derivatives, arrays, and what is refused."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from small_graphs import SYMBOLS, VALUES, expressions

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.graph.traverse import topological
from exprgraph.interop import from_sympy, to_sympy

sp = pytest.importorskip("sympy", reason="SymPy is what is converted to; it comes with the test extras")

X, Y, Z = sp.symbols("x y z", real=True)
x, y, z = eg.symbols("x y z")
#: scalars in all that is smooth between 0.2 and 1.5
UNARY: list[Any] = [
    eg.sin, eg.cos, eg.tanh, eg.exp, eg.atan, eg.erf, eg.sigmoid, eg.softplus, eg.gelu, eg.asinh, eg.silu, eg.relu,
    lambda e: eg.log(1 + e**2), lambda e: eg.sqrt(2 + eg.sin(e)), lambda e: e**3, lambda e: (1 + e**2) ** -1.5,
    lambda e: 2.0**e, lambda e: 0.1 * e - 3, lambda e: eg.where(e > 0.7, e**2, eg.sin(e)), lambda e: eg.cbrt(2 + eg.cos(e)),
]  # fmt: skip
BINARY: list[Any] = [
    lambda a, b: a + b, lambda a, b: a - 2 * b, lambda a, b: a * b, lambda a, b: a / (3 + b**2), lambda a, b: eg.where(a < b, a, b * b),
    lambda a, b: eg.hypot(a, 1 + b**2), lambda a, b: eg.atan2(a, 2 + b**2), lambda a, b: (1 + a**2) ** eg.sin(b),
]  # fmt: skip


@st.composite
def scalars(draw: st.DrawFn) -> Node:
    pool: list[Node] = [x, y, z]
    for _ in range(draw(st.integers(1, 4))):
        a = draw(st.sampled_from(pool))
        if draw(st.booleans()):
            pool.append(draw(st.sampled_from(UNARY))(a))
        else:
            pool.append(draw(st.sampled_from(BINARY))(a, draw(st.sampled_from(pool))))
    return pool[-1]


def point(values: tuple[float, float, float]) -> dict[Node, float]:
    return dict(zip((x, y, z), values))


@settings(max_examples=25, deadline=None)
@given(scalars(), st.tuples(*[st.floats(0.2, 1.5)] * 3))
def test_there_and_back_has_equal_values(e: Node, at: tuple[float, float, float]) -> None:
    want = float(eg.evaluate(e, point(at)))
    written = to_sympy(e)
    assert float(eg.evaluate(from_sympy(written), point(at))) == pytest.approx(want, rel=1e-10, abs=1e-11)
    theirs = written.subs({s: sp.Float(v, 40) for s, v in zip((X, Y, Z), at)}).evalf(30)
    assert float(theirs) == pytest.approx(want, rel=1e-10, abs=1e-11)


@settings(max_examples=40, deadline=None)
@given(scalars(), st.lists(st.integers(0, 2), min_size=1, max_size=2))
def test_a_derivative_there_is_a_derivative_here(e: Node, by: list[int]) -> None:
    ours, theirs = e, to_sympy(e)
    for k in by:
        ours, theirs = eg.diff(ours, (x, y, z)[k]), sp.diff(theirs, (X, Y, Z)[k])
    at = point((0.83, 1.21, 0.37))
    want = float(eg.evaluate(ours, at))
    assert float(eg.evaluate(from_sympy(theirs), at)) == pytest.approx(want, rel=1e-9, abs=1e-10)
    assert float(eg.evaluate(from_sympy(to_sympy(ours)), at)) == pytest.approx(want, rel=1e-9, abs=1e-10)


@settings(max_examples=40, deadline=None)
@given(expressions(steps=3))
def test_arrays_there_and_back(e: Node) -> None:
    assume(not {"eigenvectors", "eigvalsh", "expm"} & {n.op.name for n in topological([e])})  # they have no formula
    back = from_sympy(to_sympy(e))
    assert back.shape == e.shape
    values = {s: VALUES[s] for s in SYMBOLS.values()}
    want = np.asarray(eg.evaluate(e, values))
    got = np.asarray(eg.evaluate(back, values))
    np.testing.assert_allclose(np.broadcast_to(got, want.shape), want, rtol=1e-9, atol=1e-10)


@settings(max_examples=200, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_exact(value: float) -> None:
    assert eg.evaluate(from_sympy(to_sympy(eg.array(value))), {}) == value
    assert to_sympy(eg.array(value)).is_Integer == value.is_integer()


def test_what_numbers_are_there() -> None:
    assert to_sympy(2 * x + 0.5) == 2 * X + sp.Float(0.5)
    assert to_sympy(x**0.5) == sp.sqrt(X)
    assert to_sympy(eg.array([math.inf, -math.inf, math.nan])).tolist() == [sp.oo, -sp.oo, sp.nan]
    assert str(from_sympy(sp.Array([sp.oo, -sp.oo, sp.pi, sp.E, sp.Rational(1, 3)]))) == str(
        eg.array([math.inf, -math.inf, math.pi, math.e, 1 / 3])
    )


#: what SymPy writes and the same by hand, compared at points on both sides of 0
FUNCTIONS: list[tuple[Any, Any]] = [
    (sp.exp(1) ** X, eg.exp(x)), (sp.sqrt(X**2), eg.abs(x)), (X ** sp.Rational(-3, 2), x**-1.5), (2**X, 2.0**x), (X**Y, x**y),
    (sp.cot(X), 1 / eg.tan(x)), (sp.sec(X), 1 / eg.cos(x)), (sp.csc(X), 1 / eg.sin(x)), (sp.coth(X), 1 / eg.tanh(x)),
    (sp.sech(X), 1 / eg.cosh(x)), (sp.csch(X), 1 / eg.sinh(x)), (sp.acot(X), eg.atan(1 / x)), (sp.asec(X + 3), eg.acos(1 / (x + 3))),
    (sp.acsc(X + 3), eg.asin(1 / (x + 3))), (sp.acoth(X + 3), eg.atanh(1 / (x + 3))), (sp.asech((X + 2) / 5), eg.acosh(5 / (x + 2))),
    (sp.acsch(X), eg.asinh(1 / x)), (sp.sinc(X), eg.sin(x) / x), (sp.frac(X), x - eg.floor(x)), (sp.Mod(X, 3), eg.mod(x, 3)),
    (sp.Max(X, Y, 0), eg.maximum(eg.maximum(x, y), 0)), (sp.Min(X, Y, 0), eg.minimum(eg.minimum(x, y), 0)),
    (sp.Heaviside(X), eg.where(x > 0, 1, 0)), (sp.Heaviside(X - X + 0), eg.array(0.5)), (sp.Heaviside(0 * X, 1), eg.array(1.0)),
    (sp.DiracDelta(X), 0 * x), (sp.Abs(X).diff(X, 2), 0 * x), (sp.Piecewise((X, X > 0)), eg.where(x > 0, x, math.nan)),
    (sp.Piecewise((1, X < -1), (2, sp.And(X < 1, X > 0)), (3, True)), eg.where(x < -1, 1, eg.where(eg.logical_and(x < 1, x > 0), 2, 3))),
    (sp.Piecewise((1, sp.Or(X < -1, X >= 1)), (0, True)), eg.where(eg.logical_or(x < -1, x >= 1), 1, 0)),
    (sp.Piecewise((1, sp.Xor(X < 0, Y < 1)), (0, True)), eg.where(eg.not_equal(x < 0, y < 1), 1, 0)),
    (sp.Piecewise((X, sp.Ne(X, Y)), (0, True)), eg.where(eg.not_equal(x, y), x, 0)),
    (sp.ITE(X > 0, X < 1, X < -1), eg.where(x > 0, x < 1, x < -1)),
    (sp.Not(sp.Eq(X, Y) | (X > 1)), eg.logical_and(eg.not_equal(x, y), x <= 1)), (sp.Derivative(sp.sin(X) * Y, X), y * eg.cos(x)),
    (sp.Integral(sp.exp(-(X**2)), (X, 0, Y)), math.sqrt(math.pi) / 2 * eg.erf(y)), (sp.Sum(X**Z, (Z, 0, 3)), 1 + x + x**2 + x**3),
    (sp.Product(X + Z, (Z, 1, 2)), (x + 1) * (x + 2)), (sp.Limit(sp.sin(Z * X) / Z, Z, 0), x), (sp.Subs(sp.sin(Z), Z, X), eg.sin(x)),
    (sp.log(X + 4, 2), eg.log2(x + 4)), (sp.cbrt(X + 3), eg.cbrt(x + 3)), (sp.real_root(X, 3), eg.cbrt(x)), (sp.erfc(X), eg.erfc(x)),
]  # fmt: skip


@pytest.mark.parametrize("k", range(len(FUNCTIONS)))
def test_functions_of_sympy(k: int) -> None:
    theirs, ours = FUNCTIONS[k]
    read = from_sympy(theirs)
    for at in ((0.61, 0.9), (1.75, 0.4), (-0.35, 1.3), (-1.6, 2.0)):
        got, want = (float(eg.evaluate(e, {x: at[0], y: at[1]})) for e in (read, ours))
        assert got == pytest.approx(want, rel=1e-14, abs=1e-15, nan_ok=True), at


def test_real_parts_of_symbols_that_are_not_said_to_be_real() -> None:
    c = sp.Symbol("x")
    assert from_sympy(sp.re(c) + sp.conjugate(c) + sp.im(c)) is 2 * x
    assert from_sympy(sp.Derivative(sp.Abs(c), c)) is eg.sign(x)
    assert from_sympy(c.subs(c, 3)) is from_sympy(3)


def test_arrays_and_their_elements() -> None:
    W, v = eg.Symbol("W", (2, 2)), eg.Symbol("v", 2)
    written = to_sympy(eg.tanh(W @ v))
    w, u = sp.IndexedBase("W", shape=(2, 2), real=True), sp.IndexedBase("v", shape=(2,), real=True)
    assert written == sp.ImmutableDenseNDimArray([sp.tanh(w[i, 0] * u[0] + w[i, 1] * u[1]) for i in range(2)])
    assert from_sympy(sp.Array([[X, Y], [1, 2]])) is eg.stack([[x, y], [1, 2]])
    assert from_sympy(sp.Matrix([[X, Y], [1, 2]])) is from_sympy([[X, Y], [1, 2]])
    assert from_sympy(sp.SparseMatrix(1, 2, {(0, 1): X})) is eg.stack([[0, x]])
    assert from_sympy(sp.Array(X)) is x
    A, b = sp.MatrixSymbol("W", 2, 2), sp.MatrixSymbol("v", 2, 1)
    assert from_sympy(A) is W
    assert from_sympy(A[0, 1] * b[1, 0], [W, v]) is W[0, 1] * v[1]
    values = {W: [[2.0, 1], [1, 1]], v: [1.0, 3]}
    np.testing.assert_allclose(eg.evaluate(from_sympy(A * b, [W, v]), values), [[5.0], [4.0]])
    np.testing.assert_allclose(eg.evaluate(from_sympy(A.inv()), values), [[1, -1], [-1, 2]])
    assert to_sympy(eg.zeros((0, 2))).shape == (0, 2)
    assert from_sympy(to_sympy(eg.zeros((0, 2)))).shape == (0, 2)


def test_what_symbols_stand_for() -> None:
    t, q = eg.Symbol("t", per_sample=True), eg.Symbol("q", 3)
    c = sp.Symbol("c")
    f = sp.Function("f")(c)
    assert from_sympy(c**2, {c: q[1] + 1}) is (q[1] + 1) ** 2
    assert from_sympy(f.diff(c) + f, {f.diff(c): x, f: y}) is x + y
    assert from_sympy(sp.Symbol("t") + 1, [t]) is t + 1
    assert from_sympy(sp.IndexedBase("q")[2], [q]) is q[2]
    assert from_sympy(sp.IndexedBase("q")[2], {sp.IndexedBase("q"): 2 * q}) is 2 * q[2]
    assert from_sympy(c * 2, {c: [1.0, 2.0]}).shape == (2,)
    assert from_sympy(c + sp.sin(c), {c: q}) is q + eg.sin(q)


def test_samples() -> None:
    p, w = eg.Symbol("p", 2, per_sample=True), eg.Symbol("w")
    e = eg.over_samples.mean((p[0] ** 2 + p[1]) * w) + eg.over_samples.sum(p[0])
    assert from_sympy(to_sympy(e)) is eg.simplify(e)
    assert str(to_sympy(eg.over_samples.sum(p[1] ** 2))) == "Sum(p[sample, 1]**2, (sample, 0, samples - 1))"


def test_linear_systems() -> None:
    a, b = eg.Symbol("a", (5, 5)), eg.Symbol("b", 5)
    rng = np.random.default_rng(0)
    values = {a: rng.normal(size=(5, 5)), b: rng.normal(size=5)}
    back = from_sympy(to_sympy(eg.solve(a, b)))
    np.testing.assert_allclose(eg.evaluate(back, values), np.linalg.solve(values[a], values[b]), rtol=1e-9)
    with pytest.raises(eg.ShapeError, match="written out up to 8 unknowns, got one of 9"):
        to_sympy(eg.solve(eg.Symbol("a", (9, 9)), eg.Symbol("b", 9)))


class TestRefusals:
    @pytest.mark.parametrize(
        ("e", "match"),
        [
            (sp.I * X, "from_sympy: I: expressions here are real"),
            (sp.Symbol("z", imaginary=True), "this symbol is not real"),
            (sp.LambertW(X), r"LambertW\(x\): there is no function LambertW of 1 argument here; add it with exprgraph.function"),
            (sp.Function("g")(X, Y), "no function g of 2 arguments"),
            (sp.acos(2) * X, r"acos\(2\): expressions here are real, and this number is not"),
            (sp.Pow(-2, sp.Rational(1, 3), evaluate=False), "this number is not"),
            (sp.Integral(sp.sin(X) ** X, X), "SymPy cannot carry out this Integral"),
            (sp.Derivative(sp.Function("g")(X), X), "SymPy cannot carry out this Derivative"),
            (X + sp.Symbol("x"), "two different symbols of the expression are named 'x'"),
            (sp.Integer(10) ** 400 * X, "too large for a float"),
            (sp.Interval(0, 1), "a SymPy Interval is not an expression with a value"),
            (sp.IndexedBase("A")[0], "an IndexedBase without a shape"),
            (sp.IndexedBase("A", shape=(2,))[X], r"A\[x\]: an index must be a number"),
            (sp.MatrixSymbol("A", sp.Symbol("n"), 2)[0, 0], "is not one of numbers"),
            (sp.zoo, "a complex infinity is not a real number"),
        ],
    )
    def test_expressions(self, e: Any, match: str) -> None:
        with pytest.raises(eg.ExprGraphError, match=match):
            from_sympy(e)

    def test_indices_and_arguments(self) -> None:
        with pytest.raises(eg.ShapeError, match=r"A\[5\]: the index \(5,\) does not fit the shape \(2,\) of A"):
            from_sympy(sp.IndexedBase("A", shape=(2,))[5])
        with pytest.raises(eg.ShapeError, match="lists of one length at each level"):
            from_sympy([[X, 1], [2]])
        with pytest.raises(TypeError, match="symbols is a mapping, or symbols of exprgraph; got 'x' among them"):
            from_sympy(X, ["x"])  # type: ignore[list-item]
        with pytest.raises(TypeError, match="got the text 'x'; sympy.sympify reads text"):
            from_sympy("x")  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="takes SymPy expressions and numbers, got object"):
            from_sympy(object())  # type: ignore[arg-type]

    def test_what_sympy_refuses(self) -> None:
        with pytest.raises(eg.ExprGraphError, match=r"to_sympy: SymPy refuses less of 0, sqrt\(-x\*\*2 - 1\): Invalid comparison"):
            to_sympy(eg.where(eg.sqrt(-1 - x**2) > 0, x, y))


def test_depth() -> None:
    deep = X
    for _ in range(1_500):
        deep = sp.Add(sp.Mul(deep, deep, evaluate=False), 1, evaluate=False)
    assert eg.count_nodes(from_sympy(deep)) > 1_500
    ours = x
    for _ in range(2_000):
        ours = eg.sin(ours)
    with pytest.raises(eg.ExprGraphError, match="an expression of 2001 nodes is nested too deeply"):
        to_sympy(ours)


def test_sympy_is_loaded_when_it_is_needed_and_its_absence_is_explained() -> None:
    code = """
import sys, exprgraph as eg
assert "exprgraph.interop" not in sys.modules
from exprgraph.interop import to_sympy
assert "sympy" not in sys.modules
sys.modules["sympy"] = None
try:
    to_sympy(eg.Symbol("x"))
except ImportError as e:
    print(e)
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(eg.__file__).parent.parent)}
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, env=environment).stdout
    assert out.strip() == "exprgraph.interop needs SymPy, which is not installed: pip install sympy"


@pytest.mark.parametrize("kind", ["Add", "Mul"])
def test_four_times_the_terms_take_four_times_the_work(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sum written term by term is one sum of SymPy's, made once; what is needed elsewhere is written once too."""
    sympy = pytest.importorskip("sympy")
    made = getattr(sympy, kind)
    made_of: list[int] = []
    flatten = made.flatten.__func__

    def counted(cls: Any, parts: list[Any]) -> Any:
        result = flatten(cls, parts)
        made_of.append(len(result[0]))
        return result

    monkeypatch.setattr(made, "flatten", classmethod(counted))
    x, y = eg.symbols("x y")
    X, Y = sympy.symbols("x y", real=True)
    counts = []
    for n in (50, 200):
        e, right = x, [X]
        for k in range(n):
            e = e + eg.sin(y + k) if kind == "Add" else e * eg.sin(y + k)
            right.append(sympy.sin(Y + k))
        made_of.clear()
        written = to_sympy(e)
        counts.append(sum(made_of))
        assert written == made(*right)
        assert to_sympy(eg.exp(e) + e) == sympy.exp(written) + written
    assert counts[1] < 5 * counts[0], counts
