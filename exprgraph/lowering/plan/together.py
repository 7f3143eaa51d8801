"""Nodes that are computed together: a value and its derivative, which go through the same loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ...graph.column import Column
from ...graph.node import Node
from ...graph.traverse import dependents, of_arguments, topological

#: of nodes none of which depends on another: those that have a better equivalent, each with it
TOGETHER: Column[Callable[[Sequence[Node]], Mapping[Node, Node]]] = Column(
    "together", "equivalents of several nodes that are computed together", __name__, otherwise="each is computed alone"
)


def joined(roots: Sequence[Node]) -> list[Node]:
    """The roots, where nodes of a kind at one level are computed together."""
    roots, level = list(roots), 1
    while True:
        found = _at_levels(roots)
        if level > max(found, default=0):
            return roots
        nodes = found.get(level, [])
        for op in dict.fromkeys(n.op for n in nodes):
            own = [n for n in nodes if n.op is op]
            if len(own) > 1:
                roots = _replaced(roots, TOGETHER[op](own))
        level += 1


def _at_levels(roots: Sequence[Node]) -> dict[int, list[Node]]:
    """The nodes that have a rule, by how many of them lie on the longest way below."""
    level: dict[Node, int] = {}
    found: dict[int, list[Node]] = {}
    for n in topological(roots):
        below = max((level[a] for a in n.args), default=0)
        if n.args and TOGETHER.find(n.op) is not None:
            below += 1
            found.setdefault(below, []).append(n)
        level[n] = below
    return found


def _replaced(roots: Sequence[Node], mapping: Mapping[Node, Node]) -> list[Node]:
    """The roots with other nodes in place of some."""
    if not mapping:
        return list(roots)
    order = topological(roots, enter=lambda n: n not in mapping)
    touched = dependents(order, mapping)
    image: dict[Node, Node] = dict(mapping)
    for n in order:
        if n in image:
            continue
        image[n] = of_arguments(n, tuple(image[a] for a in n.args)) if n in touched else n
    return [image[r] for r in roots]


__all__ = ["TOGETHER", "joined"]
