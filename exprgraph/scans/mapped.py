"""A loop mapped over axes: its states, and what its rounds take and give, have the mapped axes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..canonical.joining import concatenate, reshape
from ..graph.leaves import bound
from ..graph.node import Node, Shape
from ..graph.traverse import dependents
from ..mapping.graph import mapped_graph
from ..mapping.rules import MAPPED, is_mapped, moved_behind, moved_to_front, with_axes
from .body import SCAN, Recurrence, settled
from .node import Carried, Over, Shared, scan


@MAPPED.rule(SCAN)
def _mapped(node: Node, args: Sequence[Node], lead: Shape) -> Node:
    loop = Recurrence.of(node)
    body = loop.body
    n, m = len(body.carry), len(body.carry) + len(body.over)
    names = _names(loop, args, lead)
    results = mapped_graph(body.results, names, lead)
    carry = []
    for s, start, then in zip(body.carry, args[:n], results):
        if names[s] is not s:
            start, then = with_axes(start, s.shape, lead), with_axes(then, s.shape, lead)
        carry.append(Carried(names[s], start, then))
    over = [
        Over(names[s], moved_behind(v, lead, 1) if is_mapped(v, before) else v)
        for s, v, before in zip(body.over, args[n:m], loop.over)
    ]
    given = [Shared(names[s], v) for s, v in zip(body.given, args[m:])]
    made = scan(carry, over, given, results[n:], loop.rounds)
    parts = [_flat(with_axes(v, s.shape, lead), lead) for v, s in zip(made.last, body.then)]
    for value, one in zip(made.gives, body.gives):
        moved = moved_to_front(value, lead, 1) if value.ndim > one.ndim + 1 else with_axes(value, value.shape, lead)
        parts.append(_flat(moved, lead))
    return concatenate(parts, len(lead))


def _names(loop: Recurrence, args: Sequence[Node], lead: Shape) -> dict[Node, Node]:
    """The bound symbols of the mapped loop: a state has the mapped axes if any round makes it differ between entries."""
    body = loop.body
    differ = {s for s, a, before in zip(body.symbols, args, loop.operands) if is_mapped(a, before)}

    def reached(known: set[Node]) -> set[Node]:
        hit = dependents(body.order, known)
        return {s for s, then in zip(body.carry, body.then) if then in hit}

    differ = settled(body.carry, reached, differ)
    return {s: bound(s.name, (*lead, *s.shape), s.per_sample) if s in differ else s for s in body.symbols}


def _flat(node: Node, lead: Shape) -> Node:
    """The axes behind the mapped ones as one."""
    return reshape(node, (*lead, math.prod(node.shape[len(lead) :])))


__all__: list[str] = []
