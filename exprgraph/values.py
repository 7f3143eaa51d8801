"""NumPy values of functions that NumPy lacks, each with the accuracy the table promises."""

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


def is_by_root(e: float) -> bool:
    """Whether a power is taken by multiplications and a square root, here and in compiled code: NaN at -inf as below 0."""
    return 0.0 < e <= 8.0 and e == int(e) + 0.5


def power(x: Any, e: float) -> Any:
    """x**e for a number e; of a negative e the reciprocal of the power of -e."""
    if e < 0.0:
        return 1.0 / power(x, -e)
    if not is_by_root(e):
        return x * x if e == 2.0 else x**e
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


def gelu(x: Any) -> Any:
    return np.where(x == -np.inf, -0.0, x) * (erfc(x * -math.sqrt(0.5)) / 2)


def silu(x: Any) -> Any:
    return np.where(x == -np.inf, -0.0, x) * sigmoid(x)


def inverse_root(s: Any) -> Any:
    return np.where(s == 0, 0, 1 / np.sqrt(s))


def gate(ct: Any, p: Any) -> Any:
    return np.where(ct == 0, 0 * np.asarray(ct), ct * p)
