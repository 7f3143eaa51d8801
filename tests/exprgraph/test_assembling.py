"""Cotangents of many parts of an array: the gradient costs what the parts cost, whatever their number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import Node


def slices(x: Node) -> Node:
    """A sum of many slices."""
    return sum((eg.sum(x[k : k + 3] ** 2) ** 1.5 for k in range(x.shape[0] - 2)), eg.zeros(()))


def windows(x: Node) -> Node:
    return eg.sum(eg.tanh(eg.stack([x[k : k + 3] for k in range(x.shape[0] - 2)])))


def joined(x: Node) -> Node:
    return eg.sum(eg.concatenate([x[k : k + 2] ** 2 * x[-1 - k] for k in range(0, x.shape[0] - 1, 2)]) ** 2)


def some_elements(x: Node) -> Node:
    return sum((eg.sin(x[k]) * x[k + 1] for k in range(0, x.shape[0] - 1, 9)), eg.zeros(()))


def taken(x: Node) -> Node:
    """Positions that repeat, backwards and by twos."""
    n = x.shape[0]
    parts = [x[[k, k, (7 * k) % n]] * x[k] + x[k::-1][:1] * x[k % 2 : k % 2 + 4 : 2].sum() for k in range(0, n, 2)]
    return eg.sum(eg.stack(parts) ** 2)


MANY: dict[str, Callable[[Node], Node]] = {f.__name__: f for f in (slices, windows, joined, some_elements, taken)}


@pytest.mark.parametrize("name", MANY)
def test_the_values(name: str) -> None:
    x = eg.Symbol("x", 23)
    at = {x: np.linspace(0.2, 1.1, 23)}
    f = MANY[name](x)
    gradient = eg.gradient(f, x)
    expected = eg.evaluate(eg.jacobian(f, x, "forward"), at)
    np.testing.assert_allclose(eg.evaluate(gradient, at), expected, rtol=1e-13)
    np.testing.assert_allclose(eg.compile(gradient, x)(at[x]), expected, rtol=1e-13)
    hessian = eg.evaluate(eg.jacobian(gradient, x, "reverse"), at)
    np.testing.assert_allclose(hessian, eg.evaluate(eg.jacobian(gradient, x, "forward"), at), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", MANY)
def test_four_times_the_parts_take_four_times_the_operations(name: str) -> None:
    few, many = (eg.count_ops(eg.gradient(MANY[name](x), x)) for x in (eg.Symbol("x", 50), eg.Symbol("x", 200)))
    assert many < 4.5 * few, (few, many)


def test_parts_of_matrices_along_directions() -> None:
    """Rows, columns, blocks and elements of a matrix, of several functions at once."""
    m = eg.Symbol("M", (6, 5))
    parts = [eg.sum(m[k, 1:4] * m[k + 1, k]) for k in range(4)] + [eg.sum(m[::2, k] ** 3) * m[k, k] for k in range(5)]
    f = eg.stack([eg.sum(eg.stack(parts) * np.arange(1.0, 10.0)), eg.prod(eg.stack(parts[:4]))])
    at = {m: np.linspace(0.1, 1.0, 30).reshape(6, 5)}
    expected = eg.evaluate(eg.jacobian(f, m, "forward"), at)
    np.testing.assert_allclose(eg.evaluate(eg.jacobian(f, m, "reverse"), at), expected, rtol=1e-12, atol=1e-14)
    per_sample = eg.Symbol("p", (6, 5), per_sample=True)
    total = eg.over_samples.sum(eg.substitute(f, {m: per_sample}))
    batch: dict[Node, Any] = {per_sample: np.stack([at[m], at[m] ** 2])}
    got = eg.evaluate(eg.jacobian(total, per_sample), batch)
    np.testing.assert_allclose(got[0], expected, rtol=1e-12, atol=1e-14)


def test_a_few_slices_are_added() -> None:
    """A stencil stays sums of whole slices, which vectorise."""
    x = eg.Symbol("x", 50)
    g = eg.gradient(eg.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2), x)
    assert eg.count_nodes(g) < 20
    u = eg.Symbol("u", (9, 9))
    nine = sum((eg.sum((u[1:-1, 1:-1] - u[1 + i : 8 + i, 1 + j : 8 + j]) ** 4) for i in (-1, 0, 1) for j in (-1, 0, 1)), eg.zeros(()))
    assert eg.count_nodes(eg.gradient(nine, u)) < 60


def test_selections_from_a_long_concatenation_find_their_parts() -> None:
    x, y = eg.Symbol("x", 3), eg.Symbol("y", 2)
    joined = eg.concatenate([x, eg.sin(y), x**2, y])
    at = {x: [1.0, 2.0, 3.0], y: [4.0, 5.0]}
    whole = eg.evaluate(joined, at)
    for start in range(10):
        assert eg.evaluate(joined[start], at) == whole[start]
        for stop in range(start + 1, 11):
            np.testing.assert_array_equal(eg.evaluate(joined[start:stop], at), whole[start:stop])
    assert joined[3:5] is eg.sin(y) and joined[:3] is x and joined[9] is y[1]
