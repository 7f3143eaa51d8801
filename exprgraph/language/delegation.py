"""The operands of operators, and those left to the other operand's class.

``x * other`` asks the expression first.  If ``other`` is neither a number nor an array, the operator returns
``NotImplemented``, and Python asks ``other`` with ``__rmul__``.
"""

from __future__ import annotations

from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from ..graph.node import Node
from ..support.exact import is_of_sympy

#: types that are operands, or that we refuse ourselves; subclasses count if they define no operators
_OWN = (float, int, bool, list, tuple, complex, str, bytes, bytearray, type(None), dict, set, frozenset)
#: the types of most operands
MOST_COMMON = (Node, float, int)
#: the reflected method of each operator
REFLECTED = {
    **{name: f"__r{name}__" for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "matmul", "and", "or", "xor")},
    "lt": "__gt__", "le": "__ge__", "gt": "__lt__", "ge": "__le__",
}  # fmt: skip


def leaves_to_other(name: str, other: Any) -> bool:
    """Whether an operator (by the name of its method, ``"mul"``) is left to the other operand."""
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
    if isinstance(getattr(other, "values", None), Node):  # our error names the alternative
        return False
    theirs = getattr(kind, reflected, None)
    if theirs is not None and theirs is not getattr(object, reflected, None):
        return True
    return not _is_numeric(other)


def has_ufuncs_of_its_own(other: Any) -> bool:
    """Whether an array defines its ufuncs by NumPy's protocol, such as an array with a unit."""
    theirs = getattr(type(other), "__array_ufunc__", np.ndarray.__array_ufunc__)
    return theirs is not np.ndarray.__array_ufunc__ and not isinstance(other, Node)


def _is_numeric(other: Any) -> bool:
    """Whether NumPy converts it to an array of numbers: a range, a buffer, a sequence."""
    try:
        return np.asarray(other).dtype.kind in "fiubc"
    except Exception:  # a foreign class may raise anything here; it is not an array
        return False


__all__ = ["MOST_COMMON", "has_ufuncs_of_its_own", "leaves_to_other"]
