"""Bessel functions of order 0 and 1.

Near 0 the oscillating functions are polynomials times their zeros, whose distance from the argument is exact; further out
they are a modulus times the cosine or sine of a phase, which differs little from the argument (DLMF 10.18).  There they
have small absolute errors, and large relative errors close to zeros.

The polynomials are interpolations at Chebyshev nodes in 45 digits, of mpmath's Bessel functions.
"""

from __future__ import annotations

import math

import numpy as np

from .bessel_double import (
    bessel_high,
    i0_far_series,
    i0_series,
    i0_small_series,
    i1_far_series,
    i1_series,
    i1_small_series,
    j0_series,
    j0_small_series,
    j1_series,
    j1_small_series,
    k0_far_series,
    k0_series,
    k1_far_series,
    k1_series,
    modulus0_series,
    modulus1_series,
    phase0_series,
    phase1_series,
    y0_series,
    y1_series,
    zero_j01,
    zero_j02,
    zero_j11,
)
from .circular import quarter_turns, wave
from .double import exp_low, far_angle, half_pi_low, quarter_rest, two_to, two_to_rest
from .exponential import exp_rest, exp_turns, half_turns, if_less, separate_product
from .logarithm import log

# -- oscillating functions


def cosine_or(x: float, near: float) -> float:
    """The C library's cos(x) where formulas here do not reduce x, else another value."""
    return math.cos(x) if abs(x) > far_angle() and abs(x) < math.inf else near


def sine_or(x: float, near: float) -> float:
    """The C library's sin(x) where formulas here do not reduce x, else another value."""
    return math.sin(x) if abs(x) > far_angle() and abs(x) < math.inf else near


def cosine_of_phase(a: float, shift: float) -> float:
    """cos(a - pi/4 + shift), a > 0, for a small shift."""
    turns = quarter_turns(a - (0.7853981633974483 - shift))
    r = (quarter_rest(a, turns) - 0.7853981633974483) + (shift - 0.5 * half_pi_low())
    c = cosine_or(a, 0.0)
    s = sine_or(a, 0.0)
    far = 0.7071067811865476 * ((c + s) + shift * (c - s))
    return if_less(far_angle(), a, far, wave(r, turns + 1.0))


def sine_of_phase(a: float, shift: float) -> float:
    """sin(a - pi/4 + shift), a > 0, for a small shift."""
    turns = quarter_turns(a - (0.7853981633974483 - shift))
    r = (quarter_rest(a, turns) - 0.7853981633974483) + (shift - 0.5 * half_pi_low())
    c = cosine_or(a, 0.0)
    s = sine_or(a, 0.0)
    far = 0.7071067811865476 * ((s - c) + shift * (c + s))
    return if_less(far_angle(), a, far, wave(r, turns))


def modulus0(a: float) -> float:
    """The modulus (J0^2 + Y0^2)^(1/2), a >= 5."""
    t = 1.0 / a * (1.0 / a)
    return (0.7978845608028654 + 0.7978845608028654 * (t * modulus0_series(t))) / np.sqrt(a)


def modulus1(a: float) -> float:
    """The modulus (J1^2 + Y1^2)^(1/2), a >= 5."""
    t = 1.0 / a * (1.0 / a)
    return (0.7978845608028654 + 0.7978845608028654 * (t * modulus1_series(t))) / np.sqrt(a)


def phase0(a: float) -> float:
    """theta - a + pi/4, where J0 and Y0 are as cos and sin of theta, a >= 5."""
    s = 1.0 / a
    return s * phase0_series(s * s)


def phase1(a: float) -> float:
    """theta - a + 3 pi/4, where J1 and Y1 are as cos and sin of theta, a >= 5."""
    s = 1.0 / a
    return s * phase1_series(s * s)


def j0_near(a: float) -> float:
    """J0(a), 0 <= a <= 6; 1 + a^2 P(a^2), or the product of the distances of a^2 from three squares of zeros, times P(a^2)."""
    z = a * a
    small = 1.0 + z * j0_small_series(z)
    first = zero_j01(a) * (a + 2.404825557695773)
    second = zero_j02(a) * (a + 5.520078110286311)
    return if_less(z, 2.25, small, first * second * ((z - 74.88700679069519) * j0_series(z * 0.05555555555555555 - 1.0)))


def j1_near(a: float) -> float:
    """J1(a), 0 <= a <= 6; a (1/2 + a^2 P(a^2)), or the product of a, of the distances of a^2 from two squares of zeros, and of P(a^2)."""
    z = a * a
    small = 0.5 + z * j1_small_series(z)
    first = zero_j11(a) * (a + 3.8317059702075125)
    return a * if_less(z, 2.25, small, first * ((z - 49.21845632169460) * j1_series(z * 0.05555555555555555 - 1.0)))


def bessel_j0(x: float) -> float:
    """J0(x).  Within 7.3 ulp; 5.8 in float32; for |x| <= 6; of the modulus (2/(pi |x|))^(1/2) further out.

    0 at infinity.
    """
    a = abs(x)
    far = modulus0(a) * cosine_of_phase(a, phase0(a))
    return 0.0 if a == math.inf else if_less(a, 6.0, j0_near(a), far)


def bessel_j1(x: float) -> float:
    """J1(x).  Within 4.8 ulp; 5.7 in float32; for |x| <= 6; of the modulus (2/(pi |x|))^(1/2) further out.

    0 at infinity; -0.0 at -0.0.
    """
    a = abs(x)
    far = modulus1(a) * sine_of_phase(a, phase1(a))
    value = if_less(a, 6.0, j1_near(a), far)
    signed = -value if math.copysign(1.0, x) < 0.0 else value
    return 0.0 if a == math.inf else signed


def bessel_y0(x: float) -> float:
    """Y0(x).  Within 7.4 ulp; 7.4 in float32; of the modulus (J0^2 + Y0^2)^(1/2).

    -inf at 0, nan below; 0 at infinity.
    """
    far = modulus0(x) * sine_of_phase(x, phase0(x))
    z = x * x
    near = y0_series(z * 0.08 - 1.0) + 0.6366197723675814 * (log(x) * j0_near(x))
    value = if_less(x, 5.0, near, far)
    special = -math.inf if x == 0.0 else (math.nan if x < 0.0 else x * 0.0)
    return value if x > 0.0 and x < math.inf else (0.0 if x == math.inf else special)


def bessel_y1(x: float) -> float:
    """Y1(x).  Within 6.5 ulp; 5.1 in float32; of the modulus (J1^2 + Y1^2)^(1/2).

    -inf at 0, nan below; 0 at infinity.
    """
    far = -modulus1(x) * cosine_of_phase(x, phase1(x))
    z = x * x
    near = x * y1_series(z * 0.08 - 1.0) + 0.6366197723675814 * (log(x) * j1_near(x)) - 0.6366197723675814 / x
    value = if_less(x, 5.0, near, far)
    special = -math.inf if x == 0.0 else (math.nan if x < 0.0 else x * 0.0)
    return value if x > 0.0 and x < math.inf else (0.0 if x == math.inf else special)


# -- growing and decaying functions


def exp_times(x: float, factor: float) -> float:
    """e^x times a factor, where e^x alone may over- or underflow."""
    low = exp_low() if x < exp_low() else x
    c = bessel_high() if low > bessel_high() else low
    turns = exp_turns(c)
    half = half_turns(turns)
    return separate_product((1.0 + exp_rest(c, turns)) * two_to(half) * factor, two_to_rest(turns, half))


def i0_near(a: float) -> float:
    """I0(a), 0 <= a <= 8; 1 + a^2 P(a^2)."""
    z = a * a
    return 1.0 + z * i0_series(z)


def i0_far(a: float) -> float:
    """exp(-a) I0(a), a >= 8."""
    return i0_far_series(16.0 / a - 1.0) / np.sqrt(a)


def i1_far(a: float) -> float:
    """exp(-a) I1(a), a >= 8."""
    return i1_far_series(16.0 / a - 1.0) / np.sqrt(a)


def bessel_i0(x: float) -> float:
    """I0(x).  Within 5.1 ulp; 4.4 in float32; everywhere."""
    b = abs(x)
    a = bessel_high() if b > bessel_high() else b
    return if_less(a, 8.0, i0_near(a), exp_times(a, i0_far(a)))


def bessel_i0e(x: float) -> float:
    """exp(-|x|) I0(x).  Within 3.6 ulp; 3.5 in float32; everywhere."""
    a = abs(x)
    return if_less(a, 8.0, exp_times(-a, i0_near(a)), i0_far(a))


def bessel_i1(x: float) -> float:
    """I1(x).  Within 4.3 ulp; 4.6 in float32; everywhere.

    -0.0 at -0.0.
    """
    b = abs(x)
    a = bessel_high() if b > bessel_high() else b
    return math.copysign(if_less(a, 8.0, a * i1_series(a * a), exp_times(a, i1_far(a))), x)


def bessel_i1e(x: float) -> float:
    """exp(-|x|) I1(x).  Within 3.8 ulp; 3.6 in float32; everywhere.

    -0.0 at -0.0.
    """
    a = abs(x)
    return math.copysign(if_less(a, 8.0, exp_times(-a, a * i1_series(a * a)), i1_far(a)), x)


def bessel_k0(x: float) -> float:
    """K0(x).  Within 3.8 ulp; 3.8 in float32; everywhere.

    -log(x) I0(x) + P(x^2) for x < 1; inf at 0, nan below.
    """
    z = x * x
    near = k0_series(z) - log(x) * (1.0 + z * i0_small_series(z))
    far = exp_times(-x, k0_far_series(4.0 / (x + 1.0) - 1.0) / np.sqrt(x))
    return if_less(x, 1.0, near, far)


def bessel_k1(x: float) -> float:
    """K1(x).  Within 4.1 ulp; 4.1 in float32; everywhere.

    1/x + log(x) I1(x) + x P(x^2) for x < 1; inf at 0, nan below.
    """
    z = x * x
    near = 1.0 / x + x * (log(x) * i1_small_series(z) + k1_series(z))
    far = exp_times(-x, k1_far_series(4.0 / (x + 1.0) - 1.0) / np.sqrt(x))
    return math.inf if x == 0.0 else if_less(x, 1.0, near, far)
