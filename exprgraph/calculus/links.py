"""The elements of its arguments that each element of a node depends on.

A rule lists steps for one argument.  A step says which row of elements before it goes where: ``into[k]`` is an element of
the argument, and ``out[k]`` the element that depends on it.  So an elementwise function is no step, a selection is one list of
positions, and a softmax is two steps: all elements of a row together, then each element of the row from that.  Links carry
patterns from arguments to nodes, without values and without an expression of any element.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Union

import numpy as np

from ..canonical.joining import ends_of
from ..canonical.select import take
from ..functions.along_axes import LOG_SOFTMAX, LOGSUMEXP, NORM, SOFTMAX
from ..functions.elementwise import Function
from ..functions.rows import WHERE
from ..graph import primitive
from ..graph.column import Column
from ..graph.leaves import constant_value, is_known
from ..graph.node import Node, Shape
from ..graph.views import Contraction, axis_of, entries_of
from ..support.patterns import Pattern
from .reach import REACH


class Link(NamedTuple):
    """Elements that depend on others.  ``None`` stands for all of them, in order; ``height`` is the number of elements after the step."""

    into: np.ndarray | None
    out: np.ndarray | None
    height: int

    def carry(self, pattern: Pattern) -> Pattern:
        """The pattern of the elements after the step, from that of those before it."""
        if self.into is not None:
            pattern = pattern.take(self.into)
        return pattern if self.out is None else pattern.added(self.out, self.height)


Links = Sequence[Link]
#: ``(node, k)``: the steps from argument k to the node; ``None`` if it has no derivative
LINKS: Column[Callable[[Node, int], Union[Links, None]]] = Column(
    "links", "the elements of an argument that each element depends on", __name__, leaves=False, otherwise="found by the column reach"
)


def links(node: Node, k: int) -> Links | None:
    """The steps from an argument to a node."""
    rule = LINKS.find(node.op)
    return by_reach(node, k) if rule is None else rule(node, k)


def by_reach(node: Node, k: int) -> Links | None:
    """For each element, what its mask reaches."""
    into, out = [], []
    for at in range(node.size):
        mask = np.zeros(node.size, dtype=bool)
        mask[at] = True
        found = REACH[node.op](node, mask.reshape(node.shape))[k]
        if found is None:
            return None
        reached = np.flatnonzero(found)
        into.append(reached)
        out.append(np.full(len(reached), at))
    return [Link(np.concatenate(into), np.concatenate(out), node.size)] if into else []


def positions(shape: Shape) -> np.ndarray:
    """The number of each element."""
    return np.arange(int(np.prod(shape))).reshape(shape)


def _elementwise(node: Node, k: int, mask: np.ndarray | None = None) -> Links:
    """Of the same element, or of a scalar; with a mask, only some elements depend on it."""
    spread = not node.args[k].shape and bool(node.shape)
    if mask is not None:
        at = np.flatnonzero(np.broadcast_to(mask, node.shape))
        return [Link(np.zeros(len(at), int) if spread else at, at, node.size)]
    return [Link(np.zeros(node.size, int), None, node.size)] if spread else []


@LINKS.rule(primitive.PRODUCT)
def _product(node: Node, k: int) -> Links:
    known = [v for a in node.args if is_known(a) and (v := constant_value(a)) is not None]
    if all(v.all() for v in known):
        return _elementwise(node, k)
    return _elementwise(node, k, np.logical_and.reduce(np.broadcast_arrays(*(v != 0 for v in known), np.ones(node.shape, bool))))


@LINKS.rule(Function)
def _function(node: Node, k: int) -> Links | None:
    assert isinstance(node.op, Function)
    return None if node.op.partials[k] is None else _elementwise(node, k)


@LINKS.rule(WHERE)
def _where(node: Node, k: int) -> Links | None:
    if k == 0:
        return None
    chosen = constant_value(node.args[0]) if is_known(node.args[0]) else None
    return _elementwise(node, k, None if chosen is None else (chosen != 0) == (k == 1))


@LINKS.rule(primitive.CONTRACT)
def _contract(node: Node, k: int) -> Links | None:
    """Of elements whose labels agree, where the known operands are not zero; a delta makes two labels one."""
    labels, sizes = Contraction.of(node)
    same = list(range(len(sizes)))
    for a, ls in zip(node.args, labels):
        if a.op is primitive.IDENTITY:
            low, high = sorted((same[ls[0]], same[ls[1]]))
            same = [low if s == high else s for s in same]
    own, result = [same[i] for i in labels[k]], [same[i] for i in range(node.ndim)]
    free = list(dict.fromkeys([*result, *own]))
    lengths = [sizes[i] for i in free]
    out = _numbers(node.shape, result, free, lengths)
    into = _numbers(node.args[k].shape, own, free, lengths)
    mask = _allowed(node, [same[i] for i in range(len(sizes))], free)
    out, into = np.broadcast_arrays(out, into)
    if mask is not None:
        out, into = out[mask], into[mask]
    out, into = out.ravel(), into.ravel()
    in_order = len(out) == node.size and result == free and mask is None
    return [Link(into, None if in_order else out, node.size)]


def _numbers(shape: Shape, labels: Sequence[int], free: Sequence[int], lengths: Sequence[int]) -> np.ndarray:
    """The number of the element of an array that has some labels, for all values of the free labels."""
    strides = [int(np.prod(shape[at + 1 :])) for at in range(len(shape))]
    total = np.zeros([1] * len(free), int)
    for label, stride in zip(labels, strides):
        at = free.index(label)
        total = total + (np.arange(lengths[at]) * stride).reshape([-1 if i == at else 1 for i in range(len(free))])
    return np.broadcast_to(total, lengths)


def _allowed(node: Node, same: Sequence[int], free: Sequence[int]) -> np.ndarray | None:
    """Where no known operand is zero, by the free labels; ``None`` if that is everywhere."""
    labels, sizes = Contraction.of(node)
    terms = []
    for a, ls in zip(node.args, labels):
        if is_known(a) and a.op is not primitive.IDENTITY:
            value = constant_value(a)
            if value is not None and not value.all():
                terms += [(value != 0).astype(float), [same[i] for i in ls]]
    if not terms:
        return None
    shown = {i for ls in terms[1::2] for i in ls}
    for label in free:
        if label not in shown:
            terms += [np.ones(sizes[label]), [label]]
    return np.asarray(np.einsum(*terms, list(free), optimize=True) != 0)


@LINKS.rule(primitive.SELECT)
def _select(node: Node, k: int) -> Links:
    return [Link(take(positions(node.args[0].shape), node.params).ravel(), None, node.size)]


@LINKS.rule(primitive.PLACE)
def _place(node: Node, k: int) -> Links:
    return [Link(None, take(positions(node.shape), entries_of(node)).ravel(), node.size)]


@LINKS.rule(primitive.STACK)
def _stack(node: Node, k: int) -> Links:
    return [Link(None, np.take(positions(node.shape), k, axis=axis_of(node)).ravel(), node.size)]


@LINKS.rule(primitive.CONCATENATE)
def _concatenate(node: Node, k: int) -> Links:
    axis = axis_of(node)
    end = ends_of(node)[k]
    at = np.arange(end - node.args[k].shape[axis], end)
    return [Link(None, np.take(positions(node.shape), at, axis=axis).ravel(), node.size)]


def grouped(shape: Shape, axes: Sequence[int]) -> tuple[np.ndarray, int]:
    """For each element, the number of its group, which is all of some axes; and the number of groups."""
    kept = [1 if k in axes else n for k, n in enumerate(shape)]
    count = int(np.prod(kept))
    return np.broadcast_to(np.arange(count).reshape(kept), shape).ravel(), count


def by_groups(before: np.ndarray, after: np.ndarray, count: int) -> Links:
    """Links by which each element depends on all elements of its group: the groups of elements before, and after."""
    return [Link(None, before, count), Link(after, None, len(after))]


@LINKS.rule(primitive.REDUCE_MAX, primitive.REDUCE_MIN, NORM, LOGSUMEXP)
def _reduced(node: Node, k: int) -> Links:
    groups, count = grouped(node.args[0].shape, node.params)
    return [Link(None, groups, count)]


@LINKS.rule(SOFTMAX, LOG_SOFTMAX)
def _along_axes(node: Node, k: int) -> Links:
    groups, count = grouped(node.shape, node.params)
    return by_groups(groups, groups, count)


@LINKS.rule(primitive.SOLVE)
def _solve(node: Node, k: int) -> Links:
    """All unknowns of a system depend on its matrix and its right side."""
    lead = node.args[0].ndim - 2
    if k == 1:
        groups, count = grouped(node.shape, [lead])
        return by_groups(groups, groups, count)
    matrices, count = grouped(node.args[0].shape, [lead, lead + 1])
    systems, _ = grouped(node.shape, range(lead, node.ndim))
    return by_groups(matrices, systems, count)


LINKS.fill(lambda node, k: _elementwise(node, k), primitive.SUM)
LINKS.fill(lambda node, k: [], primitive.RESHAPE, primitive.SAMPLE_SUM)

__all__ = ["LINKS", "Link", "Links", "by_groups", "by_reach", "grouped", "links", "positions"]
