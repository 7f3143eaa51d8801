"""Recurrent layers, attention and layer normalization, against their formulas in NumPy, and derivatives by complex steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import GRU, LSTM, RNN, ArgumentError, Chain, Layer, LayerNorm, Linear, MultiHeadAttention, NeuralNetworkParameters
from symnn.errors import ShapeError

RNG = np.random.default_rng(4)
TIME, N_IN, N_OUT = 5, 3, 4
SERIES, TOKENS = RNG.normal(size=(TIME, N_IN)), RNG.normal(size=(TIME, 6))


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def _rnn(p: Any, x: Any) -> Any:
    h = np.zeros(N_OUT)
    states = []
    for v in x:
        h = np.sin(p.W @ v + p.U @ h + p.b)
        states.append(h)
    return np.stack(states)


def _lstm(p: Any, x: Any) -> Any:
    """PyTorch's formulas, with its order of gates."""
    h = c = np.zeros(N_OUT)
    states = []
    for v in x:
        i, f, g, o = np.split(p.W @ v + p.U @ h + p.b, 4)
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        h = _sigmoid(o) * np.tanh(c)
        states.append(h)
    return np.stack(states)


def _gru(p: Any, x: Any) -> Any:
    """PyTorch's formulas, with its order of gates, and Keras' with ``reset_after``."""
    h = np.zeros(N_OUT)
    states = []
    for v in x:
        (ri, zi, ni), (rh, zh, nh) = np.split(p.W @ v + p.b, 3), np.split(p.U @ h, 3)
        r, z = _sigmoid(ri + rh), _sigmoid(zi + zh)
        h = (1 - z) * np.tanh(ni + r * (nh + p.c)) + z * h
        states.append(h)
    return np.stack(states)


def _attention(p: Any, x: Any, heads: int, causal: bool) -> Any:
    q, k, v = (x @ p[f"W{name}"].T + p[f"b{name}"] for name in "qkv")
    out, size = [], x.shape[1] // heads
    for head in range(heads):
        at = slice(head * size, (head + 1) * size)
        weights = np.exp(q[:, at] @ k[:, at].T / np.sqrt(size))
        if causal:
            weights = np.tril(weights)
        out.append(weights / weights.sum(axis=1, keepdims=True) @ v[:, at])
    return np.concatenate(out, axis=1) @ p.Wo.T + p.bo


def _norm(p: Any, x: Any) -> Any:
    mean = x.mean(axis=1, keepdims=True)
    return p.gain * (x - mean) / np.sqrt(((x - mean) ** 2).mean(axis=1, keepdims=True) + 1e-5) + p.bias


CASES: tuple[tuple[Layer, Any, np.ndarray], ...] = (
    (RNN(N_IN, N_OUT, "sin"), lambda p, x: _rnn(p, x)[-1], SERIES),
    (LSTM(N_IN, N_OUT, return_sequences=True), _lstm, SERIES),
    (LSTM(N_IN, N_OUT, reverse=True, checkpoint=2), lambda p, x: _lstm(p, x[::-1])[-1], SERIES),
    (GRU(N_IN, N_OUT, return_sequences=True, reverse=True), lambda p, x: _gru(p, x[::-1])[::-1], SERIES),
    (MultiHeadAttention(6, 2), lambda p, x: _attention(p, x, 2, False), TOKENS),
    (MultiHeadAttention(6, 3, causal=True), lambda p, x: _attention(p, x, 3, True), TOKENS),
    (LayerNorm(6), _norm, TOKENS),
)


class _Complex:
    """Parameters of complex numbers by name, from a flat vector."""

    def __init__(self, layer: Layer, flat: Any) -> None:
        at = 0
        for slot in layer.layout().slots:
            size = int(np.prod(slot.shape))
            setattr(self, slot.name, flat[at : at + size].reshape(slot.shape))
            at += size

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


@pytest.mark.parametrize(("layer", "formula", "data"), CASES, ids=lambda v: type(v).__name__ if isinstance(v, Layer) else "")
def test_value_and_gradients_are_those_of_the_formula(layer: Layer, formula: Any, data: np.ndarray) -> None:
    begun = layer.initial_parameters(seed=1)
    flat = begun.flat + 0.3 * RNG.normal(size=begun.size)
    x, theta = eg.Symbol("x", data.shape), eg.Symbol("theta", flat.shape)
    f = layer(x, begun.like(theta))
    np.testing.assert_allclose(eg.evaluate(f, {x: data, theta: flat}), formula(_Complex(layer, flat), data), rtol=1e-13, atol=1e-14)
    weights, dx, dp = RNG.normal(size=f.shape), RNG.normal(size=data.shape), RNG.normal(size=flat.shape)
    loss = eg.sum(weights * f**2)
    by_x, by_theta = eg.evaluate([eg.gradient(loss, x), eg.gradient(loss, theta)], {x: data, theta: flat})
    h = 1e-30
    for got, moved in (
        (np.sum(by_x * dx), (_Complex(layer, flat), data + 1j * h * dx)),
        (np.sum(by_theta * dp), (_Complex(layer, flat + 1j * h * dp), data)),
    ):
        want = np.imag(np.sum(weights * formula(*moved) ** 2)) / h
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("layer", [c[0] for c in CASES[1:6:2]], ids=lambda v: type(v).__name__)
def test_compiled_per_sample_and_second_derivatives(layer: Layer) -> None:
    data = TOKENS if isinstance(layer, MultiHeadAttention) else SERIES
    ps = layer.initial_parameters(seed=2)
    x = eg.Symbol("x", data.shape, per_sample=True)
    f = eg.sum(layer(x, ps) ** 2)
    product = eg.jvp(eg.gradient(f, x), x, np.cos(data))
    batch = np.stack([data, 0.5 * data, -data])
    expected = eg.evaluate([f, product], {x: batch})
    for got, want in zip(eg.compile((f, product), x)(batch), expected):
        np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-12)
    g = eg.gradient(f, x)
    h = 1e-5
    moved = [eg.evaluate(g, {x: data + s * h * np.cos(data)}) for s in (1, -1)]
    np.testing.assert_allclose(expected[1][0], (moved[0] - moved[1]) / (2 * h), rtol=1e-6, atol=1e-8)


def test_graphs_do_not_grow_with_time() -> None:
    for layer in (RNN(N_IN, N_OUT), LSTM(N_IN, N_OUT), GRU(N_IN, N_OUT)):
        ps = layer.initial_parameters(seed=0)
        short, long = (eg.Symbol("x", (n, N_IN)) for n in (10, 10_000))
        sizes = [eg.count_nodes(eg.gradient(eg.sum(layer(x, ps)), x)) for x in (short, long)]
        assert sizes[0] == sizes[1]


def test_a_chain_of_them() -> None:
    chain = Chain(LSTM(N_IN, 6, True), LayerNorm(6), MultiHeadAttention(6, 2), GRU(6, 2), Linear(2, 1))
    ps = chain.initial_parameters(seed=0)
    assert isinstance(ps, NeuralNetworkParameters) and list(ps.L3)[:2] == ["Wq", "bq"]
    assert chain(eg.Symbol("x", (7, N_IN)), ps).shape == (1,)


def test_initial_values() -> None:
    ps = LSTM(3, 4).initial_parameters(seed=0)
    assert ps.b.tolist() == [0.0] * 4 + [1.0] * 4 + [0.0] * 8
    for block in np.split(ps.U, 4):
        np.testing.assert_allclose(block @ block.T, np.eye(4), atol=1e-14)
    assert not np.allclose(ps.U[:4], ps.U[4:8])
    assert np.abs(ps.W).max() <= np.sqrt(6 / (3 + 4))
    norm = LayerNorm(3).initial_parameters(seed=0)
    assert norm.gain.tolist() == [1.0] * 3 and norm.bias.tolist() == [0.0] * 3


def test_what_they_take() -> None:
    assert str(GRU(2, 3)) == "GRU(n_in=2, n_out=3, return_sequences=False, reverse=False, checkpoint=None)"
    assert LSTM(2, 3) == LSTM(2, 3) != LSTM(2, 3, True) != GRU(2, 3)
    with pytest.raises(ArgumentError, match="LSTM: n_out is a whole number of at least 1, got 0"):
        LSTM(2, 0)
    with pytest.raises(ShapeError, match=r"GRU\(n_in=2.* takes a series of shape \(time, 2\), got shape \(2,\)"):
        GRU(2, 3)(eg.Symbol("x", 2), {})
    with pytest.raises(ShapeError, match="heads must divide n, got 4 heads for 6 features"):
        MultiHeadAttention(6, 4)
    with pytest.raises(ShapeError, match=r"takes tokens of shape \(tokens, 6\), got shape \(5, 5\)"):
        MultiHeadAttention(6, 2)(np.zeros((5, 5)), {})
    with pytest.raises(ShapeError, match=r"whose last axis has length 6, got shape \(\)"):
        LayerNorm(6)(1.0, {})
    with pytest.raises(ArgumentError, match="LayerNorm: epsilon is a finite number of more than 0, got -1"):
        LayerNorm(6, -1.0)
