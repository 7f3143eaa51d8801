"""Levels of scalars that repeat: the rounds of a loop that somebody wrote out.

An unrolled loop has the same operations in every round, some levels further on.  So each level is described by its
operations and by how far below, and where, their operands lie.  A run of levels with a period is a loop.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from ...graph.node import Node
from ...graph.primitive import CONSTANT, SELECT
from .isomorphism import ROLES

#: operands further below belong to no loop: they are read like arrays; the second is for rounds of more levels
NEAR = (48, 256)
#: fewer rounds stay written out
FEWEST_ROUNDS = 8
#: a value is read at most so many rounds later
REMEMBERED = 4
#: the most scalars of a round
WIDEST = 4000
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
        self._at: dict[Node, tuple[int, int]] = {}
        #: the scalars of each level, in order
        self.levels: list[list[Node]] = [[]]
        names: dict[object, int] = {}
        self._names: list[int] = [-1]
        for level in range(1, max(scalars, default=0) + 1):
            described = []
            for n in scalars.get(level, ()):
                operands = self.operands(n, level)
                kind = (n.op.name, _own(n), n in lanes, [o[:2] for o in operands], [_number(o.node) for o in operands])
                described.append((repr(kind), [o.at for o in operands], n))
            described.sort(key=lambda d: d[:2])
            self._at.update((n, (level, k)) for k, (_, _, n) in enumerate(described))
            self.levels.append([n for _, _, n in described])
            content = tuple([d for d, _, _ in described])
            self._names.append(names.setdefault(content, len(names)) if content else -1)
        self._next = self._following()

    def operands(self, node: Node, level: int) -> list[Reading]:
        """The operands of a scalar, which may change places where their roles are equal."""
        rule = ROLES.find(node.op)
        roles = range(len(node.args)) if rule is None else rule(node)[1]
        found = []
        for role, a in zip(roles, node.args):
            at = self._at.get(a)
            near = at is not None and level - at[0] <= self._near
            reference = (level - at[0], at[1]) if near and at is not None else OUTSIDE
            found.append(Reading(role, reference, at if at is not None else _position(a), a))  # type: ignore[arg-type]
        return found if rule is None else sorted(found, key=lambda o: o[:3])

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
            end = level
            while end + period < len(names) and names[end] == names[end + period] >= 0:
                end += 1
            run = Stretch(level, period, (end - level) // period + 1)
            size = sum(len(self.levels[k]) for k in range(level, level + period))
            if run.rounds >= FEWEST_ROUNDS and size <= min(WIDEST, 16 * run.rounds * period):
                return self._inside(run)
            later = self._next[later]
        return None

    def repeated(self) -> int:
        """The number of scalars in levels that have an equal one soon after."""
        return sum(len(nodes) for k, nodes in enumerate(self.levels) if 0 < self._next[k] <= k + self._near)

    def _inside(self, run: Stretch) -> Stretch | None:
        """The rounds in which no operand from outside of the loop is computed in it; None if there are few, or if one remembers many."""
        for level in range(run.first, run.end):
            for n in self.levels[level]:
                for o in self.operands(n, level):
                    if o.reference == OUTSIDE and self._level_of[o.node] >= run.first:
                        rounds = (level - run.first) // run.period
                        return run._replace(rounds=rounds) if rounds >= FEWEST_ROUNDS else None
                    if o.reference[0] > REMEMBERED * run.period:
                        return None
        return run


def _own(node: Node) -> object:
    """The parameters that are no role of an operand."""
    rule = ROLES.find(node.op)
    return node.params if rule is None else rule(node)[0]


def _number(node: Node) -> float | None:
    return node.params[0] if node.op is CONSTANT else None


def _position(node: Node) -> tuple[int, int]:
    """The position of an element in its array, to order operands."""
    at = 0
    if node.op is SELECT:
        for n, k in zip(node.args[0].shape, node.params):
            at = at * n + k
    return (-1, at)


__all__ = ["NEAR", "OUTSIDE", "Periods", "Reading", "Stretch"]
