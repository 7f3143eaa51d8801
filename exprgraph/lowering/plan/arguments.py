"""Moves of arguments before the computation: into rows of lanes, or many small arguments together.

Neighbours that are moved in the same way are one loop over the arrays, so the code for thousands of numbers is as long as
for ten.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ...loops.program import Each, Expression, Load, Name, Run, Statement, Store, index, operation
from .inputs import COUNT

#: this many neighbours are a loop
LOOPED = 16
#: this many numbers of each sample are moved in squares, whose code takes longer to compile
MANY = 8

_SHARED, _LANES, _FIRST = Name("s", "reals"), Name("w", "reals"), Name("first", "index")


def moving(how: str, count: int) -> str:
    """The procedure that moves so many numbers of each sample into rows of lanes, or back: "load" or "store"."""
    return f"{how}_many" if count >= MANY else how


class Moved(NamedTuple):
    """Numbers of one argument, and their target."""

    argument: int
    size: int  # numbers of the argument, for a sample
    to: int  # the target in the workspace
    offset: int = 0  # the first moved number
    some: int = -1  # the count of moved numbers: -1 for all


def gathering(moved: Sequence[Moved]) -> list[Statement]:
    """Shared arguments, one after another in the shared workspace."""

    def move(array: Name, to: Expression, m: Moved) -> Statement:
        if m.size == 1:
            return Store(_SHARED, to, Load(array, index(0)))
        return Run("gather", (_SHARED, to, array, index(m.size)))

    return _moving([m for m in moved if m.size], 1, move)


def loading(moved: Sequence[Moved], row: int) -> list[Statement]:
    """The samples of a block, in rows of lanes; without rows (0), one sample."""

    def move(array: Name, to: Expression, m: Moved) -> Statement:
        if not row:
            some = m.size if m.some < 0 else m.some
            return Run("copied", (_LANES, to, array, _of_sample(m.size, m.offset), index(some)))
        return Run(moving("load", m.some), (_LANES, to, index(row), array, _FIRST, index(m.size), index(m.offset), index(m.some), COUNT))

    return _moving(moved, row or 1, move)


def _of_sample(size: int, offset: int) -> Expression:
    """The place of a number in an array of all samples, which have so many numbers each."""
    return operation("add", operation("mul", _FIRST, index(size)), index(offset))


def one_sample(result: Name, workspace: Name, offset: int, size: int) -> Statement:
    """A result of one sample, from the workspace."""
    return Run("copied", (result, _of_sample(size, 0), workspace, index(offset), index(size)))


def _moving(moved: Sequence[Moved], row: int, move: Callable[[Name, Expression, Moved], Statement]) -> list[Statement]:
    runs: list[list[Moved]] = []
    for m in moved:
        if runs:
            a = runs[-1][-1]
            step = row * (m.size if m.some < 0 else m.some)
            isomorphic = (m.size, m.offset, m.some) == (a.size, a.offset, a.some)
            if isomorphic and m.argument == a.argument + 1 and m.to == a.to + step:
                runs[-1].append(m)
                continue
        runs.append([m])
    out: list[Statement] = []
    for run in runs:
        if len(run) < LOOPED:
            out += [move(_argument(m), index(m.to), m) for m in run]
            continue
        first, second = run[:2]
        to = operation("add", index(first.to), operation("mul", Name("k", "index"), index(second.to - first.to)))
        out.append(Each("k", "a", tuple(map(_argument, run)), (move(Name("a", "reals"), to, first),)))
    return out


def _argument(m: Moved) -> Name:
    return Name(f"a{m.argument}", "reals")


__all__ = ["LOOPED", "Moved", "gathering", "loading", "moving", "one_sample"]
