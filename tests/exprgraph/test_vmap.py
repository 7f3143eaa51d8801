"""Mapped functions: the graph of all entries has the values and derivatives of one entry after another, and is as large as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rule_graphs import SHARED, Symbols, graphs

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.graph.primitive import lookup
from exprgraph.graph.traverse import topological
from exprgraph.mapping.rules import MAPPED
from exprgraph.testing import Disagreement, check_derivatives, check_identity, check_mapping, expressions

GRAPHS = graphs(SHARED)
X, W, C = eg.Symbol("X", (4, 3)), eg.Symbol("W", (3, 3)), eg.Symbol("c", 4)
ROW = eg.Symbol("row", 3)


def listed(f: Callable[..., Node], *arrays: Node) -> Node:
    """The values of a function at the entries, one after another."""
    return eg.stack([f(*(a[k] for a in arrays)) for k in range(arrays[0].shape[0])])


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_of_each_rule(name: str) -> None:
    check_mapping(GRAPHS[name], entries=2, seed=len(name), compiled=False)


@pytest.mark.slow
@pytest.mark.parametrize("entries", [1, 3])
def test_graphs_with_samples(entries: int) -> None:
    own = [n if k % 2 else eg.Symbol(n.name, n.shape, per_sample=True) for k, n in enumerate(SHARED)]
    symbols = Symbols(*own)
    for k, graph in enumerate(graphs(symbols).values()):
        check_mapping(graph, entries=entries, seed=k, compiled=k % 10 == 0)


@pytest.mark.slow
@given(expressions(), st.integers(1, 3), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_random_programs(e: Node, entries: int, seed: int) -> None:
    check_mapping(e, entries=entries, order=2, seed=seed, compiled=seed == 0)


@pytest.mark.slow
@given(expressions(per_sample=False, steps=4, shape=()))
@settings(max_examples=8, deadline=None)
def test_random_programs_in_every_mode(e: Node) -> None:
    check_derivatives(eg.sum(eg.vmap(e, axis_size=2)({s: eg.Symbol(f"{s.name}s", (2, *s.shape)) for s in eg.free_symbols(e)})), 2)


def pairs(n: int) -> tuple[Node, Node]:
    atoms = eg.Symbol("atoms", (n, 3))

    def energy(p: Node) -> Node:
        return eg.sum(eg.vmap(lambda q: eg.sum(eg.tanh(W @ (p - q)) ** 2))(atoms))

    return atoms, eg.sum(eg.vmap(energy)(atoms))


def test_200_atoms_have_as_many_nodes_as_two() -> None:
    sizes = []
    for n in (2, 20, 200):
        atoms, energy = pairs(n)
        sizes.append(eg.count_nodes([energy, eg.gradient(energy, atoms)]))
    assert sizes[0] == sizes[1] == sizes[2] < 30


def test_pairs_are_the_loop_over_pairs() -> None:
    atoms, energy = pairs(3)
    each = sum((eg.sum(eg.tanh(W @ (atoms[i] - atoms[j])) ** 2) for i in range(3) for j in range(3)), start=eg.zeros(()))
    check_identity(energy, each, order=2, trials=1)


def test_derivatives_inside_and_outside() -> None:
    def f(p: Node) -> Node:
        return eg.sum(eg.tanh(W @ p) ** 2) * eg.norm(p)

    for derivative in (eg.gradient, eg.hessian):
        mapped = eg.vmap(lambda p, d=derivative: d(f(p), p))(X)
        one = derivative(f(ROW), ROW)
        check_identity(mapped, listed(lambda p, e=one: eg.substitute(e, {ROW: p}), X), order=1, trials=1)
        assert mapped is eg.vmap(one)({ROW: X})
    outside = eg.jacobian(eg.vmap(f)(X), X)
    assert eg.count_nodes(outside) < 60
    check_identity(outside, eg.jacobian(listed(f, X), X), trials=1)


def recurrent(p: Node, c: Node) -> Node:
    last, sums = eg.scan(lambda h, v: (eg.tanh(W @ h + v * c), eg.sum(h)), p, p)
    return eg.concatenate([last, sums])


LOOPS: dict[str, Callable[[Node], Node]] = {
    "of which all differs": lambda p: recurrent(p, p[0]),
    "over equal arrays": lambda p: eg.scan(lambda h, v: (h * v + p, h[0]), eg.ones(3), ROW, reverse=True)[1],
    "of which a state differs": lambda p: eg.fori(3, lambda i, h: (h[0] + h[1] * p, h[1] * 2), (ROW, eg.sum(ROW)))[0],
    "of which it differs after two rounds": lambda p: eg.fori(3, lambda i, h: (h[0] + h[1], h[1] * h[2], p[0]), (ROW, ROW, ROW[1]))[0],
    "that gives what is equal": lambda p: eg.scan(lambda h, v: ((h[0] * v, h[1] * p), h[0]), (ROW[0], p), ROW)[1] * p,
    "with a derivative": lambda p: eg.gradient(eg.sum(recurrent(ROW, ROW[1])), ROW) * p,
    "with checkpoints": lambda p: eg.fori(3, lambda i, h: eg.sin(W @ h) + i * p, p, checkpoint=2),
}


@pytest.mark.parametrize("name", LOOPS)
def test_loops(name: str) -> None:
    mapped = eg.vmap(LOOPS[name])(X)
    check_identity(mapped, listed(LOOPS[name], X), order=1, trials=1)
    assert eg.count_nodes(mapped) <= eg.count_nodes(LOOPS[name](X[0])) + 10


def test_a_loop_of_a_mapped_function() -> None:
    def step(row: Node, v: Node) -> Node:
        return eg.tanh(W @ row) * v

    looped, _ = eg.scan(lambda h, v: (eg.vmap(step, (0, None))(h, v), None), X, C)
    each, _ = eg.scan(lambda h, v: (listed(lambda row: step(row, v), h), None), X, C)
    check_identity(looped, each, order=1, trials=1)


def test_systems_of_one_matrix_are_one_system() -> None:
    for solve in (eg.solve, lambda a, b: eg.solve_triangular(a, b, lower=True)):
        mapped = eg.vmap(lambda p, f=solve: f(W + 3 * np.eye(3), p))(X)
        (system,) = [n for n in topological([mapped]) if n.op.name.startswith("solve")]
        assert system.args[0].shape == (3, 3)
        check_identity(mapped, listed(lambda p, f=solve: f(W + 3 * np.eye(3), p), X), order=1, trials=1)


def test_axes_of_arguments_and_results() -> None:
    a = np.random.default_rng(0).normal(size=(2, 4, 3))
    A = eg.Symbol("A", a.shape)
    for k in (0, 1, 2, -1):
        for out in (0, 1, -1):
            mapped = eg.vmap(lambda m, v: (m * v).T, in_axes=(k, None), out_axes=out)(A, C[0])
            each = np.stack([np.take(a, i, k).T * 2.0 for i in range(a.shape[k])], out)
            np.testing.assert_allclose(eg.evaluate(mapped, {A: a, C: [2.0, 0.0, 0.0, 0.0]}), each)


def test_nestings() -> None:
    def f(d: dict[str, Any], c: Node, note: str) -> dict[str, Any]:
        return {note: [d["x"] * c, d["y"]], "none": None, "equal": W}

    made = eg.vmap(f, in_axes=({"x": 1, "y": None}, 0, None), out_axes={"a": [1, 0], "none": 0, "equal": None})(
        {"x": X.T, "y": 2.0}, C, "a"
    )
    check_identity(made["a"][0], (X * C[:, None]).T, trials=1)
    assert made["equal"] is W and made["none"] is None
    assert made["a"][1] is eg.ones(4) * 2.0
    assert eg.vmap(lambda c, *, d: c + d)(C, d=C) is 2 * C
    assert eg.vmap(lambda: W, axis_size=2)().shape == (2, 3, 3)


def test_conditions() -> None:
    assert eg.vmap(lambda b, c: eg.where(b & ~(c > 2), c, -c))(C > 0, C) is eg.where((C > 0) & ~(C > 2), C, -C)
    assert eg.evaluate(eg.vmap(lambda c: c > 0)(C), {C: [1.0, -1.0, 0.0, 2.0]}).tolist() == [True, False, False, True]
    behind = eg.gradient(eg.sum(eg.vmap(lambda p: eg.minimum(eg.exp(eg.sum(p)), 1.0))(X)), X)
    assert not eg.evaluate(behind, {X: np.full((4, 3), 1e3)}).any()


def test_few_entries() -> None:
    for n in (0, 1):
        some = eg.Symbol("some", (n, 3))
        for f in (recurrent, lambda p, c: eg.stack([eg.max(p), eg.norm(p) * c]), lambda p, c: eg.solve(W + eg.outer(p, p), p)):
            made = eg.vmap(f, in_axes=(0, None))(some, 2.0)
            assert made.shape == (n, *f(ROW, 2.0).shape)
            if n:
                check_identity(made, f(some[0], 2.0)[None], trials=1)


def test_samples() -> None:
    p = eg.Symbol("p", (4, 3), per_sample=True)
    total = eg.over_samples.mean(eg.vmap(lambda row: eg.tanh(W @ row))(p))
    check_identity(total, eg.over_samples.mean(listed(lambda row: eg.tanh(W @ row), p)), order=1, trials=1)
    inside = eg.vmap(lambda row: eg.over_samples.sum(row * row[0]))(p)
    check_identity(inside, listed(lambda row: eg.over_samples.sum(row * row[0]), p), order=1, trials=1)


def test_arrays_and_functions_of_numpy() -> None:
    np.testing.assert_allclose(eg.evaluate(eg.vmap(np.linalg.norm)(np.eye(3) * [1.0, 2.0, 3.0])), [1.0, 2.0, 3.0])
    assert eg.vmap(np.tanh)(X) is eg.tanh(X)


def test_numpy_applies_along_an_axis() -> None:
    a = np.random.default_rng(0).normal(size=(4, 3, 5))
    A = eg.Symbol("A", a.shape)
    for f in (np.cumsum, np.sum, np.diag, lambda v, k=2.0: k * v[::2] - v[1]):
        for axis in (0, 1, -1):
            made = np.apply_along_axis(f, axis, A)
            np.testing.assert_allclose(eg.evaluate(made, {A: a}), np.apply_along_axis(f, axis, a), rtol=1e-13)
            assert eg.count_nodes(made) < 20
    assert np.apply_along_axis(np.sum, 0, C) is eg.sum(C)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: eg.vmap(recurrent)(X, C[:2]), eg.ShapeError, "argument 2 has 2 entries, and argument 1 has 4"),
        (lambda: eg.vmap(recurrent, axis_size=3)(X, C), eg.ShapeError, "argument 1 has 4 entries, and axis_size is 3"),
        (lambda: eg.vmap(recurrent)(X, 1.0), eg.ShapeError, "argument 2 is a scalar.*its axis in in_axes is None"),
        (lambda: eg.vmap(recurrent, (0, 3))(X, C), eg.AxisError, "in_axes of argument 2"),
        (lambda: eg.vmap(recurrent, None)(X, C), ValueError, "axis_size="),
        (lambda: eg.vmap(recurrent, axis_size=-1), ValueError, "axis_size is a whole number"),
        (lambda: eg.vmap(recurrent, (0,))(X, C), TypeError, "in_axes has 1 entries, and the call 2 arguments"),
        (lambda: eg.vmap(recurrent, [0, 0]), TypeError, "or a tuple with one for each argument"),
        (lambda: eg.vmap(lambda d: d["a"])({"a": X, "b": [C[:2]]}), eg.ShapeError, r"1.b\[0\] has 2 entries, and argument 1.a has 4"),
        (lambda: eg.vmap(lambda d: d["a"], ({"b": 0},))({"a": X}), TypeError, "nested otherwise"),
        (lambda: eg.vmap(lambda p: {"a": p}, out_axes=None)(X), ValueError, "the result.a differs between entries"),
        (lambda: eg.vmap(lambda p: p, out_axes=5)(X), eg.AxisError, "out_axes 5 is out of range"),
        (lambda: eg.vmap("sin"), TypeError, "maps a function or an expression, got 'sin'"),
        (lambda: eg.vmap(eg.sum(ROW))(X), TypeError, "a function of a dict from symbols"),
        (lambda: eg.vmap(eg.sum(ROW), (0,)), TypeError, "a dict from symbols to axes"),
        (lambda: eg.vmap(eg.sum(ROW), {W: 0})({ROW: X}), TypeError, "an axis for W"),
        (lambda: eg.vmap(eg.sum(ROW))({ROW: X.T}), eg.ShapeError, "row has shape .3,., and an entry of its values shape .4,."),
    ],
)  # fmt: skip
def test_errors(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_a_missing_rule_is_named() -> None:
    row = lookup("reduce_max")
    rule = MAPPED[row]
    MAPPED.forget(row)
    try:
        with pytest.raises(eg.MissingRuleError, match="'reduce_max' has no rule in the column 'mapped'"):
            eg.vmap(eg.max)(X)
    finally:
        MAPPED.fill(rule, row)


def test_the_check_finds_a_wrong_rule() -> None:
    row = lookup("reduce_max")
    wrong = lambda node, args, lead: eg.sum(args[0], axis=1)  # noqa: E731
    with MAPPED.replaced(wrong, row), pytest.raises(Disagreement):
        check_mapping(eg.max(ROW), compiled=False)
