"""JAX as an oracle: random networks, and every composition of their derivatives."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import Node

jax = pytest.importorskip("jax", reason="JAX is an oracle here, where it is installed")
jnp = pytest.importorskip("jax.numpy")
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")

ACTIVATIONS: dict[str, tuple[Any, Any]] = {
    "tanh": (eg.tanh, jnp.tanh),
    "sigmoid": (eg.sigmoid, jax.nn.sigmoid),
    "softplus": (eg.softplus, jax.nn.softplus),
    "gelu": (eg.gelu, lambda x: jax.nn.gelu(x, approximate=False)),
    "silu": (eg.silu, jax.nn.silu),
    "erf": (eg.erf, jax.lax.erf),
    "sin": (eg.sin, jnp.sin),
    "relu": (eg.relu, jax.nn.relu),
    "atan": (eg.atan, jnp.arctan),
    "a function": (lambda x: x * eg.exp(-(x**2)), lambda x: x * jnp.exp(-(x**2))),
    "identity": (lambda x: x, lambda x: x),
}


LOGITS = eg.Symbol("logits", 4)
#: functions of probabilities, and two that scale
ALONG: dict[str, tuple[Any, Any]] = {
    "norm": (eg.norm(LOGITS), jnp.linalg.norm),
    "softmax": (eg.softmax(LOGITS), jax.nn.softmax),
    "log_softmax": (eg.log_softmax(LOGITS), jax.nn.log_softmax),
    "logsumexp": (eg.logsumexp(LOGITS), jax.nn.logsumexp),
    "log_sigmoid": (eg.log_sigmoid(LOGITS), jax.nn.log_sigmoid),
    "logaddexp": (eg.logaddexp(LOGITS[:2], LOGITS[2:]), lambda x: jnp.logaddexp(x[:2], x[2:])),
    "xlogy": (eg.xlogy(LOGITS[:2], abs(LOGITS[2:])), lambda x: jax.scipy.special.xlogy(x[:2], jnp.abs(x[2:]))),
    "std": (eg.std(LOGITS), jnp.std),
}


@pytest.mark.one_in(8)
@pytest.mark.parametrize("name", ALONG)
def test_functions_of_probabilities(name: str) -> None:
    """To the third derivative, away from the tails, where JAX's digits end."""
    ours, theirs = ALONG[name]
    for seed in range(2):
        at = np.random.default_rng(seed).normal(size=4)
        mine, f = ours, theirs
        for _ in range(4):
            close(eg.evaluate(mine, {LOGITS: at}), f(at), 1e-10)
            close(eg.compile(mine, LOGITS)(at), f(at), 1e-10)
            mine, f = eg.jacobian(mine, LOGITS), jax.jacobian(f)


class Case:
    """One random network, twice: as an expression and as a JAX function of (parameters, x)."""

    def __init__(self, widths: list[int], activation: str, bias: bool, seed: int, residual: bool = False) -> None:
        rng = np.random.default_rng(seed)
        ours, theirs = ACTIVATIONS[activation]
        self.x = eg.Symbol("x", widths[0], per_sample=True)
        self.symbols: list[Node] = []
        self.values: list[np.ndarray] = []
        h: Node = self.x
        for i, (n, m) in enumerate(zip(widths, widths[1:])):
            self.add(f"W{i}", rng.normal(size=(m, n)) / np.sqrt(n))
            z = self.symbols[-1] @ h
            if bias:
                self.add(f"b{i}", 0.3 * rng.normal(size=m))
                z = z + self.symbols[-1]
            last = i == len(widths) - 2
            h = z if last else (ours(z) + h if residual and n == m else ours(z))
        self.f = h
        self.point = rng.normal(size=widths[0])

        def apply(parameters: Any, x: Any) -> Any:
            it = iter(parameters)
            for i, (n, m) in enumerate(zip(widths, widths[1:])):
                z = next(it) @ x
                if bias:
                    z = z + next(it)
                x = z if i == len(widths) - 2 else (theirs(z) + x if residual and n == m else theirs(z))
            return x

        self.apply = apply

    def add(self, name: str, value: np.ndarray) -> None:
        self.symbols.append(eg.Symbol(name, value.shape))
        self.values.append(value)

    def ours(self, e: Any) -> Any:
        return eg.evaluate(e, {**dict(zip(self.symbols, self.values)), self.x: self.point})

    def theirs(self, f: Callable[..., Any]) -> Any:
        return jax.jit(f)(self.values, self.point)


def close(a: Any, b: Any, rtol: float = 1e-9) -> None:
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape
    np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-10 * rtol / 1e-9 * (1 + np.abs(b).max(initial=0)))


QUICK = [
    Case([2, 5, 1], "tanh", True, 0), Case([3, 4, 4, 2], "gelu", False, 1), Case([1, 7, 7, 7, 3], "softplus", True, 2, residual=True),
    Case([4, 6, 1], "silu", True, 3), Case([2, 3, 3, 3, 3, 3, 1], "sigmoid", True, 4),
]  # fmt: skip
#: JAX compiles each for seconds: two are in the quick selection
SOME = [pytest.param(k, marks=[pytest.mark.slow] * (k not in (0, 3))) for k in range(len(QUICK))]


def generated() -> list[Case]:
    rng = np.random.default_rng(11)
    cases = []
    for k, activation in enumerate(ACTIVATIONS):
        for j in range(2):
            depth = int(rng.integers(1, 7))
            widths = [int(rng.integers(1, 6)), *(int(n) for n in rng.integers(1, 41, depth - 1)), int(rng.integers(1, 4))]
            cases.append(Case(widths, activation, bool((k + j) % 2), 100 + 10 * k + j, residual=bool(j)))
    return cases


def laplacian_of(f: Any) -> Any:
    return lambda p, x: jnp.trace(jax.hessian(f, 1)(p, x), axis1=-2, axis2=-1)


def check_value_and_input_derivatives(c: Case, order: int) -> None:
    ours, theirs = c.f, c.apply
    for k in range(order + 1):
        close(c.ours(ours), c.theirs(theirs), 1e-9)
        if k < order:
            ours, theirs = eg.jacobian(ours, c.x), jax.jacfwd(theirs, 1)


def check_parameter_gradients(c: Case) -> None:
    for make_ours, make_theirs in [
        (lambda: c.f, lambda: c.apply),
        (lambda: eg.jacobian(c.f, c.x), lambda: jax.jacfwd(c.apply, 1)),
        (lambda: eg.hessian(c.f, c.x), lambda: jax.hessian(c.apply, 1)),
        (lambda: eg.laplacian(c.f, c.x), lambda: laplacian_of(c.apply)),
    ]:
        ours, theirs = eg.jacobians(make_ours(), c.symbols), jax.jacrev(make_theirs(), 0)
        for a, b in zip(c.ours(ours), c.theirs(theirs)):
            close(a, b, 1e-9)


@pytest.mark.parametrize("case", SOME)
def test_input_derivatives_to_third_order(case: int) -> None:
    check_value_and_input_derivatives(QUICK[case], 3)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("case", SOME)
def test_parameter_gradients_of_values_jacobians_hessians_and_laplacians(case: int) -> None:
    check_parameter_gradients(QUICK[case])


@pytest.mark.slow
def test_fourth_order_in_the_input_and_the_gradient_of_the_bilaplacian() -> None:
    c = Case([2, 4, 4, 1], "tanh", True, 5)
    check_value_and_input_derivatives(c, 4)
    twice = eg.laplacian(eg.laplacian(c.f, c.x), c.x)
    theirs = laplacian_of(laplacian_of(c.apply))
    close(c.ours(twice), c.theirs(theirs), 1e-9)
    for a, b in zip(c.ours(eg.jacobians(twice, c.symbols)), c.theirs(jax.jacrev(theirs, 0))):
        close(a, b, 1e-8)


def test_second_order_in_the_parameters() -> None:
    c = Case([2, 3, 2], "tanh", True, 6)
    for ours, theirs in [
        (eg.sum(c.f**2), lambda p, x: jnp.sum(c.apply(p, x) ** 2)),
        (eg.sum(eg.laplacian(c.f, c.x)), lambda p, x: jnp.sum(laplacian_of(c.apply)(p, x))),
    ]:
        blocks = c.theirs(jax.hessian(theirs, 0))
        for i, w in enumerate(c.symbols):
            gradient = eg.gradient(ours, w)
            for j, u in enumerate(c.symbols):
                close(c.ours(eg.jacobian(gradient, u)), blocks[i][j], 1e-9)


@pytest.mark.slow
def test_a_physics_informed_loss_over_a_batch() -> None:
    c = Case([2, 8, 8, 1], "tanh", True, 7)
    u = c.f[0]
    j = eg.jacobian(u, c.x)
    uxx = eg.jvp(j[0], c.x, np.array([1.0, 0.0]))
    residual = j[1] + u * j[0] - 0.01 * uxx
    total = eg.over_samples.sum(residual**2)
    loss = eg.sqrt(total) / eg.sqrt(eg.over_samples.sum(u**2)) + eg.over_samples.mean(residual**2)

    def per_point(p: Any, x: Any) -> Any:
        f = lambda y: c.apply(p, y)[0]  # noqa: E731
        g, h = jax.grad(f)(x), jax.hessian(f)(x)
        return f(x), g[1] + f(x) * g[0] - 0.01 * h[0, 0]

    def theirs(p: Any, batch: Any) -> Any:
        values, r = jax.vmap(lambda x: per_point(p, x))(batch)
        return jnp.sqrt(jnp.sum(r**2)) / jnp.sqrt(jnp.sum(values**2)) + jnp.mean(r**2)

    for n in (1, 2, 7, 64):
        c.point = np.random.default_rng(n).normal(size=(n, 2))
        close(c.ours(loss), c.theirs(theirs), 1e-11)
        for a, b in zip(c.ours(eg.jacobians(loss, c.symbols)), c.theirs(jax.grad(theirs))):
            close(a, b, 1e-10)


@pytest.mark.slow
def test_a_lagrangian_network_solves_its_equations_of_motion() -> None:
    q, v = eg.symbols("q v", 2, per_sample=True)
    w, b = eg.Symbol("W", (6, 4)), eg.Symbol("b", 6)
    z = eg.concatenate([q, v])
    lagrangian = eg.sum(eg.softplus(w @ z + b)) + v @ v
    mass = eg.hessian(lagrangian, v)
    force = eg.gradient(lagrangian, q) - eg.jacobian(eg.gradient(lagrangian, v), q) @ v
    acceleration = eg.solve(mass, force)
    loss = eg.over_samples.mean(eg.sum(acceleration**2))

    def theirs(p: Any, q: Any, v: Any) -> Any:
        f = lambda q, v: jnp.sum(jax.nn.softplus(p[0] @ jnp.concatenate([q, v]) + p[1])) + v @ v  # noqa: E731
        m = jax.hessian(f, 1)(q, v)
        return jnp.linalg.solve(m, jax.grad(f, 0)(q, v) - jax.jacfwd(jax.grad(f, 1), 0)(q, v) @ v)

    rng = np.random.default_rng(0)
    values = {w: rng.normal(size=(6, 4)), b: rng.normal(size=6), q: rng.normal(size=(5, 2)), v: rng.normal(size=(5, 2))}
    p = [values[w], values[b]]
    batched = jax.vmap(theirs, (None, 0, 0))
    close(eg.evaluate(acceleration, values), batched(p, values[q], values[v]), 1e-10)
    gradient = jax.grad(lambda p: jnp.mean(jnp.sum(batched(p, values[q], values[v]) ** 2, 1)))(p)
    for a, b_ in zip(eg.evaluate(eg.jacobians(loss, [w, b]), values), gradient):
        close(a, b_, 1e-9)


@pytest.mark.slow_one_in(2)
@pytest.mark.slow
@pytest.mark.parametrize("case", range(2 * len(ACTIVATIONS)))
def test_random_networks(case: int) -> None:
    c = generated()[case]
    size = sum(v.size for v in c.values)
    check_value_and_input_derivatives(c, 3 if size < 2_000 else 2)
    if size < 2_500:
        check_parameter_gradients(c)


#: jet has rules for some of JAX's functions only, not for those of jax.nn
FOR_JET = [Case([2, 5, 1], "tanh", True, 0), Case([3, 4, 4, 2], "sin", False, 1), Case([1, 7, 7, 3], "a function", True, 2, residual=True)]


@pytest.mark.one_in(3)
@pytest.mark.parametrize("c", FOR_JET, ids=["tanh", "sin", "a function"])
def test_taylor_coefficients_are_those_of_jet(c: Case) -> None:
    """``jax.experimental.jet`` propagates truncated Taylor series by rules of its own; to fifth order."""
    from jax.experimental.jet import jet

    order = 5
    v = np.random.default_rng(1).uniform(-1, 1, c.x.shape)
    series = [jnp.asarray(v), *[jnp.zeros_like(v)] * (order - 1)]
    value, derivatives = jet(lambda x: c.apply(c.values, x), (jnp.asarray(c.point),), (series,))
    for k, (a, b) in enumerate(zip(c.ours(list(eg.taylor(c.f, c.x, v, order))), [value, *derivatives])):
        close(a, np.asarray(b) / math.factorial(k))
