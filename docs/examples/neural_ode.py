"""Learn the field of a spiral from its path alone: a network inside of a Runge-Kutta loop, and gradients through the loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from _picture import figure, finish, options

import exprgraph as eg
from symnn import Adam, Chain, Dense, ResidualTerm, SSBroyden, SymbolicNeuralNetwork, TrainingResult, build_nn_function, plot, train

#: the problem of torchdiffeq's and DiffEqFlux's first examples: 30 times up to 1.5
MATRIX = np.array([[-0.1, 2.0], [-2.0, -0.1]])
TIMES, END, START = 30, 1.5, np.array([2.0, 0.0])


def exact_field(y: np.ndarray) -> np.ndarray:
    value: np.ndarray = y**3 @ MATRIX
    return value


def runge_kutta(slope: Callable[[Any], Any], y: Any, h: float) -> Any:
    """A step of the classical method, of numbers and of expressions."""
    a = slope(y)
    b = slope(y + h / 2 * a)
    c = slope(y + h / 2 * b)
    d = slope(y + h * c)
    return y + h / 6 * (a + 2 * b + 2 * c + d)


def exact_path() -> np.ndarray:
    """The states at all times, by 50 steps between two."""
    h, path = END / (TIMES - 1), [START]
    for _ in range(TIMES - 1):
        y = path[-1]
        for _ in range(50):
            y = runge_kutta(exact_field, y, h / 50)
        path.append(y)
    return np.array(path)


def main(quick: bool = False) -> tuple[SymbolicNeuralNetwork, dict[str, TrainingResult], np.ndarray]:
    nn = SymbolicNeuralNetwork(Chain(lambda y: y**3, Dense(2, 50, "tanh"), Dense(50, 2, "identity")), input_size=2)
    measured = exact_path()
    seen = eg.Symbol("seen", (TIMES - 1, 2))
    h = END / (TIMES - 1)

    def step(y: eg.Node, target: eg.Node) -> tuple[eg.Node, eg.Node]:
        for _ in range(2):
            y = runge_kutta(lambda v: nn.chain(v, nn.params), y, h / 2)
        return y, y

    _, path = eg.scan(step, eg.array(START), seen)
    loss = [ResidualTerm(path - seen, {seen: measured[1:]})]
    results = {
        "Adam": train(nn, loss, optimizer=Adam(0.05), epochs=20 if quick else 500, rng=0),
        "SSBroyden": train(nn, loss, optimizer=SSBroyden(), epochs=20 if quick else 500, rng=0),
    }
    for name, r in results.items():
        print(f"{name}: sum of squared errors {r.history.loss[-1]:.1e} after {r.epochs} steps in {r.seconds:.2f} s")
    found = eg.evaluate(path, {seen: measured[1:], **{s: results["SSBroyden"].params.leaves()[n] for n, s in nn.params.leaves().items()}})
    return nn, results, np.vstack([START, found])


if __name__ == "__main__":
    given = options(__doc__)
    nn, results, path = main(given.quick)
    plt, fig, axes = figure(2)
    measured = exact_path()
    box = [(-2.3, 2.3), (-2.3, 2.3)]
    f = build_nn_function(nn.output, nn)
    plot.phase(lambda y: f(y, results["SSBroyden"].params), box, paths={"network": path}, labels=["y[0]", "y[1]"], ax=axes[0])
    axes[0].plot(*measured.T, "k.", ms=5, label="data", zorder=5)
    axes[0].legend()
    plot.convergence(results, ax=axes[1])
    axes[1].set_ylabel("sum of squared errors")
    finish(plt, fig, given.save)
