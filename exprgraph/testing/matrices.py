"""The rules of functions of matrices in the testing kit: 50 digits, rounding errors, bounds, random nodes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np

from ..canonical.arithmetic import linear
from ..canonical.select import select
from ..functions.elementwise import broadcast_to
from ..graph.leaves import array, identity
from ..graph.node import Node, Params, Shape
from ..graph.primitive import Primitive
from ..graph.views import Slice
from ..linalg import determinants, eigen, exponential, orthogonal, triangles
from ..linalg.function import MatrixFunction, cores, stack_axes
from ..meaning.evaluate import batched
from .bounds import BOUNDS, EVERYTHING, Interval
from .code_by_mpmath import INF, NAN
from .growing import GROW, Garden
from .noise import NOISE, Noise
from .precise import PRECISE

#: one matrix function of parameters and arrays of mpmath's numbers
Exact = Callable[..., Any]


def exactly(row: MatrixFunction, function: Exact, whole: bool = True) -> None:
    """Register the value of a row in mpmath's numbers, for one matrix; with ``whole``, matrices with NaN give NaN."""

    def rule(node: Node, values: Sequence[np.ndarray], batch: Shape) -> np.ndarray:
        given, own = batched(values, node.args), cores(node)
        front = given[0].shape[: given[0].ndim - len(own[0])]
        core = node.shape[stack_axes(node) :]
        out = np.empty((*front, *core), dtype=object)
        for i in np.ndindex(*front):
            parts = [v[i].copy() for v in given]
            known = not whole or not any(mpmath.isnan(x) for p in parts for x in p.flat)
            value = function(node.params, *parts) if known else np.full(core, NAN, dtype=object)
            out[i] = value if core else np.asarray(value, dtype=object)[()]
        return out

    PRECISE.fill(rule, row)


@NOISE.rule(MatrixFunction)
def _perturbed(node: Node, args: Sequence[np.ndarray], noise: Noise) -> np.ndarray:
    """Small relative changes of all elements, which is what factorizations do."""
    value = noise.value(node, [noise.off(v, np.abs(v), 1.0) for v in args])
    return noise.off(value, np.abs(value))


# ---------------------------------------------------------------- determinants


def eliminated(params: Params, a: np.ndarray) -> list[Any]:
    """The pivots of Gaussian elimination, with the sign of the exchanges in the first."""
    n, pivots, sign = len(a), [], 1
    for k in range(n):
        p = max(range(k, n), key=lambda r: abs(a[r, k]))
        if p != k:
            a[[k, p]], sign = a[[p, k]], -sign
        pivots.append(a[k, k])
        if not a[k, k]:
            return [mpmath.mpf(0)]
        for r in range(k + 1, n):
            a[r] = a[r] - a[r, k] / a[k, k] * a[k]
    return [sign * pivots[0], *pivots[1:]]


def _determinant(params: Params, a: np.ndarray) -> Any:
    return mpmath.fprod(eliminated(params, a))


def _logarithm(params: Params, a: np.ndarray) -> Any:
    pivots = eliminated(params, a)
    return mpmath.fsum(mpmath.log(abs(p)) for p in pivots) if all(pivots) else -INF


exactly(determinants.DET, _determinant)
exactly(determinants.LOGABSDET, _logarithm)
exactly(determinants.SIGNDET, lambda params, a: mpmath.sign(_determinant(params, a)))


@NOISE.rule(determinants.LOGABSDET)
def _of_logarithms(node: Node, args: Sequence[np.ndarray], noise: Noise) -> np.ndarray:
    """The logarithms of pivots may cancel."""
    value = _perturbed(node, args, noise)
    return noise.off(value, np.abs(value) + node.args[0].shape[-1])


BOUNDS.fill(lambda node, args: (-1.0, 1.0), determinants.SIGNDET)
BOUNDS.fill(lambda node, args: EVERYTHING, MatrixFunction)


@BOUNDS.rule(determinants.DET)
def _hadamard(node: Node, args: Sequence[Interval]) -> Interval:
    """A determinant is at most the product of the lengths of the rows."""
    n, most = node.args[0].shape[-1], max(map(abs, args[0]))
    bound = (most * math.sqrt(n)) ** n if most < 1e30 else math.inf
    return -bound, bound


def square(g: Garden, least: int = 1) -> Node:
    """A square matrix, or sometimes a stack of two."""
    n = g.choice.whole(least, 3)
    return g.like((n, n) if g.choice.whole(0, 3) else (2, n, n))


def regular(g: Garden, least: int = 1) -> Node:
    """A diagonally dominant matrix, so that none is nearly singular."""
    a = g.within(square(g, least), (-0.7, 0.7))
    n = a.shape[-1]
    return linear([(1.0, a), (n + 0.5, broadcast_to(identity(n), a.shape))], 0.0, a.shape)


@GROW.rule(determinants.DET)
def _det(g: Garden, row: Primitive) -> Node:
    return determinants.det(g.within(square(g), (-1.5, 1.5)))


@GROW.rule(determinants.LOGABSDET, determinants.SIGNDET)
def _logabsdet(g: Garden, row: Primitive) -> Node:
    a = regular(g, 2)  # of one row it would be an elementwise function
    n = a.shape[-1]
    out = determinants.logabsdet(a) if row is determinants.LOGABSDET else determinants.signdet(a)
    if out not in g.interval:
        g.interval[out] = (0.0, n * math.log(2.0 * n + 0.5))
    return out


# ---------------------------------------------------------------- triangles


def _substituted(params: Params, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    lower, transposed, unit = triangles.Triangle(*params)
    t, n = a.T if transposed else a, len(a)
    if not unit and any(not t[i, i] for i in range(n)):
        return np.full(b.shape, NAN, dtype=object)
    forward = lower != transposed
    for i in range(n) if forward else reversed(range(n)):
        for k in range(i) if forward else range(i + 1, n):
            b[i] = b[i] - t[i, k] * b[k]
        b[i] = b[i] if unit else b[i] / t[i, i]
    return b


def _cholesky(params: Params, a: np.ndarray) -> np.ndarray:
    n, out = len(a), np.full(a.shape, mpmath.mpf(0), dtype=object)
    for i in range(n):
        for j in range(i + 1):
            rest = a[i, j] - mpmath.fsum(out[i, k] * out[j, k] for k in range(j))
            if i == j and not rest > 0:
                return np.full(a.shape, NAN, dtype=object)
            out[i, j] = mpmath.sqrt(rest) if i == j else rest / out[j, j]
    return out


exactly(triangles.SOLVE_TRIANGULAR, _substituted, whole=False)
exactly(triangles.CHOLESKY, _cholesky, whole=False)


@GROW.rule(triangles.SOLVE_TRIANGULAR)
def _solve_triangular(g: Garden, row: Primitive) -> Node:
    a = regular(g)
    b = g.like((*a.shape[:-1], 2) if g.choice.whole(0, 1) else a.shape[:-1])
    most = max(map(abs, g.bounds(b)))
    out = triangles.triangular(a, b, triangles.Triangle(*(bool(g.choice.whole(0, 1)) for _ in range(3))))
    if out not in g.interval:  # at most (1 + 0.7)**2 if the diagonal is 1
        g.interval[out] = (-3 * most, 3 * most)
    return out


@GROW.rule(triangles.CHOLESKY)
def _factor(g: Garden, row: Primitive) -> Node:
    a = regular(g)
    out = triangles.cholesky(a)
    if out not in g.interval:
        g.interval[out] = (-0.7, math.sqrt(a.shape[-1] + 1.2))
    return out


# ---------------------------------------------------------------- eigenvalues


def _eigensystem(a: np.ndarray) -> tuple[list[Any], np.ndarray]:
    """Eigenvalues in ascending order, and eigenvectors whose weighted sums are not negative."""
    n = len(a)
    values, columns = mpmath.eigsy(mpmath.matrix([[a[max(i, j), min(i, j)] for j in range(n)] for i in range(n)]))
    order = sorted(range(n), key=lambda k: values[k])
    vectors = np.empty((n, n), dtype=object)
    for to, k in enumerate(order):
        total = mpmath.fsum((1 + math.modf(i * 0.6180339887498949)[0]) * columns[i, k] for i in range(n))
        vectors[:, to] = [-columns[i, k] if total < 0 else columns[i, k] for i in range(n)]
    return [values[k] for k in order], vectors


exactly(eigen.EIGVALSH, lambda params, a: np.array(_eigensystem(a)[0], dtype=object))
exactly(eigen.EIGENVECTORS, lambda params, a: _eigensystem(a)[1])


@NOISE.rule(eigen.EIGVALSH, eigen.EIGENVECTORS, exponential.EXPM, orthogonal.ORTHONORMAL)
def _turned(node: Node, args: Sequence[np.ndarray], noise: Noise) -> np.ndarray:
    """Errors of the size of the whole matrix."""
    most = [np.abs(v).max(axis=(-2, -1), keepdims=True, initial=0.0) for v in args]
    value = noise.value(node, [noise.off(v, np.broadcast_to(x, v.shape), 1.0) for v, x in zip(args, most)])
    return noise.off(value, np.abs(value))


@GROW.rule(eigen.EIGVALSH, eigen.EIGENVECTORS)
def _eigh(g: Garden, row: Primitive) -> Node:
    """Of a matrix whose eigenvalues are far apart: its diagonal is near 2, 4, 6."""
    a = g.within(square(g), (-0.4, 0.4))
    n = a.shape[-1]
    apart = broadcast_to(array(np.diag(2.0 * np.arange(1, n + 1))), a.shape)
    out = eigen.eigvalsh if row is eigen.EIGVALSH else eigen.eigenvectors
    made = out(linear([(1.0, a), (1.0, apart)], 0.0, a.shape))
    if made not in g.interval:
        g.interval[made] = (0.4, 2.0 * n + 1.6) if row is eigen.EIGVALSH else (-1.0, 1.0)
    return made


# ---------------------------------------------------------------- orthonormal columns


def _orthonormal(params: Params, a: np.ndarray) -> np.ndarray:
    """By Gram and Schmidt, with digits for what columns have in common."""
    if not all(mpmath.isfinite(x) for x in a.flat):
        return np.full(a.shape, NAN, dtype=object)
    with mpmath.workdps(2 * mpmath.mp.dps):
        out = np.empty(a.shape, dtype=object)
        for k in range(a.shape[1]):
            rest = a[:, k]
            for j in range(k):
                rest = rest - (out[:, j] @ rest) * out[:, j]
            size = mpmath.sqrt(mpmath.fsum(x * x for x in rest))
            out[:, k] = rest / size if size else NAN
    return out


exactly(orthogonal.ORTHONORMAL, _orthonormal)
BOUNDS.fill(lambda node, args: (-1.0, 1.0), orthogonal.ORTHONORMAL)


@GROW.rule(orthogonal.ORTHONORMAL)
def _columns(g: Garden, row: Primitive) -> Node:
    a = regular(g)
    n = a.shape[-1]
    return orthogonal.orthonormal(select(a, (*((None,) * (a.ndim - 1)), Slice(0, 1, g.choice.whole(1, n)))))


# ---------------------------------------------------------------- the exponential


def _exponential(params: Params, a: np.ndarray) -> np.ndarray:
    """Taylor's series of the matrix divided by a power of 2, which is then squared."""
    n = len(a)
    size = max(mpmath.fsum(map(abs, row)) for row in a)
    if not mpmath.isfinite(size):
        return np.full(a.shape, NAN, dtype=object)
    halvings = max(0, int(mpmath.ceil(mpmath.log(size, 2))) + 8) if size else 0
    with mpmath.workdps(mpmath.mp.dps + 10 + halvings // 3):
        small = a / mpmath.mpf(2) ** halvings
        out = term = np.array([[mpmath.mpf(i == j) for j in range(n)] for i in range(n)], dtype=object)
        for k in range(1, mpmath.mp.dps):
            term = term @ small / k
            out = out + term
        for _ in range(halvings):
            out = out @ out
    return out


exactly(exponential.EXPM, _exponential)


@GROW.rule(exponential.EXPM)
def _expm(g: Garden, row: Primitive) -> Node:
    a = g.within(square(g), (-1.0, 1.0))
    n = a.shape[-1]
    out = exponential.expm(a)
    if out not in g.interval:
        g.interval[out] = (-math.exp(n), math.exp(n))
    return out
