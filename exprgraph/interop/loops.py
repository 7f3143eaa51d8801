"""Loops in SymPy: their rounds one after another."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..canonical.operands import as_node
from ..errors import ShapeError
from ..graph.node import Node
from ..meaning.elements import elements
from ..scans.body import SCAN, Recurrence
from ..scans.elements import unrolled
from .writing import SPELLED

#: the most nodes that an unrolled loop may have
_UNROLLED = 2000


@SPELLED.rule(SCAN)
def by_rounds(node: Node, index: tuple[int, ...], tables: dict[Node, Any]) -> Node:
    loop = Recurrence.of(node)
    if loop.length * len(loop.body.order) > _UNROLLED:
        raise ShapeError(
            f"to_sympy: SymPy gets a loop unrolled, up to {_UNROLLED} nodes; this one has {loop.length} rounds "
            f"of {len(loop.body.order)} nodes"
        )
    if node not in tables:
        tables[node] = np.asarray(elements(unrolled(node)))
    return as_node(tables[node][index])


__all__ = ["by_rounds"]
