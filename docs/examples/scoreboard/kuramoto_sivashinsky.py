"""The Kuramoto-Sivashinsky equation, in the scaling of Wang, Sankaran and Perdikaris, up to t = 0.4."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import periodic
from .marching import March
from .pictures import space_and_time
from .problem import Mark, Problem, Solved, relative

MARCH = March(start=0, length=2 * np.pi, end=0.4, order=4, windows=50, steps=30, enough=1e-14, near=0.2)


def solve(seed: int, effort: float) -> Solved:
    x, t, exact = periodic.kuramoto_sivashinsky(MARCH.end)
    x, exact = x[::2], exact[::2]
    nn = periodic.network(periodic.Circle(2 * np.pi, 6), 20, 2)

    def rate(d: Sequence[Any]) -> Any:
        return -100 / 16 * d[0] * d[1] - 100 / 16**2 * d[2] - 100 / 16**4 * d[4]

    got, steps = MARCH.solve(nn, rate, lambda x: np.cos(x) * (1 + np.sin(x)), x, t, seed, effort)
    return Solved({"relative L2": relative(got, exact)}, nn.params.size, steps, space_and_time(x, t, got, exact))


PROBLEM = Problem(
    "ks",
    "Kuramoto-Sivashinsky up to t = 0.4",
    "relative L2 on 256 x 101 points",
    1e-3,
    (Mark("1.6e-1", "jaxpi, table of its README, up to t = 0.8, of which the second half is chaotic", "GPU"),),
    solve,
    "50 windows of time.  Errors grow a thousandfold until t = 0.4.",
)
