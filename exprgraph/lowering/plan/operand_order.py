"""The order in which sums and products of more than two operands take them, for the interpreter and for the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from hashlib import blake2b

from ...graph.column import Column
from ...graph.leaves import number
from ...graph.node import Node
from ...graph.primitive import CONTRACT, PRODUCT, SUM
from ...graph.views import Linear

#: how many levels below an operand its structure is looked at
LOOK = 3

#: ``node -> (own, roles)``: parameters that are no role, and what each operand is to the node; equal roles may change places
ROLES: Column[Callable[[Node], tuple[object, Sequence[object]]]] = Column(
    "roles", "the role of an operand, and the other parameters", __name__, otherwise="its operands keep their order"
)
ROLES.fill(lambda node: (Linear.of(node).constant, Linear.of(node).coefficients), SUM)
ROLES.fill(lambda node: ("", node.params), PRODUCT)
ROLES.fill(lambda node: ("", ("",) * len(node.args)), CONTRACT)


class OperandOrder:
    """The order in which sums and products take their operands.

    Args:
        order: the nodes of the graph in topological order.
    """

    def __init__(self, order: Iterable[Node]) -> None:
        self._order = order
        self._kinds: dict[tuple[Node, int], bytes] = {}

    @cached_property
    def _depth(self) -> dict[Node, int]:
        """How deep each node lies: few sums ask for it."""
        depth: dict[Node, int] = {}
        for node in self._order:
            own = 0
            for a in node.args:
                if depth[a] >= own:
                    own = depth[a] + 1
            depth[node] = own
        return depth

    def positions(self, node: Node) -> Sequence[int]:
        """The operands of a sum or product, by position: those without a multiplication come first."""
        if len(node.args) == 1:
            return (0,)
        numbers = _roles(node)
        if len(numbers) == 2:
            return (0, 1) if numbers[0] == numbers[1] or _rank(numbers[0]) <= _rank(numbers[1]) else (1, 0)
        ranks = [_rank(x) for x in numbers]
        if len(set(ranks)) < len(ranks):
            depth, args = self._depth, node.args
            ranks = [(*r, depth[a]) for r, a in zip(ranks, args)]
            if len(set(ranks)) < len(ranks):
                ranks = [(*r, self._kind(a, LOOK)) for r, a in zip(ranks, args)]
        return sorted(range(len(ranks)), key=ranks.__getitem__)

    def pairs(self, node: Node) -> list[tuple[float, Node]]:
        """The terms of a sum with their coefficients, or the factors of a product with their exponents."""
        numbers, args = _roles(node), node.args
        return [(numbers[0], args[0])] if len(args) == 1 else [(numbers[k], args[k]) for k in self.positions(node)]

    def _kind(self, node: Node, levels: int) -> bytes:
        """What a node and some levels below it are, without names, numbers of elements and digests."""
        found = self._kinds.get((node, levels))
        if found is None:
            rule = ROLES.find(node.op)
            own = number(node) if rule is None else rule(node)
            below = sorted([self._kind(a, levels - 1) for a in node.args]) if levels else []
            found = self._kinds[node, levels] = blake2b(repr((node.op.name, own, below)).encode(), digest_size=8).digest()
        return found


def _roles(node: Node) -> Sequence[float]:
    """The coefficients of a sum, or the exponents of a product."""
    return ROLES[node.op](node)[1]  # type: ignore[return-value]  # numbers for these; the column allows anything


def _rank(number: float) -> tuple[object, ...]:
    return number != 1.0, number != -1.0, number


__all__ = ["ROLES", "OperandOrder"]
