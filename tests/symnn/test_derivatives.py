"""Jacobian, Gradient, Hessian, Laplacian, in any composition."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import exprgraph as eg
from symnn import (
    Chain,
    Dense,
    Gradient,
    GradientContainer,
    Hessian,
    Jacobian,
    Laplacian,
    Linear,
    Model,
    NeuralNetwork,
    NeuralNetworkParameters,
    Residual,
    SymbolicNeuralNetwork,
    Unknown,
    derivative,
)


def network(n_in: int = 2, n_out: int = 2, width: int = 3) -> SymbolicNeuralNetwork:
    return SymbolicNeuralNetwork(Chain(Dense(n_in, width, "tanh"), Residual(Dense(width, width, "sin")), Linear(width, n_out)))


def values(nn: SymbolicNeuralNetwork, x: Any, flat: np.ndarray) -> dict[Any, Any]:
    leaves = {symbol: flat[s.offset : s.stop].reshape(s.shape) for symbol, s in zip(nn.params.leaves().values(), nn.layout.slots)}
    return {nn.input: x, **leaves}


def slope(f: Callable[[np.ndarray], np.ndarray], x: np.ndarray, h: float = 1e-3) -> np.ndarray:
    """The Jacobian by differences of sixth order; the axis of x comes last."""
    columns = []
    for i in range(x.size):
        e = np.zeros(x.size)
        e[i] = h
        e = e.reshape(x.shape)
        columns.append(sum(c * (f(x + k * e) - f(x - k * e)) for k, c in ((1, 45), (2, -9), (3, 1))) / (60 * h))
    return np.stack(columns, -1)


def at(e: Any, nn: SymbolicNeuralNetwork, x: Any, flat: np.ndarray) -> np.ndarray:
    return np.asarray(eg.evaluate(e, values(nn, x, flat)))


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(0, 100))
@settings(max_examples=12, deadline=None)
def test_values_and_shapes(n_in: int, n_out: int, width: int, seed: int) -> None:
    nn = network(n_in, n_out, width)
    rng = np.random.default_rng(seed)
    x, flat = rng.uniform(-1, 1, n_in), rng.uniform(-1, 1, nn.params.size)
    J, H, L = derivative(Jacobian(nn)), derivative(Hessian(nn)), derivative(Laplacian(nn))
    g, gJ = derivative(Gradient(nn)), derivative(Gradient(Jacobian(nn), nn))
    assert J.shape == (n_out, n_in) and H.shape == (n_out, n_in, n_in) and L.shape == (n_out,)
    assert g.flat.shape == (n_out, flat.size) and gJ.flat.shape == (n_out, n_in, flat.size)
    tolerance: dict[str, Any] = dict(rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(at(J, nn, x, flat), slope(lambda v: at(nn.output, nn, v, flat), x), **tolerance)
    np.testing.assert_allclose(at(H, nn, x, flat), slope(lambda v: at(J, nn, v, flat), x), **tolerance)
    np.testing.assert_allclose(at(L, nn, x, flat), np.trace(at(H, nn, x, flat), axis1=-2, axis2=-1), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(at(g.flat, nn, x, flat), slope(lambda p: at(nn.output, nn, x, p), flat), **tolerance)
    np.testing.assert_allclose(at(gJ.flat, nn, x, flat), slope(lambda p: at(J, nn, x, p), flat), **tolerance)


def test_compositions() -> None:
    nn = network()
    rng = np.random.default_rng(1)
    x, flat = rng.uniform(-1, 1, 2), rng.uniform(-1, 1, nn.params.size)
    n, f = flat.size, nn.output[0]
    third = derivative(Jacobian(Jacobian(Jacobian(nn), nn), nn))
    assert third.shape == (2, 2, 2, 2)
    np.testing.assert_allclose(at(third, nn, x, flat), slope(lambda v: at(derivative(Hessian(nn)), nn, v, flat), x), rtol=1e-7, atol=1e-8)
    twice = derivative(Gradient(Gradient(f, nn), nn))
    assert twice.shape == (n,) and twice.flat.shape == (n, n) and twice.L1.W.shape == (n, 3, 2)
    second = at(twice.flat, nn, x, flat)
    np.testing.assert_allclose(second, second.T, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(second, slope(lambda p: at(derivative(Gradient(f, nn)).flat, nn, x, p), flat), rtol=1e-7, atol=1e-8)
    mixed = derivative(Jacobian(Gradient(f, nn), nn))  # the same numbers in the other order
    assert mixed.shape == (n, 2)
    np.testing.assert_allclose(
        at(mixed, nn, x, flat), at(derivative(Gradient(Jacobian(f, nn), nn)).flat, nn, x, flat).T, rtol=1e-12, atol=1e-14
    )
    np.testing.assert_allclose(
        at(derivative(Laplacian(Jacobian(f, nn), nn)), nn, x, flat),
        at(derivative(Jacobian(Laplacian(f, nn), nn)), nn, x, flat),
        rtol=1e-11,
    )


def test_what_can_be_differentiated() -> None:
    nn = network()
    J = Jacobian(nn)
    same = [derivative(Jacobian(f, nn)) for f in (nn, nn.output, [nn.output[0], nn.output[1]], (nn.output[0], nn.output[1]))]
    assert all(s.shape == (2, 2) for s in same) and same[0] is same[1] is derivative(J)
    assert derivative(Jacobian(J, nn)) is derivative(Jacobian(derivative(J), nn))
    assert derivative(Jacobian([[nn.output[0], 1.0], [2.0, nn.output[1]]], nn)).shape == (2, 2, 2)
    constant = derivative(Gradient(np.ones(3), nn))
    assert constant.L1.W.shape == (3, 3, 2)
    assert not np.asarray(eg.evaluate(constant.flat)).any()
    assert not np.asarray(eg.evaluate(derivative(Jacobian(3.0, nn)))).any()
    for make in (Jacobian, Hessian, Laplacian, Gradient):
        assert derivative(make(nn.output[0], nn)).shape == {Jacobian: (2,), Hessian: (2, 2)}.get(make, ())


def test_errors() -> None:
    nn = network()
    with pytest.raises(TypeError, match=r"Jacobian\(f\) needs the network as well, Jacobian\(f, nn\).*got the expression"):
        Jacobian(nn.output)
    with pytest.raises(TypeError, match="nn must be a SymbolicNeuralNetwork, got a Chain; make one with SymbolicNeuralNetwork"):
        Gradient(nn.output, nn.chain)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="nn must be a SymbolicNeuralNetwork, got a NeuralNetwork; make one"):
        Hessian(nn.output, NeuralNetwork(nn.chain))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="nn must be a SymbolicNeuralNetwork, got 3$"):
        Laplacian(nn.output, 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="derivative takes a Jacobian.*got the expression"):
        derivative(nn.output)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="got the text 'text'"):
        Jacobian("text", nn)


def test_the_text_of_a_derivative() -> None:
    nn = network()
    assert repr(Jacobian(nn)).startswith("<Jacobian of an expression of shape (2,), by the input of SymbolicNeuralNetwork(Chain(")
    assert "by the parameters" in repr(Gradient(nn))
    assert Jacobian(nn).shape == (2, 2) and Gradient(nn).shape == (2,)
    assert derivative(pickle.loads(pickle.dumps(Jacobian(nn)))) is derivative(Jacobian(nn))


# ---------------------------------------------------------------- the container of a gradient


def test_indexing_a_gradient() -> None:
    nn = network()
    g = derivative(Gradient(Jacobian(nn), nn))
    assert isinstance(g, GradientContainer) and g.shape == (2, 2)
    entry = g[0, 1]
    assert type(entry) is NeuralNetworkParameters and entry.L1.W.shape == (3, 2)
    assert entry.L1.W is g.L1.W[0, 1] and entry.L1.W is g["L1"]["W"][0, 1] and entry is not g
    assert g[1].shape == (2,) and g[1][0].L1.b is g[1, 0].L1.b and g[-1, -1].L1.b is g[1, 1].L1.b
    assert g[:, 0].shape == (2,) and g[..., 1].shape == (2,) and g[0:1].shape == (1, 2) and g[()].shape == (2, 2)
    assert g[..., 1][0].L2.b is entry.L2.b and g[:, 1][0].L2.b is entry.L2.b
    assert g.L1.shape == (2, 2) and g.L1[0, 1].W is entry.L1.W
    assert g.flat[0, 1].shape == entry.flat.shape == (nn.params.size,)
    assert list(g) == ["L1", "L2", "L3"] and len(g) == 3
    with pytest.raises(IndexError, match=r"index \(0, 0, 0\) has 3 entries; the differentiated expression has shape \(2, 2\)"):
        g[0, 0, 0]
    for wrong in ((0, 2), (-3, 0), (2,), (..., 2), (..., 2, 0)):
        with pytest.raises(IndexError, match=r"index -?\d is out of range for axis [01] of shape \(2, 2\)"):
            g[wrong]
    with pytest.raises(AttributeError, match="no parameter 'L4' here; there are: L1, L2, L3"):
        g.L4  # noqa: B018


def test_a_scalars_gradient_is_the_parameters() -> None:
    nn = network()
    g = derivative(Gradient(nn.output[0] ** 2, nn))
    assert isinstance(g, GradientContainer) and g.shape == ()
    assert g.L1.W.shape == (3, 2) and g.flat.shape == (nn.params.size,) and g[()].L1.W is g.L1.W


def test_the_flat_gradient_is_the_container() -> None:
    nn = network()
    rng = np.random.default_rng(3)
    x, flat = rng.standard_normal((5, 2)), rng.standard_normal(nn.params.size)
    g = derivative(Gradient(Jacobian(nn), nn))
    bound = values(nn, x, flat)
    both = eg.evaluate((g, g.flat, g.L1.W), bound)
    assert isinstance(both[0], GradientContainer) and both[0].shape == (5, 2, 2)
    np.testing.assert_array_equal(both[0].flat, both[1])
    np.testing.assert_allclose(both[0].L1.W, both[2], rtol=1e-13, atol=1e-15)
    one = both[0][3, 1, 0]
    assert type(one) is NeuralNetworkParameters
    np.testing.assert_allclose(one.L2.b, eg.evaluate(g[1, 0].L2.b, values(nn, x[3], flat)), rtol=1e-12, atol=1e-14)
    assert both[0][:, 1].shape == (5, 2) and both[0][..., 0].shape == (5, 2) and both[0][[0, 2]].shape == (2, 2, 2)
    assert pickle.loads(pickle.dumps(both[0])) == both[0] == copy.deepcopy(both[0])
    assert pickle.loads(pickle.dumps(g)) == g
    one.flat[:] = 0.0  # an entry is a view, as of an array
    assert not both[0].flat[3, 1, 0].any()


def test_arithmetic_with_a_gradient() -> None:
    nn = network()
    rng = np.random.default_rng(3)
    ps = nn.params.like(rng.standard_normal(nn.params.size))
    g = eg.evaluate(derivative(Gradient(nn.output[0], nn)), values(nn, [0.1, 0.2], ps.flat))
    step = ps - 0.1 * g
    assert type(step) is NeuralNetworkParameters
    np.testing.assert_array_equal(step.flat, ps.flat - 0.1 * g.flat)
    G = eg.evaluate(derivative(Gradient(nn)), values(nn, [0.1, 0.2], ps.flat))
    assert (ps - G).shape == (2,) and (G / 2)[0] == G[0] / 2 and G.map(np.abs)[1] == G[1].map(np.abs)
    with pytest.raises(ValueError, match="containers of shapes"):
        G + eg.evaluate(derivative(Gradient([nn.output[0]] * 3, nn)), values(nn, [0.1, 0.2], ps.flat))
    with pytest.raises(ValueError, match=r"container of shape \(2,\); index it first"):
        G.save("unused.npz")
    with pytest.raises(ValueError, match=r"L1.W: a leaf of this container begins with the axes \(2,\)"):
        G.map(np.sum)


def test_a_gradient_is_by_any_container_of_symbols_and_by_a_model() -> None:
    nn = network()
    whole = derivative(Gradient(nn.output, nn))
    one = Gradient(nn.output, nn.params.L1)
    assert derivative(one).W is whole.L1.W and "W (" in repr(one)
    model = Model({"u": nn, "k": Unknown("k", 2.0)})
    both = derivative(Gradient(model.params.k * nn.output, model))
    assert both.k is nn.output and both.flat.shape == (nn.output.size, nn.layout.size + 1)
    with pytest.raises(TypeError, match="got a NeuralNetworkParameters of numbers; a gradient is also by a container of symbols"):
        Gradient(nn.output, nn.chain.initial_parameters(0))
