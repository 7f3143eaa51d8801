"""The elementwise functions of the package: activations are here, the other rows in the modules that are named below.

Derivatives keep their digits, and are defined at singular points, as the modules describe.
"""

from __future__ import annotations

import math

from ..graph.primitive import TABLE
from ..support import values
from .bessel import i0, i0e, i1, i1e, iv, ive, j0, j1, jn, k0, k1, kn, y0, y1, yn
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
    relu,
    sign,
    step,
    where,
)
from .elementwise import Elementwise, Function
from .elementwise import row as _row
from .entropies import kl_div, rel_entr
from .gamma import beta, betaln, digamma, gamma, gammaln, rgamma, zeta
from .incomplete import betainc, betainc_by_a, betainc_by_b, gammainc, gammaincc, gammaincc_by_a
from .powers import power, sqrt, square
from .remainders import floor_divide, fmod, mod
from .scaled import excess, held
from .transcendental import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    cos,
    cosh,
    erf,
    erfc,
    erfcinv,
    erfinv,
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
    xlog1py,
    xlogy,
)

_half = 0.5
_inf = math.inf

# activations
sigmoid: Elementwise = _row(
    "sigmoid",
    values.sigmoid,
    lambda x: sigmoid_prime(x),
    latex=r"\sigma",
    family="sigmoid",
    doc="The logistic function 1/(1 + exp(-x)).",
)
sigmoid_prime: Elementwise = _row(
    "sigmoid_prime",
    values.sigmoid_prime,
    lambda x: -sigmoid_prime(x) * tanh(_half * x),
    shown_as=lambda x: sigmoid(x) * (1 - sigmoid(x)),
    family="sigmoid",
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


def _rows() -> dict[str, Function]:
    return {n: p for n, p in TABLE.items() if isinstance(p, Function)}


_table = _rows()


def built_in() -> frozenset[str]:
    """The names of the package's rows, without users' rows."""
    return frozenset(_table)


__all__ = [
    "GATE", "GATE_BOTH", "WHERE", "absolute", "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "beta", "betainc",
    "betainc_by_a", "betainc_by_b", "betaln", "built_in", "cbrt", "ceil", "clip", "cos", "cosh", "digamma", "equal", "erf",
    "erfc", "erfcinv", "erfinv", "excess", "exp", "exp2", "expm1", "floor", "floor_divide", "fmod", "gamma", "gammainc",
    "gammaincc", "gammaincc_by_a", "gammaln", "gate", "gate_both", "gelu", "held", "i0", "i0e", "i1", "i1e", "iv", "ive", "j0",
    "j1", "jn", "k0", "k1", "kl_div", "kn", "less", "less_equal", "log", "log1p", "log2", "log10", "log_sigmoid", "logaddexp",
    "logical_and", "logical_not", "logical_or", "maximum", "minimum", "mod", "normal_cdf", "not_equal", "power", "rel_entr",
    "relu", "rgamma", "sigmoid", "sigmoid_prime", "sign", "silu", "sin", "sinh", "softplus", "sqrt", "square", "step", "tan",
    "tanh", "tanh_prime", "where", "xlog1py", "xlogy", "y0", "y1", "yn", "zeta",
]  # fmt: skip
