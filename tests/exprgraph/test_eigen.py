"""Eigenvalues, eigenvectors and the matrix exponential: NumPy's values, 50 digits, derivatives, and where these do not exist."""

from __future__ import annotations

import itertools

import mpmath
import numpy as np
import pytest

import exprgraph as eg
from exprgraph.testing import check_derivatives, evaluate_precisely

RNG = np.random.default_rng(6)
L = eg.linalg


@pytest.mark.one_in(3)
@pytest.mark.parametrize(("n", "lead"), [(1, ()), (2, (3,)), (3, ()), (20, ())])
def test_eigenvalues_as_numpy(n: int, lead: tuple[int, ...]) -> None:
    A = eg.Symbol("A", (*lead, n, n))
    w, v = eg.eigh(A)
    assert eg.eigvalsh(A) is w and np.linalg.eigvalsh(A) is w and np.linalg.eigh(A).eigenvectors is v
    f = eg.compile([w, v], A)
    for batch in ((), (19,)):
        a = RNG.normal(size=(*batch, *lead, n, n))
        lower = np.tril(a) + np.swapaxes(np.tril(a, -1), -1, -2)
        want = np.linalg.eigvalsh(a)
        for values, vectors in (f(a), eg.evaluate([w, v], {A: a})):
            np.testing.assert_allclose(values, want, atol=1e-14 * n * np.abs(want).max())
            np.testing.assert_allclose(lower @ vectors, vectors * values[..., None, :], atol=3e-14 * n * np.abs(want).max())
            np.testing.assert_allclose(np.swapaxes(vectors, -1, -2) @ vectors, np.broadcast_to(np.eye(n), a.shape), atol=1e-14 * n)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("n", [2, 5, 12])
def test_errors_are_those_of_a_small_change_of_the_matrix(n: int) -> None:
    """To 50 digits: for one matrix and for matrices on lanes, whatever their scale."""
    A = eg.Symbol("A", (n, n))
    f = eg.compile(eg.eigvalsh(A), A)
    for scale in (1.0, 1e200, 1e-200):
        a = RNG.normal(size=(n, n)) * scale
        exact = np.array(evaluate_precisely(eg.eigvalsh(A), {A: a}).tolist(), float)
        for got in (f(a), f(np.stack([a] * 9))[4]):
            assert np.abs(got - exact).max() <= 4 * n * 2.0**-52 * np.abs(exact).max()


def test_matrices_with_equal_eigenvalues() -> None:
    A = eg.Symbol("A", (4, 4))
    e = [*eg.eigh(A), eg.gradient(eg.sum(eg.eigvalsh(A)), A)]
    for a in (np.zeros((4, 4)), np.eye(4), np.ones((4, 4)), np.diag([2.0, 1.0, 2.0, 1.0])):
        for w, v, g in (eg.evaluate(e, {A: a}), eg.compile(e, A)(a), [x[3] for x in eg.compile(e, A)(np.stack([a] * 9))]):
            np.testing.assert_allclose(v @ np.diag(w) @ v.T, a, atol=1e-14)
            np.testing.assert_allclose(g, np.eye(4), atol=1e-14)  # the derivative of the trace
    second = eg.evaluate(eg.hessian(eg.eigvalsh(A)[0], A), {A: np.eye(4)})
    assert not np.isfinite(second).all()  # as documented


def test_the_other_triangle_and_mistakes() -> None:
    A = eg.Symbol("A", (3, 3))
    a = RNG.normal(size=(3, 3))
    np.testing.assert_allclose(eg.evaluate(eg.eigvalsh(A, "U"), {A: a}), np.linalg.eigvalsh(a, "U"), rtol=1e-13)
    with pytest.raises(ValueError, match="UPLO is 'L' or 'U', got 'X'"):
        eg.eigh(A, "X")
    with pytest.raises(eg.ShapeError, match="eigh: the matrix must be square"):
        eg.eigh(A[:2])
    for e in (eg.eigvalsh(A) * eg.eigenvectors(A), eg.expm(A) @ A, eg.gradient(eg.sum(eg.expm(A)), A)):
        assert eg.parse(str(e), [A]) is e is eg.parse(eg.to_python(e))
    nan = np.full((3, 3), np.nan)
    e = [*eg.eigh(A), eg.expm(A)]
    assert all(np.isnan(x).all() for x in (*eg.evaluate(e, {A: nan}), *eg.compile(e, A)(nan), *eg.compile(e, A)(np.stack([nan] * 3))))


@pytest.mark.slow
def test_derivatives_are_those_of_the_triangle_that_is_read() -> None:
    A = eg.Symbol("A", (3, 3))
    a = RNG.normal(size=(3, 3)) + np.diag([1.0, 4.0, 9.0])
    w, v = eg.eigh(A)
    for f, mode in itertools.product((w, v), ("forward", "reverse")):
        j = eg.evaluate(eg.jacobian(f, A, mode=mode), {A: a})
        for p, q in itertools.product(range(3), range(3)):
            step = np.zeros((3, 3))
            step[p, q] = 1e-6
            up, down = (eg.evaluate(f, {A: a + s * step}) for s in (1, -1))
            np.testing.assert_allclose(j[..., p, q], (up - down) / 2e-6, atol=1e-7)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(("n", "lead"), [(1, ()), (2, (3,)), (5, ())])
def test_exponentials_to_fifty_digits(n: int, lead: tuple[int, ...]) -> None:
    """The error is a few eps times the norm of the matrix, beside the largest element."""
    A = eg.Symbol("A", (*lead, n, n))
    f = eg.compile(eg.expm(A), A)
    for scale in (0.0, 1e-9, 1.0, 30.0):
        a = scale * RNG.normal(size=(*lead, n, n))
        exact = np.array(evaluate_precisely(eg.expm(A), {A: a}).tolist(), float)
        size = np.exp(np.abs(a).sum(axis=-1).max(axis=-1))[..., None, None]
        for got in (f(a), f(np.stack([a] * 9))[4], eg.evaluate(eg.expm(A), {A: a})):
            assert np.all(np.abs(got - exact) <= 8 * n * 2.0**-52 * (1 + np.abs(a).max()) * size)


def test_rotations_and_flows() -> None:
    t = eg.Symbol("t")
    turn = eg.expm(t * np.array([[0.0, -1.0], [1.0, 0.0]]))
    e = [turn, eg.diff(turn, t), eg.diff(turn, t, 3)]
    for values in (eg.evaluate(e, {t: 0.7}), eg.compile(e, t)(0.7)):
        for k, got in zip((0, 1, 3), values):
            a = 0.7 + k * np.pi / 2
            np.testing.assert_allclose(got, [[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]], atol=1e-14)


@pytest.mark.slow
def test_large_cotangents_do_not_spoil_derivatives() -> None:
    """The scale of the block matrix is that of the matrix, not of the direction."""
    A = eg.Symbol("A", (3, 3))
    a = RNG.normal(size=(3, 3))
    g = [eg.gradient(c * eg.sum(eg.expm(A)), A) for c in (1.0, 1e40)]
    for one, large in (eg.evaluate(g, {A: a}), eg.compile(g, A)(a)):
        np.testing.assert_allclose(large, 1e40 * one, rtol=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("n", [2, 3])
def test_derivatives_by_fifty_digits(n: int) -> None:
    A, t = eg.Symbol("A", (n, n)), eg.Symbol("t")
    at = {A: RNG.normal(size=(n, n)) / 4, t: 0.7}
    apart = np.diag(2.0 * np.arange(n))
    for e in (eg.eigvalsh(apart + t * A), eg.eigenvectors(apart + t * A), eg.expm(t * A)):
        check_derivatives(e, 3 if n == 2 else 2, at=at, compiled=n == 2)


def test_powers_as_numpy() -> None:
    A = eg.Symbol("A", (2, 3, 3))
    a = RNG.normal(size=(2, 3, 3))
    for n in (0, 1, 2, 7, -1, -3):
        for e in (L.matrix_power(A, n), np.linalg.matrix_power(A, n)):
            np.testing.assert_allclose(eg.evaluate(e, {A: a}), np.linalg.matrix_power(a, n), rtol=1e-11, atol=1e-11)
    with pytest.raises(TypeError, match="n is an integer, got 0.5"):
        L.matrix_power(A, 0.5)
    with pytest.raises(eg.ShapeError, match="must be square"):
        L.matrix_power(A[:, :2], 2)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("shape", [(4, 2), (2, 4), (3, 3), (2, 4, 3)])
def test_pseudo_inverses_and_singular_values(shape: tuple[int, ...]) -> None:
    A = eg.Symbol("A", shape)
    a = RNG.normal(size=shape)
    inverse, S = L.pinv(A), L.svdvals(A)
    assert np.linalg.pinv(A) is inverse and np.linalg.svd(A, compute_uv=False) is S
    u, s, vh = L.svd(A)
    got = eg.evaluate([inverse, S, u * s[..., None, :] @ vh], {A: a})
    for value, want in zip(got, (np.linalg.pinv(a), np.linalg.svd(a, compute_uv=False), a)):
        np.testing.assert_allclose(value, want, rtol=1e-12, atol=1e-12)


def test_least_squares() -> None:
    A, b, B = eg.Symbol("A", (6, 3)), eg.Symbol("b", 6), eg.Symbol("B", (6, 2))
    a, y, z = RNG.normal(size=(6, 3)), RNG.normal(size=6), RNG.normal(size=(6, 2))
    a[:, 2] = a[:, 0] + 1e-5 * a[:, 2]  # a condition of 1e5, whose square would leave six digits
    e = [L.lstsq(A, b), L.lstsq(A, B), eg.jacobian(L.lstsq(A, b), b)]
    size = np.linalg.cond(a) ** 2 * 1e-15
    for x, several, j in (eg.evaluate(e, {A: a, b: y, B: z}), eg.compile(e, (A, b, B))(a, y, z)):
        np.testing.assert_allclose(x, np.linalg.lstsq(a, y, rcond=None)[0], rtol=size)
        np.testing.assert_allclose(several, np.linalg.lstsq(a, z, rcond=None)[0], rtol=size)
        np.testing.assert_allclose(j, np.linalg.pinv(a), rtol=1e-3)
    for at, (s, t) in ({A: a, b: y}, (A, b)), ({A: a, B: z}, (A, B)), ({A: a, B: z}, (A.T[:, :3], B[:3])):
        found = np.linalg.lstsq(s, t, rcond=None)
        want = np.linalg.lstsq(*eg.evaluate([s, t], at), rcond=None)
        assert found[2] == want[2] == 3
        for k in (0, 1, 3):
            np.testing.assert_allclose(eg.evaluate(found[k], at), want[k], rtol=1e-9, atol=1e-15)
    with pytest.raises(eg.ShapeError, match="must have 6 rows"):
        L.lstsq(A, b[:3])
    with pytest.raises(ValueError, match="full_matrices=False"):
        np.linalg.svd(A)
    with pytest.raises(eg.ShapeError, match="svdvals takes a matrix"):
        L.svdvals(b)


def test_a_tail_of_digits_of_an_exponential() -> None:
    """A defective matrix, whose exponential is known."""
    J = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [0.0, 0.0, 1.0]])
    want = np.array([[1, 1, 0.5], [0, 1, 1], [0, 0, 1]]) * float(mpmath.e)
    np.testing.assert_allclose(eg.evaluate(eg.expm(J)), want, rtol=1e-15)
