"""What a state of a mechanical system is: positions, and as many velocities or momenta."""

from __future__ import annotations

from typing import Any

import exprgraph as eg
from exprgraph import Node

from ..errors import ShapeError


def scalar_of(e: Any, what: str) -> Node:
    """An expression of one number, given as such or with shape (1,), as a network's output has it."""
    node = eg.as_expression(e)
    if node.shape == (1,):
        node = node[0]
    if node.shape:
        raise ShapeError(f"{what} is one number for a sample, this expression has shape {node.shape}")
    return node


def degrees_of_freedom(z: Node) -> int:
    """How many positions a state ``z`` has, half of its entries."""
    if len(z.shape) != 1 or z.shape[0] % 2:
        raise ShapeError(f"a state is positions and as many velocities or momenta, one vector of even length; got shape {z.shape}")
    return z.shape[0] // 2


__all__ = ["degrees_of_freedom", "scalar_of"]
