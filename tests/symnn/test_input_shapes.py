"""Inputs of any shape: layers act on the last axis, or are mapped over the axes in front of those that they are written for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import (
    LSTM,
    MSE,
    AdaptiveActivation,
    ArgumentError,
    Chain,
    Dense,
    Flow,
    Jacobian,
    Layer,
    LayerNorm,
    MultiHeadAttention,
    NeuralNetwork,
    Residual,
    SymbolicNeuralNetwork,
    build_nn_function,
    derivative,
    train,
)
from symnn.errors import ShapeError
from symnn.physics import GradientLayer, SeparableLayer

RNG = np.random.default_rng(2)


class First(Layer):
    """A layer of vectors that reads its entries one by one."""

    def __init__(self, n: int) -> None:
        self.input_size = n

    def __call__(self, x: Any, ps: Any) -> Any:
        return x[0] * x


class Position(Layer):
    """A layer of so and so many tokens."""

    input_axes = 2

    def __init__(self, tokens: int, n: int) -> None:
        self.tokens = tokens
        self.input_size = self.n = n

    def own_parameters(self) -> dict[str, Any]:
        return {"table": (self.tokens, self.n)}

    def __call__(self, x: Any, ps: Any) -> Any:
        return x + ps.table


#: layers of vectors of length 4
LAYERS: dict[str, Callable[[], Layer]] = {
    "dense": lambda: Dense(4, 3, "softmax"),
    "with a slope": lambda: Dense(4, 4, AdaptiveActivation("tanh")),
    "one's own": lambda: First(4),
    "residual": lambda: Residual(Chain(Dense(4, 5), First(5), Dense(5, 4))),
    "flow": lambda: Flow(Dense(4, 4), steps=2),
    "normalization": lambda: LayerNorm(4),
    "gradient": lambda: GradientLayer(Chain(Dense(4, 3), Dense(3, 1))),
    "symplectic": lambda: SeparableLayer(Dense(2, 1), Dense(2, 1)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_of_vectors_is_mapped(name: str) -> None:
    chain = Chain(LAYERS[name]())
    vector = NeuralNetwork(chain, seed=1)
    grid = NeuralNetwork(chain, vector.params, input_shape=(2, 3, 4))
    x = RNG.normal(size=(5, 2, 3, 4))
    np.testing.assert_allclose(grid(x), vector(x), rtol=1e-13)
    assert chain.output_shape((2, 3, 4)) == grid(x).shape[1:]


def test_a_network_of_tokens() -> None:
    attention = Residual(Chain(LayerNorm(4), MultiHeadAttention(4, 2)))
    chain = Chain(Dense(3, 4), attention, lambda h: eg.mean(h, axis=-2), Dense(4, 2))
    nn = SymbolicNeuralNetwork(chain, input_shape=(5, 3))
    assert (nn.input.shape, nn.input_shape, nn.input_size, nn.output_shape) == ((5, 3), (5, 3), 3, (2,))
    assert derivative(Jacobian(nn)).shape == (2, 5, 3)
    net = NeuralNetwork(nn, seed=0)
    x = RNG.normal(size=(6, 5, 3))
    assert net(x).shape == (6, 2) and net.input_shape == (5, 3)
    np.testing.assert_allclose(net(x[0]), net(x)[0], rtol=1e-14)
    moved = x[:, ::-1]  # attention, and the mean, do not know the order
    np.testing.assert_allclose(net(moved), net(x), rtol=1e-12)


@pytest.mark.slow
def test_it_is_trained() -> None:
    net = NeuralNetwork(Chain(Dense(3, 4), MultiHeadAttention(4, 2), lambda h: eg.mean(h, axis=0)), seed=0, input_shape=(5, 3))
    x = RNG.normal(size=(6, 5, 3))
    y = x.mean(1) @ RNG.normal(size=(3, 4))
    before = MSE()(net, net.params, x, y)
    result = train(net, MSE(), (x, y), epochs=5, rng=0, progress=False)
    assert MSE()(net, result.params, x, y) < before


def test_tokens_with_axes_in_front() -> None:
    chain = Chain(Dense(3, 4), LSTM(4, 2))
    one, many = NeuralNetwork(chain, seed=1, input_shape=(5, 3)), SymbolicNeuralNetwork(chain, input_shape=(2, 5, 3))
    x = RNG.normal(size=(2, 5, 3))
    f = build_nn_function(many.output, many, backend="numpy")
    np.testing.assert_allclose(f(x, one.params), np.stack([one(v) for v in x]), rtol=1e-13)
    assert SymbolicNeuralNetwork(Chain(Position(5, 4), MultiHeadAttention(4, 1)), input_shape=(2, 5, 4)).output.shape == (2, 5, 4)


def test_the_model_of_an_array_of_inputs() -> None:
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 3), lambda z: z / eg.sum(z), Dense(3, 1)))
    grid = eg.Symbol("grid", (3, 4, 2))
    model = nn.model(grid)
    assert model.shape == (3, 4, 1) and eg.count_nodes(model) <= eg.count_nodes(nn.output) + 3
    ps, x = nn.chain.initial_parameters(seed=0), RNG.normal(size=(3, 4, 2))
    f = build_nn_function([model, nn.output], nn, grid, shared=grid, backend="numpy")
    np.testing.assert_allclose(f(np.zeros(2), x, ps)[0], NeuralNetwork(nn, ps)(x), rtol=1e-13)
    with pytest.raises(ShapeError, match=r"takes an input of shape \(2,\) \(one sample\), got shape \(2, 3\)"):
        nn.model(eg.Symbol("wrong", (2, 3)))


def flatten(h: eg.Node) -> eg.Node:
    return eg.reshape(h, -1)


@pytest.mark.parametrize("own", [flatten, lambda h: eg.reshape(h, 20), lambda h: h.T @ eg.ones(5)])
def test_a_function_in_a_chain_may_depend_on_the_number_of_tokens(own: Callable[[eg.Node], eg.Node]) -> None:
    size = own(eg.Symbol("h", (5, 4))).size
    chain = Chain(Dense(3, 4), own, Dense(size, 1))
    x = RNG.normal(size=(2, 5, 3))
    net = NeuralNetwork(chain, seed=0, input_shape=(5, 3))
    h = eg.evaluate(own(eg.as_expression(np.tanh(x[1] @ net.params.L1.W.T + net.params.L1.b))))
    np.testing.assert_allclose(net(x)[1], np.tanh(net.params.L3.W @ h + net.params.L3.b), rtol=1e-13)


def test_a_size_that_depends_on_tokens_is_checked_for_the_given_input() -> None:
    chain = Chain(Dense(3, 4), flatten, Dense(20, 1))
    with pytest.raises(ShapeError, match=r"takes 20 inputs, but layer 2, flatten, gives 4 outputs; say .* input_shape=\(10, 3\)"):
        SymbolicNeuralNetwork(chain)
    with pytest.raises(ShapeError, match="takes 20 inputs, but layer 2, flatten, gives 24 outputs$"):
        SymbolicNeuralNetwork(chain, input_shape=(6, 3))


def test_inputs_without_axes() -> None:
    nn = SymbolicNeuralNetwork(Chain(lambda t: eg.stack([t, t**2]), Dense(2, 1)), input_shape=())
    assert nn.input.shape == () and nn.input_size == 1 and nn.model(eg.Symbol("times", 7)).shape == (7, 1)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda c: SymbolicNeuralNetwork(c, input_shape=(5, 4)), ShapeError, r"input_shape=\(5, 4\) does not fit.*: the last axis"),
        (lambda c: SymbolicNeuralNetwork(c, input_shape=(5, 3), input_size=3), ArgumentError, "not both"),
        (lambda c: NeuralNetwork(c, input_shape=(0, 3)), ShapeError, "positive entries"),
        (lambda c: NeuralNetwork(c, input_shape="tokens"), ShapeError, "input_shape: a shape is an integer or a sequence"),
        (lambda c: SymbolicNeuralNetwork(Chain(*c, MultiHeadAttention(4, 2))), ShapeError, r"takes tokens.*input_shape=\(10, 3\)"),
        (lambda c: Chain(*c, LSTM(5, 2)), ShapeError, r"layer 2 of the chain, LSTM.*takes 5 inputs.*gives"),
        (lambda c: Chain(Position(2, 3), *c, LSTM(5, 2)), ShapeError, r"layer 3 of the chain, LSTM.*takes 5 inputs"),
        (lambda c: Chain(*c, Dense(3, 1)), ShapeError, "gives 4 outputs"),
        (lambda c: Chain(*c, eg.sum, Dense(4, 1)), ShapeError, r"gives an output of shape \(\)"),
        (lambda c: Residual(Chain(*c, MultiHeadAttention(4, 2))), ShapeError, r"makes \(4, 4\) of \(4, 3\)"),
    ],
)  # fmt: skip
def test_errors(make: Callable[[Chain], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make(Chain(Dense(3, 4)))


def test_what_layers_are_written_for() -> None:
    assert [c().input_axes for c in LAYERS.values()] == [1, 1, 1, 1, 1, None, 1, 1]
    assert (LSTM(2, 3).input_axes, Chain(Dense(2, 2)).input_axes, Residual(MultiHeadAttention(4, 2)).input_axes) == (2, None, None)
    assert AdaptiveActivation("tanh").input_axes is None
