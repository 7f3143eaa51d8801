"""Results written into arrays that the caller gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..tree import flatten


def given_arrays(out: Any, count: int) -> list[np.ndarray]:
    """The arrays of a nesting like that of the results."""
    arrays, _ = flatten(out)
    if len(arrays) != count:
        raise ShapeError(f"out: expected {count} array{'s' * (count != 1)}, nested as the results are, got {len(arrays)}")
    for k, a in enumerate(arrays):
        if not isinstance(a, np.ndarray):
            raise DTypeError(f"out: array {k} is a {type(a).__name__}; results can only be written into NumPy arrays")
        if not a.flags.writeable:
            raise ValueError(f"out: array {k} is read-only")
    return list(arrays)


def at_once(quick: Callable[..., Any] | None, values: Sequence[Any], out: Sequence[np.ndarray]) -> bool:
    """Whether the call could be answered in one step, straight into the arrays."""
    if quick is None or any(isinstance(v, np.ndarray) and np.may_share_memory(v, a) for v in values for a in out):
        return False
    if any(np.may_share_memory(a, b) for k, a in enumerate(out) for b in out[:k]):
        return False
    return quick(*values, *out) is True


def check_shapes(out: Sequence[np.ndarray], shapes: Sequence[tuple[int, ...]]) -> None:
    for k, (a, shape) in enumerate(zip(out, shapes)):
        if a.shape != shape:
            raise ShapeError(f"out: array {k} has shape {a.shape}, the result has {shape}")


def write(results: Sequence[np.ndarray], out: Sequence[np.ndarray]) -> None:
    """Results into the arrays, where they are not there already; types may only change as NumPy's ``same_kind`` allows."""
    check_shapes(out, [np.shape(r) for r in results])
    for r, a in zip(results, out):
        same = isinstance(r, np.ndarray) and r.__array_interface__["data"] == a.__array_interface__["data"] and r.strides == a.strides
        if not same or r.dtype != a.dtype:
            np.copyto(a, r, casting="same_kind")


__all__ = ["at_once", "check_shapes", "given_arrays", "write"]
