"""Determinants and their logarithms: NumPy's values, derivatives of every order, singular matrices, shared factors."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import exprgraph as eg
from exprgraph.testing import check_derivatives

RNG = np.random.default_rng(3)


def source_of(*outputs: eg.Node) -> str:
    return eg.compile(list(outputs), eg.free_symbols(list(outputs))).source


def calls(source: str, *names: str) -> int:
    return sum(line.strip().startswith(tuple(f"{n}(" for n in names)) for line in source.splitlines())


@pytest.mark.one_in(3)
@pytest.mark.parametrize(("n", "lead"), [(1, ()), (2, (3,)), (3, ()), (5, (2, 2)), (20, ())])
def test_values_as_numpy(n: int, lead: tuple[int, ...]) -> None:
    A = eg.Symbol("A", (*lead, n, n))
    e = [eg.det(A), *eg.slogdet(A), np.linalg.det(A), *np.linalg.slogdet(A)]
    f = eg.compile(e, A)
    for batch in ((), (19,)):
        a = RNG.normal(size=(*batch, *lead, n, n))
        d, (s, log) = np.linalg.det(a), np.linalg.slogdet(a)
        size = np.linalg.cond(a).max() * n * 1e-15
        for values in (f(a), eg.evaluate(e, {A: a})):
            for got, want in zip(values, (d, s, log) * 2):
                assert np.shape(got) == (*batch, *lead)
                np.testing.assert_allclose(got, want, rtol=size, atol=size)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("n", [2, 4, 7])
def test_values_to_the_last_digits(n: int) -> None:
    """The error is a few units in the last place of a change of the matrix: eps times its condition."""
    A = eg.Symbol("A", (n, n))
    f = eg.compile([eg.det(A), eg.logabsdet(A)], A)
    for seed in range(10):
        a = np.random.default_rng(seed).normal(size=(n, n))
        with mpmath.workdps(50):
            exact = mpmath.det(mpmath.matrix(a.tolist()))
            log = mpmath.log(abs(exact))
        growth = np.abs(np.linalg.inv(a)) @ np.abs(a)
        allowed = 2.0**-52 * n * np.trace(growth)
        d, logarithm = f(a)
        assert abs(d - exact) <= allowed * abs(exact) and abs(logarithm - log) <= allowed


@pytest.mark.slow
def test_matrices_of_any_scale() -> None:
    A = eg.Symbol("A", (4, 4))
    f = eg.compile(list(eg.slogdet(A)), A)
    a = RNG.normal(size=(4, 4))
    for scale in (1e-200, 1e200):
        for got, want in zip(f(scale * a), np.linalg.slogdet(scale * a)):
            np.testing.assert_allclose(got, want, rtol=1e-13)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("n", [2, 3, 4])
def test_small_singular_matrices_have_derivatives_of_every_order(n: int) -> None:
    """The derivative is the matrix of cofactors, in both modes; the second is that of the polynomial."""
    A = eg.Symbol("A", (n, n))
    v = np.arange(1.0, n + 1)
    for a in (np.zeros((n, n)), np.outer(v, v + 1), np.diag([1.0] * (n - 1) + [0.0])):
        polynomial = polynomial_of(A, n)
        for first in (eg.gradient, lambda f, x: eg.jacobian(f, x, mode="forward")):
            for orders in (1, 2):
                got, want = eg.det(A), polynomial
                for _ in range(orders):
                    got, want = first(eg.sum(got), A), first(eg.sum(want), A)
                np.testing.assert_allclose(eg.evaluate(got, {A: a}), eg.evaluate(want, {A: a}), atol=1e-12)
    assert np.isfinite(eg.compile(eg.gradient(eg.det(A), A), A)(np.zeros((n, n)))).all()


def polynomial_of(A: Any, n: int) -> eg.Node:
    """Leibniz' formula."""
    if n == 1:
        return A[0, 0]
    rest = [[k for k in range(n) if k != j] for j in range(n)]
    terms = [(-1) ** j * A[0, j] * polynomial_of(A[1:][:, rest[j]], n - 1) for j in range(n)]
    return eg.sum_of_terms([(1.0, t) for t in terms])


def test_large_singular_matrices() -> None:
    A = eg.Symbol("A", (6, 6))
    e = [eg.det(A), *eg.slogdet(A), eg.gradient(eg.det(A), A)]
    a = np.zeros((6, 6))
    for d, s, log, g in (eg.evaluate(e, {A: a}), eg.compile(e, A)(a)):
        assert (d, s, log) == (0.0, 0.0, -np.inf) and np.isnan(g).all()


def test_derivatives_of_logarithms_are_inverses() -> None:
    A = eg.Symbol("A", (5, 5))
    a = RNG.normal(size=(5, 5))
    got = eg.evaluate([eg.gradient(eg.logabsdet(A), A), eg.gradient(eg.det(A), A), eg.gradient(eg.signdet(A), A)], {A: a})
    for g, want in zip(got, (np.linalg.inv(a).T, np.linalg.det(a) * np.linalg.inv(a).T, np.zeros((5, 5)))):
        np.testing.assert_allclose(g, want, rtol=1e-11, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_derivatives_by_fifty_digits(n: int) -> None:
    A, t = eg.Symbol("A", (n, n)), eg.Symbol("t")
    a = np.random.default_rng(n).normal(size=(n, n)) / 2
    for e in (eg.det(t * A + eg.sin(A)), eg.logabsdet(3 * np.eye(n) + A * t)):
        check_derivatives(e, 2, at={A: a, t: 0.7}, compiled=n == 2)


def test_the_inverse_in_a_derivative_shares_the_factors() -> None:
    A, b = eg.Symbol("A", (8, 8)), eg.Symbol("b", 8)
    outputs = [*eg.slogdet(A), eg.det(A), eg.gradient(eg.logabsdet(A), A), eg.solve(A, b)]
    assert calls(source_of(*outputs), "lu", "lu_one") == 1
    assert calls(source_of(eg.det(eg.Symbol("B", (3, 3)))), "lu", "lu_one") == 0


@pytest.mark.slow
def test_the_laplacian_of_a_wave_function() -> None:
    """The logarithm of a Slater determinant of four electrons: the Laplacian by the trace formula of the inverse."""
    x = eg.Symbol("x", (4, 3))
    centres = RNG.normal(size=(4, 3))
    r = eg.sum((x[:, None] - centres) ** 2, axis=2)
    orbitals = eg.exp(-r / 2) * (1 + 0.3 * r)
    f = eg.logabsdet(orbitals)
    at = RNG.normal(size=(4, 3))
    hessian = eg.evaluate(eg.hessian(f, x), {x: at}).reshape(12, 12)
    lap = [eg.evaluate(eg.laplacian(f, x), {x: at}), eg.compile(eg.laplacian(f, x), x)(at)]
    np.testing.assert_allclose(lap, np.trace(hessian), rtol=1e-10)


def test_a_determinant_that_is_not_taken_has_no_effect() -> None:
    A = eg.Symbol("A", (5, 5))
    for mode in ("forward", "reverse"):
        e = eg.jacobian(eg.where(eg.sum(A) > 1, eg.det(A), 0.0), A, mode=mode)
        assert eg.evaluate(e, {A: np.zeros((5, 5))}).tolist() == np.zeros((5, 5)).tolist()


def test_determinants_whose_products_cancel_or_are_numbers() -> None:
    x, y = eg.symbols("x y")
    same, numbers = eg.broadcast_to(x, (3, 3)), eg.stack([[1.0, y, 0.0], [0.0, 1.0, x], [0.0, 0.0, 2.0]])
    e = [eg.det(same), eg.det(same[:2, :2]), eg.det(numbers), eg.det(numbers[:2, :2])]
    f = eg.compile(e, (x, y))
    for samples in (0, 5):
        given = [np.arange(float(samples))] * 2
        for got, want in zip(f(*given), (0.0, 0.0, 2.0, 1.0)):
            np.testing.assert_array_equal(got, np.full(samples, want))


def test_text_and_mistakes() -> None:
    A = eg.Symbol("A", (3, 3))
    e = eg.det(A) * eg.logabsdet(A) + eg.signdet(A)
    assert eg.parse(str(e), [A]) is e is eg.parse(eg.to_python(e))
    assert eg.linalg.det is eg.det and r"\operatorname{det}" in eg.latex(e)
    for f in (eg.det, eg.logabsdet, eg.signdet, eg.slogdet):
        with pytest.raises(eg.ShapeError, match=f"{f.__name__}: the matrix must be square, got shape"):
            f(A[:2])
        with pytest.raises(eg.ShapeError, match="must be square"):
            f(A[0])
    assert float(eg.evaluate(eg.det(np.zeros((0, 0))))) == 1.0
    assert eg.det(np.eye(3)).op.name == "constant"
    for nan in (np.full((3, 3), np.nan), np.full((1, 1), np.nan)):
        assert np.isnan([eg.evaluate(f(nan)) for f in (eg.det, eg.logabsdet, eg.signdet)]).all()
