"""Eigenvalues of symmetric matrices and the matrix exponential, as procedures that generated code calls.

They are written like those in :mod:`exprgraph.loops.matrices`.
"""

from __future__ import annotations

# ruff: noqa: E741
import math
from typing import Any

import numpy as np

from .matrices import lu, lu_one, lu_solve, lu_solve_one
from .runtime import dots, product

Array = Any  # one-dimensional, of either float type

# ---------------------------------------------------------------- A = V diag(w) V.T, on lanes


def eigh(x: Array, w: Array, a: Array, x0: int, w0: int, a0: int, n: int, stride: int, lanes: int) -> None:
    """The eigenvalues in ascending order, then the eigenvectors in columns, of the symmetric matrix with A's lower triangle.

    Jacobi's rotations, until all matrices are diagonal up to rounding; w is scratch space.
    """
    for lane in range(lanes):
        for i in range(n):
            for j in range(n):
                low = a[a0 + (i * n + j) * stride + lane]
                high = a[a0 + (j * n + i) * stride + lane]
                w[w0 + (i * n + j) * stride + lane] = low if j <= i else high
                x[x0 + (n + i * n + j) * stride + lane] = 1.0 if i == j else 0.0
    busy = 1.0
    for _ in range(40):
        if busy > 0.0:
            rotations(w, x, w0, x0 + n * stride, n, stride, lanes)
            for lane in range(lanes):
                total = 0.0
                rest = 0.0
                for i in range(n):
                    total += abs(w[w0 + (i * n + i) * stride + lane])
                    for j in range(i):
                        rest += abs(w[w0 + (i * n + j) * stride + lane])
                w[w0 + n * n * stride + lane] = 1.0 if rest > 0.0625 * np.finfo(w.dtype).eps * total else 0.0
            busy = 0.0
            for sample in range(lanes):
                busy = busy + w[w0 + n * n * stride + sample]
    ascending(x, w, x0, w0, n, stride, lanes)


def rotations(w: Array, v: Array, w0: int, z0: int, n: int, stride: int, lanes: int) -> None:
    """One rotation for each element of the matrix w above the diagonal, and of the eigenvectors v."""
    for lane in range(lanes):
        for p in range(n):
            for q in range(p + 1, n):
                y, z = w[w0 + (p * n + p) * stride + lane], w[w0 + (q * n + q) * stride + lane]
                f = w[w0 + (p * n + q) * stride + lane]
                h = (z - y) / (2.0 * f)
                g = (1.0 if h >= 0.0 else -1.0) / (abs(h) + math.sqrt(h * h + 1.0))
                t = g if f != 0.0 else 0.0
                c = 1.0 / math.sqrt(t * t + 1.0)
                s = t * c
                for k in range(n):
                    a, b = w[w0 + (p * n + k) * stride + lane], w[w0 + (q * n + k) * stride + lane]
                    w[w0 + (p * n + k) * stride + lane] = c * a - s * b
                    w[w0 + (q * n + k) * stride + lane] = s * a + c * b
                for k in range(n):
                    w[w0 + (k * n + p) * stride + lane] = w[w0 + (p * n + k) * stride + lane]
                    w[w0 + (k * n + q) * stride + lane] = w[w0 + (q * n + k) * stride + lane]
                    a, b = v[z0 + (k * n + p) * stride + lane], v[z0 + (k * n + q) * stride + lane]
                    v[z0 + (k * n + p) * stride + lane] = c * a - s * b
                    v[z0 + (k * n + q) * stride + lane] = s * a + c * b
                w[w0 + (p * n + p) * stride + lane] = y - t * f
                w[w0 + (q * n + q) * stride + lane] = z + t * f
                w[w0 + (p * n + q) * stride + lane] = 0.0
                w[w0 + (q * n + p) * stride + lane] = 0.0


def ascending(x: Array, w: Array, x0: int, w0: int, n: int, stride: int, lanes: int) -> None:
    """The eigenvalues on the diagonal of w in order, with their eigenvectors and the sign of these; NaN if one is."""
    for lane in range(lanes):
        spoiled = 0.0
        for i in range(n):
            spoiled += 0.0 * w[w0 + (i * n + i) * stride + lane]
        for i in range(n):
            x[x0 + i * stride + lane] = w[w0 + (i * n + i) * stride + lane] + spoiled
        for i in range(n):
            for j in range(i + 1, n):
                a, b = x[x0 + i * stride + lane], x[x0 + j * stride + lane]
                wrong = b < a
                x[x0 + i * stride + lane] = b if wrong else a
                x[x0 + j * stride + lane] = a if wrong else b
                for k in range(n):
                    u, v = x[x0 + (n + k * n + i) * stride + lane], x[x0 + (n + k * n + j) * stride + lane]
                    x[x0 + (n + k * n + i) * stride + lane] = v if wrong else u
                    x[x0 + (n + k * n + j) * stride + lane] = u if wrong else v
        for j in range(n):
            total = 0.0
            weight = 1.0
            for k in range(n):
                total += weight * x[x0 + (n + k * n + j) * stride + lane]
                weight = weight + 0.6180339887498949
                weight = weight - 1.0 if weight >= 2.0 else weight
            for k in range(n):
                u = x[x0 + (n + k * n + j) * stride + lane] + spoiled
                x[x0 + (n + k * n + j) * stride + lane] = -u if total < 0.0 else u


# ---------------------------------------------------------------- of a single matrix


def eigh_one(x: Array, w: Array, a: Array, x0: int, w0: int, a0: int, n: int) -> None:
    """The same for a single matrix: a tridiagonal matrix, and its eigenvalues by QL steps with implicit shifts.

    The scratch space has a symmetric matrix, eigenvectors as rows, the diagonal, the other diagonal, and two vectors
    (Golub and Van Loan, "Matrix Computations", 2013, section 8.3; Bowdler and others, "The QR and QL algorithms for
    symmetric matrices", 1968).
    """
    z0, d0 = w0 + n * n, w0 + 2 * n * n
    most = 0.0
    for i in range(n):
        for j in range(i + 1):
            most = most if abs(a[a0 + i * n + j]) <= most else abs(a[a0 + i * n + j])
    scale = most if most > 0.0 else 1.0
    for i in range(n):
        for j in range(n):
            w[w0 + i * n + j] = (a[a0 + i * n + j] if j <= i else a[a0 + j * n + i]) / scale
            w[z0 + i * n + j] = 1.0 if i == j else 0.0
    if n > 2:
        tridiagonal(w, w0, z0, d0, n)
    else:
        for i in range(n):
            w[d0 + i] = w[w0 + i * n + i]
            w[d0 + n + i] = 0.0
        if n == 2:
            w[d0 + n] = w[w0 + 1]
    ql(w, z0, d0, n)
    spoiled = 0.0
    for i in range(n):
        spoiled += 0.0 * w[d0 + i]
    for i in range(n):
        least = i
        for j in range(i + 1, n):
            if w[d0 + j] < w[d0 + least]:
                least = j
        x[x0 + i] = w[d0 + least] * scale + spoiled
        w[d0 + least] = w[d0 + i]
        total = 0.0
        weight = 1.0
        for k in range(n):
            total += weight * w[z0 + least * n + k]
            weight = weight + 0.6180339887498949
            weight = weight - 1.0 if weight >= 2.0 else weight
        for k in range(n):
            u = w[z0 + least * n + k] + spoiled
            w[z0 + least * n + k] = w[z0 + i * n + k]
            x[x0 + n + k * n + i] = -u if total < 0.0 else u


def tridiagonal(w: Array, w0: int, z0: int, d0: int, n: int) -> None:
    """Householder's reflections to the diagonals at d0 and d0 + n; the rows at z0 become their product, transposed."""
    e0, b0, p0 = d0 + n, d0 + 2 * n, d0 + 3 * n
    for k in range(n - 2):
        row, m = w0 + k * n + k + 1, n - k - 1
        size = 0.0
        for i in range(1, m):
            size += w[row + i] * w[row + i]
        first = w[row]
        norm = math.sqrt(first * first + size)
        alpha = -norm if first > 0.0 else norm
        w[row] = first - alpha if size != 0.0 else 0.0
        beta = 1.0 / (norm * (norm + abs(first))) if size != 0.0 else 0.0
        w[d0 + k] = w[w0 + k * n + k]
        w[e0 + k] = alpha if size != 0.0 else first
        w[b0 + k] = beta
        for i in range(m):
            w[p0 + i] = 0.0
        dots(w, p0, 1, 1, w, row + n, n, w, row, 0, m, 1, m)
        half = 0.0
        for i in range(m):
            half += w[p0 + i] * w[row + i]
        half = 0.5 * beta * beta * half
        for i in range(m):
            w[p0 + i] = beta * w[p0 + i] - half * w[row + i]
        for i in range(m):
            f, g = w[row + i], w[p0 + i]
            for j in range(m):
                w[row + n + i * n + j] -= f * w[p0 + j] + g * w[row + j]
    for i in range(n - 2, n):
        w[d0 + i] = w[w0 + i * n + i]
    w[e0 + n - 2] = w[w0 + (n - 2) * n + n - 1]
    w[e0 + n - 1] = 0.0
    for q in range(n - 2):
        k = n - 3 - q
        row, m = w0 + k * n + k + 1, n - k - 1
        for i in range(m):
            w[p0 + i] = 0.0
        dots(w, p0, 1, 1, w, z0 + (k + 1) * n + k + 1, n, w, row, 0, m, 1, m)
        for i in range(m):
            f = w[b0 + k] * w[p0 + i]
            for j in range(m):
                w[z0 + (k + 1 + i) * n + k + 1 + j] -= f * w[row + j]


def ql(w: Array, z0: int, d0: int, n: int) -> None:
    """The eigenvalues of a tridiagonal matrix, at d0; rows at z0 are turned with it."""
    e0 = d0 + n
    for l in range(n):
        busy = 1.0
        for _ in range(60):
            if busy > 0.0:
                m = n - 1
                for q in range(n - 1 - l):
                    k = n - 2 - q
                    if abs(w[e0 + k]) <= 0.5 * np.finfo(w.dtype).eps * (abs(w[d0 + k]) + abs(w[d0 + k + 1])):
                        m = k
                if m == l:
                    busy = 0.0
                else:
                    ql_step(w, z0, d0, n, l, m)


def ql_step(w: Array, z0: int, d0: int, n: int, l: int, m: int) -> None:
    """One implicit step on rows l to m."""
    e0 = d0 + n
    h = (w[d0 + l + 1] - w[d0 + l]) / (2.0 * w[e0 + l])
    g = w[d0 + m] - w[d0 + l] + w[e0 + l] / (h + math.copysign(math.sqrt(h * h + 1.0), h))
    s = 1.0
    c = 1.0
    p = 0.0
    alive = 1.0
    for q in range(m - l):
        i = m - 1 - q
        if alive > 0.0:
            f, b = s * w[e0 + i], c * w[e0 + i]
            r = math.sqrt(f * f + g * g)
            w[e0 + i + 1] = r
            if r == 0.0:
                w[d0 + i + 1] = w[d0 + i + 1] - p
                w[e0 + m] = 0.0
                alive = 0.0
            else:
                s = f / r
                c = g / r
                g = w[d0 + i + 1] - p
                t = (w[d0 + i] - g) * s + 2.0 * c * b
                p = s * t
                w[d0 + i + 1] = g + p
                g = c * t - b
                for k in range(n):
                    y, z = w[z0 + i * n + k], w[z0 + (i + 1) * n + k]
                    w[z0 + i * n + k] = c * y - s * z
                    w[z0 + (i + 1) * n + k] = s * y + c * z
    if alive > 0.0:
        w[d0 + l] = w[d0 + l] - p
        w[e0 + l] = g
        w[e0 + m] = 0.0


# ---------------------------------------------------------------- exp(A)

# Pade's approximant of degree 13 of the matrix scaled by a power of 2, then squarings (Higham, "The scaling and squaring
# method for the matrix exponential revisited", 2005).  Scratch space has 5 matrices, factors, and the scale.


def expm(x: Array, w: Array, a: Array, x0: int, w0: int, a0: int, n: int, m: int, stride: int, lanes: int) -> None:
    """The exponential of matrices, scaled by the norm of their first m rows and columns."""
    c0 = w0 + (6 * n * n + 3 * n) * stride
    scaled(w, a, w0, c0, a0, n, m, stride, lanes)
    size = n * n * stride
    a1, a2, a4, a6, u = w0, w0 + size, w0 + 2 * size, w0 + 3 * size, w0 + 4 * size
    multiply(w, w, w, a2, a1, a1, n, stride, lanes)
    multiply(w, w, w, a4, a2, a2, n, stride, lanes)
    multiply(w, w, w, a6, a2, a4, n, stride, lanes)
    for lane in range(lanes):
        for i in range(n * n):
            p, q, r = w[a2 + i * stride + lane], w[a4 + i * stride + lane], w[a6 + i * stride + lane]
            x[x0 + i * stride + lane] = r + 16380.0 * q + 40840800.0 * p
    multiply(w, w, x, u, a6, x0, n, stride, lanes)
    for lane in range(lanes):
        for i in range(n):
            for j in range(n):
                k = (i * n + j) * stride
                p, q, r = w[a2 + k + lane], w[a4 + k + lane], w[a6 + k + lane]
                one = 64764752532480000.0 if i == j else 0.0
                w[u + k + lane] += 33522128640.0 * r + 10559470521600.0 * q + 1187353796428800.0 * p + 0.5 * one
                w[a2 + k + lane] = 182.0 * r + 960960.0 * q + 1323241920.0 * p
                w[a4 + k + lane] = 670442572800.0 * r + 129060195264000.0 * q + 7771770303897600.0 * p + one
    multiply(x, w, w, x0, a1, u, n, stride, lanes)
    multiply(w, w, w, u, a6, a2, n, stride, lanes)
    for lane in range(lanes):
        for i in range(n * n):
            odd, even = x[x0 + i * stride + lane], w[u + i * stride + lane] + w[a4 + i * stride + lane]
            w[a1 + i * stride + lane] = even - odd
            w[a2 + i * stride + lane] = even + odd
    lu(w, w, u, a1, n, stride, lanes)
    lu_solve(x, w, w, x0, u, a2, n, n, stride, lanes)
    least = 1.0
    for sample in range(lanes):
        least = least if least < w[c0 + sample] else w[c0 + sample]
    for _ in range(1030):
        if least < 1.0:
            multiply(w, x, x, a1, x0, x0, n, stride, lanes)
            for lane in range(lanes):
                scale = w[c0 + lane]
                for i in range(n * n):
                    x[x0 + i * stride + lane] = w[a1 + i * stride + lane] if scale < 1.0 else x[x0 + i * stride + lane]
                w[c0 + lane] = 2.0 * scale
            least = 2.0 * least


def scaled(w: Array, a: Array, w0: int, c0: int, a0: int, n: int, m: int, stride: int, lanes: int) -> None:
    """The matrices times powers of 2, which are stored too, so that Pade's approximant is exact up to rounding."""
    for lane in range(lanes):
        norm = 0.0
        for j in range(m):
            column = 0.0
            for i in range(m):
                column += abs(a[a0 + (i * n + j) * stride + lane])
            norm = norm if column <= norm else column
        excess = norm / 5.371920351148152
        scale = 1.0
        for _ in range(16):
            scale = scale * 5.421010862427522e-20 if excess > 1.8446744073709552e19 else scale
            excess = excess * 5.421010862427522e-20 if excess > 1.8446744073709552e19 else excess
        step = 4294967296.0
        for _ in range(6):
            scale = scale / step if excess > step else scale
            excess = excess / step if excess > step else excess
            step = math.sqrt(step)
        scale = scale * 0.5 if excess > 1.0 else scale
        w[c0 + lane] = scale
        for i in range(n * n):
            w[w0 + i * stride + lane] = scale * a[a0 + i * stride + lane]


def multiply(c: Array, a: Array, b: Array, c0: int, a0: int, b0: int, n: int, stride: int, lanes: int) -> None:
    """The products of matrices on lanes."""
    for lane in range(lanes):
        for i in range(n):
            for j in range(n):
                total = 0.0
                for k in range(n):
                    total += a[a0 + (i * n + k) * stride + lane] * b[b0 + (k * n + j) * stride + lane]
                c[c0 + (i * n + j) * stride + lane] = total


def expm_one(x: Array, w: Array, a: Array, x0: int, w0: int, a0: int, n: int, m: int) -> None:
    """The exponential of a single matrix."""
    norm = 0.0
    for j in range(m):
        column = 0.0
        for i in range(m):
            column += abs(a[a0 + i * n + j])
        norm = norm if column <= norm else column
    excess = norm / 5.371920351148152
    scale = 1.0
    for _ in range(1030):
        if excess > 1.0:
            excess = 0.5 * excess
            scale = 0.5 * scale
    a1, a2, a4, a6, u = w0, w0 + n * n, w0 + 2 * n * n, w0 + 3 * n * n, w0 + 4 * n * n
    for i in range(n * n):
        w[a1 + i] = scale * a[a0 + i]
    product(w, a2, n, w, a1, n, 1, w, a1, n, n, n, n)
    product(w, a4, n, w, a2, n, 1, w, a2, n, n, n, n)
    product(w, a6, n, w, a2, n, 1, w, a4, n, n, n, n)
    for i in range(n * n):
        x[x0 + i] = w[a6 + i] + 16380.0 * w[a4 + i] + 40840800.0 * w[a2 + i]
    product(w, u, n, w, a6, n, 1, x, x0, n, n, n, n)
    for i in range(n * n):
        p, q, r = w[a2 + i], w[a4 + i], w[a6 + i]
        w[u + i] += 33522128640.0 * r + 10559470521600.0 * q + 1187353796428800.0 * p
        w[a2 + i] = 182.0 * r + 960960.0 * q + 1323241920.0 * p
        w[a4 + i] = 670442572800.0 * r + 129060195264000.0 * q + 7771770303897600.0 * p
    for i in range(n):
        w[u + i * n + i] += 32382376266240000.0
        w[a4 + i * n + i] += 64764752532480000.0
    product(x, x0, n, w, a1, n, 1, w, u, n, n, n, n)
    product(w, u, n, w, a6, n, 1, w, a2, n, n, n, n)
    for i in range(n * n):
        odd, even = x[x0 + i], w[u + i] + w[a4 + i]
        w[a1 + i] = even - odd
        w[a2 + i] = even + odd
    lu_one(w, w, u, a1, n)
    lu_solve_one(x, w, w, x0, u, a2, n, n)
    for _ in range(1030):
        if scale < 1.0:
            product(w, a1, n, x, x0, n, 1, x, x0, n, n, n, n)
            for i in range(n * n):
                x[x0 + i] = w[a1 + i]
            scale = 2.0 * scale
