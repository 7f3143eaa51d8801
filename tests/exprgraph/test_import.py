"""Importing the package is cheap and does not import Numba."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import exprgraph as eg

ROOT = str(Path(eg.__file__).parent.parent)


def python(code: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COV")} | {"PYTHONPATH": ROOT}  # a measured process imports more
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, env=environment).stdout.strip()


@pytest.mark.parametrize("package", ["exprgraph", "symnn"])
def test_no_heavy_module_is_imported(package: str) -> None:
    loaded = set(python(f"import sys, {package}; print(*sys.modules)").split())
    heavy = {
        "numba",
        "llvmlite",
        "scipy",
        "jax",
        "sympy",
        "mpmath",
        "hypothesis",
        "pytest",
        "matplotlib",
        "pandas",
        "asyncio",
        "unittest",
        "multiprocessing",
    }
    assert not heavy & loaded


def test_neither_loops_nor_their_plan_are_imported() -> None:
    loaded = python("import sys, exprgraph; print(*sys.modules)").split()
    assert [m for m in loaded if m.startswith(("exprgraph.loops", "exprgraph.lowering.plan.schedule", "exprgraph.lowering.native"))] == []


def test_a_first_call_imports_what_its_program_needs() -> None:
    code = """
import os, sys, exprgraph as eg
os.environ["EXPRGRAPH_CACHE_DIR"] = ""
x = eg.Symbol("x", 30)
point = [1.0] * 30
eg.evaluate(eg.hessian(eg.norm(eg.tanh(x)), x), {x: point})
eg.sparse_hessian(eg.sum((x[1:] - x[:-1] ** 2) ** 2), x).compile(x, immediate=False).values(point)
print(*sys.modules)
"""
    loaded = python(code).split()
    needless = (
        "numba", "numpy.ma.", "scipy", "exprgraph.loops.formulas.", "exprgraph.lowering.immediate.form",
        "exprgraph.lowering.immediate.translate", "exprgraph.lowering.native.rows", "exprgraph.lowering.native.instructions",
        "exprgraph.lowering.native.interpreter", "exprgraph.lowering.native.descend", "exprgraph.lowering.native.bound",
        "exprgraph.lowering.call.team", "exprgraph.lowering.call.threads", "exprgraph.lowering.save.c", "exprgraph.loops.print.c",
        "exprgraph.loops.library", "exprgraph.loops.read", "exprgraph.loops.print.llvm.alone",
    )  # fmt: skip
    assert "llvmlite" in loaded
    assert [m for m in loaded if m.startswith(needless)] == []


def test_an_interpreter_on_disk_answers_without_the_compiler(tmp_path: Path) -> None:
    """Nor is the code of a function of the package read."""
    code = f"""
import os, sys, exprgraph as eg
os.environ["EXPRGRAPH_CACHE_DIR"] = {str(tmp_path)!r}
x = eg.Symbol("x")
f = eg.sin(x) * x
print(float(eg.compile(f, x, immediate=True)(0.5)), *sys.modules)
"""
    compiler = "numba", "llvmlite", "exprgraph.loops.print", "exprgraph.lowering.native.machine", "exprgraph.lowering.plan.emit"
    first, then = (python(code).split() for _ in range(2))
    assert first[0] == then[0] and {"llvmlite", "exprgraph.lowering.native.interpreter"} <= set(first)
    read = "exprgraph.functions.code", "exprgraph.loops.read", "exprgraph.loops.program"
    assert [m for m in then if m.startswith((*compiler, *read))] == []


def test_names() -> None:
    assert all(hasattr(eg, name) for name in eg.__all__)
    assert len(set(eg.__all__)) == len(eg.__all__)
    for name in """Symbol symbols sin cos tan exp log sqrt tanh sigmoid softplus relu gelu silu erf abs sign minimum maximum where asin acos
            atan atan2 sinh cosh asinh acosh atanh log1p expm1 erfc arcsin arctan2 sum dot einsum norm trace solve stack concatenate diff
            gradient jacobian hessian laplacian divergence jvp vjp taylor simplify substitute free_symbols count_nodes count_ops evaluate
            compile latex to_dot over_samples function""".split():
        assert name in eg.__all__, name
