"""Fit exp(-|x|^2) with a small network: 441 points, batches of 10, 1,000 epochs of Adam."""

from __future__ import annotations

import numpy as np
from _picture import figure, finish, options

import exprgraph as eg
from symnn import Adam, Chain, Dense, SymbolicNeuralNetwork, build_nn_function, train


def main(quick: bool = False) -> tuple[SymbolicNeuralNetwork, np.ndarray, np.ndarray, object]:
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 3, "tanh"), Dense(3, 3, "tanh"), Dense(3, 1, "identity")))
    grid = np.linspace(-1.5, 1.5, 21)
    x = np.stack(np.meshgrid(grid, grid, indexing="ij"), -1).reshape(-1, 2)
    y = np.exp(-np.sum(x**2, axis=1, keepdims=True))

    # the loss of the ancestor's README: the relative error of each sample, added up
    target = eg.Symbol("target", shape=(1,), per_sample=True)
    loss = eg.over_samples.sum(eg.norm(nn.output - target) / eg.norm(target))
    result = train(nn, loss, {nn.input: x, target: y}, optimizer=Adam(1e-3), epochs=20 if quick else 1000, batch_size=10, rng=1)

    error = np.abs(build_nn_function(nn.output, nn)(x, result.params) - y)
    steps = len(result.history.steps)
    print(f"{steps} steps in {result.seconds:.2f} s; mean error {error.mean():.4f}, largest {error.max():.4f}")
    return nn, x, y, result


if __name__ == "__main__":
    given = options(__doc__)
    nn, x, y, result = main(given.quick)
    plt, fig, axes = figure(3)
    fit = build_nn_function(nn.output, nn)(x, result.params)
    for ax, values, title in ((axes[0], y, "target"), (axes[1], fit, "network")):
        shown = ax.imshow(values.reshape(21, 21), extent=(-1.5, 1.5, -1.5, 1.5), vmin=0, vmax=1)
        ax.set_title(title)
    fig.colorbar(shown, ax=axes[1])
    axes[2].semilogy(result.history.loss)
    axes[2].set(title="loss of a batch", xlabel="epoch")
    finish(plt, fig, given.save)
