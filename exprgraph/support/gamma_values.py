"""NumPy values of the gamma function's family, by other formulas than those of compiled code.

Taylor series at 2 and at the zero of digamma, recurrences, and the series of Stirling, Euler and Maclaurin with Bernoulli's
numbers.  All compute in float64, and give the type of their argument.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

#: Bernoulli's numbers of even index, from the second
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)
_EULER = 0.5772156649015329
#: the zero of digamma, and what it is more than that
_ROOT, _ROOT_LOW = 1.4616321449683622, 9.549995429965697e-17
#: terms that are summed before Euler's and Maclaurin's formula
_SUMMED = 10


def _in_float64(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its arguments in float64, and its result in their type."""

    def g(*args: Any) -> Any:
        kind = np.result_type(*args)
        with np.errstate(all="ignore"):
            return np.asarray(f(*(np.asarray(a, dtype=np.float64) for a in args))).astype(kind if kind.kind == "f" else np.float64)

    return g


def _horner(coefficients: Any, x: Any) -> Any:
    total = np.zeros_like(x)
    for c in coefficients[::-1]:
        total = total * x + c
    return total


def _shares(a: Any) -> tuple[Any, Any]:
    """Sine and cosine of pi a for a >= 0, from the distance to a whole number."""
    r = a - np.floor(a)
    d = np.where(r > 0.5, 1.0 - r, r)
    near = d < 0.25
    s, c = np.sin(math.pi * np.where(near, d, 0.5 - d)), np.cos(math.pi * np.where(near, d, 0.5 - d))
    return np.where(near, s, c), np.where(r > 0.5, -1.0, 1.0) * np.where(near, c, s)


def _sum_above(s: Any, q: Any) -> Any:
    """zeta for q > 0."""
    first = sum(np.exp(-s * np.log1p(k / q)) for k in range(_SUMMED - 1, 0, -1)) + 1.0
    w = q + _SUMMED
    tail, factor = 0.5, s / w
    for k, b in enumerate(_BERNOULLI, 1):
        tail = tail + b / math.factorial(2 * k) * factor
        factor = factor * (s + (2 * k - 1)) * (s + 2 * k) / (w * w)
    e = np.exp(-s * np.log1p(_SUMMED / q))
    rest = np.where(e == 0, 0.0, e * (w / q / (s - 1) + tail / q))
    scale = q ** (1 - s)
    return np.where((q == np.inf) | (scale == 0), 0.0, scale * (first / q + rest))


@_in_float64
def zeta(s: Any, q: Any) -> Any:
    right = _sum_above(s, np.where(q > 0, q, 1.0))
    c = np.where(q < 0, q - np.floor(q + 0.5), 0.25)
    sign = np.where(np.floor(s) == s, 1.0 - 2.0 * np.abs(np.fmod(s, 2.0)), np.nan)
    below = _sum_above(s, np.where(c > 0, 1 - c, -c)) - _sum_above(s, np.where(q < 0, 1 - q, 1.0))
    left = _sum_above(s, np.where(c > 0, c, 1 + c)) + sign * below
    poles = (s == 1) | ((q <= 0) & (np.floor(q) == q))
    return np.where(np.isnan(q) | np.isnan(s) | (s < 1), np.nan, np.where(poles, np.inf, np.where(q > 0, right, left)))


@cache
def _at_two() -> np.ndarray:
    """The coefficients of log(gamma(2 + z))."""
    k = np.arange(2.0, 40.0)
    return np.concatenate([[0.0, 1 - _EULER], (-1) ** k * _sum_above(k, np.float64(2.0)) / k])


@cache
def _at_root() -> np.ndarray:
    """The coefficients of digamma at its zero."""
    k = np.arange(1.0, 60.0)
    return np.concatenate([[0.0], -((-1) ** k) * _sum_above(k + 1, np.float64(_ROOT))])


def _stirling(a: Any) -> Any:
    rest = _horner([b / (2 * k * (2 * k - 1)) for k, b in enumerate(_BERNOULLI, 1)], 1 / (a * a))
    return (a - 0.5) * (np.log(a) - 1) + (0.4189385332046727 + rest / a)


def _log_gamma_above(a: Any) -> Any:
    """log(gamma(a)) for a >= 1/2."""
    y, product = np.where(a < 10, a, 2.0), np.ones_like(a)
    for _ in range(8):
        down = y > 2.5
        product, y = np.where(down, product * (y - 1), product), np.where(down, y - 1, y)
    near = y < 1.5
    z = np.where(near, y - 1, y - 2)
    value = _horner(_at_two(), z) - np.where(near, np.log1p(np.where(near, z, 0)), 0) + np.log(product)
    return np.where(a < 10, value, _stirling(np.where(a < 10, 10.0, a)))


@_in_float64
def gammaln(x: Any) -> Any:
    a = np.abs(x)
    next_up = _log_gamma_above(np.where(a < 0.5, 1 + a, a)) + np.where(a < 0.5, 0.0, np.log(a))
    small = np.where(a < 0.5, _log_gamma_above(1 + a) - np.log(a), _log_gamma_above(np.where(a < 0.5, 1.0, a)))
    left = -np.log(_shares(a)[0] / math.pi) - next_up
    return np.where(x == -np.inf, x, np.where((a == 0) | (a == np.inf), np.inf, np.where(x < 0, left, small)))


def _digamma_above(a: Any) -> Any:
    """digamma for a >= 1."""
    y, terms = np.where(a < 10, a, 1.5), np.zeros_like(a)
    for _ in range(9):
        down = y > 2.0
        terms, y = np.where(down, terms + 1 / (y - 1), terms), np.where(down, y - 1, y)
    value = _horner(_at_root(), (y - _ROOT) - _ROOT_LOW) + terms
    far = np.where(a < 10, 10.0, a)
    z = 1 / (far * far)
    rest = z * _horner([b / (2 * k) for k, b in enumerate(_BERNOULLI, 1)], z)
    return np.where(a < 10, value, np.log(far) - (0.5 / far + rest))


@_in_float64
def digamma(x: Any) -> Any:
    a = np.abs(x)
    right = np.where(a < 1, _digamma_above(1 + a) - 1 / a, _digamma_above(np.where(a < 1, 1.0, a)))
    s, c = _shares(a)
    left = np.where(s == 0, np.nan, np.where(a < 1, _digamma_above(1 + a), right + 1 / a) + math.pi * (c / s))
    return np.where(x == 0, np.copysign(np.inf, -x), np.where(x == np.inf, x, np.where(x < 0, left, right)))


__all__ = ["digamma", "gammaln", "zeta"]
