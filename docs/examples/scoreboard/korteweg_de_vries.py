"""The Korteweg-de Vries equation, u_t + u u_x + 0.022**2 u_xxx = 0, on a circle."""

from __future__ import annotations

import numpy as np

from symnn.physics import partial

from . import periodic
from .marching import March
from .pictures import space_and_time
from .problem import Mark, Problem, Solved, relative

MARCH = March(start=-1, length=2, end=1, windows=5, steps=300, points=3000)


def solve(seed: int, effort: float) -> Solved:
    x, t, exact = periodic.korteweg_de_vries()
    x, exact = x[::2], exact[::2]
    nn = periodic.network(2, 2, 24, 3)
    u, p, scale = nn.output[0], nn.input, MARCH.windows / MARCH.end
    residual = partial(u, p, 1) + (u * partial(u, p, 0) + 0.022**2 * partial(u, p, 0, 0, 0)) / scale
    got, steps = MARCH.solve(nn, u, residual, lambda x: np.cos(np.pi * x), x, t, seed, effort)
    return Solved({"relative L2": relative(got, exact)}, nn.params.size, steps, space_and_time(x, t, got, exact))


PROBLEM = Problem(
    "kdv",
    "Korteweg-de Vries, 0.022**2 u_xxx, on a circle",
    "relative L2 on 256 x 101 points",
    1e-5,
    (Mark("7e-4", "Wang et al., PirateNets, arXiv 2402.00326, and examples of jaxpi", "GPU"),),
    solve,
)
