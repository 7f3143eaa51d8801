"""Derivatives of graphs of scalars are those of the sweeps for arrays, however they come about."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.calculus import entries, reverse
from exprgraph.graph.node import Node

X = eg.Symbol("x", 5)


STEPS: list[Callable[[Node, Node, Node], Node]] = [
    lambda a, b, c: 0.5 * a + b - 0.2 * c, lambda a, b, c: a * b, lambda a, b, c: a / (1 + b), lambda a, b, c: eg.sin(a) + 2,
    lambda a, b, c: eg.sqrt(a * a + b * b), lambda a, b, c: eg.tanh(a) * b + 1, lambda a, b, c: a**2 / 4,
    lambda a, b, c: (a + b) ** 1.5 / 3, lambda a, b, c: eg.exp(-a) * b, lambda a, b, c: -(a - b) + 3,
    lambda a, b, c: 1 / (a * b + 0.5), lambda a, b, c: eg.hypot(a, b) / 2, lambda a, b, c: a * b * c / 3,
    lambda a, b, c: 3 * (2 * a) - a * a / 5, lambda a, b, c: eg.log(1 + a * a), lambda a, b, c: eg.atan2(a, b) + c,
    lambda a, b, c: a + 1, lambda a, b, c: (a * b) * (a / (2 + c)),
]  # fmt: skip


def random_scalar(seed: int) -> Node:
    """A graph of some thirty operations on five elements, with positive values; several of its scalars are read often."""
    chosen = random.Random(seed)
    values = list(X)
    for _ in range(30):
        made = chosen.choice(STEPS)(*(values[chosen.randrange(max(0, len(values) - 9), len(values))] for _ in range(3)))
        values.append(eg.tanh(made / 4) + 1.5)  # neither far from one nor negative
    return eg.sum(eg.stack(values[-4:])) if seed % 2 else values[-1] * values[-2] + values[-3]


@pytest.mark.parametrize("seed", range(4))
def test_quick_and_general_ways_agree(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    f = random_scalar(seed)
    at = {X: np.random.default_rng(seed).uniform(0.5, 1.5, 5)}
    quick = eg.gradient(f, X)
    second = eg.hessian(f, X)
    sparse = eg.sparse_hessian(f, X)
    rows = entries.entry_derivatives([f], X)[0]
    monkeypatch.setattr(reverse, "_of_scalars", lambda *_: None)
    general = eg.gradient(f, X)
    expected = eg.evaluate(general, at)
    np.testing.assert_allclose(eg.evaluate(quick, at), expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose([eg.evaluate(rows[k,], at) if (k,) in rows else 0.0 for k in range(5)], expected, rtol=1e-12, atol=1e-14)
    twice = eg.evaluate(eg.jacobian(general, X, "forward"), at)
    np.testing.assert_allclose(eg.evaluate(second, at), twice, rtol=1e-10, atol=1e-12)
    found = np.zeros((5, 5))
    found[sparse.rows, sparse.columns] = eg.evaluate(sparse.values, at)
    np.testing.assert_allclose(found, twice, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(found, found.T)


def test_hessians_of_scalars_by_several_symbols_are_symmetric() -> None:
    s, t = eg.symbols("s t")
    f = eg.sin(s * X[0]) * X[2] + (X[0] * X[1]) ** 2 + X[3] ** 3  # t is not there
    hessian = eg.sparse_hessian(f, [s, t, X])
    places = list(zip(hessian.rows.tolist(), hessian.columns.tolist()))
    assert places == sorted(places) and {(c, r) for r, c in places} == set(places)
    assert places == [(0, 0), (0, 2), (0, 4), (2, 0), (2, 2), (2, 3), (2, 4), (3, 2), (3, 3), (4, 0), (4, 2), (5, 5)]
    entries_of = dict(zip(places, hessian.values.args))
    assert all(entries_of[r, c] is entries_of[c, r] for r, c in places)
    expected = eg.evaluate(eg.hessian(f, X), {s: 0.7, X: np.arange(1.0, 6.0)})
    found = hessian.to_scipy(eg.evaluate(hessian.values, {s: 0.7, t: 0.0, X: np.arange(1.0, 6.0)})).toarray()
    np.testing.assert_allclose(found[2:, 2:], expected, rtol=1e-13)


def test_targets_may_be_elements_parts_of_the_graph_and_what_is_not_there() -> None:
    s, t = eg.symbols("s t")
    inner = s * X[0]
    f = eg.sin(inner) * X[1] + inner**2
    found = reverse.pull_back(f, eg.ones(()), [s, t, X[1], X, inner])
    at = {s: 0.3, t: 1.0, X: np.arange(1.0, 6.0)}
    expected = [0.3 * 0 + (np.cos(0.3) * 2 + 2 * 0.3) * 1.0, 0.0, np.sin(0.3), [(np.cos(0.3) * 2 + 0.6) * 0.3, np.sin(0.3), 0, 0, 0]]
    for got, right in zip(found, [*expected, np.cos(0.3) * 2 + 0.6]):
        np.testing.assert_allclose(eg.evaluate(got, at), right, rtol=1e-14)


def test_a_sum_that_two_others_read_is_added_up_once() -> None:
    x = eg.Symbol("x", 50)
    d = [b - a for a, b in zip(x, list(x)[1:])]
    energy = d[0] ** 2 + d[0] ** 4
    for k in d[1:]:
        energy = energy + k**2 + k**4
    gradient = eg.gradient(energy, x)
    inner, left = gradient.args[20], 2 * d[19] + 4 * d[19] ** 3
    np.testing.assert_allclose(*(eg.evaluate(e, {x: np.linspace(0, 1, 50) ** 2}) for e in (inner, left - (2 * d[20] + 4 * d[20] ** 3))))
    assert eg.count_ops(gradient) < 8 * 50


def test_long_chains_and_wide_sums_take_linear_time() -> None:
    """Ten times as many nodes as a table of powers or a list of terms may have."""
    x = eg.Symbol("x", 3)
    product, total, turned = x[0], x[0], x[0]
    for k in range(300):
        product = product * eg.sin(x[1] + k)
        total = total + x[1] * (x[2] + k)
        turned = 0.5 * (x[1] * k - turned)
    for f in (product, total, turned):
        rows = entries.entry_derivatives([f, f * x[0]], x)
        assert eg.count_nodes([*rows[0].values(), *rows[1].values(), eg.gradient(f, x)]) < 8_000


def test_scalars_below_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrays may read scalars of one another, elements, and the symbol itself; behind a choice zeros silence."""
    y, s = eg.Symbol("y", 4), eg.symbols("s t")[0]
    a = eg.sin(X[0]) * X[1] + s
    b, c = eg.exp(a) / (2 + X[2] * X[3]), a * X[4] - s**2
    parts = eg.stack([a, b, c, X[1]])
    graphs = [
        parts @ y, eg.sum(X**2) + parts @ y, eg.norm(parts) * b, eg.sum(eg.relu(parts - 1) * y), eg.prod(parts) + a, eg.max(parts) * b,
        eg.sum(eg.where(parts < 1, eg.sqrt(parts + 9), 0) * y),
    ]  # fmt: skip
    at = {X: np.linspace(0.2, 1.1, 5), y: np.array([0.3, -1.0, 2.0, 0.5]), s: 0.7}
    targets = [X, s, y, a]
    quick = [reverse.pull_back(f, eg.ones(()), targets) for f in graphs]
    monkeypatch.setattr(reverse, "_of_scalars", lambda *_: None)
    for f, found in zip(graphs, quick):
        for got, right in zip(found, reverse.pull_back(f, eg.ones(()), targets)):
            np.testing.assert_allclose(eg.evaluate(got, at), eg.evaluate(right, at), rtol=1e-13, atol=1e-15, err_msg=str(f))


def test_a_few_formulas_of_a_few_elements_that_each_has_for_itself_are_swept() -> None:
    """Each of them depends on all elements in many places: rows would have an entry for each element at each place."""
    x = eg.Symbol("x", 6)

    def formula(k: int) -> Node:
        a, b, c, d, e, g = list(x)
        far = eg.log(k / a) - (b - c) * d
        width = (e + 0.1 * far + g * far**2) * eg.sqrt(d)
        return a * eg.exp(-c * d) * eg.erf(width / 2 - far / width) - k * eg.exp(-b * d) * eg.erf(-width / 2 - far / width)

    jacobian = eg.jacobian(eg.stack([formula(k + 2) for k in range(8)]), x)
    assert eg.count_nodes(jacobian) < 7 * eg.count_nodes(eg.gradient(formula(2), x))
