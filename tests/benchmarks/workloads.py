"""What is measured: the same computation written with this package, and with JAX as its users write it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import exprgraph as eg
from symnn import Chain, Dense, Gradient, Jacobian, Laplacian, SymbolicNeuralNetwork, build_nn_function, derivative

Call = Callable[[], Any]


class Workload(NamedTuple):
    """``ours()`` and ``theirs()`` build a function; what is built is called with ``data``, results are compared."""

    title: str
    ours: Callable[[], Callable[..., Any]]
    theirs: Callable[[], Callable[..., Any]]
    data: tuple[np.ndarray, ...]


def network(dims: list[int], last: str = "identity") -> tuple[SymbolicNeuralNetwork, np.ndarray]:
    layers = [Dense(i, o, "tanh") for i, o in zip(dims[:-2], dims[1:-1])]
    nn = SymbolicNeuralNetwork(Chain(*layers, Dense(dims[-2], dims[-1], last)))
    rng = np.random.default_rng(0)
    size = sum(o * (i + 1) for i, o in zip(dims[:-1], dims[1:]))
    return nn, rng.standard_normal(size) / np.sqrt(max(dims))


def _jax_network(dims: list[int], last: str = "identity") -> tuple[Any, Any, Callable[[Any, Any], Any]]:
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_cpu_enable_async_dispatch", False)  # quicker where each result is waited for
    import jax.numpy as jnp

    def apply(theta: Any, x: Any) -> Any:
        at = 0
        for k, (i, o) in enumerate(zip(dims[:-1], dims[1:])):
            W = theta[at : at + i * o].reshape(o, i)
            b = theta[at + i * o : at + i * o + o]
            at += i * o + o
            x = W @ x + b
            if k < len(dims) - 2 or last == "tanh":
                x = jnp.tanh(x)
        return x

    return jax, jnp, apply


def points(n: int, d: int) -> np.ndarray:
    return np.random.default_rng(1).uniform(-1, 1, (n, d))


def hessian(dims: list[int]) -> Workload:
    nn, theta = network(dims)

    def ours() -> Callable[..., Any]:
        u = nn.output[0]
        g = derivative(Jacobian(nn))[0]
        return build_nn_function((u, g, derivative(Jacobian(g, nn))), nn)

    def theirs() -> Callable[..., Any]:
        jax, _, apply = _jax_network(dims)

        def all_three(x: Any, p: Any) -> Any:
            f = lambda x: apply(p, x)[0]  # noqa: E731
            return f(x), jax.grad(f)(x), jax.hessian(f)(x)

        return jax.jit(all_three)

    return Workload("value, gradient, Hessian, one point, " + "-".join(map(str, dims)), ours, theirs, (points(1, dims[0])[0], theta))


def parameters_of_jacobian(dims: list[int], n: int, last: str = "identity") -> Workload:
    """For ``n`` samples; 0 for one point."""
    nn, theta = network(dims, last)

    def theirs() -> Callable[..., Any]:
        jax, _, apply = _jax_network(dims, last)
        one = jax.jacobian(jax.jacobian(apply, 1), 0)
        return jax.jit((lambda X, p: jax.vmap(one, (None, 0))(p, X)) if n else (lambda x, p: one(p, x)))

    title = f"the Jacobian of {'-'.join(map(str, dims))} by its parameters, {f'{n} points' if n else 'one point'}"
    data = points(max(n, 1), dims[0])
    return Workload(
        title, lambda: build_nn_function(derivative(Gradient(Jacobian(nn), nn)).flat, nn), theirs, (data if n else data[0], theta)
    )


def hamiltonian(batch: int) -> Workload:
    dims = [4, 32, 32, 1]
    nn, theta = network(dims)

    def ours() -> Callable[..., Any]:
        g = derivative(Jacobian(nn))[0]
        v = eg.Symbol("v", shape=(4,))
        loss = eg.sum((eg.concatenate([g[2:], -g[:2]]) - v) ** 2)
        return build_nn_function((loss, derivative(Gradient(loss, nn)).flat), nn, v, reduce="mean")

    def theirs() -> Callable[..., Any]:
        jax, jnp, apply = _jax_network(dims)

        def loss(p: Any, X: Any, V: Any) -> Any:
            g = jax.vmap(jax.grad(lambda x: apply(p, x)[0]))(X)
            return jnp.mean(jnp.sum((jnp.concatenate([g[:, 2:], -g[:, :2]], 1) - V) ** 2, 1))

        both = jax.jit(jax.value_and_grad(loss))
        return lambda X, V, p: both(p, X, V)

    data = (points(batch, 4), points(batch, 4) ** 2, theta)
    return Workload(f"Hamiltonian loss and gradient, 4-32-32-1, batch {batch}", ours, theirs, data)


NU = 0.01 / np.pi


def burgers_residual(nn: SymbolicNeuralNetwork) -> Any:
    """The residual of Burgers' equation, at one point."""
    u = nn.output[0]
    along = lambda e, i: eg.jvp(e, nn.input, np.eye(2)[i])  # noqa: E731
    ux = along(u, 0)
    return along(u, 1) + u * ux - NU * along(ux, 0)


def burgers_of_jax(dims: list[int]) -> tuple[Any, Any, Callable[[Any, Any], Any]]:
    """JAX, its NumPy, and the residual as a function of parameters and a point."""
    jax, jnp, apply = _jax_network(dims)
    e0, e1 = jnp.eye(2)

    def residual(p: Any, x: Any) -> Any:
        f = lambda x: apply(p, x)[0]  # noqa: E731
        fx = lambda x: jax.jvp(f, (x,), (e0,))[1]  # noqa: E731
        ux, uxx = jax.jvp(fx, (x,), (e0,))
        u, ut = jax.jvp(f, (x,), (e1,))
        return ut + u * ux - NU * uxx

    return jax, jnp, residual


def burgers(layers: int, n: int) -> Workload:
    dims = [2, *[20] * layers, 1]
    nn, theta = network(dims)

    def ours() -> Callable[..., Any]:
        loss = burgers_residual(nn) ** 2
        return build_nn_function((loss, derivative(Gradient(loss, nn)).flat), nn, reduce="mean")

    def theirs() -> Callable[..., Any]:
        jax, jnp, residual = burgers_of_jax(dims)
        both = jax.jit(jax.value_and_grad(lambda p, X: jnp.mean(jax.vmap(residual, (None, 0))(p, X) ** 2)))
        return lambda X, p: both(p, X)

    return Workload(f"Burgers residual loss and gradient, {layers} x 20, {n} points", ours, theirs, (points(n, 2), theta))


def laplacian(dims: list[int], n: int) -> Workload:
    nn, theta = network(dims)

    def theirs() -> Callable[..., Any]:
        jax, jnp, apply = _jax_network(dims)

        def one(p: Any, x: Any) -> Any:
            f = lambda x: apply(p, x)[0]  # noqa: E731
            g = jax.grad(f)
            second = lambda v: jax.jvp(g, (x,), (v,))[1] @ v  # noqa: E731
            return jnp.sum(jax.vmap(second)(jnp.eye(x.size)))

        batched = jax.jit(jax.vmap(one, (None, 0)))
        return lambda X, p: batched(p, X)

    title = f"Laplacian, {'-'.join(map(str, dims))}, {n} points"
    return Workload(title, lambda: build_nn_function(derivative(Laplacian(nn))[0], nn), theirs, (points(n, dims[0]), theta))


def squares(dims: list[int], n: int) -> Workload:
    nn, theta = network(dims)

    def ours() -> Callable[..., Any]:
        y = eg.Symbol("y", shape=(dims[-1],))
        loss = eg.sum((nn.output - y) ** 2)
        return build_nn_function((loss, derivative(Gradient(loss, nn)).flat), nn, y, reduce="mean")

    def theirs() -> Callable[..., Any]:
        jax, jnp, apply = _jax_network(dims)
        loss = lambda p, X, Y: jnp.mean(jnp.sum((jax.vmap(apply, (None, 0))(p, X) - Y) ** 2, 1))  # noqa: E731
        both = jax.jit(jax.value_and_grad(loss))
        return lambda X, Y, p: both(p, X, Y)

    title = f"squared error and gradient, {'-'.join(map(str, dims))}, batch {n}"
    return Workload(title, ours, theirs, (points(n, dims[0]), points(n, dims[-1]), theta))


def rosenbrock(n: int) -> Workload:
    def value(x: Any) -> Any:
        return sum(100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2 for i in range(n - 1))

    def ours() -> Callable[..., Any]:
        x = eg.Symbol("x", shape=(n,))
        return eg.compile(eg.gradient(value(x), x), x)

    def theirs() -> Callable[..., Any]:
        jax, _, _ = _jax_network([1, 1])
        return jax.jit(jax.grad(value))

    return Workload(f"Rosenbrock's function, gradient, {n} variables", ours, theirs, (points(1, n)[0],))


def _numbers(*shapes: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    return tuple(rng.standard_normal(shape) / np.sqrt(shape[-1]) for shape in shapes)


def runge_kutta(width: int, steps: int) -> Workload:
    """The gradient of the last state's square by the parameters of a network, a vector field on the plane."""

    def field(tanh: Any, W: Any, y: Any) -> Any:
        return W[4] @ tanh(W[2] @ tanh(W[0] @ y + W[1]) + W[3])

    def step(tanh: Any, W: Any, y: Any, dt: float = 0.05) -> Any:
        a = field(tanh, W, y)
        b = field(tanh, W, y + dt / 2 * a)
        c = field(tanh, W, y + dt / 2 * b)
        return y + dt / 6 * (a + 2 * b + 2 * c + field(tanh, W, y + dt * c))

    data = _numbers((width, 2), (width,), (width, width), (width,), (2, width), (2,))

    def ours() -> Callable[..., Any]:
        *W, y = (eg.Symbol(f"s{k}", v.shape) for k, v in enumerate(data))
        last, _ = eg.scan(lambda y, _: (step(eg.tanh, W, y), None), y, length=steps)
        loss = eg.sum(last**2)
        return eg.compile((loss, *eg.jacobians(loss, W)), (*W, y), shared=(*W, y))

    def theirs() -> Callable[..., Any]:
        jax, jnp, _ = _jax_network([1, 1])

        def loss(W: Any, y: Any) -> Any:
            last, _ = jax.lax.scan(lambda y, _: (step(jnp.tanh, W, y), None), y, None, length=steps)
            return jnp.sum(last**2)

        both = jax.jit(jax.value_and_grad(loss))
        return lambda *given: (lambda v, g: (v, *g))(*both(given[:-1], given[-1]))

    return Workload(f"gradient through {steps} Runge-Kutta steps of a network, 2-{width}-{width}-2", ours, theirs, data)


def lstm(width: int, steps: int, samples: int) -> Workload:
    """The gradient of a mean square by the parameters of an LSTM layer; 0 samples for one series."""

    def cell(np_: Any, sigmoid: Any, W: Any, state: Any, v: Any) -> Any:
        h, s = state
        z = W[0] @ v + W[1] @ h + W[2]
        i, f, g, o = (z[k * width : (k + 1) * width] for k in range(4))
        s = sigmoid(f) * s + sigmoid(i) * np_.tanh(g)
        return sigmoid(o) * np_.tanh(s), s

    data = _numbers((4 * width, 8), (4 * width, width), (4 * width,), (width,), (*[samples] * bool(samples), steps, 8))

    def ours() -> Callable[..., Any]:
        W = [eg.Symbol(f"s{k}", v.shape) for k, v in enumerate(data[:-1])]
        series = eg.Symbol("series", (steps, 8), per_sample=samples > 0)
        (h, _), _ = eg.scan(lambda c, v: (cell(eg, eg.sigmoid, W, c, v), None), (eg.zeros(width), eg.zeros(width)), series)
        loss = eg.over_samples.mean((W[3] @ h) ** 2) if samples else (W[3] @ h) ** 2
        return eg.compile((loss, *eg.jacobians(loss, W)), (*W, series), shared=W if samples else (*W, series))

    def theirs() -> Callable[..., Any]:
        jax, jnp, _ = _jax_network([1, 1])

        def one(W: Any, series: Any) -> Any:
            start = jnp.zeros(width), jnp.zeros(width)
            (h, _), _ = jax.lax.scan(lambda c, v: (cell(jnp, jax.nn.sigmoid, W, c, v), None), start, series)
            return (W[3] @ h) ** 2

        loss = (lambda W, series: jnp.mean(jax.vmap(one, (None, 0))(W, series))) if samples else one
        both = jax.jit(jax.value_and_grad(loss))
        return lambda *given: (lambda v, g: (v, *g))(*both(given[:-1], given[-1]))

    title = f"gradient through {steps} steps of an LSTM of width {width}" + (f", batch {samples}" if samples else "")
    return Workload(title, ours, theirs, data)


WORKLOADS = (
    lambda: hessian([4, 32, 32, 1]),
    lambda: hamiltonian(16),
    lambda: hamiltonian(256),
    lambda: hamiltonian(4096),
    lambda: burgers(4, 100),
    lambda: burgers(4, 1000),
    lambda: burgers(8, 1000),
    lambda: laplacian([10, 64, 64, 64, 1], 1000),
    lambda: squares([64, 256, 256, 10], 128),
    lambda: rosenbrock(100),
    lambda: runge_kutta(32, 80),
    lambda: lstm(32, 50, 0),
    lambda: lstm(32, 50, 64),
)
