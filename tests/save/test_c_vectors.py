"""Loops over samples in files of C become loops over vectors; distant arguments, for which formulas call C's library, have its values."""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from c_files import COMPILERS, CXX, Loaded, needs_a_compiler

import exprgraph as eg
from exprgraph.loops.near import with_near_loops

pytestmark = needs_a_compiler

#: how a compiler tells which loops it made loops over vectors, and the line of each
TELLS = {
    "gcc": ("-fopt-info-vec-optimized", r":(\d+):\d+: optimized: loop vectorized"),
    "clang": ("-Rpass=loop-vectorize", r":(\d+):\d+: remark: vectorized loop"),
}
#: other compilers for inner products, which use extensions of GCC
DOTS = [f"{c} -std=c99 -O2 -march=native" for c in COMPILERS] + [f"{c} -O1" for c in CXX]
X = eg.Symbol("x", 3, per_sample=True)
NAMES = "tanh sigmoid softplus exp log sin cos tan sqrt atan asinh relu gelu silu log1p expm1 erf softsign"
FUNCTIONS: dict[str, Callable[[eg.Node], eg.Node]] = {n: getattr(eg, n) for n in NAMES.split() if hasattr(eg, n)}
FUNCTIONS |= {
    "where": lambda v: eg.where(v > 0.5, v * v, 1 / (v - 2)), "maximum": lambda v: eg.maximum(v, v * v),
    "power": lambda v: (v * v + 1) ** 1.7,
    "hypot": lambda v: eg.hypot(v, 2 * v + 1), "atan2": lambda v: eg.atan2(v, v * v + 1),
}  # fmt: skip


def lanes(file: Path, form: str = "many") -> list[int]:
    """The lines of the loops over samples of the kernels; of ``one``, of the loops over neighbours."""
    found, inside = [], False
    for number, line in enumerate(file.read_text().splitlines(), 1):
        inside = (inside or line.startswith(f"static void f_{form}_k")) and line != "}"
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


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the flags are for x86-64")
@pytest.mark.parametrize("compiler", COMPILERS)
def test_code_for_one_sample_has_vectors(compiler, tmp_path):
    """Loops of few rounds, and inner products: compilers that write them out before they look for vectors find none."""
    x, W = eg.Symbol("x", 16), eg.Symbol("W", (16, 16))
    u, v = eg.tanh(x), eg.sin(x)
    M = eg.outer(u, v) + eg.outer(v, x)
    eg.compile([M @ M, M], [x]).save(tmp_path / "f.c")
    tells, pattern = TELLS[compiler]
    command = [compiler, "-std=c99", "-O3", "-march=x86-64-v3", tells, "-c", "f.c", "-o", "f.o"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stderr
    found = lanes(tmp_path / "f.c", "one")
    assert len(found) > 1 and not set(found) - {int(number) for number in re.findall(pattern, told)}
    for rows in (W @ x, W[:3] @ W.T):  # 16 rows with one, three with 16
        eg.compile(rows, [x, W]).save(tmp_path / "f.c")
        subprocess.run([compiler, "-std=c99", "-O2", "-march=x86-64-v3", "-S", "f.c", "-o", "f.s"], cwd=tmp_path, check=True)
        text = (tmp_path / "f.s").read_text()
        assert "f_dots(" in (tmp_path / "f.c").read_text() and len(re.findall(r"vfmadd\d+pd.*%ymm", text)) >= 4


@pytest.mark.parametrize("command", [f"{COMPILERS[0]} -std=c99 -O1", *(pytest.param(c, marks=pytest.mark.slow) for c in DOTS)])
def test_inner_products_of_any_number_of_rows(command, tmp_path):
    A, B, x, C = eg.Symbol("A", (7, 13)), eg.Symbol("B", (3, 13)), eg.Symbol("x", 13), eg.Symbol("C", (2, 3))
    fn = eg.compile([A @ x, B @ x, B @ A.T, A @ B.T, B @ B.T, C @ C.T, A @ A.T], [A, B, x, C], shared=[A, B, x, C])
    rng = np.random.default_rng(0)
    for dtype, most in ((np.float64, 1e-15), (np.float32, 4e-7)):
        values = [rng.standard_normal(s.shape).astype(dtype) for s in (A, B, x, C)]
        file = tmp_path / dtype.__name__ / "f.c"  # a library is loaded once for each path
        file.parent.mkdir()
        f = Loaded(fn, file, command, dtype=dtype.__name__)
        assert "f_dots(" in file.read_text()
        for got, want in zip(f(values, 1), fn(*(v.astype(np.float64) for v in values)), strict=True):
            np.testing.assert_allclose(got, want, rtol=0, atol=most * np.max(np.abs(want)))


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
