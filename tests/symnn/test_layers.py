"""Layers, chains, activations, initial parameters."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.errors import ShapeError
from symnn import (
    ActivationError,
    Affine,
    Chain,
    Dense,
    Layer,
    Linear,
    NeuralNetwork,
    NeuralNetworkParameters,
    Residual,
    SymbolicNeuralNetwork,
)
from symnn.activations import activate, activation_names


def double(x: Any) -> Any:
    return 2 * x


class Scale(Layer):
    """A layer of a user's own, with nested parameters."""

    def __init__(self, n: int) -> None:
        self.n = n

    def parameter_shapes(self) -> dict[str, Any]:
        return {"s": (self.n,), "inner": {"M": (self.n, self.n)}}

    def __call__(self, x: Any, ps: Any) -> Any:
        return ps.s * (ps.inner.M @ x)


REFERENCE = {
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "relu": lambda x: np.maximum(x, 0),
    "gelu": lambda x: x * np.array([0.5 * math.erfc(-t / math.sqrt(2)) for t in x]),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "swish": lambda x: x / (1 + np.exp(-x)),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "identity": lambda x: x,
    "sin": np.sin,
    "exp": np.exp,
    "square": np.square,
    "softmax": lambda x: np.exp(x) / np.sum(np.exp(x)),
    "log_softmax": lambda x: x - np.log(np.sum(np.exp(x))),
    "log_sigmoid": lambda x: -np.log1p(np.exp(-x)),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
}


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_an_activation_by_name(name: str) -> None:
    x = eg.Symbol("x", shape=5)
    value = np.array([-2.0, -0.5, 0.0, 0.7, 3.0])
    np.testing.assert_allclose(eg.evaluate(activate(name, x), {x: value}), REFERENCE[name](value), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", activation_names())
def test_every_listed_activation_makes_a_layer(name: str) -> None:
    assert SymbolicNeuralNetwork(Dense(2, 3, name)).output.shape == (3,)


def test_activations_by_function() -> None:
    nn = [SymbolicNeuralNetwork(Dense(2, 3, f)).output for f in ("tanh", np.tanh, eg.tanh, lambda x: eg.tanh(x))]
    assert all(n is nn[0] for n in nn)
    assert SymbolicNeuralNetwork(Dense(2, 3, None)).output is SymbolicNeuralNetwork(Affine(2, 3)).output


def test_wrong_activations() -> None:
    with pytest.raises(ActivationError, match="unknown activation 'tahn'; do you mean 'tanh'.*gelu.*tanh"):
        Dense(2, 1, "tahn")
    with pytest.raises(ActivationError, match="name or a function of an expression, got 3"):
        Dense(2, 1, 3)  # type: ignore[arg-type]
    with pytest.raises(ActivationError, match=r"made shape \(\) of shape \(3,\)"):
        SymbolicNeuralNetwork(Dense(2, 3, eg.sum))


def test_dense_is_the_activation_of_an_affine_map() -> None:
    rng = np.random.default_rng(0)
    W, b, x = rng.standard_normal((3, 2)), rng.standard_normal(3), rng.standard_normal(2)
    ps = {"L1": {"W": W, "b": b}}
    for layer, expected in [
        (Dense(2, 3), np.tanh(W @ x + b)),
        (Dense(2, 3, "sin"), np.sin(W @ x + b)),
        (Dense(2, 3, "sin", use_bias=False), np.sin(W @ x)),
        (Affine(2, 3), W @ x + b),
        (Linear(2, 3), W @ x),
    ]:
        own = ps if "b" in layer.parameter_shapes() else {"L1": {"W": W}}
        np.testing.assert_allclose(NeuralNetwork(layer, own)(x), expected, rtol=1e-14)


@pytest.mark.parametrize("size", [0, -1, 2.0, True, "2", None])
def test_sizes_are_positive_integers(size: Any) -> None:
    with pytest.raises(ShapeError, match="Dense: n_in is a positive integer, got"):
        Dense(size, 1)
    with pytest.raises(ShapeError, match="Linear: n_out is a positive integer, got"):
        Linear(1, size)


def test_numpy_integers_are_sizes() -> None:
    assert Dense(np.int64(2), np.int32(1)) == Dense(2, 1)


def test_text_and_equality() -> None:
    c = Chain(Dense(2, 3), double, Residual(Dense(3, 3, "sin", use_bias=False)), Chain(Affine(3, 2), Linear(2, 1)))
    assert repr(c) == (
        "Chain(Dense(2, 3, 'tanh'), double, Residual(Dense(3, 3, 'sin', use_bias=False)), Chain(Affine(3, 2), Linear(2, 1)))"
    )
    again = Chain(Dense(2, 3), double, Residual(Dense(3, 3, "sin", use_bias=False)), Chain(Affine(3, 2), Linear(2, 1)))
    assert c == again and hash(c) == hash(again) and pickle.loads(pickle.dumps(c)) == c
    assert c != Chain(Dense(2, 3)) and Dense(2, 1) != Dense(2, 1, "sin") and Linear(2, 1) != Dense(2, 1) and Dense(2, 1) != 3
    assert len(c) == 4 and c[1].input_size is None and next(iter(c)) == c[-4] == Dense(2, 3)
    assert repr(Scale(3)) == "Scale(n=3)" and Scale(3) == Scale(3) != Scale(4)
    with pytest.raises(ShapeError, match="a chain of 4 layers has no layer 7"):
        c[7]


def test_parameters_are_named_by_place_among_all_layers() -> None:
    c = Chain(Dense(2, 3), double, Chain(Affine(3, 4), Linear(4, 3)), Residual(Chain(Dense(3, 3))), Scale(3))
    assert [s.name for s in c.layout().slots] == [
        "L1.W", "L1.b", "L3.L1.W", "L3.L1.b", "L3.L2.W", "L4.L1.W", "L4.L1.b", "L5.s", "L5.inner.M",
    ]  # fmt: skip
    nn = SymbolicNeuralNetwork(c)
    assert [p.name for p in nn.params.leaves().values()] == [f"W_{i}" for i in range(1, 10)]
    assert c.initial_parameters(0).layout == nn.layout


def test_a_chain_computes_one_layer_after_the_other() -> None:
    c = Chain(Dense(2, 3), double, Chain(Affine(3, 4), Linear(4, 3)), Residual(Chain(Dense(3, 3))), Scale(3), lambda x: x[:2])
    nn = NeuralNetwork(c, seed=1)
    ps = nn.params
    ps.flat += np.random.default_rng(2).uniform(-0.5, 0.5, ps.size)
    x = np.array([0.3, -0.7])
    h = 2 * np.tanh(ps.L1.W @ x + ps.L1.b)
    h = ps.L3.L2.W @ (ps.L3.L1.W @ h + ps.L3.L1.b)
    h = h + np.tanh(ps.L4.L1.W @ h + ps.L4.L1.b)
    h = ps.L5.s * (ps.L5.inner.M @ h)
    np.testing.assert_allclose(nn(x), h[:2], rtol=1e-13)


def test_a_chain_names_the_layers_that_do_not_fit() -> None:
    with pytest.raises(
        ShapeError,
        match=r"layer 2 of the chain, Dense\(4, 1, 'tanh'\), takes 4 inputs, but layer 1, Dense\(2, 3, 'tanh'\), gives 3 outputs",
    ):
        Chain(Dense(2, 3), Dense(4, 1))
    with pytest.raises(ShapeError, match="layer 3 of the chain.*takes 5 inputs, but layer 2, lambda, gives 2 outputs"):
        Chain(Dense(2, 3), lambda x: x[:2], Dense(5, 1))
    with pytest.raises(ShapeError, match="layer 3 of the chain.*but layer 2.*gives 3 outputs"):
        Chain(double, Dense(2, 3), Dense(4, 1))
    with pytest.raises(ShapeError, match="layer 2 of the chain.*but layer 1, Chain.*gives 3 outputs"):
        Chain(Chain(Dense(2, 3)), Chain(Dense(4, 1)))
    with pytest.raises(ShapeError, match=r"gives an output of shape \(\)"):
        Chain(Dense(2, 3), eg.sum, Dense(1, 1))
    with pytest.raises(ShapeError, match=r"Residual.*keep the shape: Dense\(2, 3, 'tanh'\) makes \(3,\) of \(2,\)"):
        Residual(Dense(2, 3))
    with pytest.raises(ShapeError, match="Residual.*keep the shape"):
        Chain(Dense(2, 3), Residual(lambda x: x[:2]))
    with pytest.raises(ShapeError, match="at least one layer"):
        Chain()
    with pytest.raises(TypeError, match="layer 2 of a Chain: expected a layer, a chain or a function.*got 3"):
        Chain(Dense(2, 3), 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="the class Dense; make one"):
        Chain(Dense)


def test_a_layer_checks_its_input_and_parameters() -> None:
    x = eg.Symbol("x", shape=3)
    with pytest.raises(ShapeError, match=r"Dense\(2, 1, 'tanh'\) takes an input of shape \(2,\), got shape \(3,\)"):
        Dense(2, 1)(x, {"W": eg.Symbol("W", (1, 2)), "b": eg.Symbol("b", 1)})
    with pytest.raises(AttributeError, match="no parameter 'L1'"):
        Chain(Dense(3, 1))(x, {})


def test_glorot_initialisation() -> None:
    c = Chain(Dense(30, 50), Dense(50, 20))
    ps = c.initial_parameters(seed=3)
    for W, (i, o) in [(ps.L1.W, (30, 50)), (ps.L2.W, (50, 20))]:
        limit = math.sqrt(6 / (i + o))
        assert abs(W).max() <= limit and abs(W).max() > 0.95 * limit
        assert abs(W.std() / (limit / math.sqrt(3)) - 1) < 0.1
    assert not ps.L1.b.any() and not ps.L2.b.any()
    assert c.initial_parameters(3) == ps != c.initial_parameters(4)
    rng = np.random.default_rng(3)
    assert c.initial_parameters(rng) == ps != c.initial_parameters(rng)
    assert c.initial_parameters(3, np.float32) == ps.astype(np.float32)
    assert Residual(Dense(2, 2)).initial_parameters(1) == Dense(2, 2).initial_parameters(1)
    assert isinstance(Scale(2).initial_parameters(0).inner, NeuralNetworkParameters)


def test_a_layer_with_a_lambda_says_why_pickle_does_not_take_it() -> None:
    chain = Chain(Dense(1, 1), lambda x: 2 * x)
    with pytest.raises(pickle.PicklingError, match="the layer lambda is not pickled.*'function' is a lambda; define it with def"):
        pickle.dumps(chain)

    def local(x: Any) -> Any:
        return x

    with pytest.raises(pickle.PicklingError, match="'activation' is the function local defined inside another one"):
        pickle.dumps(Dense(1, 1, local))
    assert copy.deepcopy(chain) == copy.copy(chain) == chain and copy.deepcopy(chain)[0] is not chain[0]
    assert pickle.loads(pickle.dumps(Chain(Dense(1, 1), eg.tanh))) == Chain(Dense(1, 1), eg.tanh)
