"""Batches: `evaluate` and compiled functions give results of one shape, constants over a batch and empty batches among them."""

from __future__ import annotations

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.testing import check_batches
from tests.exprgraph.rule_graphs import SHARED, Symbols, graphs, values

x, y = eg.symbols("x y")
v, b = eg.symbols("v b", shape=3)
A, B = eg.Symbol("A", (3, 3)), eg.Symbol("B", (3, 2))
k = eg.Symbol("k", per_sample=True)
PER_SAMPLE = Symbols(*(eg.Symbol(s.name, s.shape, per_sample=True) for s in SHARED))


def _shapes(e: object, symbols: tuple[Node, ...], given: tuple[object, ...], backend: str) -> list[tuple[int, ...]]:
    found = eg.evaluate(e, dict(zip(symbols, given))) if backend == "evaluate" else eg.compile(e, symbols, backend=backend)(*given)
    return [np.shape(f) for f in (found if isinstance(e, list) else [found])]


@pytest.mark.parametrize("backend", ["evaluate", "numpy", "native"])
def test_a_constant_of_a_batch_has_its_axes(backend: str) -> None:
    e = [eg.diff(x**2, x, 2), eg.array(2.0), y, eg.array([1.0, 2.0]), eg.over_samples.sum(1.0), y * eg.over_samples.sum(1.0)]
    for lead in ((4,), (0,), (2, 3), ()):
        assert _shapes(e, (x, y), (np.ones(lead), 2.0), backend) == [lead, lead, lead, (*lead, 2), lead, lead]


@pytest.mark.parametrize("backend", ["evaluate", "numpy", "native"])
def test_where_symbols_are_declared_per_sample_what_is_shared_has_no_axes(backend: str) -> None:
    e = [k**2, x, eg.diff(k**2, k, 2), eg.over_samples.sum(k)]
    assert _shapes(e, (k, x), (np.ones(4), 2.0), backend) == [(4,), (), (), ()]


@pytest.mark.parametrize("backend", ["evaluate", "numpy", "native"])
def test_an_empty_batch_of_linear_systems(backend: str) -> None:
    e = [eg.solve(A, b), eg.solve(A, B), eg.inv(A), eg.solve(np.eye(3) * 2, b), eg.gradient(eg.sum(eg.solve(A, b)), A)]
    for lead in ((0,), (2, 0), (3, 0, 2)):
        given = (np.ones((*lead, 3, 3)), np.ones((*lead, 3)), np.ones((*lead, 3, 2)))
        assert _shapes(e, (A, b, B), given, backend) == [(*lead, *s) for s in ((3,), (3, 2), (3, 3), (3,), (3, 3))]
    assert _shapes(e[:1], (A, b), (np.ones((3, 3)), np.ones((0, 3))), backend) == [(0, 3)]


@pytest.mark.one_in(7)
@pytest.mark.parametrize("name", graphs(SHARED))
@pytest.mark.parametrize("symbols", [SHARED, PER_SAMPLE], ids=["shared", "per sample"])
def test_batches_of_every_primitive(symbols: Symbols, name: str) -> None:
    check_batches(graphs(symbols)[name], at=values(symbols), compiled=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", graphs(SHARED))
@pytest.mark.parametrize("symbols", [SHARED, PER_SAMPLE], ids=["shared", "per sample"])
def test_batches_of_every_primitive_compiled(symbols: Symbols, name: str) -> None:
    check_batches(graphs(symbols)[name], at=values(symbols))
