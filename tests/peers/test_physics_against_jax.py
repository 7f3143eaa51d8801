"""Losses and fields of physics against JAX: values, and the parameters' gradients, to 1e-9."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import MAE, MSE, Chain, Dense, FeedForwardLoss, Huber, SymbolicNeuralNetwork, SymbolicPullback, build_nn_function
from symnn.objectives.objective import flat_gradient
from symnn.physics import (
    GradientLayer,
    HamiltonianLayer,
    HamiltonianLoss,
    ImplicitMidpointLoss,
    LagrangianLoss,
    SeparableLayer,
    SymplecticEulerLoss,
    VariationalMidpointLoss,
    curl,
    partial,
    rotated_gradient,
    symplectic_gradient,
)

jax = pytest.importorskip("jax", reason="JAX is an oracle here, where it is installed")
jax.config.update("jax_enable_x64", True)
pytestmark = pytest.mark.slow  # JAX compiles for seconds
jnp = jax.numpy

H = 0.1


def network(*dims: int) -> tuple[SymbolicNeuralNetwork, Any, Callable[..., Any]]:
    """A network, parameters for it, and the same network in JAX, of the flat parameters and one input."""
    layers = [Dense(i, o, "tanh") for i, o in zip(dims[:-2], dims[1:-1])]
    nn = SymbolicNeuralNetwork(Chain(*layers, Dense(dims[-2], dims[-1], "identity")))
    theta = np.random.default_rng(7).standard_normal(nn.layout.size) * 0.7
    return nn, theta, lambda p, x: apply(dims, p, x)


def apply(dims: tuple[int, ...], p: Any, x: Any) -> Any:
    at = 0
    for k, (i, o) in enumerate(zip(dims[:-1], dims[1:])):
        W, b = p[at : at + i * o].reshape(o, i), p[at + i * o : at + i * o + o]
        at += i * o + o
        x = W @ x + b
        if k < len(dims) - 2:
            x = jnp.tanh(x)
    return x


def points(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (n, d))


def compare(loss: Any, nn: Any, theta: np.ndarray, data: Any, reference: Callable[[Any], Any]) -> None:
    value, gradient = SymbolicPullback(nn, loss).value_and_gradient(theta, data)
    expected, slope = jax.value_and_grad(reference)(jnp.asarray(theta))
    assert float(value) == pytest.approx(float(expected), rel=1e-9)
    np.testing.assert_allclose(gradient.flat, slope, rtol=1e-9, atol=1e-9 * float(np.max(np.abs(slope))))


@pytest.mark.parametrize("n", [1, 2, 7, 64, 1000])
@pytest.mark.parametrize("name", ["FeedForwardLoss", "MSE", "MAE", "Huber"])
def test_losses(name: str, n: int) -> None:
    nn, theta, f = network(3, 6, 2)
    x, y = points(n, 3), points(n, 2, 1)

    def reference(p: Any) -> Any:
        d = jax.vmap(lambda x: f(p, x))(x) - y
        if name == "FeedForwardLoss":
            return jnp.linalg.norm(d) / jnp.linalg.norm(y)
        if name == "MSE":
            return jnp.mean(d**2)
        a = jnp.abs(d)
        return jnp.mean(a) if name == "MAE" else jnp.mean(jnp.where(a <= 0.5, a**2 / 2, 0.5 * (a - 0.25)))

    losses = {"FeedForwardLoss": FeedForwardLoss(), "MSE": MSE(), "MAE": MAE(), "Huber": Huber(0.5)}
    compare(losses[name], nn, theta, (x, y), reference)


def rotate(g: Any) -> Any:
    n = g.shape[0] // 2
    return jnp.concatenate([g[n:], -g[:n]])


@pytest.mark.parametrize("d", [1, 3])
@pytest.mark.parametrize("name", ["field", "A", "B", "midpoint"])
def test_hamiltonian_losses(name: str, d: int) -> None:
    nn, theta, f = network(2 * d, 9, 9, 1)
    z, w = points(20, 2 * d), points(20, 2 * d, 1)

    def reference(p: Any) -> Any:
        def one(z: Any, w: Any) -> Any:
            g = jax.grad(lambda z: f(p, z)[0])
            if name == "field":
                return jnp.sum((rotate(g(z)) - w) ** 2)
            at = {
                "A": jnp.concatenate([z[:d], w[d:]]),
                "B": jnp.concatenate([w[:d], z[d:]]),
                "midpoint": (z + w) / 2,
            }[name]
            return jnp.sum(((w - z) / H - rotate(g(at))) ** 2)

        return jnp.mean(jax.vmap(one)(z, w))

    losses = {"field": HamiltonianLoss(), "midpoint": ImplicitMidpointLoss(H)}
    compare(losses.get(name) or SymplecticEulerLoss(H, name), nn, theta, (z, w), reference)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_lagrangian_loss(d: int) -> None:
    nn, theta, f = network(2 * d, 8, 8, 1)
    s, a = points(20, 2 * d), points(20, d, 1)

    def acceleration(p: Any, s: Any) -> Any:
        L = lambda s: f(p, s)[0]  # noqa: E731
        g, second = jax.grad(L)(s), jax.hessian(L)(s)
        return jnp.linalg.solve(second[d:, d:] + 0.5 * jnp.eye(d), g[:d] - second[d:, :d] @ s[d:])

    compare(LagrangianLoss(0.5), nn, theta, (s, a), lambda p: jnp.mean(jax.vmap(lambda s, a: jnp.sum((acceleration(p, s) - a) ** 2))(s, a)))


@pytest.mark.parametrize("scale", [None, 1.0])
def test_variational_midpoint_loss(scale: float | None) -> None:
    d = 2
    nn, theta, f = network(2 * d, 8, 1)
    q, q2 = points(15, 2 * d), points(15, d, 1)

    def reference(p: Any) -> Any:
        def discrete(a: Any, b: Any) -> Any:
            return H * f(p, jnp.concatenate([(a + b) / 2, (b - a) / H]))[0]

        def one(q: Any, c: Any) -> Any:
            a, b = q[:d], q[d:]
            return jnp.sum(((jax.grad(discrete, 1)(a, b) + jax.grad(discrete, 0)(b, c)) / H) ** 2)

        def momentum(q: Any) -> Any:
            a, b = q[:d], q[d:]
            s = jnp.concatenate([(a + b) / 2, (b - a) / H])
            return jnp.sum(jax.grad(lambda s: f(p, s)[0])(s)[d:] ** 2)

        loss = jnp.mean(jax.vmap(one)(q, q2))
        return loss if scale is None else loss + (jnp.mean(jax.vmap(momentum)(q)) - scale) ** 2

    compare(VariationalMidpointLoss(H, scale), nn, theta, (q, q2), reference)


def test_residual_of_an_equation() -> None:
    nn, theta, f = network(2, 10, 10, 1)
    X = points(30, 2)
    u, x = nn.output[0], nn.input
    residual = partial(u, x, 1) + u * partial(u, x, 0) - 0.1 * partial(u, x, 0, 0) + 0.01 * partial(u, x, 0, 0, 0)

    def reference(p: Any) -> Any:
        def one(x: Any) -> Any:
            v = lambda a, t: f(p, jnp.stack([a, t]))[0]  # noqa: E731
            d1, d2, d3 = jax.grad(v), jax.grad(jax.grad(v)), jax.grad(jax.grad(jax.grad(v)))
            a, t = x
            return (jax.grad(v, 1)(a, t) + v(a, t) * d1(a, t) - 0.1 * d2(a, t) + 0.01 * d3(a, t)) ** 2

        return jnp.mean(jax.vmap(one)(X))

    compare(residual**2, nn, theta, {x: X}, reference)


def test_squared_laplacian() -> None:
    nn, theta, f = network(10, 16, 16, 16, 1)
    X = points(12, 10)

    def reference(p: Any) -> Any:
        return jnp.mean(jax.vmap(lambda x: jnp.trace(jax.hessian(lambda x: f(p, x)[0])(x)) ** 2)(X))

    compare(eg.laplacian(nn.output[0], nn.input) ** 2, nn, theta, {nn.input: X}, reference)


def fields(e: Any, nn: Any, theta: np.ndarray, X: np.ndarray, one: Callable[[Any, Any], Any]) -> None:
    """A field, its derivative by the input, and the parameters' gradient of its square."""
    square = eg.sum(e**2)
    outputs = (e, eg.jacobian(e, nn.input), flat_gradient(square, nn.params))
    values = build_nn_function(outputs, nn)(X, theta)
    expected = (
        jax.vmap(lambda x: one(theta, x))(X),
        jax.vmap(lambda x: jax.jacobian(lambda x: one(theta, x))(x))(X),
        jax.vmap(lambda x: jax.grad(lambda p: jnp.sum(one(p, x) ** 2))(jnp.asarray(theta)))(X),
    )
    for got, reference in zip(values, expected):
        np.testing.assert_allclose(got, reference, rtol=1e-9, atol=1e-9 * float(np.max(np.abs(reference))))


def test_plane_field() -> None:
    nn, theta, f = network(2, 8, 1)
    X = points(9, 2)

    def one(p: Any, x: Any) -> Any:
        g = jax.grad(lambda x: f(p, x)[0])(x)
        return jnp.stack([g[1], -g[0]])

    field = rotated_gradient(nn.output, nn.input)
    fields(field, nn, theta, X, one)
    np.testing.assert_allclose(build_nn_function(eg.divergence(field, nn.input), nn)(X, theta), 0.0, atol=1e-13)


def test_curl() -> None:
    nn, theta, f = network(3, 8, 3)
    X = points(9, 3)

    def one(p: Any, x: Any) -> Any:
        d = jax.jacobian(lambda x: f(p, x))(x)
        return jnp.stack([d[2, 1] - d[1, 2], d[0, 2] - d[2, 0], d[1, 0] - d[0, 1]])

    field = curl(nn.output, nn.input)
    fields(field, nn, theta, X, one)
    np.testing.assert_allclose(build_nn_function(eg.divergence(field, nn.input), nn)(X, theta), 0.0, atol=1e-12)


def test_reduced_hamiltonian() -> None:
    energy = SymbolicNeuralNetwork(Chain(Dense(6, 7), Dense(7, 1, "identity")), prefix="H")
    decoder, theta, f = network(2, 5, 6)
    high = np.random.default_rng(3).standard_normal(energy.layout.size) * 0.5
    reduced = symplectic_gradient(energy.model(decoder.output), decoder.input)
    names = list(energy.params.leaves().values())
    parts = [high[s.offset : s.stop].reshape(s.shape) for s in energy.layout.slots]
    bound = eg.substitute(reduced, dict(zip(names, parts)))

    def one(p: Any, x: Any) -> Any:
        return rotate(jax.grad(lambda x: apply((6, 7, 1), high, f(p, x))[0])(x))

    fields(bound, decoder, theta, points(8, 2), one)


def test_system_parameters_beside_the_input() -> None:
    nn, theta, f = network(5, 8, 1)
    z, mu = eg.Symbol("z", shape=(4,), per_sample=True), eg.Symbol("mu", shape=(1,), per_sample=True)
    energy = nn.model(eg.concatenate([z, mu]))
    field = symplectic_gradient(energy, z)
    Z, M = points(8, 4), points(8, 1, 1)
    got, gradient = build_nn_function((field, flat_gradient(eg.sum(field**2), nn.params)), nn.params, z, mu)(Z, M, theta)
    one = lambda p, z, m: rotate(jax.grad(lambda z: f(p, jnp.concatenate([z, m]))[0])(z))  # noqa: E731
    np.testing.assert_allclose(got, jax.vmap(lambda z, m: one(theta, z, m))(Z, M), rtol=1e-9, atol=1e-12)
    slope = jax.vmap(lambda z, m: jax.grad(lambda p: jnp.sum(one(p, z, m) ** 2))(jnp.asarray(theta)))(Z, M)
    np.testing.assert_allclose(gradient, slope, rtol=1e-9, atol=1e-10)


V = Chain(Dense(4, 6, "tanh"), Dense(6, 1, "identity", use_bias=False))


@pytest.mark.parametrize("kind", ["gradient", "hamiltonian", "separable"])
@pytest.mark.parametrize("depth", [2, 4, 8])
def test_input_gradients_inside_stacked_layers(kind: str, depth: int) -> None:
    half = Chain(Dense(2, 6, "tanh"), Dense(6, 1, "identity", use_bias=False))
    layer = {"gradient": GradientLayer(V), "hamiltonian": HamiltonianLayer(V, H), "separable": SeparableLayer(half, half, H)}[kind]
    nn = SymbolicNeuralNetwork(Chain(*[layer] * depth))
    theta = np.random.default_rng(1).standard_normal(nn.layout.size) * 0.6
    size = nn.layout.size // depth
    d = 2 if kind == "separable" else 4

    def potential(p: Any, x: Any) -> Any:
        W, b, w = p[: 6 * d].reshape(6, d), p[6 * d : 6 * d + 6], p[6 * d + 6 :]
        return w @ jnp.tanh(W @ x + b)

    def one(p: Any, x: Any) -> Any:
        for k in range(depth):
            own = p[k * size : (k + 1) * size]
            if kind == "separable":
                t, v = own[: size // 2], own[size // 2 :]
                momenta = x[2:] - H * jax.grad(lambda q, v=v: potential(v, q))(x[:2])
                x = jnp.concatenate([x[:2] + H * jax.grad(lambda q, t=t: potential(t, q))(momenta), momenta])
            else:
                g = jax.grad(lambda x, own=own: potential(own, x))(x)
                x = g if kind == "gradient" else x + H * rotate(g)
        return x

    fields(nn.output, nn, theta, points(5, 4), one)
