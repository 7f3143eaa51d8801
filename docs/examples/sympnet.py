"""Learn maps of Hamiltonian systems from states 0.1 apart, by symplectic networks: an oscillator, and a pendulum for 1,000 steps."""

from __future__ import annotations

import numpy as np
from _picture import figure, finish, options

from symnn import MSE, LevenbergMarquardt, SSBroyden, SymbolicNeuralNetwork, build_nn_function, train
from symnn.physics import SympNet


def energy(z: np.ndarray) -> np.ndarray:
    return z[..., 1] ** 2 / 2 - np.cos(z[..., 0])


def pendulum(z: np.ndarray, steps: int, h: float = 0.1, inner: int = 200) -> np.ndarray:
    """States at times h apart, by Störmer and Verlet's method with inner steps."""
    path = [z]
    for _ in range(steps):
        q, p = path[-1]
        for _ in range(inner):
            p -= h / inner / 2 * np.sin(q)
            q += h / inner * p
            p -= h / inner / 2 * np.sin(q)
        path.append(np.array([q, p]))
    return np.array(path)


def oscillator(quick: bool) -> float:
    """The problem in the README of strupnet: 20 steps of 0.05 to learn from, 60 to be judged by."""
    t = np.arange(0, 81) * 0.05
    z = np.stack([np.cos(t), -np.sin(t)], 1)
    nn = SymbolicNeuralNetwork(SympNet(1, 1, kind="linear"))
    r = train(nn, MSE(), (z[:20], z[1:21]), optimizer=LevenbergMarquardt(), epochs=3 if quick else 50, rng=0)
    return float(np.linalg.norm(build_nn_function(nn.output, nn)(z[20:-1], r.params) - z[21:]))


def main(quick: bool = False) -> tuple[np.ndarray, np.ndarray, float, float]:
    of_oscillator = oscillator(quick)
    exact = pendulum(np.array([1.0, 0.0]), 1000)
    nn = SymbolicNeuralNetwork(SympNet(1, 5, 30, "sigmoid"))
    r = train(nn, MSE(), (exact[:40], exact[1:41]), optimizer=SSBroyden(), epochs=20 if quick else 1500, rng=0)
    f = build_nn_function(nn.output, nn)
    path = [exact[40]]
    for _ in range(960):
        path.append(f(path[-1], r.params))
    got = np.array(path)
    drift = float(np.max(np.abs(energy(got) - energy(exact[40]))))
    off = float(np.max(np.linalg.norm(got - exact[40:], axis=1)))
    print(f"oscillator: error {of_oscillator:.1e} of 60 further steps together")
    print(f"pendulum: loss {r.history.loss[-1]:.1e} in {r.seconds:.1f} s; over 960 further steps the energy is within {drift:.1e}, "
          f"the state within {off:.1e}")  # fmt: skip
    return got, exact, of_oscillator, drift


if __name__ == "__main__":
    given = options(__doc__)
    got, exact, _, _ = main(given.quick)
    plt, fig, axes = figure(2)
    axes[0].plot(*exact[40:].T, color="0.7", lw=4, label="exact")
    axes[0].plot(*got.T, lw=0.8, label="network")
    axes[0].plot(*exact[:41].T, "k.", ms=3, label="data")
    axes[0].set(xlabel="angle", ylabel="momentum")
    axes[0].legend(loc="center")
    t = 0.1 * np.arange(len(got))
    axes[1].semilogy(t, np.abs(energy(got) - energy(exact[40])) + 1e-16, lw=0.8, label="energy")
    axes[1].semilogy(t, np.linalg.norm(got - exact[40:], axis=1) + 1e-16, lw=0.8, label="state")
    axes[1].set(xlabel="time", ylabel="error")
    axes[1].legend()
    finish(plt, fig, given.save)
