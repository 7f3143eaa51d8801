"""Domains with the coordinates of two others, such as space and time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import ArgumentError
from .domain import COMBINATIONS, Domain, Placed, vector
from .surface import Surface, Together


class Point(Domain):
    """One point: ``space * Point(0)`` is space at time 0.

    >>> from symnn.points import Box, Point
    >>> (Box(-1, 1) * Point(0)).sample(2, rng=0)[:, 1]
    array([0., 0.])
    """

    def __init__(self, at: float | Sequence[float] | np.ndarray) -> None:
        self.at = vector("a point", at)
        self.dimension, self.cube, self.extent = self.at.size, 0, 1.0

    def place(self, u: np.ndarray) -> Placed:
        """Always this point."""
        return Placed(np.tile(self.at, (len(u), 1)))

    def _inside(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(np.all(x == self.at, axis=1))

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The point, twice."""
        return self.at, self.at

    @property
    def boundary(self) -> Domain:
        """A point has none."""
        raise ArgumentError("a point has no boundary")

    def __repr__(self) -> str:
        return f"Point({self.at.tolist()})"


class Product(Domain):
    """All points whose first coordinates are in one domain and whose other ones are in another; ``a * b``.

    >>> from symnn.points import Ball, Interval
    >>> cylinder = Ball([0, 0], 1.0) * Interval(0, 2)
    >>> cylinder.dimension, round(cylinder.measure, 3), round(cylinder.boundary.measure, 3)
    (3, 6.283, 18.85)
    """

    def __init__(self, first: Domain, second: Domain) -> None:
        self.first, self.second = first, second
        self.dimension, self.cube = first.dimension + second.dimension, first.cube + second.cube
        self.extent = first.extent * second.extent

    def place(self, u: np.ndarray) -> Placed:
        """Each from its own axes of the unit cube; normals are 0 along the coordinates of a domain that has none."""
        a, b = self.first.place(u[:, : self.first.cube]), self.second.place(u[:, self.first.cube :])
        normals = None
        if a.normals is not None or b.normals is not None:
            normals = np.concatenate([np.zeros_like(p.points) if p.normals is None else p.normals for p in (a, b)], axis=1)
        kept = [p.kept for p in (a, b) if p.kept is not None]
        return Placed(np.concatenate([a.points, b.points], axis=1), normals, np.all(kept, axis=0) if kept else None)

    def _inside(self, x: np.ndarray) -> np.ndarray:
        n = self.first.dimension
        return np.asarray(np.logical_and(self.first.contains(x[:, :n]), self.second.contains(x[:, n:])))

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Those of both."""
        (a, b), (c, d) = self.first.bounds, self.second.bounds
        return np.concatenate([a, c]), np.concatenate([b, d])

    @property
    def boundary(self) -> Domain:
        """The boundary of each with the points of the other."""
        sides = []
        if not isinstance(self.first, Point):
            sides.append(self.first.boundary * self.second)
        if not isinstance(self.second, Point):
            sides.append(self.first * self.second.boundary)
        if not sides:
            raise ArgumentError("a point has no boundary")
        return Together(*sides) if len(sides) > 1 else sides[0]

    def __repr__(self) -> str:
        return " * ".join(f"({p!r})" if isinstance(p, Together) else f"{p!r}" for p in (self.first, self.second))


class _SurfaceProduct(Product, Surface):
    """A product with a surface, which has normals."""


def _product(a: Domain, b: Domain) -> Product:
    if isinstance(a, Surface) and isinstance(b, Surface):
        raise ArgumentError("a product of two surfaces has no normals: take their domains apart")
    return (_SurfaceProduct if isinstance(a, Surface) or isinstance(b, Surface) else Product)(a, b)


COMBINATIONS["product"] = _product

__all__ = ["Point", "Product"]
