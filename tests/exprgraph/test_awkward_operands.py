"""Elementwise functions of all pairs of awkward numbers: compiled code is NaN, infinite and a zero of a sign where NumPy is."""

from __future__ import annotations

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.functions.elementwise import Function
from exprgraph.graph.node import make
from exprgraph.graph.primitive import TABLE

AWKWARD = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -1e-310, 1e300, -1e200, 1.0, -1.0, 2.0, -3.0, 0.5, -0.1, 40.0, -745.0])

x, y = eg.symbols("x y")


@pytest.mark.slow
@pytest.mark.slow_one_in(6)
@pytest.mark.parametrize("group", range(6))
def test_pairs_of_awkward_numbers(group: int) -> None:
    rows = [r for r in TABLE.values() if isinstance(r, Function) and r.arity <= 2 and not r.added][group::6]
    a, b = (m.ravel() for m in np.meshgrid(AWKWARD, AWKWARD))
    graphs = [make(r, (x, y)[: r.arity], (), ()) for r in rows]
    for row, got, expected in zip(rows, eg.compile(graphs, (x, y))(a, b), eg.evaluate(graphs, {x: a, y: b})):
        if got.dtype == bool:
            assert np.array_equal(got, expected), row.name
            continue
        wrong = (np.isnan(got) != np.isnan(expected)) | (np.isinf(got) != np.isinf(expected))
        wrong |= (got == 0) & (expected == 0) & (np.signbit(got) != np.signbit(expected))
        assert not wrong.any(), (row.name, list(zip(a[wrong], b[wrong], got[wrong], expected[wrong])))
