"""The elementwise functions of the package: activations and powers are here, the other rows in the modules that are named below.

Every row says what the package knows of a function.  Derivatives are written so that they keep their digits, and stated where
they do not exist: the modules say how.
"""

from __future__ import annotations

import math

import numpy as np

from ..canonical.arithmetic import power as constant_power
from ..graph.leaves import as_node, number
from ..graph.node import Node, Operand
from ..graph.primitive import TABLE
from ..support import values
from . import powers
from .choices import (
    GATE,
    GATE_BOTH,
    WHERE,
    absolute,
    ceil,
    clip,
    equal,
    floor,
    gate,
    gate_both,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    minimum,
    not_equal,
    ratio,
    relu,
    sign,
    smaller,
    step,
    where,
)
from .elementwise import Elementwise, Function, apply, broadcast, broadcast_to
from .elementwise import row as _row
from .remainders import floor_divide, fmod, mod
from .scaled import direction, excess, held, hypot
from .transcendental import (
    acos,
    acosh,
    acosh_prime,
    asin,
    asinh,
    atan,
    atan2,
    atan_prime,
    atanh,
    cbrt,
    cos,
    cosh,
    coth_acosh,
    erf,
    erfc,
    exp,
    exp2,
    expm1,
    log,
    log1p,
    log2,
    log10,
    normal_cdf,
    sin,
    sinh,
    tan,
    tanh,
    tanh_prime,
    xlogy,
)

_half = 0.5
_inf = math.inf

# activations
sigmoid: Elementwise = _row(
    "sigmoid", values.sigmoid, lambda x: sigmoid_prime(x), latex=r"\sigma", doc="The logistic function 1/(1 + exp(-x))."
)
sigmoid_prime: Elementwise = _row(
    "sigmoid_prime",
    values.sigmoid_prime,
    lambda x: -sigmoid_prime(x) * tanh(_half * x),
    shown_as=lambda x: sigmoid(x) * (1 - sigmoid(x)),
    doc="The derivative of sigmoid, with full relative accuracy.",
)
softplus: Elementwise = _row("softplus", values.softplus, lambda x: sigmoid(x), doc="log(1 + exp(x)), without overflow.")
log_sigmoid: Elementwise = _row(
    "log_sigmoid",
    values.log_sigmoid,
    lambda x: sigmoid(-x),
    latex=r"\log \sigma\left( {0} \right)",
    doc="The logarithm of sigmoid, -log(1 + exp(-x)), with both tails: x far below 0, and -exp(-x) far above.",
)
logaddexp: Elementwise = _row(
    "logaddexp",
    values.logaddexp,
    lambda a, b: sigmoid(excess(a, b)),
    lambda a, b: sigmoid(excess(b, a)),
    latex=r"\log\left( e^{{{0}}} + e^{{{1}}} \right)",
    doc="log(exp(a) + exp(b)), without overflow; -inf where both are, and infinite where one of them is.",
)
gelu: Elementwise = _row(
    "gelu",
    values.gelu,
    lambda x: normal_cdf(x) + 1 / math.sqrt(2 * math.pi) * held(x) * exp(-_half * held(x) ** 2),
    doc="x * Phi(x), Phi the normal distribution function (Hendrycks, Gimpel 2016), not its tanh approximation.",
)
silu: Elementwise = _row("silu", values.silu, lambda x: sigmoid(x) + held(x) * sigmoid_prime(x), doc="x * sigmoid(x), also known as swish.")

# powers and roots
power_function: Elementwise = _row(
    "pow",
    np.power,
    lambda x, y: powers.slope(x, y),
    lambda x, y: powers.growth(x, y),
    text="{0}**{1}",
    latex="{{{0}}}^{{{1}}}",
    domain=[(0, _inf), (-_inf, _inf)],
    sample=[(0.2, 2), (-2, 2)],
    build=lambda x, y: power(x, y),
    doc="x**y.",
)


def power(base: Operand, exponent: Operand) -> Node:
    """``base ** exponent``, elementwise: the two broadcast.

    A number as exponent is exact at base 0, and for whole exponents below 0, to any order.  With a symbol as exponent the
    derivatives at base 0 are the limits from above: by the base 0, 1 or infinite as the exponent is above, at or below 1, and 0 where
    it is 0; by the exponent 0 where it is above 0, and -inf at 0 and below.  So ``x**x`` has the derivative -inf at 0.
    For a base below 0 the derivative by the exponent is NaN.

    Raises:
        ShapeError: the shapes do not broadcast together.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.diff(eg.power(x, 2), x, x)
    2
    """
    node, e = as_node(base), as_node(exponent)
    value = number(e)
    if value is not None and math.isfinite(value):
        (node, _), shape = broadcast(node, e, what="base and exponent")
        return constant_power(broadcast_to(node, shape), value)
    if number(node) is not None and not node.shape and number(node) == math.e:
        return exp(e)
    return apply(_power_row, node, e)


def sqrt(x: Operand) -> Node:
    """The square root, elementwise, of the shape of x.

    NaN below 0.  At 0 the derivative is infinite; that of :func:`norm` is 0.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate([eg.sqrt(x), eg.diff(eg.sqrt(x), x)], {x: 4.0})
    [np.float64(2.0), np.float64(0.25)]
    """
    return constant_power(as_node(x), 0.5)


def square(x: Operand) -> Node:
    """``x**2``, elementwise, of the shape of x.

    >>> import exprgraph as eg
    >>> eg.square(eg.Symbol("x"))
    x**2
    """
    return constant_power(as_node(x), 2.0)


def _rows() -> dict[str, Function]:
    return {n: p for n, p in TABLE.items() if isinstance(p, Function)}


_table = _rows()
_power_row = _table["pow"]


def built_in() -> frozenset[str]:
    """The names of the rows of the package, without those that users added."""
    return frozenset(_table)


__all__ = [
    "GATE", "GATE_BOTH", "WHERE", "absolute", "acos", "acosh", "acosh_prime", "asin", "asinh", "atan", "atan2", "atan_prime", "atanh",
    "built_in", "cbrt", "ceil", "clip", "cos", "cosh", "coth_acosh", "direction", "equal", "erf", "erfc", "excess", "exp", "exp2", "expm1",
    "floor", "floor_divide", "fmod", "gate", "gate_both", "gelu", "held", "hypot", "less", "less_equal", "log", "log1p", "log2", "log10",
    "log_sigmoid", "logaddexp", "logical_and", "logical_not", "logical_or", "maximum", "minimum", "mod", "normal_cdf", "not_equal",
    "power", "power_function", "ratio", "relu", "sigmoid", "sigmoid_prime", "sign", "silu", "sin", "sinh", "smaller", "softplus",
    "sqrt", "square", "step", "tan", "tanh", "tanh_prime", "where", "xlogy",
]  # fmt: skip
