"""The nonlinear Schroedinger equation, i h_t + h_xx / 2 + |h|**2 h = 0, on a circle of length 10."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import exprgraph as eg

from . import periodic
from .marching import March
from .pictures import space_and_time
from .problem import Mark, Problem, Solved, relative

MARCH = March(start=-5, length=10, end=np.pi / 2, order=2, windows=50, steps=30, enough=1e-12, half=True, modes=1024, carried=50)


def solve(seed: int, effort: float) -> Solved:
    x, t, exact = periodic.schroedinger()
    x, exact = x[::8], exact[::8]
    nn = periodic.network(periodic.Circle(10, 8, even=True), 20, 2, outputs=2)

    def rate(d: Sequence[Any]) -> Any:
        u, v = d[0][0], d[0][1]
        square = u**2 + v**2
        return eg.stack([-d[2][1] / 2 - square * v, d[2][0] / 2 + square * u])

    def kink(ik: np.ndarray) -> np.ndarray:
        """Short waves without the nonlinear term: the first values have a small kink where the circle closes."""
        return periodic.short(ik, 10) * 0.5j * ik**2

    got, steps = MARCH.solve(nn, rate, lambda x: 2 / np.cosh(x) + 0j, x, t, seed, effort, linear=kink)
    modulus, size = np.abs(got), np.abs(exact)
    errors = {"relative L2 of |h|": relative(modulus, size), "relative L2 of h": relative(got, exact)}
    return Solved(errors, nn.params.size, steps, space_and_time(x, t, modulus, size))


PROBLEM = Problem(
    "schroedinger",
    "nonlinear Schroedinger, 2/cosh(x) at first",
    "relative L2 of |h| on 256 x 101 points",
    1e-4,
    (Mark("2e-3", "Raissi, Perdikaris, Karniadakis, J. Comput. Phys. 378 (2019), L-BFGS"),),
    solve,
    "50 windows of time.  As for Allen-Cahn, short waves, of the small kink where the circle closes, follow the linear part of the"
    " equation.  The data of the published marks have the same kink.",
)
