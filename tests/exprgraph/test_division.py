"""Work divided among threads: when it is, what is done where none can be started, and into whose memory results go."""

from __future__ import annotations

import _thread
import threading
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.lowering.call import team, threads
from exprgraph.lowering.call.team import FINE, GRAIN, Division
from exprgraph.lowering.native.team import DONE, ENDED, STATE, TURN

x = eg.Symbol("x", 3, per_sample=True)


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The passes of each call that were divided, and the parts of the last of them."""
    found: list[tuple[int, int]] = []
    inner = Division.__call__

    def call(self: Division, *given: Any) -> None:
        before = int(self.team._words[TURN])
        inner(self, *given)
        found.append((int(self.team._words[TURN]) - before, int(self.team._words[DONE])))

    monkeypatch.setattr(Division, "__call__", call)
    return found


@pytest.mark.parametrize(
    ("samples", "parts"),
    [(1, []), (2 * GRAIN - 1, []), (2 * GRAIN, [2]), (3 * GRAIN, [3]), (10 * GRAIN, [3]), (90 * GRAIN, [3 * FINE]), (91 * GRAIN, [12])],
)
def test_a_batch_is_divided_where_each_thread_has_a_few_samples(counts: list[tuple[int, int]], samples: int, parts: list[int]) -> None:
    data = np.linspace(-1, 1, 3 * samples).reshape(samples, 3)
    fn = eg.compile(eg.tanh(x) * 2, x, threads=3)
    np.testing.assert_allclose(fn(data), 2 * np.tanh(data), rtol=1e-14)
    assert counts == [(1, n) for n in parts]


def test_samples_that_are_computed_one_by_one_are_divided_one_by_one(counts: list[tuple[int, int]]) -> None:
    matrix, weights = eg.Symbol("m", (150, 100), per_sample=True), np.random.default_rng(0).standard_normal((150, 150)) / 100
    fn = eg.compile(eg.sum(eg.tanh(weights @ eg.tanh(weights @ matrix))), matrix, threads=3)
    assert fn.core.program().block == 1
    data = np.random.default_rng(1).standard_normal((3, 150, 100))
    np.testing.assert_allclose(fn(data), np.tanh(weights @ np.tanh(weights @ data)).sum((1, 2)), rtol=1e-11)
    assert counts == [(1, 3)]


def test_a_helper_takes_parts() -> None:
    """Calls go on until one has come: it may be late."""
    helped: list[int] = []

    class Helped(team.Team):
        def help(self) -> None:
            super().help()
            helped.append(threading.get_ident())

    data = np.linspace(-1, 1, 3 * 20_000).reshape(-1, 3)
    total = eg.over_samples.sum(eg.exp(x))
    outputs = [x / total, total]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(team, "Team", Helped)
        patch.setattr(team, "processors", lambda: 2)
        fn = eg.compile(outputs, x, threads=2)
        first = fn(data)
        while not helped:
            for again, one in zip(fn(data), first):
                assert np.array_equal(again, one)
    assert threading.get_ident() not in helped


def test_each_pass_over_the_samples_is_divided_once(counts: list[tuple[int, int]]) -> None:
    data = np.linspace(-1, 1, 300).reshape(100, 3)
    total = eg.over_samples.sum(eg.exp(x))
    got = eg.compile([x / total, total], x, threads=2)(data)
    np.testing.assert_allclose(got[0], data / np.exp(data).sum(0), rtol=1e-13)
    np.testing.assert_allclose(got[1], np.exp(data).sum(0), rtol=1e-13)
    assert counts == [(2, 2)]


def test_large_totals_make_fewer_parts(monkeypatch: pytest.MonkeyPatch, counts: list[tuple[int, int]]) -> None:
    monkeypatch.setattr(team, "TOTALS", 100)
    data = np.linspace(-1, 1, 3 * 5000).reshape(-1, 3)
    got = eg.compile(eg.over_samples.sum(eg.outer(x, x)), x, threads=3)(data)
    np.testing.assert_allclose(got, data.T @ data, rtol=1e-13)
    assert counts == [(1, 6)]


def test_where_no_thread_can_be_started_the_caller_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> int:
        raise RuntimeError("can't start new thread")

    data = np.linspace(-1, 1, 3 * 500).reshape(-1, 3)
    fn = eg.compile(eg.over_samples.sum(eg.sin(x)), x, threads=5)
    want = fn(data)
    monkeypatch.setattr(_thread, "start_new_thread", refused)
    done: list[int] = []
    for pool, started in ((None, 0), (threads._pool, threads._started)):
        monkeypatch.setattr(threads, "_pool", pool)
        monkeypatch.setattr(threads, "_started", started)
        threads.alongside(lambda: done.append(0), lambda: done.append(1))
        assert done == [0, 1] or started
        assert np.array_equal(fn(data), want)
        done.clear()
    monkeypatch.setattr(threads, "_ending", True)  # nor while the process ends
    threads.alongside(lambda: done.append(0), lambda: done.append(1))
    assert done == [0, 1]
    assert np.array_equal(fn(data), want)


def test_helpers_that_have_not_come_are_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[threads.Task] = []
    monkeypatch.setattr(team, "processors", lambda: 4)
    monkeypatch.setattr(team, "ask", lambda task, count: asked.extend([task] * count) or count)
    fn = eg.compile(eg.over_samples.sum(eg.sin(x)), x, threads=4)
    data = np.linspace(-1, 1, 3 * 500).reshape(-1, 3)
    want = fn(data)
    for _ in range(3):
        assert np.array_equal(fn(data), want)
    assert len(asked) == 3
    asked.pop()()  # it comes after the call
    assert np.array_equal(fn(data), want)
    assert len(asked) == 3


def test_the_numbers_of_calls_begin_again(monkeypatch: pytest.MonkeyPatch) -> None:
    states: list[int] = []
    inner = Division.__call__

    def call(self: Division, *given: Any) -> None:
        words = self.team._words
        words[STATE] = words[STATE] if states else 4 * (2**32 - 2) + ENDED
        inner(self, *given)
        states.append(int(words[STATE]))

    monkeypatch.setattr(Division, "__call__", call)
    fn = eg.compile(eg.over_samples.sum(eg.sin(x)), x, threads=2)
    data = np.linspace(-1, 1, 3 * 500).reshape(-1, 3)
    assert len({fn(data).tobytes() for _ in range(4)}) == 1
    assert states == [4 * number + ENDED for number in (2**32 - 1, 2**32, 1, 2)]


def test_a_background_compilation_is_begun_once(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Any] = []
    monkeypatch.setattr(_thread, "start_new_thread", lambda run, given: begun.append(run))
    fn = eg.compile(eg.sin(x) * 0.375, x, backend="auto")
    data = np.ones((4, 3))
    for _ in range(40):  # by then LLVM has begun, however quick the calls are
        np.testing.assert_allclose(fn(data), 0.375 * np.sin(data))
    assert len(begun) == 1
    for _ in range(40):  # another form
        fn(data[0])
    assert len(begun) == 1 and not fn.core.forms
    begun[0]()  # the thread compiles both
    assert set(fn.core.forms) == {(True, False), (False, False)}
