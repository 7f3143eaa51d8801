"""``python -m tests.benchmarks.cluster``: a Dask cluster of four processes on this computer, beside one process.

Evaluation of ten million samples, whose bits are compared; a training, also with a worker killed; a file in blocks.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import numpy as np

import exprgraph as eg
from symnn import LBFGS, MSE, Chain, Dense, Laplacian, SymbolicNeuralNetwork, build_nn_function, derivative, train

CHUNK = 500_000
CHAIN = Chain(Dense(3, 64, "tanh"), Dense(64, 64, "tanh"), Dense(64, 1, "identity"))


def points(block_info: Any = None, first: int = 0, count: int = 0) -> np.ndarray:
    """Points that any process makes from their numbers; ``block_info`` is Dask's."""
    if block_info:
        (first, stop), _ = block_info[None]["array-location"]
        count = stop - first
    n = np.arange(first, first + count)[:, None]
    return np.modf((n + 1) * np.array([0.7548776662466927, 0.5698402909980532, 0.4301597090019468]))[0]


def digest(chunk: np.ndarray) -> np.ndarray:
    """A digest of the bits of a chunk, as a row of numbers."""
    return np.frombuffer(blake2b(np.ascontiguousarray(chunk).data, digest_size=16).digest(), np.uint8)[None]


def timed(what: str, compute: Callable[[], Any]) -> Any:
    """Print how long something takes."""
    begun = time.perf_counter()
    found = compute()
    print(f"{what:70s} {time.perf_counter() - begun:7.2f} s", flush=True)
    return found


def main(millions: int) -> None:
    """Print the times."""
    import dask.array as da  # extras of the package, for this program
    from distributed import Client, LocalCluster

    samples = millions * 1_000_000
    nn = SymbolicNeuralNetwork(CHAIN)
    f = build_nn_function({"u": nn.output, "laplacian": derivative(Laplacian(nn))}, nn)
    ps = CHAIN.initial_parameters(0)
    X = timed(f"{samples:,} points, made by one process", lambda: points(first=0, count=samples))
    timed("the first call, 1,000 points", lambda: f(X[:1000], ps))
    whole = timed("values and Laplacians, one process, one thread", lambda: f(X, ps))
    with tempfile.TemporaryDirectory() as folder:
        rows = np.memmap(os.path.join(folder, "x"), dtype=float, mode="w+", shape=X.shape)
        rows[:] = X
        out = {n: np.memmap(os.path.join(folder, n), dtype=float, mode="w+", shape=a.shape) for n, a in whole.items()}
        timed("the same from a file into files, block by block", lambda: f(rows, ps, out=out))
        assert all(np.array_equal(out[n], whole[n]) for n in whole)
    expected = {n: np.concatenate([digest(a[k : k + CHUNK]) for k in range(0, samples, CHUNK)]) for n, a in whole.items()}
    with LocalCluster(n_workers=4, threads_per_worker=1, processes=True, dashboard_address=None) as cluster, Client(cluster) as client:
        lazy = da.map_blocks(points, chunks=((CHUNK,) * (samples // CHUNK), (3,)), dtype=float, meta=np.empty((0, 0)))
        lazy = timed("points, made by four processes", lambda: _kept(lazy))
        sizes = timed("the first call of each process", lambda: client.run(_first_call, eg.blocks.Sent(f), ps))
        assert len(sizes) == 4
        found = timed("values and Laplacians, four processes", lambda: _kept(f(lazy, ps)))
        for n, a in found.items():
            bits = a.map_blocks(_digests, dtype=np.uint8, meta=np.empty((0,) * a.ndim, np.uint8)).compute()
            assert np.array_equal(np.reshape(bits, (-1, 16)), expected[n]), n
        print("their bits are equal")
        mean = build_nn_function(nn.output, nn, reduce="mean")
        one = timed("mean, one process", lambda: mean(X, ps))
        four = timed("mean, four processes", lambda: mean(lazy, ps).compute())
        print(f"their means differ by {abs(float(one[0] - four[0])):.1e}")
        _trainings(client, X, lazy, da)


def _kept(lazy: Any) -> Any:
    """Collections computed on the workers, and left there."""
    import dask
    from distributed import wait

    (kept,) = dask.persist(lazy)
    wait(kept)
    return kept


def _digests(chunk: np.ndarray) -> np.ndarray:
    return digest(chunk).reshape(1, 16, *[1] * (chunk.ndim - 2))


def _first_call(f: Any, ps: Any) -> int:
    return len(f.thing(points(first=0, count=1000), ps)["u"])


def _trainings(client: Any, X: np.ndarray, lazy: Any, da: Any) -> None:
    """Steps of L-BFGS on all samples, of one process and of four, also with one of them killed."""
    n = 2 * CHUNK

    def targets(x: Any) -> Any:
        return np.sin(3 * x[:, :1]) * x[:, 1:2]

    options: Any = {"optimizer": LBFGS(), "epochs": 5, "rng": 0, "progress": False}
    one = timed(f"5 steps of L-BFGS on {n:,} samples, one process", lambda: train(CHAIN, MSE(), (X[:n], targets(X[:n])), **options))
    data = lazy[:n].rechunk((CHUNK // 8, 3)), targets(lazy[:n].rechunk((CHUNK // 8, 3)))
    four = timed("the same, four processes", lambda: train(CHAIN, MSE(), data, cluster=client, **options))

    def kill(epoch: Any) -> None:
        if epoch.number == 2:
            os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)

    options["callback"] = kill
    killed = timed("and one of them killed after the second step", lambda: train(CHAIN, MSE(), data, cluster=client, **options))
    print(f"the parameters of one and of four processes differ by {np.abs(one.params.flat - four.params.flat).max():.1e}")
    print(f"with a process killed the bits are {'equal' if np.array_equal(killed.params.flat, four.params.flat) else 'different'}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
