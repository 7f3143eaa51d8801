"""Large graphs of scalars are rolled up: the code follows the number of different pieces, and values stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.lowering.plan import rerolled as rolling
from exprgraph.lowering.plan import worth_rolling
from exprgraph.lowering.plan.emit import emit
from exprgraph.lowering.plan.program import Program
from exprgraph.meaning.binding import Argument
from tests.exprgraph.small_graphs import SYMBOLS, VALUES, expressions


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Smaller graphs are rolled up than outside of tests, also where that is only shorter."""
    monkeypatch.setattr(rolling, "ENOUGH", 150)
    monkeypatch.setattr(worth_rolling, "MOST_STRAIGHT", 0)
    monkeypatch.setattr(worth_rolling, "SHORTER", 2)


def planned(outputs: Any, *symbols: Node, in_steps: bool = False) -> Program:
    arguments = [Argument(s.name, ((s, 0),), s.shape, s.per_sample) for s in symbols]
    return emit(outputs, arguments, batch=any(s.per_sample for s in symbols), single=False, in_steps=in_steps)


def chain(n: int) -> tuple[Node, Node]:
    """The energy of springs."""
    x = eg.Symbol("x", n)
    total: Any = 0
    for a, b in zip(x, list(x)[1:]):
        d = b - a
        total = total + 0.5 * d * d + 0.25 * d**4
    return total, x


def network(n: int, seed: int = 0) -> tuple[Node, Node]:
    """Flows along random edges with conductances of their own, added up at the nodes of a network."""
    rng = np.random.default_rng(seed)
    x = eg.Symbol("x", (n, 2))
    sums: list[Any] = [0.1 * k for k in range(n)]
    for i, j in rng.integers(n, size=(2 * n, 2)).tolist():
        flow = float(rng.uniform(1, 2)) * eg.sin(x[i, 0] - x[j, 0]) * x[i, 1] / x[j, 1]
        sums[i] = sums[i] + flow
        sums[j] = sums[j] - flow
    return eg.stack([s for s in sums if isinstance(s, Node)]), x


def steps(n: int) -> tuple[Node, Node]:
    """An oscillator in time, written out step by step, with a force in each step."""
    u = eg.Symbol("u", n)
    p: Any = 0.3
    q: Any = 0.1
    cost: Any = 0
    for force in u:
        middle = p + 0.05 * q
        q = q - 0.1 * (eg.sin(middle) + 0.2 * q * eg.cos(force))
        p = p + 0.1 * q
        cost = cost + p * p * force
    return cost + q * q, u


def pieces(make: Callable[[int], tuple[Node, Node]], n: int, in_steps: bool = False) -> tuple[int, int]:
    """Kernels and steps of a value, and of a gradient."""
    f, x = make(n)
    program = planned([f] if f.shape else [f, eg.gradient(f, x)], x, in_steps=in_steps)
    return len(program.own.kernels), len(program.data.steps)


def test_code_follows_the_different_pieces() -> None:
    assert pieces(chain, 40) == pieces(chain, 80)
    assert max(pieces(chain, 80)) <= 8
    few, many = pieces(steps, 40), pieces(steps, 60)
    assert few == many and max(few) <= 40
    assert max(pieces(steps, 50, in_steps=True)) <= 40  # sums of three in steps of two, alike in all rounds
    few, many = pieces(network, 50), pieces(network, 150)
    assert many[0] < 1.5 * few[0]  # for three times as many pieces


@pytest.mark.parametrize("make", [chain, network, steps])
def test_values_are_those_of_the_graph(make: Callable[[int], tuple[Node, Node]]) -> None:
    f, x = make(30)
    outputs = (f, eg.jacobian(f, x, sparse=True).values) if f.shape else (f, eg.gradient(f, x))
    at = np.random.default_rng(1).uniform(0.5, 1.5, x.shape)
    for got, expected in zip(eg.compile(outputs, (x,))(at), eg.evaluate(outputs, {x: at})):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


def test_a_chain_of_additions_keeps_its_order_and_its_bits() -> None:
    x = eg.Symbol("x", 200)
    total: Any = -0.0 * x[0]
    for k, a in enumerate(x):
        total = total + a if k % 3 else total - a * a
    f = eg.compile(total, (x,), contract=False)
    assert len(planned([total], x).own.kernels) <= 5
    values = np.random.default_rng(2).standard_normal(200) * 10.0 ** np.arange(200) ** 0.5
    expected = 0.0
    for k, v in enumerate(values.tolist()):
        expected = expected + v if k % 3 else expected - v * v
    assert f(values) == expected


def test_a_sum_of_negative_zeros_is_one() -> None:
    x = eg.Symbol("x", 200)
    total = x[0] + x[1]
    for a in list(x)[2:]:
        total = total + a
    assert np.signbit(eg.compile(total, (x,))(np.full(200, -0.0)))


def test_zeros_keep_their_sign_where_a_number_is_added_elsewhere() -> None:
    x = eg.Symbol("x", 90)
    parts = eg.stack([0.5 * (abs(a) * b) + (k if k % 9 else 0) for k, (a, b) in enumerate(zip(x, list(x)[1:]))])
    assert len(planned([parts], x).own.kernels) <= 6
    values = np.where(np.arange(90) % 2, -1.0, 0.0) * 0.0
    assert np.array_equal(np.signbit(eg.compile(parts, (x,))(values)), np.signbit(eg.evaluate(parts, {x: values})))


def test_irregular_graphs_stay_as_they_are() -> None:
    a, b, c = eg.Symbol("x", 3)
    for k in np.random.default_rng(0).integers(3, size=rolling.ENOUGH).tolist():
        a, b, c = b, c, [eg.sin(a) + b, a * b - 0.5 * c, a / (c + 3)][k]
    outputs = [a + b + c]
    assert rolling.rerolled(outputs) == outputs


def test_a_graph_stays_straight_code_where_arrays_would_be_slower(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a network, operands are gathered; a chain has neighbours; of random operations, arrays would be short and many."""
    flows, energy = network(60)[0], chain(200)[0]
    assert rolling.rerolled([flows]) != [flows]  # shorter
    monkeypatch.setattr(worth_rolling, "MOST_STRAIGHT", 10**6)
    assert rolling.rerolled([flows]) == [flows] != rolling.rerolled([flows], short=True)  # as Numba wants it
    assert rolling.rerolled([energy]) != [energy]
    monkeypatch.setattr(worth_rolling, "MOST_STRAIGHT", 0)
    rng = np.random.default_rng(1)
    values: list[Any] = list(eg.Symbol("x", 100))
    for kind, (i, j) in zip(rng.integers(3, size=900).tolist(), rng.integers(100, size=(900, 2)).tolist()):
        a, b = values[-1 - i], values[-1 - j]
        values.append([a + b, a * b, eg.sin(a)][kind])
    outputs = [eg.stack(values[-100:])]
    assert rolling.rerolled(outputs) == outputs


def test_samples_and_shared_values_are_apart() -> None:
    x, w = eg.Symbol("x", 60, per_sample=True), eg.Symbol("w", 60)
    sums = [eg.sin(a) * b for a, b in zip(x, w)]
    shared: Any = 0
    for b in w:
        shared = shared + eg.sin(b) * b
    f = eg.over_samples.sum(sum(sums[1:], sums[0]) * shared) + shared
    values = np.random.default_rng(0).uniform(-1, 1, (5, 60)), np.random.default_rng(1).uniform(-1, 1, 60)
    got = eg.compile([f, shared, sums[3]], (x, w), shared=(w,))(*values)
    expected = eg.evaluate([f, shared, sums[3]], {x: values[0], w: values[1]})
    for a, e in zip(got, expected):
        assert a.shape == e.shape
        np.testing.assert_allclose(a, e, rtol=1e-12)


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(expressions(steps=8))
def test_rolled_up_or_not_values_are_equal(f: Node) -> None:
    """Every graph, also a small one, if pieces may be small."""
    flat = [f[k] for k in np.ndindex(f.shape)] if f.shape else [f]
    outputs = [eg.stack([eg.sin(a) + b for a, b in zip(flat, flat[::-1])]), f]
    expected = eg.evaluate(outputs, VALUES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rolling, "ENOUGH", 1)
        patch.setattr(rolling, "FEWEST", 2)
        shared = [s for s in SYMBOLS.values() if not s.per_sample]
        got = eg.compile(outputs, list(VALUES), shared=shared)(*VALUES.values())
    for a, e in zip(got, expected):
        np.testing.assert_allclose(a, e, rtol=1e-9, atol=1e-9)


def test_rounds_that_remember_too_much_are_looked_for_in_linear_time(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = [0]

    class Counted(list):  # type: ignore[type-arg]
        def __getitem__(self, at: Any) -> Any:
            looks[0] += 1
            return super().__getitem__(at)

    class Watched(rolling.Periods):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            self._names = Counted(self._names)

    monkeypatch.setattr(rolling, "Periods", Watched)
    x = eg.Symbol("x")
    values = [x + k for k in range(8)]
    for _ in range(900):
        values.append(values[-1] * 0.5 + eg.sin(values[-1]) * values[-7])
    rolling.rerolled(values[-1:])
    assert 900 < looks[0] < 100_000
