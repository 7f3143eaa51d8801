"""The exponential of matrices.

Its derivative in a direction is a block of the exponential of a matrix of twice the size, ``[[A, dA], [0, A]]``, so that
derivatives of every order are exponentials (Higham, "Functions of Matrices", 2008, section 3.2).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..calculus.rules import JVP, VJP
from ..calculus.scaling import axes
from ..canonical.contract import contract
from ..canonical.joining import concatenate
from ..canonical.operands import as_node
from ..canonical.select import select
from ..errors import ShapeError
from ..functions.elementwise import broadcast_to
from ..functions.rows import exp
from ..graph.leaves import zeros
from ..graph.node import Node, Operand, Shape
from ..graph.primitive import enter
from ..graph.views import Slice
from ..language.linalg import swapaxes
from ..support.exponential import exponentials
from ..support.integers import whole
from ..text.called import PARSE
from .function import MatrixFunction, of_matrices, square

EXPM = enter(
    MatrixFunction(
        "expm",
        numpy=lambda params, a: exponentials(a, *params),
        core=lambda params, a: a,
        operations=lambda params, a: 20 * a[0] ** 3,
        keywords=lambda params: {"leading": params[0]} if params else {},
    )
)


def expm(a: Operand, leading: int | None = None) -> Node:
    """The exponential of a square matrix, or of each of a stack, like scipy.linalg.expm: ``1 + a + a @ a / 2 + ...``.

    By scaling and squaring with Pade's approximant (Higham, 2005).  A matrix with NaN gives NaN.

    Args:
        a: the matrix.
        leading: the norm of so many first rows and columns decides on the scale, by default that of the whole matrix.
            Derivatives use it for block triangular matrices whose blocks on the diagonal are equal: those above may be large.

    Raises:
        ShapeError: the matrix is not square, or has fewer than ``leading`` rows.

    >>> import exprgraph as eg
    >>> A = eg.Symbol("A", shape=(2, 2))
    >>> eg.evaluate(eg.expm(A), {A: [[0.0, 2.0], [0.0, 0.0]]})
    array([[1., 2.],
           [0., 1.]])
    """
    node = square("expm", as_node(a))
    n = node.shape[-1]
    rows = n if leading is None else whole(leading)
    if rows is None or not 0 <= rows <= n:
        raise ShapeError(f"expm: leading is a number of rows up to {n}, got {leading!r}")
    return exp(node) if n == 1 else exponential(node, rows)


def exponential(a: Node, leading: int) -> Node:
    """The canonical exponential of a matrix that is scaled by the norm of the first rows and columns."""
    return of_matrices(EXPM, a, params=() if leading == a.shape[-1] else (leading,))


PARSE.fill({"expm": expm}, EXPM)


def _derivative(node: Node, a: Node, direction: Node) -> Node:
    """The derivative of the exponential of a in a direction of the same shape."""
    n, lead = a.shape[-1], a.ndim - 2
    above = concatenate([a, direction], lead + 1)
    below = concatenate([zeros(a.shape), a], lead + 1)
    whole = exponential(concatenate([above, below], lead), *(node.params or (n,)))
    return select(whole, (*((None,) * lead), Slice(0, 1, n), Slice(n, 1, n)))


@JVP.rule(EXPM)
def _jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    (da,) = tangents
    if da is None:
        return None
    (a,) = node.args
    m, e = axes("m", a.shape[:-2]), axes("e", extra)
    size = dict(zip([*m, *e, "i", "j"], (*a.shape[:-2], *extra, *a.shape[-2:])))
    every = [contract([(a, [*m, "i", "j"])], [*m, *e, "i", "j"], size), contract([(da, [*m, "i", "j", *e])], [*m, *e, "i", "j"])]
    return contract([(_derivative(node, *every), [*m, *e, "i", "j"])], [*m, "i", "j", *e])


@VJP.rule(EXPM)
def _vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    """The derivative of the exponential of the transposed matrix."""
    (a,) = node.args
    return [_derivative(node, broadcast_to(swapaxes(a, -1, -2), extra + a.shape), ct)]


__all__ = ["EXPM", "expm"]
