"""Descent in machine code: what it reads and writes by address is checked at each run, whoever changed it since."""

from __future__ import annotations

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.descent import Batches, Descent, Term
from exprgraph.errors import ShapeError

p, g, rate, step = eg.Symbol("p", 2), eg.Symbol("g", 2), eg.Symbol("rate"), eg.Symbol("step")
x = eg.Symbol("x", 2, per_sample=True)
LOSS = eg.over_samples.mean((p @ x - 1.0) ** 2)


def descent(data, samples=None):
    loss = eg.compile([LOSS, eg.gradient(LOSS, p)], (p, x))
    update = eg.compile([p - rate * g], (p, g, rate, step))
    return Descent([Term(loss, (data,), len(data) // 2 if samples is None else samples)], update, np.array([0.5, -0.5]), 0)


def batches(indices, size=3):
    return Batches(np.array(indices), np.arange(0, len(indices) + 1, size))


DATA = np.linspace(-1, 1, 20)
RATES = np.full(2, 0.1)


def steps(chosen):
    """The same by NumPy."""
    q, losses = np.array([0.5, -0.5]), []
    for own in chosen:
        a = DATA.reshape(10, 2)[own]
        r = a @ q - 1.0
        losses.append((r**2).mean())
        q = q - 0.1 * 2 * (r @ a) / len(a)
    return q, losses


def test_steps_on_batches() -> None:
    d, losses = descent(DATA), np.empty(2)
    assert d.is_native
    assert d.run([batches([0, 5, 9, 1, 1, 3])], RATES, 0, losses) == 2
    q, expected = steps([[0, 5, 9], [1, 1, 3]])
    np.testing.assert_allclose(d.parameters, q, rtol=1e-13)
    np.testing.assert_allclose(losses, expected, rtol=1e-13)


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("wrong", [10, -1, 10**10, -(2**63), 2**63 - 1])
def test_samples_that_are_not_there(native: bool, wrong: int) -> None:
    d = descent(DATA)
    d.is_native = native
    with pytest.raises(ValueError, match=r"indices are from 0 to 9, got"):
        d.run([batches([0, 1, 2, 3, 4, wrong])], RATES, 0, np.empty(2))
    assert d.parameters.tolist() == [0.5, -0.5]


@pytest.mark.parametrize("offsets", [[0, 3], [0, 3, 7], [-1, 3, 6], [0, 5, 3], [3, 0, 6], []])
def test_ends_of_batches_that_are_not_there(offsets: list[int]) -> None:
    with pytest.raises(ValueError, match="expected ends of 2 batches"):
        descent(DATA).run([Batches(np.arange(6), np.array(offsets, dtype=int))], RATES, 0, np.empty(2))


def test_losses_and_data_of_another_size_or_type() -> None:
    for losses in (np.empty(1), np.empty(3), np.empty(2, np.float32), np.empty(4)[::2], np.empty((1, 2))):
        with pytest.raises(ShapeError, match="losses: expected 2 of float64"):
            descent(DATA).run([None], RATES, 0, losses)
    for data in (DATA[:-1], DATA.astype(np.float32), np.repeat(DATA, 2)[::2]):
        with pytest.raises(ShapeError, match="data of 'x': expected 20 numbers of float64"):
            descent(data, 10).run([None], RATES, 0, np.empty(2))


def test_data_that_shrink_between_runs() -> None:
    data = DATA.copy()
    d = descent(data)
    d.run([batches([0, 5, 9, 1, 1, 3])], RATES, 0, np.empty(2))
    data.resize(4, refcheck=False)
    with pytest.raises(ShapeError, match="expected 20 numbers of float64 in order, got 4"):
        d.run([batches([0, 5, 9, 1, 1, 3])], RATES, 0, np.empty(2))


A, COUNT = eg.Symbol("A", (2, 3)), eg.Symbol("count")


def alternating():
    """Odd steps move the parameters, even ones the memory, which has shapes of its own."""
    loss = eg.compile([LOSS, eg.gradient(LOSS, p)], (p, x))
    given = (p, g, A, COUNT, rate, step)
    odd = eg.compile([p - eg.where(step > 4, rate, 0.5 * rate) * g, A, COUNT + 1.0 / step], given)
    even = eg.compile([p, A + eg.outer(g, np.ones(3)) * 0.9**step, COUNT], given)
    return Descent([Term(loss, (DATA,), 10)], [odd, even], np.array([0.5, -0.5]), (6, 1))


@pytest.mark.parametrize("native", [True, False])
def test_formulas_in_turn_with_memory_of_any_size(native: bool) -> None:
    d, losses, rates = alternating(), np.empty(7), np.linspace(0.1, 0.2, 7)
    d.is_native = d.is_native and native
    assert d.state.shape == (9,)
    for some in (slice(0, 3), slice(3, 7)):  # the order goes on
        d.run([None], rates[some], some.start, losses[some])
    q, a, count, rows = np.array([0.5, -0.5]), np.zeros((2, 3)), 0.0, DATA.reshape(10, 2)
    for t, r in enumerate(rates, 1):
        gradient = 2 * ((rows @ q - 1) @ rows) / 10
        if t % 2:
            q, count = q - (r if t > 4 else r / 2) * gradient, count + 1 / t
        else:
            a += np.outer(gradient, np.ones(3)) * 0.9**t
    np.testing.assert_allclose(d.state, [*q, *a.ravel(), count], rtol=1e-13)


def test_updates_with_other_results_or_arguments() -> None:
    loss = eg.compile([LOSS, eg.gradient(LOSS, p)], (p, x))
    one, other = (eg.compile([p - r * g], (p, g, r, step)) for r in (rate, COUNT))
    for updates, memory in ((one, 1), ([one, other], 0), ([one, eg.compile([p, p], (p, g, rate, step))], 0)):
        with pytest.raises(ShapeError, match="updates: expected functions of the same arguments with results of sizes"):
            Descent([Term(loss, (DATA,), 10)], updates, np.zeros(2), memory)
    more = eg.compile([p - rate * A[:, 0]], (p, A, rate, step))
    with pytest.raises(ShapeError, match=r"updates: expected arguments of sizes \(2, 2, 1, 1\).* got \(2, 6, 1, 1\)"):
        Descent([Term(loss, (DATA,), 10)], more, np.zeros(2), 0)


def test_terms_with_other_results_or_arguments() -> None:
    update, each = eg.compile([p - rate * g], (p, g, rate, step)), (p @ x - 1.0) ** 2
    for outputs, given in (([each, eg.gradient(each, p)], (p, x)), ([LOSS], (p, x)), ([LOSS, eg.gradient(LOSS, p)], (x, p))):
        with pytest.raises(ShapeError, match="terms: "):
            Descent([Term(eg.compile(outputs, given), (DATA,), 10)], update, np.zeros(2), 0)
