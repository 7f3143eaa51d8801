"""Rows of the incomplete gamma and beta functions, regularized, with SciPy's names and arguments.

The derivative by x is the density of the distribution, a row of its own that keeps its digits for large a; it has derivatives
by all arguments.  By a parameter there is only a first derivative, which is a row as well.
"""

from __future__ import annotations

import math

from .elementwise import ByFormula, Elementwise, FirstDerivative, NoDerivative, row
from .gamma import digamma, gammaln
from .transcendental import exp, log, log1p

_inf = math.inf
_POSITIVE = (0.0, _inf)
_AT = (0.4, 1.0, 2.5, 7.0)


def _only_first(name: str) -> NoDerivative:
    return NoDerivative(f"gammainc, gammaincc and betainc have no second derivative by a parameter here; {name} is the first", *_AT)


gammainc: Elementwise = row(
    "gammainc",
    ByFormula("gammainc"),
    FirstDerivative(lambda a, x: -gammaincc_by_a(a, x), *_AT),
    lambda a, x: gamma_density(a, x),
    latex=r"P\left( {0}, {1} \right)",
    domain=[_POSITIVE, _POSITIVE],
    sample=[(0.4, 7.0), (0.3, 6.0)],
    doc="The regularized lower incomplete gamma function P(a, x): scipy.special.gammainc.  NaN for a < 0 or x < 0; there is no "
    "second derivative by a.",
)
gammaincc: Elementwise = row(
    "gammaincc",
    ByFormula("gammaincc"),
    FirstDerivative(lambda a, x: gammaincc_by_a(a, x), *_AT),
    lambda a, x: -gamma_density(a, x),
    latex=r"Q\left( {0}, {1} \right)",
    domain=[_POSITIVE, _POSITIVE],
    sample=[(0.4, 7.0), (0.3, 6.0)],
    doc="The regularized upper incomplete gamma function Q(a, x) = 1 - P(a, x), with its digits where it is small: "
    "scipy.special.gammaincc.  NaN for a < 0 or x < 0; there is no second derivative by a.",
)
gammaincc_by_a: Elementwise = row(
    "gammaincc_by_a",
    ByFormula("gammaincc_by_a"),
    _only_first("gammaincc_by_a"),
    lambda a, x: gamma_density(a, x) * (digamma(a) - log(x)),
    latex=r"\frac{{\partial Q}}{{\partial a}}\left( {0}, {1} \right)",
    domain=[_POSITIVE, _POSITIVE],
    sample=[(0.4, 7.0), (0.3, 6.0)],
    doc="The derivative of gammaincc(a, x) by a, for a > 0 and x >= 0, else NaN.",
)
gamma_density: Elementwise = row(
    "gamma_density",
    ByFormula("gamma_density"),
    lambda a, x: gamma_density(a, x) * (log(x) - digamma(a)),
    lambda a, x: gamma_density(a, x) * ((a - 1) / x - 1),
    shown_as=lambda a, x: x ** (a - 1) * exp(-x - gammaln(a)),
    domain=[_POSITIVE, _POSITIVE],
    sample=[(0.4, 7.0), (0.3, 6.0)],
    doc="The density of the gamma distribution, x**(a - 1)*exp(-x)/gamma(a): the derivative of gammainc.",
    internal=True,
)

betainc: Elementwise = row(
    "betainc",
    ByFormula("betainc"),
    FirstDerivative(lambda a, b, x: betainc_by_a(a, b, x), *_AT),
    FirstDerivative(lambda a, b, x: betainc_by_b(a, b, x), *_AT),
    lambda a, b, x: beta_density(a, b, x),
    latex=r"I_{{{2}}}\left( {0}, {1} \right)",
    domain=[_POSITIVE, _POSITIVE, (0.0, 1.0)],
    sample=[(0.4, 7.0), (0.4, 7.0), (0.1, 0.9)],
    doc="The regularized incomplete beta function I_x(a, b): scipy.special.betainc.  NaN for a < 0, b < 0 or x outside of [0, 1]; exact "
    "to rounding for a or b up to 10,000, within 1e-7 for larger ones.  There is no second derivative by a or b.",
)
betainc_by_a: Elementwise = row(
    "betainc_by_a",
    ByFormula("betainc_by_a"),
    _only_first("betainc_by_a"),
    _only_first("betainc_by_a"),
    lambda a, b, x: beta_density(a, b, x) * (log(x) - digamma(a) + digamma(a + b)),
    latex=r"\frac{{\partial I_{{{2}}}}}{{\partial a}}\left( {0}, {1} \right)",
    domain=[_POSITIVE, _POSITIVE, (0.0, 1.0)],
    sample=[(0.4, 7.0), (0.4, 7.0), (0.1, 0.9)],
    doc="The derivative of betainc(a, b, x) by a, for a, b > 0 and 0 <= x <= 1, else NaN; NaN where both are above 100,000.",
)
betainc_by_b: Elementwise = row(
    "betainc_by_b",
    ByFormula("betainc_by_b"),
    _only_first("betainc_by_b"),
    _only_first("betainc_by_b"),
    lambda a, b, x: beta_density(a, b, x) * (log1p(-x) - digamma(b) + digamma(a + b)),
    latex=r"\frac{{\partial I_{{{2}}}}}{{\partial b}}\left( {0}, {1} \right)",
    domain=[_POSITIVE, _POSITIVE, (0.0, 1.0)],
    sample=[(0.4, 7.0), (0.4, 7.0), (0.1, 0.9)],
    doc="The derivative of betainc(a, b, x) by b, for a, b > 0 and 0 <= x <= 1, else NaN; NaN where both are above 100,000.",
)
beta_density: Elementwise = row(
    "beta_density",
    ByFormula("beta_density"),
    lambda a, b, x: beta_density(a, b, x) * (log(x) - digamma(a) + digamma(a + b)),
    lambda a, b, x: beta_density(a, b, x) * (log1p(-x) - digamma(b) + digamma(a + b)),
    lambda a, b, x: beta_density(a, b, x) * ((a - 1) / x - (b - 1) / (1 - x)),
    shown_as=lambda a, b, x: x ** (a - 1) * (1 - x) ** (b - 1) * exp(gammaln(a + b) - gammaln(a) - gammaln(b)),
    domain=[_POSITIVE, _POSITIVE, (0.0, 1.0)],
    sample=[(0.4, 7.0), (0.4, 7.0), (0.1, 0.9)],
    doc="The density of the beta distribution, x**(a - 1)*(1 - x)**(b - 1)/B(a, b): the derivative of betainc.",
    internal=True,
)

__all__ = ["beta_density", "betainc", "betainc_by_a", "betainc_by_b", "gamma_density", "gammainc", "gammaincc", "gammaincc_by_a"]
