"""Burgers' equation with a shock, u_t + u u_x = (0.01 / pi) u_xx."""

from __future__ import annotations

from typing import Any

import numpy as np

import exprgraph as eg
from symnn import Chain, Dense, SymbolicNeuralNetwork, build_nn_function
from symnn.physics import partial, residual_terms

from . import references
from .fitting import grid, least_squares
from .pictures import space_and_time
from .problem import Mark, Problem, Solved, relative

NU = 0.01 / np.pi


def points(rng: np.random.Generator, step: int, n: int = 3000) -> np.ndarray:
    """After the first steps, a third of them near x = 0, where the shock forms; sooner, they led to shocks elsewhere."""
    x = rng.uniform(-1, 1, n)
    if step >= 200:
        x[: n // 3] = np.clip(0.03 * rng.standard_normal(n // 3), -1, 1)
    return np.stack([x, rng.uniform(0, 1, n)], axis=1)


def solve(seed: int, effort: float) -> Solved:
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 20), Dense(20, 20), Dense(20, 20), Dense(20, 1, "identity")))
    p = nn.input
    x, t = p[0], p[1]
    u = -eg.sin(np.pi * x) + t * (1 - x**2) * nn.output[0]  # initial and boundary values hold
    equation = partial(u, p, 1) + u * partial(u, p, 0) - NU * partial(u, p, 0, 0)

    def draw(rng: np.random.Generator, step: int = 0) -> Any:
        return [{p: points(rng, step)}]

    terms = residual_terms({"equation": (equation, *draw(np.random.default_rng(seed)))})
    trainer = least_squares(nn, terms, seed, round(1500 * effort), draw)
    axes = np.linspace(-1, 1, 257), np.linspace(0, 1, 101)
    at = grid(*axes)
    exact = references.burgers(at[:, 0], at[:, 1], NU)
    got = build_nn_function(u, nn)(at, trainer.params)
    picture = space_and_time(*axes, got, exact)
    errors = {"relative L2": relative(got, exact), "largest": float(np.abs(got - exact).max())}
    return Solved(errors, nn.params.size, trainer.steps, picture)


PROBLEM = Problem(
    "burgers",
    "Burgers, nu = 0.01/pi",
    "relative L2 on 257 x 101 points",
    1e-6,
    (
        Mark("6.7e-4", "Raissi, Perdikaris, Karniadakis, J. Comput. Phys. 378 (2019), L-BFGS"),
        Mark("1e-4 to 1e-8", "Kiyani et al., arXiv 2501.16371, self-scaled Broyden methods", "GPU"),
    ),
    solve,
)
