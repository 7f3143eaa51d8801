"""What the formulas need of float32: bits, limits, constants in parts, polynomials.

The twins of the functions of ``double``; literals are float32 and integers int32 where this is compiled.
"""

# mypy: disable-error-code="no-any-return, return-value"
from __future__ import annotations

import numpy as np


def bits(x: float) -> int:
    """The bits of a float, as an integer."""
    return np.float32(x).view(np.int32)


def from_bits(i: int) -> float:
    """The float that has these bits."""
    return np.int32(i).view(np.float32)


def rounded(x: float) -> float:
    """x to the nearest integer, as a sum (with 1.5 * 2^23) whose low bits hold it."""
    return x + 12582912.0


def counted(turns: float) -> float:
    """The integer that a sum holds."""
    return turns - 12582912.0


def two_to(turns: float) -> float:
    """2^k, -127 < k < 128."""
    return from_bits((bits(turns) << 23) + 0x3F800000)


def two_to_minus(turns: float) -> float:
    """2^-k, -128 < k < 127."""
    return from_bits(0x3F800000 - (bits(turns) << 23))


def two_to_rest(turns: float, half: float) -> float:
    """2^(k - h), what is left of 2^k after 2^h."""
    return from_bits(((bits(turns) - bits(half)) << 23) + 0x3F800000)


def head(x: float) -> float:
    """x cut to 12 bits, so that a product of two heads is exact."""
    return from_bits(bits(x) - (bits(x) & 0xFFF))


def with_sign_of_half(v: float, turns: float) -> float:
    """v with the sign of half a turn: minus where the second bit of the integer is set."""
    return from_bits(bits(v) ^ ((bits(turns) & 2) << 30))


# -- limits


def exp_low() -> float:
    """Below, exp is 0, and so is x exp(x)."""
    return -110.0


def exp_high() -> float:
    """Above, exp is infinite."""
    return 89.5


def exp2_low() -> float:
    """Below, 2^x is 0."""
    return -160.0


def exp2_high() -> float:
    """Above, 2^x is infinite."""
    return 130.0


def sinh_high() -> float:
    """Above, sinh is infinite."""
    return 90.0


def erfc_high() -> float:
    """Above, erfc is 0."""
    return 11.0


def normal_high() -> float:
    """Above, x times the normal distribution's tail is 0."""
    return 15.2


def far_angle() -> float:
    """Beyond, the C library reduces angles; up to here k times each part of pi/2 is exact."""
    return 6000.0


def square_is_large() -> float:
    """Where 1 + x^2 is x^2, and x^2 is finite."""
    return 1.0e15


def nearly_infinite() -> float:
    """Where twice a number may be infinite."""
    return 1.0e37


# -- the logarithm's parts


def log_scaled(x: float) -> float:
    """x, or 2^24 x if x is subnormal."""
    return x * 16777216.0 if x < 1.1754943508222875e-38 else x


def log_unscaled(x: float, k: float) -> float:
    """The exponent k of log_scaled(x) as that of x."""
    return k - 24.0 if x < 1.1754943508222875e-38 else k


def cube_root_unscaled(a: float) -> float:
    """The cube root of the factor that log_scaled has put in, inverted."""
    return 0.00390625 if a < 1.1754943508222875e-38 else 1.0


def log_exponent(y: float) -> float:
    """The integer k of y = 2^k m, sqrt(1/2) <= m < sqrt(2), for normal y > 0."""
    i = (bits(y) + 0x4AFB0D) & 0x7F800000
    return from_bits((i >> 23) | 0x4B000000) - 8388735.0


def log_mantissa(y: float) -> float:
    """The m of y = 2^k m, sqrt(1/2) <= m < sqrt(2), for normal y > 0."""
    i = (bits(y) + 0x4AFB0D) & 0x7FFFFF
    return from_bits(i + 0x3F3504F3)


def log_inverse_power(y: float) -> float:
    """The 2^-k of y = 2^k m, sqrt(1/2) <= m < sqrt(2), for normal y > 0."""
    return from_bits(0x7F000000 - ((bits(y) + 0x4AFB0D) & 0x7F800000))


# -- constants in parts, so that the first times an integer or a head is exact


def log_two_high(k: float) -> float:
    """k log 2, its first part."""
    return k * 0.693115234375


def log_two_low(k: float) -> float:
    """k log 2, the rest."""
    return k * 3.1946184945309415e-05


def log2_e_high(t: float) -> float:
    """t log2(e), its first part."""
    return t * 1.4423828125


def log2_e_low(t: float) -> float:
    """t log2(e), the rest."""
    return t * 0.00031222839606925845


def log10_e_high(t: float) -> float:
    """t log10(e), its first part."""
    return t * 0.4342041015625


def log10_e_low(t: float) -> float:
    """t log10(e), the rest."""
    return t * 9.038033749675378e-05


def log10_two_high(k: float) -> float:
    """k log10(2), its first part."""
    return k * 0.301025390625


def log10_two_low(k: float) -> float:
    """k log10(2), the rest."""
    return k * 4.605039066518657e-06


def half_pi_low() -> float:
    """What pi/2 is more than its nearest float; for pi/4 half, for pi twice as much."""
    return -4.371138828673793e-08


def three_quarters_pi_low() -> float:
    """What 3 pi/4 is more than its nearest float."""
    return -5.962440319251527e-09


def two_thirds_low() -> float:
    """What 2/3 is more than its nearest float."""
    return -1.9868215517249155e-08


def root_shift() -> float:
    """5 / sqrt(2), nearly: what root_shift_low is to be added to."""
    return 3.535533905029297


def root_shift_low() -> float:
    """5 / sqrt(2) less root_shift."""
    return 9.034407666419497e-10


def quarter_rest(x: float, turns: float) -> float:
    """x - k pi/2, to full relative accuracy for |x| <= 6000.

    The first three parts of pi/2 end at its bits 11, 23 and 35: k times each is exact, and so are the
    first two differences; w is the error of the third.
    """
    k = counted(turns)
    p = k * 7.549533620476723e-08
    a = (x - k * 1.5703125) - k * 0.0004837512969970703
    b = a - p
    w = (a - b) - p
    return b - (k * 2.5633440682570896e-12 - w)


def square_scale(p: float, q: float) -> float:
    """A power of 2 that keeps the squares of p and q, not negative, from over- and underflowing."""
    return 5.421010862427522e-20 if p > 1.0e18 or q > 1.0e18 else (1.8446744073709552e19 if p < 1.0e-16 and q < 1.0e-16 else 1.0)


def square_unscale(p: float, q: float) -> float:
    """The inverse of square_scale."""
    return 1.8446744073709552e19 if p > 1.0e18 or q > 1.0e18 else (5.421010862427522e-20 if p < 1.0e-16 and q < 1.0e-16 else 1.0)


# -- polynomials


def exp_series(r: float) -> float:
    """(exp(r) - 1 - r) / r^2, |r| <= log(2)/2."""
    return ((((0.00019891003 * r + 0.001393366) * r + 0.0083333105) * r + 0.041666463) * r + 0.16666667) * r + 0.5


def exp2_series(r: float) -> float:
    """(2^r - 1 - r log 2) / r^2, |r| <= 1/2."""
    return ((((1.5290949e-05 * r + 0.00015453163) * r + 0.0013333522) * r + 0.009618083) * r + 0.05550411) * r + 0.24022651


def sinh_series(z: float) -> float:
    """(sinh(r) - r) / r^3, z = r^2, |r| <= log(2)/2."""
    return (0.00019891003 * z + 0.0083333105) * z + 0.16666667


def cosh_series(z: float) -> float:
    """(cosh(r) - 1) / r^2, z = r^2, |r| <= log(2)/2."""
    return (0.001393366 * z + 0.041666463) * z + 0.5


def log_series(z: float) -> float:
    """(log(1 + f) - f + f^2/2 - s f^2/2) / (s z), s = f / (2 + f), z = s^2, -0.3 < f < 0.42."""
    return (0.295804 * z + 0.3998877) * z + 0.66666687


def pow_series(z: float) -> float:
    """((log(m) - 2s) / s^3 - 2/3) / z, s = (m - 1) / (m + 1), z = s^2."""
    return ((0.19120778 * z + 0.22204751) * z + 0.2857153) * z + 0.4


def sin_series(z: float) -> float:
    """(sin(r) - r) / r^3, z = r^2, |r| <= pi/4."""
    return (-0.0001958783 * z + 0.008332748) * z - 0.16666664


def cos_series(z: float) -> float:
    """(cos(r) - 1 + r^2/2) / r^4, z = r^2, |r| <= pi/4."""
    return (2.454788e-05 * z - 0.0013888302) * z + 0.041666664


def atan_series(w: float) -> float:
    """(atan(z) - z) / z^3, w = z^2, |z| < 0.4143."""
    return (((-0.064518414 * w + 0.10743705) * w - 0.14263953) * w + 0.1999954) * w - 0.3333333


def asin_series(z: float) -> float:
    """(asin(t) - t) / t^3, z = t^2 <= 1/4."""
    return ((((0.033690847 * z + 0.017149238) * z + 0.031100662) * z + 0.044599403) * z + 0.075000942) * z + 0.16666666


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
