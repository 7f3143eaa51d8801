"""Sums in the order of their terms, for generated code: a long chain of additions as one loop."""

from __future__ import annotations

from ...graph.node import Node, make
from ...graph.primitive import Primitive
from ...graph.traverse import REBUILD

# for generated code only: it has no derivatives, and is not in the table
#: the sum of the elements of a vector, added one after another
SUM_IN_ORDER = Primitive("sum in order")

REBUILD.fill(lambda node, args: make(node.op, args, node.params, node.shape), SUM_IN_ORDER)


def sum_in_order(terms: Node) -> Node:
    """The sum of the elements of a vector, with the bits of additions from the first to the last."""
    return make(SUM_IN_ORDER, (terms,), (0,), ())


__all__ = ["SUM_IN_ORDER", "sum_in_order"]
