"""The gamma function's family: its logarithm, the logarithmic derivative, and the sums of powers in higher derivatives.

From 0.75 to 2.75 a function is a polynomial in (a - 1.4375) / (a + 1.4375), which puts the singularity at 0 and infinity
at the same distance, times the factors that are zero where the function is.  Below is one step of the recurrence, beyond are
asymptotic series.  Negative arguments are reflected.
"""

from __future__ import annotations

import math

import numpy as np

from .circular import cos_near_zero, sin_near_zero
from .double import counted, exp_series, log_exponent, log_mantissa, log_scaled, log_two_high, log_two_low, log_unscaled, rounded
from .exponential import exp, if_less
from .gamma_double import (
    digamma_root,
    digamma_root_low,
    digamma_series,
    digamma_tail,
    gamma_high,
    gamma_whole,
    lgamma_series,
    stirling_series,
)
from .logarithm import log, log1p, log_near_one
from .power import pow_magnitude


def gamma_argument(a: float) -> float:
    """The variable of the polynomials, -0.32 < t < 0.32 for 0.75 <= a <= 2.75."""
    return (a - 1.4375) / (a + 1.4375)


def off_whole(a: float) -> float:
    """The distance of a >= 0 from the nearest whole number, exact."""
    r = a - np.floor(a)
    return 1.0 - r if r > 0.5 else r


def sin_of_turns(d: float) -> float:
    """sin(pi d), 0 <= d <= 1/2."""
    return if_less(d, 0.25, sin_near_zero(3.141592653589793 * d), cos_near_zero(3.141592653589793 * (0.5 - d)))


def cos_of_turns(d: float) -> float:
    """cos(pi d), 0 <= d <= 1/2."""
    return if_less(d, 0.25, cos_near_zero(3.141592653589793 * d), sin_near_zero(3.141592653589793 * (0.5 - d)))


def log_gamma_between(a: float) -> float:
    """log(gamma(a)), or log(gamma(1 + a)) for a < 0.75; for a <= 2.75."""
    p = a if a < 0.75 else a - 1.0
    q = a - 1.0 if a < 0.75 else a - 2.0
    return p * (q * lgamma_series(gamma_argument(1.0 + a if a < 0.75 else a)))


def gamma_first(a: float) -> float:
    """The first factor of gamma(a), or gamma(1 + a) for a < 0.75; gamma_second is the other one.

    exp(log_gamma_between(a)); for a > 2.75 sqrt(2 pi) c^(c/2 - 1/4) exp(-c) exp(Q(1/c^2)/c), c = a or gamma_high.
    """
    c = gamma_high() if a > gamma_high() else a
    e = exp(log_gamma_between(a) if a < 2.75 else -c)
    r = stirling_series(1.0 / (c * c)) / c
    far = (e * gamma_root(c)) * (2.5066282746310002 * (1.0 + (r + r * r * exp_series(r))))
    return if_less(a, 2.75, e, far)


def gamma_second(a: float) -> float:
    """The second factor of gamma(a): the root of a^(a - 1/2) for a > 2.75."""
    root = gamma_root(gamma_high() if a > gamma_high() else a)
    return 1.0 if a < 2.75 else root


def gamma_root(c: float) -> float:
    """c^(c/2 - 1/4)."""
    return pow_magnitude(c, 0.5 * c - 0.25)


def tgamma(x: float) -> float:
    """gamma(x).  Within 7.3 ulp; 7.7 in float32; everywhere, underflowing gradually; nan at -1, -2, ... and -inf.

    gamma_first * gamma_second; exact where it is a whole number below 1e15 (1e6).
    """
    a = abs(x)
    first = gamma_first(a)
    second = gamma_second(a)
    v = (first / (a if a < 0.75 else 1.0)) * second
    right = counted(rounded(v)) if v < gamma_whole() and np.floor(a) == a else v
    value = tgamma_left_rarely(a, first, second) if x < 0.0 else right
    return math.copysign(math.inf, x) if x == 0.0 else value


def tgamma_left_rarely(a: float, first: float, second: float) -> float:
    """gamma(-a) = -pi / (sin(pi a) gamma(1 + a))."""
    d = off_whole(a)
    u = 3.141592653589793 / (sin_of_turns(d) * (1.0 if a < 0.75 else a))
    return math.nan if d == 0.0 else sign_left(a) * ((u / first) / second)


def sign_left(a: float) -> float:
    """The sign of gamma(-a), a > 0."""
    k = np.floor(a)
    return -1.0 if np.floor(0.5 * k) == 0.5 * k else 1.0


def rgamma(x: float) -> float:
    """1 / gamma(x).  Within 6.6 ulp; 8.6 in float32; everywhere, underflowing gradually; 0 at 0, -1, -2, ..., nan at -inf."""
    a = abs(x)
    first = gamma_first(a)
    second = gamma_second(a)
    right = ((a if a < 0.75 else 1.0) / first) / second
    value = rgamma_left_rarely(a, first, second) if x < 0.0 else right
    return x if x == 0.0 else (math.nan if x == -math.inf else value)


def rgamma_left_rarely(a: float, first: float, second: float) -> float:
    """1 / gamma(-a) = -sin(pi a) gamma(1 + a) / pi."""
    d = off_whole(a)
    u = 0.3183098861837907 * (sin_of_turns(d) * (1.0 if a < 0.75 else a))
    return 0.0 if d == 0.0 else sign_left(a) * ((u * first) * second)


def lgamma(x: float) -> float:
    """log |gamma(x)|.  Within 4.3 ulp; 3.6 in float32; for x > 0; infinite at 0, -1, -2, ...; -inf at -inf.

    (a - 1) (a - 2) P, (a - 1/2) (log(a) - 1) + (log(2 pi) - 1)/2 + Q(1/a^2)/a, a = |x|.
    """
    a = abs(x)
    y = log_scaled(a)
    k = log_unscaled(a, log_exponent(y))
    m = log_near_one(log_mantissa(y) - 1.0, log_two_low(k))
    near = log_gamma_between(a)
    far = (a - 0.5) * ((log_two_high(k) - 1.0) + m) + (0.4189385332046727 + stirling_series(1.0 / (a * a)) / a)
    above = if_less(a, 2.75, near, far)
    log_a = log_two_high(k) + m
    right = above + (-log_a if a < 0.75 else 0.0)
    next_up = above + (0.0 if a < 0.75 else log_a)
    v = lgamma_left_rarely(a, next_up) if x < 0.0 else right
    return x if x == -math.inf else (math.inf if a == 0.0 or a == math.inf else v)


def lgamma_left_rarely(a: float, next_up: float) -> float:
    """log |gamma(-a)|, next_up = log(gamma(1 + a)); log(pi / |sin(pi a)|) less that.

    The error is that of the terms, also where their difference is small.
    """
    return -log(0.3183098861837907 * sin_of_turns(off_whole(a))) - next_up


def digamma(x: float) -> float:
    """The derivative of log |gamma(x)|.  Within 3.8 ulp; 3.3 in float32; for x > 0; infinite at 0, nan at -1, -2, ... and -inf.

    (a - root) P, log(a) - 1/(2a) - Q(1/a^2)/a^2, a = |x|.
    """
    a = abs(x)
    u = (a + (1.0 - digamma_root()) if a < 0.75 else a - digamma_root()) - digamma_root_low()
    near = u * digamma_series(gamma_argument(1.0 + a if a < 0.75 else a))
    z = 1.0 / (a * a)
    far = log(a) - (0.5 / a + z * digamma_tail(z))
    above = if_less(a, 2.75, near, far)
    right = above - (1.0 / a if a < 0.75 else 0.0)
    next_up = above + (0.0 if a < 0.75 else 1.0 / a)
    v = digamma_left_rarely(a, next_up) if x < 0.0 else right
    return math.copysign(math.inf, -x) if x == 0.0 else (x if x == math.inf else v)


def digamma_left_rarely(a: float, next_up: float) -> float:
    """digamma(-a), next_up = digamma(1 + a); that and pi cot(pi a).

    The error is that of the terms, also where their sum is small.
    """
    d = off_whole(a)
    turn = 3.141592653589793 * (cos_of_turns(d) / sin_of_turns(d))
    return math.nan if d == 0.0 else next_up + (turn if a - np.floor(a) == d else -turn)


def zeta(s: float, q: float) -> float:
    """The sum of (q + k)^-s over k = 0, 1, ...  Within 5.1 ulp; 5.5 in float32; for s >= 2 and q > 0.

    10 ulp for s < 2.  Infinite at q = 0, -1, -2, ... and s = 1; nan for s < 1, and for q < 0 unless s is whole.
    """
    right = zeta_above(s, q)
    v = zeta_left_rarely(s, q) if q < 0.0 else right
    at_pole = math.inf if s >= 1.0 else math.nan
    known = at_pole if s <= 1.0 or (q <= 0.0 and np.floor(q) == q) else v
    return s + q if s != s or q != q else known


def zeta_left_rarely(s: float, q: float) -> float:
    """The sum for q < 0, with the terms of negative base as the difference of two sums; nan unless s is whole."""
    c = q - np.floor(q + 0.5)
    sign = math.nan if np.floor(s) != s or s == math.inf else (1.0 if np.floor(0.5 * s) == 0.5 * s else -1.0)
    below = zeta_above(s, 1.0 - c if c > 0.0 else -c) - zeta_above(s, 1.0 - q)
    return zeta_above(s, c if c > 0.0 else 1.0 + c) + sign * below


def zeta_term(s: float, q: float, k: float) -> float:
    """(1 + k/q)^-s."""
    return exp(-s * log1p(k / q))


def zeta_above(s: float, q: float) -> float:
    """The sum for q > 0: seven terms, and Euler's and Maclaurin's formula with ten for the rest, as multiples of q^-s."""
    first = ((zeta_term(s, q, 6.0) + zeta_term(s, q, 5.0)) + (zeta_term(s, q, 4.0) + zeta_term(s, q, 3.0))) + (
        zeta_term(s, q, 2.0) + zeta_term(s, q, 1.0)
    )
    e = zeta_term(s, q, 7.0)
    w = q + 7.0
    v = 1.0 / (w * w)
    t9 = 1.0 - 0.02533022338183393 * ((s + 17.0) * (s + 18.0) * v)
    t8 = 1.0 - 0.025330005504037488 * ((s + 15.0) * (s + 16.0) * v) * t9
    t7 = 1.0 - 0.025329131652661065 * ((s + 13.0) * (s + 14.0) * v) * t8
    t6 = 1.0 - 0.02532561505065123 * ((s + 11.0) * (s + 12.0) * v) * t7
    t5 = 1.0 - 0.02531135531135531 * ((s + 9.0) * (s + 10.0) * v) * t6
    t4 = 1.0 - 0.025252525252525252 * ((s + 7.0) * (s + 8.0) * v) * t5
    t3 = 1.0 - 0.025 * ((s + 5.0) * (s + 6.0) * v) * t4
    t2 = 1.0 - 0.023809523809523808 * ((s + 3.0) * (s + 4.0) * v) * t3
    t1 = 1.0 - 0.016666666666666666 * ((s + 1.0) * (s + 2.0) * v) * t2
    rest = 0.5 + 0.08333333333333333 * (s / w) * t1
    tail = 0.0 if e == 0.0 else e * ((w / q) / (s - 1.0) + rest / q)
    scale = pow_magnitude(q, 1.0 - s)
    total = scale * ((1.0 + first) / q + tail)
    return 0.0 if q == math.inf or scale == 0.0 else total  # products of s overflow only where the scale is 0
