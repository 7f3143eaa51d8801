"""Fit exp(-|x|^2) at 441 points with a small network: by Adam on batches of 10, and with curvature on all points."""

from __future__ import annotations

from typing import Any

import numpy as np
from _picture import figure, finish, options

from symnn import MSE, Adam, Chain, Dense, SSBroyden, SymbolicNeuralNetwork, TrainingResult, build_nn_function, plot, train


def gaussian(x: np.ndarray) -> np.ndarray:
    value: np.ndarray = np.exp(-np.sum(x**2, axis=-1))
    return value


def main(quick: bool = False) -> tuple[SymbolicNeuralNetwork, dict[str, TrainingResult], float]:
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 6, "tanh"), Dense(6, 6, "tanh"), Dense(6, 1, "identity")))
    grid = np.linspace(-1.5, 1.5, 21)
    x = np.stack(np.meshgrid(grid, grid, indexing="ij"), -1).reshape(-1, 2)
    data = x, gaussian(x)[:, None]
    results = {
        "Adam": train(nn, MSE(), data, optimizer=Adam(1e-3), epochs=20 if quick else 1000, batch_size=10, rng=0),
        "SSBroyden": train(nn, MSE(), data, optimizer=SSBroyden(), epochs=20 if quick else 1000, rng=0),
    }
    f = build_nn_function(nn.output[0], nn)
    for name, r in results.items():
        error = np.abs(f(x, r.params) - gaussian(x))
        steps = len(r.history.steps)
        print(f"{name}: {steps} steps in {r.seconds:.2f} s; mean error {error.mean():.1e}, largest {error.max():.1e}")
    return nn, results, float(error.mean())


if __name__ == "__main__":
    given = options(__doc__)
    nn, results, _ = main(given.quick)
    plt, fig, axes = figure(3)
    at: dict[str, Any] = {"nn": nn, "params": results["SSBroyden"].params, "labels": ["x", "y"]}
    box = [(-1.5, 1.5), (-1.5, 1.5)]
    plot.solution(nn.output[0], box, name="network", ax=axes[0], **at)
    plot.error(nn.output[0], box, gaussian, name="error of SSBroyden", ax=axes[1], **at)
    plot.convergence(results, ax=axes[2])
    finish(plt, fig, given.save)
