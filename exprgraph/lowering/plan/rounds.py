"""A loop that somebody wrote out, as a loop again: one round of it, and what rounds hand on, take and give."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ...graph.column import Column
from ...graph.leaves import bound
from ...graph.node import Node, make
from ...graph.primitive import CONSTANT, lookup
from ...graph.views import Linear
from .columns import Columns
from .periods import OUTSIDE, REMEMBERED, Periods, Reading, Stretch


class Round(NamedTuple):
    """One round: symbols with what they stand for, and what it gives."""

    carry: list[tuple[Node, Node, Node]]  # symbol, first value, next value
    over: list[tuple[Node, Node]]  # symbol, the values of all rounds
    given: list[tuple[Node, Node]]  # symbol, value
    gives: list[Node]


#: ``(round, rounds)``: the vectors of what rounds give, from a loop of this primitive
LOOP: Column[Callable[[Round, int], list[Node]]] = Column(
    "loop", "rounds of one graph as one node: what each round gives, as vectors", __name__, otherwise="it is no loop"
)

#: a value of an earlier round: its level in the round, its number there, and how many rounds ago
_State = tuple[int, int, int]


def looped(periods: Periods, run: Stretch, columns: Columns, read_outside: Callable[[Node, int], bool]) -> None:
    """Put the scalars of a run that others read into the columns, as elements of what a loop gives."""
    _Loop(periods, run, columns).place(read_outside)


class _Loop:
    def __init__(self, periods: Periods, run: Stretch, columns: Columns) -> None:
        self.periods, self.run, self.columns = periods, run, columns
        self.images: list[list[Node]] = []
        self.states: dict[_State, Node] = {}
        self.starts: dict[_State, Node] = {}
        self.over: dict[Node, Node] = {}
        self.given: dict[Node, Node] = {}
        for level in range(run.period):
            self.images.append([self._image(level, k) for k in range(len(self._nodes(0, level)))])

    def _nodes(self, r: int, level: int) -> list[Node]:
        return self.periods.levels[self.run.first + r * self.run.period + level]

    def _operands(self, r: int, level: int, k: int) -> list[Reading]:
        return self.periods.operands(self._nodes(r, level)[k], self.run.first + r * self.run.period + level)

    def _image(self, level: int, k: int) -> Node:
        """A scalar of a round, of the round's symbols."""
        node = self._nodes(0, level)[k]
        first = self._operands(0, level, k)
        same = all(o.reference != OUTSIDE or o.node.op is CONSTANT for o in first)  # only first values are asked for
        of_rounds = [first, *(self._operands(r, level, k) for r in range(1, REMEMBERED + 1 if same else self.run.rounds))]
        args = tuple([self._argument(level, [o[j] for o in of_rounds]) for j in range(len(node.args))])
        roles = tuple([o.role for o in of_rounds[0]])
        params = node.params
        if isinstance(params, Linear):
            params = Linear(params.constant, roles)
        elif params:
            params = roles
        return make(node.op, args, params, ())

    def _argument(self, level: int, operands: list[Reading]) -> Node:
        """An operand, the same in all rounds or different in each."""
        first = operands[0]
        if first.node.op is CONSTANT:
            return first.node
        distance, number = first.reference
        if first.reference == OUTSIDE:
            return self._outside([o.node for o in operands])
        if distance <= level:
            return self.images[level - distance][number]
        ago = -(-(distance - level) // self.run.period)
        own = level - distance + ago * self.run.period
        for back in range(1, ago + 1):
            key = (own, number, back)
            if key not in self.states:
                self.states[key] = bound(f"state {len(self.states)}", (), first.node.per_sample)
                self.starts[key] = self.columns.node(operands[ago - back].node)
        return self.states[own, number, ago]

    def _outside(self, nodes: list[Node]) -> Node:
        places = [self.columns.place(n) for n in nodes]
        value = self.columns.column(places)
        known = self.over if value.shape else self.given
        if value not in known:
            known[value] = bound(f"{'entry' if value.shape else 'given'} {len(known)}", (), value.per_sample)
        return known[value]

    def _carry(self) -> list[tuple[Node, Node, Node]]:
        out = []
        for (level, number, ago), symbol in self.states.items():
            then = self.images[level][number] if ago == 1 else self.states[level, number, ago - 1]
            out.append((symbol, self.starts[level, number, ago], then))
        return out

    def place(self, read_outside: Callable[[Node, int], bool]) -> None:
        end, rounds = self.run.end, range(self.run.rounds)
        wanted = [
            (level, k)
            for level in range(self.run.period)
            for k in range(len(self.images[level]))
            if any(read_outside(self._nodes(r, level)[k], end) for r in rounds)
        ]
        over, given = [(s, v) for v, s in self.over.items()], [(s, v) for v, s in self.given.items()]
        one = Round(self._carry(), over, given, [self.images[level][k] for level, k in wanted])
        for (level, k), vector in zip(wanted, LOOP[lookup("recurrence")](one, self.run.rounds)):
            self.columns.put_all([self._nodes(r, level)[k] for r in rounds], vector)


__all__ = ["LOOP", "Round", "looped"]
