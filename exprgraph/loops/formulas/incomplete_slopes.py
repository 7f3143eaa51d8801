"""The derivatives of the incomplete gamma functions by a.

Each chain of the values has one of its derivatives beside it: of the series, of the continued fraction, of Temme's expansion.
"""

from __future__ import annotations

import math

import numpy as np

from .bessel import exp_times
from .exponential import if_less
from .gamma import digamma
from .incomplete_double import temme_by_h, temme_by_s, temme_series
from .incomplete_gamma import excess_over_log, gamma_prefactor, turning_point, two_fractions, two_terms
from .logarithm import log


def slope_of_terms(d: float, s: float, a: float, x: float, k: float) -> float:
    """The derivative by a of two_terms(s, a, x, k), d that of s."""
    u = 1.0 / (a + (k + 1.0))
    v = 1.0 / (a + k)
    first = 1.0 + x * u * s
    return x * v * (x * u * (d - u * s) - v * first)


def slope_of_fractions(e: float, r: float, a: float, x: float, k: float) -> float:
    """The derivative by a of two_fractions(r, a, x, k), e that of r."""
    b = (x - a) + 2.0 * k
    g = b + 3.0 + r
    inner = (k + 1.0) * (a - (k + 1.0)) / g
    e1 = ((k + 1.0) + inner * (1.0 - e)) / g
    h = b + 1.0 + inner
    return (k + k * (a - k) / h * (1.0 - e1)) / h


def four_terms(s: float, a: float, x: float, k: float) -> float:
    """The terms k to k + 3 of the series before the rest s."""
    return two_terms(two_terms(s, a, x, k + 2.0), a, x, k)


def slope_of_four_terms(d: float, s: float, a: float, x: float, k: float) -> float:
    """The derivative by a of four_terms(s, a, x, k), d that of s."""
    return slope_of_terms(slope_of_terms(d, s, a, x, k + 2.0), two_terms(s, a, x, k + 2.0), a, x, k)


def four_fractions(r: float, a: float, x: float, k: float) -> float:
    """The partial fractions k to k + 3 before the rest r."""
    return two_fractions(two_fractions(r, a, x, k + 2.0), a, x, k)


def slope_of_four_fractions(e: float, r: float, a: float, x: float, k: float) -> float:
    """The derivative by a of four_fractions(r, a, x, k), e that of r."""
    return slope_of_fractions(slope_of_fractions(e, r, a, x, k + 2.0), two_fractions(r, a, x, k + 2.0), a, x, k)


def lower_by_a_rarely(a: float, x: float) -> float:
    """The derivative of P(a, x) by a, by the series."""
    d81 = slope_of_four_terms(0.0, 1.0, a, x, 81.0)
    s81 = four_terms(1.0, a, x, 81.0)
    d77 = slope_of_four_terms(d81, s81, a, x, 77.0)
    s77 = four_terms(s81, a, x, 77.0)
    d73 = slope_of_four_terms(d77, s77, a, x, 73.0)
    s73 = four_terms(s77, a, x, 73.0)
    d69 = slope_of_four_terms(d73, s73, a, x, 69.0)
    s69 = four_terms(s73, a, x, 69.0)
    d65 = slope_of_four_terms(d69, s69, a, x, 65.0)
    s65 = four_terms(s69, a, x, 65.0)
    d61 = slope_of_four_terms(d65, s65, a, x, 61.0)
    s61 = four_terms(s65, a, x, 61.0)
    d57 = slope_of_four_terms(d61, s61, a, x, 57.0)
    s57 = four_terms(s61, a, x, 57.0)
    d53 = slope_of_four_terms(d57, s57, a, x, 53.0)
    s53 = four_terms(s57, a, x, 53.0)
    d49 = slope_of_four_terms(d53, s53, a, x, 49.0)
    s49 = four_terms(s53, a, x, 49.0)
    d45 = slope_of_four_terms(d49, s49, a, x, 45.0)
    s45 = four_terms(s49, a, x, 45.0)
    d41 = slope_of_four_terms(d45, s45, a, x, 41.0)
    s41 = four_terms(s45, a, x, 41.0)
    d37 = slope_of_four_terms(d41, s41, a, x, 37.0)
    s37 = four_terms(s41, a, x, 37.0)
    d33 = slope_of_four_terms(d37, s37, a, x, 33.0)
    s33 = four_terms(s37, a, x, 33.0)
    d29 = slope_of_four_terms(d33, s33, a, x, 29.0)
    s29 = four_terms(s33, a, x, 29.0)
    d25 = slope_of_four_terms(d29, s29, a, x, 25.0)
    s25 = four_terms(s29, a, x, 25.0)
    d21 = slope_of_four_terms(d25, s25, a, x, 21.0)
    s21 = four_terms(s25, a, x, 21.0)
    d17 = slope_of_four_terms(d21, s21, a, x, 17.0)
    s17 = four_terms(s21, a, x, 17.0)
    d13 = slope_of_four_terms(d17, s17, a, x, 13.0)
    s13 = four_terms(s17, a, x, 13.0)
    d9 = slope_of_four_terms(d13, s13, a, x, 9.0)
    s9 = four_terms(s13, a, x, 9.0)
    d5 = slope_of_four_terms(d9, s9, a, x, 5.0)
    s5 = four_terms(s9, a, x, 5.0)
    d1 = slope_of_four_terms(d5, s5, a, x, 1.0)
    s1 = four_terms(s5, a, x, 1.0)
    return gamma_prefactor(a, x, (log(x) - digamma(a + 1.0)) * s1 + d1)


def upper_by_a_rarely(a: float, x: float) -> float:
    """The derivative of Q(a, x) by a, by the continued fraction."""
    d81 = slope_of_four_fractions(0.0, 0.0, a, x, 81.0)
    s81 = four_fractions(0.0, a, x, 81.0)
    d77 = slope_of_four_fractions(d81, s81, a, x, 77.0)
    s77 = four_fractions(s81, a, x, 77.0)
    d73 = slope_of_four_fractions(d77, s77, a, x, 73.0)
    s73 = four_fractions(s77, a, x, 73.0)
    d69 = slope_of_four_fractions(d73, s73, a, x, 69.0)
    s69 = four_fractions(s73, a, x, 69.0)
    d65 = slope_of_four_fractions(d69, s69, a, x, 65.0)
    s65 = four_fractions(s69, a, x, 65.0)
    d61 = slope_of_four_fractions(d65, s65, a, x, 61.0)
    s61 = four_fractions(s65, a, x, 61.0)
    d57 = slope_of_four_fractions(d61, s61, a, x, 57.0)
    s57 = four_fractions(s61, a, x, 57.0)
    d53 = slope_of_four_fractions(d57, s57, a, x, 53.0)
    s53 = four_fractions(s57, a, x, 53.0)
    d49 = slope_of_four_fractions(d53, s53, a, x, 49.0)
    s49 = four_fractions(s53, a, x, 49.0)
    d45 = slope_of_four_fractions(d49, s49, a, x, 45.0)
    s45 = four_fractions(s49, a, x, 45.0)
    d41 = slope_of_four_fractions(d45, s45, a, x, 41.0)
    s41 = four_fractions(s45, a, x, 41.0)
    d37 = slope_of_four_fractions(d41, s41, a, x, 37.0)
    s37 = four_fractions(s41, a, x, 37.0)
    d33 = slope_of_four_fractions(d37, s37, a, x, 33.0)
    s33 = four_fractions(s37, a, x, 33.0)
    d29 = slope_of_four_fractions(d33, s33, a, x, 29.0)
    s29 = four_fractions(s33, a, x, 29.0)
    d25 = slope_of_four_fractions(d29, s29, a, x, 25.0)
    s25 = four_fractions(s29, a, x, 25.0)
    d21 = slope_of_four_fractions(d25, s25, a, x, 21.0)
    s21 = four_fractions(s25, a, x, 21.0)
    d17 = slope_of_four_fractions(d21, s21, a, x, 17.0)
    s17 = four_fractions(s21, a, x, 17.0)
    d13 = slope_of_four_fractions(d17, s17, a, x, 13.0)
    s13 = four_fractions(s17, a, x, 13.0)
    d9 = slope_of_four_fractions(d13, s13, a, x, 9.0)
    s9 = four_fractions(s13, a, x, 9.0)
    d5 = slope_of_four_fractions(d9, s9, a, x, 5.0)
    s5 = four_fractions(s9, a, x, 5.0)
    d1 = slope_of_four_fractions(d5, s5, a, x, 1.0)
    s1 = four_fractions(s5, a, x, 1.0)
    f = 1.0 / ((x - a) + 1.0 + s1)
    return gamma_prefactor(a, x, a * (f * ((log(x) - digamma(a)) + f * (1.0 - d1))))


def uniform_by_a_rarely(a: float, x: float) -> float:
    """The derivative of Q(a, x) by a, a >= 64, |x - a| < 0.4 a; of erfc(h (a/2)^(1/2))/2 and of Temme's series, h' = -f/(a h)."""
    f = (x - a) / a
    y = x / a
    e = excess_over_log(f, y)
    h = math.copysign(np.sqrt(2.0 * e), f)
    s = 1.0 / a
    ratio = 1.0 + f * 0.3333333333333333 if abs(f) < 1e-8 else f / h
    series = temme_series(h, s) * (log(y) - 0.5 * s) - s * (temme_by_h(h, s) * ratio + temme_by_s(h, s) * s)
    return exp_times(-a * e, 0.3989422804014327 * (series + (ratio - 0.5 * h)) / np.sqrt(a))


def gammaincc_by_a(a: float, x: float) -> float:
    """The derivative of Q(a, x) by a.  Within 7.0 ulp; 7.0 in float32; times 2 + its |log|; for a > 0 and x >= 0, else nan."""
    near = if_less(63.999, a, if_less(abs(x - a), 0.4 * a, 1.0, 0.0), 0.0)
    low = lower_by_a_rarely(a, x) if x < turning_point(a) and near == 0.0 else 0.0
    q = upper_by_a_rarely(a, x) if x >= turning_point(a) and near == 0.0 else -low
    value = uniform_by_a_rarely(a, x) if near == 1.0 else q
    inside = value if x > 0.0 and x < math.inf else (0.0 if x == 0.0 or x == math.inf else math.nan)
    return inside if a > 0.0 and a < math.inf else math.nan
