"""Colourings: the columns of a sparse matrix in few groups, so that one product gives the entries of a whole group.

Columns of one colour have no entry in a common row.  In a symmetric matrix less is enough: a star colouring, by which an
entry or its mirror image can be read.  Greedy colouring takes columns one by one; sets of colours are bits of whole numbers,
so that its time is proportional to the number of entries.

Source: Gebremedhin, Manne and Pothen, "What color is your Jacobian?", SIAM Review 47 (2005); Gebremedhin, Tarafdar, Manne
and Pothen, "New acyclic and star coloring algorithms", SIAM J. Sci. Comput. 29 (2007).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from .distinct import distinct
from .patterns import Pattern


class Colouring(NamedTuple):
    """A colour for each column (-1: it needs none), and the number of colours."""

    colours: np.ndarray
    number: int


def coloured(pattern: Pattern, shape: tuple[int, ...] = ()) -> Colouring:
    """Colours of the columns; no two entries of a row have the same.

    ``shape`` is that of the array whose elements the columns are: neighbours on a grid are coloured by a formula, which needs
    as few colours as there can be.

    >>> import numpy as np
    >>> from exprgraph.support.colouring import coloured
    >>> from exprgraph.support.patterns import Pattern
    >>> band = np.abs(np.subtract.outer(np.arange(5), np.arange(5))) < 2
    >>> coloured(Pattern.of_pairs(*np.nonzero(band), (5, 5)))
    Colouring(colours=array([0, 1, 2, 0, 1]), number=3)
    """
    fewest = int(pattern.lengths.max(initial=0))
    used = np.bincount(pattern.columns, minlength=pattern.width) > 0
    if fewest <= 1:
        return Colouring(np.where(used, 0, -1), fewest)
    if fewest == used.sum():
        return Colouring(np.where(used, np.cumsum(used) - 1, -1), fewest)
    on_grid = _lattice(pattern, shape or (pattern.width,), fewest, fewest)
    if on_grid is not None:
        return on_grid
    found = _greedy(pattern)
    if found.number > fewest:
        on_grid = _lattice(pattern, shape or (pattern.width,), fewest + 1, found.number - 1)
    return found if on_grid is None else on_grid


#: formulas with more colours are not tried: so many neighbours rarely lie on a grid
_MOST = 40
#: times the longest row: another order is not tried if there are no more colours
_ENOUGH = 1.2
#: rows by which a formula is tried before it is tried on all
_SAMPLE = 64


def _lattice(pattern: Pattern, shape: tuple[int, ...], fewest: int, most: int) -> Colouring | None:
    """A colouring of a grid by a linear function of the indices, modulo the number of colours."""
    if most > _MOST or len(shape) > 3 or int(np.prod(shape)) != pattern.width or not pattern.height:
        return None
    axes = np.unravel_index(np.arange(pattern.width), shape)
    some = np.linspace(0, pattern.height - 1, _SAMPLE).astype(int)
    longest = np.argsort(-pattern.lengths, kind="stable")[:_SAMPLE]
    sample = pattern.take(distinct(np.concatenate([some, longest])))
    rows, entries = sample.rows, [a[sample.columns] for a in axes]
    for count in range(fewest, most + 1):
        for factors in product(range(count), repeat=len(shape) - 1):
            if _is_valid(rows, _by_formula(factors, entries, count), count):
                colours = _by_formula(factors, axes, count)
                if _is_valid(pattern.rows, colours[pattern.columns], count):
                    return Colouring(colours, count)
    return None


def _by_formula(factors: Sequence[int], axes: Sequence[np.ndarray], count: int) -> np.ndarray:
    return np.asarray(sum((f * a for f, a in zip(factors, axes[:-1])), axes[-1]) % count)


def _is_valid(rows: np.ndarray, colours: np.ndarray, count: int) -> bool:
    """Whether no two entries of a row have the same colour, by the row and the colour of each entry."""
    return bool(np.bincount(rows * count + colours, minlength=1).max(initial=0) <= 1)


def _greedy(pattern: Pattern) -> Colouring:
    """Each column gets the first colour that none of its rows has: in order, or those with many neighbours first."""
    columns = pattern.transposed()
    weights = np.bincount(pattern.columns, pattern.lengths[pattern.rows].astype(float), minlength=pattern.width)
    found = _greedy_in(np.arange(pattern.width), pattern, columns)
    if found.number <= _ENOUGH * pattern.lengths.max(initial=0):
        return found
    other = _greedy_in(np.argsort(-weights, kind="stable"), pattern, columns)
    return other if other.number < found.number else found


def _greedy_in(order: np.ndarray, pattern: Pattern, columns: Pattern) -> Colouring:
    starts, rows = columns.starts.tolist(), columns.columns.tolist()
    taken = [0] * pattern.height
    colours = [-1] * pattern.width
    count = 0
    for j in order.tolist():
        own = rows[starts[j] : starts[j + 1]]
        if not own:
            continue
        mask = 0
        for r in own:
            mask |= taken[r]
        bit = ~mask & (mask + 1)
        colours[j] = colour = bit.bit_length() - 1
        count = max(count, colour + 1)
        for r in own:
            taken[r] |= bit
    return Colouring(np.array(colours, int), count)


def star_coloured(pattern: Pattern, shape: tuple[int, ...] = ()) -> Colouring:
    """Colours of a symmetric pattern: neighbours differ, and every path of four has three colours.

    Then each entry is alone in its row among those of its column's colour, or its mirror image is.

    >>> import numpy as np
    >>> from exprgraph.support.colouring import star_coloured
    >>> from exprgraph.support.patterns import Pattern
    >>> arrow = np.eye(5, dtype=bool)
    >>> arrow[0] = arrow[:, 0] = True
    >>> star_coloured(Pattern.of_pairs(*np.nonzero(arrow), (5, 5)))
    Colouring(colours=array([0, 1, 1, 1, 1]), number=2)
    """
    whole = coloured(pattern, shape)
    used = max(int(np.count_nonzero(pattern.lengths)), 1)
    if whole.number <= max(2, _ENOUGH * pattern.nnz / used):
        return whole
    order = np.argsort(-pattern.lengths, kind="stable")
    star = _star_in(order, pattern)
    return star if star.number < whole.number else whole


def _star_in(order: np.ndarray, pattern: Pattern) -> Colouring:
    starts, columns = pattern.starts.tolist(), pattern.columns.tolist()
    n = pattern.height
    colours = [-1] * n
    around = [0] * n  # the colours of coloured neighbours
    closed = [0] * n  # the colours of neighbours that have two neighbours of this vertex' colour
    single: list[dict[int, int]] = [{} for _ in range(n)]  # the first neighbour of a colour
    count = 0
    for v in order.tolist():
        own = columns[starts[v] : starts[v + 1]]
        if not own:
            continue
        near = [w for w in own if w != v and colours[w] >= 0]
        mask = seen = twice = 0
        for w in near:
            bit = 1 << colours[w]
            mask |= bit | closed[w]
            twice |= seen & bit
            seen |= bit
        if twice:
            for w in near:
                if twice >> colours[w] & 1:
                    mask |= around[w]
        for w in own:
            if colours[w] < 0 and w != v:
                mask |= around[w]
        bit = ~mask & (mask + 1)
        colours[v] = colour = bit.bit_length() - 1
        count = max(count, colour + 1)
        for w in near:
            if twice >> colours[w] & 1:
                closed[w] |= bit
            first = single[w].setdefault(colour, v)
            if first != v:
                closed[first] |= 1 << colours[w]
                closed[v] |= 1 << colours[w]
        for w in own:
            if w != v:
                around[w] |= bit
                if colours[w] < 0:
                    single[w].setdefault(colour, v)
    return Colouring(np.array(colours, int), count)


__all__ = ["Colouring", "coloured", "star_coloured"]
