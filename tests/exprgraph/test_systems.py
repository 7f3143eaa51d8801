"""Singular linear systems: NaN in every backend and for the system alone, and numbers wherever there is a solution."""

from __future__ import annotations

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.loops import matrices
from exprgraph.lowering.call.module import load_module
from exprgraph.support.systems import is_singular, solve_systems

RNG = np.random.default_rng(0)


def integers(n: int, seed: int) -> np.ndarray:
    """A matrix of small whole numbers, one of whose columns is the sum of others."""
    rng = np.random.default_rng(seed)
    a = rng.integers(-9, 10, (n, n)).astype(float)
    k = rng.integers(n)
    a[:, k] = a[:, np.arange(n) != k].sum(axis=1)
    return a


def twice(a: np.ndarray) -> np.ndarray:
    """With its first column again as the last."""
    return np.c_[a[:, :-1], a[:, 0]]


SINGULAR = {
    "zeros": np.zeros((2, 2)),
    "ones": np.ones((3, 3)),
    "multiples": np.array([[1.0, 2.0], [2.0, 4.0]]),
    "thirds": np.array([[1 / 3, 2 / 3], [0.1, 0.2]]),
    "counted": np.arange(1.0, 10.0).reshape(3, 3),
    "counted further": np.arange(36.0).reshape(6, 6),
    "a graph's Laplacian": np.diag([2.0, 3.0, 2.0, 1.0]) - np.array([[0, 1, 1, 0], [1, 0, 1, 1], [1, 1, 0, 0], [0, 1, 0, 0]]),
    "a projection": np.eye(3) - np.outer([1, 2, 2], [1, 2, 2]) / 9,
    "a rotation less itself": np.eye(3) - np.array([[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 1]]),
    "an outer product": np.outer([0.1, 0.7, -0.3], [0.2, 0.9, 1.1]),
    "a column of zeros": np.array([[1.0, 0, 2], [3, 0, 1], [4, 0, 9]]),
    "a column twice": twice(RNG.normal(size=(5, 5))),
    "a row twice": twice(RNG.normal(size=(7, 7))).T.copy(),
    "a small column twice": twice(RNG.normal(size=(4, 4))) * [1e-120, 1.0, 1e100, 1e-120],
    "rows of all sizes": twice(RNG.normal(size=(4, 4))) * np.array([1e-100, 1.0, 1e90, 1e20])[:, None],
}
REGULAR = {
    "diagonal": np.diag([1e-300, 1.0, 1e200]),
    "triangular": np.tril(RNG.normal(size=(6, 6))) + 2.0**-400 * np.eye(6),
    "nearly equal rows": np.array([[1.0, 1.0], [1.0, 1.0 + 1e-12]]),
    "an ulp apart": np.array([[1.0, 1.0], [1.0, 1.0 + 8 * 2.0**-52]]),
    "Hilbert's": 1.0 / (np.arange(10)[:, None] + np.arange(10) + 1.0),
    "Vandermonde's": np.vander(np.linspace(0.0, 1.0, 12)),
    "exchanged": np.eye(5)[[3, 1, 4, 0, 2]],
}


def everywhere(a: np.ndarray, b: np.ndarray) -> list[np.ndarray]:
    """The solution from every backend: NumPy, machine code of one system and of systems on lanes, CPython as the definition."""
    n = len(b)
    A, B = eg.Symbol("A", (n, n)), eg.Symbol("b", n)
    e = eg.solve(A, B)
    f = eg.compile(e, (A, B))
    others = np.eye(n) * 3 + 0.5
    batch = f(np.stack([others, a] * 9), np.stack([b] * 18))
    for solved in batch[::2]:
        np.testing.assert_allclose(solved, np.linalg.solve(others, b), rtol=1e-13, atol=1e-13 * np.abs(b).max())
    known = eg.evaluate(eg.solve(eg.array(a), eg.array(b)), {})
    alone, lanes = (np.empty(n * n + 3 * n) for _ in range(2))
    x, y = np.empty(n), np.empty(n)
    with np.errstate(all="ignore"):
        matrices.lu_one(alone, a.ravel(), 0, 0, n)
        matrices.lu_solve_one(x, alone, b, 0, 0, 0, n, 1)
        matrices.lu(lanes, a.ravel(), 0, 0, n, 1, 1)
        matrices.lu_solve(y, lanes, b, 0, 0, 0, n, 1, 1, 1)
    return [eg.evaluate(e, {A: a, B: b}), f(a, b), batch[1], batch[-1], known, x, y]


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", SINGULAR)
def test_singular_systems_have_no_solution(name: str) -> None:
    a = SINGULAR[name]
    assert is_singular(a[None]).all()
    for b in (np.ones(len(a)), a @ np.arange(1.0, len(a) + 1) + (name == "zeros")):  # one with solutions, too
        for got in everywhere(a, b):
            assert np.isnan(got).all(), (name, got)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", REGULAR)
def test_regular_systems_have_one(name: str) -> None:
    a = REGULAR[name]
    b = a @ np.ones(len(a))
    with np.errstate(all="ignore"):
        want = np.linalg.solve(a, b)
        condition = np.linalg.norm(np.abs(np.linalg.inv(a)) @ np.abs(a), np.inf)
    assert not is_singular(a[None]).any()
    for got in everywhere(a, b):
        np.testing.assert_allclose(got, want, rtol=1e-14 * max(condition, 10.0))


@pytest.mark.parametrize("n", [2, 3, 4, 8, 17])
def test_matrices_of_whole_numbers(n: int) -> None:
    """In float64 and float32, by NumPy and on lanes."""
    singular = np.stack([integers(n, seed) for seed in range(200)])
    regular = np.random.default_rng(n).integers(-9, 10, (200, n, n)) + 20.0 * n * np.eye(n)
    b = np.random.default_rng(n).normal(size=(200, n))
    A, B = eg.Symbol("A", (n, n)), eg.Symbol("b", n)
    f = eg.compile(eg.solve(A, B), (A, B))
    for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 1e-3)):
        mine = b.astype(dtype)
        assert np.isnan(solve_systems(singular.astype(dtype), mine)).all()
        assert np.isnan(f(singular.astype(dtype), mine)).all()
        want = np.linalg.solve(regular, b[:, :, None])[:, :, 0]
        np.testing.assert_allclose(solve_systems(regular.astype(dtype), mine), want, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(f(regular.astype(dtype), mine), want, rtol=tolerance, atol=tolerance)


def test_rows_and_columns_of_any_scale_change_nothing() -> None:
    rng = np.random.default_rng(1)
    for a in (*SINGULAR.values(), *REGULAR.values()):
        for _ in range(5):
            rows, columns = (2.0 ** rng.integers(-60, 60, len(a)) for _ in range(2))
            assert is_singular((a * columns)[None])[0] == is_singular(a[None])[0]
            assert np.isnan(solve_systems((rows[:, None] * a * columns)[None], np.ones((1, len(a))))).any() == is_singular(a[None])[0]


def test_inverses_and_derivatives_of_singular_systems() -> None:
    A, b = eg.Symbol("A", (3, 3)), eg.Symbol("b", 3)
    e = [eg.inv(A), eg.jacobian(eg.solve(A, b), b), eg.gradient(eg.sum(eg.solve(A, b)), A)]
    a = SINGULAR["counted"]
    for got in (eg.evaluate(e, {A: a, b: np.ones(3)}), eg.compile(e, (A, b))(a, np.ones(3))):
        assert all(np.isnan(g).all() for g in got)


@pytest.mark.slow
def test_singular_systems_in_code_that_numba_compiles(tmp_path) -> None:
    A, b = eg.Symbol("A", (3, 3)), eg.Symbol("b", 3)
    f = eg.compile(eg.solve(A, b), (A, b))
    module = load_module(f.source)
    program = eg.inspect(f)
    for a, singular in ((SINGULAR["counted"], True), (np.eye(3) * 2, False)):
        given = [np.tile(v.ravel(), 16) for v in (a, np.ones(3))]
        out = np.empty(48)
        tables = (module.constants, module.table, module.steps)
        module.kernel(*given, np.empty(0), out, np.empty(program.workspace), np.empty(program.shared), *tables, np.uint64(16))
        assert np.isnan(out).all() == singular
        assert singular or np.allclose(out, 0.5)
