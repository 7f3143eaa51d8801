"""Graphs of a few short arrays, which are computed element by element."""

from __future__ import annotations

from collections.abc import Iterable

from ...graph.node import Node
from ...graph.primitive import MOVEMENTS

#: loops over fewer arrays are quick enough
_FEWEST = 8
#: arrays have at most so many elements on average, since loops over longer ones fill vectors; and all together, since each is code
_ON_AVERAGE, _ELEMENTS = 10, 600


def are_short(nodes: Iterable[Node]) -> bool:
    """Whether the nodes of a graph are operations on a few short arrays."""
    steps = [n for n in nodes if n.args and n.op not in MOVEMENTS]
    arrays = [n.size for n in steps if n.shape]
    total = sum(arrays) + len(steps) - len(arrays)
    return len(arrays) >= _FEWEST and total <= min(_ELEMENTS, _ON_AVERAGE * len(steps))


__all__ = ["are_short"]
