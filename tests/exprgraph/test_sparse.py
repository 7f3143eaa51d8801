"""Sparse Jacobians are the dense ones: of every primitive, with the pattern that the mathematics has, in linear time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rule_graphs import SHARED, graphs, values

import exprgraph as eg
from exprgraph.calculus.entries import entry_derivatives
from exprgraph.calculus.reach import reach
from exprgraph.graph.node import Node
from exprgraph.testing import temporary_functions

VALUES = values(SHARED)
GRAPHS = graphs(SHARED)


def scattered(f: Node, x: Node, at: dict[Node, Any]) -> np.ndarray:
    """The dense Jacobian, from the sparse one; batch axes first."""
    sparse = eg.jacobian(f, x, sparse=True)
    positions = list(zip(sparse.rows, sparse.columns))
    assert positions == sorted(set(positions))
    assert all(0 <= r < f.size and 0 <= c < x.size for r, c in positions)
    found = eg.evaluate(sparse.values, at)
    dense = np.zeros(found.shape[:-1] + sparse.shape)
    dense[..., list(sparse.rows), list(sparse.columns)] = found
    return dense.reshape(found.shape[:-1] + f.shape + x.shape)


def pattern(f: Node, x: Node) -> list[tuple[int, int]]:
    sparse = eg.jacobian(f, x, sparse=True)
    return list(zip(sparse.rows, sparse.columns))


# ---------------------------------------------------------------- values


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", GRAPHS)
def test_sparse_is_dense(name: str) -> None:
    f = GRAPHS[name]
    for x in eg.free_symbols(f):
        expected = eg.evaluate(eg.jacobian(f, x, "forward"), VALUES)
        np.testing.assert_allclose(scattered(f, x, VALUES), expected, rtol=1e-12, atol=1e-13, err_msg=f"by {x}")


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", GRAPHS)
def test_sparse_hessians_are_dense(name: str) -> None:
    f = GRAPHS[name]
    f = eg.sum(f * np.arange(1.0, f.size + 1.0).reshape(f.shape))
    for x in eg.free_symbols(f):
        g = eg.gradient(f, x)
        expected = eg.evaluate(eg.jacobian(g, x, "forward"), VALUES)
        np.testing.assert_allclose(scattered(g, x, VALUES), expected, rtol=1e-11, atol=1e-11, err_msg=f"by {x}")


@pytest.mark.parametrize("name", GRAPHS)
def test_what_does_not_reach_has_no_derivative(name: str) -> None:
    f = GRAPHS[name]
    for x in eg.free_symbols(f):
        j = eg.evaluate(eg.jacobian(f, x, "forward"), VALUES)
        for index in np.ndindex(*f.shape):
            mask = np.zeros(f.shape, dtype=bool)
            mask[index] = True
            assert not (j[index] != 0)[~reach(f, mask, x)].any(), (index, x)


def test_the_unknowns_of_a_linear_system_by_its_right_side() -> None:
    a, b = eg.Symbol("A", (2, 2)), eg.Symbol("b", 2)
    at = {a: np.array([[3.0, 1.0], [1.0, 2.0]]), b: np.array([1.0, 2.0])}
    np.testing.assert_allclose(scattered(eg.solve(a, b), b, at), [[0.4, -0.2], [-0.2, 0.6]], rtol=1e-14)
    by_matrix = scattered(eg.solve(a, b), a, at)  # d(inv(A) b) = -inv(A) dA inv(A) b, and the solution is (0, 1)
    np.testing.assert_allclose(by_matrix[:, :, 0], 0.0, atol=1e-15)
    np.testing.assert_allclose(by_matrix[:, :, 1], [[-0.4, 0.2], [0.2, -0.6]], rtol=1e-14)


def test_a_likelihood_with_a_linear_system_in_it() -> None:
    theta, t = eg.Symbol("theta", 3), np.linspace(0, 1, 4)
    k = theta[0] ** 2 * eg.exp(-((t[:, None] - t[None, :]) ** 2) / (2 * theta[1] ** 2)) + theta[2] ** 2 * np.eye(4)
    f = np.ones(4) @ eg.solve(k, np.ones(4))
    at = {theta: np.array([1.0, 0.5, 0.3])}
    np.testing.assert_allclose(scattered(f, theta, at), eg.evaluate(eg.gradient(f, theta), at), rtol=1e-12)
    g = eg.gradient(f, theta)
    np.testing.assert_allclose(scattered(g, theta, at), eg.evaluate(eg.hessian(f, theta), at), rtol=1e-11)


def test_systems_of_few_elements_of_a_long_symbol() -> None:
    """A system for each pair of neighbours, and one whose matrix holds the solution of another."""
    x = eg.Symbol("x", 8)
    at = {x: np.linspace(0.5, 1.2, 8)}
    small = [eg.solve(eg.stack([[3 + x[k], x[k + 1]], [x[k], 2.0]]), eg.stack([x[k] ** 2, eg.array(1.0)])) for k in (0, 3)]
    nested = eg.solve(eg.diag(small[0] + 3.0) + 0.1 * eg.outer(x[5:7], x[5:7]), small[1])
    f = eg.concatenate([*small, nested, x[:2]])
    np.testing.assert_allclose(scattered(f, x, at), eg.evaluate(eg.jacobian(f, x, "reverse"), at), rtol=1e-12, atol=1e-14)
    assert pattern(f, x) == [
        *((r, c) for r in (0, 1) for c in (0, 1)), *((r, c) for r in (2, 3) for c in (3, 4)),
        *((r, c) for r in (4, 5) for c in (0, 1, 3, 4, 5, 6)), (6, 0), (7, 1),
    ]  # fmt: skip


def test_ties_of_three_share_the_derivative() -> None:
    x = eg.Symbol("x", 4)
    at = {x: [2.0, 1.0, 2.0, 2.0]}
    f = eg.stack([eg.max(x) * x[1], eg.min(-x), eg.max(eg.sin(x))])
    share = np.array([1.0, 0.0, 1.0, 1.0]) / 3
    expected = [share + np.array([0, 2, 0, 0]), -share, np.cos(2.0) * share]
    np.testing.assert_allclose(scattered(f, x, at), expected, rtol=1e-15)
    by_element = eg.stack(list(eg.elements(f)))
    np.testing.assert_allclose(eg.evaluate(eg.jacobian(by_element, x), at), expected, rtol=1e-15)


def test_functions_of_users() -> None:
    """One whose derivative is written with arrays, one that has none, one of two arguments."""
    with temporary_functions():
        square = eg.function(
            "mine_square",
            numpy=lambda v: v * v,
            derivative=lambda v: 2 * v if v.shape else eg.sum(eg.stack([v, eg.tanh(v), v]) - eg.stack([0.0, eg.tanh(v), 0.0])),
            code="{0}*{0}",
        )
        flat = eg.function("mine_flat", numpy=np.sign, derivative=None, code="np.sign({0})")
        both = eg.function("mine_both", numpy=lambda u, v: u * v, derivative=(lambda u, v: v, lambda u, v: u), code="{0}*{1}")
        x = eg.Symbol("x", 3)
        at = {x: np.array([0.5, -1.5, 2.0])}
        f = square(x) + both(x, x[::-1]) + flat(x)
        expected = eg.evaluate(eg.jacobian(f, x, "forward"), at)
        np.testing.assert_allclose(scattered(f, x, at), expected, rtol=1e-15)
        assert pattern(flat(x), x) == []
        g = eg.gradient(eg.sum(eg.stack([square(x[0]) * x[1], square(x[2])])), x)
        np.testing.assert_allclose(scattered(g, x, at), eg.evaluate(eg.jacobian(g, x, "forward"), at), rtol=1e-15)


def test_sums_over_samples() -> None:
    """By what all samples share, and by what each has of its own."""
    p, w = eg.Symbol("p", 2, per_sample=True), eg.Symbol("w", 2)
    at = {p: np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.2]]), w: np.array([0.3, -0.7])}
    total = eg.over_samples.sum(eg.stack([eg.sin(p[0] * w[1]), p[1] ** 2 * p[0]]))
    np.testing.assert_allclose(scattered(total, w, at), eg.evaluate(eg.jacobian(total, w), at), rtol=1e-14)
    np.testing.assert_allclose(scattered(total, p, at), eg.evaluate(eg.jacobian(total, p), at), rtol=1e-14)
    loss = eg.over_samples.mean((eg.solve(eg.diag(w) + 2, p)[0] - p[1]) ** 2) * eg.over_samples.sum(p[0])
    np.testing.assert_allclose(scattered(loss, p, at), eg.evaluate(eg.jacobian(loss, p), at), rtol=1e-13)
    np.testing.assert_allclose(scattered(loss, w, at), eg.evaluate(eg.gradient(loss, w), at), rtol=1e-13)
    for f in (p * eg.over_samples.sum(p[0]), p + eg.over_samples.sum(p), eg.sin(p[0]) + eg.over_samples.sum(p[1])):
        with pytest.raises(eg.DifferentiationError, match="another sample's ('p'|symbol) is not represented"):
            eg.jacobian(f, p, sparse=True)


def test_selections_of_other_symbols_are_constants() -> None:
    x, y, m = eg.Symbol("x", 3), eg.Symbol("y", 3), eg.Symbol("M", (3, 3))
    f = eg.stack([x[0] * y[1], y[2], m[0, 1] * x[2], eg.solve(m, y)[0] * x[1]])
    assert pattern(f, x) == [(0, 0), (2, 2), (3, 1)]
    assert pattern(f, y) == [(0, 1), (1, 2), (3, 0), (3, 1), (3, 2)]


def test_a_derivative_read_from_an_array_that_stays_whole() -> None:
    """Scalars that are neither elements of x nor made of scalars are differentiated as the arrays they are."""
    x = eg.Symbol("x", 3)
    at = {x: np.array([0.2, 0.5, 1.1])}
    parts = [eg.sum(eg.sin(x)) * x[0], eg.exp(x)[1], x[2], eg.dot(x, x[::-1])]
    rows = entry_derivatives(parts, x)
    for part, row in zip(parts, rows):
        expected = eg.evaluate(eg.gradient(part, x), at)
        assert {i for i, in row} == set(np.flatnonzero(expected))
        np.testing.assert_allclose([eg.evaluate(row[i], at) for i in sorted(row)], expected[expected != 0], rtol=1e-15)


ALONG: dict[str, Callable[[Node], Node]] = {
    "norms of differences of rows": lambda m: eg.norm(m[1:] - m[:-1], axis=1),
    "norm of everything": lambda m: eg.norm(eg.sin(m) * m[0, 0]),
    "columns of softmax": lambda m: eg.softmax(m * 2, axis=0),
    "softmax of everything": lambda m: eg.softmax(m[:2, 1:] ** 2, axis=(0, 1)),
    "log_softmax of rows": lambda m: eg.log_softmax(m * m[0], axis=-1)[1:],
    "logsumexp of norms": lambda m: eg.logsumexp(eg.norm(m, axis=1)) * m[1],
    "norm behind a choice": lambda m: eg.norm(eg.maximum(m, 0.3), axis=0) + eg.norm(eg.relu(m - 0.5)),
}


@pytest.mark.parametrize("name", ALONG)
def test_functions_along_axes(name: str) -> None:
    m = eg.Symbol("m", (4, 3))
    at = {m: np.linspace(-0.6, 1.5, 12).reshape(4, 3)[::-1]}
    f = ALONG[name](m)
    np.testing.assert_allclose(scattered(f, m, at), eg.evaluate(eg.jacobian(f, m, "reverse"), at), rtol=1e-12, atol=1e-14)
    g = eg.gradient(eg.sum(f * np.linspace(1.0, 2.0, f.size).reshape(f.shape)), m)
    np.testing.assert_allclose(scattered(g, m, at), eg.evaluate(eg.jacobian(g, m, "forward"), at), rtol=1e-11, atol=1e-13)


def test_rows_of_functions_along_axes_see_their_rows() -> None:
    m = eg.Symbol("m", (4, 3))
    own = [(r, 3 * r + c) for r in range(4) for c in range(3)]
    assert pattern(eg.logsumexp(eg.sin(m), axis=1), m) == own
    assert pattern(eg.norm(m**2, axis=1), m) == own
    columns = [(3 * r + c, 3 * k + c) for r in range(4) for c in range(3) for k in range(4)]
    assert pattern(eg.softmax(m, axis=0), m) == columns
    still = {m: np.zeros((4, 3))}
    np.testing.assert_array_equal(scattered(eg.norm(m, axis=1), m, still), np.zeros((4, 4, 3)))  # the policy at 0


@pytest.mark.parametrize("x", [1000.0, -1000.0])
def test_what_is_not_taken_is_zero_in_sparse_derivatives(x: float) -> None:
    """However large its own derivative is: of a minimum, a clip, an extremum, a norm of what is cut off."""
    v = eg.Symbol("v", 3)
    at = {v: np.array([x, 0.5, x])}
    for f in (
        eg.minimum(eg.exp(v), 1.0), eg.clip(eg.exp(v), -1.0, 1.0), eg.where(v > 0, v, eg.exp(-v * v)), eg.min(eg.exp(v)) * v,
        eg.stack([eg.min(eg.exp(v)), eg.norm(eg.minimum(eg.exp(v), 2.0))]), eg.relu(1 - eg.exp(v)),
    ):  # fmt: skip
        with np.errstate(all="ignore"):
            expected = eg.evaluate(eg.jacobian(f, v, "reverse"), at)
            assert np.isfinite(expected).all()
            np.testing.assert_allclose(scattered(f, v, at), expected, rtol=1e-13)


# ---------------------------------------------------------------- patterns


def test_columns_of_a_matrix_of_right_sides_are_systems_of_their_own() -> None:
    a, b = eg.Symbol("A", (3, 3)), eg.Symbol("B", (3, 2))
    f = eg.solve(a, b**2)
    assert pattern(f, b) == [(2 * i + j, 2 * k + j) for i in range(3) for j in range(2) for k in range(3)]
    assert eg.jacobian(f, a, sparse=True).nnz == 6 * 9
    at = {a: VALUES[SHARED.A], b: np.arange(1.0, 7.0).reshape(3, 2)}
    for x in (a, b):
        np.testing.assert_allclose(scattered(f, x, at), eg.evaluate(eg.jacobian(f, x), at), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(scattered(eg.inv(a), a, at), eg.evaluate(eg.jacobian(eg.inv(a), a), at), rtol=1e-13, atol=1e-14)


def test_zeros_of_known_matrices_are_no_entries() -> None:
    x = eg.Symbol("x", 5)
    d = np.eye(5)[1:] - np.eye(5)[:-1]
    assert pattern(eg.sin(d @ x), x) == [(r, r + k) for r in range(4) for k in (0, 1)]
    assert pattern(eg.solve(np.eye(2) * 2 + 1, (d @ x)[:2]), x) == [(r, c) for r in range(2) for c in range(3)]
    hessian = pattern(eg.gradient(eg.sum((d @ x) ** 4), x), x)
    assert hessian == [(r, c) for r in range(5) for c in range(5) if abs(r - c) < 2]


@pytest.mark.parametrize("scalar", [lambda x: rosenbrock(x), lambda x: by_elements(x)], ids=["slices", "elements"])
def test_the_pattern_of_a_chain(scalar: Callable[[Node], Node]) -> None:
    x = eg.Symbol("x", 40)
    f = scalar(x)
    at = {x: np.linspace(-1.0, 1.0, 40)}
    assert pattern(f, x) == [(0, c) for c in range(40)]
    assert pattern(eg.gradient(f, x), x) == [(r, c) for r in range(40) for c in range(40) if abs(r - c) < 2]
    np.testing.assert_allclose(scattered(f, x, at), eg.evaluate(eg.gradient(f, x), at), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(scattered(eg.gradient(f, x), x, at), eg.evaluate(eg.hessian(f, x), at), rtol=1e-12, atol=1e-12)


# ---------------------------------------------------------------- time


def rosenbrock(x: Node) -> Node:
    return eg.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def springs(x: Node) -> Node:
    return eg.sum((eg.sqrt((x[1:] - x[:-1]) ** 2 + 0.01) - 1) ** 2) + eg.sum(x[[*range(0, x.shape[0], 3), 0, 0]] ** 2)


def springs_in_space(x: Node) -> Node:
    places = x.reshape(-1, 4)
    return eg.sum((eg.norm(places[1:] - places[:-1], axis=1) - 1) ** 2) + eg.sum(eg.logsumexp(places, axis=1))


def by_elements(x: Node) -> Node:
    terms = [100 * (x[k + 1] - x[k] ** 2) ** 2 + (1 - x[k]) ** 2 for k in range(x.shape[0] - 1)]
    return sum(terms, eg.zeros(()))


def many_slices(x: Node) -> Node:
    return sum((eg.sum(x[k : k + 3] ** 2) ** 1.5 for k in range(x.shape[0] - 2)), eg.zeros(()))


def joined(x: Node) -> Node:
    """A long concatenation, and an extremum of everything."""
    parts = [x[k : k + 2] ** 2 * x[-1 - k] for k in range(0, x.shape[0] - 1, 2)]
    return eg.concatenate(parts) * eg.max(x)


def bytecodes(call: Callable[[], Any]) -> int:
    """How many instructions of the package's own Python a call takes: time that no other process disturbs."""
    total = 0

    def trace(frame: Any, event: str, arg: Any) -> Any:
        nonlocal total
        if event == "call":
            if "exprgraph" not in frame.f_code.co_filename:
                return None
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        elif event == "opcode":
            total += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return total


#: what is done with a symbol; nothing that has as many entries as the square of its length
STEPS: dict[str, Callable[[Node], Any]] = {
    "the gradient of a long concatenation": lambda x: eg.gradient(eg.sum(joined(x) ** 2), x),
    "the Jacobian of a sum of slices": lambda x: eg.jacobian(rosenbrock(x), x, sparse=True),
    "the Hessian of a sum of slices": lambda x: eg.jacobian(eg.gradient(rosenbrock(x), x), x, sparse=True),
    "the Jacobian of springs": lambda x: eg.jacobian(springs(x), x, sparse=True),
    "the Hessian of springs": lambda x: eg.jacobian(eg.gradient(springs(x), x), x, sparse=True),
    "the Hessian of springs in space": lambda x: eg.jacobian(eg.gradient(springs_in_space(x), x), x, sparse=True),
    "the Hessian of many slices": lambda x: eg.jacobian(eg.gradient(many_slices(x), x), x, sparse=True),
    "the Jacobian of a sum of scalars": lambda x: eg.jacobian(by_elements(x), x, sparse=True),
    "the Hessian of a sum of scalars": lambda x: eg.jacobian(eg.gradient(by_elements(x), x), x, sparse=True),
}


@pytest.mark.slow_one_in(2)
@pytest.mark.one_in(9)
@pytest.mark.parametrize("name", STEPS)
def test_four_times_the_elements_take_four_times_the_steps(name: str) -> None:
    few, many = (bytecodes(lambda n=n: STEPS[name](eg.Symbol("x", n))) for n in (100, 400))  # type: ignore[misc]
    assert many < 4.3 * few, (few, many)


@pytest.mark.slow
def test_four_times_the_springs_take_four_times_the_operations() -> None:
    few, many = (
        eg.count_ops(eg.jacobian(eg.gradient(springs_in_space(x), x), x, sparse=True).values)
        for x in (eg.Symbol("x", 40), eg.Symbol("x", 160))
    )
    assert many < 4.5 * few, (few, many)


@pytest.mark.slow
def test_a_sum_beside_its_terms_takes_linear_time() -> None:
    """One row with all entries among many with one each: rows for all scalars forward would be quadratic."""

    def steps(n: int) -> int:
        x = eg.Symbol("x", n)
        f = eg.stack([by_elements(x), *(eg.sin(x[k]) for k in range(n))])
        return bytecodes(lambda: eg.jacobian(f, x, sparse=True))

    few, many = steps(600), steps(2400)  # from 20,000 nodes on, a node takes steps for the collector, too
    assert many < 4.3 * few, (few, many)


def test_elements_of_a_long_concatenation_take_linear_time() -> None:
    few, many = (bytecodes(lambda n=n: eg.elements(joined(eg.Symbol("x", n)))) for n in (100, 400))  # type: ignore[misc]
    assert many < 4.3 * few, (few, many)
