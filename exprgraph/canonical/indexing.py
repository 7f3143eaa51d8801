"""Select (basic indexing and taking) and its transpose, place.

A selection is one entry an axis: ``None`` (all of it), an integer (the axis disappears),
``("s", start, step, count)`` (a slice) or ``("t", indices)`` (a take).  It moves into numbers,
deltas, stacks, concatenations, structural contractions and other selections; elsewhere it stays
where it is, so that one array computation serves all of its elements.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Union
from weakref import WeakKeyDictionary

import numpy as np

from ..errors import AxisError
from ..graph.leaves import array, basis, constant, identity, number, zeros
from ..graph.node import Node, Shape, make
from ..graph.primitive import ARRAY, CONCATENATE, IDENTITY, PLACE, SAMPLE_SUM, SELECT, STACK
from ..graph.traverse import REBUILD
from ..support.unwinding import each, unwinding
from .arithmetic import scale
from .contract import contract, is_structural
from .written import split_coefficient

Entry = Union[None, int, tuple[Any, ...]]
Entries = tuple[Entry, ...]


def select(node: Node, entries: Sequence[Entry]) -> Node:
    """The selected elements, in canonical form; entries are within bounds."""
    entries = tuple(_normalize(e, n) for e, n in zip(entries, node.shape))
    if all(e is None for e in entries):
        return node
    shape = selected_shape(node.shape, entries)
    if 0 in shape:
        return zeros(shape)
    value = number(node)
    if value is not None:
        return constant(value, shape)
    if node.op is ARRAY:
        return array(take(node.params[0].data, entries))
    if node.op is IDENTITY:
        i, j = entries
        if isinstance(i, int) and isinstance(j, int):
            return constant(float(i == j))
        if i is None and isinstance(j, int):
            i, j = j, i
        if isinstance(i, int) and j is None:
            return basis(node.shape[0], i)
        return array(take(np.eye(node.shape[0]), entries))
    c, rest = split_coefficient(node)
    if c != 1.0:
        return scale(c, _deeper(rest, entries))
    if node.op is SELECT:
        return _deeper(node.args[0], _compose(node.params, entries))
    if node.op is STACK:
        return _select_stack(node, entries)
    if node.op is CONCATENATE:
        picked = _select_concatenate(node, entries)
        if picked is not None:
            return picked
    if node.op is PLACE:
        if node.params[0] == entries and not any(map(_repeats, entries)):
            return node.args[0]
        if any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in zip(node.params[0], entries)):
            return zeros(shape)
    if node.op is SAMPLE_SUM:
        from .over_samples import sample_sum

        return sample_sum(_deeper(node.args[0], entries))
    if is_structural(node):
        labels, sizes = node.params
        operands = []
        for a, ks in zip(node.args, labels):
            part = _deeper(a, tuple(entries[k] for k in ks))
            operands.append((part, [k for k in ks if not isinstance(entries[k], int)]))
        out = [k for k in range(len(sizes)) if not isinstance(entries[k], int)]
        return contract(operands, out, dict(zip(out, shape)))
    return make(SELECT, (node,), entries, shape)


#: a selection inside of a selection: concatenations nest to any depth
_deeper = unwinding(select)


def place(node: Node, entries: Entries, shape: Shape) -> Node:
    """Zeros of ``shape`` with ``node`` at the selected elements (added where a take repeats one)."""
    entries = tuple(_normalize(e, n) for e, n in zip(entries, shape))
    if number(node) == 0.0:
        return zeros(shape)
    # an integer on an axis of length one only adds the axis
    if any(isinstance(e, int) and n == 1 for e, n in zip(entries, shape)):
        kept = [k for k, (e, n) in enumerate(zip(entries, shape)) if not isinstance(e, int) or n == 1]
        own = [k for k in kept if not isinstance(entries[k], int)]
        node = contract([(node, own)], kept, dict.fromkeys(range(len(shape)), 1))
        entries = tuple(None if isinstance(e, int) and n == 1 else e for e, n in zip(entries, shape))
    if all(e is None for e in entries):
        return node
    c, rest = split_coefficient(node)
    if c != 1.0:
        return scale(c, place(rest, entries, shape))
    if number(node) == 1.0 and len(shape) == 1 and isinstance(entries[0], int):
        return basis(shape[0], entries[0])
    return make(PLACE, (node,), (entries,), shape)


def _normalize(entry: Entry, n: int) -> Entry:
    if isinstance(entry, tuple):
        if entry[0] == "t":
            idx = entry[1]
            steps = {b - a for a, b in zip(idx, idx[1:])}
            if len(idx) == 1:
                entry = ("s", idx[0], 1, 1)
            elif len(steps) == 1 and 0 not in steps:
                entry = ("s", idx[0], steps.pop(), len(idx))
        if entry[0] == "s":
            _, start, _, count = entry
            if count <= 1:
                entry = ("s", start if count else 0, 1, count)
            if entry == ("s", 0, 1, n):
                return None
    return entry


def _repeats(entry: Entry) -> bool:
    """Whether an entry takes an element more than once."""
    return isinstance(entry, tuple) and entry[0] == "t" and len(set(entry[1])) < len(entry[1])


def indices_of(entry: Entry, n: int) -> Sequence[int]:
    """The positions an entry (not an integer) selects on an axis of length n."""
    if entry is None:
        return range(n)
    assert isinstance(entry, tuple)
    if entry[0] == "s":
        return range(entry[1], entry[1] + entry[2] * entry[3], entry[2])
    positions: tuple[int, ...] = entry[1]
    return positions


def selected_shape(shape: Shape, entries: Sequence[Entry]) -> Shape:
    """The shape of a selection."""
    return tuple(
        n if e is None else (e[3] if e[0] == "s" else len(e[1]))
        for n, e in zip(shape, entries)
        if not isinstance(e, int)
    )


def _compose(first: Entries, second: Entries) -> Entries:
    """``second`` applied to the result of ``first``, as one selection."""
    rest = iter(second)
    out: list[Entry] = []
    for a in first:
        if isinstance(a, int):
            out.append(a)
            continue
        b = next(rest)
        if a is None:
            out.append(b)
        elif b is None:
            out.append(a)
        else:
            at = indices_of(a, 0)
            if isinstance(b, int):
                out.append(at[b])
            elif a[0] == "s" and b[0] == "s":
                out.append(("s", a[1] + a[2] * b[1], a[2] * b[2], b[3]))
            else:
                out.append(("t", tuple(at[i] for i in indices_of(b, len(at)))))
    return tuple(out)


def _select_stack(node: Node, entries: Entries) -> Node:
    from .joining import stack

    axis = node.params[0]
    at, rest = entries[axis], entries[:axis] + entries[axis + 1 :]
    if isinstance(at, int):
        return _deeper(node.args[at], rest)
    new_axis = axis - sum(isinstance(e, int) for e in entries[:axis])
    return stack(each(lambda i: _deeper(node.args[i], rest), indices_of(at, node.shape[axis])), new_axis)


def _select_concatenate(node: Node, entries: Entries) -> Node | None:
    from .joining import concatenate

    axis = node.params[0]
    at = entries[axis]
    ends = ends_of(node)
    if isinstance(at, int):
        k = bisect_right(ends, at)
        start = ends[k - 1] if k else 0
        return _deeper(node.args[k], (*entries[:axis], at - start, *entries[axis + 1 :]))
    if at is not None and (at[0] != "s" or at[2] != 1):
        return None
    first, last = (0, ends[-1]) if at is None else (at[1], at[1] + at[3])
    wanted: list[tuple[Node, Entry]] = []
    for k in range(bisect_right(ends, first), bisect_left(ends, last) + 1):
        start, n = ends[k] - node.args[k].shape[axis], node.args[k].shape[axis]
        lo, hi = max(first - start, 0), min(last - start, n)
        wanted.append((node.args[k], ("s", lo, 1, hi - lo)))
    parts = each(lambda w: _deeper(w[0], (*entries[:axis], w[1], *entries[axis + 1 :])), wanted)
    return concatenate(parts, axis - sum(isinstance(e, int) for e in entries[:axis]))


#: of concatenations that are alive
_ends: WeakKeyDictionary[Node, list[int]] = WeakKeyDictionary()


def ends_of(node: Node) -> list[int]:
    """Where each part of a concatenation ends along its axis, looked up for every selection from it."""
    found = _ends.get(node)
    if found is None:
        (axis,) = node.params
        found = _ends[node] = list(accumulate(a.shape[axis] for a in node.args))
    return found


def take(value: np.ndarray, entries: Sequence[Entry]) -> np.ndarray:
    """The selection of an array whose last axes the entries describe."""
    first = value.ndim - len(entries)
    for axis, e in enumerate(entries):
        if isinstance(e, tuple) and e[0] == "t":
            value = np.take(value, e[1], axis=first + axis)
    picked: np.ndarray = value[_basic(entries)]
    return picked


def put(target: np.ndarray, value: np.ndarray, entries: Sequence[Entry]) -> None:
    """Add ``value`` to the selected elements of ``target`` (repeated ones more than once)."""
    if not any(isinstance(e, tuple) and e[0] == "t" for e in entries):
        target[_basic(entries)] += value
        return
    first = target.ndim - len(entries)
    positions = [np.arange(n) for n in target.shape[:first]]
    positions += [
        np.asarray([e] if isinstance(e, int) else indices_of(e, n)) for e, n in zip(entries, target.shape[first:])
    ]
    grid = np.ix_(*positions)
    np.add.at(target, grid, value.reshape([len(p) for p in positions]))


def _basic(entries: Sequence[Entry]) -> tuple[Any, ...]:
    index: list[Any] = [...]
    for e in entries:
        if isinstance(e, tuple) and e[0] == "s":
            _, start, step, count = e
            stop = start + step * count
            index.append(slice(start, stop if stop >= 0 else None, step) if count else slice(0, 0))
        else:
            index.append(e if isinstance(e, int) else slice(None))
    return tuple(index)


def getitem(node: Node, index: Any) -> Node:
    """NumPy's basic indexing, one array of integers an axis, ``...`` and ``None``: what ``node[index]`` is.

    The shape is NumPy's.  A boolean array of an axis' length counts as the positions where it is true.

    Raises:
        AxisError: an index is out of bounds, there are too many, or more than one array.
        TypeError: an index is something else, an expression for example.

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
    advanced: list[int] = []  # where in the index the integers and the array of integers are
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
        takes += isinstance(entry, tuple) and entry[0] == "t"
        if not isinstance(entry, int):
            layout.append(axis)
        if not isinstance(item, slice):
            advanced.append(at)
        entries.append(entry)
    if takes > 1:
        raise AxisError("at most one axis can be indexed by an array of integers; index one axis after another")
    picked = select(node, entries)
    if takes and len(advanced) > 1 and advanced[-1] - advanced[0] >= len(advanced):
        # NumPy's rule: an array of integers that a slice parts from an integer comes first
        taken = next(k for k, e in enumerate(entries) if isinstance(e, tuple) and e[0] == "t")
        layout.remove(taken)
        layout.insert(0, taken)
    selected = [k for k, e in enumerate(entries) if not isinstance(e, int)]
    if layout == selected:
        return picked
    labels = selected
    out = [axis if axis is not None else ("new", i) for i, axis in enumerate(layout)]
    return contract([(picked, labels)], out, {k: 1 for k in out if isinstance(k, tuple)})


def index_entry(item: Any, n: int, axis: int, shape: Shape) -> Entry:
    """What one item of an index selects of an axis of length n."""
    if isinstance(item, Node):
        raise TypeError(
            "an index must be a number, not an expression; use where(...) to choose by the value of an expression"
        )
    if isinstance(item, slice):
        try:
            start, stop, step = item.indices(n)
        except TypeError:
            raise TypeError(f"slice indices must be integers or None, got {item}") from None
        return ("s", start, step, len(range(start, stop, step)))
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
        return ("s", 0, 1, 0)
    return ("t", tuple(i % n for i in positions.tolist()))


REBUILD.fill(lambda node, args: select(args[0], node.params), SELECT)
REBUILD.fill(lambda node, args: place(args[0], node.params[0], node.shape), PLACE)

__all__ = ["Entries", "Entry", "getitem", "identity", "index_entry", "indices_of", "place", "put", "select", "selected_shape", "take"]
