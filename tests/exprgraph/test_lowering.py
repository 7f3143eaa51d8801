"""Compiled functions give the NumPy evaluator's values: every primitive, every form, both precisions."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from small_graphs import SYMBOLS, expressions

import exprgraph as eg
from exprgraph import Argument
from exprgraph.canonical.place import place
from exprgraph.functions.elementwise import Function
from exprgraph.functions.rows import gate
from exprgraph.graph.node import Node
from exprgraph.graph.primitive import TABLE
from exprgraph.graph.traverse import topological
from exprgraph.loops import runtime
from exprgraph.loops.target import CPU, Target
from exprgraph.lowering.call import module
from exprgraph.lowering.call.outputs import CompiledOutputs
from exprgraph.lowering.plan.emit import emit
from exprgraph.lowering.plan.phases import pairwise
from exprgraph.lowering.save.check import points
from exprgraph.meaning.evaluate import evaluate_nodes, taken_as_shared

sys.path.append(str(Path(__file__).resolve().parents[1] / "loops"))
from interpreter import Interpreter


def arguments(lanes: set[str]) -> list[Argument]:
    return [Argument(n, ((s, 0),), s.shape, n in lanes) for n, s in SYMBOLS.items()]


def agree(nodes: list[Node], lanes: set[str], lead: tuple[int, ...], dtype: type = np.float64, rtol: float = 1e-10) -> None:
    rng = np.random.default_rng(3)
    fn = CompiledOutputs(nodes, arguments(lanes), "native", 1)
    values = {s: rng.uniform(0.3, 1.4, (lead if n in lanes else ()) + s.shape).astype(dtype) for n, s in SYMBOLS.items()}
    got = fn(*values.values())
    want = CompiledOutputs(nodes, arguments(lanes), "numpy", 1)(*values.values())
    for node, a, b in zip(nodes, got, want):
        assert a.shape == b.shape, node
        scale = np.abs(b[np.isfinite(b)]).max(initial=1e-30)
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * scale, err_msg=str(node))


def that_take_batches(nodes: list[Node], lanes: set[str]) -> list[Node]:
    """What sums over samples of a symbol that differs from sample to sample, and takes it as shared, is refused."""
    differ = {SYMBOLS[n] for n in lanes}
    return [n for n in nodes if differ.isdisjoint(taken_as_shared([n]))]


# no shrinking: each attempt compiles
QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True, "phases": (Phase.generate,)}


@pytest.mark.slow
@settings(max_examples=3, **QUIET)
@given(st.lists(expressions(), min_size=10, max_size=10))
def test_random_graphs_on_lanes(nodes: list[Node]) -> None:
    agree(that_take_batches(nodes, {"p", "x", "A"}), {"p", "x", "A"}, (3,))


@pytest.mark.slow
@settings(max_examples=10, **QUIET)
@given(st.lists(expressions(), min_size=14, max_size=14), st.sampled_from([set(), {"p"}, set(SYMBOLS), {"p", "W", "s"}]))
def test_many_random_graphs(nodes: list[Node], lanes: set[str]) -> None:
    agree(that_take_batches(nodes, lanes), lanes | {"p"}, (67,))
    agree(nodes, lanes | {"p"}, ())


def every_function() -> list[Node]:
    """Each row of the table on an argument of its own inside its domain, scalars and arrays mixed."""
    x = SYMBOLS["x"]
    out = []
    for row in TABLE.values():
        if isinstance(row, Function):
            args = []
            for k, (lo, hi) in enumerate(row.sample):
                mid, half = (lo + hi) / 2, (hi - lo) / 2
                part = mid + half * eg.sin(x + k) * 0.9
                args.append(part[0] if k == 1 else part)
            out.append(row.build(*args))
    return out


@pytest.mark.slow
def test_every_function() -> None:
    agree(every_function(), {"x"}, (5,))


@pytest.mark.slow
def test_every_function_in_single_precision() -> None:
    agree(every_function(), {"x"}, (5,), np.float32, 3e-5)


def test_float32_stays_float32() -> None:
    x = SYMBOLS["x"]
    fn = eg.compile([eg.tanh(x), eg.sum(x) / 3, 2 * x], x)
    for lead in ((), (4,)):
        assert {np.asarray(v).dtype for v in fn(np.ones((*lead, 2), np.float32))} == {np.dtype(np.float32)}
    assert {np.asarray(v).dtype for v in fn(np.ones(2, int))} == {np.dtype(np.float64)}


EDGES = np.array(
    [0.0, -0.0, 5e-324, -1e-310, 1e-8, 0.5, -0.5, 1.0, -1.0, 30.0, -30.0, 500.0, -500.0, 1e300, -1e300, np.inf, -np.inf, np.nan]
)


def test_edges_are_those_of_numpy() -> None:
    x = eg.Symbol("x")
    own = vars(runtime)  # not what other tests add to the table
    unary = [r for r in TABLE.values() if isinstance(r, Function) and r.arity == 1 and r.code.split("(")[0] in own]
    nodes = [r.build(x) for r in unary]
    fn = eg.compile(nodes, x)
    got = fn(EDGES)
    want = eg.evaluate(nodes, {x: EDGES})
    for row, a, b in zip(unary, got, want):
        np.testing.assert_array_equal(np.isnan(a), np.isnan(b), err_msg=row.name)
        keep = np.isfinite(b) & (np.abs(EDGES) < 1e15)
        np.testing.assert_array_equal(np.isinf(a[keep]), False, err_msg=row.name)
        np.testing.assert_allclose(a[keep], b[keep], rtol=1e-14, atol=1e-323, err_msg=row.name)
        np.testing.assert_array_equal(a[np.isinf(b)], b[np.isinf(b)], err_msg=row.name)


def test_singular_system_is_nan_in_both_backends() -> None:
    A, b = eg.Symbol("A", (3, 3)), eg.Symbol("b", 3)
    fn = eg.compile(eg.solve(A, b), (A, b))
    matrices = np.stack([np.ones((3, 3)), np.eye(3)])
    right = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(fn(matrices, right), eg.evaluate(eg.solve(A, b), {A: matrices, b: right}))


def network(widths: list[int]) -> tuple[Node, list[Node], Node]:
    x = eg.Symbol("x", widths[0], per_sample=True)
    u, params = x, []
    for k, (i, o) in enumerate(zip(widths, widths[1:])):
        W, b = eg.Symbol(f"W{k}", (o, i)), eg.Symbol(f"b{k}", o)
        params += [W, b]
        u = W @ u + b
        if k < len(widths) - 2:
            u = eg.tanh(u)
    return x, params, u


def network_arguments(x: Node, params: list[Node]) -> list[Argument]:
    offsets = np.cumsum([0] + [p.size for p in params])
    return [
        Argument("x", ((x, 0),), x.shape, True),
        Argument("params", tuple(zip(params, offsets[:-1].tolist())), (int(offsets[-1]),), False),
    ]


def residual_gradient(widths: list[int]) -> tuple[list[Node], list[Argument]]:
    x, params, u = network(widths)
    ux = eg.jvp(u[0], x, np.eye(widths[0])[0])
    r = eg.jvp(u[0], x, np.eye(widths[0])[1]) + u[0] * ux - 0.1 * eg.jvp(ux, x, np.eye(widths[0])[0])
    grads = eg.jacobians(r**2, params)
    return [eg.over_samples.mean(e) for e in (r**2, *grads)], network_arguments(x, params)


def test_gradient_of_a_residual_loss_over_blocks() -> None:
    outputs, given = residual_gradient([2, 7, 7, 1])
    rng = np.random.default_rng(0)
    theta = rng.standard_normal(given[1].size) * 0.5
    fn, reference = CompiledOutputs(outputs, given, "native", 1), CompiledOutputs(outputs, given, "numpy", 1)
    for n in (1, 7, 64, 65, 200):
        x = rng.standard_normal((n, 2))
        for a, b in zip(fn(x, theta), reference(x, theta)):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-13)


def same_as_numpy(outputs: list[Node], symbols: list[Node], n: int) -> None:
    rng = np.random.default_rng(2)
    values = {s: rng.uniform(0.5, 1.5, ((n,) if s.per_sample else ()) + s.shape) for s in symbols}
    for a, b in zip(eg.compile(outputs, symbols)(*values.values()), eg.evaluate(outputs, values), strict=True):
        np.testing.assert_allclose(np.broadcast_to(a, np.shape(b)), b, rtol=1e-12)


def test_a_shared_value_read_once_before_the_samples_and_again_by_each() -> None:
    p, v = eg.Symbol("p", 3, per_sample=True), eg.Symbol("v", 3)
    f = p + eg.sin(v)  # its sum over the samples reads sin(v) once, in code that comes before the samples
    same_as_numpy([eg.over_samples.sum(f), f / (1 + eg.over_samples.mean(f**2))], [p, v], 13)
    same_as_numpy([eg.over_samples.sum(f * eg.cos(v)), eg.exp(f)], [p, v], 5)


def test_totals_placed_by_a_take() -> None:
    p = eg.Symbol("p", 3, per_sample=True)
    entries = (("t", (0, 3, 3)),)
    same_as_numpy([place(eg.over_samples.sum(p**2), entries, (5,)), eg.over_samples.sum(place(eg.tanh(p), entries, (5,)))], [p], 9)
    # the gradient of a selection with a repeated element, over samples
    v = eg.Symbol("v", 4)
    same_as_numpy([eg.gradient(eg.over_samples.sum(eg.sum((v * p[0])[[1, 1, 3]] ** 2)), v)], [p, v], 9)


def test_a_total_of_a_sum_of_a_gate_that_is_read_again() -> None:
    """As gradients of causal attention have it: the sum is stored, and its total over the samples reads it there."""
    p, c = eg.Symbol("p", (3, 4), per_sample=True), eg.Symbol("c", 4, per_sample=True)
    moved = eg.sum(gate(eg.less(p.T, 1.0), eg.exp(p).T), axis=0)
    spread = eg.sum(gate(eg.less(p, 1.0), eg.broadcast_to(c, (3, 4))), axis=1)
    same_as_numpy([eg.over_samples.sum(moved), moved, eg.over_samples.sum(spread), eg.exp(spread)], [p, c], 9)


def test_a_total_of_a_product_that_is_read_again() -> None:
    p, q, A = eg.Symbol("p", 3, per_sample=True), eg.Symbol("q", 3, per_sample=True), eg.Symbol("A", (3, 3), per_sample=True)
    f = eg.outer(p, q * p[0])
    g = eg.solve(A + 3 * np.eye(3), p)  # its memory may be that of what f is made of
    same_as_numpy([eg.over_samples.sum(f), eg.over_samples.mean(f**2), g], [p, q, A], 13)


def test_code_follows_the_number_of_distinct_layers() -> None:
    """Neither width nor depth makes more code; only the tables grow."""

    def kernels(widths: list[int]) -> int:
        outputs, given = residual_gradient(widths)
        return emit(outputs, given, batch=True, single=False).source.count("\ndef k")

    # the first and the last layers have kernels of their own; what is between is repeated
    counts = [kernels([2] + [width] * depth + [1]) for width, depth in ((8, 5), (40, 5), (8, 9), (8, 20))]
    assert max(counts) - min(counts) <= 3
    assert max(counts) < 45


def test_workspace_is_bounded_by_a_block() -> None:
    outputs, given = residual_gradient([2, 16, 16, 1])
    program = emit(outputs, given, batch=True, single=False)
    assert program.rows < 2500
    deeper, given = residual_gradient([2, 16, 16, 16, 16, 1])
    assert emit(deeper, given, batch=True, single=False).rows < 2.6 * program.rows


def test_source_is_the_same_twice() -> None:
    outputs, given = residual_gradient([2, 5, 1])
    assert emit(outputs, given, batch=True, single=False).source == emit(outputs, given, batch=True, single=False).source


@pytest.mark.slow
def test_a_saved_module_runs_without_the_package(tmp_path) -> None:  # type: ignore[no-untyped-def]
    x, y = eg.symbols("x y")
    fn = eg.compile([eg.erf(x) * y, eg.stack([x, y]) ** 3], (x, y))
    fn.save(tmp_path / "evaluator.py")
    code = (
        "import sys; sys.modules['exprgraph'] = None\n"
        "import evaluator; a, b = evaluator.evaluate([0.5, 1.0], 2.0); print(repr(a.tolist()), repr(b.tolist()))"
    )
    out = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    a, b = fn(np.array([0.5, 1.0]), 2.0)
    assert out.split() == f"{a.tolist()!r} {b.tolist()!r}".split()


def test_errors_name_argument_expected_and_given() -> None:
    x = eg.Symbol("x", 2)
    fn = eg.compile(eg.sum(x), x)
    with pytest.raises(eg.ShapeError, match=r"argument 'x': expected shape \(2,\) for one sample, \(..., 2\) for a batch, got \(3,\)"):
        fn([1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match="expected 1 values"):
        fn()
    with pytest.raises(eg.DTypeError, match="complex"):
        fn([1j, 2.0])
    with pytest.raises(eg.UnboundSymbolError, match="'x' of shape"):
        eg.compile(eg.sum(x), eg.Symbol("z"))
    with pytest.raises(ValueError, match="unknown backend 'cuda'"):
        eg.compile(eg.sum(x), x, backend="cuda")


def test_results_keep_their_nesting_and_batch_axes() -> None:
    x, y = eg.symbols("x y")
    fn = eg.compile({"a": (x + y, [x * y]), "c": eg.Symbol("x") * 0 + 3}, (x, y))
    out = fn(np.ones((2, 3)), np.arange(3.0))
    assert out["a"][0].shape == out["a"][1][0].shape == out["c"].shape == (2, 3)
    assert evaluate_nodes([x + y], {x: np.ones((2, 3)), y: np.arange(3.0)})[0].tolist() == out["a"][0].tolist()
    assert np.ndim(fn(1.0, 2.0)["a"][0]) == 0
    assert fn(np.ones((0,)), 1.0)["a"][0].shape == (0,)


def test_a_compiled_function_is_pickled() -> None:
    import pickle

    x = eg.Symbol("x")
    fn = pickle.loads(pickle.dumps(eg.compile(x**2, x)))
    assert fn(3.0) == 9.0


def test_one_compiled_function_from_eight_threads() -> None:
    from concurrent.futures import ThreadPoolExecutor

    v = eg.Symbol("v", 5)
    fn = eg.compile([eg.sum(eg.tanh(v)), eg.hessian(eg.sum(eg.tanh(v) ** 2), v)], v)
    points = np.random.default_rng(0).standard_normal((8, 300, 5))
    want = [eg.evaluate(fn.equations, {v: p}) for p in points]
    with ThreadPoolExecutor(8) as pool:  # the first call, which compiles, is raced as well
        for _ in range(5):
            for got, expected in zip(pool.map(fn, points), want):
                for a, b in zip(got, expected):
                    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_a_shared_value_read_once_by_shared_code_and_once_by_samples() -> None:
    """It is stored, and not only written out where shared code reads it."""
    a, b, p = eg.Symbol("a", 3), eg.Symbol("b", 3), eg.Symbol("p", 3, per_sample=True)
    total = a + b
    e = eg.sum(total * a) + eg.sum(p * total)
    rng = np.random.default_rng(0)
    values = {a: rng.normal(size=3), b: rng.normal(size=3), p: rng.normal(size=(4, 3))}
    np.testing.assert_allclose(eg.compile(e, [a, b, p])(*values.values()), eg.evaluate(e, values), rtol=1e-13)


def test_contractions_of_many_operands_are_taken_two_by_two_smallest_first() -> None:
    a, b, c, v = eg.Symbol("a", (30, 40)), eg.Symbol("b", (40, 50)), eg.Symbol("c", (50, 20)), eg.Symbol("v", 20)
    chain = eg.einsum("ij,jk,kl,l->i", a, b, c, v)
    (split,) = pairwise([chain])
    assert eg.count_ops(split) <= 2 * (50 * 20 + 40 * 50 + 30 * 40)
    assert all(len(n.args) <= 2 for n in topological([split]))
    first = eg.einsum("l,ij,jk,kl->i", eg.Symbol("u", 20), a, b, c)  # whatever comes first
    assert eg.count_ops(pairwise([first])) == eg.count_ops(split)
    left = eg.einsum("i,ij,jk->k", eg.Symbol("w", 30), a, b)
    assert eg.count_ops(pairwise([left])) <= 2 * (30 * 40 + 40 * 50)
    # without a sum there is nothing to gain
    scaled = eg.einsum("i,j,ij->ij", eg.Symbol("w", 30), v, eg.Symbol("W", (30, 20)))
    assert pairwise([scaled]) == [scaled]
    outer = eg.einsum("i,j,k->ijk", eg.Symbol("w", 30), v, eg.Symbol("u", 20))
    assert pairwise([outer]) == [outer]
    rng = np.random.default_rng(1)
    values = {s: rng.normal(size=s.shape) for s in eg.free_symbols(chain)}
    np.testing.assert_allclose(eg.evaluate(split, values), values[a] @ values[b] @ values[c] @ values[v], rtol=1e-11)
    np.testing.assert_allclose(eg.compile(chain, list(values))(*values.values()), values[a] @ values[b] @ values[c] @ values[v], rtol=1e-11)


@pytest.mark.parametrize("single", [False, True])
def test_blocks_are_as_long_as_the_workspace_allows(single: bool) -> None:
    """Two million bytes of rows, in blocks of 128 samples or half as many, and so on down to the longest vector."""
    item, shortest = (4, 16) if single else (8, 8)
    for width, block in ((20, 128), (3000, None), (200_000, shortest)):
        p = eg.Symbol("p", (width // 2, 2), per_sample=True)  # in pairs: longer rows would be computed one sample at a time
        program = emit([eg.exp(p)], [Argument("p", ((p, 0),), p.shape, True)], batch=True, single=single)
        assert program.block in CPU.blocks and (block is None or program.block == block)
        assert program.workspace == program.rows * CPU.row_length(program.block) and program.rows >= 2 * width
        size = program.workspace * item
        assert size <= CPU.workspace or program.block == shortest
        longer = [b for b in CPU.blocks if b > program.block]
        assert all(program.rows * CPU.row_length(b) * item > CPU.workspace for b in longer)
    # rows apart by a power of two would share few sets of a cache; each begins where a vector may
    assert all(n > b and n & (n - 1) and n % 8 == 0 for b, n in ((b, CPU.row_length(b)) for b in CPU.blocks if b > 8))
    assert CPU.row_length(8) == 8


@pytest.mark.parametrize("target", [Target(blocks=(1024,), padding=0), Target(blocks=(4, 2), workspace=400), Target(blocks=(1,))])
def test_a_target_says_how_long_blocks_are_and_how_far_apart_rows(target: Target) -> None:
    p, w = eg.Symbol("p", 3, per_sample=True), eg.Symbol("w", (3, 3))
    e = [eg.tanh(w @ eg.sin(p)) * p[0], eg.over_samples.sum(eg.outer(p, w @ p))]
    given = [Argument("p", ((p, 0),), p.shape, True), Argument("w", ((w, 0),), w.shape, False)]
    program = emit(e, given, batch=True, single=False, target=target)
    assert program.block in target.blocks and program.workspace == program.rows * target.row_length(program.block)
    assert program.workspace * 8 <= target.workspace or program.block == target.blocks[-1]
    rng = np.random.default_rng(0)
    at = rng.normal(size=(7, 3)), rng.normal(size=(3, 3))
    results = [np.empty(9), np.empty(21)]
    memory = np.zeros(program.workspace), np.zeros(program.shared)
    data = SimpleNamespace(constants=program.data.constants, table=program.data.table.tolist(), steps=program.data.steps.ravel().tolist())
    Interpreter(program.loops).run([a.ravel() for a in at], results, *memory, data, 7)
    for got, want in zip(reversed(results), eg.evaluate(e, dict(zip((p, w), at)))):
        np.testing.assert_allclose(got, want.ravel(), rtol=1e-13)


def test_rows_have_room_for_the_longest_vectors() -> None:
    """Of 22,000 rows, each shorter than a vector of 16 float32, the last vectors were written behind the workspace."""
    p = eg.Symbol("p", 22_000, per_sample=True)
    at = np.linspace(-1, 1, 3 * 22_000, dtype=np.float32).reshape(3, -1)
    np.testing.assert_allclose(eg.compile(eg.tanh(p) * 2, p)(at), 2 * np.tanh(at), rtol=1e-6)


def test_memory_of_dead_values_is_used_again() -> None:
    p = eg.Symbol("p", 50, per_sample=True)
    w = eg.Symbol("w", (50, 50))
    h = p
    rows = []
    for _ in range(12):
        h = eg.tanh(w @ h)
        program = emit([h], [Argument("p", ((p, 0),), p.shape, True), Argument("w", ((w, 0),), w.shape, False)], batch=True, single=False)
        rows.append(program.rows)
    assert rows[-1] == rows[2] <= 4 * 50


def test_arguments_of_compile_that_are_wrong() -> None:
    x, y = eg.symbols("x y")
    for wrong in (2.0, 2 * x, eg.array(2.0)):
        with pytest.raises(TypeError, match=f"compile: arguments are symbols, got {re.escape(repr(wrong))}"):
            eg.compile(x, [x, wrong])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="a symbol is given twice among the arguments"):
        eg.compile(x, [x, y, x])
    with pytest.raises(ValueError, match="shared names 'y', which is not among the arguments"):
        eg.compile(x, [x], shared=[y])
    assert repr(eg.compile([x, y * 2], [x, y])) == "<compiled function of (x, y), 2 outputs, backend 'native'>"
    assert repr(eg.compile(x, x)) == "<compiled function of (x), 1 output, backend 'native'>"


def test_one_symbol_or_any_iterable_of_them_is_shared() -> None:
    """A value with a batch is then an error, in each spelling."""
    x, y = eg.symbols("x y")
    for shared in (y, [y], (s for s in [y])):
        fn = eg.compile(x * y, [x, y], shared=shared)  # type: ignore[arg-type]
        assert fn([1.0, 2.0], 3.0).tolist() == [3.0, 6.0]
        with pytest.raises(eg.ShapeError, match="argument 'y'.* which all samples share"):
            fn(1.0, [1.0, 2.0])


@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_batches_that_do_not_fit(backend: str) -> None:
    p, q = eg.Symbol("p", 2, per_sample=True), eg.Symbol("q", per_sample=True)
    fn = eg.compile(p * q, [p, q], backend=backend)  # type: ignore[call-overload]
    with pytest.raises(eg.ShapeError, match=r"argument 'q': the batch axes \(4,\) do not fit those of the others, \(3,\)"):
        fn(np.ones((3, 2)), np.ones(4))
    np.testing.assert_array_equal(fn(np.ones((3, 1, 2)), np.arange(4.0)), np.broadcast_to(np.arange(4.0)[:, None], (3, 4, 2)))


def test_what_fails_in_the_background_is_the_callers_error(monkeypatch: pytest.MonkeyPatch) -> None:
    x = eg.Symbol("x")
    fn = eg.compile(eg.sin(x), x, backend="auto")

    answered = threading.Event()

    def fails(batch: bool, single: bool) -> None:
        answered.wait(60)
        raise RuntimeError("no compiler")

    monkeypatch.setattr(fn.core, "form", fails)
    assert fn(0.5) == pytest.approx(np.sin(0.5))  # NumPy answers at once
    answered.set()
    with pytest.raises(RuntimeError, match="no compiler"):
        eg.inspect(fn).wait()
    with pytest.raises(RuntimeError, match="no compiler"):
        fn(0.5)


EINSUMS = [
    "ijl,ikl->ijk", "ijl,kjl->ik", "ijl,ljk->ik", "il,jl->ij", "il,jl->ji", "li,lj->ij", "il,l->i", "l,l->", "ij,ij->", "ijk,ijk->j",
    "ij,kl,jl->ik", "ijl,l->ji", "ij,jk,ik->k", "il,kjl->jik", "ii,ij->j", "ijj,kj->ik", "i,j->ij", "ij,j->ij", "ijk->ki", "ij,j->i",
]  # fmt: skip


@pytest.mark.one_in(18)
@pytest.mark.parametrize("formula", EINSUMS)
@pytest.mark.parametrize("lanes", ["", "0", "1", "01"])
def test_contractions_in_every_arrangement(formula: str, lanes: str) -> None:
    """Products of matrices, inner products and plain loops, with sizes that differ and leave rests; and their sums over samples."""
    given, n = formula.split("->")[0].split(","), 11
    sizes = {"i": 9, "j": 5, "k": 7, "l": 13}
    rng = np.random.default_rng(len(formula))
    symbols, values = [], []
    for k, labels in enumerate(given):
        shape = tuple(sizes[c] for c in labels)
        own = str(k) in lanes
        symbols.append(eg.Symbol(f"e{k}", shape, per_sample=own))
        values.append(rng.normal(size=((n,) if own else ()) + shape))
    left, right = formula.split("->")
    used = [s.per_sample for s in symbols]
    with_samples = ",".join(("z" if own else "") + part for own, part in zip(used, left.split(",")))
    want = np.einsum(f"{with_samples}->{'z' if any(used) else ''}{right}", *values)
    e = eg.einsum(formula, *symbols)
    outputs = [e, eg.over_samples.sum(e)] if any(used) else [e]
    got = eg.compile(outputs, symbols)(*values)
    np.testing.assert_allclose(got[0], want, rtol=1e-12, atol=1e-12)
    if any(used):
        np.testing.assert_allclose(got[1], want.sum(0), rtol=1e-11, atol=1e-11)


def test_what_is_a_product_of_matrices_is_computed_as_one() -> None:
    a, b, v = eg.Symbol("a", (9, 7)), eg.Symbol("b", (7, 5)), eg.Symbol("v", 7)
    p, q = eg.Symbol("p", 7, per_sample=True), eg.Symbol("q", 7, per_sample=True)

    def calls(e: Node, *symbols: Node) -> set[str]:
        text = eg.inspect(eg.compile(e, symbols), any(s.per_sample for s in symbols)).source
        driver = text[text.index("def k0(") :]
        return {name for name in ("product", "dots") if f" {name}(" in driver}

    assert calls(a @ b, a, b) == calls(a @ p, a, p) == calls(v @ b, v, b) == calls(a.T @ a, a) == {"product"}
    assert calls(a @ v, a, v) == calls(eg.dot(v, v), v) == calls(a @ a.T, a) == {"dots"}
    assert calls(eg.over_samples.sum(eg.outer(p, q)), p, q) == {"dots"}
    c, d = eg.Symbol("c", (4, 3, 7)), eg.Symbol("d", (3, 7, 5))  # two axes that are one in memory
    assert calls(eg.einsum("ijk,jkl->il", c, d), c, d) == {"product"}
    assert calls(eg.over_samples.sum(p), p) == calls(eg.sum(a, axis=0), a) == calls(p * q, p, q) == set()


def test_numbers_share_one_kernel_and_products_of_all_pairs_add_nothing_up() -> None:
    x, p, q = eg.Symbol("x", 6), eg.Symbol("p", 4, per_sample=True), eg.Symbol("q", 4, per_sample=True)
    numbers = [eg.sin(x[0]) * x[1], eg.exp(x[2]), x[3] ** 2 + 1, eg.cos(x[4] * x[5])]
    assert len(re.findall(r"^def k\d", eg.compile(numbers, x).source, re.M)) == 1
    text = eg.compile(eg.tanh(eg.outer(p, eg.sin(q))), (p, q)).source
    kernels = text[text.index("def k0(") : text.index("def kernel(")]
    assert "+=" not in kernels and "acc" not in kernels


def test_powers_are_products_where_they_are_short() -> None:
    x = eg.Symbol("x")

    def functions(e: Node) -> set[str]:
        text = eg.compile(e, x).source
        return {name for name in ("powi", "pow", "np.sqrt") if f"{name}(" in text[text.index("def k0(") :]}

    assert functions(x**2) == functions(x**-3) == set()
    assert functions(x**5) == functions(x**64) == {"powi"}
    assert functions(x**65) == functions(x**1.3) == functions(x**8.5) == {"pow"}
    assert functions(x**0.5) == functions(x**2.5) == {"np.sqrt"}
    assert functions(x**7.5) == {"powi", "np.sqrt"}
    for e in (2, -3, 5, 64, 65, 1.3, 8.5, 0.5, 2.5, 3.5, 7.5, -0.5, -1.5):
        for value in (0.7, 1.6):
            assert float(eg.compile(x**e, x)(value)) == pytest.approx(value**e, rel=1e-14)


@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_powers_of_zero_have_the_signs_of_pow(backend: str) -> None:
    x = eg.Symbol("x")
    exponents = [k / 2 for k in range(-17, 18) if k] + [1.3, -1.3, 9.0, -9.0]
    fn = eg.compile([x**e for e in exponents], x, backend=backend)
    for zero in (0.0, -0.0):
        with np.errstate(divide="ignore"):
            for values in (fn(zero), [v[1] for v in fn(np.array([1.0, zero]))]):
                for e, value in zip(exponents, values, strict=True):
                    want = np.power(zero, e)
                    if e == 0.5:  # IEEE 754: the root of -0.0 is -0.0
                        want = np.sqrt(zero)
                    elif e == -0.5:
                        want = 1.0 / np.sqrt(zero)
                    assert (float(value), np.signbit(value)) == (float(want), np.signbit(want)), (zero, e)


@pytest.mark.parametrize("lead", [(), (6,)])
def test_reductions_along_every_axis(lead: tuple[int, ...]) -> None:
    a = eg.Symbol("a", (2, 3, 4))
    axes = [0, 1, 2, (0, 1), (0, 2), (1, 2), None]
    outputs = [reduce(a, axis=axis) for axis in axes for reduce in (eg.max, eg.min, eg.sum)]
    value = np.random.default_rng(4).normal(size=(*lead, 2, 3, 4))
    got = iter(eg.compile(outputs, a)(value))
    n = len(lead)
    for axis in axes:
        along = tuple(k + n for k in ((0, 1, 2) if axis is None else np.atleast_1d(axis)))
        for reduce in (np.max, np.min, np.sum):
            np.testing.assert_allclose(next(got), reduce(value, axis=along), rtol=1e-14)


def test_what_a_solve_destroys_is_memory_that_is_used_again() -> None:
    a, b = eg.Symbol("a", (3, 3), per_sample=True), eg.Symbol("b", 3, per_sample=True)

    def rows(times: int) -> int:
        e = b
        for k in range(times):
            e = eg.solve(a * (1 + eg.sum(e**2)) + k, e)
        return eg.inspect(eg.compile(e, [a, b]), True).rows

    # each matrix and its copy are there for one solution only
    assert rows(3) == rows(6)


def test_sums_over_samples_of_what_they_share() -> None:
    p, v = eg.Symbol("p", 3, per_sample=True), eg.Symbol("v", 3)
    total = eg.over_samples.sum
    same_as_numpy([total(v), total(eg.sin(v)) * 2, total(p), eg.tanh(total(eg.cos(v)) + total(p))], [p, v], 7)


def test_only_float32_alone_is_computed_in_float32() -> None:
    x, y = eg.symbols("x y")
    fn = eg.compile(x * y, [x, y])
    wide, narrow = np.array([0.1]), np.array([0.1], np.float32)
    for a, b in ((wide, narrow), (narrow, wide), (wide, wide), (narrow, narrow)):
        got = fn(a, b)
        assert got.dtype == np.result_type(a, b) and got == a * b


def test_results_that_do_not_depend_on_a_batch_have_its_axes() -> None:
    x = eg.Symbol("x", 2)
    outputs = [eg.over_samples.sum(eg.array(2.0)), x * 2, eg.array(5.0), eg.zeros(2)]
    values = np.arange(6.0).reshape(3, 2)
    expected = (np.full(3, 6.0), 2 * values, np.full(3, 5.0), np.zeros((3, 2)))
    for backend in ("native", "numpy"):
        for got, want in zip(eg.compile(outputs, x, backend=backend)(values), expected):
            np.testing.assert_array_equal(got, want, strict=True)
            assert got.flags.writeable
        into = [np.full_like(want, np.nan) for want in expected]
        eg.compile(outputs, x, backend=backend)(values, out=into)
        for got, want in zip(into, expected):
            np.testing.assert_array_equal(got, want)
    p = eg.Symbol("p", 2, per_sample=True)  # with a symbol that is declared per sample, only what depends on it
    shapes = [np.shape(r) for r in eg.compile([eg.array(5.0), p * 2, eg.over_samples.sum(p)], p)(values)]
    assert shapes == [(), (3, 2), (2,)]


def test_only_sums_may_be_reordered_by_numba() -> None:
    x, w = eg.Symbol("x", 6), eg.Symbol("w", (6, 6))
    text = eg.inspect(eg.compile(eg.tanh(w @ eg.sin(x)) + eg.max(x) * x, [x, w]), False).source
    kernels = re.findall(r"^@njit\((.*)\)\ndef (k\d+)\(.*\):\n((?:    .*\n)*)", text, re.M)
    assert len(kernels) >= 4
    for options, name, body in kernels:
        adds = "acc +=" in body or "product(" in body or "dots(" in body
        assert ('"reassoc"' in options) == adds, (name, options, body)
    # elsewhere products and sums may be contracted, and nothing more
    assert set(re.findall(r"fastmath=(\{.*?\})", text)) == {'{"contract"}', '{"reassoc", "contract"}'}


def test_helpers_of_users_are_compiled_once_decorated() -> None:
    x = eg.Symbol("x")
    helpers = "def bare_helper(a):\n    return a + 1.0\n", "@njit\ndef own_helper(a):\n    return a + 2.0\n"
    e = x
    for k, (name, source) in enumerate(zip(("bare_helper", "own_helper"), helpers, strict=True)):
        f = eg.function(f"decorated_{k}", numpy=lambda a: a, derivative=lambda a: 1.0, code=f"{name}({{0}})", source=source)
        e = f(e)
    text = eg.compile(e, x).source
    decorated = r'\n\n@njit\(error_model="numpy", fastmath=(.*), forceinline=True\)\ndef (\w+)_helper\('
    assert re.findall(decorated, text) == [('{"contract"}', "bare"), ("False", "own")]  # as its own decorator says
    assert text.count("_helper(a):") == 2


def test_code_is_for_batches_of_float64_unless_something_else_is_wanted() -> None:
    x = eg.Symbol("x", 3, per_sample=True)
    fn = eg.compile(eg.tanh(x), x)
    assert eg.inspect(fn).source == eg.inspect(fn, True, np.float64).source == fn.source
    assert len({eg.inspect(fn, *kind).source for kind in ((True, np.float64), (True, np.float32), (False, np.float64))}) == 3


@pytest.mark.parametrize("per_sample", [False, True])
def test_several_results_that_only_move_elements(per_sample: bool) -> None:
    p = eg.Symbol("p", (3, 4), per_sample=per_sample)
    q = eg.tanh(p)
    outputs = [p.T, p[::-1], p[:, ::2], q.T, q[1:], eg.reshape(p, (4, 3)), eg.reshape(p.T, (2, 6)), eg.broadcast_to(p[0], (2, 4))]
    same_as_numpy(outputs, [p], 5)
    # what comes before the samples is read by them reshaped, and put into other arrays
    v, w = eg.Symbol("v", (2, 6)), eg.Symbol("w", 12)
    flat = eg.reshape(eg.sin(v), (12,))
    same_as_numpy([eg.reshape(flat * w, (3, 4)) + p, eg.reshape(flat, (3, 4)) * p, flat], [p, v, w], 5)


@pytest.mark.parametrize("per_sample", [False, True])
def test_parts_taken_beside_numbers(per_sample: bool) -> None:
    p = eg.Symbol("p", (3, 4, 5), per_sample=per_sample)
    parts = [p[1, :, [0, 3, 3]], p[[2, 0, 2], 1], p[1, [3, 0, 0], 2], p[2, 0, [4, 4, 1]], p[0, 1:, [2, 4, 0]], p[1, [3, 1, 1]]]
    slopes = [eg.jacobian(eg.sum(part**2), p) for part in parts]
    same_as_numpy([*parts, *slopes], [p], 4)


def test_numbers_have_the_type_of_the_code() -> None:
    x = eg.Symbol("x", 3, per_sample=True)
    fn = eg.compile(eg.exp(x) * 0.3 + 2.5, x)
    double, single = eg.inspect(fn).source, eg.inspect(fn, dtype=np.float32).source
    assert "R(0.3)" in single and "R(2.5)" in single and "R(0.3)" not in double
    helper = single[single.index("def exp_rest") : single.index("def k0")]
    assert re.search(r"R\(\d", helper) and not re.search(r"R\(\d", double)


def test_points_of_a_self_check_are_inside_of_most_domains() -> None:
    for k in range(20):
        values = points((7, 30), k)
        assert values.shape == (7, 30) and values.min() > 0.1 and values.max() < 0.9 and len(np.unique(values)) == 210
    assert len(np.unique([points((), k) for k in range(20)])) == 20


def test_tables_of_a_module() -> None:
    x = eg.Symbol("x", 6)
    e = x
    for k in range(9):
        e = eg.tanh(e[::-1] * (k + 1.0)) + eg.sum(e)
    program = eg.inspect(eg.compile(e, x), False)
    loaded = module.Module(program.source)
    steps = [(int(c), int(t)) for c, t in re.findall(r"\((\d+), (\d+)\)", program.source[program.source.index("STEPS = ") :])]
    assert len(steps) > 2 and loaded.steps.tolist() == [list(s) for s in steps]
    assert loaded.table.dtype == np.uint64 and loaded.constants.dtype == np.float64


def test_parts_of_parts_are_put_where_they_belong_at_once() -> None:
    x = eg.Symbol("x", 4)
    parts = [eg.stack([eg.sin(x[0]), eg.cos(x[1])]), eg.stack([x[2] * x[3], x[0] ** 2])]
    whole = eg.stack(parts)
    (program,) = [emit([whole], [Argument("x", ((x, 0),), x.shape, False)], batch=False, single=False)]
    assert program.shared == 0  # all is written into the result
    value = np.array([0.1, 0.5, 2.0, 3.0])
    want = [[np.sin(0.1), np.cos(0.5)], [6.0, 0.1**2]]
    np.testing.assert_allclose(eg.compile(whole, x)(value), want, rtol=1e-15)
    # unless a part is wanted by itself
    got = eg.compile([whole, parts[0], eg.sum(parts[1])], x)(value)
    for a, b in zip(got, (want, want[0], sum(want[1]))):
        np.testing.assert_allclose(a, b, rtol=1e-15)


@pytest.mark.slow
def test_generated_text_and_its_instructions_are_the_same_in_every_process() -> None:
    code = (
        "import exprgraph as eg\n"
        "from exprgraph.loops.print.llvm import print_program\n"
        "from exprgraph.lowering.native import machine\n"
        "x, w = eg.Symbol('x', 3, per_sample=True), eg.Symbol('w', (3, 3))\n"
        "f = eg.sqrt(eg.tanh(w @ eg.sin(x)) ** 2 + eg.floor(x)) * eg.abs(x) + eg.maximum(x, eg.exp(x)) * eg.erf(x)\n"
        "fn = eg.compile([f, eg.over_samples.mean(eg.sum(f)), eg.gradient(eg.over_samples.sum(eg.sum(f)), w)], (x, w))\n"
        "print(fn.source, print_program(fn.core.program(True).loops, machine.target(64)))\n"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COV")}
    texts = {
        subprocess.run(
            [sys.executable, "-c", code], env={**environment, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(texts) == 1 and len(texts.pop()) > 1000


def test_only_so_many_modules_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {f"source {k}": SimpleNamespace(name=f"<module {k}>") for k in range(256)}
    monkeypatch.setattr(module, "_modules", kept)
    source = eg.compile(eg.sin(eg.Symbol("x")), eg.Symbol("x")).source
    loaded = module.load_module(source)
    assert module.load_module(source) is loaded
    assert len(kept) == 256 and kept[source] is loaded
    assert "source 0" not in kept and "source 1" in kept


@pytest.mark.parametrize("per_sample", [False, True])
def test_positions_along_several_axes(per_sample: bool) -> None:
    v = eg.Symbol("v", (3, 4, 2), per_sample=per_sample)
    w = eg.Symbol("w", (3, 2), per_sample=per_sample)
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=((5,) if per_sample else ()) + s.shape) for s in (v, w))
    taken = a[..., [0, 1, 0], :][..., [2, 0, 1, 2], :, :][..., [1, 0, 0]]
    placed = np.zeros((*a.shape[:-3], 4, 3))
    for i, r in enumerate((0, 2, 0)):
        for j in range(2):
            placed[..., r, 1] += b[..., i, j]
    fn = eg.compile([v[:, [0, 1, 0]][[2, 0, 1, 2]][..., [1, 0, 0]], eg.place(w, [[0, 2, 0], [1, 1]], (4, 3))], [v, w])
    got = fn(a, b)
    np.testing.assert_array_equal(got[0], taken)
    np.testing.assert_allclose(got[1], placed, rtol=1e-14)
