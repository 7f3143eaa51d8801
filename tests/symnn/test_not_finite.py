"""A loss that is not finite: the error names the data or the parameters that are not."""

from __future__ import annotations

import pickle
import re
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import LBFGS, MSE, Adam, Dense, GradientDescent, LossTerm, NonFiniteLossError, SymbolicNeuralNetwork, train

NN = SymbolicNeuralNetwork(Dense(2, 1, "identity"))
START = NN.chain.initial_parameters(0)
X = np.linspace(-1, 1, 20).reshape(10, 2)
Y = np.sum(X, 1, keepdims=True)
MASK = " Leave such samples out, or mask them in the loss with eg.where"


def fails(text: str, loss: Any = None, data: Any = None, **more: Any) -> NonFiniteLossError:
    options = {"optimizer": Adam(0.01), "epochs": 5, "rng": 0, "progress": False, "params": START, **more}
    with pytest.raises(NonFiniteLossError) as caught:
        train(NN, MSE() if loss is None else loss, data, **options)
    assert text in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    return caught.value


def spoilt(a: np.ndarray, *places: tuple[Any, float]) -> np.ndarray:
    out = a.copy()
    for at, value in places:
        out[at] = value
    return out


@pytest.mark.parametrize("optimizer", [Adam(0.01), LBFGS()], ids=["Adam", "LBFGS"])
def test_data_are_named_with_how_many_and_where_the_first_is(optimizer: Any) -> None:
    x, y = spoilt(X, ((3, 1), np.nan), ((7, 0), np.nan)), spoilt(Y, (2, np.inf), (4, np.nan))
    data = "The data are not finite: sinput has 2 NaN among 20 numbers, the first at sample 3, [1], counted from 0."
    e = fails(data + MASK, data=(x, Y), optimizer=optimizer)
    assert "learning rate" not in str(e) and e.params == START and e.epoch == 1
    fails("target has 1 NaN and 1 infinite among 10 numbers, the first at sample 2, [0]", data=(X, y), optimizer=optimizer)
    e = fails("sinput has 2 NaN", data=(x, y), optimizer=optimizer)
    assert "; target has 1 NaN and 1 infinite" in str(e)


def test_symbols_of_all_kinds_and_terms() -> None:
    s, k, m = eg.Symbol("s", per_sample=True), eg.Symbol("k"), eg.Symbol("m", (2, 2))
    out = NN.output[0]
    fails("k has 1 NaN among 1 numbers. Leave", (out - k) ** 2, {NN.input: X, k: np.nan})
    fails("m has 1 infinite among 4 numbers, the first at [0, 1], counted from 0", out * eg.sum(m), {NN.input: X, m: [[1, np.inf], [1, 1]]})
    fails("s has 1 NaN among 10 numbers, the first at sample 9, counted from 0", out * s, {NN.input: X, s: [1.0] * 9 + [np.nan]})
    terms = [LossTerm(MSE(), (X, Y)), LossTerm((out - s) ** 2, {NN.input: X[:1], s: [np.nan]})]
    fails("The data are not finite: s of term 2 has 1 NaN among 1 numbers, the first at sample 0", terms)


def test_numbers_beyond_float32_are_infinite_there() -> None:
    single = START.astype(np.float32)
    with np.errstate(over="ignore"):
        fails("target has 1 infinite among 10 numbers, the first at sample 5", data=(X, spoilt(Y, (5, 1e300))), params=single)


def test_parameters_are_named_as_parameters() -> None:
    ps = START.copy()
    ps.L1.W[0, 1] = np.nan
    e = fails("The parameters are not finite: L1.W has 1 NaN among 2 numbers, the first at [0, 1], counted from 0. Begin with finite ones",
              data=(X, Y), params=ps)  # fmt: skip
    assert "learning rate" not in str(e) and "data" not in str(e)
    e = fails("The parameters are not finite", data=(spoilt(X, ((0, 0), np.nan)), Y), params=ps, optimizer=LBFGS())
    assert "data" not in str(e)


def test_steps_that_are_too_large_are_still_what_is_blamed_else() -> None:
    e = fails("Try a smaller learning rate, or look for points where the loss is not smooth", data=(X, Y), optimizer=GradientDescent(1e200))
    assert "not finite" not in e.reason
    e = fails("Try a smaller learning rate", data=(X, Y), optimizer=GradientDescent(1e308), epochs=50)
    assert "data" not in e.reason


def test_data_that_a_loss_masks_are_as_good_as_any() -> None:
    y = eg.Symbol("y", per_sample=True)
    masked = eg.where(eg.equal(y, y), (NN.output[0] - eg.where(eg.equal(y, y), y, 0)) ** 2, 0)
    data = {NN.input: X, y: spoilt(Y[:, 0], (4, np.nan))}
    r = train(NN, masked, data, START, Adam(0.01), epochs=3, validation=data, progress=False)
    assert np.isfinite([*r.history.loss, *r.history.validation]).all()
    fails("y has 1 NaN among 10 numbers, the first at sample 4, counted from 0." + MASK + "; if the loss does so already, try a smaller",
          masked, data, optimizer=GradientDescent(1e200))  # fmt: skip


def test_validation_data_are_named_too() -> None:
    held = (X, spoilt(Y, (1, np.nan)))
    text = "epoch 2: the validation loss is nan; .* The validation data are not finite: target has 1 NaN among 10 numbers, the first at"
    e = fails("", data=(X, Y), validation=held, validate_every=2)
    assert re.search(text, str(e)) and (e.epoch, e.batch) == (2, None) and np.isfinite(e.params.flat).all()
