"""Files of C of odd functions: nothing in them, nothing given, the same twice, loops, comparisons, tables, users' code, many arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from c_files import COMPILERS, CXX, Loaded, checked, needs_a_compiler

import exprgraph as eg

pytestmark = needs_a_compiler

x, y, A = eg.Symbol("x", 4, per_sample=True), eg.Symbol("y"), eg.Symbol("A", (3, 3))
MANY = list(eg.symbols(" ".join(f"m{k}" for k in range(130))))


def _users() -> list[eg.Node]:
    source = "def h(a):\n    return a/2 if a > 0 else -a/3\n"
    half = eg.function("half_or_third_in_c", numpy=lambda a: np.where(a > 0, a / 2, -a / 3), derivative=None, code="h({0})", source=source)
    return [half(x), half(y)]


def _loops() -> list[eg.Node]:
    """Loops of one kernel a round and of many, alone, in another one, and with a derivative."""
    last, sums = eg.scan(lambda h, v: (eg.tanh(A @ h + v * x[:3]), eg.sum(h)), x[1:], eg.array(np.arange(6) / 6), checkpoint=3)
    return [eg.fori(9, lambda _, c: c * y + 1, y), last, eg.jacobian(last, A, "reverse"), eg.jacobian(sums, x)]


CASES: dict[str, tuple[Any, list[Any]]] = {
    "loops over rounds": (_loops, [x, y, A]),
    "an empty result": (lambda: [x[:0], eg.sum(x)], [x]),
    "only an empty result": (lambda: [x[:0]], [x]),
    "no arguments": (lambda: [eg.array(np.arange(3.0)), eg.array(2.0)], []),
    "comparisons": (lambda: [x > 0.2, eg.sum(x) > y, eg.over_samples.mean(x[0] > 0)], [x, y]),
    "tables of positions": (lambda: [x[[3, 0, 0, 2]], eg.array(np.arange(50.0))[np.arange(0, 50, 3)] * y], [x, y]),
    "the same twice, and arguments": (lambda: [x, x, y, y * 1.0, 2 * x, 2 * x], [x, y]),
    "users' code": (_users, [x, y]),
    "a system": (lambda: [eg.solve(A + 3 * eg.array(np.eye(3)), x[:3]), eg.over_samples.sum(x)], [x, A]),
    "an argument that is not used": (lambda: [eg.sin(y)], [x, y]),
    "many arguments": (lambda: [sum((s * k for k, s in enumerate(MANY)), start=y)], [*MANY, y]),
}


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [None, "float32"])
@pytest.mark.parametrize("case", CASES)
def test_an_odd_function(case, dtype, tmp_path):
    make, symbols = CASES[case]
    fn = eg.compile(make(), symbols, shared=[s for s in symbols if not s.per_sample])
    differs = [s.per_sample for s in symbols]
    rng = np.random.default_rng(0)
    for k, compiler in enumerate((f"{COMPILERS[0]} -std=c99", *CXX[:1])):
        f = Loaded(fn, tmp_path / f"f{k}.c", f"{compiler} -O1", dtype=dtype)
        for n in (0, 1, 3, 9) if any(differs) and case != "comparisons" else (1, 3) if any(differs) else (1,):
            given = [rng.uniform(-1, 1, (n,) * d + s.shape).astype(f.dtype) for s, d in zip(symbols, differs)]
            for got, want, lane in zip(f(given, n), fn(*given), f.differs, strict=True):
                same = np.broadcast_to(want, got.shape) if lane or np.shape(want) == got.shape else want[0]
                np.testing.assert_allclose(got, np.asarray(same, float), rtol=1e-5 if dtype else 1e-14, atol=1e-6 if dtype else 1e-15)
    checked(tmp_path / "f0.c", f"{COMPILERS[0]} -std=c99", "-O1")
