"""The body of a loop: a closed graph of bound symbols, a parameter of the loop's node.

Bound symbols are named by their position: ``c1, c2`` what a round hands to the next, ``x1, x2`` what it takes from arrays,
``k1, k2`` what is equal in all rounds.  So bodies that differ only in names are one body.  A body has no other symbols: all
else that it uses is an operand of the loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from ..canonical.grouping import images
from ..graph.node import Node, Params, Shape
from ..graph.primitive import Primitive, enter
from ..graph.traverse import INNER, rebuild, topological

SCAN = enter(Primitive("recurrence"))


class Body:
    """One round: from the values of bound symbols to what the next round gets, and what this one gives."""

    __slots__ = ("_hex", "_order", "carry", "given", "gives", "over", "then")

    def __init__(
        self, carry: Sequence[Node], over: Sequence[Node], given: Sequence[Node], then: Sequence[Node], gives: Sequence[Node]
    ) -> None:
        self.carry, self.over, self.given = tuple(carry), tuple(over), tuple(given)
        self.then, self.gives = tuple(then), tuple(gives)
        h = blake2b(repr(tuple(map(len, (carry, over, given, then, gives)))).encode(), digest_size=16)
        for node in (*self.symbols, *self.results):
            h.update(node.digest)
        self._hex = h.hexdigest()
        self._order: tuple[Node, ...] = ()

    @property
    def symbols(self) -> tuple[Node, ...]:
        """All bound symbols, in the order of the loop's operands."""
        return (*self.carry, *self.over, *self.given)

    @property
    def results(self) -> tuple[Node, ...]:
        """What the next round gets, then what this one gives."""
        return (*self.then, *self.gives)

    @property
    def order(self) -> tuple[Node, ...]:
        """All nodes, arguments before users."""
        if not self._order:
            self._order = tuple(topological(self.results))
        return self._order

    def __repr__(self) -> str:
        return f"body:{self._hex}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Body) and self._hex == other._hex

    def __hash__(self) -> int:
        return hash(self._hex)

    def __reduce__(self) -> tuple[object, ...]:
        return Body, (self.carry, self.over, self.given, self.then, self.gives)


class Rounds(NamedTuple):
    """How a loop runs: the number of rounds, and whether it starts with the last entries of the arrays.

    ``frugal``: derivatives keep little.  Sums over rounds are added up round by round.
    """

    length: int
    backwards: bool = False
    frugal: bool = False


class Recurrence(NamedTuple):
    """The parts of a loop's node."""

    body: Body
    start: tuple[Node, ...]
    over: tuple[Node, ...]
    given: tuple[Node, ...]
    rounds: Rounds

    @staticmethod
    def of(node: Node) -> Recurrence:
        body, *how = node.params
        n, m = len(body.carry), len(body.carry) + len(body.over)
        return Recurrence(body, node.args[:n], node.args[n:m], node.args[m:], Rounds(*how))

    @property
    def length(self) -> int:
        """The number of rounds."""
        return self.rounds.length

    @property
    def backwards(self) -> bool:
        """Whether the first round has the last entries of the arrays."""
        return self.rounds.backwards

    @property
    def operands(self) -> tuple[Node, ...]:
        """The value of each bound symbol: of all rounds, for those that go over arrays."""
        return (*self.start, *self.over, *self.given)

    def ranges(self) -> list[tuple[int, int, Shape]]:
        """Start, end and shape of each result in the vector."""
        return ranges(self.body, self.length)


def ranges(body: Body, length: int) -> list[tuple[int, int, Shape]]:
    """Start, end and shape of each result in the vector: the last values, then what all rounds give, in the order of the arrays."""
    out, at = [], 0
    for shape in [n.shape for n in body.then] + [(length, *n.shape) for n in body.gives]:
        size = math.prod(shape)
        out.append((at, at + size, shape))
        at += size
    return out


def replaced(roots: Sequence[Node], mapping: Mapping[Node, Node]) -> list[Node]:
    """Other symbols in a body, in the written form; nodes that a derivative keeps are kept."""
    return images(roots, mapping, lambda node, found: rebuild(node, tuple(found[a] for a in node.args)))


def settled(carry: Sequence[Node], reached: Callable[[set[Node]], set[Node]], first: set[Node]) -> set[Node]:
    """The carried symbols in the least set that has ``first`` and what a round makes of it."""
    found = set(first)
    while True:
        more = reached(found) & set(carry)
        if more <= found:
            return found
        found |= more


INNER.fill(lambda node: node.params[0].results, SCAN)


def parameters(body: Body, rounds: Rounds) -> Params:
    """The parameters of a loop's node."""
    return body, *rounds


__all__ = ["SCAN", "Body", "Recurrence", "Rounds", "parameters", "ranges", "replaced", "settled"]
