"""The elementwise functions of the package, a row each.

Derivatives are written so that they keep their digits: ``tanh`` and ``sigmoid`` have derivatives of
their own (``1 - tanh(x)**2`` has no correct digit left past 19), and ``1 - x**2`` is written
``(1 - x)*(1 + x)``.  At the points where a derivative does not exist, it is: 0 for ``abs``,
``relu``, ``sign`` and the root of a sum of squares at 0; half for each at a tie of ``minimum`` and
``maximum``.
"""

from __future__ import annotations

import math

import numpy as np

from . import powers, values
from .arithmetic import power as constant_power
from .arithmetic import scale
from .elementwise import Elementwise, Function, apply, broadcast, broadcast_to
from .elementwise import row as _row
from .leaves import as_node, number, zeros
from .node import Node, Operand
from .operands import refuse_truth
from .primitive import TABLE
from .remainders import floor_divide as floor_divide
from .remainders import fmod as fmod
from .remainders import mod as mod
from .scaled import direction, excess, held, hypot
from .written import split_coefficient


def _of_conditions(name: str, conditions: int) -> Elementwise:
    """The builder of a row whose first arguments are conditions, and no truth values of Python."""

    def build(*operands: Operand) -> Node:
        for operand in operands[:conditions]:
            refuse_truth(operand, name)
        return apply(_table[name], *operands)

    return build


_half = 0.5
_inf = math.inf

# exponential and logarithm
exp: Elementwise = _row("exp", np.exp, lambda x: exp(x), latex=r"\exp", doc="e**x, elementwise.")
exp2: Elementwise = _row("exp2", np.exp2, lambda x: math.log(2) * exp2(x), latex="2^{{{0}}}", doc="2**x, elementwise.")
expm1: Elementwise = _row("expm1", np.expm1, lambda x: exp(x), doc="e**x - 1 with full accuracy near 0.")
log: Elementwise = _row("log", np.log, lambda x: 1 / x, latex=r"\log", domain=[(0, _inf)], sample=[(0.1, 3)], doc="The natural logarithm.")
log2: Elementwise = _row(
    "log2",
    np.log2,
    lambda x: 1 / (math.log(2) * x),
    latex=r"\log_{{2}}\left( {0} \right)",
    domain=[(0, _inf)],
    sample=[(0.1, 3)],
    doc="The logarithm of base 2.",
)
log10: Elementwise = _row(
    "log10",
    np.log10,
    lambda x: 1 / (math.log(10) * x),
    latex=r"\log_{{10}}\left( {0} \right)",
    domain=[(0, _inf)],
    sample=[(0.1, 3)],
    doc="The logarithm of base 10.",
)
log1p: Elementwise = _row(
    "log1p", np.log1p, lambda x: 1 / (1 + x), domain=[(-1, _inf)], sample=[(-0.9, 2)], doc="log(1 + x) with full accuracy near 0."
)
cbrt: Elementwise = _row(
    "cbrt",
    np.cbrt,
    lambda x: 1 / (3 * cbrt(x) ** 2),
    latex=r"\sqrt[3]{{{0}}}",
    domain=[(0, _inf)],
    sample=[(0.1, 3)],
    doc="The real cube root.",
)

# trigonometric
sin: Elementwise = _row("sin", np.sin, lambda x: cos(x), latex=r"\sin", doc="Sine of an angle in radians.")
cos: Elementwise = _row("cos", np.cos, lambda x: -sin(x), latex=r"\cos", doc="Cosine of an angle in radians.")
tan: Elementwise = _row(
    "tan",
    np.tan,
    lambda x: 1 + tan(x) ** 2,
    latex=r"\tan",
    domain=[(-math.pi / 2, math.pi / 2)],
    sample=[(-1.3, 1.3)],
    doc="Tangent of an angle in radians.",
)
asin: Elementwise = _row(
    "asin",
    np.arcsin,
    lambda x: ((1 - x) * (1 + x)) ** -0.5,
    latex=r"\arcsin",
    domain=[(-1, 1)],
    sample=[(-0.9, 0.9)],
    doc="Inverse sine, in radians.",
)
acos: Elementwise = _row(
    "acos",
    np.arccos,
    lambda x: -(((1 - x) * (1 + x)) ** -0.5),
    latex=r"\arccos",
    domain=[(-1, 1)],
    sample=[(-0.9, 0.9)],
    doc="Inverse cosine, in radians.",
)
atan: Elementwise = _row("atan", np.arctan, lambda x: atan_prime(x), latex=r"\arctan", doc="Inverse tangent, in radians.")
atan_prime: Elementwise = _row(
    "atan_prime",
    values.atan_prime,
    lambda x: -2 * atan_prime(x) * direction(x, 1) * direction(1, x),
    shown_as=lambda x: 1 / (1 + x**2),
    doc="The derivative of atan, 1/(1 + x**2), however large x is.",
)
atan2: Elementwise = _row(
    "atan2",
    np.arctan2,
    lambda y, x: direction(x, y) * ratio(1, hypot(x, y)),
    lambda y, x: -direction(y, x) * ratio(1, hypot(x, y)),
    domain=[(-_inf, _inf), (0, _inf)],  # where it is smooth: not at the origin, and with a jump at negative x
    sample=[(-2, 2), (0.2, 2)],
    doc="The angle of the point (x, y), in radians; the arguments are y, x.",
)

# hyperbolic
sinh: Elementwise = _row("sinh", np.sinh, lambda x: cosh(x), latex=r"\sinh", doc="Hyperbolic sine.")
cosh: Elementwise = _row("cosh", np.cosh, lambda x: sinh(x), latex=r"\cosh", doc="Hyperbolic cosine.")
tanh: Elementwise = _row("tanh", np.tanh, lambda x: tanh_prime(x), latex=r"\tanh", doc="Hyperbolic tangent.")
tanh_prime: Elementwise = _row(
    "tanh_prime",
    values.tanh_prime,
    lambda x: -2 * tanh(x) * tanh_prime(x),
    shown_as=lambda x: 1 - tanh(x) ** 2,
    doc="The derivative of tanh, 1 - tanh(x)**2, with full relative accuracy.",
)
asinh: Elementwise = _row("asinh", np.arcsinh, lambda x: direction(1, x), latex=r"\operatorname{arsinh}", doc="Inverse hyperbolic sine.")
acosh: Elementwise = _row(
    "acosh",
    np.arccosh,
    lambda x: acosh_prime(x),
    latex=r"\operatorname{arcosh}",
    domain=[(1, _inf)],
    sample=[(1.1, 3)],
    doc="Inverse hyperbolic cosine.",
)
# with p = 1/sqrt(x**2 - 1) and q = x*p, whose derivatives are -q*p**2 and -p**3
acosh_prime: Elementwise = _row(
    "acosh_prime",
    values.acosh_prime,
    lambda x: -coth_acosh(x) * acosh_prime(x) ** 2,
    shown_as=lambda x: (x - 1) ** -0.5 * (x + 1) ** -0.5,
    domain=[(1, _inf)],
    sample=[(1.1, 3)],
    doc="The derivative of acosh, 1/sqrt(x**2 - 1).",
)
coth_acosh: Elementwise = _row(
    "coth_acosh",
    values.coth_acosh,
    lambda x: -(acosh_prime(x) ** 3),
    shown_as=lambda x: x * (x - 1) ** -0.5 * (x + 1) ** -0.5,
    domain=[(1, _inf)],
    sample=[(1.1, 3)],
    doc="x/sqrt(x**2 - 1), in the second derivative of acosh; 1 at infinity.",
)
atanh: Elementwise = _row(
    "atanh",
    np.arctanh,
    lambda x: 1 / ((1 - x) * (1 + x)),
    latex=r"\operatorname{artanh}",
    domain=[(-1, 1)],
    sample=[(-0.9, 0.9)],
    doc="Inverse hyperbolic tangent.",
)

# error function
_two_over_root_pi = 2 / math.sqrt(math.pi)
erf: Elementwise = _row("erf", values.erf, lambda x: _two_over_root_pi * exp(-(held(x) ** 2)), doc="The error function.")
erfc: Elementwise = _row(
    "erfc", values.erfc, lambda x: -_two_over_root_pi * exp(-(held(x) ** 2)), doc="1 - erf(x) with full accuracy for large x."
)
normal_cdf: Elementwise = _row(
    "normal_cdf",
    values.normal_cdf,
    lambda x: 1 / math.sqrt(2 * math.pi) * exp(-_half * held(x) ** 2),
    shown_as=lambda x: _half * erfc(-math.sqrt(0.5) * x),
    doc="The normal distribution function, with full relative accuracy.",
)

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
ratio: Elementwise = _row(
    "ratio",
    values.ratio,
    lambda x, y: 1 / y,
    lambda x, y: -(ratio(x, y) ** 2) if number(x) == 1 else -gate(ratio(x, y), 1 / y),
    shown_as=lambda x, y: x / y,
    domain=[(-_inf, _inf), (0, _inf)],
    sample=[(-2, 2), (0.1, 3)],
    doc="x/y, and 0 where x is 0.",
)
xlogy: Elementwise = _row(
    "xlogy",
    values.xlogy,
    lambda x, y: log(y),
    lambda x, y: ratio(x, y),
    latex=r"{0} \log\left( {1} \right)",
    domain=[(-_inf, _inf), (0, _inf)],
    sample=[(-2, 2), (0.1, 3)],
    doc="x*log(y), and 0 where x is 0; there its derivative by y is 0 as well.",
)
relu: Elementwise = _row(
    "relu", lambda x: np.maximum(x, 0), lambda x: step(x), sample=[(0.1, 2)], branch=True, doc="max(x, 0); its derivative at 0 is 0."
)
step: Elementwise = _row(
    "step",
    lambda x: np.where(np.isnan(x), x, x > 0) + 0 * np.sign(x),
    None,
    sample=[(0.1, 2)],
    doc="1 where x > 0, else 0 (0 at 0); the derivative of relu.",
)
gelu: Elementwise = _row(
    "gelu",
    values.gelu,
    lambda x: normal_cdf(x) + 1 / math.sqrt(2 * math.pi) * held(x) * exp(-_half * held(x) ** 2),
    doc="x * Phi(x), Phi the normal distribution function (Hendrycks, Gimpel 2016), not its tanh approximation.",
)
silu: Elementwise = _row("silu", values.silu, lambda x: sigmoid(x) + held(x) * sigmoid_prime(x), doc="x * sigmoid(x), also known as swish.")

# pieces
absolute: Elementwise = _row(
    "abs",
    np.abs,
    lambda x: sign(x),
    latex=r"\left| {0} \right|",
    sample=[(0.1, 2)],
    branch=True,
    squared=lambda x: x**2,
    doc="The absolute value; its derivative at 0 is 0.",
)
sign: Elementwise = _row(
    "sign", np.sign, None, latex=r"\operatorname{sgn}", sample=[(0.1, 2)], doc="-1, 0 or 1; its derivative is 0 everywhere."
)
floor: Elementwise = _row(
    "floor",
    np.floor,
    None,
    latex=r"\left\lfloor {0} \right\rfloor",
    sample=[(0.1, 0.9)],
    doc="The largest integer not above x; its derivative is 0.",
)
ceil: Elementwise = _row(
    "ceil",
    np.ceil,
    None,
    latex=r"\left\lceil {0} \right\rceil",
    sample=[(0.1, 0.9)],
    doc="The smallest integer not below x; its derivative is 0.",
)
minimum: Elementwise = _row(
    "minimum",
    np.minimum,
    lambda a, b: smaller(a, b),
    lambda a, b: smaller(b, a),
    branch=True,
    latex=r"\min\left( {0}, {1} \right)",
    sample=[(0, 1), (1.1, 2)],
    doc="The smaller one; at a tie each has derivative 1/2.",
)
maximum: Elementwise = _row(
    "maximum",
    np.maximum,
    lambda a, b: smaller(b, a),
    lambda a, b: smaller(a, b),
    branch=True,
    latex=r"\max\left( {0}, {1} \right)",
    sample=[(0, 1), (1.1, 2)],
    doc="The larger one; at a tie each has derivative 1/2.",
)

smaller: Elementwise = _row(
    "smaller",
    values.smaller,
    None,
    None,
    shown_as=lambda a, b: less(a, b) + _half * equal(a, b),
    sample=[(0, 1), (1.1, 2)],
    doc="The share of a in the minimum of a and b: 1, 0, and 1/2 at a tie; NaN where one of them is.",
)

# comparisons and choice
less: Elementwise = _row(
    "less",
    np.less,
    None,
    None,
    boolean=True,
    text="({0} < {1})",
    latex=r"\left( {0} < {1} \right)",
    code="less({0}, {1})",
    sample=[(0, 1), (1.1, 2)],
    doc="Whether a < b.",
)
less_equal: Elementwise = _row(
    "less_equal",
    np.less_equal,
    None,
    None,
    boolean=True,
    text="({0} <= {1})",
    latex=r"\left( {0} \leq {1} \right)",
    sample=[(0, 1), (1.1, 2)],
    doc="Whether a <= b.",
)
equal: Elementwise = _row(
    "equal",
    np.equal,
    None,
    None,
    boolean=True,
    latex=r"\left( {0} = {1} \right)",
    sample=[(0, 1), (1.1, 2)],
    doc="Whether a and b are equal, elementwise (== compares expressions, not values).",
)
not_equal: Elementwise = _row(
    "not_equal",
    np.not_equal,
    None,
    None,
    boolean=True,
    latex=r"\left( {0} \neq {1} \right)",
    sample=[(0, 1), (1.1, 2)],
    doc="Whether a and b differ, elementwise.",
)
logical_and: Elementwise = _row(
    "logical_and",
    np.logical_and,
    None,
    None,
    boolean=True,
    build=_of_conditions("logical_and", 2),
    latex=r"\left( {0} \wedge {1} \right)",
    sample=[(1, 2), (1, 2)],
    doc="Whether both are non-zero.",
)
logical_or: Elementwise = _row(
    "logical_or",
    np.logical_or,
    None,
    None,
    boolean=True,
    build=_of_conditions("logical_or", 2),
    latex=r"\left( {0} \vee {1} \right)",
    sample=[(1, 2), (1, 2)],
    doc="Whether one of them is non-zero.",
)
logical_not: Elementwise = _row(
    "logical_not",
    np.logical_not,
    None,
    boolean=True,
    build=_of_conditions("logical_not", 1),
    latex=r"\left( \neg {0} \right)",
    sample=[(1, 2)],
    doc="Whether it is zero.",
)
_where: Elementwise = _row(
    "where",
    np.where,
    None,
    lambda c, a, b: _where(c, 1.0, 0.0),
    lambda c, a, b: _where(c, 0.0, 1.0),
    latex=r"\begin{{cases}} {1} & \text{{if }} {0} \\ {2} & \text{{otherwise}} \end{{cases}}",
    code="({1} if {0} != 0.0 else {2})",
    build=_of_conditions("where", 1),
    sample=[(1, 2), (-2, 2), (-2, 2)],
)
# ct * p where ct is not zero, and 0 where it is: what a derivative behind a branch that was not taken is
# multiplied with, so that an infinite factor there stays there
gate: Elementwise = _row(
    "gate",
    values.gate,
    lambda ct, p: _where(logical_or(not_equal(ct, 0), absolute(p) < _inf), p, 0.0),
    lambda ct, p: ct,
    shown_as=lambda ct, p: ct * p,
    build=lambda ct, p: _gate(ct, p),
    doc="ct * p, and 0 wherever ct is 0.",
)
# the same with two factors that may be zeros of this kind
gate_both: Elementwise = _row(
    "gate_both",
    values.gate_both,
    lambda a, b: b,
    lambda a, b: a,
    shown_as=lambda a, b: a * b,
    build=lambda a, b: _gate_both(a, b),
    doc="a * b, and 0 wherever a or b is 0.",
)


def _gate(ct: Operand, p: Operand) -> Node:
    """A gate, or the product where one factor is a number that makes no difference."""
    (strong, factor), shape = broadcast(ct, p, what="the arguments of gate")
    for value, other in ((number(strong), factor), (number(factor), strong)):
        if value == 0.0 and other is factor:
            return zeros(shape)
        if value is not None and math.isfinite(value) and other.shape == shape:
            return scale(value, other)
    return _apart(GATE, strong, factor)


def _gate_both(a: Operand, b: Operand) -> Node:
    """The same of two factors that silence."""
    (x, y), shape = broadcast(a, b, what="the arguments of gate_both")
    for value, other in ((number(x), y), (number(y), x)):
        if value == 0.0:
            return zeros(shape)
        if value is not None and math.isfinite(value) and other.shape == shape:
            return scale(value, other)
    return _apart(GATE_BOTH, x, y)


def _apart(row: Function, a: Node, b: Node) -> Node:
    """A row that multiplies, with the numbers that are factors outside."""
    (p, x), (q, y) = split_coefficient(a), split_coefficient(b)
    factor = p * q
    if not (math.isfinite(factor) and abs(factor) >= np.finfo(np.float64).tiny):
        return apply(row, a, b)
    return scale(factor, apply(row, x, y))


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


def where(condition: Operand, a: Operand, b: Operand) -> Node:
    """``a`` where the condition is not zero, else ``b``, elementwise: the three broadcast.

    The branch that is not taken can make neither the value nor any derivative NaN.  The derivative by the
    condition is 0.

    Raises:
        ShapeError: the shapes do not broadcast together.
        TypeError: the condition is Python's True or False, as ``x == 0`` is: :func:`equal` compares values.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate(eg.diff(eg.where(x > 0, eg.sqrt(x), 0), x), {x: 0.0})
    np.float64(0.0)
    """
    return WHERE.build(condition, a, b)


def clip(x: Operand, low: Operand | None, high: Operand | None) -> Node:
    """x limited to the interval from low to high, elementwise: the three broadcast.  ``None`` is no limit.

    The derivative by x is 1 inside, 0 outside, and 1/2 at low and at high.  Where low is above high, high is
    the value.

    Raises:
        ShapeError: the shapes do not broadcast together.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate(eg.clip(x, 0, 1), {x: [-0.5, 0.5, 1.5]})
    array([0. , 0.5, 1. ])
    """
    limited = as_node(x) if low is None else maximum(x, low)
    return limited if high is None else minimum(limited, high)


def _rows() -> dict[str, Function]:
    return {n: p for n, p in TABLE.items() if isinstance(p, Function)}


_table = _rows()


def built_in() -> frozenset[str]:
    """The names of the rows above, without those that users added."""
    return frozenset(_table)


WHERE = _table["where"]
GATE = _table["gate"]
GATE_BOTH = _table["gate_both"]
_power_row = _table["pow"]
