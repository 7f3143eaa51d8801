"""Large programs in scalar style: loops over elements, as people write them for CasADi's SX.

A program takes a list of scalars and the module with ``sin`` and ``cos``, and gives a list of scalars; so it is the same text for
both packages.  ``wanted`` says what is computed of it: ``"gradient"``, the value and its gradient, or ``"jacobian"``, the values and
their sparse Jacobian.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

#: a list of scalars, and the module of functions
Program = Callable[[list[Any], Any], list[Any]]


class Large(NamedTuple):
    """A program of a size: the number of its variables, and what is wanted of it."""

    variables: int
    program: Program
    wanted: str


def chain_of_springs(n: int) -> Large:
    """n masses on nonlinear springs: energy and forces."""

    def energy(x: list[Any], m: Any) -> list[Any]:
        total = 0
        for a, b in zip(x, x[1:]):
            d = b - a
            total = total + 0.5 * d * d + 0.25 * d**4
        return [total]

    return Large(n, energy, "gradient")


def rosenbrock(n: int) -> Large:
    """Rosenbrock's function of n variables and its gradient."""

    def value(x: list[Any], m: Any) -> list[Any]:
        total = 0
        for a, b in zip(x, x[1:]):
            total = total + 100 * (b - a**2) ** 2 + (1 - a) ** 2
        return [total]

    return Large(n, value, "gradient")


def _double_pendulum(s: list[Any], u: Any, m: Any) -> list[Any]:
    """The derivative of the state of two pendulums of equal masses and lengths, with a torque at the first."""
    a, b, p, q = s
    d = a - b
    sd, cd = m.sin(d), m.cos(d)
    below = 3 - m.cos(2 * d)
    first = (-3 * 9.81 * m.sin(a) - 9.81 * m.sin(a - 2 * b) - 2 * sd * (q * q + p * p * cd) + u) / below
    second = (2 * sd * (2 * p * p + 2 * 9.81 * m.cos(a) + q * q * cd)) / below
    return [p, q, first, second]


def collocation(n: int) -> Large:
    """n intervals of a double pendulum by the trapezoidal rule: the defects and their sparse Jacobian."""
    h = 0.01

    def defects(x: list[Any], m: Any) -> list[Any]:
        states = [x[5 * k : 5 * k + 4] for k in range(n + 1)]
        slopes = [_double_pendulum(s, x[5 * k + 4], m) for k, s in enumerate(states)]
        return [
            states[k + 1][i] - states[k][i] - 0.5 * h * (slopes[k][i] + slopes[k + 1][i]) for k in range(n) for i in range(4)
        ]  # fmt: skip

    return Large(5 * (n + 1), defects, "jacobian")


def time_steps(n: int) -> Large:
    """n steps of Runge and Kutta for a double pendulum, one after another: the square of the last state and its gradient by the torques."""
    h = 0.01

    def cost(u: list[Any], m: Any) -> list[Any]:
        s: list[Any] = [0.3, -0.2, 0.0, 0.1]
        for torque in u:
            k1 = _double_pendulum(s, torque, m)
            k2 = _double_pendulum([a + 0.5 * h * k for a, k in zip(s, k1)], torque, m)
            k3 = _double_pendulum([a + 0.5 * h * k for a, k in zip(s, k2)], torque, m)
            k4 = _double_pendulum([a + h * k for a, k in zip(s, k3)], torque, m)
            s = [a + h / 6 * (p + 2 * q + 2 * r + t) for a, p, q, r, t in zip(s, k1, k2, k3, k4)]
        return [sum(a * a for a in s)]

    return Large(n, cost, "gradient")


def power_flow(n: int) -> Large:
    """The balance of active and reactive power on a synthetic grid of n buses, with its sparse Jacobian."""
    rng = np.random.default_rng(n)
    lines = {(k, k + 1) for k in range(n - 1)}
    while len(lines) < 3 * n // 2:
        a = int(rng.integers(n))
        b = min(n - 1, a + 1 + int(rng.geometric(0.05)))
        if a != b:
            lines.add((a, b))
    listed = sorted(lines)
    g, b = rng.uniform(0.5, 2, len(listed)).tolist(), rng.uniform(-20, -5, len(listed)).tolist()
    loads = rng.uniform(-0.1, 0.1, (2, n)).tolist()

    def balance(x: list[Any], m: Any) -> list[Any]:
        angle, voltage = x[:n], x[n:]
        active, reactive = list(loads[0]), list(loads[1])
        for (i, k), gk, bk in zip(listed, g, b):
            both = voltage[i] * voltage[k]
            c, s = m.cos(angle[i] - angle[k]), m.sin(angle[i] - angle[k])
            for here, sine in ((i, s), (k, -s)):
                square = voltage[here] ** 2
                active[here] = active[here] + gk * square - both * (gk * c + bk * sine)
                reactive[here] = reactive[here] - bk * square - both * (gk * sine - bk * c)
        return active + reactive

    return Large(2 * n, balance, "jacobian")


def bodies(n: int) -> Large:
    """The potential of n bodies in three dimensions, softened, and its gradient."""

    def potential(x: list[Any], m: Any) -> list[Any]:
        total = 0
        for i in range(n):
            for j in range(i):
                square = 1e-3
                for axis in range(3):
                    d = x[3 * i + axis] - x[3 * j + axis]
                    square = square + d * d
                total = total - 1 / m.sqrt(square)
        return [total]

    return Large(3 * n, potential, "gradient")


def random_graph(n: int) -> Large:
    """n random operations, each on two of the 200 values before it, and the gradient of their end."""
    rng = np.random.default_rng(7)
    count = max(4, n // 20)

    def value(x: list[Any], m: Any) -> list[Any]:
        values = list(x)
        for kind in rng.integers(5, size=n).tolist():
            first = max(0, len(values) - 200)
            a, b = (values[k] for k in rng.integers(first, len(values), 2).tolist())
            if kind < 3:
                values.append([a + b, 0.5 * a * b, m.sin(a)][kind])
            else:
                values.append(a - 0.3 * b if kind == 3 else a / (1.5 + m.cos(b)))
        total = values[-50]
        for v in values[-49:]:
            total = total + v
        return [total]

    return Large(count, value, "gradient")


def tree(n: int) -> Large:
    """n random operations, each of whose values is read once, and the gradient of the last one."""
    rng = np.random.default_rng(3)

    def value(x: list[Any], m: Any) -> list[Any]:
        values = list(x)
        while len(values) > 1:
            at, kind = int(rng.integers(max(1, len(values) - 1))), int(rng.integers(5))
            values[at], values[-1] = values[-1], values[at]
            a, b = values.pop(), values.pop()
            made = [a + b, 0.5 * a * b, m.sin(a) - b, a - 0.3 * b, a / (1.5 + m.cos(b))][kind]
            values.insert(int(rng.integers(len(values) + 1)), made)
        return values

    return Large(n + 1, value, "gradient")


#: by title: the program of a size, and the sizes of the table
LARGE: dict[str, tuple[Callable[[int], Large], tuple[int, ...]]] = {
    "chain of springs": (chain_of_springs, (10, 100, 1000, 10_000, 100_000)),
    "Rosenbrock": (rosenbrock, (10, 100, 1000, 10_000, 100_000)),
    "collocation": (collocation, (10, 100, 1000, 10_000)),
    "time steps": (time_steps, (10, 100, 1000)),
    "power flow": (power_flow, (10, 100, 1000, 10_000)),
    "bodies": (bodies, (5, 20, 100)),
    "random graph": (random_graph, (100, 1000, 10_000)),
    "tree": (tree, (100, 1000, 10_000)),
}
