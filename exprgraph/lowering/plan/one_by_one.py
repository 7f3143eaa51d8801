"""Whether samples are computed one by one, with vectors of neighbours, instead of in blocks, with a sample in each lane.

A block keeps every value of its samples in memory.  If the values of a sample are large, a block of a vector's length leaves the
cache, and products of matrices read each of their operands from far away.  A single sample stays near, and its products of
matrices use registers as well as those of a block.  Products of a matrix and a vector do not: there, a block reads a matrix once
for all of its samples.  Nor do products with matrices that all samples share, if these leave the cache and have more numbers than the
values of a sample: they, too, are read once for a block.

Products of two matrices of the sample are quicker one by one, however small a block is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Set

from ...canonical.contract import is_structural
from ...graph.node import Node
from ...graph.primitive import CONTRACT
from ...graph.views import Contraction
from ...meaning.counting import COUNT
from .access import is_view
from .schedule import is_pointwise

#: a product of matrices uses each number so often, on average
REUSE = 2.0
#: the part of all operations that must be quick with vectors of neighbours
SHARE = 0.9
#: The operations of a product that is quicker than products in lanes, which move each sample into lanes and back; and the part of
#: all operations that are such products of two matrices of the sample, for samples of any size.
OWN_OPERATIONS, OWN = 4096, 0.5


def quicker_one_by_one(nodes: Iterable[Node], lanes: Set[Node], vector: int, values: int, cached: int, far: bool) -> bool:
    """Whether most operations of the values of a sample are quick with vectors of neighbours, of this length.

    ``values`` is how many numbers a sample has in the workspace, ``cached`` how many the cache has; ``far`` whether a block of
    samples leaves it.
    """
    total = quick = shared = own = 0
    for node in nodes:
        if node in lanes and node.op is CONTRACT and not is_structural(node):
            shared += sum(a.size for a in node.args if a not in lanes)
        if node in lanes and COUNT.find(node.op) is not None and not is_view(node):
            operations = COUNT[node.op](node)
            total += operations
            quick += operations if _is_quick(node, vector) else 0
            own += operations if _is_own_product(node, lanes) else 0
    if total == 0 or quick < SHARE * total:
        return False
    return own >= OWN * total or (far and shared <= max(values, cached))


def _is_own_product(node: Node, lanes: Set[Node]) -> bool:
    if node.op is not CONTRACT or len(node.args) != 2 or not all(a in lanes for a in node.args):
        return False
    return math.prod(Contraction.of(node).sizes) >= OWN_OPERATIONS


def _is_quick(node: Node, vector: int) -> bool:
    if is_pointwise(node):
        return node.ndim > 0 and node.shape[-1] >= vector
    if node.op is not CONTRACT or is_structural(node):
        return False
    _, sizes = Contraction.of(node)
    moved = node.size + sum(a.size for a in node.args)
    return math.prod(sizes) >= REUSE * moved


__all__ = ["quicker_one_by_one"]
