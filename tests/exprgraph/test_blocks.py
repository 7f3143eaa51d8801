"""Arrays read block by block, and collections computed chunk by chunk: the same results, with few rows in memory."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.blocks import adding, stored
from exprgraph.blocks import calls as block_calls
from exprgraph.blocks import dask as lazy_calls
from exprgraph.blocks.passes import Passes

x = eg.Symbol("x", 3, per_sample=True)
w = eg.Symbol("w", (2, 3))
h = eg.tanh(w @ x)
total = eg.sum(h)
#: values for each sample, sums that need other sums, and an array
EQUATIONS = {
    "h": h,
    "mean": eg.over_samples.mean(total**2),
    "centred": total - eg.over_samples.mean(total),
    "by w": eg.gradient(eg.over_samples.mean((total - eg.over_samples.mean(total)) ** 2), w),
    "samples": eg.over_samples.sum(1),
    "larger": eg.greater(total, 0.0),
}


class Rows:
    """An array with chunks, as files have, which counts the rows of its largest read."""

    def __init__(self, numbers: np.ndarray, chunk: int = 1) -> None:
        self._numbers, self._chunk, self.most = numbers, chunk, 0

    @property
    def chunks(self) -> tuple[int, ...]:
        return (self._chunk, *self.shape[1:])

    @property
    def shape(self) -> tuple[int, ...]:
        return self._numbers.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._numbers.dtype

    def __getitem__(self, rows: slice) -> np.ndarray:
        found = self._numbers[rows]
        self.most = max(self.most, len(np.atleast_1d(found)))
        return found

    def __setitem__(self, rows: Any, values: Any) -> None:
        self._numbers[rows] = values


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = stored.blocks_of
    monkeypatch.setattr(block_calls, "blocks_of", lambda arrays, samples, row: whole(arrays, samples, row, block=1 << 13))


def numbers(n: int = 1003, dtype: Any = float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, 3)).astype(dtype), rng.normal(size=(2, 3)).astype(dtype)


def assert_same(came: dict[str, Any], expected: dict[str, Any], bits: bool = True) -> None:
    """Equal up to the order of sums over samples; NumPy's products of matrices have other bits for other numbers of rows."""
    assert list(came) == list(expected)
    for name, value in expected.items():
        assert np.shape(came[name]) == np.shape(value) and np.asarray(came[name]).dtype == np.asarray(value).dtype
        if bits and name in ("h", "larger"):
            np.testing.assert_array_equal(came[name], value)
        else:
            tolerance = 1e-5 if np.asarray(value).dtype == np.float32 else 1e-13
            np.testing.assert_allclose(came[name], value, rtol=tolerance, atol=tolerance)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    ("backend", "dtype"), [("numpy", float), ("numpy", np.float32), pytest.param("native", float, marks=pytest.mark.slow)]
)
def test_a_call_reads_a_few_rows_at_a_time(backend: str, dtype: Any) -> None:
    X, W = numbers(dtype=dtype)
    f = eg.compile(EQUATIONS, (x, w), backend=backend)
    rows = Rows(X, 7)
    assert_same(f(rows, W), f(X, W), backend == "native")
    assert 7 <= rows.most <= 300 and rows.most % 7 == 0
    assert_same(f(Rows(X.astype(np.float32), 7), W), f(X.astype(np.float32), W), backend == "native")


@pytest.mark.usefixtures("small_blocks")
def test_evaluation_reads_a_few_rows_at_a_time() -> None:
    X, W = numbers()
    rows = Rows(X)
    assert_same(eg.evaluate(EQUATIONS, {x: rows, w: W}), eg.evaluate(EQUATIONS, {x: X, w: W}), False)
    assert rows.most < 200


@pytest.mark.usefixtures("small_blocks")
def test_results_are_written_into_given_arrays() -> None:
    X, W = numbers()
    f = eg.compile([h, eg.over_samples.sum(h)], (x, w), backend="numpy")
    expected = f(X, W)
    for given in (Rows(X), X):
        out = [Rows(np.zeros((len(X), 2)), 10), np.zeros(2)]
        assert f(given, W, out=out) is out
        np.testing.assert_allclose(out[0][:], expected[0], rtol=1e-13)
        np.testing.assert_allclose(out[1], expected[1], rtol=1e-13)
    with pytest.raises(eg.ShapeError, match=r"out: array 1 has shape \(3,\), the result has \(2,\)"):
        f(Rows(X), W, out=[np.zeros((len(X), 2)), np.zeros(3)])
    with pytest.raises(eg.DTypeError, match="out: array 0 has the type int64"):
        f(Rows(X), W, out=[Rows(np.zeros((len(X), 2), int)), np.zeros(2)])
    with pytest.raises(eg.ShapeError, match=r"'x': expected shape \(3,\) for one sample.*got \(1003, 2\)"):
        f(Rows(X[:, :2]), W)


@pytest.mark.usefixtures("small_blocks")
def test_batch_axes_broadcast_and_constants_are_repeated() -> None:
    a, b = eg.symbols("a b")
    f = eg.compile([a * b, eg.as_expression(2.0)], (a, b), backend="numpy")
    rng = np.random.default_rng(0)
    A, B = rng.normal(size=(700, 5)), rng.normal(size=5)
    for given in ((Rows(A), B), (A, Rows(B)), (Rows(A[:1]), Rows(A)), (Rows(A[0, 0]), A)):
        loaded = [g[()] if isinstance(g, Rows) else g for g in given]
        for came, expected in zip(f(*given), f(*loaded), strict=True):
            np.testing.assert_array_equal(came, expected)
    assert [r.shape for r in f(Rows(np.zeros((0, 5))), B)] == [(0, 5), (0, 5)]


def test_a_sum_does_not_depend_on_when_its_parts_come() -> None:
    rng = np.random.default_rng(0)
    for n in (1, 2, 8, 9, 63, 64, 65, 200):
        parts = [rng.normal(size=3) for _ in range(n)]
        level = parts
        while len(level) > 1:
            level = [adding.in_order(level[k : k + adding.FAN]) for k in range(0, len(level), adding.FAN)]
        np.testing.assert_array_equal(adding.added(iter(parts)), level[0])


def test_passes_of_sums_within_sums() -> None:
    s = eg.over_samples.sum
    y = eg.Symbol("number of samples", per_sample=True)  # also the name of an argument of the passes
    f = eg.compile(s(eg.exp(y / s(eg.exp(y / s(1))))) + s(y), y, backend="numpy")
    passes = Passes(f.core)
    assert len(passes.sums) == 2 and passes.counts
    Y = np.linspace(-1, 1, 1000)
    assert float(f(Rows(Y))) == pytest.approx(float(f(Y)), rel=1e-14)


def test_a_process_makes_the_code_of_a_function_once() -> None:
    text = pickle.dumps(eg.blocks.Sent(eg.compile(EQUATIONS, (x, w))))
    assert pickle.loads(text) is pickle.loads(text)


@pytest.mark.slow
def test_files(tmp_path: Path, small_blocks: None) -> None:
    h5py, zarr = pytest.importorskip("h5py"), pytest.importorskip("zarr")
    X, W = numbers()
    f = eg.compile(EQUATIONS, (x, w))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        given = file.create_dataset("x", data=X, chunks=(100, 3))
        assert_same(f(given, W), f(X, W))
        out = file.create_dataset("h", shape=(len(X), 2), dtype=float)
        eg.compile(h, (x, w))(given, W, out=out)
        np.testing.assert_array_equal(out[:], f(X, W)["h"])
    array = zarr.open(str(tmp_path / "x.zarr"), mode="w", shape=X.shape, chunks=(77, 3), dtype="f8")
    array[:] = X
    assert_same(f(array, W), f(X, W))


@pytest.mark.slow
def test_collections(monkeypatch: pytest.MonkeyPatch) -> None:
    dask = pytest.importorskip("dask", reason="Dask is not installed")
    da = pytest.importorskip("dask.array")
    dd, pd = pytest.importorskip("dask.dataframe"), pytest.importorskip("pandas")
    X, W = numbers()
    f = eg.compile(EQUATIONS, (x, w))
    expected = f(X, W)
    lazy = f(da.from_array(X, chunks=(100, 2)), W)
    assert lazy["h"].chunks == ((*[100] * 10, 3), (2,)) and lazy["larger"].dtype == bool and lazy["mean"].shape == ()
    assert_same({name: a.compute() for name, a in lazy.items()}, expected)
    single = X.astype("f4"), W.astype("f4")
    assert_same({name: a.compute() for name, a in f(da.from_array(single[0], chunks=150), single[1]).items()}, f(*single))
    frame = dd.from_pandas(pd.DataFrame(X), npartitions=3)
    assert_same({name: a.compute() for name, a in f(frame, W).items()}, expected)
    shared = eg.compile([h, eg.sum(w), eg.over_samples.mean(h)], (x, w))  # collections that all samples share, and one sample
    for given in ((da.from_array(X, chunks=100), da.from_array(W, chunks=1)), (X, da.from_array(W)), (da.from_array(X[0]), W)):
        for came, wanted in zip(shared(*given), shared(*map(np.asarray, given)), strict=True):
            np.testing.assert_allclose(came.compute(), wanted, rtol=1e-13)
    # chunks are computed once for all results, and results that need no sum do not compute any
    calls = Counter[str]()
    original = lazy_calls.results
    monkeypatch.setattr(lazy_calls, "results", lambda *given: calls.update(["a call"]) or original(*given))
    lazy = f(da.from_array(X, chunks=100), W)
    dask.compute(lazy["h"], lazy["larger"], scheduler="synchronous")
    assert calls.total() == 11
    dask.compute(lazy, scheduler="synchronous")
    assert calls.total() == 11 + 11 + 3 * 11 + 11 + 1  # three passes, and what needs their sums, by sample and once
    parts = [f(da.from_array(X, chunks=100), W)["by w"].compute() for _ in range(2)]
    np.testing.assert_array_equal(*parts)
    with pytest.raises(eg.ShapeError, match=r"'x': expected shape \(3,\)"):
        f(da.from_array(X[:, :2]), W)
    with pytest.raises(eg.DTypeError, match=r"dask\.array\.store"):
        f(da.from_array(X), W, out=dict.fromkeys(EQUATIONS, X))


def test_collections_that_look_like_dask_are_read() -> None:
    """As arrays of xarray do: they tell of Dask, but have none of its methods."""

    class Labelled(Rows):
        def __dask_graph__(self) -> None:
            return None

    numbers = np.arange(6.0).reshape(2, 3)
    y = Labelled(numbers)
    assert eg.blocks.is_stored(y) and not eg.blocks.is_lazy(y)
    np.testing.assert_array_equal(eg.compile(2 * x, x, backend="numpy")(y), 2 * numbers)


_LIMITED = """
import resource, sys
import numpy as np, exprgraph as eg
from exprgraph.blocks.stored import BLOCK
class File:
    chunks, shape, dtype = property(lambda s: None), property(lambda s: (n, 4)), property(lambda s: np.dtype(float))
    def __getitem__(self, rows):
        numbers = np.fromfile(name, count=4 * (rows.stop - rows.start), offset=32 * rows.start)
        return numbers.reshape(-1, 4)
name, n = sys.argv[1], (1 << 29) // 32
x, w = eg.Symbol("x", 4, per_sample=True), eg.Symbol("w", 4)
f = eg.compile([eg.over_samples.mean(eg.cos(w @ x)), eg.over_samples.sum(1)], (x, w))
f(np.zeros((100, 4)), np.ones(4))
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
limit = used + 12 * BLOCK
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    np.fromfile(name)
    raise SystemExit("the file fits into memory")
except MemoryError:
    pass
mean, count = f(File(), np.ones(4))
assert mean == 1 and count == n, (mean, count)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the memory in use is read as Linux tells it")
def test_a_file_larger_than_memory(tmp_path: Path) -> None:
    """Half a gigabyte of zeros, in a process that may take 200 megabytes more."""
    with open(tmp_path / "numbers", "wb") as file:
        file.truncate(1 << 29)
    ran = subprocess.run([sys.executable, "-c", _LIMITED, str(tmp_path / "numbers")], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
