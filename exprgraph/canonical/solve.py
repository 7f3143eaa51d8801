"""Solutions of linear systems."""

from __future__ import annotations

import math

from ..graph.leaves import array, constant_values, is_zero, zeros
from ..graph.node import Node, make
from ..graph.primitive import IDENTITY, SOLVE
from ..graph.traverse import REBUILD
from ..support.systems import solve_systems
from .contract import contract
from .factors import quotient
from .joining import reshape
from .select import select
from .written import spread


def solve_node(a: Node, b: Node) -> Node:
    """The canonical solution of linear systems.

    ``a`` is a matrix or a stack of them, ``lead + (n, n)``, and ``b`` has the shape ``lead + (n, ...)``.  The right-hand
    sides of a stack are matrices in the node, so that its text means the same in NumPy.
    """
    lead = a.ndim - 2
    if a.op is IDENTITY:
        return b
    if is_zero(b) or b.size == 0:
        return zeros(b.shape)
    if lead and b.ndim != a.ndim:
        columns = math.prod(b.shape[lead + 1 :])
        return reshape(solve_node(a, reshape(b, (*b.shape[: lead + 1], columns))), b.shape)
    if a.shape[-1] == 1:
        divisor = select(a, (*((None,) * lead), 0, 0))
        if lead:
            divisor = contract([(divisor, range(lead))], range(b.ndim), dict(enumerate(b.shape)))
        return quotient(b, spread(divisor, b.shape), b.shape)
    known = constant_values((a, b))
    if known is not None:
        return array(solve_systems(*known))
    return make(SOLVE, (a, b), (), b.shape)


REBUILD.fill(lambda node, args: solve_node(*args), SOLVE)

__all__ = ["solve_node"]
