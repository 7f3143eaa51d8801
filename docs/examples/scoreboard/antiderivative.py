"""A DeepONet of the antiderivative: from 100 values of a random function to its integral at any point."""

from __future__ import annotations

from typing import Any

import numpy as np

import exprgraph as eg
from symnn import Chain, Dense, Model, ResidualTerm, SymbolicNeuralNetwork, build_nn_function

from .fitting import least_squares
from .pictures import along
from .problem import Mark, Problem, Solved, relative

SENSORS = np.linspace(0, 1, 100)
WIDTH = 24


def functions(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian processes with a Gaussian kernel of length 0.2, and their integrals, both at the sensors."""
    fine = np.linspace(0, 1, 991)  # ten steps between sensors
    kernel = np.exp(-((fine[:, None] - fine) ** 2) / (2 * 0.2**2))
    values, vectors = np.linalg.eigh(kernel)
    root = vectors[:, -40:] * np.sqrt(np.maximum(values[-40:], 0))  # the rest is below rounding
    u = rng.standard_normal((n, 40)) @ root.T
    # Simpson's rule on pairs of steps
    pairs = (u[:, :-2:2] + 4 * u[:, 1:-1:2] + u[:, 2::2]) * (fine[2] - fine[0]) / 6
    integral = np.concatenate([np.zeros((n, 1)), np.cumsum(pairs, axis=1)], axis=1)
    return u[:, ::10], integral[:, ::5]


def solve(seed: int, effort: float) -> Solved:
    rng = np.random.default_rng([seed, 4])
    # the operator is linear, and so is the branch: it has no hidden layer
    branch = SymbolicNeuralNetwork(Chain(Dense(100, WIDTH, "identity")), prefix="B")
    trunk = SymbolicNeuralNetwork(Chain(Dense(1, 40), Dense(40, WIDTH)), prefix="T")
    given = eg.Symbol("given", per_sample=True)
    at = trunk.input
    output = at[0] * eg.sum(branch.output * trunk.output)  # 0 at 0
    u, v = functions(rng, 150)

    def draw(rng: np.random.Generator, step: int = 0) -> Any:
        """15 points of each function: fewer residuals than parameters, so that the dual form pays."""
        k = rng.integers(0, 100, (150, 15))
        values = np.take_along_axis(v, k, axis=1)
        return [{branch.input: np.repeat(u, 15, axis=0), at: SENSORS[k].reshape(-1, 1), given: values.ravel()}]

    parts = {"branch": branch, "trunk": trunk}
    terms = [ResidualTerm(output - given, draw(rng)[0])]
    trainer = least_squares(parts, terms, seed, max(1, round(100 * effort)), draw, every=10)
    evaluate = build_nn_function(output, Model(parts).params, branch.input, at)
    u, v = functions(np.random.default_rng(54321), 1000)
    many = np.broadcast_to(SENSORS[:, None], (1000, 100, 1))
    got = evaluate(np.repeat(u[:, None], 100, axis=1), many, trainer.params)
    errors = {"mean square": float(np.mean((got - v) ** 2)), "relative L2": relative(got, v)}
    return Solved(errors, trainer.params.size, trainer.steps, along(SENSORS, got[0], v[0]))


PROBLEM = Problem(
    "deeponet",
    "DeepONet of the antiderivative, 150 functions",
    "mean square on 1,000 other functions",
    2e-7,
    (Mark("7e-7 in 324 s", "DeepXDE, its aligned example, Adam; another draw of the functions"),),
    solve,
    "The branch is linear, as the operator is.",
)
