"""Every row of the table is written as SymPy writes it: a row without a conversion fails here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.functions.elementwise import Function, apply
from exprgraph.functions.rows import built_in
from exprgraph.graph.leaves import identity, sample_count
from exprgraph.graph.node import Node
from exprgraph.graph.primitive import TABLE
from exprgraph.graph.traverse import topological
from exprgraph.interop import from_sympy, to_sympy
from exprgraph.interop.rows import entries
from exprgraph.testing.growing import AtRandom, grow

sp = pytest.importorskip("sympy", reason="SymPy is what is converted to; it comes with the test extras")

ROWS = sorted(built_in())
STRUCTURAL = sorted(name for name, row in TABLE.items() if not isinstance(row, Function))
A, v, s = eg.Symbol("A", (2, 2)), eg.Symbol("v", 2), eg.Symbol("s")
p = eg.Symbol("p", 2, per_sample=True)
#: expressions that hold a structural primitive; of one without an example, one is made at random
EXAMPLES: dict[str, Callable[[], Node]] = {
    "symbol": lambda: v,
    "constant": lambda: v * 0 + 2.5,
    "array": lambda: v + np.array([0.1, -3.0]),
    "identity": lambda: identity(2) * s + A,
    "sample_count": lambda: v * sample_count(),
    "sum": lambda: 2 * v - s / 3 + 1,
    "product": lambda: v**2 / A[0, 0] * s**-0.5,
    "contract": lambda: A @ A @ v,
    "select": lambda: A[:, 1] * eg.tanh(A @ v)[0],
    "place": lambda: eg.place(eg.sin(v), (slice(None, None, 2),), (3,)),
    "stack": lambda: eg.stack([v, A[0]], axis=1),
    "concatenate": lambda: eg.concatenate([A, eg.exp(A)], axis=1),
    "reshape": lambda: eg.tanh(A).reshape(4),
    "reduce_max": lambda: eg.max(A * s, axis=0),
    "reduce_min": lambda: eg.min(A * s, axis=1),
    "norm": lambda: eg.norm(A * s, axis=0) + eg.norm(v),
    "logsumexp": lambda: eg.logsumexp(A * s, axis=1) + eg.logsumexp(v),
    "softmax": lambda: eg.softmax(A * s, axis=0) @ eg.softmax(v),
    "log_softmax": lambda: eg.log_softmax(A * s, axis=0) @ eg.log_softmax(v),
    "solve": lambda: eg.solve(A + 3 * np.eye(2), A),
    "recurrence": lambda: eg.recurrence("next_c1 = k1*c1 + x1; y1 = c1", 2, c1=s, k1=v[0], x1=v),
    "sample_sum": lambda: eg.over_samples.sum(eg.sin(p) * v),
}
VALUES: dict[Node, Any] = {
    A: np.array([[0.7, 0.31], [-0.4, 1.2]]), v: np.array([0.9, -0.6]), s: 0.8, p: np.array([[0.3, 0.5], [-1.0, 0.25], [2.0, 0.1]]),
}  # fmt: skip


def numbers(expression: Any, values: dict[Node, Any]) -> np.ndarray:
    """What SymPy says: its own evaluation, with 30 digits."""
    count = next((len(x) for n, x in values.items() if n.per_sample), 1)
    table: dict[Any, Any] = {}
    for symbol, value in values.items():
        x = np.asarray(value)
        base = sp.IndexedBase(symbol.name, shape=x.shape, real=True) if x.ndim else sp.Symbol(symbol.name, real=True)
        table |= {base[at] if at else base: sp.Float(float(x[at]), 30) for at in np.ndindex(x.shape)}

    def number(e: Any) -> float:
        summed = e.xreplace({sp.Symbol("samples", integer=True, positive=True): sp.Integer(count)}).doit()
        return float(summed.xreplace(table).evalf(30))

    if not isinstance(expression, sp.NDimArray):
        return np.array(number(expression))
    return np.array([number(e) for e in expression.reshape(len(expression))]).reshape(expression.shape)


def test_every_row_has_an_entry() -> None:
    assert set(entries()) == set(ROWS)
    assert set(EXAMPLES) <= set(STRUCTURAL)


def example(name: str) -> Node:
    """An expression of A, v and s that holds a primitive."""
    if name in EXAMPLES:
        return EXAMPLES[name]()
    made = (grow(AtRandom(k), [A, v, s], 2, end=TABLE[name]) for k in range(50))
    return next(e for e in made if name in {n.op.name for n in topological([e])})


#: their elements have no formula
REFUSED = {"eigenvectors", "eigvalsh", "expm"}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_has_no_formula_is_refused(name: str) -> None:
    with pytest.raises(eg.ExprGraphError, match=f"to_sympy: the elements of {name} have no formula"):
        to_sympy(grow(AtRandom(0), [A], 1, end=TABLE[name]))


@pytest.mark.parametrize("name", sorted(set(STRUCTURAL) - REFUSED))
def test_a_structural_primitive_keeps_its_value(name: str) -> None:
    e = example(name)
    assert name in {n.op.name for n in topological([e])} | {"constant"}
    want = eg.evaluate(e, VALUES)
    written = to_sympy(e)
    assert tuple(getattr(written, "shape", ())) == e.shape
    np.testing.assert_allclose(numbers(written, VALUES), want, rtol=1e-13, atol=1e-15)
    back = from_sympy(written)
    assert back.shape == e.shape
    np.testing.assert_allclose(eg.evaluate(back, VALUES), want, rtol=1e-13, atol=1e-15)


@pytest.mark.one_in(18)
@pytest.mark.parametrize("name", ROWS)
def test_an_elementwise_row_keeps_its_value_and_its_derivatives(name: str) -> None:
    row = TABLE[name]
    assert isinstance(row, Function)
    xs = eg.symbols([f"x{i}" for i in range(row.arity)])
    e = apply(row, *xs)
    rng = np.random.default_rng(3)
    free = [k for k in range(row.arity) if k not in row.fixed]
    if row.fixed:
        e = apply(row, *(row.fixed[k][-1] if k in row.fixed else xs[k] for k in range(row.arity)))
    points = [{xs[k]: rng.uniform(*row.sample[k]) for k in free} for _ in range(3)]
    # whatever an argument's type is, so is that of its reflection: both sides of a kink, where there is one
    points += [{x: -t for x, t in q.items()} for q in points if all(a < 0 < -a < b or a == -np.inf for a, b in row.domain)]
    written = to_sympy(e)
    if name in ("gammaincc_by_a", "betainc_by_a", "betainc_by_b"):  # functions that SymPy does not have
        assert from_sympy(written) is e
        return
    for order in range(3):
        by = [xs[free[k % len(free)]] for k in range(order)]
        ours, theirs = e, written
        for x in by:
            ours, theirs = eg.diff(ours, x), sp.diff(theirs, sp.Symbol(x.name, real=True))
        if theirs.has(sp.Derivative, sp.Subs):  # SymPy has no derivative of floor, ceiling and Mod
            assert name in ("floor", "ceil", "mod", "fmod", "floor_divide")
            continue
        back = from_sympy(theirs)
        for point in points:
            want = eg.evaluate(ours, point)
            if not np.isfinite(want):
                continue
            scale = 1e-9 if name in ("log1p", "softplus", "expm1") else 1e-12
            assert numbers(theirs, point) == pytest.approx(float(want), rel=scale, abs=1e-14), (order, point)
            assert float(eg.evaluate(back, point)) == pytest.approx(float(want), rel=scale, abs=1e-14), (order, point)


@pytest.mark.parametrize("name", ["relu", "step", "abs", "sign", "maximum", "minimum", "inverse_root", "gate", "hypot", "clip"])
def test_values_and_first_derivatives_at_singular_points(name: str) -> None:
    x = eg.Symbol("x")
    e = {
        "maximum": lambda: eg.maximum(x, 0.0),
        "minimum": lambda: eg.minimum(x, 0.0),
        "inverse_root": lambda: apply(TABLE["inverse_root"], x),  # type: ignore[arg-type]
        "gate": lambda: apply(TABLE["gate"], x, 1 / x),  # type: ignore[arg-type]
        "hypot": lambda: eg.hypot(x, 0.0),
        "clip": lambda: eg.clip(x, 0.0, 1.0),
    }.get(name, lambda: getattr(eg, name)(x))()
    back = from_sympy(to_sympy(e))
    assert eg.evaluate(back, {x: 0.0}) == eg.evaluate(e, {x: 0.0})
    if name not in ("inverse_root", "gate", "hypot"):
        derivative = from_sympy(sp.diff(to_sympy(e), sp.Symbol("x", real=True)))
        assert eg.evaluate(derivative, {x: 0.0}) == eg.evaluate(eg.diff(e, x), {x: 0.0})


def test_a_row_of_the_user() -> None:
    if "interop_cube" not in TABLE:
        eg.function(
            "interop_scaled_cube",
            numpy=lambda x, y: y * x**3,
            derivative=[lambda x, y: 3 * y * x**2, lambda x, y: x**3 + 0 * y],
            code="({1}*{0}*{0}*{0})",
        )
    row = TABLE["interop_scaled_cube"]
    assert isinstance(row, Function)
    x, y = eg.symbols("x y")
    e = eg.sin(apply(row, x, 2 * y))
    written = to_sympy(e)
    assert str(written) == "sin(interop_scaled_cube(x, 2*y))"
    assert from_sympy(written) is e
    X, Y = sp.symbols("x y", real=True)
    point = {x: 0.7, y: 0.4}
    for by, name in ((X, x), (Y, y)):
        got = from_sympy(sp.diff(written, by))
        assert eg.evaluate(got, point) == pytest.approx(float(eg.evaluate(eg.diff(e, name), point)), rel=1e-14)
    assert float(written.subs({X: 0.7, Y: 0.4}).evalf()) == pytest.approx(float(eg.evaluate(e, point)), rel=1e-14)
    assert sp.lambdify([X, Y], written, "numpy")(0.7, 0.4) == pytest.approx(float(eg.evaluate(e, point)), rel=1e-14)
    named = sp.Function("interop_scaled_cube")(X, Y)  # made by name alone
    assert from_sympy(named) is apply(row, x, y)
