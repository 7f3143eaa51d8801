"""Compiled functions in other people's code: given arrays, threads, C, Numba, SciPy, other processes, files."""

from __future__ import annotations

import ctypes
import os
import pickle
import subprocess
import sys
import tracemalloc
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

import exprgraph as eg
from symnn import Dense, SymbolicNeuralNetwork, build_nn_function

x = eg.Symbol("x", shape=(4,), per_sample=True)
W = eg.Symbol("W", shape=(6, 4))
E = {"y": eg.tanh(W @ x), "G": eg.over_samples.sum(eg.einsum("i,j->ij", eg.tanh(W @ x), x)), "m": eg.over_samples.mean(eg.sum(x))}


def _data(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, 4)), rng.standard_normal((6, 4))


def _numpy(a, w):
    y = np.tanh(a @ w.T)
    return {"y": y, "G": y.T @ a, "m": a.sum() / len(a)}


def _close(got, expected):
    for key, value in expected.items():
        np.testing.assert_allclose(got[key], value, rtol=1e-12, atol=1e-12)


# -- given arrays


@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_out(backend):
    fn = eg.compile(E, (x, W), backend=backend)
    out = {"y": np.full((9, 6), np.nan), "G": np.full((6, 4), np.nan), "m": np.full((), np.nan)}
    for seed in range(3):
        a, w = _data(9, seed)
        assert fn(a, w, out=out) is out
        _close(out, _numpy(a, w))


def test_out_of_other_kinds():
    fn = eg.compile(E, (x, W))
    a, w = _data(5)
    for _ in range(2):
        fortran = {"y": np.empty((5, 6), order="F"), "G": np.empty((12, 8))[::2, ::2], "m": np.empty(())}
        _close(fn(a, w, out=fortran), _numpy(a, w))
    single = {"y": np.empty((5, 6), np.float32), "G": np.empty((6, 4), np.float32), "m": np.empty((), np.float32)}
    np.testing.assert_allclose(fn(a, w, out=single)["y"], _numpy(a, w)["y"], rtol=1e-6)


def test_arrays_at_odd_addresses():
    fn = eg.compile(E, (x, W))
    a, w = _data(9)
    odd = np.frombuffer(b"\0" + a.tobytes(), np.uint8)[1:].view(float).reshape(a.shape)
    out = {"y": np.zeros(9 * 6 * 8 + 3, np.uint8)[3:].view(float).reshape(9, 6), "G": np.empty((6, 4)), "m": np.empty(())}
    assert not odd.flags.aligned and not out["y"].flags.aligned
    for _ in range(2):
        _close(fn(odd, w), _numpy(a, w))
        _close(fn(odd, w, out=out), _numpy(a, w))


def test_out_may_be_the_input():
    fn = eg.compile(x[::-1] + eg.sum(x), (x,))
    for n in (3, 3, 300):
        a = np.random.default_rng(n).standard_normal((n, 4))
        expected = a[:, ::-1] + a.sum(axis=1, keepdims=True)
        fn(a, out=a)
        np.testing.assert_allclose(a, expected, rtol=1e-14)


def test_out_that_does_not_fit():
    fn = eg.compile(E["y"], (x, W))
    a, w = _data(3)
    fn(a, w)
    with pytest.raises(eg.errors.ShapeError, match=r"array 0 has shape \(6, 3\), the result has \(3, 6\)"):
        fn(a, w, out=np.empty((6, 3)))
    with pytest.raises(eg.errors.ShapeError, match="expected 1 array"):
        fn(a, w, out=(np.empty((3, 6)), np.empty((3, 6))))
    with pytest.raises(eg.errors.DTypeError, match="array 0 is a str"):
        fn(a, w, out="text")
    fixed = np.empty((3, 6))
    fixed.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        fn(a, w, out=fixed)
    with pytest.raises(TypeError):
        fn(a, w, out=np.empty((3, 6), int))


def test_out_allocates_no_arrays():
    fn = eg.compile(E["y"], (x, W))
    a, w = _data(2000)
    out = np.empty((2000, 6))
    for _ in range(3):
        fn(a, w, out=out)
    tracemalloc.start()
    fn(a, w, out=out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4000  # an array of the results would be 96,000 bytes


# -- threads


@pytest.mark.parametrize("n", [1, 15, 16, 32, 33, 70, 1000, 4096])  # fewer parts than threads, too
@pytest.mark.parametrize("threads", [2, 3, 5])
def test_threads(n, threads):
    fn = eg.compile(E, (x, W), threads=threads)
    a, w = _data(n)
    first = fn(a, w)
    _close(first, _numpy(a, w))
    for _ in range(5):
        again = fn(a, w)
        assert all(np.array_equal(first[k], again[k]) for k in first)


def test_threads_with_passes_that_need_totals():
    mean = eg.over_samples.mean(x)
    spread = eg.over_samples.mean((x - mean) ** 2)
    fn = eg.compile([(x - mean) / spread**0.5, spread, eg.over_samples.sum(((x - mean) / spread**0.5) ** 3)], (x,), threads=2)
    a, _ = _data(777)
    z = (a - a.mean(0)) / a.std(0)
    for got, expected in zip(fn(a), (z, a.var(0), (z**3).sum(0))):
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-10)


def test_threads_wrong():
    for threads in (0, -1, 1.5, "2"):
        with pytest.raises(ValueError, match="threads must be a positive whole number"):
            eg.compile(x, (x,), threads=threads)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is of POSIX")
def test_threads_after_fork():
    fn = eg.compile(E, (x, W), threads=2)
    a, w = _data(500)
    expected = fn(a, w)["G"]
    child = os.fork()
    if child == 0:  # no assertion may leave the child: the answer is its exit code
        os._exit(0 if np.array_equal(fn(a, w)["G"], expected) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# -- while it compiles


def test_auto_answers_at_once_and_then_compiled():
    fn = eg.compile(E, (x, W), backend="auto")
    a, w = _data(20)
    for _ in range(200):
        _close(fn(a, w), _numpy(a, w))
        if fn._form is not None:
            break
        eg.inspect(fn).wait()
    assert fn._form is not None and fn._form.quick is not None


# -- C, Numba, SciPy


def test_ctypes():
    fn = eg.compile([E["y"], E["G"]], (x, W))
    a, w = _data(11)
    y, g = np.empty((11, 6)), np.empty((6, 4))
    program = eg.inspect(fn)
    workspace, shared = np.empty(program.workspace), np.empty(program.shared)
    pointers = ctypes.c_void_p * 2
    given, wanted = pointers(a.ctypes.data, w.ctypes.data), pointers(g.ctypes.data, y.ctypes.data)
    fn.ctypes(given, wanted, workspace.ctypes.data, shared.ctypes.data, 11)
    _close({"y": y, "G": g}, {k: v for k, v in _numpy(a, w).items() if k != "m"})
    assert fn.address == ctypes.cast(fn.ctypes, ctypes.c_void_p).value


def test_the_c_function_is_made_once():
    fn = eg.compile([E["y"], E["G"]], (x, W))
    assert fn.ctypes is fn.ctypes
    nn = SymbolicNeuralNetwork(Dense(2, 1))
    built = build_nn_function(nn.output, nn)
    assert built.ctypes is built.ctypes
    assert built.address == built.address != fn.address


@pytest.mark.parametrize("compiled_by_numba", [False, True])
@pytest.mark.slow
def test_from_numba(compiled_by_numba):
    numba = pytest.importorskip("numba")
    e = [E["y"], E["G"]]
    if compiled_by_numba:  # a loop in a helper
        source = "@njit\ndef four_times(a):\n    for _ in range(2):\n        a = a + a\n    return a\n"
        with pytest.warns(eg.NotNativeWarning):
            loops = eg.function(
                "loops_embedded", numpy=lambda a: 4 * a, derivative=lambda a: 4.0 + 0 * a, code="four_times({0})", source=source
            )
        e = [loops(x) * eg.sum(eg.sin(W)), e[1]]  # with a number that all samples share in between
    fn = eg.compile(e, (x, W))
    if compiled_by_numba:
        said = r"code of loops_embedded has parts that only Numba can compile \(a loop in line 3 of source: for .*\), and no address"
        with pytest.raises(eg.errors.CompilationError, match=said):
            _ = fn.address
    kernel, size = fn.kernel, fn.workspace_size
    a, w = _data(13)

    @numba.njit
    def twice(a, w, shared, lanes, workspace):
        for _ in range(2):
            kernel(a, w, shared, lanes, workspace, 13)
        return lanes.sum()

    g, y = np.empty(24), np.empty(13 * (4 if compiled_by_numba else 6))
    total = twice(a.ravel(), w.ravel(), g, y, np.empty(size))
    expected = _numpy(a, w)
    lanes = 4 * a * np.sin(w).sum() if compiled_by_numba else expected["y"]
    np.testing.assert_allclose(y.reshape(13, -1), lanes, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(g.reshape(6, 4), expected["G"], rtol=1e-12)
    assert total == pytest.approx(lanes.sum(), rel=1e-10)


def test_scipy_integrates_machine_code():
    integrate = pytest.importorskip("scipy.integrate")
    t, k = eg.symbols("t k")
    value, error = integrate.quad(eg.compile(eg.exp(-t * t), t).low_level_callable(), -np.inf, np.inf)
    assert value == pytest.approx(np.pi**0.5, abs=10 * error)
    value, error = integrate.nquad(eg.compile(t * k**2, (t, k)).low_level_callable(), [(0, 1), (0, 3)])
    assert value == pytest.approx(4.5)
    with pytest.raises(TypeError, match="number"):
        eg.compile([t, k], (t, k)).low_level_callable()


# -- other processes, files


def _in_process(fn):
    return fn(*_data(7))["G"]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_sent_to_other_processes(method):
    if method == "fork" and not hasattr(os, "fork"):
        pytest.skip("fork is of POSIX")
    fn = eg.compile(E, (x, W))
    expected = _in_process(fn)
    with ProcessPoolExecutor(2, mp_context=get_context(method)) as pool:
        for got in pool.map(_in_process, [fn] * 4):
            assert np.array_equal(got, expected)


def test_pickled():
    fn = pickle.loads(pickle.dumps(eg.compile(E, (x, W), threads=2)))
    assert fn.core.threads == 2
    _close(fn(*_data(40)), _numpy(*_data(40)))


@pytest.mark.slow
def test_saved_module_stands_alone_and_checks_itself(tmp_path):
    path = tmp_path / "evaluator.py"
    eg.compile([E["y"], E["G"], eg.log(eg.sum(x**2))], (x, W)).save(path)
    a, w = _data(6)
    np.savez(tmp_path / "data.npz", a=a, w=w)
    program = (
        "import sys; sys.modules['exprgraph'] = sys.modules['symnn'] = None\n"
        "import numpy as np, evaluator\n"
        "assert 0 <= evaluator.self_check() < 1e-12\n"
        "d = np.load('data.npz'); y, g, e = evaluator.evaluate(d['a'], d['w'])\n"
        "np.savez('got.npz', y=y, G=g, e=e)\n"
        "evaluator.CHECK[1][1][3] += 1e-3\n"  # result 1, expected, entry 3
        "try:\n    evaluator.self_check()\nexcept AssertionError as error:\n    print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "self-check failed" in run.stdout
    got = np.load(tmp_path / "got.npz")
    _close(got, {k: v for k, v in _numpy(a, w).items() if k != "m"})
    np.testing.assert_allclose(got["e"], np.log((a**2).sum(1)), rtol=1e-13)


def test_million_samples_in_the_memory_of_a_block():
    resource = pytest.importorskip("resource")
    fn = eg.compile(eg.over_samples.sum(eg.tanh(W @ x)), (x, W))
    a, w = _data(1_000_000)
    fn(a[:10], w)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fn(a, w)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * (1 if sys.platform == "darwin" else 1024) < 8e6  # its hidden layer alone would be 48 MB
