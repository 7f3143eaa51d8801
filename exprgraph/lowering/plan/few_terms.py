"""Sums over a few elements along an axis, which are added one after another."""

from __future__ import annotations

from ...canonical.contract import is_structural
from ...graph.node import Node
from ...graph.primitive import CONTRACT
from ...graph.views import Contraction

#: the most elements
FEW = 4


def summed_axis(node: Node) -> int | None:
    """The axis of its operand whose few elements a node adds; ``None`` if it is another node."""
    if node.op is not CONTRACT or len(node.args) > 1 or is_structural(node):
        return None
    (labels,), sizes = Contraction.of(node)
    if len(sizes) != node.ndim + 1 or sizes[-1] > FEW or sorted(labels) != list(range(len(sizes))):
        return None
    axis = labels.index(node.ndim)
    return axis if [*labels[:axis], *labels[axis + 1 :]] == list(range(node.ndim)) else None


__all__ = ["FEW", "summed_axis"]
