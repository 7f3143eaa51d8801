"""Symbols of one name and shape are one symbol: two networks of one prefix are not put into one container by accident."""

from __future__ import annotations

import numpy as np
import pytest

import exprgraph as eg
from symnn import Chain, Dense, NeuralNetworkParameters, ParameterError, SymbolicNeuralNetwork, derivative, params
from symnn.network.derivatives import Gradient

CHAIN = Chain(Dense(1, 4), Dense(4, 1, "identity"))


def test_two_networks_of_one_prefix_are_refused_where_they_meet() -> None:
    a, b = SymbolicNeuralNetwork(CHAIN), SymbolicNeuralNetwork(CHAIN)
    for both in (
        lambda: NeuralNetworkParameters(a=params(a), b=params(b)),
        lambda: NeuralNetworkParameters({"a": a.params, "b": b.params}),
        lambda: NeuralNetworkParameters({"a": a.params.L1, "b": {"inner": b.params.L1}}),
    ):
        with pytest.raises(ParameterError, match=r'a\..*W and b\..*W are the same symbol, W_1 of shape \(4, 1\).*prefix="V"'):
            both()
    c = SymbolicNeuralNetwork(CHAIN, prefix="V")
    assert len(NeuralNetworkParameters(a=params(a), b=params(c)).layout.slots) == 8


def test_networks_that_share_some_symbols_are_refused_too() -> None:
    a, b = SymbolicNeuralNetwork(CHAIN), SymbolicNeuralNetwork(Chain(Dense(1, 4), Dense(4, 2, "identity")))
    with pytest.raises(ParameterError, match=r"a\.L1\.W and b\.L1\.W are the same symbol"):
        NeuralNetworkParameters(a=params(a), b=params(b))
    x = eg.Symbol("x")
    with pytest.raises(ParameterError, match="first and second are the same symbol, x"):
        NeuralNetworkParameters(first=x, second=x)


def test_expressions_and_numbers_may_be_equal() -> None:
    x = eg.Symbol("x")
    assert NeuralNetworkParameters(first=2 * x, second=2 * x).first is 2 * x
    assert NeuralNetworkParameters(first=x, second=x + 0.5).first is x
    assert NeuralNetworkParameters(first=1.0, second=1.0).size == 2


def test_a_gradient_may_hold_a_symbol_twice() -> None:
    nn = SymbolicNeuralNetwork(Dense(2, 1, "identity"))
    gradient = derivative(Gradient(nn.output[0], nn))
    assert gradient.L1.W.shape == (1, 2)
    s = eg.Symbol("s")
    ps = NeuralNetworkParameters(a=eg.Symbol("a"), b=eg.Symbol("b"))
    assert ps.map(lambda leaf: s).a is s


def test_a_model_may_use_parameters_twice() -> None:
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 2), Dense(2, 2)))
    tied = {"L1": nn.params.L1, "L2": nn.params.L1}
    e = nn.model(nn.input, tied)
    assert e is nn.chain(nn.input, tied)
    assert {s.name for s in eg.free_symbols(e)} == {"sinput", "W_1", "W_2"}
    at = {s: np.full(s.shape, 0.3) for s in eg.free_symbols(e)}
    assert eg.evaluate(e, at).shape == (2,)
