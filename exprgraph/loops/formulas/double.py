"""What the formulas need of float64: bits, limits, constants in parts, polynomials.

Every function here has a twin of the same name in ``single``.
"""

# mypy: disable-error-code="no-any-return, return-value"
from __future__ import annotations

import numpy as np


def bits(x: float) -> int:
    """The bits of a float, as an integer."""
    return np.float64(x).view(np.int64)


def from_bits(i: int) -> float:
    """The float that has these bits."""
    return np.int64(i).view(np.float64)


def rounded(x: float) -> float:
    """x to the nearest integer, as a sum (with 1.5 * 2^52) whose low bits hold it."""
    return x + 6755399441055744.0


def counted(turns: float) -> float:
    """The integer that a sum holds."""
    return turns - 6755399441055744.0


def two_to(turns: float) -> float:
    """2^k, -1023 < k < 1024."""
    return from_bits((bits(turns) << 52) + 0x3FF0000000000000)


def two_to_minus(turns: float) -> float:
    """2^-k, -1024 < k < 1023."""
    return from_bits(0x3FF0000000000000 - (bits(turns) << 52))


def two_to_rest(turns: float, half: float) -> float:
    """2^(k - h), what is left of 2^k after 2^h."""
    return from_bits(((bits(turns) - bits(half)) << 52) + 0x3FF0000000000000)


def head(x: float) -> float:
    """x cut to 26 bits, so that a product of two heads is exact."""
    return from_bits(bits(x) - (bits(x) & 0x7FFFFFF))


def with_sign_of_half(v: float, turns: float) -> float:
    """v with the sign of half a turn: minus where the second bit of the integer is set."""
    return from_bits(bits(v) ^ ((bits(turns) & 2) << 62))


# -- limits


def exp_low() -> float:
    """Below, exp is 0, and so is x exp(x)."""
    return -760.0


def exp_high() -> float:
    """Above, exp is infinite."""
    return 710.0


def exp2_low() -> float:
    """Below, 2^x is 0."""
    return -1100.0


def exp2_high() -> float:
    """Above, 2^x is infinite."""
    return 1030.0


def sinh_high() -> float:
    """Above, sinh is infinite."""
    return 712.0


def erfc_high() -> float:
    """Above, erfc is 0."""
    return 28.0


def normal_high() -> float:
    """Above, x times the normal distribution's tail is 0."""
    return 39.5


def far_angle() -> float:
    """Beyond, the C library reduces angles; up to here k times each part of pi/2 is exact."""
    return 1.0e8


def square_is_large() -> float:
    """Where 1 + x^2 is x^2, and x^2 is finite."""
    return 1.0e100


def nearly_infinite() -> float:
    """Where twice a number may be infinite."""
    return 1.0e300


# -- the logarithm's parts


def log_scaled(x: float) -> float:
    """x, or 2^54 x if x is subnormal."""
    return x * 18014398509481984.0 if x < 2.2250738585072014e-308 else x


def log_unscaled(x: float, k: float) -> float:
    """The exponent k of log_scaled(x) as that of x."""
    return k - 54.0 if x < 2.2250738585072014e-308 else k


def cube_root_unscaled(a: float) -> float:
    """The cube root of the factor that log_scaled has put in, inverted."""
    return 3.814697265625e-06 if a < 2.2250738585072014e-308 else 1.0


def log_exponent(y: float) -> float:
    """The integer k of y = 2^k m, sqrt(1/2) <= m < sqrt(2), for normal y > 0."""
    i = (bits(y) + 0x95F619980C433) & 0x7FF0000000000000
    return from_bits((i >> 52) | 0x4330000000000000) - 4503599627371519.0


def log_mantissa(y: float) -> float:
    """The m of y = 2^k m, sqrt(1/2) <= m < sqrt(2), for normal y > 0."""
    i = (bits(y) + 0x95F619980C433) & 0xFFFFFFFFFFFFF
    return from_bits(i + 0x3FE6A09E667F3BCD)


def log_inverse_power(y: float) -> float:
    """The 2^-k of y = 2^k m, sqrt(1/2) <= m < sqrt(2), for normal y > 0."""
    return from_bits(0x7FE0000000000000 - ((bits(y) + 0x95F619980C433) & 0x7FF0000000000000))


# -- constants in parts, so that the first times an integer or a head is exact


def log_two_high(k: float) -> float:
    """k log 2, its first part."""
    return k * 0.6931471805592082


def log_two_low(k: float) -> float:
    """k log 2, the rest."""
    return k * 7.371002565167799e-13


def log2_e_high(t: float) -> float:
    """t log2(e), its first part."""
    return t * 1.4426950216293335


def log2_e_low(t: float) -> float:
    """t log2(e), the rest."""
    return t * 1.9259629911266175e-08


def log10_e_high(t: float) -> float:
    """t log10(e), its first part."""
    return t * 0.4342944622039795


def log10_e_low(t: float) -> float:
    """t log10(e), the rest."""
    return t * 1.9699272335463627e-08


def log10_two_high(k: float) -> float:
    """k log10(2), its first part."""
    return k * 0.30102999566361177


def log10_two_low(k: float) -> float:
    """k log10(2), the rest."""
    return k * 3.694239077158931e-13


def half_pi_low() -> float:
    """What pi/2 is more than its nearest float; for pi/4 half, for pi twice as much."""
    return 6.123233995736766e-17


def three_quarters_pi_low() -> float:
    """What 3 pi/4 is more than its nearest float."""
    return 9.184850993605148e-17


def two_thirds_low() -> float:
    """What 2/3 is more than its nearest float."""
    return 3.700743415417188e-17


def root_shift() -> float:
    """5 / sqrt(2), nearly: what root_shift_low is to be added to."""
    return 3.5355339059327378


def root_shift_low() -> float:
    """5 / sqrt(2) less root_shift."""
    return -1.3066003037380717e-16


def quarter_rest(x: float, turns: float) -> float:
    """x - k pi/2, to full relative accuracy for |x| <= 1e8.

    The first three parts of pi/2 end at its bits 26, 53 and 80: k times each is exact, and so are the
    first two differences; w is the error of the third.
    """
    k = counted(turns)
    p = k * 6.123233932053594e-17
    a = (x - k * 1.570796325802803) - k * 9.920935184482005e-10
    b = a - p
    w = (a - b) - p
    return b - (k * 6.36831716351095e-25 - w)


def square_scale(p: float, q: float) -> float:
    """A power of 2 that keeps the squares of p and q, not negative, from over- and underflowing."""
    return 2.409919865102884e-181 if p > 1.0e150 or q > 1.0e150 else (4.149515568880993e180 if p < 1.0e-140 and q < 1.0e-140 else 1.0)


def square_unscale(p: float, q: float) -> float:
    """The inverse of square_scale."""
    return 4.149515568880993e180 if p > 1.0e150 or q > 1.0e150 else (2.409919865102884e-181 if p < 1.0e-140 and q < 1.0e-140 else 1.0)


# -- polynomials


def exp_series(r: float) -> float:
    """(exp(r) - 1 - r) / r^2, |r| <= log(2)/2."""
    return (
        ((((((((2.5100397137931663e-08 * r + 2.762010358488696e-07) * r + 2.755726843551756e-06) * r +
        2.4801521264122017e-05) * r + 0.00019841269863069374) * r + 0.0013888888917234206) * r + 0.008333333333330058) *
        r + 0.04166666666662409) * r + 0.16666666666666669) * r + 0.5000000000000001
    )


def exp2_series(r: float) -> float:
    """(2^r - 1 - r log 2) / r^2, |r| <= 1/2."""
    return (
        ((((((((4.4541037535145475e-10 * r + 7.07097850985382e-09) * r + 1.017806726594912e-07) * r +
        1.3215451630406807e-06) * r + 1.5252733820797812e-05) * r + 0.00015403530424780296) * r + 0.0013333558146423213) *
        r + 0.009618129107618664) * r + 0.05550410866482158) * r + 0.24022650695910075
    )


def sinh_series(z: float) -> float:
    """(sinh(r) - r) / r^3, z = r^2, |r| <= log(2)/2."""
    return (
        (((2.5100397137931663e-08 * z + 2.755726843551756e-06) * z + 0.00019841269863069374) * z +
        0.008333333333330058) * z + 0.16666666666666669
    )


def cosh_series(z: float) -> float:
    """(cosh(r) - 1) / r^2, z = r^2, |r| <= log(2)/2."""
    return (
        (((2.762010358488696e-07 * z + 2.4801521264122017e-05) * z + 0.0013888888917234206) * z +
        0.04166666666662409) * z + 0.5000000000000001
    )


def log_series(z: float) -> float:
    """(log(1 + f) - f + f^2/2 - s f^2/2) / (s z), s = f / (2 + f), z = s^2, -0.3 < f < 0.42."""
    return (
        (((((0.1461703754879165 * z + 0.1533167403016786) * z + 0.18182890556695602) * z + 0.2222221111514416) * z +
        0.2857142862609589) * z + 0.3999999999989924) * z + 0.666666666666667
    )


def pow_series(z: float) -> float:
    """((log(m) - 2s) / s^3 - 2/3) / z, s = (m - 1) / (m + 1), z = s^2."""
    return (
        ((((((0.11723603622905411 * z + 0.11706195689881364) * z + 0.13334806212100603) * z + 0.15384594934597917) * z +
        0.1818181833565416) * z + 0.22222222221654733) * z + 0.2857142857142937) * z + 0.4
    )


def sin_series(z: float) -> float:
    """(sin(r) - r) / r^3, z = r^2, |r| <= pi/4."""
    return (
        ((((1.5918095236696272e-10 * z - 2.5051131372218632e-08) * z + 2.7557316100283695e-06) * z -
        0.000198412698367542) * z + 0.008333333333330946) * z - 0.16666666666666666
    )


def cos_series(z: float) -> float:
    """(cos(r) - 1 + r^2/2) / r^4, z = r^2, |r| <= pi/4."""
    return (
        ((((-1.1382611119025631e-11 * z + 2.087614597263508e-09) * z - 2.755731727031051e-07) * z +
        2.480158729876295e-05) * z - 0.0013888888888887395) * z + 0.041666666666666664
    )


def atan_series(w: float) -> float:
    """(atan(z) - z) / z^3, w = z^2, |z| < 0.4143."""
    return (
        (((((((((-0.01917627151752634 * w + 0.0392311556198723) * w - 0.050854323376990765) * w + 0.05858145587628202) *
        w - 0.06664511064599371) * w + 0.07692183163650894) * w - 0.09090904576954117) * w + 0.11111111015227572) * w -
        0.14285714284666184) * w + 0.19999999999995519) * w - 0.3333333333333333
    )


def asin_series(z: float) -> float:
    """(asin(t) - t) / t^3, z = t^2 <= 1/4."""
    return (
        (((((((((((0.02877844261259304 * z - 0.014881409392818066) * z + 0.017419357964884856) * z +
        0.00545087818772055) * z + 0.010324318288744113) * z + 0.011478952690257387) * z + 0.013971235301124539) * z +
        0.017352391265909227) * z + 0.022372173002005596) * z + 0.030381944137085216) * z + 0.04464285714637338) * z +
        0.07499999999998425) * z + 0.16666666666666669
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
        1.9732269151221582e-08) * q2 - 4.779282814078536e-07) * q2 + 3.824394916674317e-06) * q2 -
        2.117662784131901e-05) * q2 + 0.00011096098059662265) * q2 - 0.0006500406443903539) * q2 + 0.004607953155851665) *
        q2 - 0.03214664127915074) * q2 - 0.3148096126811871) + q * (((((((((-1.6790993532980615e-08 * q2 +
        1.1506114246608126e-07) * q2 - 4.870557850747479e-07) * q2 + 1.4955421842911433e-06) * q2 -
        2.9337496272897735e-06) * q2 - 1.6434885406465292e-06) * q2 + 5.26530275318574e-05) * q2 -
        0.00021083236314407684) * q2 - 0.00378509114733057) * q2 + 0.1391045039669117))
    )
