"""Triangular systems and Cholesky factors.

Both read one triangle, as LAPACK does, and so do their derivatives: as functions of the elements of the other triangle they
are constant.  The derivative of a Cholesky factor has itself two triangular systems (Murray, "Differentiation of the
Cholesky decomposition", 2016; Giles, "Collected matrix derivative results", 2008).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ..calculus.rules import JVP, VJP
from ..calculus.scaling import Labels, axes
from ..canonical.arithmetic import linear
from ..canonical.contract import contract
from ..canonical.joining import reshape
from ..canonical.operands import as_node
from ..errors import ShapeError
from ..graph.leaves import array, is_zero, zeros
from ..graph.node import Node, Operand, Shape
from ..graph.primitive import enter
from ..language.linalg import stacked
from ..mapping.rules import MAPPED, all_with_axes, is_mapped, moved_behind, moved_to_front
from ..support.systems import cholesky_factors, solve_triangles
from ..text.called import PARSE
from .function import MatrixFunction, of_matrices, square, stack_axes


class Triangle(NamedTuple):
    """The parameters of a triangular system: the triangle that is read, transposed or not, with ones on the diagonal or not."""

    lower: bool
    transposed: bool
    unit: bool

    def __repr__(self) -> str:
        return tuple.__repr__(self)

    def keywords(self) -> Mapping[str, object]:
        """The arguments of :func:`solve_triangular` that are not the usual ones."""
        named = {"trans": int(self.transposed), "lower": self.lower, "unit_diagonal": self.unit}
        return {k: v for k, v in named.items() if v}

    def mask(self, n: int) -> Node:
        """1 where elements of the matrix are read."""
        own = np.tril(np.ones((n, n)), -1 if self.unit else 0)
        return array(own if self.lower else own.T)


SOLVE_TRIANGULAR = enter(
    MatrixFunction(
        "solve_triangular",
        numpy=lambda params, a, b: solve_triangles(a, b, *params),
        core=lambda params, a, b: b,
        operations=lambda params, a, b: a[0] * math.prod(b),
        keywords=lambda params: Triangle(*params).keywords(),
    )
)
CHOLESKY = enter(
    MatrixFunction(
        "cholesky",
        numpy=lambda params, a: cholesky_factors(a),
        core=lambda params, a: a,
        operations=lambda params, a: a[0] ** 3 // 3,
    )
)


def triangular(a: Node, b: Node, triangle: Triangle) -> Node:
    """The canonical solution of triangular systems; ``a`` is ``lead + (n, n)``, ``b`` is ``lead + (n, ...)``."""
    if is_zero(b):
        return zeros(b.shape)
    if a.ndim > 2 and b.ndim != a.ndim:  # as for systems of any matrix
        lead = b.shape[: a.ndim - 1]
        return reshape(triangular(a, reshape(b, (*lead, b.size // math.prod(lead))), triangle), b.shape)
    return of_matrices(SOLVE_TRIANGULAR, a, b, params=tuple(triangle))


@MAPPED.rule(SOLVE_TRIANGULAR)
def _mapped_solution(node: Node, args: Sequence[Node], lead: Shape) -> Node:
    a, b = args
    if not is_mapped(a, node.args[0]) and a.ndim == 2:  # the entries are more right-hand sides
        return moved_to_front(triangular(a, moved_behind(b, lead, 1), Triangle(*node.params)), lead, 1)
    a, b = all_with_axes(node, args, lead)
    return triangular(a, b, Triangle(*node.params))


def solve_triangular(
    a: Operand, b: Operand, trans: int | str = 0, lower: bool = False, unit_diagonal: bool = False
) -> Node:
    """The solution x of ``a @ x = b`` for a triangular matrix, like scipy.linalg.solve_triangular.

    ``a`` is (..., n, n), of which only one triangle is read; ``b`` is (n,) or (..., n, m), and so is the solution.
    A 0 on the diagonal gives NaN.

    Args:
        a: the matrix.
        b: the right-hand side.
        trans: 1 or "T" for the transposed matrix, ``a.T @ x = b``.
        lower: whether the lower triangle is read.
        unit_diagonal: whether the diagonal is taken to be 1, and is not read.

    Raises:
        ShapeError: the matrix is not square, the right-hand side does not have n rows, or stacks do not broadcast together.
        ValueError: ``trans`` is something else.

    >>> import exprgraph as eg
    >>> L, b = eg.Symbol("L", shape=(2, 2)), eg.Symbol("b", shape=2)
    >>> eg.evaluate(eg.solve_triangular(L, b, lower=True), {L: [[2.0, 9.0], [1.0, 4.0]], b: [2.0, 9.0]})
    array([1., 2.])
    """
    if trans not in (0, 1, "N", "T"):
        raise ValueError(f"solve_triangular: trans is 0, 1, 'N' or 'T', got {trans!r}")
    node, right = square("solve_triangular", as_node(a)), as_node(b)
    triangle = Triangle(bool(lower), trans in (1, "T"), bool(unit_diagonal))
    if node.ndim > 2:
        node, right = stacked("solve_triangular", node, right)
    elif right.ndim == 0 or right.shape[0] != node.shape[0]:
        raise ShapeError(f"solve_triangular: the right-hand side must have {node.shape[0]} rows, got shape {right.shape}")
    return triangular(node, right, triangle)


def cholesky(a: Operand) -> Node:
    """The lower triangular matrix L with ``L @ L.T = a``, like np.linalg.cholesky, or that of each matrix of a stack.

    Only the lower triangle of the matrix is read: the derivative by an element above the diagonal is 0, and that by one
    below counts for both.  A matrix that is not positive definite gives NaN, in a batch only for that sample.

    Raises:
        ShapeError: the matrix is not square.

    >>> import exprgraph as eg
    >>> K = eg.Symbol("K", shape=(2, 2))
    >>> eg.evaluate(eg.cholesky(K), {K: [[4.0, 2.0], [2.0, 10.0]]})
    array([[2., 0.],
           [1., 3.]])
    """
    return of_matrices(CHOLESKY, square("cholesky", as_node(a)))


def cho_solve(factor: tuple[Operand, bool], b: Operand) -> Node:
    """The solution of ``a @ x = b`` from a Cholesky factor of a, like scipy.linalg.cho_solve.

    Args:
        factor: the factor, and whether it is the lower one, ``(eg.cholesky(a), True)``.
        b: the right-hand side, (n,) or (..., n, m).

    Raises:
        ShapeError: as for :func:`solve_triangular`.

    >>> import exprgraph as eg
    >>> K = eg.Symbol("K", shape=(2, 2))
    >>> eg.evaluate(eg.cho_solve((eg.cholesky(K), True), [2.0, 4.0]), {K: [[2.0, 0.0], [0.0, 4.0]]})
    array([1., 1.])
    """
    c, lower = factor
    half = solve_triangular(c, b, trans=0 if lower else 1, lower=lower)
    return solve_triangular(c, half, trans=1 if lower else 0, lower=lower)


PARSE.fill({"solve_triangular": solve_triangular, "cho_solve": cho_solve}, SOLVE_TRIANGULAR)
PARSE.fill({"cholesky": cholesky}, CHOLESKY)

# ---------------------------------------------------------------- derivatives


def _labels(node: Node, extra: Shape) -> tuple[Labels, Labels, Labels]:
    """Axes of the stack, of the right-hand sides behind the first, and of directions."""
    lead = stack_axes(node)
    return axes("m", node.shape[:lead]), axes("r", node.shape[lead + 1 :]), axes("e", extra)


@JVP.rule(SOLVE_TRIANGULAR)
def _solve_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    a, _ = node.args
    da, db = tangents
    triangle = Triangle(*node.params)
    m, rest, e = _labels(node, extra)
    terms = [] if db is None else [(1.0, db)]
    if da is not None:  # d(T x) = dT x + T dx
        ij = ["j", "i"] if triangle.transposed else ["i", "j"]
        mask = triangle.mask(a.shape[-1])
        terms.append((-1.0, contract([(da, [*m, *ij, *e]), (mask, ij), (node, [*m, "j", *rest])], [*m, "i", *rest, *e])))
    return triangular(a, linear(terms, 0.0, node.shape + extra), triangle) if terms else None


@VJP.rule(SOLVE_TRIANGULAR)
def _solve_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    a, _ = node.args
    triangle = Triangle(*node.params)
    m, rest, e = _labels(node, extra)
    y: Labels = [*m, "i", *rest, *e]
    front = contract([(ct, [*e, *m, "i", *rest])], y)
    solution = triangular(a, front, triangle._replace(transposed=not triangle.transposed))
    ij = ["j", "i"] if triangle.transposed else ["i", "j"]
    ct_a = contract([(solution, y), (node, [*m, "j", *rest]), (triangle.mask(a.shape[-1]), ij)], [*e, *m, *ij])
    return [linear([(-1.0, ct_a)], 0.0, ct_a.shape), contract([(solution, y)], [*e, *m, "i", *rest])]


#: of a lower triangle, and of the transposed one
_LOWER, _UPPER = Triangle(True, False, False), Triangle(True, True, False)


def _halved(n: int) -> Node:
    """The lower triangle, with half of the diagonal."""
    return array(np.tril(np.ones((n, n))) - 0.5 * np.eye(n))


@JVP.rule(CHOLESKY)
def _cholesky_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    """``dL = L half(L^-1 dA L^-T)``."""
    (da,) = tangents
    if da is None:
        return None
    m, e, n = axes("m", node.shape[:-2]), axes("e", extra), node.shape[-1]
    whole = symmetric(da, m, e, n)
    left = triangular(node, whole, _LOWER)
    both = triangular(node, contract([(left, [*m, "i", "j", *e])], [*m, "j", "i", *e]), _LOWER)
    return contract([(node, [*m, "i", "k"]), (both, [*m, "j", "k", *e]), (_halved(n), ["k", "j"])], [*m, "i", "j", *e])


def symmetric(da: Node, m: Labels, e: Labels, n: int) -> Node:
    """The tangent of the symmetric matrix whose lower triangle is read."""
    mask = array(np.tril(np.ones((n, n)), -1))
    out: Labels = [*m, "i", "j", *e]
    terms = [
        contract([(da, [*m, "i", "j", *e]), (array(np.tril(np.ones((n, n)))), ["i", "j"])], out),
        contract([(da, [*m, "j", "i", *e]), (mask, ["j", "i"])], out),
    ]
    return linear([(1.0, t) for t in terms], 0.0, terms[0].shape)


def of_lower(ct: Node, m: Labels, e: Labels, n: int) -> Node:
    """The cotangent of the lower triangle from that of the symmetric matrix, with axes ``m, i, j, e``."""
    out: Labels = [*e, *m, "i", "j"]
    terms = [contract([(ct, [*m, *ij, *e]), (_halved(n), ["i", "j"])], out) for ij in (["i", "j"], ["j", "i"])]
    return linear([(1.0, t) for t in terms], 0.0, terms[0].shape)


@VJP.rule(CHOLESKY)
def _cholesky_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    """``L^-T half(L^T ct) L^-1``, of the symmetric matrix."""
    m, e, n = axes("m", node.shape[:-2]), axes("e", extra), node.shape[-1]
    inner = contract([(node, [*m, "k", "i"]), (ct, [*e, *m, "k", "j"]), (_halved(n), ["i", "j"])], [*m, "i", "j", *e])
    left = triangular(node, inner, _UPPER)
    both = triangular(node, contract([(left, [*m, "i", "j", *e])], [*m, "j", "i", *e]), _UPPER)
    return [of_lower(both, m, e, n)]


__all__ = ["CHOLESKY", "SOLVE_TRIANGULAR", "Triangle", "cho_solve", "cholesky", "of_lower", "solve_triangular", "symmetric", "triangular"]
