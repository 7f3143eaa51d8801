"""The non-zeros of a Jacobian from a few sweeps: one direction for each colour, not for each element.

A forward sweep along all columns of one colour adds up their entries, of which no row has two: each is read where it is.
Rows of one colour go in reverse in the same way.  A few long rows are the reason for many colours of columns; these go in
reverse, and the rest forward (or the other way round).  In a symmetric matrix the mirror image of an entry may be read.
The seeds are one constant array, so that the graph has as many nodes as for a single direction.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import NamedTuple

import numpy as np

from ..canonical.grouping import differentiating
from ..canonical.joining import concatenate, reshape
from ..graph.leaves import array, zeros
from ..graph.node import Node
from ..graph.traverse import dependents, topological
from ..support.colouring import Colouring, coloured, star_coloured
from ..support.patterns import Pattern
from .forward import push_forward
from .needed import needed, taken
from .reverse import pull_back

_NONE = Colouring(np.zeros(0, int), 0)


class Sweeps(NamedTuple):
    """The sweeps for a pattern, and where each entry is read.

    ``columns`` are the colours of the forward sweep, ``rows`` those of the reverse sweep.  Entry k is read forward if
    ``forward[k]``, in row ``at_rows[k]`` and column ``at_columns[k]``.
    """

    columns: Colouring
    rows: Colouring
    forward: np.ndarray
    at_rows: np.ndarray
    at_columns: np.ndarray

    @property
    def directions(self) -> int:
        """How many there are."""
        return self.columns.number + self.rows.number


def _one_way(pattern: Pattern, found: Colouring, forward: bool) -> Sweeps:
    everywhere = np.full(pattern.nnz, forward)
    return Sweeps(found if forward else _NONE, _NONE if forward else found, everywhere, pattern.rows, pattern.columns)


def forward_plan(pattern: Pattern, shape: tuple[int, ...] = ()) -> Sweeps:
    """All entries by colours of the columns."""
    return _one_way(pattern, coloured(pattern, shape), True)


def reverse_plan(pattern: Pattern, shape: tuple[int, ...] = ()) -> Sweeps:
    """All entries by colours of the rows."""
    return _one_way(pattern, coloured(pattern.transposed(), shape), False)


def best_plan(pattern: Pattern, rows: tuple[int, ...] = (), columns: tuple[int, ...] = ()) -> Sweeps:
    """The plan with the fewest directions: forward, reverse, or a few long rows or columns the other way."""
    longest_row = int(pattern.lengths.max(initial=0))
    longest_column = int(np.bincount(pattern.columns, minlength=1).max(initial=0))
    if longest_row <= longest_column:
        best = forward_plan(pattern, columns)
        if best.directions > longest_column:
            best = min(best, reverse_plan(pattern, rows), key=lambda p: p.directions)
    else:
        best = reverse_plan(pattern, rows)
        if best.directions >= longest_row:
            best = min(forward_plan(pattern, columns), best, key=lambda p: p.directions)
    for forward in (True, False):
        both = _both_ways(pattern, forward, best.directions)
        if both is not None and both.directions < best.directions:
            best = both
    return best


def _both_ways(pattern: Pattern, forward: bool, count: int) -> Sweeps | None:
    """A few long rows in reverse, the rest forward; or a few long columns forward, the rest in reverse."""
    way = pattern if forward else pattern.transposed()
    lengths = np.sort(way.lengths)[::-1]
    if not len(lengths) or lengths[0] < 3:
        return None
    totals = np.arange(len(lengths)) + lengths
    few = int(totals.argmin())
    if not few or totals[few] >= count:
        return None
    long = np.zeros(way.height, bool)
    long[np.argsort(-way.lengths, kind="stable")[:few]] = True
    of_long = long[pattern.rows if forward else pattern.columns]
    mine, others = pattern.only(~of_long), pattern.only(of_long)
    if forward:
        return Sweeps(coloured(mine), coloured(others.transposed()), ~of_long, pattern.rows, pattern.columns)
    return Sweeps(coloured(others), coloured(mine.transposed()), of_long, pattern.rows, pattern.columns)


def symmetric_plan(pattern: Pattern, shape: tuple[int, ...] = ()) -> Sweeps:
    """Forward, by a star colouring: an entry that shares its place with another is read as its mirror image.

    Both images are read at one place, so that the matrix is symmetric to the last bit.
    """
    found = star_coloured(pattern, shape)
    keys = pattern.rows * max(found.number, 1) + found.colours[pattern.columns]
    alone = np.bincount(keys, minlength=1)[keys] == 1
    mirrored = np.searchsorted(pattern.keys(), pattern.columns * pattern.width + pattern.rows)
    below = np.where(pattern.rows >= pattern.columns, np.arange(pattern.nnz), mirrored)
    read = np.where(alone[below], below, mirrored[below])
    at_rows, at_columns = pattern.rows[read], pattern.columns[read]
    return Sweeps(found, _NONE, np.ones(pattern.nnz, bool), at_rows, at_columns)


# ---------------------------------------------------------------- sweeps

#: numbers that the tangents of all nodes may have together, before the colours are divided into blocks
_NUMBERS = 1 << 27


class _Entries:
    """Entries as they are read from sweeps, until all are there."""

    def __init__(self, given: Set[Node]) -> None:
        self.given = given
        self.reads: list[tuple[Node, np.ndarray]] = []
        self.which: list[np.ndarray] = []

    def read(self, whole: Node, at: np.ndarray, which: np.ndarray) -> None:
        """Some entries, at these positions of an array."""
        if len(which):
            self.reads.append((whole, at))
            self.which.append(which)

    def in_order(self) -> Node:
        if not self.reads:
            return zeros((0,))
        order = np.argsort(np.concatenate(self.which), kind="stable")
        return taken(concatenate(needed(self.reads, self.given)), order)


def nonzeros(outputs: Sequence[Node], xs: Sequence[Node], plan: Sweeps) -> Node:
    """The entries of the Jacobian of all outputs by all symbols, in the order of the plan: one vector."""
    entries = _Entries(set(topological(outputs)))
    with differentiating(outputs):
        for block in _blocks(plan.columns, outputs, xs):
            _forward(entries, outputs, xs, plan, block)
        for block in _blocks(plan.rows, outputs, xs):
            _reverse(entries, outputs, xs, plan, block)
        return entries.in_order()


def _blocks(found: Colouring, outputs: Sequence[Node], xs: Sequence[Node]) -> list[range]:
    """The colours of each sweep."""
    order = topological(outputs)
    active = dependents(order, xs)
    numbers = sum(n.size for n in order if n in active)
    most = max(1, _NUMBERS // max(numbers, 1))
    return [range(k, min(k + most, found.number)) for k in range(0, found.number, most)]


def _starts(nodes: Sequence[Node]) -> np.ndarray:
    return np.cumsum([0, *(n.size for n in nodes)])


def _by_node(wanted: np.ndarray, at: np.ndarray, starts: np.ndarray) -> list[np.ndarray]:
    """The wanted entries of each node, where ``at`` counts the elements of one node after another."""
    which = np.flatnonzero(wanted)
    which = which[np.argsort(at[which], kind="stable")]
    return [np.sort(part) for part in np.split(which, np.searchsorted(at[which], starts[1:-1]))]


def _forward(entries: _Entries, outputs: Sequence[Node], xs: Sequence[Node], plan: Sweeps, block: range) -> None:
    colours, count = plan.columns.colours, len(block)
    seeds = {}
    for x, start in zip(xs, _starts(xs)):
        own = colours[start : start + x.size].reshape(x.shape)
        seeds[x] = array(own[..., None] == np.arange(block.start, block.stop))
    colour = np.where(plan.forward, colours[plan.at_columns] if len(colours) else -1, -1)
    wanted = (colour >= block.start) & (colour < block.stop)
    starts = _starts(outputs)
    parts = _by_node(wanted, plan.at_rows, starts)
    for whole, which, start in zip(push_forward(outputs, seeds, (count,)), parts, starts):
        at = (plan.at_rows[which] - start) * count + colour[which] - block.start
        entries.read(whole, at, which)


def _reverse(entries: _Entries, outputs: Sequence[Node], xs: Sequence[Node], plan: Sweeps, block: range) -> None:
    colours, count = plan.rows.colours, len(block)
    whole = outputs[0] if len(outputs) == 1 else concatenate([reshape(f, (f.size,)) for f in outputs])
    own = colours.reshape(whole.shape)
    seed = array(own == np.arange(block.start, block.stop).reshape((count,) + (1,) * whole.ndim))
    colour = np.where(~plan.forward, colours[plan.at_rows] if len(colours) else -1, -1)
    wanted = (colour >= block.start) & (colour < block.stop)
    starts = _starts(xs)
    parts = _by_node(wanted, plan.at_columns, starts)
    for x, ct, which, start in zip(xs, pull_back(whole, seed, xs, (count,)), parts, starts):
        at = (colour[which] - block.start) * x.size + plan.at_columns[which] - start
        entries.read(ct, at, which)


__all__ = ["Sweeps", "best_plan", "forward_plan", "nonzeros", "reverse_plan", "symmetric_plan"]
