"""Formulas of the library computed by NumPy: an operation at a time, on whole arrays."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np

from . import library
from .program import Call, Constant, Expression, Let, Load, Name

_BITS: Mapping[str, Callable[[Any, Any], Any]] = {
    "and_bits": operator.and_, "or_bits": operator.or_, "xor_bits": operator.xor, "shift_left": operator.lshift,
    "shift_right": operator.rshift,
}  # fmt: skip
_OPERATIONS: Mapping[str, Callable[..., Any]] = {
    "add": lambda *args: reduce(operator.add, args), "mul": lambda *args: reduce(operator.mul, args), "mul_apart": operator.mul,
    "div": operator.truediv, "neg": operator.neg, **_BITS,
    "sqrt": np.sqrt, "abs": np.abs, "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "rint": np.rint, "copysign": np.copysign,
    "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge, "eq": operator.eq, "ne": operator.ne,
    "and": lambda *args: reduce(np.logical_and, args), "or": lambda *args: reduce(np.logical_or, args), "not": np.logical_not,
    "select": np.where,
}  # fmt: skip


def on_arrays(name: str) -> Callable[..., np.ndarray]:
    """A formula as a function of arrays that broadcast, elementwise: in float32 if all of them are, else in float64.

    Results are those of compiled code without contraction, and of NumPy's functions where a formula calls C's library.

    >>> on_arrays("expm1")(np.array([0.0, 1.0]))
    array([0.        , 1.71828183])
    """

    def call(*arrays: Any) -> np.ndarray:
        single = np.result_type(*arrays) == np.float32
        real = np.float32 if single else np.float64
        with np.errstate(all="ignore"):
            value = _called(name, [np.asarray(a, real) for a in arrays], single)
        return np.array(np.broadcast_to(value, np.broadcast_shapes(*(np.shape(a) for a in arrays))))

    call.__name__ = call.__qualname__ = name
    return call


def _called(name: str, args: list[Any], single: bool) -> Any:
    function = library.function(name, single)
    names = dict(zip(function.parameters, args))
    for statement in function.body:
        assert isinstance(statement, Let)  # formulas have no others
        names[statement.name] = _value(statement.value, names, single)
    return _value(function.result, names, single)


def _value(e: Expression, names: Mapping[str, Any], single: bool) -> Any:
    if isinstance(e, Constant):
        return (np.float32 if single else np.float64)(e.text) if e.type == "real" else (np.int32 if single else np.int64)(e.value)
    if isinstance(e, Name):
        return names[e.name]
    assert not isinstance(e, Load)
    args = [_value(a, names, single) for a in e.args]
    if isinstance(e, Call):
        return getattr(np, e.function)(*args) if e.library else _called(e.function, args, single)
    if e.op == "bits_of_real":
        return np.asarray(args[0]).view(np.int32 if single else np.int64)
    if e.op == "real_of_bits":
        return np.asarray(args[0]).view(np.float32 if single else np.float64)
    return _OPERATIONS[e.op](*args)


__all__ = ["on_arrays"]
