"""Comparisons come out as bool, as in NumPy, however they are moved about; inside arithmetic they are 0 and 1."""

from __future__ import annotations

import numpy as np
import pytest

import exprgraph as eg

v = eg.Symbol("v", 4)
VALUE = np.array([0.0, 2.0, 1.0, 3.0])

MOVED = {
    "itself": v > 1,
    "an element": (v > 1)[1],
    "a slice": (v > 1)[::2],
    "reshaped": eg.reshape(v > 1, (2, 2)),
    "transposed": eg.reshape(v > 1, (2, 2)).T,
    "stacked": eg.stack([v > 1, v < 1]),
    "joined": eg.concatenate([v > 1, eg.logical_not(v)]),
    "broadcast": eg.broadcast_to(v[0] < 1, (3,)),
}


@pytest.mark.parametrize("e", MOVED.values(), ids=MOVED)
def test_a_comparison_is_bool_in_both_backends(e: eg.Node) -> None:
    value = eg.evaluate(e, {v: VALUE})
    assert np.asarray(value).dtype == np.bool_
    compiled = eg.compile(e, v)(VALUE)
    assert np.asarray(compiled).dtype == np.bool_
    np.testing.assert_array_equal(compiled, value)


@pytest.mark.parametrize("e", [2 * (v > 1), (v > 1) + v, eg.where(v > 1, v, 0), eg.sum(v > 1), eg.stack([v > 1, v])])
def test_arithmetic_with_comparisons_is_float(e: eg.Node) -> None:
    assert np.asarray(eg.evaluate(e, {v: VALUE})).dtype == np.float64
