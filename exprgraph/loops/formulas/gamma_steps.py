"""Differences of digamma and zeta between two arguments, to full relative accuracy where these are close."""

from __future__ import annotations

import math

from .exponential import expm1, if_less
from .gamma import digamma, zeta, zeta_term
from .logarithm import log1p
from .power import pow_magnitude


def zeta_step(s: float, a: float, b: float) -> float:
    """zeta(s, a + b) - zeta(s, a), and digamma(a) - digamma(a + b) for s = 1, to a few units in the last place for a > 0, a + b > 0.

    The difference of each term of zeta_above, as a multiple of the term; nan for s < 1.
    """
    right = -zeta_step_above(s, a, b)
    v = zeta_step_left_rarely(s, a, b) if a <= 0.0 or a + b <= 0.0 else right
    return math.nan if s < 1.0 else (a + b if a != a or b != b else v)


def zeta_step_left_rarely(s: float, a: float, b: float) -> float:
    """The difference, where one of the two is of a negative number."""
    return if_less(1.0, s, zeta(s, a + b) - zeta(s, a), digamma(a) - digamma(a + b))


def zeta_drop(s: float, a: float, b: float) -> float:
    """1 - (1 + b/a)^-s."""
    return -expm1(-s * log1p(b / a))


def zeta_term_step(s: float, a: float, b: float, k: float) -> float:
    """(1 + k/a)^-s (1 - (1 + b/(a + k))^-s)."""
    return zeta_term(s, a, k) * zeta_drop(s, a + k, b)


def zeta_step_above(s: float, a: float, b: float) -> float:
    """The difference with the other sign, for a > 0 and a + b > 0."""
    first = (
        (zeta_term_step(s, a, b, 6.0) + zeta_term_step(s, a, b, 5.0)) + (zeta_term_step(s, a, b, 4.0) + zeta_term_step(s, a, b, 3.0))
    ) + ((zeta_term_step(s, a, b, 2.0) + zeta_term_step(s, a, b, 1.0)) + zeta_drop(s, a, b))
    w = a + 7.0
    return zeta_step_sum(s, a, b, first, zeta_step_rest(s, w, b, zeta_drop(s, w, b)))


def zeta_step_sum(s: float, a: float, b: float, first: float, rest: float) -> float:
    """All parts together: the terms, the integral of the others, and the rest."""
    w = a + 7.0
    e = zeta_term(s, a, 7.0)
    t = s - 1.0
    y = log1p(b / w)
    integral = expm1(-t * y) / (-t if t > 0.0 else -1.0)
    tail = 0.0 if e == 0.0 else e * ((w / a) * (integral if t > 0.0 else y) + rest / a)
    scale = pow_magnitude(a, -t)
    total = scale * (first / a + tail)
    return 0.0 if a == math.inf or scale == 0.0 else total


def zeta_step_rest(s: float, w: float, b: float, u: float) -> float:
    """Half of the first term and ten terms with Bernoulli's numbers; u = 1 - x^s, x = w / (w + b), and higher powers step by step."""
    x = w / (w + b)
    one = 1.0 - x if b > w else b / (w + b)
    two = one * (1.0 + x)
    square = x * x
    v = 1.0 / (w * w)
    p1 = u + (1.0 - u) * one
    f1 = 0.08333333333333333 * (s / w)
    y1 = (1.0 - u) * x
    p2 = p1 + y1 * two
    y2 = y1 * square
    f2 = f1 * (-0.016666666666666666 * ((s + 1.0) * (s + 2.0) * v))
    p3 = p2 + y2 * two
    y3 = y2 * square
    f3 = f2 * (-0.023809523809523808 * ((s + 3.0) * (s + 4.0) * v))
    p4 = p3 + y3 * two
    y4 = y3 * square
    f4 = f3 * (-0.025 * ((s + 5.0) * (s + 6.0) * v))
    p5 = p4 + y4 * two
    y5 = y4 * square
    f5 = f4 * (-0.025252525252525252 * ((s + 7.0) * (s + 8.0) * v))
    p6 = p5 + y5 * two
    y6 = y5 * square
    f6 = f5 * (-0.02531135531135531 * ((s + 9.0) * (s + 10.0) * v))
    p7 = p6 + y6 * two
    y7 = y6 * square
    f7 = f6 * (-0.02532561505065123 * ((s + 11.0) * (s + 12.0) * v))
    p8 = p7 + y7 * two
    y8 = y7 * square
    f8 = f7 * (-0.025329131652661065 * ((s + 13.0) * (s + 14.0) * v))
    p9 = p8 + y8 * two
    y9 = y8 * square
    f9 = f8 * (-0.025330005504037488 * ((s + 15.0) * (s + 16.0) * v))
    p10 = p9 + y9 * two
    f10 = f9 * (-0.02533022338183393 * ((s + 17.0) * (s + 18.0) * v))
    return (f10 * p10 + f9 * p9 + f8 * p8 + f7 * p7 + f6 * p6 + f5 * p5 + f4 * p4 + f3 * p3 + f2 * p2) + (f1 * p1 + 0.5 * u)
