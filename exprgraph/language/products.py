"""NumPy's products of vectors and of blocks, powers, and polynomials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..canonical.contract import contract
from ..canonical.joining import concatenate, reshape, stack
from ..canonical.operands import as_node
from ..canonical.select import select
from ..errors import ShapeError
from ..functions import rows as functions
from ..functions.elementwise import broadcast_shapes, broadcast_to
from ..graph.leaves import zeros
from ..graph.node import Node, Operand
from ..support.integers import whole
from ..support.names import brief
from . import linalg
from .axes import axes_listed, normalize_axis
from .operators import add, divide, multiply, subtract
from .sequences import count_of


def polyval(p: Operand, x: Operand) -> Node:
    """The polynomial with coefficients p, the highest power first, at x, elementwise, like np.polyval (Horner's rule).

    Raises:
        ShapeError: p is no vector.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate(eg.polyval([1, 0, 2], x), {x: 3.0})
    np.float64(11.0)
    """
    coefficients, at = as_node(p), as_node(x)
    if coefficients.ndim != 1:
        raise ShapeError(f"polyval: the coefficients are a vector, got shape {coefficients.shape}")
    result = zeros(at.shape)
    for k in range(coefficients.size):
        result = add(multiply(result, at), select(coefficients, (k,)))
    return result


def vander(x: Operand, N: int | None = None, increasing: bool = False) -> Node:
    """The matrix of the powers of the elements of x, the highest first, like np.vander; shape ``(n, N)``.

    Raises:
        ShapeError: x is no vector.

    >>> import exprgraph as eg
    >>> eg.vander(eg.Symbol("x", shape=1), 3)
    [[x[0]**2, x[0], 1]]
    """
    node = as_node(x)
    if node.ndim != 1:
        raise ShapeError(f"vander takes a vector, got shape {node.shape}")
    n = node.size if N is None else count_of(N, "vander: the number of columns")
    powers = [functions.power(node, float(k)) if k else broadcast_to(as_node(1.0), node.shape) for k in range(n)]
    return stack(powers if increasing else powers[::-1], 1) if n else zeros((node.size, 0))


def linspace(start: Operand, stop: Operand, num: int = 50, endpoint: bool = True, axis: int = 0) -> Node:
    """Evenly spaced points between two expressions, along a new axis, like np.linspace.

    Raises:
        ValueError: the number of points is negative or not whole.

    >>> import exprgraph as eg
    >>> eg.linspace(0, eg.Symbol("x"), 3)
    [0, 0.5*x, x]
    """
    n = count_of(num, "linspace: the number of points")
    start, stop = (
        broadcast_to(e, broadcast_shapes(e.shape, f.shape)) for e, f in ((as_node(start), as_node(stop)), (as_node(stop), as_node(start)))
    )
    k = normalize_axis(axis, start.ndim + 1)
    step = divide(subtract(stop, start), float(max(n - bool(endpoint), 1)))
    # the last point is exact
    counts = as_node(np.arange(max(n - bool(endpoint), min(n, 1)), dtype=np.float64))
    points = add(start, contract([(counts, ["point"]), (step, range(step.ndim))], ["point", *range(step.ndim)]))
    if endpoint and n > 1:
        points = concatenate([points, reshape(stop, (1, *stop.shape))], 0)
    order = [*range(1, k + 1), 0, *range(k + 1, step.ndim + 1)]
    return contract([(points, range(points.ndim))], order) if n else zeros(tuple((0, *step.shape)[i] for i in order))


def cross(a: Operand, b: Operand, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Node:
    """The cross product of vectors with two or three components, like np.cross; other axes broadcast.

    Args:
        a, b: expressions.
        axisa, axisb, axisc: the axes of the components of a, of b, and of the result.
        axis: one axis in place of the three.

    With two components each, the result is a scalar for each pair, the third component.

    Raises:
        ShapeError: there are other numbers of components, or the other axes do not broadcast.
        AxisError: an axis is out of range.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.cross(x, [0, 0, 1])
    [x[1], -x[0], 0]
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = as_node(a), as_node(b)
    if not a.ndim or not b.ndim:
        raise ShapeError(f"cross takes vectors, got shapes {a.shape} and {b.shape}")
    p, q = (_components(n, k) for n, k in ((a, axisa), (b, axisb)))
    if {len(p), len(q)} == {2}:
        return subtract(multiply(p[0], q[1]), multiply(p[1], q[0]))
    p, q = ((*c, as_node(0.0)) if len(c) == 2 else c for c in (p, q))
    out = [subtract(multiply(p[i], q[j]), multiply(p[j], q[i])) for i, j in ((1, 2), (2, 0), (0, 1))]
    shape = max((e.shape for e in out), key=len)
    return stack([broadcast_to(e, shape) for e in out], normalize_axis(axisc, len(shape) + 1))


def _components(node: Node, axis: int) -> tuple[Node, ...]:
    k = normalize_axis(axis, node.ndim)
    if node.shape[k] not in (2, 3):
        raise ShapeError(f"cross: vectors have two or three components, got {node.shape[k]} (shape {node.shape}, axis {k})")
    return tuple(select(node, tuple(i if m == k else None for m in range(node.ndim))) for i in range(node.shape[k]))


def kron(a: Operand, b: Operand) -> Node:
    """The Kronecker product, like np.kron: a matrix of blocks ``a[i, j]*b``, for any number of axes.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=2)
    >>> eg.kron(x, [1.0, 3.0])
    [x[0], 3*x[0], x[1], 3*x[1]]
    """
    a, b = as_node(a), as_node(b)
    n = max(a.ndim, b.ndim)
    a, b = (reshape(e, (1,) * (n - e.ndim) + e.shape) for e in (a, b))
    labels: Sequence[int] = range(2 * n)
    product = contract([(a, labels[::2]), (b, labels[1::2])], labels)
    return reshape(product, tuple(i * j for i, j in zip(a.shape, b.shape)))


def tensordot(a: Any, b: Any, axes: Any = 2) -> Node:
    """The sum of products over axes of two arrays, like np.tensordot.

    Args:
        a, b: expressions.
        axes: how many of the last axes of a and of the first of b, or two lists of axes.

    Returns:
        The other axes of a, then those of b.

    Raises:
        ShapeError: there are not as many axes, or their lengths differ.
        TypeError: the axes are neither.

    >>> import exprgraph as eg
    >>> A, B = eg.Symbol("A", shape=(2, 3)), eg.Symbol("B", shape=(3, 4))
    >>> eg.tensordot(A, B, 1).shape, eg.tensordot(A, B, ([1], [0])) is A @ B
    ((2, 4), True)
    """
    a, b = as_node(a), as_node(b)
    count = whole(axes)
    if count is not None:
        if not 0 <= count <= min(a.ndim, b.ndim):
            raise ShapeError(f"tensordot: {count} axes of operands of shapes {a.shape} and {b.shape}")
        left, right = list(range(a.ndim - count, a.ndim)), list(range(count))
    else:
        pair = axes if isinstance(axes, (list, tuple)) else ()
        if len(pair) != 2:
            raise TypeError(f"tensordot: axes are a number of axes, or those of the first and of the second operand, got {brief(axes)}")
        left, right = (axes_listed(k, "tensordot") for k in pair)
    left = [normalize_axis(k, a.ndim) for k in left]
    right = [normalize_axis(k, b.ndim) for k in right]
    if len(left) != len(right):
        raise ShapeError(f"tensordot: {len(left)} axes of the first operand for {len(right)} of the second")
    la: list[Any] = [("a", i) for i in range(a.ndim)]
    lb: list[Any] = [("b", i) for i in range(b.ndim)]
    for i, j in zip(left, right):
        lb[j] = la[i]
    summed = {la[i] for i in left}
    return contract([(a, la), (b, lb)], [k for k in la + lb if k not in summed])


def inner(a: Any, b: Any) -> Node:
    """The sum of products over the last axes, like np.inner; the result has the other axes of a, then those of b.

    Raises:
        ShapeError: the last axes differ in length.

    >>> import exprgraph as eg
    >>> A, x = eg.Symbol("A", shape=(2, 3)), eg.Symbol("x", shape=3)
    >>> eg.inner(A, x) is A @ x
    True
    """
    a, b = as_node(a), as_node(b)
    return multiply(a, b) if not a.ndim or not b.ndim else tensordot(a, b, (-1, -1))


def vdot(a: Any, b: Any) -> Node:
    """The sum of the products of all elements, like np.vdot, a scalar.

    Raises:
        ShapeError: the numbers of elements differ.

    >>> import exprgraph as eg
    >>> A = eg.Symbol("A", shape=(1, 2))
    >>> eg.vdot(A, A)
    A[0, 0]**2 + A[0, 1]**2
    """
    return linalg.dot(as_node(a).ravel(), as_node(b).ravel())


__all__ = ["cross", "inner", "kron", "linspace", "polyval", "tensordot", "vander", "vdot"]
