"""Object files for other processors, read without any tool; ``tests/targets`` links and runs them."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.errors import CompilationError
from exprgraph.lowering.native import machine, others
from exprgraph.lowering.save import targets
from exprgraph.lowering.save.options import Options
from exprgraph.lowering.save.symbols import symbols
from exprgraph.lowering.save.targets import target_machine

#: the first bytes of the files of each target: of ELF, width and machine are in them
KINDS = {
    "x86_64-linux-gnu": ("ELF", 64, 62), "aarch64-linux-gnu": ("ELF", 64, 183), "thumbv7em-none-eabihf": ("ELF", 32, 40),
    "riscv64-linux-gnu": ("ELF", 64, 243), "riscv32-unknown-elf": ("ELF", 32, 243), "wasm32": ("wasm", 32, 0),
    "x86_64-pc-windows-msvc": ("COFF", 64, 0x8664), "arm64-apple-darwin": ("Mach-O", 64, 0x100000C),
}  # fmt: skip
#: what the compiler's own library has
RUNTIME = ("__", "_fltused")

x, k = eg.Symbol("x", 2, per_sample=True), eg.Symbol("k", (2, 2))
FN = eg.compile({"far": eg.sin(k @ x), "x": x}, (x, k))
K = np.arange(4.0).reshape(2, 2) / 10


def kind_of(code: bytes) -> tuple[str, int, int]:
    if code[:4] == b"\x7fELF":
        return "ELF", 32 * code[4], struct.unpack_from("<H", code, 18)[0]
    if code[:4] == b"\0asm":
        return "wasm", 32, 0
    if code[:4] == b"\xcf\xfa\xed\xfe":
        return "Mach-O", 64, struct.unpack_from("<I", code, 4)[0]
    return "COFF", 64, struct.unpack_from("<H", code)[0]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("target", KINDS)
def test_an_object_file_has_one_function_and_what_it_expects_is_said(target: str, tmp_path: Path) -> None:
    FN.save(tmp_path / "evaluator.o", target=target, params={k: K}, batch=False)
    code, head = (tmp_path / "evaluator.o").read_bytes(), (tmp_path / "evaluator.h").read_text()
    assert kind_of(code) == KINDS[target]
    found = symbols(code)
    assert found.defined == ("evaluator",)
    assert "sin" in found.expected and all(n == "sin" or n.startswith(RUNTIME) for n in found.expected)
    assert all(n in head for n in found.expected) and f"evaluator.o is for {target}, processor " in head
    assert "void evaluator(const double *const *arguments, double *const *results, double *workspace, int64_t samples);" in head
    assert sorted(p.name for p in tmp_path.iterdir()) == ["evaluator.h", "evaluator.o"]


def test_equal_functions_have_equal_files(tmp_path: Path) -> None:
    for name in ("a.o", "b.o"):
        FN.save(tmp_path / name, target="thumbv7em-none-eabihf", dtype="float32", name="f")
    assert (tmp_path / "a.o").read_bytes() == (tmp_path / "b.o").read_bytes()
    assert set(symbols((tmp_path / "a.o").read_bytes()).expected) == {"sinf"}
    assert "const float *k" in (tmp_path / "a.h").read_text()


def test_single_precision_needs_nothing_on_a_microcontroller_but_double_does(tmp_path: Path) -> None:
    fn = eg.compile(k @ x / eg.norm(k), (x, k))
    for dtype, expected in (("float32", False), ("float64", True)):
        fn.save(tmp_path / "f.o", target="thumbv7em-none-eabihf", dtype=dtype, batch=False)
        found = symbols((tmp_path / "f.o").read_bytes()).expected
        assert bool(found) == expected and all(n.startswith("__aeabi_d") or n == "sqrt" for n in found)
        assert ("It needs no other code." in (tmp_path / "f.h").read_text()) != expected


def test_the_workspace_is_the_machines(tmp_path: Path) -> None:
    def workspace(**options: str) -> list[int]:
        FN.save(tmp_path / "f.o", **options)
        head = (tmp_path / "f.h").read_text()
        return [int(head.split(f"#define F_{n} ")[1].split()[0]) for n in ("WORKSPACE", "WORKSPACE_ONE")]

    small, large = workspace(target="thumbv7em-none-eabihf"), workspace(target="aarch64-linux-gnu")
    assert 8 * small[0] <= 4096 < 8 * large[0] and small[1] == large[1] < small[0]


#: lanes of float64 and of float32, registers, whether loads may leave out lanes, bits of an index
VECTORS = {
    ("x86_64-linux-gnu", None, None): (2, 4, 16, False, 64), ("x86_64-linux-gnu", "haswell", None): (4, 8, 16, True, 64),
    ("x86_64-linux-gnu", "skylake-avx512", None): (8, 16, 32, True, 64), ("aarch64-linux-gnu", None, None): (4, 8, 16, False, 64),
    ("thumbv7em-none-eabihf", None, None): (1, 1, 16, False, 32), ("thumbv8.1m.main-none-eabihf", None, None): (1, 1, 16, False, 32),
    ("riscv64-linux-gnu", None, None): (1, 1, 16, False, 64), ("riscv64-linux-gnu", None, "+v"): (2, 4, 32, True, 64),
    ("wasm32", None, None): (1, 1, 16, False, 32), ("wasm32", None, "+simd128"): (2, 4, 16, False, 32),
}  # fmt: skip


@pytest.mark.parametrize("asked", VECTORS)
def test_vectors_are_what_llvm_multiplies_at_once(asked: tuple[str, str | None, str | None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "refused", lambda text, machine: None)  # another process, tested below
    lanes, more, registers, partial, index = VECTORS[asked]
    found = target_machine(Options(target=asked[0], cpu=asked[1], features=asked[2]))
    for bits, n in ((64, lanes), (32, more)):
        v = found.vectors(bits)
        assert (v.lanes, v.bits, v.registers, v.partial, v.index) == (n, bits, registers, partial, index)
        assert max(v.blocks) >= v.lanes


def test_this_processor_and_all_of_its_kind() -> None:
    triple, cpu, features = machine.host()
    native, portable = (target_machine(Options(target=t)) for t in ("native", None))
    assert native.machine[:3] == (triple, cpu, features) and native.vectors(64).lanes == machine.target(64).lanes
    assert portable.machine.triple == triple and portable.machine.cpu != cpu and not portable.machine.features.count("avx")


def test_triples_as_people_write_them() -> None:
    full = {
        "aarch64-linux-gnu": "aarch64-unknown-linux-gnu", "arm-none-eabi": "arm-unknown-none-eabi",
        "amd64-linux": "x86_64-unknown-linux-gnu", "wasm32-wasi": "wasm32-unknown-wasi",
        "x86_64-w64-mingw32": "x86_64-w64-windows-gnu", "riscv64-unknown-elf": "riscv64-unknown-none-elf",
        "aarch64-none-elf": "aarch64-unknown-none-elf", "arm64-apple-darwin": "arm64-apple-macosx11.0",
        "arm64-apple-darwin23.1.0": "arm64-apple-darwin23.1.0",
        "aarch64-linux-android21": "aarch64-unknown-linux-android21", "x86_64-windows": "x86_64-unknown-windows-msvc",
        "wasm32-unknown-unknown": "wasm32-unknown-unknown",
    }  # fmt: skip
    assert {t: target_machine(Options(target=t)).machine.triple for t in full} == full


UNKNOWN = """
    bogus x86_64 aarch64-linx-gnu aarch64-linux-gn sparc-linux-gnu x86_64-linux-gnu-more-of-it linux - thumbv6m-none-eabihf armv7-apple-ios
    thumbv7-pc-windows-msvc thumbv5zzz-none-eabi wasm32-linux-gnu riscv64-apple-darwin
""".split()


@pytest.mark.parametrize("target", UNKNOWN)
def test_an_unknown_target_is_one_error_and_no_file(target: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"unknown target '{target}'; a target is 'native', or .*aarch64-linux-gnu, .*thumbv7em-none-"):
        FN.save(tmp_path / "f.o", target=target)
    assert not list(tmp_path.iterdir())


def test_a_back_end_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(targets, "has_back_end", lambda triple: triple.startswith("x86_64"))
    with pytest.raises(ValueError, match="unknown target 'wasm32'; .* as in x86_64-linux-gnu, x86_64-pc-windows-msvc$"):
        FN.save(tmp_path / "f.o", target="wasm32")
    assert not list(tmp_path.iterdir())


ARM = "thumbv7em-none-eabihf"
REFUSED = [
    ({"target": ARM, "cpu": "cortex-m4f"}, rf"unknown cpu 'cortex-m4f' \(near: cortex-m4, .*; there are .*cortex-m7.* of target '{ARM}'"),
    ({"target": "wasm32", "features": "+simd"}, r"unknown feature '\+simd'.* there are .*simd128"),
    ({"target": "x86_64-linux-gnu", "cpu": "i486"}, "LLVM makes no code for target .*: LLVM ERROR: 64-bit code requested"),
    ({"target": "native", "features": "+avx1024"}, r"unknown feature '\+avx1024'"),
]


@pytest.mark.one_in(4)
@pytest.mark.parametrize(("options", "says"), REFUSED)
def test_names_are_checked_before_llvm_warns_or_ends_the_process(
    options: dict[str, str], says: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ValueError, match=says):
        FN.save(tmp_path / "f.o", **options)
    assert not list(tmp_path.iterdir()) and capfd.readouterr() == ("", "")


def test_a_processor_with_fewer_features(tmp_path: Path) -> None:
    FN.save(tmp_path / "f.o", target=ARM, cpu="cortex-m7", features="-fp64", dtype="float32", batch=False)
    assert "processor cortex-m7 with -fp64" in (tmp_path / "f.h").read_text()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"features": "simd128"}, r"features is a list as '\+simd128,-neon', each with \+ or -, got 'simd128'"),
        ({"cpu": ""}, "cpu is text, got ''"), ({"target": 3}, "target is text, got 3"),
    ],
)  # fmt: skip
def test_options_that_are_no_names(options: dict[str, str], says: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=says):
        FN.save(tmp_path / "f.o", **options)
    assert not list(tmp_path.iterdir())


def test_without_another_process_names_are_not_believed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(others.sys, "executable", "")
    with pytest.raises(ValueError, match="checked by another process of Python, and none can be started"):
        FN.save(tmp_path / "f.o", cpu="penryn")


def test_a_function_that_only_numba_compiles(tmp_path: Path) -> None:
    source = "@njit\ndef of_objects(a):\n    return a if a < 1.0 else of_objects(a - 1.0)\n"
    with pytest.warns(eg.NotNativeWarning):
        row = eg.function("of_objects", numpy=lambda a: a, derivative=lambda a: 0 * a, code="of_objects({0})", source=source)
    fn = eg.compile(row(eg.sum(x)), x)
    with pytest.raises(CompilationError, match="cannot save the function as machine code for a file: it contains of_objects"):
        fn.save(tmp_path / "f.o")
    assert not list(tmp_path.iterdir())
