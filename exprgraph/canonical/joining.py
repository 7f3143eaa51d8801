"""Stack, concatenate and reshape."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from weakref import WeakKeyDictionary

import numpy as np

from ..errors import ShapeError
from ..graph.leaves import array, constant, constant_value, constant_values, number
from ..graph.node import Node, Shape, make
from ..graph.primitive import CONCATENATE, RESHAPE, SELECT, STACK
from ..graph.traverse import REBUILD
from ..graph.views import Entries, Entry, Slice, axis_of
from ..support.unwinding import each
from .arithmetic import scale
from .contract import contract
from .select import SELECTED, deeper, indices_of
from .written import split_coefficient


def stack(parts: Sequence[Node], axis: int = 0) -> Node:
    """Nodes of one shape joined along a new axis."""
    nodes = tuple(parts)
    if not nodes:
        raise ShapeError("stack needs at least one expression")
    shape = nodes[0].shape
    for i, n in enumerate(nodes):
        if n.shape != shape:
            raise ShapeError(f"stack: part {i} has shape {n.shape}, part 0 has shape {shape}")
    out = (*shape[:axis], len(nodes), *shape[axis:])
    if all(n.op is SELECT for n in nodes):
        base = nodes[0].args[0]
        if base.shape == out and all(
            n.args[0] is base and n.params == (None,) * axis + (i,) + (None,) * (len(shape) - axis)
            for i, n in enumerate(nodes)
        ):
            return base
    folded = constant_values(nodes)
    if folded is not None:
        return array(np.stack(folded, axis))
    if len(nodes) == 1:
        kept = [k for k in range(len(out)) if k != axis]
        return contract([(nodes[0], kept)], range(len(out)), {axis: 1})
    return make(STACK, nodes, (axis,), out)


def concatenate(parts: Sequence[Node], axis: int = 0) -> Node:
    """Nodes joined along an axis they have."""
    nodes = list(parts)
    if not nodes:
        raise ShapeError("concatenate needs at least one expression")
    first = nodes[0].shape
    if not first:
        raise ShapeError("concatenate joins along an axis, and scalars have none; use stack")
    for i, n in enumerate(nodes):
        if len(n.shape) != len(first) or n.shape[:axis] + n.shape[axis + 1 :] != first[:axis] + first[axis + 1 :]:
            raise ShapeError(
                f"concatenate along axis {axis}: part {i} has shape {n.shape}, part 0 has shape {first}; "
                "all other axes must agree"
            )
    nodes = [n for n in nodes if n.shape[axis]] or nodes[:1]
    if len(nodes) == 1:
        return nodes[0]
    out = (*first[:axis], sum(n.shape[axis] for n in nodes), *first[axis + 1 :])
    folded = constant_values(nodes)
    if folded is not None:
        return array(np.concatenate(folded, axis))
    (c, _), *others = split = [split_coefficient(n) for n in nodes]
    if c != 1.0 and all(k == c for k, _ in others):
        return scale(c, concatenate([rest for _, rest in split], axis))
    return make(CONCATENATE, tuple(nodes), (axis,), out)


def reshape(node: Node, shape: Shape) -> Node:
    """The same elements, in the same (row-major) order, in another shape."""
    if shape == node.shape:
        return node
    value = number(node)
    if value is not None:
        return constant(value, shape)
    known = constant_value(node)
    if known is not None:
        return array(known.reshape(shape))
    c, rest = split_coefficient(node)
    if c != 1.0:
        return scale(c, reshape(rest, shape))
    if node.op is RESHAPE:
        return reshape(node.args[0], shape)
    kept = [k for k, n in enumerate(shape) if n != 1]
    if [shape[k] for k in kept] == list(node.shape):  # only axes of length one are added
        return contract([(node, kept)], range(len(shape)), dict.fromkeys(range(len(shape)), 1))
    return make(RESHAPE, (node,), (), shape)


@SELECTED.rule(STACK)
def _selected_stack(node: Node, entries: Entries, shape: Shape) -> Node:
    axis = axis_of(node)
    at, rest = entries[axis], entries[:axis] + entries[axis + 1 :]
    if isinstance(at, int):
        return deeper(node.args[at], rest)
    new_axis = axis - sum(isinstance(e, int) for e in entries[:axis])
    return stack(each(lambda i: deeper(node.args[i], rest), indices_of(at, node.shape[axis])), new_axis)


@SELECTED.rule(CONCATENATE)
def _selected_concatenate(node: Node, entries: Entries, shape: Shape) -> Node | None:
    axis = axis_of(node)
    at = entries[axis]
    ends = ends_of(node)
    if isinstance(at, int):
        k = bisect_right(ends, at)
        start = ends[k - 1] if k else 0
        return deeper(node.args[k], (*entries[:axis], at - start, *entries[axis + 1 :]))
    if at is not None and (not isinstance(at, Slice) or at.step != 1):
        return None
    first, last = (0, ends[-1]) if at is None else (at[1], at[1] + at[3])
    wanted: list[tuple[Node, Entry]] = []
    for k in range(bisect_right(ends, first), bisect_left(ends, last) + 1):
        start, n = ends[k] - node.args[k].shape[axis], node.args[k].shape[axis]
        lo, hi = max(first - start, 0), min(last - start, n)
        wanted.append((node.args[k], Slice(lo, 1, hi - lo)))
    parts = each(lambda w: deeper(w[0], (*entries[:axis], w[1], *entries[axis + 1 :])), wanted)
    return concatenate(parts, axis - sum(isinstance(e, int) for e in entries[:axis]))


#: of concatenations that are alive
_ends: WeakKeyDictionary[Node, list[int]] = WeakKeyDictionary()


def ends_of(node: Node) -> list[int]:
    """The end of each part of a concatenation along its axis, for every selection from it."""
    found = _ends.get(node)
    if found is None:
        (axis,) = node.params
        found = _ends[node] = list(accumulate(a.shape[axis] for a in node.args))
    return found


REBUILD.fill(lambda node, args: stack(args, axis_of(node)), STACK)
REBUILD.fill(lambda node, args: concatenate(args, axis_of(node)), CONCATENATE)
REBUILD.fill(lambda node, args: reshape(args[0], node.shape), RESHAPE)
