"""The incomplete gamma function, P(a, x) and Q(a, x) = 1 - P(a, x).

P is a series for x below a, and Q a continued fraction above; both have a constant length, and take two terms at a time.
For a >= 64 and x near a, both are Temme's uniform expansion (DLMF 8.12).  Q of a small a has a series of its own, since
1 - P has lost its digits there.  Loops are written out, since formulas have none.

x^a e^-x / gamma(a + 1) is exp(-a (l - 1 - log l)), l = x/a, over (2 pi a)^(1/2) and a factor close to 1, which neither
overflows nor cancels.  A relative error of the exponent is an error of the value that grows with the exponent.
"""

from __future__ import annotations

import math

import numpy as np

from .bessel import exp_times
from .error import erfc
from .exponential import expm1, if_less
from .incomplete_double import gamma_inverse_series, gamma_star_series, log_gamma_series, temme_series
from .logarithm import log, log_correction
from .power import pow  # noqa: A004


def excess_over_log(f: float, y: float) -> float:
    """f - log(1 + f), y = 1 + f >= 0; g^2 + 4 (h^2/2 + h - log(1 + h)), 1 + g and 1 + h the square and the fourth root of y."""
    root = np.sqrt(y)
    g = f / (1.0 + root)
    h = g / (1.0 + np.sqrt(root))
    near = g * g + 4.0 * (h * h - log_correction(h))
    return if_less(abs(f - 1.1), 1.8, near, f - log(y))


def gamma_star(a: float) -> float:
    """gamma(a + 1) (e/a)^a / (2 pi a)^(1/2), a >= 1."""
    return gamma_star_series(3.0 / (a + 0.5) - 1.0)


def gamma_prefactor(a: float, x: float, factor: float) -> float:
    """x^a e^-x / gamma(a + 1) times a factor, a > 0, x >= 0."""
    small = exp_times(-x, factor * (pow(x, a) * gamma_inverse_series(2.0 * a - 1.0)))
    f = (x - a) / a
    large = exp_times(-a * excess_over_log(f, x / a), factor * (0.3989422804014327 / (np.sqrt(a) * gamma_star(a))))
    return if_less(a, 1.0, small, large)


def two_terms(s: float, a: float, x: float, k: float) -> float:
    """1 + x/(a + k) (1 + x/(a + k + 1) s)."""
    return 1.0 + x * ((a + (k + 1.0)) + x * s) / ((a + k) * (a + (k + 1.0)))


def two_fractions(r: float, a: float, x: float, k: float) -> float:
    """The partial fractions k and k + 1 before the rest r: k (a - k) / (x - a + 2k + 1 + ...)."""
    c = (x - a) + 2.0 * k
    g = (c + 3.0) + r
    p = k * (a - k)
    q = (k + 1.0) * (a - (k + 1.0))
    d = (c + 1.0) * g + q
    return p * g / (1e-30 if d == 0.0 else d)


def lower_series(a: float, x: float) -> float:
    """The sum of x^k / ((a + 1) ... (a + k)), up to k = 84."""
    s79 = two_terms(two_terms(two_terms(1.0, a, x, 83.0), a, x, 81.0), a, x, 79.0)
    s73 = two_terms(two_terms(two_terms(s79, a, x, 77.0), a, x, 75.0), a, x, 73.0)
    s67 = two_terms(two_terms(two_terms(s73, a, x, 71.0), a, x, 69.0), a, x, 67.0)
    s61 = two_terms(two_terms(two_terms(s67, a, x, 65.0), a, x, 63.0), a, x, 61.0)
    s55 = two_terms(two_terms(two_terms(s61, a, x, 59.0), a, x, 57.0), a, x, 55.0)
    s49 = two_terms(two_terms(two_terms(s55, a, x, 53.0), a, x, 51.0), a, x, 49.0)
    s43 = two_terms(two_terms(two_terms(s49, a, x, 47.0), a, x, 45.0), a, x, 43.0)
    s37 = two_terms(two_terms(two_terms(s43, a, x, 41.0), a, x, 39.0), a, x, 37.0)
    s31 = two_terms(two_terms(two_terms(s37, a, x, 35.0), a, x, 33.0), a, x, 31.0)
    s25 = two_terms(two_terms(two_terms(s31, a, x, 29.0), a, x, 27.0), a, x, 25.0)
    s19 = two_terms(two_terms(two_terms(s25, a, x, 23.0), a, x, 21.0), a, x, 19.0)
    s13 = two_terms(two_terms(two_terms(s19, a, x, 17.0), a, x, 15.0), a, x, 13.0)
    s7 = two_terms(two_terms(two_terms(s13, a, x, 11.0), a, x, 9.0), a, x, 7.0)
    s1 = two_terms(two_terms(two_terms(s7, a, x, 5.0), a, x, 3.0), a, x, 1.0)
    return s1


def upper_fraction(a: float, x: float) -> float:
    """1 / (x + 1 - a + 1 (a - 1) / (x + 3 - a + ...)), 84 fractions."""
    s79 = two_fractions(two_fractions(two_fractions(0.0, a, x, 83.0), a, x, 81.0), a, x, 79.0)
    s73 = two_fractions(two_fractions(two_fractions(s79, a, x, 77.0), a, x, 75.0), a, x, 73.0)
    s67 = two_fractions(two_fractions(two_fractions(s73, a, x, 71.0), a, x, 69.0), a, x, 67.0)
    s61 = two_fractions(two_fractions(two_fractions(s67, a, x, 65.0), a, x, 63.0), a, x, 61.0)
    s55 = two_fractions(two_fractions(two_fractions(s61, a, x, 59.0), a, x, 57.0), a, x, 55.0)
    s49 = two_fractions(two_fractions(two_fractions(s55, a, x, 53.0), a, x, 51.0), a, x, 49.0)
    s43 = two_fractions(two_fractions(two_fractions(s49, a, x, 47.0), a, x, 45.0), a, x, 43.0)
    s37 = two_fractions(two_fractions(two_fractions(s43, a, x, 41.0), a, x, 39.0), a, x, 37.0)
    s31 = two_fractions(two_fractions(two_fractions(s37, a, x, 35.0), a, x, 33.0), a, x, 31.0)
    s25 = two_fractions(two_fractions(two_fractions(s31, a, x, 29.0), a, x, 27.0), a, x, 25.0)
    s19 = two_fractions(two_fractions(two_fractions(s25, a, x, 23.0), a, x, 21.0), a, x, 19.0)
    s13 = two_fractions(two_fractions(two_fractions(s19, a, x, 17.0), a, x, 15.0), a, x, 13.0)
    s7 = two_fractions(two_fractions(two_fractions(s13, a, x, 11.0), a, x, 9.0), a, x, 7.0)
    s1 = two_fractions(two_fractions(two_fractions(s7, a, x, 5.0), a, x, 3.0), a, x, 1.0)
    return 1.0 / ((x - a) + 1.0 + s1)


def small_term(t: float, a: float, x: float, k: float) -> float:
    """1/(a + k) - x/(k + 1) t."""
    return 1.0 / (a + k) - x * t / (k + 1.0)


def upper_of_small_rarely(a: float, x: float) -> float:
    """Q(a, x), 0 < a <= 1, 0 <= x <= 1.2; 1 - x^a / gamma(1 + a) (1 + a T), T the sum of (-x)^k / (k! (a + k)), k > 0."""
    t17 = small_term(small_term(small_term(small_term(0.0, a, x, 20.0), a, x, 19.0), a, x, 18.0), a, x, 17.0)
    t13 = small_term(small_term(small_term(small_term(t17, a, x, 16.0), a, x, 15.0), a, x, 14.0), a, x, 13.0)
    t9 = small_term(small_term(small_term(small_term(t13, a, x, 12.0), a, x, 11.0), a, x, 10.0), a, x, 9.0)
    t5 = small_term(small_term(small_term(small_term(t9, a, x, 8.0), a, x, 7.0), a, x, 6.0), a, x, 5.0)
    t1 = small_term(small_term(small_term(small_term(t5, a, x, 4.0), a, x, 3.0), a, x, 2.0), a, x, 1.0)
    y = pow(x, a) * gamma_inverse_series(2.0 * a - 1.0)
    log_y = a * (log(x) - (1.0 - a) * log_gamma_series(6.0 * a / (a + 2.0) - 1.0))
    return a * (x * t1) * y - expm1(log_y)


def lower_rarely(a: float, x: float) -> float:
    """P(a, x) by the series."""
    return gamma_prefactor(a, x, lower_series(a, x))


def upper_rarely(a: float, x: float) -> float:
    """Q(a, x) by the continued fraction."""
    return gamma_prefactor(a, x, a * upper_fraction(a, x))


def uniform_rarely(a: float, x: float) -> float:
    """P(a, x) for x < a, else Q(a, x); a >= 64, |x - a| < 0.4 a (DLMF 8.12.3, 8.12.4)."""
    side = if_less(x, a, -1.0, 1.0)
    f = (x - a) / a
    e = excess_over_log(f, x / a)
    h = math.copysign(np.sqrt(2.0 * e), f)
    rest = exp_times(-a * e, 0.3989422804014327 * temme_series(h, 1.0 / a) / np.sqrt(a))
    return 0.5 * erfc(side * h * np.sqrt(0.5 * a)) + side * rest


def turning_point(a: float) -> float:
    """P(a, x) is computed for x below it, Q(a, x) above."""
    return if_less(a, 1.2, 1.2, a)


def smaller_part(a: float, x: float) -> float:
    """P(a, x) for x below the turning point, else Q(a, x)."""
    near = if_less(63.999, a, if_less(abs(x - a), 0.4 * a, 1.0, 0.0), 0.0)
    p = lower_rarely(a, x) if x < turning_point(a) and near == 0.0 else 0.0
    q = upper_rarely(a, x) if x >= turning_point(a) and near == 0.0 else p
    return uniform_rarely(a, x) if near == 1.0 else q


def gamma_special(a: float, x: float, value: float, start: float, end: float) -> float:
    """The value where it is one, at the ends start and end, and nan for a or x below 0 and where both are 0 or infinite."""
    inside = value if x > 0.0 and x < math.inf and a > 0.0 and a < math.inf else math.nan
    at_a = end if a == 0.0 and x > 0.0 else (start if a == math.inf and x >= 0.0 and x < math.inf else inside)
    return end if x == math.inf and a >= 0.0 and a < math.inf else (start if x == 0.0 and a > 0.0 else at_a)


def gammainc(a: float, x: float) -> float:
    """P(a, x).  Within 4.8 ulp; 5.5 in float32; times 2 + |log P(a, x)|; nan below 0, and where both are 0 or infinite."""
    part = smaller_part(a, x)
    return gamma_special(a, x, if_less(x, turning_point(a), part, 1.0 - part), 0.0, 1.0)


def gammaincc(a: float, x: float) -> float:
    """Q(a, x).  Within 5.8 ulp; 5.0 in float32; times 2 + |log Q(a, x)|; nan below 0, and where both are 0 or infinite."""
    part = smaller_part(a, x)
    left = upper_of_small_rarely(a, x) if a < 1.0 and x < 1.2 else 1.0 - part
    return gamma_special(a, x, if_less(x, turning_point(a), left, part), 1.0, 0.0)


def gamma_density(a: float, x: float) -> float:
    """x^(a - 1) e^-x / gamma(a).  Within 5.0 ulp; 5.0 in float32; times 2 + its |log|; for a > 0 and x >= 0, else nan."""
    start = math.inf if a < 1.0 else (1.0 if a == 1.0 else 0.0)
    value = gamma_prefactor(a, x, a / x)
    inside = value if x > 0.0 and a > 0.0 else (start if x == 0.0 and a > 0.0 else math.nan)
    return 0.0 if x == math.inf and a > 0.0 else inside
