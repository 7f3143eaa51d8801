"""What is measured of programs that people write: attention, transformers, atoms, and the workloads of other modules that belong to them.

The programs are likelihoods of Gaussian processes, an attention block, recurrent layers, log determinants of a flow, time steps, and
energies of atoms.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import exprgraph as eg
from symnn import (
    Affine,
    Chain,
    Dense,
    Gradient,
    LayerNorm,
    Linear,
    MultiHeadAttention,
    Residual,
    SymbolicNeuralNetwork,
    build_nn_function,
    derivative,
)

from .matrices import flow, gaussian_process
from .workloads import Workload, lstm, runge_kutta


def attention(tokens: int = 32, width: int = 64, heads: int = 4, samples: int = 0) -> Workload:
    """A transformer's block: the gradient of a mean square by its input, and the Hessian's product with a vector; 0 samples for one."""
    size, hidden = width // heads, 2 * width
    rng = np.random.default_rng(3)
    shapes = (*[(width, width)] * 4, (hidden, width), (width, hidden))
    weights = [rng.standard_normal(s) / np.sqrt(s[1]) for s in shapes]
    lead = (samples,) if samples else ()
    data = (*weights, *(rng.standard_normal((*lead, tokens, width)) for _ in range(2)))

    def norm(m: Any, x: Any) -> Any:
        centred = x - m.mean(x, axis=-1, keepdims=True)
        return centred / m.sqrt(m.mean(centred**2, axis=-1, keepdims=True) + 1e-5)

    def loss(m: Any, softmax: Callable[[Any], Any], W: Any, x: Any) -> Any:
        q, k, v = (m.reshape(norm(m, x) @ w.T, (tokens, heads, size)) for w in W[:3])
        shares = softmax(m.einsum("qhd,khd->hqk", q, k) / size**0.5)
        x = x + m.reshape(m.einsum("hqk,khd->qhd", shares, v), (tokens, width)) @ W[3].T
        x = x + m.tanh(norm(m, x) @ W[4].T) @ W[5].T
        return m.mean(x**2)

    def ours() -> Callable[..., Any]:
        W = [eg.Symbol(f"s{k}", w.shape) for k, w in enumerate(weights)]
        x, v = (eg.Symbol(name, (tokens, width), per_sample=samples > 0) for name in "xv")
        f = loss(eg, lambda a: eg.softmax(a, axis=-1), W, x)
        g = eg.gradient(f, x)
        return eg.compile((f, g, eg.jvp(g, x, v)), (*W, x, v), shared=W if samples else (*W, x, v))

    def theirs() -> Callable[..., Any]:
        import jax

        jax.config.update("jax_enable_x64", True)
        jax.config.update("jax_cpu_enable_async_dispatch", False)  # quicker where each result is waited for

        def one(W: Any, x: Any, v: Any) -> Any:
            f = lambda x: loss(jax.numpy, lambda a: jax.nn.softmax(a, axis=-1), W, x)  # noqa: E731
            (value, g), (_, product) = jax.jvp(jax.value_and_grad(f), (x,), (v,))
            return value, g, product

        called = jax.jit(jax.vmap(one, (None, 0, 0)) if samples else one)
        return lambda *given: called(given[:-2], *given[-2:])

    title = f"attention block, {tokens} tokens of {width}, gradient and Hessian-vector product by the input"
    return Workload(title + (f", batch {samples}" if samples else ""), ours, theirs, data)


def transformer(tokens: int, features: int, width: int, heads: int, samples: int) -> Workload:
    """A squared error of a transformer's block, and its gradient by the parameters."""
    hidden = 2 * width
    block = [
        Residual(Chain(LayerNorm(width), MultiHeadAttention(width, heads))),
        Residual(Chain(LayerNorm(width), Dense(width, hidden), Affine(hidden, width))),
    ]
    chain = Chain(Linear(features, width), *block, lambda x: eg.mean(x, axis=-2), Linear(width, 1))
    nn = SymbolicNeuralNetwork(chain, input_shape=(tokens, features))
    rng = np.random.default_rng(3)
    points, values = rng.standard_normal((samples, tokens, features)), rng.standard_normal((samples, 1))
    data = (points, values, chain.initial_parameters(seed=0).flat)

    def ours() -> Callable[..., Any]:
        y = eg.Symbol("y", 1)
        loss = eg.sum((nn.output - y) ** 2)
        return build_nn_function((loss, derivative(Gradient(loss, nn)).flat), nn, y, reduce="mean")

    def theirs() -> Callable[..., Any]:
        import jax

        jax.config.update("jax_enable_x64", True)
        jax.config.update("jax_cpu_enable_async_dispatch", False)  # quicker where each result is waited for
        m, size = jax.numpy, width // heads

        def norm(x: Any, gain: Any, bias: Any) -> Any:
            centred = x - m.mean(x, axis=-1, keepdims=True)
            return gain * centred / m.sqrt(m.mean(centred**2, axis=-1, keepdims=True) + 1e-5) + bias

        def one(theta: Any, x: Any, y: Any) -> Any:
            parts = (theta[s.offset : s.offset + math.prod(s.shape)].reshape(s.shape) for s in nn.layout.slots)
            W0, g1, b1, *qkvo, g2, b2, W1, c1, W2, c2, last = parts
            x = x @ W0.T
            h = norm(x, g1, b1)
            q, k, v = (m.reshape(h @ W.T + b, (tokens, heads, size)) for W, b in zip(qkvo[:6:2], qkvo[1:6:2]))
            shares = jax.nn.softmax(m.einsum("qhd,khd->hqk", q, k) / size**0.5, axis=-1)
            x = x + m.reshape(m.einsum("hqk,khd->qhd", shares, v), (tokens, width)) @ qkvo[6].T + qkvo[7]
            x = x + m.tanh(norm(x, g2, b2) @ W1.T + c1) @ W2.T + c2
            return m.sum((last @ m.mean(x, axis=0) - y) ** 2)

        both = jax.jit(jax.value_and_grad(lambda p, X, Y: m.mean(jax.vmap(one, (None, 0, 0))(p, X, Y))))
        return lambda X, Y, p: both(p, X, Y)

    return Workload(f"gradient of a transformer's block, {tokens} tokens of {width}, batch {samples}", ours, theirs, data)


def atoms(n: int = 20, centres: int = 8, width: int = 16, samples: int = 0) -> Workload:
    """The energy of atoms, a network of the distance of each pair, and the forces; 0 samples for one configuration."""
    rng = np.random.default_rng(5)
    shapes = ((width, centres), (width,), (width, width), (width,), (width,))
    weights = [rng.standard_normal(s) / np.sqrt(s[-1]) for s in shapes]
    lead = (samples,) if samples else ()
    data = (rng.uniform(-2.0, 2.0, (*lead, n, 3)), *weights)

    def energy(m: Any, vmap: Callable[..., Any], positions: Any, W1: Any, b1: Any, W2: Any, b2: Any, w3: Any) -> Any:
        at = np.linspace(0.5, 4.0, centres)

        def pair(p: Any, q: Any) -> Any:
            r = m.sqrt(m.sum((p - q) ** 2) + 1e-2)
            z = m.tanh(W2 @ m.tanh(W1 @ m.exp(-((r - at) ** 2)) + b1) + b2)
            return w3 @ z * m.where(r < 4.0, (1.0 - (r / 4.0) ** 2) ** 2, 0.0)

        return m.sum(vmap(lambda p: m.sum(vmap(lambda q: pair(p, q))(positions)))(positions))

    def ours() -> Callable[..., Any]:
        positions = eg.Symbol("positions", (n, 3), per_sample=samples > 0)
        W = [eg.Symbol(f"s{k}", w.shape) for k, w in enumerate(weights)]
        e = energy(eg, eg.vmap, positions, *W)
        return eg.compile((e, -eg.gradient(e, positions)), (positions, *W), shared=W if samples else (positions, *W))

    def theirs() -> Callable[..., Any]:
        import jax

        jax.config.update("jax_enable_x64", True)
        jax.config.update("jax_cpu_enable_async_dispatch", False)  # quicker where each result is waited for

        def one(positions: Any, *W: Any) -> Any:
            e, g = jax.value_and_grad(lambda x: energy(jax.numpy, jax.vmap, x, *W))(positions)
            return e, -g

        return jax.jit(jax.vmap(one, (0, *(None,) * len(weights))) if samples else one)

    title = f"energy and forces of {n} atoms, pair by pair, {centres}-{width}-{width}-1"
    return Workload(title + (f", batch {samples}" if samples else ""), ours, theirs, data)


WORKLOADS: tuple[Callable[[], Workload], ...] = (
    lambda: gaussian_process(64),
    lambda: gaussian_process(256),
    lambda: attention(),
    lambda: attention(8, 16, 2, 64),
    lambda: transformer(20, 4, 16, 4, 64),
    lambda: transformer(32, 8, 64, 4, 32),
    lambda: lstm(32, 50, 0),
    lambda: lstm(32, 50, 64),
    lambda: flow(),
    lambda: runge_kutta(32, 80),
    lambda: atoms(),
    lambda: atoms(20, 8, 32),
    lambda: atoms(samples=64),
)

__all__ = ["WORKLOADS", "atoms", "attention", "transformer"]
