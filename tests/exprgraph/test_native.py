"""Machine code of loop programs: what is vector code, what is left to Numba, what a call checks."""

from __future__ import annotations

import ast
import ctypes
import re
import sys
import threading
import tracemalloc
import warnings
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.loops import library
from exprgraph.loops.print.llvm import LLVMTarget, statements
from exprgraph.loops.print.llvm.expressions import Functions
from exprgraph.lowering.call import form
from exprgraph.lowering.native import entry, layout, machine, programs, spare
from exprgraph.meaning.evaluate import evaluate

x = eg.Symbol("x", shape=(5,), per_sample=True)
W = eg.Symbol("W", shape=(7, 5))
V = eg.Symbol("V", shape=(7, 7))


def _text(e, *symbols, batch=True, single=False):
    return eg.inspect(eg.compile(e, symbols), batch, np.float32 if single else float).llvm


def _sections(assembly):
    """The code of each function."""
    parts = re.split(r"^([A-Za-z_][\w.]*):.*$", assembly, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


@pytest.mark.skipif("x86_64" not in machine.host()[0], reason="reads x86 instructions")
@pytest.mark.parametrize(
    ("e", "symbols", "instruction"),
    [
        (eg.tanh(x) + eg.exp(x) * eg.sigmoid(x), (x,), r"vf?n?madd\w*pd"),
        (eg.sin(x) * eg.cos(x) + eg.erf(x) + eg.log(x), (x,), r"vf?n?madd\w*pd"),
        (W @ x, (x, W), r"vfmadd\w*pd"),
        (eg.over_samples.sum(eg.einsum("i,j->ij", x, eg.tanh(x))), (x,), r"vfmadd\w*pd"),
        (eg.over_samples.sum(x), (x,), r"vaddpd"),
        (eg.maximum(x, 0.5 * x), (x,), r"vcmp\w*pd|vmaxpd"),
    ],
    ids=["elementwise", "functions", "product", "dots", "total", "select"],
)  # fmt: skip
def test_every_kind_of_kernel_is_vector_code(e, symbols, instruction):
    sections = _sections(machine.assembly(_text(e, *symbols)))
    vectors = {name for name, code in sections.items() if re.search(rf"({instruction}).*[yz]mm", code)}
    assert vectors, sorted(sections)


@pytest.mark.parametrize("single", [False, True])
def test_no_call_of_the_library_on_lanes(single):
    names = "tanh sigmoid exp log log1p expm1 softplus erf erfc gelu silu sinh cosh atan".split()
    e = eg.stack([getattr(eg, name)(x) for name in names])
    text = _text(e, x, single=single)
    called = set(re.findall(r"call (?:double|float) @([a-z]\w*)\(", text))
    assert not called


def test_tanh_and_its_derivative_share_their_exponential():
    t = eg.tanh(x)
    both = eg.stack([t, eg.tanh_prime(x)])
    count = [len(re.findall(r"fmul|fadd|fsub|fdiv", _text(e, x))) for e in (t, both)]
    assert count[1] < 1.5 * count[0]


@pytest.mark.slow
def test_helpers_only_numba_can_compile():
    source = "@njit\ndef eight_times(a):\n    for _ in range(3):\n        a = a + a\n    return a\n"
    with pytest.warns(eg.NotNativeWarning):
        row = eg.function(
            "loops_native", numpy=lambda a: 8 * a, derivative=lambda a: 8.0 + 0 * a, code="eight_times({0})", source=source
        )
    fn = eg.compile(row(x), (x,))
    with pytest.raises(eg.CompilationError, match=r"loops_native, which only Numba compiles: a loop in line 3 of source"):
        _text(row(x), x)
    value = np.linspace(-1, 1, 10).reshape(2, 5)
    assert np.array_equal(fn(value), 8 * value)


def test_generated_source_is_valid_python():
    source = eg.compile(eg.tanh(W @ x), (x, W)).source
    assert {d.name for d in ast.parse(source).body if isinstance(d, ast.FunctionDef)} >= {"kernel", "product", "tanh"}


@pytest.mark.parametrize("n", [0, 1, 2, 7, 8, 9, 63, 64, 65, 200])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_every_batch_size(n, dtype):
    e = [eg.tanh(V @ eg.sin(W @ x)), eg.over_samples.sum(eg.einsum("i,j->ij", W @ x, x)), eg.over_samples.mean(eg.sum(x))]
    rng = np.random.default_rng(n)
    values = {s: rng.standard_normal(shape).astype(dtype) for s, shape in ((x, (n, 5)), (W, (7, 5)), (V, (7, 7)))}
    fn = eg.compile(e, (x, W, V))
    for _ in range(2):  # the second call is answered in one step
        got = fn(values[x], values[W], values[V])
        for g, r in zip(got, evaluate(e, values)):
            assert g.dtype == dtype
            np.testing.assert_allclose(g, r, rtol=1e-13 if dtype is np.float64 else 2e-5, atol=1e-14 if dtype is np.float64 else 2e-5)


class _Sub(np.ndarray):
    pass


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a[:, ::-1][:, ::-1],
        lambda a: np.asfortranarray(a),
        lambda a: a.astype(np.float32),
        lambda a: a.astype(">f8"),
        lambda a: np.repeat(a, 2, axis=1)[:, ::2],
        lambda a: a.tolist(),
        lambda a: a.view(_Sub),
        lambda a: np.frombuffer(b"\0" + a.tobytes(), np.uint8)[1:].view(np.float64).reshape(a.shape),
        lambda a: a[:1],
        lambda a: a[0],
        lambda a: np.stack([a, a]),
    ],
    ids=["views", "fortran", "float32", "swapped", "strided", "list", "subclass", "unaligned", "fewer", "one", "more-axes"],
)  # fmt: skip
def test_input_of_any_kind_after_a_common_call(change):
    fn = eg.compile(eg.sin(x), (x,))
    a = np.linspace(-2, 2, 15).reshape(3, 5)
    fn(a)
    given = change(a)
    np.testing.assert_allclose(fn(given), np.sin(np.asarray(given, dtype=float)), rtol=1e-6)


def test_wrong_calls_after_a_common_one_are_errors():
    fn = eg.compile(W @ x, (x, W))
    fn(np.zeros((3, 5)), np.zeros((7, 5)))
    for values in ((np.zeros((3, 4)), np.zeros((7, 5))), (np.zeros((3, 5)), np.zeros((5, 7))), (np.zeros(5),), (None, None), ()):
        with pytest.raises((eg.errors.ShapeError, TypeError)):
            fn(*values)


@pytest.mark.parametrize("shape", [(1,), (3,), (2, 2)])
def test_a_number_for_an_array_is_an_error(shape):
    v, c = eg.Symbol("v", shape), eg.Symbol("c")
    fn = eg.compile(v * c, (v, c))
    for _ in range(2):
        np.testing.assert_array_equal(fn(np.ones(shape), 2.0), np.full(shape, 2.0))
        for number in (3.0, np.float64(3.0), np.array(3.0), 3):
            with pytest.raises(eg.errors.ShapeError, match="'v'"):
                fn(number, 2.0)


def test_numbers_as_arguments():
    a, b = eg.symbols("a b")
    fn = eg.compile([a * b, a - b], (a, b))
    for values in ((2.0, 3.0), (2, 3), (np.float64(2), 3.0), (np.array(2.0), np.float32(3)), (True, 3.0)):
        for _ in range(2):
            product, difference = fn(*values)
            assert (product, difference) == (float(values[0]) * float(values[1]), float(values[0]) - float(values[1]))
            assert isinstance(product, np.float64)


def test_arrays_lie_in_memory_as_the_code_takes_them_to():
    assert layout.as_expected() == (sys.implementation.name == "cpython")


def test_arrays_of_another_make_are_not_as_expected(monkeypatch):
    class Other(np.ndarray):
        pass

    monkeypatch.setattr(layout.np, "zeros", lambda *a: np.empty(*a).view(Other))
    assert not layout.as_expected.__wrapped__()


def test_a_function_of_numbers_has_the_memory_it_needs():
    a, b = eg.symbols("a b")
    fn = eg.compile(eg.solve(eg.stack([[a, b], [1.0, a + b]]), eg.stack([eg.sin(a), eg.cos(b)]))[0], (a, b))
    program = fn.core.program(False, False)
    assert program.shared > 4  # the system and its right-hand side
    for workspace, shared in ((program.workspace, program.shared), (5, 40), (40, 5)):
        call = entry.CallType((((), False), ((), False)), (((), False),), workspace, shared, False, 64)
        text = entry.entry(call)
        number = text[text.index("define double @number") :]
        (size,) = re.findall(r"alloca \[(.*) x i8\]", number)
        assert int(size) >= 8 * (workspace + shared)
        assert f"i64 {8 * workspace}\n" in number  # where the shared values begin


ANSWERED = {
    "samples": ([2 * x, W @ x], (x, W), True),
    "samples and totals": ([2 * x, eg.over_samples.sum(x), eg.over_samples.mean(x[0])], (x, W), True),
    "one total": ([eg.over_samples.sum(x)], (x,), True),
    "one sample": ([V @ W, eg.sum(W)], (W, V), False),
    "one number": ([eg.sum(W)], (W,), False),
    "much memory": ([eg.tanh(eg.Symbol("big", (200, 200))) * 2], (eg.Symbol("big", (200, 200)),), False),
}


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="calls are answered in one step where arrays lie as in CPython")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ANSWERED)
def test_common_calls_are_answered_in_one_step(name, dtype):
    outputs, symbols, batch = ANSWERED[name]
    fn = eg.compile(outputs, symbols)
    rng = np.random.default_rng(0)
    values = [rng.standard_normal(((6,) if s.per_sample else ()) + s.shape).astype(dtype) for s in symbols]
    want = eg.evaluate(outputs, dict(zip(symbols, [v.astype(float) for v in values])))
    form = fn.core.form(batch, dtype is np.float32)
    got = form.quick(*values)
    got = got if isinstance(got, tuple) else (got,)
    into = [np.full(np.shape(w), 7.0, dtype) for w in want]
    assert form.quick_into(*values, *into) is True
    for a, b, w in zip(got, into, want):
        assert a.dtype == dtype and isinstance(a, np.ndarray if np.ndim(w) else dtype)
        for r in (a, b):
            np.testing.assert_allclose(r, w, rtol=1e-12 if dtype is np.float64 else 1e-4, atol=1e-5 if dtype is np.float32 else 1e-13)


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="calls are answered in one step where arrays lie as in CPython")
def test_what_is_not_common_is_left_to_python():
    fn = eg.compile([W @ x, eg.over_samples.sum(x)], (x, W))
    form = fn.core.form(True, False)
    a, w = np.ones((4, 5)), np.ones((7, 5))
    wrong = [
        (a[:, ::-1], w), (a.astype(np.float32), w), (a.tolist(), w), (a[0], w), (a[None], w), (a, w.T), (a, w[:6]),
        (a, np.asfortranarray(w)), (a.view(_Sub), w), (a,), (a, w, w), (None, w), (1.0, w),
    ]  # fmt: skip
    for values in wrong:
        assert form.quick(*values) is None, values
    assert form.quick(a, w) is not None

    def outs():
        return [np.zeros((4, 7)), np.zeros(5)]

    shape = (4, 7)
    bad = [np.zeros((3, 7)), np.zeros(shape, np.float32), np.zeros(shape, order="F"), np.zeros(28), None, np.zeros(shape).view(_Sub)]
    fixed = np.zeros((4, 7))
    fixed.flags.writeable = False
    for first in (*bad, fixed):
        second = np.zeros(5)
        assert form.quick_into(a, w, first, second) is None
        assert not second.any()
    assert not fixed.any()
    given = outs()
    assert form.quick_into(a, w, *given) is True and given[0].all() and given[1].all()


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="calls are answered in one step where arrays lie as in CPython")
def test_results_in_memory_of_others_are_left_to_python():
    v = eg.Symbol("v", shape=4)
    fn = eg.compile((v[::-1] + 1, 2 * v), v, shared=v)
    a, memory = np.arange(4.0), np.zeros(12)
    form = fn.core.form(False, False)
    assert form.sees_overlaps
    assert form.quick_into(a, memory[:4], memory[4:8]) is True and memory.any()
    memory[:4] = a
    for first, second in ((memory[:4], memory[4:8]), (memory[4:8], memory[1:5]), (memory[4:8], memory[5:9]), (memory[4:8], memory[4:8])):
        assert form.quick_into(memory[:4], first, second) is None
    assert fn(memory[:4], out=(memory[2:6], memory[8:])) and list(memory[2:6]) == [4, 3, 2, 1] and list(memory[8:]) == [0, 2, 4, 6]


def test_callers_of_one_address_get_results_one_after_another():
    v = eg.Symbol("v", shape=3)
    fn = eg.compile({"f": eg.sum(v), "g": 2 * v, "again": 2 * v, "none": v[:0]}, v, shared=v)
    got, (values, results) = fn(np.arange(3.0)), (np.arange(3.0), np.zeros(7))
    one = ctypes.c_void_p * 1
    fn.ctypes(one(values.ctypes.data), one(results.ctypes.data), fn.workspace().ctypes.data, fn.workspace().ctypes.data, 1)
    assert list(results) == [3, 0, 2, 4, 0, 2, 4] == [got["f"], *got["g"], *got["again"]]
    assert [r.offset for r in fn.interface.results] == [0, 1, 4, 7]


def test_the_key_of_code_has_the_places_of_results():
    v = eg.Symbol("v", shape=5)
    one, other = (eg.compile((2 * v[:k], 2 * v[k:]), v, shared=v).core.program(False) for k in (2, 3))
    assert one.own == other.own and one.offsets == (0, 2) and one.key != other.key


@pytest.mark.slow
def test_numba_writes_results_apart_too():
    v = eg.Symbol("v", shape=3)
    fn = eg.compile((eg.sum(v), 2 * v), v, shared=v, backend="numba")
    total, twice = fn(np.arange(3.0))
    assert total == 3 and list(twice) == [0, 2, 4]
    results = np.zeros(4)
    fn.kernel(np.arange(3.0), results, fn.workspace(), 1)
    assert list(results) == [3, 0, 2, 4]


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="calls are answered in one step where arrays lie as in CPython")
def test_numbers_are_answered_in_one_step():
    a, b = eg.symbols("a b")
    form = eg.compile([a * b, a - b], (a, b)).core.form(False, False)
    for values in ((2.0, 3.0), (np.float64(2), 3.0), (np.array(2.0), 3.0)):
        assert form.quick(*values) == (6.0, -1.0)
        assert all(type(r) is np.float64 for r in form.quick(*values))
    for values in ((2, 3.0), (True, 3.0), (np.float32(2), 3.0), ("2", 3.0), (2.0 + 0j, 3.0)):
        assert form.quick(*values) is None


@pytest.mark.parametrize("single", [False, True])
def test_neighbours_of_one_sample_are_vectors(single):
    """Without samples, the innermost loop over neighbouring elements becomes vectors, and the rest of it."""
    v, w = eg.Symbol("v", 37), eg.Symbol("w", (11, 37))
    for e in (eg.tanh(v) * 2 + v, w + eg.sin(v), w @ eg.exp(v)):
        text = _text(e, v, w, batch=False, single=single)
        kernels = text[text.index("@k0") :]
        assert re.search(r"load <\d+ x (double|float)>|@llvm.masked.load", kernels), e
    scattered = _text(w[:, 3] + w[:, 5], v, w, batch=False, single=single)
    assert not re.search(r"= fadd \w* ?<\d+ x", scattered)


def test_results_are_arrays_of_their_own():
    fn = eg.compile([2 * x, 3 * x], (x,))
    first = fn(np.ones((4, 5)))
    second = fn(np.zeros((4, 5)))
    results = (*first, *second)
    assert all(r.flags.writeable for r in results)
    assert not any(np.shares_memory(a, b) for k, a in enumerate(results) for b in results[:k])
    assert np.all(first[0] == 2) and np.all(second[1] == 0)


def test_the_interpreter_runs_while_a_kernel_does():
    fn = eg.compile(eg.sum(eg.tanh(V @ eg.tanh(W @ x))), (x, W, V))
    rng = np.random.default_rng(0)
    data = rng.standard_normal((400_000, 5)), rng.standard_normal((7, 5)), rng.standard_normal((7, 7))
    fn(data[0][:10], *data[1:])
    done, ticks = threading.Event(), []

    def work():
        for _ in range(3):
            fn(*data)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not done.is_set():
        ticks.append(0)
    thread.join()
    assert len(ticks) > 1000


def test_only_during_brief_calls_other_threads_wait(monkeypatch):
    made = []
    monkeypatch.setattr(form, "CallType", lambda *given: made.append(entry.CallType(*given)) or made[-1])
    large = eg.Symbol("large", shape=(80, 80))
    for f, x in ((eg.sin(W[0, 0]), W), (large.T, large), (eg.sum(large.T * large), large), (eg.concatenate([large, large])[0], large)):
        eg.compile(f, x)(np.ones(x.shape))
    assert [call.brief for call in made] == [True, False, False, True]


def test_many_results_and_much_workspace_are_given_back():
    big = eg.Symbol("big", shape=(300, 300))
    fn = eg.compile({"a": eg.tanh(big) @ big, "b": eg.sum(big), "c": big.T}, (big,))
    value = np.random.default_rng(1).standard_normal((300, 300))
    for _ in range(3):
        got = fn(value)
    np.testing.assert_allclose(got["a"], np.tanh(value) @ value, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(got["b"], value.sum(), rtol=1e-10)
    assert np.array_equal(got["c"], value.T)


@pytest.mark.parametrize("several", [False, True])
def test_no_memory_for_the_results_is_an_error(several):
    x = eg.Symbol("x", shape=(1,))
    large = eg.broadcast_to(eg.sin(x), (1 << 44,))
    f = eg.compile((large, x[0]) if several else large, x)
    for _ in range(2):
        with pytest.raises(MemoryError, match="Unable to allocate"):
            f(np.ones(1))


def test_no_memory_for_one_of_several_results_gives_the_others_back():
    s = eg.Symbol("s", per_sample=True)
    fn = eg.compile((s + 1.0, s - 1.0, eg.broadcast_to(s * 2.0, (1 << 20,))), s)
    assert [a.shape for a in fn(np.zeros(2))] == [(2,), (2,), (2, 1 << 20)]
    given = np.zeros(1 << 24)
    tracemalloc.start()
    try:
        for _ in range(10):
            with pytest.raises(MemoryError, match="Unable to allocate"):
                fn(given)
        # NumPy tells tracemalloc of the array of 2**47 bytes that it did not get
        assert tracemalloc.get_traced_memory()[0] % (1 << 47) < 1e6  # lost, they would be 1.3 GB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("threads", [1, 2])
def test_equal_calls_give_equal_bits(threads):
    W = eg.Symbol("W", shape=(5, 5))
    loss = eg.over_samples.mean(eg.sum(eg.tanh(W @ x) ** 2))
    outputs = {"loss": loss, "gradient": eg.gradient(loss, W), "each": eg.exp(W @ x) / 3}
    fn = eg.compile(outputs, (x, W), threads=threads)
    again = eg.compile(outputs, (x, W), threads=threads)
    rng = np.random.default_rng(0)
    for n in (1, 7, 128, 1000, 5001):
        given = rng.standard_normal((n, 5)), rng.standard_normal((5, 5))
        first = fn(*given)
        for other in (fn(*given), again(*given), fn(*(a.copy() for a in given))):
            for name, value in first.items():
                assert np.array_equal(value, other[name])


def test_the_text_of_a_call_grows_with_the_results():
    # a function of 240 scalars took half a minute to compile: each result's failure let go of all before it
    sizes = [len(entry.entry(entry.CallType((((), False),), (((), False),) * n, 0, 0, False, 64))) for n in (100, 200, 400)]
    assert sizes[2] < 2.1 * sizes[1] < 2.1**2 * sizes[0]


FEATURES = {
    "avx512": ("x86_64-unknown-linux-gnu", "+fma,+avx2,+avx512f,+avx512vl,+avx512dq", 512, 32),
    "avx512 in part": ("x86_64-unknown-linux-gnu", "+fma,+avx2,+avx512f", 256, 16),
    "avx2": ("x86_64-unknown-linux-gnu", "-avx512f,+avx2,+fma", 256, 16),
    "older": ("x86_64-unknown-linux-gnu", "+sse2", 128, 16),
    "arm": ("aarch64-unknown-linux-gnu", "+neon", 256, 16),
    "apple": ("arm64-apple-darwin", "+neon", 256, 16),
}


@pytest.mark.parametrize("name", FEATURES)
@pytest.mark.parametrize("bits", [64, 32])
def test_vectors_of_a_machine(name, bits, monkeypatch):
    triple, features, width, registers = FEATURES[name]
    monkeypatch.setattr(machine, "host", lambda: (triple, "cpu", features))
    partial = name.startswith("avx")
    assert machine.target(bits) == LLVMTarget(width // bits, bits, registers, partial=partial, fuses=name != "older")


@pytest.mark.parametrize("name", ["product", "dots"])
@pytest.mark.parametrize(("lanes", "registers"), [(8, 32), (4, 16), (4, 32)])
def test_tiles_stay_in_registers(name, lanes, registers):
    """Sums of a tile, what they are made of, and one number in all lanes: no more than there are registers, and not few."""
    text = statements.procedure(Functions((), LLVMTarget(lanes, 64, registers)), library.procedure(name))
    blocks = re.split(r"^\w+:\n", text, flags=re.M)
    sums = [len(re.findall(rf"phi <{lanes} x double>", b)) for b in blocks]
    loads = [len(re.findall(rf"load <{lanes} x double>", b)) for b in blocks]
    assert registers // 2 <= max(sums) <= registers - 4
    assert all(s + n + 1 <= registers for s, n in zip(sums, loads))


@pytest.mark.one_in(4)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("registers", [16, 32])
def test_narrow_vectors_give_the_same(dtype, registers, monkeypatch, tmp_path):
    """As on a machine with vectors of 256 bits and fewer registers."""
    monkeypatch.setenv("EXPRGRAPH_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(machine, "target", lambda bits: LLVMTarget(256 // bits, bits, registers))
    monkeypatch.setattr(programs, "_modules", OrderedDict())
    rng = np.random.default_rng(0)
    for n, m, k in ((1, 1, 1), (3, 5, 2), (8, 9, 7), (17, 13, 33)):
        a, b, p = eg.Symbol("a", (n, k)), eg.Symbol("b", (k, m)), eg.Symbol("p", k, per_sample=True)
        given = [(a, (n, k)), (b, (k, m)), (p, (19, k))]
        values = {s: rng.standard_normal(shape).astype(dtype) for s, shape in given}
        for outputs in ([a @ b, eg.tanh(a) @ eg.sin(b), a.T @ eg.exp(a)], [a @ p, eg.over_samples.sum(eg.outer(p, eg.sin(p)))]):
            symbols = eg.free_symbols(outputs)
            got = eg.compile(outputs, symbols)(*[values[s] for s in symbols])
            for g, w in zip(got, eg.evaluate(outputs, {s: v.astype(float) for s, v in values.items()})):
                tolerance = 1e-12 if dtype is np.float64 else 2e-4
                np.testing.assert_allclose(g, w, rtol=tolerance, atol=tolerance)


def test_a_batch_is_answered_at_once_where_no_symbol_is_declared_by_sample(monkeypatch):
    a, b = eg.symbols("a b")
    fn = eg.compile([eg.sin(a) * b, eg.exp(b)], [a, b])
    one = eg.compile([eg.sin(a) * b, eg.array(2.0)], [a, b])
    given = np.linspace(0, 1, 50), np.linspace(1, 2, 50)
    first = fn(*given), one(*given)
    assert [r.shape for r in first[1]] == [(50,), (50,)]  # the number too
    monkeypatch.setattr(fn.core, "answer", None)
    again = fn(*given), one(*given)
    assert all(np.array_equal(x, y) for x, y in zip(first[0] + first[1], again[0] + again[1]))


def test_numbers_too_large_for_float32_are_infinite_there_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fn = eg.compile(eg.sum(x) * 1e300, x)
        assert fn(np.full(5, 0.5, np.float32)) == np.inf
        assert fn(np.full(5, 0.5)) == 2.5e300


def test_results_go_into_arrays_of_their_shape_only():
    s = eg.Symbol("s", 3)
    fn = eg.compile([eg.sin(s), eg.outer(s, s)], s)
    value = np.ones(3)
    good = [np.empty(3), np.empty((3, 3))]
    for _ in range(2):
        fn(value, out=good)
    for first, second in [((3, 1), (3, 3)), ((1, 3), (3, 3)), ((), (3, 3)), ((3,), (3,)), ((3,), (9,)), ((3,), (3, 3, 1)), ((4,), (3, 3))]:
        with pytest.raises(eg.ShapeError, match="out: array"):
            fn(value, out=[np.empty(first), np.empty(second)])


def test_results_into_arrays_that_overlap_arguments_or_are_in_another_order():
    p = eg.Symbol("p", 4, per_sample=True)
    outputs = [p + p[::-1], p * 2, eg.over_samples.sum(p)]
    for threads in (1, 2):
        fn = eg.compile(outputs, p, threads=threads)
        memory = np.random.default_rng(0).standard_normal((604, 4))
        for first, second in ((0, 0), (0, 1), (0, 3), (1, 0), (3, 0)):
            for _ in range(2):
                buffer = memory.copy()
                given, into = buffer[first : 600 + first], buffer[second : 600 + second]
                want = given + given[:, ::-1], given * 2, given.sum(0)
                out = [into, np.empty((600, 4)), np.empty(4)]
                fn(given, out=out)
                for got, expected in zip(out, want):
                    np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-13)
        fortran = [np.empty((64, 4), order="F"), np.empty((128, 4))[::2], np.empty(8)[::2]]
        fn(memory[:64], out=fortran)
        for got, expected in zip(fortran, (memory[:64] + memory[:64, ::-1], memory[:64] * 2, memory[:64].sum(0))):
            np.testing.assert_allclose(got, expected, rtol=1e-14, atol=1e-14)


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="references are counted in CPython")
def test_calls_keep_the_count_of_references():
    s = eg.Symbol("s", 3)
    many = eg.compile([eg.sin(s), eg.sum(s), eg.outer(s, s)], s)
    value = np.ones(3)
    into = [np.empty(3), np.empty(()), np.empty((3, 3))]
    kept = [np.dtype(np.float64), None, True, np.ndarray, np.float64, value, *into]
    many(value), many(value, out=into), many(1 * value)
    before = [sys.getrefcount(k) for k in kept]
    for _ in range(1000):
        many(value)
        many(value, out=into)
    for count, k in zip(before, kept):
        assert abs(sys.getrefcount(k) - count) < 500, k


def test_a_function_of_users_in_shared_code_and_for_samples():
    from exprgraph.testing import temporary_functions

    with temporary_functions():
        body = "\n".join(f"    a = a * 0.5 + {k}.0 * a * a" for k in range(12))
        f = eg.function(
            "often_used", numpy=lambda a: _often(a), derivative=None, code="often_used({0})",
            source=f"@njit\ndef often_used(a):\n{body}\n    return a\n",
        )  # fmt: skip
        w = eg.Symbol("w", 5)
        e = [sum(f(x * k) for k in range(1, 9)), sum(f(w * k) for k in range(1, 9))]
        xs, ws = np.random.default_rng(1).uniform(0, 0.05, (2, 40, 5))
        got = eg.compile(e, (x, w))(xs, ws[0])
        np.testing.assert_allclose(got[0], sum(_often(xs * k) for k in range(1, 9)), rtol=1e-12)
        np.testing.assert_allclose(got[1], sum(_often(ws[0] * k) for k in range(1, 9)), rtol=1e-12)


def _often(a):
    for k in range(12):
        a = a * 0.5 + float(k) * a * a
    return a


@pytest.mark.slow
def test_a_large_workspace_is_kept_for_the_next_call() -> None:
    """Page faults would take several times as long as the computation; calls in threads have a workspace each."""
    X = eg.Symbol("X", (550, 550, 8))
    fn = eg.compile(eg.sum(eg.tanh(eg.sin(X) @ np.full((8, 8), 0.1)), axis=(0, 1)), X)
    values = [np.random.default_rng(k).normal(size=X.shape) for k in range(3)]
    expected = [np.tanh(np.sin(v) @ np.full((8, 8), 0.1)).sum((0, 1)) for v in values]
    assert 8 * fn.core.program(batch=False).shared > spare.KEPT
    with ThreadPoolExecutor(3) as pool:
        for _ in range(3):
            for found, known in zip(pool.map(fn, values), expected):
                np.testing.assert_allclose(found, known, rtol=1e-10)
    resource = pytest.importorskip("resource", reason="counts page faults where the system does")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        fn(values[0])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 5000  # there would be 10,000 a call
