"""Large graphs of scalars: function calls and memory for each node, counted without a clock."""

from __future__ import annotations

import gc
import sys
from typing import Any

import pytest

import exprgraph as eg
from exprgraph.graph.node import Node
from tests.benchmarks.large_workloads import LARGE
from tests.counting import calls_of

#: calls of Python functions for each node of the graph, and for each of graph and derivative: a fifth more than are made, at most
CALLS = {"chain of springs": (8, 28), "Rosenbrock": (7, 28), "bodies": (6.5, 32), "collocation": (12, 50), "power flow": (17, 43)}


def counted(title: str, n: int) -> tuple[int, int, int, int]:
    """Calls and nodes of the graph, and of its derivative."""
    w = LARGE[title][0](n)
    x = eg.Symbol("x", w.variables)
    elements = list(x)
    building, values = calls_of(lambda: w.program(elements, eg))
    f = values[0] if w.wanted == "gradient" else eg.stack(values)

    def derivative() -> Node:
        return eg.gradient(f, x) if w.wanted == "gradient" else eg.jacobian(f, x, sparse=True).values

    differentiating, d = calls_of(derivative)
    return building, eg.count_nodes(f), differentiating, eg.count_nodes([f, d])


@pytest.mark.one_in(3)
@pytest.mark.parametrize("title", CALLS)
def test_calls_for_each_node_are_few_and_do_not_grow(title: str) -> None:
    n = 12 if title == "bodies" else 30
    small, large = counted(title, n), counted(title, 2 * n if title == "bodies" else 4 * n)
    for k, limit in enumerate(CALLS[title]):
        calls, nodes = large[2 * k] - small[2 * k], large[2 * k + 1] - small[2 * k + 1]
        assert calls / nodes <= limit
        assert large[2 * k] / large[2 * k + 1] <= 1.1 * small[2 * k] / small[2 * k + 1]


def test_blocks_of_memory_for_each_node() -> None:
    """A node, the tuple of its arguments, its digest, and its reference in the table: parameters are shared."""

    def blocks(n: int) -> tuple[int, int, Any]:
        w = LARGE["chain of springs"][0](n)
        elements = list(eg.Symbol("x", n))
        gc.collect()
        before = sys.getallocatedblocks()
        kept = w.program(elements, eg)
        return sys.getallocatedblocks() - before, eg.count_nodes(kept), kept

    blocks(50)
    small, large = blocks(60), blocks(240)
    assert (large[0] - small[0]) / (large[1] - small[1]) <= 4.5
