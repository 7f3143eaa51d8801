"""A DeepONet of the antiderivative: from 100 values of a random function to its integral at any point."""

from __future__ import annotations

from typing import Any

import numpy as np

import exprgraph as eg
from symnn import Chain, Dense, LevenbergMarquardt, NeuralNetworkParameters, ResidualTerm, SymbolicNeuralNetwork, build_nn_function, train

from .pictures import along
from .problem import Mark, Problem, Solved

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
    # the operator is linear, and so is the branch: without a hidden layer
    branch = SymbolicNeuralNetwork(Chain(Dense(100, WIDTH, "identity")))
    trunk = SymbolicNeuralNetwork(Chain(Dense(1, 32), Dense(32, WIDTH)))
    raise NotImplementedError
