"""What is measured of linear algebra: likelihoods of Gaussian processes, flows, wave functions, and small matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import exprgraph as eg

from .workloads import Workload

RNG = np.random.default_rng(7)
ONES = np.ones(4)


def _jax() -> tuple[Any, Any]:
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_cpu_enable_async_dispatch", False)  # quicker where each result is waited for
    return jax, jax.numpy


def gaussian_process(n: int) -> Workload:
    """The log-likelihood of n observations, and its gradient by three lengths, an amplitude and a noise."""
    points, values = RNG.uniform(-1, 1, (n, 3)), RNG.normal(size=n)

    def likelihood(m: Any, cholesky: Callable[[Any], Any], solve: Callable[[Any, Any], Any], p: Any) -> Any:
        x = points / p[:3]
        squares = m.sum(x * x, axis=1)
        distances = squares[:, None] + squares - 2.0 * x @ x.T
        K = p[3] ** 2 * m.exp(-0.5 * distances) + p[4] ** 2 * np.eye(n)
        L = cholesky(K)
        z = solve(L, values)
        return -0.5 * m.sum(z * z) - m.sum(m.log(m.diagonal(L)))

    def ours() -> Callable[..., Any]:
        p = eg.Symbol("p", 5)
        f = likelihood(eg, eg.cholesky, lambda L, y: eg.solve_triangular(L, y, lower=True), p)
        return eg.compile((f, eg.gradient(f, p)), p)

    def theirs() -> Callable[..., Any]:
        jax, jnp = _jax()
        solve = jax.scipy.linalg.solve_triangular
        return jax.jit(jax.value_and_grad(lambda p: likelihood(jnp, jnp.linalg.cholesky, lambda L, y: solve(L, y, lower=True), p)))

    data = (np.array([0.7, 0.9, 0.5, 1.2, 0.4]),)
    return Workload(f"log-likelihood of a Gaussian process, {n} points, and its gradient", ours, theirs, data)


def flow(dim: int = 8, hidden: int = 32, samples: int = 1024) -> Workload:
    """The mean of log det of the Jacobian of ``x + W2 tanh(W1 x + b)``, and its gradient by the parameters."""
    shapes = ((hidden, dim), (hidden,), (dim, hidden), (samples, dim))
    data = tuple(scale * RNG.normal(size=s) for scale, s in zip((0.3, 1.0, 0.2, 1.0), shapes))

    def ours() -> Callable[..., Any]:
        W1, b, W2 = eg.Symbol("W1", (hidden, dim)), eg.Symbol("b", hidden), eg.Symbol("W2", (dim, hidden))
        x = eg.Symbol("x", dim, per_sample=True)
        J = eg.jacobian(x + W2 @ eg.tanh(W1 @ x + b), x)
        f = eg.over_samples.mean(eg.logabsdet(J))
        return eg.compile((f, *(eg.gradient(f, p) for p in (W1, b, W2))), (W1, b, W2, x))

    def theirs() -> Callable[..., Any]:
        jax, jnp = _jax()

        def one(W1: Any, b: Any, W2: Any, x: Any) -> Any:
            return jnp.linalg.slogdet(jax.jacfwd(lambda v: v + W2 @ jnp.tanh(W1 @ v + b))(x))[1]

        def mean(W1: Any, b: Any, W2: Any, x: Any) -> Any:
            return jnp.mean(jax.vmap(one, (None, None, None, 0))(W1, b, W2, x))

        both = jax.jit(jax.value_and_grad(mean, (0, 1, 2)))

        def flat(*args: Any) -> Any:
            f, g = both(*args)
            return (f, *g)

        return flat

    return Workload(f"log det of a flow in {dim} dimensions, {samples} samples, and its gradient", ours, theirs, data)


def wave_function(electrons: int = 6, samples: int = 256) -> Workload:
    """The logarithm of a Slater determinant, its gradient and Laplacian by the positions."""
    centres = RNG.normal(size=(electrons, 3))
    data = (RNG.normal(size=(samples, electrons, 3)),)

    def orbitals(m: Any, x: Any) -> Any:
        r = m.sum((x[:, None] - centres) ** 2, axis=2)
        return m.exp(-0.5 * r) * (1.0 + 0.3 * r)

    def ours() -> Callable[..., Any]:
        x = eg.Symbol("x", (electrons, 3))
        f = eg.logabsdet(orbitals(eg, x))
        return eg.compile((f, eg.gradient(f, x), eg.laplacian(f, x)), x)

    def theirs() -> Callable[..., Any]:
        jax, jnp = _jax()
        f = lambda x: jnp.linalg.slogdet(orbitals(jnp, x))[1]  # noqa: E731

        def one(x: Any) -> Any:
            hessian = jax.hessian(f)(x).reshape(x.size, x.size)
            return f(x), jax.grad(f)(x), jnp.trace(hessian)

        return jax.jit(jax.vmap(one))

    return Workload(f"log of a determinant of {electrons} orbitals, {samples} samples, gradient and Laplacian", ours, theirs, data)


def small(title: str, n: int, samples: int, ours_of: Callable[[Any], Any], theirs_of: Callable[[Any, Any], Any]) -> Workload:
    """A number of each matrix of a batch, and its gradient."""
    a = RNG.normal(size=(samples, n, n))
    data = (a @ np.swapaxes(a, 1, 2) / n + np.diag(np.arange(1.0, n + 1)),)

    def ours() -> Callable[..., Any]:
        A = eg.Symbol("A", (n, n))
        f = ours_of(A + A.T)
        return eg.compile((f, eg.gradient(f, A)), A)

    def theirs() -> Callable[..., Any]:
        jax, jnp = _jax()
        return jax.jit(jax.vmap(jax.value_and_grad(lambda A: theirs_of(jnp, A + A.T))))

    return Workload(f"{title}, {samples} matrices of {n} rows, and its gradient", ours, theirs, data)


WORKLOADS = (
    lambda: gaussian_process(64),
    lambda: gaussian_process(256),
    lambda: flow(),
    lambda: wave_function(),
    lambda: small("determinant", 3, 4096, eg.det, lambda np_, A: np_.linalg.det(A)),
    lambda: small("solution", 4, 4096, lambda A: eg.sum(eg.solve(A, ONES) ** 2), lambda np_, A: np_.sum(np_.linalg.solve(A, ONES) ** 2)),
    lambda: small("Cholesky", 6, 1024, lambda A: eg.sum(eg.cholesky(A) ** 3), lambda np_, A: np_.sum(np_.linalg.cholesky(A) ** 3)),
    lambda: small("eigenvalues", 6, 256, lambda A: eg.sum(eg.eigvalsh(A) ** 3), lambda np_, A: np_.sum(np_.linalg.eigvalsh(A) ** 3)),
    lambda: small("exponential", 4, 256, lambda A: eg.sum(eg.expm(A / 9) ** 2), lambda np_, A: np_.sum(_expm(A / 9) ** 2)),
)


def _expm(A: Any) -> Any:
    from jax.scipy.linalg import expm

    return expm(A)


__all__ = ["WORKLOADS"]
