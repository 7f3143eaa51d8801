"""Rows of the gamma function's family, with the poles and signs of ``scipy.special``.

All derivatives come from ``zeta``: digamma' is zeta(2, x), and the derivative of zeta(s, x) is -s*zeta(s + 1, x).  Those of beta are
made of differences between two arguments, which are rows too: for a large one they are much smaller than the two.
"""

from __future__ import annotations

import math

from ..graph.leaves import number
from ..support import gamma_values as values
from .elementwise import ByFormula, Elementwise, NoDerivative, row

_inf = math.inf

gamma: Elementwise = row(
    "gamma",
    ByFormula("tgamma"),
    lambda x: gamma(x) * digamma(x),
    code="tgamma({0})",
    latex=r"\Gamma",
    domain=[(0, _inf)],
    sample=[(0.1, 5)],
    doc="The gamma function, whose value at n + 1 is the factorial of n; infinite at 0, with its sign, and NaN at -1, -2, ...",
)
rgamma: Elementwise = row(
    "rgamma",
    ByFormula("rgamma"),
    lambda x: rgamma(x + 1) - rgamma(x) * digamma(x + 1),  # which keeps its digits near 0
    latex=r"\frac{{1}}{{\Gamma\left( {0} \right)}}",
    domain=[(0, _inf)],
    sample=[(0.1, 5)],
    doc="1/gamma(x), 0 at 0, -1, -2, ...; at -1, -2, ... its derivative is NaN.",
)
gammaln: Elementwise = row(
    "gammaln",
    values.gammaln,
    lambda x: digamma(x),
    code="lgamma({0})",
    latex=r"\log \left| \Gamma\left( {0} \right) \right|",
    domain=[(0, _inf)],
    sample=[(0.1, 5)],
    doc="The logarithm of the absolute value of the gamma function; infinite at 0, -1, -2, ...",
)
digamma: Elementwise = row(
    "digamma",
    values.digamma,
    lambda x: zeta(2.0, x),
    latex=r"\psi",
    domain=[(0, _inf)],
    sample=[(0.1, 5)],
    doc="The derivative of gammaln; infinite at 0, with the other sign than 0 has, and NaN at -1, -2, ...",
)
beta: Elementwise = row(
    "beta",
    ByFormula("euler_beta"),
    lambda a, b: beta(a, b) * zeta_step(1.0, a, b),
    lambda a, b: beta(a, b) * zeta_step(1.0, b, a),
    code="euler_beta({0}, {1})",
    latex=r"\mathrm{{B}}\left( {0}, {1} \right)",
    domain=[(0, _inf), (0, _inf)],
    sample=[(0.2, 4), (0.2, 4)],
    doc="gamma(a)*gamma(b)/gamma(a + b); infinite where a or b is 0, -1, -2, ..., unless the other is whole and a + b <= 0.",
)
betaln: Elementwise = row(
    "betaln",
    ByFormula("log_beta"),
    lambda a, b: zeta_step(1.0, a, b),
    lambda a, b: zeta_step(1.0, b, a),
    code="log_beta({0}, {1})",
    latex=r"\log \left| \mathrm{{B}}\left( {0}, {1} \right) \right|",
    domain=[(0, _inf), (0, _inf)],
    sample=[(0.2, 4), (0.2, 4)],
    doc="The logarithm of the absolute value of beta, without overflow and cancellation for large arguments.",
)
zeta: Elementwise = row(
    "zeta",
    values.zeta,
    NoDerivative("zeta(s, q) has no derivative by s here; only by q", 2.0, 3.0, 4.5),
    lambda s, q: -s * zeta(s + 1, q),
    latex=r"\zeta\left( {0}, {1} \right)",
    domain=[(1, _inf), (0, _inf)],
    sample=[(1.5, 6), (0.2, 4)],
    code="zeta({0}, {1})",
    doc="The sum of (q + k)**-s over k = 0, 1, 2, ... for s > 1 (Hurwitz); infinite at q = 0, -1, -2, ..., and NaN for other "
    "negative q unless s is whole.  There is no derivative by s.",
)
zeta_step: Elementwise = row(
    "zeta_step",
    ByFormula("zeta_step"),
    NoDerivative("zeta(s, a + b) - zeta(s, a) has no derivative by s here; only by a and b", 1.0, 2.0, 3.5),
    lambda s, a, b: -s * zeta_step(s + 1, a, b),
    lambda s, a, b: -s * zeta(s + 1, a + b),
    shown_as=lambda s, a, b: digamma(a) - digamma(a + b) if number(s) == 1 else zeta(s, a + b) - zeta(s, a),
    domain=[(1, _inf), (0, _inf), (0, _inf)],
    sample=[(1, 6), (0.2, 4), (0.2, 4)],
    doc="zeta(s, a + b) - zeta(s, a), and digamma(a) - digamma(a + b) for s = 1, with full relative accuracy for small b.",
    internal=True,
)

__all__ = ["beta", "betaln", "digamma", "gamma", "gammaln", "rgamma", "zeta", "zeta_step"]
