"""Triangular systems and Cholesky factors: SciPy's and NumPy's values, the triangle that is read, derivatives, likelihoods."""

from __future__ import annotations

import itertools

import mpmath
import numpy as np
import pytest

import exprgraph as eg
from exprgraph.testing import check_derivatives

RNG = np.random.default_rng(4)


def positive(*shape: int) -> np.ndarray:
    a = RNG.normal(size=shape)
    return a @ np.swapaxes(a, -1, -2) + shape[-1] * np.eye(shape[-1])


def spoiled(a: np.ndarray) -> np.ndarray:
    """With other numbers above the diagonal."""
    return np.where(np.tril(np.ones(a.shape[-2:])) > 0, a, np.nan)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(("n", "lead"), [(1, ()), (3, (2,)), (9, ()), (21, ())])
def test_cholesky_as_numpy(n: int, lead: tuple[int, ...]) -> None:
    A = eg.Symbol("A", (*lead, n, n))
    f = eg.compile([eg.cholesky(A), np.linalg.cholesky(A)], A)
    for batch in ((), (19,)):
        a = positive(*batch, *lead, n, n)
        want = np.linalg.cholesky(a)
        for got in (*f(spoiled(a)), eg.evaluate(eg.cholesky(A), {A: spoiled(a)})):
            np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)


@pytest.mark.slow
def test_the_product_of_factors_is_the_matrix_to_the_last_digits() -> None:
    """The backward error of Cholesky's method: (n + 1) eps times the product of absolute values."""
    n = 40
    A = eg.Symbol("A", (n, n))
    f = eg.compile(eg.cholesky(A), A)
    for a in (positive(n, n), 1 / (np.add.outer(np.arange(n), np.arange(n)) + 1.0) + 1e-8 * np.eye(n)):
        got = f(a)
        with mpmath.workdps(50):
            exact = np.vectorize(mpmath.mpf)(got) @ np.vectorize(mpmath.mpf)(got).T
        assert np.all(np.abs(exact - a) <= (n + 1) * 2.0**-52 * (np.abs(got) @ np.abs(got).T))


@pytest.mark.one_in(2)
@pytest.mark.parametrize("n", [3, 20])
def test_a_matrix_that_is_not_positive_definite_gives_nan_in_its_sample(n: int) -> None:
    A = eg.Symbol("A", (n, n))
    e = [eg.cholesky(A), eg.gradient(eg.sum(eg.cholesky(A)), A)]
    f = eg.compile(e, A)
    good = positive(n, n)
    for bad in (-good, np.zeros((n, n)), good - 2 * np.diag(np.diag(good)) * (np.arange(n) == n - 1), np.full((n, n), np.nan)):
        batch = np.stack([good, bad] * 9)
        for values in (f(batch), eg.evaluate(e, {A: batch})):
            for got in values:
                assert np.isnan(got[1::2]).any(axis=(1, 2)).all() and np.isfinite(got[::2]).all()
        assert np.isnan(f(bad)[0]).all() and np.isnan(eg.evaluate(e[0], {A: bad})).all()


@pytest.mark.one_in(5)
@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize(("n", "lead", "columns"), [(1, (), ()), (3, (2,), (2,)), (11, (), ()), (20, (), (3,))])
def test_triangular_systems(n: int, lead: tuple[int, ...], columns: tuple[int, ...], lower: bool) -> None:
    A, b = eg.Symbol("A", (*lead, n, n)), eg.Symbol("b", (*lead, n, *columns))
    cases = list(itertools.product((0, 1), (False, True)))
    e = [eg.solve_triangular(A, b, trans, lower, unit) for trans, unit in cases]
    f = eg.compile(e, (A, b))
    for batch in ((), (19,)):
        a, y = RNG.normal(size=(*batch, *lead, n, n)) / n, RNG.normal(size=(*batch, *lead, n, *columns))
        a = a + 2 * np.eye(n)
        for values in (f(a, y), eg.evaluate(e, {A: a, b: y})):
            for got, (trans, unit) in zip(values, cases):
                t = np.tril(a) if lower else np.triu(a)
                t = np.where(np.eye(n) > 0, 1.0, t) if unit else t
                t = np.swapaxes(t, -1, -2) if trans else t
                x = got.reshape(*t.shape[:-1], -1)
                np.testing.assert_allclose(t @ x, y.reshape(x.shape), rtol=1e-12, atol=1e-12)


def test_one_matrix_for_the_right_hand_sides_of_all_samples() -> None:
    L, b = eg.Symbol("L", (6, 6)), eg.Symbol("b", 6)
    e = [eg.cho_solve((eg.cholesky(L), True), b), eg.cho_solve((eg.cholesky(L).T, False), b)]
    a, y = positive(6, 6), RNG.normal(size=(100, 6))
    for got in eg.compile(e, (L, b))(a, y):
        np.testing.assert_allclose(got, np.linalg.solve(a, y.T).T, rtol=1e-12, atol=1e-13)


@pytest.mark.slow
def test_a_zero_on_the_diagonal_gives_nan() -> None:
    A, b = eg.Symbol("A", (3, 3)), eg.Symbol("b", 3)
    e = eg.solve_triangular(A, b)
    a = np.triu(np.ones((3, 3)))
    a[1, 1] = 0.0
    assert np.isnan(eg.compile(e, (A, b))(a, np.ones(3))).all() and np.isnan(eg.evaluate(e, {A: a, b: np.ones(3)})).all()
    unit = eg.solve_triangular(A, b, unit_diagonal=True)
    assert np.isfinite(eg.compile(unit, (A, b))(a, np.ones(3))).all()


@pytest.mark.slow
def test_derivatives_are_those_of_the_triangle_that_is_read() -> None:
    A = eg.Symbol("A", (4, 4))
    a = positive(4, 4)
    for mode in ("forward", "reverse"):
        j = eg.evaluate(eg.jacobian(eg.cholesky(A), A, mode=mode), {A: a})
        for p, q in itertools.product(range(4), range(4)):
            step = np.zeros((4, 4))
            step[p, q] = 1e-6
            want = (np.linalg.cholesky(a + step) - np.linalg.cholesky(a - step)) / 2e-6
            np.testing.assert_allclose(j[:, :, p, q], want, atol=1e-8)
            assert p >= q or not j[:, :, p, q].any()


@pytest.mark.slow
@pytest.mark.parametrize("n", [2, 3])
def test_derivatives_by_fifty_digits(n: int) -> None:
    A, b, t = eg.Symbol("A", (n, n)), eg.Symbol("b", n), eg.Symbol("t")
    at = {A: RNG.normal(size=(n, n)) / 4, b: RNG.normal(size=n), t: 0.7}
    K = 2 * np.eye(n) + t * A
    check_derivatives(eg.cholesky(K), 3, at=at, compiled=False)
    for trans, lower, unit in itertools.product((0, 1), (False, True), (False, True)):
        check_derivatives(eg.solve_triangular(K, b * t, trans, lower, unit), 2, at=at, compiled=False)
    check_derivatives(eg.sum(eg.cho_solve((eg.cholesky(K), True), b) ** 2), 2, at=at)


def test_the_likelihood_of_a_gaussian_process() -> None:
    n = 12
    x, y = np.sort(RNG.normal(size=n)), RNG.normal(size=n)
    scale, noise = eg.symbols("scale noise")
    d = (x[:, None] - x) ** 2
    K = eg.exp(-d / (2 * scale**2)) + noise**2 * np.eye(n)
    L = eg.cholesky(K)
    alpha = eg.solve_triangular(L, y, lower=True)
    by_factor = -eg.sum(alpha**2) / 2 - eg.sum(eg.log(eg.diag(L)))
    by_system = -eg.dot(y, eg.solve(K, y)) / 2 - eg.logabsdet(K) / 2
    outputs = [[f, eg.diff(f, scale), eg.diff(f, noise)] for f in (by_factor, by_system)]
    a, b = eg.compile(outputs, (scale, noise))(0.8, 0.3)
    np.testing.assert_allclose(a, b, rtol=1e-11)


def test_text_and_mistakes() -> None:
    A, b = eg.Symbol("A", (3, 3)), eg.Symbol("b", 3)
    for e in (eg.cholesky(A) @ b, eg.solve_triangular(A, b), eg.solve_triangular(A, b, "T", lower=True, unit_diagonal=True)):
        assert eg.parse(str(e), [A, b]) is e is eg.parse(eg.to_python(e))
    assert str(eg.solve_triangular(A, b, 1)) == "solve_triangular(A, b, trans=1)"
    with pytest.raises(ValueError, match="trans is 0, 1, 'N' or 'T', got 2"):
        eg.solve_triangular(A, b, 2)
    with pytest.raises(eg.ShapeError, match="must have 3 rows"):
        eg.solve_triangular(A, b[:2])
    with pytest.raises(eg.ShapeError, match="must be square"):
        eg.cholesky(A[:2])
