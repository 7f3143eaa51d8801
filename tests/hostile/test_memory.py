"""What is dropped is given back: nodes, functions, machine code, workspaces."""

from __future__ import annotations

import gc
import linecache
import os
import pickle
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import _table, interned_count
from exprgraph.lowering.call import module
from exprgraph.lowering.native import programs
from exprgraph.lowering.native.owner import keep
from symnn import MSE, Adam, Chain, Dense, Gradient, Jacobian, SymbolicNeuralNetwork, build_nn_function, derivative, train

ROOT = str(Path(eg.__file__).parent.parent)
needs_status = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory in use is read from Linux's /proc")


def derivatives(k: int) -> int:
    """Builds two derivatives of a network, with numbers of their own, and drops them."""
    x, W = eg.Symbol("x", 3), eg.Symbol("W", (4, 3))
    h = eg.sum(eg.tanh(W @ x + k) * (k + 0.5))
    return eg.count_nodes([eg.hessian(h, x), eg.gradient(eg.laplacian(h, x), W)])


def test_derivative_graphs_that_are_dropped_leave_no_node() -> None:
    derivatives(0)
    gc.collect()
    before = interned_count()
    total = sum(derivatives(k) for k in range(30))
    assert total > 300
    assert interned_count() == before  # without a collection: nodes are in no cycles
    assert len(_table) == before


SOAK = """
import gc, sys
sys.path.insert(0, sys.argv[1])
from test_memory import derivatives
from exprgraph.graph.node import interned_count

def memory():
    return [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS")][0]

count = int(sys.argv[2])
for k in range(count // 10):
    derivatives(k)
nodes, first = interned_count(), memory()
for k in range(count):
    derivatives(k)
print(interned_count() - nodes, memory() - first)
"""


@needs_status
@pytest.mark.parametrize("count", [100, pytest.param(5_000, marks=pytest.mark.slow)])
def test_memory_stays_where_it_is_while_graphs_come_and_go(count: int) -> None:
    command = [sys.executable, "-c", SOAK, str(Path(__file__).parent), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": ROOT})
    assert done.returncode == 0, done.stderr
    nodes, kilobytes = map(int, done.stdout.split())
    assert nodes == 0
    assert kilobytes < 4_000


@pytest.mark.slow
def test_machine_code_of_dropped_functions_is_freed(monkeypatch) -> None:
    monkeypatch.setattr(programs, "KEPT", 3)
    monkeypatch.setattr(programs, "_modules", type(programs._modules)())
    loaded: list[weakref.ref[Any]] = []

    class Last:
        """Something that goes with the code that owns it."""

    class Watched(programs.Loaded):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            last = Last()
            keep(self.owner, last)
            loaded.append(weakref.ref(last))

    monkeypatch.setattr(programs, "Loaded", Watched)
    x = eg.Symbol("x", 3)
    functions = [eg.compile(eg.sum(eg.sin(x)) * (k + 0.25), x) for k in range(10)]
    address = functions[0].ctypes  # that of batches
    for fn in functions:
        fn(np.ones(3))
    gc.collect()
    assert sum(r() is not None for r in loaded) == 11  # those in use stay, whatever is kept besides
    for k, fn in enumerate(functions):
        assert fn(np.ones(3)) == pytest.approx(3 * np.sin(1.0) * (k + 0.25))
    del functions, fn
    gc.collect()
    assert sum(r() is not None for r in loaded) == 3 + 1  # a C function holds its code
    del address
    gc.collect()
    assert sum(r() is not None for r in loaded) == 3


CODE = """
import gc
import numpy as np
import exprgraph as eg
from exprgraph.lowering.native import programs
x = eg.Symbol("x", 5)

def memory():
    return [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS")][0]

def make(count, first):
    for k in range(count):
        eg.compile([eg.sum(eg.sin(x) * (k + first + 0.5)), eg.exp(x)], x, immediate=False)(np.ones(5))
    gc.collect()

programs.KEPT = 20
make(40, 0)
before = memory()
make(80, 40)
print(memory() - before)
"""


@needs_status
@pytest.mark.slow
def test_memory_stays_where_it_is_while_functions_come_and_go() -> None:
    own = {**os.environ, "PYTHONPATH": ROOT, "EXPRGRAPH_CACHE_DIR": ""}
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, env=own)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 3_000  # kilobytes; the code of 80 functions is some 8,000


def test_sources_of_modules_that_are_no_longer_kept_are_forgotten(monkeypatch) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    monkeypatch.setattr(module, "_modules", {})
    x = eg.Symbol("x", 3)
    names = []
    for k in range(5):
        names.append(module.load_module(eg.compile(eg.sum(eg.sin(x)) * (k + 0.5), x).source).name)
    assert [n in linecache.cache for n in names] == [False, False, False, True, True]


@pytest.mark.slow
@needs_status
def test_calls_leave_nothing() -> None:
    """Results, workspaces, errors and batches of every size."""

    def memory() -> int:
        return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))

    x = eg.Symbol("x", 30, per_sample=True)
    e = [eg.tanh(x), eg.over_samples.sum(eg.outer(x, x))]
    fns = [eg.compile(e, (x,), threads=n) for n in (1, 2)]
    big = np.random.default_rng(0).standard_normal((3_000, 30))

    def use() -> None:
        for fn in fns:
            fn(big)
            fn(big.astype(np.float32))
            fn(big[:, ::-1])
            fn(big, out=[np.empty((3_000, 30)), np.empty((30, 30))])
            with pytest.raises(eg.ShapeError):
                fn(big[:, :-1])

    for _ in range(10):
        use()
    gc.collect()
    before = memory()
    for _ in range(25):
        use()
    gc.collect()
    assert memory() - before < 15_000  # what the results alone would be is 180,000


def test_functions_and_networks_are_freed_without_a_collection_of_cycles() -> None:
    gc.collect()
    gc.disable()
    try:
        x = eg.Symbol("x", 3)
        fn = eg.compile(eg.sum(eg.sin(x)), x)
        fn(np.ones(3))
        gone = weakref.ref(fn)
        del fn
        assert gone() is None
        nn = SymbolicNeuralNetwork(Chain(Dense(2, 3), Dense(3, 1)))
        g = derivative(Gradient(Jacobian(nn), nn))
        f = build_nn_function(g, nn)
        f(np.ones(2), nn.chain.initial_parameters(0))
        gone = weakref.ref(f)
        del f, g
        assert gone() is None
    finally:
        gc.enable()


@needs_status
@pytest.mark.slow
def test_training_again_and_again_takes_no_more_memory() -> None:
    def memory() -> int:
        return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))

    x = np.random.default_rng(0).standard_normal((500, 4))
    data = x, np.sin(x[:, :2])

    def use(count: int) -> None:
        for k in range(count):
            train(Chain(Dense(4, 8), Dense(8, 2)), MSE(), data, optimizer=Adam(0.01), epochs=20, batch_size=50, rng=k, progress=False)
        gc.collect()

    use(20)
    before = memory()
    use(100)
    assert memory() - before < 6_000


USES = {
    "text": str,
    "latex": eg.latex,
    "dot": eg.to_dot,
    "evaluate": lambda e: eg.evaluate(e, {s: np.ones(s.shape) for s in eg.free_symbols(e)}),
    "numpy": lambda e: eg.compile(e, eg.free_symbols(e), backend="numpy")(*[np.ones(s.shape) for s in eg.free_symbols(e)]),
    "numba": lambda e: eg.compile(e, eg.free_symbols(e))(*[np.ones(s.shape) for s in eg.free_symbols(e)]),
    "pickle": lambda e: pickle.loads(pickle.dumps(e)),
    "simplify": eg.simplify,
    "elements": eg.elements,
    "derivatives": lambda e: [eg.jacobian(e, s) for s in eg.free_symbols(e)],
    "sparse": lambda e: [eg.jacobian(e, s, sparse=True) for s in eg.free_symbols(e)],
    "taylor": lambda e: [eg.taylor(e, s, 1.0, 3) for s in eg.free_symbols(e)],
    "substitute": lambda e: eg.substitute(e, {s: 2 * s for s in eg.free_symbols(e)}),
}


@pytest.mark.one_in(24)
@pytest.mark.parametrize("use", USES)
def test_no_use_of_an_expression_keeps_it_until_a_collection_of_cycles(use: str) -> None:
    def build(k: float) -> eg.Node:
        return eg.tanh(eg.Symbol("W", (2, 3)) @ eg.Symbol("x", 3) + k) * eg.sum(eg.Symbol("x", 3))

    USES[use](build(0.25))  # the leaves that are kept for ever, and the like
    gc.collect()
    gc.disable()
    try:
        before = interned_count()
        USES[use](build(0.75))
        assert interned_count() == before
    finally:
        gc.enable()
