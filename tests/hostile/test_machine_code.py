"""Machine code in memory: as long as anything points to it, in few mappings, with no thread in LLVM when the process ends."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.lowering.native import image, loaded, machine, pages
from exprgraph.lowering.native.layout import context
from exprgraph.lowering.native.owner import keep

ROOT = str(Path(eg.__file__).parent.parent)
x = eg.Symbol("x", 3)
t = eg.Symbol("t")
linux = pytest.mark.skipif(pages.memory() is None, reason="code lies where LLVM puts it here")


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {**os.environ, "PYTHONPATH": ROOT, "EXPRGRAPH_CACHE_DIR": "", **environment}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, env=own)


# -- lifetimes

COLLECTED = """
import gc, numpy as np, exprgraph as eg
x = eg.Symbol("x", 3)
class Model:
    def __init__(self, k, calls):
        self.me = self
        self.f = eg.compile(eg.tanh(x) * (k + .5), x, immediate=False)
        for n in range(calls):
            self.f(np.ones((2, 3)) if n % 2 else np.ones(3))
        self.quick = self.f._form.quick, self.f._form.quick_into
        self.c, self.address = self.f.ctypes, self.f.address
for k in range(4):
    m = Model(k, 1 + k % 4); del m; gc.collect()
    quick = Model(k, 2).quick; gc.collect()
    assert np.array_equal(quick[0](np.ones((2, 3))), np.tanh(np.ones((2, 3))) * (k + .5)); gc.collect()
    c = Model(k, 1).c; gc.collect()
last = Model(1, 2)
f = eg.compile(eg.tanh(x), x, immediate=False); f(np.ones(3)); f(np.ones((2, 3)))
class AtTheEnd:
    def __del__(self, f=f, a=np.ones((2, 3))): f(a)
f.end = AtTheEnd(); f.end.me = f.end
import sys; sys.modules["kept"] = last
"""


def test_a_function_that_is_collected_and_one_that_is_there_at_the_end() -> None:
    """What CPython and C read of a function is there as long as it is: freed memory is full of 0xff here."""
    done = run(COLLECTED, PYTHONMALLOC="malloc", MALLOC_PERTURB_="255")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_function_alone_keeps_its_code() -> None:
    f = eg.compile(eg.sinh(x) * 1.0625, x)
    f(np.ones(3))
    quick = f._form.quick
    assert not gc.is_tracked(quick.__self__)
    del f
    forget()
    gc.collect()
    fill()
    np.testing.assert_allclose(quick(np.ones(3)), np.sinh(1.0) * 1.0625, rtol=1e-14)


def test_c_functions_alone_keep_their_code() -> None:
    f = eg.compile(eg.sinh(t) * 1.125, t)
    c = f.ctypes
    integrate = pytest.importorskip("scipy.integrate")
    callback = f.low_level_callable()
    del f
    forget()
    gc.collect()
    fill()
    assert integrate.quad(callback, 0.0, 1.0)[0] == pytest.approx(1.125 * (np.cosh(1.0) - 1))
    assert c.keep.address


def test_code_is_neither_copied_nor_sent() -> None:
    f = eg.compile(eg.cosh(x), x)
    f(np.ones(3))
    for again in (copy.copy(f), copy.deepcopy(f), pickle.loads(pickle.dumps(f))):
        assert np.array_equal(again(np.ones(3)), f(np.ones(3)))


def test_a_function_that_is_dropped_is_freed_at_once() -> None:
    """No cycle of references holds its code until a collection."""
    gc.collect()
    gc.disable()
    try:
        for leads in ((), (5,)):
            f = eg.compile(eg.sinh(x) * 1.375, x)
            f(np.ones((*leads, 3)))
            f(np.asfortranarray(np.ones((*leads, 3))[..., ::-1]))
            assert f.address
            forget()
            last = watched(f._form.code.owner)
            del f
            assert last() is None
    finally:
        gc.enable()


class Last:
    """Something to own."""


def watched(owner: np.ndarray) -> weakref.ref[Last]:
    """A reference to one more thing that it owns."""
    last = Last()
    keep(owner, last)
    return weakref.ref(last)


def forget() -> None:
    from exprgraph.lowering.native import programs

    programs._modules.clear()


def fill() -> None:
    """Other code where there is room."""
    for k in range(3):
        eg.compile(eg.cosh(x) * (k + 0.6875), x)(np.ones(3))


# -- pages


@linux
def test_pages_are_used_again_and_never_twice() -> None:
    memory = pages._Memory()
    rng = np.random.default_rng(0)
    held: list[pages.Pages] = []
    for k in range(600):
        if held and rng.random() < 0.5:
            held.pop(rng.integers(len(held)))
        else:
            held.append(memory.take(int(rng.integers(1, 60_000))))
            held[-1].write(bytes([k % 251]) * held[-1].size)
            held[-1].mark = k % 251  # type: ignore[attr-defined]
        runs = sorted([(p.address, p.size) for p in held] + memory._free)
        assert all(a + n <= b for (a, n), (b, _) in zip(runs, runs[1:]))
    import ctypes

    for p in held:
        assert ctypes.string_at(p.address, p.size) == bytes([p.mark]) * p.size  # type: ignore[attr-defined]
    total = sum(n for _, n in memory._free) + sum(p.size for p in held)
    assert total % pages._CHUNK == 0
    held.clear()
    del p
    assert sum(n for _, n in memory._free) == total
    assert all(b != a + n for (a, n), (b, _) in zip(memory._free, memory._free[1:]))  # neighbours are one
    large = memory.take(3 * pages._CHUNK + 1)
    assert large.size > 3 * pages._CHUNK


@linux
def test_pages_given_back_in_the_middle_of_taking_some(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = pages._Memory()
    first = [memory.take(5000), memory.take(5000)]
    inner = memory._insert

    def insert(address: int, size: int) -> None:
        if first:
            first.pop()  # as a collection may do anywhere
        inner(address, size)

    monkeypatch.setattr(memory, "_insert", insert)
    p = memory.take(2 * pages._CHUNK)
    del p
    assert not memory._returned and len(memory._free) <= 2


@linux
def test_code_of_functions_shares_mappings() -> None:
    """Fifty thousand functions fit into the 65,530 mappings that Linux gives a process: a hundred take next to none."""

    def mappings() -> int:
        with open("/proc/self/maps") as f:
            return sum(1 for _ in f)

    codes = []
    inner = machine.compile_object
    try:
        machine.compile_object = lambda text: codes.append(inner(text)) or codes[-1]  # type: ignore[func-returns-value, assignment]
        os.environ["EXPRGRAPH_CACHE_DIR"], before = "", os.environ["EXPRGRAPH_CACHE_DIR"]
        eg.compile(eg.sinh(x) * 1.4375, x)(np.ones(3))
    finally:
        machine.compile_object = inner
        os.environ["EXPRGRAPH_CACHE_DIR"] = before
    data = {"CONTEXT": context(np.dtype(float))}
    start = mappings()
    in_memory = [loaded.Loaded(codes[0], data) for _ in range(500)]
    assert mappings() - start <= 20
    del in_memory[::2]
    assert mappings() - start <= 20
    in_memory += [loaded.Loaded(codes[0], data) for _ in range(500)]
    assert mappings() - start <= 30


# -- LLVM's own loader, for what this package does not read


@pytest.fixture
def by_llvm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "memory", lambda: None)
    forget()


def test_code_in_llvms_memory(by_llvm: None) -> None:
    f = eg.compile(eg.sinh(x) * 1.5625, x)
    for a in (np.ones(3), np.ones((4, 3))):
        for _ in range(2):
            np.testing.assert_allclose(f(a), np.sinh(a) * 1.5625, rtol=1e-14)
        assert f._form.quick is not None
    assert f._form.code.owner[()][0].__class__.__name__ == "ExecutionEngine"


@linux
@pytest.mark.parametrize("change", ["machine", "class", "type", "relocation", "symbol", "cut"])
def test_object_files_that_are_not_read(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "declare double @cos(double)\ndefine double @f(double %x) {\n %y = call double @cos(double %x)\n ret double %y\n}"
    code = bytearray(machine.compile_object(text))
    find = loaded._address_of
    assert image.place(bytes(code), {}, find) is not None
    if change == "machine":
        code[18] = 183
    elif change == "class":
        code[4] = 1
    elif change == "type":
        code[16] = 2
    elif change == "relocation":
        file = image.ObjectFile(bytes(code))
        ((_, table),) = file.relocations()
        at = bytes(code).index(table.tobytes())
        code[at + 8] = 42
    elif change == "cut":
        code = code[:40]
    else:
        find = {}.get  # type: ignore[assignment]
    assert image.place(bytes(code), {}, find) is None


@linux
def test_functions_of_c_that_code_calls() -> None:
    text = "declare double @cos(double)\ndefine double @f(double %x) {\n %y = call double @cos(double %x)\n ret double %y\n}"
    import ctypes

    code = loaded.Loaded(machine.compile_object(text))
    assert ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(code.address("f"))(1.0) == np.cos(1.0)
    assert code.address("g") == 0


# -- callbacks of C


def test_a_callback_with_a_large_workspace_on_a_small_stack() -> None:
    """More than a thread's stack holds, called by threads at the same time."""
    n = 200
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(n, n)) / n, rng.normal(size=n)
    f = eg.compile(eg.sum(eg.solve(eg.array(a) * t + eg.identity(n), eg.array(b))), t)
    assert eg.inspect(f, False).shared > n * n
    want = [np.linalg.solve(a * v + np.eye(n), b).sum() for v in (0.25, 1.0)]
    import ctypes

    number = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int, ctypes.POINTER(ctypes.c_double))(f.core.form(False, False).code.number)
    got: list[float] = []

    def work() -> None:
        for v in (0.25, 1.0):
            got.append(number(1, ctypes.byref(ctypes.c_double(v))))

    before = threading.stack_size(256 * 1024)  # its workspace is larger than that
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        threading.stack_size(before)
    np.testing.assert_allclose(sorted(got), sorted(4 * want), rtol=1e-11)


def test_a_callback_given_too_few_numbers() -> None:
    """It reads none beside them."""
    integrate = pytest.importorskip("scipy.integrate")
    callback = eg.compile(t * eg.Symbol("k"), (t, eg.Symbol("k"))).low_level_callable()
    assert integrate.quad(callback, 0.0, 1.0, args=(2.0,))[0] == pytest.approx(1.0)
    with pytest.warns(integrate.IntegrationWarning):
        assert np.isnan(integrate.quad(callback, 0.0, 1.0)[0])


# -- the end of a process

BACKGROUND = """
import sys, time, numpy as np, exprgraph as eg
from exprgraph.lowering.native import machine
inner = machine._emitted
def slow(text):  # many times what is compiled, all of it in LLVM
    for _ in range(int(sys.argv[1])):
        out = inner(text)
    print("compiled", flush=True)
    return out
machine._emitted = slow
x = eg.Symbol("x", 8)
e = eg.gradient(eg.sum(eg.tanh(eg.array(np.ones((8, 8))) @ eg.tanh(x)) ** 2), x)
f = eg.compile(e, x, backend="auto")
f(np.ones(8))
f(np.ones((2, 8)))
time.sleep(float(sys.argv[2]))
"""


@pytest.mark.parametrize("wait", [0.0, pytest.param(0.05, marks=pytest.mark.slow), pytest.param(0.1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("times", [1, 20])
def test_a_process_that_ends_while_code_is_compiled(wait: float, times: int) -> None:
    """No thread is in LLVM when LLVM is taken down, and none goes there."""
    own = {**os.environ, "PYTHONPATH": ROOT, "EXPRGRAPH_CACHE_DIR": ""}
    done = subprocess.run([sys.executable, "-c", BACKGROUND, str(times), str(wait)], capture_output=True, text=True, timeout=120, env=own)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("compiled") <= 2


BY_NUMBA = """
import sys, threading, time, numpy as np, exprgraph as eg
loops = eg.function("loops_at_the_end", numpy=lambda a: 4 * a, derivative=lambda a: 4.0 + 0 * a, code="four_times({0})",
    source="@njit\\ndef four_times(a):\\n    for _ in range(2):\\n        a = a + a\\n    return a\\n")
x = eg.Symbol("x", 3)
f = eg.compile(loops(x), x, immediate=False)
threading.Thread(target=f, args=(np.ones(3),), daemon=True).start()
time.sleep(float(sys.argv[1]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("wait", [0.0, 0.2, 0.8, 1.2])
def test_a_process_that_ends_while_numba_compiles(wait: float) -> None:
    own = {**os.environ, "PYTHONPATH": ROOT, "EXPRGRAPH_CACHE_DIR": ""}
    done = subprocess.run([sys.executable, "-c", BY_NUMBA, str(wait)], capture_output=True, text=True, timeout=120, env=own)
    assert done.returncode == 0 and "Error" not in done.stderr, (done.returncode, done.stderr)


AFTERWARDS = """
import atexit, threading, numpy as np

def last():  # registered before the package is imported, so called after what it does at the end
    assert np.allclose(f(np.ones(3)), np.sin(1.0))
    assert np.allclose(eg.compile(eg.cos(x) * 1.5, x, immediate=False)(np.ones(3)), 1.5 * np.cos(1.0))
    ended = []
    def other():
        try:
            eg.compile(eg.exp(x) * 1.5, x, immediate=False)(np.ones(3))
        except SystemExit:
            ended.append(1)
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    print("last", ended)

atexit.register(last)
import exprgraph as eg
x = eg.Symbol("x", 3)
f = eg.compile(eg.sin(x), x, backend="auto")
"""


def test_the_main_thread_compiles_to_the_end() -> None:
    done = run(AFTERWARDS)
    assert (done.returncode, done.stderr) == (0, "") or "can't start new thread" in done.stderr
    assert done.stdout == "last [1]\n" or "can't start new thread" in done.stderr


DAEMON = """
import threading, time, numpy as np, exprgraph as eg
x = eg.Symbol("x", 64)
f = eg.compile(eg.tanh(x) + eg.sum(eg.exp(x)), x, immediate=False)
a = np.ones((20_000, 64))
f(a[:2]); f(a[:2])
def work():
    while True:
        f(a)
for _ in range(2):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.05)
"""


def test_a_process_that_ends_while_code_runs() -> None:
    done = run(DAEMON)
    assert (done.returncode, done.stderr) == (0, "")


# -- threads of a call


def test_no_more_workspaces_than_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor than processors."""
    from exprgraph.lowering.call import memory, team

    s = eg.Symbol("s", 3, per_sample=True)
    f = eg.compile([eg.sin(s), eg.over_samples.sum(eg.exp(s))], s, threads=10_000)
    made: list[int] = []
    inner = memory.aligned
    monkeypatch.setattr(memory, "aligned", lambda size, dtype: made.append(size) or inner(size, dtype))  # type: ignore[func-returns-value]
    monkeypatch.setattr(team, "processors", lambda: 2)
    a = np.linspace(0, 1, 99).reshape(33, 3)
    for samples in (33, 20, 33, 33):
        y, total = f(a[:samples])
        np.testing.assert_allclose(total, np.exp(a[:samples]).sum(0), rtol=1e-13)
        np.testing.assert_allclose(y, np.sin(a[:samples]), rtol=1e-13)
    # results that all samples share, workspace and shared values for each seat; all totals; the same for what is not divided
    assert len(made) == 3 * 2 + 1 + 2


@linux
def test_pages_of_a_process_that_ends_are_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function may outlive the modules: what it would give back its pages with is gone, and nothing is said."""
    held = pages._Memory()
    mine = held.take(100)
    monkeypatch.setattr(pages, "placing", None)
    monkeypatch.setattr(sys, "is_finalizing", lambda: True)
    held.give_back(mine.address, mine.size)
    assert not held._returned
