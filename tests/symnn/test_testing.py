"""The testing kit for networks: what it draws, what it checks, and what it finds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import exprgraph as eg
from exprgraph.functions.elementwise import Function
from exprgraph.graph.primitive import TABLE
from symnn import MSE, Chain, Dense, Layer, Linear, SymbolicNeuralNetwork, SymbolicPullback
from symnn.activations import activation_names
from symnn.physics import GradientLayer, HamiltonianLayer
from symnn.testing import Disagreement, UnsmoothPointError, check_network, data, inputs, networks, parameters

COMMON = settings(max_examples=12, deadline=None)


@COMMON
@given(st.data(), networks())
def test_what_is_drawn_fits_together(draw: Any, nn: SymbolicNeuralNetwork) -> None:
    ps = draw.draw(parameters(nn))
    assert ps.size == sum(s.size for s in nn.params.leaves().values())
    x, y = draw.draw(data(nn))
    assert x.shape[1:] == (nn.input_size,) and y.shape == (len(x), *nn.output_shape)
    assert MSE()(nn, ps, x, y) >= 0  # infinite where sinh follows cosh
    assert len(draw.draw(inputs(nn, samples=3))) == 3


@COMMON
@given(networks(inputs=2, outputs=3, activations=["tanh", "sin"]))
def test_what_is_asked_for_is_kept(nn: SymbolicNeuralNetwork) -> None:
    assert nn.input_size == 2 and nn.output_shape == (3,)
    assert {n.activation for n in nn.chain.layers if type(n) is Dense} <= {"tanh", "sin"}


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(networks(layers=2, width=3))
def test_random_networks(nn: SymbolicNeuralNetwork) -> None:
    try:
        check_network(nn, compiled=False)
    except UnsmoothPointError:
        assume(False)


@pytest.mark.one_in(18)
@pytest.mark.parametrize("activation", activation_names())
def test_every_activation(activation: str) -> None:
    row = TABLE.get(activation)
    domain, (low, high) = (row.domain[0], row.sample[0]) if isinstance(row, Function) else ((-np.inf, np.inf), (0.1, 3.0))
    given: Any = activation
    if domain != (-np.inf, np.inf) or activation == "sqrt":
        given = lambda z: getattr(eg, activation)((low + high) / 2 + (high - low) / 2 * eg.tanh(z))  # noqa: E731
    check_network(Chain(Dense(2, 3, given), Linear(3, 1)), order=3, compiled=False)


def test_a_network_without_finite_values_is_not_passed_over() -> None:
    with pytest.raises(UnsmoothPointError, match="no finite value"):
        check_network(Chain(Dense(2, 3, "log"), Linear(3, 1)), compiled=False)


V = Chain(Dense(2, 3, "tanh"), Dense(3, 1, "identity", use_bias=False))


@pytest.mark.one_in(3)
@pytest.mark.parametrize("chain", [Chain(Dense(2, 2), Dense(2, 1, "sin")), GradientLayer(V), Chain(HamiltonianLayer(V, 0.1), Linear(2, 1))])
def test_compiled(chain: Any) -> None:
    check_network(chain)


@COMMON
@given(st.data(), networks(layers=2, width=3, outputs=1, activations=["tanh", "sigmoid"]))
def test_the_gradient_of_a_loss_is_a_sum_of_gradients_of_samples(draw: Any, nn: SymbolicNeuralNetwork) -> None:
    ps, (x, y) = draw.draw(parameters(nn)), draw.draw(data(nn))
    pullback = SymbolicPullback(nn, MSE(), backend="numpy")
    value, gradient = pullback.value_and_gradient(ps, (x, y))
    each = [pullback.value_and_gradient(ps, (a[None], b[None])) for a, b in zip(x, y)]
    np.testing.assert_allclose(value, np.mean([v for v, _ in each]), rtol=1e-11)
    np.testing.assert_allclose(gradient.flat, np.mean([g.flat for _, g in each], axis=0), rtol=1e-10, atol=1e-11)


def test_a_layer_with_a_wrong_derivative_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    row = TABLE["softplus"]
    assert isinstance(row, Function)
    monkeypatch.setattr(row, "partials", (lambda x: eg.tanh(x),))
    with pytest.raises(Disagreement, match="the first derivative") as found:
        check_network(Chain(Dense(2, 3, "tanh"), Dense(3, 1, "softplus")), compiled=False)
    assert "eg.softplus(" in found.value.program and "tanh" not in found.value.program


def test_a_layer_that_mixes_samples_has_no_jacobian_of_a_sample() -> None:
    class Centred(Layer):
        input_size = 2

        def __call__(self, x: Any, ps: Any) -> Any:
            return x - eg.over_samples.mean(x)

    with pytest.raises(eg.DifferentiationError, match="another sample's symbol"):
        check_network(Chain(Centred(), Dense(2, 1)), order=1, compiled=False)
