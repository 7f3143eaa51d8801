"""Identities of calculus that hold for every expression."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from small_graphs import SYMBOLS, VALUES, expressions

import exprgraph as eg
from exprgraph.node import Node

S, X, A = SYMBOLS["s"], SYMBOLS["x"], SYMBOLS["A"]
COMMON = settings(max_examples=60, deadline=None)
small = expressions(steps=3)


def same(a: Node, b: Node, rtol: float = 1e-9) -> None:
    p, q = np.broadcast_arrays(*eg.evaluate([a, b], VALUES))
    np.testing.assert_allclose(p, q, rtol=rtol, atol=1e-10 * (1 + np.abs(q).max(initial=0)))


@COMMON
@given(small, st.floats(-3, 3), st.floats(-3, 3))
def test_derivatives_are_linear(e: Node, a: float, b: float) -> None:
    f = eg.tanh(e) + S
    same(eg.jacobian(a * e + b * f, S), a * eg.jacobian(e, S) + b * eg.jacobian(f, S))


@COMMON
@given(small)
def test_product_and_quotient_rules(e: Node) -> None:
    f, g = e, 2 + eg.sin(e * S) * 0.5
    df, dg = eg.jacobian(f, S), eg.jacobian(g, S)
    same(eg.jacobian(f * g, S), df * g + f * dg)
    same(eg.jacobian(f / g, S), (df * g - f * dg) / g**2)


@COMMON
@given(small)
def test_chain_rule_by_substitution(e: Node) -> None:
    t = eg.Symbol("t")
    inner = eg.sin(t) + 2 * t
    composed = eg.substitute(e, {S: inner})
    values = {**VALUES, t: 0.3}
    at = {**VALUES, S: np.sin(0.3) + 0.6}
    outer = eg.evaluate(eg.jacobian(e, S), at)
    got = eg.evaluate(eg.jacobian(composed, t), values)
    np.testing.assert_allclose(*np.broadcast_arrays(got, outer * (np.cos(0.3) + 2)), rtol=1e-9, atol=1e-9)


@COMMON
@given(small)
def test_mixed_derivatives_commute(e: Node) -> None:
    f = eg.sum(e)
    same(eg.jacobian(eg.jacobian(f, S), X), eg.jacobian(eg.jacobian(f, X), S), 1e-8)
    same(eg.diff(f, S, X), eg.diff(f, X, S), 1e-8)


@COMMON
@given(small)
def test_substituting_values_is_evaluating(e: Node) -> None:
    shared = {n: VALUES[n] for n in SYMBOLS.values() if not n.per_sample}
    p = SYMBOLS["p"]
    fixed = eg.substitute(e, shared)
    assert set(eg.free_symbols(fixed)) <= {p}
    a, b = eg.evaluate(fixed, {p: VALUES[p]}), eg.evaluate(e, VALUES)
    np.testing.assert_allclose(*np.broadcast_arrays(a, b), rtol=1e-9, atol=1e-10)


@COMMON
@given(small)
def test_substitution_renames_and_back(e: Node) -> None:
    other = {n: eg.Symbol(n.name + "_other", n.shape, per_sample=n.per_sample) for n in SYMBOLS.values()}
    there = eg.substitute(e, other)
    assert not set(eg.free_symbols(there)) & set(SYMBOLS.values())
    back = eg.substitute(there, {v: k for k, v in other.items()})
    same(back, e, 1e-12)
    a = eg.evaluate(there, {other[n]: VALUES[n] for n in other})
    np.testing.assert_allclose(a, eg.evaluate(e, VALUES), rtol=1e-11, atol=1e-12)


@COMMON
@given(small)
def test_selection_and_differentiation_commute(e: Node) -> None:
    j = eg.jacobian(e, X)
    for index in np.ndindex(*e.shape):
        same(eg.jacobian(e[index], X), j[index])


@COMMON
@given(small)
def test_the_trace_of_the_jacobian_is_the_divergence_and_of_the_hessian_the_laplacian(e: Node) -> None:
    field = eg.sum(e) * eg.sin(X) + X**2
    same(eg.divergence(field, X), eg.trace(eg.jacobian(field, X)))
    f = eg.sum(field)
    same(eg.laplacian(f, X), eg.trace(eg.hessian(f, X)), 1e-8)
    same(eg.laplacian(f, X), eg.divergence(eg.gradient(f, X), X), 1e-8)


@COMMON
@given(small, st.integers(0, 3))
def test_taylor_of_a_polynomial_path(e: Node, order: int) -> None:
    v = np.array([0.4, -0.3])
    coefficients = eg.taylor(e, X, v, order)
    assert len(coefficients) == order + 1
    assert coefficients[0] is e
    if order:
        same(coefficients[1], eg.jvp(e, X, v))
    if order > 1:
        same(2 * coefficients[2], eg.jvp(eg.jvp(e, X, v), X, v))


def test_euler_for_homogeneous_functions() -> None:
    f = eg.sum(X @ A @ X * eg.norm(X))  # of degree 3
    same(eg.jvp(f, X, X), 3 * f)


def test_the_derivative_of_the_inverse_and_of_the_log_determinant_path() -> None:
    value: dict[Node, Any] = {A: np.array([[2.0, 0.3], [-0.4, 1.5]]), S: 0.2}
    b = eg.array([[0.1, 0.5], [0.7, -0.2]])
    m = A + S * b
    left = eg.jacobian(eg.inv(m), S)
    right = -(eg.inv(m) @ b @ eg.inv(m))
    np.testing.assert_allclose(eg.evaluate(left, value), eg.evaluate(right, value), rtol=1e-12)


def test_the_hessian_of_a_quadratic_form() -> None:
    h = eg.hessian(X @ A @ X, X)
    np.testing.assert_allclose(eg.evaluate(h, VALUES), VALUES[A] + VALUES[A].T)
    assert not set(eg.free_symbols(h)) - {A}
