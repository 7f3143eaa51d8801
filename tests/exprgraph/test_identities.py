"""Identities of calculus that hold for every expression, checked as far as rounding allows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.graph.primitive import TABLE
from exprgraph.graph.traverse import topological
from exprgraph.testing import check_identity, check_reduction, check_values, expressions

S, T = eg.symbols("s t")
X, Y = eg.Symbol("x", 2), eg.Symbol("y", 3)
A = eg.Symbol("A", (2, 2))
P = eg.Symbol("p", 2, per_sample=True)
SHARED = [S, X, A]
COMMON = settings(max_examples=14, deadline=None)
FEW = settings(max_examples=8, deadline=None)
#: functions with derivatives of every order everywhere
SMOOTH = sorted(
    "exp sin cos tanh atan sinh cosh erf erfc sigmoid softplus asinh expm1 silu gelu tanh_prime sigmoid_prime exp2".split()
)
any_of = expressions(symbols=SHARED, steps=4)
scalar = expressions(symbols=SHARED, steps=4, shape=())
smooth = expressions(symbols=SHARED, steps=4, shape=(), functions=SMOOTH)
vector = expressions(symbols=[S, X], steps=4, shape=(2,))
coefficient = st.integers(-8, 8).map(lambda k: k / 4)


# ---------------------------------------------------------------- rules of differentiation


@COMMON
@given(any_of, st.data(), coefficient, coefficient)
def test_linearity(e: Node, data: Any, a: float, b: float) -> None:
    f = data.draw(expressions(symbols=SHARED, steps=3, shape=e.shape))
    for by in (S, X):
        check_identity(eg.jacobian(a * e + b * f, by), a * eg.jacobian(e, by) + b * eg.jacobian(f, by))


@COMMON
@given(any_of, st.data())
def test_product_and_quotient_rules(e: Node, data: Any) -> None:
    f = data.draw(expressions(symbols=SHARED, steps=3, shape=e.shape))
    g = 2 + eg.sin(f)
    de, dg = eg.jacobian(e, S), eg.jacobian(g, S)
    check_identity(eg.jacobian(e * g, S), de * g + e * dg)
    check_identity(eg.jacobian(e / g, S), (de * g - e * dg) / g**2)


@COMMON
@given(any_of)
def test_chain_rule_by_substitution(e: Node) -> None:
    inner = eg.sin(T) / 2
    outer = eg.substitute(eg.jacobian(e, S), {S: inner})
    check_identity(eg.jacobian(eg.substitute(e, {S: inner}), T), outer * eg.cos(T) / 2)


@COMMON
@given(vector, vector)
def test_the_jacobian_of_a_composition_is_the_product_of_jacobians(f: Node, g: Node) -> None:
    inner = eg.sin(g)  # in the box that f is made for
    composed = eg.substitute(f, {X: inner})
    check_identity(eg.jacobian(composed, X), eg.substitute(eg.jacobian(f, X), {X: inner}) @ eg.jacobian(inner, X))


INVERSES = [("exp", "log", 1.5, 1.0), ("tan", "atan", 0.0, 1.0), ("sin", "asin", 0.0, 0.8), ("tanh", "atanh", 0.0, 0.8)]
INVERSES += [("sinh", "asinh", 0.0, 1.0), ("cosh", "acosh", 1.6, 0.4), ("expm1", "log1p", 0.3, 0.9), ("cos", "acos", 0.0, 0.8)]


@FEW
@given(scalar, st.sampled_from(INVERSES))
def test_the_derivative_of_an_inverse_function(e: Node, pair: tuple[str, str, float, float]) -> None:
    assume(eg.free_symbols(e))  # cos(acos(0)) is one number, whose rounding the check cannot see
    f, inverse = eg.lookup(pair[0]), eg.lookup(pair[1])
    y = pair[2] + pair[3] * eg.sin(e)  # in the range of f
    check_identity(f(inverse(y)), y, order=2)
    slope = eg.substitute(eg.diff(f(T), T), {T: inverse(y)})
    check_identity(eg.substitute(eg.diff(inverse(T), T), {T: y}), 1 / slope)


@COMMON
@given(scalar)
def test_second_derivatives_are_symmetric(e: Node) -> None:
    check_identity(eg.jacobian(eg.jacobian(e, S), X), eg.jacobian(eg.jacobian(e, X), S))
    check_identity(eg.diff(e, S, X), eg.diff(e, X, S))
    h = eg.hessian(e, X)
    check_identity(h, h.T)
    by_matrix = eg.hessian(e, A)
    check_identity(by_matrix, eg.transpose(by_matrix, (2, 3, 0, 1)))


@FEW
@given(smooth, smooth, st.integers(1, 4))
def test_leibniz(f: Node, g: Node, n: int) -> None:
    def d(e: Node, k: int) -> Node:
        return eg.diff(e, S, k) if k else e

    right = sum((math.comb(n, k) * d(f, k) * d(g, n - k) for k in range(1, n + 1)), f * d(g, n))
    check_identity(d(f * g, n), right)


@FEW
@given(smooth, st.integers(2, 5))
def test_taylor(f: Node, order: int) -> None:
    v = np.array([0.4, -0.3])
    coefficients = eg.taylor(f, X, v, order)
    assert len(coefficients) == order + 1 and coefficients[0] is f
    derivative = f
    for k in range(1, order + 1):
        derivative = eg.jvp(derivative, X, v)
        check_identity(math.factorial(k) * coefficients[k], derivative)
    # along a line, they are the derivatives of a function of one variable
    line = eg.substitute(f, {X: X + T * v})
    for k in range(1, order + 1):
        at_zero = eg.substitute(eg.diff(line, T, k), {T: 0.0})
        check_identity(at_zero, math.factorial(k) * coefficients[k])


@COMMON
@given(any_of, st.integers(0, 2**31))
def test_jvp_and_vjp_are_adjoint(e: Node, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for x in (X, A):
        v, ct = rng.normal(size=x.shape), rng.normal(size=e.shape)
        check_identity(eg.sum(eg.jvp(e, x, v) * ct), eg.sum(eg.vjp(e, x, ct) * v))


@COMMON
@given(any_of)
def test_modes_agree(e: Node) -> None:
    for x in (S, X, A):
        check_identity(eg.jacobian(e, x, "forward"), eg.jacobian(e, x, "reverse"))
        check_identity(eg.jacobian(e, x), eg.jacobian(e, x, "reverse"))


@COMMON
@given(scalar)
def test_the_gradient_is_the_transposed_jacobian(e: Node) -> None:
    check_identity(eg.gradient(e, X), eg.jacobian(e[None], X).T[:, 0])
    check_identity(eg.gradient(e, A), eg.jacobian(e, A, "forward"))


@COMMON
@given(any_of)
def test_selection_and_differentiation_commute(e: Node) -> None:
    j = eg.jacobian(e, X)
    for index in np.ndindex(*e.shape):
        check_identity(eg.jacobian(e[index], X), j[index], trials=1)
        check_identity(eg.jacobian(e, X[1])[index], j[(*index, 1)], trials=1)


# ---------------------------------------------------------------- vector calculus


@COMMON
@given(vector, scalar)
def test_divergence_laplacian_and_traces(field: Node, e: Node) -> None:
    check_identity(eg.divergence(field, X), eg.trace(eg.jacobian(field, X)))
    check_identity(eg.laplacian(e, X), eg.trace(eg.hessian(e, X)))
    check_identity(eg.laplacian(e, X), eg.divergence(eg.gradient(e, X), X))
    check_identity(eg.divergence(e * field, X), eg.dot(eg.gradient(e, X), field) + e * eg.divergence(field, X))


def curl(field: Node, x: Node) -> Node:
    j = eg.jacobian(field, x)
    return eg.stack([j[2, 1] - j[1, 2], j[0, 2] - j[2, 0], j[1, 0] - j[0, 1]])


@FEW
@given(expressions(symbols=[S, Y], steps=4, shape=(3,)), expressions(symbols=[S, Y], steps=4, shape=()))
def test_the_divergence_of_a_curl_and_the_curl_of_a_gradient_are_zero(field: Node, e: Node) -> None:
    check_identity(eg.divergence(curl(field, Y), Y), 0.0)
    check_identity(curl(eg.gradient(e, Y), Y), np.zeros(3))
    j = eg.jacobian(curl(curl(field, Y), Y) - (eg.jacobian(eg.divergence(field, Y), Y) - eg.laplacian(field, Y)), S)
    check_identity(j, np.zeros(3))


@FEW
@given(expressions(symbols=[S, X], steps=3, shape=(2,)), st.sampled_from([1.0, 2.0, 3.0, -1.0, 0.5]))
def test_euler_for_homogeneous_functions(direction: Node, degree: float) -> None:
    r = eg.norm(Y)
    angle = eg.substitute(eg.sum(direction), {X: Y[:2] / r, S: Y[2] / r})
    f = r**degree * angle  # of that degree, whatever depends on the direction
    at = {Y: np.array([0.3, -0.8, 0.5])}
    check_identity(eg.jvp(f, Y, Y), degree * f, at=at)


def bracket(f: Node, g: Node) -> Node:
    df, dg = eg.gradient(f, Z), eg.gradient(g, Z)
    return eg.dot(df[:2], dg[2:]) - eg.dot(df[2:], dg[:2])


Z = eg.Symbol("z", 4)
energies = expressions(symbols=[Z], steps=4, shape=(), functions=SMOOTH)


@FEW
@given(energies, energies, energies)
def test_poisson_brackets(f: Node, g: Node, h: Node) -> None:
    check_identity(bracket(f, g), -bracket(g, f))
    check_identity(bracket(f * g, h), f * bracket(g, h) + bracket(f, h) * g)
    check_identity(bracket(f, bracket(g, h)) + bracket(g, bracket(h, f)), -bracket(h, bracket(f, g)), trials=2)


@FEW
@given(energies)
def test_a_hamiltonian_field_keeps_the_energy_and_the_volume(h: Node) -> None:
    g = eg.gradient(h, Z)
    field = eg.concatenate([g[2:], -g[:2]])
    check_identity(eg.jvp(h, Z, field), 0.0)
    check_identity(eg.divergence(field, Z), 0.0)


# ---------------------------------------------------------------- linear algebra

M = eg.Symbol("M", (3, 3))
REGULAR = {M: np.array([[2.0, 0.3, -0.1], [-0.4, 1.5, 0.2], [0.1, 0.6, -1.7]]), S: 0.3, X: np.array([0.2, -0.7])}


def determinant(m: Node) -> Node:
    n = m.shape[0]
    if n == 1:
        return m[0, 0]
    rows = [m[1:, [j for j in range(n) if j != k]] for k in range(n)]
    return sum(((-1) ** k * m[0, k] * determinant(r) for k, r in enumerate(rows)), eg.zeros(()))


@FEW
@given(expressions(symbols=[S], steps=4, shape=(3, 3)))
def test_traces_inverses_and_determinants(b: Node) -> None:
    at = {**REGULAR}
    m = M + eg.sin(b) / 8
    inverse = eg.inv(m)
    check_identity(m @ inverse, np.eye(3), at=at, order=1)
    dm = eg.jacobian(m, S)
    check_identity(eg.jacobian(inverse, S), -(inverse @ dm @ inverse), at=at)
    check_identity(eg.jacobian(determinant(m), S), determinant(m) * eg.trace(inverse @ dm), at=at)  # Jacobi's formula
    check_identity(eg.gradient(determinant(M), M), determinant(M) * eg.inv(M).T, at=at)
    check_identity(eg.gradient(eg.log(eg.abs(determinant(M))), M), eg.inv(M).T, at=at)
    check_identity(eg.trace(m @ b), eg.trace(b @ m), at=at, order=1)
    check_identity(eg.gradient(eg.trace(b.T @ M), M), b, at=at)
    check_identity(eg.solve(m, b), inverse @ b, at=at, order=1)


def test_the_hessian_of_a_quadratic_form() -> None:
    h = eg.hessian(X @ A @ X, X)
    check_identity(h, A + A.T)
    assert not set(eg.free_symbols(h)) - {A}


# ---------------------------------------------------------------- samples, substitution, text

samples = expressions(symbols=[S, P], steps=4, per_sample=False)


@COMMON
@given(samples)
def test_a_batch_is_its_samples_one_by_one(e: Node) -> None:
    if e.per_sample:
        check_reduction(e)


@COMMON
@given(samples)
def test_sums_over_samples_and_derivatives_commute(e: Node) -> None:
    if not e.per_sample:
        return
    total, mean = eg.over_samples.sum(e), eg.over_samples.mean(e)
    check_identity(eg.jacobian(total, S), eg.over_samples.sum(eg.jacobian(e, S)))
    check_identity(mean * eg.over_samples.sum(1), total, order=1)
    check_identity(eg.jacobian(eg.sum(total), P), eg.jacobian(eg.sum(e), P))


@COMMON
@given(any_of)
def test_substituting_values_is_evaluating(e: Node) -> None:
    check_values(e, compiled=False)
    there = {n: eg.Symbol(n.name + "_other", n.shape) for n in SHARED}
    renamed = eg.substitute(e, there)
    assert not set(eg.free_symbols(renamed)) & set(SHARED)
    check_identity(eg.substitute(renamed, {v: k for k, v in there.items()}), e)


@COMMON
@given(expressions(steps=6))
def test_code_and_its_parse_are_the_same_node(e: Node) -> None:
    code = eg.to_python(e)
    assert eg.parse(code) is e
    scope: dict[str, Any] = {}
    exec(code, scope)
    assert scope["e"] is e


#: rows that text shows as the formula they are short for
SHOWN_AS = {name for name, row in TABLE.items() if getattr(row, "shown_as", None) is not None}


@COMMON
@given(expressions(steps=6))
def test_text_and_its_parse_are_the_same_expression(e: Node) -> None:
    read = eg.parse(eg.show.to_text(e, limit=None), eg.free_symbols(e))
    assert read.shape == e.shape
    check_identity(read, e, trials=1)
    nodes = topological([e])
    if not e.shape and not {n.op.name for n in nodes} & SHOWN_AS and not any(n.shape for n in nodes):
        # text has one product for products in products
        assert eg.simplify(read) is eg.simplify(e) if any(map(_in_a_product, nodes)) else read is e


def _in_a_product(node: Node) -> bool:
    """Whether a factor, or what a number is multiplied with, is a product itself."""
    return node.op.name in ("product", "sum") and any(a.op.name == "product" for a in node.args) and (
        node.op.name == "product" or len(node.args) == 1
    )


@COMMON
@given(scalar)
def test_derivatives_of_rewritten_expressions_are_the_same(e: Node) -> None:
    for rule in ("finite", "log_exp", "pythagoras"):
        check_identity(eg.simplify(e, rule), e, order=1)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_hundred_terms_are_the_sum_of_their_derivatives(n: int) -> None:
    terms = [eg.sin(k * S) * X[k % 2] ** n for k in range(100)]
    check_identity(eg.diff(sum(terms[1:], terms[0]), S), sum((eg.diff(t, S) for t in terms[1:]), eg.diff(terms[0], S)))
