"""The rules of each primitive, in each shape they tell apart: forward, reverse and central differences agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rule_graphs import SHARED, graphs, values

import exprgraph as eg
from exprgraph.canonical.contract import contract
from exprgraph.functions.elementwise import apply
from exprgraph.functions.rows import GATE
from exprgraph.graph.node import Node

s, r, x, y, A, B = SHARED
VALUES = values(SHARED)
GRAPHS = graphs(SHARED)


def central_difference(f: Node, v: Node, values: dict[Node, Any]) -> np.ndarray:
    """The Jacobian by Richardson's extrapolation of two central differences."""
    columns = []
    for k in range(v.size):
        e = np.zeros(v.size)
        e[k] = 1.0
        e = e.reshape(v.shape)
        coarse, fine = (
            (eg.evaluate(f, {**values, v: values[v] + h * e}) - eg.evaluate(f, {**values, v: values[v] - h * e})) / (2 * h)
            for h in (2e-4, 1e-4)
        )
        columns.append((4 * fine - coarse) / 3)
    return np.stack(columns, -1).reshape(f.shape + v.shape)


@pytest.mark.parametrize("name", GRAPHS)
def test_the_jacobian(name: str) -> None:
    f = GRAPHS[name]
    for v in eg.free_symbols(f):
        expected = central_difference(f, v, VALUES)
        for mode in ("forward", "reverse", "auto"):
            j = eg.jacobian(f, v, mode)  # type: ignore[call-overload]
            np.testing.assert_allclose(eg.evaluate(j, VALUES), expected, rtol=1e-8, atol=1e-8, err_msg=f"{mode} by {v}")


@pytest.mark.parametrize("name", GRAPHS)
def test_one_direction(name: str) -> None:
    """Without extra axes: products with the Jacobian, which is held against differences above."""
    f = GRAPHS[name]
    rng = np.random.default_rng(9)
    for v in eg.free_symbols(f):
        t, ct = rng.normal(size=v.shape), rng.normal(size=f.shape)
        j = eg.evaluate(eg.jacobian(f, v, "forward"), VALUES)
        n = len(v.shape)
        np.testing.assert_allclose(eg.evaluate(eg.jvp(f, v, t), VALUES), np.tensordot(j, t, n), rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(eg.evaluate(eg.vjp(f, v, ct), VALUES), np.tensordot(ct, j, len(f.shape)), rtol=1e-11, atol=1e-12)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", GRAPHS)
def test_behind_a_branch(name: str) -> None:
    """A branch that is taken changes nothing, one that is not taken gives zeros, in reverse as well."""
    f = GRAPHS[name]
    plain = eg.sum(f * np.arange(1.0, f.size + 1.0).reshape(f.shape))
    for v in eg.free_symbols(f):
        expected = eg.evaluate(eg.jacobian(plain, v, "forward"), VALUES)
        for condition, factor in ((r > 0, 1.0), (r < 0, 0.0)):
            guarded = eg.where(condition, plain, 7.0)
            got = eg.evaluate(eg.gradient(guarded, v), VALUES)
            np.testing.assert_allclose(got, factor * expected, rtol=1e-11, atol=1e-12)
            every = eg.where(condition, f, 7.0)
            np.testing.assert_allclose(
                eg.evaluate(eg.jacobian(every, v, "reverse"), VALUES),
                factor * eg.evaluate(eg.jacobian(f, v, "forward"), VALUES),
                rtol=1e-11,
                atol=1e-12,
            )


@pytest.mark.parametrize("axis", [0, 1, None])
def test_ties_of_an_extremum_share_the_derivative(axis: int | None) -> None:
    a = np.array([[2.0, 5.0, 5.0], [2.0, 5.0, 1.0]])
    hit = a == (a.max() if axis is None else a.max(axis, keepdims=True))
    share = hit / hit.sum(axis, keepdims=axis is not None)
    weights = np.arange(1.0, 4.0)[: (2 if axis == 1 else 3)] if axis is not None else np.array(1.0)
    f = eg.sum(eg.max(B, axis=axis) * weights)
    expected = share * (weights if axis != 1 else weights[:, None])
    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(eg.evaluate(eg.jacobian(f, B, mode), {B: a}), expected, rtol=1e-14)  # type: ignore[call-overload]
        np.testing.assert_allclose(
            eg.evaluate(eg.jacobian(eg.min(-B, axis=axis), B, mode), {B: a}),  # type: ignore[call-overload]
            -eg.evaluate(eg.jacobian(eg.max(B, axis=axis), B, "forward"), {B: a}),
            rtol=1e-14,
        )


# ---------------------------------------------------------------- what is behind a branch that is not taken


ZERO = {x: np.zeros(3), y: np.array([1.0, 2.0, 3.0]), s: 2.0, r: -1.0, A: np.zeros((3, 3)), B: np.ones((2, 3))}

#: of x at 0 (of A at 0): not finite, or with a derivative that is not
UNDEFINED: dict[str, tuple[Node, Node]] = {
    "a constant matrix beside it": (x, eg.einsum("ij,j,j->i", np.arange(9.0).reshape(3, 3), 1 / x, y / x)),
    "three operands": (x, eg.einsum("i,ij,j->j", eg.log(x), eg.outer(y, 1 / x), eg.sqrt(x))),
    "an extremum along an axis": (x, eg.max(eg.outer(eg.log(x), 1 / x), axis=1)),
    "a product of numbers and arrays": (x, s * eg.log(x) / x * eg.sum(1 / x)),
    "a function of a number": (x, y * eg.exp(eg.sum(1 / x))),
    "a repeated index": (x, contract([(eg.outer(1 / x, eg.log(x)), "ii")], "i")),
    "a system": (A, eg.solve(A, x + 1)),
    "systems": (A, eg.solve(A, B.T)),
    "an inverse in a product": (A, B @ eg.inv(A) @ y),
}


@pytest.mark.parametrize("name", UNDEFINED)
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_what_is_not_taken_does_not_matter(name: str, mode: Any) -> None:
    v, f = UNDEFINED[name]
    weights = np.arange(1.0, f.size + 1.0).reshape(f.shape)
    with np.errstate(all="ignore"):
        for guarded in (eg.where(r > 0, f, s * eg.sum(v)), eg.where(r > 0, eg.sum(f * weights), s * eg.sum(v))):
            got = eg.evaluate(eg.jacobian(guarded, v, mode), ZERO)
            np.testing.assert_array_equal(got, np.full(guarded.shape + v.shape, 2.0))
        every = eg.where(weights > 2, f * 1.0, eg.sum(v))  # some elements are taken, others not
        if f.size > 2:
            j = eg.evaluate(eg.jacobian(every, v, mode), ZERO)
            np.testing.assert_array_equal(j.reshape(f.size, -1)[:2], np.ones((2, v.size)))


def test_a_guarded_normalisation_by_an_array_of_totals() -> None:
    p = eg.Symbol("p", 2, per_sample=True)
    w = eg.Symbol("w", 2)
    totals = eg.over_samples.sum(eg.exp(w * p))
    f = eg.where(p > 0, p / totals, 3 * w)
    value = {p: np.array([[1.0, -1.0], [0.5, 2.0], [-0.3, 0.4]]), w: np.array([0.3, -0.2])}
    e = np.exp(value[w] * value[p])
    slope = -value[p] / e.sum(0) ** 2 * (e * value[p]).sum(0)
    expected = np.where(value[p] > 0, slope, 3.0)[..., None] * np.eye(2)
    for mode in ("forward", "reverse"):
        got = eg.evaluate(eg.jacobian(f, w, mode), value)  # type: ignore[call-overload]
        np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(eg.evaluate(eg.vjp(f, w, [1.0, -2.0]), value), expected @ [1.0, -2.0], rtol=1e-13, atol=1e-15)


def test_a_gate_in_reverse_is_silent_where_its_cotangent_is_zero() -> None:
    z = eg.Symbol("z", 3)
    f = eg.where(z > 0, apply(GATE, x, 1 / y), 0)
    value = {x: [1.0, 2.0, 3.0], y: [0.0, 2.0, 4.0], z: [0.0, 1.0, 2.0]}
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(eg.evaluate(eg.vjp(f, x, z), value), [0.0, 0.5, 0.5])
        np.testing.assert_array_equal(eg.evaluate(eg.vjp(f, y, z), value), [0.0, -2 / 4, -2 * 3 / 16])


# ---------------------------------------------------------------- samples


def test_a_jacobian_by_samples_of_sums_over_them_is_reverse_by_itself() -> None:
    q, w = eg.Symbol("q", per_sample=True), eg.Symbol("w", 3)
    f = eg.over_samples.sum(eg.sin(q * w))  # more elements than q has, so that forward would be the cheaper
    value = {q: [0.2, 0.5], w: [1.0, -2.0, 3.0]}
    expected = np.cos(np.outer(value[q], value[w])) * value[w]
    np.testing.assert_allclose(eg.evaluate(eg.jacobian(f, q), value), expected, rtol=1e-14)
    with pytest.raises(eg.DifferentiationError, match="forward mode would add up the samples' derivatives"):
        eg.jacobian(f, q, "forward")
    together = eg.jacobians(f, [q, w])
    np.testing.assert_allclose(eg.evaluate(together[0], value), expected, rtol=1e-14)
    slope = (np.cos(np.outer(value[q], value[w])) * np.array(value[q])[:, None]).sum(0)
    np.testing.assert_allclose(eg.evaluate(together[1], value), np.diag(slope), rtol=1e-13, atol=1e-15)


def test_a_sum_over_samples_of_another_symbol_is_no_obstacle() -> None:
    p, q = eg.Symbol("p", per_sample=True), eg.Symbol("q", per_sample=True)
    f = p**2 * eg.over_samples.sum(eg.exp(s * q))
    value = {p: np.array([0.3, 2.0]), q: np.array([0.1, -0.4]), s: 1.5}
    e = np.exp(1.5 * value[q])
    by_p, by_s = eg.jacobians(f, [p, s], "reverse")
    np.testing.assert_allclose(eg.evaluate(by_p, value), 2 * value[p] * e.sum(), rtol=1e-14)
    np.testing.assert_allclose(eg.evaluate(by_s, value), value[p] ** 2 * (e * value[q]).sum(), rtol=1e-13)
    with pytest.raises(eg.DifferentiationError, match="another sample's"):
        eg.jacobians(f, [q, s], "reverse")


def test_the_gradient_of_few_elements_is_placed() -> None:
    big = eg.Symbol("big", (60, 50))
    few = eg.gradient(eg.sin(big[3, 4]) * big[50, 7], big)
    assert eg.count_nodes(few) < 20
    value = np.random.default_rng(0).normal(size=big.shape)
    expected = np.zeros(big.shape)
    expected[3, 4], expected[50, 7] = np.cos(value[3, 4]) * value[50, 7], np.sin(value[3, 4])
    np.testing.assert_allclose(eg.evaluate(few, {big: value}), expected, rtol=1e-14)
