"""Training on samples that are read block by block: as on the same samples in memory, to rounding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import (
    LBFGS,
    MSE,
    Adam,
    Chain,
    Dense,
    FeedForwardLoss,
    GaussNewton,
    LevenbergMarquardt,
    NonFiniteLossError,
    ResidualTerm,
    SymbolicNeuralNetwork,
    SymbolicPullback,
    Trainer,
    train,
)
from symnn.errors import ArgumentError, ParameterFileError, ShapeError
from symnn.objectives.objective import parts_of
from symnn.objectives.places import Here
from symnn.objectives.problem import Problem
from symnn.points import Box, Points
from symnn.training.block_steps import _Shuffled
from symnn.training.not_finite import ADVICE, reason

CHAIN = Chain(Dense(2, 4, "tanh"), Dense(4, 1, "identity"))


class Rows:
    """An array that is read by rows."""

    chunks = None

    def __init__(self, numbers: np.ndarray) -> None:
        self._numbers = numbers

    shape = property(lambda self: self._numbers.shape)
    dtype = property(lambda self: self._numbers.dtype)
    nbytes = property(lambda self: self._numbers.nbytes)

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, rows: Any) -> np.ndarray:
        found = self._numbers[rows]
        assert not isinstance(rows, slice) or found.nbytes <= 1 << 11, "more than a block is read"
        return found


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = eg.blocks.blocks_of
    monkeypatch.setattr(eg.blocks, "BLOCK", 1 << 11)
    for module in ("exprgraph.blocks.blocks_of", "exprgraph.blocks.stored.blocks_of"):
        monkeypatch.setattr(module, lambda arrays, samples, row, block=1 << 11: whole(arrays, samples, row, block))


def samples(n: int = 601) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(0).uniform(-1, 1, (n, 2))
    return X, np.sin(3 * X[:, :1]) * X[:, 1:]


@pytest.mark.slow
def test_a_problem_in_blocks_is_the_problem() -> None:
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 1, "identity")))
    X, Y = samples()
    theta = np.array([0.3, -0.5, 0.2])
    both = [Problem(nn.params, parts_of(nn, MSE(), data), theta.dtype) for data in ((X, Y), (Rows(X), Rows(Y)))]
    (value, gradient), (in_blocks, by_blocks) = (p.value_and_gradient(theta) for p in both)
    assert in_blocks == pytest.approx(value, rel=1e-14)
    np.testing.assert_allclose(by_blocks, gradient, rtol=1e-13)


def _parts(found: Any) -> list[Any]:
    return [found] if isinstance(found, np.ndarray) else list(found)


@pytest.mark.slow
def test_residuals_in_blocks() -> None:
    nn = SymbolicNeuralNetwork(CHAIN)
    X, Y = samples()
    theta, direction = np.random.default_rng(1).normal(size=(2, nn.params.size))
    target = eg.Symbol("t", 1, per_sample=True)
    terms = [
        [
            ResidualTerm(nn.output - target, {nn.input: x, target: y}, weight=2.0, name="data"),
            ResidualTerm(nn.output[0], {nn.input: X[:30]}),
            ResidualTerm(eg.sum(nn.params.leaves()["L1.W"]), {}),
        ]
        for x, y in ((X, Y), (Rows(X), Rows(Y)))
    ]
    here, blocks = (Problem(nn.params, parts_of(nn, t, None), theta.dtype) for t in terms)
    for name, given in (("residuals", ()), ("along", (direction,)), ("normal", ()), ("back", (here.residuals(theta),))):
        for came, expected in zip(*(_parts(getattr(p, name)(theta, *given)) for p in (blocks, here)), strict=True):
            np.testing.assert_allclose(came, expected, rtol=1e-12, atol=1e-12)
    jacobians = [np.concatenate([r.jacobian for r in p.rows(theta)]) for p in (blocks, here)]
    np.testing.assert_allclose(*jacobians, rtol=1e-13)
    assert here.count == blocks.count and here.terms(theta) == pytest.approx(blocks.terms(theta), rel=1e-13)
    assert blocks.gradient_norms(theta) == pytest.approx(here.gradient_norms(theta), rel=1e-12)
    assert blocks.jacobian_norms(theta) == pytest.approx(here.jacobian_norms(theta), rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("optimizer", "loss", "tolerance"),
    [
        (Adam(0.01), FeedForwardLoss(), 1e-14),
        (LBFGS(), MSE(), 1e-12),
        (LevenbergMarquardt(), MSE(), 1e-9),
        (LevenbergMarquardt(method="qr", acceleration=True), MSE(), 1e-9),
        (GaussNewton(damping=1e-3), MSE(), 1e-9),
    ],
    ids=repr,
)
def test_trainings_on_all_samples(optimizer: Any, loss: Any, tolerance: float) -> None:
    X, Y = samples()
    whole, read = (train(CHAIN, loss, data, optimizer=optimizer, epochs=4, rng=0, progress=False) for data in ((X, Y), (Rows(X), Rows(Y))))
    np.testing.assert_allclose(read.params.flat, whole.params.flat, rtol=tolerance, atol=tolerance)
    assert read.history.loss == pytest.approx(whole.history.loss, rel=tolerance)


@pytest.mark.slow
def test_given_batches_take_the_same_steps() -> None:
    X, Y = samples()
    batches = np.random.default_rng(2).permutation(600).reshape(2, 10, 30)
    whole, read = (
        train(CHAIN, MSE(), data, optimizer=Adam(0.01), batches=batches, rng=0, progress=False) for data in ((X, Y), (Rows(X), Y))
    )
    assert read.history.steps == whole.history.steps
    np.testing.assert_array_equal(read.params.flat, whole.params.flat)


@pytest.mark.slow
def test_shuffled_batches_lower_the_loss_and_resume(tmp_path: Path) -> None:
    X, Y = samples()
    given = dict(optimizer=Adam(0.02), batch_size=32, rng=0, progress=False, validation=(Rows(X), Rows(Y)))
    whole = train(CHAIN, MSE(), (Rows(X), Rows(Y)), epochs=30, **given)
    assert whole.history.validation[-1] < 0.1 * whole.history.validation[0] and len(whole.history.steps) == 30 * 19
    train(CHAIN, MSE(), (Rows(X), Rows(Y)), epochs=11, checkpoint=tmp_path / "c.npz", **given)
    resumed = train(CHAIN, MSE(), (Rows(X), Rows(Y)), epochs=30, resume=tmp_path / "c.npz", **given)
    np.testing.assert_array_equal(resumed.params.flat, whole.params.flat)
    with pytest.raises(ParameterFileError, match=r"its samples of a batch are 32, shuffled within blocks of \d+, here 32, shuffled"):
        train(CHAIN, MSE(), (X, Y), epochs=30, resume=tmp_path / "c.npz", **given)  # in memory they are shuffled as a whole
    with pytest.raises(ParameterFileError, match="its data are"):
        train(CHAIN, MSE(), (Rows(X + 1), Rows(Y)), epochs=30, resume=tmp_path / "c.npz", **given)


def test_a_permutation_by_blocks() -> None:
    ranges = [(0, 7), (7, 14), (14, 17)]
    shuffled = _Shuffled(ranges, np.random.default_rng(0))
    whole = shuffled[0:17]
    assert sorted(whole) == list(range(17)) and list(whole) != list(range(17))
    np.testing.assert_array_equal(np.concatenate([shuffled[0:5], shuffled[5:16], shuffled[16:17]]), whole)
    assert not np.array_equal(_Shuffled(ranges, np.random.default_rng(1))[0:17], whole)


def test_each_block_gets_its_samples() -> None:
    place = Here([eg.Symbol("x", 16, per_sample=True)], [np.zeros((40, 16))], 40, np.dtype(float))
    assert place.ranges == [(0, 16), (16, 32), (32, 40)]
    assert [(s.block, s.rows.tolist()) for s in place.shares(np.array([39, 3, 32, 0, 3]))] == [(0, [3, 0, 3]), (2, [7, 0])]
    assert [s.own[0].shape for s in place.shares(own=[np.zeros((40, 2))])] == [(16, 2), (16, 2), (8, 2)]


def test_what_cannot_be_is_said() -> None:
    X, Y = samples()
    with pytest.raises(ShapeError, match=r"target has 600 samples, sinput has 601"):
        train(CHAIN, MSE(), (Rows(X), Rows(Y[1:])), epochs=1, progress=False)
    with pytest.raises(ShapeError, match=r"sinput: expected samples of shape \(2,\)"):
        train(CHAIN, MSE(), (Rows(Y), Y), epochs=1, progress=False)
    nn = SymbolicNeuralNetwork(CHAIN)
    drawn = [ResidualTerm(nn.output, {nn.input: Points(Box([-1, -1], [1, 1]), 10, every=2)}), ResidualTerm(nn.output, {nn.input: Rows(X)})]
    with pytest.raises(ArgumentError, match="leave out every=, or files and cluster="):
        train(nn, drawn, optimizer=LBFGS(), epochs=1, progress=False)
    with pytest.raises(ArgumentError, match="cluster is a Client of dask.distributed"):
        train(CHAIN, MSE(), (X, Y), cluster=4, epochs=1, progress=False)


def test_one_number_of_a_file_is_a_block() -> None:
    assert [(first, rows.tolist()) for first, rows in eg.blocks.rows_of(Rows(np.array(2.0)))] == [(0, 2.0)]


def test_data_that_are_not_searched_for_nan_are_named() -> None:
    class Lazy(Rows):
        __dask_graph__ = rechunk = None

    nn = SymbolicNeuralNetwork(CHAIN)
    (part,) = parts_of(nn, MSE(), samples())
    given = [part._replace(arrays=(part.arrays[0], Lazy(part.arrays[1])))]
    assert reason(CHAIN.initial_parameters(0), given, True).endswith(". Data of Dask were not searched for NaN: target")
    assert reason(CHAIN.initial_parameters(0), [part], True) == ADVICE


@pytest.mark.slow
def test_other_readers_of_data() -> None:
    """A loss that is not finite names its data; a trainer and a pullback read whole arrays, or blocks."""
    X, Y = samples()
    Y[500], Y[600] = np.nan, np.inf  # in two blocks
    with pytest.raises(NonFiniteLossError, match="target has 1 NaN and 1 infinite among 601 numbers, the first at sample 500"):
        train(CHAIN, MSE(), (Rows(X), Rows(Y)), epochs=1, progress=False)
    X, Y = X[:100], Y[:100]
    losses = [Trainer(CHAIN, MSE(), data, rng=0).step() for data in ((X, Y), (Rows(X), Rows(Y)))]
    assert losses[0] == losses[1]
    pb = SymbolicPullback(SymbolicNeuralNetwork(CHAIN), MSE())
    ps = CHAIN.initial_parameters(0)
    assert pb.value(ps, (Rows(X), Rows(Y))) == pytest.approx(pb.value(ps, (X, Y)), rel=1e-13)
