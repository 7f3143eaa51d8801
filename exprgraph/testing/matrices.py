"""The rules of functions of matrices in the testing kit: 50 digits, rounding errors, bounds, random nodes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np

from ..canonical.arithmetic import linear
from ..functions.elementwise import broadcast_to
from ..graph.leaves import identity
from ..graph.node import Node, Params, Shape
from ..graph.primitive import Primitive
from ..linalg import determinants, triangles
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


def square(g: Garden, most: int = 3) -> Node:
    """A square matrix, or sometimes a stack of two."""
    n = g.choice.whole(1, most)
    return g.like((n, n) if g.choice.whole(0, 3) else (2, n, n))


def regular(g: Garden, most: int = 3) -> Node:
    """A diagonally dominant matrix, so that none is nearly singular."""
    a = g.within(square(g, most), (-0.7, 0.7))
    n = a.shape[-1]
    return linear([(1.0, a), (n + 0.5, broadcast_to(identity(n), a.shape))], 0.0, a.shape)


@GROW.rule(determinants.DET)
def _det(g: Garden, row: Primitive) -> Node:
    return determinants.det(g.within(square(g), (-1.5, 1.5)))


@GROW.rule(determinants.LOGABSDET, determinants.SIGNDET)
def _logabsdet(g: Garden, row: Primitive) -> Node:
    a = regular(g)
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
