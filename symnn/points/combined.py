"""Unions, intersections and differences of domains, with their boundaries."""

from __future__ import annotations

import numpy as np

from ..errors import ArgumentError
from .box import Box
from .domain import COMBINATIONS, Domain, Placed
from .surface import Surface, Together


class _OfTwo(Domain):
    """The base of combinations of two domains with as many coordinates."""

    def __init__(self, first: Domain, second: Domain) -> None:
        if first.dimension != second.dimension:
            raise ArgumentError(
                f"{type(self).__name__}: both domains have as many coordinates, got {first!r} with {first.dimension} "
                f"and {second!r} with {second.dimension}"
            )
        for part in (first, second):
            if isinstance(part, Surface):
                raise ArgumentError(f"{type(self).__name__}: expected a domain with an inside, got the surface {part!r}")
        self.first, self.second = first, second
        self.dimension = first.dimension
        self._covers = self._all()
        self.cube, self.extent = self._covers.cube, self._covers.extent

    def _all(self) -> Domain:
        """A domain that covers this one; points outside of this one are left out."""
        return self.first

    def place(self, u: np.ndarray) -> Placed:
        """Points of a larger domain; those outside are left out."""
        placed = self._covers.place(u)
        kept = self._inside(placed.points)
        return Placed(placed.points, None, kept if placed.kept is None else kept & placed.kept)

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Those of the first."""
        return self.first.bounds

    def __repr__(self) -> str:
        return f"({self.first!r} {self._sign} {self.second!r})"

    _sign: str


class Union(_OfTwo):
    """The points of either domain; ``a | b``.

    >>> from symnn.points import Ball, Box
    >>> both = Box([-1, -1], [1, 1]) | Ball([1, 0], 0.5)
    >>> both.contains([[1.2, 0.0], [1.2, 0.9]])
    array([ True, False])
    """

    _sign = "|"

    def _all(self) -> Domain:
        low, high = self.bounds
        return Box(low, high)

    def _inside(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(np.logical_or(self.first.contains(x), self.second.contains(x)))

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Around both."""
        (a, b), (c, d) = self.first.bounds, self.second.bounds
        return np.minimum(a, c), np.maximum(b, d)

    @property
    def boundary(self) -> Surface:
        """The points of each boundary outside of the other domain."""
        return Together(_Cut(self.first.boundary, self.second, False), _Cut(self.second.boundary, self.first, False))


class Intersection(_OfTwo):
    """The points of both domains; ``a & b``.

    >>> from symnn.points import Ball, Box
    >>> half = Ball([0, 0], 1.0) & Box([0, -1], [1, 1])
    >>> round(half.measure, 2)
    1.57
    """

    _sign = "&"

    def _inside(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(np.logical_and(self.first.contains(x), self.second.contains(x)))

    @property
    def boundary(self) -> Surface:
        """The points of each boundary inside the other domain."""
        return Together(_Cut(self.first.boundary, self.second, True), _Cut(self.second.boundary, self.first, True))


class Difference(_OfTwo):
    """The points of the first domain that are not in the second; ``a - b``.  Normals point out of it, so into the second.

    >>> from symnn.points import Ball, Box
    >>> plate = Box([-1, -1], [1, 1]) - Ball([0, 0], 0.5)
    >>> round(plate.measure, 2), bool(plate.contains([[0.0, 0.0]])[0])
    (3.21, False)
    """

    _sign = "-"

    def _inside(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(np.logical_and(self.first.contains(x), ~self.second.contains(x)))

    @property
    def boundary(self) -> Surface:
        """The points of the first boundary outside of the second domain, and of the second boundary inside the first."""
        return Together(_Cut(self.first.boundary, self.second, False), _Cut(self.second.boundary, self.first, True, -1.0))


class _Cut(Surface):
    """The points of a surface inside a domain, or outside of it."""

    def __init__(self, surface: Domain, domain: Domain, inside: bool, sign: float = 1.0) -> None:
        self._surface, self._domain, self._keeps, self._sign = surface, domain, inside, sign
        self.dimension, self.cube, self.extent = surface.dimension, surface.cube, surface.extent

    def place(self, u: np.ndarray) -> Placed:
        placed = self._surface.place(u)
        kept = self._domain.contains(placed.points) == self._keeps
        normals = None if placed.normals is None else self._sign * placed.normals
        return Placed(placed.points, normals, kept if placed.kept is None else kept & placed.kept)

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        return self._surface.bounds

    def __repr__(self) -> str:
        return f"({self._surface!r} {'inside' if self._keeps else 'outside'} {self._domain!r})"


COMBINATIONS.update({"union": Union, "intersection": Intersection, "difference": Difference})

__all__ = ["Difference", "Intersection", "Union"]
