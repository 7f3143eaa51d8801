"""How each operation carries bands: the rules of the column ``BANDS``."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import product as every

import numpy as np

from ..canonical.arithmetic import product
from ..canonical.contract import contract, is_structural
from ..canonical.factors import times
from ..canonical.joining import ends_of, reshape
from ..canonical.over_samples import sample_sum
from ..canonical.select import indices_of, select
from ..canonical.written import spread
from ..functions.along_axes import LOGSUMEXP, NORM
from ..functions.elementwise import Function
from ..graph import primitive
from ..graph.leaves import constant, is_zero
from ..graph.node import Node, Shape
from ..graph.views import Contraction, Entry, Take, axis_of, entries_of
from .bands import BANDS, SPLIT, Band, Bands, Box, Terms, entry_of, filled, one_by_one
from .branches import chooses, tangent
from .gates import Zeros, inside
from .rules import VJP, coefficient_of, factors_of_partial, partial
from .scaling import Labels, scaled_tangent

# ---------------------------------------------------------------- elementwise


@BANDS.rule(primitive.SUM, primitive.PRODUCT, Function)
def _elementwise(node: Node, k: int, bands: Bands) -> Terms | None:
    """All the bands of an argument times the same derivative, which is made once."""
    arg = node.args[k]
    smooth, c = not chooses(node.op), coefficient_of(node, k)
    by: _Derivative | None = None
    terms: Terms = []
    for band in bands:
        if not smooth or band.zeros is not None:
            wide = filled(band, arg.shape)
            if wide is None:
                return None
            terms += _chosen(node, k, wide)
            continue
        whole = band.whole
        box, columns = _spread(band, node) if whole else (band.box, band.columns)
        if c is not None:
            values = band.values if arg.shape else spread(band.values, columns.shape)
            terms.append((c, Band(values, box, columns)))
            continue
        by = _Derivative(node, k) if by is None else by
        t = by.times(band.values) if whole else by.times_in(band)
        if t is None:
            return terms
        terms.append((1.0, Band(t, box, columns)))
    return terms


class _Derivative:
    """The derivative of an elementwise operation by an argument, to be multiplied with bands."""

    def __init__(self, node: Node, k: int) -> None:
        self.node, self.k = node, k
        self._made: list[Node | None] = []
        self._factors = factors_of_partial(node, k)

    @property
    def _partial(self) -> Node | None:
        if not self._made:
            p = partial(self.node, self.k)
            self._made.append(None if p is None or is_zero(p) else p)
        return self._made[0]

    def times(self, values: Node) -> Node | None:
        """The derivative times that of the whole argument; ``None`` is zero."""
        if self._factors is not None and not is_structural(values):  # a node of these factors alone would be taken apart again
            factors, coefficient = self._factors
            return product([*factors, (values, 1.0)], coefficient, self.node.shape)
        p = self._partial
        return None if p is None else scaled_tangent(p, values, self.node.args[self.k], self.node, ())

    def times_in(self, band: Band) -> Node | None:
        """The same in a box."""
        p = self._partial
        return None if p is None else _times_in(band, p)


def _chosen(node: Node, k: int, band: Band) -> Terms:
    """Of an operation that makes a choice, or behind one."""
    tangents: list[Node | None] = [None] * len(node.args)
    of_zeros: list[Zeros] = [None] * len(node.args)
    tangents[k], of_zeros[k] = band.values, band.zeros
    t, zeros = tangent(node, tangents, (), of_zeros)
    return [] if t is None else [(1.0, Band(t, *_spread(band, node), zeros))]


def _spread(band: Band, node: Node) -> tuple[Box, np.ndarray]:
    """The box and the columns of an argument's band in an elementwise operation: those of a scalar are the whole node's."""
    if band.columns.shape == node.shape:
        return band.box, band.columns
    return (None,) * node.ndim, np.broadcast_to(band.columns, node.shape)


def _times_in(band: Band, p: Node) -> Node:
    """The values of a band times an array of the node's shape, or a scalar."""
    return times(select(p, band.entries()) if p.shape else p, band.values, band.columns.shape)


# ---------------------------------------------------------------- sums of products


@BANDS.rule(primitive.CONTRACT)
@one_by_one
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
            entries = tuple(places[i] if i in places else entry_of(boxes.get(i)) for i in ks)
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
@one_by_one
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
    scaled = _times_in(band, p)
    found: Bands = []
    for at in every(*(range(band.columns.shape[i]) for i in node.params)):
        here = dict(zip(node.params, at))
        values = select(scaled, tuple(here.get(i) for i in every_axis))
        columns = band.columns[tuple(here.get(i, slice(None)) for i in every_axis)]
        found.append(Band(values, tuple(band.box[i] for i in kept), columns))
    return found


@BANDS.rule(primitive.SAMPLE_SUM)
@one_by_one
def _over_samples(node: Node, k: int, band: Band) -> Bands:
    return [band._replace(values=sample_sum(band.values), zeros=inside(band.zeros))]


# ---------------------------------------------------------------- movements


@BANDS.rule(primitive.SELECT)
@one_by_one
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
    if _ascends(p):
        at = np.minimum(np.searchsorted(p, q), len(p) - 1)
        theirs = np.flatnonzero(p[at] == q)
        return at[theirs], theirs
    order = np.argsort(p, kind="stable")
    first, end = np.searchsorted(p[order], q), np.searchsorted(p[order], q, side="right")
    counts = end - first
    theirs = np.repeat(np.arange(len(q)), counts)
    mine = np.repeat(first - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts) + np.arange(counts.sum())
    return order[mine], theirs


def _ascends(p: np.ndarray) -> bool:
    """Whether each position is larger than the one before; there is one at least."""
    return bool(len(p)) and bool((p[1:] > p[:-1]).all())


def _is_all(p: np.ndarray, n: int) -> bool:
    return len(p) == n and bool((p == np.arange(n)).all())


@BANDS.rule(primitive.PLACE)
@one_by_one
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
@one_by_one
def _stack(node: Node, k: int, band: Band) -> Bands:
    axis = axis_of(node)
    kept = [i for i in range(node.ndim) if i != axis]
    return [_with_axes(band, kept, [*band.box[:axis], np.array([k]), *band.box[axis:]], node)]


@BANDS.rule(primitive.CONCATENATE)
@one_by_one
def _concatenate(node: Node, k: int, band: Band) -> Bands:
    axis = axis_of(node)
    start = ends_of(node)[k] - node.args[k].shape[axis]
    p = band.box[axis]
    at = start + (np.arange(node.args[k].shape[axis]) if p is None else p)
    return [band._replace(box=(*band.box[:axis], at, *band.box[axis + 1 :]))]


@BANDS.rule(primitive.RESHAPE)
@one_by_one
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


__all__ = ["box_of"]
