"""The nonlinear Schroedinger equation, i h_t + h_xx / 2 + |h|**2 h = 0, on a circle of length 10."""

from __future__ import annotations

import numpy as np

import exprgraph as eg
from symnn.physics import partial

from . import periodic
from .marching import March
from .pictures import space_and_time
from .problem import Mark, Problem, Solved, relative

MARCH = March(start=-5, length=10, end=np.pi / 2, windows=5, steps=300, points=3000)


def solve(seed: int, effort: float) -> Solved:
    x, t, exact = periodic.schroedinger()
    x, exact = x[::8], exact[::8]
    nn = periodic.network(10, 3, 24, 3, outputs=2)
    h, p, scale = nn.output, nn.input, MARCH.windows / MARCH.end
    u, v = h[0], h[1]
    square = u**2 + v**2
    residual = eg.stack([
        partial(u, p, 1) + (partial(v, p, 0, 0) / 2 + square * v) / scale,
        partial(v, p, 1) - (partial(u, p, 0, 0) / 2 + square * u) / scale,
    ])  # fmt: skip

    def initial(x: np.ndarray) -> np.ndarray:
        return np.stack([2 / np.cosh(x), 0 * x], axis=-1)

    got, steps = MARCH.solve(nn, h, residual, initial, x, t, seed, effort)
    modulus, size = np.hypot(got[..., 0], got[..., 1]), np.abs(exact)
    errors = {"relative L2 of |h|": relative(modulus, size), "relative L2 of h": relative(got[..., 0] + 1j * got[..., 1], exact)}
    return Solved(errors, nn.params.size, steps, space_and_time(x, t, modulus, size))


PROBLEM = Problem(
    "schroedinger",
    "nonlinear Schroedinger, 2/cosh(x) at first",
    "relative L2 of |h| on 256 x 101 points",
    1e-4,
    (Mark("2e-3", "Raissi, Perdikaris, Karniadakis, J. Comput. Phys. 378 (2019), L-BFGS"),),
    solve,
)
