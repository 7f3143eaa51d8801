"""``fn.kernel``: a function for code that Numba compiles, and keeps on disk for later processes."""

from __future__ import annotations

import copy
import ctypes
import gc
import os
import pickle
import subprocess
import sys
import threading
import warnings
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.lowering.native import programs

numba = pytest.importorskip("numba")

x = eg.Symbol("x", shape=(4,), per_sample=True)
t = eg.Symbol("t", per_sample=True)
W = eg.Symbol("W", shape=(6, 4))
RNG = np.random.default_rng(0)
X, T, WV = RNG.normal(size=(9, 4)), RNG.normal(size=9), RNG.normal(size=(6, 4))


def function(scale: float = 1.0, **options: Any) -> eg.CompiledFunction:
    """Results that differ by sample, that do not, that are numbers, and that are true or false."""
    y = eg.tanh(W @ x) * scale
    return eg.compile({"y": y, "G": eg.over_samples.sum(eg.einsum("i,j->ij", y, x)), "t": t * t, "above": x > t}, (x, t, W), **options)


@numba.njit
def new(kernel, *values):
    return kernel(*values)


@numba.njit
def within(kernel, x, t, w, same, y, tt, above, workspace):
    kernel(x, t, w, same, y, tt, above, workspace, t.size)


def assert_same(got: Any, want: dict[str, Any]) -> None:
    for g, w in zip(got, want.values(), strict=True):
        assert np.shape(g) == np.shape(w) and np.asarray(g).dtype == np.asarray(w).dtype
        np.testing.assert_allclose(g, w, rtol=1e-13, atol=1e-14)


def test_numba_code_writes_into_arrays() -> None:  # the example of ``fn.kernel`` gets new ones
    fn = eg.compile(eg.sin(t), t)

    @numba.njit
    def written(kernel, x, y, workspace):
        kernel(x, y[:0], y, workspace, x.size)

    y = np.empty(9)
    written(fn.kernel, T, y, fn.workspace())
    np.testing.assert_array_equal(y, fn(T))


@pytest.mark.slow
def test_numba_code_gets_new_arrays_and_writes_into_others() -> None:
    fn = function()
    want = fn(X, T, WV)
    assert_same(new(fn.kernel, X, T, WV), want)
    same, y, tt, above = np.empty((6, 4)), np.empty((9, 6)), np.empty(9), np.empty((9, 4))
    within(fn.kernel, X, T, WV, same, y, tt, above, fn.workspace())
    assert_same((y, same, tt, above != 0), want)


@pytest.mark.slow
def test_arrays_of_other_shapes() -> None:
    fn = function()
    assert_same(fn.kernel(X[0], 2.0, WV), fn(X[0], 2.0, WV))
    for values in ((X[:0], T[:0], WV), (X, 2, WV), (X.reshape(3, 3, 4)[:, ::2], T.reshape(3, 3)[:, ::2], np.asfortranarray(WV))):
        assert_same(fn.kernel(*values), fn(*values))


@pytest.mark.slow
def test_one_expression_gives_one_array() -> None:
    fn = eg.compile(W @ x, (x, W))
    np.testing.assert_allclose(new(fn.kernel, X, WV), fn(X, WV), rtol=1e-14)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((X.astype(np.float32), T, WV), r"argument 'x': expected an array of float64, got array\(float32, 2d, C\); give a.astype"),
        ((X, T), r"takes 3 arguments \('x', 't', 'W'\) and returns new arrays, or 9: the arguments, 4 arrays for the results, a workspace"),
        ((X, T, 1.0), r"argument 'W': expected an array of shape \(6, 4\), got float64"),
        ((X, T, WV[None]), r"argument 'W': expected an array of shape \(6, 4\), got array\(float64, 3d, C\)"),
        ((X, T[None], WV), r"argument 't': expected 1 batch axes as before, got 2"),
        ((X, "a", WV), r"argument 't': expected a number, or an array of one for each sample, got unicode_type"),
        ((X[:, ::2], T, WV, X, X, T, X, T, 9), r"argument 'x': expected a contiguous array of float64, got array\(float64, 2d, A\)"),
        ((X, T, WV, X.T, X, T, X, T, 9), r"result 0, of all that are the same for all samples: expected a contiguous array of float64"),
        ((X, T, WV, X, X, T, X, 3.0, 9), r"the workspace: expected a contiguous array of float64, got float64"),
        ((X, T, WV, X, X, T, X, T, 9.0), r"the number of samples: expected a whole number, got float64"),
    ],
)
def test_types_that_do_not_fit(values: tuple[Any, ...], said: str) -> None:
    with pytest.raises(numba.core.errors.TypingError, match=said):
        function().kernel._numba_type_.get_call_type(None, tuple(map(numba.typeof, values)), {})


def test_an_array_that_may_not_be_written_to() -> None:
    types = [numba.typeof(v) for v in (X, T, WV, X, X, T, X, T, 9)]
    types[4] = types[4].copy(readonly=True)
    with pytest.raises(numba.core.errors.TypingError, match="the array for result 1: expected an array to write to"):
        function().kernel._numba_type_.get_call_type(None, tuple(types), {})


@pytest.mark.slow
def test_shapes_that_do_not_fit() -> None:
    kernel = function().kernel
    for values, said in (
        ((X[:, :3], T, WV), r"argument 'x': expected an array of shape \(4,\) or \(..., 4\)"),
        ((X, T[:4], WV), "argument 't': expected the batch axes of argument 'x'"),
        ((X, T, WV[:5]), r"argument 'W': expected an array of shape \(6, 4\)"),
    ):
        with pytest.raises(ValueError, match=said):
            kernel(*values)


def test_the_type_is_the_interface() -> None:
    kinds = [function(), function(2.0), eg.compile(x + t, (x, t)), eg.compile(x + t, (t, x)), eg.compile(x + t, (x, t), shared=())]
    first, other, one, two, three = (numba.typeof(f.kernel) for f in kinds)
    assert first is other and one is three
    assert first is not one and one is not two
    assert pickle.loads(pickle.dumps(first)) is first


# -- how long the code lives


def test_the_c_function_and_the_kernel_are_made_once_by_many_threads() -> None:
    fn = function()
    found: list[Any] = []
    start = threading.Barrier(8)

    def read() -> None:
        start.wait()
        found.append((fn.ctypes, fn.kernel))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({id(c) for c, _ in found}) == len({id(k) for _, k in found}) == 1


def forget() -> None:
    programs._modules.clear()
    gc.collect()


@pytest.mark.parametrize("kind", ["ctypes", pytest.param("kernel", marks=pytest.mark.slow)])
def test_what_was_read_keeps_the_code_alive(kind: str) -> None:
    fn = eg.compile(eg.sin(t) * 12345.0, (t,))
    want = fn(T)
    if kind == "kernel":
        kernel = fn.kernel
        del fn
        forget()
        np.testing.assert_array_equal(kernel(T), want)
        return
    call, size = fn.ctypes, fn.workspace_size
    del fn
    forget()
    out = np.empty(9)
    workspace = np.empty((2, size))
    tables = [(ctypes.c_void_p * 2)(*[a.ctypes.data for a in arrays]) for arrays in ((T, T), (out[:0], out))]
    call(*tables, workspace[0].ctypes.data, workspace[1].ctypes.data, 9)
    np.testing.assert_array_equal(out, want)


def test_nothing_keeps_the_code_when_all_are_gone() -> None:
    fn = eg.compile(eg.sin(t) * 54321.0, (t,))
    for name in ("kernel", "ctypes", "address", "interface"):
        getattr(fn, name)
    code = weakref.ref(fn.core.form(True, False).code)
    assert code() is not None
    del fn
    programs._modules.clear()  # and no collection: there are no cycles
    assert code() is None


@pytest.mark.slow
def test_a_pickle_and_a_copy_make_their_own() -> None:
    fn = function()
    want = fn(X, T, WV)
    kernel, call = fn.kernel, fn.ctypes
    for again in (pickle.loads(pickle.dumps(fn)), copy.copy(fn), copy.deepcopy(fn)):
        assert again.kernel is not kernel and again.ctypes is not call
        assert_same(again.kernel(X, T, WV), want)
    assert_same(pickle.loads(pickle.dumps(kernel))(X, T, WV), want)


@pytest.mark.slow
def test_code_with_the_kernel_as_a_global_keeps_it() -> None:
    fn = eg.compile(eg.sin(t) * 777.0, (t,))
    want = fn(T)

    def caller(kernel: Any) -> Any:
        return numba.njit(lambda a: kernel(a))

    call = caller(fn.kernel)
    call(T)
    code = weakref.ref(fn.core.form(True, False).code)
    call.py_func.__closure__[0].cell_contents = None
    del fn
    forget()
    assert code() is not None
    np.testing.assert_array_equal(call(T), want)


# -- code that Numba keeps on disk

CALLERS = """
import numba
import numpy as np

@numba.njit(cache=True)
def new(kernel, x):
    return kernel(x)

@numba.njit(cache=True)
def within(kernel, x, same, y, workspace):
    kernel(x, same, y, workspace, len(x))

@numba.njit(cache=True, parallel=True)
def divided(kernels, x):
    y = np.empty_like(x)
    for k in numba.prange(len(x)):
        y[k] = kernels[1](x[k])
    return y
"""
MAIN = """
import sys
import numpy as np
import exprgraph as eg
from callers import divided, new, within

scale, backend = float(sys.argv[1]), sys.argv[2]
t = eg.Symbol("t", per_sample=True)
fn = eg.compile(eg.sin(t) * scale, (t,), backend=backend)
x, y = np.arange(5.0), np.empty(5)
a = new(fn.kernel, x)
within(fn.kernel, x, np.empty(0), y, fn.workspace())
assert np.array_equal(divided((fn.kernel, fn.kernel), x), y)
assert np.array_equal(a, y) and np.allclose(a, np.sin(x) * scale, rtol=1e-14), (a, y)
print(sum(sum(f.stats.cache_hits.values()) for f in (new, within, divided)))
"""


def run(folder: Path, *options: str) -> str:
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "main.py", *options]
    done = subprocess.run(command, cwd=folder, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
def test_callers_are_kept_and_call_the_function_that_is_given(tmp_path: Path) -> None:
    (tmp_path / "callers.py").write_text(CALLERS)
    (tmp_path / "main.py").write_text(MAIN)
    hits = [run(tmp_path, scale, backend) for scale, backend in (("1", "native"), ("1", "native"), ("-3", "native"), ("5", "numba"))]
    assert hits == ["0", "3", "3", "3"]


GLOBALS = """
import numba, given
from given import kernel, pair

@numba.njit(cache=True)
def of_a_name(x): return kernel(x)

@numba.njit(cache=True)
def of_a_module(x): return given.kernel(x)

@numba.njit(cache=True)
def of_a_tuple(x): return pair[1](x)

@numba.njit(cache=True)
def of_a_function(x): return of_a_module(x)

@numba.njit(cache=True)
def of_a_default(x, kernel=kernel): return kernel(x)

def closed_over(kernel):
    @numba.njit(cache=True)
    def of_a_closure(x): return kernel(x)
    return of_a_closure

ALL = of_a_name, of_a_module, of_a_tuple, of_a_function, of_a_default, closed_over(kernel)
"""


@pytest.mark.slow
def test_callers_with_a_kernel_as_a_global_are_not_kept(tmp_path: Path) -> None:
    (tmp_path / "given.py").write_text(
        "import sys\nimport exprgraph as eg\n"
        't = eg.Symbol("t", per_sample=True)\n'
        "kernel = eg.compile(t * float(sys.argv[1]), (t,)).kernel\npair = kernel, kernel\n"
    )
    (tmp_path / "callers.py").write_text(GLOBALS)
    (tmp_path / "main.py").write_text(
        "import sys\nimport numpy as np\nfrom callers import ALL\n"
        "assert all(f(np.arange(3.0))[2] == 2 * float(sys.argv[1]) for f in ALL)\n"
        "print(sum(sum(f.stats.cache_hits.values()) for f in ALL))\n"
    )
    assert [run(tmp_path, "1"), run(tmp_path, "2")] == ["0", "0"]


@pytest.mark.slow
def test_numba_says_that_it_does_not_keep_such_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "callers_of_a_global.py").write_text("import numba\n\n@numba.njit(cache=True)\ndef call(x):\n    return kernel(x)\n")
    import callers_of_a_global  # type: ignore[import-not-found]

    callers_of_a_global.kernel = eg.compile(t * 2.0, (t,)).kernel
    with pytest.warns(numba.core.errors.NumbaWarning, match='Cannot cache compiled function "call" as it uses dynamic globals'):
        callers_of_a_global.call(np.arange(3.0))


@pytest.mark.slow
def test_threads_of_numba_each_with_a_workspace() -> None:
    fn = function()

    @numba.njit(parallel=True)
    def each(kernel, x, t, w, same, y, tt, above):
        for k in numba.prange(len(x)):
            kernel(x[k], t[k], w, same[k], y[k], tt[k], above[k], np.empty(kernel.workspace_size), t.shape[1])

    a, b = RNG.normal(size=(8, 9, 4)), RNG.normal(size=(8, 9))
    same, y, tt, above = np.empty((8, 6, 4)), np.empty((8, 9, 6)), np.empty((8, 9)), np.empty((8, 9, 4))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", numba.core.errors.NumbaWarning)  # of threading layers
        each(fn.kernel, a, b, WV, same, y, tt, above)
    for k in range(8):
        assert_same((y[k], same[k], tt[k], above[k] != 0), fn(a[k], b[k], WV))


# -- what C callers need to know


def test_the_interface_tells_shapes_and_the_order_of_pointers() -> None:
    fn = function()
    assert fn.interface.arguments == (("x", (4,), True), ("t", (), True), ("W", (6, 4), False))
    assert [(r.name, r.shape, r.per_sample, r.boolean, r.pointer, r.offset) for r in fn.interface.results] == [
        ("y", (6,), True, False, 1, 0), ("G", (6, 4), False, False, 0, 0), ("t", (), True, False, 2, 0), ("above", (4,), True, True, 3, 0),
    ]  # fmt: skip
    assert fn.interface.workspace == fn.workspace_size == fn.workspace().size
    both = eg.compile([eg.sum(W), W], (W,), shared=(W,)).interface.results
    assert [(r.name, r.pointer, r.offset) for r in both] == [("[0]", 0, 0), ("[1]", 0, 1)]
