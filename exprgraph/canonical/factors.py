"""Products and quotients of two arrays, of which one may only move elements.

The elements are multiplied or divided first, and moved then: ``x[:, None] * y[:, None]`` is ``(x*y)[:, None]``.
"""

from __future__ import annotations

from ..graph.node import Node, Shape
from .arithmetic import product
from .contract import contract, is_structural, unmoved
from .written import split_coefficient


def times(a: Node, b: Node, shape: Shape) -> Node:
    """a * b, each of the shape or a scalar; moves of elements follow the multiplication."""
    if any(is_structural(split_coefficient(n)[1]) for n in (a, b)):
        labels = range(len(shape))
        return contract([(n, labels if n.shape else ()) for n in (a, b)], labels, dict(enumerate(shape)))
    return product([(a, 1.0), (b, 1.0)], 1.0, shape)


def quotient(a: Node, b: Node, shape: Shape) -> Node:
    """a / b, each of the shape or a scalar.

    If both operands are moved in the same way, or one is a scalar, the elements are divided before they are moved.
    """
    if not any(is_structural(split_coefficient(n)[1]) for n in (a, b)):
        return product([(a, 1.0), (b, -1.0)], 1.0, shape)
    (x, own), (y, other) = unmoved(a), unmoved(b)
    if own == other or not own or not other:
        labels = own or other
        inner = product([(x, 1.0), (y, -1.0)], 1.0, tuple(shape[k] for k in labels))
        return contract([(inner, labels)], range(len(shape)), dict(enumerate(shape)))
    return product([(a, 1.0), (b, -1.0)], 1.0, shape)


__all__ = ["quotient", "times"]
