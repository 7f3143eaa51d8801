"""The elements of a symbol on which some elements of an array depend.

A mask of elements is pulled through the graph like a cotangent, with "or" for "plus".  Only elements that it reaches may
have a derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Union

import numpy as np

from ..canonical.select import put, take
from ..functions.along_axes import LOG_SOFTMAX, LOGSUMEXP, NORM, SOFTMAX
from ..functions.elementwise import Function
from ..graph import primitive
from ..graph.column import Column
from ..graph.leaves import constant_value, is_known
from ..graph.node import Node
from ..graph.traverse import dependents, topological
from ..graph.views import Contraction, axis_of, entries_of

#: masks of the arguments from the mask of a node; ``None`` if an argument has no derivative
ReachRule = Callable[[Node, np.ndarray], Sequence[Union[np.ndarray, None]]]
REACH: Column[ReachRule] = Column("reach", "the elements of the arguments on which some elements of a node depend", __name__, leaves=False)


def reach(node: Node, mask: np.ndarray, x: Node) -> np.ndarray:
    """The elements of x, as a mask of its shape, by which masked elements of a node may have derivatives.

    >>> import exprgraph as eg, numpy as np
    >>> from exprgraph.calculus.reach import reach
    >>> x = eg.Symbol("x", shape=4)
    >>> reach(eg.sin(x[:3]) * x[1:], np.array([True, False, False]), x)
    array([ True,  True, False, False])
    """
    return Reach(node, [x]).of(mask)[0]


class Reach:
    """The elements of some symbols on which elements of a node depend, for one mask after another."""

    def __init__(self, node: Node, targets: Sequence[Node]) -> None:
        self.node = node
        self.targets = targets
        order = topological([node])
        self._active = dependents(order, targets)
        self._order = [n for n in reversed(order) if n in self._active]

    def __len__(self) -> int:
        """The number of nodes that a mask is pulled through."""
        return len(self._order)

    def __contains__(self, x: Node) -> bool:
        """Whether the node depends on a target at all."""
        return x in self._order

    def of(self, mask: np.ndarray) -> list[np.ndarray]:
        """A mask for each target."""
        found = {x: np.zeros(x.shape, dtype=bool) for x in self.targets}
        masks: dict[Node, np.ndarray] = {self.node: mask}
        for n in self._order:
            own = masks.pop(n, None)
            if own is None:
                continue
            if n in found:
                found[n] = own
            for a, m in zip(n.args, REACH[n.op](n, own) if n.args else ()):
                if m is not None and a in self._active and m.any():
                    masks[a] = masks[a] | m if a in masks else m
        return [found[x] for x in self.targets]


def _own(a: Node, mask: np.ndarray) -> np.ndarray:
    """The mask of an argument of an elementwise operation; a scalar acts on every element."""
    return mask if a.shape else np.asarray(mask.any())


@REACH.rule(primitive.SUM)
def _sum(node: Node, mask: np.ndarray) -> Sequence[np.ndarray | None]:
    return [_own(a, mask) for a in node.args]


@REACH.rule(primitive.PRODUCT)
def _product(node: Node, mask: np.ndarray) -> Sequence[np.ndarray | None]:
    known = [v for a in node.args if is_known(a) and (v := constant_value(a)) is not None]
    for v in known:  # nothing goes through a zero
        mask = mask & (v != 0)
    return [_own(a, mask) for a in node.args]


@REACH.rule(Function)
def _function(node: Node, mask: np.ndarray) -> Sequence[np.ndarray | None]:
    assert isinstance(node.op, Function)
    return [None if p is None else _own(a, mask) for p, a in zip(node.op.partials, node.args)]


@REACH.rule(primitive.CONTRACT)
def _contract(node: Node, mask: np.ndarray) -> Sequence[np.ndarray | None]:
    labels, sizes = Contraction.of(node)
    known = [np.asarray(v != 0, dtype=float) if is_known(a) and (v := constant_value(a)) is not None else None for a in node.args]
    out: list[np.ndarray | None] = []
    for k, (arg, own) in enumerate(zip(node.args, labels)):
        if known[k] is not None:
            out.append(None)
            continue
        unique = list(dict.fromkeys(own))
        terms = [(mask.astype(float), list(range(node.ndim))), *((v, list(labels[i])) for i, v in enumerate(known) if v is not None)]
        there = {label for _, ks in terms for label in ks}
        terms += [(np.ones(sizes[label]), [label]) for label in unique if label not in there]
        found = np.asarray(np.einsum(*(part for term in terms for part in term), unique) != 0)
        if len(unique) < len(own):  # on a diagonal, a view by einsum
            found, diagonal = np.zeros(arg.shape, dtype=bool), found
            np.einsum(found, list(own), unique)[...] = diagonal
        out.append(found)
    return out


@REACH.rule(primitive.SELECT)
def _select(node: Node, mask: np.ndarray) -> Sequence[np.ndarray | None]:
    counts = np.zeros(node.args[0].shape)
    put(counts, mask.astype(float), node.params)
    return [counts != 0]


@REACH.rule(primitive.STACK)
def _stack(node: Node, mask: np.ndarray) -> Sequence[np.ndarray | None]:
    return [np.take(mask, k, axis=axis_of(node)) for k in range(len(node.args))]


@REACH.rule(primitive.CONCATENATE)
def _concatenate(node: Node, mask: np.ndarray) -> Sequence[np.ndarray | None]:
    axis = axis_of(node)
    ends = np.cumsum([a.shape[axis] for a in node.args])
    return np.split(mask, ends[:-1], axis=axis)


@REACH.rule(primitive.REDUCE_MAX, primitive.REDUCE_MIN, NORM, LOGSUMEXP)
def _extremum(node: Node, mask: np.ndarray) -> Sequence[np.ndarray | None]:
    (arg,) = node.args
    return [np.broadcast_to(np.expand_dims(mask, node.params), arg.shape)]


@REACH.rule(SOFTMAX, LOG_SOFTMAX)
def _along_axes(node: Node, mask: np.ndarray) -> Sequence[np.ndarray | None]:
    return [np.broadcast_to(mask.any(axis=node.params, keepdims=True), mask.shape)]


@REACH.rule(primitive.SOLVE)
def _solve(node: Node, mask: np.ndarray) -> Sequence[np.ndarray | None]:
    a, b = node.args
    lead = a.ndim - 2
    matrices = mask.any(axis=tuple(range(lead, mask.ndim)), keepdims=True).reshape((*mask.shape[:lead], 1, 1))
    return [np.broadcast_to(matrices, a.shape), np.broadcast_to(mask.any(axis=lead, keepdims=True), b.shape)]


REACH.fill(lambda node, mask: [take(mask, entries_of(node))], primitive.PLACE)
REACH.fill(lambda node, mask: [mask.reshape(node.args[0].shape)], primitive.RESHAPE)
REACH.fill(lambda node, mask: [mask], primitive.SAMPLE_SUM)

__all__ = ["REACH", "Reach", "reach"]
