"""Functions in C: the same written with this package, and with CasADi as its experts write it, in scalars (SX) with common parts found."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

import exprgraph as eg
from exprgraph import Node
from symnn import Chain, Dense, Gradient, Jacobian, SymbolicNeuralNetwork, derivative


class Workload(NamedTuple):
    """``ours()`` are expressions of the symbols; ``theirs()`` is a CasADi function ``f`` of them, each of its results as one column.

    A column has the elements of ours in row-major order.  The symbols that ``differ`` have another value for each sample.
    """

    title: str
    symbols: tuple[Node | eg.Argument, ...]
    differ: tuple[bool, ...]
    ours: Callable[[], list[Node]]
    theirs: Callable[[], Any]
    data: tuple[np.ndarray, ...]
    samples: int = 1


# ---------------------------------------------------------------- networks


def _size(dims: list[int]) -> int:
    return sum(o * (i + 1) for i, o in zip(dims[:-1], dims[1:]))


def _network(dims: list[int]) -> tuple[SymbolicNeuralNetwork, eg.Argument]:
    """A network, and its parameters as one vector."""
    layers = [Dense(i, o, "tanh") for i, o in zip(dims[:-2], dims[1:-1])]
    nn = SymbolicNeuralNetwork(Chain(*layers, Dense(dims[-2], dims[-1], "identity")))
    return nn, eg.packed("theta", nn.params.leaves().values())


def _in_casadi(dims: list[int]) -> tuple[Any, Any, Any, Any]:
    import casadi as ca

    theta, x, at = ca.SX.sym("theta", _size(dims)), ca.SX.sym("x", dims[0]), 0
    y = x
    for k, (i, o) in enumerate(zip(dims[:-1], dims[1:])):
        y = ca.reshape(theta[at : at + i * o], i, o).T @ y + theta[at + i * o : at + i * o + o]
        y = ca.tanh(y) if k < len(dims) - 2 else y
        at += i * o + o
    return ca, theta, x, y


def _parameters(dims: list[int]) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(_size(dims)) / np.sqrt(max(dims))


def hessian(dims: list[int]) -> Workload:
    nn, theta = _network(dims)

    def ours() -> list[Node]:
        y = nn.output[0]
        return [y, eg.gradient(y, nn.input), eg.hessian(y, nn.input)]

    def theirs() -> Any:
        ca, p, z, y = _in_casadi(dims)
        H, g = ca.hessian(y, z)
        return ca.Function("f", [z, p], [y, g, ca.vec(ca.densify(H))], {"cse": True})

    data = np.random.default_rng(1).uniform(-1, 1, dims[0]), _parameters(dims)
    return Workload(f"value, gradient, Hessian of {'-'.join(map(str, dims))}", (nn.input, theta), (True, False), ours, theirs, data)


def parameters_of_jacobian(dims: list[int], samples: int) -> Workload:
    nn, theta = _network(dims)

    def ours() -> list[Node]:
        return [derivative(Gradient(Jacobian(nn), nn)).flat]

    def theirs() -> Any:
        ca, p, z, y = _in_casadi(dims)
        J = ca.jacobian(y, z)
        return ca.Function("f", [z, p], [ca.vec(ca.densify(ca.jacobian(ca.vec(J.T), p).T))], {"cse": True})

    data = np.random.default_rng(1).uniform(-1, 1, (samples, dims[0])), _parameters(dims)
    title = f"the Jacobian of {'-'.join(map(str, dims))} by its parameters, {samples} samples"
    return Workload(title, (nn.input, theta), (True, False), ours, theirs, data, samples)


def hamiltonian(dims: list[int]) -> Workload:
    nn, theta = _network(dims)
    v, n = eg.Symbol("v", dims[0]), dims[0] // 2

    def ours() -> list[Node]:
        g = eg.gradient(nn.output[0], nn.input)
        loss = eg.sum((eg.concatenate([g[n:], -g[:n]]) - v) ** 2)
        return [loss, derivative(Gradient(loss, nn)).flat]

    def theirs() -> Any:
        ca, p, z, y = _in_casadi(dims)
        u, g = ca.SX.sym("v", dims[0]), ca.gradient(y, z)
        loss = ca.sumsqr(ca.vertcat(g[n:], -g[:n]) - u)
        return ca.Function("f", [z, u, p], [loss, ca.gradient(loss, p)], {"cse": True})

    rng = np.random.default_rng(1)
    data = rng.uniform(-1, 1, dims[0]), rng.uniform(-1, 1, dims[0]), _parameters(dims)
    title = f"Hamiltonian loss and gradient of {'-'.join(map(str, dims))}, one sample"
    return Workload(title, (nn.input, v, theta), (True, True, False), ours, theirs, data)


# ---------------------------------------------------------------- general expressions


def _of_scalars(title: str, n: int, f: Callable[[list[Any], Any], list[Any]], tridiagonal: bool = False) -> Workload:
    """Values and dense Jacobian of f; or gradient and Hessian's non-zeros of a sum with a tridiagonal one."""
    x = eg.Symbol("x", n)
    functions = {k: getattr(eg, k) for k in ("sin", "cos", "sqrt")}

    def ours() -> list[Node]:
        values = eg.stack(f([x[i] for i in range(n)], SimpleNamespace(**functions)))
        if not tridiagonal:
            return [values, eg.jacobian(values, x)]
        g = eg.gradient(values[0], x)
        H = eg.jacobian(g, x)
        return [g, eg.stack([H[i, i] for i in range(n)]), eg.stack([H[i, i + 1] for i in range(n - 1)])]

    def theirs() -> Any:
        import casadi as ca

        z = ca.SX.sym("x", n)
        values = ca.vertcat(*f([z[i] for i in range(n)], ca))
        if tridiagonal:
            H, g = ca.hessian(values, z)
            diagonals = ca.vertcat(*(H[i, i] for i in range(n))), ca.vertcat(*(H[i, i + 1] for i in range(n - 1)))
            return ca.Function("f", [z], [ca.densify(e) for e in (g, *diagonals)], {"cse": True})
        return ca.Function("f", [z], [values, ca.vec(ca.densify(ca.jacobian(values, z).T))], {"cse": True})

    return Workload(title, (x,), (True,), ours, theirs, (np.random.default_rng(11).uniform(-1, 1, n),))


def _harmonics(order: int) -> Callable[[list[Any], Any], list[Any]]:
    """Real solid harmonics by recurrences."""

    def f(xs: list[Any], m: Any) -> list[Any]:
        x, y, z = xs
        r2 = x * x + y * y + z * z
        c, s, P = [1.0 + 0 * x], [0 * x], {}
        for k in range(order):
            c.append(x * c[k] - y * s[k])
            s.append(x * s[k] + y * c[k])
        for i in range(order + 1):
            P[i, i] = float(math.prod(range(1, 2 * i, 2)))
            for n in range(i + 1, order + 1):
                P[n, i] = ((2 * n - 1) * z * P[n - 1, i] - ((n + i - 1) * r2 * P[n - 2, i] if n > i + 1 else 0.0)) / float(n - i)
        return [P[n, abs(i)] * (c[i] if i >= 0 else s[-i]) for n in range(order + 1) for i in range(-n, n + 1)]

    return f


def _arm(xs: list[Any], m: Any) -> list[Any]:
    """Position and orientation of the tool of an arm with seven joints."""
    lengths, turns = (0.34, 0.0, 0.4, 0.0, 0.4, 0.0, 0.126), (-1, 1, 1, -1, -1, 1, 0)
    R: Any = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    p: Any = [0.0, 0.0, 0.0]

    def dot(row: list[Any], column: list[Any]) -> Any:
        found = 0.0
        for a, b in zip(row, column):
            if not (isinstance(a, float) and a == 0.0) and not (isinstance(b, float) and b == 0.0):
                found = a * b if isinstance(found, float) and found == 0.0 else found + a * b
        return found

    for q, d, turn in zip(xs, lengths, turns):
        c, s = m.cos(q), m.sin(q)
        p = [a + R[i][2] * d if d else a for i, a in enumerate(p)]
        M = [[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]] if not turn else [[c, 0.0, s * turn], [s, 0.0, -c * turn], [0.0, float(turn), 0.0]]
        R = [[dot(R[i], [M[k][j] for k in range(3)]) for j in range(3)] for i in range(3)]
    return [*p, *(R[i][j] for i in range(3) for j in range(3))]


def _bodies(count: int) -> Callable[[list[Any], Any], list[Any]]:
    """Velocities and accelerations of bodies that attract each other."""
    masses = np.random.default_rng(5).uniform(0.5, 2, count).tolist()

    def f(xs: list[Any], m: Any) -> list[Any]:
        q, v = [xs[3 * i : 3 * i + 3] for i in range(count)], xs[3 * count :]
        a: list[list[Any]] = [[0.0, 0.0, 0.0] for _ in range(count)]
        for i in range(count):
            for j in range(i):
                d = [q[i][k] - q[j][k] for k in range(3)]
                r2 = d[0] * d[0] + d[1] * d[1] + d[2] * d[2]
                w = 1.0 / (r2 * m.sqrt(r2))
                for k in range(3):
                    a[i][k] = a[i][k] - masses[j] * w * d[k]
                    a[j][k] = a[j][k] + masses[i] * w * d[k]
        return [*v, *(e for own in a for e in own)]

    return f


def _rosenbrock(xs: list[Any], m: Any) -> list[Any]:
    return [sum(100.0 * (b - a * a) * (b - a * a) + (1.0 - a) * (1.0 - a) for a, b in zip(xs[:-1], xs[1:]))]


WORKLOADS = (
    lambda: hessian([4, 32, 32, 1]),
    lambda: parameters_of_jacobian([3, 16, 16, 2], 64),
    lambda: hamiltonian([4, 32, 32, 1]),
    lambda: _of_scalars("an arm of 7 joints, value and Jacobian", 7, _arm),
    lambda: _of_scalars("harmonics to order 10, value and Jacobian", 3, _harmonics(10)),
    lambda: _of_scalars("six bodies, value and Jacobian", 36, _bodies(6)),
    lambda: _of_scalars("Rosenbrock's function of 100, gradient and Hessian", 100, _rosenbrock, tridiagonal=True),
)

__all__ = ["WORKLOADS", "Workload"]
