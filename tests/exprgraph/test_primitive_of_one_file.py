"""A structural primitive in one file: what it is and all its rules, with no change to any file of the package.

The cumulative sum along the last axis is in the table while this module is tested.  Everything that the package does with
an expression is then done with it.
"""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.calculus.branches import GATED_JVP, GATED_VJP, moved_cotangents, moved_tangent
from exprgraph.calculus.reach import REACH, reach
from exprgraph.calculus.repeated import REPEATED, linear_in_all
from exprgraph.calculus.rules import JVP, VJP
from exprgraph.canonical.arithmetic import linear
from exprgraph.canonical.joining import concatenate
from exprgraph.canonical.operands import as_node
from exprgraph.functions.elementwise import Function
from exprgraph.graph.column import COLUMNS
from exprgraph.graph.leaves import array, constant_value, zeros
from exprgraph.graph.node import Node, Operand, Shape, make
from exprgraph.graph.primitive import TABLE, Primitive, enter
from exprgraph.graph.traverse import REBUILD, topological
from exprgraph.interop import to_sympy
from exprgraph.lowering.plan.phases import REWRITTEN
from exprgraph.lowering.plan.schedule import LOWERING
from exprgraph.mapping.rules import MAPPED
from exprgraph.meaning.counting import COUNT
from exprgraph.meaning.elements import ELEMENT, EXPANSION, Expansion, Get, elements
from exprgraph.meaning.evaluate import EVALUATE, Samples
from exprgraph.show.latex import LATEX
from exprgraph.show.latex import by_name as latex_by_name
from exprgraph.show.python import PYTHON
from exprgraph.show.python import by_name as python_by_name
from exprgraph.show.text import TEXT
from exprgraph.show.text import by_name as text_by_name
from exprgraph.testing import (
    bounds,
    check_batches,
    check_derivatives,
    check_identity,
    check_mapping,
    check_reduction,
    check_text,
    check_values,
    evaluate_precisely,
    temporary_functions,
)
from exprgraph.testing.bounds import BOUNDS
from exprgraph.testing.growing import GROW, AtRandom, Garden, grow, symbols_for
from exprgraph.testing.noise import NOISE, added
from exprgraph.testing.precise import PRECISE, moved
from exprgraph.text.called import PARSE

RUNNING_SUM = Primitive("running_sum")


def running_sum(x: Operand) -> Node:
    """The cumulative sum along the last axis."""
    node = as_node(x)
    known = constant_value(node)
    return make(RUNNING_SUM, (node,), (), node.shape) if known is None else array(np.cumsum(known, axis=-1))


def jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    (t,) = tangents
    axis = node.ndim - 1
    return None if t is None else eg.moveaxis(running_sum(eg.moveaxis(t, axis, -1)), -1, axis)


def vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    return [running_sum(ct[..., ::-1])[..., ::-1]]


def evaluated(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    return np.cumsum(values[0], axis=-1)


def element(node: Node, index: tuple[int, ...], get: Get) -> Node:
    return linear([(1.0, get(node.args[0], (*index[:-1], k))) for k in range(index[-1] + 1)])


def by_doubling(node: Node) -> Node:
    """Sums of 2, of 4, of 8, ... neighbours: for compiled code.

    A product with a matrix of ones and zeros would be NaN in front of an infinite element, where NumPy has a number.
    """
    total, width = node.args[0], 1
    while width < node.shape[-1]:
        before = concatenate([zeros((*node.shape[:-1], width)), total[..., :-width]], node.ndim - 1)
        total = linear([(1.0, total), (1.0, before)], 0.0, node.shape)
        width *= 2
    return total


def interval(node: Node, args: Sequence[tuple[float, float]]) -> tuple[float, float]:
    (low, high), n = args[0], node.shape[-1]
    return min(low, n * low), max(high, n * high)


def grown(garden: Garden, row: Primitive) -> Node:
    node = garden.any(lambda n: n.ndim > 0)
    return running_sum(node) if node.shape else node


@pytest.fixture(scope="module", autouse=True)
def primitive() -> Iterator[None]:
    """The table with the primitive in it."""
    with temporary_functions():
        enter(RUNNING_SUM)
        REBUILD.fill(lambda node, args: running_sum(args[0]), RUNNING_SUM)
        EVALUATE.fill(evaluated, RUNNING_SUM)
        COUNT.fill(lambda node: node.size - node.size // node.shape[-1], RUNNING_SUM)
        JVP.fill(jvp, RUNNING_SUM)
        VJP.fill(vjp, RUNNING_SUM)
        GATED_JVP.fill(moved_tangent, RUNNING_SUM)
        GATED_VJP.fill(moved_cotangents, RUNNING_SUM)
        REPEATED.fill(linear_in_all, RUNNING_SUM)
        REACH.fill(lambda node, mask: [np.logical_or.accumulate(mask[..., ::-1], axis=-1)[..., ::-1]], RUNNING_SUM)
        MAPPED.fill(lambda node, args, lead: running_sum(args[0]), RUNNING_SUM)
        ELEMENT.fill(element, RUNNING_SUM)
        EXPANSION.fill(lambda node: Expansion(node.shape[-1] - 1, (node.shape[-1],), node.shape[-1]), RUNNING_SUM)
        PARSE.fill({"running_sum": running_sum}, RUNNING_SUM)
        TEXT.fill(text_by_name, RUNNING_SUM)
        LATEX.fill(latex_by_name, RUNNING_SUM)
        PYTHON.fill(python_by_name, RUNNING_SUM)
        REWRITTEN.fill(by_doubling, RUNNING_SUM)
        LOWERING.leave_out("it is a few sums of shifted copies", RUNNING_SUM)
        PRECISE.fill(moved, RUNNING_SUM)
        NOISE.fill(added, RUNNING_SUM)
        BOUNDS.fill(interval, RUNNING_SUM)
        GROW.fill(grown, RUNNING_SUM)
        yield
    assert RUNNING_SUM.name not in TABLE
    assert not any(column.find(RUNNING_SUM) or column.reason(RUNNING_SUM) for column in COLUMNS.values())


V, W = eg.Symbol("v", 5), eg.Symbol("W", (3, 40))


def test_no_column_misses_it() -> None:
    assert {column.name: column.missing() for column in COLUMNS.values() if column.missing()} == {}


@pytest.mark.one_in(6)
@pytest.mark.parametrize("seed", range(6))
def test_it_passes_every_check(seed: int) -> None:
    """Values, first to third derivatives in every mode, sparse and entry by entry, by 50 digits and by differences."""
    for k in range(50):  # of which some fold it
        choice = AtRandom(50 * seed + k)
        e = grow(choice, symbols_for(choice, 2, seed % 2 == 0), 4, end=RUNNING_SUM)
        if any(n.op is RUNNING_SUM for n in topological([e])):
            break
    else:
        raise AssertionError("no expression with it")
    check_derivatives(e, 3, compiled=seed < 2, seed=seed)
    check_values(e, compiled=seed < 2)
    check_identity(e, eg.parse(eg.to_python(e)), order=1)
    check_identity(e, eg.substitute(e, {}), order=1)
    check_text(e)
    check_mapping(e, compiled=False)
    if seed < 2:
        check_batches(e)


def test_a_sum_over_samples_is_the_sum_of_what_samples_give() -> None:
    p = eg.Symbol("p", 4, per_sample=True)
    check_reduction(eg.sum(eg.sin(running_sum(p))))


def test_values_and_derivatives() -> None:
    v = np.array([1.0, -2.0, 3.0, 0.5, 4.0])
    e = running_sum(V)
    assert eg.evaluate(e, {V: v}).tolist() == np.cumsum(v).tolist()
    assert [float(x) for x in evaluate_precisely(e, {V: v})] == np.cumsum(v).tolist()
    jacobian = np.tril(np.ones((5, 5)))
    for mode in ("forward", "reverse"):
        np.testing.assert_array_equal(eg.evaluate(eg.jacobian(running_sum(2 * V), V, mode=mode), {V: v}), 2 * jacobian)
    assert running_sum(v).op.name == "array" and eg.count_ops(e) == 4
    sparse = eg.jacobian(eg.sin(e[1:3]), V, sparse=True)
    assert sorted(zip(sparse.rows, sparse.columns)) == [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]
    assert reach(e, np.array([False, True, False, False, False]), V).tolist() == [True, True, False, False, False]


def test_high_derivatives() -> None:
    t = eg.Symbol("t")
    e = running_sum(eg.exp(t * V))
    sixth = eg.diff(e, t, 6)
    v = np.array([1.0, -0.5, 0.3, 0.2, 0.7])
    np.testing.assert_allclose(eg.evaluate(sixth, {t: 0.5, V: v}), np.cumsum(v**6 * np.exp(0.5 * v)), rtol=1e-12)
    assert eg.count_nodes(sixth) < 12


def test_what_is_behind_a_choice_does_not_matter() -> None:
    e = eg.minimum(eg.sum(running_sum(eg.exp(V))), 1.0)
    assert eg.evaluate(eg.gradient(e, V), {V: np.full(5, 1000.0)}).tolist() == [0.0] * 5


def test_it_prints_and_is_read_back() -> None:
    e = eg.tanh(running_sum(W)) @ eg.Symbol("u", 40)
    assert str(e) == "tanh(running_sum(W)) @ u"
    assert r"\tanh\left( \operatorname{running_sum}\left( W \right) \right) u" in eg.latex(e)
    assert "eg.running_sum(W)" in eg.to_python(e) and 'label="running_sum, shape 3x40"' in eg.to_dot(e)
    assert eg.parse(str(e), eg.free_symbols(e)) is e and eg.parse(eg.to_python(e)) is e
    assert str(running_sum(V)[2]) == str(elements(running_sum(V))[2]) == "v[0] + v[1] + v[2]"
    named = eg.Symbol("running_sum", 40)
    assert eg.parse(str(running_sum(W) @ named), [W]) is running_sum(W) @ named


def test_sympy_has_its_elements() -> None:
    assert str(to_sympy(running_sum(eg.Symbol("v", 2)))) == "[v[0], v[0] + v[1]]"


def test_it_compiles() -> None:
    e = [eg.sin(running_sum(W)), eg.gradient(eg.sum(running_sum(W) ** 2), W)]
    fn = eg.compile(e, W)
    at = np.random.default_rng(0).normal(size=(3, 40))
    for got, want in zip(fn(at), eg.evaluate(e, {W: at})):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)


def test_infinite_elements_do_not_change_earlier_ones() -> None:
    at = np.array([1.0, math.inf, 2.0, -math.inf, 3.0])
    e = running_sum(V)
    with np.errstate(invalid="ignore"):
        assert str(eg.compile(e, V)(at)) == str(eg.evaluate(e, {V: at})) == str(np.cumsum(at))


def test_a_rule_that_is_missing_is_named_when_it_is_needed() -> None:
    fn = eg.compile(running_sum(V), V)
    reason = LOWERING.left_out.pop(RUNNING_SUM)
    rewrite = REWRITTEN[RUNNING_SUM]
    REWRITTEN.forget(RUNNING_SUM)
    try:
        with pytest.raises(eg.MissingRuleError, match=r"'running_sum' has no rule in the column 'lowering' \(the loop nests"):
            fn(np.zeros(5))
    finally:
        REWRITTEN.fill(rewrite, RUNNING_SUM)
        LOWERING.leave_out(reason, RUNNING_SUM)


def test_it_is_a_node_like_others() -> None:
    e = running_sum(V) * 2
    assert pickle.loads(pickle.dumps(e)) is e is copy.deepcopy(e)
    assert bounds(running_sum(V)) == (-5.0, 5.0)
    assert not any(isinstance(n.op, Function) for n in topological([e]))
    assert eg.simplify(running_sum(V) + running_sum(V)) is e
