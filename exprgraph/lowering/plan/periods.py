"""Levels of scalars that repeat: the rounds of a loop that somebody wrote out.

An unrolled loop has the same operations in every round, some levels further on.  So each level is described by its
operations and by how far below, and where, their operands lie.  A run of levels with a period is a loop.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Any, NamedTuple

from ...graph.node import Node
from ...graph.primitive import CONSTANT, SELECT
from .columns import position
from .operand_order import ROLES

#: operands further below belong to no loop: they are read like arrays; the second is for rounds of more levels
NEAR = (48, 256)
#: fewer rounds stay written out
FEWEST_ROUNDS = 8
#: a value is read at most so many rounds later
REMEMBERED = 4
#: the most scalars of a round
WIDEST = 4000
#: at most so many times as many scalars are side by side as there are rounds
BESIDE = 16
#: so many periods are tried at a level
TRIED = 4

#: how far below an operand lies, and its number in its level; zeros for one that is no part of a loop
Reference = tuple[int, int]
OUTSIDE: Reference = (0, 0)


class Reading(NamedTuple):
    """An operand of a scalar, in an order that does not depend on digests."""

    role: float
    reference: Reference
    at: tuple[int, int]  # its level and number, or its position in an array
    node: Node


class Stretch(NamedTuple):
    """Levels that repeat."""

    first: int
    period: int
    rounds: int

    @property
    def end(self) -> int:
        return self.first + self.period * self.rounds


class Periods:
    """The scalars of each level in an order of their structure, and where levels repeat."""

    def __init__(self, scalars: Mapping[int, Sequence[Node]], level_of: Mapping[Node, int], lanes: Collection[Node], near: int) -> None:
        self._near = near
        self._level_of = level_of
        #: by level: the highest level of an operand from outside, and the distance of the furthest other operand
        self._outside: list[int] = [0]
        self._reach: list[int] = [0]
        self._at: dict[Node, tuple[int, int]] = {}
        #: the scalars of each level, in order
        self.levels: list[list[Node]] = [[]]
        names: dict[object, int] = {}
        self._names: list[int] = [-1]
        depth = max(scalars, default=0)
        for level in range(1, depth + 1):
            described = []
            self._outside.append(0)
            self._reach.append(0)
            here = scalars.get(level, ())
            if len(here) > BESIDE * depth:  # many side by side are arrays, not rounds
                here = ()
            for n in here:
                operands = self.operands(n, level)
                self._measure(level, operands)
                kind = (n.op.name, _own(n), n in lanes, [o[:2] for o in operands], [_number(o.node) for o in operands])
                described.append((repr(kind), [o.at for o in operands], n))
            described.sort(key=lambda d: d[:2])
            self._at.update((n, (level, k)) for k, (_, _, n) in enumerate(described))
            self.levels.append([n for _, _, n in described])
            content = tuple([d for d, _, _ in described])
            self._names.append(names.setdefault(content, len(names)) if content else -1)
        self._next = self._following()
        #: how many scalars lie below each level
        self._below = [0, *accumulate(map(len, self.levels))]
        self._repeats_to: dict[int, int] = {}  # by period

    def _measure(self, level: int, operands: Sequence[Reading]) -> None:
        for _, reference, _, a in operands:
            if reference is not OUTSIDE:
                self._reach[level] = max(self._reach[level], reference[0])
            elif self._level_of[a] > self._outside[level]:
                self._outside[level] = self._level_of[a]

    def operands(self, node: Node, level: int) -> list[Reading]:
        """The operands of a scalar, which may change places where their roles are equal."""
        rule = ROLES.find(node.op)
        roles: Sequence[Any] = range(len(node.args)) if rule is None else rule(node)[1]
        found = []
        where, near = self._at, self._near
        for role, a in zip(roles, node.args):
            at = where.get(a)
            if at is None:
                found.append(Reading(role, OUTSIDE, (-1, position(a) if a.op is SELECT else 0), a))
            else:
                distance = level - at[0]
                found.append(Reading(role, (distance, at[1]) if distance <= near else OUTSIDE, at, a))
        if rule is not None and len(found) > 1:
            found.sort(key=_order)
        return found

    def _following(self) -> list[int]:
        """The next level of the same content; 0 if there is none."""
        seen: dict[int, int] = {}
        out = [0] * len(self._names)
        for level in range(len(self._names) - 1, 0, -1):
            out[level] = seen.get(self._names[level], 0)
            seen[self._names[level]] = level
        return out

    def run_at(self, level: int) -> Stretch | None:
        """The run of rounds that begins at a level."""
        names = self._names
        later = self._next[level] if level < len(names) and names[level] >= 0 else 0
        for _ in range(TRIED):
            period = later - level
            if not later or period > self._near:
                return None
            run = Stretch(level, period, (self._repeating(level, period) - level) // period + 1)
            size = self._below[level + period] - self._below[level]
            if run.rounds >= FEWEST_ROUNDS and size <= min(WIDEST, BESIDE * run.rounds * period):
                return self._inside(run)
            later = self._next[later]
        return None

    def _repeating(self, level: int, period: int) -> int:
        """The first level from this one on whose content is not that of the level a period later.

        Asked for ascending levels, each of which is looked at once for a period.
        """
        names, end = self._names, max(level, self._repeats_to.get(period, 0))
        while end + period < len(names) and names[end] == names[end + period] >= 0:
            end += 1
        self._repeats_to[period] = end
        return end

    def repeated(self) -> int:
        """The number of scalars in levels that have an equal one soon after."""
        return sum(len(nodes) for k, nodes in enumerate(self.levels) if 0 < self._next[k] <= k + self._near)

    def _inside(self, run: Stretch) -> Stretch | None:
        """The rounds in which no operand from outside of the loop is computed in it; None if there are few, or if one remembers many."""
        if max(self._reach[run.first : run.first + run.period]) > REMEMBERED * run.period:  # the same in all rounds
            return None
        for level in range(run.first, run.end):
            if self._outside[level] >= run.first:
                rounds = (level - run.first) // run.period
                return run._replace(rounds=rounds) if rounds >= FEWEST_ROUNDS else None
        return run


#: of operands: their role, their reference, where they are
_order = itemgetter(0, 1, 2)


def _own(node: Node) -> object:
    """The parameters that are no role of an operand."""
    rule = ROLES.find(node.op)
    return node.params if rule is None else rule(node)[0]


def _number(node: Node) -> float | None:
    return node.params[0] if node.op is CONSTANT else None


__all__ = ["NEAR", "OUTSIDE", "Periods", "Reading", "Stretch"]
