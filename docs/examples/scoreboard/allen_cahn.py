"""The Allen-Cahn equation, u_t = 1e-4 u_xx - 5 u**3 + 5 u, on a circle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import periodic
from .marching import March
from .pictures import space_and_time
from .problem import Mark, Problem, Solved, relative

MARCH = March(start=-1, length=2, end=1, order=2, windows=50, steps=60, enough=5e-16, near=0.4, half=True, modes=1024, carried=30)


def solve(seed: int, effort: float) -> Solved:
    x, t, exact = periodic.allen_cahn()
    x, exact = x[::8], exact[::8]
    nn = periodic.network(periodic.Circle(2, 4, even=True), 20, 2)

    def rate(d: Sequence[Any]) -> Any:
        return 1e-4 * d[2] - 5 * d[0] ** 3 + 5 * d[0]

    def kink(ik: np.ndarray) -> np.ndarray:
        """Short waves as at u = -1, where the first values have a kink."""
        return periodic.short(ik, 30) * (1e-4 * ik**2 - 10)

    got, steps = MARCH.solve(nn, rate, lambda x: x**2 * np.cos(np.pi * x), x, t, seed, effort, linear=kink)
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
    "50 windows of time.  The first values have a kink where the circle closes: its short waves follow the equation linearised at "
    "u = -1 until t = 0.6, and the network adds the rest.  Points are drawn where x > 0, for the solution is even.",
)
