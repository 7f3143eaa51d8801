"""Models of arrays with sparse derivatives, written with this package and with CasADi, both with operations of whole arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import exprgraph as eg


class Sparse(NamedTuple):
    """``ours()`` gives the sparse matrix and its arguments; ``theirs()`` the arguments and the matrix of CasADi.

    ``data`` are the numbers of the arguments; ``order`` gives, for each of our rows and columns, that of CasADi.
    """

    ours: Callable[[], tuple[eg.SparseMatrix, list[Any]]]
    theirs: Callable[[], tuple[list[Any], Any]]
    data: list[np.ndarray]


def _rosenbrock(x: Any, total: Any) -> Any:
    return total(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock(n: int) -> Sparse:
    """The Hessian of Rosenbrock's function of n numbers."""

    def ours() -> tuple[eg.SparseMatrix, list[Any]]:
        import exprgraph as eg

        x = eg.Symbol("x", n)
        return eg.sparse_hessian(_rosenbrock(x, eg.sum), x), [x]

    def theirs() -> tuple[list[Any], Any]:
        import casadi

        x = casadi.SX.sym("x", n)
        return [x], casadi.hessian(_rosenbrock(x, casadi.sum1), x)[0]

    return Sparse(ours, theirs, [np.random.default_rng(0).uniform(-1, 1, n)])


def springs(n: int) -> Sparse:
    """The Hessian of the energy of a hanging chain: n/2 points in the plane, with springs between neighbours."""
    points = max(n // 2, 2)

    def ours() -> tuple[eg.SparseMatrix, list[Any]]:
        import exprgraph as eg

        p = eg.Symbol("p", (points, 2))
        d = p[1:] - p[:-1]
        energy = 50 * eg.sum((eg.sqrt(eg.sum(d**2, axis=1)) - 0.1) ** 2) + eg.sum(p[:, 1])
        return eg.sparse_hessian(energy, p), [p]

    def theirs() -> tuple[list[Any], Any]:
        import casadi

        p = casadi.SX.sym("p", 2, points)  # columns are stored one after another
        d = p[:, 1:] - p[:, :-1]
        energy = 50 * casadi.sum2((casadi.sqrt(casadi.sum1(d**2)) - 0.1) ** 2) + casadi.sum2(p[1, :])
        return [p], casadi.hessian(energy, casadi.vec(p))[0]

    return Sparse(ours, theirs, [np.random.default_rng(1).normal(size=(points, 2))])


def bratu(n: int) -> Sparse:
    """The Jacobian of the residual of Bratu's problem on a square grid of about n inner points."""
    m = max(round(n**0.5), 2)
    h = 1.0 / (m + 1)

    def ours() -> tuple[eg.SparseMatrix, list[Any]]:
        import exprgraph as eg

        u = eg.Symbol("u", (m, m))
        w = eg.pad(u, 1)
        residual = (w[2:, 1:-1] + w[:-2, 1:-1] + w[1:-1, 2:] + w[1:-1, :-2] - 4 * u) / h**2 + 6 * eg.exp(u)
        return eg.sparse_jacobian(residual, u), [u]

    def theirs() -> tuple[list[Any], Any]:
        import casadi

        u = casadi.SX.sym("u", m, m)  # the transpose of ours: its columns are our rows
        w = casadi.SX.zeros(m + 2, m + 2)
        w[1:-1, 1:-1] = u
        residual = (w[2:, 1:-1] + w[:-2, 1:-1] + w[1:-1, 2:] + w[1:-1, :-2] - 4 * u) / h**2 + 6 * casadi.exp(u)
        return [u], casadi.jacobian(casadi.vec(residual), casadi.vec(u))

    return Sparse(ours, theirs, [np.random.default_rng(2).uniform(size=(m, m))])


def _pendulum(lib: Any, a: Any, b: Any, va: Any, vb: Any, torque: Any) -> tuple[Any, Any]:
    """The accelerations of a double pendulum with unit masses and lengths."""
    d, g = a - b, 9.81
    s, c = lib.sin(d), lib.cos(d)
    below = 2 - c**2
    first = (-g * 2 * lib.sin(a) + g * lib.sin(b) * c - s * (vb**2 + va**2 * c) + torque) / below
    second = (2 * s * (va**2 + g * lib.cos(a)) + s * vb**2 * c - torque * c) / below
    return first, second


def collocation(n: int) -> Sparse:
    """The Hessian of the Lagrangian of a double pendulum that swings up: the trapezoidal rule, n/5 points."""
    points, h = max(n // 5, 3), 0.01

    def ours() -> tuple[eg.SparseMatrix, list[Any]]:
        import exprgraph as eg

        z, y, s = eg.Symbol("z", (points, 5)), eg.Symbol("y", (points - 1, 4)), eg.Symbol("s")
        a, b, va, vb, u = (z[:, k] for k in range(5))
        rate = eg.stack([va, vb, *_pendulum(eg, a, b, va, vb, u)], axis=1)
        defects = z[1:, :4] - z[:-1, :4] - h / 2 * (rate[1:] + rate[:-1])
        return eg.sparse_lagrangian_hessian(h * eg.sum(u**2), defects, z, y, s), [z, y, s]

    def theirs() -> tuple[list[Any], Any]:
        import casadi

        z, y, s = casadi.SX.sym("z", 5, points), casadi.SX.sym("y", 4, points - 1), casadi.SX.sym("s")
        a, b, va, vb, u = (z[k, :] for k in range(5))
        rate = casadi.vertcat(va, vb, *_pendulum(casadi, a, b, va, vb, u))
        defects = z[:4, 1:] - z[:4, :-1] - h / 2 * (rate[:, 1:] + rate[:, :-1])
        total = s * h * casadi.sum2(u**2) + casadi.sum1(casadi.sum2(y * defects))
        return [z, y, s], casadi.hessian(total, casadi.vec(z))[0]

    rng = np.random.default_rng(3)
    return Sparse(ours, theirs, [rng.normal(size=(points, 5)), rng.normal(size=(points - 1, 4)), np.array(0.7)])


def power_flow(n: int) -> Sparse:
    """The Jacobian of the AC power balance of n/2 buses: a ring, and as many lines again between buses near each other."""
    buses = max(n // 2, 4)
    rng = np.random.default_rng(4)
    away = rng.integers(2, max(3, min(20, buses // 2)), buses)
    start = np.concatenate([np.arange(buses), np.arange(buses)])
    stop = np.concatenate([(np.arange(buses) + 1) % buses, (np.arange(buses) + away) % buses])
    g, b = rng.uniform(0.5, 1.5, len(start)), -rng.uniform(5, 10, len(start))

    def flows(lib: Any, at: Any, bt: Any, va: Any, vb: Any) -> tuple[Any, Any]:
        c, s = lib.cos(at - bt), lib.sin(at - bt)
        return g * va**2 - va * vb * (g * c + b * s), -b * va**2 - va * vb * (g * s - b * c)

    def ours() -> tuple[eg.SparseMatrix, list[Any]]:
        import exprgraph as eg

        t, v = eg.Symbol("t", buses), eg.Symbol("v", buses)
        p1, q1 = flows(eg, t[start], t[stop], v[start], v[stop])
        p2, q2 = flows(eg, t[stop], t[start], v[stop], v[start])
        at = np.concatenate([start, stop])
        p, q = (np.bincount(at, weights=eg.concatenate(both), minlength=buses) for both in ((p1, p2), (q1, q2)))
        return eg.sparse_jacobian(eg.concatenate([p, q]), [t, v]), [t, v]

    def theirs() -> tuple[list[Any], Any]:
        import casadi

        t, v = casadi.SX.sym("t", buses), casadi.SX.sym("v", buses)
        i, j = start.tolist(), stop.tolist()
        one, two = (casadi.DM.triplet(k, range(len(k)), np.ones(len(k)), buses, len(k)) for k in (i, j))
        p1, q1 = flows(casadi, t[i], t[j], v[i], v[j])
        p2, q2 = flows(casadi, t[j], t[i], v[j], v[i])
        balance = casadi.vertcat(one @ p1 + two @ p2, one @ q1 + two @ q2)
        return [t, v], casadi.jacobian(balance, casadi.vertcat(t, v))

    return Sparse(ours, theirs, [rng.normal(size=buses) * 0.2, rng.uniform(0.9, 1.1, buses)])


#: by name: of about n variables
WORKLOADS: dict[str, Callable[[int], Sparse]] = {
    "rosenbrock": rosenbrock, "springs": springs, "bratu": bratu, "collocation": collocation, "power flow": power_flow,
}  # fmt: skip
