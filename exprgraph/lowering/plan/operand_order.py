"""The order in which sums and products of more than two operands take them, for the interpreter and for the plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from hashlib import blake2b
from itertools import chain

import numpy as np

from ...graph.column import Column
from ...graph.leaves import number
from ...graph.node import Node
from ...graph.numbered import Numbered
from ...graph.primitive import CONTRACT, PRODUCT, SUM, Primitive
from ...graph.views import Linear
from ...support.mixed import mixed

#: how many levels below an operand its structure is looked at
LOOK = 3

#: ``node -> (own, roles)``: parameters that are no role, and what each operand is to the node; equal roles may change places
ROLES: Column[Callable[[Node], tuple[object, Sequence[object]]]] = Column(
    "roles", "the role of an operand, and the other parameters", __name__, otherwise="its operands keep their order"
)
ROLES.fill(Linear.of, SUM)
ROLES.fill(lambda node: ("", node.params), PRODUCT)
ROLES.fill(lambda node: ("", ("",) * len(node.args)), CONTRACT)


class OperandOrder:
    """The order in which sums and products take their operands: by coefficients or exponents, those without a multiplication first.

    Of more than two operands, those with equal numbers are taken by how many nodes of the operation have them: products of derivatives
    along one path through a graph then begin alike, and their common beginning is computed once.  Then they are taken by how deep they
    lie, and by their structure.

    Attributes:
        constants: of each kind of nodes, the constant of a sum, or the number itself; 0 for others.
        numbers: the coefficients or exponents of each kind, in order, one kind after another.
        firsts: where those of each kind start.
        counts: how many each kind has.
    """

    def __init__(self, graph: Numbered) -> None:
        self.graph = graph
        rules = {op: ROLES.find(op) or _without_roles for op in {node.op for node in graph.kinds}}
        found = [rules[node.op](node) for node in graph.kinds]
        self.constants = np.array([own if isinstance(own, float) else 0.0 for own, _ in found])
        given = [roles if roles and isinstance(roles[0], float) else () for _, roles in found]  # all are numbers, or none
        self.counts = np.fromiter(map(len, given), np.int64, len(given))
        self.firsts = np.cumsum(self.counts) - self.counts
        self._given = np.fromiter(chain.from_iterable(given), np.float64, int(self.counts.sum()))
        self._kind = np.repeat(np.arange(len(given)), self.counts)
        g = self._given
        rank = 4 * self._kind + np.where(g == 1.0, 0, np.where(g == -1.0, 1, np.where(g == g, 2, 3)))
        self._order = np.lexsort((g, rank))
        self.numbers = g[self._order]
        rank = rank[self._order]
        #: whether a number is equal to the one before
        self._again = np.zeros(len(g), bool)
        self._again[1:] = (rank[1:] == rank[:-1]) & ((self.numbers[1:] == self.numbers[:-1]) | (rank[1:] & 3 == 3))

    def numbers_of(self, kind: int) -> list[float]:
        """The coefficients or exponents of a kind, in order."""
        found: list[float] = self.numbers[self.firsts[kind] :][: self.counts[kind]].tolist()
        return found

    def how_many(self, number: float) -> np.ndarray:
        """How many of the coefficients or exponents of each kind are this number."""
        return np.bincount(self._kind[self.numbers == number], minlength=len(self.counts))

    @cached_property
    def taken(self) -> np.ndarray:
        """For each argument of the graph, the place among them of the one that is taken instead."""
        graph, order, kind = self.graph, self._order, self._kind
        taken, own = np.arange(len(graph.arguments)), np.arange(len(order))
        undecided = np.zeros(len(graph.kinds), bool)
        undecided[kind[self._again]] = True
        undecided &= self.counts > 2
        changed = np.zeros(len(graph.kinds), bool)
        changed[kind[order != own]] = True
        changed &= ~undecided
        if changed.any():
            places, node, role = self._operands(changed)
            taken[places] = graph.starts[node] + order[role] - self.firsts[graph.kind[node]]
        if undecided.any():
            places, node, role = self._operands(undecided)
            # numbers that are equal stand together
            standing = np.empty(len(order), np.int64)
            standing[order] = np.maximum.accumulate(np.where(self._again, 0, own))
            operand = graph.arguments[places]
            keys = self._structure[operand], graph.depth[operand], -self._readers(node, operand), standing[role], node
            taken[places] = places[np.lexsort(keys)]
        return taken

    def _readers(self, nodes: np.ndarray, operands: np.ndarray) -> np.ndarray:
        """How many nodes that have the operation of a node read its operand, for pairs of them."""
        graph = self.graph
        of: dict[Primitive, int] = {}
        operations = np.array([of.setdefault(node.op, len(of)) for node in graph.kinds])[graph.kind]
        every = np.repeat(operations, np.diff(graph.starts))
        found = np.empty(len(nodes), np.int64)
        for k in np.flatnonzero(np.bincount(operations[nodes])).tolist():  # np.unique would load numpy.ma
            chosen = operations[nodes] == k
            found[chosen] = np.bincount(graph.arguments[every == k], minlength=len(graph.nodes))[operands[chosen]]
        return found

    def _operands(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The places of the operands of all nodes of the chosen kinds, the nodes, and the places of the numbers of operands."""
        graph = self.graph
        nodes = np.flatnonzero(chosen[graph.kind])
        counts = graph.starts[nodes + 1] - graph.starts[nodes]
        node = np.repeat(nodes, counts)
        distance = np.arange(len(node)) - np.repeat(np.cumsum(counts) - counts, counts)
        return graph.starts[node] + distance, node, self.firsts[graph.kind[node]] + distance

    def positions(self, node: Node) -> Sequence[int]:
        """The operands of a sum or product, by position."""
        k = self.graph.number[node]
        start, stop = self.graph.starts[k : k + 2]
        found: list[int] = (self.taken[start:stop] - start).tolist()
        return found

    @cached_property
    def _structure(self) -> np.ndarray:
        """What each node and some levels below it are, without names, numbers of elements and digests, as a number."""
        graph, starts = self.graph, self.graph.starts
        operations: dict[Primitive, int] = {}
        for node in graph.kinds:
            if node.op not in operations:
                operations[node.op] = int.from_bytes(blake2b(node.op.key, digest_size=8).digest(), "little")
        name = np.array([operations[node.op] for node in graph.kinds], np.uint64)
        own = mixed(name ^ self.constants.view(np.uint64))[graph.kind]
        has_roles = self.counts > 0
        roles = np.zeros(len(graph.arguments), np.uint64)
        if has_roles.any():
            places, _, role = self._operands(has_roles)
            roles[places] = self._given.view(np.uint64)[role]
        found: np.ndarray = own
        for _ in range(LOOK):
            sums = np.zeros(len(roles) + 1, np.uint64)
            np.cumsum(mixed(found[graph.arguments] ^ roles), out=sums[1:])
            found = mixed(own + sums[starts[1:]] - sums[starts[:-1]])
        return found


def _without_roles(node: Node) -> tuple[object, Sequence[object]]:
    return number(node), ()


__all__ = ["ROLES", "OperandOrder"]
