"""Functions of matrices that are made of others: powers, least squares, pseudo-inverses, singular values."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..canonical.arithmetic import linear, power, scale
from ..canonical.joining import concatenate, reshape
from ..canonical.operands import as_node
from ..canonical.select import select
from ..errors import ShapeError
from ..functions.elementwise import broadcast_to
from ..graph.leaves import identity, zeros
from ..graph.node import Node, Operand
from ..graph.views import Slice
from ..language import reductions
from ..language.arranging import tril
from ..language.axes import normalize_axis
from ..language.linalg import inv, matmul, solve, swapaxes, transpose
from ..language.numpy_protocol import define
from ..language.operators import add, multiply
from ..language.products import vander
from ..support.integers import whole
from .eigen import eigenvectors, eigvalsh
from .function import square
from .orthogonal import orthonormal, triangle_of
from .triangles import cholesky, solve_triangular


def matrix_power(a: Operand, n: int) -> Node:
    """The product of n matrices, or of stacks of them, like np.linalg.matrix_power; by repeated squares.

    For n = 0 the identity, for negative n a power of the inverse.

    Raises:
        ShapeError: the matrix is not square.
        TypeError: n is not an integer.

    >>> import exprgraph as eg
    >>> A = eg.Symbol("A", shape=(2, 2))
    >>> eg.evaluate(eg.linalg.matrix_power(A, 5), {A: [[1.0, 1.0], [0.0, 1.0]]})
    array([[1., 5.],
           [0., 1.]])
    """
    node, count = square("matrix_power", as_node(a)), whole(n)
    if count is None:
        raise TypeError(f"matrix_power: n is an integer, got {n!r}")
    if count == 0:
        return broadcast_to(identity(node.shape[-1]), node.shape)
    power, out = node if count > 0 else inv(node), None
    for digit in reversed(f"{abs(count):b}"):
        if digit == "1":
            out = power if out is None else matmul(out, power)
        power = matmul(power, power)
    assert out is not None
    return out


def lstsq(a: Operand, b: Operand) -> Node:
    """The x with the least ``norm(a @ x - b)``, for a matrix of full rank; of several, the one with the least norm.

    By the QR factorization.  np.linalg.lstsq also returns the rank, which here is always min(m, n): where columns depend on
    one another, elements are huge or NaN.

    Args:
        a: the matrix, (..., m, n).
        b: the right-hand side, (m,) or (..., m, k).

    Raises:
        ShapeError: a is no matrix, or there is another number of rows in b.

    >>> import exprgraph as eg
    >>> b = eg.Symbol("b", shape=3)
    >>> eg.evaluate(eg.linalg.lstsq([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]], b), {b: [1.0, 3.0, 5.0]}).round(12)
    array([1., 2.])
    """
    node, right = as_node(a), as_node(b)
    if node.ndim < 2:
        raise ShapeError(f"lstsq takes a matrix, got shape {node.shape}")
    if right.ndim == 0 or right.shape[-1 if right.ndim == 1 else -2] != node.shape[-2]:
        raise ShapeError(f"lstsq: the right-hand side must have {node.shape[-2]} rows, got shape {right.shape}")
    if right.ndim > 1:
        return _least(node, right)
    x = _least(node, reshape(right, (*right.shape, 1)))
    return select(x, (*((None,) * (x.ndim - 1)), 0))


def _least(a: Node, b: Node) -> Node:
    """``R^-1 Q.T b`` for ``a = Q R``, or ``Q R^-T b`` for ``a = R.T Q.T``."""
    turned = swapaxes(a, -1, -2)
    if a.shape[-2] >= a.shape[-1]:
        q = orthonormal(a)
        return solve_triangular(triangle_of(q, a), matmul(swapaxes(q, -1, -2), b))
    q = orthonormal(turned)
    return matmul(q, solve_triangular(triangle_of(q, turned), b, trans=1))


def pinv(a: Operand) -> Node:
    """The pseudo-inverse of a matrix of full rank, or of each of a stack, like np.linalg.pinv; by :func:`lstsq`.

    Raises:
        ShapeError: it is not a matrix.

    >>> import exprgraph as eg
    >>> A = eg.Symbol("A", shape=(3, 2))
    >>> eg.evaluate(eg.linalg.pinv(A), {A: [[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]]}) + 0.0
    array([[1. , 0. , 0. ],
           [0. , 0.5, 0. ]])
    """
    node = as_node(a)
    if node.ndim < 2:
        raise ShapeError(f"pinv takes a matrix, got shape {node.shape}")
    return _least(node, broadcast_to(identity(node.shape[-2]), (*node.shape[:-2], node.shape[-2], node.shape[-2])))


class SingularValues(NamedTuple):
    """``a = U @ diag(S) @ Vh``."""

    U: Node
    S: Node
    Vh: Node


def _augmented(a: Node) -> Node:
    """The symmetric matrix ``[[0, a], [a.T, 0]]``, whose eigenvalues are the singular values of a, and their negatives."""
    lead, (m, n) = a.shape[:-2], a.shape[-2:]
    above = concatenate([zeros((*lead, m, m)), a], a.ndim - 1)
    below = concatenate([swapaxes(a, -1, -2), zeros((*lead, n, n))], a.ndim - 1)
    return concatenate([above, below], a.ndim - 2)


def svdvals(a: Operand) -> Node:
    """The singular values of a matrix, or of each of a stack, in descending order, like np.linalg.svdvals.

    They are eigenvalues of ``[[0, a], [a.T, 0]]``, each to the digits of the largest.

    Raises:
        ShapeError: it is not a matrix.

    >>> import exprgraph as eg
    >>> A = eg.Symbol("A", shape=(2, 2))
    >>> eg.evaluate(eg.linalg.svdvals(A), {A: [[0.0, 3.0], [2.0, 0.0]]})
    array([3., 2.])
    """
    node = as_node(a)
    if node.ndim < 2:
        raise ShapeError(f"svdvals takes a matrix, got shape {node.shape}")
    return _descending(eigvalsh(_augmented(node)), min(node.shape[-2:]))


def _descending(values: Node, count: int) -> Node:
    last = values.shape[-1] - 1
    return select(values, (*((None,) * (values.ndim - 1)), Slice(last, -1, count)))


def svd(a: Operand, full_matrices: bool = False) -> SingularValues:
    """The singular value decomposition ``a = U @ diag(S) @ Vh`` of a matrix of full rank, or of each of a stack.

    The vectors have derivatives where the singular values differ and are not 0 (see :func:`exprgraph.eigh`).

    Args:
        a: the matrix, (..., m, n).
        full_matrices: for NumPy's sake; only the min(m, n) columns of U and rows of Vh that belong to S exist.

    Raises:
        ShapeError: it is not a matrix.
        ValueError: ``full_matrices`` is true, and the matrix is not square.

    >>> import exprgraph as eg
    >>> A = eg.Symbol("A", shape=(3, 2))
    >>> U, S, Vh = eg.linalg.svd(A)
    >>> U.shape, S.shape, Vh.shape
    ((3, 2), (2,), (2, 2))
    """
    node = as_node(a)
    values = svdvals(node)
    m, n = node.shape[-2:]
    if full_matrices and m != n:
        raise ValueError("svd: the columns that full_matrices adds are arbitrary; write full_matrices=False")
    both = eigenvectors(_augmented(node))
    columns = Slice(m + n - 1, -1, min(m, n))
    lead: tuple[Any, ...] = (None,) * (node.ndim - 2)
    u, v = (scale(2**0.5, select(both, (*lead, rows, columns))) for rows in (Slice(0, 1, m), Slice(m, 1, n)))
    return SingularValues(u, values, swapaxes(v, -1, -2))


def _mirrored(a: Any, hermitian: bool) -> Node:
    """The matrix, or the symmetric one that its lower triangle says."""
    node = as_node(a)
    return add(tril(node), swapaxes(tril(node, -1), -1, -2)) if hermitian else node


def _np_svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    node = _mirrored(a, hermitian)
    return svd(node, full_matrices) if compute_uv else svdvals(node)


def _np_pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Node:
    """All singular values count, so the limits of small ones do not matter."""
    return pinv(_mirrored(a, hermitian))


def _np_cholesky(a: Any, *, upper: bool = False) -> Node:
    return swapaxes(cholesky(swapaxes(as_node(a), -1, -2)), -1, -2) if upper else cholesky(a)


def _np_polyfit(x: Any, y: Any, deg: Any, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False) -> Node:
    """The coefficients of the polynomial of least squares, the highest power first."""
    if full or cov:
        raise TypeError("polyfit of expressions gives the coefficients alone; write full=False, cov=False")
    at, values, degree = as_node(x), as_node(y), whole(deg)
    if degree is None or degree < 0:
        raise ValueError(f"polyfit: the degree is a whole number that is not negative, got {deg!r:.60}")
    if at.ndim != 1 or values.ndim not in (1, 2) or values.shape[0] != at.size or at.size <= degree:
        raise ShapeError(
            f"polyfit: x of shape {at.shape} and y of shape {values.shape}; x is a vector, y has a row for each element, more than {degree}"
        )
    powers = vander(at, degree + 1)
    if w is not None:
        weights = reshape(as_node(w), (at.size, 1))
        powers, values = multiply(powers, weights), multiply(values, weights if values.ndim == 2 else reshape(weights, (at.size,)))
    return lstsq(powers, values)


def _np_lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Node, Node, int, Node]:
    """NumPy's four results; the rank is taken to be full."""
    node, right = as_node(a), as_node(b)
    if node.ndim != 2 or right.ndim not in (1, 2):
        raise ShapeError(f"lstsq takes a matrix and one or more right-hand sides, got shapes {node.shape} and {right.shape}")
    x, (m, n) = lstsq(node, right), node.shape
    rest = reshape(linear([(1.0, right), (-1.0, matmul(node, x))], 0.0, right.shape), (m, right.size // m))
    return x, reductions.sum(power(rest, 2.0), 0) if m > n else zeros((0,)), min(m, n), svdvals(node)


def _tensorinv(a: Any, ind: int = 2) -> Node:
    node, first = as_node(a), whole(ind)
    if first is None or first <= 0:
        raise TypeError(f"tensorinv: ind is the number of the first axes, at least 1, got {ind!r:.60}")
    rows, columns = node.shape[:first], node.shape[first:]
    n = math.prod(rows)
    if math.prod(columns) != n:
        raise ShapeError(f"tensorinv: the first {first} axes of shape {node.shape} have another size than the others")
    return reshape(inv(reshape(node, (n, n))), columns + rows)


def _tensorsolve(a: Any, b: Any, axes: Any = None) -> Node:
    node, right = as_node(a), as_node(b)
    if axes is not None and not isinstance(axes, (tuple, list)):
        raise TypeError(f"tensorsolve: axes are a tuple of whole numbers, got {axes!r:.60}")
    last = [normalize_axis(k, node.ndim) for k in axes or ()]
    node = transpose(node, [*(k for k in range(node.ndim) if k not in last), *last])
    unknown, n = node.shape[right.ndim :], right.size
    if math.prod(unknown) != n:
        raise ShapeError(f"tensorsolve: shapes {node.shape} and {right.shape} are not those of a square system")
    return reshape(solve(reshape(node, (n, n)), reshape(right, (n,))), unknown)


define({np.linalg.matrix_power: matrix_power, np.linalg.pinv: _np_pinv, np.linalg.svd: _np_svd})
define({np.linalg.cholesky: _np_cholesky, np.polyfit: _np_polyfit})
define({np.linalg.lstsq: _np_lstsq, np.linalg.tensorinv: _tensorinv, np.linalg.tensorsolve: _tensorsolve})
if hasattr(np.linalg, "svdvals"):
    define({np.linalg.svdvals: svdvals})

__all__ = ["SingularValues", "lstsq", "matrix_power", "pinv", "svd", "svdvals"]
