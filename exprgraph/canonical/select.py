"""Select: basic indexing and takes, and the push-down of selections.

A selection has one entry per axis: ``None`` (all of it), an integer (the axis disappears),
a ``Slice`` or a ``Take`` (:mod:`exprgraph.graph.views`).  The kind of node has a
rule for its selections: they are pushed into numbers, deltas, stacks, concatenations, structural contractions and other
selections.  Without a rule a selection stays, so that one array computation serves all elements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Union

import numpy as np

from ..graph.column import Column
from ..graph.leaves import array, basis, constant, zeros
from ..graph.node import Node, Shape, make
from ..graph.primitive import ARRAY, CONSTANT, IDENTITY, SELECT, SUM
from ..graph.traverse import REBUILD
from ..graph.views import Entries, Entry, Slice, Take, data_of, entries_of, spelled
from ..support.unwinding import unwinding
from .arithmetic import scale
from .written import split_coefficient

#: ``(node, entries, shape)``: the selection pushed into the node, of that shape; None if it stays outside
SELECTED: Column[Callable[[Node, Entries, Shape], Union[Node, None]]] = Column(
    "selected", "a selection pushed into a node of this kind", __name__, otherwise="the selection stays outside"
)


def select(node: Node, entries: Sequence[Entry]) -> Node:
    """The selected elements, in canonical form; entries are within bounds."""
    shape: Shape = ()
    if len(entries) == 1 and type(entries[0]) is int:  # an element of a vector
        entries = tuple(entries)
    else:
        entries = tuple([normal(e, n) for e, n in zip(entries, node.shape)])
        if all(e is None for e in entries):
            return node
        shape = selected_shape(node.shape, entries)
        if 0 in shape:
            return zeros(shape)
    rule = SELECTED.find(node.op)
    moved = None if rule is None else rule(node, entries, shape)
    return make(SELECT, (node,), entries, shape) if moved is None else moved


#: nested selections may have any depth
deeper = unwinding(select)


@SELECTED.rule(SUM)
def _of_a_multiple(node: Node, entries: Entries, shape: Shape) -> Node | None:
    c, rest = split_coefficient(node)
    if c == 1.0:
        return None
    return scale(c, make(SELECT, (rest,), entries, shape) if SELECTED.find(rest.op) is None else deeper(rest, entries))


@SELECTED.rule(IDENTITY)
def _of_the_identity(node: Node, entries: Entries, shape: Shape) -> Node:
    i, j = entries
    if isinstance(i, int) and isinstance(j, int):
        return constant(float(i == j))
    if i is None and isinstance(j, int):
        i, j = j, i
    if isinstance(i, int) and j is None:
        return basis(node.shape[0], i)
    return array(take(np.eye(node.shape[0]), entries))


SELECTED.fill(lambda node, entries, shape: constant(node.params[0], shape), CONSTANT)
SELECTED.fill(lambda node, entries, shape: array(take(data_of(node), entries)), ARRAY)
SELECTED.fill(lambda node, entries, shape: deeper(node.args[0], _compose(entries_of(node), entries)), SELECT)
REBUILD.fill(lambda node, args: select(args[0], entries_of(node)), SELECT)


def normal(entry: Entry, n: int) -> Entry:
    """An entry for an axis of length n in its simplest form."""
    if type(entry) is tuple:
        entry = spelled(entry)
    if isinstance(entry, (Slice, Take)):
        if isinstance(entry, Take):
            idx = entry.indices
            step = idx[1] - idx[0] if len(idx) > 1 else 1
            if idx and step and idx[-1] == idx[0] + step * (len(idx) - 1) and idx == tuple(range(idx[0], idx[-1] + step, step)):
                entry = Slice(idx[0], step, len(idx))
        if isinstance(entry, Slice):
            if entry.length <= 1:
                entry = Slice(entry.start if entry.length else 0, 1, entry.length)
            if (entry.start, entry.step, entry.length) == (0, 1, n):
                return None
    return entry


def indices_of(entry: Entry, n: int) -> Sequence[int]:
    """The positions an entry (not an integer) selects on an axis of length n."""
    if entry is None:
        return range(n)
    assert not isinstance(entry, int)
    return entry.positions if isinstance(entry, Slice) else entry.indices


def selected_shape(shape: Shape, entries: Sequence[Entry]) -> Shape:
    """The shape of a selection."""
    return tuple(
        n if e is None else e.length if isinstance(e, Slice) else len(e.indices)
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
            elif isinstance(a, Slice) and isinstance(b, Slice):
                out.append(Slice(a.start + a.step * b.start, a.step * b.step, b.length))
            else:
                out.append(Take(tuple(map(at.__getitem__, indices_of(b, len(at))))))
    return tuple(out)


def take(value: np.ndarray, entries: Sequence[Entry]) -> np.ndarray:
    """The selection of an array whose last axes the entries describe."""
    first = value.ndim - len(entries)
    for axis, e in enumerate(entries):
        if isinstance(e, Take):
            value = np.take(value, e.indices, axis=first + axis)
    picked: np.ndarray = value[_basic(entries)]
    return picked


def put(target: np.ndarray, value: np.ndarray, entries: Sequence[Entry]) -> None:
    """Add ``value`` to the selected elements of ``target`` (repeated ones more than once)."""
    if not any(isinstance(e, Take) for e in entries):
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
        if isinstance(e, Slice):
            stop = e.start + e.step * e.length
            index.append(slice(e.start, stop if stop >= 0 else None, e.step) if e.length else slice(0, 0))
        else:
            index.append(e if isinstance(e, int) else slice(None))
    return tuple(index)


__all__ = ["SELECTED", "Entries", "Entry", "deeper", "indices_of", "normal", "put", "select", "selected_shape", "take"]
