"""Saved modules: how they start, that every way gives the definition's values, and what damage does."""

from __future__ import annotations

import importlib.util
import os
import pickle
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.functions import code
from exprgraph.loops.library import names
from exprgraph.lowering.native.image import ObjectFile
from exprgraph.lowering.native.others import object_for
from exprgraph.lowering.save import module as saved_module
from exprgraph.lowering.save import quick_forms

x, W, c = eg.Symbol("x", 3, per_sample=True), eg.Symbol("W", (4, 3)), eg.Symbol("c", per_sample=True)
H = eg.tanh(W @ x) * eg.exp(c)
FN = eg.compile({"h": H, "total": eg.over_samples.sum(H), "w": eg.sin(W), "slope": eg.gradient(eg.sum(H), x)}, (x, W, c))
DATA = np.linspace(-1, 1, 27).reshape(9, 3), np.linspace(-0.7, 0.9, 12).reshape(4, 3), np.linspace(0.1, 0.4, 9)
FORMS = ("x86-64-v4", "x86-64-v3", "llvm")


def module_of(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "evaluator.py"
    FN.save(path)
    return path


@pytest.fixture
def module(file: Path) -> ModuleType:
    return module_of(file)


@pytest.fixture
def definition_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quick forms are left out, which LLVM makes in tenths of a second."""
    monkeypatch.setattr(saved_module, "forms", lambda program: {})


def close(got: list[np.ndarray], rtol: float = 1e-13) -> None:
    for g, w in zip(got, FN(*DATA).values()):
        assert g.shape == np.shape(w)
        np.testing.assert_allclose(g, w, rtol=rtol, atol=rtol)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("way", [*FORMS, "python"])
def test_threads_divide_a_batch(way: str, module: ModuleType) -> None:
    """Results that differ by sample, and sums over samples, which are added in the order of the shares."""
    if not has(way, module):
        pytest.skip(f"this machine has no {way}")
    module.start(way)
    data = [np.concatenate([a] * 20) if a.shape[0] == 9 else a for a in DATA]
    whole, divided = (module.evaluate(*data, threads=threads) for threads in (1, 3))
    for a, b in zip(whole, divided):
        np.testing.assert_allclose(b, a, rtol=1e-13)
    assert all(np.array_equal(a, b) for a, b in zip(divided, module.evaluate(*data, threads=3)))
    assert len(module.evaluate(*data, threads=None)) == 4


def test_without_more_threads_the_caller_does_all_shares(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoThread(module.Thread):  # type: ignore[misc,name-defined]
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    data = [np.concatenate([a] * 20) if a.shape[0] == 9 else a for a in DATA]
    expected = module.evaluate(*data, threads=3)
    monkeypatch.setattr(module, "_helpers", None)
    monkeypatch.setattr(module, "Thread", NoThread)
    for _ in range(2):
        assert all(np.array_equal(a, b) for a, b in zip(module.evaluate(*data, threads=3), expected))


def test_threads_that_are_no_number(module: ModuleType) -> None:
    for threads, error in ((0, ValueError), (1.5, TypeError), (True, TypeError)):
        with pytest.raises(error, match="threads is "):
            module.evaluate(*DATA, threads=threads)


def has(way: str, m: ModuleType) -> bool:
    return way in m.suitable(m.processor())


@pytest.mark.parametrize("way", ["x86-64-v4", "x86-64-v3", "llvm", "python", pytest.param("numba", marks=pytest.mark.slow)])
def test_every_way_gives_the_same(way: str, module: ModuleType) -> None:
    if not has(way, module):
        with pytest.raises(module.StartError, match=f"^{way}: this machine lacks .*avx"):
            module.start(way)
        pytest.skip(f"this machine has no {way}")
    assert module.start(way) == module.start() == way
    close(module.evaluate(*DATA))
    close([r[:, 0] if r.ndim > 2 else r for r in module.evaluate(DATA[0][:, None], DATA[1], DATA[2][:, None])])
    assert 0.0 <= module.self_check() < 1e-13
    assert [r.shape for r in module.evaluate(np.ones((0, 3)), DATA[1], 1.0)] == [(0, 4), (4,), (4, 3), (0, 3)]


ALONE = """
import sys
for name in ("exprgraph", "symnn", "numba", "llvmlite"):
    sys.modules[name] = None
import numpy as np, evaluator
evaluator.evaluate(np.ones((5, 3)), np.ones((4, 3)), 1.0)
print(evaluator.start(), evaluator.self_check() < 1e-12)
"""


def test_machine_code_needs_numpy_alone(file: Path, module: ModuleType) -> None:
    if not has("x86-64-v3", module):
        pytest.skip("there is machine code for x86-64-v3 under Linux")
    done = subprocess.run([sys.executable, "-W", "error", "-c", ALONE], cwd=file.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [module.start(), "True"]


@pytest.mark.parametrize("way", ["x86-64-v4", "x86-64-v3", "llvm", "python"])
def test_one_sample_has_a_form_of_its_own(way: str, module: ModuleType) -> None:
    if not has(way, module):
        pytest.skip(f"this machine has no {way}")
    module.start(way)
    values = DATA[0][0], DATA[1], DATA[2][0]
    for g, w in zip(module.evaluate(*values), FN(*values).values()):
        assert g.shape == np.shape(w)
        np.testing.assert_allclose(g, w, rtol=1e-13)
    form = module.form_for(())
    assert (form is module.form_for((1,))) == (way == "python")
    assert form.apart == ((False,) * 4 if way != "python" else (True, False, False, True))


def test_the_processor_decides(module: ModuleType) -> None:
    assert tuple(module.FAST) == FORMS and tuple(module.ONE) == (*FORMS, "tables")
    v3, v4 = module.LEVELS["x86-64-v3"], module.LEVELS["x86-64-v4"]
    rest = ["llvm", "numba", "python"]
    assert v3 < v4
    assert module.suitable(v4 | {"sse", "amx"}) == [*FORMS, "numba", "python"]
    assert module.suitable(v4 - {"avx512dq"}) == module.suitable(v3) == ["x86-64-v3", *rest]
    assert module.suitable(v4 - {"fma"}) == module.suitable(frozenset()) == rest


def test_another_machine_starts_by_llvm(module: ModuleType, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert module.processor() == frozenset()
    close(module.evaluate(*DATA))
    assert module.start() == "llvm" and not recwarn.list


def test_without_numba_the_definition_is_python(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "processor", frozenset)
    for name in ("llvmlite", "llvmlite.binding", "numba"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.warns(RuntimeWarning, match="evaluator starts by python; llvm: .*llvmlite.*; numba: .*numba"):
        close(module.evaluate(*DATA))


FORBIDDEN = """
import ctypes, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0):  # memory of this process never becomes executable, from Linux 6.3 on
    sys.exit("cannot forbid it")
import warnings
import numpy as np, evaluator
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    evaluator.evaluate(np.ones((5, 3)), np.ones((4, 3)), 1.0)
print(evaluator.start(), *(w.message for w in told), sep="; ")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux forbids it on request")
def test_memory_that_never_becomes_executable(file: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FORBIDDEN], cwd=file.parent, capture_output=True, text=True)
    if "cannot forbid it" in done.stderr:
        pytest.skip("this Linux cannot forbid it")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("python; evaluator starts by python; ")
    assert done.stdout.count("the system does not let memory become executable") == done.stdout.count("Errno") >= 2


def test_ways_that_do_not_exist(module: ModuleType) -> None:
    with pytest.raises(ValueError, match="unknown way to start: 'jit'; expected one of x86-64-v4, .*, python"):
        module.start("jit")
    with pytest.raises(AttributeError, match="no attribute 'kernels'"):
        _ = module.kernels


# -- damage


@pytest.mark.parametrize("part", ["text", "digest"])
def test_a_damaged_form_is_not_run(part: str, file: Path, tmp_path: Path, module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    text, usual = file.read_text(), module.suitable(module.processor())
    rng = np.random.default_rng(0)
    for way in usual[:-2]:  # all forms, one after another
        digest, coded = module.FAST[way]
        old = coded if part == "text" else digest
        at = text.index(old) + int(rng.integers(2, len(old) - 3))
        text = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :] if part == "text" else text.replace(digest, digest[::-1])
    (tmp_path / "damaged.py").write_text(text)
    damaged = module_of(tmp_path / "damaged.py")
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.warns(RuntimeWarning, match="damaged starts by python; .*llvm: "):
        close(damaged.evaluate(*DATA))
    for way in usual[:-2]:
        with pytest.raises(damaged.StartError, match=way):
            damaged.start(way)


def test_bytes_that_change_anywhere_in_a_form(module: ModuleType) -> None:
    digest, coded = module.FAST["llvm"]
    rng = np.random.default_rng(1)
    for at in rng.integers(0, len(coded), 200):
        for letter in "A/\n-":
            changed = coded[:at] + letter + coded[at + 1 :]
            module.FAST["llvm"] = digest, changed
            with suppress(ValueError, RuntimeError, module.zlib.error):
                assert module.base64.b64decode(changed) == module.base64.b64decode(coded) or not module.unpacked("llvm", module.FAST)


def run_until(lines: list[str]) -> list[np.ndarray]:
    space: dict[str, Any] = {"__name__": "cut"}
    exec("".join(lines), space)
    results: list[np.ndarray] = space["evaluate"](*DATA)
    return results


@pytest.mark.parametrize("way", ["tables", "llvm"])
def test_a_damaged_form_for_one_sample_leaves_the_other(way: str, module: ModuleType) -> None:
    digest, coded = module.ONE[way]
    module.ONE[way] = digest, coded[:40] + coded[41:]
    module.start("llvm")
    values = DATA[0][0], DATA[1], DATA[2][0]
    with pytest.warns(RuntimeWarning, match="evaluator has no form for one sample: "):
        got = module.evaluate(*values)
    for g, w in zip((*got, *module.evaluate(*values)), 2 * [*FN(*values).values()]):
        np.testing.assert_allclose(g, w, rtol=1e-13)


def test_a_file_that_ends_early_gives_no_results(file: Path) -> None:
    lines = file.read_text().splitlines(keepends=True)
    end = next(k for k, line in enumerate(lines) if line.startswith("FAST"))
    cuts = [*range(5, end, 97), end, end + 3, end + 20, len(lines) - 7]
    for cut in cuts:
        with pytest.raises((SyntaxError, NameError, KeyError, RuntimeError)):
            run_until(lines[:cut])
    with pytest.raises(RuntimeError, match="this file is not complete; save it again"):
        run_until(lines[:end])


def test_the_self_check_finds_what_differs(file: Path, tmp_path: Path, module: ModuleType) -> None:
    module.CHECK[0][1][2] += 1e-6
    with pytest.raises(AssertionError, match="self-check failed: relative difference .*e-0. from the stored values, allowed 1e-09"):
        module.self_check()
    text = file.read_text()
    assert text.count("return r + r * r * exp_series(r)") == 1
    (tmp_path / "changed.py").write_text(text.replace("return r + r * r * exp_series(r)", "return r + r * r * exp_series(r) * 1.001"))
    with pytest.raises(AssertionError, match="self-check failed: .* from the definition"):
        module_of(tmp_path / "changed.py").self_check()


def test_object_files_that_need_more_than_words() -> None:
    text = "declare double @cos(double)\n@DATA = global [3 x ptr] zeroinitializer\n"
    text += "define double @run(double %x) {\n %y = call double @cos(double %x)\n ret double %y\n}\n"
    text += "define void @part() {\n ret void\n}"
    object_file = object_for(text, quick_forms.machine("x86-64-v3"))
    packed = quick_forms.linked(object_file)
    assert packed is not None and b'"outside": {"cos": [' in packed.partition(b"\n")[0]
    ((_, table),) = ObjectFile(object_file).relocations()
    changed = bytearray(object_file)
    changed[object_file.index(table.tobytes()) + 8] = 2
    assert quick_forms.linked(bytes(changed)) is None


# -- options


@pytest.mark.slow
def test_float32_with_frozen_arguments(tmp_path: Path) -> None:
    FN.save(tmp_path / "single.py", dtype=np.float32, params={"W": DATA[1]})
    m = module_of(tmp_path / "single.py")
    assert [name for name, *_ in m.ARGUMENTS] == ["x", "c"]
    for way in ("llvm", "python", *m.suitable(m.processor())[:1]):
        m.start(way)
        got = m.evaluate(DATA[0], DATA[2])
        assert {r.dtype for r in got} == {np.dtype(np.float32)}
        close(got, 1e-5)
        for g, w in zip(m.evaluate(DATA[0][0], DATA[2][0]), FN(DATA[0][0], DATA[1], DATA[2][0]).values()):
            np.testing.assert_allclose(g, w, rtol=1e-5)
        assert m.self_check() < 1e-5
    with pytest.raises(TypeError, match="expected 2 values, got 3"):
        m.evaluate(*DATA)


def test_frozen_arguments_of_any_length(tmp_path: Path, definition_alone: None) -> None:
    many = eg.Symbol("many", 1500)
    eg.compile([eg.sum(many) * c], (c, many)).save(tmp_path / "fixed.py", params={many: np.arange(1500.0)})
    m = module_of(tmp_path / "fixed.py")
    m.start("python")
    np.testing.assert_allclose(m.evaluate([1.0, 2.0])[0], [1124250.0, 2248500.0])
    assert m.self_check() < 1e-13


def test_a_function_of_nothing_that_is_left_to_a_caller(tmp_path: Path) -> None:
    eg.compile([H], (x, W, c)).save(tmp_path / "all.py", params={"x": DATA[0][0], "W": DATA[1], "c": 0.5})
    m = module_of(tmp_path / "all.py")
    np.testing.assert_allclose(m.evaluate()[0], FN(DATA[0][0], DATA[1], 0.5)["h"], rtol=1e-14)
    assert m.self_check() < 1e-13 and m.ARGUMENTS == []


# -- places and callers


def test_inside_a_zip_archive_and_as_a_pickle(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as z:
        z.write(file, "evaluator_in_zip.py")
    monkeypatch.syspath_prepend(str(tmp_path / "all.zip"))
    import evaluator_in_zip as m  # type: ignore[import-not-found]

    try:
        close(m.evaluate(*DATA))
        assert m.self_check() < 1e-13
        assert pickle.loads(pickle.dumps(m.evaluate)) is m.evaluate
    finally:
        del sys.modules["evaluator_in_zip"]


def test_threads_start_it_together(module: ModuleType) -> None:
    with ThreadPoolExecutor(8) as pool:
        for got in pool.map(lambda _: module.evaluate(*DATA), range(32)):
            close(got)


FORKED = """
import os, sys
import numpy as np, evaluator
if sys.argv[1] == "True":
    evaluator.start()
child = os.fork()
worst = evaluator.self_check()
if not child:
    os._exit(0 if worst < 1e-12 else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
print(worst < 1e-12)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("started", [True, False])
def test_forked_processes(started: bool, file: Path) -> None:
    """In a process of its own: what other tests loaded may have threads."""
    done = subprocess.run([sys.executable, "-c", FORKED, str(started)], cwd=file.parent, capture_output=True, text=True, timeout=300)
    assert done.stdout.split() == ["True"], done.stderr


def test_the_head_says_what_there_is(module: ModuleType) -> None:
    text = module.__doc__ or ""
    for line in ("    x: shape (3,) for each sample", "    W: shape (4, 3)", "    c: a number for each sample", "    total: shape (4,)"):
        assert f"\n{line}\n" in text
    assert all(hasattr(module, name) for name in module.__all__)
    assert module.workspace().shape == (module.WORKSPACE + module.SHARED,)


def test_users_helpers_take_no_name_of_a_module(module: ModuleType) -> None:
    defined = {n for n, f in vars(module).items() if hasattr(f, "options")}
    own = {n for n in vars(module) if n not in defined and not n.startswith("_") and not code._VARIABLE.fullmatch(n)}
    assert own <= set(code._TAKEN)
    assert not own & (names() - {"bits", "from_bits"})


def test_python_runs_definitions_with_negative_strides(tmp_path: Path, definition_alone: None) -> None:
    e = eg.sin(x)[::-1] * eg.exp(x)
    eg.compile(e, x).save(tmp_path / "backwards.py")
    m = module_of(tmp_path / "backwards.py")
    assert max(m.TABLE) > 2**63
    m.start("python")
    np.testing.assert_allclose(m.evaluate(DATA[0])[0], np.sin(DATA[0])[:, ::-1] * np.exp(DATA[0]), rtol=1e-14)


def test_names_of_helpers_that_the_module_has_too(tmp_path: Path, definition_alone: None) -> None:
    source = "def start(a):\n    return 2.0 * a\n\n\ndef numbers(a):\n    return start(a) + 1.0\n"
    f = eg.function("module_names", numpy=lambda a: 2 * a + 1, derivative=lambda a: 2.0, code="numbers({0})", source=source)
    eg.compile([f(c)], c).save(tmp_path / "helpers.py")
    m = module_of(tmp_path / "helpers.py")
    m.start("python")
    np.testing.assert_array_equal(m.evaluate([1.0, 2.0])[0], [3.0, 5.0])


# -- Numba

CALLERS = """
import numba

@numba.njit(cache=True)
def values(kernel, x, W, c):
    return kernel(x, W, c)

@numba.njit(cache=True)
def written(kernel, x, W, c, same, h, slope, workspace):
    kernel(x, W, c, same, h, slope, workspace, len(c))
"""
CALL = """
import pickle, sys
import numpy as np, evaluator
from callers import values, written

if len(sys.argv) > 1:
    evaluator.start(sys.argv[1])
data = np.linspace(-1, 1, 27).reshape(9, 3), np.linspace(-0.7, 0.9, 12).reshape(4, 3), np.linspace(0.1, 0.4, 9)
x, W, c = (v.astype(evaluator.R) for v in data)
same, h, slope = (np.empty(shape, evaluator.R) for shape in (16, (9, 4), (9, 3)))
kernel, eps = evaluator.kernel, float(np.finfo(evaluator.R).eps)
assert pickle.loads(pickle.dumps(kernel)) is kernel
written(kernel, x, W, c, same, h, slope, evaluator.workspace())
for got in (values(kernel, x, W, c), (h, same[:4], same[4:].reshape(4, 3), slope)):
    for a, b in zip(got, evaluator.evaluate(x, W, c)):
        np.testing.assert_allclose(a, b, rtol=100 * eps, atol=100 * eps)
print(sum(f.stats.cache_hits[s] for f in (values, written) for s in f.stats.cache_hits))
"""


def called(folder: Path, *way: str) -> int:
    """Run the callers; how many of them Numba had on disk."""
    command = [sys.executable, "-W", "error", "call.py", *way]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.slow  # Numba compiles it
def test_numba_keeps_code_that_gets_the_kernel_and_never_computes_an_old_one(tmp_path: Path) -> None:
    (tmp_path / "callers.py").write_text(CALLERS)
    (tmp_path / "call.py").write_text(CALL)
    FN.save(tmp_path / "evaluator.py")
    assert [called(tmp_path), called(tmp_path), called(tmp_path, "numba"), called(tmp_path, "python")] == [0, 2, 2, 2]
    changed = {"h": 2 * H, "total": eg.over_samples.sum(H), "w": eg.cos(W), "slope": eg.gradient(eg.sum(H * H), x)}
    eg.compile(changed, (x, W, c)).save(tmp_path / "evaluator.py")
    assert called(tmp_path) == 2
    eg.compile(changed, (x, W, c)).save(tmp_path / "evaluator.py", dtype="float32")
    assert [called(tmp_path), called(tmp_path)] == [0, 2]


@pytest.mark.slow  # Numba compiles it
@pytest.mark.parametrize("way", ["llvm", "numba"])
def test_the_kernel_of_a_module_with_frozen_arguments(way: str, tmp_path: Path) -> None:
    FN.save(tmp_path / "frozen.py", params={W: DATA[1]})
    m = module_of(tmp_path / "frozen.py")
    m.start(way)
    close(list(m.kernel(DATA[0], DATA[2])))
    eg.compile(eg.sin(c), c).save(tmp_path / "alone.py")
    m = module_of(tmp_path / "alone.py")
    m.start(way)
    np.testing.assert_allclose(m.kernel(DATA[2]), np.sin(DATA[2]), rtol=1e-15)


def by_numba_alone(name: str) -> eg.CompiledFunction:
    """A function of that name, which is warned of once."""
    source = "def halved(a):\n    n = 0.0\n    while a > 1.0:\n        a = a / 2.0\n        n += 1.0\n    return n\n"
    numpy = lambda a: np.ceil(np.log2(a))  # noqa: E731
    with pytest.warns(eg.errors.NotNativeWarning):
        f = eg.function(name, numpy=numpy, derivative=lambda a: 0.0, code="halved({0})", source=source)
    return eg.compile([f(c) + c], c)


def test_what_only_numba_compiles_has_no_form(tmp_path: Path) -> None:
    fn = by_numba_alone("halvings_of_a_form")
    assert eg.inspect(fn).reason is not None
    fn.save(tmp_path / "left.py")
    m = module_of(tmp_path / "left.py")
    assert m.FAST == {} and m.suitable(m.LEVELS["x86-64-v4"]) == ["numba", "python"]
    m.start("python")
    np.testing.assert_array_equal(m.evaluate([3.0, 8.0])[0], [5.0, 11.0])


@pytest.mark.slow
def test_what_only_numba_compiles(tmp_path: Path) -> None:
    by_numba_alone("halvings_saved").save(tmp_path / "left.py")
    m = module_of(tmp_path / "left.py")
    np.testing.assert_array_equal(m.evaluate([3.0, 8.0])[0], [5.0, 11.0])
    assert m.start() == "numba" and m.self_check() == 0.0
