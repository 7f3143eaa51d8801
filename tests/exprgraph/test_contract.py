"""Contractions against np.einsum: whatever moves inwards, the value stays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import exprgraph as eg
from exprgraph.canonical.contract import contract, is_structural
from exprgraph.graph.leaves import basis, identity
from exprgraph.graph.node import Node

SIZES = {"a": 2, "b": 3, "c": 2, "d": 1, "e": 3}
RNG = np.random.default_rng(0)


def bindings_of(e: Any) -> dict[Node, Any]:
    out: dict[Node, Any] = {}
    for s in eg.free_symbols(e):
        rng = np.random.default_rng(len(s.name) + sum(map(ord, s.name)))
        out[s] = rng.uniform(0.5, 1.5, ((3,) if s.per_sample else ()) + s.shape)
    return out


@st.composite
def operand(draw: st.DrawFn, labels: str) -> Node:
    """An operand of the labels' shape, of many kinds."""
    shape = tuple(SIZES[k] for k in labels)
    kind = draw(st.integers(0, 11))
    name = f"S{''.join(labels)}{draw(st.integers(0, 1))}"
    s = eg.Symbol(name, shape, per_sample=draw(st.booleans()))
    if kind == 0:
        return eg.tanh(s) + 1.5
    if kind == 1:
        return eg.array(RNG.integers(-2, 3, shape))
    if kind == 2 and len(shape) == 2 and shape[0] == shape[1]:
        return identity(shape[0])
    if kind == 3 and len(shape) == 1:
        return basis(shape[0], draw(st.integers(0, shape[0] - 1)))
    if kind == 4:
        return eg.broadcast_to(eg.Symbol("t"), shape)
    if kind == 5 and shape:
        return eg.broadcast_to(eg.Symbol("v", shape[-1:]), shape)
    if kind == 6:
        return 2 * s - eg.sin(s) * eg.Symbol("t") + 0.5
    if kind == 7 and len(shape) >= 2:
        return (
            eg.einsum("i,j->ij", eg.Symbol("p", shape[:1]), eg.Symbol("q", shape[1:2])).reshape(*shape[:2], *shape[2:])
            if len(shape) == 2
            else s
        )
    if kind == 8 and len(shape) == 2:
        return eg.Symbol("L", (shape[0], 4)) @ eg.Symbol("R", (4, shape[1]))
    if kind == 9 and shape:
        return eg.Symbol("B", (shape[0] + 1, *shape[1:]))[1:]
    if kind == 10 and len(shape) == 2 and shape[0] == shape[1]:
        return eg.diag(eg.Symbol("g", shape[:1]))
    if kind == 11:
        return eg.over_samples.sum(eg.Symbol("P", shape, per_sample=True) * eg.cos(eg.Symbol("t")))
    return s


@st.composite
def einsums(draw: st.DrawFn) -> tuple[str, list[Node]]:
    terms = draw(st.lists(st.text("abcde", min_size=0, max_size=3), min_size=1, max_size=4))
    have = sorted(set("".join(terms)))
    out = draw(st.lists(st.sampled_from(have), unique=True, max_size=3)) if have else []
    return ",".join(terms) + "->" + "".join(out), [draw(operand(t)) for t in terms]


def numpy_einsum(rule: str, nodes: list[Node], bindings: dict[Node, Any]) -> np.ndarray:
    inputs, _, out = rule.partition("->")
    values = eg.evaluate(nodes, bindings)
    batched = any(n.per_sample for n in nodes)
    terms = [("Z" if n.per_sample else "") + t for n, t in zip(nodes, inputs.split(","))]
    return np.asarray(np.einsum(",".join(terms) + "->" + ("Z" if batched else "") + out, *values))


def check_as_np_einsum(case: tuple[str, list[Node]]) -> None:
    rule, nodes = case
    e = eg.einsum(rule, *nodes)
    bindings = bindings_of([e, *nodes])
    expected = numpy_einsum(rule, nodes, bindings)
    value = eg.evaluate(e, bindings)
    np.testing.assert_allclose(np.broadcast_to(value, np.broadcast_shapes(value.shape, expected.shape)), expected, rtol=1e-11, atol=1e-12)


@settings(max_examples=150, deadline=None)
@given(einsums())
def test_as_np_einsum(case: tuple[str, list[Node]]) -> None:
    check_as_np_einsum(case)


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(einsums())
def test_as_np_einsum_often(case: tuple[str, list[Node]]) -> None:
    check_as_np_einsum(case)


@settings(max_examples=150, deadline=None)
@given(einsums(), st.data())
def test_a_contraction_of_a_contraction(case: tuple[str, list[Node]], data: st.DataObject) -> None:
    rule, nodes = case
    e = eg.einsum(rule, *nodes)
    labels = data.draw(st.lists(st.sampled_from("ijk"), min_size=e.ndim, max_size=e.ndim))
    sizes: dict[str, int] = {}
    for k, n in zip(labels, e.shape):
        if sizes.setdefault(k, n) != n:
            return
    out = data.draw(st.lists(st.sampled_from(sorted(set(labels))), unique=True)) if labels else []
    outer = "".join(labels) + "->" + "".join(out)
    bindings = bindings_of([e, *nodes])
    batch = "Z" if e.per_sample else ""
    expected = np.einsum(batch + "".join(labels) + "->" + batch + "".join(out), eg.evaluate(e, bindings))
    value = eg.evaluate(eg.einsum(outer, e), bindings)
    # where only zeros of a constant operand are selected, nothing depends on the sample any more
    value = np.broadcast_to(value, np.broadcast_shapes(value.shape, expected.shape))
    np.testing.assert_allclose(value, expected, rtol=1e-10, atol=1e-11)


@settings(max_examples=100, deadline=None)
@given(einsums())
def test_building_again_from_its_own_arguments_gives_the_same_node(case: tuple[str, list[Node]]) -> None:
    from exprgraph.graph.traverse import REBUILD, topological

    for node in topological([eg.einsum(*case[:1], *case[1])]):
        if node.args:
            assert REBUILD[node.op](node, node.args) is node


@settings(max_examples=120, deadline=None)
@given(einsums(), st.data())
def test_derivatives_in_both_modes(case: tuple[str, list[Node]], data: st.DataObject) -> None:
    rule, nodes = case
    e = eg.einsum(rule, *nodes)
    symbols = [s for s in eg.free_symbols(e) if not s.per_sample]
    if not symbols or e.size > 30:
        return
    x = data.draw(st.sampled_from(symbols))
    forward, reverse = eg.jacobian(e, x, "forward"), eg.jacobian(e, x, "reverse")
    bindings = bindings_of([e, x])
    a, b = np.broadcast_arrays(eg.evaluate(forward, bindings), eg.evaluate(reverse, bindings))
    np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-11)
    v = np.random.default_rng(2).normal(size=x.shape)
    h = 1e-6
    up, down = (eg.evaluate(e, {**bindings, x: bindings[x] + s * h * v}) for s in (1, -1))
    direct = eg.evaluate(eg.jvp(e, x, v), bindings)
    np.testing.assert_allclose(*np.broadcast_arrays(direct, (up - down) / (2 * h)), rtol=2e-6, atol=2e-6)


# ---------------------------------------------------------------- what the rules are for


def test_a_delta_renames_a_label() -> None:
    a = eg.Symbol("A", (3, 3))
    assert eg.einsum("ij,jk->ik", a, np.eye(3)) is a
    assert eg.einsum("ij,ij->", a, np.eye(3)) is eg.trace(a)


def test_a_unit_vector_selects() -> None:
    a = eg.Symbol("A", (3, 2))
    assert np.array([0.0, 1.0, 0.0]) @ a is a[1]
    assert a @ np.array([1.0, 0.0]) is a[:, 0]


def test_sums_move_into_the_operand_that_owns_the_label() -> None:
    w, x = eg.Symbol("W", (4, 3)), eg.Symbol("x", (3,))
    assert eg.sum(w @ x) is eg.sum(w, axis=0) @ x
    assert eg.trace(eg.outer(x, x)) is x @ x


def test_the_trace_of_a_product_never_forms_the_product() -> None:
    a, b = eg.Symbol("A", (50, 50)), eg.Symbol("B", (50, 50))
    assert eg.count_ops(eg.trace(a @ b)) == 2 * 50 * 50


def test_transposing_twice_is_nothing() -> None:
    a = eg.Symbol("A", (3, 2))
    assert a.T.T is a
    assert is_structural(a.T)
    assert eg.sin(a.T).T is eg.sin(a.T).T


def test_zero_sized_axes() -> None:
    e = eg.Symbol("E", (0, 3))
    assert eg.evaluate(eg.sum(e), {e: np.zeros((0, 3))}) == 0
    np.testing.assert_array_equal(eg.evaluate(e.T @ e, {e: np.zeros((0, 3))}), np.zeros((3, 3)))


@pytest.mark.parametrize(
    ("operands", "out", "sizes", "words"),
    [
        ([((3,), "ij")], "i", None, "2 labels"),
        ([((3,), "i"), ((4,), "i")], "", None, "axis 'i' has size 3 in one place and 4 in another"),
        ([((3,), "i")], "ii", None, "occurs twice"),
        ([((3,), "i")], "ij", None, "axis 'j' is in no operand and has no size"),
    ],
)
def test_errors(operands: Any, out: str, sizes: Any, words: str) -> None:
    with pytest.raises(eg.ShapeError, match=words):
        contract([(eg.Symbol("x", shape), labels) for shape, labels in operands], out, sizes)


@pytest.mark.parametrize(
    ("rule", "shapes", "words"),
    [
        ("ij,jk->ik", [(2, 3)], "describes 2 operands, got 1"),
        ("ij->ik", [(2, 3)], "output label 'k' is in no input"),
        ("ij->ii", [(2, 3)], "occurs twice"),
        ("i->i", [(2, 3)], "1 labels for an operand of shape"),
        ("ii", [(2, 3)], "label 'i' has sizes 2 and 3"),
        ("ii", [(1, 3)], "label 'i' has sizes 1 and 3"),
        ("i,i", [(2,), (3,)], "size 2 in one operand and 3"),
        ("i.->i", [(2,)], "may hold letters"),
        ("i...->i", [(2, 3)], "needs '...'"),
    ],
)
def test_einsum_errors(rule: str, shapes: list[tuple[int, ...]], words: str) -> None:
    with pytest.raises(eg.ShapeError, match=words):
        eg.einsum(rule, *[eg.Symbol(f"x{i}", s) for i, s in enumerate(shapes)])


@pytest.mark.parametrize(
    ("rule", "shapes"),
    [
        ("...i,i...->...", [(2, 3), (3, 2)]),
        ("i...", [(2, 3)]),
        ("...ij,...jk", [(2, 2, 3), (3, 4)]),
        ("ba", [(2, 3)]),
        ("ij,j", [(2, 3), (1,)]),
    ],
)
def test_einsum_with_an_ellipsis_or_without_an_output(rule: str, shapes: list[tuple[int, ...]]) -> None:
    nodes = [eg.Symbol(f"x{i}", s) for i, s in enumerate(shapes)]
    values = [RNG.normal(size=s) for s in shapes]
    np.testing.assert_allclose(eg.evaluate(eg.einsum(rule, *nodes), dict(zip(nodes, values))), np.einsum(rule, *values))
