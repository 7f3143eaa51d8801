"""The Lorenz system from 25 noisy states: its three coefficients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import exprgraph as eg
from symnn import Chain, Dense, SymbolicNeuralNetwork, Unknown, build_nn_function
from symnn.physics import partial, residual_terms

from .fitting import least_squares
from .pictures import along
from .problem import Mark, Problem, Solved

TRUE = {"sigma": 10.0, "rho": 15.0, "beta": 8 / 3}
END = 3.0


def path(times: np.ndarray) -> np.ndarray:
    """States at equally spaced times from 0 on, by the classical Runge-Kutta method."""
    sigma, rho, beta = TRUE.values()

    def velocity(s: np.ndarray) -> np.ndarray:
        x, y, z = s
        return np.array([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])

    now, found = np.array([-8.0, 7.0, 27.0]), []
    h = (times[1] - times[0]) / 200
    for _ in times:
        found.append(now)
        for _ in range(200):
            a = velocity(now)
            b = velocity(now + h / 2 * a)
            c = velocity(now + h / 2 * b)
            now = now + h / 6 * (a + 2 * b + 2 * c + velocity(now + h * c))
    return np.array(found)


def solver(noise: float) -> Callable[[int, float], Solved]:
    """``Problem.solve`` for data with this relative noise."""

    def solve(seed: int, effort: float) -> Solved:
        rng = np.random.default_rng([seed, 5])
        nn = SymbolicNeuralNetwork(Chain(Dense(1, 32), Dense(32, 32), Dense(32, 3, "identity")))
        unknown = {name: Unknown(name, 1.0) for name in TRUE}
        t, measured = nn.input, eg.Symbol("measured", 3, per_sample=True)
        s = 10 * nn.output
        x, y, z = s[0], s[1], s[2]
        system = eg.stack([
            partial(x, t, 0) - unknown["sigma"] * (y - x),
            partial(y, t, 0) - x * (unknown["rho"] - z) + y,
            partial(z, t, 0) - x * y + unknown["beta"] * z,
        ])  # fmt: skip
        times = np.linspace(0, END, 25)
        exact = path(times)
        data = exact + noise * exact.std(axis=0) * rng.standard_normal(exact.shape)
        terms = residual_terms({
            "system": (system, {t: np.linspace(0, END, 300)[:, None]}, 0.1),
            "data": (s - measured, {t: times[:, None], measured: data}),
        })  # fmt: skip
        trainer = least_squares({"path": nn, **unknown}, terms, seed, max(1, round(200 * effort)))
        found = {name: float(getattr(trainer.params, name)) for name in TRUE}
        off = {name: abs(found[name] / value - 1) for name, value in TRUE.items()}
        many = np.linspace(0, END, 601)
        got = build_nn_function(s, nn)(many[:, None], trainer.params.path)[:, 0]
        return Solved({"largest": max(off.values()), **off}, trainer.params.size, trainer.steps, along(many, got, path(many)[:, 0], "t"))

    return solve


PROBLEMS = (
    Problem(
        "lorenz",
        "Lorenz, three coefficients from 25 states, 1 % noise",
        "relative error of a coefficient, the largest",
        1e-2,
        (Mark("0.1 % without noise", "DeepXDE, its inverse example of this system"),),
        solver(0.01),
    ),
    Problem(
        "lorenz-exact",
        "Lorenz, three coefficients from 25 states without noise",
        "relative error of a coefficient, the largest",
        1e-3,
        (Mark("0.1 %", "DeepXDE, its inverse example of this system"),),
        solver(0.0),
    ),
)
