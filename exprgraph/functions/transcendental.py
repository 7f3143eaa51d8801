"""Rows of exponentials, logarithms, circular and hyperbolic functions, and the error function.

Derivatives keep their digits: the derivative of ``tanh`` is a row of its own, because ``1 - tanh(x)**2`` has no correct digit
past 19, and ``1 - x**2`` is written ``(1 - x)*(1 + x)``.
"""

from __future__ import annotations

import math

import numpy as np

from ..support import values
from .choices import ratio
from .elementwise import ByFormula, Elementwise
from .elementwise import row as _row
from .scaled import direction, held, hypot

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
xlog1py: Elementwise = _row(
    "xlog1py",
    ByFormula("xlog1py"),
    lambda x, y: log1p(y),
    lambda x, y: ratio(x, 1 + y),
    latex=r"{0} \log\left( 1 + {1} \right)",
    domain=[(-_inf, _inf), (-1, _inf)],
    sample=[(-2, 2), (-0.9, 2)],
    doc="x*log(1 + y), and 0 where x is 0; there its derivative by y is 0 as well.",
)

# trigonometric
sin: Elementwise = _row("sin", np.sin, lambda x: cos(x), latex=r"\sin", family="sin", doc="Sine of an angle in radians.")
cos: Elementwise = _row("cos", np.cos, lambda x: -sin(x), latex=r"\cos", family="sin", doc="Cosine of an angle in radians.")
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
    internal=True,
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
tanh: Elementwise = _row("tanh", np.tanh, lambda x: tanh_prime(x), latex=r"\tanh", family="tanh", doc="Hyperbolic tangent.")
tanh_prime: Elementwise = _row(
    "tanh_prime",
    values.tanh_prime,
    lambda x: -2 * tanh(x) * tanh_prime(x),
    shown_as=lambda x: 1 - tanh(x) ** 2,
    family="tanh",
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
    internal=True,
)
coth_acosh: Elementwise = _row(
    "coth_acosh",
    values.coth_acosh,
    lambda x: -(acosh_prime(x) ** 3),
    shown_as=lambda x: x * (x - 1) ** -0.5 * (x + 1) ** -0.5,
    domain=[(1, _inf)],
    sample=[(1.1, 3)],
    doc="x/sqrt(x**2 - 1), in the second derivative of acosh; 1 at infinity.",
    internal=True,
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
_half_root_pi = math.sqrt(math.pi) / 2
erf: Elementwise = _row("erf", values.erf, lambda x: _two_over_root_pi * exp(-(held(x) ** 2)), doc="The error function.")
erfc: Elementwise = _row(
    "erfc", values.erfc, lambda x: -_two_over_root_pi * exp(-(held(x) ** 2)), doc="1 - erf(x) with full accuracy for large x."
)
erfinv: Elementwise = _row(
    "erfinv",
    ByFormula("erfinv"),
    lambda x: _half_root_pi * exp(erfinv(x) ** 2),
    latex=r"\operatorname{{erf}}^{{-1}}\left( {0} \right)",
    domain=[(-1, 1)],
    sample=[(-0.9, 0.9)],
    doc="The y with erf(y) = x; infinite at 1 and -1, NaN beyond.",
)
erfcinv: Elementwise = _row(
    "erfcinv",
    ByFormula("erfcinv"),
    lambda x: -_half_root_pi * exp(erfcinv(x) ** 2),
    latex=r"\operatorname{{erfc}}^{{-1}}\left( {0} \right)",
    domain=[(0, 2)],
    sample=[(0.1, 1.9)],
    doc="The y with erfc(y) = x, with full accuracy for x near 0; infinite at 0 and 2, NaN beyond.",
)
normal_cdf: Elementwise = _row(
    "normal_cdf",
    values.normal_cdf,
    lambda x: 1 / math.sqrt(2 * math.pi) * exp(-_half * held(x) ** 2),
    shown_as=lambda x: _half * erfc(-math.sqrt(0.5) * x),
    doc="The normal distribution function, with full relative accuracy.",
)

__all__ = [
    "acos", "acosh", "acosh_prime", "asin", "asinh", "atan", "atan2", "atan_prime", "atanh", "cbrt", "cos", "cosh", "coth_acosh", "erf",
    "erfc", "erfcinv", "erfinv", "exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "normal_cdf", "sin", "sinh", "tan", "tanh",
    "tanh_prime", "xlog1py", "xlogy",
]  # fmt: skip
