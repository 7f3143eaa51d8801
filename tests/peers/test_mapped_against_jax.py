"""Mapped functions beside ``jax.vmap``: atoms, and derivatives inside and outside of mapped functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from benchmarks.programs import atoms

import exprgraph as eg

jax = pytest.importorskip("jax", reason="JAX is an oracle here, where it is installed")
jnp = pytest.importorskip("jax.numpy")
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")

RNG = np.random.default_rng(3)


def close(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(ours, np.asarray(theirs), rtol=1e-10, atol=1e-10 * np.max(np.abs(theirs)))


@pytest.mark.slow
def test_energy_and_forces_of_twenty_atoms() -> None:
    w = atoms()
    for ours, theirs in zip(w.ours()(*w.data), w.theirs()(*w.data)):
        close(ours, theirs)


@pytest.mark.slow
def test_derivatives_inside_axes_and_loops() -> None:
    x, w = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 3))
    X, W = eg.Symbol("X", x.shape), eg.Symbol("W", w.shape)

    def f(m: Any, W: Any, p: Any) -> Any:
        return m.sum(m.tanh(W @ p) ** 2) * m.sqrt(m.sum(p * p))

    ours = eg.vmap(lambda p: eg.hessian(f(eg, W, p), p), in_axes=1, out_axes=-1)(X)
    theirs = jax.vmap(jax.hessian(lambda p, w: f(jnp, w, p)), in_axes=(1, None), out_axes=-1)
    both = jax.jit(lambda x, w: (theirs(x, w), jax.jacfwd(theirs, 1)(x, w)))(x, w)
    close(eg.evaluate(ours, {X: x, W: w}), both[0])
    close(eg.evaluate(eg.jacobian(ours, W), {X: x, W: w}), both[1])

    def rounds(m: Any, scan: Any, W: Any, p: Any) -> Any:
        last, sums = scan(lambda h, v: (m.tanh(W @ h + v), m.sum(h)), p, p)
        return m.sum(last) * sums

    mapped = eg.vmap(lambda p: rounds(eg, eg.scan, W, p), in_axes=1)(X)
    theirs = jax.vmap(lambda p, w: rounds(jnp, jax.lax.scan, w, p), in_axes=(1, None))
    both = jax.jit(lambda x, w: (theirs(x, w), jax.jacfwd(theirs, 1)(x, w)))(x, w)
    close(eg.compile(mapped, (X, W))(x, w), both[0])
    close(eg.evaluate(eg.jacobian(mapped, W), {X: x, W: w}), both[1])
