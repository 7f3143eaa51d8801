"""Sums over axes and diagonals of one operand, and their push-down.

The kind of node has a rule for the push-down of a map.  ``trace(Hessian)`` becomes the forward Laplacian by these
rules alone: a map moves through sums, contractions and selections to the leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Union

import numpy as np

from ..graph.column import Column
from ..graph.leaves import array
from ..graph.node import Node, Shape, make
from ..graph.primitive import ARRAY, CONSTANT, CONTRACT, IDENTITY, SELECT
from ..graph.views import data_of
from ..support.unwinding import unwinding


class IndexMap:
    """A label for each axis of an operand: axes of equal labels become their diagonal, negative labels are summed.

    The other labels are 0, 1, ...: the axes of the result.
    """

    __slots__ = ("diagonal", "kept", "labels", "shape", "sizes", "summed")

    def __init__(self, labels: tuple[int, ...], operand: Shape) -> None:
        self.labels = labels
        #: the labels of the result
        self.kept = range(max((k for k in labels if k >= 0), default=-1) + 1)
        #: the length of the axes of each label
        self.sizes = dict(zip(labels, operand))
        #: whether an axis is summed
        self.summed = any(k < 0 for k in labels)
        #: whether axes are joined
        self.diagonal = len(self.sizes) < len(labels)
        #: the shape of the result
        self.shape: Shape = tuple(self.sizes[k] for k in self.kept)


#: ``(node, map)``: the map pushed into the node; None if it stays outside
MOVED_IN: Column[Callable[[Node, IndexMap], Union[Node, None]]] = Column(
    "moved_in", "a sum over axes or a diagonal, pushed into a node of this kind", __name__, otherwise="the map stays outside"
)
#: whether a sum over an axis moves into a node without making it larger
ABSORBS: Column[Callable[[Node], bool]] = Column(
    "absorbs", "whether a sum over one of its axes makes a node of this kind no larger", __name__, otherwise="it does not"
)


def reduce_inside(node: Node, labels: Sequence[int], kept: Sequence[int]) -> Node | None:
    """``node`` with equal labels joined (diagonal) and labels not in ``kept`` summed.

    ``None`` means that the map cannot be pushed down and stays (a bare diagonal).
    """
    names = {k: i for i, k in enumerate(kept)}
    for k in labels:
        names.setdefault(k, len(names))
    # kept labels are 0, 1, ...; summed ones are negative
    return _moved_in(node, tuple(names[k] if names[k] < len(kept) else -1 - names[k] for k in labels))


@unwinding
def _moved_in(node: Node, labels: tuple[int, ...]) -> Node | None:
    along = IndexMap(labels, node.shape)
    rule = MOVED_IN.find(node.op)
    moved = None if rule is None else rule(node, along)
    if moved is not None or not along.summed:
        return moved
    canonical = {k: i for i, k in enumerate(along.kept)}
    for k in labels:
        canonical.setdefault(k, len(canonical))
    sizes = tuple(along.sizes[k] for k in canonical)
    return make(CONTRACT, (node,), ((tuple(canonical[k] for k in labels),), sizes), along.shape)


@MOVED_IN.rule(ARRAY)
def _of_an_array(node: Node, along: IndexMap) -> Node:
    letters = {k: chr(97 + i) for i, k in enumerate(along.sizes)}
    rule = "".join(letters[k] for k in along.labels) + "->" + "".join(letters[k] for k in along.kept)
    return array(np.einsum(rule, data_of(node)))


ABSORBS.fill(lambda node: True, ARRAY, CONSTANT, IDENTITY, CONTRACT)
ABSORBS.fill(lambda node: node.args[0].op is IDENTITY, SELECT)

__all__ = ["ABSORBS", "MOVED_IN", "IndexMap", "reduce_inside"]
