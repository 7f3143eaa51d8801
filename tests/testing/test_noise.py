"""How much of a value rounding may change: what the allowance is relative to."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import exprgraph as eg
from exprgraph.testing import evaluate_precisely, rounding_errors

X, Y = eg.Symbol("x"), eg.Symbol("y")

CANCELLING = [
    (eg.logaddexp(X, Y), {X: -0.692, Y: -0.692}, 0.69),
    (eg.logaddexp(X, Y), {X: -1.0, Y: math.log1p(-math.exp(-1.0))}, 0.5),
    (eg.logsumexp(eg.stack([X, Y]), 0), {X: -0.692, Y: -0.692}, 0.69),
    (X + Y, {X: 1.0, Y: -1.0 + 2**-40}, 1.0),
]


@pytest.mark.parametrize(("e", "at", "size"), CANCELLING)
def test_terms_that_cancel_are_as_exact_as_the_largest_of_them(e, at, size):
    (allowed,) = rounding_errors([e], at)
    assert 2**-52 * size <= allowed <= 2**-44 * size


@given(st.floats(-3, 0), st.floats(-1e-9, 1e-9))
def test_the_logarithm_of_a_sum_near_one_is_within_its_allowance(a, off):
    at = {X: a, Y: math.log(-math.expm1(a)) + off if a < -1e-3 else a}
    e = eg.logaddexp(X, Y)
    (allowed,) = rounding_errors([e], at)
    exact = evaluate_precisely(e, at)
    assert abs(float(eg.evaluate(e, at) - exact)) <= allowed


def test_a_scalar_beside_an_array_is_broadcast():
    v = eg.Symbol("v", shape=(2,))
    (allowed,) = rounding_errors([eg.logaddexp(v, X)], {v: np.array([-0.692, 3.0]), X: -0.692})
    assert allowed.shape == (2,)
