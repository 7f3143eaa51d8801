"""Symbolic and numeric networks."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.errors import DTypeError, ShapeError
from symnn import Chain, Dense, Linear, NeuralNetwork, NeuralNetworkParameters, ParameterError, Residual, SymbolicNeuralNetwork, params


def chain() -> Chain:
    return Chain(Dense(2, 3, "tanh"), Linear(3, 1))


def test_a_symbolic_network_from_a_chain_a_layer_and_a_network() -> None:
    c = chain()
    nn = SymbolicNeuralNetwork(c)
    assert nn.input is eg.Symbol("sinput", (2,), per_sample=True)
    assert [(k, p.name, p.shape) for k, p in nn.params.leaves().items()] == [
        ("L1.W", "W_1", (3, 2)), ("L1.b", "W_2", (3,)), ("L2.W", "W_3", (1, 3)),
    ]  # fmt: skip
    assert nn.input_size == 2 and nn.output_shape == (1,) and nn.output is nn.model(nn.input, nn.params)
    assert params(nn) is nn.params
    assert SymbolicNeuralNetwork(NeuralNetwork(c, seed=0)).output is nn.output
    assert SymbolicNeuralNetwork(nn).output is nn.output
    single = SymbolicNeuralNetwork(Dense(2, 1))
    assert single.chain == Chain(Dense(2, 1)) and single.params.L1.b.name == "W_2"
    assert repr(nn) == "SymbolicNeuralNetwork(Chain(Dense(2, 3, 'tanh'), Linear(3, 1)))"
    assert pickle.loads(pickle.dumps(nn)).output is nn.output


def test_the_model_is_a_function_of_expressions() -> None:
    nn = SymbolicNeuralNetwork(chain())
    x = eg.Symbol("x", shape=2)
    moved = nn.model(x, nn.params)
    assert eg.substitute(nn.output, {nn.input: x}) is moved
    ps = chain().initial_parameters(0)
    np.testing.assert_allclose(eg.evaluate(nn.model(x, ps), {x: [1.0, 2.0]}), NeuralNetwork(chain(), ps)([1.0, 2.0]), rtol=1e-14)
    np.testing.assert_allclose(eg.evaluate(nn.model([1.0, 2.0], ps.to_dict())), NeuralNetwork(chain(), ps)([1.0, 2.0]), rtol=1e-14)
    with pytest.raises(ShapeError, match=r"input of shape \(2,\) \(one sample\), got shape \(3,\)"):
        nn.model(eg.Symbol("x", 3))
    vector = eg.Symbol("vector", nn.layout.size)
    assert nn.model(x, vector) is nn.model(x, nn.params.like(vector))
    np.testing.assert_allclose(eg.evaluate(nn.model([1.0, 2.0], ps.flat)), NeuralNetwork(chain(), ps)([1.0, 2.0]), rtol=1e-14)
    with pytest.raises(ParameterError, match=r"missing L2.W of shape \(1, 3\)"):
        nn.model(x, {"L1": nn.params.L1})
    with pytest.raises(ShapeError, match=r"L2.W: expected \(1, 3\), got \(3, 1\)"):
        nn.model(x, {"L1": nn.params.L1, "L2": {"W": eg.Symbol("V", (3, 1))}})


def test_a_plain_function_first_needs_the_number_of_inputs() -> None:
    def lift(x: Any) -> Any:
        return eg.concatenate([x, x**2])

    c = Chain(lift, Dense(4, 1))
    for make in (SymbolicNeuralNetwork, NeuralNetwork):
        with pytest.raises(ShapeError, match="first layer, lift, takes inputs of any size.*input_size="):
            make(c)
        assert make(c, input_size=2).input_size == 2
        with pytest.raises(ShapeError, match="layer 2 of the chain, Dense.*takes 4 inputs, but layer 1, lift, gives 6 outputs"):
            make(c, input_size=3)([0.0] * 3) if make is NeuralNetwork else make(c, input_size=3)
        with pytest.raises(ShapeError, match="input_size is a positive integer, got 0"):
            make(c, input_size=0)
        with pytest.raises(ShapeError, match="input_size=3 does not fit the first layer.*takes 2 inputs"):
            make(chain(), input_size=3)
    assert SymbolicNeuralNetwork(NeuralNetwork(c, input_size=2)).input_size == 2
    assert SymbolicNeuralNetwork(Chain(Residual(Dense(2, 2)))).input_size == 2


def test_a_function_may_return_a_list() -> None:
    nn = SymbolicNeuralNetwork(Chain(lambda x: [x[0] * x[1], eg.sin(x[0])], Dense(2, 1)), input_size=2)
    assert nn.output_shape == (1,)


def test_the_numeric_network() -> None:
    nn = NeuralNetwork(chain(), seed=0)
    assert nn.params == chain().initial_parameters(0) == params(nn)
    ps = nn.params
    X = np.random.default_rng(1).standard_normal((4, 5, 2))
    expected = np.tanh(X @ ps.L1.W.T + ps.L1.b) @ ps.L2.W.T
    np.testing.assert_allclose(nn(X), expected, rtol=1e-13)
    np.testing.assert_allclose(nn(X[0, 0]), expected[0, 0], rtol=1e-13)
    np.testing.assert_allclose(nn(X, ps * 2), nn(X, (ps * 2).flat), rtol=0)
    np.testing.assert_allclose(NeuralNetwork(nn, ps.flat)(X), expected, rtol=1e-13)
    assert NeuralNetwork(chain(), seed=0, dtype=np.float32)(X.astype(np.float32)).dtype == np.float32
    assert nn(X.astype(np.float32)).dtype == np.float64
    assert NeuralNetwork(chain()).params != NeuralNetwork(chain()).params
    assert "15" not in repr(nn) and "12 parameters, float64" in repr(nn)


def test_parameters_are_copied_in_the_layouts_order_and_checked() -> None:
    given = NeuralNetworkParameters(L2=dict(W=[[1.0, 2.0, 3.0]]), L1=dict(b=[0.0] * 3, W=[[1.0, 0.0]] * 3))
    nn = NeuralNetwork(chain(), given)
    assert list(nn.params.leaves()) == ["L1.W", "L1.b", "L2.W"]
    given.L2.W[...] = 0.0
    assert nn.params.L2.W.tolist() == [[1.0, 2.0, 3.0]]
    nn.params.L2.W[...] = 0.0  # the network follows its own parameters
    assert nn([1.0, 1.0]).tolist() == [0.0]
    nn.params = nn.params.flat + 1
    assert nn.params.L2.W.tolist() == [[1.0, 1.0, 1.0]]
    with pytest.raises(ParameterError, match="missing L2.W"):
        NeuralNetwork(chain(), {"L1": given.L1})
    with pytest.raises(ShapeError, match=r"expected a flat vector of shape \(12,\)"):
        NeuralNetwork(chain(), np.ones(3))
    with pytest.raises(ShapeError, match=r"sinput: expected shape \(2,\) for one sample, \(..., 2\) for a batch, got \(3,\)"):
        nn([1.0, 2.0, 3.0])
    with pytest.raises(DTypeError, match="sinput: expected real numbers"):
        nn([1j, 0])


def test_what_is_not_a_network_is_refused() -> None:
    for make in (SymbolicNeuralNetwork, NeuralNetwork):
        with pytest.raises(TypeError, match="expected a Chain, a layer or a network, got 3"):
            make(3)
    with pytest.raises(TypeError, match="params takes a network, got 3"):
        params(3)


def test_a_network_without_parameters() -> None:
    nn = NeuralNetwork(Chain(lambda x: 2 * x), input_size=2)
    assert nn([1.0, 2.0]).tolist() == [2.0, 4.0] and nn.params.size == 0


def test_importing_does_not_import_numba() -> None:
    code = "import sys, symnn; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
