"""Constraints as users write them, and bounds, as expressions between two arrays of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Union

import numpy as np

from ..canonical.operands import as_node
from ..errors import ShapeError
from ..functions.elementwise import Function
from ..graph.node import Node, Shape
from ..graph.traverse import symbols_of
from ..language.given import real_array
from ..language.operators import subtract
from ..meaning.evaluate import evaluate
from ..support.names import brief

#: a comparison of expressions, or (lower, expression, upper)
Constraint = Union[Node, tuple[Any, Any, Any]]
Constraints = Union[Constraint, Sequence[Constraint], Mapping[str, Constraint], None]


class Limited(NamedTuple):
    """An expression, and flat arrays between which its elements are to lie."""

    expression: Node
    lower: np.ndarray
    upper: np.ndarray


def by_name(constraints: Constraints) -> dict[str | int, Limited]:
    """Constraints by their names, or by their positions in a list.

    Raises:
        TypeError: one of them is something else.
        ShapeError: limits do not broadcast to their expression's shape.
        ValueError: a lower limit is above its upper one, or NaN.
    """
    if constraints is None:
        return {}
    if isinstance(constraints, Mapping):
        return {name: limited(c, f"constraint {name!r}") for name, c in constraints.items()}
    if isinstance(constraints, list):
        return {k: limited(c, f"constraint {k}") for k, c in enumerate(constraints)}
    return {0: limited(constraints, "the constraint")}


def limited(constraint: Any, what: str) -> Limited:
    """One constraint."""
    if isinstance(constraint, tuple) and len(constraint) == 3:
        lower, middle, upper = constraint
        expression = as_node(middle)
        return Limited(expression, *limits(lower, upper, expression.shape, what))
    if isinstance(constraint, Node) and isinstance(constraint.op, Function) and constraint.op.name in ("less_equal", "equal"):
        return _compared(constraint, constraint.op.name == "equal", what)
    hint = "; == asks whether two expressions are one, write eg.equal(a, b)" if isinstance(constraint, bool) else ""
    raise TypeError(
        f"{what}: expected a comparison (a <= b, a >= b, eg.equal(a, b)) or a tuple (lower, expression, upper), got {constraint!r}{hint}"
    )


def _compared(comparison: Node, equal: bool, what: str) -> Limited:
    """``a <= b``, or ``a = b``; a side without symbols is the limit, else the difference has the limit 0."""
    a, b = comparison.args
    shape = comparison.shape
    if not symbols_of([b]):
        value = evaluate(b)
        return Limited(_whole(a, shape), *limits(value if equal else None, value, shape, what))
    if not symbols_of([a]):
        value = evaluate(a)
        return Limited(_whole(b, shape), *limits(value, value if equal else None, shape, what))
    return Limited(_whole(subtract(a, b), shape), *limits(0.0 if equal else None, 0.0, shape, what))


def _whole(e: Node, shape: Shape) -> Node:
    return e if e.shape == shape else subtract(e, np.zeros(shape))


def limits(lower: Any, upper: Any, shape: Shape, what: str) -> tuple[np.ndarray, np.ndarray]:
    """Flat arrays of limits; ``None`` is no limit."""
    found = []
    for side, value, free in (("lower", lower, -np.inf), ("upper", upper, np.inf)):
        if isinstance(value, Node):
            said = f"the {side} limit is a number or an array, got the expression {brief(value)}"
            raise TypeError(f"{what}: {said}; give several constraints as a list")
        a = real_array(free if value is None else value, f"{what}, the {side} limit")
        try:
            found.append(np.array(np.broadcast_to(a, shape)).ravel())
        except ValueError:
            raise ShapeError(f"{what}: the {side} limit has shape {a.shape}, which does not broadcast to {shape}") from None
    if not np.all(found[0] <= found[1]):
        raise ValueError(f"{what}: a lower limit is above the upper one, or NaN")
    return found[0], found[1]


__all__ = ["Constraint", "Constraints", "Limited", "by_name", "limited", "limits"]
