"""The Kuramoto-Sivashinsky equation, in the scaling of Wang, Sankaran and Perdikaris, up to t = 0.4."""

from __future__ import annotations

import numpy as np

from symnn.physics import partial

from . import periodic
from .marching import March
from .pictures import space_and_time
from .problem import Mark, Problem, Solved, relative

MARCH = March(start=0, length=2 * np.pi, end=0.4, windows=10, steps=200, points=3000)


def solve(seed: int, effort: float) -> Solved:
    x, t, exact = periodic.kuramoto_sivashinsky(MARCH.end)
    x, exact = x[::2], exact[::2]
    nn = periodic.network(2 * np.pi, 5, 24, 3)
    u, p, scale = nn.output[0], nn.input, MARCH.windows / MARCH.end
    rest = 100 / 16 * u * partial(u, p, 0) + 100 / 16**2 * partial(u, p, 0, 0) + 100 / 16**4 * partial(u, p, 0, 0, 0, 0)
    got, steps = MARCH.solve(nn, u, partial(u, p, 1) + rest / scale, lambda x: np.cos(x) * (1 + np.sin(x)), x, t, seed, effort)
    return Solved({"relative L2": relative(got, exact)}, nn.params.size, steps, space_and_time(x, t, got, exact))


PROBLEM = Problem(
    "ks",
    "Kuramoto-Sivashinsky up to t = 0.4",
    "relative L2 on 256 x 101 points",
    1e-3,
    (Mark("1.6e-1", "jaxpi, table of its README, up to t = 0.8, of which the second half is chaotic", "GPU"),),
    solve,
)
