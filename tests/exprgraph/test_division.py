"""Work divided among threads: when it is, what is done where none can be started, and into whose memory results go."""

from __future__ import annotations

import _thread
import threading
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.lowering.call import threads
from exprgraph.lowering.call.form import GRAIN

x = eg.Symbol("x", 3, per_sample=True)


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Into how many parts work was divided, each time."""
    found: list[int] = []
    inner = threads.together

    def together(work: Any, count: int) -> None:
        found.append(count)
        inner(work, count)

    monkeypatch.setattr(threads, "together", together)
    return found


@pytest.mark.parametrize(("samples", "parts"), [(1, []), (2 * GRAIN - 1, []), (2 * GRAIN, [2]), (3 * GRAIN, [3]), (10 * GRAIN, [3])])
def test_a_batch_is_divided_where_each_thread_has_a_few_samples(counts: list[int], samples: int, parts: list[int]) -> None:
    data = np.linspace(-1, 1, 3 * samples).reshape(samples, 3)
    fn = eg.compile(eg.tanh(x) * 2, x, threads=3)
    np.testing.assert_allclose(fn(data), 2 * np.tanh(data), rtol=1e-14)
    assert counts == parts


def test_parts_are_worked_on_at_the_same_time() -> None:
    """None of them ends before all have begun."""
    for count in (2, 3, 4):
        barrier = threading.Barrier(count)
        threads.together(lambda k, barrier=barrier: barrier.wait(60), count)  # type: ignore[misc]
        assert not barrier.broken


def test_each_pass_over_the_samples_is_divided_once(counts: list[int]) -> None:
    data = np.linspace(-1, 1, 300).reshape(100, 3)
    total = eg.over_samples.sum(eg.exp(x))
    got = eg.compile([x / total, total], x, threads=2)(data)
    np.testing.assert_allclose(got[0], data / np.exp(data).sum(0), rtol=1e-13)
    np.testing.assert_allclose(got[1], np.exp(data).sum(0), rtol=1e-13)
    assert counts == [2, 2]


def test_where_no_thread_can_be_started_the_caller_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> int:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_thread, "start_new_thread", refused)
    done: list[int] = []
    for pool, started in ((None, 0), (threads._pool, threads._started)):
        monkeypatch.setattr(threads, "_pool", pool)
        monkeypatch.setattr(threads, "_started", started)
        threads.together(done.append, 5)
        assert sorted(done) == [0, 1, 2, 3, 4]
        done.clear()
    monkeypatch.setattr(threads, "_ending", True)  # nor while the process ends
    threads.together(done.append, 2)
    assert done == [0, 1]


def test_a_background_compilation_is_begun_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    begun: list[Any] = []
    monkeypatch.setattr(threading.Thread, "start", lambda self: begun.append(self))
    fn = eg.compile(eg.sin(x) * 0.375, x, backend="auto")
    data = np.ones((4, 3))
    for _ in range(3):
        np.testing.assert_allclose(fn(data), 0.375 * np.sin(data))
    assert len(begun) == 1
    fn(data[0])  # another form
    assert len(begun) == 2
