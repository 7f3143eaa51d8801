"""Sums of gates: products of arrays in which zeros of one operand silence the other.

``sum over k of gate(a[i, k], b[k, j])`` is a product of matrices except at zeros of a.  Evaluators compute it like a product,
and never store the gate, which has all axes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..canonical.contract import is_structural
from ..graph.node import Node
from ..graph.primitive import CONTRACT
from ..graph.views import Contraction
from .rows import GATE

#: the most elements to make at once
_LIMIT = 1 << 20


def summed_gate(node: Node) -> Node | None:
    """The gate that a node sums, or the node itself if it is a gate with a repeated operand."""
    gate = node
    if node.op is CONTRACT:
        if len(node.args) > 1 or len(Contraction.of(node).sizes) == len(node.shape):
            return None
        (gate,), (labels,) = node.args, Contraction.of(node).labels
        if len(set(labels)) < len(labels):
            return None
    return gate if gate.op is GATE and any(map(is_structural, gate.args)) else None


def only_summed(order: Sequence[Node], uses: Mapping[Node, int]) -> dict[Node, Node]:
    """For each sum of a gate, the gate, if nothing else uses it."""
    found: dict[Node, Node] = {}
    for node in order:
        gate = summed_gate(node)
        if gate is not None and gate is not node and uses[gate] == 1:
            found[node] = gate
    return found


def narrow(value: np.ndarray, labels: Sequence[int], keep: Sequence[int]) -> tuple[np.ndarray, list[int]]:
    """A repeated operand without its axes of repetition, except the labels to keep."""
    lead = value.ndim - len(labels)
    repeated = [k not in keep and value.strides[lead + at] == 0 and value.shape[lead + at] > 1 for at, k in enumerate(labels)]
    index = (Ellipsis, *(0 if r else slice(None) for r in repeated))
    return value[index], [k for k, r in zip(labels, repeated) if not r]


def summed_carefully(strong: np.ndarray, factor: np.ndarray, labels: Sequence[int], ndim: int) -> np.ndarray:
    """The sum of the gate over the labels from ``ndim`` on, element by element; axes in the order of the labels left."""
    strong, factor = np.broadcast_arrays(strong, factor)
    lead = strong.ndim - len(labels)
    summed = [lead + at for at, k in enumerate(labels) if k >= ndim]
    order = [*range(lead), *(lead + int(at) for at in np.argsort([k for k in labels if k < ndim]))]
    longest = max(summed, key=lambda axis: strong.shape[axis])
    rest = tuple(axis - (axis > longest) for axis in summed if axis != longest)
    if strong.size <= _LIMIT:
        total = np.where(strong == 0, 0, strong * factor).sum(axis=tuple(summed))
        return np.asarray(total.transpose(order))
    parts = zip(np.moveaxis(strong, longest, 0), np.moveaxis(factor, longest, 0))
    total = sum((np.where(s == 0, 0, s * f).sum(axis=rest) for s, f in parts), np.zeros((), strong.dtype))
    return np.asarray(total.transpose(order))


__all__ = ["narrow", "only_summed", "summed_carefully", "summed_gate"]
