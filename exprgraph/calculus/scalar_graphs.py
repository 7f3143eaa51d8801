"""Graphs of scalars selected from arrays: their detection, and arrays of their entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple

import numpy as np

from ..canonical.joining import stack
from ..functions.elementwise import Function
from ..graph.leaves import constant, constant_value, zeros
from ..graph.node import Node, Shape
from ..graph.primitive import PRODUCT, SELECT, STACK, SUM
from ..graph.traverse import dependents, topological
from ..graph.views import axis_of

Index = tuple[int, ...]


class ScalarGraph(NamedTuple):
    """Scalars that depend on some symbols by single elements.

    ``order`` has all nodes below the parts and more, arguments first; ``active`` the nodes that depend on each symbol.
    """

    parts: Sequence[Node]
    order: Sequence[Node]
    active: Mapping[Node, Set[Node]]


def scalar_graph(outputs: Sequence[Node], xs: Sequence[Node]) -> ScalarGraph | None:
    """The graph of outputs that are scalars, or nested stacks of scalars.

    ``None``, if they are not, or if they depend on a symbol not only by single elements.
    """
    order = topological(outputs)
    active = {x: dependents(order, [x]) for x in xs}
    parts = [p for f in outputs for p in scalar_parts(f)]
    if any([p.shape for p in parts]):  # noqa: C419  (slower as a generator)
        return None
    outer = _outer_stacks(outputs)
    elementwise = {op for op in {n.op for n in order} if op is SUM or op is PRODUCT or isinstance(op, Function)}
    for x, below in active.items():
        for node in order:
            if node not in below or node is x:
                continue
            op = node.op
            if op is SELECT:
                if node.args[0] is not x or node.shape:
                    return None
            elif (node.shape or op not in elementwise) and node not in outer:
                return None
    return ScalarGraph(parts, order, active)


def _outer_stacks(outputs: Sequence[Node]) -> set[Node]:
    """The stacks that are outputs, or elements of such stacks."""
    found: set[Node] = set()
    pending = [*outputs]
    while pending:
        node = pending.pop()
        if node.op is STACK and node not in found:
            found.add(node)
            pending += node.args
    return found


def is_scalar_graph(f: Node, x: Node) -> bool:
    """Whether f consists of scalars that depend on x only by single elements."""
    if f is x:
        return False
    graph = scalar_graph([f], [x])
    return graph is not None and f in graph.active[x]


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


def numbers_of(indices: Iterable[Index], shape: Shape) -> list[int]:
    """The numbers of elements of an array in row-major order."""
    if len(shape) == 1:
        return [k for (k,) in indices]
    found = []
    for index in indices:
        number = 0
        for k, n in zip(index, shape):
            number = number * n + k
        found.append(number)
    return found


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
