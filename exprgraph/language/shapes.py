"""Constant arrays, joined arrays, and changes of shape for users."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..canonical import joining
from ..canonical.operands import as_node
from ..canonical.place import place as _place
from ..canonical.select import selected_shape
from ..errors import AxisError, ShapeError
from ..functions.elementwise import broadcast_to as _broadcast_to
from ..graph import leaves
from ..graph.node import Node, Operand
from ..graph.views import Entry, Slice
from ..support.integers import normalize_shape, whole
from .axes import normalize_axis
from .indexing import index_entry
from .numpy_arguments import only_float64


def stack(parts: Sequence[Operand], axis: int = 0) -> Node:
    """Join expressions of one shape along a new axis; a nested list becomes a matrix.

    n parts of one shape give that shape with n inserted at ``axis``.

    Raises:
        ShapeError: the shapes differ, or there are no parts.
        AxisError: the axis is out of range.

    >>> import exprgraph as eg
    >>> x, y = eg.symbols("x y")
    >>> eg.stack([[x, y], [y, 1]]).shape
    (2, 2)
    """
    nodes = [as_node(p) for p in parts]
    if nodes:
        axis = normalize_axis(axis, nodes[0].ndim + 1)
    return joining.stack(nodes, axis)


def concatenate(parts: Sequence[Operand], axis: int = 0) -> Node:
    """Join expressions along an existing axis; the other axes agree.

    Raises:
        ShapeError: another axis differs, the parts are scalars, or there are none.
        AxisError: the axis is out of range.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.concatenate([x, 2 * x]).shape
    (6,)
    """
    nodes = [as_node(p) for p in parts]
    if nodes and nodes[0].ndim:
        axis = normalize_axis(axis, nodes[0].ndim)
    return joining.concatenate(nodes, axis)


def reshape(x: Operand, shape: Any) -> Node:
    """The same elements, in row-major order, in another shape, like np.reshape; one entry may be -1.

    Raises:
        ShapeError: the shape has another number of elements, or is not a shape.

    >>> import exprgraph as eg
    >>> eg.reshape(eg.Symbol("W", shape=(3, 2)), -1).shape
    (6,)
    """
    return reshape_to(as_node(x), shape)


def reshape_to(node: Node, shape: Any) -> Node:
    """NumPy's reshape: one entry may be -1."""
    single = whole(shape)
    try:
        given: list[int | None] = [whole(d) for d in shape] if single is None else [single]
    except TypeError:
        given = [None]
    dims = [d for d in given if d is not None]
    if len(dims) < len(given):
        raise ShapeError(f"reshape: a shape is an integer or a sequence of integers, got {shape!r}")
    if dims.count(-1) > 1:
        raise ShapeError(f"reshape: only one entry can be -1, got {tuple(dims)}")
    if -1 in dims:
        rest = math.prod(d for d in dims if d != -1)
        if rest == 0 or node.size % rest:
            raise ShapeError(f"reshape: cannot reshape {node.size} elements of shape {node.shape} into {tuple(dims)}")
        dims[dims.index(-1)] = node.size // rest
    out = normalize_shape(dims)
    if math.prod(out) != node.size:
        raise ShapeError(f"reshape: cannot reshape {node.size} elements of shape {node.shape} into {out}")
    return joining.reshape(node, out)


def broadcast_to(x: Operand, shape: int | Sequence[int]) -> Node:
    """Repeat an expression along new and unit-length axes, like np.broadcast_to.

    Raises:
        ShapeError: x does not broadcast to the shape, or it is not a shape.

    >>> import exprgraph as eg
    >>> eg.broadcast_to(eg.Symbol("x", shape=3), (2, 3)).shape
    (2, 3)
    """
    return _broadcast_to(as_node(x), normalize_shape(shape))


def array(values: Any) -> Node:
    """A constant array, or an expression from a nested list of expressions and numbers.

    All numbers become float64.

    Raises:
        DTypeError: an element is neither an expression nor a real number.
        ShapeError: the parts of a nested list differ in shape.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.array([[1, 2], [3, 4]]).shape, eg.array([x, 2 * x, 1])
    ((2, 2), [x, 2*x, 1])
    """
    return as_node(values)


def zeros(shape: int | Sequence[int]) -> Node:
    """A constant array of zeros, of this shape.

    Raises:
        ShapeError: the shape has an entry that is negative or not an integer.

    >>> import exprgraph as eg
    >>> eg.zeros((2, 3)).shape
    (2, 3)
    """
    return leaves.zeros(normalize_shape(shape))


def ones(shape: int | Sequence[int]) -> Node:
    """A constant array of ones, of this shape.

    Raises:
        ShapeError: the shape has an entry that is negative or not an integer.

    >>> import exprgraph as eg
    >>> eg.evaluate(eg.ones(3), {})
    array([1., 1., 1.])
    """
    return leaves.constant(1.0, normalize_shape(shape))


def full_like(a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None) -> Node:
    """The same value, a number or an expression, in every element, of the shape of a or of another one, like np.full_like.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.full_like(eg.Symbol("v", shape=2), x)
    [x, x]
    """
    only_float64(dtype, "full_like")
    return _broadcast_to(as_node(fill_value), as_node(a).shape if shape is None else normalize_shape(shape))


def zeros_like(a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None) -> Node:
    """Zeros of the shape of a, or of another one, like np.zeros_like.

    >>> import exprgraph as eg
    >>> eg.zeros_like(eg.Symbol("v", shape=2))
    [0, 0]
    """
    return full_like(a, 0.0, dtype, order, subok, shape)


def ones_like(a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None) -> Node:
    """Ones of the shape of a, or of another one, like np.ones_like.

    >>> import exprgraph as eg
    >>> eg.ones_like(eg.Symbol("v", shape=2))
    [1, 1]
    """
    return full_like(a, 1.0, dtype, order, subok, shape)


def identity(n: int) -> Node:
    """The n x n identity matrix, stored without elements: products with it disappear.

    Raises:
        ShapeError: n is negative or not an integer.

    >>> import exprgraph as eg
    >>> A = eg.Symbol("A", shape=(3, 3))
    >>> eg.identity(3) @ A is A
    True
    """
    size = whole(n)
    if size is None:
        raise ShapeError(f"identity: the size is a whole number, got {n!r}")
    if size < 0:
        raise ShapeError(f"identity: the size must not be negative, got {n}")
    return leaves.identity(size)


def place(x: Operand, entries: Sequence[Entry | slice | Sequence[int]], shape: int | Sequence[int]) -> Node:
    """Zeros of a shape with x at the selected elements, the transpose of a selection.

    Args:
        x: an expression of the shape of the selection.
        entries: one entry per axis: an integer, a slice, a list of integers (an element that occurs twice gets the sum),
            or None for the whole axis.  Printed expressions write ``("s", start, step, count)`` and ``("t", indices)``.
        shape: the shape of the result.

    Raises:
        ShapeError: the number of entries is not the number of axes, or x does not have the selection's shape.
        AxisError: an entry is out of bounds.

    >>> import exprgraph as eg
    >>> eg.place(eg.Symbol("x", shape=2), [slice(None, None, 2)], 3)
    [x[0], 0, x[1]]
    """
    node, sizes = as_node(x), normalize_shape(shape)
    given = tuple(entries)
    if len(given) != len(sizes):
        raise ShapeError(f"place: {len(given)} entries for a shape of {len(sizes)} axes, {sizes}; expected one an axis")
    checked = tuple(_checked(e, axis, sizes) for axis, e in enumerate(given))
    if selected_shape(sizes, checked) != node.shape:
        raise ShapeError(f"place: the entries select shape {selected_shape(sizes, checked)} of {sizes}, x has shape {node.shape}")
    return _place(node, checked, sizes)


def _checked(entry: Any, axis: int, sizes: tuple[int, ...]) -> Entry:
    """An entry with Python's integers in it, all within the axis."""
    if entry is None:
        return None
    n = sizes[axis]
    if isinstance(entry, tuple) and len(entry) == 4 and entry[0] == "s":
        numbers = [whole(k) for k in entry[1:]]
        start, step, count = (k if k is not None else -1 for k in numbers)
        if None in numbers or count < 0:
            raise TypeError(f"place: an entry ('s', start, step, count) is of whole numbers, got {entry!r}")
        for k in (start, start + (count - 1) * step) if count else ():
            if not 0 <= k < n:
                raise AxisError(f"place: position {k} is out of bounds for axis {axis} of size {n} (shape {sizes})")
        return Slice(start, step, count)
    if isinstance(entry, tuple) and len(entry) == 2 and entry[0] == "t" and isinstance(entry[1], (tuple, list, np.ndarray)):
        entry = entry[1] if isinstance(entry[1], np.ndarray) else list(entry[1])
    return index_entry(entry, n, axis, sizes)
