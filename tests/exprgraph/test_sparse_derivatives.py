"""Sparse Jacobians and Hessians of graphs of arrays: the dense ones, by colours, in time that grows with the entries."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from rule_graphs import SHARED, graphs, values

import exprgraph as eg
import exprgraph.interop
from exprgraph.calculus.compressed import best_plan, symmetric_plan
from exprgraph.calculus.forward import push_forward
from exprgraph.calculus.links import by_reach, links
from exprgraph.calculus.needed import Needed
from exprgraph.calculus.patterns import pattern
from exprgraph.canonical.grouping import differentiating
from exprgraph.graph.traverse import topological
from exprgraph.support.colouring import Colouring, coloured, star_coloured
from exprgraph.support.patterns import Pattern, symmetric, union
from exprgraph.testing.growing import AtRandom, grow, symbols_for

sparse = pytest.importorskip("scipy.sparse")

VALUES = values(SHARED)
GRAPHS = graphs(SHARED)
X = eg.Symbol("x", 1000)
AT = np.random.default_rng(3).normal(size=1000)


def dense(matrix: eg.SparseMatrix, at: dict) -> np.ndarray:
    """The whole matrix; entries are in order, and none is there twice."""
    keys = matrix.rows * matrix.shape[1] + matrix.columns
    assert (np.diff(keys) > 0).all()
    assert matrix.values.shape == (matrix.nnz,)
    return np.asarray(matrix.to_scipy(eg.evaluate(matrix.values, at)).toarray())


def random_pattern(rng: np.random.Generator, height: int, width: int, share: float) -> Pattern:
    return Pattern.of_pairs(*np.nonzero(rng.random((height, width)) < share), (height, width))


# ---------------------------------------------------------------- equal to dense derivatives


@pytest.mark.one_in(8)
@pytest.mark.parametrize("name", GRAPHS)
def test_jacobians_of_every_primitive_in_every_mode(name: str) -> None:
    f = GRAPHS[name]
    for x in eg.free_symbols(f):
        expected = eg.evaluate(eg.jacobian(f, x, "forward"), VALUES).reshape(f.size, x.size)
        for mode in ("forward", "reverse", "auto"):
            found = dense(eg.sparse_jacobian(f, x, mode), VALUES)
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13, err_msg=f"by {x}, {mode}")


@pytest.mark.one_in(12)
@pytest.mark.parametrize("name", GRAPHS)
def test_hessians_of_every_primitive(name: str) -> None:
    f = GRAPHS[name]
    f = eg.sum(f * np.arange(1.0, f.size + 1.0).reshape(f.shape))
    for x in eg.free_symbols(f):
        expected = eg.evaluate(eg.jacobian(eg.gradient(f, x), x, "forward"), VALUES).reshape(x.size, x.size)
        np.testing.assert_allclose(dense(eg.sparse_hessian(f, x), VALUES), expected, rtol=1e-11, atol=1e-11, err_msg=f"by {x}")


@pytest.mark.one_in(12)
@pytest.mark.parametrize("seed", range(12))
def test_random_graphs(seed: int) -> None:
    """Where the dense Jacobian is not zero, the pattern has an entry."""
    choice = AtRandom(700 + seed)
    symbols = symbols_for(choice, 2, False)
    for _ in range(6):
        e = grow(choice, symbols, 4)
        at = {s: np.random.default_rng(seed).uniform(0.3, 0.8, s.shape) for s in symbols}
        for x in eg.free_symbols(e):
            found = pattern(e, [x])
            with np.errstate(all="ignore"):
                j = eg.evaluate(eg.jacobian(e, x, "forward"), at).reshape(e.size, x.size)
            keys = np.ravel_multi_index(np.nonzero(j), j.shape)
            assert np.isin(keys, found.keys()).all()


# ---------------------------------------------------------------- patterns


def test_patterns_know_zeros_of_constant_arrays() -> None:
    w = np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 3.0]])
    x = eg.Symbol("x", 3)
    assert pattern(eg.sin(w @ x), [x]).keys().tolist() == [0, 2, 5]
    assert pattern(w * x, [x]).keys().tolist() == [0, 8, 17]
    assert pattern(eg.where(np.array([True, False, True]), x, x[::-1]), [x]).keys().tolist() == [0, 4, 8]
    assert pattern(eg.floor(x) + eg.trace(eg.diag(x)), [eg.Symbol("y", 3)]).nnz == 0


def test_lines_and_loops() -> None:
    """Sums of all earlier elements; a system of one state, whose last value depends on all rounds."""
    a = eg.Symbol("a", (2, 3))
    assert pattern(eg.cumsum(a, axis=1), [a]).rows.tolist() == [0, 1, 1, 2, 2, 2, 3, 4, 4, 5, 5, 5]
    f, b = eg.Symbol("f", 4), eg.Symbol("b", 4)
    assert pattern(eg.linear_recurrence(f, b), [f, b]).keys().tolist() == [4, 9, 12, 13, 17, 18, 20, 21, 22, 25, 26, 27, 28, 29, 30, 31]
    last, each = eg.scan(lambda c, v: (eg.stack([c[1], c[0] * v]), c[0] + v), eg.stack([f[0], f[1]]), b)
    assert pattern(last, [f, b]).keys().tolist() == [0, 4, 6, 9, 13, 15]
    assert pattern(each, [f, b]).rows.tolist() == [0, 0, 1, 1, 2, 2, 2, 3, 3, 3]


@pytest.mark.slow
@pytest.mark.parametrize("name", GRAPHS)
def test_rules_agree_with_masks(name: str) -> None:
    """The positions of elements that a mask reaches, element by element, are those of the rules, or more."""
    for n in topological([GRAPHS[name]]):
        for k, a in enumerate(n.args if n.size < 30 else ()):
            steps, found = links(n, k), Pattern.diagonal(a.size, a.size)
            by_masks = by_reach(n, k)
            if steps is None or by_masks is None:
                continue
            for step in steps:
                found = step.carry(found)
            for step in by_masks:
                reached = step.carry(Pattern.diagonal(a.size, a.size))
                assert np.isin(found.keys(), reached.keys()).all(), n.op


def test_set_operations_of_patterns() -> None:
    rng = np.random.default_rng(0)
    a, b = random_pattern(rng, 7, 5, 0.3), random_pattern(rng, 7, 5, 0.3)

    def matrix(p: Pattern) -> np.ndarray:
        out = np.zeros(p.shape, bool)
        out[p.rows, p.columns] = True
        return out

    assert (matrix(union([a, b])) == matrix(a) | matrix(b)).all()
    assert (matrix(a.transposed()) == matrix(a).T).all()
    assert (matrix(a.take(np.array([3, 3, 0]))) == matrix(a)[[3, 3, 0]]).all()
    to = np.array([2, 0, 2, 1, 1, 0, 2])
    assert (matrix(a.added(to, 3)) == [matrix(a)[to == k].any(axis=0) for k in range(3)]).all()
    square = random_pattern(rng, 6, 6, 0.5)
    assert (matrix(symmetric(square)) == matrix(square) & matrix(square).T).all()


# ---------------------------------------------------------------- colours


def shares_no_row(p: Pattern, found: Colouring) -> bool:
    keys = p.rows * max(found.number, 1) + found.colours[p.columns]
    return len(np.unique(keys)) == p.nnz and found.colours.max(initial=-1) == found.number - 1


@pytest.mark.one_in(6)
@pytest.mark.parametrize("seed", range(6))
def test_colours_of_random_patterns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = random_pattern(rng, 40, 30, rng.choice([0.02, 0.1, 0.4]))
    assert shares_no_row(p, coloured(p))
    s = union([p2 := random_pattern(rng, 30, 30, 0.06), p2.transposed(), Pattern.diagonal(30, 30)])
    plan = symmetric_plan(s)  # what is read is one entry of its row and colour, the entry itself or its image
    colour = plan.columns.colours[plan.at_columns]
    of_all = plan.columns.colours[s.columns]
    reads = {(r, k): set(s.columns[(s.rows == r) & (of_all == k)].tolist()) for r, k in zip(plan.at_rows, colour)}
    for r, c, at_r, at_c, k in zip(s.rows, s.columns, plan.at_rows, plan.at_columns, colour):
        assert {r, c} == {at_r, at_c} and reads[at_r, k] == {at_c}


def test_neighbours_on_a_grid_need_as_few_colours_as_there_can_be() -> None:
    u = eg.Symbol("u", (30, 31))
    five = u[1:-1, 1:-1] * 4 - u[2:, 1:-1] - u[:-2, 1:-1] - u[1:-1, 2:] - u[1:-1, :-2] - eg.exp(u[1:-1, 1:-1])
    assert eg.sparse_jacobian(five, u, "forward").colours == 5
    nine = sum(u[i : 28 + i, j : 29 + j] ** 2 for i in range(3) for j in range(3))
    assert eg.sparse_jacobian(nine, u, "forward").colours == 9
    three = pattern(eg.gradient(eg.sum((X[1:] - X[:-1]) ** 4), X), [X])
    assert symmetric_plan(three, X.shape).directions == 3


def test_a_long_row_and_a_long_column() -> None:
    """One of each: as many colours as there are elements, one way; three, both ways.  A symmetric arrow has two."""
    x = eg.Symbol("x", 200)
    at = AT[:200]
    f = eg.concatenate([eg.sin(x) * x[0], eg.sum(x**2)[None]])
    j = eg.sparse_jacobian(f, x)
    assert j.colours <= 4
    assert min(eg.sparse_jacobian(f, x, mode).colours for mode in ("forward", "reverse")) == 200
    np.testing.assert_allclose(dense(j, {x: at}), dense(eg.sparse_jacobian(f, x, "reverse"), {x: at}), rtol=1e-14)
    assert best_plan(pattern(f.T, [x]).transposed()).directions <= 4
    h = eg.sparse_hessian(eg.sum(eg.sin(x[1:] * x[0])), x)
    assert (h.colours, h.nnz) == (2, 1 + 3 * 199)
    np.testing.assert_allclose(dense(h, {x: at}), eg.evaluate(eg.hessian(eg.sum(eg.sin(x[1:] * x[0])), x), {x: at}), rtol=1e-12)


def test_star_colourings_of_small_graphs_have_no_path_of_two_colours() -> None:
    rng = np.random.default_rng(5)
    for n in range(4, 9):
        for _ in range(15):
            half = random_pattern(rng, n, n, 0.25)
            s = union([half, half.transposed(), Pattern.diagonal(n, n)])
            near = [set(s.columns[a:b].tolist()) - {k} for k, (a, b) in enumerate(zip(s.starts, s.starts[1:]))]
            c = star_coloured(s).colours
            for b in range(n):
                for d in near[b]:
                    assert c[b] != c[d]
                    paths = [(a, e) for a in near[b] - {d} for e in near[d] - {a, b}]
                    assert all(len({c[a], c[b], c[d], c[e]}) > 2 for a, e in paths)


# ---------------------------------------------------------------- size


def test_the_graph_does_not_grow_with_the_number_of_elements() -> None:
    counts = []
    for n in (50, 5000):
        x = eg.Symbol("x", n)
        h = eg.sparse_hessian(eg.sum(eg.sqrt(1 + (x[1:] - x[:-1]) ** 2)), x)
        assert h.nnz == 3 * n - 2
        counts.append(eg.count_nodes(h.values))
    assert counts[0] == counts[1] < 40


def test_blocks_of_colours_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    f = eg.sin(X[2:]) * X[1:-1] - X[:-2] ** 2
    whole = eg.sparse_jacobian(f, X)
    monkeypatch.setattr("exprgraph.calculus.compressed._NUMBERS", 10000)
    for mode in ("forward", "reverse"):
        parts = eg.sparse_jacobian(f, X, mode)
        assert eg.count_nodes(parts.values) > eg.count_nodes(whole.values)
        np.testing.assert_allclose(eg.evaluate(parts.values, {X: AT}), eg.evaluate(whole.values, {X: AT}), rtol=1e-14)


# ---------------------------------------------------------------- users


def test_several_symbols_and_multipliers() -> None:
    q, p, y, s = eg.Symbol("q", 4), eg.Symbol("p", (2, 2)), eg.Symbol("y", 3), eg.Symbol("s")
    f = eg.sum(q**3) * p[0, 0]
    g = q[1:] * q[:-1] + p[1, 1] ** 2
    at = {q: np.arange(1.0, 5.0), p: np.array([[0.5, 2.0], [3.0, 4.0]]), y: np.array([1.0, -2.0, 3.0]), s: 0.7}
    h = eg.sparse_lagrangian_hessian(f, g, [q, p], y, s)
    whole = s * f + eg.sum(y * g)
    blocks = [[eg.jacobian(eg.gradient(whole, a), b) for b in (q, p)] for a in (q, p)]
    expected = np.block([[eg.evaluate(b, at).reshape(4, 4) for b in row] for row in blocks])
    np.testing.assert_allclose(dense(h, at), expected, rtol=1e-14)
    j = eg.sparse_jacobian(g, (q, p))
    assert j.shape == (3, 8) and j.nnz == 9
    np.testing.assert_allclose(dense(j, at)[:, 7], 8.0)


@pytest.mark.parametrize("kind", ["csr", "csc", "coo"])
def test_matrices_of_scipy_share_their_positions(kind: str) -> None:
    f = X[1:] * X[:-1]
    j = eg.sparse_jacobian(f, X)
    fn = j.compile(X, kind, backend="numpy")
    first, second = fn(AT), fn(2 * AT)
    assert first.format == kind == fn.format and first.shape == fn.shape == (999, 1000)
    assert (first - j.to_scipy(eg.evaluate(j.values, {X: AT}), kind)).nnz == 0
    assert abs(second - 2 * first).max() == 0
    np.testing.assert_array_equal(fn.values(AT), first.data)
    if kind != "coo":
        assert np.shares_memory(first.indices, second.indices) and np.shares_memory(first.indptr, second.indptr)
        assert first.has_sorted_indices
    with pytest.raises(eg.ShapeError, match="the numbers of one sample"):
        fn(np.zeros((2, 1000)))
    for wrong in (0.0, np.zeros(j.nnz - 1), np.zeros(j.nnz + 1), np.zeros((2, j.nnz))):
        with pytest.raises(eg.ShapeError, match="the numbers of one sample, of shape"):
            j.to_scipy(wrong, kind)
    for again in (copy.deepcopy(fn), pickle.loads(pickle.dumps(fn))):  # after it was called
        assert (again(AT) != first).nnz == 0 and not again.rows.flags.writeable
    own = j.to_scipy(np.zeros(j.nnz), kind)
    own.eliminate_zeros()
    assert own.nnz == 0


def test_matrices_are_equal_by_value() -> None:
    j, h = eg.sparse_jacobian(X[1:] * X[:-1], X), eg.sparse_hessian(eg.sum(X[1:] * X[:-1]), X)
    for again in (eg.sparse_jacobian(X[1:] * X[:-1], X), copy.deepcopy(j), pickle.loads(pickle.dumps(j))):
        assert again == j and hash(again) == hash(j) and not again.rows.flags.writeable
    assert j != h and j != eg.sparse_jacobian(X[:-1] * X[:-1], X) and j != j.values


def test_entries_are_an_expression_like_any_other() -> None:
    j = eg.sparse_jacobian(eg.sin(X[1:]) * X[:-1], X)
    np.testing.assert_allclose(eg.compile(j.values, X)(AT), eg.evaluate(j.values, {X: AT}), rtol=1e-14)
    again = eg.sparse_jacobian(j.values, X, "forward")  # second derivatives of all elements
    assert again.shape == (1998, 1000) and again.colours == 2
    t = eg.Symbol("t", 1, per_sample=True)
    of_samples = eg.sparse_jacobian(eg.sin(X[:4] * t), [X])
    assert eg.evaluate(of_samples.values, {X: AT, t: np.ones((5, 1))}).shape == (5, 4)


def test_graphs_of_scalars_go_entry_by_entry() -> None:
    x = eg.Symbol("x", 3)
    f = eg.stack([x[0] * x[1], eg.sin(x[2])])
    j = eg.sparse_jacobian(f, x)
    assert j.colours == 0 and str(j.values) == "[x[1], x[0], cos(x[2])]"
    h = eg.sparse_hessian(x[0] * x[1] * x[2], x)
    assert h.colours == 0 and h.nnz == 6
    y = eg.Symbol("y", 30)
    assert eg.sparse_jacobian(eg.sin(y[:20]), y).colours == 1


def test_short_arrays_are_expanded_to_scalars_if_there_are_few() -> None:
    """One number for each entry, and those of one side of a Hessian twice; larger graphs stay graphs of arrays."""
    for n, scalars in ((4, True), (40, False)):
        x, y = eg.Symbol("x", (3, n)), eg.Symbol("y", n)
        f = eg.sum(eg.exp(x[:, 1:] * x[:, :-1])) + eg.sum(eg.cumsum(y)[::2] ** 3 * x[0, ::2])
        h = eg.sparse_hessian(f, [x, y])
        assert (h.values.op.name == "stack") == scalars
        at = {x: AT[: 3 * n].reshape(3, n), y: AT[-n:]}
        z = eg.Symbol("z", 4 * n)
        whole = eg.hessian(eg.substitute(f, {x: eg.reshape(z[: 3 * n], (3, n)), y: z[3 * n :]}), z)
        found, expected = dense(h, at), eg.evaluate(whole, {z: np.concatenate([at[x].ravel(), at[y]])})
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)
        assert (found == found.T).all()
        assert eg.sparse_jacobian(x, [y, x]).nnz == x.size


def test_an_array_of_one_element_is_a_scalar() -> None:
    x, y = eg.Symbol("x", 3), eg.Symbol("y", 3)
    f, g = eg.sum(x[1:] * x[:-1] ** 2), eg.sin(x)
    assert eg.sparse_lagrangian_hessian(eg.stack([f]), g, x, y) == eg.sparse_lagrangian_hessian(f, g, x, y)
    assert eg.sparse_hessian(eg.stack([f]), x) == eg.sparse_hessian(f, x)
    program = eg.interop.nlp(eg.stack([f]), x)
    assert program.objective is f and program.value(np.ones(3)) == 2


def test_many_scalar_symbols_are_taken_together() -> None:
    xs = [eg.Symbol(f"x{k}") for k in range(40)]
    j = eg.sparse_jacobian([a * b for a, b in zip(xs, xs[1:])], xs)
    assert j.colours == 2 and j.nnz == 78 and str(j.values[:2]) == "[x1, x0]"
    at = {x: k + 1.0 for k, x in enumerate(xs)}
    assert j.to_scipy(eg.evaluate(j.values, at)).sum(axis=1).tolist() == [2.0 * k + 3 for k in range(39)]


def test_sparse_true_expands_small_arrays_only() -> None:
    x = eg.Symbol("x", 5)
    assert str(eg.jacobian(x[1:] * x[0], x, sparse=True).values) == "[x[1], x[0], x[2], x[0], x[3], x[0], x[4], x[0]]"
    many = eg.Symbol("x", 2000)
    j = eg.jacobian(many[1:] * many[:-1], many, sparse=True)
    assert isinstance(j, eg.SparseJacobian) and j.nnz == 3998 and j.rows[:4] == (0, 0, 1, 1) and j.columns[:4] == (0, 1, 1, 2)
    assert eg.count_nodes(j.values) < 10
    at = np.arange(2000.0)
    np.testing.assert_array_equal(eg.evaluate(j.values, {many: at}), np.stack([at[1:], at[:-1]], axis=1).ravel())


def test_a_sparse_jacobian_as_a_matrix() -> None:
    """Sorted, whatever the order of its entries."""
    x = eg.Symbol("x", 3)
    whole = eg.jacobian(x**3, x, sparse=True)
    assert whole.matrix == eg.SparseMatrix(np.arange(3), np.arange(3), whole.values, (3, 3))
    turned = eg.SparseJacobian((2, 0, 1), (0, 1, 1), x, (3, 2)).matrix
    np.testing.assert_array_equal(turned.compile(x)([1.0, 2.0, 3.0]).toarray(), [[0, 2], [0, 3], [1, 0]])


def test_a_convolution_has_a_row_for_each_element_of_the_shorter_vector() -> None:
    x, k = eg.Symbol("x", 300), eg.Symbol("k", 4)
    at = {x: np.sin(np.arange(300.0)), k: np.arange(1.0, 5.0)}
    for a, b in ((x, k), (k, x)):
        for mode in ("full", "same", "valid"):
            f = eg.convolve(a, b, mode)
            np.testing.assert_allclose(eg.evaluate(f, at), np.convolve(at[a], at[b], mode), rtol=1e-12, atol=1e-14)
        assert max(n.size for n in topological([f])) < 5 * 300
        assert eg.sparse_jacobian(f, x).nnz == 4 * 297


def test_sums_over_samples_go_in_reverse() -> None:
    p, w = eg.Symbol("p", 2, per_sample=True), eg.Symbol("w", 2)
    total = eg.over_samples.sum(eg.sin(p * w))
    at = {p: np.array([[1.0, 2.0], [3.0, -1.0]]), w: np.array([0.3, -0.7])}
    j = eg.sparse_jacobian(total, p)
    assert (j.rows.tolist(), j.columns.tolist()) == ([0, 1], [0, 1])
    np.testing.assert_allclose(eg.evaluate(j.values, at), np.cos(at[p] * at[w]) * at[w], rtol=1e-14)
    with pytest.raises(eg.DifferentiationError, match="forward mode would add up"):
        eg.sparse_jacobian(total, p, "forward")


def test_errors() -> None:
    x = eg.Symbol("x", 3)
    for wrong, said in ((x[0], "by a symbol or by several, got x"), ([], "got none"), ([x, x], "'x' is given twice"), ("x", "got 'x'")):
        with pytest.raises(eg.DifferentiationError, match=said):
            eg.sparse_jacobian(x, wrong)
    with pytest.raises(ValueError, match='"auto", "forward" or "reverse"'):
        eg.sparse_jacobian(x, x, "both")  # type: ignore[arg-type]
    with pytest.raises(eg.ShapeError, match="sparse_hessian takes a scalar"):
        eg.sparse_hessian(x, x)
    with pytest.raises(eg.ShapeError, match="the factor is a scalar"):
        eg.sparse_lagrangian_hessian(x[0], x, x, 1.0, x)
    with pytest.raises(eg.ShapeError, match=r"multipliers must have the constraints' shape \(3,\), got \(2,\)"):
        eg.sparse_lagrangian_hessian(x[0], x, x, np.ones(2))
    with pytest.raises(ValueError, match='"csr", "csc" or "coo"'):
        eg.sparse_jacobian(x, x).compile(x, "dense")  # type: ignore[arg-type]
    for numbers in (np.ones(2), np.ones(4)):
        with pytest.raises(eg.ShapeError, match=r"of shape \(3,\), got \([24],\)"):
            eg.sparse_jacobian(x**2, x).to_scipy(numbers, "csc")


# ---------------------------------------------------------------- elements that are needed


def test_products_with_zeros_are_not_made() -> None:
    """The exponential of a grid has one derivative an element, among five colours."""
    u = eg.Symbol("u", (12, 11))
    w = eg.pad(u, 1)
    five = w[2:, 1:-1] + w[:-2, 1:-1] + w[1:-1, 2:] + w[1:-1, :-2] - 4 * u + eg.exp(u) * eg.sin(u)
    j = eg.sparse_jacobian(five, u, "forward")
    assert j.colours == 5
    products = [n for n in topological([j.values]) if n.op.name == "product"]
    assert products and max(n.size for n in products) == u.size
    at = {u: np.random.default_rng(2).normal(size=u.shape)}
    np.testing.assert_allclose(dense(j, at), eg.evaluate(eg.jacobian(five, u), at).reshape(132, 132), rtol=1e-14, atol=1e-15)


@pytest.mark.one_in(12)
@pytest.mark.parametrize("name", GRAPHS)
def test_vectors_of_needed_elements_are_the_elements(name: str) -> None:
    """Of the sweeps of every primitive, also where whole arrays would be cheaper."""
    f = GRAPHS[name]
    rng = np.random.default_rng(1)
    given = set(topological([f]))
    for x in eg.free_symbols(f):
        seed = (rng.random((*x.shape, 3)) < 0.5) * rng.normal(size=(*x.shape, 3))
        with differentiating([f]):
            (sweep,) = push_forward([f], {x: eg.array(seed)}, (3,))
            at = rng.permutation(sweep.size)[: 1 + sweep.size // 2]
            graph = Needed([(sweep, at)], given)
            vector = graph.vector(sweep, at)
        expected = np.ravel(eg.evaluate(sweep, VALUES))
        np.testing.assert_allclose(eg.evaluate(vector, VALUES), expected[at], rtol=1e-12, atol=1e-13)
        assert not expected[~graph.masks[sweep]].any()


@pytest.mark.slow
def test_patterns_and_values_are_casadis() -> None:
    casadi = pytest.importorskip("casadi")
    models = pytest.importorskip("tests.benchmarks.sparse_workloads").WORKLOADS
    for name, model in models.items():
        workload = model(40)
        matrix, symbols = workload.ours()
        arguments, theirs = workload.theirs()
        found = casadi.Function("f", arguments, [theirs])(*(d.T if d.ndim else d for d in workload.data))
        rows, columns = found.sparsity().get_triplet()
        assert set(zip(rows, columns)) == set(zip(matrix.rows.tolist(), matrix.columns.tolist())), name
        np.testing.assert_allclose(dense(matrix, dict(zip(symbols, workload.data))), found.full(), rtol=1e-11, atol=1e-12, err_msg=name)
