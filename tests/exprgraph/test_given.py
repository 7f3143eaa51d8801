"""What users give, as expressions and as numbers, and questions about expressions: the names that other packages build on."""

from __future__ import annotations

import pickle
from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.errors import DTypeError, ShapeError

x, y = eg.symbols("x y")
s = eg.Symbol("s", per_sample=True)


def test_an_expression_of_what_was_given() -> None:
    assert eg.as_expression(x) is x
    assert eg.as_expression(3) is eg.as_expression(3.0) is eg.as_expression(np.float32(3)) is eg.as_expression(Fraction(3))
    assert eg.as_expression([[x, 1], [y, 2]]) is eg.array([[x, 1], [y, 2]])
    assert eg.evaluate(eg.as_expression(np.arange(3)), {}).tolist() == [0, 1, 2]
    for wrong in ("x", None, 1j, object(), {"a": x}, lambda: x, [x, "y"]):
        with pytest.raises(DTypeError, match="expected an expression or real numbers, got"):
            eg.as_expression(wrong)  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match="its parts have different shapes"):
        eg.as_expression([[1, 2], [3]])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("value", "symbolic"),
    [(x, True), (2 * x, True), ([1, [2, (y,)]], True), (1.0, False), ([], False), (np.ones(3), False), ("x", False), (None, False)],
)
def test_whether_there_is_an_expression(value: Any, symbolic: bool) -> None:
    assert eg.is_symbolic(value) is symbolic


def test_a_list_that_holds_itself_is_looked_through_once() -> None:
    held: list[Any] = []
    held.append(held)
    assert not eg.is_symbolic(held)
    held.append(x)
    assert eg.is_symbolic(held)


def test_symbols_are_told_from_other_expressions() -> None:
    W = eg.Symbol("W", (2, 2))
    assert all(map(eg.is_symbol, (x, s, W)))
    assert not any(map(eg.is_symbol, (2 * x, W[0], W.T, eg.as_expression(1), "x", None, 3, [x])))


def test_real_numbers_as_an_array() -> None:
    given = np.ones(3, np.float32)
    assert eg.real_array(given) is given
    assert eg.real_array([True, 2]).dtype == np.float64 and eg.real_array(Fraction(1, 4)) == 0.25
    with pytest.raises(DTypeError, match="the weights: expected numbers, got an expression"):
        eg.real_array(x, "the weights")
    with pytest.raises(DTypeError, match="the value: expected real numbers, got the text 'a'"):
        eg.real_array("a")
    with pytest.raises(ShapeError, match="the weights: cannot make an array.*different shapes"):
        eg.real_array([[1.0], [1.0, 2.0]], "the weights")


def test_whether_an_expression_contains_another() -> None:
    part = eg.sin(x * y)
    f = {"a": [eg.exp(part) + 1, y]}
    for inside in (part, x * y, x, y, eg.exp(part)):
        assert eg.contains(f, inside)
    assert not eg.contains(f, eg.cos(x)) and not eg.contains([], x) and eg.contains(x, x)
    deep = x
    for _ in range(20_000):
        deep = eg.sin(deep)
    assert eg.contains(deep, x) and not eg.contains(deep, y)


def test_whether_samples_are_summed_over() -> None:
    used = eg.over_samples.used_in
    assert used(eg.over_samples.sum(s)) and used(eg.over_samples.sum(1)) and used(eg.over_samples.sum(x))
    assert not used(s * x) and not used(eg.over_samples.mean(x)) and not used(1.0)
    assert used(s - eg.over_samples.mean(s)), "it has a value for each sample, and a sum in it"
    assert used({"a": (eg.over_samples.mean(s), s), "b": x}) == {"a": (True, False), "b": False}


def test_names_of_functions() -> None:
    one, two = eg.function_names(1), eg.function_names(2)
    assert {"tanh", "gelu", "exp"} <= set(one) and {"atan2", "hypot"} <= set(two) and not set(one) & set(two)
    assert {*one, *two} <= set(eg.function_names())
    assert not {"less", "equal", "logical_not"} & set(eg.function_names()), "values are numbers"
    for name in one:
        assert eg.lookup(name)(x).shape == ()
    own = eg.function("test_given_cube", numpy=lambda v: v**3, derivative=lambda v: 3 * v**2, code="{0}*{0}*{0}")
    assert "test_given_cube" in eg.function_names(1) and eg.lookup("test_given_cube")(x) is own(x)


@pytest.mark.parametrize("name", [n for n in eg.__all__ if n[0].islower() and not isinstance(getattr(eg, n), ModuleType)])
def test_a_function_is_in_pickles_by_its_name(name: str) -> None:
    f = getattr(eg, name)
    assert pickle.loads(pickle.dumps(f)) is f


def test_a_notebook_shows_a_nesting() -> None:
    assert eg.notebook_latex(x) == x._repr_latex_()  # type: ignore[attr-defined]
    assert eg.notebook_latex({"a_1": x, "b": {"c": 2 * y}}) == (
        "$\\displaystyle \\begin{aligned}\n\\mathtt{a\\_1} &= x \\\\\n\\mathtt{b.c} &= 2 y\n\\end{aligned}$"
    )
    assert eg.notebook_latex({}) is None
    assert eg.notebook_latex({str(k): x for k in range(2000)}) is None, "too long"
