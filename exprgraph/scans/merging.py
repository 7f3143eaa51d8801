"""Loops that go through the same states, as one loop: a value, its tangent, and the states that a gradient reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from ..canonical.grouping import as_written
from ..canonical.joining import concatenate, reshape
from ..graph.leaves import bound
from ..graph.node import Node
from ..graph.traverse import substitute_nodes
from ..lowering.plan.together import TOGETHER
from .body import SCAN, Recurrence, Rounds
from .node import Carried, Over, Shared, scan


@TOGETHER.rule(SCAN)
def _merged(nodes: Sequence[Node]) -> Mapping[Node, Node]:
    found: dict[Node, Node] = {}

    def kind(node: Node) -> tuple[Rounds, bool]:
        return Recurrence.of(node).rounds, node.per_sample

    with as_written():
        for _, group in groupby(sorted(nodes, key=kind), key=kind):
            several = list(group)
            if len(several) > 1:
                found.update(_Several(several).merged())
    return found


class _Several:
    """Loops of one length and direction, in the symbols of one loop."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = nodes
        self.loops = [Recurrence.of(n) for n in nodes]
        #: for each loop, the symbols in place of its own
        self.names: list[dict[Node, Node]] = []
        self.over: dict[Node, Node] = {}  # by array
        self.shared: dict[Node, Node] = {}  # by value
        self.carry: list[tuple[int, Node, Node]] = []  # of each state: its loop, its symbol there, its own symbol
        for k, loop in enumerate(self.loops):
            own = {s: self._of(self.over, v, s) for s, v in zip(loop.body.over, loop.over)}
            own.update({s: self._of(self.shared, v, s) for s, v in zip(loop.body.given, loop.given)})
            for s in loop.body.carry:
                own[s] = bound(f"state {len(self.carry)}", s.shape, s.per_sample)
                self.carry.append((k, s, own[s]))
            self.names.append(own)
        self.states = self._states()

    def _of(self, known: dict[Node, Node], value: Node, symbol: Node) -> Node:
        kind = "entry" if known is self.over else "shared"
        return known.setdefault(value, bound(f"{kind} {len(known)}", symbol.shape, symbol.per_sample))

    def _states(self) -> dict[Node, Node]:
        """For each state, the first one that always has the same value.

        States that start alike are taken as equal until a round makes them different.
        """
        starts = [dict(zip(loop.body.carry, loop.start)) for loop in self.loops]
        alike: dict[Node, object] = {own: starts[k][s] for k, s, own in self.carry}
        while True:
            first: dict[object, Node] = {}
            for _, _, own in self.carry:
                first.setdefault(alike[own], own)
            states = {own: first[alike[own]] for _, _, own in self.carry}
            thens = [self._in_states(k, self.loops[k].body.then, states) for k in range(len(self.loops))]
            then = [dict(zip(loop.body.carry, t)) for loop, t in zip(self.loops, thens)]
            after: dict[Node, object] = {own: (alike[own], then[k][s]) for k, s, own in self.carry}
            if len(set(after.values())) == len(first):
                return states
            alike = after

    def _in_states(self, k: int, results: Sequence[Node], states: Mapping[Node, Node]) -> list[Node]:
        return substitute_nodes(results, {s: states.get(n, n) for s, n in self.names[k].items()})

    def merged(self) -> dict[Node, Node]:
        """The loops that share a state with another, each as parts of one loop."""
        found: dict[Node, Node] = {}
        left = set(range(len(self.loops)))
        while left:
            some = self._connected(min(left))
            left -= some
            if len(some) > 1:
                found.update(self._one(sorted(some)))
        return found

    def _connected(self, k: int) -> set[int]:
        """The loops that share states with one of them, directly or not."""
        some, size = {k}, 0
        while len(some) > size:
            size = len(some)
            states = {self.states[own] for i, _, own in self.carry if i in some}
            some |= {i for i, _, own in self.carry if self.states[own] in states}
        return some

    def _one(self, some: Sequence[int]) -> dict[Node, Node]:
        carry: dict[Node, Carried] = {}
        results = {k: self._in_states(k, self.loops[k].body.results, self.states) for k in some}
        for k, s, own in self.carry:
            if k in results and self.states[own] not in carry:
                at = self.loops[k].body.carry.index(s)
                carry[self.states[own]] = Carried(self.states[own], self.loops[k].start[at], results[k][at])
        over = [Over(s, v) for v, s in self.over.items()]
        shared = [Shared(s, v) for v, s in self.shared.items()]
        gives = {k: results[k][len(self.loops[k].body.carry) :] for k in some}
        made = scan(list(carry.values()), over, shared, [g for k in some for g in gives[k]], self.loops[0].rounds)
        last, listed = dict(zip(carry, made.last)), iter(made.gives)
        found = {}
        for k in some:
            parts = [last[self.states[self.names[k][s]]] for s in self.loops[k].body.carry] + [next(listed) for _ in gives[k]]
            found[self.nodes[k]] = concatenate([reshape(p, (p.size,)) for p in parts])
        return found


__all__: list[str] = []
