"""Functions of NumPy and SciPy as compositions of rows, under their original names."""

from __future__ import annotations

import math

from ..canonical.operands import as_node
from ..functions import rows as functions
from ..graph.node import Node, Operand
from .operators import multiply, negative, subtract


def logit(x: Operand) -> Node:
    """``log(x/(1 - x))``, the inverse of :func:`sigmoid`, elementwise, of the shape of x.

    Infinite at 0 and 1, NaN outside.  The function and its derivative ``1/(x*(1 - x))`` keep their digits near 0, 1/2 and 1.

    >>> import exprgraph as eg
    >>> p = eg.Symbol("p")
    >>> eg.evaluate([eg.logit(p), eg.diff(eg.logit(p), p)], {p: 0.5})
    [np.float64(0.0), np.float64(4.0)]
    """
    x = as_node(x)
    near = functions.less(functions.absolute(subtract(x, 0.5)), 0.25)  # 2*x - 1 is exact there
    inside = multiply(2.0, functions.atanh(subtract(multiply(2.0, x), 1.0)))
    return functions.where(near, inside, subtract(functions.log(x), functions.log1p(negative(x))))


def entr(x: Operand) -> Node:
    """``-x*log(x)``, elementwise, of the shape of x: 0 at 0, and -inf below.

    >>> import exprgraph as eg
    >>> p = eg.Symbol("p")
    >>> eg.evaluate(eg.entr(p), {p: [0.5, 2.0]})
    array([ 0.34657359, -1.38629436])
    """
    x = as_node(x)
    return functions.where(functions.less(x, 0.0), -math.inf, negative(functions.xlogy(x, x)))


def divmod_of(a: Operand, b: Operand) -> tuple[Node, Node]:
    """The integer quotient and the remainder."""
    return functions.floor_divide(a, b), functions.mod(a, b)


__all__ = ["entr", "logit"]
