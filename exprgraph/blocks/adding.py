"""Sums of arrays in a fixed order: groups of eight, then groups of eight such sums, and so on.

The order depends on the number of arrays alone, not on when they come or who adds them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

#: how many are added at once
FAN = 8


def in_order(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """The sum from the first to the last, in float64."""
    total = np.array(arrays[0], float)
    for a in arrays[1:]:
        total += a
    return total


def added(arrays: Iterable[np.ndarray]) -> np.ndarray:
    """The sum of a stream of arrays, with few of them in memory.

    >>> import numpy as np
    >>> from exprgraph.blocks import added
    >>> added(np.full(2, float(k)) for k in range(10))
    array([45., 45.])
    """
    waiting: list[list[np.ndarray]] = [[]]

    def put(level: int, a: np.ndarray) -> None:
        while True:
            if level == len(waiting):
                waiting.append([])
            waiting[level].append(a)
            if len(waiting[level]) < FAN:
                return
            a, waiting[level] = in_order(waiting[level]), []
            level += 1

    for a in arrays:
        put(0, a)
    level = 0
    while level < len(waiting):
        rest, waiting[level] = waiting[level], []
        if rest and level + 1 == len(waiting):
            return in_order(rest)
        if rest:
            put(level + 1, in_order(rest))
        level += 1
    raise ValueError("there is nothing to add")


__all__ = ["FAN", "added", "in_order"]
