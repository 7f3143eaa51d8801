"""Boundaries: their points have outward normals, and several of them make one."""

from __future__ import annotations

import numpy as np

from ..errors import ArgumentError
from .domain import Domain, Placed


class Surface(Domain):
    """A boundary, or a part of one: a set without volume, whose points have outward normals.

    ``a | b`` is both surfaces together; they should have no points in common.  ``a * b`` takes the coordinates of a domain in
    addition, such as ``walls * Interval(0, 1)`` for times.

    >>> from symnn.points import Ball, Box
    >>> walls = Box([0, 0], [1, 1]).face(0, "low") | Ball([2, 2], 0.5).boundary
    >>> round(walls.measure, 4), walls.sample(10, rng=0).shape
    (4.1416, (10, 2))
    """

    def _inside(self, x: np.ndarray) -> np.ndarray:
        raise ArgumentError(f"the surface {self!r} has no inside: rounding leaves no point exactly on it")

    @property
    def boundary(self) -> Domain:
        """A boundary has none."""
        raise ArgumentError(f"{self!r} is a surface; the boundary of a surface is not known here")

    def __or__(self, other: Domain) -> Domain:
        if isinstance(other, Surface):
            return Together(self, other)
        return super().__or__(other)


class Together(Surface):
    """Several surfaces, each with its share of the points.

    Args:
        parts: surfaces without common points, with the same number of coordinates.
    """

    def __init__(self, *parts: Domain) -> None:
        if len({p.dimension for p in parts}) != 1:
            raise ArgumentError(f"surfaces together have one number of coordinates, got {[p.dimension for p in parts]}")
        self.parts = parts
        self.dimension = parts[0].dimension
        self.cube = max(1, *(p.cube for p in parts))
        self.extent = sum(p.extent for p in parts)

    def place(self, u: np.ndarray) -> Placed:
        """The first coordinate of the unit cube chooses the part; what is left of it is the part's first coordinate."""
        ends = np.cumsum([p.extent for p in self.parts]) / self.extent
        chosen = np.minimum(np.searchsorted(ends, u[:, 0], side="right"), len(self.parts) - 1)
        x, normals = np.empty((2, len(u), self.dimension))
        kept = np.ones(len(u), bool)
        for k, part in enumerate(self.parts):
            mine = chosen == k
            first = ends[k - 1] if k else 0.0
            own = u[mine]
            own[:, 0] = np.clip((own[:, 0] - first) / (ends[k] - first), 0.0, np.nextafter(1.0, 0.0))
            placed = part.place(own[:, : part.cube])
            x[mine] = placed.points
            normals[mine] = 0.0 if placed.normals is None else placed.normals
            if placed.kept is not None:
                kept[mine] = placed.kept
        return Placed(x, normals, None if kept.all() else kept)

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The corners around all parts."""
        lows, highs = zip(*(p.bounds for p in self.parts))
        return np.min(lows, axis=0), np.max(highs, axis=0)

    def __repr__(self) -> str:
        return " | ".join(map(repr, self.parts))


__all__ = ["Surface", "Together"]
