"""Integers and shapes from users: Python's numbers or NumPy's, never a truth value or a float."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

import numpy as np

from ..errors import ShapeError


def whole(value: Any) -> int | None:
    """The number as a Python int; ``None`` for anything else.  Node parameters enter digests as text, so the type matters."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer, np.ndarray)):
        return None
    if isinstance(value, np.ndarray) and (value.ndim or value.dtype.kind not in "iu"):
        return None
    return int(value)


def normalize_shape(shape: int | Iterable[int]) -> tuple[int, ...]:
    """A tuple of non-negative Python integers, from an integer or a sequence of them."""
    if type(shape) is int and shape >= 0:
        return (shape,)
    single = whole(shape)
    try:
        if isinstance(shape, (bytes, bytearray, Set, Mapping)):  # integers, but without an order
            raise TypeError
        dims = tuple(map(whole, shape)) if single is None else (single,)  # type: ignore[arg-type]
    except TypeError:
        dims = (None,)
    out = tuple(d for d in dims if d is not None)
    if len(out) < len(dims):
        raise ShapeError(f"a shape is an integer or a sequence of integers, got {shape!r}")
    if any(d < 0 for d in out):
        raise ShapeError(f"a shape has no negative entries, got {out}")
    return out


__all__ = ["normalize_shape", "whole"]
