"""Entries of arrays along a short axis, as expressions of the same entries of their arguments.

Points in the plane are an array with an axis of two.  Its entries along that axis are long arrays, which are computed together
with others of their length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from typing import NamedTuple, Union

from ..canonical.arithmetic import linear, product
from ..canonical.contract import contract
from ..canonical.select import select
from ..functions.elementwise import Function, apply
from ..graph.column import Column
from ..graph.node import Node, Shape
from ..graph.primitive import CONTRACT, IDENTITY, PRODUCT, SUM
from ..graph.views import Contraction, Linear
from .scaling import Labels


class Parts(NamedTuple):
    """The arguments of which entries are needed, each with its axis, and what makes the entry from these, in order."""

    needed: list[tuple[Node, int]]
    made: Callable[[Sequence[Node]], Node]


#: ``(node, axis)``: how an entry along an axis is made of entries of arguments
COMPONENT: Column[Callable[[Node, int], Union[Parts, None]]] = Column(
    "component", "an entry along an axis, from those of its arguments", __name__, leaves=False, otherwise="it is selected"
)


class Components:
    """Entries along axes; ``given`` nodes stay whole, and so do nodes that are not computed element by element.

    >>> import exprgraph as eg
    >>> from exprgraph.calculus.components import Components
    >>> x, c = eg.Symbol("x", (3, 2)), eg.Symbol("c", 3)
    >>> Components(set()).entry(eg.sin(x) * c[:, None], 1, 0)
    [c[0]*sin(x[0, 0]), c[1]*sin(x[1, 0]), c[2]*sin(x[2, 0])]
    """

    def __init__(self, given: Set[Node]) -> None:
        self._given = given
        self._parts: dict[tuple[Node, int], Parts | None] = {}
        self._made: dict[tuple[Node, int, int], Node] = {}

    def entry(self, node: Node, axis: int, at: int) -> Node:
        """Entry ``at`` of a node along an axis."""
        made = self._made
        pending = [(node, axis)]
        while pending:
            n, k = pending[-1]
            if (n, k, at) in made:
                pending.pop()
                continue
            parts = self._of(n, k)
            if parts is None:
                made[n, k, at] = select(n, tuple([at if i == k else None for i in range(n.ndim)]))
                continue
            missing = [(a, own) for a, own in parts.needed if (a, own, at) not in made]
            if missing:
                pending += missing
            else:
                made[n, k, at] = parts.made([made[a, own, at] for a, own in parts.needed])
        return made[node, axis, at]

    def _of(self, node: Node, axis: int) -> Parts | None:
        key = node, axis
        if key not in self._parts:
            rule = None if node in self._given else COMPONENT.find(node.op)
            self._parts[key] = None if rule is None else rule(node, axis)
        return self._parts[key]


def _elementwise(node: Node, axis: int, again: Callable[[Node, Sequence[Node], Shape], Node]) -> Parts:
    """Of elementwise operations: the same operation ``again``, on entries of arrays and on scalars."""
    arrays = [a for a in node.args if a.shape]

    def made(entries: Sequence[Node]) -> Node:
        own = dict(zip(arrays, entries))
        return again(node, [own.get(a, a) for a in node.args], node.shape[:axis] + node.shape[axis + 1 :])

    return Parts([(a, axis) for a in arrays], made)


def _added(node: Node, args: Sequence[Node], shape: Shape) -> Node:
    const, coefficients = Linear.of(node)
    return linear(list(zip(coefficients, args)), const, shape)


def _applied(node: Node, args: Sequence[Node], shape: Shape) -> Node:
    assert isinstance(node.op, Function)
    return apply(node.op, *args)


COMPONENT.fill(lambda node, axis: _elementwise(node, axis, _added), SUM)
COMPONENT.fill(lambda node, axis: _elementwise(node, axis, lambda n, args, shape: product(list(zip(args, n.params)), 1.0, shape)), PRODUCT)
COMPONENT.fill(lambda node, axis: _elementwise(node, axis, _applied), Function)


@COMPONENT.rule(CONTRACT)
def _contract(node: Node, axis: int) -> Parts | None:
    """Of products without sums."""
    labels, sizes = Contraction.of(node)
    if labels == (tuple([k for k in range(node.ndim) if k != axis]),):  # an array with an axis more, along which it repeats
        return Parts([], lambda entries: node.args[0])
    if len(sizes) > node.ndim or any(a.op is IDENTITY or len(set(ks)) < len(ks) for a, ks in zip(node.args, labels)):
        return None
    needed = [(a, ks.index(axis)) for a, ks in zip(node.args, labels) if axis in ks]

    def made(entries: Sequence[Node]) -> Node:
        rest = iter(entries)
        operands: list[tuple[Node, Labels]] = []
        for a, ks in zip(node.args, labels):
            operands.append((next(rest), [k for k in ks if k != axis]) if axis in ks else (a, list(ks)))
        return contract(operands, [k for k in range(node.ndim) if k != axis], dict(enumerate(sizes)))

    return Parts(needed, made)


__all__ = ["COMPONENT", "Components", "Parts"]
