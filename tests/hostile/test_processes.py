"""Processes made by fork and by spawn: compiled functions, threads and locks work in all of them."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import MSE, Chain, Dense, SymbolicNeuralNetwork, build_nn_function, train

ROOT = str(Path(eg.__file__).parent.parent)
x = eg.Symbol("x", 3, per_sample=True)
W = eg.Symbol("W", (4, 3))
E = {"y": eg.tanh(W @ x), "total": eg.over_samples.sum(eg.sum(eg.tanh(W @ x) ** 2))}
DATA = np.linspace(-1, 1, 3 * 301).reshape(301, 3), np.linspace(-1, 1, 12).reshape(4, 3)
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


def work(task: tuple[Any, Any, Any]) -> tuple[bytes, bytes, str]:
    fn, node, data = task
    for _ in range(2):
        got = fn(*data)
    fresh = eg.compile({"y": eg.cos(node), "n": eg.sum(node)}, list(eg.free_symbols(node)), threads=2)
    fresh(data[1], data[0])
    return np.asarray(got["y"]).tobytes(), np.float64(got["total"]).tobytes(), node.digest.hex()


@pytest.mark.parametrize(
    ("method", "threads"),
    [
        pytest.param(method, threads, marks=[] if (method, threads) in (("fork", 3), ("spawn", 3)) else [pytest.mark.slow])
        for method in multiprocessing.get_all_start_methods()
        for threads in (1, 3)
    ],
)
def test_functions_that_are_sent_to_children(method: str, threads: int) -> None:
    fn = eg.compile(E, (x, W), threads=threads)
    fn(*DATA)
    want = work((fn, E["y"], DATA))
    with multiprocessing.get_context(method).Pool(2) as pool:
        answers = pool.map_async(work, [(fn, E["y"], DATA)] * 4).get(timeout=120)
    assert all(a == want for a in answers)


def child(action: Any) -> int:
    """The exit code of a process made by fork that does something; it is killed where it hangs."""
    pid = os.fork()
    if pid == 0:  # no exception may leave the child
        code = 1
        try:
            code = 0 if action() else 2
        finally:
            os._exit(code)
    for _ in range(1200):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return -99


@forks
def test_functions_of_the_parent_in_a_child_and_its_children() -> None:
    for threads in (1, 2, 4):
        fn = eg.compile(E, (x, W), threads=threads)
        want = fn(*DATA)["y"].tobytes()

        def again(fn: Any = fn, want: bytes = want, threads: int = threads) -> bool:
            other = eg.compile(eg.sin(x) * threads, (x,), threads=2)
            return fn(*DATA)["y"].tobytes() == want and other(DATA[0]).shape == (301, 3)

        assert child(again) == 0
        assert child(lambda: again() and child(again) == 0) == 0
        assert again()


LOCKED = """
import os, sys, threading, time
import numpy as np
import exprgraph as eg
from exprgraph.lowering.native import machine

# a process made by fork while another thread compiles, builds and frees nodes
x = eg.Symbol("x", 3)
inner, busy, stop = machine.compile_object, threading.Event(), threading.Event()

def slow(text):
    busy.set()
    time.sleep(0.3)
    return inner(text)

def build():
    k = 0
    while not stop.is_set():
        k += 1
        eg.sin(eg.sin(x * k) + k)

machine.compile_object = slow
f = eg.compile(eg.sum(eg.sin(x)), x, immediate=False)
g = eg.compile(eg.sum(eg.cos(x)), x, backend="auto")
for target in (lambda: f(np.ones(3)), lambda: g(np.ones(3)), build, build):
    threading.Thread(target=target, daemon=True).start()
codes = []
for _ in range(int(sys.argv[1])):
    busy.wait(10)
    child = os.fork()
    if child == 0:
        signal_after = threading.Timer(60, lambda: os._exit(7))
        signal_after.daemon = True
        signal_after.start()
        right = np.isclose(f(np.ones(3)), 3 * np.sin(1.0)) and np.isclose(g(np.ones(3)), 3 * np.cos(1.0))
        h = eg.compile(eg.sum(eg.exp(x)), x, immediate=False)
        right = right and np.isclose(h(np.zeros(3)), 3)
        for _ in range(100):  # in the background here, too
            g(np.ones(3))
            if g._form is not None:
                break
            time.sleep(0.1)
        os._exit(0 if right and g._form is not None else 1)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
stop.set()
print(codes)
"""


@pytest.mark.slow
@forks
@pytest.mark.parametrize("children", [3, pytest.param(40, marks=pytest.mark.slow)])
def test_a_child_made_while_other_threads_compile(tmp_path, children: int) -> None:
    environment = {**os.environ, "PYTHONPATH": ROOT, "EXPRGRAPH_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", LOCKED, str(children)], capture_output=True, env=environment, timeout=300)
    assert done.stdout.decode().strip() == str([0] * children), done.stderr.decode()


@forks
def test_training_in_a_child() -> None:
    data = DATA[0], DATA[0] @ DATA[1].T
    nn = SymbolicNeuralNetwork(Chain(Dense(3, 4)))
    want = train(nn, MSE(), data, epochs=3, rng=0, batch_size=50, progress=False).params.flat.tobytes()
    assert child(lambda: train(nn, MSE(), data, epochs=3, rng=0, batch_size=50, progress=False).params.flat.tobytes() == want) == 0


def trained(task: tuple[Any, Any]) -> bytes:
    nn, data = task
    f = build_nn_function(nn.output, nn)
    r = train(nn, MSE(), data, epochs=3, rng=0, progress=False)
    return r.params.flat.tobytes() + np.asarray(f(data[0], r.params)).tobytes()


@pytest.mark.slow
@pytest.mark.usefixtures("as_users_have_it")  # as children have it
def test_networks_are_sent_to_spawned_children() -> None:
    task = SymbolicNeuralNetwork(Chain(Dense(3, 4))), (DATA[0], DATA[0] @ DATA[1].T)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply_async(trained, (task,)).get(timeout=120) == trained(task)


AT_EXIT = """
import atexit, threading
import numpy as np
import exprgraph as eg
x = eg.Symbol("x", 3)
a = np.linspace(0, 1, 3000).reshape(1000, 3)
f = eg.compile(eg.sin(x), x, threads=3, immediate=False)
g = eg.compile(eg.cos(x), x, backend="auto")
want = f(a)

def last():
    assert np.array_equal(f(a), want)
    assert np.allclose(g(a), np.cos(a))
    print("last")

atexit.register(last)
threading.Thread(target=lambda: f(a)).start()
"""


def test_functions_are_called_while_the_interpreter_ends() -> None:
    done = subprocess.run([sys.executable, "-c", AT_EXIT], capture_output=True, env={**os.environ, "PYTHONPATH": ROOT}, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.split()[0] == b"last"
    assert done.stderr == b""
