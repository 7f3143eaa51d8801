"""The operations of typed loops: types of arguments and results, and notation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .errors import LoopError
from .types import Type


class OperationType(NamedTuple):
    """An operation: the types of its arguments, the type of its result, and the number of arguments.

    All arguments have one type, except the condition of ``select``.
    """

    takes: tuple[Type, ...]
    gives: Type | None  # None: the type of its arguments
    arity: int | None  # None: two or more, from left to right
    symbol: str  # between two arguments, or before one, in messages and in ``repr``


_NUMBERS: tuple[Type, ...] = ("real", "index", "bits")
_WHOLE: tuple[Type, ...] = ("index", "bits")
_REAL: tuple[Type, ...] = ("real",)
_TRUTH: tuple[Type, ...] = ("truth",)

OPERATIONS: dict[str, OperationType] = {
    # a negated term of a sum is subtracted; a product and the sum that uses it may become one fused operation, if their
    # function or procedure may be contracted (``fused`` decides it for functions)
    "add": OperationType(_NUMBERS, None, None, "+"),
    "mul": OperationType(_NUMBERS, None, None, "*"),
    # a separately rounded product, which is never fused
    "mul_apart": OperationType(_REAL, None, None, "*!"),
    # a*b + c with one rounding, where the machine has an instruction for that
    "fma": OperationType(_REAL, None, 3, "fma"),
    "div": OperationType(_REAL, None, 2, "/"),
    "neg": OperationType(_NUMBERS, None, 1, "-"),
    # of indices, rounded down
    "floordiv": OperationType(("index",), None, 2, "//"),
    "mod": OperationType(("index",), None, 2, "%"),
    # a number of lanes rounded up to whole vectors, for a procedure that may compute lanes behind the last sample
    "whole_vectors": OperationType(("index",), None, 1, "whole_vectors"),
    "and_bits": OperationType(_WHOLE, None, 2, "&"),
    "or_bits": OperationType(_WHOLE, None, 2, "|"),
    "xor_bits": OperationType(_WHOLE, None, 2, "^"),
    "shift_left": OperationType(_WHOLE, None, 2, "<<"),
    # bits keep their sign
    "shift_right": OperationType(_WHOLE, None, 2, ">>"),
    # instructions of every processor
    "sqrt": OperationType(_REAL, None, 1, "sqrt"),
    "abs": OperationType(_REAL, None, 1, "abs"),
    "floor": OperationType(_REAL, None, 1, "floor"),
    "ceil": OperationType(_REAL, None, 1, "ceil"),
    "trunc": OperationType(_REAL, None, 1, "trunc"),
    "rint": OperationType(_REAL, None, 1, "rint"),
    "copysign": OperationType(_REAL, None, 2, "copysign"),
    # comparisons with NaN are false, but for ne; of indices, unsigned
    "lt": OperationType(_NUMBERS, "truth", 2, "<"),
    "le": OperationType(_NUMBERS, "truth", 2, "<="),
    "gt": OperationType(_NUMBERS, "truth", 2, ">"),
    "ge": OperationType(_NUMBERS, "truth", 2, ">="),
    "eq": OperationType((*_NUMBERS, "truth"), "truth", 2, "=="),
    "ne": OperationType((*_NUMBERS, "truth"), "truth", 2, "!="),
    # without shortcuts: both sides are computed
    "and": OperationType(_TRUTH, None, None, "and"),
    "or": OperationType(_TRUTH, None, None, "or"),
    "not": OperationType(_TRUTH, None, 1, "not"),
    # (condition, value if true, value if false); a function of C's library on one side is called only if needed
    "select": OperationType((*_NUMBERS, "truth"), None, 3, "select"),
    # conversions: the same value as a real, and the same bits
    "real_of_index": OperationType(("index",), "real", 1, "real"),
    "bits_of_real": OperationType(_REAL, "bits", 1, "bits"),
    "real_of_bits": OperationType(("bits",), "real", 1, "from_bits"),
}


#: functions of C's mathematical library, with the number of their arguments
LIBRARY = {
    "exp": 1, "expm1": 1, "log": 1, "log2": 1, "log10": 1, "log1p": 1, "sin": 1, "cos": 1, "tan": 1, "asin": 1, "acos": 1,
    "atan": 1, "atan2": 2, "sinh": 1, "cosh": 1, "tanh": 1, "asinh": 1, "acosh": 1, "atanh": 1, "erf": 1, "erfc": 1,
    "hypot": 2, "pow": 2, "fmod": 2, "lgamma": 1, "cbrt": 1, "exp2": 1, "tgamma": 1,
}  # fmt: skip


def type_of(op: str, types: Sequence[Type]) -> Type:
    """The type of an operation's result for some types of arguments.

    Raises:
        LoopError: there is no such operation, or it does not take these types.
    """
    rule = OPERATIONS.get(op)
    if rule is None:
        raise LoopError(f"no operation {op!r}")
    own = types[1:] if op == "select" else types
    enough = len(types) >= 2 if rule.arity is None else len(types) == rule.arity
    if not enough:
        raise LoopError(f"{op} takes {rule.arity or 'two or more'} arguments, got {len(types)}")
    if op == "select" and types[0] != "truth":
        raise LoopError(f"select: the condition is a truth value, got {types[0]}")
    if len(set(own)) != 1 or own[0] not in rule.takes:
        raise LoopError(f"{op} takes arguments of one type, {' or '.join(rule.takes)}; got {', '.join(types)}")
    return rule.gives or own[0]


__all__ = ["LIBRARY", "OPERATIONS", "OperationType", "type_of"]
