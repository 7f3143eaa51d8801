"""Axes from users: negative ones count from the end; errors name the range."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import AxisError
from ..graph.node import Axis, Node
from ..support.integers import whole
from ..support.names import brief


def normalize_axis(axis: int, ndim: int, what: str = "axis") -> int:
    """A non-negative axis, or an error that names the range."""
    try:
        k = axis.__index__()
    except (AttributeError, TypeError):
        hint = "; sums of several are a + b, and the larger of two is maximum(a, b)" if isinstance(axis, Node) and what == "axis" else ""
        raise TypeError(f"{what} must be an integer, got {brief(axis)}{hint}") from None
    if not -ndim <= k < ndim:
        raise AxisError(f"{what} {k} is out of range for an expression with {ndim} axes")
    return k % ndim


def axes_listed(axes: int | Sequence[int], what: str) -> list[int]:
    """The axes of an argument as a list; a single axis is a list of one."""
    single = whole(axes)
    if single is not None:
        return [single]
    if isinstance(axes, (list, tuple, range)) or (isinstance(axes, np.ndarray) and axes.ndim):
        return list(axes)
    raise TypeError(f"{what}: axes are an integer or a sequence of integers, got {brief(axes)}")


def normalize_axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes of an ``axis`` argument, in order; all axes for None."""
    if axis is None:
        return tuple(range(ndim))
    given: Sequence[int] = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = tuple(sorted(normalize_axis(a, ndim) for a in given))
    if len(set(axes)) != len(axes):
        raise ValueError(f"axis {axis} names an axis twice")
    return axes


__all__ = ["axes_listed", "normalize_axes", "normalize_axis"]
