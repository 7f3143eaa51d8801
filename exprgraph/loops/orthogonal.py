"""Orthonormal columns, as procedures that generated code calls.

They are written like those in :mod:`exprgraph.loops.matrices`.  A matrix has m rows and n columns, at most m; scratch space has the
matrix, whose columns become Householder's vectors, and three rows.  The result does not depend on the columns' scales, so each is
divided by its largest element.
"""

from __future__ import annotations

import math
from typing import Any

Array = Any  # one-dimensional, of either float type


def orthonormal(x: Array, w: Array, a: Array, x0: int, w0: int, a0: int, m: int, n: int, stride: int, lanes: int) -> None:
    """Q of ``A = Q R``, where R has a positive diagonal; NaN if an element is not finite."""
    factors, signs = m * n, m * n + n
    for lane in range(lanes):
        spoiled = 0.0
        for k in range(n):
            most = 0.0
            for i in range(m):
                v = a[a0 + (i * n + k) * stride + lane]
                spoiled += 0.0 * v
                most = most if abs(v) <= most else abs(v)
            scale = most if most > 0.0 else 1.0
            for i in range(m):
                w[w0 + (i * n + k) * stride + lane] = a[a0 + (i * n + k) * stride + lane] / scale
        for k in range(n):
            size = 0.0
            for i in range(k + 1, m):
                size += w[w0 + (i * n + k) * stride + lane] * w[w0 + (i * n + k) * stride + lane]
            first = w[w0 + (k * n + k) * stride + lane]
            norm = math.sqrt(first * first + size)
            w[w0 + (k * n + k) * stride + lane] = first + (norm if first > 0.0 else -norm)
            f = 1.0 / (norm * (norm + abs(first)))
            w[w0 + (factors + k) * stride + lane] = f if norm > 0.0 else 0.0
            w[w0 + (signs + k) * stride + lane] = -1.0 if first > 0.0 else 1.0
            for j in range(k + 1, n):
                total = 0.0
                for i in range(k, m):
                    total += w[w0 + (i * n + k) * stride + lane] * w[w0 + (i * n + j) * stride + lane]
                total = total * w[w0 + (factors + k) * stride + lane]
                for i in range(k, m):
                    w[w0 + (i * n + j) * stride + lane] -= total * w[w0 + (i * n + k) * stride + lane]
        for i in range(m):
            for k in range(n):
                x[x0 + (i * n + k) * stride + lane] = spoiled + (w[w0 + (signs + k) * stride + lane] if i == k else 0.0)
        for q in range(n):
            k = n - 1 - q
            for j in range(k, n):
                total = 0.0
                for i in range(k, m):
                    total += w[w0 + (i * n + k) * stride + lane] * x[x0 + (i * n + j) * stride + lane]
                total = total * w[w0 + (factors + k) * stride + lane]
                for i in range(k, m):
                    x[x0 + (i * n + j) * stride + lane] -= total * w[w0 + (i * n + k) * stride + lane]


def orthonormal_one(x: Array, w: Array, a: Array, x0: int, w0: int, a0: int, m: int, n: int) -> None:
    """The same for a single matrix, row by row."""
    factors, signs, sums = w0 + m * n, w0 + m * n + n, w0 + m * n + 2 * n
    spoiled = 0.0
    for k in range(n):
        w[sums + k] = 0.0
    for i in range(m):
        for k in range(n):
            v = abs(a[a0 + i * n + k])
            w[sums + k] = w[sums + k] if v <= w[sums + k] else v
    for k in range(n):
        spoiled += 0.0 * w[sums + k]
        w[sums + k] = w[sums + k] if w[sums + k] > 0.0 else 1.0
    for i in range(m):
        for k in range(n):
            w[w0 + i * n + k] = a[a0 + i * n + k] / w[sums + k]
    for k in range(n):
        size = 0.0
        for i in range(k + 1, m):
            size += w[w0 + i * n + k] * w[w0 + i * n + k]
        first = w[w0 + k * n + k]
        norm = math.sqrt(first * first + size)
        w[w0 + k * n + k] = first + (norm if first > 0.0 else -norm)
        w[factors + k] = 1.0 / (norm * (norm + abs(first))) if norm > 0.0 else 0.0
        w[signs + k] = -1.0 if first > 0.0 else 1.0
        reflected(w, w, w0 + k * n + k, w0 + k * n + k + 1, factors + k, sums, m - k, n - k - 1, n)
    for i in range(m):
        for k in range(n):
            x[x0 + i * n + k] = spoiled
    for k in range(n):
        x[x0 + k * n + k] = w[signs + k] + spoiled
    for q in range(n):
        k = n - 1 - q
        reflected(x, w, w0 + k * n + k, x0 + k * n + k, factors + k, sums, m - k, n - k, n)


def reflected(x: Array, w: Array, v0: int, x0: int, f0: int, s0: int, m: int, n: int, step: int) -> None:
    """A reflection of n columns of x along the column of w at v0; ``step`` is the distance of rows."""
    for j in range(n):
        w[s0 + j] = 0.0
    for i in range(m):
        f = w[v0 + i * step]
        for j in range(n):
            w[s0 + j] += f * x[x0 + i * step + j]
    for i in range(m):
        f = w[f0] * w[v0 + i * step]
        for j in range(n):
            x[x0 + i * step + j] -= f * w[s0 + j]
