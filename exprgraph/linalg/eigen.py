"""Eigenvalues and eigenvectors of symmetric matrices.

One triangle is read, and so it is in derivatives (:mod:`exprgraph.linalg.triangles`).  Eigenvalues have a first derivative
wherever they do not meet.  Eigenvectors of eigenvalues that meet can be turned, so that they have no derivative: the result
is infinite or NaN.  The same holds for the second derivatives of eigenvalues.

Compiled code finds both by Jacobi's rotations, once for all values that need them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..calculus.rules import JVP, VJP
from ..calculus.scaling import Labels, axes
from ..canonical.arithmetic import linear, power
from ..canonical.contract import contract
from ..canonical.operands import as_node
from ..graph.leaves import array
from ..graph.node import Node, Operand, Shape
from ..graph.primitive import enter
from ..language.linalg import swapaxes
from ..language.numpy_protocol import define
from ..support.systems import eigensystems
from ..text.called import PARSE
from .function import MatrixFunction, of_matrices, square
from .triangles import of_lower, symmetric

EIGVALSH = enter(
    MatrixFunction(
        "eigvalsh",
        numpy=lambda params, a: eigensystems(a)[0],
        core=lambda params, a: a[:1],
        operations=lambda params, a: 12 * a[0] ** 3,
    )
)
EIGENVECTORS = enter(
    MatrixFunction(
        "eigenvectors",
        numpy=lambda params, a: eigensystems(a)[1],
        core=lambda params, a: a,
        operations=lambda params, a: 12 * a[0] ** 3,
    )
)


class Eigensystem(NamedTuple):
    """Eigenvalues in ascending order, and eigenvectors in columns."""

    eigenvalues: Node
    eigenvectors: Node


def eigvalsh(a: Operand, UPLO: str = "L") -> Node:
    """The eigenvalues of a symmetric matrix, or of each of a stack, in ascending order, like np.linalg.eigvalsh.

    Where eigenvalues are equal, the second derivatives are infinite or NaN.  A matrix with NaN gives NaN.

    Args:
        a: the matrix, of which one triangle is read.
        UPLO: "L" for the lower triangle, "U" for the upper one.

    Raises:
        ShapeError: the matrix is not square.
        ValueError: ``UPLO`` is something else.

    >>> import exprgraph as eg
    >>> A = eg.Symbol("A", shape=(2, 2))
    >>> eg.evaluate(eg.eigvalsh(A), {A: [[2.0, 1.0], [1.0, 2.0]]})
    array([1., 3.])
    """
    return of_matrices(EIGVALSH, _lower("eigvalsh", a, UPLO))


def eigenvectors(a: Operand, UPLO: str = "L") -> Node:
    """The eigenvectors of a symmetric matrix, in columns, in the order of the eigenvalues; see :func:`eigh`.

    Raises:
        ShapeError: the matrix is not square.
        ValueError: ``UPLO`` is something else.

    >>> import exprgraph as eg
    >>> A = eg.Symbol("A", shape=(2, 2))
    >>> eg.evaluate(eg.eigenvectors(A), {A: [[2.0, 0.0], [0.0, 1.0]]})
    array([[0., 1.],
           [1., 0.]])
    """
    return of_matrices(EIGENVECTORS, _lower("eigenvectors", a, UPLO))


def eigh(a: Operand, UPLO: str = "L") -> Eigensystem:
    """The eigenvalues and eigenvectors of a symmetric matrix, or of each of a stack, like np.linalg.eigh.

    The sign of an eigenvector v makes ``sum(w * v)`` positive, for weights ``w[k] = 1 + frac(0.618... * k)``; so it is the
    same in every backend.  The derivatives of eigenvectors are infinite or NaN where eigenvalues are equal.

    Raises:
        ShapeError: the matrix is not square.
        ValueError: ``UPLO`` is something else.

    >>> import exprgraph as eg
    >>> A = eg.Symbol("A", shape=(2, 2))
    >>> w, V = eg.eigh(A)
    >>> w, V
    (eigvalsh(A), eigenvectors(A))
    """
    node = _lower("eigh", a, UPLO)
    return Eigensystem(of_matrices(EIGVALSH, node), of_matrices(EIGENVECTORS, node))


def _lower(what: str, a: Operand, triangle: str) -> Node:
    """The matrix whose lower triangle is read."""
    node = square(what, as_node(a))
    if triangle not in ("L", "U", "l", "u"):
        raise ValueError(f"{what}: UPLO is 'L' or 'U', got {triangle!r}")
    return node if triangle in "Ll" else swapaxes(node, -1, -2)


PARSE.fill({"eigvalsh": eigvalsh}, EIGVALSH)
PARSE.fill({"eigenvectors": eigenvectors}, EIGENVECTORS)
define({np.linalg.eigh: eigh, np.linalg.eigvalsh: eigvalsh})

# ---------------------------------------------------------------- derivatives


def _parts(node: Node, extra: Shape) -> tuple[Node, Labels, Labels, int]:
    """The eigenvectors, axes of the stack and of directions, and the size."""
    (a,) = node.args
    return of_matrices(EIGENVECTORS, a), axes("m", a.shape[:-2]), axes("e", extra), a.shape[-1]


def _inverse_gaps(a: Node) -> Node:
    """``1 / (w[j] - w[i])``, and 0 for i = j, with axes ``i, j`` behind those of the stack."""
    n, m = a.shape[-1], axes("m", a.shape[:-2])
    w = of_matrices(EIGVALSH, a)
    out: Labels = [*m, "i", "j"]
    size = dict(zip(out, a.shape))
    own = array(np.eye(n))
    terms = [(1.0, contract([(w, [*m, "j"])], out, size)), (-1.0, contract([(w, [*m, "i"])], out, size))]
    gaps = linear([*terms, (1.0, contract([(own, ["i", "j"])], out, size))], 0.0, a.shape)
    return contract([(power(gaps, -1.0), out), (array(1.0 - np.eye(n)), ["i", "j"])], out)


@JVP.rule(EIGVALSH)
def _values_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    (da,) = tangents
    if da is None:
        return None
    v, m, e, n = _parts(node, extra)
    whole = symmetric(da, m, e, n)
    return contract([(v, [*m, "p", "i"]), (whole, [*m, "p", "q", *e]), (v, [*m, "q", "i"])], [*m, "i", *e])


@VJP.rule(EIGVALSH)
def _values_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    v, m, e, n = _parts(node, extra)
    whole = contract([(v, [*m, "p", "i"]), (ct, [*e, *m, "i"]), (v, [*m, "q", "i"])], [*m, "p", "q", *e])
    return [of_lower(whole, m, e, n)]


@JVP.rule(EIGENVECTORS)
def _vectors_jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    """``V (gaps * (V.T dA V))``."""
    (da,) = tangents
    if da is None:
        return None
    _, m, e, n = _parts(node, extra)
    whole = symmetric(da, m, e, n)
    inner = contract([(node, [*m, "p", "i"]), (whole, [*m, "p", "q", *e]), (node, [*m, "q", "j"])], [*m, "i", "j", *e])
    turned = contract([(inner, [*m, "i", "j", *e]), (_inverse_gaps(node.args[0]), [*m, "i", "j"])], [*m, "i", "j", *e])
    return contract([(node, [*m, "p", "i"]), (turned, [*m, "i", "j", *e])], [*m, "p", "j", *e])


@VJP.rule(EIGENVECTORS)
def _vectors_vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    _, m, e, n = _parts(node, extra)
    inner = contract([(node, [*m, "p", "i"]), (ct, [*e, *m, "p", "j"])], [*m, "i", "j", *e])
    turned = contract([(inner, [*m, "i", "j", *e]), (_inverse_gaps(node.args[0]), [*m, "i", "j"])], [*m, "i", "j", *e])
    whole = contract([(node, [*m, "p", "i"]), (turned, [*m, "i", "j", *e]), (node, [*m, "q", "j"])], [*m, "p", "q", *e])
    return [of_lower(whole, m, e, n)]


__all__ = ["EIGENVECTORS", "EIGVALSH", "Eigensystem", "eigenvectors", "eigh", "eigvalsh"]
