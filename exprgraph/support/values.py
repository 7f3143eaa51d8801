"""NumPy values of functions that NumPy lacks, with the accuracy of the table."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_erf = np.vectorize(math.erf, otypes=[np.float64])
_erfc = np.vectorize(math.erfc, otypes=[np.float64])


def _like(f: Any) -> Any:
    def g(x: Any) -> Any:
        x = np.asarray(x)
        return f(x).astype(x.dtype) if x.size else x

    return g


erf = _like(_erf)
erfc = _like(_erfc)


#: the smallest number with all its digits
TINY = float(np.finfo(np.float64).tiny)
#: the largest whole exponent of a power that compiled code computes by multiplications
BY_PRODUCTS = 64


def is_by_root(e: float) -> bool:
    """Whether a power is computed by multiplications and a square root, here and in compiled code: NaN at -inf as below 0."""
    return 0.0 < e <= 8.0 and e == int(e) + 0.5


def power(x: Any, e: float) -> Any:
    """x**e for a number e; for a negative e, the reciprocal of x**-e."""
    if e < 0.0:
        return 1.0 / power(x, -e)
    if not is_by_root(e):
        return x * x if e == 2.0 else x * x * x if e == 3.0 else x**e
    root = np.sqrt(x)
    if e == 0.5:
        return root
    # adding 0 to the root of -0.0 gives the power the sign that it has
    return x ** int(e) * (root if int(e) % 2 else root + 0.0)


def tanh_prime(x: Any) -> Any:
    e = np.exp(-2 * np.abs(x))
    m = 1 - e  # (1 + e)**2 = 4*e + (1 - e)**2, with less rounding
    return 4 * e / (4 * e + m * m)


def sigmoid(x: Any) -> Any:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def sigmoid_prime(x: Any) -> Any:
    e = np.exp(-np.abs(x))
    m = 1 - e
    return e / (4 * e + m * m)


def softplus(x: Any) -> Any:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def log_sigmoid(x: Any) -> Any:
    return -softplus(-x)


def excess(a: Any, b: Any) -> Any:
    return np.where(a == b, np.abs(0 * np.sign(b)), a - b)


def logaddexp(a: Any, b: Any) -> Any:
    return np.maximum(a, b) + np.log1p(np.exp(-np.abs(excess(a, b))))


def xlogy(x: Any, y: Any) -> Any:
    return np.where((x == 0) & (y == y), 0 * np.sign(x), x * np.log(y))


#: -sqrt(1/2) in two parts of 26 bits, and the rest
_MINUS_ROOT_HALF = (-0.7071067690849304, -1.2101617152815436e-08, 4.833646656726457e-17)


def ratio(x: Any, y: Any) -> Any:
    return np.where((x == 0) & (y == y), np.abs(x), x / y)


def normal_cdf(x: Any) -> Any:
    """erfc(-x/sqrt(2))/2, with a step along the derivative for the rounding of its argument: 700 units at x = -38 without."""
    x = np.asarray(x)
    t = np.clip(x, -50.0, 50.0).astype(np.float64)
    high, low, rest = _MINUS_ROOT_HALF
    z = t * (high + low)
    t_high = t * 134217729.0 - (t * 134217729.0 - t)
    t_low = t - t_high
    missing = ((t_high * high - z) + t_high * low + t_low * high) + t_low * low + t * rest
    return ((erfc(z) - 2 / math.sqrt(math.pi) * np.exp(-z * z) * missing) / 2).astype(x.dtype)


def held(x: Any) -> Any:
    return np.clip(x, -1e3, 1e3)


def acosh_prime(x: Any) -> Any:
    return 1 / (np.sqrt(x - 1) * np.sqrt(x + 1))


def coth_acosh(x: Any) -> Any:
    return np.where(x == np.inf, 1 + 0 * np.sign(x), x * acosh_prime(x))


def atan_prime(x: Any) -> Any:
    a = np.abs(x)
    far = a > 1e15
    q = 1 / np.where(far, a, 1 + a * a)
    return np.where(far, q * q, q)


def share(a: Any, h: Any) -> Any:
    ends = np.isinf(a) & (h == np.inf)  # a root is not negative
    return np.where(h == 0, 0 * np.sign(h), np.where(ends, np.sign(a), a / h))


def direction(a: Any, b: Any) -> Any:
    _, exponent = np.frexp(np.maximum(np.abs(a), np.abs(b)))
    u, v = np.ldexp(a, -exponent), np.ldexp(b, -exponent)
    h = np.sqrt(u * u + v * v)
    return np.where(np.isinf(a) & np.isfinite(b), np.sign(a), u / np.where(h == 0, 1 + h, h))


def gelu(x: Any) -> Any:
    return np.where(x == -np.inf, -0.0, x) * normal_cdf(x)


def silu(x: Any) -> Any:
    return np.where(x == -np.inf, -0.0, x) * sigmoid(x)


def power_slope(x: Any, y: Any) -> Any:
    return np.where(y == 0, np.abs(y), y * np.power(x, y - 1))


def power_log(x: Any, y: Any) -> Any:
    p = np.power(x, y)
    return np.where(p == 0, np.abs(p), p * np.log(x))


def inverse_root(s: Any) -> Any:
    return np.where(s == 0, 0, 1 / np.sqrt(s))


def norm(v: Any, axes: tuple[int, ...]) -> Any:
    """The root of the sum of squares, with elements scaled by a power of 2."""
    top = np.max(np.abs(v), axis=axes, keepdims=True)
    _, exponent = np.frexp(top)
    u = np.ldexp(v, -exponent)
    return np.ldexp(np.sqrt(np.sum(u * u, axis=axes)), np.squeeze(exponent, axis=axes))


def _exponentials(x: Any, axes: tuple[int, ...]) -> tuple[Any, Any, Any, Any]:
    """The largest element, how far the others are below, their exponentials, and the sum of these but for one of the largest."""
    top = np.max(x, axis=axes, keepdims=True)
    below = excess(x, top)
    leads = below == 0
    e = np.exp(below)
    others = np.sum(np.where(leads, 0 * e, e), axis=axes, keepdims=True)
    return top, below, e, others + (np.sum(leads, axis=axes, keepdims=True, dtype=e.dtype) - 1)


def logsumexp(x: Any, axes: tuple[int, ...]) -> Any:
    top, _, _, rest = _exponentials(x, axes)
    return np.squeeze(top + np.log1p(rest), axis=axes)


def softmax(x: Any, axes: tuple[int, ...]) -> Any:
    _, _, e, rest = _exponentials(x, axes)
    return e / (1 + rest)


def log_softmax(x: Any, axes: tuple[int, ...]) -> Any:
    _, below, _, rest = _exponentials(x, axes)
    return below - np.log1p(rest)


def gate(ct: Any, p: Any) -> Any:
    return np.where(ct == 0, np.abs(ct), ct * p)


def gate_both(a: Any, b: Any) -> Any:
    return np.where((a == 0) | (b == 0), 0, a * b)


def smaller(a: Any, b: Any) -> Any:
    nan = 0 * (np.sign(a) + np.sign(b))
    return (a < b) + (a == b) * nan.dtype.type(0.5) + nan
