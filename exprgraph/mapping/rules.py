"""The node of all entries at once, from the node of one entry: a rule of each primitive.

A graph for one entry is mapped by giving more axes to what differs between the entries: the *mapped axes*, in front of the
others.  An argument of a rule has them, or is equal for all entries; the node that a rule makes has them.  No rule makes a copy
of the node for each entry, so the graph of all entries has as many nodes as that of one.

Primitives of folders above register their rules there.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from ..canonical.arithmetic import linear, product
from ..canonical.contract import contract
from ..canonical.extrema import extremum
from ..canonical.joining import concatenate, reshape, stack
from ..canonical.over_samples import sample_sum
from ..canonical.place import place
from ..canonical.select import select
from ..canonical.solve import solve_node
from ..functions.along_axes import AxisFunction, along
from ..functions.elementwise import Function
from ..graph import primitive
from ..graph.column import Column
from ..graph.node import Node, Shape
from ..graph.traverse import REBUILD
from ..graph.views import Contraction, Linear, axis_of, entries_of

#: ``(node, args, lead)``: arguments have the shape ``arg.shape`` or ``lead + arg.shape``, and at least one has the latter
MAPPED: Column[Callable[[Node, Sequence[Node], Shape], Node]] = Column(
    "mapped", "the node with mapped axes in front, from arguments with and without them", __name__, leaves=False
)


def is_mapped(arg: Node, before: Node) -> bool:
    """Whether an argument has the mapped axes; ``before`` is the argument for one entry."""
    return arg.ndim > before.ndim


def with_axes(arg: Node, shape: Shape, lead: Shape) -> Node:
    """A node of this shape with the mapped axes: equal for all entries, if it has none."""
    if arg.ndim > len(shape):
        return arg
    k = len(lead)
    own = range(k, k + len(shape))
    return contract([(arg, own)], range(k + len(shape)), dict(enumerate((*lead, *shape))))


def all_with_axes(node: Node, args: Sequence[Node], lead: Shape) -> list[Node]:
    """All arguments with the mapped axes."""
    return [with_axes(a, b.shape, lead) for a, b in zip(args, node.args)]


def moved_behind(arg: Node, lead: Shape, at: int) -> Node:
    """The mapped axes behind the first ``at`` of the other axes."""
    k = len(lead)
    return contract([(arg, range(arg.ndim))], [*range(k, k + at), *range(k), *range(k + at, arg.ndim)])


def moved_to_front(node: Node, lead: Shape, at: int) -> Node:
    """The mapped axes, which stand behind ``at`` others, in front."""
    k = len(lead)
    return contract([(node, range(node.ndim))], [*range(at, at + k), *range(at), *range(at + k, node.ndim)])


def _operands(node: Node, args: Sequence[Node], lead: Shape) -> list[Node]:
    """Arguments of an elementwise operation: of the shape of the mapped node, or one number for all."""
    k, shape = len(lead), (*lead, *node.shape)
    every = range(len(shape))
    out = []
    for arg, before in zip(args, node.args):
        own = [*(every[:k] if is_mapped(arg, before) else ()), *(every[k:] if before.shape else ())]
        broadcast = 0 < len(own) < len(shape)
        out.append(contract([(arg, own)], every, dict(enumerate(shape))) if broadcast else arg)
    return out


@MAPPED.rule(Function)
def _function(node: Node, args: Sequence[Node], lead: Shape) -> Node:
    return REBUILD[node.op](node, tuple(_operands(node, args, lead)))


@MAPPED.rule(primitive.SUM)
def _sum(node: Node, args: Sequence[Node], lead: Shape) -> Node:
    const, coefficients = Linear.of(node)
    return linear(zip(coefficients, _operands(node, args, lead)), const, (*lead, *node.shape))


@MAPPED.rule(primitive.PRODUCT)
def _product(node: Node, args: Sequence[Node], lead: Shape) -> Node:
    return product(zip(_operands(node, args, lead), node.params), 1.0, (*lead, *node.shape))


@MAPPED.rule(primitive.CONTRACT)
def _contract(node: Node, args: Sequence[Node], lead: Shape) -> Node:
    labels, lengths = Contraction.of(node)
    front: list[Hashable] = [("mapped", k) for k in range(len(lead))]
    sizes: dict[Hashable, int] = {**dict(enumerate(lengths)), **dict(zip(front, lead))}
    operands = [(a, [*(front if is_mapped(a, b) else ()), *ks]) for a, b, ks in zip(args, node.args, labels)]
    return contract(operands, [*front, *range(node.ndim)], sizes)


@MAPPED.rule(primitive.SELECT)
def _select(node: Node, args: Sequence[Node], lead: Shape) -> Node:
    return select(args[0], (None,) * len(lead) + entries_of(node))


@MAPPED.rule(primitive.PLACE)
def _place(node: Node, args: Sequence[Node], lead: Shape) -> Node:
    return place(args[0], (None,) * len(lead) + entries_of(node), (*lead, *node.shape))


@MAPPED.rule(primitive.STACK)
def _stack(node: Node, args: Sequence[Node], lead: Shape) -> Node:
    return stack(all_with_axes(node, args, lead), len(lead) + axis_of(node))


@MAPPED.rule(primitive.CONCATENATE)
def _concatenate(node: Node, args: Sequence[Node], lead: Shape) -> Node:
    return concatenate(all_with_axes(node, args, lead), len(lead) + axis_of(node))


@MAPPED.rule(primitive.RESHAPE)
def _reshape(node: Node, args: Sequence[Node], lead: Shape) -> Node:
    return reshape(args[0], (*lead, *node.shape))


@MAPPED.rule(primitive.REDUCE_MAX, primitive.REDUCE_MIN)
def _extremum(node: Node, args: Sequence[Node], lead: Shape) -> Node:
    return extremum(node.op, args[0], tuple(len(lead) + k for k in node.params))


@MAPPED.rule(AxisFunction)
def _along(node: Node, args: Sequence[Node], lead: Shape) -> Node:
    assert isinstance(node.op, AxisFunction)
    return along(node.op, args[0], tuple(len(lead) + k for k in node.params))


@MAPPED.rule(primitive.SOLVE)
def _solve(node: Node, args: Sequence[Node], lead: Shape) -> Node:
    a, b = args
    if not is_mapped(a, node.args[0]):  # one matrix, factorized once: the entries are more right-hand sides
        rows = a.ndim - 1
        return moved_to_front(solve_node(a, moved_behind(b, lead, rows)), lead, rows)
    return solve_node(*all_with_axes(node, args, lead))


@MAPPED.rule(primitive.SAMPLE_SUM)
def _sample_sum(node: Node, args: Sequence[Node], lead: Shape) -> Node:
    return sample_sum(args[0])


__all__ = ["MAPPED", "all_with_axes", "is_mapped", "moved_behind", "moved_to_front", "with_axes"]
