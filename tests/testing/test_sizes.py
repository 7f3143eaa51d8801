"""The check of sizes: nothing is found in the package, and what is planted is found."""

from __future__ import annotations

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import Node, make
from exprgraph.graph.primitive import SUM
from exprgraph.loops.print import python
from exprgraph.lowering.plan import narrow, nest
from exprgraph.testing import Disagreement, check_sizes, sizes
from tests.exprgraph.rule_graphs import SHARED, graphs
from tests.fuzz.cases import make as made_by

x, y = eg.symbols("x y")
v = eg.Symbol("v", 3)


@pytest.mark.slow_one_in(2)
@pytest.mark.one_in(120)
@pytest.mark.parametrize("name", graphs(SHARED))
def test_every_primitive_divided(name: str) -> None:
    check_sizes(graphs(SHARED)[name], n=70)


@pytest.mark.slow_one_in(2)
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_random_expressions(seed: int) -> None:
    made = made_by(seed, 8)
    check_sizes(made.e, at=made.at, seed=seed, n=70)


def test_what_is_divided_is_whole_again() -> None:
    before = narrow.WIDTH, nest.NEST_LIMIT, python.CHOICES
    with sizes.divided():
        fn = eg.compile([eg.sin(x) + eg.cos(y) * v[0] + v[1:] @ v[:2], v[[0, 0, 2, 1]]], (x, y, v))
        source = fn.source
        np.testing.assert_allclose(fn(0.1, 0.2, np.ones(3))[0], np.sin(0.1) + np.cos(0.2) + 2, rtol=1e-14)
    after = narrow.WIDTH, nest.NEST_LIMIT, python.CHOICES
    assert after == before
    assert "enumerate" in source and "code <" in source and "j = T[" in source
    assert "enumerate" not in eg.compile(fn.equations, (x, y, v)).source


def test_a_term_that_is_left_out_is_found() -> None:
    whole = narrow.NARROWED[SUM]

    def without_the_last(node: Node) -> Node:
        const, coefficients = node.params
        return whole(make(SUM, node.args[:-1], (const, coefficients[:-1]), node.shape))

    with narrow.NARROWED.replaced(without_the_last, SUM):
        with pytest.raises(Disagreement, match="compiled"):
            check_sizes(eg.sin(x) + eg.cos(y) + x * y, at={x: 0.4, y: 0.6})
        with pytest.raises(Disagreement, match="a sum of 70: compiled"):
            check_sizes(eg.sin(x), at={x: 0.4}, n=70)
