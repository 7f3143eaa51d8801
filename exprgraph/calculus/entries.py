"""Graphs of scalars picked out of arrays, differentiated entry by entry.

``x[0]*x[1] + sin(x[2])`` depends on three numbers.  Differentiating by the array would carry arrays of
mostly zeros; here every scalar node carries the derivatives by those elements it depends on, and
no others, so that a Jacobian is as sparse as the mathematics says.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..elementwise import Function
from ..joining import stack
from ..leaves import constant, constant_value, is_zero, zeros
from ..node import Node, Shape
from ..primitive import PRODUCT, SELECT, STACK, SUM
from ..traverse import dependents, topological
from .rules import jvp_rule

Index = tuple[int, ...]


def is_scalar_graph(f: Node, x: Node) -> bool:
    """Whether f is made of scalars that see x only by single elements."""
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
    """The elements of nested stacks in row-major order; what is neither a stack nor a constant is one part."""
    parts: list[Node] = []
    pending = [f]
    while pending:
        node = pending.pop()
        known = constant_value(node) if node.shape else None
        if known is not None:
            parts += [constant(float(v)) for v in known.ravel()]
        elif node.op is STACK and node.params[0] == 0:
            pending += reversed(node.args)
        else:
            parts.append(node)
    return parts


def entry_derivatives(parts: Sequence[Node], x: Node) -> list[dict[Index, Node]]:
    """For each scalar, its derivative by every element of x that it depends on."""
    order = topological(parts)
    active = dependents(order, [x])
    table: dict[Node, dict[Index, Node]] = {}
    for node in order:
        if node not in active:
            continue
        if node is x:
            table[node] = {} if x.shape else {(): constant(1.0)}
            continue
        if node.op is SELECT:
            table[node] = {tuple(node.params): constant(1.0)}
            continue
        own: dict[Index, Node] = {}
        indices = sorted({i for a in node.args for i in table.get(a, {})})
        rule = jvp_rule(node.op)
        for i in indices:
            t = rule(node, [table[a].get(i) if a in table else None for a in node.args], ())
            if t is not None and not is_zero(t):
                own[i] = t
        table[node] = own
    return [table.get(p, {}) for p in parts]


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
