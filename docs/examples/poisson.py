"""Solve Poisson's equation in ten dimensions; the Laplacian is collapsed, no Hessian is formed."""

from __future__ import annotations

import numpy as np
from _picture import figure, finish, options

import exprgraph as eg
from symnn import Adam, Chain, Dense, SymbolicNeuralNetwork, build_nn_function, train
from symnn.physics import residual_terms
from symnn.schedules import cosine

D = 10


def exact(x: np.ndarray) -> np.ndarray:
    s = x.sum(-1) / np.sqrt(D)
    value: np.ndarray = s**2 + np.sin(s)
    return value


def minus_source(x: np.ndarray) -> np.ndarray:
    """The Laplacian of the exact solution."""
    s = x.sum(-1) / np.sqrt(D)
    value: np.ndarray = 2 - np.sin(s)
    return value


def main(quick: bool = False) -> tuple[np.ndarray, np.ndarray, float]:
    rng = np.random.default_rng(0)
    nn = SymbolicNeuralNetwork(Chain(Dense(D, 64), Dense(64, 64), Dense(64, 64), Dense(64, 1, "identity")))
    u, x = nn.output[0], nn.input
    inside = rng.uniform(-1, 1, (2000, D))
    edge = rng.uniform(-1, 1, (1000, D))
    edge[np.arange(1000), rng.integers(0, D, 1000)] = rng.choice([-1.0, 1.0], 1000)
    f, g = eg.Symbol("f", per_sample=True), eg.Symbol("g", per_sample=True)
    terms = residual_terms({
        "equation": (eg.laplacian(u, x) - f, {x: inside, f: minus_source(inside)}, 0.1),
        "edge": (u - g, {x: edge, g: exact(edge)}, 1.0),
    })  # fmt: skip
    epochs = 1 if quick else 400
    result = train(nn, terms, optimizer=Adam(cosine(3e-3, epochs * 20)), epochs=epochs, batch_size=100, rng=0)
    points = rng.uniform(-1, 1, (5000, D))
    got, expected = build_nn_function(u, nn)(points, result.params), exact(points)
    error = float(np.linalg.norm(got - expected) / np.linalg.norm(expected))
    size = eg.count_nodes(eg.laplacian(u, x))
    print(f"relative error {error:.2e} after {result.seconds:.0f} s; the graph of the Laplacian has {size} nodes")
    return got, expected, error


if __name__ == "__main__":
    given = options(__doc__)
    got, expected, error = main(given.quick)
    plt, fig, axes = figure(2)
    axes[0].plot(expected, got, ".", ms=1)
    axes[0].set(title="network over exact", xlabel="exact", ylabel="network")
    axes[1].hist(got - expected, bins=60)
    axes[1].set(title=f"relative error {error:.1e}", xlabel="error", ylabel="points")
    finish(plt, fig, given.save)
