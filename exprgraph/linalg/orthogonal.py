"""The QR factorization: matrices as products of orthonormal columns and a triangle.

Only the columns are a primitive; the triangle is ``Q.T @ A``.  Its diagonal is positive, which makes both unique, and smooth functions
of the matrix.  The derivative of the columns has a triangular system (Walter and Lehmann, "On evaluating higher-order derivatives of the
QR decomposition", 2010).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..calculus.rules import JVP, VJP
from ..calculus.scaling import Labels, axes
from ..canonical.arithmetic import linear
from ..canonical.contract import contract
from ..canonical.operands import as_node
from ..canonical.select import select
from ..errors import ShapeError
from ..graph.leaves import array
from ..graph.node import Node, Operand, Shape
from ..graph.primitive import enter
from ..graph.views import Slice
from ..language.numpy_protocol import define
from ..support.systems import orthonormal_columns
from ..text.called import PARSE
from .function import MatrixFunction, of_matrices, stack_axes
from .triangles import Triangle, triangular

ORTHONORMAL = enter(
    MatrixFunction(
        "orthonormal",
        numpy=lambda params, a: orthonormal_columns(a),
        core=lambda params, a: a,
        operations=lambda params, a: 4 * a[1] * math.prod(a),
    )
)


class OrthogonalFactors(NamedTuple):
    """``a = Q @ R``."""

    Q: Node
    R: Node


def orthonormal(a: Operand) -> Node:
    """The columns of a matrix, or of each of a stack, made orthonormal from left to right: Q of ``a = Q @ R`` (see :func:`qr`).

    Where a column depends on those before it, the result is arbitrary, and derivatives are infinite or NaN.  A matrix with NaN gives NaN.

    Raises:
        ShapeError: there are fewer rows than columns.

    >>> import exprgraph as eg
    >>> A = eg.Symbol("A", shape=(2, 2))
    >>> eg.evaluate(eg.orthonormal(A), {A: [[3.0, 5.0], [4.0, 0.0]]})
    array([[ 0.6,  0.8],
           [ 0.8, -0.6]])
    """
    node = as_node(a)
    if node.ndim < 2 or node.shape[-2] < node.shape[-1]:
        raise ShapeError(f"orthonormal: the matrix has at least as many rows as columns, got shape {node.shape}")
    return of_matrices(ORTHONORMAL, node)


def qr(a: Operand, mode: str = "reduced") -> OrthogonalFactors | Node:
    """The factors of ``a = Q @ R`` for a matrix of full rank, or for each of a stack, like np.linalg.qr.

    The columns of Q are orthonormal, and R is upper triangular.  The diagonal of R is positive; NumPy's may have any signs.

    Args:
        a: the matrix, (..., m, n), whose first min(m, n) columns are independent.
        mode: "reduced" for Q, of shape (..., m, min(m, n)), and R, of shape (..., min(m, n), n); "r" for R alone; "complete" is the
            same as "reduced" if m <= n.

    Raises:
        ShapeError: it is not a matrix.
        ValueError: ``mode`` is something else.

    >>> import exprgraph as eg
    >>> A = eg.Symbol("A", shape=(2, 2))
    >>> Q, R = eg.linalg.qr(A)
    >>> eg.evaluate(R, {A: [[3.0, 5.0], [4.0, 0.0]]}).round(12)
    array([[5., 3.],
           [0., 4.]])
    """
    node = as_node(a)
    if node.ndim < 2:
        raise ShapeError(f"qr takes a matrix, got shape {node.shape}")
    m, n = node.shape[-2:]
    if mode not in ("reduced", "complete", "r"):
        raise ValueError(f'qr: mode is "reduced", "complete" or "r", got {mode!r}')
    if mode == "complete" and m > n:
        raise ValueError('qr: the columns of Q behind the first n are arbitrary; write mode="reduced"')
    q = orthonormal(node if m >= n else select(node, (*((None,) * (node.ndim - 1)), Slice(0, 1, m))))
    r = triangle_of(q, node)
    return r if mode == "r" else OrthogonalFactors(q, r)


def triangle_of(q: Node, a: Node) -> Node:
    """R of ``a = Q @ R``."""
    lead: Labels = axes("m", a.shape[:-2])
    mask = array(np.triu(np.ones((q.shape[-1], a.shape[-1]))))
    return contract([(q, [*lead, "i", "j"]), (a, [*lead, "i", "k"]), (mask, ["j", "k"])], [*lead, "j", "k"])


PARSE.fill({"orthonormal": orthonormal}, ORTHONORMAL)
define({np.linalg.qr: qr})

# ---------------------------------------------------------------- derivatives

#: of R, and of R.T
_UPPER, _TURNED = Triangle(False, False, False), Triangle(False, True, False)


def _halved(n: int) -> Node:
    """The upper triangle, with half of the diagonal."""
    return array(np.triu(np.ones((n, n))) - 0.5 * np.eye(n))


def _both(part: Node, m: Labels, e: Labels, n: int, masked_first: bool) -> Node:
    """``halved * (M + M.T)``, or with ``masked_first`` ``halved * M + (halved * M).T``; axes ``m, j, k, e``."""
    out: Labels = [*m, "j", "k", *e]
    terms = []
    for turned in (False, True):
        labels = [*m, "k", "j", *e] if turned else out
        mask = ["k", "j"] if turned and masked_first else ["j", "k"]
        terms.append((1.0, contract([(part, labels), (_halved(n), mask)], out)))
    return linear(terms, 0.0, part.shape)


@JVP.rule(ORTHONORMAL)
def _jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    """``X - Q half(Q.T X + X.T Q)`` for ``X = dA R^-1``."""
    (a,), (da,) = node.args, tangents
    if da is None:
        return None
    lead = stack_axes(node)
    m, e, n = axes("m", node.shape[:lead]), axes("e", extra), node.shape[-1]
    turned = contract([(da, [*m, "i", "k", *e])], [*m, "k", "i", *e])
    x = triangular(triangle_of(node, a), turned, _TURNED)
    inner = contract([(node, [*m, "i", "j"]), (x, [*m, "k", "i", *e])], [*m, "j", "k", *e])
    out: Labels = [*m, "i", "k", *e]
    along = contract([(node, [*m, "i", "j"]), (_both(inner, m, e, n, False), [*m, "j", "k", *e])], out)
    return linear([(1.0, contract([(x, [*m, "k", "i", *e])], out)), (-1.0, along)], 0.0, along.shape)


@VJP.rule(ORTHONORMAL)
def _vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    """``(ct - Q (half(Q.T ct) + its transpose)) R^-T``."""
    (a,), lead = node.args, stack_axes(node)
    m, e, n = axes("m", node.shape[:lead]), axes("e", extra), node.shape[-1]
    inner = contract([(node, [*m, "i", "j"]), (ct, [*e, *m, "i", "k"])], [*m, "j", "k", *e])
    turned: Labels = [*m, "k", "i", *e]
    along = contract([(node, [*m, "i", "j"]), (_both(inner, m, e, n, True), [*m, "j", "k", *e])], turned)
    rest = linear([(1.0, contract([(ct, [*e, *m, "i", "k"])], turned)), (-1.0, along)], 0.0, along.shape)
    x = triangular(triangle_of(node, a), rest, _UPPER)
    return [contract([(x, turned)], [*e, *m, "i", "k"])]


__all__ = ["ORTHONORMAL", "OrthogonalFactors", "orthonormal", "qr", "triangle_of"]
