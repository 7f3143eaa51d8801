"""The functions and procedures that generated code calls.

They are plain Python that Numba can compile.  A generated module includes the source of those it uses, so that it needs
only numpy and numba.
"""

from __future__ import annotations

# ruff: noqa: E741
# mypy: disable-error-code="no-any-return"
import math
from typing import Any

import numpy as np

Array = Any  # one-dimensional, of either float type


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


def mod(x: float, y: float) -> float:
    r = np.fmod(x, y)
    return (r + y if (r < 0.0) != (y < 0.0) else r) if r != 0.0 else math.copysign(r, y)


def floor_divide(x: float, y: float) -> float:
    r = np.fmod(x, y)
    q = (x - r) / y
    q = q - 1.0 if r != 0.0 and (r < 0.0) != (y < 0.0) else q
    n = np.floor(q) + (1.0 if q - np.floor(q) > 0.5 else 0.0)
    return (n if n != 0.0 else math.copysign(0.0, x / y)) if y != 0.0 else x / y


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


def gate_both(a: float, b: float) -> float:
    return a * b if a != 0.0 and b != 0.0 else 0.0


def smaller(a: float, b: float) -> float:
    return 1.0 if a < b else (0.5 if a == b else (0.0 if a > b else a + b))


def root(x: float) -> float:
    return np.sqrt(x)


def inverse_root(x: float) -> float:
    return 1.0 / np.sqrt(x) if x != 0.0 else 0.0


def share(a: float, h: float) -> float:
    q = a / h if h != 0.0 else 0.0
    return math.copysign(1.0, a) if abs(a) == math.inf and h == math.inf else q


def ratio(x: float, y: float) -> float:
    return 0.0 if x == 0.0 and y == y else x / y


def held(x: float) -> float:
    return 1000.0 if x > 1000.0 else (-1000.0 if x < -1000.0 else x)


def excess(a: float, b: float) -> float:
    return 0.0 if a == b else a - b


def powi(x: float, n: int) -> float:
    result = x
    for _ in range(n - 1):
        result = result * x
    return result


def load(w: Array, row: int, stride: int, a: Array, first: int, size: int, offset: int, count: int, n: int) -> None:
    """Copy samples, one after another, into rows of lanes."""
    for e in range(count):
        for lane in range(n):
            w[row + e * stride + lane] = a[(first + lane) * size + offset + e]


def store(out: Array, first: int, size: int, w: Array, row: int, stride: int, n: int) -> None:
    """Copy rows of lanes back into samples."""
    for lane in range(n):
        for e in range(size):
            out[(first + lane) * size + e] = w[row + e * stride + lane]


def load_many(w: Array, row: int, stride: int, a: Array, first: int, size: int, offset: int, count: int, n: int) -> None:
    """``load`` of many numbers of each sample."""
    load(w, row, stride, a, first, size, offset, count, n)


def store_many(out: Array, first: int, size: int, w: Array, row: int, stride: int, n: int) -> None:
    """``store`` of many numbers of each sample."""
    store(out, first, size, w, row, stride, n)


def product(
    c: Array, c0: int, ci: int, a: Array, a0: int, ai: int, ak: int, b: Array, b0: int, bk: int, m: int, k: int, n: int
) -> None:
    """``c[c0 + i*ci + l] = sum over q < k of a[a0 + i*ai + q*ak] * b[b0 + q*bk + l]`` for i < m, l < n."""
    whole = k - k % 4
    for i in range(m):
        to = c0 + i * ci
        row = a0 + i * ai
        for l in range(n):
            c[to + l] = 0.0
        for q in range(0, whole, 4):
            x0, x1 = a[row + q * ak], a[row + (q + 1) * ak]
            x2, x3 = a[row + (q + 2) * ak], a[row + (q + 3) * ak]
            b1 = b0 + q * bk
            b2 = b1 + bk
            b3 = b2 + bk
            b4 = b3 + bk
            for l in range(n):
                c[to + l] += x0 * b[b1 + l] + x1 * b[b2 + l] + x2 * b[b3 + l] + x3 * b[b4 + l]
        for q in range(whole, k):
            x0 = a[row + q * ak]
            b1 = b0 + q * bk
            for l in range(n):
                c[to + l] += x0 * b[b1 + l]


def weighted_rows(c: Array, c0: int, a: Array, a0: int, ak: int, b: Array, b0: int, bk: int, k: int, n: int) -> None:
    """``c[c0 + l] = sum over q < k of a[a0 + q*ak] * b[b0 + q*bk + l]`` for l < n, eight long rows of b at a time."""
    whole = k - k % 8
    for l in range(n):
        c[c0 + l] = 0.0
    for q in range(0, whole, 8):
        x = a0 + q * ak
        x0, x1, x2, x3 = a[x], a[x + ak], a[x + 2 * ak], a[x + 3 * ak]
        x4, x5, x6, x7 = a[x + 4 * ak], a[x + 5 * ak], a[x + 6 * ak], a[x + 7 * ak]
        y0 = b0 + q * bk
        y1, y2, y3, y4 = y0 + bk, y0 + 2 * bk, y0 + 3 * bk, y0 + 4 * bk
        y5, y6, y7 = y0 + 5 * bk, y0 + 6 * bk, y0 + 7 * bk
        for l in range(n):
            first = x0 * b[y0 + l] + x1 * b[y1 + l] + x2 * b[y2 + l] + x3 * b[y3 + l]
            c[c0 + l] += first + x4 * b[y4 + l] + x5 * b[y5 + l] + x6 * b[y6 + l] + x7 * b[y7 + l]
    for q in range(whole, k):
        x0 = a[a0 + q * ak]
        y0 = b0 + q * bk
        for l in range(n):
            c[c0 + l] += x0 * b[y0 + l]


def product_left(
    c: Array, c0: int, ci: int, a: Array, a0: int, ai: int, ak: int, b: Array, b0: int, bk: int, m: int, k: int, n: int
) -> None:
    """``product``, where zeros of a silence b."""
    for i in range(m):
        to = c0 + i * ci
        for l in range(n):
            c[to + l] = 0.0
        for q in range(k):
            x = a[a0 + i * ai + q * ak]
            if x != 0.0:
                for l in range(n):
                    c[to + l] += x * b[b0 + q * bk + l]


def product_right(
    c: Array, c0: int, ci: int, a: Array, a0: int, ai: int, ak: int, b: Array, b0: int, bk: int, m: int, k: int, n: int
) -> None:
    """``product``, where zeros of b silence a."""
    for i in range(m):
        to = c0 + i * ci
        for l in range(n):
            c[to + l] = 0.0
        for q in range(k):
            x = a[a0 + i * ai + q * ak]
            for l in range(n):
                y = b[b0 + q * bk + l]
                c[to + l] += x * y if y != 0.0 else 0.0


def products(
    c: Array, c0: int, ci: int, cj: int, a: Array, a0: int, ai: int, ak: int, b: Array, b0: int, bk: int, bj: int,
    m: int, k: int, n: int, lanes: int,
) -> None:
    """A product of the matrices of each lane: ``c[c0 + i*ci + j*cj + l]`` for i < m, j < n, l < lanes."""
    for i in range(m):
        for j in range(n):
            to = c0 + i * ci + j * cj
            for l in range(lanes):
                c[to + l] = 0.0
            for q in range(k):
                x = a0 + i * ai + q * ak
                y = b0 + q * bk + j * bj
                for l in range(lanes):
                    c[to + l] += a[x + l] * b[y + l]


def dots(
    c: Array, c0: int, ci: int, cj: int, a: Array, a0: int, ai: int, b: Array, b0: int, bj: int, m: int, j: int, n: int
) -> None:
    """``c[c0 + i*ci + q*cj] += sum over l < n of a[a0 + i*ai + l] * b[b0 + q*bj + l]`` for i < m, q < j."""
    for i in range(m):
        for q in range(j):
            total = 0.0
            for l in range(n):
                total += a[a0 + i * ai + l] * b[b0 + q * bj + l]
            c[c0 + i * ci + q * cj] += total


def dots_left(
    c: Array, c0: int, ci: int, cj: int, a: Array, a0: int, ai: int, b: Array, b0: int, bj: int, m: int, j: int, n: int
) -> None:
    """``dots``, where zeros of a silence b."""
    for i in range(m):
        for q in range(j):
            total = 0.0
            for l in range(n):
                x = a[a0 + i * ai + l]
                total += x * b[b0 + q * bj + l] if x != 0.0 else 0.0
            c[c0 + i * ci + q * cj] += total


def gather(s: Array, to: int, a: Array, count: int) -> None:
    """Copy a small argument into the shared workspace."""
    for e in range(count):
        s[to + e] = a[e]


def copied(c: Array, c0: int, a: Array, a0: int, count: int) -> None:
    """Copy neighbours from one array to another."""
    for e in range(count):
        c[c0 + e] = a[a0 + e]


def clear(s: Array, offset: int, count: int) -> None:
    """Set totals to 0 before the first block."""
    for e in range(count):
        s[offset + e] = 0.0
