"""Hock and Schittkowski's problems: published values, and derivatives of objective and constraints in every mode."""

from __future__ import annotations

import numpy as np
import pytest
from hock_schittkowski import ENTRIES, Entry
from reference import check, ours, problem

import exprgraph as eg

QUICK = [e for e in ENTRIES if len(e.start) <= 5 and len("".join(e.formulas)) < 400][::5]


def name(e: Entry) -> str:
    return f"HS{e.number}"


def test_how_many() -> None:
    assert len({e.number for e in ENTRIES}) == len(ENTRIES) >= 90


@pytest.mark.parametrize("e", ENTRIES, ids=name)
def test_the_published_values(e: Entry) -> None:
    x, f = ours(problem(name(e), len(e.start), e.formulas[:1]))
    for point, published in ((e.start, e.start_value), (e.optimum, e.optimal_value)):
        if point is None or published is None:
            continue
        value, slope = eg.evaluate([f[0], eg.jacobian(f[0], x)], {x: np.array(point, float)})
        # printed with seven digits or so: the point's rounding changes the value by the gradient
        allowed = 2e-6 * float(np.abs(slope) @ np.abs(point)) + 6e-6 * abs(published) + 1e-12
        assert abs(float(value) - published) <= allowed, (point, value, published)


def derivatives(e: Entry) -> None:
    start = np.array(e.start, float)
    points = [start + 0.01 * (1 + np.arange(len(start)))]  # off the symmetric starts, where entries are equal
    if e.optimum is not None and len(start) < 6:
        points.append(np.array(e.optimum))
    check(problem(name(e), len(start), e.formulas, *points))


@pytest.mark.one_in(9)
@pytest.mark.parametrize("e", QUICK, ids=name)
def test_derivatives(e: Entry) -> None:
    derivatives(e)


@pytest.mark.slow_one_in(2)
@pytest.mark.slow
@pytest.mark.parametrize("e", [e for e in ENTRIES if e not in QUICK], ids=name)
def test_derivatives_of_the_others(e: Entry) -> None:
    derivatives(e)
