"""The Allen-Cahn equation, u_t = 1e-4 u_xx - 5 u**3 + 5 u, on a circle."""

from __future__ import annotations

import numpy as np

from symnn.physics import partial

from . import periodic
from .marching import March
from .pictures import space_and_time
from .problem import Mark, Problem, Solved, relative

MARCH = March(start=-1, length=2, end=1, windows=5, steps=300, points=3000)


def solve(seed: int, effort: float) -> Solved:
    x, t, exact = periodic.allen_cahn()
    x, exact = x[::8], exact[::8]
    nn = periodic.network(2, 2, 24, 3)
    u, p, scale = nn.output[0], nn.input, MARCH.windows / MARCH.end
    residual = partial(u, p, 1) * scale - 1e-4 * partial(u, p, 0, 0) + 5 * u**3 - 5 * u
    got, steps = MARCH.solve(nn, u, residual / scale, lambda x: x**2 * np.cos(np.pi * x), x, t, seed, effort)
    return Solved({"relative L2": relative(got, exact)}, nn.params.size, steps, space_and_time(x, t, got, exact))


PROBLEM = Problem(
    "allen-cahn",
    "Allen-Cahn, 1e-4 u_xx, on a circle",
    "relative L2 on 256 x 101 points",
    1e-5,
    (
        Mark("5.4e-5", "jaxpi, table of its README", "GPU"),
        Mark("1.2e-5", "PaddleScience, its page of this example", "GPU"),
    ),
    solve,
)
