"""Numbers of SymPy's are exact until they become floats; what has no value there has no derivative here."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.interop import from_sympy, to_sympy

sp = pytest.importorskip("sympy")
mpmath = pytest.importorskip("mpmath")

X, Y = sp.symbols("x y")
x, y = eg.symbols("x y")
SMALL = 665857 * sp.sqrt(2) - 941664
REST = sp.pi * 10**20 - 314159265358979323846

#: numbers in which much cancels, or that are large on the way
NUMBERS: list[Any] = [
    SMALL, REST, sp.sqrt(2) * sp.pi, sp.exp(sp.pi * sp.sqrt(163)) - 262537412640768743, sp.sin(10**22), sp.cos(sp.Rational(1, 3)) - 1,
    sp.log(sp.Rational(10**20 + 1, 10**20)), sp.atan(10**25) - sp.pi / 2, sp.gamma(sp.Rational(1, 3)), sp.zeta(3), sp.Rational(1, 3),
    sp.Float("0.1", 50), sp.floor(sp.pi * 10**30), sp.Mod(10**40 + 1, 7), sp.erf(sp.Rational(1, 7)), sp.E - sp.Rational(1457, 536),
]  # fmt: skip


def _nearest(e: Any) -> float:
    with mpmath.workdps(200):
        return float(mpmath.mpf(str(sp.N(e, 120, maxn=400))))


@pytest.mark.parametrize("k", range(len(NUMBERS)))
def test_a_number_is_the_nearest_float_wherever_it_stands(k: int) -> None:
    e = NUMBERS[k]
    want = _nearest(e)
    assert from_sympy(e) is eg.array(want)
    assert from_sympy(X + e) is x + want
    assert from_sympy(e * X) is want * x
    assert from_sympy(sp.Matrix([e, X]))[0, 0] is eg.array(want)
    assert from_sympy(sp.sin(X) ** sp.sqrt(2) * e) is eg.sin(x) ** math.sqrt(2) * want


def test_the_numbers_of_a_sum_become_one_before_they_are_rounded() -> None:
    assert from_sympy(X + 665857 * sp.sqrt(2) - 941664) is x + _nearest(SMALL)
    assert from_sympy(X * REST * sp.sqrt(3)) is x * _nearest(REST * sp.sqrt(3))
    assert from_sympy(sp.Piecewise((X, X > SMALL), (SMALL, True))) is eg.where(x > _nearest(SMALL), x, _nearest(SMALL))


def test_what_is_no_real_number_is_refused() -> None:
    for e in (sp.sqrt(-2) * X, X + sp.root(-8, 3), sp.log(-2), X * sp.asin(2), X ** sp.I, sp.zoo):
        with pytest.raises(eg.ExprGraphError, match="real"):
            from_sympy(e)
    with pytest.raises(eg.ExprGraphError, match="too large"):
        from_sympy(X * sp.exp(1000))
    f = sp.Function("unknown_of_a_number")
    with pytest.raises(eg.ExprGraphError, match="no function unknown_of_a_number"):
        from_sympy(f(2) * X)


def test_a_number_that_is_replaced_is_not_looked_at() -> None:
    assert from_sympy(sp.gamma(sp.Rational(1, 3)) * X, {sp.gamma(sp.Rational(1, 3)): y}) is y * x
    assert from_sympy(sp.pi * X + sp.sin(sp.pi / 7), {sp.sin(sp.pi / 7): y, X: x}) is math.pi * x + y


def test_users_functions_of_numbers() -> None:
    f = eg.function("of_a_number", numpy=lambda t: 2 * t, derivative=lambda t: 2.0, code="2 * {0}")
    assert from_sympy(to_sympy(f(x)).subs(sp.Symbol("x", real=True), 2)) is eg.array(4.0)


PIECES: dict[str, tuple[Any, Callable[[float], bool]]] = {
    "a variable": (sp.Piecewise((X, X > 0)), lambda t: t > 0),
    "a number": (sp.Piecewise((1, X > 0)), lambda t: t > 0),
    "two pieces": (sp.Piecewise((X**2, X > 0), (sp.sin(X), X < -1)), lambda t: t > 0 or t < -1),
    "inside of others": (sp.exp(sp.Piecewise((X, X > 0))) + 1, lambda t: t > 0),
    "a maximum of it": (sp.Max(sp.Piecewise((X, X > 0)), sp.Rational(-1, 2)), lambda t: t > 0),
}


@pytest.mark.parametrize("what", PIECES)
def test_where_no_piece_holds_there_is_no_value_and_no_derivative(what: str) -> None:
    theirs, holds = PIECES[what]
    e = from_sympy(theirs)
    forms = [e, eg.diff(e, x), eg.jacobian(e, x, "reverse"), eg.jacobian(eg.diff(e, x), x, "reverse"), eg.diff(e, x, 2)]
    points = np.array([0.7, -0.5, 0.0, -2.0, 3.0])
    for got in (eg.evaluate(forms, {x: points}), eg.compile(forms, x)(points)):
        for value in got:
            assert np.isnan(value).tolist() == [not holds(p) for p in points]
    assert from_sympy(to_sympy(e)) is e


def test_the_largest_of_three_shares_its_derivative_in_three() -> None:
    e = from_sympy(sp.Max(X, Y, sp.Symbol("z")))
    at = dict.fromkeys(eg.free_symbols(e), 1.0)
    assert [float(eg.evaluate(eg.diff(e, s), at)) for s in at] == [1 / 3] * 3


def _random_number(seed: int) -> Any:
    """A sum of terms of one size, less what is left of it to some digits: most of it cancels."""
    rng = np.random.default_rng(seed)
    atoms = [sp.pi, sp.E, sp.sqrt(2), sp.sqrt(sp.Rational(7, 3)), sp.log(3), sp.sin(1), sp.EulerGamma, sp.cbrt(5), sp.atan(7)]
    scale = sp.Integer(10) ** int(rng.integers(0, 25))
    chosen = [atoms[k] ** int(rng.integers(1, 4)) for k in rng.choice(len(atoms), 3, replace=False)]
    total = sp.Add(*(int(rng.integers(-9, 10)) * scale * a for a in chosen))
    near = sp.Integer(sp.floor(total)) if rng.integers(0, 2) else sp.Rational(str(sp.N(total, int(rng.integers(5, 30)))))
    return total - near


@pytest.mark.one_in(10)
@pytest.mark.parametrize("seed", range(400))
def test_random_numbers_in_which_most_cancels(seed: int) -> None:
    e = _random_number(seed)
    want = _nearest(e)
    assert from_sympy(e) is eg.array(want)
    assert from_sympy(X * e + Y) is want * x + y
    assert from_sympy(sp.cos(X) + e) is eg.cos(x) + want
    assert eg.add(x, e) is x + want
