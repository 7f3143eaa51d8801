"""Elements of joined arrays in another order: each part is stored where its elements go, when it is computed.

A sparse matrix is such a vector.  Joining its parts first, and taking all elements in order after that, would move each of them
three times.  Known numbers are stored together, before the parts, if they are many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ...canonical.select import normal
from ...graph.leaves import array, constant_value, is_known
from ...graph.node import Node
from ...graph.primitive import CONCATENATE, RESHAPE
from ...graph.views import Slice, Take
from .access import Affine, flat_index, identity_index, variable
from .movement import takes
from .nest import Assignment

#: at most so many times as many stores as elements
_MOST = 1.5
#: known numbers are stored together if they are at least this part of all
_MANY = 8


def reordered(node: Node) -> Node | None:
    """The joined vector of which a node takes elements by a table."""
    if not takes(node) or node.ndim != 1 or len(node.params) != 1:
        return None
    (whole,) = node.args
    return whole if whole.op is CONCATENATE else None


def scattered(
    node: Node, whole: Node, joined: Sequence[Assignment], once: Callable[[Node], bool]
) -> tuple[list[Assignment], list[Node]] | None:
    """The pieces of a selection from a vector that is joined from others, and the nodes between that need not be computed.

    ``once`` says whether only one node reads another.  An element that goes to fewer places than others of its part is stored
    again where it is already.  ``None``, if there are elements that go nowhere, or many that do so again.
    """
    (entry,) = node.params
    assert isinstance(entry, Take)
    at = np.asarray(entry.indices)
    counts = np.bincount(at, minlength=whole.size)
    if not counts.all():
        return None
    order, starts = np.argsort(at, kind="stable"), np.concatenate([[0], np.cumsum(counts)])
    known = np.zeros(node.size)
    pieces: list[Assignment] = []
    given: list[Assignment] = []
    absorbed = [whole]
    stores = numbers = 0
    for joint in joined:
        part = joint.value
        source = _positions(joint).ravel()
        own, begin = counts[source], starts[source]
        value, inside = _computed(part, once)
        absorbed += inside
        layers = [order[begin + np.minimum(own - 1, k)] for k in range(int(own.max()))]
        own_pieces = [_piece(value, node, layer) for layer in layers]
        stores += sum(map(len, layers))
        number = constant_value(part) if is_known(part) else None
        if number is None:
            pieces += own_pieces
            continue
        given += own_pieces
        for layer in layers:
            known[layer] = number
        numbers += int(own.sum())
    if stores > _MOST * node.size:
        return None
    if _MANY * numbers < node.size:
        return [*given, *pieces], absorbed
    return [Assignment(array(known), node, identity_index(1), before=True), *pieces], absorbed


def _positions(joint: Assignment) -> np.ndarray:
    """Where each element of a part lies in the joined vector."""
    (at,) = joint.index
    shape = joint.value.shape
    found = np.full(shape, at.const)
    for name, step in at.terms:
        axis = int(name[1:])
        found += (np.arange(shape[axis]) * step).reshape([-1 if k == axis else 1 for k in range(len(shape))])
    return found


def _computed(part: Node, once: Callable[[Node], bool]) -> tuple[Node, list[Node]]:
    """The array of any shape whose elements a part has in order, and the nodes between them."""
    inside: list[Node] = []
    while part.op is RESHAPE and once(part):
        inside.append(part)
        part = part.args[0]
    return part, inside


def _piece(value: Node, node: Node, to: np.ndarray) -> Assignment:
    """A part, stored at even distances or by a table of positions."""
    positions = tuple(to.tolist())
    entry = normal(Take(positions), 0)
    if not isinstance(entry, Slice):
        return Assignment(value, node, (variable("j"),), positions=positions)
    return Assignment(value, node, (flat_index(value.shape).scaled(entry.step).plus(Affine(entry.start, ())),))


__all__ = ["reordered", "scattered"]
