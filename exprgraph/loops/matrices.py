"""Factorizations and triangular systems, as procedures that generated code calls.

Each exists twice.  On lanes, a loop over the matrices of a block of samples is outermost, without branches, so that vectors
hold an element of several matrices.  A single matrix (``..._one``) has neighbours in its rows; large ones are divided into
blocks, and most of the work is ``less_product``.  It is no lane beside others: code on lanes stores whole vectors.

The parameters are arrays, then the offset of each, then sizes; on lanes also the distance of rows of lanes and the number of lanes.
"""

from __future__ import annotations

# ruff: noqa: E741
import math
from typing import Any

import numpy as np

Array = Any  # one-dimensional, of either float type


def less_product(
    c: Array, c0: int, ci: int, a: Array, a0: int, ai: int, ak: int, b: Array, b0: int, bk: int, m: int, k: int, n: int
) -> None:
    """``c[c0 + i*ci + l] -= sum over q < k of a[a0 + i*ai + q*ak] * b[b0 + q*bk + l]`` for i < m, l < n."""
    for i in range(m):
        for q in range(k):
            x = a[a0 + i * ai + q * ak]
            for l in range(n):
                c[c0 + i * ci + l] -= x * b[b0 + q * bk + l]


# ---------------------------------------------------------------- A = P L U

# Factors have n + 3 rows: L below the diagonal and U, the row of A in each row, the pivots, and whether rows were exchanged
# (1 or -1).  The pivots are NaN for a singular matrix, as exprgraph.support.systems says; those in U are as computed.


def lu(w: Array, a: Array, w0: int, a0: int, n: int, stride: int, lanes: int) -> None:
    """The factors of Gaussian elimination with partial pivoting."""
    rows, pivots, signs = n * n, n * n + n, n * n + 2 * n
    for lane in range(lanes):
        for i in range(n):
            for k in range(n):
                w[w0 + (i * n + k) * stride + lane] = a[a0 + (i * n + k) * stride + lane]
            w[w0 + (rows + i) * stride + lane] = i
            w[w0 + (signs + i) * stride + lane] = 1.0
        for c in range(n):
            for r in range(c + 1, n):
                larger = abs(w[w0 + (r * n + c) * stride + lane]) > abs(w[w0 + (c * n + c) * stride + lane])
                for k in range(n):
                    x, y = w[w0 + (c * n + k) * stride + lane], w[w0 + (r * n + k) * stride + lane]
                    w[w0 + (c * n + k) * stride + lane] = y if larger else x
                    w[w0 + (r * n + k) * stride + lane] = x if larger else y
                p, q = w[w0 + (rows + c) * stride + lane], w[w0 + (rows + r) * stride + lane]
                w[w0 + (rows + c) * stride + lane] = q if larger else p
                w[w0 + (rows + r) * stride + lane] = p if larger else q
                s = w[w0 + (signs + c) * stride + lane]
                w[w0 + (signs + c) * stride + lane] = -s if larger else s
            d = w[w0 + (c * n + c) * stride + lane]
            for r in range(c + 1, n):
                v = w[w0 + (r * n + c) * stride + lane]
                f = v / d if d != 0.0 else v
                w[w0 + (r * n + c) * stride + lane] = f
                for k in range(c + 1, n):
                    w[w0 + (r * n + k) * stride + lane] -= f * w[w0 + (c * n + k) * stride + lane]
        singular = 0.0
        for c in range(n):
            noise = 0.0
            for k in range(c):
                noise += abs(w[w0 + (c * n + k) * stride + lane] * w[w0 + (k * n + c) * stride + lane])
            regular = abs(w[w0 + (c * n + c) * stride + lane]) > 2.0 * (c + 1) * np.finfo(w.dtype).eps * noise
            singular = singular if regular else math.nan
        for c in range(n):
            w[w0 + (pivots + c) * stride + lane] = w[w0 + (c * n + c) * stride + lane] + singular


def lu_one(w: Array, a: Array, w0: int, a0: int, n: int) -> None:
    """The factors of a single matrix, eight columns at a time."""
    rows, pivots, signs = w0 + n * n, w0 + n * n + n, w0 + n * n + 2 * n
    for i in range(n * n):
        w[w0 + i] = a[a0 + i]
    for i in range(n):
        w[rows + i] = i
        w[signs + i] = 1.0
    for j in range(0, n, 8):
        e = j + 8 if j + 8 < n else n
        for c in range(j, e):
            p = c
            best = abs(w[w0 + c * n + c])
            for r in range(c + 1, n):
                v = abs(w[w0 + r * n + c])
                if v > best:
                    best = v
                    p = r
            if p != c:
                for k in range(n):
                    x, y = w[w0 + c * n + k], w[w0 + p * n + k]
                    w[w0 + c * n + k] = y
                    w[w0 + p * n + k] = x
                s, t = w[rows + c], w[rows + p]
                w[rows + c] = t
                w[rows + p] = s
                w[signs + c] = -1.0
            d = w[w0 + c * n + c]
            for r in range(c + 1, n):
                v = w[w0 + r * n + c]
                f = v / d if d != 0.0 else v
                w[w0 + r * n + c] = f
                for k in range(c + 1, e):
                    w[w0 + r * n + k] -= f * w[w0 + c * n + k]
        for i in range(j + 1, e):
            for q in range(j, i):
                f = w[w0 + i * n + q]
                for k in range(e, n):
                    w[w0 + i * n + k] -= f * w[w0 + q * n + k]
        less_product(w, w0 + e * n + e, n, w, w0 + e * n + j, n, 1, w, w0 + j * n + e, n, n - e, e - j, n - e)
    singular = 0.0
    for c in range(n):
        noise = 0.0
        for k in range(c):
            noise += abs(w[w0 + c * n + k] * w[w0 + k * n + c])
        regular = abs(w[w0 + c * n + c]) > 2.0 * (c + 1) * np.finfo(w.dtype).eps * noise
        singular = singular if regular else math.nan
    for c in range(n):
        w[pivots + c] = w[w0 + c * n + c] + singular


def lu_solve(x: Array, w: Array, b: Array, x0: int, w0: int, b0: int, n: int, m: int, stride: int, lanes: int) -> None:
    """The solution of ``A x = b`` for m right-hand sides, from the factors of A."""
    for lane in range(lanes):
        for i in range(n):
            row = w[w0 + (n * n + i) * stride + lane]
            for k in range(m):
                v = 0.0
                for r in range(n):
                    v = b[b0 + (r * m + k) * stride + lane] if row == r else v
                x[x0 + (i * m + k) * stride + lane] = v
    forward(x, w, w, x0, w0, w0, n, m, n, 1, 0, stride, lanes)
    backward(x, w, w, x0, w0, w0 + (n * n + n) * stride, n, m, n, 1, 1, stride, lanes)


def lu_solve_one(x: Array, w: Array, b: Array, x0: int, w0: int, b0: int, n: int, m: int) -> None:
    """The solution for a single matrix."""
    for i in range(n):
        for r in range(n):
            if w[w0 + n * n + i] == r:
                for k in range(m):
                    x[x0 + i * m + k] = b[b0 + r * m + k]
    forward_one(x, w, w, x0, w0, w0, n, m, n, 1, 0)
    backward_one(x, w, w, x0, w0, w0 + n * n + n, n, m, n, 1, 1)


def lu_solve_transposed(
    x: Array, s: Array, w: Array, b: Array, x0: int, s0: int, w0: int, b0: int, n: int, m: int, stride: int, lanes: int
) -> None:
    """The solution of ``A.T x = b``, from the factors of A; s is scratch space of the size of x."""
    for lane in range(lanes):
        for i in range(n * m):
            s[s0 + i * stride + lane] = b[b0 + i * stride + lane]
    forward(s, w, w, s0, w0, w0 + (n * n + n) * stride, n, m, 1, n, 1, stride, lanes)
    backward(s, w, w, s0, w0, w0, n, m, 1, n, 0, stride, lanes)
    for lane in range(lanes):
        for r in range(n):
            for k in range(m):
                v = 0.0
                for i in range(n):
                    v = s[s0 + (i * m + k) * stride + lane] if w[w0 + (n * n + i) * stride + lane] == r else v
                x[x0 + (r * m + k) * stride + lane] = v


def lu_solve_transposed_one(x: Array, s: Array, w: Array, b: Array, x0: int, s0: int, w0: int, b0: int, n: int, m: int) -> None:
    """The transposed system of a single matrix."""
    for i in range(n * m):
        s[s0 + i] = b[b0 + i]
    forward_one(s, w, w, s0, w0, w0 + n * n + n, n, m, 1, n, 1)
    backward_one(s, w, w, s0, w0, w0, n, m, 1, n, 0)
    for i in range(n):
        for r in range(n):
            if w[w0 + n * n + i] == r:
                for k in range(m):
                    x[x0 + r * m + k] = s[s0 + i * m + k]


def determinant(x: Array, w: Array, x0: int, w0: int, n: int, stride: int, lanes: int) -> None:
    """The determinant and its sign, from factors."""
    for lane in range(lanes):
        d = 1.0
        s = 1.0
        for i in range(n):
            p, e = w[w0 + (i * n + i) * stride + lane], w[w0 + (n * n + 2 * n + i) * stride + lane]
            d = d * p * e
            s = s * e * (p if p != p else (1.0 if p > 0.0 else (-1.0 if p < 0.0 else 0.0)))
        x[x0 + lane] = d
        x[x0 + stride + lane] = s


def determinant_one(x: Array, w: Array, x0: int, w0: int, n: int) -> None:
    """The same for a single matrix."""
    d = 1.0
    s = 1.0
    for i in range(n):
        p, e = w[w0 + i * n + i], w[w0 + n * n + 2 * n + i]
        d = d * p * e
        s = s * e * (p if p != p else (1.0 if p > 0.0 else (-1.0 if p < 0.0 else 0.0)))
    x[x0] = d
    x[x0 + 1] = s


# ---------------------------------------------------------------- triangular systems

# The matrix has the elements t[t0 + i*ti + k*tk], of which one triangle is read; its diagonal is d if ``own``, else 1.


def forward(
    x: Array, t: Array, d: Array, x0: int, t0: int, d0: int, n: int, m: int, ti: int, tk: int, own: int, stride: int, lanes: int
) -> None:
    """The solution of ``L y = x`` in place, for a lower triangle L."""
    for lane in range(lanes):
        for k in range(m):
            for i in range(n):
                v = x[x0 + (i * m + k) * stride + lane]
                for r in range(i):
                    v -= t[t0 + (i * ti + r * tk) * stride + lane] * x[x0 + (r * m + k) * stride + lane]
                x[x0 + (i * m + k) * stride + lane] = v / d[d0 + i * stride + lane] if own != 0 else v


def backward(
    x: Array, t: Array, d: Array, x0: int, t0: int, d0: int, n: int, m: int, ti: int, tk: int, own: int, stride: int, lanes: int
) -> None:
    """The solution of ``U y = x`` in place, for an upper triangle U."""
    for lane in range(lanes):
        for k in range(m):
            for j in range(n):
                i = n - 1 - j
                v = x[x0 + (i * m + k) * stride + lane]
                for r in range(i + 1, n):
                    v -= t[t0 + (i * ti + r * tk) * stride + lane] * x[x0 + (r * m + k) * stride + lane]
                x[x0 + (i * m + k) * stride + lane] = v / d[d0 + i * stride + lane] if own != 0 else v


def forward_one(
    x: Array, t: Array, d: Array, x0: int, t0: int, d0: int, n: int, m: int, ti: int, tk: int, own: int
) -> None:
    """``forward`` for a single matrix, eight rows at a time."""
    for j in range(0, n, 8):
        e = j + 8 if j + 8 < n else n
        less_product(x, x0 + j * m, m, t, t0 + j * ti, ti, tk, x, x0, m, e - j, j, m)
        for i in range(j, e):
            for r in range(j, i):
                f = t[t0 + i * ti + r * tk]
                for k in range(m):
                    x[x0 + i * m + k] -= f * x[x0 + r * m + k]
            if own != 0:
                f = d[d0 + i]
                for k in range(m):
                    x[x0 + i * m + k] = x[x0 + i * m + k] / f


def backward_one(
    x: Array, t: Array, d: Array, x0: int, t0: int, d0: int, n: int, m: int, ti: int, tk: int, own: int
) -> None:
    """``backward`` for a single matrix, eight rows at a time."""
    for j in range(0, n, 8):
        e = n - j
        h = e - 8 if e > 8 else 0
        less_product(x, x0 + h * m, m, t, t0 + h * ti + e * tk, ti, tk, x, x0 + e * m, m, e - h, n - e, m)
        for j1 in range(e - h):
            i = e - 1 - j1
            for r in range(i + 1, e):
                f = t[t0 + i * ti + r * tk]
                for k in range(m):
                    x[x0 + i * m + k] -= f * x[x0 + r * m + k]
            if own != 0:
                f = d[d0 + i]
                for k in range(m):
                    x[x0 + i * m + k] = x[x0 + i * m + k] / f


def triangular(
    x: Array, s: Array, t: Array, b: Array, x0: int, s0: int, t0: int, b0: int,
    n: int, ti: int, tk: int, upper: int, own: int, m: int, stride: int, lanes: int,
) -> None:
    """The solution for m right-hand sides, NaN if the diagonal has a 0; s is scratch space for the diagonal."""
    for lane in range(lanes):
        singular = 0.0
        for i in range(n):
            d = t[t0 + i * (ti + tk) * stride + lane]
            singular = math.nan if d == 0.0 else singular
        for i in range(n):
            s[s0 + i * stride + lane] = t[t0 + i * (ti + tk) * stride + lane] + singular
        for i in range(n * m):
            x[x0 + i * stride + lane] = b[b0 + i * stride + lane]
    if upper == 0:
        forward(x, t, s, x0, t0, s0, n, m, ti, tk, own, stride, lanes)
    else:
        backward(x, t, s, x0, t0, s0, n, m, ti, tk, own, stride, lanes)


def triangular_one(
    x: Array, s: Array, t: Array, b: Array, x0: int, s0: int, t0: int, b0: int,
    n: int, ti: int, tk: int, upper: int, own: int, m: int,
) -> None:
    """The solution for a single matrix."""
    singular = 0.0
    for i in range(n):
        singular = math.nan if t[t0 + i * (ti + tk)] == 0.0 else singular
    for i in range(n):
        s[s0 + i] = t[t0 + i * (ti + tk)] + singular
    for i in range(n * m):
        x[x0 + i] = b[b0 + i]
    if upper == 0:
        forward_one(x, t, s, x0, t0, s0, n, m, ti, tk, own)
    else:
        backward_one(x, t, s, x0, t0, s0, n, m, ti, tk, own)


# ---------------------------------------------------------------- A = L L.T


def cholesky(x: Array, a: Array, x0: int, a0: int, n: int, stride: int, lanes: int) -> None:
    """The lower triangle L, from the lower triangle of A; NaN if A is not positive definite."""
    for lane in range(lanes):
        wrong = 0.0
        for i in range(n):
            for j in range(i):
                v = a[a0 + (i * n + j) * stride + lane]
                for k in range(j):
                    v -= x[x0 + (i * n + k) * stride + lane] * x[x0 + (j * n + k) * stride + lane]
                x[x0 + (i * n + j) * stride + lane] = v / x[x0 + (j * n + j) * stride + lane]
            d = a[a0 + (i * n + i) * stride + lane]
            for k in range(i):
                d -= x[x0 + (i * n + k) * stride + lane] * x[x0 + (i * n + k) * stride + lane]
            wrong = wrong if d > 0.0 else math.nan
            x[x0 + (i * n + i) * stride + lane] = math.sqrt(d if d > 0.0 else 1.0)
        for i in range(n):
            for j in range(i + 1):
                x[x0 + (i * n + j) * stride + lane] += wrong
            for j in range(i + 1, n):
                x[x0 + (i * n + j) * stride + lane] = wrong


def cholesky_one(x: Array, a: Array, x0: int, a0: int, n: int) -> None:
    """The triangle of a single matrix, eight rows of L.T at a time."""
    for i in range(n):
        for j in range(i, n):
            x[x0 + i * n + j] = a[a0 + j * n + i]
    wrong = 0.0
    for j in range(0, n, 8):
        e = j + 8 if j + 8 < n else n
        less_product(x, x0 + j * n + j, n, x, x0 + j, 1, n, x, x0 + j, n, e - j, j, n - j)
        for i in range(j, e):
            for q in range(j, i):
                f = x[x0 + q * n + i]
                for l in range(i, n):
                    x[x0 + i * n + l] -= f * x[x0 + q * n + l]
            d = x[x0 + i * n + i]
            wrong = wrong if d > 0.0 else math.nan
            r = math.sqrt(d if d > 0.0 else 1.0)
            for l in range(i, n):
                x[x0 + i * n + l] = x[x0 + i * n + l] / r
    for i in range(n):
        for j in range(i):
            x[x0 + i * n + j] = x[x0 + j * n + i] + wrong
            x[x0 + j * n + i] = wrong
        x[x0 + i * n + i] += wrong
