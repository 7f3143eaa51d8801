"""The elements of a derivative that can differ from zero, by the zeros of its seeds.

A seed is an array of zeros and ones.  Its zeros go through everything that multiplies and moves elements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..canonical.select import put, take
from ..functions.rows import GATE, GATE_BOTH, WHERE
from ..graph import primitive
from ..graph.column import Column
from ..graph.leaves import constant_value, is_known
from ..graph.node import Node
from ..graph.views import Contraction, Linear, axis_of, entries_of

Masks = Sequence[np.ndarray]
#: ``(node, masks)``: where the node can differ from zero, from where its arguments can
NONZERO: Column[Callable[[Node, Masks], np.ndarray]] = Column(
    "nonzero", "the elements that can differ from zero", __name__, leaves=False, otherwise="all of them can"
)
#: sums of more products than these are not looked at
_MOST = 1 << 26


def nonzeros_of(node: Node, masks: Masks) -> np.ndarray:
    """Where a node can differ from zero, as a mask of its shape."""
    if not node.args or is_known(node):
        value = constant_value(node) if is_known(node) else None
        return np.ones(node.shape, bool) if value is None else np.asarray(value != 0)
    rule = NONZERO.find(node.op)
    return np.ones(node.shape, bool) if rule is None else rule(node, masks)


@NONZERO.rule(primitive.SUM)
def _sum(node: Node, masks: Masks) -> np.ndarray:
    if Linear.of(node).constant:
        return np.ones(node.shape, bool)
    found = np.zeros(node.shape, bool)
    for m in masks:
        found |= m
    return found


@NONZERO.rule(primitive.PRODUCT, GATE, GATE_BOTH)
def _product(node: Node, masks: Masks) -> np.ndarray:
    found = np.ones(node.shape, bool)
    for m, e in zip(masks, node.params or (1.0,) * len(masks)):
        if e > 0:
            found &= m
    return found


@NONZERO.rule(WHERE)
def _where(node: Node, masks: Masks) -> np.ndarray:
    return np.broadcast_to(masks[1] | masks[2], node.shape)


@NONZERO.rule(primitive.CONTRACT)
def _contract(node: Node, masks: Masks) -> np.ndarray:
    labels, sizes = Contraction.of(node)
    dense = [m for m, a in zip(masks, node.args) if a.op is not primitive.IDENTITY]
    if len(sizes) > node.ndim and (all(m.all() for m in dense) or np.prod(sizes, dtype=float) > _MOST):
        return np.ones(node.shape, bool)
    terms: list[Any] = []
    for m, ls in zip(masks, labels):
        terms += [m.astype(float), list(ls)]
    shown = {i for ls in labels for i in ls}
    for k in range(len(sizes)):
        if k not in shown:
            terms += [np.ones(sizes[k]), [k]]
    return np.asarray(np.einsum(*terms, list(range(node.ndim)), optimize=len(masks) > 2) != 0)


@NONZERO.rule(primitive.SELECT)
def _select(node: Node, masks: Masks) -> np.ndarray:
    return take(masks[0], node.params)


@NONZERO.rule(primitive.PLACE)
def _place(node: Node, masks: Masks) -> np.ndarray:
    counts = np.zeros(node.shape)
    put(counts, masks[0].astype(float), entries_of(node))
    return np.asarray(counts != 0)


NONZERO.fill(lambda node, masks: np.stack(masks, axis_of(node)), primitive.STACK)
NONZERO.fill(lambda node, masks: np.concatenate(masks, axis_of(node)), primitive.CONCATENATE)
NONZERO.fill(lambda node, masks: masks[0].reshape(node.shape), primitive.RESHAPE)

__all__ = ["NONZERO", "nonzeros_of"]
