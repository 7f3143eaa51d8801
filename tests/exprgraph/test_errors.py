"""Every error names the thing, what was expected and what came."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.errors import ExprGraphError

x, y = eg.symbols("x y")
v = eg.Symbol("v", 3)
A = eg.Symbol("A", (3, 3))
k, q = eg.symbols("k q", per_sample=True)
B = eg.Symbol("B", 2, per_sample=True)

CASES: list[tuple[Callable[[], Any], type[Exception], str]] = [
    # truth and conversion
    (lambda: bool(x > 0), TypeError, r"use where\(condition, a, b\)"),
    (lambda: 0 < x < 1, TypeError, "logical_and"),
    (lambda: x and y, TypeError, "truth of an expression"),
    (lambda: float(x), TypeError, r"exprgraph\.evaluate"),
    (lambda: list(range(x)), TypeError, "no value yet"),  # type: ignore[call-overload]
    (lambda: x in v, TypeError, "free_symbols"),
    (lambda: len(x), TypeError, "a scalar expression has no length"),
    (lambda: list(x), TypeError, "cannot iterate over a scalar"),
    (lambda: x.name + (x + 1).name, AttributeError, "only symbols have a name; this is a sum"),
    # values
    (lambda: x + 1j, eg.DTypeError, "got the complex number 1j"),
    (lambda: x * "a", eg.DTypeError, "got the text '"),  # type: ignore[operator]
    (lambda: eg.stack([x, None]), eg.DTypeError, "got a list that holds None|got None"),  # type: ignore[list-item]
    (lambda: v * [[1.0], [1.0, 2.0]], eg.ShapeError, "cannot make an array"),
    (lambda: x + 10**400, eg.DTypeError, "too large for a float"),
    # shapes
    (lambda: v + A[:2, 0], eg.ShapeError, r"shapes \(3,\) and \(2,\) do not broadcast"),
    (lambda: eg.tanh(x, y), TypeError, "tanh takes 1 argument, got 2"),
    (lambda: eg.maximum(v, A[:2, 0]), eg.ShapeError, r"the arguments of maximum of shapes"),
    (lambda: eg.Symbol("x", -1), eg.ShapeError, r"no negative entries, got \(-1,\)"),
    (lambda: eg.Symbol("x", "ab"), eg.ShapeError, "got 'ab'"),  # type: ignore[arg-type]
    (lambda: eg.Symbol("x", 1.5), eg.ShapeError, "got 1.5"),  # type: ignore[arg-type]
    (lambda: eg.Symbol(3), TypeError, "got int: 3"),  # type: ignore[arg-type]
    (lambda: eg.Symbol(""), ValueError, "must not be empty"),
    (lambda: eg.symbols(" "), ValueError, "at least one name"),
    (lambda: eg.identity(-1), eg.ShapeError, "must not be negative"),
    # evaluation
    (lambda: eg.evaluate(x + y, {x: 1.0}), eg.UnboundSymbolError, r"no value for symbol 'y' of shape \(\); values were given for: 'x'"),
    (lambda: eg.evaluate(v), eg.UnboundSymbolError, "values were given for: none"),
    (lambda: eg.evaluate(v, {v: [1.0, 2.0]}), eg.ShapeError, r"symbol 'v': expected shape \(3,\) for one sample, .* got \(2,\)"),
    (lambda: eg.evaluate(v, {v: 1.0}), eg.ShapeError, r"for a batch, got \(\)"),
    (
        lambda: eg.evaluate(k + q, {k: [1.0, 2.0], q: [1.0, 2.0, 3.0]}),
        eg.ShapeError,
        r"symbol 'q': the batch axes \(3,\) do not fit those of the others, \(2,\)",
    ),
    (lambda: eg.evaluate(x, {x: 1j}), eg.DTypeError, "symbol 'x': expected real numbers, got the complex number 1j"),
    (lambda: eg.evaluate(x, {x: "a"}), eg.DTypeError, "symbol 'x': expected real numbers"),
    (lambda: eg.evaluate(x, {x: None}), eg.DTypeError, "got None"),
    (lambda: eg.evaluate(x, {x: y}), eg.DTypeError, "use substitute"),
    (lambda: eg.evaluate(v, {v: [[1.0], [1.0, 2.0]]}), eg.ShapeError, "symbol 'v': cannot make an array"),
    (lambda: eg.evaluate(x, {"x": 1.0}), TypeError, "'x' is not an expression"),  # type: ignore[call-overload]
    (lambda: eg.evaluate("x"), eg.DTypeError, "got the text '"),
    # differentiation
    (lambda: eg.diff(x**2, x**2), eg.DifferentiationError, "by a symbol or by elements of one .* got the expression x\\*\\*2"),
    (lambda: eg.diff(x**2, 2.0), eg.DifferentiationError, "got the expression 2"),
    (lambda: eg.diff(x**2), eg.DifferentiationError, "at least one symbol"),
    (lambda: eg.diff(x**2, 2), eg.DifferentiationError, "the count 2 must follow a symbol"),
    (lambda: eg.diff(x**2, x, 0), eg.DifferentiationError, "must be at least 1, got 0"),
    (lambda: eg.gradient(x * y, [x, y]), eg.DifferentiationError, "^gradient: .* one symbol, got 2; jacobians takes several"),
    (lambda: eg.hessian(x * y, [x, y]), eg.DifferentiationError, "^hessian: .* make one symbol that has them as elements"),
    (lambda: eg.hessian(x * y, x * y), eg.DifferentiationError, r"^hessian: .* got the expression x\*y"),
    (lambda: eg.hessian(x * y, x, mode="back"), ValueError, "^hessian: mode must be"),  # type: ignore[arg-type]
    (lambda: eg.gradient(x * y, "x"), eg.DTypeError, r"^gradient: .* got the text 'x'; Symbol\('x'\) is one"),
    (lambda: eg.diff(x**3, (x, 2)), eg.DifferentiationError, r"a count follows its symbol, as in diff\(f, x, 2\)"),
    # what users of other packages look for
    (lambda: x.subs(x, 1), AttributeError, r"an expression has no attribute 'subs'; there is exprgraph\.substitute\("),  # type: ignore[attr-defined]
    (lambda: x.diff(x), AttributeError, r"no attribute 'diff'; there is exprgraph\.diff\("),  # type: ignore[attr-defined]
    (lambda: x.grad, AttributeError, r"no attribute 'grad'; there is exprgraph\.gradient\("),  # type: ignore[attr-defined]
    (lambda: eg.grad, AttributeError, r"no attribute 'grad'; there is exprgraph\.gradient\(e, x\), of an expression"),
    (lambda: eg.fori(3, lambda i, c: c + v[i], 0.0), TypeError, r"index must be .* a loop its arrays, as in scan\(step, carry, xs\)"),
    (lambda: np.gradient(x**2, x), eg.ShapeError, r"got a scalar; exprgraph\.gradient\(f, x\) and diff\(f, x\) are derivatives"),
    (lambda: eg.svd, AttributeError, r"no attribute 'svd'; there is exprgraph\.linalg\.svd$"),
    (lambda: v.__setitem__(0, 1.0), TypeError, r"expressions are immutable: elements cannot be set; .* where\("),  # type: ignore[attr-defined]
    (lambda: f"{x:.3f}", TypeError, r"an expression is no number, and has no format '\.3f'; str\(e\) is its text"),
    (lambda: float(x), TypeError, r"no value yet; .* such as exprgraph\.expm for scipy\.linalg\.expm"),  # type: ignore[arg-type]
    (lambda: eg.fori(lambda i, c: c, 3, 0.0), ValueError, r"fori\(n, step, carry\): n is a whole number .* got .*function"),  # type: ignore[arg-type]
    (lambda: eg.scan(lambda c, _: (c, c), 0.0, length=x), ValueError, "scan: length is a whole number of at least 0, got x$"),  # type: ignore[arg-type]
    (lambda: x.nothing, AttributeError, "an expression has no attribute 'nothing'$"),  # type: ignore[attr-defined]
    (lambda: eg.max(x, y), TypeError, r"axis must be an integer, got y; .* the larger of two is maximum\(a, b\)"),  # type: ignore[arg-type]
    (lambda: eg.gradient(lambda q: q, x), eg.DTypeError, "got a function; call it on symbols, and give the result"),  # type: ignore[arg-type]
    (lambda: eg.compile(x * y, (x, y), backend="numpy")([1.0, 2.0]), TypeError, "expected 2 values .*, got 1; give them one by one"),
    (lambda: eg.evaluate({x: 1.0}, x * y), TypeError, r"bindings are a dict from symbols to values, as in {x: 1\.0}, got an expression"),  # type: ignore[call-overload]
    (lambda: eg.evaluate(x * y, [1.0, 2.0]), TypeError, "bindings are a dict .* got a list"),  # type: ignore[call-overload]
    (lambda: eg.evaluate(x, {"x": 1.0}), TypeError, r"write the symbol itself, x = Symbol\('x'\)"),  # type: ignore[call-overload]
    (lambda: eg.diff(x**2, "x"), eg.DTypeError, "got the text '"),
    (lambda: eg.gradient(v, v), eg.ShapeError, r"got shape \(3,\); jacobian takes arrays"),
    (lambda: eg.divergence(x, v), eg.ShapeError, r"the shape of x, \(3,\), got \(\)"),
    (lambda: eg.jvp(v, v, [1.0, 2.0]), eg.ShapeError, r"the tangent must have x's shape \(3,\), got \(2,\)"),
    (lambda: eg.vjp(v, v, [1.0, 2.0]), eg.ShapeError, r"the cotangent must have f's shape \(3,\), got \(2,\)"),
    (lambda: eg.jacobian(v, v, "fwd"), ValueError, "got 'fwd'"),  # type: ignore[call-overload]
    (lambda: eg.jacobian(v, v[:2], sparse=True), eg.DifferentiationError, "a whole symbol"),
    (lambda: eg.taylor(x, x, 1.0, -1), ValueError, "at least 0, got -1"),
    (lambda: eg.taylor(x, x, 1.0, 1.5), ValueError, r"got 1\.5"),  # type: ignore[arg-type]
    # user-defined functions
    (lambda: eg.function("not a name", numpy=np.sin, derivative=None, code="{0}"), ValueError, "Python identifier"),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_an_error_names_what_was_expected_and_what_came(case: int) -> None:
    call, error, words = CASES[case]
    with pytest.raises(error, match=words) as caught:
        call()
    assert not isinstance(caught.value, (KeyError, RecursionError))
    assert type(caught.value) is not IndexError
    assert str(caught.value)


def test_the_errors_are_of_one_family_and_of_pythons_kinds() -> None:
    for e in (eg.ShapeError, eg.DTypeError, eg.UnboundSymbolError, eg.DifferentiationError, eg.AxisError):
        assert issubclass(e, ExprGraphError)
        assert issubclass(e, (ValueError, TypeError))
    assert issubclass(eg.AxisError, IndexError)


def test_a_failed_operation_leaves_no_trace() -> None:
    for _ in range(3):
        with pytest.raises(eg.ShapeError):
            eg.sum(eg.over_samples.sum(B) @ A)
        assert eg.evaluate(eg.sum(eg.over_samples.sum(B)), {B: [[1.0, 2.0]]}) == 3


def test_a_list_of_expressions_is_an_array_wherever_one_is_printed() -> None:
    assert eg.latex([x, y]) == eg.latex(eg.stack([x, y]))
    assert eg.latex(3).split() == ["\\begin{equation}", "3", "\\end{equation}"]
    assert eg.to_dot([x, y]) == eg.to_dot(eg.stack([x, y]))
    assert list(eg.elements([x, 2.0])) == [x, eg.array(2.0)]


def test_derivatives_by_several_symbols_where_one_is_wanted() -> None:
    for f in (eg.gradient, eg.jacobian, eg.laplacian, eg.divergence):
        with pytest.raises(eg.DifferentiationError, match="by one symbol, got 2; (jacobians takes several|make one symbol)"):
            f(x * y, [x, y])
    with pytest.raises(ValueError, match='jacobians: mode must be "auto", "forward" or "reverse", got \'sideways\''):
        eg.jacobians(x * y, [x, y], mode="sideways")


def test_a_sparse_jacobian_is_no_expression_and_says_what_is() -> None:
    v = eg.Symbol("v", 2)
    sparse = eg.jacobian(eg.sin(v), v, sparse=True)
    for f in (lambda: eg.evaluate(sparse, {v: [0, 1]}), lambda: eg.compile(sparse, v)):
        with pytest.raises(eg.DTypeError, match="got a SparseJacobian; its .values are an expression"):
            f()


def test_a_directory_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match="cannot save the function to .*evaluator.py: there is no directory .*nowhere;"):
        eg.compile(x * y, (x, y)).save(tmp_path / "nowhere" / "evaluator.py")


def test_limits_that_are_none() -> None:
    assert eg.clip(x, None, 1) is eg.minimum(x, 1)
    assert eg.clip(x, 0, None) is eg.maximum(x, 0)
    assert eg.clip(x, None, None) is x


#: what is no argument of most functions, but of some
WRONG: list[Any] = [object(), "ab", None, 1.5, (7, 8), {"a": 1}, [x], x, v, np.ones((2, 2)), -9, True]
PUBLIC = [n for n in eg.__all__ if callable(getattr(eg, n)) and n not in ("compile", "function")]


_WITHIN = re.compile(r"(?<![\w.\"'`])_[a-z]\w*|<lambda>|<locals>|forward\(|backward\(|\bcall\(|\bbuild\(|\brule\(")


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", PUBLIC)
def test_no_message_of_a_public_function_shows_a_name_within(name: str) -> None:
    f = getattr(eg, name)
    messages = []
    for given in ((), (x,) * 9, *((w,) for w in WRONG), *((x, w) for w in WRONG), *((w, w, w) for w in WRONG)):
        for named in ({}, {"wrong": 1}):
            try:
                f(*given, **named)
            except Exception as error:
                messages.append(str(error))
    assert messages
    assert not [m for m in messages if _WITHIN.search(m)]
