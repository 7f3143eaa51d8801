"""Rows of the incomplete gamma and beta functions, regularized, with SciPy's names and arguments.

The derivative by x is the density of the distribution, a row of its own that keeps its digits for large a; it has derivatives
by all arguments.
"""

from __future__ import annotations

import math

from .elementwise import Elementwise, NoDerivative, by_formula, row
from .gamma import digamma, gammaln
from .transcendental import exp, log, log1p

_inf = math.inf
_POSITIVE = (0.0, _inf)
_AT = (0.4, 1.0, 2.5, 7.0)


def _refused(name: str, by: str, above: str, below: str) -> NoDerivative:
    return NoDerivative(
        f"{name} has no derivative by {by} here, only by x; ({name}({above}) - {name}({below}))/(2*h) with h = 1e-5*{by} has about "
        "ten digits of it",
        *_AT,
    )


gammainc: Elementwise = row(
    "gammainc",
    by_formula("gammainc"),
    _refused("gammainc", "a", "a + h, x", "a - h, x"),
    lambda a, x: gamma_density(a, x),
    latex=r"P\left( {0}, {1} \right)",
    domain=[_POSITIVE, _POSITIVE],
    sample=[(0.4, 7.0), (0.3, 6.0)],
    doc="The regularized lower incomplete gamma function P(a, x): scipy.special.gammainc.  NaN for a < 0 or x < 0; there is no "
    "derivative by a.",
)
gammaincc: Elementwise = row(
    "gammaincc",
    by_formula("gammaincc"),
    _refused("gammaincc", "a", "a + h, x", "a - h, x"),
    lambda a, x: -gamma_density(a, x),
    latex=r"Q\left( {0}, {1} \right)",
    domain=[_POSITIVE, _POSITIVE],
    sample=[(0.4, 7.0), (0.3, 6.0)],
    doc="The regularized upper incomplete gamma function Q(a, x) = 1 - P(a, x), with its digits where it is small: "
    "scipy.special.gammaincc.  NaN for a < 0 or x < 0; there is no derivative by a.",
)
gamma_density: Elementwise = row(
    "gamma_density",
    by_formula("gamma_density"),
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
    by_formula("betainc"),
    _refused("betainc", "a", "a + h, b, x", "a - h, b, x"),
    _refused("betainc", "b", "a, b + h, x", "a, b - h, x"),
    lambda a, b, x: beta_density(a, b, x),
    latex=r"I_{{{2}}}\left( {0}, {1} \right)",
    domain=[_POSITIVE, _POSITIVE, (0.0, 1.0)],
    sample=[(0.4, 7.0), (0.4, 7.0), (0.1, 0.9)],
    doc="The regularized incomplete beta function I_x(a, b): scipy.special.betainc.  NaN for a < 0, b < 0 or x outside of [0, 1]; exact "
    "to rounding for a or b up to 10,000.  There is no derivative by a or b.",
)
beta_density: Elementwise = row(
    "beta_density",
    by_formula("beta_density"),
    lambda a, b, x: beta_density(a, b, x) * (log(x) - digamma(a) + digamma(a + b)),
    lambda a, b, x: beta_density(a, b, x) * (log1p(-x) - digamma(b) + digamma(a + b)),
    lambda a, b, x: beta_density(a, b, x) * ((a - 1) / x - (b - 1) / (1 - x)),
    shown_as=lambda a, b, x: x ** (a - 1) * (1 - x) ** (b - 1) * exp(gammaln(a + b) - gammaln(a) - gammaln(b)),
    domain=[_POSITIVE, _POSITIVE, (0.0, 1.0)],
    sample=[(0.4, 7.0), (0.4, 7.0), (0.1, 0.9)],
    doc="The density of the beta distribution, x**(a - 1)*(1 - x)**(b - 1)/B(a, b): the derivative of betainc.",
    internal=True,
)

__all__ = ["beta_density", "betainc", "gamma_density", "gammainc", "gammaincc"]
