"""The entries of a sparse Jacobian as one vector, from bands.

Entries that the same bands make are one part: a sum of selections from these bands, computed together.  Entries of bands that
repeat a row and a column, such as the sums over the lines that meet in a node of a network, are added one after another.  The
vector has the elements of all parts in the order of the matrix.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product as every
from typing import Any, NamedTuple

import numpy as np

from ..canonical.arithmetic import linear
from ..canonical.grouping import differentiating
from ..canonical.joining import concatenate, reshape
from ..canonical.place import place
from ..canonical.select import select
from ..graph.leaves import array, constant_value, is_known, zeros
from ..graph.node import Node, Shape
from ..graph.traverse import topological
from ..graph.views import Take
from ..support.distinct import distinct
from ..support.mixed import different_words
from ..support.patterns import Pattern
from .bands import SPLIT, bands_of, entries_of_box
from .carried import box_of
from .components import Components
from .needed import taken
from .patterns import Size

#: components are so many times as long as they are many
_LONGER = 2
#: groups of fewer entries than this share of all are added one after another, if there are many groups: so many for each band, and more
_FEW, _EACH, _ANY = 64, 3, 8


def banded(outputs: Sequence[Node], xs: Sequence[Node], pattern: Pattern, size: Size, symmetric: bool, most: int) -> Node | None:
    """The entries of the Jacobian of all outputs by all symbols, in the pattern's order; ``size`` is that of all patterns.

    ``None``, if bands cannot say them, or have more numbers in all than ``most``.
    """
    with differentiating(outputs):
        found = bands_of(outputs, xs, size.entries, most)
        if found is None:
            return None
        entries, components = _Entries(pattern, symmetric), Components(set(topological(outputs)))
        start = 0
        for f, bands in zip(outputs, found):
            for band in bands:
                rows = start + np.broadcast_to(band.rows(f.shape), band.columns.shape)
                for short, at in _along_short_axes(band.columns.shape):
                    wanted = entries.wanted(rows[at].ravel(), band.columns[at].ravel())
                    if wanted is not None:
                        entries.add(_component(band.values, short, components), *wanted)
            start += f.size
        return entries.in_order()


def _along_short_axes(shape: Shape) -> Iterator[tuple[list[tuple[int, int]], tuple[Any, ...]]]:
    """The positions along short axes, each as axes with entries, and as an index."""
    short = _short_axes(shape)
    for at in every(*(range(shape[k]) for k in short)):
        index: list[Any] = [slice(None)] * len(shape)
        for k, i in zip(short, at):
            index[k] = i
        yield list(zip(short, at)), tuple(index)


def _component(values: Node, short: Sequence[tuple[int, int]], components: Components) -> Node:
    """The entries there as an array of their own."""
    for axis, at in reversed(short):
        values = components.entry(values, axis, at)
    return values


def _short_axes(shape: Shape) -> list[int]:
    """The shortest axes, along which there are few components, each much longer."""
    size, count = math.prod(shape), 1
    short: list[int] = []
    for k in sorted(range(len(shape)), key=shape.__getitem__):
        count *= shape[k]
        if count > SPLIT or count * count * _LONGER > size:
            break
        short.append(k)
    return sorted(short)


class _Part(NamedTuple):
    """Some of the elements of a band, and which entries these are."""

    values: Node
    at: np.ndarray
    entries: np.ndarray


class _Entries:
    """Entries of a pattern, until all are there.  Of a symmetric matrix, those on one side of the diagonal."""

    def __init__(self, pattern: Pattern, symmetric: bool) -> None:
        self.keys = pattern.keys()
        self.width = pattern.width
        self.count = pattern.nnz
        self.read = np.arange(self.count)  # for each entry, that which is computed: itself, or its mirror image
        if symmetric:
            mirrored = np.searchsorted(self.keys, pattern.columns * self.width + pattern.rows)
            self.read = np.where(pattern.rows < pattern.columns, mirrored, self.read)
        self.known = np.zeros(self.count)
        self.parts: list[_Part] = []

    def wanted(self, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Which of some entries are computed, and their numbers; ``None`` if none is."""
        if not self.count:
            return None
        keys = rows * self.width + columns
        at = np.minimum(np.searchsorted(self.keys, keys), self.count - 1)
        exists = (columns >= 0) & (self.keys[at] == keys)
        exists &= self.read[at] == at
        where = np.flatnonzero(exists)
        return (where, at[where]) if len(where) else None

    def add(self, values: Node, where: np.ndarray, entries: np.ndarray) -> None:
        """Some elements of an array, each to its entry."""
        if is_known(values):
            number = constant_value(values)
            assert number is not None
            np.add.at(self.known, entries, np.broadcast_to(number, values.shape).ravel()[where])
        else:
            self.parts.append(_Part(values, where, entries))

    def in_order(self) -> Node:
        """All entries."""
        groups = self._groups()
        vectors: list[Node] = []
        source = np.zeros(self.count, int)
        done = np.zeros(self.count, bool)
        first = 0
        for made, entries in groups:
            vectors.append(made)
            source[entries] = first + np.arange(len(entries))
            done[entries] = True
            first += len(entries)
        rest = np.flatnonzero(~done & (self.read == np.arange(self.count)))
        if len(rest):
            vectors.append(array(self.known[rest]))
            source[rest] = first + np.arange(len(rest))
        return taken(concatenate(vectors), source[self.read]) if vectors else zeros((0,))

    def _groups(self) -> list[tuple[Node, np.ndarray]]:
        """Vectors of entries that the same parts make, each with its entries; and one of the others.

        Each part has a random word, and the sum of the words of an entry's parts, modulo 2**64, says which these are: comparing sets of
        parts would take their number times longer.  The words are the same each time, so equal matrices are equal expressions.
        """
        code = np.zeros(self.count, np.int64)
        once = np.ones(self.count, bool)
        marks = different_words(len(self.parts) + 1).view(np.int64)
        for mark, part in zip(marks, self.parts):
            once &= np.bincount(part.entries, minlength=self.count) <= 1
            np.add.at(code, part.entries, mark)
        image = np.zeros(self.count, bool)
        image[self.read[self.read != np.arange(self.count)]] = True
        code[image & (code != 0)] ^= marks[-1]  # entries with a mirror image apart
        alone = np.where(once, code, 0)
        kinds = distinct(alone)
        of_kind = np.searchsorted(kinds, alone)
        sizes, first = np.bincount(of_kind, minlength=len(kinds)), np.zeros(len(kinds), int)
        first[of_kind[::-1]] = np.arange(self.count)[::-1]
        chosen = kinds != 0
        if len(kinds) > _EACH * len(self.parts) + _ANY:
            chosen &= sizes * _FEW >= self.count
        regular = [self._sum_of_parts(of_kind == k) for k in sorted(np.flatnonzero(chosen), key=first.__getitem__)]
        others = (code != 0) & ~chosen[of_kind]
        return [*regular, self._added(others)] if others.any() else regular

    def _sum_of_parts(self, mask: np.ndarray) -> tuple[Node, np.ndarray]:
        """The entries of a mask, all of which the same parts make."""
        entries: np.ndarray | None = None
        place_of = np.empty(self.count, int)
        terms: list[tuple[float, Node]] = []
        for part in self.parts:
            if not mask[part.entries[0]] and not mask[part.entries].any():
                continue
            if entries is None:
                entries = part.entries[mask[part.entries]]
            place_of[part.entries] = part.at
            terms.append((1.0, _elements(part.values, place_of[entries])))
        assert entries is not None
        known = self.known[entries]
        if (known == known[0]).all():
            return linear(terms, float(known[0]), (len(entries),)), entries
        return linear([*terms, (1.0, array(known))], 0.0, (len(entries),)), entries

    def _added(self, mask: np.ndarray) -> tuple[Node, np.ndarray]:
        """The entries of a mask, each with all its parts added up."""
        entries = np.flatnonzero(mask)
        number = np.cumsum(mask) - 1
        pieces, at = [], []
        for part in self.parts:
            mine = mask[part.entries]
            if mine.any():
                pieces.append(_elements(part.values, part.at[mine]))
                at.append(number[part.entries[mine]])
        total = place(concatenate(pieces), (Take(tuple(np.concatenate(at).tolist())),), (len(entries),))
        return linear([(1.0, total), (1.0, array(self.known[entries]))], 0.0, (len(entries),)), entries


def _elements(values: Node, at: np.ndarray) -> Node:
    """Elements of an array as a vector; a box of it without a table of positions."""
    box = box_of(at, values.shape) if values.ndim > 1 else None
    if box is None:
        return taken(reshape(values, (values.size,)), at)
    return reshape(select(values, entries_of_box(box)), (len(at),))


__all__ = ["banded"]
