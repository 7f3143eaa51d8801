"""The command line on points that are larger than memory: the same results, written row by row."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import exprgraph as eg
from symnn.__main__ import main
from symnn.cli.points import read_points
from symnn.parameters.npy import RowsOfFile

DERIVATIVE = ["evaluate", "--network", "Dense(2,3,tanh), Dense(3,1,tanh)", "--init", "0", "--derivative", "gradient(jacobian)"]


@pytest.fixture
def X(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Points in files, in a directory to work in, which are read a few at a time."""
    points = np.random.default_rng(0).normal(size=(101, 2))
    monkeypatch.chdir(tmp_path)
    np.save("points.npy", points)
    assert main([*DERIVATIVE, "--points", "points.npy", "--out", "whole.npz"]) == 0
    assert main([*DERIVATIVE, "--points", "points.npy", "--out", "whole.csv"]) == 0
    whole = eg.blocks.blocks_of
    monkeypatch.setattr(eg.blocks, "BLOCK", 1 << 8)
    for module in ("exprgraph.blocks.stored", "exprgraph.blocks.calls", "exprgraph.blocks"):
        monkeypatch.setattr(f"{module}.blocks_of", lambda arrays, samples, row, block=1 << 9: whole(arrays, samples, row, block))
    return points


def assert_the_same(points: str) -> None:
    for ending in ("npz", "csv"):
        assert main([*DERIVATIVE, "--points", points, "--out", f"blocks.{ending}"]) == 0
    with np.load("whole.npz") as whole, np.load("blocks.npz") as blocks:
        assert list(blocks) == list(whole)
        for name in whole:
            np.testing.assert_allclose(blocks[name], whole[name], rtol=1e-12, atol=1e-15)
    tables = [np.loadtxt(f"{name}.csv", delimiter=",", skiprows=1) for name in ("whole", "blocks")]
    np.testing.assert_allclose(tables[1], tables[0], rtol=1e-12, atol=1e-15)
    heads = [Path(f"{name}.csv").read_text().partition("\n")[0] for name in ("whole", "blocks")]
    assert heads[0] == heads[1]
    assert not [name for name in os.listdir() if name.startswith("tmp")]


def test_an_array_is_read_by_rows(X: np.ndarray) -> None:
    assert isinstance(read_points("points.npy", 2), RowsOfFile)
    np.testing.assert_array_equal(read_points("points.npy", 2)[7:9], X[7:9])
    assert_the_same("points.npy")
    np.save("columns.npy", np.asfortranarray(X))
    assert isinstance(read_points("columns.npy", 2), np.ndarray)


@pytest.mark.slow
def test_datasets_of_files(X: np.ndarray, capsys: pytest.CaptureFixture[str]) -> None:
    h5py, zarr = pytest.importorskip("h5py"), pytest.importorskip("zarr")
    with h5py.File("points.h5", "w") as file:
        file["run/x"], file["run/y"] = X, X[:1]
    zarr.open("points.zarr", mode="w", shape=X.shape, chunks=(10, 2), dtype="f8")[:] = X
    assert_the_same("points.h5:/run/x")
    assert_the_same("points.zarr")
    for points, words in {
        "points.h5": "give the name of an array, as in points.h5:/run; it has run",
        "points.h5:/walk": "has no array /walk; it has run",
        "points.h5:/run": "is a group; it has x, y",
        "points.zarr:x": "is one array, without names",
        "other.h5:/x": "other.h5: there is no such file",
    }.items():
        assert main([*DERIVATIVE, "--points", points, "--out", "none.npz"]) == 2
        assert words in capsys.readouterr().err
    assert main([*DERIVATIVE, "--points", "points.h5:/run/x", "--out", "points.h5"]) == 2


_LIMITED = """
import resource, sys
import numpy as np
from symnn import LBFGS, ResidualTerm, Dense, SymbolicNeuralNetwork, train
from symnn.__main__ import main
from symnn.cli.points import read_points
evaluate = ["evaluate", "--network", "Dense(4,1,identity)", "--init", "0", "--derivative", "value", "--out", "result.npz", "--points"]
nn = SymbolicNeuralNetwork(Dense(4, 1, "identity"))
def fit(points):
    term = ResidualTerm(nn.output[0] - 1.0, {nn.input: points})
    return train(nn, term, optimizer=LBFGS(), epochs=1, rng=0, progress=False).history.loss[-1]
np.save("small.npy", np.zeros((10_000, 4)))
assert main([*evaluate, "small.npy"]) == 0 and fit(np.zeros((10, 4))) < 1
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
limit = used + 12 * (1 << 24)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    np.load("large.npy")
    raise SystemExit("the file fits into memory")
except MemoryError:
    pass
points = read_points("large.npy", 4)
assert fit(points) < 1
assert main([*evaluate, "large.npy"]) == 0
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the memory in use is read as Linux tells it")
def test_a_file_larger_than_memory(tmp_path: Path) -> None:
    """A quarter of a gigabyte of zeros, in a process that may take 200 megabytes more: a training, and the command line."""
    with open(tmp_path / "large.npy", "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": ((1 << 28) // 32, 4)})
        file.truncate(file.tell() + (1 << 28))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run([sys.executable, "-c", _LIMITED], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "at 8388608 points" in ran.stdout
