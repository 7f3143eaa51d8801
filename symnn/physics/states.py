"""States of mechanical systems: positions, then as many velocities or momenta."""

from __future__ import annotations

from typing import Any

import exprgraph as eg
from exprgraph import Node

from ..errors import ShapeError


def scalar_of(e: Any, what: str) -> Node:
    """A scalar expression, from one of shape ``()`` or ``(1,)``, which is the shape of a network's output."""
    node = eg.as_expression(e)
    if node.shape == (1,):
        node = node[0]
    if node.shape:
        raise ShapeError(f"{what} is one number for a sample, this expression has shape {node.shape}")
    return node


def degrees_of_freedom(z: Node) -> int:
    """The number of positions in a state ``z``: half of its entries."""
    if len(z.shape) != 1 or z.shape[0] % 2:
        raise ShapeError(f"a state is positions and as many velocities or momenta, one vector of even length; got shape {z.shape}")
    return z.shape[0] // 2


__all__ = ["degrees_of_freedom", "scalar_of"]
