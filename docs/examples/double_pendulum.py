"""Learn the Lagrangian of a double pendulum from accelerations, and test it on states it has not seen."""

from __future__ import annotations

import numpy as np
from _picture import figure, finish, options

import exprgraph as eg
from symnn import Adam, Chain, Dense, SymbolicNeuralNetwork, build_nn_function, train
from symnn.physics import LagrangianLoss, acceleration, lagrangian_acceleration
from symnn.schedules import cosine

G = 9.81


def exact_accelerations(states: np.ndarray) -> np.ndarray:
    """Those of two unit masses on unit rods: the Euler-Lagrange equation of the known Lagrangian."""
    s = eg.Symbol("s", shape=(4,))
    a, b, u, v = s[0], s[1], s[2], s[3]
    L = u**2 + v**2 / 2 + u * v * eg.cos(a - b) + G * (2 * eg.cos(a) + eg.cos(b))
    exact: np.ndarray = eg.compile(acceleration(L, s), s)(states)
    return exact


def main(quick: bool = False) -> tuple[np.ndarray, np.ndarray, float]:
    rng = np.random.default_rng(0)
    wide = np.array([1.0, 1.0, 1.5, 1.5])
    states = rng.uniform(-wide, wide, (4000, 4))
    held, unseen = rng.uniform(-wide, wide, (2, 1000, 4))  # to choose the epoch by, and to judge by
    nn = SymbolicNeuralNetwork(Chain(Dense(4, 64, "softplus"), Dense(64, 64, "softplus"), Dense(64, 1, "identity")))
    epochs = 2 if quick else 4000
    result = train(
        nn, LagrangianLoss(), (states, exact_accelerations(states)), optimizer=Adam(cosine(3e-3, epochs * 40)), epochs=epochs,
        batch_size=100, rng=4, validation=(held, exact_accelerations(held)), validate_every=10,
    )  # fmt: skip
    got = build_nn_function(lagrangian_acceleration(nn), nn)(unseen, result.best)
    expected = exact_accelerations(unseen)
    error = float(np.linalg.norm(got - expected) / np.linalg.norm(expected))
    print(f"relative error of the acceleration on states it has not seen: {100 * error:.2f} %, after {result.seconds:.0f} s")
    return got, expected, error


if __name__ == "__main__":
    given = options(__doc__)
    got, expected, error = main(given.quick)
    plt, fig, axes = figure(2)
    for k, ax in enumerate(axes):
        ax.plot(expected[:, k], got[:, k], ".", ms=2)
        ax.axline((0, 0), slope=1, lw=0.5, color="k")
        ax.set(title=f"acceleration of mass {k + 1}", xlabel="exact", ylabel="network")
    finish(plt, fig, given.save)
