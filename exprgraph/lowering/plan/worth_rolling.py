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
MOST_STRAIGHT = 40_000
#: how many times shorter
SHORTER = 8


def worth_rolling(rolled: Sequence[Node], count: int, in_loops: int, lane_symbols: Iterable[Node] = (), short: bool = False) -> bool:
    """Whether arrays replace ``count`` scalars, of which ``in_loops`` are computed in rounds.

    ``short``: for a compiler that takes milliseconds for a scalar, as Numba does, shorter code is better at any size.
    """
    order = [n for n in topological(rolled) if n.args]
    lanes = dependents(order, lane_symbols)
    time = IN_ROUNDS * in_loops + sum(time_of(n, n in lanes) for n in order)
    return is_worth(time, sum(_pieces(n) for n in order), count, short)


def may_be_worth_rolling(groups: Sequence[int], alone: int, count: int, short: bool = False) -> bool:
    """The same before there are arrays: of scalars in groups of these sizes, if all operands were neighbours, and of others."""
    return is_worth(alone + sum(STEP + COMPUTED * n for n in groups), alone + len(groups), count, short)


def is_worth(time: float, pieces: int, count: int, short: bool) -> bool:
    """Whether code of so many pieces that takes so long replaces ``count`` scalars."""
    return time <= count or ((short or count > MOST_STRAIGHT) and SHORTER * pieces <= count)


def time_of(node: Node, lanes: bool) -> float:
    """The time of a node of a graph with arrays, in units of a scalar."""
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


__all__ = ["is_worth", "may_be_worth_rolling", "time_of", "worth_rolling"]
