"""Graphs of scalars selected from arrays: their detection, and arrays of their entries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..canonical.joining import stack
from ..functions.elementwise import Function
from ..graph.leaves import constant, constant_value, zeros
from ..graph.node import Node, Shape
from ..graph.primitive import PRODUCT, SELECT, STACK, SUM
from ..graph.traverse import dependents, topological
from ..graph.views import axis_of

Index = tuple[int, ...]


def is_scalar_graph(f: Node, x: Node) -> bool:
    """Whether f consists of scalars that depend on x only by single elements."""
    order = topological([f])
    active = dependents(order, [x])
    if f not in active or f is x:
        return False
    parts = scalar_parts(f)
    if any(p.shape for p in parts):
        return False
    outer = set(topological([f], enter=lambda n: n.op is STACK))
    for node in order:
        if node not in active or node is x or (node in outer and node.op is STACK):
            continue
        if node.op is SELECT:
            if node.args[0] is not x or node.shape:
                return False
        elif node.shape or not (node.op in (SUM, PRODUCT) or isinstance(node.op, Function)) or (x.shape and x in node.args):
            return False
    return True


def scalar_parts(f: Node) -> list[Node]:
    """The elements of nested stacks in row-major order; any node but a stack or a constant is one part."""
    parts: list[Node] = []
    pending = [f]
    while pending:
        node = pending.pop()
        known = constant_value(node) if node.shape else None
        if known is not None:
            parts += [constant(float(v)) for v in known.ravel()]
        elif node.op is STACK and axis_of(node) == 0:
            pending += reversed(node.args)
        else:
            parts.append(node)
    return parts


def parts_of_scalars(f: Node) -> list[Node] | None:
    """The elements of nested stacks, if they are functions of nothing but scalars and elements of symbols."""
    parts = scalar_parts(f)
    if any(p.shape for p in parts):
        return None
    for node in topological(parts):
        if node.op is SELECT:
            if node.shape or not node.args[0].op.leaf:
                return None
        elif node.args and not (node.op in (SUM, PRODUCT) or isinstance(node.op, Function)):
            return None
    return parts


def assemble(rows: Sequence[dict[Index, Node]], f_shape: Shape, x_shape: Shape) -> Node:
    """The dense Jacobian of shape ``f_shape + x_shape`` from its non-zero entries."""
    dense = [_array(row, x_shape) for row in rows]
    return nest(dense, f_shape)


def _array(row: dict[Index, Node], shape: Shape) -> Node:
    if not row:
        return zeros(shape)
    zero = constant(0.0)
    return nest([row.get(i, zero) for i in np.ndindex(*shape)], shape)


def nest(parts: Sequence[Node], shape: Shape) -> Node:
    """Nodes in row-major order as one array with ``shape`` in front of their own."""
    if 0 in shape:
        return zeros(shape)
    parts = list(parts)
    for n in reversed(shape):
        parts = [stack(parts[k : k + n]) for k in range(0, len(parts), n)]
    return parts[0]
