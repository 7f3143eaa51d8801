"""Bands: entries of a Jacobian that are carried through a graph of arrays.

A band of a node is an array of derivatives, each of one element of the node by one element of x.  The band says which: its
elements belong to a box of the node, and each has a column.  The identity on x is one band.  A node has few bands if its
elements depend on few elements of x, and every operation on arrays is an operation on bands, whose values are expressions of
arrays, too.  So nothing is computed that is zero, and what is zero or one in the whole band is never computed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NamedTuple, Union

import numpy as np

from ..canonical.arithmetic import linear
from ..canonical.place import place
from ..graph.column import Column
from ..graph.leaves import constant, is_zero
from ..graph.node import Node, Shape
from ..graph.views import Entry, Take
from .gates import Zeros, inside, together

#: positions on each axis; ``None`` stands for all of them
Box = tuple[Union[np.ndarray, None], ...]


class Band(NamedTuple):
    """``values[i]`` is the derivative of the node's element at ``box[i]`` by the element ``columns[i]`` of x.

    Values and columns have the box's shape.  A column -1 says that there is no entry, and its value is 0.  Positions may repeat.
    """

    values: Node
    box: Box
    columns: np.ndarray
    zeros: Zeros = None

    @property
    def whole(self) -> bool:
        """Whether the box is the whole node."""
        return all([p is None for p in self.box])  # noqa: C419  (slower as a generator)

    def entries(self) -> tuple[Entry, ...]:
        """The selection of the box."""
        return entries_of_box(self.box)

    def rows(self, shape: Shape) -> np.ndarray:
        """The number of each element in the node of that shape."""
        grid = np.ix_(*(np.arange(n) if p is None else p for p, n in zip(self.box, shape)))
        return np.ravel_multi_index(grid, shape) if shape else np.zeros((), int)


def entries_of_box(box: Box) -> tuple[Entry, ...]:
    """The selection of a box."""
    return tuple(map(entry_of, box))


def entry_of(positions: np.ndarray | None) -> Entry:
    """The selection of an axis."""
    return None if positions is None else Take(tuple(positions.tolist()))


Bands = list[Band]
#: bands to add up, each with a factor
Terms = list[tuple[float, Band]]
#: ``(node, k, bands)``: terms of the node's bands, from those of argument k; ``None`` if there is no way to tell
BANDS: Column[Callable[[Node, int, Bands], Union[Terms, None]]] = Column(
    "bands", "the entries of its Jacobian that come from entries of an argument's", __name__, leaves=False,
    otherwise="the graph is differentiated along directions",
)  # fmt: skip


def one_by_one(own: Callable[[Node, int, Band], Bands | None]) -> Callable[[Node, int, Bands], Terms | None]:
    """A rule for all bands of an argument, from that for one of them."""

    def rule(node: Node, k: int, bands: Bands) -> Terms | None:
        terms: Terms = []
        for band in bands:
            made = own(node, k, band)
            if made is None:
                return None
            terms += [(1.0, b) for b in made]
        return terms

    return rule


#: a sum of more elements of an argument has too many bands
SPLIT = 16
#: an array with longer rows has too many bands
LONGEST = 64
#: the bands that any graph may have, and how many more for each of its arrays
_ANY, _EACH = 100, 8
#: shorter bands are scalars
_SHORT = 2
#: more bands than these, or so many times as many numbers as entries, are fewer if they are filled with zeros
_MANY, _SPARE = 32, 1.2


def bands_of(outputs: Sequence[Node], xs: Sequence[Node], entries: Mapping[Node, int], most: int) -> list[Bands] | None:
    """The bands of each output; ``entries`` has the nodes that depend on x, arguments first, with the numbers of entries in their patterns.

    ``None``, if a node is not known here, or if bands have more numbers in all than ``most``, or are many or short: then their
    graph would be much larger than that of a sweep.
    """
    active = {*xs, *entries}
    found: dict[Node, Bands] = {}
    start = 0
    for x in xs:
        identity = Band(constant(1.0, x.shape), (None,) * x.ndim, np.arange(start, start + x.size).reshape(x.shape))
        found[x] = [identity] if x.size else []
        start += x.size
    kept = set(outputs)
    last = {a: n for n in entries for a in n.args if a in active}
    numbers = count = 0
    for node in entries:
        own = _of_node(node, [found.get(a) for a in node.args])
        if own is None:
            return None
        found[node] = own if node in kept else _few(own, node.shape, entries[node])
        count += len(own)
        numbers += sum(b.columns.size for b in own)
        if numbers > most or count > 2 * most_bands(len(active)):
            return None
        for a in node.args:
            if last.get(a) is node and a not in kept:
                found.pop(a, None)
    return None if numbers < _SHORT * count else [found.get(f, []) for f in outputs]


def most_bands(arrays: int) -> int:
    """The most bands of a graph of so many arrays: more would be a much larger graph."""
    return _ANY + _EACH * arrays


def _of_node(node: Node, given: Sequence[Bands | None]) -> Bands | None:
    rule = BANDS.find(node.op)
    if rule is None:
        return None
    found: Terms = []
    for k, bands in enumerate(given):
        if bands:
            own = rule(node, k, bands)
            if own is None:
                return None
            found += [term for term in own if term[1].columns.size and not is_zero(term[1].values)]
    return _added(found)


def _added(terms: Terms) -> Bands:
    """Bands of the same entries, added."""
    groups: dict[Hashable, Terms] = {}
    known: dict[tuple[int, ...], Terms] = {}  # by the arrays themselves, which are compared once
    for term in terms:
        box, columns = term[1].box, term[1].columns
        arrays = (*map(id, box), id(columns))
        group = known.get(arrays)
        if group is None:
            where = tuple([None if p is None else p.tobytes() for p in box]) if len(terms) > 1 else ()
            group = groups.setdefault((where, columns.shape, columns.tobytes() if len(terms) > 1 else b""), [])
            known[arrays] = group
        group.append(term)
    bands = [_sum(group) for group in groups.values()]
    return [b for b in bands if not is_zero(b.values)]


def _sum(group: Terms) -> Band:
    (c, first), *others = group
    if not others and c == 1.0:
        return first
    whole = linear([(c, b.values) for c, b in group], 0.0, first.columns.shape)
    return first._replace(values=whole, zeros=together([b.zeros for _, b in group]))


def _few(bands: Bands, shape: Shape, entries: int) -> Bands:
    """Bands that together have no two columns in a row, as one, where bands have many more numbers than the node has entries."""
    if len(bands) <= _MANY and sum([b.columns.size for b in bands]) <= _SPARE * entries:
        return bands
    if all(b.whole and int(b.columns.min()) >= 0 for b in bands):  # all differ
        return bands
    groups: list[tuple[np.ndarray, Bands, Band]] = []
    kept: Bands = []
    for b in bands:
        wide = filled(b, shape)
        if wide is None:
            kept.append(b)
            continue
        for at, (columns, members, _) in enumerate(groups):
            if ((columns < 0) | (wide.columns < 0) | (columns == wide.columns)).all():
                groups[at] = np.maximum(columns, wide.columns), [*members, wide], b
                break
        else:
            groups.append((wide.columns, [wide], b))
    for columns, members, b in groups:
        kept.append(b if len(members) == 1 else _sum([(1.0, m) for m in members])._replace(columns=columns))
    return kept


def filled(band: Band, shape: Shape) -> Band | None:
    """The band in the whole node, with zeros where it has no entry; ``None`` if it has a position twice."""
    if band.whole:
        return band
    if any(p is not None and _repeats(p) for p in band.box):
        return None
    columns = np.full(shape, -1)
    columns[np.ix_(*(np.arange(n) if p is None else p for p, n in zip(band.box, shape)))] = band.columns
    return Band(place(band.values, band.entries(), shape), (None,) * len(shape), columns, inside(band.zeros))


def _repeats(positions: np.ndarray) -> bool:
    """Whether a position is there twice."""
    return not bool((positions[1:] > positions[:-1]).all()) and int(np.bincount(positions).max(initial=0)) > 1


__all__ = [
    "BANDS", "LONGEST", "SPLIT", "Band", "Bands", "Box", "Terms", "bands_of", "entries_of_box", "entry_of", "filled", "most_bands",
    "one_by_one",
]  # fmt: skip
