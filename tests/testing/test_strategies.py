"""The strategies: what they make is well-formed, every primitive is among it, and it shrinks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import exprgraph as eg
from exprgraph.functions.elementwise import Function
from exprgraph.graph.node import Node
from exprgraph.graph.primitive import TABLE
from exprgraph.graph.traverse import topological
from exprgraph.testing import bounds, constants, edge_points, expressions, functions, points, shapes, symbols
from exprgraph.testing.growing import GROW, AtRandom, grow, symbols_for, values_for

COMMON = settings(max_examples=30, deadline=None)
ROWS = sorted(name for name, row in TABLE.items() if not name.endswith("_doc") and GROW.reason(row) is None)


@pytest.mark.parametrize("name", ROWS)
def test_every_row_of_the_table_is_made(name: str) -> None:
    """A structural row without a step, or a function that always folds, would never be tested: it fails here."""
    row = TABLE[name]
    assert GROW.find(row) is not None
    for seed in range(30):
        choice = AtRandom(seed)
        e = grow(choice, symbols_for(choice, 2, True), 4, end=row)
        if any(n.op is row for n in topological([e])):
            return
    raise AssertionError(f"no expression with {name} in 30")


@COMMON
@given(st.data(), expressions())
def test_expressions_are_finite_at_their_points_and_within_their_bounds(data: st.DataObject, e: Node) -> None:
    value = eg.evaluate(e, data.draw(points(e)))
    assert np.isfinite(value).all()
    low, high = bounds(e)
    if not any(n.op.name == "solve" for n in topological([e])):
        room = 0.05 * (high - low) + 1e-9  # the image of a function is taken at points
        assert (value >= low - room).all() and (value <= high + room).all()


@COMMON
@given(expressions(symbols=eg.symbols("a b"), shape=(2, 3), functions=["sin", "tanh"], steps=3))
def test_what_is_asked_for_is_kept(e: Node) -> None:
    assert e.shape == (2, 3)
    assert set(eg.free_symbols(e)) <= set(eg.symbols("a b"))
    assert {n.op.name for n in topological([e]) if isinstance(n.op, Function)} <= {"sin", "tanh"}
    assert not any(n.op.name.startswith("sample") for n in topological([e]))


def test_a_matrix_of_one_number_brings_no_other_function() -> None:
    for k in range(300):
        made = grow(AtRandom(k), [eg.Symbol("A", (1, 1))], 8, functions=["sin"])
        assert {n.op.name for n in topological([made]) if isinstance(n.op, Function)} <= {"sin"}


@pytest.mark.slow
def test_expressions_shrink_to_little() -> None:
    quick = settings(max_examples=3000, deadline=None, database=None, derandomize=True)
    assert len(topological([find(expressions(), lambda e: e.size > 1, settings=quick)])) <= 4
    for name in ("cosh", "stack", "where"):
        found = find(expressions(), lambda e, name=name: any(n.op.name == name for n in topological([e])), settings=quick)
        assert len(topological([found])) <= 5, found


def test_a_function_of_a_user_is_drawn_like_the_others() -> None:
    name = "drawn"
    eg.function(name, numpy=lambda x: x / (1 + x * x), derivative=lambda x: (1 - x**2) / (1 + x**2) ** 2, code="{0} / (1.0 + {0} * {0})")
    assert find(functions(), lambda row: row.name == name) is TABLE[name]
    made = (grow(AtRandom(k), eg.symbols("a b"), 6) for k in range(2000))
    assert any(n.op is TABLE[name] for e in made for n in topological([e]))


@COMMON
@given(st.data(), shapes(), functions())
def test_small_strategies(data: st.DataObject, shape: tuple[int, ...], row: Function) -> None:
    s = data.draw(symbols(shape, per_sample=None))
    assert s.shape == shape and s.op.name == "symbol"
    c = data.draw(constants(shape))
    assert c.shape == shape and not eg.free_symbols(c)
    assert TABLE[row.name] is row
    values = data.draw(edge_points(row.build(*eg.symbols([f"x{k}" for k in range(row.arity)]))))
    assert all(v.dtype == float for v in values.values())


def test_edges_of_the_domain_are_among_the_edge_points() -> None:
    x = eg.Symbol("x")
    for wanted in (0.0, 1.0, -1.0, np.inf):
        found = find(edge_points(eg.asin(x) + eg.log(x)), lambda at, wanted=wanted: bool(at[x] == wanted))
        assert found[x] == wanted


def test_unknown_names_are_explained() -> None:
    with pytest.raises(ValueError, match="no function named 'nonsense'"):
        find(expressions(functions=["nonsense"]), lambda e: True)


def test_values_are_a_batch_where_symbols_differ_by_sample() -> None:
    x, y = eg.Symbol("x", 2, per_sample=True), eg.Symbol("y", 2)
    values = values_for(np.random.default_rng(0), [x, y], samples=4)
    assert values[x].shape == (4, 2) and values[y].shape == (2,)


def test_bounds_of_single_operations() -> None:
    x, y = eg.symbols("x y")
    box = {x: (1.0, 2.0), y: (-3.0, 4.0)}
    for e, wanted in (
        (x - 2 * y + 1, (-6.0, 9.0)), (x * y, (-6.0, 8.0)), (y**2, (0.0, 16.0)), (1 / x, (0.5, 1.0)), (eg.exp(x), (np.e, np.e**2)),
        (eg.stack([x, y]), (-3.0, 4.0)), (eg.broadcast_to(y, (3,)) @ eg.broadcast_to(x, (3,)), (-18.0, 24.0)), (1 / y, (-np.inf, np.inf)),
        (eg.place(x, [1], (3,)), (0.0, 2.0)),
        (eg.place(eg.stack([x, y]), [[1, 1]], 3), (-6.0, 8.0)), (eg.sqrt(y), (-np.inf, np.inf)), (x**-0.5, (0.5**0.5, 1.0)),
    ):  # fmt: skip
        np.testing.assert_allclose(bounds(e, box), wanted, err_msg=str(e))


@pytest.mark.slow
def test_what_strategies_are_asked_for_in_vain() -> None:
    with pytest.raises(ValueError, match="there is no primitive 'foo' to end with; there are .*sin"):
        find(expressions(end="foo"), lambda e: True)
    few = settings(max_examples=10, database=None)
    assert find(expressions(shape=2), lambda e: True, settings=few).shape == (2,)
    x = eg.Symbol("x")
    for strategy in (points([x, x * 2]), points({"a": x}), edge_points({"a": x}), edge_points((x, [x]))):
        assert set(find(strategy, lambda at: True, settings=few)) == {x}
