"""The number of scalar operations of an evaluation, for one sample."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..canonical.contract import is_structural
from ..functions.along_axes import AxisFunction
from ..functions.elementwise import Function
from ..graph import primitive
from ..graph.column import Column
from ..graph.node import Node
from ..graph.views import Contraction, Linear

#: scalar operations of a node, without its arguments
COUNT: Column[Callable[[Node], int]] = Column(
    "count", "the number of scalar operations of a node, from its parameters and shapes", __name__, leaves=False
)


@COUNT.rule(primitive.SUM)
def _sum(node: Node) -> int:
    const, coefficients = Linear.of(node)
    total: int = (len(node.args) * 2 - sum(c in (1.0, -1.0) for c in coefficients) - (const == 0.0)) * node.size
    return total


@COUNT.rule(primitive.PRODUCT)
def _product(node: Node) -> int:
    """Multiplications, divisions and powers; a/b is one operation, and so is 1/b."""
    powers = sum(abs(e) != 1.0 for e in node.params)
    total: int = (len(node.args) - 1 + powers + all(e < 0 for e in node.params)) * node.size
    return total


@COUNT.rule(primitive.CONTRACT)
def _contract(node: Node) -> int:
    """Multiplications and additions, if operands are contracted one after another."""
    labels, sizes = Contraction.of(node)
    if is_structural(node):
        return 0
    live = [set(ks) for a, ks in zip(node.args, labels) if a.op is not primitive.IDENTITY]
    total = 0
    out = set(range(len(node.shape)))
    joined = live[0]
    for at, ks in enumerate(live[1:], 2):
        joined = joined | ks
        later = out.union(*live[at:]) if at < len(live) else out
        total += math.prod(sizes[k] for k in joined) * (2 if joined - later else 1)
        joined = joined & later
    if len(live) == 1:
        total += math.prod(sizes[k] for k in live[0])
    return total


@COUNT.rule(*primitive.MOVEMENTS)
def _moved(node: Node) -> int:
    return 0


@COUNT.rule(primitive.REDUCE_MAX, primitive.REDUCE_MIN)
def _extremum(node: Node) -> int:
    return node.args[0].size


@COUNT.rule(primitive.SOLVE)
def _solve(node: Node) -> int:
    a = node.args[0]
    n = a.shape[-1]
    return a.size * 2 * n // 3 + 2 * n * node.size


@COUNT.rule(AxisFunction)
def _along(node: Node) -> int:
    assert isinstance(node.op, AxisFunction)
    return node.op.operations * node.args[0].size


@COUNT.rule(Function, primitive.SAMPLE_SUM)
def _each(node: Node) -> int:
    """An operation for each element."""
    return node.size


__all__ = ["COUNT"]
