"""Threads that build, free, compile and call the same things at once."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import _table, interned_count
from symnn import Chain, Dense, SymbolicNeuralNetwork, build_nn_function


@pytest.fixture(autouse=True)
def threads_change_often():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """What each thread gives; an error in any of them is raised here."""
    results: list[Any] = [None] * count
    errors: list[BaseException] = []
    start = threading.Barrier(count)

    def run(k: int) -> None:
        try:
            start.wait()
            results[k] = work(k)
        except BaseException as e:
            errors.append(e)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(120)
        assert not t.is_alive()
    if errors:
        raise errors[0]
    return results


def build(k: int) -> eg.Node:
    x, W = eg.Symbol("shared_x", 3), eg.Symbol("shared_W", (3, 3))
    h = eg.tanh(W @ x + k)
    return eg.sum(eg.jacobian(h, x) * eg.outer(h, x)) ** 0.5


@pytest.mark.slow
def test_equal_nodes_are_one_object_in_all_threads() -> None:
    gc.collect()
    before = interned_count()
    for _ in range(3):
        made = at_once(8, lambda _: [build(k) for k in range(6)])
        for other in made[1:]:
            assert all(a is b for a, b in zip(made[0], other))
        del made, other
    gc.collect()
    assert interned_count() == before


@pytest.mark.slow
def test_nodes_that_are_built_and_freed_at_once() -> None:
    gc.collect()
    before = interned_count()

    def work(k: int) -> int:
        wrong = 0
        for n in range(60):
            a = build(n % 3)
            b = build(n % 3)
            wrong += a is not b
            wrong += eg.substitute(a, {}) is not a
            del a, b
        return wrong

    assert at_once(6, work) == [0] * 6
    gc.collect()
    assert interned_count() == before
    assert all(ref() is not None for ref in list(_table.values()))


def test_one_function_is_compiled_once_and_called_by_all() -> None:
    x = eg.Symbol("x", 3, per_sample=True)
    fn = eg.compile([eg.sin(x), eg.over_samples.sum(x[0])], (x,))
    data = [np.full((k + 1, 3), 0.1 * k) for k in range(8)]

    def work(k: int) -> bool:
        good = True
        for n in range(100):
            a = data[k] if n % 3 else data[k].astype(np.float32)
            first, second = fn(a)
            good &= (
                first.shape == a.shape
                and bool(np.allclose(first, np.sin(a), rtol=1e-6))
                and bool(np.isclose(second, a[:, 0].sum(), rtol=1e-5))
            )
        return good

    assert all(at_once(8, work))
    assert len(eg.inspect(fn).compiled) == 2


def test_calls_of_one_sample_and_of_batches_do_not_mix() -> None:
    """A result that no argument is in is repeated over a batch, and only there."""
    x = eg.Symbol("x", 2)
    fn = eg.compile([eg.sin(x), eg.array([1.0, 2.0]) * 1.0, eg.ones(())], (x,))
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 2)))
    built = build_nn_function([nn.output, nn.params["L1"]["b"] + 1], nn)
    ps = nn.chain.initial_parameters(0)

    def work(k: int) -> bool:
        good = True
        for _ in range(150):
            lead = (5,) if k % 2 else ()
            a = np.zeros((*lead, 2))
            good &= [r.shape for r in fn(a)] == [(*lead, 2), (*lead, 2), lead]
            good &= [r.shape for r in built(a, ps)] == [(*lead, 2), (*lead, 2)]
        return good

    assert all(at_once(6, work))


def test_many_functions_are_compiled_by_many_threads() -> None:
    x = eg.Symbol("x", 2)

    def work(k: int) -> list[float]:
        return [float(eg.compile(eg.sum(eg.sin(x) * (n + 0.5)), x)(np.ones(2))) for n in range(4)]

    for values in at_once(4, work):
        np.testing.assert_allclose(values, [2 * np.sin(1.0) * (n + 0.5) for n in range(4)], rtol=1e-14)


def test_functions_with_threads_are_called_by_threads() -> None:
    x = eg.Symbol("x", 3, per_sample=True)
    e = [eg.sin(x), eg.over_samples.mean(eg.sum(eg.exp(x)))]
    data = np.linspace(-1, 1, 3 * 500).reshape(500, 3)
    fns = [eg.compile(e, (x,), threads=n) for n in (2, 3, 4)]
    want = [[np.asarray(r).tobytes() for r in fn(data)] for fn in fns]

    def work(k: int) -> bool:
        return all([np.asarray(r).tobytes() for r in fns[k % 3](data)] == want[k % 3] for _ in range(60))

    assert all(at_once(6, work))


def test_functions_of_users_are_added_once() -> None:
    x = eg.Symbol("x")

    def work(k: int) -> object:
        return eg.function("hostile_race", numpy=np.sin, derivative=None, code="math.sin({0})")(x)

    first, *others = at_once(8, work)
    assert all(e is first for e in others)
