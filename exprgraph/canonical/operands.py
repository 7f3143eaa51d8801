"""Which operands an operator takes, and which it leaves to the other operand's class.

``x * other`` asks the expression first.  What is no number and no array is not for it to decide: it returns
``NotImplemented``, and Python asks ``other`` with ``__rmul__``.
"""

from __future__ import annotations

from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from ..graph.node import Node
from ..support.exact import is_of_sympy

#: types whose values are operands, or are refused with words of ours; of their subclasses those that say no more
_OWN = (float, int, bool, list, tuple, complex, str, bytes, bytearray, type(None), dict, set, frozenset)
#: a method of each operator's other side
REFLECTED = {
    **{name: f"__r{name}__" for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "matmul")},
    "lt": "__gt__", "le": "__ge__", "gt": "__lt__", "ge": "__le__",
}  # fmt: skip


def leaves_to_other(name: str, other: Any) -> bool:
    """Whether an operator (by the name of its method, ``"mul"``) is the other operand's to carry out."""
    kind = type(other)
    if kind is Node or kind in _OWN:
        return False
    if isinstance(other, (np.ndarray, np.generic)):
        return has_ufuncs_of_its_own(other)
    reflected = REFLECTED[name]
    for known in _OWN:
        if isinstance(other, known):
            return getattr(kind, reflected, None) is not getattr(known, reflected, None)
    if isinstance(other, (Real, Decimal)) or is_of_sympy(other):
        return False
    if hasattr(kind, "__array__"):
        return getattr(kind, "__array_ufunc__", True) is None
    if isinstance(getattr(other, "values", None), Node):  # the error for it says what to take instead
        return False
    theirs = getattr(kind, reflected, None)
    if theirs is not None and theirs is not getattr(object, reflected, None):
        return True
    return not _is_numeric(other)


def has_ufuncs_of_its_own(other: Any) -> bool:
    """Whether an array is more than its numbers, and says by NumPy's protocol what ufuncs of it are: one with a unit, say."""
    theirs = getattr(type(other), "__array_ufunc__", np.ndarray.__array_ufunc__)
    return theirs is not np.ndarray.__array_ufunc__ and not isinstance(other, Node)


def _is_numeric(other: Any) -> bool:
    """Whether NumPy makes an array of numbers of it: a range, a buffer, a sequence."""
    try:
        return np.asarray(other).dtype.kind in "fiubc"
    except Exception:  # whatever a foreign class raises here, it is not an array
        return False


def refuse_truth(condition: Any, what: str, role: str = "condition") -> None:
    """An error for a Python truth value where a condition or an expression is expected: most often it came from ``x == 0``.

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


__all__ = ["has_ufuncs_of_its_own", "leaves_to_other", "refuse_truth"]
