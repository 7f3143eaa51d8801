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
from ..graph.traverse import topological
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


def component(node: Node, axis: int, at: int, given: Set[Node]) -> Node:
    """Entry ``at`` along an axis; ``given`` nodes stay whole, and so does what is not computed element by element.

    >>> import exprgraph as eg
    >>> from exprgraph.calculus.components import component
    >>> x, c = eg.Symbol("x", (3, 2)), eg.Symbol("c", 3)
    >>> component(eg.sin(x) * c[:, None], 1, 0, set())
    [c[0]*sin(x[0, 0]), c[1]*sin(x[1, 0]), c[2]*sin(x[2, 0])]
    """
    order = topological([node], enter=lambda n: n not in given)
    parts: dict[tuple[Node, int], Parts | None] = {}
    asked: dict[Node, list[int]] = {node: [axis]}
    for n in reversed(order):
        rule = None if n in given else COMPONENT.find(n.op)
        for k in dict.fromkeys(asked.get(n, ())):
            found = parts[n, k] = None if rule is None else rule(n, k)
            for a, own in found.needed if found is not None else ():
                asked.setdefault(a, []).append(own)
    made: dict[tuple[Node, int], Node] = {}
    for n in order:
        for k in dict.fromkeys(asked.get(n, ())):
            found = parts[n, k]
            if found is None:
                made[n, k] = select(n, tuple(at if i == k else None for i in range(n.ndim)))
            else:
                made[n, k] = found.made([made[key] for key in found.needed])
    return made[node, axis]


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


__all__ = ["COMPONENT", "Parts", "component"]
