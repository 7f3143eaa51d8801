"""Flows: solutions of differential equations as layers, whose graphs do not grow with the number of steps."""

from __future__ import annotations

import numpy as np
import pytest

import exprgraph as eg
from symnn import ArgumentError, Chain, Dense, Flow, Gradient, Linear, SymbolicNeuralNetwork, build_nn_function, derivative
from symnn.errors import ShapeError


def _network(steps: int, checkpoint: object = None) -> SymbolicNeuralNetwork:
    return SymbolicNeuralNetwork(Chain(Dense(3, 2), Flow(Chain(Dense(2, 4), Linear(4, 2)), 0.7, steps, checkpoint), Linear(2, 1)))


def test_it_solves_the_equation() -> None:
    x = eg.Symbol("x", 2)
    turned = Flow(lambda y: eg.stack([y[1], -y[0]]), time=1.0, steps=50)(x, {})
    got = eg.evaluate([turned, eg.jacobian(turned, x)], {x: [1.0, 0.5]})
    turn = np.array([[np.cos(1.0), np.sin(1.0)], [-np.sin(1.0), np.cos(1.0)]])
    np.testing.assert_allclose(got[0], turn @ [1.0, 0.5], rtol=1e-8)
    np.testing.assert_allclose(got[1], turn, rtol=1e-8)


def test_it_is_a_layer_whose_gradient_does_not_grow_with_the_steps() -> None:
    nn, longer = _network(5), _network(500)
    assert list(nn.params.L2) == ["L1", "L2"] and nn.chain[1].output_shape((2,)) == (2,)
    gradients = [derivative(Gradient(eg.sum(n.output**2), n)).flat for n in (nn, longer)]
    assert eg.count_nodes(gradients[0]) == eg.count_nodes(gradients[1])
    ps = nn.chain.initial_parameters(0)
    X = np.random.default_rng(1).normal(size=(6, 3))
    found = build_nn_function(gradients[0], nn, reduce="mean", backend="numpy")(X, ps)
    by_segments = _network(5, 2)
    again = derivative(Gradient(eg.sum(by_segments.output**2), by_segments)).flat
    again = build_nn_function(again, by_segments, reduce="mean", backend="numpy")(X, ps)
    np.testing.assert_allclose(again, found, rtol=1e-12, atol=1e-14)
    value = build_nn_function(eg.sum(nn.output**2), nn, reduce="mean", backend="numpy")
    for k in (0, 7, 29):
        step = np.zeros(len(ps.flat))
        step[k] = 1e-6
        slope = (value(X, ps.flat + step) - value(X, ps.flat - step)) / 2e-6
        np.testing.assert_allclose(found[k], slope, rtol=1e-6, atol=1e-9)


def test_what_it_takes() -> None:
    assert str(Flow(Dense(2, 2), steps=20)) == "Flow(Dense(2, 2, 'tanh'), time=1.0, steps=20, checkpoint=None)"
    assert Flow(Dense(2, 2), 2) == Flow(Dense(2, 2), 2.0) != Flow(Dense(2, 2), 2.0, 11)
    with pytest.raises(ShapeError, match=r"Flow moves a point along a field of its shape: Dense\(2, 3, 'tanh'\) makes \(3,\) of \(2,\)"):
        Flow(Dense(2, 3))
    with pytest.raises(ShapeError, match="Flow moves a point"):
        Flow(lambda y: y[:1])(eg.Symbol("x", 2), {})
    with pytest.raises(ArgumentError, match="Flow: steps is a whole number of at least 1, got 0"):
        Flow(Dense(2, 2), steps=0)
    with pytest.raises(ArgumentError, match="Flow: time is a finite number of more than 0, got -1"):
        Flow(Dense(2, 2), time=-1.0)
