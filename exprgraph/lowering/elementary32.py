"""Elementary functions of float32 that vectorise: the twins of those in elementary.py.

The same subset of Python and the same formulas; floats are float32, literals too, and integers int32.
The interpreter computes them only where literals are made float32, as the tests do.
"""

# ruff: noqa: A001
# mypy: disable-error-code="no-any-return, return-value"
from __future__ import annotations

import math

import numpy as np


def bits(x: float) -> int:
    """The bits of a float, as an integer."""
    return np.float32(x).view(np.int32)


def from_bits(i: int) -> float:
    """The float that has these bits."""
    return np.int32(i).view(np.float32)


def if_less(a: float, b: float, yes: float, no: float) -> float:
    """One of two values that have both been computed."""
    return yes if a < b else no


def exp_turns(x: float) -> float:
    """x / log 2 to the nearest integer, as a sum whose low bits hold it."""
    return x * 1.4426950408889634 + 12582912.0


def exp_rest(x: float, turns: float) -> float:
    """exp(r) - 1 of the rest r = x - k log 2, |r| <= log(2)/2; r + r^2 P(r)."""
    k = turns - 12582912.0
    r = (x - k * 0.693115234375) - k * 3.1946184945309415e-05
    return r + r * r * (((((0.00019891003 * r + 0.001393366) * r + 0.0083333105) * r + 0.041666463) * r + 0.16666667) * r + 0.5)


def half_turns(turns: float) -> float:
    """Half of an integer k, rounded: 2^k is reached in two steps, so that neither over- nor underflows early."""
    return (turns - 12582912.0) * 0.5 + 12582912.0


def two_to(turns: float) -> float:
    """2^k, -127 < k < 128."""
    return from_bits((bits(turns) << 23) + 0x3F800000)


def two_to_rest(turns: float, half: float) -> float:
    """2^(k - h), what is left of 2^k after 2^h."""
    return from_bits(((bits(turns) - bits(half)) << 23) + 0x3F800000)


def exp_clamp(x: float) -> float:
    """x where exp(x) and x exp(x) are neither 0 nor infinite, else a bound outside which they are."""
    low = -110.0 if x < -110.0 else x
    return 89.5 if low > 89.5 else low


def exp(x: float) -> float:
    """e^x.  Within 1.1 ulp everywhere, underflowing gradually.

    2^k (1 + expm1(r)), x = k log 2 + r.
    """
    c = exp_clamp(x)
    turns = exp_turns(c)
    half = half_turns(turns)
    return (1.0 + exp_rest(c, turns)) * two_to(half) * two_to_rest(turns, half)


def tanh_argument(x: float) -> float:
    """-2|x|, no less than -110."""
    a = -2.0 * abs(x)
    return -110.0 if a < -110.0 else a


def tanh(x: float) -> float:
    """Within 2.6 ulp everywhere; -0.0 at -0.0.

    -m / (2 + m), m = expm1(-2|x|); further out 1 - 2 (1 + m) / (2 + m).
    """
    a = tanh_argument(x)
    turns = exp_turns(a)
    half = half_turns(turns)
    s = two_to(half) * two_to_rest(turns, half)
    p = s * exp_rest(a, turns)
    m = p + (s - 1.0)
    q = (2.0 * (s + p) if a < -1.1 else m) / (2.0 + m)
    return math.copysign((1.0 if a < -1.1 else 0.0) - q, x)


def tanh_prime(x: float) -> float:
    """1 - tanh(x)^2 = sech(x)^2.  Within 2.2 ulp everywhere, underflowing gradually.

    4e / (1 + 2e + e^2), e = exp(-2|x|).
    """
    a = tanh_argument(x)
    turns = exp_turns(a)
    half = half_turns(turns)
    u = (1.0 + exp_rest(a, turns)) * two_to(half)
    v = two_to_rest(turns, half)
    e = u * v
    return 4.0 * u / (1.0 + e * (2.0 + e)) * v


def sigmoid_argument(x: float) -> float:
    """-|x|, no less than -110."""
    a = -abs(x)
    return -110.0 if a < -110.0 else a


def sigmoid(x: float) -> float:
    """1 / (1 + e^-x).  Within 2.1 ulp everywhere, underflowing gradually.

    1 / (1 + e) or e / (1 + e), e = exp(-|x|).
    """
    a = sigmoid_argument(x)
    turns = exp_turns(a)
    half = half_turns(turns)
    e = (1.0 + exp_rest(a, turns)) * two_to(half) * two_to_rest(turns, half)
    return (e if x < 0.0 else 1.0) / (1.0 + e)


def sigmoid_prime(x: float) -> float:
    """The derivative of sigmoid.  Within 2.2 ulp everywhere, underflowing gradually.

    e / (1 + 2e + e^2), e = exp(-|x|).
    """
    a = sigmoid_argument(x)
    turns = exp_turns(a)
    half = half_turns(turns)
    e = (1.0 + exp_rest(a, turns)) * two_to(half) * two_to_rest(turns, half)
    return e / (1.0 + e * (2.0 + e))


def log_near_one(f: float, low: float) -> float:
    """log(1 + f) + low, -0.3 < f < 0.42; f - (f^2/2 - s (f^2/2 + R(s^2))), s = f / (2 + f)."""
    s = f / (2.0 + f)
    z = s * s
    h = 0.5 * f * f
    return f - (h - (s * (h + z * ((0.295804 * z + 0.3998877) * z + 0.66666687)) + low))


def softplus(x: float) -> float:
    """log(1 + e^x).  Within 1.8 ulp everywhere, underflowing gradually.

    max(x, 0) + log1p(e), e = exp(-|x|); log1p(e) = log 2 + log(1 + (e - 1)/2) for large e.
    """
    a = sigmoid_argument(x)
    turns = exp_turns(a)
    half = half_turns(turns)
    e = (1.0 + exp_rest(a, turns)) * two_to(half) * two_to_rest(turns, half)
    f = 0.5 * (e - 1.0) if e > 0.4142 else e
    high = 0.6931471805599453 if e > 0.4142 else 0.0
    return (0.0 if x < 0.0 else x) + (high + log_near_one(f, 0.0))


def log_scaled(x: float) -> float:
    """x, or 2^24 x if x is subnormal."""
    return x * 16777216.0 if x < 1.1754943508222875e-38 else x


def log_exponent(y: float) -> float:
    """The integer k of y = 2^k m, sqrt(1/2) <= m < sqrt(2), for normal y > 0."""
    i = (bits(y) + 0x4AFB0D) & 0x7F800000
    return from_bits((i >> 23) | 0x4B000000) - 8388735.0


def log_mantissa(y: float) -> float:
    """The m of y = 2^k m, sqrt(1/2) <= m < sqrt(2), for normal y > 0."""
    i = (bits(y) + 0x4AFB0D) & 0x7FFFFF
    return from_bits(i + 0x3F3504F3)


def log_special(x: float, r: float) -> float:
    """r where a logarithm is finite, else -inf at 0, nan below, and inf and nan as they came."""
    special = -math.inf if x == 0.0 else (math.nan if x < 0.0 else x)
    return r if x > 0.0 and x < math.inf else special


def log(x: float) -> float:
    """Within 0.9 ulp everywhere, subnormals included; -inf at 0, nan below.

    k log 2 + log(m), x = 2^k m, sqrt(1/2) <= m < sqrt(2).
    """
    y = log_scaled(x)
    n = log_exponent(y)
    k = n - 24.0 if x < 1.1754943508222875e-38 else n
    r = k * 0.693115234375 + log_near_one(log_mantissa(y) - 1.0, k * 3.1946184945309415e-05)
    return log_special(x, r)


def quarter_turns(x: float) -> float:
    """x / (pi/2) to the nearest integer, as a sum whose low bits hold it."""
    return x * 0.6366197723675814 + 12582912.0


def quarter_rest(x: float, turns: float) -> float:
    """x - k pi/2, to full relative accuracy for |x| <= 6000.

    The first three parts of pi/2 end at its bits 11, 23 and 35: k times each is exact, and so are the
    first two differences; w is the error of the third.
    """
    k = turns - 12582912.0
    p = k * 7.549533620476723e-08
    a = (x - k * 1.5703125) - k * 0.0004837512969970703
    b = a - p
    w = (a - b) - p
    return b - (k * 2.5633440682570896e-12 - w)


def sin_near_zero(r: float) -> float:
    """sin(r), |r| <= pi/4; r + r^3 P(r^2)."""
    z = r * r
    return r + r * z * ((-0.0001958783 * z + 0.008332748) * z - 0.16666664)


def cos_near_zero(r: float) -> float:
    """cos(r), |r| <= pi/4; 1 - r^2/2 + r^4 P(r^2)."""
    z = r * r
    return 1.0 - (0.5 * z - z * z * ((2.454788e-05 * z - 0.0013888302) * z + 0.041666664))


def sin(x: float) -> float:
    """Within 1.5 ulp for |x| <= 6000, beyond that the C library's; nan at infinity; -0.0 at -0.0.

    sin or cos of x - k pi/2, with the sign of the quadrant k.
    """
    turns = quarter_turns(x)
    r = quarter_rest(x, turns)
    s = sin_near_zero(r)
    c = cos_near_zero(r)
    v = s if (bits(turns) & 1) == 0 else c
    turned = from_bits(bits(v) ^ ((bits(turns) & 2) << 30))
    near = x if x == 0.0 else turned
    return math.sin(x) if abs(x) > 6000.0 and abs(x) < math.inf else near


def cos(x: float) -> float:
    """Within 1.5 ulp for |x| <= 6000, beyond that the C library's; nan at infinity.

    cos or sin of x - k pi/2, with the sign of the quadrant k.
    """
    turns = quarter_turns(x)
    r = quarter_rest(x, turns)
    s = sin_near_zero(r)
    c = cos_near_zero(r)
    v = c if (bits(turns) & 1) == 0 else s
    near = from_bits(bits(v) ^ (((bits(turns) + 1) & 2) << 30))
    return math.cos(x) if abs(x) > 6000.0 and abs(x) < math.inf else near


def expm1(x: float) -> float:
    """e^x - 1.  Within 2.2 ulp everywhere; -0.0 at -0.0.

    2^k (expm1(r) + (1 - 2^-k)), x = k log 2 + r.
    """
    low = -20.0 if x < -20.0 else x
    c = 89.5 if low > 89.5 else low
    turns = exp_turns(c)
    half = half_turns(turns)
    inverse = from_bits(0x3F800000 - (bits(turns) << 23))
    w = 0.0 if c > 30.0 else inverse
    q = exp_rest(c, turns)
    r = (q + (1.0 - w)) * two_to(half) * two_to_rest(turns, half)
    return x if x == 0.0 else r


def log1p(x: float) -> float:
    """log(1 + x).  Within 1.5 ulp everywhere; -0.0 at -0.0, -inf at -1, nan below.

    k log 2 + log(1 + f), 1 + x = 2^k (1 + f), f with the rounding error of 1 + x put back.
    """
    u = 1.0 + x
    b = u - x
    lost = (1.0 - b) + (x - (u - b))
    k = log_exponent(u)
    scale = from_bits(0x7F000000 - ((bits(u) + 0x4AFB0D) & 0x7F800000))
    f = (log_mantissa(u) - 1.0) + (lost * scale if x < 1.0e9 else 0.0)
    r = k * 0.693115234375 + log_near_one(f, k * 3.1946184945309415e-05)
    special = -math.inf if x == -1.0 else (math.nan if x < -1.0 else x)
    return r if x > -1.0 and x < math.inf and x != 0.0 else special


def silu(x: float) -> float:
    """x sigmoid(x).  Within 2.8 ulp everywhere, underflowing gradually; -0.0 at -inf and -0.0.

    x / (1 + e) or x e / (1 + e), e = exp(-|x|).
    """
    a = sigmoid_argument(x)
    turns = exp_turns(a)
    half = half_turns(turns)
    u = (1.0 + exp_rest(a, turns)) * two_to(half)
    v = two_to_rest(turns, half)
    e = u * v
    return (a * u if x < 0.0 else x) / (1.0 + e) * (v if x < 0.0 else 1.0)


def head(x: float) -> float:
    """x cut to 12 bits, so that a product of two heads is exact."""
    return from_bits(bits(x) - (bits(x) & 0xFFF))


def exp_rest_of_sum(x: float, low: float, turns: float) -> float:
    """exp(r) - 1 of the rest r = x + low - k log 2, for a low much smaller than x."""
    k = turns - 12582912.0
    r = (x - k * 0.693115234375) + (low - k * 3.1946184945309415e-05)
    return r + r * r * (((((0.00019891003 * r + 0.001393366) * r + 0.0083333105) * r + 0.041666463) * r + 0.16666667) * r + 0.5)


def erf_ratio(z: float) -> float:
    """erf(y) / y - 1, z = y^2 <= 1."""
    return (
        (((((7.875546e-05 * z - 0.00080167735) * z + 0.005189078) * z - 0.026854208) * z + 0.11283594) * z - 0.37612626) *
        z + 0.12837917
    )


def erfcx_series(q: float) -> float:
    """The P of erfcx_large, |q| < 0.84."""
    q2 = q * q
    return (
        0.4898422 + q * ((((-0.0005573839 * q2 + 0.004579911) * q2 - 0.032143455) * q2 - 0.31480974) + q *
        (((3.2452223e-05 * q2 - 0.000197046) * q2 - 0.003788155) * q2 + 0.13910468))
    )


def erfcx_large(y: float) -> float:
    """exp(y^2) erfc(y), 0.49 < y < 11; (1 / sqrt(pi) + p P(1 - p)) / (y + 5/2), p = 5 / (y + 5/2), and the
    rounding error of y + 5/2 times the derivative 2 y erfcx(y) - 2 / sqrt(pi).
    """
    d = y + 2.5
    p = 5.0 / d
    r = (0.5641895835477563 + p * erfcx_series(1.0 - p)) / d
    return r + (y - (d - 2.5)) * (2.0 * y * r - 1.1283791670955126)


def normal_tail_large(a: float) -> float:
    """exp(a^2/2) Phi(-a) = erfcx(a / sqrt 2) / 2, 0.7 <= a < 15.3; the formula of erfcx_large in terms of a."""
    d = a + 3.535533905029297
    p = 5.0 / d
    r = (0.3989422804014327 + p * erfcx_series(1.0 - 1.4142135623730951 * p)) / d
    return r + ((a - (d - 3.535533905029297)) + 9.034407666419497e-10) * (a * r - 0.3989422804014327)


def erf(x: float) -> float:
    """Within 1.3 ulp everywhere; -0.0 at -0.0.

    x + x P(x^2) for |x| < 1; further out 1 - exp(-x^2) erfcx(|x|).
    """
    b = abs(x)
    a = 11.0 if b > 11.0 else b
    t = head(a)
    high = -(t * t)
    turns = exp_turns(high)
    half = half_turns(turns)
    u = (1.0 + exp_rest_of_sum(high, (t - a) * (t + a), turns)) * two_to(half) * erfcx_large(a)
    v = two_to_rest(turns, half)
    near = x + x * erf_ratio(a * a)
    far = math.copysign(1.0 - u * v, x)
    return if_less(b, 1.0, near, far)


def erfc(x: float) -> float:
    """1 - erf(x).  Within 3.5 ulp everywhere, underflowing gradually.

    1 - erf(x) for |x| < 1/2; further out exp(-x^2) erfcx(|x|), from 2 for negative x.
    """
    b = abs(x)
    a = 11.0 if b > 11.0 else b
    t = head(a)
    high = -(t * t)
    turns = exp_turns(high)
    half = half_turns(turns)
    u = (1.0 + exp_rest_of_sum(high, (t - a) * (t + a), turns)) * two_to(half) * erfcx_large(a)
    v = two_to_rest(turns, half)
    near = 1.0 - (x + x * erf_ratio(a * a))
    far = u * v
    left = 2.0 - far
    return if_less(b, 0.5, near, if_less(x, 0.0, left, far))


def gelu(x: float) -> float:
    """x Phi(x), Phi the normal distribution.  Within 3.9 ulp everywhere, underflowing gradually; -0.0 at -inf and -0.0.

    Phi(-a) = exp(-a^2/2) erfcx(a / sqrt 2) / 2; near 0 Phi(x) = 1/2 + erf(x / sqrt 2) / 2.
    """
    c = -15.2 if x < -15.2 else x
    b = abs(c)
    a = 15.2 if b > 15.2 else b
    t = head(a)
    high = -0.5 * (t * t)
    turns = exp_turns(high)
    half = half_turns(turns)
    u = (1.0 + exp_rest_of_sum(high, 0.5 * ((t - a) * (t + a)), turns)) * two_to(half) * normal_tail_large(a)
    v = two_to_rest(turns, half)
    w = 0.7071067811865476 * c
    near = c * (0.5 + 0.5 * (w + w * erf_ratio(w * w)))
    left = c * u * v
    right = x * (1.0 - u * v)
    return if_less(b, 0.7, near, if_less(x, 0.0, left, right))


def sinh_argument(x: float) -> float:
    """|x|, no more than 90."""
    a = abs(x)
    return 90.0 if a > 90.0 else a


def sinh_rest(r: float) -> float:
    """sinh(r), |r| <= log(2)/2; r + r^3 P(r^2)."""
    z = r * r
    return r + r * z * ((0.00019891003 * z + 0.0083333105) * z + 0.16666667)


def cosh_rest(r: float) -> float:
    """cosh(r) - 1, |r| <= log(2)/2; r^2 P(r^2)."""
    z = r * r
    return z * ((0.001393366 * z + 0.041666463) * z + 0.5)


def sinh(x: float) -> float:
    """Within 2.0 ulp everywhere; -0.0 at -0.0.

    2^(k-1) ((1 - w) cosh r + (1 + w) sinh r), |x| = k log 2 + r, w = 2^-2k.
    """
    a = sinh_argument(x)
    turns = exp_turns(a)
    half = half_turns(turns)
    k = turns - 12582912.0
    r = (a - k * 0.693115234375) - k * 3.1946184945309415e-05
    inverse = from_bits(0x3F800000 - (bits(turns) << 24))
    w = 0.0 if a > 30.0 else inverse
    s = (1.0 - w) + ((1.0 - w) * cosh_rest(r) + (1.0 + w) * sinh_rest(r))
    return math.copysign(s * two_to(half) * (0.5 * two_to_rest(turns, half)), x)


def cosh(x: float) -> float:
    """Within 1.9 ulp everywhere.

    2^(k-1) ((1 + w) cosh r + (1 - w) sinh r), |x| = k log 2 + r, w = 2^-2k.
    """
    a = sinh_argument(x)
    turns = exp_turns(a)
    half = half_turns(turns)
    k = turns - 12582912.0
    r = (a - k * 0.693115234375) - k * 3.1946184945309415e-05
    inverse = from_bits(0x3F800000 - (bits(turns) << 24))
    w = 0.0 if a > 30.0 else inverse
    s = (1.0 + w) + ((1.0 + w) * cosh_rest(r) + (1.0 - w) * sinh_rest(r))
    return s * two_to(half) * (0.5 * two_to_rest(turns, half))


def tan(x: float) -> float:
    """Within 3.1 ulp for |x| <= 6000, beyond that the C library's; nan at infinity; -0.0 at -0.0.

    sin / cos or -cos / sin of x - k pi/2.
    """
    turns = quarter_turns(x)
    r = quarter_rest(x, turns)
    s = sin_near_zero(r)
    c = cos_near_zero(r)
    ratio = (s if (bits(turns) & 1) == 0 else -c) / (c if (bits(turns) & 1) == 0 else s)
    near = x if x == 0.0 else ratio
    return math.tan(x) if abs(x) > 6000.0 and abs(x) < math.inf else near


def atan_rest(z: float) -> float:
    """atan(z) - z, |z| < 0.4143; z^3 P(z^2)."""
    w = z * z
    return z * w * ((((-0.064518414 * w + 0.10743705) * w - 0.14263953) * w + 0.1999954) * w - 0.3333333)


def atan(x: float) -> float:
    """Within 1.7 ulp everywhere; -0.0 at -0.0.

    atan(|x|) = c + atan(z), z = |x|, (|x| - 1) / (|x| + 1) or -1 / |x| and c = 0, pi/4 or pi/2.
    """
    a = abs(x)
    top = -1.0 if a > 2.414213562373095 else (a - 1.0 if a > 0.41421356237309503 else a)
    bottom = a if a > 2.414213562373095 else (a + 1.0 if a > 0.41421356237309503 else 1.0)
    high = 1.5707963267948966 if a > 2.414213562373095 else (0.7853981633974483 if a > 0.41421356237309503 else 0.0)
    low = -4.371138828673793e-08 if a > 2.414213562373095 else (-2.1855694143368964e-08 if a > 0.41421356237309503 else 0.0)
    z = top / bottom
    return math.copysign(high + (z + (atan_rest(z) + low)), x)


def pow_magnitude(a: float, b: float) -> float:
    """|a|^b for finite |a| > 0; exp(b log|a|), the logarithm and the product to 33 bits.

    log(m) = 2s + s^3 (2/3 + P(s^2)), s = (m - 1) / (m + 1), in pairs of floats whose heads multiply exactly.
    """
    y = log_scaled(abs(a))
    n = log_exponent(y)
    k = n - 24.0 if abs(a) < 1.1754943508222875e-38 else n
    f = log_mantissa(y) - 1.0
    d = 2.0 + f
    s = f / d
    sh = head(s)
    dh = head(d)
    sl = ((f - sh * dh) - sh * (f - (dh - 2.0))) / d
    z = s * s
    p = z * (((0.19120778 * z + 0.22204751) * z + 0.2857153) * z + 0.4)
    c = 0.6666666666666666 + p
    cl = ((0.6666666666666666 - c) + p) + -1.9868215517249155e-08
    zh = sh * sh
    zl = sl * (sh + s)
    zt = head(zh)
    cube = sh * zt
    cube_low = sh * ((zh - zt) + zl) + sl * (zh + zl)
    cube_top = head(cube)
    ch = head(c)
    th = cube_top * ch
    tl = ((cube - cube_top) + cube_low) * c + cube_top * ((c - ch) + cl)
    kh = k * 0.693115234375
    g = kh + 2.0 * sh
    g_low = (kh - g) + 2.0 * sh
    h = g + th
    h_low = (g - h) + th
    low = g_low + (h_low + (2.0 * sl + (tl + k * 3.1946184945309415e-05)))
    log_high = h + low
    log_low = (h - log_high) + low
    log_top = head(log_high)
    e = -1.0e25 if b < -1.0e25 else (1.0e25 if b > 1.0e25 else b)
    eh = head(e)
    product_top = eh * log_top
    product_rest = (e - eh) * log_top + e * ((log_high - log_top) + log_low)
    product = product_top + product_rest
    x = exp_clamp(product)
    turns = exp_turns(x)
    half = half_turns(turns)
    lost = (product_top - product) + product_rest
    x_low = lost if x == product else 0.0
    return (1.0 + exp_rest_of_sum(x, x_low, turns)) * two_to(half) * two_to_rest(turns, half)


def pow(a: float, b: float) -> float:
    """a^b.  Within 1.1 ulp everywhere, underflowing gradually, with C's special cases.

    exp(b log|a|), negative for an odd b of a negative a.
    """
    at_zero = math.inf if b < 0.0 else 0.0
    at_infinity = 0.0 if b < 0.0 else math.inf
    m = pow_magnitude(a, b)
    r = at_zero if a == 0.0 else (at_infinity if abs(a) == math.inf else (a if a != a else m))
    signed = -r if math.copysign(1.0, a) < 0.0 and np.floor(b) == b and np.floor(0.5 * b) != 0.5 * b else r
    v = math.nan if a < 0.0 and a > -math.inf and np.floor(b) != b else (b if b != b else signed)
    return 1.0 if b == 0.0 or a == 1.0 else v
