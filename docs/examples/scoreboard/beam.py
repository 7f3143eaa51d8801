"""A cantilever under constant load, u'''' = -1: clamped at 0, free at 1."""

from __future__ import annotations

import numpy as np

from symnn import Chain, Dense, LevenbergMarquardt, SymbolicNeuralNetwork, build_nn_function
from symnn.physics import partial, residual_terms

from .fitting import least_squares
from .pictures import along
from .problem import Mark, Problem, Solved, relative


def solve(seed: int, effort: float) -> Solved:
    nn = SymbolicNeuralNetwork(Chain(Dense(1, 12), Dense(12, 1, "identity")))
    p = nn.input
    u = p[0] ** 2 * nn.output[0]  # clamped at 0
    end = {p: np.array([[1.0]])}
    terms = residual_terms({
        "equation": (partial(u, p, 0, 0, 0, 0) + 1, {p: np.linspace(0, 1, 60)[:, None]}),
        "no moment": (partial(u, p, 0, 0), end, 10.0),
        "no force": (partial(u, p, 0, 0, 0), end, 10.0),
    })  # fmt: skip
    trainer = least_squares(nn, terms, seed, max(1, round(1000 * effort)), optimizer=LevenbergMarquardt(method="qr", acceleration=True))
    x = np.linspace(0, 1, 1001)
    got, exact = build_nn_function(u, nn)(x[:, None], trainer.params), -(x**4) / 24 + x**3 / 6 - x**2 / 4
    return Solved({"relative L2": relative(got, exact)}, nn.params.size, trainer.steps, along(x, got, exact))


PROBLEM = Problem(
    "beam",
    "Euler beam, u'''' = -1",
    "relative L2 on 1,001 points",
    1e-8,
    (Mark("5.8e-4", "DeepXDE, its example of this beam, Adam"),),
    solve,
)
