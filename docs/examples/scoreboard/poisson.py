"""Poisson's equation on the unit cube in 2, 5 and 10 dimensions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import exprgraph as eg
from symnn import Chain, Dense, SymbolicNeuralNetwork, build_nn_function
from symnn.physics import residual_terms

from .fitting import least_squares
from .problem import Mark, Problem, Solved, relative


def edge(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Points on the faces of the unit cube."""
    x = rng.uniform(0, 1, (n, d))
    x[np.arange(n), rng.integers(0, d, n)] = rng.integers(0, 2, n)
    return x


def solver(
    d: int,
    exact: Callable[[np.ndarray], np.ndarray],
    laplacian: Callable[[np.ndarray], np.ndarray],
    widths: tuple[int, ...],
    inside: int,
    outside: int,
    steps: int,
    weight: float,
) -> Callable[[int, float], Solved]:
    """``Problem.solve`` for a network of these widths, with so many points inside and on the faces.

    With none on the faces the solution is zero there: a factor of the network sees to it.
    """

    def solve(seed: int, effort: float) -> Solved:
        sizes = (d, *widths)
        nn = SymbolicNeuralNetwork(Chain(*map(Dense, sizes, widths), Dense(widths[-1], 1, "identity")))
        x = nn.input
        u = nn.output[0] if outside else eg.prod(4 * x * (1 - x)) * nn.output[0]
        f, g = eg.Symbol("f", per_sample=True), eg.Symbol("g", per_sample=True)

        def draw(rng: np.random.Generator, step: int = 0) -> Any:
            a, b = rng.uniform(0, 1, (inside, d)), edge(rng, outside, d)
            return [{x: a, f: laplacian(a)}, {x: b, g: exact(b)}][: 2 if outside else 1]

        first = draw(np.random.default_rng(seed))
        residuals = {"equation": (eg.laplacian(u, x) - f, 1.0), "faces": (u - g, weight)}
        terms = residual_terms({name: (e, data, w) for (name, (e, w)), data in zip(residuals.items(), first)})
        trainer = least_squares(nn, terms, seed, max(1, round(steps * effort)), draw)
        at = np.random.default_rng(12345).uniform(0, 1, (20_000, d))
        got = build_nn_function(u, nn)(at, trainer.params)
        return Solved({"relative L2": relative(got, exact(at))}, nn.params.size, trainer.steps)

    return solve


def sines(x: np.ndarray) -> np.ndarray:
    value: np.ndarray = np.prod(np.sin(math.pi * x), axis=-1)
    return value


def cosines(x: np.ndarray) -> np.ndarray:
    value: np.ndarray = np.cos(math.pi * x).sum(axis=-1)
    return value


def pairs(x: np.ndarray) -> np.ndarray:
    value: np.ndarray = (x[..., ::2] * x[..., 1::2]).sum(axis=-1)
    return value


MARKS = (Mark("1e-6 to 1e-8", "Mueller, Zeinhofer, energy natural gradients, arXiv 2302.13163"),)
MEASURE = "relative L2 on 20,000 points"
PROBLEMS = (
    Problem(
        "poisson-2",
        "Poisson, 2-d, u = sin(pi x) sin(pi y)",
        MEASURE,
        1e-8,
        MARKS,
        solver(2, sines, lambda x: -2 * math.pi**2 * sines(x), (24, 24), 1500, 0, 400, 0.0),
        "A factor of the network is zero on the boundary.",
    ),
    Problem(
        "poisson-5",
        "Poisson, 5-d, u = sum of cos(pi x_i)",
        MEASURE,
        1e-6,
        MARKS,
        solver(5, cosines, lambda x: -(math.pi**2) * cosines(x), (24, 24), 2000, 600, 450, 100.0),
    ),
    Problem(
        "poisson-10",
        "Poisson, 10-d, u = sum of x_i x_(i+1) over pairs",
        MEASURE,
        1e-4,
        MARKS,
        solver(10, pairs, lambda x: 0 * x[..., 0], (24, 24), 2000, 800, 200, 100.0),
    ),
)
