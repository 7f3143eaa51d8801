"""A structural primitive in one file: what it is and all its rules, with no change to any file of the package.

The cumulative sum along the last axis is in the table while this module is tested.  Everything that the package does with
an expression is then done with it.
"""

from __future__ import annotations

import copy
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
from exprgraph.canonical.contract import contract
from exprgraph.canonical.operands import as_node
from exprgraph.functions.elementwise import Function
from exprgraph.graph.column import COLUMNS
from exprgraph.graph.leaves import array, constant_value
from exprgraph.graph.node import Node, Operand, Shape, make
from exprgraph.graph.primitive import TABLE, Primitive, enter
from exprgraph.graph.traverse import REBUILD, topological
from exprgraph.interop import to_sympy
from exprgraph.lowering.plan.phases import REWRITTEN
from exprgraph.lowering.plan.schedule import LOWERING
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

CUMSUM = Primitive("cumsum")


def cumsum(x: Operand) -> Node:
    """The cumulative sum along the last axis."""
    node = as_node(x)
    known = constant_value(node)
    return make(CUMSUM, (node,), (), node.shape) if known is None else array(np.cumsum(known, axis=-1))


def jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    (t,) = tangents
    axis = node.ndim - 1
    return None if t is None else eg.moveaxis(cumsum(eg.moveaxis(t, axis, -1)), -1, axis)


def vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    return [cumsum(ct[..., ::-1])[..., ::-1]]


def evaluated(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    return np.cumsum(values[0], axis=-1)


def element(node: Node, index: tuple[int, ...], get: Get) -> Node:
    return linear([(1.0, get(node.args[0], (*index[:-1], k))) for k in range(index[-1] + 1)])


def multiplied_out(node: Node) -> Node:
    """As a product with a matrix of ones and zeros: for compiled code."""
    n = node.shape[-1]
    rest = list(range(node.ndim - 1))
    return contract([(node.args[0], [*rest, "k"]), (array(np.triu(np.ones((n, n)))), ["k", "last"])], [*rest, "last"])


def interval(node: Node, args: Sequence[tuple[float, float]]) -> tuple[float, float]:
    (low, high), n = args[0], node.shape[-1]
    return min(low, n * low), max(high, n * high)


def grown(garden: Garden, row: Primitive) -> Node:
    node = garden.any(lambda n: n.ndim > 0)
    return cumsum(node) if node.shape else node


@pytest.fixture(scope="module", autouse=True)
def primitive() -> Iterator[None]:
    """The table with the primitive in it."""
    with temporary_functions():
        enter(CUMSUM)
        REBUILD.fill(lambda node, args: cumsum(args[0]), CUMSUM)
        EVALUATE.fill(evaluated, CUMSUM)
        COUNT.fill(lambda node: node.size - node.size // node.shape[-1], CUMSUM)
        JVP.fill(jvp, CUMSUM)
        VJP.fill(vjp, CUMSUM)
        GATED_JVP.fill(moved_tangent, CUMSUM)
        GATED_VJP.fill(moved_cotangents, CUMSUM)
        REPEATED.fill(linear_in_all, CUMSUM)
        REACH.fill(lambda node, mask: [np.logical_or.accumulate(mask[..., ::-1], axis=-1)[..., ::-1]], CUMSUM)
        ELEMENT.fill(element, CUMSUM)
        EXPANSION.fill(lambda node: Expansion(node.shape[-1] - 1, (node.shape[-1],), node.shape[-1]), CUMSUM)
        PARSE.fill({"cumsum": cumsum}, CUMSUM)
        TEXT.fill(text_by_name, CUMSUM)
        LATEX.fill(latex_by_name, CUMSUM)
        PYTHON.fill(python_by_name, CUMSUM)
        REWRITTEN.fill(multiplied_out, CUMSUM)
        LOWERING.leave_out("it is a product with a matrix of ones", CUMSUM)
        PRECISE.fill(moved, CUMSUM)
        NOISE.fill(added, CUMSUM)
        BOUNDS.fill(interval, CUMSUM)
        GROW.fill(grown, CUMSUM)
        yield
    assert CUMSUM.name not in TABLE
    assert not any(column.find(CUMSUM) or column.reason(CUMSUM) for column in COLUMNS.values())


V, W = eg.Symbol("v", 5), eg.Symbol("W", (3, 40))


def test_no_column_misses_it() -> None:
    assert {column.name: column.missing() for column in COLUMNS.values() if column.missing()} == {}


@pytest.mark.parametrize("seed", range(6))
def test_it_passes_every_check(seed: int) -> None:
    """Values, first to third derivatives in every mode, sparse and entry by entry, by 50 digits and by differences."""
    choice = AtRandom(seed)
    e = grow(choice, symbols_for(choice, 2, seed % 2 == 0), 4, end=CUMSUM)
    assert any(n.op is CUMSUM for n in topological([e])) or seed not in (0, 1, 2)
    check_derivatives(e, 3, compiled=seed < 2, seed=seed)
    check_values(e, compiled=seed < 2)
    check_identity(e, eg.parse(eg.to_python(e)), order=1)
    check_identity(e, eg.substitute(e, {}), order=1)
    check_text(e)
    if seed < 2:
        check_batches(e)


def test_a_sum_over_samples_is_the_sum_of_what_samples_give() -> None:
    p = eg.Symbol("p", 4, per_sample=True)
    check_reduction(eg.sum(eg.sin(cumsum(p))))


def test_values_and_derivatives() -> None:
    v = np.array([1.0, -2.0, 3.0, 0.5, 4.0])
    e = cumsum(V)
    assert eg.evaluate(e, {V: v}).tolist() == np.cumsum(v).tolist()
    assert [float(x) for x in evaluate_precisely(e, {V: v})] == np.cumsum(v).tolist()
    jacobian = np.tril(np.ones((5, 5)))
    for mode in ("forward", "reverse"):
        np.testing.assert_array_equal(eg.evaluate(eg.jacobian(cumsum(2 * V), V, mode=mode), {V: v}), 2 * jacobian)
    assert cumsum(v).op.name == "array" and eg.count_ops(e) == 4
    sparse = eg.jacobian(eg.sin(e[1:3]), V, sparse=True)
    assert sorted(zip(sparse.rows, sparse.columns)) == [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]
    assert reach(e, np.array([False, True, False, False, False]), V).tolist() == [True, True, False, False, False]


def test_high_derivatives() -> None:
    t = eg.Symbol("t")
    e = cumsum(eg.exp(t * V))
    sixth = eg.diff(e, t, 6)
    v = np.array([1.0, -0.5, 0.3, 0.2, 0.7])
    np.testing.assert_allclose(eg.evaluate(sixth, {t: 0.5, V: v}), np.cumsum(v**6 * np.exp(0.5 * v)), rtol=1e-12)
    assert eg.count_nodes(sixth) < 12


def test_what_is_behind_a_choice_does_not_matter() -> None:
    e = eg.minimum(eg.sum(cumsum(eg.exp(V))), 1.0)
    assert eg.evaluate(eg.gradient(e, V), {V: np.full(5, 1000.0)}).tolist() == [0.0] * 5


def test_it_prints_and_is_read_back() -> None:
    e = eg.tanh(cumsum(W)) @ eg.Symbol("u", 40)
    assert str(e) == "tanh(cumsum(W)) @ u"
    assert r"\tanh\left( \operatorname{cumsum}\left( W \right) \right) u" in eg.latex(e)
    assert "eg.cumsum(W)" in eg.to_python(e) and 'label="cumsum, shape 3x40"' in eg.to_dot(e)
    assert eg.parse(str(e), eg.free_symbols(e)) is e and eg.parse(eg.to_python(e)) is e
    assert str(cumsum(V)[2]) == str(elements(cumsum(V))[2]) == "v[0] + v[1] + v[2]"
    named = eg.Symbol("cumsum", 40)
    assert eg.parse(str(cumsum(W) @ named), [W]) is cumsum(W) @ named


def test_sympy_has_its_elements() -> None:
    assert str(to_sympy(cumsum(eg.Symbol("v", 2)))) == "[v[0], v[0] + v[1]]"


def test_it_compiles() -> None:
    e = [eg.sin(cumsum(W)), eg.gradient(eg.sum(cumsum(W) ** 2), W)]
    fn = eg.compile(e, W)
    at = np.random.default_rng(0).normal(size=(3, 40))
    for got, want in zip(fn(at), eg.evaluate(e, {W: at})):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)


def test_a_rule_that_is_missing_is_named_when_it_is_needed() -> None:
    fn = eg.compile(cumsum(V), V)
    reason = LOWERING.left_out.pop(CUMSUM)
    rewrite = REWRITTEN[CUMSUM]
    REWRITTEN.forget(CUMSUM)
    try:
        with pytest.raises(eg.MissingRuleError, match=r"'cumsum' has no rule in the column 'lowering' \(the loop nests"):
            fn(np.zeros(5))
    finally:
        REWRITTEN.fill(rewrite, CUMSUM)
        LOWERING.leave_out(reason, CUMSUM)


def test_it_is_a_node_like_others() -> None:
    e = cumsum(V) * 2
    assert pickle.loads(pickle.dumps(e)) is e is copy.deepcopy(e)
    assert bounds(cumsum(V)) == (-5.0, 5.0)
    assert not any(isinstance(n.op, Function) for n in topological([e]))
    assert eg.simplify(cumsum(V) + cumsum(V)) is e
