"""Exponentials, hyperbolic functions, and the logistic function and its relatives."""

from __future__ import annotations

import math

from .double import (
    cosh_series,
    counted,
    exp2_high,
    exp2_low,
    exp2_series,
    exp_high,
    exp_low,
    exp_series,
    log_two_high,
    log_two_low,
    rounded,
    sinh_high,
    sinh_series,
    two_to,
    two_to_minus,
    two_to_rest,
)
from .logarithm import log_near_one


def separate_product(a: float, b: float) -> float:
    """a*b, rounded: it is not contracted with what it is added to, so that an overflow is infinite there."""
    return a * b


def if_less(a: float, b: float, yes: float, no: float) -> float:
    """One of two values that have both been computed."""
    return yes if a < b else no


def exp_turns(x: float) -> float:
    """x / log 2 to the nearest integer."""
    return rounded(x * 1.4426950408889634)


def exp_rest_of_sum(x: float, low: float, turns: float) -> float:
    """exp(r) - 1 of the rest r = x + low - k log 2, for a low much smaller than x; r + r^2 P(r)."""
    k = counted(turns)
    r = (x - log_two_high(k)) + (low - log_two_low(k))
    return r + r * r * exp_series(r)


def exp_rest(x: float, turns: float) -> float:
    """exp(r) - 1 of the rest r = x - k log 2, |r| <= log(2)/2."""
    k = counted(turns)
    r = (x - log_two_high(k)) - log_two_low(k)
    return r + r * r * exp_series(r)


def half_turns(turns: float) -> float:
    """Half of an integer k, rounded: 2^k is reached in two steps, so that neither over- nor underflows early."""
    return rounded(counted(turns) * 0.5)


def exp_clamp(x: float) -> float:
    """x where exp(x) and x exp(x) are neither 0 nor infinite, else a bound outside which they are."""
    low = exp_low() if x < exp_low() else x
    return exp_high() if low > exp_high() else low


def exp(x: float) -> float:
    """e^x.  Within 1.2 ulp; 1.1 in float32; everywhere, underflowing gradually.

    2^k (1 + expm1(r)), x = k log 2 + r.
    """
    c = exp_clamp(x)
    turns = exp_turns(c)
    half = half_turns(turns)
    return separate_product((1.0 + exp_rest(c, turns)) * two_to(half), two_to_rest(turns, half))


def expm1(x: float) -> float:
    """e^x - 1.  Within 2.5 ulp; 1.6 in float32; everywhere; -0.0 at -0.0.

    2^k (expm1(r) + (1 - 2^-k)), x = k log 2 + r.
    """
    low = -40.0 if x < -40.0 else x
    c = exp_high() if low > exp_high() else low
    turns = exp_turns(c)
    half = half_turns(turns)
    w = 0.0 if c > 60.0 else two_to_minus(turns)
    r = (exp_rest(c, turns) + (1.0 - w)) * two_to(half) * two_to_rest(turns, half)
    return x if x == 0.0 else r


def exp2(x: float) -> float:
    """2^x.  Within 1.3 ulp; 1.1 in float32; everywhere, underflowing gradually.

    2^k (1 + (2^r - 1)), x = k + r.
    """
    low = exp2_low() if x < exp2_low() else x
    c = exp2_high() if low > exp2_high() else low
    turns = rounded(c)
    half = half_turns(turns)
    r = c - counted(turns)
    return separate_product((1.0 + (r * 0.6931471805599453 + r * r * exp2_series(r))) * two_to(half), two_to_rest(turns, half))


def tanh_argument(x: float) -> float:
    """-2|x|, no less than exp_low."""
    a = -2.0 * abs(x)
    return exp_low() if a < exp_low() else a


def tanh(x: float) -> float:
    """Within 2.7 ulp; 2.6 in float32; everywhere; -0.0 at -0.0.

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
    """1 - tanh(x)^2 = sech(x)^2.  Within 2.6 ulp; 2.5 in float32; everywhere, underflowing gradually.

    4e / (1 + 2e + e^2), e = exp(-2|x|).
    """
    a = tanh_argument(x)
    turns = exp_turns(a)
    half = half_turns(turns)
    u = (1.0 + exp_rest(a, turns)) * two_to(half)
    v = two_to_rest(turns, half)
    e = u * v
    return separate_product(4.0 * u / (1.0 + e * (2.0 + e)), v)


def sigmoid_argument(x: float) -> float:
    """-|x|, no less than exp_low."""
    a = -abs(x)
    return exp_low() if a < exp_low() else a


def sigmoid_exp(x: float) -> float:
    """exp(-|x|)."""
    a = sigmoid_argument(x)
    turns = exp_turns(a)
    half = half_turns(turns)
    return (1.0 + exp_rest(a, turns)) * two_to(half) * two_to_rest(turns, half)


def sigmoid(x: float) -> float:
    """1 / (1 + e^-x).  Within 2.5 ulp; 2.5 in float32; everywhere, underflowing gradually.

    1 / (1 + e) or e / (1 + e), e = exp(-|x|).
    """
    e = sigmoid_exp(x)
    return (e if x < 0.0 else 1.0) / (1.0 + e)


def sigmoid_prime(x: float) -> float:
    """The derivative of sigmoid.  Within 2.6 ulp; 2.6 in float32; everywhere, underflowing gradually.

    e / (1 + 2e + e^2), e = exp(-|x|).
    """
    e = sigmoid_exp(x)
    return e / (1.0 + e * (2.0 + e))


def silu(x: float) -> float:
    """x sigmoid(x).  Within 3.4 ulp; 3.5 in float32; everywhere, underflowing gradually; -0.0 at -inf and -0.0.

    x / (1 + e) or x e / (1 + e), e = exp(-|x|).
    """
    a = sigmoid_argument(x)
    turns = exp_turns(a)
    half = half_turns(turns)
    u = (1.0 + exp_rest(a, turns)) * two_to(half)
    v = two_to_rest(turns, half)
    e = u * v
    return separate_product((a * u if x < 0.0 else x) / (1.0 + e), v if x < 0.0 else 1.0)


def softplus(x: float) -> float:
    """log(1 + e^x).  Within 2.2 ulp; 1.8 in float32; everywhere, underflowing gradually.

    max(x, 0) + log1p(e), e = exp(-|x|); log1p(e) = log 2 + log(1 + (e - 1)/2) for large e.
    """
    return (0.0 if x < 0.0 else x) + softplus_rest(x)


def softplus_rest(x: float) -> float:
    """log(1 + exp(-|x|))."""
    e = sigmoid_exp(x)
    f = 0.5 * (e - 1.0) if e > 0.4142 else e
    high = 0.6931471805599453 if e > 0.4142 else 0.0
    return high + log_near_one(f, 0.0)


def log_sigmoid(x: float) -> float:
    """log(1 / (1 + e^-x)).  Within 2.2 ulp; 1.8 in float32; everywhere, underflowing gradually.

    -softplus(-x).
    """
    return (x if x < 0.0 else -0.0) - softplus_rest(x)


def logaddexp(a: float, b: float) -> float:
    """log(e^a + e^b), everywhere; infinite if either is, and -inf if both are.

    max(a, b) + log(1 + exp(-|a - b|)), to two units of the larger of the two terms.
    """
    d = 0.0 if a == b else a - b
    return (b if a < b else a) + softplus_rest(d)


def hyperbolic(x: float, sign: float) -> float:
    """cosh(x), or for sign -1 the absolute value of sinh(x).

    2^(k-1) ((1 + w) cosh r + (1 - w) sinh r), |x| = k log 2 + r, w = sign 2^-2k.
    """
    b = abs(x)
    a = sinh_high() if b > sinh_high() else b
    turns = exp_turns(a)
    half = half_turns(turns)
    k = counted(turns)
    r = (a - log_two_high(k)) - log_two_low(k)
    z = r * r
    v = two_to_minus(turns)
    w = sign * (0.0 if a > 30.0 else v * v)
    s = (1.0 + w) + ((1.0 + w) * (z * cosh_series(z)) + (1.0 - w) * (r + r * z * sinh_series(z)))
    return separate_product(s * two_to(half), 0.5 * two_to_rest(turns, half))


def sinh(x: float) -> float:
    """Within 2.5 ulp; 2.0 in float32; everywhere; -0.0 at -0.0."""
    return math.copysign(hyperbolic(x, -1.0), x)


def cosh(x: float) -> float:
    """Within 1.8 ulp; 1.9 in float32; everywhere."""
    return hyperbolic(x, 1.0)
