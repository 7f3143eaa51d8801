"""Bessel functions of whole orders up to 24, from those of order 0 and 1.

Up to the order, where a function of growing order falls quickly, the quotients of neighbours are continued fractions of a
constant length, computed from their ends.  Further out the recurrence climbs, which loses few digits there.  Loops are
written out, since formulas have none.

Errors are measured against mpmath; lengths and limits are chosen so that what is cut off is below half a unit.
"""

from __future__ import annotations

import math

import numpy as np

from .bessel import bessel_i0e, bessel_i1e, bessel_j0, bessel_j1, bessel_k0, bessel_k1, bessel_y0, bessel_y1, exp_times
from .bessel_double import bessel_high
from .exponential import if_less


def whole_order(n: float) -> float:
    """|n| of an integer n, -24 <= n <= 24, else nan."""
    m = abs(n)
    return m if np.floor(m) == m and m <= 24.0 else math.nan


def is_odd(m: float) -> float:
    """1 for an odd integer m >= 0, and 0 for an even one."""
    h = 0.5 * m
    return 2.0 * (h - np.floor(h))


def ratio_below(r: float, k: float, x: float, sign: float) -> float:
    """The quotient of the functions of orders k and k - 1, from that of k + 1 and k; nearly infinite at a zero of the last."""
    d = 2.0 * k + sign * (x * r)
    return x / (1e-30 if d == 0.0 else d)


def power_up_to(p: float, r: float, k: float, n: float) -> float:
    """The product p of quotients, with the quotient r of order k if that is no higher than n."""
    return p if n < k else p * r


def climb(c: float, p: float, k: float, step: float, sign: float) -> float:
    """The function of order k + 1 from those of orders k and k - 1, c and p; an infinite one stays."""
    return k * step * c + sign * p if abs(c) < math.inf else c


def falling(n: float, x: float, sign: float, above: float, first: float, second: float) -> float:
    """The function of order n, from the quotient of orders 25 and 24, and the functions of order 0 and 1.

    It starts from the larger one of these.
    """
    r24 = ratio_below(above, 24.0, x, sign)
    r23 = ratio_below(r24, 23.0, x, sign)
    r22 = ratio_below(r23, 22.0, x, sign)
    r21 = ratio_below(r22, 21.0, x, sign)
    r20 = ratio_below(r21, 20.0, x, sign)
    r19 = ratio_below(r20, 19.0, x, sign)
    r18 = ratio_below(r19, 18.0, x, sign)
    r17 = ratio_below(r18, 17.0, x, sign)
    r16 = ratio_below(r17, 16.0, x, sign)
    r15 = ratio_below(r16, 15.0, x, sign)
    r14 = ratio_below(r15, 14.0, x, sign)
    r13 = ratio_below(r14, 13.0, x, sign)
    r12 = ratio_below(r13, 12.0, x, sign)
    r11 = ratio_below(r12, 11.0, x, sign)
    r10 = ratio_below(r11, 10.0, x, sign)
    r9 = ratio_below(r10, 9.0, x, sign)
    r8 = ratio_below(r9, 8.0, x, sign)
    r7 = ratio_below(r8, 7.0, x, sign)
    r6 = ratio_below(r7, 6.0, x, sign)
    r5 = ratio_below(r6, 5.0, x, sign)
    r4 = ratio_below(r5, 4.0, x, sign)
    r3 = ratio_below(r4, 3.0, x, sign)
    r2 = ratio_below(r3, 2.0, x, sign)
    r1 = ratio_below(r2, 1.0, x, sign)
    p24 = power_up_to(1.0, r24, 24.0, n)
    p23 = power_up_to(p24, r23, 23.0, n)
    p22 = power_up_to(p23, r22, 22.0, n)
    p21 = power_up_to(p22, r21, 21.0, n)
    p20 = power_up_to(p21, r20, 20.0, n)
    p19 = power_up_to(p20, r19, 19.0, n)
    p18 = power_up_to(p19, r18, 18.0, n)
    p17 = power_up_to(p18, r17, 17.0, n)
    p16 = power_up_to(p17, r16, 16.0, n)
    p15 = power_up_to(p16, r15, 15.0, n)
    p14 = power_up_to(p15, r14, 14.0, n)
    p13 = power_up_to(p14, r13, 13.0, n)
    p12 = power_up_to(p13, r12, 12.0, n)
    p11 = power_up_to(p12, r11, 11.0, n)
    p10 = power_up_to(p11, r10, 10.0, n)
    p9 = power_up_to(p10, r9, 9.0, n)
    p8 = power_up_to(p9, r8, 8.0, n)
    p7 = power_up_to(p8, r7, 7.0, n)
    p6 = power_up_to(p7, r6, 6.0, n)
    p5 = power_up_to(p6, r5, 5.0, n)
    p4 = power_up_to(p5, r4, 4.0, n)
    p3 = power_up_to(p4, r3, 3.0, n)
    p2 = power_up_to(p3, r2, 2.0, n)
    one = second if abs(first) < abs(second) else first * r1
    return first if n == 0.0 else (second if n == 1.0 else p2 * one)


def climbing(n: float, x: float, step: float, sign: float, first: float, second: float) -> float:
    """The function of order n, from those of order 0 and 1: f(k + 1) = k step f(k) + sign f(k - 1)."""
    c2 = climb(second, first, 1.0, step, sign)
    c3 = climb(c2, second, 2.0, step, sign)
    c4 = climb(c3, c2, 3.0, step, sign)
    c5 = climb(c4, c3, 4.0, step, sign)
    c6 = climb(c5, c4, 5.0, step, sign)
    c7 = climb(c6, c5, 6.0, step, sign)
    c8 = climb(c7, c6, 7.0, step, sign)
    c9 = climb(c8, c7, 8.0, step, sign)
    c10 = climb(c9, c8, 9.0, step, sign)
    c11 = climb(c10, c9, 10.0, step, sign)
    c12 = climb(c11, c10, 11.0, step, sign)
    c13 = climb(c12, c11, 12.0, step, sign)
    c14 = climb(c13, c12, 13.0, step, sign)
    c15 = climb(c14, c13, 14.0, step, sign)
    c16 = climb(c15, c14, 15.0, step, sign)
    c17 = climb(c16, c15, 16.0, step, sign)
    c18 = climb(c17, c16, 17.0, step, sign)
    c19 = climb(c18, c17, 18.0, step, sign)
    c20 = climb(c19, c18, 19.0, step, sign)
    c21 = climb(c20, c19, 20.0, step, sign)
    c22 = climb(c21, c20, 21.0, step, sign)
    c23 = climb(c22, c21, 22.0, step, sign)
    c24 = climb(c23, c22, 23.0, step, sign)
    v0 = c4 if n == 4.0 else (c3 if n == 3.0 else (c2 if n == 2.0 else (second if n == 1.0 else (first if n == 0.0 else math.nan))))
    v5 = c9 if n == 9.0 else (c8 if n == 8.0 else (c7 if n == 7.0 else (c6 if n == 6.0 else (c5 if n == 5.0 else v0))))
    v10 = c14 if n == 14.0 else (c13 if n == 13.0 else (c12 if n == 12.0 else (c11 if n == 11.0 else (c10 if n == 10.0 else v5))))
    v15 = c19 if n == 19.0 else (c18 if n == 18.0 else (c17 if n == 17.0 else (c16 if n == 16.0 else (c15 if n == 15.0 else v10))))
    v20 = c24 if n == 24.0 else (c23 if n == 23.0 else (c22 if n == 22.0 else (c21 if n == 21.0 else (c20 if n == 20.0 else v15))))
    return v20


def above_j(x: float) -> float:
    """J25(x) / J24(x), 0 <= x <= 24."""
    sign = -1.0
    r46 = ratio_below(ratio_below(ratio_below(0.0, 48.0, x, sign), 47.0, x, sign), 46.0, x, sign)
    r43 = ratio_below(ratio_below(ratio_below(r46, 45.0, x, sign), 44.0, x, sign), 43.0, x, sign)
    r40 = ratio_below(ratio_below(ratio_below(r43, 42.0, x, sign), 41.0, x, sign), 40.0, x, sign)
    r37 = ratio_below(ratio_below(ratio_below(r40, 39.0, x, sign), 38.0, x, sign), 37.0, x, sign)
    r34 = ratio_below(ratio_below(ratio_below(r37, 36.0, x, sign), 35.0, x, sign), 34.0, x, sign)
    r31 = ratio_below(ratio_below(ratio_below(r34, 33.0, x, sign), 32.0, x, sign), 31.0, x, sign)
    r28 = ratio_below(ratio_below(ratio_below(r31, 30.0, x, sign), 29.0, x, sign), 28.0, x, sign)
    r25 = ratio_below(ratio_below(ratio_below(r28, 27.0, x, sign), 26.0, x, sign), 25.0, x, sign)
    return r25


def above_i(x: float) -> float:
    """I25(x) / I24(x), 0 <= x <= 200."""
    sign = 1.0
    r86 = ratio_below(ratio_below(ratio_below(x / (87.5 + np.sqrt(7832.25 + x * x)), 88.0, x, sign), 87.0, x, sign), 86.0, x, sign)
    r83 = ratio_below(ratio_below(ratio_below(r86, 85.0, x, sign), 84.0, x, sign), 83.0, x, sign)
    r80 = ratio_below(ratio_below(ratio_below(r83, 82.0, x, sign), 81.0, x, sign), 80.0, x, sign)
    r77 = ratio_below(ratio_below(ratio_below(r80, 79.0, x, sign), 78.0, x, sign), 77.0, x, sign)
    r74 = ratio_below(ratio_below(ratio_below(r77, 76.0, x, sign), 75.0, x, sign), 74.0, x, sign)
    r71 = ratio_below(ratio_below(ratio_below(r74, 73.0, x, sign), 72.0, x, sign), 71.0, x, sign)
    r68 = ratio_below(ratio_below(ratio_below(r71, 70.0, x, sign), 69.0, x, sign), 68.0, x, sign)
    r65 = ratio_below(ratio_below(ratio_below(r68, 67.0, x, sign), 66.0, x, sign), 65.0, x, sign)
    r62 = ratio_below(ratio_below(ratio_below(r65, 64.0, x, sign), 63.0, x, sign), 62.0, x, sign)
    r59 = ratio_below(ratio_below(ratio_below(r62, 61.0, x, sign), 60.0, x, sign), 59.0, x, sign)
    r56 = ratio_below(ratio_below(ratio_below(r59, 58.0, x, sign), 57.0, x, sign), 56.0, x, sign)
    r53 = ratio_below(ratio_below(ratio_below(r56, 55.0, x, sign), 54.0, x, sign), 53.0, x, sign)
    r50 = ratio_below(ratio_below(ratio_below(r53, 52.0, x, sign), 51.0, x, sign), 50.0, x, sign)
    r47 = ratio_below(ratio_below(ratio_below(r50, 49.0, x, sign), 48.0, x, sign), 47.0, x, sign)
    r44 = ratio_below(ratio_below(ratio_below(r47, 46.0, x, sign), 45.0, x, sign), 44.0, x, sign)
    r41 = ratio_below(ratio_below(ratio_below(r44, 43.0, x, sign), 42.0, x, sign), 41.0, x, sign)
    r38 = ratio_below(ratio_below(ratio_below(r41, 40.0, x, sign), 39.0, x, sign), 38.0, x, sign)
    r35 = ratio_below(ratio_below(ratio_below(r38, 37.0, x, sign), 36.0, x, sign), 35.0, x, sign)
    r32 = ratio_below(ratio_below(ratio_below(r35, 34.0, x, sign), 33.0, x, sign), 32.0, x, sign)
    r29 = ratio_below(ratio_below(ratio_below(r32, 31.0, x, sign), 30.0, x, sign), 29.0, x, sign)
    r26 = ratio_below(ratio_below(ratio_below(r29, 28.0, x, sign), 27.0, x, sign), 26.0, x, sign)
    r25 = ratio_below(r26, 25.0, x, sign)
    return r25


def bessel_jn(n: float, x: float) -> float:
    """Jn(x), of a whole order n from -24 to 24, nan for others.  Within 14.0 ulp; 16.0 in float32; for |x| <= n; of the modulus (Jn^2
    + Yn^2)^(1/2) further out.

    0 at infinity.
    """
    a = abs(x)
    m = whole_order(n)
    zero = bessel_j0(a)
    one = bessel_j1(a)
    value = if_less(a, m, falling(m, a, -1.0, above_j(a), zero, one), climbing(m, a, 2.0 / a, -1.0, zero, one))
    sign = math.copysign(1.0, x) * math.copysign(1.0, n)
    return -value if sign < 0.0 and is_odd(m) == 1.0 else value


def bessel_yn(n: float, x: float) -> float:
    """Yn(x), of a whole order n from -24 to 24, nan for others.  Within 26.0 ulp; 26.0 in float32; of the modulus (Jn^2 + Yn^2)^(1/2).

    Infinite at 0, nan below; 0 at infinity.
    """
    m = whole_order(n)
    value = climbing(m, x, 2.0 / x, -1.0, bessel_y0(x), bessel_y1(x))
    return -value if n < 0.0 and is_odd(m) == 1.0 else value


def scaled_in(m: float, a: float) -> float:
    """exp(-a) Im(a), a >= 0."""
    zero = bessel_i0e(a)
    one = bessel_i1e(a)
    return if_less(a, 200.0, falling(m, a, 1.0, above_i(a), zero, one), climbing(m, a, -2.0 / a, 1.0, zero, one))


def bessel_ive(n: float, x: float) -> float:
    """exp(-|x|) In(x), of a whole order n from -24 to 24, nan for others.  Within 10.0 ulp; 20.0 in float32; everywhere."""
    m = whole_order(n)
    value = scaled_in(m, abs(x))
    return -value if math.copysign(1.0, x) < 0.0 and is_odd(m) == 1.0 else value


def bessel_iv(n: float, x: float) -> float:
    """In(x), of a whole order n from -24 to 24, nan for others.  Within 10.0 ulp; 12.0 in float32; everywhere."""
    b = abs(x)
    a = bessel_high() if b > bessel_high() else b
    m = whole_order(n)
    value = exp_times(a, scaled_in(m, a))
    return -value if math.copysign(1.0, x) < 0.0 and is_odd(m) == 1.0 else value


def bessel_kn(n: float, x: float) -> float:
    """Kn(x), of a whole order n from -24 to 24, nan for others.  Within 26.0 ulp; 24.0 in float32; everywhere.

    inf at 0, nan below.
    """
    return climbing(whole_order(n), x, 2.0 / x, 1.0, bessel_k0(x), bessel_k1(x))
