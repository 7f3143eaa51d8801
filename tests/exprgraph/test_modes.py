"""Forward, reverse and entry-wise differentiation agree, on graphs of every primitive and on networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from small_graphs import SYMBOLS, VALUES, expressions

import exprgraph as eg
from exprgraph.node import Node

SHARED = [s for s in SYMBOLS.values() if not s.per_sample]


def close(a: Any, b: Any, rtol: float = 1e-9, atol: float = 1e-10) -> None:
    a, b = np.broadcast_arrays(a, b)
    np.testing.assert_allclose(a, b, rtol=rtol, atol=atol * (1 + np.abs(b).max(initial=0)))


@settings(max_examples=250, deadline=None)
@given(expressions(), st.sampled_from(SHARED))
def test_forward_and_reverse_jacobians_agree(e: Node, x: Node) -> None:
    forward, reverse, auto = (eg.jacobian(e, x, mode) for mode in ("forward", "reverse", "auto"))
    assert forward.shape == reverse.shape == auto.shape == e.shape + x.shape
    values = eg.evaluate([forward, reverse, auto], VALUES)
    close(values[0], values[1])
    close(values[2], values[1])


@settings(max_examples=120, deadline=None)
@given(expressions(), st.sampled_from(SHARED))
def test_jvp_and_vjp_are_adjoint_and_products_with_the_jacobian(e: Node, x: Node) -> None:
    rng = np.random.default_rng(3)
    v, w = rng.normal(size=x.shape), rng.normal(size=e.shape)
    j, jv, vj = eg.evaluate([eg.jacobian(e, x), eg.jvp(e, x, v), eg.vjp(e, x, w)], VALUES)
    n = len(x.shape)
    close(jv, np.tensordot(j, v, n) if n else j * v, 1e-8)
    batch = j.shape[: j.ndim - e.ndim - n]
    flat = j.reshape(*batch, -1, max(x.size, 1))
    close(vj, np.reshape(w.ravel() @ flat, (*batch, *x.shape)), 1e-8)


@settings(max_examples=120, deadline=None)
@given(expressions(steps=4), st.sampled_from(SHARED))
def test_jvp_against_central_differences(e: Node, x: Node) -> None:
    v = np.random.default_rng(4).normal(size=x.shape)
    slope = eg.evaluate(eg.jvp(e, x, v), VALUES)
    # Richardson's extrapolation of two central differences
    d = [
        (eg.evaluate(e, {**VALUES, x: VALUES[x] + h * v}) - eg.evaluate(e, {**VALUES, x: VALUES[x] - h * v})) / (2 * h)
        for h in (1e-4, 5e-5)
    ]
    difference = (4 * d[1] - d[0]) / 3
    assume(np.allclose(d[0], d[1], rtol=1e-3, atol=1e-3))  # no kink within the step
    close(slope, difference, 1e-5, 1e-6)


@settings(max_examples=60, deadline=None)
@given(expressions(steps=3), st.sampled_from([SYMBOLS["s"], SYMBOLS["x"]]))
def test_hessians_are_symmetric_and_equal_in_all_mode_pairs(e: Node, x: Node) -> None:
    f = eg.sum(e)
    pairs = [eg.jacobian(eg.jacobian(f, x, a), x, b) for a in ("forward", "reverse") for b in ("forward", "reverse")]
    values = eg.evaluate([*pairs, eg.hessian(f, x), eg.laplacian(f, x)], VALUES)
    for v in values[:-1]:
        close(v, values[0], 1e-8, 1e-9)
    if x.shape:
        close(values[0], np.swapaxes(values[0], -1, -2), 1e-8, 1e-9)
    close(values[-1], np.trace(values[0], axis1=-2, axis2=-1) if x.shape else values[0], 1e-8, 1e-9)


@settings(max_examples=60, deadline=None)
@given(expressions(steps=4))
def test_a_batch_is_each_of_its_samples(e: Node) -> None:
    assume(not any(n.op.name in ("sample_sum", "sample_count") for n in _nodes(e)))
    p = SYMBOLS["p"]
    whole = eg.evaluate(e, VALUES)
    for i in range(4):
        one = eg.evaluate(e, {**VALUES, p: VALUES[p][i]})
        close(whole[i] if e.per_sample else whole, one, 1e-12, 1e-12)


def _nodes(e: Node) -> list[Node]:
    from exprgraph.traverse import topological

    return topological([e])


# ---------------------------------------------------------------- scalars picked out of arrays


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_entrywise_derivatives_agree_with_arrays(data: st.DataObject) -> None:
    x = eg.Symbol("x", 4)
    value = np.array([0.3, -0.7, 1.1, 0.4])
    pool = [x[i] for i in range(4)]
    for _ in range(data.draw(st.integers(1, 6))):
        a, b = data.draw(st.sampled_from(pool)), data.draw(st.sampled_from(pool))
        pool.append(
            data.draw(st.sampled_from([a * b, a + 2 * b, eg.sin(a), eg.tanh(a * b), a**2, eg.exp(-a * a) * b, eg.where(a > b, a, b)]))
        )
    parts = [data.draw(st.sampled_from(pool)) for _ in range(3)]
    f = eg.stack(parts)
    auto, forward, reverse = (eg.jacobian(f, x, m) for m in ("auto", "forward", "reverse"))
    values = eg.evaluate([auto, forward, reverse], {x: value})
    close(values[0], values[1])
    close(values[0], values[2])
    sparse = eg.jacobian(f, x, sparse=True)
    dense = np.zeros((3, 4))
    dense[list(sparse.rows), list(sparse.columns)] = eg.evaluate(sparse.values, {x: value})
    close(dense, values[0])
    g = parts[0]
    close(eg.evaluate(eg.laplacian(g, x), {x: value}), np.trace(eg.evaluate(eg.hessian(g, x), {x: value})), 1e-8)


def test_structural_zeros_vanish() -> None:
    x = eg.Symbol("x", 5)
    f = eg.stack([x[0] * x[1], eg.sin(x[2]), x[3] ** 2, x[4] + 1])
    sparse = eg.jacobian(f, x, sparse=True)
    assert list(zip(sparse.rows, sparse.columns)) == [(0, 0), (0, 1), (1, 2), (2, 3), (3, 4)]
    assert sparse.nnz == 5
    assert sparse.shape == (4, 5)
    h = eg.hessian(x[0] * x[1] + eg.sin(x[2]), x)
    assert str(h[0, 3]) == "0"
    assert str(h[0, 1]) == "1"


# ---------------------------------------------------------------- networks


def network(widths: tuple[int, ...], activation: Any, name: str = "x") -> tuple[Node, Node, list[Node], dict[Node, Any]]:
    rng = np.random.default_rng(sum(widths))
    x = eg.Symbol(name, widths[0], per_sample=True)
    values: dict[Node, Any] = {x: rng.normal(size=(5, widths[0]))}
    parameters: list[Node] = []
    h: Node = x
    for i, (n, m) in enumerate(zip(widths, widths[1:])):
        w, b = eg.Symbol(f"W{i}", (m, n)), eg.Symbol(f"b{i}", (m,))
        values[w], values[b] = rng.normal(size=(m, n)) / np.sqrt(n), 0.1 * rng.normal(size=m)
        parameters += [w, b]
        h = w @ h + b
        if i < len(widths) - 2:
            h = activation(h)
    return h, x, parameters, values


ACTIVATIONS = [eg.tanh, eg.sigmoid, eg.softplus, eg.gelu, eg.silu, eg.sin, eg.erf]


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("widths", [(1, 3, 1), (2, 4, 3, 2), (3, 5, 5, 5, 1)])
def test_networks_in_every_mode(widths: tuple[int, ...], activation: Any) -> None:
    f, x, parameters, values = network(widths, activation)
    jf, jr = eg.jacobian(f, x, "forward"), eg.jacobian(f, x, "reverse")
    hessians = [eg.jacobian(j, x, m) for j in (jf, jr) for m in ("forward", "reverse")]
    a, b, *hs = eg.evaluate([jf, jr, *hessians], values)
    close(a, b, 1e-11, 1e-13)
    for h in hs:
        close(h, hs[0], 1e-11, 1e-13)
        close(h, np.swapaxes(h, -1, -2), 1e-11, 1e-13)
    lap, traced = eg.evaluate([eg.laplacian(f, x), eg.einsum("ijj->i", hessians[3])], values)
    close(lap, np.trace(hs[0], axis1=-2, axis2=-1), 1e-11, 1e-12)
    close(traced, lap, 1e-11, 1e-12)
    loss = eg.over_samples.mean(eg.sum(eg.laplacian(f, x) ** 2) + eg.sum(jr**2))
    for w in parameters[:2]:
        reverse = eg.evaluate(eg.gradient(loss, w), values)
        forward = eg.evaluate(eg.jacobian(loss, w, "forward"), values)
        close(reverse, forward, 1e-10, 1e-12)
    joint = eg.evaluate(eg.jacobians(loss, parameters), values)
    single = eg.evaluate([eg.gradient(loss, w) for w in parameters], values)
    for a, b in zip(joint, single):
        close(a, b, 1e-12, 1e-13)


def test_taylor_coefficients_are_directional_derivatives() -> None:
    f, x, _, values = network((2, 4, 1), eg.tanh)
    v = np.array([0.3, -0.8])
    coefficients = eg.evaluate(eg.taylor(f, x, v, 4), values)
    third = eg.evaluate(eg.einsum("ijkl,j,k,l->i", eg.diff(f, x, 3), v, v, v), values)
    close(coefficients[3], third / 6, 1e-10, 1e-13)
    t = 0.05
    at = eg.evaluate(f, {**values, x: values[x] + t * v})
    close(sum(c * t**k for k, c in enumerate(coefficients)), at, 1e-6, 1e-6)


def test_derivatives_by_elements_and_by_the_whole() -> None:
    x = eg.Symbol("x", 3)
    f = eg.sum(eg.sin(x) * x[0])
    value = {x: [0.1, 0.5, -0.4]}
    whole = eg.evaluate(eg.gradient(f, x), value)
    for i in range(3):
        close(eg.evaluate(eg.diff(f, x[i]), value), whole[i], 1e-13)
        close(eg.evaluate(eg.vjp(f, x[i], 1.0), value), whole[i], 1e-13)
        close(eg.evaluate(eg.jvp(f, x[i], 1.0), value), whole[i], 1e-13)
    close(eg.evaluate(eg.diff(f, x[0], x[2]), value), eg.evaluate(eg.hessian(f, x)[0, 2], value), 1e-13)
    close(eg.evaluate(eg.jacobian(f, x[1:]), value), whole[1:], 1e-13)


def test_a_linear_solve_and_its_inverse() -> None:
    a, b = eg.Symbol("A", (3, 3)), eg.Symbol("b", 3)
    rng = np.random.default_rng(0)
    values = {a: rng.normal(size=(3, 3)) + 3 * np.eye(3), b: rng.normal(size=3)}
    f = eg.sum(eg.solve(a, b) ** 2)
    for x in (a, b):
        close(eg.evaluate(eg.jacobian(f, x, "forward"), values), eg.evaluate(eg.gradient(f, x), values), 1e-11)
        h = eg.evaluate(eg.hessian(f, x), values)
        n = x.ndim
        close(h, np.transpose(h, [*range(n, 2 * n), *range(n)]), 1e-10, 1e-11)
    close(eg.evaluate(eg.inv(a) @ a, values), np.eye(3), 1e-12, 1e-12)
