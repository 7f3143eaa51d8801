"""The beta function, gamma(a) gamma(b) / gamma(a + b), and its logarithm, without the overflow and cancellation of the three.

With p <= q and s = p + q: if p >= 2.75, Stirling's series of all three give powers of p/s and q/s; if only q is, the power of
q/s and that of s; otherwise all three are polynomials.  Powers have bases of more digits than a float: what a quotient or
a sum is rounded by goes into an exponential.
"""

from __future__ import annotations

import math

import numpy as np

from .double import head
from .exponential import exp, if_less
from .gamma import lgamma, log_gamma_between
from .gamma_double import stirling_series
from .logarithm import log, log1p
from .power import pow_magnitude


def sum_rest(a: float, b: float) -> float:
    """What a + b is more than its nearest float."""
    s = a + b
    t = s - a
    return (a - (s - t)) + (b - t)


def quotient_rest(a: float, s: float, s_low: float, r: float) -> float:
    """(a / (s + s_low)) / r - 1 for r = a / s, rounded."""
    rh = head(r)
    sh = head(s)
    rest = (((a - rh * sh) - rh * (s - sh)) - (r - rh) * sh) - (r - rh) * (s - sh)
    return (rest - r * s_low) / a


def stirling(a: float) -> float:
    """log(gamma(a)) - ((a - 1/2) log(a) - a + log(2 pi)/2), a >= 2.75."""
    return stirling_series(1.0 / (a * a)) / a


def steps_down(s: float) -> float:
    """The number of steps of 1 from s to 2.75 or less, s < 5.5."""
    return (1.0 if s > 2.75 else 0.0) + ((1.0 if s > 3.75 else 0.0) + (1.0 if s > 4.75 else 0.0))


def beta_divisor(p: float, q: float) -> float:
    """What the exponential of the polynomials is divided by, for q < 2.75: the steps of the recurrence."""
    s = p + q
    k = steps_down(s)
    up = (s - 1.0 if k > 0.0 else 1.0) * ((s - 2.0 if k > 1.0 else 1.0) * (s - 3.0 if k > 2.0 else 1.0))
    return ((p if p < 0.75 else 1.0) * ((q if q < 0.75 else 1.0) / (s if s < 0.75 else 1.0))) * up


def beta_polynomials(p: float, q: float) -> float:
    """The sum of the logarithms that are polynomials, for q < 2.75."""
    s = p + q
    return (log_gamma_between(p) + log_gamma_between(q)) - log_gamma_between(s - steps_down(s))


def beta_above(p: float, q: float) -> float:
    """beta(p, q), 0 < p <= q < infinity."""
    s = p + q
    low = sum_rest(q, p)
    both = p >= 2.75
    ratio = q / s
    share = p / s
    e = q if both else q - 0.5
    f = p - 0.5 if both else -p
    rest = e * quotient_rest(q, s, low, ratio) + f * (quotient_rest(p, s, low, share) if both else low / s)
    far = (rest + (stirling(q) - stirling(s))) + (stirling(p) if both else p + log_gamma_between(p))
    exponential = exp(if_less(q, 2.75, beta_polynomials(p, q), far))
    powers = pow_magnitude(ratio, e) * pow_magnitude(share if both else s, f)
    factor = 2.5066282746310002 / np.sqrt(q) if both else 1.0 / (p if p < 0.75 else 1.0)
    return if_less(q, 2.75, exponential / beta_divisor(p, q), powers * (exponential * factor))


def betaln_above(p: float, q: float) -> float:
    """log(beta(p, q)), 0 < p <= q < infinity."""
    s = p + q
    both = p >= 2.75
    small = q < 2.75
    first = log(beta_divisor(p, q) if small else (q if both else s))
    second = log(p if p < 0.75 else 1.0)
    spread = (q if both else q - 0.5) * log1p(p / q)
    three = ((stirling(q) - stirling(s)) + (stirling(p) + 0.9189385332046727)) - 0.5 * first
    of_both = three - ((p - 0.5) * log1p(q / p) + spread)
    of_one = ((stirling(q) - stirling(s)) - (spread - p)) + ((log_gamma_between(p) - second) - p * first)
    far = of_both if both else of_one
    return if_less(q, 2.75, beta_polynomials(p, q) - first, far)


def sign_of_gamma(x: float) -> float:
    """1 or -1."""
    k = np.floor(x)
    return -1.0 if x < 0.0 and np.floor(0.5 * k) != 0.5 * k else 1.0


def beta_left_rarely(p: float, q: float) -> float:
    """beta(p, q), p <= q, p <= 0."""
    o = 1.0 - (p + q)
    whole = np.floor(p) == p
    mirrored = beta_above(if_less(o, q, o, q), if_less(o, q, q, o))
    odd = np.floor(0.5 * q) != 0.5 * q
    at_pole = (-mirrored if odd else mirrored) if q > 0.0 and np.floor(q) == q and o > 0.0 and whole else math.inf
    sign = sign_of_gamma(p) * sign_of_gamma(q) * sign_of_gamma(p + q)
    v = sign * exp((lgamma(p) + lgamma(q)) - lgamma(p + q))
    return at_pole if whole or (q <= 0.0 and np.floor(q) == q) else v


def betaln_left_rarely(p: float, q: float) -> float:
    """log |beta(p, q)|, p <= q, p <= 0."""
    o = 1.0 - (p + q)
    whole = np.floor(p) == p
    mirrored = betaln_above(if_less(o, q, o, q), if_less(o, q, q, o))
    at_pole = mirrored if q > 0.0 and np.floor(q) == q and o > 0.0 and whole else math.inf
    v = (lgamma(p) + lgamma(q)) - lgamma(p + q)
    return at_pole if whole or (q <= 0.0 and np.floor(q) == q) else v


def euler_beta(a: float, b: float) -> float:
    """gamma(a) gamma(b) / gamma(a + b).  Within 9.9 ulp; 10.0 in float32; for a > 0, b > 0, up to 1e15 (1e6).

    Infinite where one of them is 0, -1, -2, ..., unless the other is whole and a + b <= 0; nan at -inf.
    """
    p = b if b < a else a
    q = a if b < a else b
    right = beta_above(p, q)
    v = beta_left_rarely(p, q) if p <= 0.0 else right
    at_end = 0.0 if p > 0.0 and p < math.inf else (v if p == 0.0 else math.nan)
    return at_end if q == math.inf else (v if a == a and b == b else a + b)


def log_beta(a: float, b: float) -> float:
    """log |beta(a, b)|.  For a > 0, b > 0 the error is at most four units in the last place of the value, or of 1 if that is larger."""
    p = b if b < a else a
    q = a if b < a else b
    right = betaln_above(p, q)
    v = betaln_left_rarely(p, q) if p <= 0.0 else right
    at_end = -math.inf if p > 0.0 and p < math.inf else (v if p == 0.0 else math.nan)
    return at_end if q == math.inf else (v if a == a and b == b else a + b)
