"""Which symbols the data of a loss may have: those it contains, and what says how many samples there are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import Adam, Chain, Dense, Jacobian, Linear, LossTerm, NeuralNetworkParameters, SymbolicNeuralNetwork, derivative, train
from symnn.errors import ArgumentError, UnboundSymbolError

NN = SymbolicNeuralNetwork(Chain(Dense(2, 3), Dense(3, 1)))
X = np.linspace(-1, 1, 12).reshape(6, 2)
U, IN = NN.output[0], NN.input
F, G, K = eg.Symbol("f", per_sample=True), eg.Symbol("g", per_sample=True), eg.Symbol("k")
V = np.arange(6.0)


def fit(nn: Any, loss: Any, data: Any = None, **more: Any) -> Any:
    return train(nn, loss, data, **{"optimizer": Adam(0.01), "epochs": 2, "rng": 0, "progress": False, **more})


@pytest.mark.parametrize("extra", [{G: V}, {K: 1.0}], ids=["per sample", "shared"])
def test_a_symbol_that_no_term_contains_is_an_error(extra: dict[Any, Any]) -> None:
    (s,) = extra
    text = rf"the symbol '{s.name}' of shape \(\), which no term of the loss contains \(it has the symbols: f, sinput\); leave it out"
    with pytest.raises(ArgumentError, match=text):
        fit(NN, (U - F) ** 2, {IN: X, F: V, **extra})
    with pytest.raises(ArgumentError, match=text):
        fit(NN, [LossTerm((U - F) ** 2, {IN: X, F: V}), LossTerm(U**2, {IN: X, **extra})])
    with pytest.raises(ArgumentError, match=text):
        fit(NN, (U - F) ** 2, {IN: X, F: V}, validation={IN: X, F: V, **extra})


def test_a_name_written_wrongly_is_missed_first() -> None:
    with pytest.raises(UnboundSymbolError, match="the loss depends on the symbol 'f'"):
        fit(NN, [LossTerm((U - F) ** 2, {IN: X, G: V}), LossTerm((U - G) ** 2, {IN: X, G: V})])


def test_terms_may_share_one_dict() -> None:
    data = {IN: X, F: V, G: V[::-1]}
    assert fit(NN, [LossTerm((U - F) ** 2, data), LossTerm((U + G) ** 2, data), LossTerm(eg.sum(NN.params.L1.W**2), data)]).epochs == 2


def test_a_loss_need_not_contain_the_input() -> None:
    linear = SymbolicNeuralNetwork(Linear(2, 1))
    slope = derivative(Jacobian(linear))[0]
    assert linear.input not in eg.free_symbols(slope)
    assert fit(linear, eg.sum((slope - 1) ** 2), {linear.input: X}).epochs == 2


def test_a_symbol_may_say_how_many_samples_there_are() -> None:
    p = NeuralNetworkParameters(c=eg.Symbol("c"))
    r = fit(p, eg.over_samples.sum((p.c - 1) ** 2), {F: V}, params={"c": 0.0})
    assert r.history.loss[0] == 6.0
    with pytest.raises(ArgumentError, match="no term of the loss contains"):
        fit(p, eg.over_samples.sum((p.c - G) ** 2), {G: V, F: V}, params={"c": 0.0})


def test_values_of_a_parameter_are_an_error() -> None:
    with pytest.raises(ArgumentError, match="the data have values of W_1, which is a parameter and is trained; leave it out"):
        fit(NN, U**2, {IN: X, NN.params.L1.W: np.ones((3, 2))})
