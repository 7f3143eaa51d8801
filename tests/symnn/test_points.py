"""Domains, their boundaries and normals, and the ways to draw points."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from exprgraph import ShapeError
from symnn import ArgumentError
from symnn.points import Ball, Box, Difference, Domain, Interval, Mesh, Point, Points, Polygon, Union
from symnn.points.sequences import STREAMS
from symnn.points.sobol import SobolSequence

DISC, SQUARE = Ball([0.5, 0.0], 1.0), Box([-1, -1], [1, 1])
STAR = [[(1 + k % 2) * np.cos(np.pi * k / 5), (1 + k % 2) * np.sin(np.pi * k / 5)] for k in range(10)]


def _of_star() -> tuple[float, float]:
    """Ten triangles with two sides of 1 and 2 and an angle of 36 degrees between them."""
    return 10 * np.sin(np.pi / 5), 10 * np.sqrt(5 - 4 * np.cos(np.pi / 5))


#: with lengths, areas or volumes of the inside and of the boundary
DOMAINS: dict[str, tuple[Domain, float, float]] = {
    "interval": (Interval(-1, 2), 3, 2),
    "box": (Box([0, 1, 2], [1, 3, 5]), 6, 22),
    "segment": (Ball(1.0, 0.5), 1, 2),
    "disc": (DISC, np.pi, 2 * np.pi),
    "ball": (Ball([0, 0, 1], 2.0), 32 / 3 * np.pi, 16 * np.pi),
    "ball in 5": (Ball(np.zeros(5), 1.0), 8 / 15 * np.pi**2, 8 / 3 * np.pi**2),
    "cylinder": (DISC * Interval(0, 2), 2 * np.pi, 6 * np.pi),
    "polygon": (Polygon([[0, 0], [2, 0], [2, 1], [1, 1], [1, 2], [0, 2]][::-1]), 3, 8),
    "star": (Polygon(STAR), *_of_star()),
    "mesh": (Mesh([[0, 0], [2, 0], [2, 1], [0, 1], [1, 3]], [[0, 1, 2], [2, 3, 0], [3, 2, 4]]), 4, 4 + 2 * np.sqrt(5)),
    "tetrahedron": (Mesh(np.eye(4)[:, 1:], [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]), 1 / 6, 1.5 + 0.75**0.5),
    "union": (Box([0, 0], [2, 1]) | Box([1, 0.5], [3, 2]), 2 + 3 - 0.5, 6 + 7 - 2 * 1.5),
    "difference": (SQUARE - Ball([0, 0], 0.5), 4 - np.pi / 4, 8 + np.pi),
    "intersection": (Ball([0, 0], 1.0) & Box([0, -2], [2, 2]), np.pi / 2, np.pi + 2),
    "plate in time": ((SQUARE - Ball([0, 0], 0.5)) * Interval(0, 1), 4 - np.pi / 4, 8 + np.pi + 2 * (4 - np.pi / 4)),
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", DOMAINS)
def test_points_are_inside_and_normals_point_outwards(name: str) -> None:
    domain, inside, boundary = DOMAINS[name]
    x = domain.sample(200, 0, "halton")
    assert x.shape == (200, domain.dimension) and domain.contains(x).all()
    low, high = domain.bounds
    assert np.all((low <= x) & (x <= high))
    assert domain.measure == pytest.approx(inside, rel=0.02) and domain.boundary.measure == pytest.approx(boundary, rel=0.02)
    y, normals = domain.boundary.sample_with_normals(200, 1)
    assert normals is not None
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, rtol=1e-12)
    assert domain.contains(y - 1e-9 * normals).mean() > 0.99 and not domain.contains(y + 1e-9 * normals).any()


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", ["box", "disc", "ball in 5", "star", "tetrahedron", "difference"])
def test_points_are_uniform(name: str) -> None:
    """The divergence theorem: the means of x over the inside and of (x . n) over the boundary agree with the volume."""
    domain, inside, boundary = DOMAINS[name]
    y, normals = domain.boundary.sample_with_normals(20_000, 1, "sobol")
    assert np.mean(np.sum(y * normals, axis=1)) * boundary / domain.dimension == pytest.approx(inside, rel=0.02)
    x = domain.sample(20_000, 2, "sobol")
    # of the field x * x[0]: its divergence is (dimension + 1) x[0]
    flux = np.mean(y[:, 0] * np.sum(y * normals, axis=1)) * boundary
    assert np.mean(x[:, 0]) * inside * (domain.dimension + 1) == pytest.approx(flux, abs=0.03 * inside)


@pytest.mark.parametrize("method", STREAMS)
def test_methods_fill_the_cube(method: str) -> None:
    n = 1024
    x = Box(np.zeros(3), np.ones(3)).sample(n, 3, method)
    assert x.shape == (n, 3) and x.min() >= 0 and x.max() < 1
    cells = np.bincount((8 * x[:, 0]).astype(int) + 8 * (8 * x[:, 1]).astype(int), minlength=64)
    assert cells.std() < {"uniform": 6, "latin": 6, "halton": 1.5, "sobol": 1e-12}[method]
    if method != "uniform":
        assert abs(np.bincount((64 * x[:, 2]).astype(int), minlength=64) - 16).max() <= (2 if method == "halton" else 0)
    again = Box(np.zeros(3), np.ones(3)).sample(n, np.random.default_rng(3), method)
    np.testing.assert_array_equal(x, again)


def test_a_sequence_continues() -> None:
    for kind in (STREAMS["sobol"], STREAMS["halton"]):
        whole, parts = kind(5, np.random.default_rng(1)), kind(5, np.random.default_rng(1))
        np.testing.assert_array_equal(whole.take(300), np.concatenate([parts.take(n) for n in (1, 99, 200)]))


def test_sobol_numbers_are_the_published_ones() -> None:
    """The first points without a shift, from Joe and Kuo's notes; one-dimensional projections of all axes are permutations."""

    class NoShift:
        def integers(self, low: int, high: int, size: int, dtype: Any) -> np.ndarray:
            return np.zeros(size, dtype)

    x = SobolSequence(64, NoShift()).take(256)  # type: ignore[arg-type]
    expected = [[0, 0, 0], [0.5, 0.5, 0.5], [0.75, 0.25, 0.25], [0.25, 0.75, 0.75], [0.375, 0.375, 0.625], [0.875, 0.875, 0.125]]
    np.testing.assert_array_equal(x[:6, :3], expected)
    np.testing.assert_array_equal(np.sort(x, axis=0), np.tile(np.arange(256)[:, None] / 256, 64))


def test_faces_and_points() -> None:
    box = Box([-1, 0], [1, 2])
    left, normals = box.face(0, "low").sample_with_normals(5, 0)
    assert (left[:, 0] == -1).all() and normals is not None and (normals == [-1, 0]).all()
    walls = box.faces(0).sample(100, 0, "sobol")
    assert np.count_nonzero(walls[:, 0] == 1) == 50 and abs(walls[:, 0]).min() == 1
    assert ((Box(-1, 1) * Point(0.5)).sample(3, 0)[:, 1] == 0.5).all()
    disc = Ball([0, 0], 1.0)
    for part in (disc.boundary & Box([0, -2], [2, 2]), disc.boundary - Box([-2, -2], [0, 2]), disc.boundary.where(lambda x: x[:, 0] > 0)):
        x, normals = part.sample_with_normals(50, 0)
        assert (x[:, 0] >= 0).all() and part.measure == pytest.approx(np.pi, rel=0.02)
        np.testing.assert_allclose(x, normals)
        assert (part * Interval(0, 1)).sample(3, 0).shape == (3, 3)
    half = disc.where(lambda x: x[:, 1] > 0)
    assert half.contains([[0, 0.5], [0, -0.5], [0, 2]]).tolist() == [True, False, False] and half.sample(5, 0).min(axis=0)[1] > 0
    start, normals = (SQUARE.boundary * Interval(0, 1)).sample_with_normals(4, 0)
    assert start.shape == (4, 3) and normals is not None and (normals[:, 2] == 0).all()


def test_wrong_domains_are_refused() -> None:
    with pytest.raises(ArgumentError, match="below"):
        Box([0, 0], [1, 0])
    with pytest.raises(ArgumentError, match="one of 'uniform', 'latin'"):
        SQUARE.sample(3, 0, "grid")
    with pytest.raises(ShapeError, match="2 coordinates"):
        SQUARE.contains([1.0, 2.0, 3.0])
    with pytest.raises(ArgumentError, match="is it empty"):
        (SQUARE - Ball([0, 0], 2.0)).sample(3, 0)
    with pytest.raises(ArgumentError, match="as many coordinates"):
        Union(SQUARE, Interval(0, 1))
    with pytest.raises(ArgumentError, match="an inside, got the surface"):
        Difference(SQUARE, DISC.boundary)
    with pytest.raises(ArgumentError, match="at most 64 axes.*scipy.stats.qmc"):
        Box(np.zeros(65), np.ones(65)).sample(3, 0, "sobol")
    with pytest.raises(ArgumentError, match="of which axes"):
        SQUARE.faces()
    with pytest.raises(ArgumentError, match="cut by a domain with an inside"):
        DISC.boundary - DISC.boundary
    with pytest.raises(ArgumentError, match="gives a truth value for each of 3 points, got float64"):
        SQUARE.where(lambda x: x[:, 0]).sample(3, 0)
    with pytest.raises(ArgumentError, match="a condition cuts out is not known"):
        SQUARE.where(lambda x: x[:, 0] > 0).boundary  # noqa: B018
    with pytest.raises(ArgumentError, match="a point has no boundary"):
        (Point(0) * Point(1)).boundary  # noqa: B018
    with pytest.raises(ArgumentError, match="crosses"):
        Polygon([[0, 0], [1, 1], [1, 0], [0, 1]])
    with pytest.raises(ArgumentError, match="not closed"):
        Mesh(np.eye(4)[:, :3], [[0, 2, 1], [0, 1, 3], [0, 3, 2]])
    with pytest.raises(ArgumentError, match="triangle 1 of the mesh has no area"):
        Mesh([[0, 0], [1, 0], [1, 1], [2, 0]], [[0, 1, 2], [0, 1, 3]])
    with pytest.raises(ArgumentError, match="a domain of symnn.points"):
        Points(np.zeros((3, 1)), 3)  # type: ignore[arg-type]
