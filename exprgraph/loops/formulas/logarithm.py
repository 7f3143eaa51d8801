"""Logarithms and inverse hyperbolic functions."""

from __future__ import annotations

import math

import numpy as np

from .double import (
    head,
    log2_e_high,
    log2_e_low,
    log10_e_high,
    log10_e_low,
    log10_two_high,
    log10_two_low,
    log_exponent,
    log_inverse_power,
    log_mantissa,
    log_scaled,
    log_series,
    log_two_high,
    log_two_low,
    log_unscaled,
    square_is_large,
)


def log_near_one(f: float, low: float) -> float:
    """log(1 + f) + low, -0.3 < f < 0.42; f - (f^2/2 - s (f^2/2 + R(s^2))), s = f / (2 + f)."""
    s = f / (2.0 + f)
    z = s * s
    h = 0.5 * f * f
    return f - (h - (s * (h + z * log_series(z)) + low))


def log_correction(f: float) -> float:
    """log(1 + f) - f + f^2/2, -0.3 < f < 0.42; s (f^2/2 + R(s^2)), s = f / (2 + f)."""
    s = f / (2.0 + f)
    z = s * s
    return s * (z * log_series(z) + 0.5 * f * f)


def log_special(x: float, r: float) -> float:
    """r where a logarithm is finite, else -inf at 0, nan below, and inf and nan as they came."""
    special = -math.inf if x == 0.0 else (math.nan if x < 0.0 else x)
    return r if x > 0.0 and x < math.inf else special


def log(x: float) -> float:
    """Within 1.0 ulp; 1.0 in float32; everywhere, subnormals included; -inf at 0, nan below.

    k log 2 + log(m), x = 2^k m, sqrt(1/2) <= m < sqrt(2).
    """
    y = log_scaled(x)
    k = log_unscaled(x, log_exponent(y))
    r = log_two_high(k) + log_near_one(log_mantissa(y) - 1.0, log_two_low(k))
    return log_special(x, r)


def log1p(x: float) -> float:
    """log(1 + x).  Within 1.5 ulp; 1.5 in float32; everywhere; -0.0 at -0.0, -inf at -1, nan below.

    k log 2 + log(1 + f), 1 + x = 2^k (1 + f), f with the rounding error of 1 + x put back.
    """
    u = 1.0 + x
    b = u - x
    lost = (1.0 - b) + (x - (u - b))
    k = log_exponent(u)
    f = (log_mantissa(u) - 1.0) + (lost * log_inverse_power(u) if x < 1.0e17 else 0.0)
    r = log_two_high(k) + log_near_one(f, log_two_low(k))
    special = -math.inf if x == -1.0 else (math.nan if x < -1.0 else x)
    return r if x > -1.0 and x < math.inf and x != 0.0 else special


def xlogy(x: float, y: float) -> float:
    """x log(y).  Within 1.9 ulp; 1.9 in float32; everywhere; 0 where x is 0 and y a number."""
    return 0.0 if x == 0.0 and y == y else x * log(y)


def log2(x: float) -> float:
    """Within 1.0 ulp; 1.0 in float32; everywhere, subnormals included; exact at powers of 2; -inf at 0, nan below.

    k + log(m) log2(e), log(m) and log2(e) in two parts each.
    """
    y = log_scaled(x)
    k = log_unscaled(x, log_exponent(y))
    f = log_mantissa(y) - 1.0
    h = 0.5 * f * f
    top = head(f - h)
    low = ((f - top) - h) + log_correction(f)
    v = log2_e_high(top)
    w = k + v
    r = w + (((k - w) + v) + (low * 1.4426950408889634 + log2_e_low(top)))
    return log_special(x, r)


def log10(x: float) -> float:
    """Within 0.9 ulp; 0.9 in float32; everywhere, subnormals included; -inf at 0, nan below.

    k log10(2) + log(m) log10(e), the three factors that are not integer in two parts each.
    """
    y = log_scaled(x)
    k = log_unscaled(x, log_exponent(y))
    f = log_mantissa(y) - 1.0
    h = 0.5 * f * f
    top = head(f - h)
    low = ((f - top) - h) + log_correction(f)
    v = log10_e_high(top)
    u = log10_two_high(k)
    w = u + v
    rest = log10_two_low(k) + (low * 0.4342944819032518 + log10_e_low(top))
    return log_special(x, w + (((u - w) + v) + rest))


def asinh(x: float) -> float:
    """Within 1.9 ulp; 1.9 in float32; everywhere; -0.0 at -0.0.

    log1p(a + a^2 / (1 + sqrt(1 + a^2))), a = |x|; log(a) + log 2 for large a.
    """
    a = abs(x)
    c = a if a < square_is_large() else 1.0
    t = c + c * c / (1.0 + np.sqrt(1.0 + c * c))
    far = 0.0 if a < square_is_large() else 0.6931471805599453
    return math.copysign(log1p(t if a < square_is_large() else a) + far, x)


def acosh(x: float) -> float:
    """Within 2.8 ulp; 2.5 in float32; for x >= 1, nan below.

    log1p(t + sqrt(2t + t^2)), t = x - 1; log(x) + log 2 for large x.
    """
    t = x - 1.0
    near = t + np.sqrt(t * (2.0 + t))
    s = near if x < square_is_large() else x
    valid = math.nan if x < 1.0 else s
    return log1p(valid) + (0.0 if x < square_is_large() else 0.6931471805599453)


def acosh_prime(x: float) -> float:
    """1 / sqrt(x^2 - 1).  Within 3.4 ulp; 3.4 in float32; for x >= 1, nan below; infinite at 1."""
    return 1.0 / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0))


def coth_acosh(x: float) -> float:
    """x / sqrt(x^2 - 1).  Within 3.3 ulp; 3.2 in float32; for x >= 1, nan below; infinite at 1, and 1 at infinity."""
    q = x / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0))
    return 1.0 if x == math.inf else q


def atanh(x: float) -> float:
    """Within 2.2 ulp; 2.2 in float32; for |x| <= 1, nan beyond, infinite at 1 and -1; -0.0 at -0.0.

    log1p(2a / (1 - a)) / 2, a = |x|.
    """
    a = abs(x)
    t = 2.0 * a / (1.0 if a == 1.0 else 1.0 - a)
    return math.copysign(0.5 * log1p(math.inf if a == 1.0 else t), x)
