"""Learn a damped pendulum with a motor from noisy velocities: a network of its energy, an unknown damping, a known port."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from _picture import figure, finish, options

import exprgraph as eg
from symnn import MSE, Chain, Dense, LevenbergMarquardt, ResidualTerm, SymbolicNeuralNetwork, Unknown, build_nn_function, train
from symnn.physics import port_hamiltonian_field

DAMPING, NOISE = 0.3, 0.03


def velocity(z: np.ndarray, torque: np.ndarray) -> np.ndarray:
    value: np.ndarray = np.stack([z[..., 1], -np.sin(z[..., 0]) - DAMPING * z[..., 1] + torque], -1)
    return value


def integrate(field: Callable[..., np.ndarray], z: np.ndarray, torque: Callable[[float], float], step: float, steps: int) -> np.ndarray:
    """The classical Runge-Kutta method; the torque is constant in a step."""
    path = [z]
    for k in range(steps):
        u = torque(k * step)
        a = field(z, u)
        b = field(z + step / 2 * a, u)
        c = field(z + step / 2 * b, u)
        d = field(z + step * c, u)
        z = z + step / 6 * (a + 2 * b + 2 * c + d)
        path.append(z)
    return np.array(path)


def main(quick: bool = False) -> tuple[dict[str, np.ndarray], float]:
    rng = np.random.default_rng(0)
    z, torque = rng.uniform([-2.5, -2.5], [2.5, 2.5], (100, 2)), rng.uniform(-1, 1, 100)
    measured = velocity(z, torque) + NOISE * rng.standard_normal(z.shape)
    H = SymbolicNeuralNetwork(Chain(Dense(2, 16, "tanh"), Dense(16, 16, "tanh"), Dense(16, 1, "identity")))
    damping, u, seen = Unknown("damping", 1.0), eg.Symbol("torque", per_sample=True), eg.Symbol("seen", 2, per_sample=True)
    field = port_hamiltonian_field(H.output, H.input, eg.stack([0.0, damping]), [[0.0], [1.0]], eg.stack([u]))
    loss = [ResidualTerm(field - seen, {H.input: z, u: torque, seen: measured})]
    epochs = 5 if quick else 150
    found = train({"H": H, "damping": damping}, loss, optimizer=LevenbergMarquardt(), epochs=epochs, rng=0, progress=False)
    plain = SymbolicNeuralNetwork(Chain(Dense(3, 16, "tanh"), Dense(16, 16, "tanh"), Dense(16, 2, "identity")))
    inputs = np.column_stack([z, torque])
    other = train(plain, MSE(), (inputs, measured), optimizer=LevenbergMarquardt(), epochs=epochs, rng=0, progress=False)
    value = float(found.params.damping)
    of_field = build_nn_function(eg.substitute(field, {damping.expression: eg.as_expression(value)}), H, u)
    of_plain = build_nn_function(plain.output, plain)
    start, push = np.array([2.0, 0.0]), lambda t: 0.8 * np.sin(0.9 * t)
    paths = {
        "exact": integrate(lambda z, u: velocity(z, np.float64(u)), start, push, 0.05, 1200),
        "port-Hamiltonian network": integrate(lambda z, u: of_field(z, u, found.params.H), start, push, 0.05, 1200),
        "plain network": integrate(lambda z, u: of_plain(np.append(z, u), other.params), start, push, 0.05, 1200),
    }
    print(f"damping {value:.4f}, error {abs(value - DAMPING):.1e}")
    for name, path in paths.items():
        if name != "exact":
            print(f"{name}: largest error over 60 s {np.abs(path - paths['exact']).max():.1e}")
    return paths, value


if __name__ == "__main__":
    given = options(__doc__)
    paths, _ = main(given.quick)
    plt, fig, axes = figure(2)
    t = 0.05 * np.arange(len(paths["exact"]))
    for name, path in paths.items():
        if name == "exact":
            axes[0].plot(t, path[:, 0], color="0.75", lw=4, label=name)
        else:
            axes[0].plot(t, path[:, 0], lw=1, label=name)
            axes[1].semilogy(t, np.linalg.norm(path - paths["exact"], axis=1) + 1e-9, label=name)
    axes[0].set(xlabel="time (s)", ylabel="angle")
    axes[1].set(xlabel="time (s)", ylabel="error of the state")
    axes[0].legend(fontsize="small", loc="upper right")
    finish(plt, fig, given.save)
