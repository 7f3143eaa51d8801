"""Kovasznay's flow behind a grid, Re = 20: the stationary Navier-Stokes equations, velocity given on the boundary."""

from __future__ import annotations

from typing import Any

import numpy as np

import exprgraph as eg
from symnn import Chain, Dense, SymbolicNeuralNetwork, build_nn_function
from symnn.physics import partial, residual_terms

from .fitting import columns, grid, least_squares
from .pictures import space_and_time
from .problem import Mark, Problem, Solved, relative

RE = 20
DECAY = RE / 2 - np.sqrt(RE**2 / 4 + 4 * np.pi**2)


def exact(x: np.ndarray) -> np.ndarray:
    """Velocity and pressure at points of [-0.5, 1] x [-0.5, 1.5]."""
    e, angle = np.exp(DECAY * x[..., 0]), 2 * np.pi * x[..., 1]
    return np.stack([1 - e * np.cos(angle), DECAY / (2 * np.pi) * e * np.sin(angle), (1 - e**2) / 2], axis=-1)


def edge(rng: np.random.Generator, n: int) -> np.ndarray:
    s, a = rng.uniform(-0.5, 1, n), rng.uniform(-0.5, 1.5, n)
    sides = [columns(s, -0.5), columns(s, 1.5), columns(-0.5, a), columns(1.0, a)]
    return np.concatenate(sides)


def solve(seed: int, effort: float) -> Solved:
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 20), Dense(20, 20), Dense(20, 20), Dense(20, 3, "identity")))
    x, given = nn.input, eg.Symbol("given", 2, per_sample=True)
    u, v, p = nn.output[0], nn.output[1], nn.output[2]

    def momentum(w: Any, axis: int) -> Any:
        return u * partial(w, x, 0) + v * partial(w, x, 1) + partial(p, x, axis) - eg.laplacian(w, x) / RE

    flow = eg.stack([momentum(u, 0), momentum(v, 1), partial(u, x, 0) + partial(v, x, 1)])

    def draw(rng: np.random.Generator, step: int = 0) -> Any:
        b = edge(rng, 100)
        return [{x: rng.uniform([-0.5, -0.5], [1, 1.5], (1500, 2))}, {x: b, given: exact(b)[:, :2]}, {x: np.array([[1.0, 0.5]])}]

    inside, faces, corner = draw(np.random.default_rng(seed))
    pressure = float(exact(np.array([1.0, 0.5]))[2])
    terms = residual_terms({"flow": (flow, inside), "faces": (nn.output[:2] - given, faces, 100.0), "pressure": (p - pressure, corner)})
    trainer = least_squares(nn, terms, seed, max(1, round(400 * effort)), draw)
    axes = np.linspace(-0.5, 1, 151), np.linspace(-0.5, 1.5, 201)
    at = grid(*axes)
    got, expected = build_nn_function(nn.output, nn)(at, trainer.params), exact(at)
    errors = {f"relative L2 of {name}": relative(got[:, k], expected[:, k]) for k, name in enumerate("uvp")}
    worst = {"largest of the three": max(errors.values())}
    return Solved(worst | errors, nn.params.size, trainer.steps, space_and_time(*axes, got[:, 0], expected[:, 0], ("x", "y")))


PROBLEM = Problem(
    "kovasznay",
    "Kovasznay's flow, Re = 20",
    "relative L2 of u, v and p, the largest",
    1e-5,
    (Mark("4.5e-3", "DeepXDE, its example of this flow, Adam and L-BFGS"),),
    solve,
)
