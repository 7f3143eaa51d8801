"""The Helmholtz equation, u_xx + u_yy + u = q, on a square, with zeros on its boundary."""

from __future__ import annotations

from typing import Any

import numpy as np

import exprgraph as eg
from symnn import Chain, Dense, SymbolicNeuralNetwork, build_nn_function
from symnn.physics import residual_terms

from .fitting import grid, least_squares
from .pictures import space_and_time
from .problem import Mark, Problem, Solved, relative


def exact(x: np.ndarray) -> np.ndarray:
    """The solution of Wang, Teng and Perdikaris (2021): one wave along x, four along y."""
    value: np.ndarray = np.sin(np.pi * x[..., 0]) * np.sin(4 * np.pi * x[..., 1])
    return value


def solve(seed: int, effort: float) -> Solved:
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 24, "sin"), Dense(24, 24, "sin"), Dense(24, 1, "identity")))
    p, q = nn.input, eg.Symbol("q", per_sample=True)
    u = (1 - p[0] ** 2) * (1 - p[1] ** 2) * nn.model(3 * p)[0]  # zeros on the boundary
    factor = 1 - np.pi**2 - 16 * np.pi**2

    def draw(rng: np.random.Generator, step: int = 0) -> Any:
        x = rng.uniform(-1, 1, (2000, 2))
        return [{p: x, q: factor * exact(x)}]

    terms = residual_terms({"equation": (eg.laplacian(u, p) + u - q, *draw(np.random.default_rng(seed)))})
    trainer = least_squares(nn, terms, seed, max(1, round(400 * effort)), draw)
    axis = np.linspace(-1, 1, 201)
    at = grid(axis, axis)
    got = build_nn_function(u, nn)(at, trainer.params)
    picture = space_and_time(axis, axis, got, exact(at), ("x", "y"))
    return Solved({"relative L2": relative(got, exact(at))}, nn.params.size, trainer.steps, picture)


PROBLEM = Problem(
    "helmholtz",
    "Helmholtz, u = sin(pi x) sin(4 pi y), hard boundary",
    "relative L2 on 201 x 201 points",
    1e-6,
    (Mark("3.5e-2", "opifex, its example of this equation", "not stated"),),
    solve,
    "A factor of the network is zero on the boundary.  Its hidden layers are sines, and its inputs three times as large, so that it has "
    "waves of this length from the beginning on (Sitzmann et al., arXiv 2006.09661).  With tanh, 921 parameters and as many steps, "
    "errors were 1.2e-6, 7e-3 and 7e-6.",
)
