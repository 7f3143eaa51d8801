"""Conversion of arguments to expressions or numbers, also for packages built on this one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..canonical.operands import MASKED, as_node, contains_node, is_masked, uneven, unreal
from ..errors import DTypeError, ShapeError
from ..graph.node import Node, Operand
from ..graph.primitive import SYMBOL
from ..support.exact import nearest_floats


def as_expression(value: Operand) -> Node:
    """Convert numbers, and nested lists of expressions and numbers, to an expression; an expression stays.

    Arrays of real numbers become constants of float64.  An operator such as ``x * value`` does the same with its other
    operand; use it in functions that take expressions and numbers.

    Raises:
        DTypeError: it is neither an expression nor real numbers.
        ShapeError: the parts of a nested list differ in shape.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.as_expression(x) is x, eg.as_expression(2), eg.as_expression([x, 1]).shape
    (True, 2, (2,))
    """
    return as_node(value)


def is_symbolic(value: Any) -> bool:
    """Whether it is an expression, or a nested list or tuple that contains one.

    >>> import exprgraph as eg
    >>> eg.is_symbolic([[1.0, eg.Symbol("x")]]), eg.is_symbolic([1.0, 2.0])
    (True, False)
    """
    return contains_node(value)


def is_symbol(value: Any) -> bool:
    """Whether it is a symbol.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.is_symbol(x), eg.is_symbol(2 * x), eg.is_symbol("x")
    (True, False, False)
    """
    return isinstance(value, Node) and value.op is SYMBOL


def real_array(value: Any, what: str = "the value") -> np.ndarray:
    """Convert real numbers to an array of float64, or of float32 if they have that type; such an array stays.

    Args:
        value: a number, an array, or nested lists of numbers.
        what: a name of the numbers, for error messages.

    Raises:
        DTypeError: it is an expression, or something else that is not real; elements of an array are masked.
        ShapeError: the parts of a nested list differ in shape.

    >>> import exprgraph as eg
    >>> eg.real_array([1, 2], "the weights")
    array([1., 2.])
    """
    if isinstance(value, Node):
        raise DTypeError(f"{what}: expected numbers, got an expression; use substitute for that")
    try:
        a = np.asarray(value)
    except ValueError as e:
        raise ShapeError(f"{what}: cannot make an array of the given value: {uneven(e)}") from None
    if is_masked(value):
        raise DTypeError(f"{what}: {MASKED}")
    if a.dtype in (np.float64, np.float32):
        return a
    if a.dtype == object and not isinstance(value, np.ndarray):  # an array of objects has no numbers
        a = nearest_floats(a)
    if a.dtype.kind in "iub" or a.dtype.kind == "f":
        return a.astype(np.float64)
    raise DTypeError(f"{what}: expected real numbers, got {unreal(value)}")


__all__ = ["as_expression", "is_symbol", "is_symbolic", "real_array"]
