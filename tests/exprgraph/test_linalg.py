"""Products, axes and linear systems, with NumPy's shapes and values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import exprgraph as eg

RNG = np.random.default_rng(0)


def pair(shape_a: tuple[int, ...], shape_b: tuple[int, ...]) -> Any:
    a, b = eg.Symbol("a", shape_a), eg.Symbol("b", shape_b)
    return a, b, RNG.normal(size=shape_a), RNG.normal(size=shape_b)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_matmul_as_numpy(data: st.DataObject) -> None:
    n, m, k = data.draw(st.tuples(*[st.integers(1, 3)] * 3))
    left = data.draw(st.sampled_from([(k,), (n, k), (2, n, k), (1, n, k), (3, 2, n, k)]))
    right = data.draw(st.sampled_from([(k,), (k, m), (2, k, m), (1, k, m), (2, 1, k, m)]))
    a, b, p, q = pair(left, right)
    try:
        want = p @ q
    except ValueError:
        with pytest.raises(eg.ShapeError):
            a @ b
        return
    e = a @ b
    assert e.shape == np.shape(want)
    np.testing.assert_allclose(eg.evaluate(e, {a: p, b: q}), want, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(eg.evaluate(q_right(a, q), {a: p}), want, rtol=1e-12, atol=1e-14)


def q_right(a: Any, q: np.ndarray) -> Any:
    return a @ q


@pytest.mark.parametrize(
    ("s", "t"), [((), (2,)), ((3,), (3,)), ((2, 3), (3,)), ((2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((4, 2, 3), (3, 2)), ((3,), (2, 3, 2))]
)
def test_dot_as_numpy(s: tuple[int, ...], t: tuple[int, ...]) -> None:
    a, b, p, q = pair(s, t)
    np.testing.assert_allclose(eg.evaluate(eg.dot(a, b), {a: p, b: q}), np.dot(p, q))


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 3), (4, 2, 3)])
def test_solve(shape: tuple[int, ...]) -> None:
    a, b, p, q = pair((4, 4), shape)
    x = eg.solve(a, b)
    assert x.shape == shape
    got = eg.evaluate(x, {a: p, b: q})
    np.testing.assert_allclose(np.tensordot(p, got, 1), q, rtol=1e-9, atol=1e-10)
    g = eg.gradient(eg.sum(x**2), a)
    h = 1e-6
    for i in [(0, 0), (2, 3)]:
        step = np.zeros((4, 4))
        step[i] = h
        d = [np.sum(eg.evaluate(x, {a: p + s * step, b: q}) ** 2) for s in (1, -1)]
        assert eg.evaluate(g, {a: p, b: q})[i] == pytest.approx((d[0] - d[1]) / (2 * h), rel=1e-5, abs=1e-6)


def test_a_singular_system_among_others_is_nan_alone() -> None:
    a, b = eg.Symbol("a", (2, 2), per_sample=True), eg.Symbol("b", 2)
    matrices = np.array([np.eye(2), np.zeros((2, 2)), 2 * np.eye(2)])
    got = eg.evaluate(eg.solve(a, b), {a: matrices, b: [1.0, 2.0]})
    np.testing.assert_array_equal(np.isnan(got), [[False] * 2, [True] * 2, [False] * 2])
    np.testing.assert_array_equal(got[2], [0.5, 1.0])


def test_solving_with_the_identity_or_numbers_folds() -> None:
    b = eg.Symbol("b", 2)
    assert eg.solve(np.eye(2), b) is b
    np.testing.assert_array_equal(eg.evaluate(eg.solve([[2.0, 0], [0, 4.0]], [2.0, 2.0])), [1, 0.5])
    assert eg.solve(eg.Symbol("a", (1, 1)), eg.Symbol("c", 1)).shape == (1,)


def test_axes() -> None:
    t = eg.Symbol("t", (2, 3, 4))
    value = {t: RNG.normal(size=(2, 3, 4))}
    for ours, numpys in [
        (eg.transpose(t), np.transpose(value[t])),
        (eg.transpose(t, (1, -1, 0)), np.transpose(value[t], (1, -1, 0))),
        (eg.moveaxis(t, 0, -1), np.moveaxis(value[t], 0, -1)),
        (eg.swapaxes(t, 0, 2), np.swapaxes(value[t], 0, 2)),
        (eg.expand_dims(t, -1), np.expand_dims(value[t], -1)),
        (eg.squeeze(t[:, :1]), np.squeeze(value[t][:, :1])),
        (eg.squeeze(t[:1, :, :1], (0, 2)), np.squeeze(value[t][:1, :, :1], (0, 2))),
        (eg.reshape(t, (4, -1)), np.reshape(value[t], (4, -1))),
        (eg.reshape(eg.sin(t.T), 24), np.sin(value[t].T).reshape(24)),
        (eg.concatenate([t, 2 * t], axis=-1), np.concatenate([value[t], 2 * value[t]], axis=-1)),
        (eg.stack([t, 2 * t], axis=-1), np.stack([value[t], 2 * value[t]], axis=-1)),
        (eg.trace(t[:, :2]), np.trace(value[t][:, :2])),
        (eg.trace(t[:, :2, :2], 1, 2), np.trace(value[t][:, :2, :2], axis1=1, axis2=2)),
        (eg.diagonal(t[:, :2, :2], 0, 2), np.diagonal(value[t][:, :2, :2], axis1=0, axis2=2)),
        (eg.outer(t, t[0, 0]), np.outer(value[t], value[t][0, 0])),
        (eg.broadcast_to(t[:, :1], (5, 2, 3, 4)), np.broadcast_to(value[t][:, :1], (5, 2, 3, 4))),
    ]:
        assert ours.shape == numpys.shape
        np.testing.assert_array_equal(eg.evaluate(ours, value), numpys)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda t: t @ 2.0, eg.ShapeError, "use \\* for scalars"),
        (lambda t: t @ np.ones((2, 2)), eg.ShapeError, "3 columns meet 2 rows"),
        (lambda t: eg.dot(t, np.ones(2)), eg.ShapeError, "3 does not meet 2"),
        (lambda t: eg.solve(t, t), eg.ShapeError, "must be square"),
        (lambda t: eg.solve(np.eye(3), t), eg.ShapeError, "must have 3 rows"),
        (lambda t: eg.inv(t), eg.ShapeError, "square"),
        (lambda t: eg.transpose(t, (0, 0)), eg.ShapeError, "are not a permutation of the 2 axes"),
        (lambda t: eg.squeeze(t, 0), eg.ShapeError, "has length 2, not 1"),
        (lambda t: eg.trace(t, 1, 1), eg.ShapeError, "two different axes"),
        (lambda t: eg.diag(eg.stack([t, t])), eg.ShapeError, "a vector or a matrix"),
        (lambda t: eg.reshape(t, (4, 2)), eg.ShapeError, "cannot reshape 6 elements"),
        (lambda t: eg.reshape(t, (-1, -1)), eg.ShapeError, "only one entry can be -1"),
        (lambda t: eg.reshape(t, "ab"), eg.ShapeError, "an integer or a sequence of integers"),
        (lambda t: t.reshape(None), eg.ShapeError, "an integer or a sequence of integers"),
        (lambda t: eg.stack([t, t[0]]), eg.ShapeError, r"part 1 has shape \(3,\)"),
        (lambda t: eg.stack([]), eg.ShapeError, "at least one"),
        (lambda t: eg.concatenate([t, t[0]]), eg.ShapeError, "all other axes must agree"),
        (lambda t: eg.concatenate([t[0, 0]]), eg.ShapeError, "use stack"),
        (lambda t: eg.expand_dims(t, 5), eg.AxisError, "axis 5 is out of range"),
        (lambda t: eg.broadcast_to(t, (4, 3)), eg.ShapeError, "broadcast"),
    ],
)
def test_errors(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call(eg.Symbol("t", (2, 3)))


@pytest.mark.parametrize("at", [(0, 0), (0, 1), (1, 0), (2, 2), (0, 2), (2, 0)])
def test_a_matrix_that_holds_nan_gives_nan(at) -> None:
    A, b = eg.Symbol("A", (3, 3), per_sample=True), eg.Symbol("b", (3, 2), per_sample=True)
    rng = np.random.default_rng(0)
    matrices, sides = np.round(rng.normal(size=(40, 3, 3)), 1), rng.normal(size=(40, 3, 2))
    matrices[rng.random(matrices.shape) < 0.3] = 0.0
    matrices += 3 * np.eye(3)
    matrices[(slice(0, 30), *at)] = np.nan
    want = np.linalg.solve(matrices[30:], sides[30:])
    matrices[39] = 0.0  # a singular one among them
    e = eg.solve(A, b)
    for got in (eg.evaluate(e, {A: matrices, b: sides}), eg.compile(e, (A, b))(matrices, sides), np.asarray(
        [eg.compile(e, (A, b))(m, s) for m, s in zip(matrices, sides)]
    )):  # fmt: skip
        assert np.isnan(got[:30]).all()
        np.testing.assert_allclose(got[30:39], want[:9], rtol=1e-12)
        assert not np.isfinite(got[39]).any()
    assert np.isnan(eg.evaluate(eg.solve(matrices[0], sides[0]), {})).all()
    (size,) = eg.testing.rounding_errors([e], {A: np.where(np.isnan(matrices), np.inf, matrices), b: sides})
    assert np.isinf(size[:30]).all() and (size[30:39] < 1e-12).all()
