"""Constant arrays and changes of shape, as users call them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import leaves
from .elementwise import broadcast_to as _broadcast_to
from .errors import AxisError, ShapeError
from .indexing import Entry, index_entry, selected_shape
from .indexing import place as _place
from .joining import reshape_to
from .leaves import as_node, normalize_shape
from .node import Node, Operand


def reshape(x: Operand, shape: Any) -> Node:
    """The same elements in another shape, as np.reshape; one entry may be -1.

    >>> import exprgraph as eg
    >>> eg.reshape(eg.Symbol("W", shape=(3, 2)), -1).shape
    (6,)
    """
    return reshape_to(as_node(x), shape)


def broadcast_to(x: Operand, shape: int | Sequence[int]) -> Node:
    """An expression repeated to a shape, as np.broadcast_to."""
    return _broadcast_to(as_node(x), normalize_shape(shape))


def array(values: Any) -> Node:
    """A constant array, or a nested list of expressions as one expression."""
    return as_node(values)


def zeros(shape: int | Sequence[int]) -> Node:
    """A constant array of zeros."""
    return leaves.zeros(normalize_shape(shape))


def ones(shape: int | Sequence[int]) -> Node:
    """A constant array of ones."""
    return leaves.constant(1.0, normalize_shape(shape))


def identity(n: int) -> Node:
    """The n x n identity matrix."""
    if n < 0:
        raise ShapeError(f"identity: the size must not be negative, got {n}")
    return leaves.identity(n)


def place(x: Operand, entries: Sequence[Entry | slice | Sequence[int]], shape: int | Sequence[int]) -> Node:
    """Zeros of a shape with x at the selected elements, the transpose of a selection.

    Args:
        x: an expression of the shape that the selection has.
        entries: one entry an axis, as in an index: an integer, a slice, a list of integers (an element that it names twice
            gets the sum), or None for the whole axis.  Printed expressions write ``("s", start, step, count)`` and
            ``("t", indices)``.
        shape: the shape of the result.

    Raises:
        ShapeError: the number of entries is not that of axes, or x has not the selection's shape.
        AxisError: an entry is out of bounds.

    >>> import exprgraph as eg
    >>> eg.place(eg.Symbol("x", shape=2), [slice(None, None, 2)], 3)
    [x[0], 0, x[1]]
    """
    node, sizes = as_node(x), normalize_shape(shape)
    if len(entries) != len(sizes):
        raise ShapeError(f"place: one entry an axis, got {len(entries)} for shape {sizes}")
    selection = tuple(_checked(e, axis, sizes) for axis, e in enumerate(entries))
    if node.shape != selected_shape(sizes, selection):
        raise ShapeError(
            f"place: the selected elements have shape {selected_shape(sizes, selection)}, the expression has shape {node.shape}"
        )
    return _place(node, selection, sizes)


def _checked(item: Any, axis: int, sizes: tuple[int, ...]) -> Entry:
    if item is None:
        return None
    n = sizes[axis]
    if isinstance(item, tuple) and len(item) == 4 and item[0] == "s":
        _, start, step, count = item
        positions = range(start, start + step * count, step) if step else ()
        if positions and not (0 <= positions[0] < n and 0 <= positions[-1] < n):
            raise AxisError(f"place: the entry {item} is out of bounds for axis {axis} of size {n} (shape {sizes})")
        return item
    if isinstance(item, tuple) and len(item) == 2 and item[0] == "t":
        item = list(item[1])
    return index_entry(item, n, axis, sizes)
