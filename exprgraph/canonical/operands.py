"""Operands of users as nodes: expressions, numbers, arrays and nested lists; and refusals of others."""

from __future__ import annotations

from collections.abc import Sequence
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..graph.leaves import array, constant
from ..graph.node import Node, Operand
from ..graph.stand_in import StandIn
from ..support.exact import nearest_float, nearest_floats
from ..support.names import brief
from .joining import stack


def as_node(value: Operand) -> Node:
    """The operand as an expression: expressions stay, numbers and arrays of real numbers become constants."""
    if isinstance(value, Node):
        return value
    if isinstance(value, StandIn):
        return value.expression
    if type(value) is float or type(value) is int:
        try:
            return constant(value)
        except OverflowError:
            raise DTypeError(f"an integer of {int(value).bit_length()} bits is too large for a float") from None
    if isinstance(value, (list, tuple)) and contains_node(value):
        try:
            return stack([as_node(v) for v in value])  # as NumPy would
        except RecursionError:
            raise ShapeError("a list of expressions is nested too deeply, or holds itself") from None
    if isinstance(value, np.ndarray) and value.dtype == object and contains_node(value.tolist()):
        return as_node(value.tolist())
    try:
        data = np.asarray(value)
    except ValueError as e:
        raise ShapeError(f"cannot make an array of {brief(value)}: {uneven(e)}") from None
    if is_masked(value):
        raise DTypeError(MASKED)
    if data.dtype == object and not isinstance(value, np.ndarray):  # an array of objects has no numbers
        data = nearest_floats(data)
    if data.dtype.kind not in "fiub":
        own = next((n for n in ("values", "derivative", "output") if isinstance(getattr(value, n, None), Node)), None)
        hint = f"; its .{own} {'are' if own == 'values' else 'is'} an expression" if own else ""
        if isinstance(value, (FunctionType, BuiltinFunctionType)):
            hint = "; call it on symbols, and give the result"
        raise DTypeError(f"expected an expression or real numbers, got {unreal(value)}{hint}")
    return array(data)


def uneven(error: ValueError) -> str:
    """The reason why NumPy made no array of a list, for messages."""
    if "inhomogeneous" in str(error):
        return "its parts have different shapes"
    return "it is nested too deeply, or holds itself" if "maximum number of dim" in str(error) else str(error)


def unreal(value: object) -> str:
    """The value that came instead of real numbers, for messages."""
    if isinstance(value, (list, tuple)):
        found = _first_unreal(value)
        return f"a {type(value).__name__}" + (f" that holds {unreal(found[0])}" if found else "")
    if isinstance(value, (np.ndarray, np.generic)):
        kind = "text" if value.dtype.kind in "SU" else "Python objects" if value.dtype.kind == "O" else f"dtype {value.dtype}"
        return f"{'an array' if value.ndim else 'a number'} of {kind}"
    if isinstance(value, (str, bytes)):
        return f"the text {brief(value)}"
    if isinstance(value, complex):
        return f"the complex number {value!r}"
    if isinstance(value, int):
        return "an integer that is too large for a float"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = "function" if callable(value) and hasattr(value, "__qualname__") else type(value).__name__
    return "None" if value is None else f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _first_unreal(value: Sequence[object]) -> tuple[object, ...]:
    """The first item of a nested list that is not a real number, in words; empty if there is none."""
    pending, seen = [value], {id(value)}
    while pending:
        for v in pending.pop():
            if isinstance(v, (list, tuple)):
                if id(v) not in seen:  # a list can hold itself
                    seen.add(id(v))
                    pending.append(v)
            elif np.asarray(v).dtype.kind not in "fiub" and nearest_float(v) is None:
                return (v,)
    return ()


def is_masked(value: object) -> bool:
    """Whether an array has masked elements."""
    return type(value) is not np.ndarray and isinstance(value, np.ndarray) and bool(np.ma.is_masked(value))


MASKED = "elements of the array are masked, and would be computed with; give array.filled(...), or leave them out"


def contains_node(value: object) -> bool:
    """Whether a nested list or tuple holds an expression anywhere."""
    pending, seen = [value], set()
    while pending:
        v = pending.pop()
        if isinstance(v, (Node, StandIn)):
            return True
        if isinstance(v, (list, tuple)) and id(v) not in seen:  # a list can hold itself
            seen.add(id(v))
            pending += v
    return False


def refuse_truth(condition: Any, what: str, role: str = "condition") -> None:
    """Refuse a Python truth value as a condition or an expression: most often it comes from ``x == 0``.

    Masks of NumPy are conditions; so are numbers.

    Raises:
        TypeError: it is True or False, or a list with one of them.
    """
    pending, seen = [condition], set()
    while pending:
        value = pending.pop()
        if value is True or value is False:
            raise TypeError(
                f"{what}: the {role} is Python's {value}, and no expression: `x == 0` asks whether the two are the same "
                "expression; write exprgraph.equal(x, 0) or not_equal(x, 0) to compare values "
                "(a mask of NumPy is a condition; what Python knows is chosen by `a if condition else b`)"
            )
        if isinstance(value, (list, tuple)) and id(value) not in seen:  # a list can hold itself
            seen.add(id(value))
            pending += value


__all__ = ["MASKED", "as_node", "contains_node", "is_masked", "refuse_truth", "uneven", "unreal"]
