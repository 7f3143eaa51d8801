"""The ``out=`` argument: results written into the caller's arrays."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...errors import DTypeError, ShapeError


def given_number(arrays: Sequence[Any], count: int) -> Sequence[Any]:
    """The targets of an ``out=`` argument, checked to be as many as there are results."""
    if len(arrays) != count:
        raise ShapeError(f"out: expected {count} array{'s' * (count != 1)}, in the nesting of the results, got {len(arrays)}")
    return arrays


def given_arrays(arrays: Sequence[Any], count: int) -> list[np.ndarray]:
    """The arrays of an ``out=`` argument, checked."""
    for k, a in enumerate(given_number(arrays, count)):
        if not isinstance(a, np.ndarray):
            raise DTypeError(f"out: array {k} is a {type(a).__name__}; results can only be written into NumPy arrays")
        if not a.flags.writeable:
            raise ValueError(f"out: array {k} is read-only")
    return list(arrays)


def declined(*values: Any) -> None:
    """A form without quick answers."""


def at_once(quick: Callable[..., Any] | None, values: Sequence[Any], out: Sequence[np.ndarray]) -> bool:
    """Whether the call could be answered in one step, directly into the arrays."""
    if quick is None or not _apart(values, out):
        return False
    return quick(*values, *out) is True


def _apart(values: Sequence[Any], out: Sequence[np.ndarray]) -> bool:
    """Whether no array may share memory with another, or with an argument."""
    if len(values) * len(out) > FEW:
        return not any(shared_with(out, [v for v in values if isinstance(v, np.ndarray)])) and not shared_among(out)
    if any(isinstance(v, np.ndarray) and np.may_share_memory(v, a) for v in values for a in out):
        return False
    return not any(np.may_share_memory(a, b) for k, a in enumerate(out) for b in out[:k])


#: the largest number of pairs of arrays that are compared one by one
FEW = 64


def _bounds(a: np.ndarray) -> tuple[int, int]:
    """The lowest and highest address of an array."""
    first = last = int(a.__array_interface__["data"][0])
    if not a.size:
        return first, first
    for n, stride in zip(a.shape, a.strides):
        if stride < 0:
            first += (n - 1) * stride
        else:
            last += (n - 1) * stride
    return first, last + a.itemsize


def shared_with(out: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> list[bool]:
    """For each array, whether it may share memory with one of the others.

    Like NumPy's ``may_share_memory`` for every pair, but not in quadratic time.
    """
    lows: list[int] = []
    highs: list[int] = []
    for low, high in sorted(b for b in map(_bounds, others) if b[0] < b[1]):
        lows.append(low)
        highs.append(max(high, highs[-1] if highs else high))  # among all that begin before it
    result = []
    for low, high in map(_bounds, out):
        k = bisect_right(lows, high - 1) - 1
        result.append(low < high and k >= 0 and highs[k] > low)
    return result


def shared_among(out: Sequence[np.ndarray]) -> bool:
    """Whether two of the arrays may share memory."""
    reach = 0
    for low, high in sorted(b for b in map(_bounds, out) if b[0] < b[1]):
        if low < reach:
            return True
        reach = high
    return False


def check_shapes(out: Sequence[np.ndarray], shapes: Sequence[tuple[int, ...]]) -> None:
    for k, (a, shape) in enumerate(zip(out, shapes)):
        if a.shape != shape:
            raise ShapeError(f"out: array {k} has shape {a.shape}, the result has {shape}")


def write(results: Sequence[np.ndarray], out: Sequence[np.ndarray]) -> None:
    """Copy results into the arrays, unless they are there already; types may change only as NumPy's ``same_kind`` allows."""
    check_shapes(out, [np.shape(r) for r in results])
    for r, a in zip(results, out):
        same = isinstance(r, np.ndarray) and r.__array_interface__["data"] == a.__array_interface__["data"] and r.strides == a.strides
        if not same or r.dtype != a.dtype:
            np.copyto(a, r, casting="same_kind")


__all__ = ["at_once", "check_shapes", "declined", "given_arrays", "given_number", "shared_among", "shared_with", "write"]
