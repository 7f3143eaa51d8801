"""Elementary functions of float64 that vectorise: no branch, no table, no call of a library.

Each function is assignments and one ``return``, in a subset of Python that three readers share: the
interpreter, Numba, and the compiler that makes LLVM vectors of it.  Both sides of a conditional
expression are evaluated there (a select), except the one call of ``math`` that stands for arguments
no formula here covers.  Numba makes a branch of a conditional expression with a long side, and a loop
with a branch does not vectorise; ``if_less`` keeps those a select.

``Within N ulp`` in a docstring is the largest error found against a reference of 40 digits, rounded
up; tests/exprgraph/test_elementary.py holds each function to it.  The code may be compiled with
multiplications and additions contracted or not: products that an exact subtraction relies on are
exact themselves, so it does not matter.

Rounding to an integer adds 1.5 * 2**52: the sum's low bits then are the integer.  ``turns`` below
always means such a sum.  Coefficients are interpolations at Chebyshev nodes.
"""

# ruff: noqa: A001
# mypy: disable-error-code="no-any-return, return-value"
from __future__ import annotations

import math

import numpy as np


def bits(x: float) -> int:
    """The bits of a float, as an integer."""
    return np.float64(x).view(np.int64)


def from_bits(i: int) -> float:
    """The float that has these bits."""
    return np.int64(i).view(np.float64)


def if_less(a: float, b: float, yes: float, no: float) -> float:
    """One of two values that have both been computed."""
    return yes if a < b else no


def exp_turns(x: float) -> float:
    """x / log 2 to the nearest integer, as a sum whose low bits hold it."""
    return x * 1.4426950408889634 + 6755399441055744.0


def exp_rest(x: float, turns: float) -> float:
    """exp(r) - 1 of the rest r = x - k log 2, |r| <= log(2)/2; r + r^2 P(r)."""
    k = turns - 6755399441055744.0
    r = (x - k * 0.6931471805592082) - k * 7.371002565167799e-13
    return (
        r + r * r * (((((((((2.5100397137931663e-08 * r + 2.762010358488696e-07) * r + 2.755726843551756e-06) * r +
        2.4801521264122017e-05) * r + 0.00019841269863069374) * r + 0.0013888888917234206) * r + 0.008333333333330058) *
        r + 0.04166666666662409) * r + 0.16666666666666669) * r + 0.5000000000000001)
    )


def half_turns(turns: float) -> float:
    """Half of an integer k, rounded: 2^k is reached in two steps, so that neither over- nor underflows early."""
    return (turns - 6755399441055744.0) * 0.5 + 6755399441055744.0


def two_to(turns: float) -> float:
    """2^k, -1023 < k < 1024."""
    return from_bits((bits(turns) << 52) + 0x3FF0000000000000)


def two_to_rest(turns: float, half: float) -> float:
    """2^(k - h), what is left of 2^k after 2^h."""
    return from_bits(((bits(turns) - bits(half)) << 52) + 0x3FF0000000000000)


def exp_clamp(x: float) -> float:
    """x where exp(x) and x exp(x) are neither 0 nor infinite, else a bound outside which they are."""
    low = -760.0 if x < -760.0 else x
    return 710.0 if low > 710.0 else low


def exp(x: float) -> float:
    """e^x.  Within 1.1 ulp everywhere, underflowing gradually.

    2^k (1 + expm1(r)), x = k log 2 + r.
    """
    c = exp_clamp(x)
    turns = exp_turns(c)
    half = half_turns(turns)
    return (1.0 + exp_rest(c, turns)) * two_to(half) * two_to_rest(turns, half)


def tanh_argument(x: float) -> float:
    """-2|x|, no less than -760."""
    a = -2.0 * abs(x)
    return -760.0 if a < -760.0 else a


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
    """-|x|, no less than -760."""
    a = -abs(x)
    return -760.0 if a < -760.0 else a


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
    return (
        f - (h - (s * (h + z * ((((((0.1461703754879165 * z + 0.1533167403016786) * z + 0.18182890556695602) * z +
        0.2222221111514416) * z + 0.2857142862609589) * z + 0.3999999999989924) * z + 0.666666666666667)) + low))
    )


def softplus(x: float) -> float:
    """log(1 + e^x).  Within 2.0 ulp everywhere, underflowing gradually.

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
    """x, or 2^54 x if x is subnormal."""
    return x * 18014398509481984.0 if x < 2.2250738585072014e-308 else x


def log_exponent(y: float) -> float:
    """The integer k of y = 2^k m, sqrt(1/2) <= m < sqrt(2), for normal y > 0."""
    i = (bits(y) + 0x95F619980C433) & 0x7FF0000000000000
    return from_bits((i >> 52) | 0x4330000000000000) - 4503599627371519.0


def log_mantissa(y: float) -> float:
    """The m of y = 2^k m, sqrt(1/2) <= m < sqrt(2), for normal y > 0."""
    i = (bits(y) + 0x95F619980C433) & 0xFFFFFFFFFFFFF
    return from_bits(i + 0x3FE6A09E667F3BCD)


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
    k = n - 54.0 if x < 2.2250738585072014e-308 else n
    r = k * 0.6931471805592082 + log_near_one(log_mantissa(y) - 1.0, k * 7.371002565167799e-13)
    return log_special(x, r)


def quarter_turns(x: float) -> float:
    """x / (pi/2) to the nearest integer, as a sum whose low bits hold it."""
    return x * 0.6366197723675814 + 6755399441055744.0


def quarter_rest(x: float, turns: float) -> float:
    """x - k pi/2, to full relative accuracy for |x| <= 1e8.

    The first three parts of pi/2 end at its bits 26, 53 and 80: k times each is exact, and so are the
    first two differences; w is the error of the third.
    """
    k = turns - 6755399441055744.0
    p = k * 6.123233932053594e-17
    a = (x - k * 1.570796325802803) - k * 9.920935184482005e-10
    b = a - p
    w = (a - b) - p
    return b - (k * 6.36831716351095e-25 - w)


def sin_near_zero(r: float) -> float:
    """sin(r), |r| <= pi/4; r + r^3 P(r^2)."""
    z = r * r
    return (
        r + r * z * (((((1.5918095236696272e-10 * z - 2.5051131372218632e-08) * z + 2.7557316100283695e-06) * z -
        0.000198412698367542) * z + 0.008333333333330946) * z - 0.16666666666666666)
    )


def cos_near_zero(r: float) -> float:
    """cos(r), |r| <= pi/4; 1 - r^2/2 + r^4 P(r^2)."""
    z = r * r
    return (
        1.0 - (0.5 * z - z * z * (((((-1.1382611119025631e-11 * z + 2.087614597263508e-09) * z - 2.755731727031051e-07) *
        z + 2.480158729876295e-05) * z - 0.0013888888888887395) * z + 0.041666666666666664))
    )


def sin(x: float) -> float:
    """Within 1.5 ulp for |x| <= 1e8, beyond that the C library's; nan at infinity; -0.0 at -0.0.

    sin or cos of x - k pi/2, with the sign of the quadrant k.
    """
    turns = quarter_turns(x)
    r = quarter_rest(x, turns)
    s = sin_near_zero(r)
    c = cos_near_zero(r)
    v = s if (bits(turns) & 1) == 0 else c
    turned = from_bits(bits(v) ^ ((bits(turns) & 2) << 62))
    near = x if x == 0.0 else turned
    return math.sin(x) if abs(x) > 1.0e8 and abs(x) < math.inf else near


def cos(x: float) -> float:
    """Within 1.5 ulp for |x| <= 1e8, beyond that the C library's; nan at infinity.

    cos or sin of x - k pi/2, with the sign of the quadrant k.
    """
    turns = quarter_turns(x)
    r = quarter_rest(x, turns)
    s = sin_near_zero(r)
    c = cos_near_zero(r)
    v = c if (bits(turns) & 1) == 0 else s
    near = from_bits(bits(v) ^ (((bits(turns) + 1) & 2) << 62))
    return math.cos(x) if abs(x) > 1.0e8 and abs(x) < math.inf else near


def expm1(x: float) -> float:
    """e^x - 1.  Within 2.2 ulp everywhere; -0.0 at -0.0.

    2^k (expm1(r) + (1 - 2^-k)), x = k log 2 + r.
    """
    low = -40.0 if x < -40.0 else x
    c = 710.0 if low > 710.0 else low
    turns = exp_turns(c)
    half = half_turns(turns)
    inverse = from_bits(0x3FF0000000000000 - (bits(turns) << 52))
    w = 0.0 if c > 60.0 else inverse
    q = exp_rest(c, turns)
    r = (q + (1.0 - w)) * two_to(half) * two_to_rest(turns, half)
    return x if x == 0.0 else r


def log1p(x: float) -> float:
    """log(1 + x).  Within 0.9 ulp everywhere; -0.0 at -0.0, -inf at -1, nan below.

    k log 2 + log(1 + f), 1 + x = 2^k (1 + f), f with the rounding error of 1 + x put back.
    """
    u = 1.0 + x
    b = u - x
    lost = (1.0 - b) + (x - (u - b))
    k = log_exponent(u)
    scale = from_bits(0x7FE0000000000000 - ((bits(u) + 0x95F619980C433) & 0x7FF0000000000000))
    f = (log_mantissa(u) - 1.0) + (lost * scale if x < 1.0e17 else 0.0)
    r = k * 0.6931471805592082 + log_near_one(f, k * 7.371002565167799e-13)
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
    """x cut to 26 bits, so that a product of two heads is exact."""
    return from_bits(bits(x) - (bits(x) & 0x7FFFFFF))


def exp_rest_of_sum(x: float, low: float, turns: float) -> float:
    """exp(r) - 1 of the rest r = x + low - k log 2, for a low much smaller than x."""
    k = turns - 6755399441055744.0
    r = (x - k * 0.6931471805592082) + (low - k * 7.371002565167799e-13)
    return (
        r + r * r * (((((((((2.5100397137931663e-08 * r + 2.762010358488696e-07) * r + 2.755726843551756e-06) * r +
        2.4801521264122017e-05) * r + 0.00019841269863069374) * r + 0.0013888888917234206) * r + 0.008333333333330058) *
        r + 0.04166666666662409) * r + 0.16666666666666669) * r + 0.5000000000000001)
    )


def erf_ratio(z: float) -> float:
    """erf(y) / y - 1, z = y^2 <= 1."""
    return (
        ((((((((((-7.795547647493875e-10 * z + 1.3719880012236024e-08) * z - 1.6208442020927564e-07) * z +
        1.6447419370488171e-06) * z - 1.492473648590296e-05) * z + 0.00012055294883501286) * z - 0.0008548325974698299) *
        z + 0.00522397760710251) * z - 0.026866170643236143) * z + 0.11283791670944997) * z - 0.37612638903183543) * z +
        0.12837916709551256
    )


def erfcx_series(q: float) -> float:
    """The P of erfcx_large, |q| < 0.84."""
    q2 = q * q
    return (
        0.4898422367579616 + q * (((((((((((-3.1894367635105787e-09 * q2 + 2.555962712762542e-08) * q2 -
        1.9732269150221582e-08) * q2 - 4.779282814078536e-07) * q2 + 3.824394916674317e-06) * q2 -
        2.117662784131901e-05) * q2 + 0.00011096098059662265) * q2 - 0.0006500406443903539) * q2 + 0.004607953155851665) *
        q2 - 0.03214664127915074) * q2 - 0.3148096126811871) + q * (((((((((-1.6790993532980615e-08 * q2 +
        1.1506114246608126e-07) * q2 - 4.870557850747479e-07) * q2 + 1.4955421842911433e-06) * q2 -
        2.9337496272897735e-06) * q2 - 1.6434885406465292e-06) * q2 + 5.26530275318574e-05) * q2 -
        0.00021083236314407684) * q2 - 0.00378509114733057) * q2 + 0.1391045039669117))
    )


def erfcx_large(y: float) -> float:
    """exp(y^2) erfc(y), 0.49 < y < 28; (1 / sqrt(pi) + p P(1 - p)) / (y + 5/2), p = 5 / (y + 5/2), and the
    rounding error of y + 5/2 times the derivative 2 y erfcx(y) - 2 / sqrt(pi).
    """
    d = y + 2.5
    p = 5.0 / d
    r = (0.5641895835477563 + p * erfcx_series(1.0 - p)) / d
    return r + (y - (d - 2.5)) * (2.0 * y * r - 1.1283791670955126)


def normal_tail_large(a: float) -> float:
    """exp(a^2/2) Phi(-a) = erfcx(a / sqrt 2) / 2, 0.7 <= a < 39.5; the formula of erfcx_large in terms of a."""
    d = a + 3.5355339059327378
    p = 5.0 / d
    r = (0.3989422804014327 + p * erfcx_series(1.0 - 1.4142135623730951 * p)) / d
    return r + ((a - (d - 3.5355339059327378)) - 1.3066003037380717e-16) * (a * r - 0.3989422804014327)


def erf(x: float) -> float:
    """Within 1.3 ulp everywhere; -0.0 at -0.0.

    x + x P(x^2) for |x| < 1; further out 1 - exp(-x^2) erfcx(|x|).
    """
    b = abs(x)
    a = 28.0 if b > 28.0 else b
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
    a = 28.0 if b > 28.0 else b
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
    c = -39.5 if x < -39.5 else x
    b = abs(c)
    a = 39.5 if b > 39.5 else b
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
    """|x|, no more than 712."""
    a = abs(x)
    return 712.0 if a > 712.0 else a


def sinh_rest(r: float) -> float:
    """sinh(r), |r| <= log(2)/2; r + r^3 P(r^2)."""
    z = r * r
    return (
        r + r * z * ((((2.5100397137931663e-08 * z + 2.755726843551756e-06) * z + 0.00019841269863069374) * z +
        0.008333333333330058) * z + 0.16666666666666669)
    )


def cosh_rest(r: float) -> float:
    """cosh(r) - 1, |r| <= log(2)/2; r^2 P(r^2)."""
    z = r * r
    return (
        z * ((((2.762010358488696e-07 * z + 2.4801521264122017e-05) * z + 0.0013888888917234206) * z +
        0.04166666666662409) * z + 0.5000000000000001)
    )


def sinh(x: float) -> float:
    """Within 2.0 ulp everywhere; -0.0 at -0.0.

    2^(k-1) ((1 - w) cosh r + (1 + w) sinh r), |x| = k log 2 + r, w = 2^-2k.
    """
    a = sinh_argument(x)
    turns = exp_turns(a)
    half = half_turns(turns)
    k = turns - 6755399441055744.0
    r = (a - k * 0.6931471805592082) - k * 7.371002565167799e-13
    inverse = from_bits(0x3FF0000000000000 - (bits(turns) << 53))
    w = 0.0 if a > 30.0 else inverse
    s = (1.0 - w) + ((1.0 - w) * cosh_rest(r) + (1.0 + w) * sinh_rest(r))
    return math.copysign(s * two_to(half) * (0.5 * two_to_rest(turns, half)), x)


def cosh(x: float) -> float:
    """Within 1.4 ulp everywhere.

    2^(k-1) ((1 + w) cosh r + (1 - w) sinh r), |x| = k log 2 + r, w = 2^-2k.
    """
    a = sinh_argument(x)
    turns = exp_turns(a)
    half = half_turns(turns)
    k = turns - 6755399441055744.0
    r = (a - k * 0.6931471805592082) - k * 7.371002565167799e-13
    inverse = from_bits(0x3FF0000000000000 - (bits(turns) << 53))
    w = 0.0 if a > 30.0 else inverse
    s = (1.0 + w) + ((1.0 + w) * cosh_rest(r) + (1.0 - w) * sinh_rest(r))
    return s * two_to(half) * (0.5 * two_to_rest(turns, half))


def tan(x: float) -> float:
    """Within 3.1 ulp for |x| <= 1e8, beyond that the C library's; nan at infinity; -0.0 at -0.0.

    sin / cos or -cos / sin of x - k pi/2.
    """
    turns = quarter_turns(x)
    r = quarter_rest(x, turns)
    s = sin_near_zero(r)
    c = cos_near_zero(r)
    ratio = (s if (bits(turns) & 1) == 0 else -c) / (c if (bits(turns) & 1) == 0 else s)
    near = x if x == 0.0 else ratio
    return math.tan(x) if abs(x) > 1.0e8 and abs(x) < math.inf else near


def atan_rest(z: float) -> float:
    """atan(z) - z, |z| < 0.4143; z^3 P(z^2)."""
    w = z * z
    return (
        z * w * ((((((((((-0.01917627151752634 * w + 0.0392311556198723) * w - 0.050854323376990765) * w +
        0.05858145587628202) * w - 0.06664511064599371) * w + 0.07692183163650894) * w - 0.09090904576954117) * w +
        0.11111111015227572) * w - 0.14285714284666184) * w + 0.19999999999995519) * w - 0.3333333333333333)
    )


def atan(x: float) -> float:
    """Within 1.1 ulp everywhere; -0.0 at -0.0.

    atan(|x|) = c + atan(z), z = |x|, (|x| - 1) / (|x| + 1) or -1 / |x| and c = 0, pi/4 or pi/2.
    """
    a = abs(x)
    top = -1.0 if a > 2.414213562373095 else (a - 1.0 if a > 0.41421356237309503 else a)
    bottom = a if a > 2.414213562373095 else (a + 1.0 if a > 0.41421356237309503 else 1.0)
    high = 1.5707963267948966 if a > 2.414213562373095 else (0.7853981633974483 if a > 0.41421356237309503 else 0.0)
    low = 6.123233995736766e-17 if a > 2.414213562373095 else (3.061616997868383e-17 if a > 0.41421356237309503 else 0.0)
    z = top / bottom
    return math.copysign(high + (z + (atan_rest(z) + low)), x)


def asin_ratio(z: float) -> float:
    """(asin(t) - t) / t, z = t^2 <= 1/4."""
    return (
        z * ((((((((((((0.02877844261259304 * z - 0.014881409392818066) * z + 0.017419357964884856) * z +
        0.00545087818772055) * z + 0.010324318288744113) * z + 0.011478952690257387) * z + 0.013971235301124539) * z +
        0.017352391265909227) * z + 0.022372173002005596) * z + 0.030381944137085216) * z + 0.04464285714637338) * z +
        0.07499999999998425) * z + 0.16666666666666669)
    )


def asin(x: float) -> float:
    """Within 2.1 ulp for |x| <= 1, nan beyond; -0.0 at -0.0.

    asin(|x|) = pi/2 - 2 asin(sqrt((1 - |x|)/2)) for |x| >= 1/2.
    """
    a = abs(x)
    z = 0.5 * (1.0 - a) if a >= 0.5 else a * a
    root = np.sqrt(z)
    t = root if a >= 0.5 else a
    p = t + t * asin_ratio(z)
    far = 1.5707963267948966 - (2.0 * p - 6.123233995736766e-17)
    return math.copysign(far if a >= 0.5 else p, x)


def acos(x: float) -> float:
    """Within 1.2 ulp for |x| <= 1, nan beyond.

    pi/2 - asin(x); for |x| >= 1/2 from 2 asin(sqrt((1 - |x|)/2)).
    """
    a = abs(x)
    z = 0.5 * (1.0 - a) if a >= 0.5 else a * a
    root = np.sqrt(z)
    t = root if a >= 0.5 else x
    p = t + t * asin_ratio(z)
    left = 3.141592653589793 - (2.0 * p - 1.2246467991473532e-16)
    far = 2.0 * p if x > 0.0 else left
    near = 1.5707963267948966 - (x + (x * asin_ratio(z) - 6.123233995736766e-17))
    return near if a < 0.5 else far


def atan2(y: float, x: float) -> float:
    """The angle of the point (x, y).  Within 1.8 ulp everywhere, with C's signs at zeros and infinities.

    The reduction of atan on |y| / |x|, and pi less that for x < 0.
    """
    p = 0.0625 * abs(x) if abs(x) > 1.0e300 or abs(y) > 1.0e300 else abs(x)
    q = 0.0625 * abs(y) if abs(x) > 1.0e300 or abs(y) > 1.0e300 else abs(y)
    a = 1.0 if p == math.inf and q == math.inf else p
    b = 1.0 if p == math.inf and q == math.inf else q
    steep = 2.414213562373095 * a
    flat = 0.41421356237309503 * a
    top = -a if b > steep else (b - a if b > flat else b)
    bottom = b if b > steep else (b + a if b > flat else (1.0 if b == 0.0 and a == 0.0 else a))
    z = top / bottom
    r = z + atan_rest(z)
    low = 6.123233995736766e-17 if b > steep else (3.061616997868383e-17 if b > flat else 0.0)
    high = 1.5707963267948966 if b > steep else (0.7853981633974483 if b > flat else 0.0)
    left_high = 1.5707963267948966 if b > steep else (2.356194490192345 if b > flat else 3.141592653589793)
    left_low = 6.123233995736766e-17 if b > steep else (9.184850993605148e-17 if b > flat else 1.2246467991473532e-16)
    right = high + (z + (atan_rest(z) + low))
    left = left_high - (r - left_low)
    return math.copysign(left if math.copysign(1.0, x) < 0.0 else right, y)


def exp2(x: float) -> float:
    """2^x.  Within 1.1 ulp everywhere, underflowing gradually.

    2^k (1 + (2^r - 1)), x = k + r.
    """
    low = -1100.0 if x < -1100.0 else x
    c = 1030.0 if low > 1030.0 else low
    turns = c + 6755399441055744.0
    half = half_turns(turns)
    r = c - (turns - 6755399441055744.0)
    q = (
        r * 0.6931471805599453 + r * r * (((((((((4.4541037535145475e-10 * r + 7.07097850985382e-09) * r +
        1.017806726594912e-07) * r + 1.3215451630406807e-06) * r + 1.5252733820797812e-05) * r + 0.00015403530424780296) *
        r + 0.0013333558146423213) * r + 0.009618129107618664) * r + 0.05550410866482158) * r + 0.24022650695910075)
    )
    return (1.0 + q) * two_to(half) * two_to_rest(turns, half)


def log_correction(f: float) -> float:
    """log(1 + f) - f + f^2/2, -0.3 < f < 0.42; s (f^2/2 + R(s^2)), s = f / (2 + f)."""
    s = f / (2.0 + f)
    z = s * s
    return (
        s * (0.5 * f * f + z * ((((((0.1461703754879165 * z + 0.1533167403016786) * z + 0.18182890556695602) * z +
        0.2222221111514416) * z + 0.2857142862609589) * z + 0.3999999999989924) * z + 0.666666666666667))
    )


def log2(x: float) -> float:
    """Within 0.8 ulp everywhere, subnormals included; exact at powers of 2; -inf at 0, nan below.

    k + log(m) log2(e), log(m) and log2(e) in two parts each.
    """
    y = log_scaled(x)
    n = log_exponent(y)
    k = n - 54.0 if x < 2.2250738585072014e-308 else n
    f = log_mantissa(y) - 1.0
    h = 0.5 * f * f
    top = head(f - h)
    low = ((f - top) - h) + log_correction(f)
    v = top * 1.4426950216293335
    w = k + v
    r = w + (((k - w) + v) + (low * 1.4426950408889634 + top * 1.9259629911266175e-08))
    return log_special(x, r)


def log10(x: float) -> float:
    """Within 0.8 ulp everywhere, subnormals included; -inf at 0, nan below.

    k log10(2) + log(m) log10(e), the three factors that are not integer in two parts each.
    """
    y = log_scaled(x)
    n = log_exponent(y)
    k = n - 54.0 if x < 2.2250738585072014e-308 else n
    f = log_mantissa(y) - 1.0
    h = 0.5 * f * f
    top = head(f - h)
    low = ((f - top) - h) + log_correction(f)
    v = top * 0.4342944622039795
    u = k * 0.30102999566361177
    w = u + v
    rest = k * 3.694239077158931e-13 + (low * 0.4342944819032518 + top * 1.9699272335463627e-08)
    return log_special(x, w + (((u - w) + v) + rest))


def pow_magnitude(a: float, b: float) -> float:
    """|a|^b for finite |a| > 0; exp(b log|a|), the logarithm and the product to 65 bits.

    log(m) = 2s + s^3 (2/3 + P(s^2)), s = (m - 1) / (m + 1), in pairs of floats whose heads multiply exactly.
    """
    y = log_scaled(abs(a))
    n = log_exponent(y)
    k = n - 54.0 if abs(a) < 2.2250738585072014e-308 else n
    f = log_mantissa(y) - 1.0
    d = 2.0 + f
    s = f / d
    sh = head(s)
    dh = head(d)
    sl = ((f - sh * dh) - sh * (f - (dh - 2.0))) / d
    z = s * s
    p = (
        z * (((((((0.11723603622905411 * z + 0.11706195689881364) * z + 0.13334806212100603) * z + 0.15384594934597917) *
        z + 0.1818181833565416) * z + 0.22222222221654733) * z + 0.2857142857142937) * z + 0.4)
    )
    c = 0.6666666666666666 + p
    cl = ((0.6666666666666666 - c) + p) + 3.700743415417188e-17
    zh = sh * sh
    zl = sl * (sh + s)
    zt = head(zh)
    cube = sh * zt
    cube_low = sh * ((zh - zt) + zl) + sl * (zh + zl)
    cube_top = head(cube)
    ch = head(c)
    th = cube_top * ch
    tl = ((cube - cube_top) + cube_low) * c + cube_top * ((c - ch) + cl)
    kh = k * 0.6931471805592082
    g = kh + 2.0 * sh
    g_low = (kh - g) + 2.0 * sh
    h = g + th
    h_low = (g - h) + th
    low = g_low + (h_low + (2.0 * sl + (tl + k * 7.371002565167799e-13)))
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


def cbrt(x: float) -> float:
    """The real cube root.  Within 0.9 ulp everywhere, subnormals included; -0.0 at -0.0.

    One step of Halley's iteration from a polynomial with 20 correct bits.
    """
    a = abs(x)
    y = log_scaled(a)
    k = log_exponent(y)
    m = log_mantissa(y)
    turns = k * 0.3333333333333333 + 6755399441055744.0
    j = k - 3.0 * (turns - 6755399441055744.0)
    n = m * (2.0 if j > 0.5 else (0.5 if j < -0.5 else 1.0))
    t = (
        head((((((0.02556886509623392 * m - 0.172203789179459) * m + 0.495579009529439) * m - 0.8202036379731882) * m +
        1.0479569792210082) * m + 0.4233019537513749) * (1.2599210498948732 if j > 0.5 else (0.7937005259840998 if j <
        -0.5 else 1.0)))
    )
    c = t * t * t
    r = t + t * ((n - c) / (2.0 * c + n))
    scale = two_to(turns) * (3.814697265625e-06 if a < 2.2250738585072014e-308 else 1.0)
    return math.copysign(r * scale, x) if a > 0.0 and a < math.inf else x


def asinh(x: float) -> float:
    """Within 1.7 ulp everywhere; -0.0 at -0.0.

    log1p(a + a^2 / (1 + sqrt(1 + a^2))), a = |x|; log(a) + log 2 for large a.
    """
    a = abs(x)
    c = a if a < 1.0e100 else 1.0
    t = c + c * c / (1.0 + np.sqrt(1.0 + c * c))
    return math.copysign(log1p(t if a < 1.0e100 else a) + (0.0 if a < 1.0e100 else 0.6931471805599453), x)


def acosh(x: float) -> float:
    """Within 2.2 ulp for x >= 1, nan below.

    log1p(t + sqrt(2t + t^2)), t = x - 1; log(x) + log 2 for large x.
    """
    t = x - 1.0
    near = t + np.sqrt(t * (2.0 + t))
    s = near if x < 1.0e100 else x
    return log1p(if_less(x, 1.0, math.nan, s)) + (0.0 if x < 1.0e100 else 0.6931471805599453)


def atanh(x: float) -> float:
    """Within 1.6 ulp for |x| <= 1, nan beyond, infinite at 1 and -1; -0.0 at -0.0.

    log1p(2a / (1 - a)) / 2, a = |x|.
    """
    a = abs(x)
    t = 2.0 * a / (1.0 if a == 1.0 else 1.0 - a)
    return math.copysign(0.5 * log1p(math.inf if a == 1.0 else t), x)


def hypot(a: float, b: float) -> float:
    """sqrt(a^2 + b^2).  Within 1.2 ulp everywhere; infinite if either is, even beside nan.

    Both are scaled by a power of 2 where a square would over- or underflow.
    """
    p = abs(a)
    q = abs(b)
    scale = (
        2.409919865102884e-181 if p > 1.0e150 or q > 1.0e150 else (4.149515568880993e+180 if p < 1.0e-140 and q <
        1.0e-140 else 1.0)
    )
    back = (
        4.149515568880993e+180 if p > 1.0e150 or q > 1.0e150 else (2.409919865102884e-181 if p < 1.0e-140 and q <
        1.0e-140 else 1.0)
    )
    u = p * scale
    v = q * scale
    r = np.sqrt(u * u + v * v) * back
    return math.inf if p == math.inf or q == math.inf else r
