"""Whether scalars as arrays are quicker than straight-line code, or so much shorter that it does not matter.

Straight-line code keeps values in registers, and computes independent calls of a function as lanes of vectors.  Arrays are computed
vector by vector, but their operands are gathered first, element by element from a table, and each step is a call.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...graph.node import Node
from ...graph.primitive import RESHAPE
from ...graph.traverse import dependents, topological
from .access import is_view
from .in_order import SUM_IN_ORDER
from .movement import MOVEMENT

#: Times in units of a scalar in straight-line code, about 0.55 ns: a step of the driver; an element that is taken from a table, is
#: copied, or is computed, for one sample and for the samples of a block.  Fitted to grids, bodies, chains and collocation.
STEP, TAKEN, COPIED, COMPUTED, IN_LANES = 10.0, 0.6, 0.4, 0.15, 1.0
#: the same for a scalar in a loop over rounds, whose code stays in the cache
IN_ROUNDS = 0.6
#: Beyond so many scalars, calls may be slower if the code is shorter: LLVM takes a tenth of a millisecond for a scalar.
STRAIGHT = 40_000
#: how many times shorter
SHORTER = 8


def worth_rolling(rolled: Sequence[Node], count: int, in_loops: int, lane_symbols: Iterable[Node] = ()) -> bool:
    """Whether arrays replace ``count`` scalars, of which ``in_loops`` are computed in rounds."""
    order = [n for n in topological(rolled) if n.args]
    lanes = dependents(order, lane_symbols)
    if IN_ROUNDS * in_loops + sum(_time(n, n in lanes) for n in order) <= count:
        return True
    return count > STRAIGHT and SHORTER * sum(_pieces(n) for n in order) <= count


def _time(node: Node, lanes: bool) -> float:
    """The time of a node."""
    if is_view(node) or node.op is RESHAPE:
        return 0.0
    if not node.shape:
        return 1.0
    if _moves(node):
        arrays = sum(bool(a.shape) for a in node.args)
        return STEP * arrays + COPIED * (len(node.args) - arrays) + (TAKEN if len(node.args) == 1 else COPIED) * node.size
    return STEP + (IN_LANES if lanes or node.op is SUM_IN_ORDER else COMPUTED) * node.size


def _pieces(node: Node) -> int:
    """The statements of the code of a node."""
    return max(1, sum(not a.shape for a in node.args)) if _moves(node) else 1


def _moves(node: Node) -> bool:
    """Whether an array is made of elements of others."""
    return bool(node.shape) and MOVEMENT.find(node.op) is not None


__all__ = ["worth_rolling"]
