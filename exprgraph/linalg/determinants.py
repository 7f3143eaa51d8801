"""Determinants, their signs and the logarithms of their absolute values.

The derivative of a logarithm is the inverse of the transposed matrix, and that of a determinant the matrix of cofactors.
Up to four rows, cofactors are determinants of smaller matrices, so that derivatives of every order have numbers at singular
matrices, too.  Beyond, cofactors are the determinant times the inverse, which a singular matrix does not have: there the
derivatives are NaN.

Compiled code computes small determinants by their definition, and others from factors that linear systems of the same
matrix share (``lowering/plan/factors``).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product as pairs
from typing import Any, NamedTuple

import numpy as np

from ..calculus.rules import JVP, VJP
from ..calculus.scaling import Labels, axes
from ..canonical.contract import contract
from ..canonical.joining import reshape
from ..canonical.operands import as_node
from ..canonical.select import select
from ..canonical.solve import solve_node
from ..functions.elementwise import broadcast_to
from ..functions.rows import absolute, log, sign
from ..graph.leaves import array, identity
from ..graph.node import Node, Operand, Shape
from ..graph.primitive import enter
from ..graph.views import Take
from ..language.numpy_protocol import define
from ..text.called import PARSE
from .function import MatrixFunction, of_matrices, square

#: up to so many rows, cofactors are determinants of smaller matrices
MINORS = 4


def _of_elimination(params: object, shape: Shape) -> int:
    return 2 * shape[0] ** 3 // 3 + shape[0]


def _row(name: str, numpy: Any) -> MatrixFunction:
    return enter(MatrixFunction(name, numpy=lambda params, a: numpy(a), core=lambda params, shape: (), operations=_of_elimination))


DET = _row("det", np.linalg.det)
LOGABSDET = _row("logabsdet", lambda a: np.linalg.slogdet(a)[1])
SIGNDET = _row("signdet", lambda a: _signs(*np.linalg.slogdet(a)))


def _signs(signs: np.ndarray, logarithms: np.ndarray) -> np.ndarray:
    """The signs, NaN for matrices with NaN, where NumPy has 1."""
    return np.where(np.isnan(logarithms), np.nan, signs)


class SignAndLog(NamedTuple):
    """The sign of a determinant, and the logarithm of its absolute value."""

    sign: Node
    logabsdet: Node


def det(a: Operand) -> Node:
    """The determinant of a square matrix, or of each matrix of a stack ``(..., n, n)``, like np.linalg.det.

    A singular matrix has the determinant 0, up to rounding.  With up to four rows, derivatives have numbers there; larger
    singular matrices have derivatives of NaN.

    Raises:
        ShapeError: the matrix is not square.

    >>> import exprgraph as eg
    >>> A = eg.Symbol("A", shape=(2, 2))
    >>> eg.evaluate(eg.gradient(eg.det(A), A), {A: [[1.0, 2.0], [2.0, 4.0]]})
    array([[ 4., -2.],
           [-2.,  1.]])
    """
    node = square("det", as_node(a))
    if node.shape[-1] == 1:
        return select(node, (*((None,) * (node.ndim - 2)), 0, 0))
    return of_matrices(DET, node)


def logabsdet(a: Operand) -> Node:
    """The logarithm of the absolute value of the determinant, for matrices of any size and scale; see :func:`slogdet`.

    Raises:
        ShapeError: the matrix is not square.

    >>> import exprgraph as eg
    >>> A = eg.Symbol("A", shape=(2, 2))
    >>> eg.evaluate(eg.gradient(eg.logabsdet(A), A), {A: [[2.0, 0.0], [0.0, 4.0]]})
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    node = square("logabsdet", as_node(a))
    return log(absolute(det(node))) if node.shape[-1] == 1 else of_matrices(LOGABSDET, node)


def signdet(a: Operand) -> Node:
    """The sign of the determinant: 1, -1, or 0 for a singular matrix; see :func:`slogdet`.  Its derivative is 0.

    Raises:
        ShapeError: the matrix is not square.

    >>> import exprgraph as eg
    >>> eg.evaluate(eg.signdet([[0.0, 1.0], [1.0, 0.0]]))
    np.float64(-1.0)
    """
    node = square("signdet", as_node(a))
    return sign(det(node)) if node.shape[-1] == 1 else of_matrices(SIGNDET, node)


def slogdet(a: Operand) -> SignAndLog:
    """The sign and the logarithm of the absolute value of the determinant, like np.linalg.slogdet.

    A singular matrix gives 0 and minus infinity, up to rounding.  Its derivative, which needs the inverse, is NaN.

    Raises:
        ShapeError: the matrix is not square.

    >>> import exprgraph as eg
    >>> sign, log = eg.slogdet(eg.Symbol("A", shape=(3, 3)))
    >>> sign, log
    (signdet(A), logabsdet(A))
    """
    return SignAndLog(signdet(square("slogdet", as_node(a))), logabsdet(a))


define({np.linalg.det: det, np.linalg.slogdet: slogdet})
for _own, _function in ((DET, det), (LOGABSDET, logabsdet), (SIGNDET, signdet)):
    PARSE.fill({_own.name: _function}, _own)

# ---------------------------------------------------------------- derivatives


def inverse(a: Node) -> Node:
    """The inverse of each matrix of a stack."""
    return solve_node(a, broadcast_to(identity(a.shape[-1]), a.shape))


def cofactors(a: Node) -> Node:
    """The derivatives of determinants of a few rows: determinants of the matrix without a row and a column, with signs."""
    lead, n = a.shape[:-2], a.shape[-1]
    every = range(n)
    kept = {i: [k for k in every if k != i] for i in every}
    positions = [k * n + q for i, j in pairs(every, every) for k, q in pairs(kept[i], kept[j])]
    flat = reshape(a, (*lead, n * n))
    smaller = reshape(select(flat, (*((None,) * len(lead)), Take(tuple(positions)))), (*lead, n, n, n - 1, n - 1))
    signs = array(np.fromfunction(lambda i, j: 1.0 - 2.0 * ((i + j) % 2), (n, n)))
    m: Labels = list(range(len(lead)))
    return contract([(det(smaller), [*m, "i", "j"]), (signs, ["i", "j"])], [*m, "i", "j"])


def _derivative(node: Node) -> tuple[list[tuple[Node, Labels]], Labels]:
    """The factors of the derivative by the elements ``i, j``, and the axes of the stack."""
    (a,) = node.args
    m = axes("m", node.shape)
    if node.op is DET and a.shape[-1] <= MINORS:
        return [(cofactors(a), [*m, "i", "j"])], m
    return [(inverse(a), [*m, "j", "i"]), *([(node, m)] if node.op is DET else [])], m


@JVP.rule(DET, LOGABSDET)
def _jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    (t,) = tangents
    if t is None:
        return None
    factor, m = _derivative(node)
    e = axes("e", extra)
    return contract([*factor, (t, [*m, "i", "j", *e])], [*m, *e])


@VJP.rule(DET, LOGABSDET)
def _vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    factor, m = _derivative(node)
    e = axes("e", extra)
    return [contract([(ct, [*e, *m]), *factor], [*e, *m, "i", "j"])]


JVP.fill(lambda node, tangents, extra: None, SIGNDET)
VJP.fill(lambda node, ct, extra: [None], SIGNDET)

__all__ = ["DET", "LOGABSDET", "SIGNDET", "SignAndLog", "det", "inverse", "logabsdet", "signdet", "slogdet"]
