"""Intervals, discs and balls around a point, and their spheres."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..quantities import number
from .domain import Domain, Placed, vector
from .surface import Surface


class Ball(Domain):
    """The points within a distance of a centre: a disc in two coordinates, a ball in three, and so on.

    Args:
        center: a number for each coordinate.
        radius: more than 0.

    Raises:
        ArgumentError: the radius is not more than 0, or a number is not finite.

    >>> from symnn.points import Ball
    >>> disc = Ball([1.0, 0.0], 0.5)
    >>> disc.contains(disc.sample(100, rng=0)).all(), disc.boundary
    (np.True_, Ball([1.0, 0.0], 0.5).boundary)
    """

    def __init__(self, center: float | Sequence[float] | np.ndarray, radius: float) -> None:
        self.center, self.radius = vector("a ball's centre", center), number("a ball's radius", radius, above=0)
        self.dimension = self.center.size
        self.cube = 1 + _axes_of_direction(self.dimension)
        self.extent = _area_of_sphere(self.dimension) / self.dimension * self.radius**self.dimension

    def place(self, u: np.ndarray) -> Placed:
        """A direction, and a distance whose power is uniform."""
        distance = self.radius * u[:, :1] ** (1 / self.dimension)
        return Placed(self.center + distance * _directions(u[:, 1:], self.dimension))

    def _inside(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(np.sum((x - self.center) ** 2, axis=1) <= self.radius**2)

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The centre minus and plus the radius."""
        return self.center - self.radius, self.center + self.radius

    @property
    def boundary(self) -> Surface:
        """The sphere around it."""
        return Sphere(self)

    def __repr__(self) -> str:
        return f"Ball({self.center.tolist()}, {self.radius:g})"


class Sphere(Surface):
    """The points at a distance from a centre."""

    def __init__(self, ball: Ball) -> None:
        self.ball = ball
        self.dimension, self.cube = ball.dimension, ball.cube - 1
        self.extent = _area_of_sphere(ball.dimension) * ball.radius ** (ball.dimension - 1)

    def place(self, u: np.ndarray) -> Placed:
        """A direction, which is the normal."""
        normals = _directions(u, self.dimension)
        return Placed(self.ball.center + self.ball.radius * normals, normals)

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Those of the ball."""
        return self.ball.bounds

    def __repr__(self) -> str:
        return f"{self.ball!r}.boundary"


def _axes_of_direction(dimension: int) -> int:
    """The number of axes of a unit cube that is mapped to directions."""
    return {1: 1, 2: 1, 3: 2}.get(dimension, 2 * -(-dimension // 2))


def _directions(u: np.ndarray, dimension: int) -> np.ndarray:
    """Unit vectors, uniform on the sphere if ``u`` is uniform in the cube."""
    if dimension == 1:
        return np.where(u < 0.5, -1.0, 1.0)
    if dimension == 2:
        angle = 2 * np.pi * u[:, 0]
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)
    if dimension == 3:
        angle, height = 2 * np.pi * u[:, 0], 2 * u[:, 1] - 1
        flat = np.sqrt(1 - height**2)
        return np.stack([flat * np.cos(angle), flat * np.sin(angle), height], axis=1)
    # normal numbers (Box, Muller 1958) over their norm
    half = u.shape[1] // 2
    length, angle = np.sqrt(-2 * np.log1p(-u[:, :half])), 2 * np.pi * u[:, half:]
    normal = np.concatenate([length * np.cos(angle), length * np.sin(angle)], axis=1)[:, :dimension]
    size = np.linalg.norm(normal, axis=1, keepdims=True)
    unit: np.ndarray = np.divide(normal, size, out=np.eye(1, dimension) + 0 * normal, where=size > 0)
    return unit


def _area_of_sphere(dimension: int) -> float:
    """The area of the unit sphere in so many coordinates; 2 in one, its two points."""
    return 2 * float(math.pi ** (dimension / 2)) / math.gamma(dimension / 2)


__all__ = ["Ball"]
