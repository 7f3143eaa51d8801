"""Small graphs of each primitive compiled: for one sample, for blocks of samples, with shared and per-sample parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rule_graphs import SHARED, Symbols, graphs, values

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.testing import rounding_errors
from exprgraph.testing.disagreement import difference


def symbols(per_sample: str) -> Symbols:
    return Symbols(*[eg.Symbol(n.params[0], n.shape, per_sample=True) if n.params[0] in per_sample else n for n in SHARED])


#: names of the per-sample symbols
SPLITS = ["srxyAB", "sxA", "ryB"]


def agree(outputs: list[Node], own: Symbols, lead: tuple[int, ...], dtype: Any = np.float64) -> None:
    """As far as rounding allows, which is measured."""
    given = {n: np.asarray(v, dtype) for n, v in values(own, lead).items()}
    fn = eg.compile(outputs, list(own))
    got = fn(*given.values())
    form = fn.core.form(bool(lead), dtype is np.float32)
    assert form.code is not None, "Numba would give the same results, much later"
    want = eg.evaluate(outputs, {n: np.asarray(v, float) for n, v in given.items()})
    for node, a, b, allowed in zip(outputs, got, want, rounding_errors(outputs, given), strict=True):
        assert a.dtype == dtype, node
        said = difference("compiled", a, "by NumPy", b, allowed + np.finfo(dtype).tiny)
        assert said is None, f"{node}: {said}"


def with_derivatives(f: Node, own: Symbols) -> list[Node]:
    weights = np.arange(1.0, f.size + 1.0).reshape(f.shape)
    scalar = eg.sum(eg.sin(f) * weights)
    return [f, *eg.jacobians(scalar, [n for n in own if n in eg.free_symbols(f)])]


@pytest.mark.one_in(24)
@pytest.mark.parametrize("name", graphs(SHARED))
def test_one_sample_and_its_gradient(name: str) -> None:
    agree(with_derivatives(graphs(SHARED)[name], SHARED), SHARED, ())


@pytest.mark.one_in(18)
@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("part", range(6))
def test_blocks_of_samples(part: int, split: str) -> None:
    own = symbols(split)
    agree([f for k, f in enumerate(graphs(own).values()) if k % 6 == part], own, (5,))


@pytest.mark.one_in(24)
@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("part", range(6))
def test_totals_over_samples(part: int, split: str) -> None:
    """Sums, and means of what is used again after a sum."""
    own = symbols(split)
    outputs = []
    for k, f in enumerate(graphs(own).values()):
        if k % 6 == part and f.per_sample:
            outputs += [eg.over_samples.sum(f), f / (1 + eg.over_samples.mean(f**2))]
    agree(outputs, own, (13,))
    agree(outputs, own, ())


@pytest.mark.slow_one_in(3)
@pytest.mark.slow
@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("name", graphs(SHARED))
def test_gradients_over_blocks_of_samples(name: str, split: str) -> None:
    own = symbols(split)
    f = graphs(own)[name]
    outputs = with_derivatives(f, own)
    agree(outputs, own, (3, 67))
    agree([eg.over_samples.mean(o) for o in outputs if o.per_sample], own, (141,))
    agree(outputs, own, (9,), np.float32)
