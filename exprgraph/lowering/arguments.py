"""Where the numbers of arguments go before anything is computed: into rows of lanes, or many small ones together.

Neighbours that are moved alike are one loop over the arrays: a function of thousands of numbers is no longer
than one of ten.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

#: so many neighbours are a loop
LOOPED = 16


class Moved(NamedTuple):
    """Numbers of one argument, and where they go."""

    argument: int
    size: int  # numbers of the argument, for a sample
    to: int  # the place in the workspace
    offset: int = 0  # the first of the numbers that are moved
    some: int = -1  # how many are: -1 for all


def gathering(moved: Sequence[Moved]) -> list[str]:
    """Arguments that all samples share, one after another in the shared workspace."""

    def line(array: str, to: str, m: Moved) -> str:
        if m.size == 1:
            return f"s[{to}] = {array}[u(0)]"
        return f"gather(s, {to}, {array}, u({m.size}))"

    return _lines([m for m in moved if m.size], 1, line)


def loading(moved: Sequence[Moved], row: int) -> list[str]:
    """The samples of a block, in rows of lanes."""

    def line(array: str, to: str, m: Moved) -> str:
        return f"load(w, {to}, u({row}), {array}, first, u({m.size}), u({m.offset}), u({m.some}), n)"

    return _lines(moved, row, line)


def _lines(moved: Sequence[Moved], row: int, line: Callable[[str, str, Moved], str]) -> list[str]:
    runs: list[list[Moved]] = []
    for m in moved:
        if runs:
            a = runs[-1][-1]
            step = row * (m.size if m.some < 0 else m.some)
            alike = (m.size, m.offset, m.some) == (a.size, a.offset, a.some)
            if alike and m.argument == a.argument + 1 and m.to == a.to + step:
                runs[-1].append(m)
                continue
        runs.append([m])
    out: list[str] = []
    for run in runs:
        if len(run) < LOOPED:
            out += [line(f"a{m.argument}", f"u({m.to})", m) for m in run]
            continue
        first, second = run[:2]
        out.append(f"for k, a in enumerate(({', '.join(f'a{m.argument}' for m in run)})):")
        out.append("    " + line("a", f"u({first.to}) + u(k) * u({second.to - first.to})", first))
    return out


__all__ = ["LOOPED", "Moved", "gathering", "loading"]
