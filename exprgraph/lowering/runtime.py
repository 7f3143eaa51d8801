"""The scalar functions that generated code calls.

Plain Python on floats, in the part of the language Numba compiles.  A generated module carries the
source of those it uses, so that it needs nothing but numpy and numba.
"""

from __future__ import annotations

# mypy: disable-error-code="no-any-return"
import math
from typing import Any

import numpy as np

Array = Any  # one-dimensional, of either float type


def exp2(x: float) -> float:
    return math.pow(2.0, x)


def log2(x: float) -> float:
    return math.log2(x) if x > 0.0 else (-math.inf if x == 0.0 else math.nan)


def log10(x: float) -> float:
    return math.log10(x) if x > 0.0 else (-math.inf if x == 0.0 else math.nan)


def cbrt(x: float) -> float:
    a = abs(x)
    if a == 0.0 or a == math.inf or a != a:
        return x
    r = math.exp(math.log(a) / 3.0)
    r = r - (r - a / (r * r)) / 3.0
    return math.copysign(r, x)


def asin(x: float) -> float:
    return math.asin(x)


def acos(x: float) -> float:
    return math.acos(x)


def atan2(y: float, x: float) -> float:
    return math.atan2(y, x)


def asinh(x: float) -> float:
    return math.asinh(x)


def acosh(x: float) -> float:
    return math.acosh(x)


def atanh(x: float) -> float:
    return math.atanh(x)


def relu(x: float) -> float:
    return x if x > 0.0 or x != x else 0.0


def step(x: float) -> float:
    return x if x != x else (1.0 if x > 0.0 else 0.0)


def sign(x: float) -> float:
    return x if x != x else (1.0 if x > 0.0 else (-1.0 if x < 0.0 else 0.0))


def floor(x: float) -> float:
    return np.floor(x)


def ceil(x: float) -> float:
    return np.ceil(x)


def hypot(a: float, b: float) -> float:
    return math.hypot(a, b)


def minimum(a: float, b: float) -> float:
    return a if a != a or a < b else b


def maximum(a: float, b: float) -> float:
    return a if a != a or a > b else b


def less(a: float, b: float) -> float:
    return 1.0 if a < b else 0.0


def less_equal(a: float, b: float) -> float:
    return 1.0 if a <= b else 0.0


def equal(a: float, b: float) -> float:
    return 1.0 if a == b else 0.0


def not_equal(a: float, b: float) -> float:
    return 1.0 if a != b else 0.0


def logical_and(a: float, b: float) -> float:
    return 1.0 if a != 0.0 and b != 0.0 else 0.0


def logical_or(a: float, b: float) -> float:
    return 1.0 if a != 0.0 or b != 0.0 else 0.0


def logical_not(a: float) -> float:
    return 1.0 if a == 0.0 else 0.0


def gate(ct: float, p: float) -> float:
    return ct * p if ct != 0.0 else 0.0


def root(x: float) -> float:
    return np.sqrt(x)


def inverse_root(x: float) -> float:
    return 1.0 / np.sqrt(x) if x != 0.0 else 0.0


def powi(x: float, n: int) -> float:
    result = x
    for _ in range(n - 1):
        result = result * x
    return result


def load(w: Array, row: int, stride: int, a: Array, first: int, size: int, offset: int, count: int, n: int) -> None:
    """Samples, one after another, into rows of lanes."""
    for e in range(count):
        for lane in range(n):
            w[row + e * stride + lane] = a[(first + lane) * size + offset + e]


def store(out: Array, first: int, size: int, w: Array, row: int, stride: int, n: int) -> None:
    """Rows of lanes back into samples."""
    for lane in range(n):
        for e in range(size):
            out[(first + lane) * size + e] = w[row + e * stride + lane]


def solve(w: Array, a: int, b: int, n: int, m: int, stride: int, lanes: int) -> None:
    """Gaussian elimination with partial pivoting, a system for each lane, in place."""
    for lane in range(lanes):
        for c in range(n):
            p = c
            best = abs(w[a + (c * n + c) * stride + lane])
            for r in range(c + 1, n):
                v = abs(w[a + (r * n + c) * stride + lane])
                if v > best:
                    best = v
                    p = r
            if p != c:
                for k in range(n):
                    i, j = a + (c * n + k) * stride + lane, a + (p * n + k) * stride + lane
                    w[i], w[j] = w[j], w[i]
                for k in range(m):
                    i, j = b + (c * m + k) * stride + lane, b + (p * m + k) * stride + lane
                    w[i], w[j] = w[j], w[i]
            d = w[a + (c * n + c) * stride + lane]
            if d == 0.0:  # singular: no solution, as the NumPy backend says
                d = d * math.nan
            for r in range(c + 1, n):
                f = w[a + (r * n + c) * stride + lane] / d
                for k in range(c + 1, n):
                    w[a + (r * n + k) * stride + lane] -= f * w[a + (c * n + k) * stride + lane]
                for k in range(m):
                    w[b + (r * m + k) * stride + lane] -= f * w[b + (c * m + k) * stride + lane]
            w[a + (c * n + c) * stride + lane] = d
        for back in range(n):
            c = n - 1 - back
            for k in range(m):
                v = w[b + (c * m + k) * stride + lane]
                for r in range(c + 1, n):
                    v -= w[a + (c * n + r) * stride + lane] * w[b + (r * m + k) * stride + lane]
                w[b + (c * m + k) * stride + lane] = v / w[a + (c * n + c) * stride + lane]


def clear(s: Array, offset: int, count: int) -> None:
    """Totals before the first block."""
    for e in range(count):
        s[offset + e] = 0.0
