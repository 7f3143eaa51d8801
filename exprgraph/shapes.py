"""Constant arrays and changes of shape, as users call them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import leaves
from .elementwise import broadcast_to as _broadcast_to
from .errors import AxisError, ShapeError
from .indexing import Entry, selected_shape
from .indexing import place as _place
from .integers import whole
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
    size = whole(n)
    if size is None:
        raise ShapeError(f"identity: the size is a whole number, got {n!r}")
    if size < 0:
        raise ShapeError(f"identity: the size must not be negative, got {n}")
    return leaves.identity(size)


def place(x: Operand, entries: Sequence[Entry], shape: int | Sequence[int]) -> Node:
    """Zeros of a shape with x at the selected elements, the transpose of a selection.

    ``entries`` has one entry an axis: None, an index, ``("s", start, step, count)`` or ``("t", indices)``.
    """
    node, shape = as_node(x), normalize_shape(shape)
    given = tuple(entries)
    if len(given) != len(shape):
        raise ShapeError(f"place: {len(given)} entries for a shape of {len(shape)} axes, {shape}; expected one an axis")
    checked = tuple(_checked(e, n, axis, shape) for axis, (e, n) in enumerate(zip(given, shape)))
    if selected_shape(shape, checked) != node.shape:
        raise ShapeError(f"place: the entries select shape {selected_shape(shape, checked)} of {shape}, x has shape {node.shape}")
    return _place(node, checked, shape)


def _checked(entry: Any, n: int, axis: int, shape: tuple[int, ...]) -> Entry:
    """An entry with Python's integers in it, all within the axis."""
    if entry is None:
        return None
    single = whole(entry)
    if single is not None:
        positions = [single]
    elif isinstance(entry, tuple) and len(entry) == 4 and entry[0] == "s":
        numbers = [whole(k) for k in entry[1:]]
        start, step, count = (k if k is not None else -1 for k in numbers)
        if None in numbers or count < 0:
            raise TypeError(_ENTRY + f", got {entry!r}")
        entry = ("s", start, step, count)
        positions = [start, start + (count - 1) * step] if count else []
    elif isinstance(entry, tuple) and len(entry) == 2 and entry[0] == "t":
        try:
            found = [whole(k) for k in entry[1]]
        except TypeError:
            found = [None]
        positions = [k for k in found if k is not None]
        if len(positions) < len(found):
            raise TypeError(_ENTRY + f", got {entry!r}")
        entry = ("t", tuple(positions)) if positions else ("s", 0, 1, 0)
    else:
        raise TypeError(_ENTRY + f", got {entry!r}")
    for k in positions:
        if not 0 <= k < n:
            raise AxisError(f"place: position {k} is out of bounds for axis {axis} of size {n} (shape {shape})")
    return entry if single is None else single


_ENTRY = "place: an entry is None, an index, ('s', start, step, count) or ('t', indices)"
