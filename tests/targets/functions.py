"""The functions that are saved for every target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

import exprgraph as eg
from symnn import Chain, Dense, Gradient, Hessian, Jacobian, SymbolicNeuralNetwork, build_nn_function, derivative


class Case(NamedTuple):
    """A function, and numbers for some of its arguments."""

    function: Any
    params: Any = None


def network() -> Case:
    """A network with its first and second derivatives, and its parameters as numbers."""
    nn = SymbolicNeuralNetwork(Chain(Dense(3, 16, "tanh"), Dense(16, 16, "gelu"), Dense(16, 1)))
    ps = nn.chain.initial_parameters(seed=0)
    results = {"value": nn.output, "jacobian": derivative(Jacobian(nn)), "hessian": derivative(Hessian(nn))}
    return Case(build_nn_function(results, nn), ps)


def loss() -> Case:
    """A mean over samples with its gradient by the parameters, which are an argument."""
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 8, "softplus"), Dense(8, 2)))
    error = eg.over_samples.mean(eg.sum((nn.output - eg.sin(nn.input)) ** 2))
    return Case(build_nn_function({"loss": error, "gradient": derivative(Gradient(error, nn))}, nn))


def mechanics() -> Case:
    """Accelerations of a double pendulum by a linear system, an angle far away, and a distribution."""
    q, v, k = eg.Symbol("q", 2, per_sample=True), eg.Symbol("v", 2, per_sample=True), eg.Symbol("k", 3)
    c = eg.cos(q[0] - q[1])
    mass = eg.stack([eg.stack([k[0] + k[1], k[1] * c]), eg.stack([k[1] * c, k[1]])])
    force = eg.stack([-eg.sin(q[0]), -eg.sin(q[1])]) * k[:2] - v * k[2]
    a = eg.solve(mass, force)
    far = eg.sin(eg.stack([q[0], 2.0**40 + 0 * q[1]]))
    return Case(eg.compile({"a": a, "by_q": eg.jacobian(a, q), "far": far, "p": eg.softmax(q * v), "m": eg.max(v)}, (q, v, k)))


def products() -> Case:
    """Products of matrices in all orders of memory, in blocks, of all samples, and of two matrices of each."""
    a, b, w = eg.Symbol("a", (40, 37)), eg.Symbol("b", (45, 37)), eg.Symbol("w", (99, 18))
    x, y = eg.Symbol("x", (6, 37), per_sample=True), eg.Symbol("y", (9, 6), per_sample=True)
    results = {"ab": a @ b.T, "w": w @ w.T, "xa": x @ a.T, "yx": y @ x, "row": a[0] @ b.T}
    return Case(eg.compile(results, (x, y, a, b, w)))


def springs() -> Case:
    """The sparse second derivatives of springs between points of the plane: even distances, and tables of positions."""
    p, k = eg.Symbol("p", (40, 2)), eg.Symbol("k", 60)
    ends = np.random.default_rng(1).integers(0, 40, (2, 60))
    d = p[ends[0]] - p[ends[1]] + 1
    energy = eg.sum(k * (eg.sqrt(eg.sum(d**2, axis=1)) - 0.1) ** 2 + eg.sin(d[:, 0]))
    return Case(eg.compile({"energy": energy, "hessian": eg.sparse_hessian(energy, p).values}, (p, k)))


#: by name
CASES: Mapping[str, Callable[[], Case]] = {
    "network": network, "loss": loss, "mechanics": mechanics, "products": products, "springs": springs,
}  # fmt: skip


__all__ = ["CASES", "Case"]
