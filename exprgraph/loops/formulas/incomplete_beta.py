"""The regularized incomplete beta function I_x(a, b).

Below x = (a + 1)/(a + b + 2) it is a continued fraction of a constant length;
above it is 1 - I_(1 - x)(b, a).  The fraction is long enough unless both a and b are above 10,000; where both are above 20,000,
there are two terms of a uniform expansion.  Loops are written out, since formulas have none.

x^a (1 - x)^b / B(a, b) is exp(-a e1 - b e2), e1 and e2 the values of l - 1 - log l for l = x (a + b)/a and (1 - x) (a + b)/b,
times factors close to 1: nothing overflows or cancels.  A relative error of the exponent is an error of the value that grows
with the exponent.
"""

from __future__ import annotations

import math

import numpy as np

from .bessel import exp_times
from .double import head
from .error import erfc
from .exponential import exp, if_less
from .incomplete_double import gamma_inverse_series
from .incomplete_gamma import excess_over_log, gamma_star
from .power import pow  # noqa: A004


def gamma_star_of_all(a: float) -> float:
    """gamma(a + 1) (e/a)^a / (2 pi a)^(1/2), a > 0."""
    small = 0.3989422804014327 * exp(a) * pow(a, -0.5 - a) / gamma_inverse_series(2.0 * a - 1.0)
    return if_less(a, 1.0, small, gamma_star(a))


def lost(p: float, a: float, b: float) -> float:
    """What the rounded product p of a and b has lost."""
    u = head(a)
    v = head(b)
    return ((u * v - p) + (u * (b - v) + (a - u) * v)) + (a - u) * (b - v)


def beta_offset(a: float, b: float, x: float, y: float) -> float:
    """x b - (1 - x) a, y = 1 - x rounded, to full relative accuracy."""
    p = x * b
    q = a * y
    return (p - q) + ((lost(p, x, b) - lost(q, a, y)) - a * ((1.0 - y) - x))


def beta_prefactor(a: float, b: float, x: float, y: float, t: float, factor: float) -> float:
    """x^a y^b / (a B(a, b)) times a factor, y = 1 - x, t = x b - y a."""
    c = a + b
    e = a * excess_over_log(t / a, x * c / a) + b * excess_over_log(-t / b, y * c / b)
    stars = gamma_star_of_all(c) / (gamma_star_of_all(a) * gamma_star_of_all(b))
    return exp_times(-e, 0.3989422804014327 * np.sqrt(b / c) / np.sqrt(a) * stars * factor)


def beta_rest(r: float, a: float, b: float, x: float, t: float, m: float) -> float:
    """The partial fraction m before the rest r: its terms are those of DiDonato and Morris (1992)."""
    c = a + 2.0 * m
    low = c - 1.0
    high = c + 1.0
    d = low * (high * (m + r) + (a + m) * ((1.0 - t) + m * (2.0 - x))) + m * (b - m) * x * high
    return (a + (m - 1.0)) * (a + b + (m - 1.0)) * (m * (b - m)) * (x * x) * high / (low * (1e-30 if d == 0.0 else d))


def beta_rests(r: float, a: float, b: float, x: float, t: float, m: float) -> float:
    """Four of them, m to m + 3."""
    s = beta_rest(beta_rest(r, a, b, x, t, m + 3.0), a, b, x, t, m + 2.0)
    return beta_rest(beta_rest(s, a, b, x, t, m + 1.0), a, b, x, t, m)


def beta_rests_rarely(a: float, b: float, x: float, t: float) -> float:
    """The rest behind 32 partial fractions; it matters only for large a and b, or for a large a and a small b."""
    r117 = beta_rests(beta_rests(0.0, a, b, x, t, 121.0), a, b, x, t, 117.0)
    r109 = beta_rests(beta_rests(r117, a, b, x, t, 113.0), a, b, x, t, 109.0)
    r101 = beta_rests(beta_rests(r109, a, b, x, t, 105.0), a, b, x, t, 101.0)
    r93 = beta_rests(beta_rests(r101, a, b, x, t, 97.0), a, b, x, t, 93.0)
    r85 = beta_rests(beta_rests(r93, a, b, x, t, 89.0), a, b, x, t, 85.0)
    r77 = beta_rests(beta_rests(r85, a, b, x, t, 81.0), a, b, x, t, 77.0)
    r69 = beta_rests(beta_rests(r77, a, b, x, t, 73.0), a, b, x, t, 69.0)
    r61 = beta_rests(beta_rests(r69, a, b, x, t, 65.0), a, b, x, t, 61.0)
    r53 = beta_rests(beta_rests(r61, a, b, x, t, 57.0), a, b, x, t, 53.0)
    r45 = beta_rests(beta_rests(r53, a, b, x, t, 49.0), a, b, x, t, 45.0)
    r37 = beta_rests(beta_rests(r45, a, b, x, t, 41.0), a, b, x, t, 37.0)
    r33 = beta_rests(r37, a, b, x, t, 33.0)
    return r33


def beta_fraction(a: float, b: float, x: float, t: float) -> float:
    """B(a, b) I_x(a, b) / (x^a (1 - x)^b), x <= (a + 1)/(a + b + 2), t = x b - (1 - x) a."""
    r33 = beta_rests_rarely(a, b, x, t) if a > 18.0 and (b < 3.0 or b > 60.0) else 0.0
    r25 = beta_rests(beta_rests(r33, a, b, x, t, 29.0), a, b, x, t, 25.0)
    r17 = beta_rests(beta_rests(r25, a, b, x, t, 21.0), a, b, x, t, 17.0)
    r9 = beta_rests(beta_rests(r17, a, b, x, t, 13.0), a, b, x, t, 9.0)
    r1 = beta_rests(beta_rests(r9, a, b, x, t, 5.0), a, b, x, t, 1.0)
    return 1.0 / (a * (1.0 - t) / (a + 1.0) + r1)


def uniform_beta_rarely(a: float, b: float, x: float, y: float, t: float) -> float:
    """I_x(a, b), a and b >= 20,000, t = x b - y a (DLMF 8.18.9)."""
    n = a + b
    e = a * excess_over_log(t / a, x * n / a) + b * excess_over_log(-t / b, y * n / b)
    h = math.copysign(np.sqrt(2.0 * e / n), t)
    spread = np.sqrt(a / n) * np.sqrt(b / n)
    at_mean = (b - a) / (3.0 * n * spread)
    c = if_less(abs(h), 1e-4 * spread, at_mean, 1.0 / h - spread * (n / t))
    return 0.5 * erfc(-h * np.sqrt(0.5 * n)) + exp(-e) * (0.3989422804014327 * c / np.sqrt(n))


def betainc(a: float, b: float, x: float) -> float:
    """I_x(a, b).  Within 4.6 ulp; 4.6 in float32; times 2 + |log I_x(a, b)|; for a, b >= 1 of which one is at most 10,000.

    A relative error of 1e-7 where both are larger, and x is close to the mean.
    nan for a or b below 0, and for x outside of [0, 1]; for b < 1, an absolute error of a unit of 1.
    """
    y = 1.0 - x
    over = x * (a + b + 2.0) - (a + 1.0)
    p = if_less(0.0, over, b, a)
    q = if_less(0.0, over, a, b)
    u = if_less(0.0, over, y, x)
    v = if_less(0.0, over, x, y)
    offset = beta_offset(a, b, x, y)
    t = if_less(0.0, over, -offset, offset)
    by_fraction = beta_prefactor(p, q, u, v, t, p * beta_fraction(p, q, u, t))
    part = uniform_beta_rarely(p, q, u, v, t) if a > 20000.0 and b > 20000.0 else by_fraction
    value = if_less(0.0, over, 1.0 - part, part)
    inside = value if x > 0.0 and x < 1.0 else (x if x == 0.0 or x == 1.0 else math.nan)
    low = 1.0 if a == 0.0 or b == math.inf else 0.0
    high = 1.0 if b == 0.0 or a == math.inf else 0.0
    at_limits = if_less(low + high, 1.5, low, math.nan) if x > 0.0 and x < 1.0 and low + high > 0.0 else inside
    ends = math.nan if low + high > 1.0 else at_limits
    return ends if a >= 0.0 and b >= 0.0 else math.nan


def beta_density(a: float, b: float, x: float) -> float:
    """x^(a - 1) (1 - x)^(b - 1) / B(a, b).  Within 10.0 ulp; 18.0 in float32; times 2 + its |log|; nan outside of [0, 1]."""
    y = 1.0 - x
    value = beta_prefactor(a, b, x, y, beta_offset(a, b, x, y), a / (x * y))
    start = math.inf if a < 1.0 else (b if a == 1.0 else 0.0)
    end = math.inf if b < 1.0 else (a if b == 1.0 else 0.0)
    inside = value if x > 0.0 and x < 1.0 else (start if x == 0.0 else (end if x == 1.0 else math.nan))
    return inside if a > 0.0 and b > 0.0 else math.nan
