"""Loops over samples in files of C become loops over vectors; distant arguments, for which formulas call C's library, have its values."""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from c_files import COMPILERS, Loaded, needs_a_compiler

import exprgraph as eg
from exprgraph.loops.near import with_near_loops

pytestmark = needs_a_compiler

#: how a compiler tells which loops it made loops over vectors, and the line of each
TELLS = {
    "gcc": ("-fopt-info-vec-optimized", r":(\d+):\d+: optimized: loop vectorized"),
    "clang": ("-Rpass=loop-vectorize", r":(\d+):\d+: remark: vectorized loop"),
}
X = eg.Symbol("x", 3, per_sample=True)
NAMES = "tanh sigmoid softplus exp log sin cos tan sqrt atan asinh relu gelu silu log1p expm1 erf softsign"
FUNCTIONS: dict[str, Callable[[eg.Node], eg.Node]] = {n: getattr(eg, n) for n in NAMES.split() if hasattr(eg, n)}
FUNCTIONS |= {
    "where": lambda v: eg.where(v > 0.5, v * v, 1 / (v - 2)), "maximum": lambda v: eg.maximum(v, v * v),
    "power": lambda v: (v * v + 1) ** 1.7,
    "hypot": lambda v: eg.hypot(v, 2 * v + 1), "atan2": lambda v: eg.atan2(v, v * v + 1),
}  # fmt: skip


def lanes(file: Path) -> list[int]:
    """The lines of the loops over samples of the kernels."""
    found, inside = [], False
    for number, line in enumerate(file.read_text().splitlines(), 1):
        inside = (inside or line.startswith("static void f_many_k")) and line != "}"
        if inside and line.strip() == "TOGETHER":
            found.append(number + 1)
    return found


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the flags are for x86-64")
@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("derivative", [False, True])
def test_loops_over_samples_are_loops_over_vectors(compiler, derivative, tmp_path):
    tells, pattern = TELLS[compiler]
    loops, missed = 0, []
    for name, function in FUNCTIONS.items():
        if derivative and name == "erf" and compiler == "gcc":
            continue  # GCC makes a branch of a clamp before an exponential
        value = function(X)
        fn = eg.compile(eg.gradient(eg.sum(value), X) if derivative else value, X)
        fn.save(tmp_path / "f.c")
        command = [compiler, "-std=c99", "-O3", "-march=x86-64-v3", tells, "-c", "f.c", "-o", "f.o"]
        told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stderr
        done = {int(number) for number in re.findall(pattern, told)}
        found = lanes(tmp_path / "f.c")
        loops += len(found)
        missed += [name for number in found if number not in done]
    assert loops >= len(FUNCTIONS) - 1 and not missed


def test_distant_arguments_in_a_loop_without_calls(tmp_path):
    fn = eg.compile([eg.sin(X) * eg.cos(2 * X + 1), eg.exp(eg.sin(X))], X)
    f = Loaded(fn, tmp_path / "f.c", f"{COMPILERS[0]} -std=c99 -O1")
    kernels = (tmp_path / "f.c").read_text().partition("static void f_many_k")[2]
    assert "f_sin_near(" in kernels and "if (distant0 != 0) {" in kernels
    values = np.random.default_rng(0).uniform(-9, 9, (20, 3))
    for odd in (1.0, 1e10, -1e300, np.inf, np.nan, -0.0):
        values[3, 1] = odd
        with np.errstate(invalid="ignore"):
            expected = fn(values)
        for got, want in zip(f([values], 20), expected):
            np.testing.assert_allclose(got, want, rtol=2e-15, atol=1e-16)


def test_only_programs_with_distant_arguments_change():
    program = eg.inspect(eg.compile([eg.sin(X), eg.tanh(X)], X)).loops
    changed = with_near_loops(program)
    assert {f.name for f in changed.functions} - {f.name for f in program.functions} == {"sin_near"}
    plain = eg.inspect(eg.compile(eg.tanh(X), X)).loops
    assert with_near_loops(plain) is plain
