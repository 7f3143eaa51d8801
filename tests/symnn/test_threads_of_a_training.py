"""The samples of every step divided among threads: the bits of equal runs are equal, whoever computes which part."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.lowering.call import threads as pool
from symnn import (
    LBFGS,
    MSE,
    Adam,
    Chain,
    Dense,
    FeedForwardLoss,
    LevenbergMarquardt,
    LossTerm,
    SymbolicNeuralNetwork,
    SymbolicPullback,
    Trainer,
    train,
)  # fmt: skip
from symnn.points import Box, Points
from symnn.training import steps

NN = SymbolicNeuralNetwork(Chain(Dense(2, 5, "tanh"), Dense(5, 2, "identity")))
RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((300, 2)), RNG.standard_normal((300, 2))
START = NN.chain.initial_parameters(0)
TERMS = [
    LossTerm(FeedForwardLoss(), (X, Y)),  # of two passes over the samples
    LossTerm(eg.sum(NN.output**2), {NN.input: X[:30]}),  # too few to be divided
    LossTerm(eg.sum(NN.params.L1.W**2), {}),
]


def trained(threads: int, dtype: Any = float, size: int | None = 70) -> Any:
    params = START.flat.astype(dtype)
    return train(NN, TERMS, None, params, Adam(0.01), epochs=4, batch_size=size, rng=1, progress=False, threads=threads)


@pytest.mark.parametrize("dtype", [float, pytest.param(np.float32, marks=pytest.mark.slow)])
def test_bits_are_those_of_equal_runs(dtype: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one, three = trained(1, dtype), trained(3, dtype)
    monkeypatch.setattr(steps, "SHUFFLED", 1)  # the samples of later epochs are shuffled during steps
    np.testing.assert_allclose(three.history.steps, one.history.steps, rtol=1e-5 if dtype is np.float32 else 1e-11)
    again = trained(3, dtype)
    monkeypatch.setattr(pool, "_threads", lambda count: None)  # no helper comes
    alone = trained(3, dtype)
    for other in (again, alone):
        assert np.array_equal(other.params.flat, three.params.flat) and list(other.history.steps) == list(three.history.steps)


@pytest.mark.slow
def test_a_step_has_the_bits_of_a_call() -> None:
    """A descent divides the samples as a compiled function does."""
    trainer = Trainer(NN, FeedForwardLoss(), (X, Y), params=START, optimizer=Adam(0.01), rng=0, threads=3)
    value = SymbolicPullback(NN, FeedForwardLoss(), threads=3).value_and_gradient(START, (X, Y))[0]
    assert trainer.step() == value


@pytest.mark.slow
def test_products_of_full_batch_optimizers_take_no_more_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """With limits on BLAS, too, bits depend on the number of threads alone."""
    limits: list[int] = []

    @contextmanager
    def limited(threads: int) -> Any:
        limits.append(threads)
        yield
        limits.append(-threads)

    monkeypatch.setattr(eg, "blas_threads", limited)
    data, options = (X, Y), {"epochs": 2, "progress": False, "threads": 3}
    small = train(NN, MSE(), data, START.flat, LevenbergMarquardt(), **options)  # type: ignore[arg-type]
    assert limits == [1, -1] * 2
    monkeypatch.setattr(steps, "THREADED_OPERATIONS", 600 * NN.params.size**2)
    limits.clear()
    one = train(NN, MSE(), data, START.flat, LevenbergMarquardt(), **options)  # type: ignore[arg-type]
    assert limits == [3, -3] * 2
    np.testing.assert_allclose(small.params.flat, one.params.flat, rtol=1e-6)
    train(NN, MSE(), data, START.flat, LBFGS(), **options)  # type: ignore[arg-type]
    assert limits[4:] == [1, -1] * 2
    assert np.array_equal(one.params.flat, train(NN, MSE(), data, START.flat, LevenbergMarquardt(), **options).params.flat)  # type: ignore[arg-type]


def test_points_are_drawn_ahead() -> None:
    """By another thread, while steps are made; the points are the same, and so is the generator after the run."""
    data = {NN.input: Points(Box([-1, -1], [1, 1]), 200, every=1)}
    seen: list[Any] = []
    for callback in (None, lambda epoch: False):  # many epochs at once, and one after another
        for threads in (1, 2):
            rng = np.random.default_rng(3)
            options: dict[str, Any] = {"epochs": 7, "batch_size": 50, "rng": rng, "threads": threads, "progress": False}
            result = train(NN, eg.sum(NN.output**2), data, START, Adam(0.01), callback=callback, **options)
            seen.append((result.history.steps, rng.random()))
    for losses, number in seen[1:]:
        np.testing.assert_allclose(losses, seen[0][0], rtol=1e-12)
        assert number == seen[0][1]
