from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from small_graphs import SYMBOLS, VALUES, expressions

import exprgraph as eg
from exprgraph.canonical.contract import contract
from exprgraph.functions.along_axes import AxisFunction
from exprgraph.graph.node import Node
from exprgraph.graph.traverse import topological
from exprgraph.meaning.elements import EXPANSION, element, elements, expanded_size


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(expressions())
def test_elements_have_the_values_of_the_array(e: Node) -> None:
    table = elements(e)
    assert table.shape == e.shape
    assert all(isinstance(n, Node) and n.shape == () for n in table.flat)
    whole = eg.evaluate(e, VALUES)
    for index in np.ndindex(*e.shape):
        one = np.broadcast_to(eg.evaluate(table[index], VALUES), whole[(..., *index)].shape)
        np.testing.assert_allclose(one, whole[(..., *index)], rtol=1e-9, atol=1e-11)


def is_whole(node: Node) -> bool:
    """Whether it is elementary only as a whole: its elements are selected."""
    return bool(node.args) and not EXPANSION[node.op](node).needs


@settings(max_examples=100, deadline=None)
@given(expressions())
def test_every_array_in_an_element_is_a_symbol_elementary_as_a_whole_or_what_an_extremum_is_taken_of(e: Node) -> None:
    for root in elements(e).flat:
        order = topological([root], enter=lambda n: n.op.name != "select" and not is_whole(n))
        compared = {n.args[0] for n in order if n.op.name in ("reduce_max", "reduce_min")}
        for n in order:
            assert n.shape == () or n.op.name == "symbol" or (n in compared and n.op.name == "stack")
            if n.op.name == "select":
                assert n.args[0].op.name == "symbol" or is_whole(n.args[0])


def test_an_extremum_of_elements_is_one_extremum() -> None:
    y = SYMBOLS["y"]
    assert elements(eg.max(y))[()] is eg.max(y)
    assert elements(eg.max(2 * y))[()] is eg.max(eg.stack([2 * y[0], 2 * y[1], 2 * y[2]]))
    assert list(elements(eg.min(SYMBOLS["W"], axis=1))) == [eg.minimum(SYMBOLS["W"][k, 0], SYMBOLS["W"][k, 1]) for k in range(3)]


def test_element_of_a_layer() -> None:
    w, x, b = SYMBOLS["W"], SYMBOLS["x"], SYMBOLS["y"]
    expected = eg.tanh(eg.sum_of_terms([(1.0, w[1, 0] * x[0]), (1.0, w[1, 1] * x[1]), (1.0, b[1])]))
    assert element(eg.tanh(w @ x + b), (1,)) is expected
    assert elements(eg.tanh(w @ x + b))[1] is expected


def test_zeros_of_an_identity_and_a_placement_vanish() -> None:
    x = SYMBOLS["x"]
    table = elements(eg.stack([x, x])[0][:, None] * np.eye(2))
    assert table[0, 0] is x[0]
    assert repr(table[0, 1]) == "0"


def test_a_scalar_symbol_is_its_own_element() -> None:
    s = SYMBOLS["s"]
    assert elements(s)[()] is s


@pytest.mark.slow
def test_depth_costs_no_recursion() -> None:
    e = SYMBOLS["x"]
    for _ in range(100_000):
        e = eg.sin(e)
    (first, second) = elements(e)
    assert first is not second
    assert eg.count_nodes(first) == 100_002


def test_a_function_that_is_added_later_has_elements() -> None:
    f = eg.function("twice_in_test_elements", numpy=lambda x: 2 * x, derivative=lambda x: 2.0, code="2.0*{0}")
    x = SYMBOLS["x"]
    assert elements(f(x))[1] is f(x[1])


def test_expanded_size_counts_shared_operations_once() -> None:
    w, x = SYMBOLS["W"], SYMBOLS["x"]
    z = w @ x
    assert expanded_size(z) == 9  # three elements of two products and a sum
    assert expanded_size(z[0]) == 3
    assert expanded_size(z * z) == 12
    assert expanded_size(SYMBOLS["W"]) == 0


@settings(max_examples=100, deadline=None)
@given(expressions())
def test_expanded_size_bounds_the_expansion(e: Node) -> None:
    table = elements(e)
    size = expanded_size(e)
    operations = [n for n in topological(table.flat) if n.args and n.op.name not in ("select", "solve")]
    # canonical form may write one division as several nodes, never many; arrays that are whole have all of their arguments
    if not any(is_whole(n) and not isinstance(n.op, AxisFunction) for n in topological([e])):
        assert len(operations) <= 4 * size + 4


def test_expanded_size_stops_at_its_limit() -> None:
    x = eg.Symbol("x", (1000,))
    e = x
    for _ in range(10_000):
        e = eg.sin(e)
    assert expanded_size(e, 50) == 51
    w = eg.Symbol("W", (1000, 1000))
    assert expanded_size(w @ (w @ x), 10_000) == 10_001


# ---------------------------------------------------------------- found by the properties above


def test_the_sum_of_everything_in_a_nested_contraction_is_a_scalar() -> None:
    w, a, y = SYMBOLS["W"], SYMBOLS["A"], SYMBOLS["y"]
    e = eg.sum(contract([(w, "ij"), (eg.tanh(y), "i"), (a, "jk")], "ik"))
    expected = (VALUES[w] * np.tanh(VALUES[y])[:, None] @ VALUES[a]).sum()
    assert eg.evaluate(e, VALUES) == pytest.approx(expected, rel=1e-12)


def test_a_sum_over_samples_of_arrays_and_shared_scalars() -> None:
    s, p = SYMBOLS["s"], SYMBOLS["p"]
    np.testing.assert_allclose(eg.evaluate(eg.over_samples.sum(p + s), VALUES), (VALUES[p] + VALUES[s]).sum(axis=0))
