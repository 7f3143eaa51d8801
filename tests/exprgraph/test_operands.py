"""What stands beside an operator: numbers of every exact type, objects of other classes, and what `==` is not."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import exprgraph as eg

x, y = eg.symbols("x y")
v = eg.Symbol("v", 3)

BINARY = ["add", "sub", "mul", "truediv", "pow", "matmul"]
COMPARISONS = {"lt": "__gt__", "le": "__ge__", "gt": "__lt__", "ge": "__le__"}


class Theirs:
    """A class with operators of its own, that knows nothing of expressions."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> Any:
        return "__eq__", other

    def __ne__(self, other: object) -> Any:
        return "__ne__", other


def _answer(name: str) -> Callable[[Any, Any], Any]:
    return lambda self, other: (name, other)


for _name in [*(f"__r{n}__" for n in BINARY), *(f"__{n}__" for n in BINARY), *COMPARISONS.values()]:
    setattr(Theirs, _name, _answer(_name))


@pytest.mark.parametrize("e", [x, v, x > 0, 2 * x + 1], ids=str)
def test_operators_leave_what_they_do_not_know_to_its_class(e: eg.Node) -> None:
    theirs: Any = Theirs()
    for name in BINARY:
        assert getattr(e, f"__{name}__")(theirs) is NotImplemented
        assert getattr(operator, name)(e, theirs) == (f"__r{name}__", e)
        assert getattr(operator, name)(theirs, e) == (f"__{name}__", e)
    for name, reflected in COMPARISONS.items():
        assert getattr(operator, name)(e, theirs) == (reflected, e)
    assert (e == theirs) == ("__eq__", e)
    assert (e != theirs) == ("__ne__", e)


class Values(tuple):
    """A tuple with a product of its own; its sum is a tuple's, which is no number."""

    def __rmul__(self, other: Any) -> Any:
        return "theirs"


class OptedOut:
    """NumPy's way to say that an array leaves operators to the other side."""

    __array_ufunc__ = None

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.ones(3)

    def __rmul__(self, other: Any) -> Any:
        return "theirs"


class WithUnit(np.ndarray):
    """An array with a unit, which NumPy asks what its ufuncs are."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return "with its unit", ufunc.__name__


def test_an_array_with_ufuncs_of_its_own_answers_from_both_sides() -> None:
    lengths: Any = np.ones(3).view(WithUnit)
    for f, name in ((operator.mul, "multiply"), (operator.add, "add"), (operator.truediv, "divide"), (operator.pow, "power")):
        assert f(v, lengths) == f(lengths, v) == ("with its unit", name)
    assert np.arctan2(v, lengths) == ("with its unit", "arctan2")


def test_subclasses_and_arrays_that_speak_for_themselves() -> None:
    assert v * Values((1, 2, 3)) == "theirs"
    assert v + Values((1, 2, 3)) is eg.add(v, [1, 2, 3])
    assert v * OptedOut() == "theirs"


def test_what_nobody_takes_is_an_error_of_python() -> None:
    for other in (object(), operator):
        for f in (operator.add, operator.matmul, operator.pow, operator.lt, operator.ge):
            with pytest.raises(TypeError, match=r"not supported|unsupported operand type"):
                f(x, other)
            with pytest.raises(TypeError, match=r"not supported|unsupported operand type"):
                f(other, x)
    assert x != object()
    assert not x == object()  # noqa: SIM201
    for nothing in ("a", b"a", None, 1j, {}, {1}):
        with pytest.raises(eg.DTypeError, match="real"):
            x + nothing


def _exact() -> list[tuple[Any, float]]:
    sp = pytest.importorskip("sympy")
    return [
        (Fraction(1, 3), 1 / 3),
        (Fraction(10**30 + 1, 10**30), 1.0),
        (Fraction(2**60 + 1, 2**53), 128.0),
        (Decimal("0.1"), 0.1),
        (Decimal("1.00000000000000011102230246251565405"), 1.0000000000000002),  # just above the half between two floats
        (sp.Rational(2, 7), 2 / 7),
        (sp.Integer(7), 7.0),
        (sp.pi, np.pi),
        (sp.sqrt(2) * 665857 - 941664, 1.0619499099460488e-06),
        (sp.pi * 10**20 - 314159265358979323846, 0.26433832795028842),
        (sp.Float("0.1", 50), 0.1),
        (-sp.oo, -np.inf),
    ]


def test_exact_numbers_are_the_nearest_float() -> None:
    for number, nearest in _exact():
        for f in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.lt, operator.ge):
            assert f(x, number) is f(x, nearest), (f, number)
            assert f(number, x) is f(nearest, x), (f, number)
        assert eg.maximum(x, number) is eg.maximum(x, nearest)
        assert eg.evaluate(x, {x: number}) == eg.compile(x, x, backend="numpy")(number) == nearest


def test_lists_of_exact_numbers_are_floats() -> None:
    numbers: list[Any] = [Fraction(1, 3), Decimal("0.1"), 2]
    floats = np.array([1 / 3, 0.1, 2.0])
    for given in (numbers, tuple(numbers)):
        assert eg.array(given) is eg.array(floats)
        assert v * given is v * floats and given * v is floats * v
        assert eg.stack([x, *given]) is eg.stack([x, *floats])
        np.testing.assert_array_equal(eg.evaluate(2 * v, {v: given}), 2 * floats)
        np.testing.assert_array_equal(eg.compile(2 * v, v, backend="numpy")(given), 2 * floats)
    assert eg.array([[Fraction(1, 2)], [10**30]]) is eg.array([[0.5], [1e30]])
    with pytest.raises(eg.DTypeError, match="an array of Python objects"):
        eg.array(np.array(numbers, dtype=object))
    with pytest.raises(eg.DTypeError, match="a list that holds None"):
        eg.array([Fraction(1, 3), None])
    with pytest.raises(eg.DTypeError, match="too large for a float"):
        v * [Fraction(10**400), 1, 2]


def test_exact_numbers_that_no_float_is_near_are_refused() -> None:
    sp = pytest.importorskip("sympy")
    for number in (Fraction(10**400), Decimal("1e400"), sp.exp(1000), sp.Integer(10) ** 400):
        with pytest.raises(eg.DTypeError, match="too large for a float"):
            x * number
    for number in (sp.I, sp.sqrt(-2), (-8) ** sp.Rational(1, 3), sp.zoo):
        with pytest.raises(eg.DTypeError, match="not a real number"):
            x * number
    for symbol in (lambda: x * sp.Symbol("x"), lambda: sp.Symbol("x") * x):
        with pytest.raises(TypeError, match="unsupported operand"):
            symbol()
    with pytest.raises(sp.SympifyError, match="to_sympy"):
        sp.sin(x)


TRUTHS: dict[str, Callable[[Any], Any]] = {
    "where": lambda c: eg.where(c, x, y),
    "where of a list": lambda c: eg.where([c, y > 0], x, y),
    "looked up": lambda c: eg.lookup("where")(c, x, y),
    "np.where": lambda c: np.where(c, x, y),
    "and": lambda c: eg.logical_and(y > 0, c),
    "or": lambda c: eg.logical_or(c, y > 0),
    "not": lambda c: eg.logical_not(c),
    "np.logical_and": lambda c: np.logical_and(c, y),
    "evaluated": lambda c: eg.evaluate([x, c], {x: 1.0}),
    "compiled": lambda c: eg.compile({"is zero": c}, x),
    "parsed": lambda c: eg.parse(f"where({c}, x, y)", [x, y]),
}


@pytest.mark.parametrize("how", TRUTHS)
def test_a_truth_value_of_python_is_no_condition(how: str) -> None:
    for c in (x == 0, x != y, x == x):
        with pytest.raises((TypeError, eg.ParseError), match=r"exprgraph\.equal"):
            TRUTHS[how](c)


def test_masks_of_numpy_and_numbers_are_conditions() -> None:
    mask = np.eye(2) > 0
    got = eg.evaluate(eg.where(mask, x, y), {x: 1.0, y: 2.0})
    np.testing.assert_array_equal(got, np.where(mask, 1.0, 2.0))
    assert eg.evaluate(eg.where(mask[0, 1], x, y), {x: 1.0, y: 2.0}) == 2.0
    assert eg.evaluate(eg.where(1, x, y), {x: 1.0, y: 2.0}) == 1.0
    assert eg.logical_and(mask[0], v[:2] > 0).shape == (2,)


@pytest.mark.parametrize("number", [np.float64(1), np.float32(1), np.int64(1), np.bool_(True), np.ones(3), np.ones(3, bool)])
def test_equality_with_numpys_numbers_is_an_error_from_both_sides(number: Any) -> None:
    for e in (x, v):
        for f, other in ((operator.eq, np.equal), (operator.ne, np.not_equal)):
            for compare, a, b in ((f, e, number), (f, number, e), (other, number, e)):
                with pytest.raises(TypeError, match=r"exprgraph\.equal.*`is`"):
                    compare(a, b)
            assert other(e, number).shape == np.broadcast_shapes(e.shape, np.shape(number))  # no `==` is written so


def test_equality_with_pythons_numbers_is_identity_from_both_sides() -> None:
    for number in (1, 1.0, True, Fraction(1), Decimal(1), [1.0], "x", None):
        assert not x == number and not number == x and x != number and number != x  # noqa: SIM201
    assert {x: 1, y: 2, 1.0: 3}[x] == 1
    assert x in [1.0, None, y, x]
