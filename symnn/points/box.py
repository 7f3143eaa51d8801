"""Boxes, intervals, and their faces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import ArgumentError
from ..quantities import count, described, number
from .domain import Domain, Placed, vector
from .surface import Surface, Together


class Box(Domain):
    """The points between two corners.

    Args:
        low, high: the corners, a number for each coordinate.

    Raises:
        ArgumentError: ``low`` is not below ``high``.
        ShapeError: the corners have different numbers of coordinates.

    >>> from symnn.points import Box
    >>> box = Box([-1, 0], [1, 1])
    >>> box.sample(3, rng=0).shape, box.boundary.sample(4, rng=0).shape, box.face(1, "low").sample(2, rng=0)[:, 1]
    ((3, 2), (4, 2), array([0., 0.]))
    """

    def __init__(self, low: float | Sequence[float] | np.ndarray, high: float | Sequence[float] | np.ndarray) -> None:
        self.low = vector("a box's low corner", low)
        self.high = vector("a box's high corner", high, self.low.size)
        if not np.all(self.low < self.high):
            raise ArgumentError(f"a box has its low corner below its high one in each coordinate, got {self.low} and {self.high}")
        self.dimension = self.cube = self.low.size
        self.extent = float(np.prod(self.high - self.low))

    def place(self, u: np.ndarray) -> Placed:
        """Stretched and moved."""
        x = np.empty_like(u)
        for k, (low, width) in enumerate(zip(self.low, self.high - self.low)):  # NumPy takes ten times as long for rows of few numbers
            np.multiply(u[:, k], width, out=x[:, k])
            x[:, k] += low
        return Placed(x)

    def _inside(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(np.all((self.low <= x) & (x <= self.high), axis=1))

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The corners."""
        return self.low, self.high

    def face(self, axis: int, side: str) -> Surface:
        """One face, where a coordinate is at its ``"low"`` or ``"high"`` end.

        Raises:
            ArgumentError: there is no such axis or side.
        """
        if side not in ("low", "high"):
            raise ArgumentError(f"a face of a box is at the 'low' or the 'high' end of an axis, got {described(side)}")
        axis = count("the axis of a face", axis, 0)
        if axis >= self.dimension:
            raise ArgumentError(f"the axes of this box are 0 to {self.dimension - 1}, got {axis}")
        return Face(self, axis, side)

    def faces(self, *axes: int) -> Surface:
        """Both faces of each of these axes; such as the walls in space, of a box in space and time.

        Raises:
            ArgumentError: there is no such axis, or none is given.
        """
        if not axes:
            raise ArgumentError("faces(0, 1): of which axes? All faces are box.boundary")
        return Together(*(self.face(axis, side) for axis in axes for side in ("low", "high")))

    @property
    def boundary(self) -> Surface:
        """All faces."""
        return self.faces(*range(self.dimension))

    def __repr__(self) -> str:
        return f"Box({self.low.tolist()}, {self.high.tolist()})"


class Interval(Box):
    """The numbers between two; a box of one coordinate.

    >>> from symnn.points import Interval
    >>> Interval(0, 2).boundary.sample(100, rng=0).mean(axis=0).round()
    array([1.])
    """

    def __init__(self, low: float, high: float) -> None:
        super().__init__(number("an interval's low end", low), number("an interval's high end", high))

    def __repr__(self) -> str:
        return f"Interval({self.low[0]:g}, {self.high[0]:g})"


class Face(Surface):
    """One face of a box."""

    def __init__(self, box: Box, axis: int, side: str) -> None:
        self.box, self.axis, self.side = box, axis, side
        self.dimension, self.cube = box.dimension, box.dimension - 1
        self.extent = float(np.prod(np.delete(box.high - box.low, axis)))

    def place(self, u: np.ndarray) -> Placed:
        """The other coordinates from the unit cube."""
        x = self.box.place(np.insert(u, self.axis, 0.0, axis=1)).points
        normals = np.zeros_like(x)
        high = self.side == "high"
        x[:, self.axis] = (self.box.high if high else self.box.low)[self.axis]
        normals[:, self.axis] = 1.0 if high else -1.0
        return Placed(x, normals)

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The corners of the face."""
        low, high = self.box.low.copy(), self.box.high.copy()
        low[self.axis] = high[self.axis] = (high if self.side == "high" else low)[self.axis]
        return low, high

    def __repr__(self) -> str:
        return f"{self.box!r}.face({self.axis}, {self.side!r})"


__all__ = ["Box", "Interval"]
