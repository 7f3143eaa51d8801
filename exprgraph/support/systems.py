"""Linear systems of numbers, and the decision whether they have a solution.

A matrix counts as singular if a pivot of Gaussian elimination with partial pivoting is noise.  The pivot of column k
is an entry minus k products.  Each subtraction may be wrong by half a unit in the last place, so that a pivot d with

    |d| <= 2 k' eps (sum of the absolute values of the products),   k' = k + 1,

may have no correct digit, and neither would a solution.  Only subtracted numbers are compared, so scaling rows or
columns changes no answer, and a triangular matrix is singular only if its diagonal has a 0.
The bound is that of Higham, "Accuracy and Stability of Numerical Algorithms" (2002), section 9.3, for one entry.

This finds singular matrices of integers, of equal rows or columns and the like.  A matrix that rounding has moved
away from a singular one may have pivots of a few times the bound; then the solution has numbers, as in LAPACK.
"""

from __future__ import annotations

import math

import numpy as np

#: a pivot is noise up to this many times its rounding error
NOISE = 2.0
#: matrices that magnify errors by more than this fraction of 1/(n eps) are examined; noise magnifies by at least 1/40 of it
_LOOK = 1e-3


def solve_systems(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The solutions of systems, by LAPACK; NaN if the matrix is singular or holds NaN.

    Args:
        a: matrices, ``lead + (n, n)``.
        b: right-hand sides, ``lead + (n, ...)``.

    (Some builds of LAPACK return numbers for a matrix with NaN.)

    >>> import numpy as np
    >>> from exprgraph.support.systems import solve_systems
    >>> a = np.array([[[2.0, 0.0], [0.0, 4.0]], [[1.0, 2.0], [2.0, 4.0]]])
    >>> solve_systems(a, np.ones((2, 2)))
    array([[0.5 , 0.25],
           [ nan,  nan]])
    """
    lead, n = a.shape[:-2], a.shape[-1]
    matrices = a.reshape((math.prod(lead), n, n))
    sides = b.reshape((len(matrices), n, math.prod(b.shape[len(lead) + 1 :])))
    known = ~np.isnan(matrices).any(axis=(1, 2))
    looked_at = np.flatnonzero(known & _may_be_singular(matrices))
    if looked_at.size:
        known[looked_at[is_singular(matrices[looked_at])]] = False
    out = np.full(sides.shape, np.nan, np.result_type(a, b))
    try:
        out[known] = np.linalg.solve(matrices[known], sides[known])
    except np.linalg.LinAlgError:  # LAPACK finds a pivot of 0 in one matrix: the others keep their values
        for k in np.flatnonzero(known):
            try:
                out[k] = np.linalg.solve(matrices[k], sides[k])
            except np.linalg.LinAlgError:
                out[k] = np.nan
    return out.reshape(b.shape)


def _may_be_singular(a: np.ndarray) -> np.ndarray:
    """Whether matrices magnify the errors of some right-hand side nearly as much as noise does, independent of row and column scales."""
    n = a.shape[-1]
    size = np.abs(a).max(axis=2, initial=0.0)
    probe = size * (1.0 + np.modf(np.arange(1, n + 1) * 0.6180339887498949)[0]).astype(a.dtype)
    try:
        with np.errstate(all="ignore"):
            x = np.linalg.solve(a, probe[:, :, None])[:, :, 0]
            growth = (np.abs(a) @ np.abs(x)[:, :, None])[:, :, 0] / size
    except np.linalg.LinAlgError:
        return np.ones(len(a), bool)
    small: np.ndarray = growth.max(axis=1, initial=0.0) < _LOOK / (n * np.finfo(a.dtype).eps)
    return ~small


def is_singular(a: np.ndarray) -> np.ndarray:
    """For each of the matrices, (k, n, n): whether it has a pivot that is noise."""
    a = a.copy()
    count, n, _ = a.shape
    singular = np.zeros(count, bool)
    each, eps = np.arange(count), float(np.finfo(a.dtype).eps)
    with np.errstate(all="ignore"):
        for c in range(n):
            best = np.abs(a[:, c:, c]).argmax(axis=1) + c
            a[each, best], a[:, c] = a[:, c].copy(), a[each, best]
            noise = np.abs(a[:, c, :c] * a[:, :c, c]).sum(axis=1)
            singular |= ~(np.abs(a[:, c, c]) > NOISE * (c + 1) * eps * noise)
            factors = a[:, c + 1 :, c] / a[:, c, c, None]
            a[:, c + 1 :, c] = factors
            a[:, c + 1 :, c + 1 :] -= factors[:, :, None] * a[:, None, c, c + 1 :]
    return singular


def solve_triangles(a: np.ndarray, b: np.ndarray, lower: bool, transposed: bool, unit: bool) -> np.ndarray:
    """The solutions of triangular systems by substitution; NaN if the diagonal has a 0.

    Args:
        a: matrices, (k, n, n), of which one triangle is read.
        b: right-hand sides, (k, n, ...).
        lower: whether it is the lower one.
        transposed: whether the systems are those of the transposed matrices.
        unit: whether the diagonal is 1.
    """
    count, n, _ = a.shape
    t = np.swapaxes(a, 1, 2) if transposed else a
    x = b.reshape((count, n, math.prod(b.shape[2:]))).astype(np.result_type(a, b))
    diagonal = np.diagonal(t, axis1=1, axis2=2)
    singular = np.where((diagonal == 0.0).any(axis=1), np.nan, 0.0) if not unit else np.zeros(count)
    forward = lower != transposed
    for i in range(n) if forward else reversed(range(n)):
        known = slice(0, i) if forward else slice(i + 1, n)
        x[:, i] -= (t[:, None, i, known] @ x[:, known])[:, 0]
        if not unit:
            x[:, i] /= (diagonal[:, i] + singular)[:, None]
    return x.reshape(b.shape)


def cholesky_factors(a: np.ndarray) -> np.ndarray:
    """The lower Cholesky factors of matrices, (k, n, n); NaN where one is not positive definite."""
    try:
        found = np.linalg.cholesky(a)
        found[np.isnan(found).any(axis=(1, 2))] = np.nan
        return found
    except np.linalg.LinAlgError:
        if len(a) == 1:
            return np.full_like(a, np.nan)
        return np.concatenate([cholesky_factors(part) for part in np.array_split(a, 2)])


def eigensystems(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The eigenvalues and eigenvectors of symmetric matrices, (k, n, n), from their lower triangles; NaN for matrices with NaN.

    The sum of a vector's components with weights between 1 and 2, 0.618... apart, is not negative.
    """
    n = a.shape[-1]
    known = np.isfinite(np.tril(a)).all(axis=(1, 2))
    values, vectors = np.full(a.shape[:2], np.nan, a.dtype), np.full_like(a, np.nan)
    values[known], vectors[known] = np.linalg.eigh(a[known])
    weights = np.array([1.0 + math.modf(k * 0.6180339887498949)[0] for k in range(n)])
    return values, np.where((weights @ vectors < 0.0)[:, None, :], -vectors, vectors)


def orthonormal_columns(a: np.ndarray) -> np.ndarray:
    """Q of ``A = Q R`` for matrices, (k, m, n), where R has a positive diagonal; NaN for matrices that are not finite.

    It does not depend on the scales of columns: so each is divided by its largest element.
    """
    out = np.full_like(a, np.nan)
    known = np.isfinite(a).all(axis=(1, 2))
    size = np.abs(a[known]).max(axis=1, keepdims=True)
    q, r = np.linalg.qr(a[known] / np.where(size > 0.0, size, 1.0))
    out[known] = np.where(np.diagonal(r, axis1=1, axis2=2)[:, None, :] < 0.0, -q, q)
    return out


__all__ = ["NOISE", "cholesky_factors", "eigensystems", "is_singular", "orthonormal_columns", "solve_systems", "solve_triangles"]
