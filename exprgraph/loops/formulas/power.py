"""Powers and roots."""

# ruff: noqa: A001
from __future__ import annotations

import math

import numpy as np

from .double import (
    counted,
    cube_root_unscaled,
    head,
    log_exponent,
    log_mantissa,
    log_scaled,
    log_two_high,
    log_two_low,
    log_unscaled,
    pow_series,
    rounded,
    square_scale,
    square_unscale,
    two_thirds_low,
    two_to,
    two_to_rest,
)
from .exponential import exp_clamp, exp_rest_of_sum, exp_turns, half_turns, separate_product


def pow_magnitude(a: float, b: float) -> float:
    """|a|^b for finite |a| > 0; exp(b log|a|), the logarithm and the product to a dozen bits more than a float has.

    log(m) = 2s + s^3 (2/3 + P(s^2)), s = (m - 1) / (m + 1), in pairs of floats whose heads multiply exactly.
    """
    y = log_scaled(abs(a))
    k = log_unscaled(abs(a), log_exponent(y))
    f = log_mantissa(y) - 1.0
    d = 2.0 + f
    s = f / d
    sh = head(s)
    dh = head(d)
    sl = ((f - sh * dh) - sh * (f - (dh - 2.0))) / d
    z = s * s
    p = z * pow_series(z)
    c = 0.6666666666666666 + p
    cl = ((0.6666666666666666 - c) + p) + two_thirds_low()
    zh = sh * sh
    zl = sl * (sh + s)
    zt = head(zh)
    cube = sh * zt
    cube_low = sh * ((zh - zt) + zl) + sl * (zh + zl)
    cube_top = head(cube)
    ch = head(c)
    th = cube_top * ch
    tl = ((cube - cube_top) + cube_low) * c + cube_top * ((c - ch) + cl)
    kh = log_two_high(k)
    g = kh + 2.0 * sh
    g_low = (kh - g) + 2.0 * sh
    h = g + th
    h_low = (g - h) + th
    low = g_low + (h_low + (2.0 * sl + (tl + log_two_low(k))))
    log_high = h + low
    log_low = (h - log_high) + low
    log_top = head(log_high)
    e = -1.0e25 if b < -1.0e25 else (1.0e25 if b > 1.0e25 else b)
    eh = head(e)
    product_top = eh * log_top
    product_rest = (e - eh) * log_top + e * ((log_high - log_top) + log_low)
    return exp_of_pair(product_top, product_rest)


def exp_of_pair(high: float, low: float) -> float:
    """e^(high + low), for a low that is smaller than high."""
    product = high + low
    x = exp_clamp(product)
    turns = exp_turns(x)
    half = half_turns(turns)
    lost = (high - product) + low
    x_low = lost if x == product else 0.0
    return separate_product((1.0 + exp_rest_of_sum(x, x_low, turns)) * two_to(half), two_to_rest(turns, half))


def pow(a: float, b: float) -> float:
    """a^b.  Within 1.5 ulp; 1.1 in float32; everywhere, underflowing gradually, with C's special cases.

    exp(b log|a|), negative for an odd b of a negative a.
    """
    at_zero = math.inf if b < 0.0 else 0.0
    at_infinity = 0.0 if b < 0.0 else math.inf
    m = pow_magnitude(a, b)
    r = at_zero if a == 0.0 else (at_infinity if abs(a) == math.inf else (a if a != a else m))
    signed = -r if math.copysign(1.0, a) < 0.0 and np.floor(b) == b and np.floor(0.5 * b) != 0.5 * b else r
    v = math.nan if a < 0.0 and a > -math.inf and np.floor(b) != b else (b if b != b else signed)
    return 1.0 if b == 0.0 or a == 1.0 else v


def cbrt(x: float) -> float:
    """The real cube root.  Within 0.9 ulp; 0.9 in float32; everywhere, subnormals included; -0.0 at -0.0.

    One step of Halley's iteration from a polynomial with 20 correct bits.
    """
    a = abs(x)
    y = log_scaled(a)
    k = log_exponent(y)
    m = log_mantissa(y)
    turns = rounded(k * 0.3333333333333333)
    j = k - 3.0 * counted(turns)
    n = m * (2.0 if j > 0.5 else (0.5 if j < -0.5 else 1.0))
    t = (
        head((((((0.02556886509623392 * m - 0.172203789179459) * m + 0.495579009529439) * m - 0.8202036379731882) * m +
        1.0479569792210082) * m + 0.4233019537513749) * (1.2599210498948732 if j > 0.5 else (0.7937005259840998 if j <
        -0.5 else 1.0)))
    )
    c = t * t * t
    r = t + t * ((n - c) / (2.0 * c + n))
    return math.copysign(r * (two_to(turns) * cube_root_unscaled(a)), x) if a > 0.0 and a < math.inf else x


def hypot(a: float, b: float) -> float:
    """sqrt(a^2 + b^2).  Within 1.3 ulp; 1.3 in float32; everywhere; infinite if either is, even beside nan.

    Both are scaled by a power of 2 where a square would over- or underflow.
    """
    p = abs(a)
    q = abs(b)
    u = p * square_scale(p, q)
    v = q * square_scale(p, q)
    r = np.sqrt(u * u + v * v) * square_unscale(p, q)
    return math.inf if p == math.inf or q == math.inf else r


def direction(a: float, b: float) -> float:
    """a / sqrt(a^2 + b^2).  Within 2.5 ulp; 2.6 in float32; everywhere; 0 where both are, nan where both are infinite."""
    p = abs(a)
    q = abs(b)
    u = a * square_scale(p, q)
    v = b * square_scale(p, q)
    r = np.sqrt(u * u + v * v)
    t = u / (1.0 if r == 0.0 else r)
    return math.copysign(1.0, a) if p == math.inf and q < math.inf else t
