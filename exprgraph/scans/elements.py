"""Elements of a loop: the loop stays one node, and an element of it is selected; and a loop unrolled."""

from __future__ import annotations

from collections.abc import Sequence

from ..canonical.joining import concatenate, reshape, stack
from ..canonical.operands import as_node
from ..canonical.select import select
from ..graph.node import Node
from ..graph.traverse import substitute_nodes, topological
from ..meaning.counting import COUNT
from ..meaning.elements import ELEMENT, EXPANSION, Expansion, Get
from .body import SCAN, Recurrence
from .evaluate import rounds


def unrolled(node: Node) -> Node:
    """The vector of a loop's results without the loop: its body once for each round."""
    loop = Recurrence.of(node)
    body = loop.body
    carried = list(loop.start)
    given: list[list[Node]] = [[as_node(0.0)] * loop.length for _ in body.gives]
    shared = dict(zip(body.given, loop.given))
    for t in rounds(loop):
        own = {s: select(v, (t, *[None] * s.ndim)) for s, v in zip(body.over, loop.over)}
        results = substitute_nodes(body.results, {**dict(zip(body.carry, carried)), **own, **shared})
        carried = results[: len(carried)]
        for listed, value in zip(given, results[len(carried) :]):
            listed[t] = value
    parts = [*carried, *(stack(listed) for listed in given)]
    return concatenate([reshape(p, (p.size,)) for p in parts])


def without_loops(roots: Sequence[Node]) -> list[Node]:
    """The roots with all loops unrolled, also those in bodies of loops."""
    found = list(roots)
    while loops := [n for n in topological(found) if n.op is SCAN]:
        found = substitute_nodes(found, {loops[0]: unrolled(loops[0])})
    return found


@ELEMENT.rule(SCAN)
def _element(node: Node, index: tuple[int, ...], get: Get) -> Node:
    return select(node, index)


EXPANSION.fill(lambda node: Expansion(COUNT[node.op](node) // node.size, ()), SCAN)


__all__ = ["unrolled", "without_loops"]
