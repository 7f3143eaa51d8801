"""What a built function says where its arguments are mixed up: in words of networks, not of NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import MSE, Adam, Chain, Dense, NeuralNetwork, SymbolicNeuralNetwork, build_nn_function, train
from symnn.errors import ArgumentError, DTypeError, ParameterError, ShapeError

NN = SymbolicNeuralNetwork(Chain(Dense(2, 1)))
PS = NN.chain.initial_parameters(0)
X = np.zeros(2)
LAST = r"f\(sinput, parameters\): parameters come last, after the input; got "
KINDS = r"parameters: expected a container, a nested dict, or a flat vector of 3 numbers \(L1.W \(1, 2\), L1.b \(1,\)\)"
CALLS: dict[str, tuple[tuple[Any, ...], type[Exception], str]] = {
    "a container first": ((PS, X), ArgumentError, LAST + "a container of parameters as sinput"),
    "containers only": ((PS, PS), ArgumentError, LAST + "a container"),
    "a dict first": ((PS.to_dict(), X), ArgumentError, LAST + "a dict as sinput"),
    "a network first": ((NeuralNetwork(NN.chain), X), ArgumentError, LAST + "a NeuralNetwork as sinput"),
    "a symbolic network first": ((NN, X), ArgumentError, LAST + "a SymbolicNeuralNetwork as sinput"),
    "a flat vector first": ((PS.flat, X), ArgumentError, LAST + "a vector of 3 numbers, as many as there are parameters"),
    "a flat vector before a batch": ((PS.flat, np.zeros((5, 2))), ArgumentError, LAST + "a vector of 3 numbers"),
    "a vector that fits nowhere": ((np.zeros(4), X), ShapeError, r"sinput: expected shape \(2,\) for one sample"),
    "a flat vector of another length": ((X, np.zeros(4)), ShapeError, r"parameters: expected a flat vector of shape \(3,\)"),
    "a chain": ((X, NN.chain), DTypeError, KINDS + r"; got a Chain; its initial_parameters\(rng\) are a container"),
    "symbols": ((X, NN), DTypeError, r"expected numbers, got expressions; nn\.chain\.initial_parameters\(rng\) gives numbers"),
    "nothing": ((X, None), DTypeError, KINDS + "; got None"),
    "text": ((X, "L1"), DTypeError, KINDS + "; got the text 'L1'"),
    "a list of layers": ((X, [PS.to_dict()["L1"]]), DTypeError, KINDS + "; got a list that holds a dict"),
    "uneven lists": ((X, [[[1.0, 2.0]], [1.0]]), ShapeError, KINDS + ".* its parts have different shapes"),
    "an uneven input": (([[1.0], [1.0, 2.0]], PS), ShapeError, "sinput: cannot make an array .* its parts have different shapes"),
    "an input of text": (("ab", PS), DTypeError, "sinput: expected real numbers, got the text 'ab'"),
    "an array of text": ((np.array(["a", "b"]), PS), DTypeError, "sinput: expected real numbers, got an array of text"),
    "no input": ((None, PS), DTypeError, "sinput: expected real numbers, got None"),
    "leaves by full names": ((X, PS.leaves()), ParameterError, r"'L1\.W' is one name with a dot in it; .*L1=dict\(W=\.\.\.\)"),
    "the parameters alone": ((PS,), ArgumentError, r"f\(sinput, parameters\) takes 2 arguments, got 1"),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("called", [False, pytest.param(True, marks=pytest.mark.one_in(5))])
def test_the_error_says_what_belongs_where(name: str, called: bool) -> None:
    """At the first call, and after one that went well."""
    given, error, said = CALLS[name]
    f: Callable[..., Any] = build_nn_function(NN.output, NN, backend="native" if called else "numpy")
    if called:
        assert f(X, PS).shape == (1,)
    with pytest.raises(error, match=said) as caught:
        f(*given)
    assert "dtype" not in str(caught.value) and "<U" not in str(caught.value)


def test_two_inputs() -> None:
    y = eg.Symbol("y", shape=2)
    f = build_nn_function(NN.output - eg.sum(y), NN, y, backend="numpy")
    with pytest.raises(ArgumentError, match=r"f\(sinput, y, parameters\): parameters come last, .* as y"):
        f(X, PS, X)


DATA = (np.zeros((5, 2)), np.zeros((5, 1)))
TRAIN: dict[str, tuple[tuple[Any, ...], str]] = {
    "the loss first": ((MSE(), NN.chain, DATA), "the network comes first, then the loss; got an? MSE and a Chain"),
    "the data first": ((DATA, NN, MSE()), "the network comes first, then the loss; got .* and a SymbolicNeuralNetwork"),
    "the loss last": ((NN.chain, DATA, MSE()), "the loss comes before the data; got a tuple of 2 as the loss and an? MSE as data"),
    "an optimizer for a loss": ((NN.chain, Adam(), DATA), r"the optimizer is another argument, optimizer=\.\.\.; got an Adam as loss"),
    "an optimizer for data": ((NN.chain, MSE(), Adam(), DATA), "the optimizer is another argument, .* got an Adam as data"),
    "an optimizer first": ((Adam(), NN.chain, MSE(), DATA), "the network comes first"),
}


@pytest.mark.parametrize("name", TRAIN)
def test_a_training_says_what_belongs_where(name: str) -> None:
    given, said = TRAIN[name]
    with pytest.raises(ArgumentError, match=r"train\(network, loss, data\): " + said):
        train(*given, epochs=1, progress=False)
