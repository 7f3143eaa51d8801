"""Bands: entries of a Jacobian that are carried through a graph of arrays.

A band of a node is an array of derivatives, each of one element of the node by one element of x.  The band says which: its
elements belong to a box of the node, and each has a column.  The identity on x is one band.  A node has few bands if its
elements depend on few elements of x, and every operation on arrays is an operation on bands, whose values are expressions of
arrays, too.  So nothing is computed that is zero, and what is zero or one in the whole band is never computed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import product as every
from typing import NamedTuple, Union

import numpy as np

from ..canonical.arithmetic import linear
from ..canonical.contract import contract, times
from ..canonical.joining import reshape
from ..canonical.over_samples import sample_sum
from ..canonical.place import place
from ..canonical.select import indices_of, select
from ..functions.along_axes import LOGSUMEXP, NORM
from ..functions.elementwise import Function
from ..graph import primitive
from ..graph.column import Column
from ..graph.leaves import constant, is_zero
from ..graph.node import Node, Shape
from ..graph.traverse import dependents, topological
from ..graph.views import Contraction, Entry, Take, axis_of, entries_of
from .branches import chooses, tangent
from .gates import Zeros, inside, together
from .rules import VJP, partial
from .scaling import Labels

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
        return all(p is None for p in self.box)

    def entries(self) -> tuple[Entry, ...]:
        """The selection of the box."""
        return entries_of_box(self.box)

    def rows(self, shape: Shape) -> np.ndarray:
        """The number of each element in the node of that shape."""
        grid = np.ix_(*(np.arange(n) if p is None else p for p, n in zip(self.box, shape)))
        return np.ravel_multi_index(grid, shape) if shape else np.zeros((), int)


def entries_of_box(box: Box) -> tuple[Entry, ...]:
    """The selection of a box."""
    return tuple(map(_entry, box))


def _entry(positions: np.ndarray | None) -> Entry:
    return None if positions is None else Take(tuple(positions.tolist()))


Bands = list[Band]
#: ``(node, k, band)``: the bands of the node that come from a band of argument k; ``None`` if there is no way to tell
BANDS: Column[Callable[[Node, int, Band], Union[Bands, None]]] = Column(
    "bands", "the entries of its Jacobian that come from entries of an argument's", __name__, leaves=False,
    otherwise="the graph is differentiated along directions",
)  # fmt: skip

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
    """The bands of each output; ``entries`` says how many the pattern of each node has.

    ``None``, if a node is not known here, or if bands have more numbers in all than ``most``, or are many or short: then their
    graph would be much larger than that of a sweep.
    """
    order = topological(outputs)
    active = dependents(order, xs)
    found: dict[Node, Bands] = {}
    start = 0
    for x in xs:
        identity = Band(constant(1.0, x.shape), (None,) * x.ndim, np.arange(start, start + x.size).reshape(x.shape))
        found[x] = [identity] if x.size else []
        start += x.size
    kept = set(outputs)
    last = {a: n for n in order if n in active and n not in found for a in n.args if a in active}
    numbers = count = 0
    for node in order:
        if node not in active or node in found:
            continue
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
    found: Bands = []
    for k, bands in enumerate(given):
        for band in bands or ():
            own = rule(node, k, band)
            if own is None:
                return None
            found += [b for b in own if b.columns.size and not is_zero(b.values)]
    return _added(found)


def _added(bands: Bands) -> Bands:
    """Bands of the same entries, added."""
    if len(bands) < 2:
        return bands
    groups: dict[Hashable, Bands] = {}
    for b in bands:
        where = tuple(None if p is None else p.tobytes() for p in b.box)
        groups.setdefault((where, b.columns.shape, np.ascontiguousarray(b.columns).tobytes()), []).append(b)
    return [_sum(group) for group in groups.values()]


def _sum(group: Bands) -> Band:
    first = group[0]
    if len(group) == 1:
        return first
    whole = linear([(1.0, b.values) for b in group], 0.0, first.columns.shape)
    return first._replace(values=whole, zeros=together([b.zeros for b in group]))


def _few(bands: Bands, shape: Shape, entries: int) -> Bands:
    """Bands that together have no two columns in a row, as one, where bands have many more numbers than the node has entries."""
    if len(bands) <= _MANY and sum(b.columns.size for b in bands) <= _SPARE * entries:
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
    return [*kept, *(b if len(members) == 1 else _sum(members)._replace(columns=columns) for columns, members, b in groups)]


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


# ---------------------------------------------------------------- elementwise


@BANDS.rule(primitive.SUM, primitive.PRODUCT, Function)
def _elementwise(node: Node, k: int, band: Band) -> Bands | None:
    arg = node.args[k]
    if not band.whole and (chooses(node.op) or band.zeros is not None):
        wide = filled(band, arg.shape)
        return None if wide is None else _elementwise(node, k, wide)
    if band.whole:
        tangents: list[Node | None] = [None] * len(node.args)
        of_zeros: list[Zeros] = [None] * len(node.args)
        tangents[k], of_zeros[k] = band.values, band.zeros
        t, zeros = tangent(node, tangents, (), of_zeros)
        columns = np.broadcast_to(band.columns, node.shape)
        return [] if t is None else [Band(t, (None,) * node.ndim, columns, zeros)]
    p = partial(node, k)
    return [] if p is None or is_zero(p) else [_scaled(band, p)]


def _scaled(band: Band, p: Node) -> Band:
    """A band times an array of the node's shape, or a scalar."""
    own = select(p, band.entries()) if p.shape else p
    return band._replace(values=times(own, band.values, band.columns.shape))


# ---------------------------------------------------------------- sums of products


@BANDS.rule(primitive.CONTRACT)
def _contract(node: Node, k: int, band: Band) -> Bands | None:
    """Each element of the summed axes is a band of its own."""
    labels, sizes = Contraction.of(node)
    own, n = labels[k], node.ndim
    others = [(a, list(ks)) for i, (a, ks) in enumerate(zip(node.args, labels)) if i != k]
    if len(set(own)) < len(own) or any(a.op is primitive.IDENTITY for a, _ in others) or (others and band.zeros is not None):
        return None
    summed = [i for i in own if i >= n]
    lengths = [band.columns.shape[own.index(i)] for i in summed]
    if np.prod(lengths) > SPLIT:
        return None
    boxes = dict(zip(own, band.box))
    found: Bands = []
    for at in every(*map(range, lengths)):
        here = dict(zip(summed, at))
        places = {i: at_k if (p := boxes[i]) is None else int(p[at_k]) for i, at_k in here.items()}
        kept = [i for i in own if i not in here]
        values = select(band.values, tuple(here.get(i) for i in own))
        columns = band.columns[tuple(here.get(i, slice(None)) for i in own)]
        operands: list[tuple[Node, Labels]] = [(values, list(kept))]
        for a, ks in others:
            entries = tuple(places[i] if i in places else _entry(boxes.get(i)) for i in ks)
            operands.append((select(a, entries), [i for i in ks if i not in places]))
        box = tuple(boxes.get(i) for i in range(n))
        shape = tuple(sizes[i] if p is None else len(p) for i, p in enumerate(box))
        size: dict[Hashable, int] = {**dict(enumerate(sizes)), **dict(enumerate(shape))}
        made = contract(operands, list(range(n)), size)
        order = sorted(range(len(kept)), key=kept.__getitem__)
        spread = columns.transpose(order).reshape([shape[i] if i in kept else 1 for i in range(n)])
        found.append(Band(made, box, np.broadcast_to(spread, shape), inside(band.zeros)))
    return found


@BANDS.rule(NORM, LOGSUMEXP)
def _along_axes(node: Node, k: int, band: Band) -> Bands | None:
    """A sum of the elements, each times its derivative."""
    if band.zeros is not None:
        return None
    (p,) = VJP[node.op](node, constant(1.0, node.shape), ())
    (arg,) = node.args
    every_axis = list(range(arg.ndim))
    kept = [i for i in every_axis if i not in node.params]
    if p is None or np.prod([arg.shape[i] for i in node.params]) > SPLIT:
        return None
    scaled = _scaled(band, p)
    found: Bands = []
    for at in every(*(range(band.columns.shape[i]) for i in node.params)):
        here = dict(zip(node.params, at))
        values = select(scaled.values, tuple(here.get(i) for i in every_axis))
        columns = band.columns[tuple(here.get(i, slice(None)) for i in every_axis)]
        found.append(Band(values, tuple(band.box[i] for i in kept), columns))
    return found


@BANDS.rule(primitive.SAMPLE_SUM)
def _over_samples(node: Node, k: int, band: Band) -> Bands:
    return [band._replace(values=sample_sum(band.values), zeros=inside(band.zeros))]


# ---------------------------------------------------------------- movements


@BANDS.rule(primitive.SELECT)
def _select(node: Node, k: int, band: Band) -> Bands:
    return _selected(node, band)


def _selected(node: Node, band: Band) -> Bands:
    """The elements of the box that are selected, axis by axis."""
    picked: list[Entry] = []
    index: list[np.ndarray | int | None] = []
    box: list[np.ndarray | None] = []
    for e, p, n in zip(node.params, band.box, node.args[0].shape):
        if isinstance(e, int):
            at = np.array([e]) if p is None else np.flatnonzero(p == e)
            if len(at) != 1:  # the axis stays if there are several, and belongs to no axis of the node
                return [] if not len(at) else _several(node, band, len(picked), at)
            picked.append(int(at[0]))
            index.append(int(at[0]))
        elif p is None:
            picked.append(e)
            index.append(None if e is None else np.asarray(indices_of(e, n)))
            box.append(None)
        elif e is None:
            picked.append(None)
            index.append(None)
            box.append(p)
        else:
            mine, theirs = _pairs(p, np.asarray(indices_of(e, n)))
            picked.append(Take(tuple(mine.tolist())))
            index.append(mine)
            box.append(theirs)
    columns = band.columns
    for axis in reversed(range(columns.ndim)):
        at_axis = index[axis]
        if at_axis is not None:
            columns = np.take(columns, at_axis, axis)
    kept = [p if p is None or not _is_all(p, n) else None for p, n in zip(box, node.shape)]
    return [Band(select(band.values, picked), tuple(kept), columns, band.zeros)]


def _several(node: Node, band: Band, axis: int, at: np.ndarray) -> Bands:
    """The same selection from a band that has a position several times: from each of these alone."""
    found: Bands = []
    for one in at.tolist():
        alone: list[Entry] = [None] * len(band.box)
        alone[axis] = Take((one,))
        box = band.box[axis]
        assert box is not None
        part = (*band.box[:axis], box[one : one + 1], *band.box[axis + 1 :])
        found += _selected(node, Band(select(band.values, alone), part, np.take(band.columns, [one], axis), band.zeros))
    return found


def _pairs(p: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of equal elements: where they are in p, and in q, in the order of q."""
    order = np.argsort(p, kind="stable")
    first, end = np.searchsorted(p[order], q), np.searchsorted(p[order], q, side="right")
    counts = end - first
    theirs = np.repeat(np.arange(len(q)), counts)
    mine = np.repeat(first - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts) + np.arange(counts.sum())
    return order[mine], theirs


def _is_all(p: np.ndarray, n: int) -> bool:
    return len(p) == n and bool((p == np.arange(n)).all())


@BANDS.rule(primitive.PLACE)
def _place(node: Node, k: int, band: Band) -> Bands:
    box: list[np.ndarray | None] = []
    own = iter(band.box)
    kept: list[int] = []
    for axis, (e, n) in enumerate(zip(entries_of(node), node.shape)):
        if isinstance(e, int):
            box.append(np.array([e]))
            continue
        kept.append(axis)
        p = next(own)
        if e is None:
            box.append(p)
        else:
            at = np.asarray(indices_of(e, n))
            box.append(at if p is None else at[p])
    return [_with_axes(band, kept, box, node)]


def _with_axes(band: Band, kept: Sequence[int], box: Sequence[np.ndarray | None], node: Node) -> Band:
    """The band in another box, which has axes of length one more."""
    shape = [1] * len(box)
    for axis, n in zip(kept, band.columns.shape):
        shape[axis] = n
    box = [p if p is None or not _is_all(p, n) else None for p, n in zip(box, node.shape)]
    return Band(reshape(band.values, tuple(shape)), tuple(box), band.columns.reshape(shape), band.zeros)


@BANDS.rule(primitive.STACK)
def _stack(node: Node, k: int, band: Band) -> Bands:
    axis = axis_of(node)
    kept = [i for i in range(node.ndim) if i != axis]
    return [_with_axes(band, kept, [*band.box[:axis], np.array([k]), *band.box[axis:]], node)]


@BANDS.rule(primitive.CONCATENATE)
def _concatenate(node: Node, k: int, band: Band) -> Bands:
    axis = axis_of(node)
    start = sum(a.shape[axis] for a in node.args[:k])
    p = band.box[axis]
    at = start + (np.arange(node.args[k].shape[axis]) if p is None else p)
    return [band._replace(box=(*band.box[:axis], at, *band.box[axis + 1 :]))]


@BANDS.rule(primitive.RESHAPE)
def _reshape(node: Node, k: int, band: Band) -> Bands | None:
    (arg,) = node.args
    if band.whole:
        shape = node.shape
        return [Band(reshape(band.values, shape), (None,) * node.ndim, band.columns.reshape(shape), band.zeros)]
    box = box_of(band.rows(arg.shape).ravel(), node.shape)
    if box is None:
        return None
    shape = tuple(n if p is None else len(p) for p, n in zip(box, node.shape))
    return [Band(reshape(band.values, shape), box, band.columns.reshape(shape), band.zeros)]


def box_of(rows: np.ndarray, shape: Shape) -> Box | None:
    """The box of which these are the elements, in order."""
    if len(shape) == 1:
        return (rows,)
    box = [np.flatnonzero(np.bincount(index)) for index in np.unravel_index(rows, shape)]
    if np.prod([len(p) for p in box]) != len(rows) or not np.array_equal(np.ravel_multi_index(np.ix_(*box), shape).ravel(), rows):
        return None
    return tuple(None if _is_all(p, n) else p for p, n in zip(box, shape))


__all__ = ["BANDS", "LONGEST", "Band", "Bands", "bands_of", "box_of", "entries_of_box", "filled", "most_bands"]
