"""Maxima and minima over axes."""

from __future__ import annotations

from ..graph.leaves import array, constant, constant_value, number
from ..graph.node import Node, make
from ..graph.primitive import REDUCE_MAX, REDUCE_MIN, Primitive
from ..graph.traverse import REBUILD
from .select import select


def extremum(row: Primitive, node: Node, axes: tuple[int, ...]) -> Node:
    """The canonical maximum or minimum over axes."""
    if any(node.shape[k] == 1 for k in axes):
        node_axes = [k for k in axes if node.shape[k] != 1]
        squeezed = [k for k in axes if node.shape[k] == 1]
        node = select(node, tuple(0 if k in squeezed else None for k in range(node.ndim)))
        axes = tuple(k - len([s for s in squeezed if s < k]) for k in node_axes)
    shape = tuple(n for k, n in enumerate(node.shape) if k not in axes)
    if not axes:
        return node
    value = number(node)
    if value is not None or 0 in shape:
        return constant(value or 0.0, shape)
    known = constant_value(node)
    if known is not None:
        return array(known.max(axes) if row is REDUCE_MAX else known.min(axes))
    return make(row, (node,), axes, shape)


def largest(node: Node, axes: tuple[int, ...]) -> Node:
    """The maximum over axes."""
    return extremum(REDUCE_MAX, node, axes)


def smallest(node: Node, axes: tuple[int, ...]) -> Node:
    """The minimum over axes."""
    return extremum(REDUCE_MIN, node, axes)


REBUILD.fill(lambda node, args: extremum(node.op, args[0], node.params), REDUCE_MAX, REDUCE_MIN)

__all__ = ["extremum", "largest", "smallest"]
