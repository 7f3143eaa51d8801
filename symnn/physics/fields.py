"""Vector fields without divergence, from potentials."""

from __future__ import annotations

from typing import Any

import exprgraph as eg
from exprgraph import Node

from ..errors import ShapeError
from .states import scalar_of


def rotated_gradient(stream: Any, x: Node) -> Node:
    """The plane field ``(d psi/dy, -d psi/dx)`` of a stream function, which has no divergence.

    >>> import exprgraph as eg
    >>> from symnn.physics import rotated_gradient
    >>> x = eg.Symbol("x", shape=(2,))
    >>> rotated_gradient(x[0] * x[1], x)
    [x[0], -x[1]]
    """
    if x.shape != (2,):
        raise ShapeError(f"a stream function is of a point in the plane, got {x.shape}")
    g = eg.gradient(scalar_of(stream, "a stream function"), x)
    return eg.stack([g[1], -g[0]])


def curl(field: Any, x: Node) -> Node:
    """The curl of a field in space, ``(d3/dy - d2/dz, d1/dz - d3/dx, d2/dx - d1/dy)``, which has no divergence.

    >>> import exprgraph as eg
    >>> from symnn.physics import curl
    >>> x = eg.Symbol("x", shape=(3,))
    >>> curl(eg.stack([-x[1], x[0], 0 * x[2]]), x)
    [0, 0, 2]
    """
    node = eg.as_expression(field)
    if x.shape != (3,) or node.shape != (3,):
        raise ShapeError(f"curl is of a field of shape (3,) by a point of shape (3,), got {node.shape} and {x.shape}")
    d = eg.jacobian(node, x)
    return eg.stack([d[2, 1] - d[1, 2], d[0, 2] - d[2, 0], d[1, 0] - d[0, 1]])


__all__ = ["curl", "rotated_gradient"]
