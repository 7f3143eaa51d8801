"""A number times a scalar in a derivative: the most common step of a sweep, at once.

The same node as :func:`exprgraph.canonical.arithmetic.linear` and ``product`` make by all rules while derivatives are regrouped: a
number is multiplied into that of a multiple, and into the terms of a small sum that nobody wrote.
"""

from __future__ import annotations

import math
from collections.abc import Set

import numpy as np

from ..graph.node import Node, make
from ..graph.primitive import ARRAY, CONSTANT, CONTRACT, PRODUCT, SUM
from ..graph.sharing import SUMS, sum_of

#: A nested sum of more terms than this is merged only if it shares a term with the outer one: it may have other users,
#: and its terms would be added up again.
SMALL_SUM = 6

#: the smallest number with all its digits
_TINY = float(np.finfo(np.float64).tiny)


def lost(folded: float, *factors: float) -> bool:
    """Whether the combination of numbers overflows, or loses digits below the normal range.

    ``1e200*x * 1e200*y`` is finite for small x and y, but not with an infinite coefficient.
    """
    return not _TINY <= abs(folded) < math.inf and all(f != 0.0 and math.isfinite(f) for f in factors)


def number_times(c: float, node: Node, kept: Set[Node], *, factors: bool) -> Node | None:
    """``c*node`` of a scalar, or ``None`` if it takes other rules.

    Args:
        kept: nodes of the differentiated expression, which are not taken apart.
        factors: whether the factors of a product are collected again.
    """
    op = node.op
    if op is SUM and is_multiple(node):
        c *= node.params[1][0]
        node = node.args[0]
        op = node.op
        if not _TINY <= abs(c) < math.inf or (op is SUM and is_multiple(node)):
            return None
    elif c == 0.0 or c != c:
        return None
    if op is SUM:
        if node not in kept and len(node.args) < SMALL_SUM and c != 1.0:
            return _distributed(c, node)
    elif op is CONSTANT or op is ARRAY or op is CONTRACT or (op is PRODUCT and factors and not is_collected(node, kept)):
        return None
    return node if c == 1.0 else make(SUM, (node,), SUMS[(c,)], ())


def _distributed(c: float, node: Node) -> Node | None:
    """``c*a + c*b`` for ``c*(a + b)``."""
    constant, coefficients = node.params
    new = tuple([c * k for k in coefficients])
    for k in new:
        if not _TINY <= abs(k) < math.inf:
            return None
    constant *= c
    if len(new) == 1 and (constant == 0.0 or constant != constant):
        return None
    return make(SUM, node.args, sum_of(constant, new), ())


def is_multiple(node: Node) -> bool:
    """Whether a sum is a number times one term."""
    return len(node.args) == 1 and bool(node.params[0] == 0.0)


def is_collected(node: Node, kept: Set[Node]) -> bool:
    """Whether collecting the factors of a product again changes nothing.

    None is a number or a power, or a multiple that is taken apart, and all differ.
    """
    if len(set(node.args)) < len(node.args):
        return False
    for a in node.args:
        op = a.op
        if op is SUM:
            if is_multiple(a) and (a not in kept or a.params[1][0] == -1.0):
                return False
        elif op is PRODUCT:
            if len(a.args) == 1:
                return False
        elif op is CONSTANT or op is ARRAY or op is CONTRACT:
            return False
    return True


__all__ = ["SMALL_SUM", "is_collected", "is_multiple", "lost", "number_times"]
