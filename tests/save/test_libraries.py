"""Shared libraries, and modules of WebAssembly."""

from __future__ import annotations

import ctypes
import importlib.util
import math
import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import c_files
import numpy as np
import pytest

import exprgraph as eg
from exprgraph.errors import CompilationError
from exprgraph.lowering.save import library
from exprgraph.lowering.save.options import Options
from exprgraph.lowering.save.symbols import imports, sections
from exprgraph.lowering.save.targets import target_machine

x, k = eg.Symbol("x", 2, per_sample=True), eg.Symbol("k", (2, 2))
FN = eg.compile({"far": eg.sin(k @ x), "total": eg.over_samples.sum(x), "twice": 2 * x}, (x, k))
K = np.arange(4.0).reshape(2, 2)
X = np.rint(np.random.default_rng(0).normal(size=(19, 2)) * 1e9)  # for sin of the C library


def close(got: np.ndarray, want: np.ndarray) -> None:
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12 * np.abs(want).max())


@pytest.mark.skipif(os.name != "posix" or not shutil.which("cc"), reason="needs a C compiler, which links")
def test_a_library_is_loaded_and_called(tmp_path: Path) -> None:
    ending = ".dylib" if target_machine(Options()).format == "Mach-O" else ".so"
    FN.save(tmp_path / f"libevaluator{ending}", params={k: K})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["evaluator.h", f"libevaluator{ending}"]
    head = (tmp_path / "evaluator.h").read_text()
    assert f"libevaluator{ending} is for " in head and "-lm" not in head
    code = ctypes.CDLL(str(tmp_path / f"libevaluator{ending}")).evaluator
    code.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_int64]
    results = [np.empty((19, 2)), np.empty(2), np.empty((19, 2))]
    workspace = np.empty(int(head.split("#define EVALUATOR_WORKSPACE ")[1].split()[0]))
    tables = [(ctypes.c_void_p * len(t))(*(a.ctypes.data for a in t)) for t in ([X], results)]
    code(*tables, workspace.ctypes.data, 19)
    for got, want in zip(results, (np.sin(X @ K.T), X.sum(0), 2 * X)):
        close(got, want)


def test_without_a_linker_the_command_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library.shutil, "which", lambda name: None)
    for target, tried, command in [
        ("aarch64-linux-gnu", "aarch64-linux-gnu-gcc, clang", "aarch64-linux-gnu-gcc -shared -Wl,-soname,libf.so -o libf.so f.o -lm"),
        ("riscv64-unknown-linux-gnu", "riscv64-unknown-linux-gnu-gcc, riscv64-linux-gnu-gcc, clang", "riscv64-unknown-linux-gnu-gcc"),
    ]:
        says = rf"no linker for target '{target}' is on the path \({tried}\); save an object file, f\.o, and run: {command}"
        with pytest.raises(CompilationError, match=says):
            FN.save(tmp_path / "libf.so", target=target)
    with pytest.raises(CompilationError, match=r"mingw32-gcc -shared -o f\.dll f\.o$"):
        FN.save(tmp_path / "f.dll", target="x86_64-pc-windows-msvc")
    with pytest.raises(CompilationError, match=r"run: clang --target=arm64-apple-darwin -shared -Wl,-install_name,@rpath/f\.dylib -o f"):
        FN.save(tmp_path / "f.dylib", target="arm64-apple-darwin")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands for the linker")
def test_a_linker_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad").write_text("#!/bin/sh\necho no such thing >&2\nexit 3\n")
    (tmp_path / "bad").chmod(0o755)
    monkeypatch.setenv("CC", f"{tmp_path / 'bad'} -v")
    ending = target_machine(Options()).format
    with pytest.raises(CompilationError, match=r"bad fails: no such thing; save an object file, f\.o, and run: .*bad -v -shared "):
        FN.save(tmp_path / ("f.dylib" if ending == "Mach-O" else "f.so"))
    assert [p.name for p in tmp_path.iterdir()] == ["bad"]


@pytest.mark.parametrize(
    ("name", "target", "says"),
    [
        ("f.so", "x86_64-pc-windows-msvc", r"shared libraries of target 'x86_64-pc-windows-msvc' end in \.dll, got .*f\.so"),
        ("f.dylib", "riscv64-linux-gnu", r"end in \.so"), ("f.so", "arm64-apple-darwin", r"end in \.dylib"),
        ("f.so", "thumbv7em-none-eabihf", r"has no shared libraries; give a name that ends in \.o$"),
        ("f.so", "wasm32", r"has no shared libraries; give a name that ends in \.o or \.wasm$"),
        ("f.wasm", "aarch64-linux-gnu", r"a file that ends in \.wasm is for target 'wasm32'"), ("f.so", "bogus", "unknown target"),
    ],
)  # fmt: skip
def test_systems_have_libraries_of_their_own(name: str, target: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=says):
        FN.save(tmp_path / name, target=target)
    assert not list(tmp_path.iterdir())


def test_a_module_of_webassembly_has_its_memory_and_exports(tmp_path: Path) -> None:
    FN.save(tmp_path / "f.wasm", params={k: K}, name="evaluator")
    code = (tmp_path / "f.wasm").read_bytes()
    parts = list(sections(code))
    assert [kind for kind, _ in parts if kind not in (11, 12)] == [1, 2, 3, 5, 6, 7, 10]  # and numbers, if there are any
    assert [(name, kind) for name, kind, _ in imports(parts[1][1])] == [("sin", 0)]
    exported = parts[5][1]
    names = []
    for _ in range(exported.number()):
        names.append(exported.text())
        exported.take(1)
        exported.number()
    assert names == ["evaluator", "memory", "HEAP", "WORKSPACE", "WORKSPACE_ONE"] and exported.at == exported.end
    assert "It calls sin of C's mathematical library, which it imports from env." in (tmp_path / "f.h").read_text()


@pytest.mark.skipif(importlib.util.find_spec("wasmtime") is None, reason="needs wasmtime")
@pytest.mark.one_in(4)
@pytest.mark.parametrize("features", [None, "+simd128"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_module_of_webassembly_runs(dtype: str, features: str | None, tmp_path: Path) -> None:
    import wasmtime

    FN.save(tmp_path / "f.wasm", params={k: K}, dtype=dtype, features=features)
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    number = wasmtime.ValType.f64() if dtype == "float64" else wasmtime.ValType.f32()
    sin = wasmtime.Func(store, wasmtime.FuncType([number], [number]), math.sin)
    module = wasmtime.Module.from_file(engine, str(tmp_path / "f.wasm"))
    made = wasmtime.Instance(store, module, [sin]).exports(store)
    memory, at = made["memory"], made["HEAP"].value(store)
    given = X.astype(dtype)
    places = {}
    for name, size in {"x": X.size, "far": X.size, "total": 2, "twice": X.size, "w": made["WORKSPACE"].value(store), "t": 4}.items():
        places[name], at = at, at + -(-size * given.itemsize // 16) * 16
    memory.grow(store, 1 + at // 65536)
    memory.write(store, given.tobytes(), places["x"])
    memory.write(store, struct.pack("<4I", *(places[n] for n in ("x", "far", "total", "twice"))), places["t"])
    made["f"](store, places["t"], places["t"] + 4, places["w"], len(X))

    def read(name: str, size: int) -> np.ndarray:
        return np.frombuffer(memory.read(store, places[name], places[name] + size * given.itemsize), dtype)

    exact = given.astype(float)
    want = np.sin((given @ K.T.astype(dtype)).astype(float)), exact.sum(0), 2 * exact
    if dtype == "float32":
        assert np.array_equal(read("twice", X.size), 2 * given.ravel())
        np.testing.assert_allclose(read("total", 2), want[1], rtol=1e-5)
        return
    for (name, size), w in zip((("far", X.size), ("total", 2), ("twice", X.size)), want):
        close(read(name, size), np.ravel(w))


@c_files.needs_a_compiler
@pytest.mark.one_in(2)
@pytest.mark.parametrize("language", ["c -std=c99", "c++ -std=c++17"])
def test_the_header_of_an_object_file_checks_it(language: str, tmp_path: Path) -> None:
    FN.save(tmp_path / "evaluator.o", dtype="float32")
    head = (tmp_path / "evaluator.h").read_text()
    assert "Its self-check: cc -DEVALUATOR_MAIN -x c evaluator.h -x none evaluator.o -lm" in head
    link = f"-x {language} evaluator.h -x none evaluator.o -lm -o check"
    c_files.compiled(f"cc {c_files.STRICT} -DEVALUATOR_MAIN {link}", tmp_path)
    ran = subprocess.run([str(tmp_path / "check")], capture_output=True, text=True, check=True)
    assert float(re.fullmatch(r"self-check passed, largest relative difference (.+)\n", ran.stdout)[1]) < 1e-6  # type: ignore[index]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or not c_files.COMPILERS or not shutil.which("ld"), reason="needs cc and ld of Linux")
@pytest.mark.parametrize("target", [None, "native"])
def test_object_files_are_linked_at_any_address(target: str | None, tmp_path: Path) -> None:
    FN.save(tmp_path / "f.o", target=target)
    c_files.compiled("ld -r f.o -o whole.o", tmp_path)
    for object_file in ("f.o", "whole.o"):
        for flags in ("-pie", "-no-pie", "-static"):
            c_files.compiled(f"cc {flags} -DF_MAIN -x c f.h -x none {object_file} -o check -lm", tmp_path)
            subprocess.run([str(tmp_path / "check")], check=True)
    # no relocation of code, nothing that is written over or run as data, and all names found
    c_files.compiled("cc -shared f.o -o f.so -Wl,-z,text -Wl,-z,defs -Wl,--fatal-warnings -lm", tmp_path)
