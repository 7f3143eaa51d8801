"""``node[index]``: NumPy's basic indexing, and one array of integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..canonical.contract import contract
from ..canonical.select import select
from ..errors import AxisError
from ..graph.node import Node, Shape
from ..graph.views import Entry, Slice, Take


def getitem(node: Node, index: Any) -> Node:
    """The selection ``node[index]``: NumPy's basic indexing, one array of integers, ``...`` and ``None``.

    The shape is NumPy's.  A boolean array of an axis' length counts as the positions where it is true.

    Raises:
        AxisError: an index is out of bounds, or there are too many indices or arrays.
        TypeError: an index has another type, for example an expression.

    >>> import exprgraph as eg
    >>> A = eg.Symbol("A", shape=(4, 3))
    >>> A[0, -1], A[::2].shape, A[[3, 0, 0]].shape, A[..., None].shape
    (A[0, 2], (2, 3), (3, 3), (4, 3, 1))
    """
    items = list(index) if isinstance(index, tuple) else [index]
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
    takes = 0
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
        takes += isinstance(entry, Take)
        if not isinstance(entry, int):
            layout.append(axis)
        if not isinstance(item, slice):
            advanced.append(at)
        entries.append(entry)
    if takes > 1:
        raise AxisError("at most one axis can be indexed by an array of integers; index one axis after another")
    picked = select(node, entries)
    if takes and len(advanced) > 1 and advanced[-1] - advanced[0] >= len(advanced):
        # NumPy's rule: if a slice separates the array from an integer, the axes of the array come first
        taken = next(k for k, e in enumerate(entries) if isinstance(e, Take))
        layout.remove(taken)
        layout.insert(0, taken)
    selected = [k for k, e in enumerate(entries) if not isinstance(e, int)]
    if layout == selected:
        return picked
    labels = selected
    out = [axis if axis is not None else ("new", i) for i, axis in enumerate(layout)]
    return contract([(picked, labels)], out, {k: 1 for k in out if isinstance(k, tuple)})


def index_entry(item: Any, n: int, axis: int, shape: Shape) -> Entry:
    """The entry for one item of an index on an axis of length n."""
    if isinstance(item, Node):
        raise TypeError(
            "an index must be a number, not an expression; use where(...) to choose by the value of an expression"
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
        raise TypeError(f"an index is an integer, a slice, ..., None or a one-dimensional array of integers, got {item!r}") from None
    if positions.dtype == bool and positions.ndim == 1 and len(positions) != n:
        raise AxisError(f"a boolean index of length {len(positions)} for axis {axis} of size {n} (shape {shape})")
    if positions.dtype == bool and positions.shape == (n,):
        positions = np.flatnonzero(positions)
    if positions.size == 0:
        positions = positions.astype(int)
    if positions.ndim == 0 and positions.dtype.kind in "iu":
        return index_entry(int(positions), n, axis, shape)
    if positions.dtype.kind not in "iu" or positions.ndim != 1:
        raise TypeError(
            f"an index is an integer, a slice, ..., None or a one-dimensional array of integers, got {item!r}"
        )
    for i in positions.tolist():
        if not -n <= i < n:
            raise AxisError(f"index {i} is out of bounds for axis {axis} of size {n} (shape {shape})")
    if positions.size == 0:
        return Slice(0, 1, 0)
    return Take(tuple(i % n for i in positions.tolist()))


__all__ = ["getitem", "index_entry"]
