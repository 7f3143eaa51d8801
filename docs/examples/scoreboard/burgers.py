"""Burgers' equation with a shock, u_t + u u_x = (0.01 / pi) u_xx."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import periodic, references
from .marching import March
from .pictures import space_and_time
from .problem import Mark, Problem, Solved, relative

NU = 0.01 / np.pi
MARCH = March(start=-1, length=2, end=1, order=2, windows=50, steps=90, enough=3e-14, near=0.35, half=True, modes=3072)


def solve(seed: int, effort: float) -> Solved:
    """The solution is odd, and so it has the period 2 and is zero at -1, 0 and 1."""
    x, t = np.linspace(-1, 1, 257), np.linspace(0, 1, 101)
    exact = references.burgers(*np.meshgrid(x, t, indexing="ij"), NU)
    nn = periodic.network(periodic.Circle(2, 4), 20, 2)

    def rate(d: Sequence[Any]) -> Any:
        return -d[0] * d[1] + NU * d[2]

    got, steps = MARCH.solve(nn, rate, lambda x: -np.sin(np.pi * x), x, t, seed, effort, output=periodic.odd_part(nn))
    errors = {"relative L2": relative(got, exact), "largest": float(np.abs(got - exact).max())}
    return Solved(errors, nn.params.size, steps, space_and_time(x, t, got, exact))


PROBLEM = Problem(
    "burgers",
    "Burgers, nu = 0.01/pi",
    "relative L2 on 257 x 101 points",
    1e-6,
    (
        Mark("6.7e-4", "Raissi, Perdikaris, Karniadakis, J. Comput. Phys. 378 (2019), L-BFGS"),
        Mark("1e-4 to 1e-8", "Kiyani et al., arXiv 2501.16371, self-scaled Broyden methods", "GPU"),
    ),
    solve,
    "50 windows of time; the network's odd part, so that the boundary values hold.  With one network for all times and twice the "
    "time 6e-6 were reached; with 10 windows 1e-6.  Half of the points near the shock from the beginning on led that network to a "
    "shock at another place.",
)
