"""Two bodies that attract each other: a Hamiltonian network, integrated over a thousand periods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import exprgraph as eg
from symnn import Chain, Dense, Layer, LevenbergMarquardt, SymbolicNeuralNetwork, build_nn_function, train
from symnn.physics import HamiltonianLoss, hamiltonian_field

from .pictures import along
from .problem import Mark, Problem, Solved


@dataclass(frozen=True)
class Relative(Layer):
    """From positions and momenta of two bodies in the plane to the distance vector and the momenta: it does not matter where they are."""

    input_size = 8

    def __call__(self, x: Any, ps: Any) -> Any:
        return eg.concatenate([x[0:2] - x[2:4], x[4:8]])


#: of the circle of radius 1
PERIOD = 4 * np.pi


def energy(z: np.ndarray) -> np.ndarray:
    """Of two unit masses with unit constant of gravitation."""
    value: np.ndarray = (z[..., 4:] ** 2).sum(-1) / 2 - 1 / np.linalg.norm(z[..., :2] - z[..., 2:4], axis=-1)
    return value


def velocity(z: np.ndarray) -> np.ndarray:
    r = z[..., :2] - z[..., 2:4]
    force = -r / np.linalg.norm(r, axis=-1, keepdims=True) ** 3
    return np.concatenate([z[..., 4:], force, -force], axis=-1)


def states(rng: np.random.Generator, n: int) -> np.ndarray:
    """Near circular orbits about the common centre, of radii from 0.5 to 1.5 and any phase (after Greydanus et al., 2019)."""
    radius, phase = rng.uniform(0.5, 1.5, n), rng.uniform(0, 2 * np.pi, n)
    at = radius[:, None] * np.stack([np.cos(phase), np.sin(phase)], 1)
    speed = 1 / (2 * np.sqrt(radius))  # on a circle
    along_it = speed[:, None] * np.stack([-np.sin(phase), np.cos(phase)], 1)
    kick = 1 + 0.1 * rng.uniform(-1, 1, (n, 2))
    return np.concatenate([at, -at, along_it * kick, -along_it * kick], axis=1)


def drift(field: Callable[[np.ndarray], np.ndarray], start: np.ndarray, periods: int) -> np.ndarray:
    """The relative change of the true energy after each period, by the classical Runge-Kutta method with 400 steps a period."""
    now, energies, h = start, [energy(start)], PERIOD / 400
    for _ in range(periods):
        for _ in range(400):
            a = field(now)
            b = field(now + h / 2 * a)
            c = field(now + h / 2 * b)
            now = now + h / 6 * (a + 2 * b + 2 * c + field(now + h * c))
        energies.append(energy(now))
    return np.array(energies) / energies[0] - 1


def solve(seed: int, effort: float) -> Solved:
    rng = np.random.default_rng([seed, 3])
    nn = SymbolicNeuralNetwork(Chain(Relative(), Dense(6, 24), Dense(24, 24), Dense(24, 1, "identity")))
    z = states(rng, 400)
    optimizer = LevenbergMarquardt(acceleration=True)
    epochs = max(1, round(300 * effort))
    found = train(nn, HamiltonianLoss(), (z, velocity(z)), optimizer=optimizer, epochs=epochs, rng=seed, progress=False)
    field = build_nn_function(hamiltonian_field(nn), nn)
    changes = {}
    for orbit, speed in (("circle", 0.5), ("ellipse", 0.52)):
        start = np.array([1, 0, -1, 0, 0, speed, 0, -speed])
        changes[orbit] = drift(lambda z: field(z, found.params), start, max(1, round(1000 * min(effort, 1.0))))
    largest = {f"on the {orbit}": float(np.abs(change).max()) for orbit, change in changes.items()}
    at = np.arange(len(changes["circle"]))
    picture = along(at, 1 + changes["ellipse"], 1 + 0 * at, "periods")
    return Solved({"largest": max(largest.values()), **largest}, nn.params.size, found.epochs, picture)


PROBLEM = Problem(
    "two-body",
    "two bodies, a Hamiltonian network over 1,000 periods, on a circle and on an ellipse",
    "largest relative change of the true energy",
    1e-4,
    (Mark("3.9e-5 (mean square, 50 time units)", "Greydanus, Dzamba, Yosinski, Hamiltonian neural networks, NeurIPS 2019"),),
    solve,
    "The network takes distance and momenta of the bodies, so that the total momentum is kept.  The ellipse begins with 4 % more speed.",
)
