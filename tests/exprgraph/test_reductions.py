"""Reductions over axes: NumPy's values, and derivatives that hold where factors are zero."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import exprgraph as eg

T = eg.Symbol("T", (2, 3, 4))
P = eg.Symbol("P", (2, 3, 4), per_sample=True)
VALUE = np.random.default_rng(0).normal(size=(2, 3, 4))
BATCH = np.random.default_rng(1).normal(size=(5, 2, 3, 4))


def logsumexp(a: np.ndarray, axis: Any = None, keepdims: bool = False) -> Any:
    return np.log(np.sum(np.exp(a), axis=axis, keepdims=keepdims))


PAIRS = [
    (eg.sum, np.sum),
    (eg.mean, np.mean),
    (eg.max, np.max),
    (eg.min, np.min),
    (eg.prod, np.prod),
    (eg.var, np.var),
    (eg.std, np.std),
    (eg.logsumexp, logsumexp),
]
AXES = st.none() | st.integers(-3, 2) | st.lists(st.integers(0, 2), unique=True, min_size=1).map(tuple)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(PAIRS), AXES, st.booleans(), st.integers(0, 2))
def test_as_numpy(pair: Any, axis: Any, keepdims: bool, which: int) -> None:
    ours, numpys = pair
    e = [T, eg.sin(T) + 2, T.transpose(2, 0, 1).transpose(1, 2, 0)][which]
    value = eg.evaluate(e, {T: VALUE})
    want = numpys(value, axis=axis, keepdims=keepdims)
    got = ours(e, axis, keepdims)
    assert got.shape == want.shape
    np.testing.assert_allclose(eg.evaluate(got, {T: VALUE}), want, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda p: p[0].__name__)
def test_of_a_batch(pair: Any) -> None:
    ours, numpys = pair
    for axis in (None, 1, (0, 2)):
        got = eg.evaluate(ours(P, axis), {P: BATCH})
        for one, value in zip(got, BATCH):
            np.testing.assert_allclose(one, numpys(value, axis=axis), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda p: p[0].__name__)
def test_gradients_against_differences(pair: Any) -> None:
    f = eg.sum(pair[0](T, 1) ** 2)
    g = eg.evaluate(eg.gradient(f, T), {T: VALUE})
    forward = eg.evaluate(eg.jacobian(f, T, "forward"), {T: VALUE})
    np.testing.assert_allclose(forward, g, rtol=1e-9, atol=1e-12)
    h = 1e-5
    for i in [(0, 0, 0), (1, 2, 3), (0, 1, 2)]:
        step = np.zeros_like(VALUE)
        step[i] = h
        d = (eg.evaluate(f, {T: VALUE + step}) - eg.evaluate(f, {T: VALUE - step})) / (2 * h)
        assert g[i] == pytest.approx(d, rel=1e-6, abs=1e-7)


def test_the_gradient_of_a_product_where_factors_are_zero() -> None:
    v = eg.Symbol("v", 4)
    f = eg.prod(v)
    np.testing.assert_array_equal(eg.evaluate(eg.gradient(f, v), {v: [0.0, 2.0, 3.0, 4.0]}), [24, 0, 0, 0])
    np.testing.assert_array_equal(eg.evaluate(eg.gradient(f, v), {v: [0.0, 2.0, 0.0, 4.0]}), [0, 0, 0, 0])
    h = eg.evaluate(eg.hessian(f, v), {v: [0.0, 2.0, 0.0, 4.0]})
    assert h[0, 2] == h[2, 0] == 8
    assert np.count_nonzero(h) == 2


def test_empty_axes() -> None:
    e = eg.Symbol("E", (0, 2))
    value = {e: np.zeros((0, 2))}
    np.testing.assert_array_equal(eg.evaluate(eg.sum(e, 0), value), [0, 0])
    np.testing.assert_array_equal(eg.evaluate(eg.prod(e, 0), value), [1, 1])
    for f in (eg.max, eg.min, eg.mean):
        with pytest.raises(eg.ShapeError, match=r"\(0, 2\)"):
            f(e, 0)


def test_norms() -> None:
    m = eg.Symbol("M", (3, 2))
    value = np.arange(6.0).reshape(3, 2) - 2
    for axis in (None, 0, 1, -1):
        np.testing.assert_allclose(eg.evaluate(eg.norm(m, axis=axis), {m: value}), np.linalg.norm(value, axis=axis))
    for order in (1, 2, np.inf):
        np.testing.assert_allclose(eg.evaluate(eg.norm(m, order, axis=1), {m: value}), np.linalg.norm(value, order, axis=1))
        # NumPy's norm of a matrix of order 1, 2 or inf is another thing: it is refused, not given wrongly
        for axis in (None, (0, 1)):
            with pytest.raises(ValueError, match="is for vectors"):
                eg.norm(m, order, axis=axis)
    with pytest.raises(ValueError, match="ord must be"):
        eg.norm(m, 3, axis=0)


def test_errors() -> None:
    with pytest.raises(eg.AxisError, match="axis 3 is out of range for an expression with 3 axes"):
        eg.sum(T, 3)
    with pytest.raises(ValueError, match="names an axis twice"):
        eg.sum(T, (0, -3))
    with pytest.raises(TypeError, match=r"axis must be an integer, got 0\.5"):
        eg.sum(T, 0.5)  # type: ignore[arg-type]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda p: p[0].__name__)
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [0, 1, 3, (0, 1), (1, 2, 3), (0, 2), None])
def test_axes_of_one_element(pair: Any, axis: Any, keepdims: bool) -> None:
    s = eg.Symbol("S", (1, 3, 1, 2))
    value = np.random.default_rng(3).normal(size=s.shape)
    want = pair[1](value, axis=axis, keepdims=keepdims)
    for e in (s, eg.sin(s) + 2):
        got = pair[0](e, axis, keepdims)
        assert got.shape == want.shape
        want_e = pair[1](eg.evaluate(e, {s: value}), axis=axis, keepdims=keepdims)
        np.testing.assert_allclose(eg.evaluate(got, {s: value}), want_e, rtol=1e-12, atol=1e-14)


def test_extrema_of_constants_are_numbers() -> None:
    assert eg.max(np.array([[1.0, 5.0], [7.0, 2.0]]), 0) is eg.array([7.0, 5.0])
    assert eg.min(eg.array(3.0) * eg.ones((2, 2))) is eg.array(3.0)
    assert eg.max(eg.zeros((2, 3)), 1) is eg.zeros(2)
    with pytest.raises(eg.ShapeError, match=r"max over an axis of length 0: shape \(2, 0\), axis 1"):
        eg.max(eg.Symbol("Z", (2, 0)), 1)
    assert eg.max(eg.Symbol("Z", (2, 0)), 0).shape == (0,)
