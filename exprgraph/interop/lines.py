"""Ordered arrays in SymPy: the element with as many smaller keys as its place."""

from __future__ import annotations

from typing import Any

from ..canonical.arithmetic import linear
from ..functions.rows import equal, less, less_equal, where
from ..graph.node import Node
from ..lines.order import ORDERED, axis_of
from ..meaning.elements import elements
from .writing import SPELLED


@SPELLED.rule(ORDERED)
def _by_ranks(node: Node, index: tuple[int, ...], tables: dict[Node, Any]) -> Node:
    if node not in tables:
        tables[node] = [elements(a) for a in node.args]
    axis = axis_of(node)
    line = tuple(slice(None) if k == axis else i for k, i in enumerate(index))
    keys, values = (list(table[line]) for table in tables[node])
    ranks = [linear([(1.0, (less_equal if j < i else less)(k, key)) for j, k in enumerate(keys) if j != i]) for i, key in enumerate(keys)]
    return linear([(1.0, where(equal(rank, float(index[axis])), x, 0.0)) for rank, x in zip(ranks, values)])
