"""A partial derivative times a tangent or a cotangent, whose extra axes count directions.

Tangents have the shape ``arg.shape + extra``, cotangents ``extra + node.shape``.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from ..canonical.arithmetic import is_whole, linear, product
from ..canonical.contract import contract, is_structural
from ..canonical.grouping import kept_nodes
from ..canonical.most_common import number_times
from ..canonical.written import multiple
from ..graph.leaves import constant, number, zeros
from ..graph.node import Node, Shape

Labels = list[Hashable]


def axes(name: str, shape: Shape) -> Labels:
    """A label for each axis of a shape."""
    return [(name, k) for k in range(len(shape))]


def sizes(*pairs: tuple[Labels, Shape]) -> dict[Hashable, int]:
    """The size of each label."""
    return {k: n for labels, shape in pairs for k, n in zip(labels, shape)}


def add(terms: Sequence[Node], shape: Shape) -> Node:
    """The sum."""
    return linear([(1.0, t) for t in terms], 0.0, shape)


def scaled_tangent(p: Node, t: Node, arg: Node, node: Node, extra: Shape) -> Node:
    """p * t with the tangent's extra axes last; scalars broadcast."""
    if not extra and not is_structural(p) and not is_structural(t):
        c = number(p)
        known = _multiple(c, t) if c is not None and t.shape == node.shape else None
        if known is not None:
            return known
        return product([(p, 1.0), (t, 1.0)], 1.0, node.shape)
    n, e = axes("n", node.shape), axes("e", extra)
    operands = [(p, n if p.shape else []), (t, (n if arg.shape else []) + e)]
    return contract(operands, n + e, sizes((n, node.shape), (e, extra)))


def scaled_cotangent(p: Node, ct: Node, arg: Node, node: Node, extra: Shape) -> Node:
    """ct * p with the cotangent's extra axes first; summed if a scalar was broadcast."""
    if not extra and arg.shape == node.shape and not is_structural(p) and not is_structural(ct):
        c = number(p)
        known = _multiple(c, ct) if c is not None and ct.shape == node.shape else None
        if known is not None:
            return known
        return product([(p, 1.0), (ct, 1.0)], 1.0, node.shape)
    n, e = axes("n", node.shape), axes("e", extra)
    return contract([(ct, e + n), (p, n if p.shape else [])], e + (n if arg.shape else []))


def _multiple(c: float, v: Node) -> Node | None:
    """``c * v`` where it needs no rules of products: the most common step of a sweep."""
    value = number(v)
    if value is not None:
        return constant(c * value or 0.0, v.shape)
    return multiple(c, v) if is_whole(v, c) else None


def scalar_multiple(c: float, v: Node) -> Node:
    """``c * v`` of a scalar tangent or cotangent, without a node for the number."""
    value = number(v)
    if value is not None:
        return v if c == 1.0 and value else constant(c * value or 0.0)
    if is_whole(v, c):
        return multiple(c, v)
    kept = kept_nodes()
    quick = None if kept is None else number_times(c, v, kept, factors=True)
    if quick is not None:
        return quick
    return product([(constant(c), 1.0), (v, 1.0)])


def spread_tangent(t: Node | None, arg: Node, node: Node, extra: Shape) -> Node:
    """A tangent broadcast to all of a node's elements."""
    if t is None:
        return zeros(node.shape + extra)
    n, e = axes("n", node.shape), axes("e", extra)
    return contract([(t, (n if arg.shape else []) + e)], n + e, sizes((n, node.shape), (e, extra)))


def along_tangents(value: Node, node: Node, extra: Shape) -> Node:
    """A value of the node's shape, or a scalar, repeated along a tangent's extra axes."""
    n, e = axes("n", node.shape), axes("e", extra)
    return contract([(value, n if value.shape else [])], n + e, sizes((n, node.shape), (e, extra)))


def along_cotangents(value: Node, node: Node, extra: Shape) -> Node:
    """A value of the node's shape, or a scalar, repeated along a cotangent's extra axes."""
    n, e = axes("n", node.shape), axes("e", extra)
    return contract([(value, n if value.shape else [])], e + n, sizes((e, extra), (n, node.shape)))


def gathered(ct: Node, arg: Node, node: Node, extra: Shape) -> Node:
    """A cotangent of all of the node's elements, summed if a scalar was broadcast."""
    if arg.shape == node.shape:
        return ct
    n, e = axes("n", node.shape), axes("e", extra)
    return contract([(ct, e + n)], e)


__all__ = [
    "Labels", "add", "along_cotangents", "along_tangents", "axes", "gathered", "scalar_multiple", "scaled_cotangent",
    "scaled_tangent", "sizes", "spread_tangent",
]  # fmt: skip
