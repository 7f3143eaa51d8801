"""Circular functions and their inverses."""

from __future__ import annotations

import math

import numpy as np

from .double import (
    asin_series,
    atan_series,
    bits,
    cos_series,
    far_angle,
    half_pi_low,
    nearly_infinite,
    quarter_rest,
    rounded,
    sin_series,
    square_is_large,
    three_quarters_pi_low,
    with_sign_of_half,
)


def quarter_turns(x: float) -> float:
    """x / (pi/2) to the nearest integer."""
    return rounded(x * 0.6366197723675814)


def sin_near_zero(r: float) -> float:
    """sin(r), |r| <= pi/4; r + r^3 P(r^2)."""
    z = r * r
    return r + r * z * sin_series(z)


def cos_near_zero(r: float) -> float:
    """cos(r), |r| <= pi/4; 1 - r^2/2 + r^4 P(r^2)."""
    z = r * r
    return 1.0 - (0.5 * z - z * z * cos_series(z))


def wave(r: float, turns: float) -> float:
    """sin(r + k pi/2), |r| <= pi/4."""
    s = sin_near_zero(r)
    c = cos_near_zero(r)
    return with_sign_of_half(s if (bits(turns) & 1) == 0 else c, turns)


def sin(x: float) -> float:
    """Within 1.6 ulp; 1.6 in float32; for |x| <= 1e8 (6000), beyond that the C library's; nan at infinity; -0.0 at -0.0.

    sin or cos of x - k pi/2, with the sign of the quadrant k.
    """
    turns = quarter_turns(x)
    near = x if x == 0.0 else wave(quarter_rest(x, turns), turns)
    return math.sin(x) if abs(x) > far_angle() and abs(x) < math.inf else near


def cos(x: float) -> float:
    """Within 1.6 ulp; 1.6 in float32; for |x| <= 1e8 (6000), beyond that the C library's; nan at infinity.

    cos or sin of x - k pi/2, with the sign of the quadrant k.
    """
    turns = quarter_turns(x)
    near = wave(quarter_rest(x, turns), turns + 1.0)
    return math.cos(x) if abs(x) > far_angle() and abs(x) < math.inf else near


def tan(x: float) -> float:
    """Within 3.7 ulp; 3.6 in float32; for |x| <= 1e8 (6000), beyond that the C library's; nan at infinity; -0.0 at -0.0.

    sin / cos or -cos / sin of x - k pi/2.
    """
    turns = quarter_turns(x)
    r = quarter_rest(x, turns)
    s = sin_near_zero(r)
    c = cos_near_zero(r)
    ratio = (s if (bits(turns) & 1) == 0 else -c) / (c if (bits(turns) & 1) == 0 else s)
    near = x if x == 0.0 else ratio
    return math.tan(x) if abs(x) > far_angle() and abs(x) < math.inf else near


def atan_rest(z: float) -> float:
    """atan(z) - z, |z| < 0.4143; z^3 P(z^2)."""
    w = z * z
    return z * w * atan_series(w)


def atan(x: float) -> float:
    """Within 2.0 ulp; 2.0 in float32; everywhere; -0.0 at -0.0.

    atan(|x|) = c + atan(z), z = |x|, (|x| - 1) / (|x| + 1) or -1 / |x| and c = 0, pi/4 or pi/2.
    """
    a = abs(x)
    top = -1.0 if a > 2.414213562373095 else (a - 1.0 if a > 0.41421356237309503 else a)
    bottom = a if a > 2.414213562373095 else (a + 1.0 if a > 0.41421356237309503 else 1.0)
    part = 1.0 if a > 2.414213562373095 else (0.5 if a > 0.41421356237309503 else 0.0)
    z = top / bottom
    return math.copysign(part * 1.5707963267948966 + (z + (atan_rest(z) + part * half_pi_low())), x)


def atan_prime(x: float) -> float:
    """1 / (1 + x^2).  Within 2.1 ulp; 2.1 in float32; everywhere, underflowing gradually.

    (1 / x)^2 for large x.
    """
    a = abs(x)
    q = 1.0 / (a if a > square_is_large() else 1.0 + a * a)
    return q * q if a > square_is_large() else q


def atan2(y: float, x: float) -> float:
    """The angle of the point (x, y).  Within 2.1 ulp; 2.1 in float32; everywhere, with C's signs at zeros and infinities.

    The reduction of atan on |y| / |x|, and pi less that for x < 0.
    """
    p = 0.0625 * abs(x) if abs(x) > nearly_infinite() or abs(y) > nearly_infinite() else abs(x)
    q = 0.0625 * abs(y) if abs(x) > nearly_infinite() or abs(y) > nearly_infinite() else abs(y)
    a = 1.0 if p == math.inf and q == math.inf else p
    b = 1.0 if p == math.inf and q == math.inf else q
    steep = 2.414213562373095 * a
    flat = 0.41421356237309503 * a
    top = -a if b > steep else (b - a if b > flat else b)
    bottom = b if b > steep else (b + a if b > flat else (1.0 if b == 0.0 and a == 0.0 else a))
    z = top / bottom
    r = z + atan_rest(z)
    part = 1.0 if b > steep else (0.5 if b > flat else 0.0)
    left_high = 1.5707963267948966 if b > steep else (2.356194490192345 if b > flat else 3.141592653589793)
    left_low = half_pi_low() if b > steep else (three_quarters_pi_low() if b > flat else 2.0 * half_pi_low())
    right = part * 1.5707963267948966 + (z + (atan_rest(z) + part * half_pi_low()))
    left = left_high - (r - left_low)
    return math.copysign(left if math.copysign(1.0, x) < 0.0 else right, y)


def asin(x: float) -> float:
    """Within 2.4 ulp; 2.4 in float32; for |x| <= 1, nan beyond; -0.0 at -0.0.

    asin(|x|) = pi/2 - 2 asin(sqrt((1 - |x|)/2)) for |x| >= 1/2.
    """
    a = abs(x)
    z = 0.5 * (1.0 - a) if a >= 0.5 else a * a
    root = np.sqrt(z)
    t = root if a >= 0.5 else a
    p = t + t * (z * asin_series(z))
    far = 1.5707963267948966 - (2.0 * p - half_pi_low())
    return math.copysign(far if a >= 0.5 else p, x)


def acos(x: float) -> float:
    """Within 1.2 ulp; 1.2 in float32; for |x| <= 1, nan beyond.

    pi/2 - asin(x); for |x| >= 1/2 from 2 asin(sqrt((1 - |x|)/2)).
    """
    a = abs(x)
    z = 0.5 * (1.0 - a) if a >= 0.5 else a * a
    t = np.sqrt(z)
    p = t + t * (z * asin_series(z))
    left = 3.141592653589793 - (2.0 * p - 2.0 * half_pi_low())
    far = 2.0 * p if x > 0.0 else left
    near = 1.5707963267948966 - (x + (x * (z * asin_series(z)) - half_pi_low()))
    return near if a < 0.5 else far
