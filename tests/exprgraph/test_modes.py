"""Forward, reverse and entry-wise differentiation agree, on graphs of every primitive and on networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from small_graphs import SYMBOLS, VALUES, expressions

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.testing import UnsmoothPointError, check_derivatives

SHARED = [s for s in SYMBOLS.values() if not s.per_sample]


def close(a: Any, b: Any, rtol: float = 1e-9, atol: float = 1e-10) -> None:
    a, b = np.broadcast_arrays(a, b)
    np.testing.assert_allclose(a, b, rtol=rtol, atol=atol * (1 + np.abs(b).max(initial=0)))


@settings(max_examples=100, deadline=None)
@given(expressions(), st.sampled_from(SHARED))
def test_forward_and_reverse_jacobians_agree(e: Node, x: Node) -> None:
    forward, reverse, auto = (eg.jacobian(e, x, mode) for mode in ("forward", "reverse", "auto"))
    assert forward.shape == reverse.shape == auto.shape == e.shape + x.shape
    values = eg.evaluate([forward, reverse, auto], VALUES)
    close(values[0], values[1])
    close(values[2], values[1])


@settings(max_examples=48, deadline=None)
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


@settings(max_examples=20, deadline=None)
@given(expressions(steps=4), st.data())
def test_derivatives_against_differences(e: Node, data: st.DataObject) -> None:
    there = [s for s in SHARED if s in eg.free_symbols(e)]
    assume(there)
    x = data.draw(st.sampled_from(there))
    try:
        check_derivatives(e, 1, at={s: VALUES[s] for s in eg.free_symbols(e)}, by=[x], compiled=False)
    except UnsmoothPointError:
        assume(False)


@settings(max_examples=24, deadline=None)
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


@settings(max_examples=24, deadline=None)
@given(expressions(steps=4))
def test_a_batch_is_each_of_its_samples(e: Node) -> None:
    assume(not any(n.op.name in ("sample_sum", "sample_count") for n in _nodes(e)))
    p = SYMBOLS["p"]
    whole = eg.evaluate(e, VALUES)
    for i in range(4):
        one = eg.evaluate(e, {**VALUES, p: VALUES[p][i]})
        close(whole[i] if e.per_sample else whole, one, 1e-12, 1e-12)


def _nodes(e: Node) -> list[Node]:
    from exprgraph.graph.traverse import topological

    return topological([e])


# ---------------------------------------------------------------- scalars picked out of arrays


@settings(max_examples=32, deadline=None)
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


@pytest.mark.one_in(3)
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


# ---------------------------------------------------------------- graphs of elements, entry by entry


def test_entries_of_nested_stacks_are_those_of_their_elements() -> None:
    x = eg.Symbol("x", 3)
    f = eg.stack([[x[0] * x[1], eg.sin(x[2])], [eg.array(1.0), eg.array(2.0)], [x[0] ** 2, x[1]]])
    j = eg.jacobian(f, x)
    rows = [[x[1], x[0], 0], [0, 0, eg.cos(x[2])], [0, 0, 0], [0, 0, 0], [2 * x[0], 0, 0], [0, 1, 0]]
    assert j is eg.stack([eg.stack([eg.stack(r) for r in rows[k : k + 2]]) for k in (0, 2, 4)])


def test_entries_of_a_stack_along_the_last_axis() -> None:
    x = eg.Symbol("x", 2)
    f = eg.stack([eg.stack([x[0] * x[1], x[0]]), eg.stack([x[1] ** 3, eg.sin(x[0])])], axis=1)
    a, b = 0.7, -0.4
    got = eg.evaluate(eg.jacobian(f, x), {x: [a, b]})
    np.testing.assert_allclose(got, [[[b, a], [0, 3 * b * b]], [[1, 0], [np.cos(a), 0]]], rtol=1e-15)


def test_entries_by_a_symbol_with_axes_of_one_element() -> None:
    x = eg.Symbol("x", (3, 1))
    f = eg.stack([x[0, 0] * x[1, 0], eg.sin(x[2, 0])])
    j = eg.jacobian(f, x)
    assert j.shape == (2, 3, 1)
    np.testing.assert_allclose(eg.evaluate(j, {x: [[0.5], [2.0], [0.3]]})[..., 0], [[2.0, 0.5, 0], [0, 0, np.cos(0.3)]], rtol=1e-15)
    lap = eg.laplacian(f, x)
    np.testing.assert_allclose(eg.evaluate(lap, {x: [[0.5], [2.0], [0.3]]}), [0.0, -np.sin(0.3)], rtol=1e-15)


def test_elements_beside_the_whole_are_not_taken_entry_by_entry() -> None:
    x = eg.Symbol("x", 3)
    value = np.array([0.2, 0.5, 1.1])
    f = eg.stack([x[0] * x[1], eg.sum(x**2), eg.sum(eg.sin(x)) * x[2]])
    expected = [[value[1], value[0], 0], 2 * value, np.cos(value) * value[2] + np.sin(value).sum() * np.eye(3)[2]]
    np.testing.assert_allclose(eg.evaluate(eg.jacobian(f, x), {x: value}), expected, rtol=1e-14)
    rows = eg.stack([x[::2], x[1:] * x[0]])  # parts of more than one element
    j = eg.evaluate(eg.jacobian(rows, x), {x: value})
    np.testing.assert_allclose(j, [[[1, 0, 0], [0, 0, 1]], [[value[1], value[0], 0], [value[2], 0, value[0]]]], rtol=1e-15)


def test_a_laplacian_by_elements_is_that_of_each_element() -> None:
    x = eg.Symbol("x", 3)
    f = eg.stack([x[0] ** 2 * x[1], eg.sin(x[2]) + x[0]])
    assert eg.laplacian(f, x) is eg.stack([2 * x[1], -eg.sin(x[2])])
    assert eg.laplacian(x[0] ** 3 * x[2] ** 2, x) is 6 * (x[0] * x[2] ** 2) + 2 * x[0] ** 3


def test_a_number_has_entries_too() -> None:
    t = eg.Symbol("t")
    f = eg.stack([eg.sin(t), t**3, eg.array(2.0), t])
    assert eg.jacobian(f, t) is eg.stack([eg.cos(t), 3 * t**2, eg.array(0.0), eg.array(1.0)])
    assert eg.laplacian(f, t) is eg.stack([-eg.sin(t), 6 * t, eg.array(0.0), eg.array(0.0)])
    assert eg.laplacian(eg.array(2.0), t) is eg.zeros(())
    assert eg.laplacian(t, t) is eg.zeros(())


def test_the_cost_of_a_gradient_of_single_elements_is_that_of_its_entries() -> None:
    n = 30
    x = eg.Symbol("x", n)
    f = sum((eg.sin(x[k]) * x[k + 1] for k in range(n - 1)), eg.zeros(()))
    g = eg.gradient(f, x)
    # cos, sin, products and sums of each of the n - 1 terms; in any form that carries arrays it would be n times as much
    assert eg.count_ops(g) <= 6 * n
    value = np.linspace(-1, 1, n)
    expected = np.zeros(n)
    expected[:-1] += np.cos(value[:-1]) * value[1:]
    expected[1:] += np.sin(value[:-1])
    np.testing.assert_allclose(eg.evaluate(g, {x: value}), expected, rtol=1e-14)
    assert eg.count_ops(eg.hessian(f, x)) <= 6 * n


@pytest.mark.parametrize("picked", [[(0, 1)], [(0, 1), (2, 0)], [(i, j) for i in range(3) for j in range(4) if i != j]])
def test_cotangents_of_single_elements_are_assembled(picked: list[tuple[int, int]]) -> None:
    """Few are placed, many are stacked; either way each is where it belongs."""
    a, w = eg.Symbol("a", (3, 4)), eg.Symbol("w", (2,))
    b = a**2 * eg.sum(w)
    terms = [(k + 1.0) * eg.exp(b[i]) for k, i in enumerate(picked)] + [eg.sin(b[picked[0]])]
    rng = np.random.default_rng(2)
    value: dict[Node, Any] = {a: rng.uniform(0.1, 0.8, a.shape), w: rng.uniform(0.1, 0.8, 2)}
    total = value[w].sum()
    slope = np.zeros(a.shape)
    for k, i in enumerate(picked):
        slope[i] = (k + 1.0) * np.exp(value[a][i] ** 2 * total)
    slope[picked[0]] += np.cos(value[a][picked[0]] ** 2 * total)
    f = sum(terms, eg.zeros(()))
    np.testing.assert_allclose(eg.evaluate(eg.gradient(f, a), value), slope * 2 * value[a] * total, rtol=1e-13)
    np.testing.assert_allclose(eg.evaluate(eg.gradient(f, w), value), np.full(2, (slope * value[a] ** 2).sum()), rtol=1e-13)
    vector = eg.stack([f, b[picked[-1]]])
    expected = np.zeros((2, 3, 4))
    expected[0], expected[(1, *picked[-1])] = slope * 2 * value[a] * total, 2 * value[a][picked[-1]] * total
    np.testing.assert_allclose(eg.evaluate(eg.jacobian(vector, a, "reverse"), value), expected, rtol=1e-13)


# ---------------------------------------------------------------- what users ask for


def test_each_mode_has_its_cost() -> None:
    a, b, x = eg.Symbol("A", (40, 30)), eg.Symbol("B", (30, 5)), eg.Symbol("x", 5)
    f = eg.tanh(a @ eg.tanh(b @ x))
    forward, reverse = (eg.count_ops(eg.jacobian(f, x, m)) for m in ("forward", "reverse"))
    assert eg.count_ops(eg.jacobian(f, x)) == forward < reverse
    scalar = eg.sum(f)
    assert eg.count_ops(eg.jacobian(scalar, x)) == eg.count_ops(eg.jacobian(scalar, x, "reverse")) < eg.count_ops(
        eg.jacobian(scalar, x, "forward")
    )
    square = eg.tanh(eg.Symbol("C", (5, 5)) @ eg.tanh(eg.Symbol("D", (5, 5)) @ x))
    assert eg.jacobian(square, x) is eg.jacobian(square, x, "forward")


def test_several_jacobians_at_once() -> None:
    x, y = eg.Symbol("x", 2), eg.Symbol("y", 3)
    f = eg.outer(x, eg.sin(y)) * eg.sum(y)
    value = {x: [0.3, -0.8], y: [0.1, 0.2, 0.7]}
    for mode in ("auto", "forward", "reverse"):
        for by in ([x, y], [x[0], y], [x, y[1:]]):
            got = eg.jacobians(f, by, mode)  # type: ignore[arg-type]
            for j, v in zip(got, by, strict=True):
                np.testing.assert_allclose(eg.evaluate(j, value), eg.evaluate(eg.jacobian(f, v, "forward"), value), rtol=1e-13, atol=1e-15)
    loss = eg.sum(f**2)
    assert eg.count_ops(eg.jacobians(loss, [x, y])) < sum(eg.count_ops(eg.gradient(loss, v)) for v in (x, y))


def test_derivatives_by_a_part_along_a_direction() -> None:
    x = eg.Symbol("x", (2, 3))
    f = eg.sum(x**3, axis=0)
    value = np.arange(1.0, 7.0).reshape(2, 3)
    np.testing.assert_allclose(eg.evaluate(eg.jvp(f, x[1], [1.0, 0.0, 2.0]), {x: value}), 3 * value[1] ** 2 * [1, 0, 2])
    np.testing.assert_allclose(eg.evaluate(eg.vjp(f, x[1, :2], [1.0, 2.0, 3.0]), {x: value}), 3 * value[1, :2] ** 2 * [1, 2])
    np.testing.assert_allclose(eg.evaluate(eg.jvp(f, x, 2.0), {x: value}), 6 * (value**2).sum(0))
    np.testing.assert_allclose(eg.evaluate(eg.vjp(f, x, 1.0), {x: value}), 3 * value**2)


def test_divergence_of_fields() -> None:
    x, m = eg.Symbol("x", 3), eg.Symbol("m", (2, 2))
    value = {x: [0.5, -1.0, 2.0], m: [[1.0, 2.0], [3.0, 4.0]]}
    field = eg.stack([x[0] ** 2 * x[1], x[2] * x[1], eg.sin(x[2])])
    assert eg.evaluate(eg.divergence(field, x), value) == pytest.approx(2 * 0.5 * -1.0 + 2.0 + np.cos(2.0))
    assert eg.evaluate(eg.divergence(m @ m, m), value) == pytest.approx(4 * (1.0 + 4.0))  # d (m m)_ij / d m_ij = m_ii + m_jj
    with pytest.raises(eg.ShapeError, match=r"divergence: the field must have the shape of x, \(3,\), got \(\)"):
        eg.divergence(eg.sum(x), x)


def test_laplacians_of_arrays_by_arrays() -> None:
    m = eg.Symbol("m", (2, 2))
    value = {m: [[1.0, 2.0], [3.0, 4.0]]}
    f = eg.stack([eg.sum(m**3), eg.trace(m @ m)])
    np.testing.assert_allclose(eg.evaluate(eg.laplacian(f, m), value), [6 * 10.0, 4.0])
    part = eg.evaluate(eg.laplacian(f, m[0]), value)
    np.testing.assert_allclose(part, [6 * 3.0, 2.0])
    by_samples = eg.Symbol("p", 2, per_sample=True)
    total = eg.over_samples.sum(eg.sum(by_samples**3))
    np.testing.assert_allclose(eg.evaluate(eg.laplacian(total, by_samples), {by_samples: [[1.0, 2.0], [3.0, -1.0]]}), [18.0, 12.0])


def test_repeated_derivatives() -> None:
    x, y = eg.symbols("x y")
    f = eg.sin(x) * y**3
    assert eg.diff(f, x, 2, y, 3) is -6 * eg.sin(x)
    assert eg.diff(f, x, 1, y, 1) is eg.diff(f, x, y)
    v = eg.Symbol("v", 2)
    assert eg.diff(eg.sum(v**3), v, 3).shape == (2, 2, 2)
    np.testing.assert_array_equal(eg.evaluate(eg.diff(eg.sum(v**3), v, 3), {v: [1.0, 2.0]}), 6 * contract_eye(2))


def contract_eye(n: int) -> np.ndarray:
    out = np.zeros((n, n, n))
    out[range(n), range(n), range(n)] = 1.0
    return out


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x, v: eg.diff(x**2), eg.DifferentiationError, "diff needs at least one symbol"),
        (lambda x, v: eg.diff(x**2, 2), eg.DifferentiationError, r"the count 2 must follow a symbol"),
        (lambda x, v: eg.diff(x**2, x, 2, 2), eg.DifferentiationError, r"the count 2 must follow a symbol"),
        (lambda x, v: eg.diff(x**2, x, 0), eg.DifferentiationError, "a derivative's count must be at least 1, got 0"),
        (lambda x, v: eg.taylor(x**2, x, 1.0, -1), ValueError, "the order must be a whole number of at least 0, got -1"),
        (lambda x, v: eg.taylor(x**2, x, 1.0, 1.5), ValueError, "the order must be a whole number of at least 0, got 1.5"),
        (lambda x, v: eg.gradient(v, v), eg.ShapeError, r"gradient takes a scalar expression, got shape \(3,\)"),
        (lambda x, v: eg.jacobian(v, v, "backward"), ValueError, "mode must be \"auto\", \"forward\" or \"reverse\", got 'backward'"),
        (lambda x, v: eg.jacobian(v, v[0], sparse=True), eg.DifferentiationError, "sparse=True takes the derivative by a whole symbol"),
        (lambda x, v: eg.jacobian(v, x * 2), eg.DifferentiationError, "jacobian: derivatives are taken by a symbol or by elements of one"),
        (lambda x, v: eg.jacobian(v, (v * 2)[0]), eg.DifferentiationError, "derivatives are taken by a symbol"),
        (lambda x, v: eg.jvp(v, v, [1.0, 2.0]), eg.ShapeError, r"jvp: the tangent must have x's shape \(3,\), got \(2,\)"),
        (lambda x, v: eg.vjp(v, v, [1.0, 2.0]), eg.ShapeError, r"vjp: the cotangent must have f's shape \(3,\), got \(2,\)"),
    ],
)
def test_what_cannot_be_asked_for(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(eg.Symbol("x"), eg.Symbol("v", 3))


def test_orders_that_are_just_enough() -> None:
    x = eg.Symbol("x")
    assert eg.taylor(x**2, x, 1.0, 0) == (x**2,)
    assert eg.diff(x**2, x, 1) is 2 * x
    assert eg.gradient(eg.stack([x**2]), x) is 2 * x


def test_structural_zeros_of_a_matrix_by_a_matrix() -> None:
    m = eg.Symbol("m", (2, 3))
    f = eg.stack([[m[1, 0] * 2, m[0, 2] ** 2], [eg.array(3.0), m[1, 2] * m[0, 0]]])
    sparse = eg.jacobian(f, m, sparse=True)
    assert sparse.shape == (4, 6) and sparse.nnz == 4
    assert list(zip(sparse.rows, sparse.columns)) == [(0, 3), (1, 2), (3, 0), (3, 5)]
    np.testing.assert_array_equal(eg.evaluate(sparse.values, {m: [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]}), [2.0, 6.0, 6.0, 1.0])
    none = eg.jacobian(eg.stack([eg.Symbol("q"), eg.array(1.0)]), m, sparse=True)
    assert none.nnz == 0 and none.rows == () and none.values.shape == (0,) and none.shape == (2, 6)
