"""Entries carried through a graph of arrays: those of the dense derivatives, with few operations, and never many nodes."""

from __future__ import annotations

import numpy as np
import pytest
from rule_graphs import SHARED, graphs, values

import exprgraph as eg
from exprgraph.calculus import bands
from exprgraph.calculus.banded import banded
from exprgraph.calculus.patterns import patterns_with_size
from exprgraph.graph.node import Node
from exprgraph.graph.traverse import topological
from exprgraph.meaning.counting import COUNT
from exprgraph.support.patterns import Pattern, symmetric
from exprgraph.testing.growing import AtRandom, grow, symbols_for

VALUES = values(SHARED)
GRAPHS = graphs(SHARED)
#: graphs with contractions that bands leave to sweeps
DIAGONALS = {"diagonal", "trace", "diagonal matrix", "beside its diagonal"}


def by_bands(f: Node, x: Node, of: bool = False) -> np.ndarray | None:
    """The dense Jacobian by bands of any length, or ``None``; ``of`` a gradient it is symmetric."""
    found, made = entries_by_bands(f, x, of)
    return None if made is None else scattered(found, eg.evaluate(made, VALUES))


def entries_by_bands(f: Node, x: Node, of: bool = False) -> tuple[Pattern, Node | None]:
    (found,), size = patterns_with_size([f], {x: Pattern.diagonal(x.size, x.size)}, x.size)
    found = symmetric(found) if of else found
    return found, banded([f], [x], found, size, of, 1 << 40)


def scattered(found: Pattern, entries: np.ndarray) -> np.ndarray:
    out = np.zeros(found.shape)
    out[found.rows, found.columns] = entries
    return out


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "_SHORT", 0)


@pytest.mark.one_in(8)
@pytest.mark.parametrize("name", GRAPHS)
def test_jacobians_and_hessians_of_every_primitive(name: str) -> None:
    f = GRAPHS[name]
    known = name not in DIAGONALS and all(bands.BANDS.find(n.op) is not None for n in topological([f]) if n.args)
    for x in eg.free_symbols(f):
        found = by_bands(f, x)
        assert found is not None or not known, f"by {x}"
        if found is not None:
            expected = eg.evaluate(eg.jacobian(f, x, "forward"), VALUES).reshape(found.shape)
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13, err_msg=f"by {x}")
        g = eg.gradient(eg.sum(f * np.arange(1.0, f.size + 1.0).reshape(f.shape)), x)
        found = by_bands(g, x, True)
        if found is not None:
            expected = eg.evaluate(eg.jacobian(g, x, "forward"), VALUES).reshape(found.shape)
            np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11, err_msg=f"twice by {x}")


@pytest.mark.one_in(10)
@pytest.mark.parametrize("seed", range(10))
def test_random_expressions(seed: int) -> None:
    choice = AtRandom(900 + seed)
    symbols = symbols_for(choice, 2, False)
    at = {s: np.random.default_rng(seed).uniform(0.3, 0.8, s.shape) for s in symbols}
    for _ in range(8):
        e = grow(choice, symbols, 4)
        for x in eg.free_symbols(e):
            found, made = entries_by_bands(e, x)
            if made is None:
                continue
            with np.errstate(all="ignore"):
                expected = eg.evaluate(eg.jacobian(e, x, "forward"), at).reshape(found.shape)
                entries = eg.evaluate(made, at)
            np.testing.assert_allclose(scattered(found, entries), expected, rtol=1e-9, atol=1e-11, err_msg=str(e))


def test_entries_that_meet_in_any_way() -> None:
    """Lines between nodes of a network, of which several join the same two, and nodes of any number of lines."""
    rng = np.random.default_rng(5)
    for nodes, lines in ((12, 60), (40, 45), (60, 1500)):
        x, w = eg.Symbol("x", nodes), eg.Symbol("w", (nodes, 2))
        a, b, c = rng.integers(0, nodes, (3, lines))
        flow = eg.sin(x[a] - x[b]) * w[c, 0] + w[a, 1] ** 2
        f = np.bincount(a, weights=flow, minlength=nodes) - np.bincount(b, weights=flow * x[c], minlength=nodes)
        at = {x: rng.normal(size=nodes), w: rng.normal(size=(nodes, 2))}
        for s in (x, w):
            (found,), size = patterns_with_size([f], {s: Pattern.diagonal(s.size, s.size)}, s.size)
            made = banded([f], [s], found, size, False, 1 << 40)
            assert made is not None
            expected = eg.evaluate(eg.jacobian(f, s), at).reshape(found.shape)
            np.testing.assert_allclose(scattered(found, eg.evaluate(made, at)), expected, rtol=1e-11, atol=1e-12)
        if lines < 1000:
            gradient = eg.gradient(eg.sum(f**3), x)
            found, made = entries_by_bands(gradient, x, True)
            if made is not None:
                expected = eg.evaluate(eg.jacobian(gradient, x), at)
                np.testing.assert_allclose(scattered(found, eg.evaluate(made, at)), expected, rtol=1e-9, atol=1e-9)


def test_scalars_that_are_added_to_arrays_are_as_long_as_these() -> None:
    """Whatever comes next: a move, a choice, a product with another axis."""
    x, u, z = eg.Symbol("x", 4), eg.Symbol("u", 3), eg.Symbol("z")
    for added in (u * eg.sin(u) + x[0], 2.0 * z - u * u):
        for f in (added[::-1], eg.concatenate([added, u]), eg.maximum(added, 2 * u), eg.outer(added, u), eg.stack([u, added]).reshape(6)):
            for s in eg.free_symbols(f):
                found, made = entries_by_bands(f, s)
                at = {x: np.linspace(0.2, 0.8, 4), u: np.array([0.5, -2.0, 3.0]), z: np.array(0.7)}
                assert made is not None
                expected = eg.evaluate(eg.jacobian(f, s), at).reshape(found.shape)
                np.testing.assert_allclose(scattered(found, eg.evaluate(made, at)), expected, rtol=1e-12, err_msg=f"{f} by {s}")


def test_symbols_without_elements() -> None:
    x, y, empty = eg.Symbol("x", 40), eg.Symbol("y", (0, 3)), eg.Symbol("e", 0)
    f = eg.sin(x[1:]) * x[:-1]
    assert eg.sparse_jacobian(y, y).shape == (0, 0)
    assert eg.sparse_jacobian(eg.concatenate([empty, f]), [empty, y, x]).nnz == 2 * f.size
    assert eg.sparse_jacobian(eg.sum(y, axis=1) * 2, [y, x]).nnz == 0
    assert eg.sparse_hessian(eg.sum(f) + eg.sum(y**3) + eg.sum(empty), [empty, x, y]).nnz == 2 * f.size + x.size - 1


@pytest.mark.parametrize("shape", [(2,) * 10, (16, 16, 16, 20), (3, 3, 500)])
def test_arrays_with_many_short_axes_have_few_parts(shape: tuple[int, ...]) -> None:
    x = eg.Symbol("x", shape)
    J = eg.sparse_jacobian(eg.sin(x) * x, x)
    assert J.colours == 0 and len(topological([J.values])) < 150
    at = np.random.default_rng(3).normal(size=shape)
    np.testing.assert_allclose(eg.evaluate(J.values, {x: at}), (np.cos(at) * at + np.sin(at)).ravel(), rtol=1e-13)


def operations(node: Node) -> int:
    return sum(COUNT[n.op](n) for n in topological([node]) if n.args)


def test_models_have_few_operations_and_no_colours() -> None:
    """At most so many for each entry; sweeps along colours have up to three times as many."""
    models = pytest.importorskip("tests.benchmarks.sparse_workloads", reason="run from the root of the project").WORKLOADS
    most = {"rosenbrock": 2.5, "springs": 5.0, "bratu": 0.75, "collocation": 23.0, "power flow": 6.0}
    for name, model in models.items():
        matrix, _ = model(40).ours()
        assert matrix.colours == 0 and operations(matrix.values) <= most[name] * matrix.nnz, name


def test_bands_in_boxes_are_added_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps in time, which leave the ends as they are: three, five, seven, ... bands, not twice as many with each step."""
    x = eg.Symbol("x", 40)
    u, found = x, []
    monkeypatch.setattr(bands, "_SPARE", 1.0)
    for _ in range(4):
        u = u + eg.pad(u[2:] - 2 * u[1:-1] + u[:-2], 1) * u
        _, size = patterns_with_size([u * 1.5], {x: Pattern.diagonal(40, 40)}, 40)
        (own,) = bands.bands_of([u * 1.5], [x], size.entries, 1 << 40) or [[]]
        found.append(len(own))
    assert found == [3, 5, 7, 9]
    p, made = entries_by_bands(u, x)
    assert made is not None
    at = {x: np.linspace(0.1, 0.4, 40)}
    np.testing.assert_allclose(scattered(p, eg.evaluate(made, at)), eg.evaluate(eg.jacobian(u, x), at), rtol=1e-12, atol=1e-14)


@pytest.mark.slow
def test_long_chains_are_differentiated_along_colours() -> None:
    """A thousand arrays, whose rows grow with each step: bands would be a million."""
    x = u = eg.Symbol("x", 300)
    for _ in range(200):
        u = eg.sin(u) + eg.concatenate([u[1:], u[:1]])
    matrix = eg.sparse_jacobian(u, x)
    assert matrix.colours and eg.count_nodes(matrix.values) < 5 * eg.count_nodes(u)
