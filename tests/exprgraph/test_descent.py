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
