"""The procedures of factorizations and triangular systems, as the plain Python they are and as typed loops."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import numpy as np
import pytest

from exprgraph.loops import library, matrices, orthogonal, spectral
from exprgraph.loops.program import Loop, Loops
from exprgraph.loops.walk import statements_of
from tests.loops.interpreter import Interpreter

MODULES = (matrices, spectral, orthogonal)
DEFINED = {d.name: m for m in MODULES for d in ast.parse(inspect.getsource(m)).body if isinstance(d, ast.FunctionDef)}
NAMES = list(DEFINED)
LANES, STRIDE = 3, 4


def rows(values: np.ndarray) -> np.ndarray:
    """Rows of lanes of some matrices."""
    out = np.full((values[0].size, STRIDE), 0.5)
    out[:, :LANES] = values.reshape(LANES, -1).T
    return out.ravel()


def back(out: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return out.reshape(-1, STRIDE)[:, :LANES].T.reshape(LANES, *shape)


def given(n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    a, y = rng.normal(size=(LANES, n, n)), rng.normal(size=(LANES, n, m))
    a[0, 0, 0] = 0.0 if n > 1 else 2.0  # rows have to be exchanged
    return a, y


@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 3), (5, 2)])
def test_systems_of_equations(n: int, m: int) -> None:
    a, y = given(n, m)
    w, x, s = np.zeros((n + 3) * n * STRIDE), np.zeros(n * m * STRIDE), np.zeros(n * m * STRIDE)
    matrices.lu(w, rows(a), 0, 0, n, STRIDE, LANES)
    matrices.lu_solve(x, w, rows(y), 0, 0, 0, n, m, STRIDE, LANES)
    np.testing.assert_allclose(back(x, (n, m)), np.linalg.solve(a, y), rtol=1e-10, atol=1e-12)
    matrices.lu_solve_transposed(x, s, w, rows(y), 0, 0, 0, 0, n, m, STRIDE, LANES)
    np.testing.assert_allclose(back(x, (n, m)), np.linalg.solve(a.transpose(0, 2, 1), y), rtol=1e-10, atol=1e-12)
    d = np.zeros(2 * STRIDE)
    matrices.determinant(d, w, 0, 0, n, STRIDE, LANES)
    np.testing.assert_allclose(back(d, (2,)), np.stack([np.linalg.det(a), np.linalg.slogdet(a)[0]], 1), rtol=1e-12)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 3), (9, 1), (17, 2)])
def test_single_systems(n: int, m: int) -> None:
    a, y = (v[0] for v in given(n, m))
    w, x, s = np.zeros(1 + (n + 3) * n), np.zeros(2 + n * m), np.zeros(n * m)
    matrices.lu_one(w, a.ravel(), 1, 0, n)
    matrices.lu_solve_one(x, w, y.ravel(), 2, 1, 0, n, m)
    np.testing.assert_allclose(x[2:].reshape(n, m), np.linalg.solve(a, y), rtol=1e-9, atol=1e-11)
    matrices.lu_solve_transposed_one(x, s, w, y.ravel(), 2, 0, 1, 0, n, m)
    np.testing.assert_allclose(x[2:].reshape(n, m), np.linalg.solve(a.T, y), rtol=1e-9, atol=1e-11)
    d = np.zeros(2)
    matrices.determinant_one(d, w, 0, 1, n)
    np.testing.assert_allclose(d, [np.linalg.det(a), np.linalg.slogdet(a)[0]], rtol=1e-11)


def test_a_tiny_pivot_is_not_taken() -> None:
    w, x = np.empty(10), np.empty(2)
    matrices.lu_one(w, np.array([1e-20, 1.0, 1.0, 1.0]), 0, 0, 2)
    matrices.lu_solve_one(x, w, np.array([1.0, 2.0]), 0, 0, 0, 2, 1)
    np.testing.assert_allclose(x, [1.0, 1.0], rtol=1e-15)


def test_a_singular_system_has_no_solution_but_a_determinant() -> None:
    w, x, d = np.empty(10), np.empty(2), np.empty(2)
    matrices.lu_one(w, np.array([1.0, 2.0, 2.0, 4.0]), 0, 0, 2)
    matrices.lu_solve_one(x, w, np.array([1.0, 2.0]), 0, 0, 0, 2, 1)
    matrices.determinant_one(d, w, 0, 0, 2)
    assert np.all(np.isnan(x)) and d.tolist() == [0.0, 0.0]


def test_a_singular_system_beside_others() -> None:
    a = np.tile(np.array([[3.0, 1.0, 0.5], [1.0, 2.0, 0.25], [0.0, 1.0, 4.0]]), (LANES, 1, 1))
    a[1] = [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]]
    y = np.arange(9.0).reshape(LANES, 3, 1)
    w, x = np.zeros(16 + 18 * STRIDE), np.zeros(3 * STRIDE)
    with np.errstate(all="ignore"):
        matrices.lu(w, rows(a), 16, 0, 3, STRIDE, LANES)
    matrices.lu_solve(x, w, rows(y), 0, 16, 0, 3, 1, STRIDE, LANES)
    found = back(x, (3, 1))
    assert np.all(np.isnan(found[1])) and np.all(w[:16] == 0.0)
    np.testing.assert_allclose(found[[0, 2]], np.linalg.solve(a[[0, 2]], y[[0, 2]]), rtol=1e-12)


def test_the_product_is_subtracted() -> None:
    rng = np.random.default_rng(3)
    a, b, c = rng.normal(size=(5, 4)), rng.normal(size=(5, 3)), rng.normal(size=(4, 6))
    want = c.copy()
    want[:, 1:4] -= a.T @ b
    matrices.less_product(c.reshape(-1), 1, 6, a.ravel(), 0, 1, 4, b.ravel(), 0, 3, 4, 5, 3)
    np.testing.assert_allclose(c, want, rtol=1e-13)


def arguments(name: str) -> list[Any]:
    """Arrays, offsets and sizes for a procedure: of matrices with 3 rows, on two lanes."""
    rng = np.random.default_rng(1)
    known = {"n": 3, "m": 2, "k": 2, "l": 0, "stride": 2, "lanes": 2, "own": 1, "upper": 0}
    known |= {"ci": 4, "ai": 1, "ak": 5, "bk": 4, "ti": 3, "tk": 1}  # distances of neighbours
    parameters = library.procedure(name).parameters
    diagonal = np.resize([4.0, *[0.0] * 7], 200)
    arrays = {p.name: 0.1 * rng.normal(size=200) + diagonal for p in parameters if p.type == "reals"}
    return [arrays[p.name] if p.type == "reals" else known.get(p.name, 3) for p in parameters]


@pytest.mark.parametrize("name", NAMES)
def test_typed_loops_give_the_numbers_of_the_python(name: str) -> None:
    _, procedures = library.needed([name])
    running = Interpreter(Loops(False, 8, 0, (), tuple(library.needed([name])[0]), tuple(procedures), (), ()))
    twice = [[a.copy() if isinstance(a, np.ndarray) else a for a in arguments(name)] for _ in range(2)]
    running.procedure(running.procedures[name], twice[0])
    with np.errstate(all="ignore"):
        getattr(DEFINED[name], name)(*twice[1])
    changed = False
    for a, b, c in zip(*twice, arguments(name)):
        np.testing.assert_array_equal(a, b)
        changed |= not np.array_equal(a, c)
    assert changed


@pytest.mark.parametrize("name", [n for n in NAMES if "lanes" in [p.name for p in library.procedure(n).parameters]])
def test_matrices_on_lanes_are_taken_together(name: str) -> None:
    """All loops over lanes hold an element of several matrices in a vector."""
    loops = [s for s in statements_of(library.procedure(name).body) if isinstance(s, Loop) and s.index == "lane"]
    assert all(s.axis in ("lanes", "neighbours") for s in loops)
