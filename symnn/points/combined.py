"""Unions, intersections and differences of domains, with their boundaries."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import ArgumentError
from ..quantities import described
from .box import Box
from .domain import COMBINATIONS, Domain, Placed
from .surface import Cut, Surface, Together


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
        return Together(Cut(self.first.boundary, self.second, False), Cut(self.second.boundary, self.first, False))


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
        return Together(Cut(self.first.boundary, self.second, True), Cut(self.second.boundary, self.first, True))


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
        return Together(Cut(self.first.boundary, self.second, False), Cut(self.second.boundary, self.first, True, -1.0))


class _Part(Domain):
    """The points of a domain for which a condition holds."""

    def __init__(self, domain: Domain, condition: Callable[[np.ndarray], np.ndarray]) -> None:
        if not callable(condition):
            raise ArgumentError(f"where takes a function of points, an array of shape (n, {domain.dimension}), got {described(condition)}")
        self.domain, self._condition = domain, condition
        self.dimension, self.cube, self.extent = domain.dimension, domain.cube, domain.extent

    def _holds(self, x: np.ndarray) -> np.ndarray:
        kept = np.asarray(self._condition(x))
        if kept.shape != x.shape[:1] or kept.dtype != np.bool_:
            raise ArgumentError(f"the condition of where gives a truth value for each of {len(x)} points, got {kept.dtype} {kept.shape}")
        return kept

    def place(self, u: np.ndarray) -> Placed:
        """Points of the domain; others are left out."""
        placed = self.domain.place(u)
        kept = self._holds(placed.points)
        return Placed(placed.points, placed.normals, kept if placed.kept is None else kept & placed.kept)

    def _inside(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(np.logical_and(self.domain.contains(x), self._holds(x)))

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Those of the whole domain."""
        return self.domain.bounds

    @property
    def boundary(self) -> Surface:
        """It is not known."""
        raise ArgumentError("the boundary of a part that a condition cuts out is not known")

    def __repr__(self) -> str:
        return f"({self.domain!r}).where({getattr(self._condition, '__name__', self._condition)})"


class _PartOfSurface(_Part, Surface):
    """The points of a surface for which a condition holds."""

    def _inside(self, x: np.ndarray) -> np.ndarray:
        return Surface._inside(self, x)


def _part(domain: Domain, condition: Callable[[np.ndarray], np.ndarray]) -> Domain:
    return (_PartOfSurface if isinstance(domain, Surface) else _Part)(domain, condition)


COMBINATIONS.update({"union": Union, "intersection": Intersection, "difference": Difference, "part": _part})

__all__ = ["Difference", "Intersection", "Union"]
