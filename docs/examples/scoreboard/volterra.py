"""Volterra's equation with a derivative, u' + u = the integral of exp(s - x) u(s) from 0 to x, with u(0) = 1."""

from __future__ import annotations

import numpy as np

import exprgraph as eg
from symnn import Chain, Dense, LevenbergMarquardt, SymbolicNeuralNetwork, build_nn_function
from symnn.physics import partial, residual_terms

from .fitting import least_squares
from .pictures import along
from .problem import Mark, Problem, Solved, relative

END = 5.0


def solve(seed: int, effort: float) -> Solved:
    chain = Chain(Dense(1, 20), Dense(20, 1, "identity"))
    nn = SymbolicNeuralNetwork(chain)
    p = nn.input
    x, u = p[0], nn.output[0]
    nodes, weights = np.polynomial.legendre.leggauss(20)
    # the integral from 0 to x, by Gauss-Legendre quadrature; the network is evaluated at 20 points below x
    below = [x * (1 + node) / 2 for node in nodes]
    values = [eg.exp(s - x) * eg.substitute(u, {p: eg.stack([s])}) for s in below]
    integral = x / 2 * eg.sum(eg.stack(values) * weights)
    terms = residual_terms({
        "equation": (partial(u, p, 0) + u - integral, {p: np.linspace(0, END, 80)[:, None]}),
        "start": (u - 1, {p: np.array([[0.0]])}, 10.0),
    })  # fmt: skip
    trainer = least_squares(nn, terms, seed, max(1, round(800 * effort)), optimizer=LevenbergMarquardt(method="qr", acceleration=True))
    at = np.linspace(0, END, 1001)
    got, exact = build_nn_function(u, nn)(at[:, None], trainer.params), np.exp(-at) * np.cosh(at)
    return Solved({"relative L2": relative(got, exact)}, nn.params.size, trainer.steps, along(at, got, exact))


PROBLEM = Problem(
    "volterra",
    "Volterra's integro-differential equation",
    "relative L2 on 1,001 points",
    1e-8,
    (Mark("2.3e-4", "DeepXDE, its example of this equation, L-BFGS"),),
    solve,
)
