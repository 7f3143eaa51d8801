"""The cotangent of an array, assembled from cotangents of its parts.

A few large slices are placed one by one and added.  Many small ones, and single elements, are joined and placed at once,
because separate arrays would take parts times elements additions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ..canonical.arithmetic import linear
from ..canonical.joining import concatenate, reshape, stack
from ..canonical.place import place
from ..canonical.select import take
from ..graph.leaves import zeros
from ..graph.node import Node, Shape
from ..graph.views import Entries, Take

#: the number of additions per element beyond which placing at once pays off
_TIMES = 4


def assembled(selected: Mapping[Entries, Sequence[Node]], shape: Shape, extra: Shape) -> list[Node]:
    """Terms whose sum is the cotangent of an array of a shape, from those of its selections.

    Cotangents have the shape ``extra`` plus that of the selection.
    """
    parts = {e: linear([(1.0, t) for t in ts], 0.0, ts[0].shape) for e, ts in selected.items()}
    elements = {e: t for e, t in parts.items() if t.shape == extra}
    size = math.prod(shape)
    terms: list[Node] = []
    if len(elements) * _TIMES >= size:
        terms.append(_stacked(elements, shape, extra))
        parts = {e: t for e, t in parts.items() if e not in elements}
    some = math.prod(extra)
    if len(parts) * size > _TIMES * (size + sum(t.size // some for t in parts.values())):
        terms.append(_at_once(parts, shape, extra))
    else:
        terms += [place(t, (None,) * len(extra) + e, extra + shape) for e, t in parts.items()]
    return terms


def _stacked(elements: Mapping[Entries, Node], shape: Shape, extra: Shape) -> Node:
    level = {tuple(i for i in e if isinstance(i, int)): t for e, t in elements.items()}
    tail: Shape = ()
    for k in reversed(range(len(shape))):
        rows: dict[tuple[int, ...], list[Node | None]] = {}
        for i, t in level.items():
            row = rows.get(i[:k])
            if row is None:
                row = rows[i[:k]] = [None] * shape[k]
            row[i[k]] = t
        empty = zeros(extra + tail)
        level = {i: stack([empty if t is None else t for t in ts], len(extra)) for i, ts in sorted(rows.items())}
        tail = (shape[k], *tail)
    return level[()]


def _at_once(parts: Mapping[Entries, Node], shape: Shape, extra: Shape) -> Node:
    places = np.arange(math.prod(shape)).reshape(shape)
    axis = len(extra)
    taken = {e: take(places, e).ravel().tolist() for e in parts}
    single = [e for e in parts if parts[e].shape == extra]
    several = [e for e in parts if parts[e].shape != extra]
    joined = [stack([parts[e] for e in single], axis)] if single else []
    joined += [reshape(parts[e], (*extra, len(taken[e]))) for e in several]
    at = tuple(i for e in (*single, *several) for i in taken[e])
    flat = place(concatenate(joined, axis), (None,) * axis + (Take(at),), (*extra, places.size))
    return reshape(flat, extra + shape)
