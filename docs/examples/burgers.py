"""Solve Burgers' equation, u_t + u u_x = (0.01 / pi) u_xx, with a network, and compare with the exact solution."""

from __future__ import annotations

import time

import numpy as np
from _picture import figure, finish, options

import exprgraph as eg
from symnn import LBFGS, Adam, Chain, Dense, SymbolicNeuralNetwork, build_nn_function, train
from symnn.physics import partial, residual_terms

NU = 0.01 / np.pi


def exact(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The solution that begins as -sin(pi x), by the Cole-Hopf transformation and Gauss-Hermite quadrature."""
    points, weights = np.polynomial.hermite.hermgauss(100)
    eta = x[..., None] - np.sqrt(4 * NU * t)[..., None] * points
    # weights over many powers of e: the largest exponent is taken out
    exponent = -np.cos(np.pi * eta) / (2 * np.pi * NU)
    f = weights * np.exp(exponent - exponent.max(axis=-1, keepdims=True))
    return -np.sum(np.sin(np.pi * eta) * f, axis=-1) / np.sum(f, axis=-1)


def main(quick: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    rng = np.random.default_rng(0)
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 20), *[Dense(20, 20) for _ in range(6)], Dense(20, 1, "identity")))
    u, p = nn.output[0], nn.input  # p = (x, t)
    inside = rng.uniform([-1, 0], [1, 1], (4000, 2))
    # more points where the shock forms
    inside[:1000, 0] = rng.uniform(-0.1, 0.1, 1000)
    x0, t0 = rng.uniform(-1, 1, 200), rng.uniform(0, 1, 100)
    start = np.stack([x0, 0 * x0], 1)
    edge = np.concatenate([np.stack([0 * t0 + s, t0], 1) for s in (-1.0, 1.0)])
    u0 = eg.Symbol("u0", per_sample=True)
    equation = partial(u, p, 1) + u * partial(u, p, 0) - NU * partial(u, p, 0, 0)
    terms = residual_terms({
        "equation": (equation, {p: inside}, 1.0),
        "start": (u - u0, {p: start, u0: -np.sin(np.pi * x0)}, 10.0),
        "edge": (u, {p: edge}, 10.0),
    })  # fmt: skip
    begun = time.perf_counter()
    first = train(nn, terms, optimizer=Adam(2e-3), epochs=2 if quick else 100, batch_size=400, rng=0)
    found = train(nn, terms, params=first.params, optimizer=LBFGS(50), epochs=5 if quick else 6000, threads=2)
    took = time.perf_counter() - begun
    X, T = np.meshgrid(np.linspace(-1, 1, 201), np.linspace(0, 1, 101), indexing="ij")
    got = build_nn_function(u, nn)(np.stack([X, T], -1), found.params)
    reference = exact(X, T)
    error = float(np.linalg.norm(got - reference) / np.linalg.norm(reference))
    print(f"relative error {error:.2e} after {took:.0f} s, {found.epochs} steps of L-BFGS, loss {found.history.loss[-1]:.2e}")
    return X, T, got, error


if __name__ == "__main__":
    given = options(__doc__, "scipy")
    X, T, got, error = main(given.quick)
    plt, fig, axes = figure(2)
    fig.colorbar(axes[0].pcolormesh(T, X, got, cmap="RdBu", vmin=-1, vmax=1, shading="gouraud"), ax=axes[0])
    axes[0].set(title="network", xlabel="t", ylabel="x")
    for k, t in ((0, 0.0), (50, 0.5), (100, 1.0)):
        (line,) = axes[1].plot(X[:, 0], exact(X[:, 0], np.full(201, max(t, 1e-9))), lw=3, alpha=0.4)
        axes[1].plot(X[:, 0], got[:, k], "--", color=line.get_color(), label=f"t = {t}")
    axes[1].set(title=f"exact and network, error {error:.0e}", xlabel="x", ylabel="u")
    axes[1].legend()
    finish(plt, fig, given.save)
