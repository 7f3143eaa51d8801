"""Constant arrays and changes of shape, as users call them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import leaves
from .elementwise import broadcast_to as _broadcast_to
from .errors import ShapeError
from .indexing import Entry
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


def place(x: Operand, entries: Sequence[Entry], shape: int | Sequence[int]) -> Node:
    """Zeros of a shape with x at the selected elements, the transpose of a selection.

    ``entries`` has one entry an axis: None, an index, ``("s", start, step, count)`` or ``("t", indices)``.
    """
    return _place(as_node(x), tuple(entries), normalize_shape(shape))
