"""Structure that networks of physics keep: size, symplecticity, divergence, conservation; and their errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import Chain, Dense, Gradient, SymbolicNeuralNetwork, build_nn_function, derivative
from symnn.errors import ArgumentError, ShapeError
from symnn.physics import (
    GradientLayer,
    HamiltonianLayer,
    SeparableLayer,
    SymplecticEulerLoss,
    acceleration,
    curl,
    hamiltonian_field,
    partial,
    rotated_gradient,
    symplectic_gradient,
)

HALF = Chain(Dense(2, 6, "tanh"), Dense(6, 1, "identity", use_bias=False))
WHOLE = Chain(Dense(4, 6, "tanh"), Dense(6, 1, "identity", use_bias=False))


LAYERS = (GradientLayer(WHOLE), HamiltonianLayer(WHOLE), SeparableLayer(HALF, HALF))


@pytest.mark.parametrize("layer", LAYERS, ids=lambda x: type(x).__name__)
def test_stacks_and_their_gradients_grow_by_the_same_for_each_layer(layer: Any) -> None:
    def sizes(depth: int) -> np.ndarray:
        nn = SymbolicNeuralNetwork(Chain(*[layer] * depth))
        loss = eg.sum(nn.output**2)
        return np.array([eg.count_nodes(nn.output), eg.count_nodes(derivative(Gradient(loss, nn)).flat)])

    two, four, eight = sizes(2), sizes(4), sizes(8)
    assert np.all(eight - four <= 2 * (four - two) + 2)
    assert eight[1] < 1500


@pytest.mark.parametrize("depth", [1, 3])
def test_separable_layers_are_symplectic(depth: int) -> None:
    nn = SymbolicNeuralNetwork(Chain(*[SeparableLayer(HALF, HALF, 0.3)] * depth))
    M = build_nn_function(eg.jacobian(nn.output, nn.input), nn)([0.1, -0.4, 0.7, 0.2], nn.chain.initial_parameters(0) * 3)
    J = np.block([[np.zeros((2, 2)), np.eye(2)], [-np.eye(2), np.zeros((2, 2))]])
    np.testing.assert_allclose(M.T @ J @ M, J, atol=1e-13)


def test_energy_does_not_change_along_its_field() -> None:
    nn = SymbolicNeuralNetwork(WHOLE)
    change = eg.dot(eg.gradient(nn.output[0], nn.input), hamiltonian_field(nn))
    z = np.random.default_rng(0).standard_normal((9, 4))
    np.testing.assert_allclose(build_nn_function(change, nn)(z, WHOLE.initial_parameters(0)), 0.0, atol=1e-15)


def test_double_pendulum_of_a_known_lagrangian() -> None:
    s = eg.Symbol("s", shape=(4,))
    a, b, u, v = s[0], s[1], s[2], s[3]
    L = u**2 + v**2 / 2 + u * v * eg.cos(a - b) + 9.81 * (2 * eg.cos(a) + eg.cos(b))
    at = np.array([0.7, -0.4, 0.3, 1.1])
    # mass matrix and forces written out by hand
    c, d = np.cos(at[0] - at[1]), np.sin(at[0] - at[1])
    M = np.array([[2.0, c], [c, 1.0]])
    f = np.array([-d * at[3] ** 2 - 2 * 9.81 * np.sin(at[0]), d * at[2] ** 2 - 9.81 * np.sin(at[1])])
    np.testing.assert_allclose(eg.compile(acceleration(L, s), s)(at), np.linalg.solve(M, f), rtol=1e-12)


def test_singular_lagrangian_is_nan() -> None:
    s = eg.Symbol("s", shape=(2,))
    assert np.isnan(eg.compile(acceleration(s[0] * s[1], s), s)([1.0, 2.0])).all()


x2, x3 = eg.Symbol("x", shape=(2,)), eg.Symbol("x", shape=(3,))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: symplectic_gradient(x3[0], x3), ShapeError, "positions and as many velocities or momenta"),
        (lambda: symplectic_gradient(x2, x2), ShapeError, "an energy is one number"),
        (lambda: partial(x2[0], x2, 2), ArgumentError, "'x' has 2 entries, there is no axis 2"),
        (lambda: partial(x2[0], eg.Symbol("t"), 0), ArgumentError, "along the entries of a vector"),
        (lambda: curl(x2, x2), ShapeError, "curl is of a field"),
        (lambda: rotated_gradient(x3[0], x3), ShapeError, "a point in the plane"),
        (lambda: SymplecticEulerLoss(0.1, "C"), ArgumentError, "variant is 'A' or 'B'"),
        (lambda: SymplecticEulerLoss(0.0), ArgumentError, "step is a finite number of more than 0, got 0.0"),
        (lambda: GradientLayer(Dense(2, 2)), ShapeError, "must have one output"),
        (lambda: SeparableLayer(HALF, Dense(3, 1)), ShapeError, "take different inputs"),
    ],
)
def test_errors(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


def test_layers_print_and_compare() -> None:
    layer = SeparableLayer(HALF, HALF, 0.2)
    assert layer == SeparableLayer(HALF, HALF, 0.2) != SeparableLayer(HALF, HALF, 0.3)
    assert repr(HamiltonianLayer(WHOLE, 0.5)).endswith("step=0.5)")
