"""Diffusion with an unknown coefficient, u_t = C u_xx + f, from noisy values at the last time."""

from __future__ import annotations

from typing import Any

import numpy as np

import exprgraph as eg
from symnn import Chain, Dense, SymbolicNeuralNetwork, Unknown, build_nn_function
from symnn.physics import partial, residual_terms

from .fitting import columns, grid, least_squares
from .pictures import space_and_time
from .problem import Mark, Problem, Solved


def solve(seed: int, effort: float) -> Solved:
    nn, c = SymbolicNeuralNetwork(Chain(Dense(2, 16), Dense(16, 16), Dense(16, 1, "identity"))), Unknown("c", 2.0)
    p, measured = nn.input, eg.Symbol("measured", per_sample=True)
    x, t = p[0], p[1]
    u = eg.sin(np.pi * x) + t * (1 - x**2) * nn.output[0]  # initial and boundary values hold
    source = -eg.exp(-t) * (eg.sin(np.pi * x) - np.pi**2 * eg.sin(np.pi * x))
    equation = partial(u, p, 1) - c * partial(u, p, 0, 0) - source
    rng = np.random.default_rng([seed, 6])
    at = np.linspace(-1, 1, 22)[1:-1]
    exact = np.exp(-1) * np.sin(np.pi * at)
    values = {p: columns(at, 1.0), measured: exact + 0.01 * exact.std() * rng.standard_normal(len(at))}

    def draw(rng: np.random.Generator, step: int = 0) -> Any:
        return [{p: rng.uniform([-1, 0], [1, 1], (400, 2))}, values]

    inside, data = draw(rng)
    terms = residual_terms({"equation": (equation, inside), "data": (u - measured, data)})
    trainer = least_squares({"u": nn, "c": c}, terms, seed, max(1, round(300 * effort)), draw)
    axes = np.linspace(-1, 1, 101), np.linspace(0, 1, 51)
    points = grid(*axes)
    got, true = build_nn_function(u, nn)(points, trainer.params.u), np.exp(-points[:, 1]) * np.sin(np.pi * points[:, 0])
    picture = space_and_time(*axes, got, true)
    return Solved({"relative error of C": abs(float(trainer.params.c) - 1)}, trainer.params.size, trainer.steps, picture)


PROBLEM = Problem(
    "inverse-diffusion",
    "diffusion, its coefficient from 20 values, 1 % noise",
    "relative error of C",
    1e-2,
    (Mark("0.1 % without noise", "DeepXDE, its inverse example of this equation"),),
    solve,
)
