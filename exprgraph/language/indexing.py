"""``node[index]``: NumPy's indexing, with slices, integers, arrays of integers and constant masks."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..canonical.contract import contract
from ..canonical.select import select
from ..errors import AxisError
from ..graph.node import Node, Shape
from ..graph.views import Entry, Slice, Take
from .rearranged import gathered, positions_of


def getitem(node: Node, index: Any) -> Node:
    """The selection ``node[index]``: NumPy's indexing by numbers, slices, arrays of integers, masks, ``...`` and ``None``.

    The shape is NumPy's.  Arrays of integers may have any number of axes, and several are paired as in NumPy; ``np.ix_``
    makes a grid of them.  A boolean array counts as the positions where it is true.

    Raises:
        AxisError: an index is out of bounds, there are too many indices, or arrays do not broadcast together.
        TypeError: an index has another type, for example an expression.

    >>> import exprgraph as eg
    >>> A = eg.Symbol("A", shape=(4, 3))
    >>> A[0, -1], A[::2].shape, A[[3, 0, 0]].shape, A[..., None].shape
    (A[0, 2], (2, 3), (3, 3), (4, 3, 1))
    >>> A[[0, 1], [2, 0]]
    [A[0, 2], A[1, 0]]
    """
    if type(index) is int and len(node.shape) == 1 and 0 <= index < node.shape[0]:
        return select(node, (index,))
    items = list(index) if isinstance(index, tuple) else [index]
    if any(isinstance(i, (list, np.ndarray)) for i in items):
        items = [_array_index(i) if isinstance(i, (list, np.ndarray)) else i for i in items]
        arrays = [i for i in items if isinstance(i, np.ndarray) and i.ndim]
        if len(arrays) > 1 or any(i.ndim > 1 for i in arrays):
            return _by_arrays(node, tuple(items))
    given = sum(1 for i in items if i is not None and i is not Ellipsis)
    ellipses = sum(i is Ellipsis for i in items)  # not items.count: arrays compare elementwise
    if ellipses > 1:
        raise AxisError("an index can hold only one ellipsis ('...')")
    if not ellipses:
        items.append(Ellipsis)
    if given > node.ndim:
        raise AxisError(f"too many indices: {given} for an expression of shape {node.shape}")
    entries: list[Entry] = []
    layout: list[int | None] = []  # axes of the result: position among the selected axes, or None for a new one
    take: int | None = None  # the axis that an array of integers indexes
    advanced: list[int] = []  # the positions of the integers and the array of integers in the index
    for at, item in enumerate(items):
        if item is Ellipsis:
            for _ in range(node.ndim - given):
                layout.append(len(entries))
                entries.append(None)
            continue
        if item is None:
            layout.append(None)
            continue
        axis = len(entries)
        entry = index_entry(item, node.shape[axis], axis, node.shape)
        if isinstance(item, np.ndarray):
            take = axis
        if not isinstance(entry, int):
            layout.append(axis)
        if not isinstance(item, slice):
            advanced.append(at)
        entries.append(entry)
    picked = select(node, entries)
    if take is not None and take in layout and len(advanced) > 1 and advanced[-1] - advanced[0] >= len(advanced):
        # NumPy's rule: if a slice separates the array from an integer, the axes of the array come first
        layout.remove(take)
        layout.insert(0, take)
    selected = [k for k, e in enumerate(entries) if not isinstance(e, int)]
    if layout == selected:
        return picked
    labels = selected
    out = [axis if axis is not None else ("new", i) for i, axis in enumerate(layout)]
    return contract([(picked, labels)], out, {k: 1 for k in out if isinstance(k, tuple)})


def _array_index(item: Any) -> Any:
    """A list or an array as an array of integers or of truth values, if it is one."""
    try:
        given = np.asarray(item)
    except (ValueError, TypeError):  # a ragged list, or one of expressions
        return item
    if given.size == 0 and isinstance(item, list):
        return given.astype(int)
    return given if given.dtype.kind in "iub" else item


def _by_arrays(node: Node, index: tuple[Any, ...]) -> Node:
    """A selection by several arrays, or by arrays of several axes: NumPy's, of the positions."""
    for item in index:
        if not (item is None or item is Ellipsis or isinstance(item, (slice, np.ndarray)) or hasattr(item, "__index__")) or isinstance(
            item, Node
        ):
            index_entry(item, 1, 0, node.shape)  # refuses it
    try:
        return gathered(node, positions_of(node)[index])
    except IndexError as error:
        raise AxisError(f"{error} (shape {node.shape})") from None


def index_entry(item: Any, n: int, axis: int, shape: Shape) -> Entry:
    """The entry for one item of an index on an axis of length n."""
    if isinstance(item, Node):
        raise TypeError(
            "an index must be a number, not an expression; use where(...) to choose by the value of an expression, "
            "and give a loop its arrays, as in scan(step, carry, xs): each step gets its own entry"
        )
    if isinstance(item, slice):
        try:
            start, stop, step = item.indices(n)
        except TypeError:
            raise TypeError(f"slice indices must be integers or None, got {item}") from None
        return Slice(start, step, len(range(start, stop, step)))
    if isinstance(item, (bool, np.bool_)):
        raise TypeError("boolean indices are not supported; use where(...) or an array of integers")
    if hasattr(item, "__index__") and not isinstance(item, np.ndarray):
        i = int(item.__index__())
        if not -n <= i < n:
            raise AxisError(f"index {i} is out of bounds for axis {axis} of size {n} (shape {shape})")
        return i % n
    try:
        positions = np.asarray(item)
    except ValueError:  # a ragged list
        raise TypeError(f"an index is an integer, a slice, ..., None or an array of integers, got {item!r}") from None
    if positions.dtype == bool and positions.ndim == 1 and len(positions) != n:
        raise AxisError(f"a boolean index of length {len(positions)} for axis {axis} of size {n} (shape {shape})")
    if positions.dtype == bool and positions.shape == (n,):
        positions = np.flatnonzero(positions)
    if positions.size == 0:
        positions = positions.astype(int)
    if positions.ndim == 0 and positions.dtype.kind in "iu":
        return index_entry(int(positions), n, axis, shape)
    if positions.dtype.kind not in "iu" or positions.ndim != 1:
        raise TypeError(f"an index is an integer, a slice, ..., None or an array of integers, got {item!r}")
    outside = (positions < -n) | (positions >= n)
    if outside.any():
        raise AxisError(f"index {positions[outside][0]} is out of bounds for axis {axis} of size {n} (shape {shape})")
    if positions.size == 0:
        return Slice(0, 1, 0)
    return Take(tuple((positions.astype(np.int64) % n).tolist()))


__all__ = ["getitem", "index_entry"]
