"""Functions of NumPy and SciPy as compositions of rows, under their original names."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..canonical.operands import as_node, refuse_truth
from ..functions import rows as functions
from ..graph.leaves import constant
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


def heaviside(x: Operand, at_zero: Operand) -> Node:
    """0 below 0, 1 above 0, a given value at 0, and NaN for NaN."""
    x = as_node(x)
    return functions.where(functions.equal(x, 0.0), at_zero, functions.step(x))


def truncate(x: Operand) -> Node:
    """The integer part."""
    x = as_node(x)
    return functions.where(functions.less(x, 0.0), functions.ceil(x), functions.floor(x))


def entropy(x: Operand) -> Node:
    """``-x*log(x)``, 0 at 0, and -inf below."""
    x = as_node(x)
    return functions.where(functions.less(x, 0.0), -math.inf, negative(functions.xlogy(x, x)))


def logical_xor(a: Operand, b: Operand) -> Node:
    """Whether exactly one of them is non-zero."""
    refuse_truth(a, "logical_xor")
    refuse_truth(b, "logical_xor")
    return functions.not_equal(functions.not_equal(a, 0.0), functions.not_equal(b, 0.0))


def divmod_of(a: Operand, b: Operand) -> tuple[Node, Node]:
    """The integer quotient and the remainder."""
    return functions.floor_divide(a, b), functions.mod(a, b)


def is_nan(x: Operand) -> Node:
    """Whether it is NaN."""
    x = as_node(x)
    return functions.not_equal(x, x)


def is_infinite(x: Operand) -> Node:
    """Whether it is infinite."""
    return functions.equal(functions.absolute(x), math.inf)


def is_finite(x: Operand) -> Node:
    """Whether it is neither infinite nor NaN."""
    return functions.less(functions.absolute(x), math.inf)


def select(conditions: Sequence[Operand], choices: Sequence[Operand], default: Operand = 0) -> Node:
    """The choice of the first condition that holds, like np.select."""
    if len(conditions) != len(choices):
        raise ValueError(f"select: {len(conditions)} conditions for {len(choices)} choices; there is one for each")
    result = as_node(default) if conditions else constant(0.0)
    for condition, choice in zip(reversed(conditions), reversed(choices)):
        refuse_truth(condition, "select")
        result = functions.where(condition, choice, result)
    return result


__all__ = ["logit"]
