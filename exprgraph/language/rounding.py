"""NumPy's elementwise functions that round, scale, and look at signs or at values that are not finite, as compositions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..canonical.operands import as_node, refuse_truth
from ..functions import rows as functions
from ..graph.leaves import number
from ..graph.node import Node, Operand
from ..support.integers import whole
from ..support.names import brief
from .operators import add, divide, multiply, negative, subtract


def rint(x: Operand) -> Node:
    """The nearest whole number, halves to the even one, elementwise, like np.rint; its derivative is 0.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate(eg.rint(x), {x: [0.5, 1.5, 1.6]}).tolist()
    [0.0, 2.0, 2.0]
    """
    x = as_node(x)
    below = functions.floor(x)
    part = subtract(x, below)
    even = multiply(2.0, functions.floor(multiply(0.5, add(below, 1.0))))  # of below and the number above, for halves
    return functions.where(functions.less(part, 0.5), below, functions.where(functions.less(0.5, part), add(below, 1.0), even))


def round(a: Operand, decimals: int = 0) -> Node:  # noqa: A001
    """Rounded to a number of decimals, halves to the even digit, elementwise, like np.round; its derivative is 0.

    Raises:
        TypeError: the number of decimals is not whole.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate(eg.round(x, 1), {x: 0.27})
    np.float64(0.3)
    """
    n = whole(decimals)
    if n is None:
        raise TypeError(f"round: the number of decimals is a whole number, got {brief(decimals)}")
    if n == 0:
        return rint(a)
    unit = 10.0 ** abs(n)
    return divide(rint(multiply(a, unit)), unit) if n > 0 else multiply(rint(divide(a, unit)), unit)


def trunc(x: Operand) -> Node:
    """The whole number next to x towards 0, elementwise, like np.trunc and np.fix; its derivative is 0.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate(eg.trunc(x), {x: [-1.7, 1.7]}).tolist()
    [-1.0, 1.0]
    """
    x = as_node(x)
    return functions.where(functions.less(x, 0.0), functions.ceil(x), functions.floor(x))


def modf(x: Operand) -> tuple[Node, Node]:
    """The part after the decimal point and the whole part, both of the sign of x, like np.modf."""
    x = as_node(x)
    whole_part = trunc(x)
    return functions.where(is_infinite(x), multiply(0.0, functions.sign(x)), subtract(x, whole_part)), whole_part


def radians(x: Operand) -> Node:
    """Degrees as radians, elementwise, like np.radians and np.deg2rad.

    >>> import exprgraph as eg
    >>> eg.evaluate(eg.radians(180), {})
    np.float64(3.141592653589793)
    """
    return multiply(np.pi / 180, x)


def degrees(x: Operand) -> Node:
    """Radians as degrees, elementwise, like np.degrees and np.rad2deg.

    >>> import exprgraph as eg
    >>> eg.evaluate(eg.degrees(3.141592653589793), {})
    np.float64(180.0)
    """
    return multiply(180 / np.pi, x)


def signbit(x: Operand) -> Node:
    """Whether the sign is negative, also that of -0.0, elementwise, like np.signbit.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate(eg.signbit(x), {x: [-0.0, 0.0]}).tolist()
    [True, False]
    """
    x = as_node(x)
    return functions.less(functions.where(functions.equal(x, 0.0), divide(1.0, x), x), 0.0)


def copysign(x1: Operand, x2: Operand) -> Node:
    """The absolute value of x1 with the sign of x2, elementwise, like np.copysign; the derivative by x2 is 0.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate(eg.copysign(3.0, x), {x: [-0.0, 2.0]}).tolist()
    [-3.0, 3.0]
    """
    size = functions.absolute(x1)
    return functions.where(signbit(x2), negative(size), size)


def heaviside(x1: Operand, x2: Operand) -> Node:
    """0 below 0, 1 above 0, x2 at 0, and NaN for NaN, elementwise, like np.heaviside; the derivative by x1 is 0.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate(eg.heaviside(x, 0.5), {x: [-1.0, 0.0, 2.0]}).tolist()
    [0.0, 0.5, 1.0]
    """
    x1 = as_node(x1)
    return functions.where(functions.equal(x1, 0.0), x2, functions.step(x1))


#: coefficients of sin(z)/z in powers of z**2, for |z| < 1: derivatives up to the eighth keep all digits
_SINC = [(-1) ** k / math.factorial(2 * k + 1) for k in range(14)]


def sinc(x: Operand) -> Node:
    """``sin(pi*x)/(pi*x)``, 1 at 0, elementwise, like np.sinc.

    It is a power series near 0: derivatives up to the eighth keep their digits there.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate([eg.sinc(x), eg.diff(eg.sinc(x), x, 2)], {x: 0.0})
    [np.float64(1.0), np.float64(-3.2898681336964524)]
    """
    z = multiply(np.pi, x)
    near = functions.less(functions.absolute(z), 1.0)
    square = functions.square(functions.where(near, z, 0.0))
    series = as_node(_SINC[-1])
    for c in reversed(_SINC[:-1]):
        series = add(multiply(series, square), c)
    away = functions.where(near, 1.0, z)
    return functions.where(near, series, divide(functions.sin(away), away))


def logaddexp2(x1: Operand, x2: Operand) -> Node:
    """``log2(2**x1 + 2**x2)`` without overflow, elementwise, like np.logaddexp2.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate(eg.logaddexp2(x, x), {x: 2000.0})
    np.float64(2001.0)
    """
    top = functions.floor(functions.maximum(x1, x2))  # it is exact, and has no derivative
    shift = functions.where(is_finite(top), top, 0.0)
    a, b = (multiply(math.log(2), subtract(x, shift)) for x in (x1, x2))
    return add(divide(functions.logaddexp(a, b), math.log(2)), shift)


def logical_xor(x1: Operand, x2: Operand) -> Node:
    """Whether exactly one of them is non-zero, elementwise, like np.logical_xor.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate(eg.logical_xor(x > 0, x > 1), {x: [0.5, 2.0]}).tolist()
    [True, False]
    """
    refuse_truth(x1, "logical_xor")
    refuse_truth(x2, "logical_xor")
    return functions.not_equal(functions.not_equal(x1, 0.0), functions.not_equal(x2, 0.0))


def is_nan(x: Operand) -> Node:
    """Whether it is NaN, elementwise, like np.isnan.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate(eg.isnan(x), {x: [float("nan"), 1.0]}).tolist()
    [True, False]
    """
    x = as_node(x)
    return functions.not_equal(x, x)


def is_infinite(x: Operand) -> Node:
    """Whether it is infinite, elementwise, like np.isinf.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate(eg.isinf(x), {x: [-float("inf"), 1.0]}).tolist()
    [True, False]
    """
    return functions.equal(functions.absolute(x), math.inf)


def is_finite(x: Operand) -> Node:
    """Whether it is neither infinite nor NaN, elementwise, like np.isfinite.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate(eg.isfinite(x), {x: [float("nan"), 1.0]}).tolist()
    [False, True]
    """
    return functions.less(functions.absolute(x), math.inf)


def fmax(x1: Operand, x2: Operand) -> Node:
    """The larger one, or the one that is not NaN, elementwise, like np.fmax; at a tie each has derivative 1/2.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate(eg.fmax(x, 1.0), {x: [float("nan"), 2.0]}).tolist()
    [1.0, 2.0]
    """
    return _but_nan(functions.maximum, x1, x2)


def fmin(x1: Operand, x2: Operand) -> Node:
    """The smaller one, or the one that is not NaN, elementwise, like np.fmin; at a tie each has derivative 1/2.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate(eg.fmin(x, 1.0), {x: [float("nan"), 2.0]}).tolist()
    [1.0, 1.0]
    """
    return _but_nan(functions.minimum, x1, x2)


def _but_nan(f: Callable[..., Node], x1: Operand, x2: Operand) -> Node:
    a, b = as_node(x1), as_node(x2)
    result = f(a, b)
    for one, other in ((b, a), (a, b)):
        value = number(one)
        if value is None or math.isnan(value):
            result = functions.where(is_nan(one), other, result)
    return result


def isclose(a: Operand, b: Operand, rtol: Operand = 1e-05, atol: Operand = 1e-08) -> Node:
    """Whether ``abs(a - b) <= atol + rtol*abs(b)``, or both are the same infinity, elementwise, like np.isclose.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate(eg.isclose(x, 1.0), {x: [1.0 + 1e-9, 1.1]}).tolist()
    [True, False]
    """
    b = as_node(b)
    near = functions.less_equal(functions.absolute(subtract(a, b)), add(atol, multiply(rtol, functions.absolute(b))))
    return functions.logical_or(functions.equal(a, b), functions.logical_and(near, is_finite(b)))


def nan_to_num(x: Operand, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Node:
    """Numbers in place of NaN and infinities, elementwise, like float("nan")_to_num; the derivative there is 0.

    Args:
        x: an expression.
        nan, posinf, neginf: the numbers; by default 0 and the largest floats.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate(eg.nan_to_num(x, posinf=9.0), {x: [float("nan"), float("inf"), 1.0]}).tolist()
    [0.0, 9.0, 1.0]
    """
    x = as_node(x)
    top = np.finfo(np.float64).max
    above = functions.where(functions.equal(x, math.inf), top if posinf is None else posinf, x)
    below = functions.where(functions.equal(x, -math.inf), -top if neginf is None else neginf, above)
    return functions.where(is_nan(x), nan, below)


def select(condlist: Sequence[Operand], choicelist: Sequence[Operand], default: Operand = 0) -> Node:
    """The choice of the first condition that holds, elementwise, like np.select; conditions and choices broadcast.

    Raises:
        ValueError: there are not as many conditions as choices, or none.
        TypeError: a condition is a truth value of Python.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.select([x < 0, x > 1], [0, 1], x)
    where(x < 0, 0, where(1 < x, 1, x))
    """
    if not isinstance(condlist, (list, tuple)) or not isinstance(choicelist, (list, tuple)):
        raise TypeError("select takes a list of conditions and a list of choices")
    if len(condlist) != len(choicelist) or not condlist:
        raise ValueError(f"select: {len(condlist)} conditions for {len(choicelist)} choices; there is one for each, and at least one")
    result = as_node(default)
    for condition, choice in zip(reversed(condlist), reversed(choicelist)):
        refuse_truth(condition, "select")
        result = functions.where(condition, choice, result)
    return result


def choose(a: Operand, choices: Sequence[Any], mode: str = "raise") -> Node:
    """The element of the choice whose number is in a, elementwise, like np.choose; a and the choices broadcast.

    ``a`` may be an expression.  Where no choice has the number, the result is NaN; with ``mode="wrap"`` numbers begin
    again, and with ``"clip"`` the first or the last choice is taken.

    Raises:
        ValueError: another mode, no choices, or a number of a constant a without a choice.

    >>> import exprgraph as eg
    >>> x, y = eg.symbols("x y")
    >>> eg.choose([1, 0], [x, y])
    [y, x]
    """
    options = list(choices) if isinstance(choices, (list, tuple, np.ndarray)) else list(as_node(choices))
    if mode not in ("raise", "wrap", "clip") or not options:
        raise ValueError(f"choose: needs choices, and a mode 'raise', 'wrap' or 'clip', got {mode!r}")
    at = as_node(a)
    if mode == "wrap":
        at = functions.mod(at, float(len(options)))
    elif mode == "clip":
        at = functions.clip(at, 0.0, len(options) - 1.0)
    elif not isinstance(a, Node) and not np.isin(np.asarray(a), range(len(options))).all():
        raise ValueError(f"choose: a has numbers without a choice; there are {len(options)}")
    result: Node = as_node(math.nan)
    for k, option in reversed(list(enumerate(options))):
        result = functions.where(functions.equal(at, float(k)), option, result)
    return result


def piecewise(x: Operand, condlist: Sequence[Any], funclist: Sequence[Callable[[Node], Operand] | Operand], *args: Operand) -> Node:
    """The value of the last function whose condition holds, elementwise, like np.piecewise, with a last function for the rest.

    Functions are called with the whole array, not only where their conditions hold; other values are taken as they are.
    Without a function for the rest, the result is 0 there.

    Raises:
        ValueError: there are other numbers of functions than of conditions.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.piecewise(x, [x < 0, x > 1], [eg.exp, 1, lambda t: t**2])
    where(1 < x, 1, where(x < 0, exp(x), x**2))
    """
    node = as_node(x)
    if not isinstance(funclist, (list, tuple)):
        raise TypeError("piecewise takes a list of conditions and a list of functions or values")
    conditions = list(condlist) if isinstance(condlist, (list, tuple)) else [condlist]
    parts = list(funclist)
    if len(parts) == len(conditions):
        parts.append(0.0)
    if len(parts) != len(conditions) + 1:
        raise ValueError(f"piecewise: {len(conditions)} conditions need as many functions, or one more, got {len(parts)}")
    values = [as_node(f(node, *args) if callable(f) and not isinstance(f, Node) else f) for f in parts]
    result = values.pop()
    for condition, value in zip(conditions, values):
        refuse_truth(condition, "piecewise")
        result = functions.where(condition, value, result)
    return result


__all__ = [
    "choose", "copysign", "degrees", "fmax", "fmin", "heaviside", "is_finite", "is_infinite", "is_nan", "isclose", "logaddexp2",
    "logical_xor", "modf", "nan_to_num", "piecewise", "radians", "rint", "round", "select", "signbit", "sinc", "trunc",
]  # fmt: skip
