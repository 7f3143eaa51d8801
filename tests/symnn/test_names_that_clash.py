"""Networks with equal names that meet in one expression are refused where they meet, and both are named."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import (
    Chain,
    Dense,
    Gradient,
    Jacobian,
    NeuralNetworkParameters,
    ParameterError,
    SymbolicNeuralNetwork,
    build_nn_function,
    derivative,
    train,
)

TWO, THREE, OTHER = Chain(Dense(2, 4), Dense(4, 1)), Chain(Dense(3, 4), Dense(4, 1)), Chain(Dense(2, 4, "sin"), Dense(4, 1))


def test_an_input_has_the_name_that_is_given() -> None:
    a, b = SymbolicNeuralNetwork(TWO, input_name="left"), SymbolicNeuralNetwork(THREE, input_name="right", prefix="V")
    assert (a.input.name, b.input.name, SymbolicNeuralNetwork(TWO).input.name) == ("left", "right", "sinput")
    assert SymbolicNeuralNetwork(TWO, prefix="p").input is not SymbolicNeuralNetwork(TWO, prefix="u").input
    both = NeuralNetworkParameters(a=a.params, b=b.params)
    f = build_nn_function(a.output * b.output, both, a.input, b.input, backend="numpy")
    assert f.arguments == ("left", "right", "parameters")
    assert f(np.ones((5, 2)), np.ones((5, 3)), both.layout.size * [0.1]).shape == (5, 1)


#: of the networks of TWO and another, what brings them together
MEETINGS: dict[str, Callable[[SymbolicNeuralNetwork, SymbolicNeuralNetwork], Any]] = {
    "a function": lambda a, b: build_nn_function(a.output - b.output, a),
    "two equations": lambda a, b: build_nn_function({"a": a.output, "b": derivative(Jacobian(b)) * b.output}, a),
    "a gradient": lambda a, b: Gradient(a.output * b.output, a),
    "a Jacobian": lambda a, b: Jacobian([a, b], a),
    "other inputs": lambda a, b: Gradient(a.model(2 * a.input) - b.model(3 * b.input), a),
    "a loss": lambda a, b: train(a, eg.sum((a.output - b.output) ** 2), {a.input: np.ones((3, 2))}, epochs=1, progress=False),
}


@pytest.mark.parametrize("name", MEETINGS)
def test_networks_that_share_symbols_by_accident(name: str) -> None:
    a, b = SymbolicNeuralNetwork(TWO), SymbolicNeuralNetwork(OTHER)
    message = r"W_1 of shape \(4, 2\) is L1.W of .*Dense\(2, 4, '(sin|tanh)'\).* and L1.W of .*Dense\(2, 4, '(sin|tanh)'\).*prefix=\"V\""
    with pytest.raises(ParameterError, match=message):
        MEETINGS[name](a, b)


def test_networks_whose_symbols_differ_only_in_shape() -> None:
    a, b = SymbolicNeuralNetwork(TWO), SymbolicNeuralNetwork(THREE, input_name="y")
    for meet in (lambda: build_nn_function(a.output + b.output, a, b.input), lambda: Gradient(a.output * b.output, b)):
        with pytest.raises(ParameterError, match=r"are named W_1: one of shape .*L1.W of .*, and one of shape .*L1.W of .*prefix="):
            meet()
    c = SymbolicNeuralNetwork(THREE, prefix="V", input_name="sinput")
    both = NeuralNetworkParameters(a=a.params, c=c.params)
    for meet in (lambda: build_nn_function(a.output + c.output, both, a.input, c.input), lambda: Jacobian(a.output + c.output, c)):
        with pytest.raises(ParameterError, match=r"are named sinput: one of shape .*the input of .*, and .*the input of .*input_name="):
            meet()


def test_what_is_no_clash() -> None:
    """The same network twice, at other inputs, with the other's parameters, as a part of another; an output that is a derivative."""
    a, again, longer = SymbolicNeuralNetwork(TWO), SymbolicNeuralNetwork(TWO), SymbolicNeuralNetwork(Chain(*TWO, Dense(1, 1)))
    build_nn_function(a.output + again.model(-again.input), a, backend="numpy")
    build_nn_function([a.output, longer.output, longer.model(2 * a.input)], longer, backend="numpy")
    other = SymbolicNeuralNetwork(Chain(Dense(2, 4, "softplus"), Dense(4, 1)), prefix="V")
    for name in ("a gradient", "a Jacobian", "other inputs"):
        MEETINGS[name](a, other)
    build_nn_function(a.output - other.model(a.input, a.params), a, backend="numpy")
    sin, cos = SymbolicNeuralNetwork(Dense(2, 1, "sin")), SymbolicNeuralNetwork(Dense(2, 1, "cos"))
    assert eg.contains(derivative(Jacobian(sin)), cos.output)
    build_nn_function([sin.output, derivative(Jacobian(sin))], sin, backend="numpy")
    shared = SymbolicNeuralNetwork(Chain(Dense(2, 4), Dense(4, 1, "sin")), prefix="V", input_name=a.input.name)
    both = NeuralNetworkParameters(a=a.params, b=shared.params)
    assert build_nn_function(a.output - shared.output, both, a.input, backend="numpy").arguments == ("sinput", "parameters")


def test_networks_are_not_kept_alive() -> None:
    a = SymbolicNeuralNetwork(Chain(Dense(2, 17), Dense(17, 1)))
    output, symbol = weakref.ref(a.output), weakref.ref(a.params.L1.W)
    del a
    assert output() is None and symbol() is None
