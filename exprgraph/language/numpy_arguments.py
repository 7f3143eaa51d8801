"""The arguments that NumPy's functions share: `out`, `dtype`, `order` and others; and their signatures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..canonical.operands import as_node
from ..functions import rows as functions
from ..graph.node import Node
from ..support.names import brief

#: arguments that say how NumPy stores or converts arrays; expressions are stored in one way
_OF_STORAGE = ("order", "casting", "subok", "like", "copy", "stable", "kind", "device", "optimize")


def only_float64(dtype: Any, what: str) -> None:
    """Refuse another type of numbers than float64."""
    try:
        same = dtype is None or np.dtype(dtype) == np.float64
    except TypeError:
        raise TypeError(f"{what}: a dtype is a type of numbers, got {brief(dtype)}") from None
    if not same:
        raise TypeError(
            f"{what} with dtype {np.dtype(dtype)} is not defined for expressions: they are float64; a function that is compiled with "
            "dtype=float32 computes in float32, and rint, floor and trunc make whole numbers"
        )


def no_out(out: Any, what: str) -> None:
    """Refuse an array for the result."""
    if out is not None and not (isinstance(out, tuple) and all(o is None for o in out)):
        raise TypeError(f"{what}: an expression cannot be written to `out`; expressions are immutable")


def without_storage(kwargs: dict[str, Any], what: str, keep: tuple[str, ...] = ()) -> dict[str, Any]:
    """The keyword arguments without those that say where and how the result is stored."""
    kept = {}
    for name, value in kwargs.items():
        if name in keep:
            kept[name] = value
        elif name == "out":
            no_out(value, what)
        elif name == "dtype":
            only_float64(value, what)
        elif name not in _OF_STORAGE:
            kept[name] = value
    return kept


def _given(**options: Any) -> dict[str, Any]:
    """The options that are not NumPy's mark for an argument that was left out."""
    return {k: v for k, v in options.items() if not (v is None or v is getattr(np, "_NoValue", None))}


def sum_like(what: str, f: Callable[..., Node]) -> Callable[..., Node]:
    """A reduction with the signature of np.sum."""

    def call(
        a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, initial: Any = None, where: Any = True
    ) -> Node:
        no_out(out, what)
        only_float64(dtype, what)
        return f(a, axis, **_given(keepdims=keepdims, initial=initial, where=where))

    return call


def max_like(what: str, f: Callable[..., Node]) -> Callable[..., Node]:
    """A reduction with the signature of np.max."""

    def call(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = None, where: Any = True) -> Node:
        no_out(out, what)
        return f(a, axis, **_given(keepdims=keepdims, initial=initial, where=where))

    return call


def any_like(what: str, f: Callable[..., Node]) -> Callable[..., Node]:
    """A reduction with the signature of np.any, or of np.ptp and np.count_nonzero without a mask."""

    def call(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = None) -> Node:
        no_out(out, what)
        return f(a, axis, **_given(keepdims=keepdims, where=where))

    return call


def mean_like(what: str, f: Callable[..., Node]) -> Callable[..., Node]:
    """A reduction with the signature of np.mean."""

    def call(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> Node:
        no_out(out, what)
        only_float64(dtype, what)
        return f(a, axis, **_given(keepdims=keepdims, where=where))

    return call


def var_like(what: str, f: Callable[..., Node]) -> Callable[..., Node]:
    """A reduction with the signature of np.var."""

    def call(
        a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False,
        *, where: Any = True, mean: Any = None, correction: Any = None,
    ) -> Node:  # fmt: skip
        no_out(out, what)
        only_float64(dtype, what)
        return f(a, axis, ddof=ddof if correction is None else correction, **_given(keepdims=keepdims, where=where, mean=mean))

    return call


def scanned(what: str, f: Callable[..., Node]) -> Callable[..., Node]:
    """A function with the signature of np.cumsum."""

    def call(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Node:
        no_out(out, what)
        only_float64(dtype, what)
        return f(a, axis)

    return call


def astype(a: Any, dtype: Any = np.float64, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True) -> Node:
    """The expression for float64, and its truth values for bool; other types are refused."""
    if np.dtype(dtype) == np.bool_:
        return functions.not_equal(a, 0.0)
    only_float64(dtype, "astype")
    return as_node(a)


__all__ = [
    "any_like", "astype", "max_like", "mean_like", "no_out", "only_float64", "scanned", "sum_like", "var_like", "without_storage",
]  # fmt: skip
