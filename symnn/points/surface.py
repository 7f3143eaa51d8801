"""Boundaries: their points have outward normals, and several of them make one."""

from __future__ import annotations

import numpy as np

from ..errors import ArgumentError
from ..quantities import described
from .domain import Domain, Placed


class Surface(Domain):
    """A boundary, or a part of one: a set without volume, whose points have outward normals.

    ``a | b`` is both surfaces together; they should have no points in common.  ``a & domain`` is the part inside a domain,
    ``a - domain`` the part outside.  ``a * b`` takes the coordinates of a domain in addition, such as ``walls * Interval(0, 1)``
    for times.

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

    def __and__(self, other: Domain) -> Domain:
        return self._cut(other, True)

    def __sub__(self, other: Domain) -> Domain:
        return self._cut(other, False)

    def _cut(self, other: Domain, inside: bool) -> Surface:
        if not isinstance(other, Domain) or isinstance(other, Surface):
            raise ArgumentError(f"a surface is cut by a domain with an inside, got {described(other)}")
        return Cut(self, other, inside)


class Cut(Surface):
    """The points of a surface inside a domain, or outside of it; normals may be turned around."""

    def __init__(self, surface: Domain, domain: Domain, inside: bool, sign: float = 1.0) -> None:
        if surface.dimension != domain.dimension:
            raise ArgumentError(f"{surface!r} has {surface.dimension} coordinates, {domain!r} has {domain.dimension}")
        self._surface, self._domain, self._keeps, self._sign = surface, domain, inside, sign
        self.dimension, self.cube, self.extent = surface.dimension, surface.cube, surface.extent

    def place(self, u: np.ndarray) -> Placed:
        """Points of the whole surface; those on the wrong side are left out."""
        placed = self._surface.place(u)
        kept = self._domain.contains(placed.points) == self._keeps
        normals = None if placed.normals is None else self._sign * placed.normals
        return Placed(placed.points, normals, kept if placed.kept is None else kept & placed.kept)

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Those of the whole surface."""
        return self._surface.bounds

    def __repr__(self) -> str:
        return f"({self._surface!r} {'&' if self._keeps else '-'} {self._domain!r})"


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
        kept: np.ndarray | None = None
        for k, part in enumerate(self.parts):
            mine = chosen == k
            first = ends[k - 1] if k else 0.0
            own = u[mine]
            own[:, 0] = np.clip((own[:, 0] - first) / (ends[k] - first), 0.0, np.nextafter(1.0, 0.0))
            placed = part.place(own[:, : part.cube])
            x[mine] = placed.points
            normals[mine] = 0.0 if placed.normals is None else placed.normals
            if placed.kept is not None:
                kept = np.ones(len(u), bool) if kept is None else kept
                kept[mine] = placed.kept
        return Placed(x, normals, kept)

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The corners around all parts."""
        lows, highs = zip(*(p.bounds for p in self.parts))
        return np.min(lows, axis=0), np.max(highs, axis=0)

    def __repr__(self) -> str:
        return " | ".join(map(repr, self.parts))


__all__ = ["Cut", "Surface", "Together"]
