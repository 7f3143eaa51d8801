"""The base of domains: sets of points that can be drawn, with boundaries and combinations."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import exprgraph as eg

from ..errors import ArgumentError, ShapeError
from ..quantities import count, described, generator
from .sequences import STREAMS, check_method

#: how many points are tried for one that is kept, at most
TRIES = 2000


class Placed(NamedTuple):
    """Points of the unit cube after they were mapped to a domain.

    Attributes:
        points: of shape ``(n, dimension)``.
        normals: outward unit vectors of the same shape, of a surface.
        kept: of shape ``(n,)``, whether the point belongs to the domain; ``None`` if all points of the cube give points that do.
    """

    points: np.ndarray
    normals: np.ndarray | None = None
    kept: np.ndarray | None = None


class Domain(ABC):
    """A set of points in ``dimension`` coordinates, from which points are drawn uniformly.

    A subclass maps the unit cube to the set (:meth:`place`); some of the points may be left out.

    * ``a | b``, ``a & b``, ``a - b`` are union, intersection and difference;
    * ``a * b`` has the coordinates of both, such as ``space * Interval(0, 1)`` for space and time.

    >>> from symnn.points import Ball, Box, Domain
    >>> plate = Box([-1, -1], [1, 1]) - Ball([0, 0], 0.5)
    >>> isinstance(plate, Domain), plate.sample(100, rng=0).shape
    (True, (100, 2))

    Attributes:
        dimension: the number of coordinates of a point.
        cube: the number of axes of the unit cube that is mapped to the domain.
        extent: length, area or volume of all points that :meth:`place` makes, also of those that it leaves out.
    """

    dimension: int
    cube: int
    extent: float

    # -- for subclasses to define

    @abstractmethod
    def place(self, u: np.ndarray) -> Placed:
        """Points for those of the unit cube, of shape ``(n, cube)``, such that uniform ones stay uniform."""

    @abstractmethod
    def _inside(self, x: np.ndarray) -> np.ndarray:
        """Whether each point, of an array of shape ``(n, dimension)``, is in the set."""

    @property
    @abstractmethod
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The corners of a box around the domain: two arrays of shape ``(dimension,)``."""

    @property
    @abstractmethod
    def boundary(self) -> Domain:
        """The boundary, a domain whose points have outward normals.

        Raises:
            ArgumentError: it is not known.
        """

    # -- derived

    def contains(self, points: object) -> np.ndarray:
        """Whether each point is in the domain; for an array of shape ``(n, dimension)``, of shape ``(n,)``.

        >>> from symnn.points import Box
        >>> Box([0, 0], [1, 2]).contains([[0.5, 1.5], [1.5, 0.5]])
        array([ True, False])

        Raises:
            ShapeError: the points have another number of coordinates.
        """
        x = eg.real_array(points, "points")
        if not x.ndim or x.shape[-1] != self.dimension:
            raise ShapeError(f"points of this domain have {self.dimension} coordinates, so shape (n, {self.dimension}); got {x.shape}")
        return self._inside(x.reshape(-1, self.dimension)).reshape(x.shape[:-1])

    def sample(self, n: int, rng: int | np.random.Generator | None = None, method: str = "uniform") -> np.ndarray:
        """Points of the domain, of shape ``(n, dimension)``.

        Args:
            n: the number of points.
            rng: a seed or a generator; ``None`` for one from the system.
            method: "uniform" for independent points; "latin", "sobol" and "halton" fill the domain more evenly.

        Raises:
            ArgumentError: there is no such method; or so few points are in the domain that they are not found.

        >>> from symnn.points import Box
        >>> Box([0, 0], [1, 2]).sample(100, rng=0, method="sobol").shape
        (100, 2)
        """
        return self.sample_with_normals(n, rng, method)[0]

    def sample_with_normals(
        self, n: int, rng: int | np.random.Generator | None = None, method: str = "uniform"
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Points, and outward unit normals if this is a boundary: two arrays of shape ``(n, dimension)``.

        >>> from symnn.points import Ball
        >>> x, normals = Ball([0, 0], 2.0).boundary.sample_with_normals(50, rng=0)
        >>> bool(abs(x - 2 * normals).max() < 1e-12)
        True
        """
        n = count("the number of points", n, 0)
        stream = STREAMS[check_method(method)](self.cube, generator("rng", rng))
        found: list[Placed] = []
        have = tried = 0
        while have < n:
            # as many as are missing, and more where few are kept
            some = self.place(stream.take(max(n - have, tried if have < tried / 8 else 0)))
            tried += len(some.points)
            found.append(_only_kept(some))
            have += len(found[-1].points)
            if tried > TRIES * max(n, 64):
                raise ArgumentError(f"only {have} of {tried} points tried were in the domain {self!r}: is it empty?")
        points = _joined([p.points for p in found], n, self.dimension)
        normals = [p.normals for p in found if p.normals is not None]
        return points, _joined(normals, n, self.dimension) if normals else None

    @property
    def measure(self) -> float:
        """Length, area or volume; estimated with 100,000 points, to about three digits, if only some points of the map are kept.

        >>> from symnn.points import Ball, Box
        >>> Box([0, 0], [1, 2]).measure, round(Ball([0, 0], 1.0).measure, 4)
        (2.0, 3.1416)
        """
        stream = STREAMS["halton"](self.cube, np.random.default_rng(0))
        if self.place(stream.take(1)).kept is None:
            return self.extent
        kept = np.asarray(self.place(stream.take(100_000)).kept)
        return self.extent * float(np.mean(kept))

    def where(self, condition: Callable[[np.ndarray], np.ndarray]) -> Domain:
        """The points for which a condition holds, such as a part of a boundary or a domain of a level set.

        Args:
            condition: a function of points, ``(n, dimension)``, that gives ``n`` truth values.

        >>> from symnn.points import Ball
        >>> right = Ball([0, 0], 1.0).boundary.where(lambda x: x[:, 0] > 0)
        >>> bool(right.sample(100, rng=0)[:, 0].min() > 0), round(right.measure, 2)
        (True, 3.14)
        """
        return COMBINATIONS["part"](self, condition)

    # -- combinations, which are made by modules above this one

    def __or__(self, other: Domain) -> Domain:
        return _combined("union", self, other)

    def __and__(self, other: Domain) -> Domain:
        return _combined("intersection", self, other)

    def __sub__(self, other: Domain) -> Domain:
        return _combined("difference", self, other)

    def __mul__(self, other: Domain) -> Domain:
        return _combined("product", self, other)


#: what makes combinations and parts, each registered by its module
COMBINATIONS: dict[str, Callable[[Any, Any], Domain]] = {}


def _combined(kind: str, a: Domain, b: object) -> Domain:
    if not isinstance(b, Domain):
        raise ArgumentError(f"a {kind} is of two domains, got {described(b)}")
    return COMBINATIONS[kind](a, b)


def _only_kept(placed: Placed) -> Placed:
    if placed.kept is None:
        return placed
    normals = None if placed.normals is None else placed.normals[placed.kept]
    return Placed(placed.points[placed.kept], normals)


def _joined(arrays: list[np.ndarray], n: int, dimension: int) -> np.ndarray:
    if len(arrays) == 1:
        return arrays[0][:n]
    return np.concatenate(arrays)[:n] if arrays else np.empty((n, dimension))


def vector(what: str, value: object, size: int | None = None) -> np.ndarray:
    """Check finite numbers on one axis; a number counts as a vector of one.

    Raises:
        ArgumentError: a number is not finite.
        ShapeError: there are other axes, or another number of entries.
    """
    a = np.array(np.atleast_1d(eg.real_array(value, what)), float)
    if a.ndim != 1 or not a.size or (size is not None and a.size != size):
        raise ShapeError(f"{what}: expected {'coordinates' if size is None else f'{size} coordinates'} on one axis, got shape {a.shape}")
    if not np.isfinite(a).all():
        raise ArgumentError(f"{what}: expected finite numbers, got {a}")
    return a


__all__ = ["COMBINATIONS", "Domain", "Placed", "vector"]
