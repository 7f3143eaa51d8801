"""QR factorizations: values, 50 digits, derivatives in both modes, and least squares by them."""

from __future__ import annotations

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.testing import check_derivatives, evaluate_precisely

RNG = np.random.default_rng(8)


@pytest.mark.one_in(5)
@pytest.mark.parametrize("shape", [(2, 4), (2, 4, 3), (1, 1), (3, 3), (33, 17)])
def test_factors(shape: tuple[int, ...]) -> None:
    A = eg.Symbol("A", shape)
    Q, R = eg.linalg.qr(A)
    assert np.linalg.qr(A)[0] is Q and np.linalg.qr(A, mode="r") is R and (shape[-2] > shape[-1] or eg.linalg.qr(A, "complete")[1] is R)
    f = eg.compile([Q, R], A)
    assert np.isnan(f(np.full((3, *shape), np.nan))[0]).all()
    for batch, scale in (((), 1.0), ((9,), 1e200), ((9,), 1e-200)):
        a = scale * RNG.normal(size=(*batch, *shape))
        want = np.linalg.qr(a)
        for q, r in (f(a), eg.evaluate([Q, R], {A: a})):
            np.testing.assert_allclose(np.abs(q), np.abs(want[0]), atol=1e-12)
            np.testing.assert_allclose(q @ r, a, atol=1e-14 * shape[-2] * np.abs(a).max())
            np.testing.assert_allclose(np.swapaxes(q, -1, -2) @ q - np.eye(q.shape[-1]), 0.0 * (np.swapaxes(q, -1, -2) @ q), atol=1e-13)
            assert np.all(np.diagonal(r, axis1=-2, axis2=-1) > 0) and np.all(np.tril(r, -1) == 0)


def test_matrices_at_which_numpy_changes_signs() -> None:
    A = eg.Symbol("A", (3, 3))
    e = [eg.orthonormal(A), eg.jacobian(eg.linalg.qr(A).R, A)]
    for a in (np.eye(3), np.triu(np.ones((3, 3))), np.eye(3)[[1, 2, 0]]):
        q = np.eye(3)[[1, 2, 0]] if a[0, 0] == 0 else np.eye(3)
        exact = np.array(evaluate_precisely(e[0], {A: a}).tolist(), float)
        h = 1e-6 * RNG.normal(size=(3, 3))
        up, down = (eg.evaluate(eg.linalg.qr(A).R, {A: a + s * h}) for s in (1, -1))
        value, slope = eg.evaluate(e, {A: a})
        np.testing.assert_allclose(value, q, atol=1e-15)
        np.testing.assert_allclose(exact, q, atol=1e-15)
        np.testing.assert_allclose(np.einsum("ijkl,kl->ij", slope, h), (up - down) / 2, atol=1e-14)


@pytest.mark.slow
def test_small_differences_of_columns() -> None:
    """Columns that nearly agree: the error is that of a small change of the matrix, to 50 digits."""
    A, b = eg.Symbol("A", (5, 3)), eg.Symbol("b", 5)
    a, y = RNG.normal(size=(5, 3)), RNG.normal(size=5)
    a[:, 2] = a[:, 0] + 1e-9 * a[:, 2]
    e = [eg.orthonormal(A), eg.linalg.lstsq(A, b)]
    exact = [np.array(evaluate_precisely(f, {A: a, b: y}).tolist(), float) for f in e]
    for got in (eg.evaluate(e, {A: a, b: y}), eg.compile(e, (A, b))(a, y)):
        for value, want in zip(got, exact):
            assert np.abs(value - want).max() <= 1e9 * 20 * 2.0**-52 * np.abs(want).max()


@pytest.mark.slow
def test_derivatives_by_fifty_digits() -> None:
    A = eg.Symbol("A", (3, 2))
    at = {A: RNG.normal(size=(3, 2))}
    check_derivatives(eg.orthonormal(A), 2, at=at)
    for e in (eg.linalg.qr(A).R, eg.linalg.qr(A.T).R, eg.linalg.pinv(A.T)):
        check_derivatives(e, 2, at=at, compiled=False)


def test_least_squares_of_fewer_rows_have_the_least_norm() -> None:
    A, b = eg.Symbol("A", (2, 4)), eg.Symbol("b", 2)
    a, y = RNG.normal(size=(2, 4)), RNG.normal(size=2)
    x, rest, rank, values = np.linalg.lstsq(A, b, rcond=None)
    want = np.linalg.lstsq(a, y, rcond=None)
    assert rest.shape == want[1].shape == (0,) and rank == want[2]
    for got, expected in zip(eg.evaluate([x, values], {A: a, b: y}), (want[0], want[3])):
        np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_what_is_no_factorization() -> None:
    A = eg.Symbol("A", (3, 2))
    nan = np.full((3, 2), np.nan)
    assert np.isnan(eg.evaluate(eg.orthonormal(A), {A: nan})).all()
    e = eg.orthonormal(A) * A
    assert eg.parse(str(e), [A]) is e is eg.parse(eg.to_python(e))
    with pytest.raises(ValueError, match='mode is "reduced", "complete" or "r", got \'raw\''):
        np.linalg.qr(A, "raw")
    with pytest.raises(ValueError, match='behind the first n are arbitrary; write mode="reduced"'):
        eg.linalg.qr(A, "complete")
    with pytest.raises(eg.ShapeError, match=r"at least as many rows as columns, got shape \(2, 3\)"):
        eg.orthonormal(A.T)
    with pytest.raises(eg.ShapeError, match="qr takes a matrix"):
        eg.linalg.qr(A[0])
