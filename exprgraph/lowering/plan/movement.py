"""Nodes that only move elements: as copies of their parts, or as a loop over a table of positions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Union

from ...canonical.select import indices_of, selected_shape
from ...graph.column import Column
from ...graph.leaves import zeros
from ...graph.node import Node, make
from ...graph.primitive import CONCATENATE, PLACE, RESHAPE, SELECT, STACK
from ...graph.views import Entries, Slice, Take, entries_of
from .access import Affine, MultiIndex, flat_index, identity_index, is_view, variable
from .nest import Assignment

#: the most positions to copy one by one; more are looked up in a table
POSITIONS = 16


#: the pieces of a node, or None if it has a nest of its own
MOVEMENT: Column[Callable[[Node], Union[list[Assignment], None]]] = Column(
    "movement", "the copies of elements that make up a node", __name__, otherwise="it is computed"
)


#: the axis along which a node takes elements by a table, as :func:`taken_axis` of its entries
TAKES: Column[Callable[[Node], Union[int, None]]] = Column(
    "takes", "the axis along which it takes elements by a table", __name__, otherwise="there is none"
)


def takes(node: Node) -> bool:
    """Whether a node takes elements by a table."""
    rule = TAKES.find(node.op)
    return rule is not None and rule(node) is not None


def taken_axis(entries: Entries) -> int | None:
    """The axis along which a selection takes many positions, from a table."""
    for axis, e in enumerate(entries):
        if isinstance(e, Take) and len(e.indices) > POSITIONS:
            return axis
    return None


def movement(node: Node) -> list[Assignment] | None:
    """The pieces of a node that only moves elements, each a copy into a part of the node."""
    pieces = MOVEMENT.find(node.op)
    return None if pieces is None else pieces(node)


@MOVEMENT.rule(STACK)
def _stacked(node: Node) -> list[Assignment]:
    axis = node.params[0]
    out = []
    for i, a in enumerate(node.args):
        ident = identity_index(len(a.shape))
        out.append(Assignment(a, node, (*ident[:axis], Affine(i, ()), *ident[axis:])))
    return out


@MOVEMENT.rule(CONCATENATE)
def _concatenated(node: Node) -> list[Assignment]:
    axis = node.params[0]
    out, start = [], 0
    for a in node.args:
        ident = identity_index(len(a.shape))
        out.append(Assignment(a, node, (*ident[:axis], ident[axis].plus(Affine(start, ())), *ident[axis + 1 :])))
        start += a.shape[axis]
    return out


@MOVEMENT.rule(RESHAPE)
def _reshaped(node: Node) -> list[Assignment]:
    (a,) = node.args
    # the target is indexed by its flat position: axis -1 means the whole
    return [Assignment(a, node, (flat_index(a.shape),))]


@MOVEMENT.rule(PLACE)
def _put(node: Node) -> list[Assignment] | None:
    if taken_axis(entries_of(node)) is not None:
        return None
    return [Assignment(zeros(node.shape), node, identity_index(len(node.shape))), *_placed(node)]


TAKES.fill(lambda node: taken_axis(node.params), SELECT)


@MOVEMENT.rule(SELECT)
def _selected(node: Node) -> list[Assignment] | None:
    return _taken(node) if not is_view(node) and taken_axis(node.params) is None else None


def view(node: Node, entries: Entries) -> Node:
    """A selection that reads the stored node; the canonical form may use other values, which nothing computes."""
    return make(SELECT, (node,), entries, selected_shape(node.shape, entries))


def _placed(node: Node) -> list[Assignment]:
    (a,) = node.args
    entries = entries_of(node)
    for axis, e in enumerate(entries):
        if isinstance(e, Take):
            out = []
            own = axis - sum(isinstance(x, int) for x in entries[:axis])
            for i, position in enumerate(indices_of(e, node.shape[axis])):
                part = view(a, tuple(i if k == own else None for k in range(len(a.shape))))
                fixed = (*entries[:axis], position, *entries[axis + 1 :])
                out.append(Assignment(part, node, target_index(fixed), add=True))
            return out
    return [Assignment(a, node, target_index(entries), add=True)]


def target_index(entries: Sequence[object]) -> MultiIndex:
    """The element of the whole for an element of a selection; a position from a table is ``j``."""
    out: list[Affine] = []
    k = 0
    for e in entries:
        if isinstance(e, int):
            out.append(Affine(e, ()))
            continue
        i = variable(f"i{k}")
        k += 1
        if isinstance(e, Take):
            i = variable("j")
        elif isinstance(e, Slice):
            i = i.scaled(e.step).plus(Affine(e.start, ()))
        out.append(i)
    return tuple(out)


def _taken(node: Node) -> list[Assignment]:
    (a,) = node.args
    entries = entries_of(node)
    axis = next(k for k, e in enumerate(entries) if isinstance(e, Take))
    own = axis - sum(isinstance(x, int) for x in entries[:axis])
    out = []
    for i, position in enumerate(indices_of(entries[axis], a.shape[axis])):
        part = view(a, (*entries[:axis], position, *entries[axis + 1 :]))
        ident = identity_index(len(part.shape))
        out.append(Assignment(part, node, (*ident[:own], Affine(i, ()), *ident[own:])))
    return out


def composed(outer: MultiIndex, inner: MultiIndex) -> MultiIndex:
    """The position in the whole for a position in a part."""
    out: list[Affine] = []
    for a in outer:
        total = Affine(a.const, ())
        for v, c in a.terms:
            total = total.plus(inner[int(v[1:])].scaled(c))
        out.append(total)
    return tuple(out)


__all__ = ["MOVEMENT", "POSITIONS", "TAKES", "composed", "movement", "taken_axis", "takes", "target_index", "view"]
