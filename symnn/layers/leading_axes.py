"""Layers of vectors, or of tokens, mapped over further axes in front."""

from __future__ import annotations

from collections.abc import Callable

import exprgraph as eg
from exprgraph import Node


def over_leading_axes(f: Callable[[Node], Node], x: Node, axes: int | None) -> Node:
    """A function of arrays with this number of axes, mapped over all axes in front of them; None if it takes any number."""
    for _ in range(0 if axes is None else x.ndim - axes):
        f = eg.vmap(f)
    return f(x)


__all__ = ["over_leading_axes"]
