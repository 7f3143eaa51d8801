"""Stacks of linear systems: NumPy's shapes and values, derivatives, and one factorization for all that share a matrix."""

from __future__ import annotations

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.testing import check_backends, check_derivatives

RNG = np.random.default_rng(5)


def regular(shape: tuple[int, ...]) -> np.ndarray:
    return RNG.normal(size=shape) + 3.0 * np.eye(shape[-1])


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("left", "right"), [((2, 3, 3), (3,)), ((2, 3, 3), (3, 4)), ((2, 3, 3), (2, 3, 1)), ((4, 1, 2, 2), (3, 2, 2)), ((2, 1, 1), (2, 1, 3))]
)
def test_systems_as_numpy(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    A, b = eg.Symbol("A", left), eg.Symbol("b", right)
    p, q = regular(left), RNG.normal(size=right)
    want = np.linalg.solve(p, q)
    for e in (eg.solve(A, b), np.linalg.solve(A, b)):
        assert e.shape == want.shape
        np.testing.assert_allclose(eg.evaluate(e, {A: p, b: q}), want, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(eg.compile(e, (A, b))(p, q), want, rtol=1e-12, atol=1e-13)
    several = np.stack([q, 2 * q])
    np.testing.assert_allclose(eg.compile(eg.solve(A, b), (A, b))(p, several)[1], 2 * want, rtol=1e-12, atol=1e-13)


@pytest.mark.slow
def test_inverses_as_numpy() -> None:
    A = eg.Symbol("A", (2, 3, 3))
    p = regular((2, 3, 3))
    for e in (eg.inv(A), np.linalg.inv(A)):
        np.testing.assert_allclose(eg.compile(e, A)(p), np.linalg.inv(p), rtol=1e-12, atol=1e-13)


def test_one_matrix_for_a_stack_of_right_hand_sides() -> None:
    b = eg.Symbol("b", (4, 3, 2))
    p, q = regular((3, 3)), RNG.normal(size=(4, 3, 2))
    np.testing.assert_allclose(eg.evaluate(np.linalg.solve(p, b), {b: q}), np.linalg.solve(p, q), rtol=1e-13, atol=1e-13)


def test_stacks_that_do_not_fit() -> None:
    A = eg.Symbol("A", (2, 3, 3))
    with pytest.raises(eg.ShapeError, match="must have 3 rows"):
        eg.solve(A, eg.Symbol("b", (2, 2, 2)))
    with pytest.raises(eg.ShapeError, match="the stacks"):
        eg.solve(A, eg.Symbol("b", (3, 3, 2)))
    with pytest.raises(eg.ShapeError, match="must be square"):
        eg.inv(eg.Symbol("b", (2, 3, 2)))


@pytest.mark.slow
def test_derivatives_of_stacks() -> None:
    A, b = eg.Symbol("A", (2, 2, 2)), eg.Symbol("b", (2, 2))
    x = eg.Symbol("x", 2)
    e = eg.solve(A + 3.0 * np.eye(2), eg.stack([b, eg.sin(b)], axis=2))
    check_derivatives(e, 2, at={A: RNG.normal(size=(2, 2, 2)), b: RNG.normal(size=(2, 2))}, compiled=False)
    check_backends(eg.jacobian(eg.solve(eg.outer(x, x) + np.eye(2), x), x))


def factorizations(*outputs: eg.Node) -> int:
    """The calls of the factorization in the code of a function."""
    symbols = eg.free_symbols(list(outputs))
    source = eg.compile(list(outputs), symbols).source
    return sum(line.strip().startswith(("lu(", "lu_one(")) for line in source.splitlines())


def test_a_matrix_is_factorized_once() -> None:
    A, b, c = eg.Symbol("A", (5, 5)), eg.Symbol("b", 5), eg.Symbol("c", 5)
    x = eg.solve(A, b)
    assert factorizations(x) == 1
    assert factorizations(x, eg.solve(A, c), eg.inv(A), eg.solve(A.T, b)) == 1
    assert factorizations(eg.gradient(eg.sum(x**2), A), eg.hessian(eg.sum(x**2), b)) == 1


def test_right_hand_sides_of_samples_share_the_factors_of_a_shared_matrix() -> None:
    A, b = eg.Symbol("A", (5, 5)), eg.Symbol("b", (5, 2))
    p, q = regular((5, 5)), RNG.normal(size=(300, 5, 2))
    f = eg.compile([eg.solve(A, b), eg.solve(A.T, b)], (A, b))
    x, y = f(p, q)
    np.testing.assert_allclose(x, np.linalg.solve(p, q), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(y, np.linalg.solve(p.T, q), rtol=1e-12, atol=1e-13)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("n", [9, 40, 64])
def test_large_systems(n: int) -> None:
    A, b, B = eg.Symbol("A", (n, n)), eg.Symbol("b", n), eg.Symbol("B", (n, 11))
    p, q, r = RNG.normal(size=(n, n)), RNG.normal(size=n), RNG.normal(size=(n, 11))
    f = eg.compile([eg.solve(A, b), eg.solve(A, B), eg.solve(A.T, B)], (A, b, B))
    size = np.linalg.cond(p) * 2.0**-52 * n
    for got, want in zip(f(p, q, r), (np.linalg.solve(p, q), np.linalg.solve(p, r), np.linalg.solve(p.T, r))):
        assert np.abs(got - want).max() <= size * np.abs(want).max()
