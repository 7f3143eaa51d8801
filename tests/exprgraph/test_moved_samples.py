"""Samples of many numbers are moved into lanes and back in squares: every edge of a square, for both types of numbers."""

from __future__ import annotations

import numpy as np
import pytest

import exprgraph as eg


@pytest.mark.one_in(2)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_numbers_of_samples_keep_their_places(dtype: type) -> None:
    x = eg.Symbol("x", (5, 7), per_sample=True)
    y = eg.Symbol("y", 3, per_sample=True)
    f = eg.compile((2.0 * x, x[1:4] + eg.sum(y), -y), (x, y))
    program = f.core.program(single=dtype is np.float32)
    assert {"load", "load_many", "store", "store_many"} <= set(program.called)
    for samples in (1, 3, 8, 17, 131):
        given = np.arange(35.0 * samples).reshape(samples, 5, 7).astype(dtype), np.arange(3.0 * samples).reshape(samples, 3).astype(dtype)
        doubled, part, negative = f(*given)
        assert np.array_equal(doubled, 2 * given[0]) and np.array_equal(negative, -given[1])
        assert np.array_equal(part, given[0][:, 1:4] + np.sum(given[1], axis=1)[:, None, None])


@pytest.mark.slow
@pytest.mark.parametrize("shapes", [((3, 3), (3, 3)), ((5, 7), (7, 9)), ((1, 6), (6,)), ((6,), (6, 5)), ((2, 4, 3), (3, 5))])
def test_products_of_matrices_of_a_sample(shapes: tuple[tuple[int, ...], ...]) -> None:
    rng = np.random.default_rng(5)
    a, b = (eg.Symbol(n, s, per_sample=True) for n, s in zip("ab", shapes))
    for dtype, bound in ((np.float64, 1e-13), (np.float32, 1e-5)):
        f = eg.compile(a @ b, (a, b))
        assert "products" in f.core.program(single=dtype is np.float32).called
        for samples in (1, 5, 130):
            given = [rng.normal(size=(samples, *s)).astype(dtype) for s in shapes]
            want = np.stack([x @ y for x, y in zip(*given)])
            np.testing.assert_allclose(f(*given), want, rtol=0, atol=bound)


@pytest.mark.parametrize(("rows", "together"), [(8, True), (16, False)])
def test_large_products_of_a_sample_are_computed_one_by_one(rows: int, together: bool) -> None:
    a, b = (eg.Symbol(n, (rows, rows), per_sample=True) for n in "ab")
    block = eg.compile(a @ b, (a, b)).core.program().block
    assert block > 1 if together else block == 1
