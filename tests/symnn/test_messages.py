"""What symnn's public functions say about arguments that do not fit: what came, in words, and what helps."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import (
    MSE,
    Adam,
    Chain,
    Dense,
    Gradient,
    Jacobian,
    Laplacian,
    Layer,
    NeuralNetwork,
    SymbolicNeuralNetwork,
    SymbolicPullback,
    build_nn_function,
    derivative,
    params,
    train,
)
from symnn.physics import gradient_at, hamiltonian_field, lagrangian_acceleration, partial

NN = SymbolicNeuralNetwork(Dense(2, 1))
PS = NN.chain.initial_parameters(0)
X, Y = np.ones((5, 2)), np.ones((5, 1))
FIRST = Chain(lambda x: 2 * x, Dense(2, 1))


def fit(nn: Any = NN, loss: Any = MSE(), data: Any = (X, Y), **more: Any) -> Any:  # noqa: B008
    return train(nn, loss, data, **{"epochs": 1, "progress": False, **more})


def made(call: Any = None, **methods: Any) -> Any:
    """A network with a layer of a user's own."""
    own = {"__call__": call or (lambda self, x, ps: x), **methods}
    return SymbolicNeuralNetwork(Chain(Dense(2, 1), type("Made", (Layer,), own)()))


SAID: dict[str, tuple[Callable[[], Any], str]] = {
    "a function first": (lambda: fit(FIRST), r"^the first layer, lambda, takes .* make the network first, .*: Symbolic"),
    "no parameters": (lambda: fit(SymbolicNeuralNetwork(Chain(eg.sum), input_size=2)), "without parameters: .* nothing to train"),
    "a function for a network": (lambda: fit(lambda x: x), r"got a function; a function is a layer of a Chain: Chain\(f\)"),
    "layers in a list": (lambda: SymbolicNeuralNetwork([Dense(2, 1)]), r"got a list of 1; layers follow one another in a Chain: Chain\(\*"),
    "a class for a network": (lambda: SymbolicNeuralNetwork(Dense), r"got the class Dense; make one, as in Dense\(2, 1\)"),
    "a list for a layer": (lambda: Chain([Dense(2, 1)]), r"got a list of 1; give layers one by one: Chain\(\*layers\)"),
    "an activation for a layer": (lambda: Chain(Dense(2, 1), "relu"), r"got the text 'relu'; .* eg\.relu, .* Dense\(2, 1, 'relu'\)"),
    "an activation written wrongly": (lambda: Dense(2, 1, "tahn"), r"unknown activation 'tahn'; do you mean 'tanh'\? Known are abs, "),
    "no activation": (lambda: Dense(2, 1, "none"), "unknown activation 'none'; known are abs, "),
    "a function of numbers": (lambda: SymbolicNeuralNetwork(Dense(2, 1, math.tanh)), r"math\.tanh takes numbers; .* as eg\.tanh and np"),
    "a function that gives nothing": (lambda: SymbolicNeuralNetwork(Dense(2, 1, lambda x: None)), "lambda made no expression: .* got None"),
    "a loss's class": (lambda: fit(loss=MSE), r"expected a loss, got the class MSE; make one, as in MSE\(\)"),
    "a loss's name": (lambda: fit(loss="mse"), "or a list of LossTerm, got the text 'mse'$"),
    "a function for a loss": (lambda: fit(loss=lambda a, b: a - b), "got a function; of one of your own, call it on nn.output and symbols"),
    "targets of one axis": (lambda: fit(data=(X, Y[:, 0])), r"target: expected .*got \(5,\); .* is a\[:, None\] there"),
    "samples last": (lambda: fit(data=(X.T, Y)), r"input: .*got \(2, 5\); samples come first, so pass the transpose"),
    "inputs alone": (lambda: fit(data=X), r"is \(inputs, targets\), got an array of shape \(5, 2\)"),
    "no data": (lambda: fit(data=None), r"is \(inputs, targets\), got nothing"),
    "three": (lambda: fit(data=(X, Y, X)), r"is \(inputs, targets\), got a tuple of 3"),
    "data of an expression": (lambda: fit(loss=NN.output[0] ** 2), "is a dict from symbols to arrays, got a tuple of 2"),
    "an optimizer's name": (lambda: fit(optimizer="adam"), r"expected an optimizer such as Adam\(\), got the text 'adam'"),
    "an optimizer's class": (lambda: fit(optimizer=Adam), r"got the class Adam; make one: Adam\(\)"),
    "a seed": (lambda: NN.chain.initial_parameters("a"), "seed is a seed, a whole number of at least 0, or a NumPy generator, got 'a'"),
    "a seed of a layer": (lambda: Dense(2, 1).initial_parameters(-1), "seed is a seed, .* got -1"),
    "a generator": (lambda: fit(rng=1.5), "rng is a seed, a whole number of at least 0, or a NumPy generator, got 1.5"),
    "the order of a pullback": (lambda: SymbolicPullback(NN, MSE())((X, Y), PS), "got a NeuralNetworkParameters; the parameters come"),
    "a pullback of a chain": (lambda: SymbolicPullback(NN.chain), r"got a Chain; make one: SymbolicNeuralNetwork\(\.\.\.\)"),
    "a derivative of a chain": (lambda: Jacobian(NN.chain), r"Jacobian\(f\) needs the network as well, .* got a Chain"),
    "by a symbol": (lambda: Jacobian(NN.output, NN.input), r"got the expression sinput; .* by a symbol is exprgraph\.jacobian\(f, x\)"),
    "the Laplacian by a symbol": (lambda: Laplacian(NN, NN.input), r"the derivative by a symbol is exprgraph\.laplacian\(f, x\)"),
    "of no derivative": (lambda: derivative(NN), "takes a Jacobian, Gradient, Hessian or Laplacian, got a SymbolicNeuralNetwork"),
    "parameters of a chain": (lambda: params(NN.chain), r"got a Chain; initial_parameters\(seed\) are numbers for it"),
    "a function of a chain": (lambda: build_nn_function(NN.output, NN.chain), r"got a Chain; make one: SymbolicNeuralNetwork\(\.\.\.\)"),
    "the class of a derivative": (lambda: build_nn_function(Gradient, NN), "equation 0 is neither .*, but the class Gradient"),
    "validation": (lambda: fit(validation=X), r"^validation: the data of a Loss is \(inputs, targets\), got an array"),
    "samples of validation": (lambda: fit(validation=(X.T, Y)), r"^validation: input: expected samples"),
    "losses in a list": (lambda: fit(loss=[MSE(), MSE()]), r"has a LossTerm\(loss, data, weight\) for each; entry 0 is a MSE"),
    "a loss without parameters": (
        lambda: train(NN, NN.input[0] ** 2, {NN.input: np.zeros((3, NN.input_size))}),
        r"no parameter that is trained \(its symbols: sinput\); make it of the network's output",
    ),
    "no loss in a list": (lambda: fit(loss=[]), "LossTerm.* for each; it is empty"),
    "the order of a model": (lambda: NN.model(NN.params, NN.input), r"model\(x, ps\): the input comes first"),
    "a field of a chain": (lambda: hamiltonian_field(NN.chain), r"hamiltonian_field takes a SymbolicNeuralNetwork, got a Chain; make one"),
    "an acceleration of text": (lambda: lagrangian_acceleration("L"), "takes a SymbolicNeuralNetwork, got the text 'L'$"),
    "a gradient of a layer": (lambda: gradient_at(Dense(2, 1), X[0]), "gradient_at takes a SymbolicNeuralNetwork, got a Dense; make one"),
    "an axis by name": (lambda: partial(NN, NN.input, "x"), "partial: an axis is a whole number, got the text 'x'"),
    "by an axis": (lambda: partial(NN.output[0], 0), r"along the entries of a vector of symbols, got 0"),
    "a layer that gives nothing": (lambda: made(lambda self, x, ps: None), r"the layer Made\(\) gave no expression: .* got None"),
    "shapes in a list": (lambda: made(parameter_shapes=lambda self: ["s"]), r"Made: parameter_shapes\(\) gives a dict .*, got a list of 1"),
    "a shape of text": (lambda: made(parameter_shapes=lambda self: {"s": "a"}), "parameter s: a shape is an integer or a sequence"),
    "numbers for symbols": (lambda: build_nn_function(NN.output, PS, NN.input), r"L1\.W is an array of shape \(1, 2\)"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_a_message_says_what_came_and_what_helps(name: str) -> None:
    call, said = SAID[name]
    with pytest.raises((TypeError, ValueError), match=said) as caught:
        call()
    assert "<lambda>" not in str(caught.value) and "object at 0x" not in str(caught.value)


def test_the_advice_helps() -> None:
    """What a chain that begins with a function needs, as its message says."""
    assert fit(SymbolicNeuralNetwork(FIRST, input_size=2)).epochs == 1
    assert NeuralNetwork(FIRST, input_size=2)(X).shape == (5, 1)
    assert repr(FIRST) == "Chain(lambda, Dense(2, 1, 'tanh'))"


def test_a_network_stands_for_its_output() -> None:
    """Among equations, too."""
    f = build_nn_function({"u": NN, "J": Jacobian(NN)}, NN, backend="numpy")(X, PS)
    assert f["u"].shape == (5, 1) and f["J"].shape == (5, 1, 2)
    np.testing.assert_array_equal(f["u"], build_nn_function(NN.output, NN, backend="numpy")(X, PS))
