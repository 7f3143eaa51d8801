"""Fit a function from few values, and from the same values with slopes: what derivatives are worth (Sobolev training)."""

from __future__ import annotations

import numpy as np
from _picture import figure, finish, options

import exprgraph as eg
from symnn import Chain, Dense, ResidualTerm, SSBroyden, SymbolicNeuralNetwork, TrainingResult, build_nn_function, plot, train


def styblinski_tang(x: np.ndarray) -> np.ndarray:
    """The function of Czarnecki et al. (2017), on the square from -5 to 5."""
    value: np.ndarray = np.sum(x**4 - 16 * x**2 + 5 * x, -1) / 2
    return value


def slopes(x: np.ndarray) -> np.ndarray:
    value: np.ndarray = (4 * x**3 - 32 * x + 5) / 2
    return value


def main(quick: bool = False) -> tuple[SymbolicNeuralNetwork, eg.Node, dict[str, TrainingResult], dict[str, float]]:
    rng = np.random.default_rng(0)
    held = rng.uniform(-5, 5, (20_000, 2))
    nn = SymbolicNeuralNetwork(Chain(lambda x: x / 5, Dense(2, 16, "tanh"), Dense(16, 16, "tanh"), Dense(16, 1, "identity")), input_size=2)
    u = 100 * nn.output[0]  # inside of the network, numbers are of the order of one
    f, g = eg.Symbol("f", per_sample=True), eg.Symbol("g", 2, per_sample=True)
    results, errors = {}, {}
    for count in (20, 100):
        points = rng.uniform(-5, 5, (count, 2))
        values = ResidualTerm((u - f) / 100, {nn.input: points, f: styblinski_tang(points)}, name="values")
        derivatives = ResidualTerm((eg.gradient(u, nn.input) - g) / 100, {nn.input: points, g: slopes(points)}, name="slopes")
        for name, terms in ((f"{count} values", [values]), (f"{count} values and slopes", [values, derivatives])):
            r = results[name] = train(nn, terms, optimizer=SSBroyden(), epochs=20 if quick else 1500, rng=1, progress=False)
            got, expected = build_nn_function(u, nn)(held, r.params), styblinski_tang(held)
            errors[name] = float(np.linalg.norm(got - expected) / np.linalg.norm(expected))
            print(f"{name}: relative error {errors[name]:.1e} at new points, loss {r.history.loss[-1]:.1e}, {r.seconds:.1f} s")
    return nn, u, results, errors


if __name__ == "__main__":
    given = options(__doc__)
    nn, u, results, errors = main(given.quick)
    plt, fig, axes = figure(2)
    for ax, name in zip(axes, ("100 values", "100 values and slopes")):
        plot.error(u, [(-5, 5), (-5, 5)], styblinski_tang, nn=nn, params=results[name].params, labels=["x", "y"], ax=ax)
        ax.set_title(f"{name}, relative {errors[name]:.0e}")
    finish(plt, fig, given.save)
