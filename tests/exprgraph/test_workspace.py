"""The workspace of calls from Python: one block for all of them, unless they are made at once."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.lowering.call import form

FLOAT = np.dtype(float)


@pytest.fixture(autouse=True)
def _nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form, "_left", [])


def test_the_next_call_has_the_block_if_it_is_large_enough() -> None:
    first, a, b = form.take((100, 20), FLOAT)
    assert (a.size, b.size) == (100, 20) and not np.shares_memory(a, b)
    assert a.ctypes.data % 64 == b.ctypes.data % 64 == 0
    other, c, _ = form.take((100, 20), FLOAT)  # at once
    assert other is not first and not np.shares_memory(a, c)
    form.leave(first)
    assert form.take((30, 0), np.dtype(np.float32))[0] is first
    form.leave(first)
    assert form.take((1000, 20), FLOAT)[0] is not first


def test_a_very_large_block_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form, "MOST", 1000)
    form.leave(form.take((1000, 0), FLOAT)[0])
    assert form._left == []


def test_calls_at_once_have_the_values_of_calls_one_after_another() -> None:
    x, w = eg.Symbol("x", 40, per_sample=True), eg.Symbol("w", (40, 40))
    mean = eg.over_samples.mean(eg.sum(eg.tanh(w @ x) ** 2))
    f = eg.compile({"mean": mean, "slope": eg.gradient(mean, w)}, (x, w))
    rng = np.random.default_rng(0)
    data = [(rng.normal(size=(50 + k, 40)), rng.normal(size=(40, 40))) for k in range(8)]
    alone = [f(*d) for d in data]
    with ThreadPoolExecutor(4) as pool:
        for a, b in zip(alone, pool.map(lambda d: f(*d), data * 5)):
            assert np.array_equal(a["mean"], b["mean"]) and np.array_equal(a["slope"], b["slope"])
