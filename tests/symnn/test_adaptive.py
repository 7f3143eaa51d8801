"""Points and weights that follow the losses, by their formulas; data of a trainer changed while it runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph import ShapeError
from symnn import Adam, ArgumentError, Chain, Dense, LevenbergMarquardt, LossTerm, SymbolicNeuralNetwork, Trainer
from symnn.adaptive import (
    causal_weights,
    gradient_norm_weights,
    largest_residuals,
    ntk_weights,
    residual_attention,
    residual_points,
    self_adaptive_weights,
)
from symnn.physics import residual_terms
from symnn.points import Box, Points

NN = SymbolicNeuralNetwork(Chain(Dense(1, 3, "tanh"), Dense(3, 1, "identity")))
U, X, W = NN.output[0], NN.input, eg.Symbol("w", per_sample=True)
AT = np.linspace(-1, 1, 6)[:, None]
START = NN.chain.initial_parameters(seed=3)


def trainer(optimizer: Any) -> Trainer:
    terms = residual_terms({"inside": (eg.sqrt(W) * (U - X[0]), {X: AT, W: np.ones(6)}, 2.0), "end": (5 * U, {X: [[1.0]]}, 0.5)})
    return Trainer(NN, terms, optimizer=optimizer, params=START, rng=0)


@pytest.mark.slow
def test_balanced_terms_have_gradients_of_one_norm_and_kernels_of_one_trace() -> None:
    t = trainer(Adam(0.0))
    assert t.weights == {"inside": 2.0, "end": 0.5}
    before = t.problem.gradient_norms(START.flat)
    wanted = gradient_norm_weights(t, keep=0.0)
    half = gradient_norm_weights(t, keep=0.5)
    assert half["end"] == pytest.approx((wanted["end"] + 0.5) / 2)
    t.set(weights=wanted)
    after = t.problem.gradient_norms(START.flat)
    assert after[0] == pytest.approx(after[1]) == pytest.approx(before[0] / 2 + before[1] / 0.5)
    assert gradient_norm_weights(t, keep=0.0) == pytest.approx(wanted)
    t.set(weights=(kernel := ntk_weights(t)))
    norms = t.problem.jacobian_norms(START.flat)
    assert norms[0] == pytest.approx(norms[1]) and ntk_weights(t) == pytest.approx(kernel)
    rows = list(t.problem.rows(START.flat))
    assert np.sqrt(np.sum(rows[0].jacobian ** 2)) == pytest.approx(norms[0])
    t.set(weights=[1.0, 0.0])
    with pytest.raises(ArgumentError, match="the weight of end is 0"):
        gradient_norm_weights(t)
    with pytest.raises(ArgumentError, match="ntk_weights is of sums of squares .* is a number"):
        ntk_weights(Trainer(NN, [LossTerm(U**2, {X: AT})], rng=0))


@pytest.mark.one_in(2)
@pytest.mark.parametrize("optimizer", [Adam(0.0), LevenbergMarquardt(damping=1e12, tries=1)], ids=["Adam", "LM"])
def test_weights_of_samples_change_between_steps(optimizer: Any) -> None:
    t = trainer(optimizer)
    t.step()
    weights, before = np.arange(6.0), t.losses
    t.set(data={"inside": {W: weights}})
    weights[:] = 0.0  # the caller's own
    squares = t.evaluate((U - X[0]) ** 2, {X: AT})
    assert t.losses["inside"] == pytest.approx(2.0 * np.mean(np.arange(6) * squares)) and t.losses["end"] == before["end"]
    t.step()
    assert t.losses["inside"] == pytest.approx(2.0 * np.mean(np.arange(6) * squares), rel=1e-6)
    with pytest.raises(ShapeError, match="as many samples as before"):
        t.set(data={"inside": {W: np.ones(5)}})
    with pytest.raises(ArgumentError, match="no data of the expression w; it has data of: sinput"):
        t.set(data={"end": {W: np.ones(1)}})
    with pytest.raises(ArgumentError, match="no term 'walls'"):
        t.set(data={"walls": {W: np.ones(1)}})


def test_data_that_are_set_are_not_drawn_again() -> None:
    terms = residual_terms({"inside": (W * U, {X: Points(Box(-1, 1), 4, every=1), W: np.ones(4)})})
    t = Trainer(NN, terms, optimizer=Adam(0.0), params=START, rng=0)
    first, second = t.step(), t.step()
    assert list(t.data["inside"]) == [X, W] and t.data["inside"][X].shape == (4, 1)
    assert np.mean(t.evaluate(W * U, "inside") ** 2) == pytest.approx(second)
    with pytest.raises(eg.UnboundSymbolError, match=r"evaluate\(e, data\): the symbol 'w' of shape \(\) has no value in data \(sinput\)"):
        t.evaluate(W * U, {X: AT})
    with pytest.raises(ArgumentError, match="a dict from symbols to arrays, or the name of a term, got an array"):
        t.evaluate(U, AT)  # type: ignore[arg-type]
    t.set(data={"inside": {X: AT[:4]}})
    assert first != second and t.step() == t.step() == pytest.approx(np.mean(t.evaluate(U, {X: AT[:4]}) ** 2))


def test_causal_weights_are_the_formula() -> None:
    times, squares = np.array([0.0, 0.24, 0.3, 0.6, 0.9, 1.0]), np.array([1.0, 3.0, 0.5, 4.0, 1.0, 5.0])
    s = np.array([0, 0, 2, 2.5, 6.5, 6.5])  # chunks of 0.25 with the means 2, 1/2, 4
    np.testing.assert_allclose(causal_weights(times, squares, 0.3, chunks=4), np.exp(-0.3 * s), rtol=1e-12)
    assert (causal_weights(times, 0 * squares, 1.0) == 1).all() and (causal_weights([2.0, 2.0], [1.0, 1.0], 9.0) == 1).all()
    with pytest.raises(ArgumentError, match="for each sample"):
        causal_weights(times, squares[:3], 1.0)
    with pytest.raises(eg.DTypeError, match="causal_weights: times: expected real numbers"):
        causal_weights("times", squares, 1.0)  # type: ignore[arg-type]


def test_weights_ascend() -> None:
    w, r = np.array([1.0, 2.0]), np.array([3.0, -0.5])
    np.testing.assert_array_equal(self_adaptive_weights(w, r**2, 0.1), w + 0.1 * r**2)
    np.testing.assert_allclose(residual_attention(w, r), [0.999 + 0.01, 2 * 0.999 + 0.01 / 6])
    np.testing.assert_array_equal(residual_attention(w, 0 * r, 0.5), w / 2)


def test_points_follow_the_density_of_the_residual() -> None:
    def r(x: np.ndarray) -> np.ndarray:
        return np.stack([x[:, 0], np.zeros(len(x))], axis=1)

    x = residual_points(Box(0, 1), r, 4000, 0, offset=0.0, candidates=40_000)
    assert np.mean(x) == pytest.approx(2 / 3, abs=0.02)  # of the density 2 x
    y = residual_points(Box(0, 1), r, 4000, 0, power=2.0, offset=2.0, candidates=40_000)
    assert np.mean(y) == pytest.approx((3 / 4 + 2 / 2) / 3, abs=0.02)  # of (3 x^2 + 2) / 3
    assert residual_points(Box(0, 1), lambda x: 0 * x, 5, 0, offset=0.0).shape == (5, 1)
    z = largest_residuals(Box(0, 1), r, 10, 0, candidates=100)
    assert z.shape == (10, 1) and z.min() >= np.sort(Box(0, 1).sample(100, 0)[:, 0])[-10]
    with pytest.raises(ArgumentError, match="5 samples first"):
        largest_residuals(Box(0, 1), lambda x: np.ones(3), 5, 0, candidates=5)
    with pytest.raises(ArgumentError, match="not finite"):
        residual_points(Box(0, 1), lambda x: np.inf * x, 5, 0)
    with pytest.raises(ArgumentError, match="a domain of symnn.points, such as .* comes first; got an array"):
        residual_points(AT, r, 5)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="the residual is a function of points, .* got the expression"):
        residual_points(Box(0, 1), U, 5)
