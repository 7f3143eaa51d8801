"""The trainer: single steps, epochs, weights, rates, data, state."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import (
    LBFGS,
    MSE,
    Adam,
    ArgumentError,
    Chain,
    Dense,
    GradientDescent,
    LevenbergMarquardt,
    LossTerm,
    NonFiniteLossError,
    SymbolicNeuralNetwork,
    Trainer,
    train,
)  # fmt: skip
from symnn.physics import residual_terms

NN = SymbolicNeuralNetwork(Chain(Dense(1, 4, "tanh"), Dense(4, 1, "identity")))
U, X = NN.output[0], NN.input
POINTS = np.linspace(-1, 1, 15)[:, None]
DATA = (POINTS, np.sin(2 * POINTS))
START = NN.chain.initial_parameters(seed=3)
OPTIMIZERS = [Adam(0.01), LevenbergMarquardt()]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=["Adam", "LM"])
def test_steps_are_those_of_train(optimizer: Any) -> None:
    """Single steps, epochs, and both in turn have the bits of one run."""
    batches: Any = {} if isinstance(optimizer, LevenbergMarquardt) else {"batch_size": 4}
    whole = train(NN, MSE(), DATA, START, optimizer, epochs=6, rng=5, progress=False, **batches)
    trainer = Trainer(NN, MSE(), DATA, params=START, optimizer=optimizer, rng=5, **batches)
    of_epoch = len(whole.history.steps) // 6
    made = [trainer.step() for _ in range(2 * of_epoch)]
    result = trainer.run(2, progress=False)
    made += list(trainer.history.steps[len(made) :])
    made += [trainer.step() for _ in range(2 * of_epoch)]
    assert made == list(whole.history.steps) and np.array_equal(trainer.params.flat, whole.params.flat)
    assert result.epochs == 4 and trainer.epoch == 6 and trainer.steps == 6 * of_epoch
    np.testing.assert_allclose(trainer.history.loss, whole.history.loss, rtol=1e-12)
    assert repr(trainer).startswith(f"<Trainer of {START.size} parameters")


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=["Adam", "LM"])
def test_a_state_continues_anywhere(optimizer: Any) -> None:
    batches: Any = {} if isinstance(optimizer, LevenbergMarquardt) else {"batch_size": 4}
    first = Trainer(NN, MSE(), DATA, params=START, optimizer=optimizer, rng=5, **batches)
    for _ in range(6):  # in the middle of an epoch of four
        first.step()
    state = pickle.loads(pickle.dumps(first.state))
    further = [first.step() for _ in range(7)]
    second = Trainer(NN, MSE(), DATA, optimizer=optimizer, rng=99, **batches)
    second.state = state
    assert [second.step() for _ in range(7)] == further
    if batches:  # the second half of an epoch, then a whole one
        assert second.history.loss == pytest.approx([np.mean(further[:2]), np.mean(further[2:6])])
    first.state = state
    assert [first.step() for _ in range(7)] == further
    with pytest.raises(ArgumentError, match="has an array of shape"):
        first.state = {**state, "numbers": np.zeros(3)}
    with pytest.raises(ArgumentError, match="a state is a dict as trainer.state gives it; it has no 'random', got a dict"):
        first.state = {"numbers": np.zeros(3), "steps": 1}
    with pytest.raises(ArgumentError, match="a state of this trainer has random numbers of PCG64, got nothing"):
        first.state = {**state, "random": None}
    with pytest.raises(TypeError, match="pickle trainer.state, and set it in another trainer"):
        pickle.dumps(first)
    with pytest.raises(ArgumentError, match="it has no 'numbers', got a tuple"):
        first.state = (1, 2)


def terms() -> Any:
    return residual_terms({"inside": (U - X[0] ** 2, {X: POINTS}), "ends": (U - 1, {X: POINTS[[0, -1]]}, 10.0)})


@pytest.mark.one_in(2)
@pytest.mark.parametrize("optimizer", [GradientDescent(0.0), LevenbergMarquardt()], ids=["descent", "LM"])
def test_weights_change_without_new_code(optimizer: Any) -> None:
    trainer = Trainer(NN, terms(), optimizer=optimizer, params=START)
    trainer.step()
    before = trainer.losses
    assert list(before) == ["inside", "ends"]
    trainer.set(weights={"ends": 20.0})
    assert trainer.losses == pytest.approx({"inside": before["inside"], "ends": 2 * before["ends"]}, rel=1e-12)
    trainer.set(weights=[3.0, 0.0])
    assert trainer.losses == pytest.approx({"inside": 3 * before["inside"], "ends": 0.0}, rel=1e-12)
    now = sum(trainer.losses.values())
    step = trainer.step()
    assert step == pytest.approx(now) if isinstance(optimizer, GradientDescent) else step < now
    for wrong, message in (({"edges": 1.0}, "there is no term 'edges'; the terms are: inside, ends"), ([1.0], "there are 2 terms"),
                           ({"ends": -1.0}, "the weight of ends"), ({"ends": np.nan}, "the weight of ends")):  # fmt: skip
        with pytest.raises(ArgumentError, match=message):
            trainer.set(weights=wrong)
    with pytest.raises(ArgumentError, match="this loss has no weights"):
        Trainer(NN, MSE(), DATA).set(weights=[2.0])


def test_the_rate_changes_without_new_code() -> None:
    trainer = Trainer(NN, MSE(), DATA, params=START, optimizer=GradientDescent(0.1))
    trainer.step()
    trainer.set(rate=0.0)
    before = trainer.params.flat
    trainer.step()
    assert np.array_equal(trainer.params.flat, before)
    trainer.set(rate=lambda step: 0.1 if step == 2 else 0.0)
    trainer.step()
    assert not np.array_equal(trainer.params.flat, before)
    with pytest.raises(ArgumentError, match="learning_rate"):
        trainer.set(rate=-1.0)
    with pytest.raises(ArgumentError, match="LevenbergMarquardt has no learning rate"):
        Trainer(NN, MSE(), DATA, optimizer=LevenbergMarquardt()).set(rate=0.1)


@pytest.mark.parametrize("optimizer", [Adam(0.01), LevenbergMarquardt(), LBFGS()], ids=["Adam", "LM", "LBFGS"])
def test_other_data_from_step_to_step(optimizer: Any) -> None:
    """Other values, and another number of samples."""
    trainer = Trainer(NN, MSE(), DATA, params=START, optimizer=optimizer)
    trainer.step()
    for n in (15, 30, 4):
        x = np.linspace(0, 1, n)[:, None]
        kept = trainer.params
        loss = trainer.step((x, 2 * x))
        at = kept if isinstance(optimizer, Adam) else trainer.params
        assert loss == pytest.approx(MSE()(NN, at, x, 2 * x), rel=1e-9)
        assert sum(trainer.losses.values()) == pytest.approx(MSE()(NN, trainer.params, x, 2 * x), rel=1e-9)
    of_terms = Trainer(NN, terms(), optimizer=optimizer, params=START)
    of_terms.set(weights={"ends": 2.0})
    of_terms.step([{X: POINTS[:5]}, {X: POINTS[:1]}])
    ends = U - 1
    value = eg.evaluate(ends**2, {X: POINTS[:1], **{s: of_terms.params.leaves()[n] for n, s in NN.params.leaves().items()}})
    assert of_terms.losses["ends"] == pytest.approx(2 * float(value[0]))
    with pytest.raises(ArgumentError, match="a list of 2 terms is a list of as many"):
        of_terms.step({X: POINTS})
    with pytest.raises(ArgumentError):
        trainer.step({X: POINTS})


def test_given_batches_stay_if_data_have_the_same_length() -> None:
    given = np.arange(15).reshape(1, 3, 5)
    trainer = Trainer(NN, MSE(), DATA, params=START, optimizer=Adam(0.0), batches=given)
    assert trainer.step((POINTS, 0 * POINTS)) == pytest.approx(MSE()(NN, START, POINTS[:5], 0 * POINTS[:5]))
    with pytest.raises(ArgumentError, match="data of other lengths do not fit the given batches="):
        trainer.replace((POINTS[:5], POINTS[:5]))


def test_what_is_set_has_the_right_form() -> None:
    trainer = Trainer(NN, terms(), params=START)
    with pytest.raises(ArgumentError, match="weights are a dict by the names of terms, or a list with one for each; got 3"):
        trainer.set(weights=3)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="callback is a function of an Epoch, got 3"):
        trainer.run(1, callback=3)  # type: ignore[arg-type]
    for wrong in (3, {"inside": 3}):
        with pytest.raises(ArgumentError, match="takes a dict of dicts, by terms and symbols"):
            trainer.set(data=wrong)  # type: ignore[arg-type]


def test_few_functions_of_evaluate_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symnn.training.trainer.KEPT", 2)
    trainer = Trainer(NN, MSE(), DATA, params=START)
    got = [trainer.evaluate(k * X[0], {X: POINTS}) for k in (1, 2, 3, 3, 1)]
    np.testing.assert_allclose(got, np.array([1, 2, 3, 3, 1])[:, None] * POINTS[:, 0])
    assert len(trainer._evaluators) == 2


def test_terms_of_one_name_are_numbered() -> None:
    trainer = Trainer(NN, [LossTerm(U**2, {X: POINTS}, name="a"), LossTerm(U, {X: POINTS}, name="a"), LossTerm(U**4, {X: POINTS})])
    assert list(trainer.losses) == ["a (1)", "a (2)", "term 3"]


def test_a_loss_that_is_lost() -> None:
    trainer = Trainer(NN, MSE(), DATA, params=START, optimizer=GradientDescent(0.1), batch_size=5)
    trainer.set(rate=1e200)
    trainer.step()
    with pytest.raises(NonFiniteLossError, match="epoch 1, batch 2"):
        trainer.step()
    assert trainer.steps == 1
    trainer.set(rate=0.0)
    trainer.state = {**trainer.state, "numbers": START.flat[None]}
    assert np.isfinite(trainer.step())


def test_run_begins_at_an_epoch() -> None:
    trainer = Trainer(NN, MSE(), DATA, optimizer=Adam(), batch_size=5)
    trainer.step()
    with pytest.raises(ArgumentError, match="in the middle of an epoch: make 2 more before run"):
        trainer.run(1)
    with pytest.raises(ArgumentError, match="makes no single steps"):
        Trainer(NN, MSE(), DATA, optimizer=LBFGS(scipy=True))
