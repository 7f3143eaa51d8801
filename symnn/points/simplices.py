"""Polygons and meshes: domains made of triangles, with boundaries of segments and triangles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import exprgraph as eg

from ..errors import ArgumentError, ShapeError
from .domain import Domain, Placed
from .surface import Surface


class Pieces(Surface):
    """Segments in two coordinates or triangles in three, with a normal each: a boundary.

    Args:
        corners: of shape ``(pieces, dimension, dimension)``.
        normals: unit vectors, ``(pieces, dimension)``.
    """

    def __init__(self, corners: np.ndarray, normals: np.ndarray, name: str) -> None:
        self.corners, self._normals, self._name = corners, normals, name
        self.dimension = corners.shape[2]
        self.cube = self.dimension - 1
        self._chooser = _Chooser(_sizes(corners))
        self.extent = self._chooser.total

    def place(self, u: np.ndarray) -> Placed:
        """A piece of a chance proportional to its size, and a point of it."""
        k, u = self._chooser.choose(u)
        return Placed(_in_simplex(self.corners[k], u), self._normals[k])

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Around all corners."""
        return self.corners.min(axis=(0, 1)), self.corners.max(axis=(0, 1))

    def __repr__(self) -> str:
        return self._name


class Mesh(Domain):
    """Triangles: of the plane, whose union is the domain, or a closed surface in three coordinates, whose inside is the domain.

    Args:
        vertices: of shape ``(n, 2)`` or ``(n, 3)``.
        triangles: the numbers of three vertices for each triangle, ``(m, 3)``.  In three coordinates, seen from outside, they turn
            counter-clockwise, as files of meshes have them.

    Raises:
        ArgumentError: a triangle has no area, names a vertex that does not exist, or the surface is not closed.
        ShapeError: the arrays have other shapes.

    >>> from symnn.points import Mesh
    >>> square = Mesh([[0, 0], [1, 0], [1, 1], [0, 1]], [[0, 1, 2], [0, 2, 3]])
    >>> square.measure, square.boundary.measure, square.contains([[0.5, 0.2], [1.5, 0.2]])
    (1.0, 4.0, array([ True, False]))
    """

    def __init__(self, vertices: Sequence[Sequence[float]] | np.ndarray, triangles: Sequence[Sequence[int]] | np.ndarray) -> None:
        self.vertices, self.triangles = _checked(vertices, triangles)
        corners = self.vertices[self.triangles]
        sizes = _sizes(corners)
        if not np.all(sizes > 0):
            raise ArgumentError(f"triangle {int(np.argmin(sizes))} of the mesh has no area")
        self.dimension = self.vertices.shape[1]
        if self.dimension == 2:
            self.cube, self._chooser = 2, _Chooser(sizes)
            self.extent = self._chooser.total
        else:
            _check_closed(self.triangles)
            self.cube, (low, high) = 3, self.bounds
            self.extent = float(np.prod(high - low))
        self._corners = corners

    def place(self, u: np.ndarray) -> Placed:
        """A point of a triangle; of a box around the surface, of which those inside are kept."""
        if self.dimension == 2:
            k, u = self._chooser.choose(u)
            return Placed(_in_simplex(self._corners[k], u))
        low, high = self.bounds
        x = low + (high - low) * u
        return Placed(x, None, self._inside(x))

    def _inside(self, x: np.ndarray) -> np.ndarray:
        inside = np.empty(len(x), bool)
        some = max(1, (1 << 20) // max(1, len(self.triangles)))
        for k in range(0, len(x), some):
            inside[k : k + some] = _in_a_triangle(x[k : k + some], self._corners) if self.dimension == 2 else self._winds(x[k : k + some])
        return inside

    def _winds(self, x: np.ndarray) -> np.ndarray:
        """Whether the solid angles of all triangles add up to a sphere (Van Oosterom, Strackee 1983)."""
        a, b, c = (self._corners[:, k] - x[:, None] for k in range(3))
        na, nb, nc = (np.linalg.norm(v, axis=2) for v in (a, b, c))
        volume = np.einsum("nti,nti->nt", a, np.cross(b, c))
        dots = [np.einsum("nti,nti->nt", p, q) * n for p, q, n in ((a, b, nc), (b, c, na), (c, a, nb))]
        angle = 2 * np.arctan2(volume, na * nb * nc + sum(dots))
        return np.asarray(np.sum(angle, axis=1) > 2 * np.pi)

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Around all vertices of triangles."""
        used = self.vertices[self.triangles]
        return used.min(axis=(0, 1)), used.max(axis=(0, 1))

    @property
    def boundary(self) -> Surface:
        """The edges of only one triangle; in three coordinates all triangles."""
        name = f"{self!r}.boundary"
        if self.dimension == 3:
            normals = np.cross(self._corners[:, 1] - self._corners[:, 0], self._corners[:, 2] - self._corners[:, 0])
            return Pieces(self._corners, normals / np.linalg.norm(normals, axis=1, keepdims=True), name)
        edges = np.concatenate([self.triangles[:, [0, 1]], self.triangles[:, [1, 2]], self.triangles[:, [2, 0]]])
        third = np.concatenate([self.triangles[:, 2], self.triangles[:, 0], self.triangles[:, 1]])
        _, first, counts = np.unique(np.sort(edges, axis=1), axis=0, return_index=True, return_counts=True)
        alone = first[counts == 1]
        ends = self.vertices[edges[alone]]
        along = ends[:, 1] - ends[:, 0]
        normals = np.stack([along[:, 1], -along[:, 0]], axis=1) / np.linalg.norm(along, axis=1, keepdims=True)
        inwards = np.sum(normals * (self.vertices[third[alone]] - ends[:, 0]), axis=1) > 0
        return Pieces(ends, np.where(inwards[:, None], -normals, normals), name)

    def __repr__(self) -> str:
        return f"Mesh of {len(self.triangles)} triangles"


class Polygon(Mesh):
    """The inside of a closed line without crossings.  For a hole, take a difference: ``Polygon(...) - Polygon(...)``.

    Args:
        corners: in order along the line, in either direction, ``(n, 2)``.

    Raises:
        ArgumentError: the line crosses or touches itself.
        ShapeError: there are fewer than three corners, or other coordinates than two.

    >>> from symnn.points import Polygon
    >>> hook = Polygon([[0, 0], [2, 0], [2, 1], [1, 1], [1, 2], [0, 2]])
    >>> hook.measure, hook.boundary.measure, hook.contains([[0.5, 1.5], [1.5, 1.5]])
    (3.0, 8.0, array([ True, False]))
    """

    def __init__(self, corners: Sequence[Sequence[float]] | np.ndarray) -> None:
        points = np.array(eg.real_array(corners, "the corners of a polygon"), float)
        if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3:
            raise ShapeError(f"a polygon has at least three corners with two coordinates, shape (n, 2); got {points.shape}")
        super().__init__(points, _triangulated(points))

    def __repr__(self) -> str:
        return f"Polygon({self.vertices.tolist()})" if len(self.vertices) <= 8 else f"Polygon of {len(self.vertices)} corners"


class _Chooser:
    """Chooses a piece by one number; what is left of the number is used again."""

    def __init__(self, sizes: np.ndarray) -> None:
        self.total = float(np.sum(sizes))
        self._ends = np.cumsum(sizes) / self.total
        self._shares = np.diff(self._ends, prepend=0.0)

    def choose(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        k = np.minimum(np.searchsorted(self._ends, u[:, 0], side="right"), len(self._ends) - 1)
        left = np.clip((u[:, 0] - (self._ends[k] - self._shares[k])) / np.maximum(self._shares[k], np.finfo(float).tiny), 0.0, 1.0)
        return k, np.concatenate([left[:, None], u[:, 1:]], axis=1)


def _in_simplex(corners: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Points of segments or triangles, uniform for uniform ``u``."""
    if corners.shape[1] == 2:
        return np.asarray(corners[:, 0] + u[:, :1] * (corners[:, 1] - corners[:, 0]))
    root = np.sqrt(u[:, :1])
    return np.asarray((1 - root) * corners[:, 0] + root * ((1 - u[:, 1:2]) * corners[:, 1] + u[:, 1:2] * corners[:, 2]))


def _sizes(corners: np.ndarray) -> np.ndarray:
    """Lengths of segments, areas of triangles."""
    a = corners[:, 1] - corners[:, 0]
    if corners.shape[1] == 2:
        return np.asarray(np.linalg.norm(a, axis=1))
    b = corners[:, 2] - corners[:, 0]
    squared = np.sum(a * a, axis=1) * np.sum(b * b, axis=1) - np.sum(a * b, axis=1) ** 2
    return np.asarray(np.sqrt(np.maximum(squared, 0.0)) / 2)


def _in_a_triangle(x: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Whether each point of the plane is in some triangle, or on its edge up to rounding."""
    sides = []
    for k in range(3):
        a, b = corners[:, k], corners[:, (k + 1) % 3]
        d, p = b - a, x[:, None] - a
        sides.append(d[:, 0] * p[..., 1] - d[:, 1] * p[..., 0])
    area = sides[0] + sides[1] + sides[2]
    least = np.min(np.sign(area) * np.stack(sides), axis=0)
    return np.asarray(np.any(least >= -1e-14 * np.abs(area), axis=1))


def _checked(vertices: object, triangles: object) -> tuple[np.ndarray, np.ndarray]:
    points = np.array(eg.real_array(vertices, "the vertices of a mesh"), float)
    if points.ndim != 2 or points.shape[1] not in (2, 3):
        raise ShapeError(f"the vertices of a mesh have shape (n, 2) or (n, 3), got {points.shape}")
    if not np.isfinite(points).all():
        raise ArgumentError("the vertices of a mesh are finite numbers")
    numbers = np.array(triangles)
    if numbers.ndim != 2 or numbers.shape[1:] != (3,) or numbers.dtype.kind not in "iu" or not len(numbers):
        raise ShapeError(f"the triangles of a mesh are whole numbers of shape (m, 3), got {numbers.dtype} {numbers.shape}")
    if numbers.min() < 0 or numbers.max() >= len(points):
        raise ArgumentError(f"the triangles name vertices from 0 to {len(points) - 1}, got {numbers.min()} to {numbers.max()}")
    return points, numbers.astype(np.int64)


def _check_closed(triangles: np.ndarray) -> None:
    """Each edge has one triangle on either side, which passes it in the other direction."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    ways = {tuple(e) for e in edges.tolist()}
    if len(ways) < len(edges) or any((b, a) not in ways for a, b in ways):
        raise ArgumentError("the surface of the mesh is not closed, or its triangles do not all turn counter-clockwise seen from outside")


def _triangulated(points: np.ndarray) -> np.ndarray:
    """Triangles of a polygon, by cutting off ears (Meisters 1975)."""
    x, y = points.T
    turned = float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) < 0
    left = list(range(len(points)))[:: -1 if turned else 1]
    triangles = []
    while len(left) > 3:
        for k in range(len(left)):
            a, b, c = left[k - 1], left[k], left[(k + 1) % len(left)]
            others = points[[i for i in left if i not in (a, b, c)]]
            if _turn(points[a], points[b], points[c]) > 0 and not np.any(_in_a_triangle(others, points[None, [a, b, c]])):
                triangles.append([a, b, c])
                del left[k]
                break
            if _turn(points[a], points[b], points[c]) == 0:  # a corner on a straight line
                del left[k]
                break
        else:
            raise ArgumentError("the line of a polygon crosses or touches itself")
    if _turn(*points[left]) <= 0:
        raise ArgumentError("the line of a polygon crosses or touches itself")
    return np.array([*triangles, left])


def _turn(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> float:
    """Positive for a turn to the left."""
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))


__all__ = ["Mesh", "Polygon"]
