"""A decaying flow on a torus: both coefficients of the Navier-Stokes equations from scattered velocities.

The data are our own: a spectral solution from two vortices and a shear, at viscosity 0.02.  A Taylor-Green flow would not do: its
convection is balanced by the pressure, which is unknown, so that the first coefficient could be any number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import exprgraph as eg
from symnn import Chain, Dense, Layer, SymbolicNeuralNetwork, Unknown, build_nn_function
from symnn.physics import partial, residual_terms

from . import references
from .fitting import grid, least_squares
from .pictures import space_and_time
from .problem import Mark, Problem, Solved

NU, SIZE = 0.02, 64


@dataclass(frozen=True)
class Torus(Layer):
    """From (x, y, t) to sines and cosines of x and y, and t: what follows has the period 2 pi in x and y."""

    input_size = 3

    def __call__(self, x: Any, ps: Any) -> Any:
        return eg.stack([eg.cos(x[0]), eg.sin(x[0]), eg.cos(x[1]), eg.sin(x[1]), x[2]])


def flow(times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both velocities on the grid, of shape (times, SIZE, SIZE) each."""
    k = references.wavenumbers(SIZE, 2 * np.pi)
    kx, ky = k[:, None] + 0 * k, k + 0 * k[:, None]
    square = np.where(kx**2 + ky**2 == 0, 1, kx**2 + ky**2)
    keep = references.dealiased(SIZE)[:, None] * references.dealiased(SIZE)
    a = 2 * np.pi * np.arange(SIZE) / SIZE
    x, y = a[:, None], a[None, :]
    vorticity = 2 * np.cos(x) * np.cos(y) + np.sin(2 * x + y) + 0.5 * np.cos(x - 2 * y)

    def velocities(w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        psi = w.reshape(*w.shape[:-1], SIZE, SIZE) / square
        return np.fft.ifft2(1j * ky * psi).real, np.fft.ifft2(-1j * kx * psi).real

    def nonlinear(w: np.ndarray) -> np.ndarray:
        u, v = velocities(w)
        full = w.reshape(SIZE, SIZE)
        convection = u * np.fft.ifft2(1j * kx * full).real + v * np.fft.ifft2(1j * ky * full).real
        return -(keep * np.fft.fft2(convection)).ravel()

    linear = -NU * (kx**2 + ky**2).ravel()
    return velocities(references.etdrk4(np.fft.fft2(vorticity).ravel(), linear, nonlinear, times, 10))


def solve(seed: int, effort: float) -> Solved:
    rng = np.random.default_rng([seed, 7])
    times = np.linspace(0, 1, 51)
    u_true, v_true = flow(times)
    nn = SymbolicNeuralNetwork(Chain(Torus(), Dense(5, 20), Dense(20, 20), Dense(20, 20), Dense(20, 2, "identity")))
    convection, viscosity = Unknown("convection", 0.5), Unknown("viscosity", 0.1)
    x, measured = nn.input, eg.Symbol("measured", 2, per_sample=True)
    psi, p = nn.output[0], nn.output[1]
    u, v = partial(psi, x, 1), -partial(psi, x, 0)  # without divergence

    def momentum(w: Any, axis: int) -> Any:
        moved = convection * (u * partial(w, x, 0) + v * partial(w, x, 1))
        return partial(w, x, 2) + moved + partial(p, x, axis) - viscosity * (partial(w, x, 0, 0) + partial(w, x, 1, 1))

    n = 1500
    i, j, k = rng.integers(0, SIZE, n), rng.integers(0, SIZE, n), rng.integers(0, len(times), n)
    step = 2 * np.pi / SIZE
    at = np.stack([i * step, j * step, times[k]], axis=1)
    data = {x: at, measured: np.stack([u_true[k, i, j], v_true[k, i, j]], axis=1)}

    def draw(rng: np.random.Generator, step: int = 0) -> Any:
        return [{x: rng.uniform([0, 0, 0], [2 * np.pi, 2 * np.pi, 1], (1000, 3))}, data]

    inside, _ = draw(rng)
    flowing = eg.stack([momentum(u, 0), momentum(v, 1)])
    terms = residual_terms({"momentum": (flowing, inside), "data": (eg.stack([u, v]) - measured, data)})
    trainer = least_squares({"flow": nn, "convection": convection, "viscosity": viscosity}, terms, seed, max(1, round(120 * effort)), draw)
    off = {
        "convection": abs(float(trainer.params.convection) - 1),
        "viscosity": abs(float(trainer.params.viscosity) / NU - 1),
    }
    axis = np.arange(SIZE) * step
    points = np.concatenate([grid(axis, axis), np.ones((SIZE**2, 1))], axis=1)
    picture = space_and_time(axis, axis, build_nn_function(u, nn)(points, trainer.params.flow), u_true[-1], ("x", "y"))
    return Solved({"largest": max(off.values()), **off}, trainer.params.size, trainer.steps, picture)


PROBLEM = Problem(
    "navier-stokes",
    "Navier-Stokes on a torus, both coefficients from 1,500 velocities",
    "relative error of a coefficient, the larger one",
    5e-3,
    (Mark("0.2 % and 5 %", "Raissi, Perdikaris, Karniadakis, J. Comput. Phys. 378 (2019), flow around a cylinder, 5,000 points"),),
    solve,
    "The data are our own, without noise: two vortices and a shear that decay.",
)
