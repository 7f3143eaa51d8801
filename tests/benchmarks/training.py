"""Steps of an optimizer on batches: the whole loop compiled by this package, and by JAX's scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from symnn import Adam, Trainer

from .workloads import Workload, burgers_of_jax, burgers_residual, network, points


def adam(layers: int, batch: int, steps: int) -> Workload:
    """Adam on the residual of Burgers' equation, from the same parameters on the same batches."""
    dims = [2, *[20] * layers, 1]
    nn, theta = network(dims)
    x = points(4 * batch, 2)
    batches = np.random.default_rng(2).integers(0, len(x), (steps, batch))

    def ours() -> Callable[..., Any]:
        trainer = Trainer(nn, burgers_residual(nn) ** 2, {nn.input: x}, params=theta, optimizer=Adam(1e-3), batches=batches[None])
        start = trainer.state

        def run(*_: Any) -> Any:
            trainer.state = start
            return trainer.run(1, progress=False).params.flat

        return run

    def theirs() -> Callable[..., Any]:
        jax, jnp, residual = burgers_of_jax(dims)
        gradient = jax.grad(lambda p, own: jnp.mean(jax.vmap(residual, (None, 0))(p, own) ** 2))

        @jax.jit
        def run(x: Any, theta: Any, batches: Any) -> Any:
            def step(state: Any, chosen: Any) -> Any:
                p, m, v, t = state
                g = gradient(p, x[chosen])
                m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
                p = p - 1e-3 * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)
                return (p, m, v, t + 1), None

            zero = jnp.zeros_like(theta)
            return jax.lax.scan(step, (theta, zero, zero, 1.0), batches)[0][0]

        return lambda *data: run(*data)

    return Workload(f"{steps} steps of Adam, Burgers {layers} x 20, batch {batch}", ours, theirs, (x, theta, batches))


WORKLOADS = (
    lambda: adam(4, 128, 100),
    lambda: adam(4, 1024, 20),
    lambda: adam(4, 8192, 5),
    lambda: adam(8, 128, 50),
    lambda: adam(8, 1024, 10),
    lambda: adam(8, 8192, 3),
)
