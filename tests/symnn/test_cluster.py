"""Functions and trainings on a Dask cluster of four processes; needs ``pip install ".[dask]"``."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import LBFGS, MSE, Adam, Chain, Dense, LevenbergMarquardt, SymbolicNeuralNetwork, build_nn_function, train
from symnn.errors import ArgumentError
from symnn.objectives.on_cluster import OnCluster

distributed = pytest.importorskip("distributed", reason="Dask is not installed")
da = pytest.importorskip("dask.array")
pytestmark = pytest.mark.slow

CHAIN = Chain(Dense(2, 8, "tanh"), Dense(8, 1, "identity"))


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with (
        distributed.LocalCluster(n_workers=4, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def samples(n: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(0).uniform(-1, 1, (n, 2))
    return X, np.sin(3 * X[:, :1]) * X[:, 1:]


def test_four_processes_give_the_bits_of_one(client: Any) -> None:
    X, _ = samples(10_000)
    nn = SymbolicNeuralNetwork(CHAIN)
    f = build_nn_function({"u": nn.output, "parameters": nn.params.leaves()["L1.b"]}, nn)
    ps = CHAIN.initial_parameters(0)
    lazy, whole = f(da.from_array(X, chunks=(1100, 1)), ps), f(X, ps)
    for name in whole:
        np.testing.assert_array_equal(lazy[name].compute(scheduler=client), whole[name])
    mean = build_nn_function(nn.output, nn, reduce="mean")
    sums = [mean(da.from_array(X, chunks=(1100, 2)), ps).compute(scheduler=s) for s in (client, "synchronous")]
    np.testing.assert_array_equal(*sums)
    np.testing.assert_allclose(sums[0], mean(X, ps), rtol=1e-13)


@pytest.mark.parametrize(
    ("optimizer", "options"),
    [(LBFGS(), {"epochs": 4}), (LevenbergMarquardt(), {"epochs": 2}), (Adam(0.01), {"epochs": 1, "batch_size": 500})],
    ids=["L-BFGS", "least squares", "batches"],
)
def test_a_training_is_that_of_one_process(client: Any, optimizer: Any, options: dict[str, Any]) -> None:
    X, Y = samples()
    data = da.from_array(X, chunks=(600, 1)), da.from_array(Y, chunks=(700, 1))
    options = {"optimizer": optimizer, "rng": 0, "progress": False, **options}
    one = train(CHAIN, MSE(), (X, Y), **options)
    four, again = (train(CHAIN, MSE(), data, cluster=client, **options) for _ in range(2))
    np.testing.assert_allclose(four.params.flat, one.params.flat, rtol=1e-8)
    np.testing.assert_array_equal(again.params.flat, four.params.flat)
    if "batch_size" not in options:  # by blocks in this process, divided alike
        np.testing.assert_array_equal(train(CHAIN, MSE(), data, **options).params.flat, four.params.flat)


def test_a_lost_worker_changes_nothing(client: Any) -> None:
    """Its samples, in memory or computed, are there again, and the step is made elsewhere."""
    X, Y = samples()
    lazy = da.from_array(X, chunks=(400, 2)), da.from_array(Y, chunks=(400, 1))
    options = {"optimizer": LBFGS(), "epochs": 4, "rng": 0, "progress": False, "cluster": client}

    def kill(epoch: Any) -> None:
        if epoch.number == 2:
            os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)

    for data in ((X, Y), lazy):
        undisturbed = train(CHAIN, MSE(), data, **options)
        disturbed = train(CHAIN, MSE(), data, callback=kill, **options)
        np.testing.assert_array_equal(disturbed.params.flat, undisturbed.params.flat)
        assert disturbed.history.loss == undisturbed.history.loss
        client.wait_for_workers(4)


def test_workers_read_files_themselves(client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exprgraph.blocks.BLOCK", 1 << 13)
    monkeypatch.setattr("exprgraph.blocks.stored.BLOCK", 1 << 13)
    X, Y = samples()
    mapped = np.memmap(tmp_path / "x", dtype=float, mode="w+", shape=X.shape)
    mapped[:] = X
    mapped.flush()
    options = {"optimizer": LBFGS(), "epochs": 3, "rng": 0, "progress": False, "cluster": client}
    whole = train(CHAIN, MSE(), (X, Y), **options)
    given: list[Any] = [mapped]
    h5py, zarr = pytest.importorskip("h5py"), pytest.importorskip("zarr")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = X
        with pytest.raises(ArgumentError, match=r'open it for reading: h5py.File\(name, "r"\)'):
            train(CHAIN, MSE(), (file["x"], Y), **options)
    given.append(h5py.File(tmp_path / "x.h5", "r")["x"])
    given.append(zarr.open(str(tmp_path / "x.zarr"), mode="w", shape=X.shape, chunks=(150, 2), dtype="f8"))
    given[-1][:] = X
    for x in given:
        np.testing.assert_allclose(train(CHAIN, MSE(), (x, Y), **options).params.flat, whole.params.flat, rtol=1e-9)


def test_progress_and_checkpoints_are_as_without_a_cluster(client: Any, tmp_path: Path) -> None:
    X, Y = samples()
    data = da.from_array(X, chunks=(500, 2)), da.from_array(Y, chunks=(500, 1))
    reports: list[Any] = []
    options = {"optimizer": LBFGS(), "rng": 0, "cluster": client, "validation": (X[:100], Y[:100])}
    whole = train(CHAIN, MSE(), data, epochs=4, progress=reports.append, **options)
    assert reports and len(whole.history.validation) == 4
    train(CHAIN, MSE(), data, epochs=2, checkpoint=tmp_path / "c.npz", progress=False, **options)
    resumed = train(CHAIN, MSE(), data, epochs=4, resume=tmp_path / "c.npz", progress=False, **options)
    np.testing.assert_array_equal(resumed.params.flat, whole.params.flat)


def test_arrays_that_are_made_of_one() -> None:
    """What they share has one meaning for Dask: it would warn of tasks with equal names and other contents."""
    graphs: list[dict[Any, str]] = []

    class Client:
        def compute(self, delayed: list[Any]) -> list[Any]:
            graphs.append({k: str(v) for d in delayed for k, v in dict(d.__dask_graph__()).items()})
            return delayed

        def submit(self, *given: Any, **options: Any) -> None: ...

    x = da.from_array(samples()[0], chunks=(1000, 2))[:1500].rechunk((250, 2))
    symbols = [eg.Symbol("x", 2, per_sample=True), eg.Symbol("y", 1, per_sample=True)]
    OnCluster(Client(), symbols, [x, np.sin(3 * x[:, :1]) * x[:, 1:]], 1500, np.dtype(float))
    shared = graphs[0].keys() & graphs[1].keys()
    assert shared and all(graphs[0][k] == graphs[1][k] for k in shared)
