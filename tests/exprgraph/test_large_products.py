"""Products in blocks: of small matrices with small blocks, so that every edge of a block is tested."""

from __future__ import annotations

import ctypes
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.loops import large_products
from exprgraph.loops.print.llvm import LLVMTarget
from exprgraph.loops.target import CPU, Target
from exprgraph.lowering.native import machine
from exprgraph.lowering.plan import emit
from tests.loops.c_compiler import library, needs_a_compiler, table

#: products of any size are computed in blocks of 12 rows, 5 terms (float64), and 40 columns
SMALL_BLOCKS = replace(CPU, cache=1, high=12, deep=40, wide=40, blocks=(16, 8))
RNG = np.random.default_rng(4)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> Target:
    monkeypatch.setitem(emit.emit.__kwdefaults__, "target", SMALL_BLOCKS)
    return SMALL_BLOCKS


def is_in_blocks(f: object, *, batch: bool = False) -> bool:
    return "large_product" in f.core.program(batch=batch).called  # type: ignore[attr-defined]


def random(*shape: int, single: bool = False) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32 if single else np.float64)


def test_scratch_space_is_each_threads_own(small_blocks: Target) -> None:
    """It is not among the numbers that all samples share, which threads copy, nor among the rows, of which there is one for each value."""
    a, b, x = eg.Symbol("A", (30, 20)), eg.Symbol("B", (20, 400)), eg.Symbol("x", 20, per_sample=True)
    f = eg.compile((a @ b, a @ x), (a, b, x))
    assert is_in_blocks(f, batch=True)
    program = f.core.program(batch=True)
    assert program.shared == 0 and program.rows <= 20 + 30
    assert program.workspace >= small_blocks.packed(20, 400, 64)
    values = [random(30, 20), random(20, 400), random(9, 20)]
    for got, expected in zip(f(*values), (values[0] @ values[1], values[2] @ values[0].T)):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("order", ["AtBt", "AB", "ABt", "AtB"])
def test_products_of_all_orders_of_memory(order: str, single: bool, small_blocks: Target) -> None:
    m, k, n = (61, 23, 171)
    left, right = random(m, k, single=single), random(k, n, single=single)
    a = eg.Symbol("A", (k, m) if order.startswith("At") else (m, k))
    b = eg.Symbol("B", (n, k) if order.endswith("Bt") else (k, n))
    f = eg.compile((a.T if order.startswith("At") else a) @ (b.T if order.endswith("Bt") else b), (a, b))
    given = (left.T if order.startswith("At") else left, right.T if order.endswith("Bt") else right)
    assert is_in_blocks(f)
    np.testing.assert_allclose(f(*given), left @ right, rtol=0, atol=1e-4 if single else 1e-12)


def test_a_matrix_times_its_transpose_is_symmetric(small_blocks: Target) -> None:
    rows = 133
    a = eg.Symbol("A", (rows, 17))
    A = random(rows, 17)
    f = eg.compile(a @ a.T, a)
    value = f(A)
    assert is_in_blocks(f) and "mirrored" in f.core.program(batch=False).called
    assert np.array_equal(value, value.T)
    np.testing.assert_allclose(value, A @ A.T, rtol=0, atol=1e-12)


@pytest.mark.slow
def test_two_matrices_of_one_array_are_not_taken_for_a_transpose(small_blocks: Target) -> None:
    a = eg.Symbol("A", (120, 17))
    A = random(120, 17)
    f = eg.compile(a[:60] @ a[60:].T, a)
    assert is_in_blocks(f)
    np.testing.assert_allclose(f(A), A[:60] @ A[60:].T, rtol=0, atol=1e-12)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("shape", [(7, 23), (23, 7), (8, 23, 2)])
def test_samples_are_more_columns_of_a_product_with_a_matrix_of_all(shape: tuple[int, ...], small_blocks: Target) -> None:
    """In a block of samples, each number is a row of lanes: groups of columns."""
    w, t = eg.Symbol("W", (50, 23)), eg.Symbol("T", shape, per_sample=True)
    product = eg.tanh(t @ w.T if shape == (7, 23) else w @ t)
    f = eg.compile(product, (w, t))
    assert is_in_blocks(f, batch=True)
    for samples in (1, 5, 37):
        given = random(50, 23), random(samples, *shape)
        want = [eg.evaluate(product, {w: given[0], t: v}) for v in given[1]]
        np.testing.assert_allclose(f(*given), np.stack(want), rtol=0, atol=1e-13)


def test_a_row_times_a_large_matrix() -> None:
    """Eight rows of the matrix are read at a time; the rest one by one."""
    x, a = eg.Symbol("x", 203), eg.Symbol("A", (203, 100))
    f = eg.compile(x @ a, (x, a))
    given = random(203), random(203, 100)
    assert "weighted_rows" in f.core.program(batch=False).called
    np.testing.assert_allclose(f(*given), given[0] @ given[1], rtol=0, atol=1e-12)


def test_gates_and_narrow_products_are_computed_at_once(small_blocks: Target) -> None:
    a, b = eg.Symbol("A", (40, 40)), eg.Symbol("B", (40, 15))
    for f in (eg.compile(a @ b, (a, b)), eg.compile(eg.jacobian(eg.relu(a) @ b, b)[0, 0], (a, b))):
        assert not is_in_blocks(f)


def test_large_matrices_need_blocks_and_small_ones_do_not() -> None:
    for n, expected in ((64, False), (300, True)):
        a, b = eg.Symbol("A", (n, n)), eg.Symbol("B", (n, n))
        assert is_in_blocks(eg.compile(a @ b, (a, b))) == expected


@pytest.mark.slow
@pytest.mark.parametrize("vectors", [(1, 16, True), (2, 16, False), (4, 16, True), (4, 16, False)], ids=lambda v: f"{v[0]} lanes {v[2]}")
def test_vectors_of_other_machines(vectors: tuple[int, int, bool], small_blocks: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers one by one, short vectors, and vectors whose loads leave out no lanes."""
    lanes, registers, partial = vectors
    asked: list[int] = []
    monkeypatch.setattr(machine, "target", lambda bits: asked.append(bits) or LLVMTarget(lanes, bits, registers, partial=partial))
    monkeypatch.setenv("EXPRGRAPH_CACHE_DIR", "")  # machine code on disk has the vectors of this machine
    a, b, t = eg.Symbol("A", (61, 23)), eg.Symbol("B", (171, 23)), eg.Symbol("T", (9, 23), per_sample=True)
    own = lanes + 0.5 * partial  # a number in the code, which therefore is that of no earlier test
    f = eg.compile((a @ b.T, b @ b.T, t @ a.T, t @ t.T, own * a[0]), (a, b, t))
    A, B, T = random(61, 23), random(171, 23), random(19, 9, 23)
    for got, want in zip(f(A, B, T), (A @ B.T, B @ B.T, T @ A.T, T @ np.swapaxes(T, 1, 2))):
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-12)
    for got, want in zip(f(A, B, T[0]), (A @ B.T, B @ B.T, T[0] @ A.T, T[0] @ T[0].T)):
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-12)
    assert asked == [64, 64]  # both forms were compiled


@pytest.mark.parametrize("half", [False, True])
def test_the_definition_of_large_products(half: bool) -> None:
    """The procedures as Python, as Numba and CPython run them: groups of columns, turned or not."""
    m, k, groups, g = 13, 9, 3, 5
    n = groups * g
    a, b, s = random(m, k), random(k, n), np.zeros(2000)
    for turned in (False, True):
        c = np.zeros(m * n)
        layout = b.reshape(k, groups, g).transpose(1, 2, 0) if turned else b.reshape(k, groups, g).transpose(1, 0, 2)
        steps = (1, k, g * k) if turned else (g, 1, k * g)
        at = (c, 0, g, m * g, a.ravel(), 0, k, 1, layout.ravel(), 0, *steps)
        large_products.large_product(*at, s, 0, m, k, n, g, 1 if half else m, 4, 2, 11)
        got = c.reshape(groups, m, g).transpose(1, 0, 2).reshape(m, n)
        needed = np.arange(m)[:, None] < np.arange(n) + (1 if half else m)
        np.testing.assert_allclose(got[needed], (a @ b)[needed], rtol=0, atol=1e-14)


def test_a_mirrored_triangle() -> None:
    c = random(37, 40)
    want = np.triu(c[:, :37]) + np.triu(c[:, :37], 1).T
    given = c.ravel().copy()
    large_products.mirrored(given, 0, 40, 37)
    assert np.array_equal(given.reshape(37, 40)[:, :37], want)


@needs_a_compiler
@pytest.mark.slow
@pytest.mark.parametrize("flags", [(), ("-mavx2", "-mfma")])
def test_files_of_c(flags: tuple[str, ...], small_blocks: Target, tmp_path: Path) -> None:
    """A triangle, columns in order, and columns that are turned, with and without tiles."""
    if flags and not machine.host()[0].startswith("x86_64"):
        pytest.skip("these are flags for x86-64")
    a, b = eg.Symbol("A", (101, 23)), eg.Symbol("B", (23, 103))
    f = eg.compile((a @ a.T, a @ b, b.T @ a.T), (a, b))
    f.save(tmp_path / "f.c", batch=False)
    built = library((tmp_path / "f.c").read_text(), tmp_path, *flags, "-I", str(tmp_path))
    A, B = random(101, 23), random(23, 103)
    results = [np.zeros(shape) for shape in ((101, 101), (101, 103), (103, 101))]
    built.f(table([A, B]), table(results), np.empty(int(workspace(tmp_path / "f.h"))).ctypes.data_as(ctypes.c_void_p), ctypes.c_int64(1))
    for got, want in zip(results, (A @ A.T, A @ B, B.T @ A.T)):
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-12)


def workspace(header: Path) -> str:
    (size,) = re.findall(r"_WORKSPACE (\d+)", header.read_text())
    return size
