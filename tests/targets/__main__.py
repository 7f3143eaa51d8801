"""Object files of other processors, linked and run: ``python -m tests.targets [targets...]``.

Each function of ``functions`` is saved for each target, in both widths, linked with the self-check in its header, and run: under
qemu for other processors, and by wasmtime and node for WebAssembly.  The table has the largest relative difference that the
self-check finds.  A target whose tools are missing says which: a compiler such as ``aarch64-linux-gnu-gcc``, ``qemu-aarch64``
(Debian's packages ``gcc-aarch64-linux-gnu``, ``gcc-riscv64-linux-gnu``, ``gcc-arm-none-eabi``, ``qemu-user``), ``node``, or the
Python package ``wasmtime``.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import exprgraph as eg
from exprgraph.lowering.save.check import expected, points
from exprgraph.lowering.save.saved import Saved

from .functions import CASES, Case

HERE = Path(__file__).parent


class Way(NamedTuple):
    """How the object file of a target becomes a program, and how that runs."""

    options: Mapping[str, str]
    compiler: Sequence[str]
    runner: Sequence[str] = ()
    sources: Sequence[str] = ()


_BARE = ["-mfloat-abi=hard", "--specs=nosys.specs", "-nostartfiles"]
_V7 = ["-march=armv7-a", "-mfpu=vfpv3-d16", *_BARE]
_M4 = ["-mthumb", "-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", *_BARE]
WAYS: Mapping[str, Way] = {
    "this computer": Way({}, ["cc"]),
    "native": Way({"target": "native"}, ["cc"]),
    "aarch64-linux-gnu": Way({"target": "aarch64-linux-gnu"}, ["aarch64-linux-gnu-gcc", "-static"], ["qemu-aarch64"]),
    "riscv64-linux-gnu": Way({"target": "riscv64-linux-gnu"}, ["riscv64-linux-gnu-gcc", "-static"], ["qemu-riscv64"]),
    "riscv64 with vectors": Way(
        {"target": "riscv64-linux-gnu", "features": "+v"}, ["riscv64-linux-gnu-gcc", "-static"],
        ["qemu-riscv64", "-cpu", "rv64,v=true,vext_spec=v1.0,vlen=128"],
    ),
    "ARMv7": Way({"target": "armv7-none-eabihf"}, ["arm-none-eabi-gcc", *_V7], ["qemu-arm", "-cpu", "cortex-a7"], ["system_calls.c"]),
    "Cortex-M4F": Way({"target": "thumbv7em-none-eabihf"}, ["arm-none-eabi-gcc", *_M4], ["qemu-arm", "-cpu", "M"], ["system_calls.c"]),
}  # fmt: skip


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("targets", nargs="*", help=f"of {', '.join([*WAYS, 'wasm32', 'wasm32 with vectors'])}; all if there are none")
    wanted = arguments.parse_args().targets
    unknown = set(wanted) - {*WAYS, "wasm32", "wasm32 with vectors"}
    if unknown:
        arguments.error(f"unknown: {', '.join(sorted(unknown))}")
    print(f"{'target':22}{'function':12}{'numbers':9}{'bytes':>7}  largest relative difference")
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for case_name, case in CASES.items():
            made = case()
            for dtype in ("float64", "float32"):
                for name, way in WAYS.items():
                    if not wanted or name in wanted:
                        failed |= _told(name, case_name, dtype, *_by_compiler(way, made, dtype, Path(folder)))
                for name, features in (("wasm32", None), ("wasm32 with vectors", "+simd128")):
                    if not wanted or name in wanted:
                        for engine, run in (("wasmtime", _wasmtime), ("node", _node)):
                            size, said = _web_assembly(run, made, dtype, features, Path(folder))
                            failed |= _told(name, case_name, dtype, size, f"{said} ({engine})")
    sys.exit(failed)


def _told(target: str, case: str, dtype: str, size: int, said: str) -> bool:
    """Print a row; whether it is a failure."""
    print(f"{target:22}{case:12}{dtype:9}{size:>7}  {said}", flush=True)
    found = re.search(r"difference ([0-9.e+-]+|inf|nan)", said)
    return not said.startswith("needs") and (found is None or not float(found[1]) <= {"float64": 1e-12, "float32": 1e-4}[dtype])


def _missing(*tools: str) -> str:
    return ", ".join(t for t in tools if not shutil.which(t))


def _by_compiler(way: Way, case: Case, dtype: str, folder: Path) -> tuple[int, str]:
    """The size of the object file, and what the self-check says."""
    missing = _missing(way.compiler[0], *way.runner[:1])
    if missing:
        return 0, f"needs {missing}"
    file, program = folder / "f.o", folder / "f"
    case.function.save(file, dtype=dtype, params=case.params, name="f", **way.options)
    sources = [str(HERE / s) for s in way.sources]
    command = [*way.compiler, "-O1", "-DF_MAIN", "-x", "c", str(folder / "f.h"), *sources, "-x", "none", str(file), "-lm"]
    built = subprocess.run([*command, "-o", str(program)], capture_output=True, text=True, check=False)
    if built.returncode:
        return file.stat().st_size, f"cannot be linked: {built.stderr}"
    runners, note = [list(way.runner)], ""
    if "M" in way.runner:  # older versions of qemu's user mode start no M profile; a Cortex-A has all its instructions
        runners = [[*way.runner[:-1], cpu] for cpu in ("cortex-m4", "cortex-a7")]
    for runner in runners:
        ran = subprocess.run([*runner, str(program)], capture_output=True, text=True, check=False)
        note = f" ({' '.join(runner)})" if runner else ""
        if ran.returncode in (0, 1):
            break
    return file.stat().st_size, (ran.stdout.strip() or f"ends with {ran.returncode}: {ran.stderr.strip()}") + note


# ---------------------------------------------------------------- WebAssembly


def _check(case: Case, single: bool) -> dict[str, Any]:
    """The arguments and the values of the self-check."""
    fn = case.function
    saved = Saved(fn.outputs, fn.core.arguments, tuple(eg.tree.paths(fn._recipe[0])), fn.core.contract)
    if case.params is not None:
        saved = saved.freeze(fn._frozen(case.params))
    given = [points(a.shape, k) for k, a in enumerate(saved.arguments) if k not in saved.frozen]
    values = expected(saved, single)
    results = [{"size": o.size, "step": c.step, "values": c.values} for o, c in zip(saved.outputs, values)]
    return {"name": "f", "single": single, "arguments": [a.ravel().tolist() for a in given], "results": results}


def _web_assembly(run: Any, case: Case, dtype: str, features: str | None, folder: Path) -> tuple[int, str]:
    file = folder / "f.wasm"
    case.function.save(file, dtype=dtype, params=case.params, name="f", features=features)
    return file.stat().st_size, run(file, _check(case, dtype == "float32"))


def _node(file: Path, check: dict[str, Any]) -> str:
    if _missing("node"):
        return "needs node"
    numbers = file.with_suffix(".json")
    numbers.write_text(json.dumps(check))
    ran = subprocess.run(["node", str(HERE / "web_assembly.mjs"), str(file), str(numbers)], capture_output=True, text=True, check=False)
    return ran.stdout.strip() or ran.stderr.strip()


def _wasmtime(file: Path, check: dict[str, Any]) -> str:
    if importlib.util.find_spec("wasmtime") is None:
        return "needs the package wasmtime"
    import wasmtime

    engine = wasmtime.Engine()
    store, module = wasmtime.Store(engine), wasmtime.Module.from_file(engine, str(file))
    number = wasmtime.ValType.f32() if check["single"] else wasmtime.ValType.f64()
    dtype = np.dtype(np.float32 if check["single"] else np.float64)

    def mathematical(name: str) -> Any:
        return lambda *x: float(getattr(np, name.removesuffix("f") if check["single"] else name)(*x))

    kinds = [i.type for i in module.imports]
    functions = [
        wasmtime.Func(store, wasmtime.FuncType([number] * len(kind.params), [number]), mathematical(i.name))
        for i, kind in zip(module.imports, kinds)
    ]
    made = wasmtime.Instance(store, module, functions).exports(store)
    memory, free = made["memory"], made["HEAP"].value(store)

    def room(size: int) -> int:
        nonlocal free
        at, free = free, free + -(-size // 16) * 16
        return at

    given = [np.array(a, dtype) for a in check["arguments"]]
    places = [room(a.nbytes) for a in given]
    results = [room(r["size"] * dtype.itemsize) for r in check["results"]]
    tables = [room(4 * len(t)) for t in (places, results)]
    workspace = room(made["WORKSPACE"].value(store) * dtype.itemsize)
    memory.grow(store, max(0, -(-(free - memory.data_len(store)) // 65536)))
    for at, a in zip(places, given):
        memory.write(store, a.tobytes(), at)
    for at, table in zip(tables, (places, results)):
        memory.write(store, struct.pack(f"<{len(table)}I", *table), at)
    made[check["name"]](store, *tables, workspace, 1)
    worst = 0.0
    for at, r in zip(results, check["results"]):
        got = np.frombuffer(memory.read(store, at, at + r["size"] * dtype.itemsize), dtype)[:: r["step"]]
        values = np.array(r["values"])
        worst = np.maximum(worst, np.max(np.abs(got - values), initial=0.0) / (np.max(np.abs(values), initial=0.0) or 1.0))
    return f"largest relative difference {worst:.1e}"


if __name__ == "__main__":
    main()
