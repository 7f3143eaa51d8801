"""Isomorphic loop nests, equal except for names, sizes and addresses: equal layers have equal code.

The graph's own order of operands follows digests, which differ from layer to layer.  Inside a nest,
operands and assignments are instead ordered by their kind and their use in the nest, refined until
neighbours agree (the colours of Weisfeiler and Leman).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from hashlib import blake2b

from ...graph.node import Node
from ...graph.primitive import CONSTANT
from .access import MultiIndex, identity_index, through_views
from .nest import Assignment
from .operand_order import ROLES
from .schedule import is_pointwise, operand_indices

#: the number of refinements
ROUNDS = 4

_Key = tuple[Node, MultiIndex]


def _digest(*parts: object) -> bytes:
    return blake2b(repr(parts).encode(), digest_size=8).digest()


def _mixed(own: bytes, below: list[tuple[bytes, _Key]], above: list[tuple[bytes, _Key]], kind: dict[_Key, bytes]) -> bytes:
    """The kind of a value together with those of its neighbours."""
    parts = [own, b"below", *sorted([w + kind[b] for w, b in below]), b"above", *sorted([w + kind[b] for w, b in above])]
    return blake2b(b"|".join(parts), digest_size=8).digest()


def _kind(node: Node) -> tuple[bytes, Sequence[object]]:
    """What a node is without its operands, and the role of each."""
    rule = ROLES.find(node.op)
    own, roles = (node.params, range(len(node.args))) if rule is None else rule(node)
    return _digest(node.op.name, own), roles


class NestOrder:
    """An order of the assignments of a pointwise nest, and of the operands in their expressions."""

    def __init__(self, assignments: Sequence[Assignment], inside: Callable[[Node], bool], location_kind: Callable[[Node], object]) -> None:
        targets = {s.value for s in assignments if s.target is s.value}
        edges: dict[_Key, list[tuple[bytes, _Key]]] = {}
        users: dict[_Key, list[tuple[bytes, _Key]]] = {}
        kind: dict[_Key, bytes] = {}
        ident = identity_index(len(assignments[0].value.shape))
        stack: list[_Key] = []
        roots: dict[_Key, list[object]] = {}
        for s in assignments:
            key = (s.value, ident) if s.target is s.value else self._resolve(s.value, ident)
            roots.setdefault(key, []).append("value" if s.target is s.value else ("piece", s.add, len(s.index)))
            stack.append(key)
        while stack:
            key = stack.pop()
            if key in kind:
                continue
            node, index = key
            if is_pointwise(node) and (node in targets or inside(node)):
                kind[key], roles = _kind(node)
                for role, (a, i) in zip(roles, operand_indices(node, index)):
                    below = self._resolve(a, i)
                    weight = repr(role).encode()
                    edges.setdefault(key, []).append((weight, below))
                    users.setdefault(below, []).append((weight, key))
                    stack.append(below)
            else:
                pattern = [sorted(v for v, _ in t.terms) for t in index]
                kind[key] = _digest("read", location_kind(node), pattern, _kind(node)[0] if node.op is CONSTANT else "")
            if key in roots:
                kind[key] = _digest(kind[key], roots[key])
        for _ in range(ROUNDS):
            kind = {key: _mixed(k, edges.get(key, []), users.get(key, []), kind) for key, k in kind.items()}
        self.kind = kind
        self.assignments = self._ordered(assignments, ident, edges, targets)

    def _resolve(self, node: Node, index: MultiIndex) -> _Key:
        read = through_views(node, index)
        return (read.node, read.at) if read.node is not None else (node, index)

    def of(self, node: Node, index: MultiIndex) -> bytes:
        """The kind of an operand."""
        return self.kind.get(self._resolve(node, index), b"")

    def _ordered(
        self, assignments: Sequence[Assignment], ident: MultiIndex, edges: dict[_Key, list[tuple[bytes, _Key]]], targets: set[Node]
    ) -> list[Assignment]:
        """Statements in topological order, otherwise by kind."""
        at = {s.value: i for i, s in enumerate(assignments) if s.target is s.value}
        needs: list[set[int]] = []
        for i, s in enumerate(assignments):
            found: set[int] = set()
            stack = [self._resolve(s.value, ident)] if s.target is not s.value else [b for _, b in edges.get((s.value, ident), [])]
            while stack:
                key = stack.pop()
                if key[0] in at:
                    found.add(at[key[0]])
                else:
                    stack += [b for _, b in edges.get(key, [])]
            found.discard(i)
            needs.append(found)
        waiting = [len(n) for n in needs]
        after: dict[int, list[int]] = {}
        for i, n in enumerate(needs):
            for j in n:
                after.setdefault(j, []).append(i)
        heap = [(self.of(s.value, ident), i) for i, s in enumerate(assignments) if not waiting[i]]
        heapq.heapify(heap)
        out: list[Assignment] = []
        while heap:
            _, i = heapq.heappop(heap)
            out.append(assignments[i])
            for j in after.get(i, []):
                waiting[j] -= 1
                if not waiting[j]:
                    heapq.heappush(heap, (self.of(assignments[j].value, ident), j))
        return out
