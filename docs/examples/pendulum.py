"""Learn a pendulum from velocities: a network of its energy, and one of its velocity, over 100 periods."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from _picture import figure, finish, options

from symnn import MSE, Adam, Chain, Dense, SymbolicNeuralNetwork, build_nn_function, train
from symnn.physics import HamiltonianLoss, hamiltonian_field
from symnn.schedules import cosine

Field = Callable[[np.ndarray], np.ndarray]


def energy(z: np.ndarray) -> np.ndarray:
    return z[..., 1] ** 2 / 2 + 1 - np.cos(z[..., 0])


def velocity(z: np.ndarray) -> np.ndarray:
    return np.stack([z[..., 1], -np.sin(z[..., 0])], -1)


def integrate(field: Field, z: np.ndarray, step: float, steps: int) -> np.ndarray:
    """The classical Runge-Kutta method."""
    path = [z]
    for _ in range(steps):
        a = field(z)
        b = field(z + step / 2 * a)
        c = field(z + step / 2 * b)
        d = field(z + step * c)
        z = z + step / 6 * (a + 2 * b + 2 * c + d)
        path.append(z)
    return np.array(path)


def main(quick: bool = False) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    rng = np.random.default_rng(0)
    z = rng.uniform([-2.2, -2.2], [2.2, 2.2], (1000, 2))
    dz = velocity(z) + 0.01 * rng.standard_normal(z.shape)  # measured with an error
    epochs = 3 if quick else 2000
    common = {"optimizer": Adam(cosine(5e-3, epochs * 20)), "epochs": epochs, "batch_size": 50, "rng": 0}
    H = SymbolicNeuralNetwork(Chain(Dense(2, 32, "tanh"), Dense(32, 32, "tanh"), Dense(32, 1, "identity")))
    plain = SymbolicNeuralNetwork(Chain(Dense(2, 32, "tanh"), Dense(32, 32, "tanh"), Dense(32, 2, "identity")))
    trained_H = train(H, HamiltonianLoss(), (z, dz), **common).params
    trained_plain = train(plain, MSE(), (z, dz), **common).params
    of_energy, of_velocity = build_nn_function(hamiltonian_field(H), H), build_nn_function(plain.output, plain)
    fields: dict[str, Field] = {
        "Hamiltonian network": lambda z: of_energy(z, trained_H.flat),
        "plain network": lambda z: of_velocity(z, trained_plain.flat),
    }
    start, step = np.array([1.2, 0.0]), 0.05
    period = 6.88  # of the pendulum that starts at rest at 1.2
    steps = 200 if quick else round(100 * period / step)
    paths = {name: integrate(f, start, step, steps) for name, f in fields.items()}
    drift = {name: float(abs(energy(p[-1]) - energy(start)) / energy(start)) for name, p in paths.items()}
    largest = {name: float(np.max(abs(energy(p) - energy(start)) / energy(start))) for name, p in paths.items()}
    for name in paths:
        print(f"{name}: relative change of energy {drift[name]:.2e} at the end, {largest[name]:.2e} at most")
    return paths, largest


if __name__ == "__main__":
    given = options(__doc__)
    paths, largest = main(given.quick)
    plt, fig, axes = figure(2)
    for name, path in paths.items():
        axes[0].plot(*path[-200:].T, label=name)
        axes[1].semilogy(np.arange(len(path)) * 0.05, np.abs(energy(path) / energy(path[0]) - 1) + 1e-9, lw=0.7, label=name)
    axes[0].set(title="the last turns", xlabel="angle", ylabel="momentum")
    axes[1].set(title="energy", xlabel="time", ylabel="relative change", ylim=(1e-6, 10))
    axes[1].legend()
    finish(plt, fig, given.save)
