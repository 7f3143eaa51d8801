"""Constant arrays, positions and tables reach machine code as arrays in memory, not as text."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.lowering.call.module import Module
from exprgraph.lowering.plan import movement
from exprgraph.lowering.plan.data import LISTED, Data

rng = np.random.default_rng(0)
w = eg.Symbol("w", 10)
v = eg.Symbol("v", 50)


def close(got: Any, right: Any, rtol: float = 1e-10, atol: float = 0.0) -> None:
    np.testing.assert_allclose(got, right, rtol=rtol, atol=atol)


def fitted(n: int) -> tuple[Node, np.ndarray]:
    """A gradient with n constant rows in it, and its value at ones."""
    rows = rng.normal(size=(n, 10))
    return eg.gradient(eg.sum((rows @ w) ** 2), w), 2 * rows.T @ (rows @ np.ones(10))


def pairs(n: int) -> Node:
    """A sum over n pairs of elements, found by arrays of indices."""
    i, j = rng.integers(0, 50, size=(2, n))
    return eg.sum(1 / (1 + (v[i] - v[j]) ** 2))


def test_the_text_that_is_compiled_does_not_grow_with_the_numbers() -> None:
    small, large = (eg.inspect(eg.compile(fitted(n)[0], w), False) for n in (100, 20_000))
    assert len(small.code) == len(large.code) and large.data.constants.size == 200_000
    assert len({len(shown.llvm) for shown in (small, large)}) == 1
    few, many = (eg.inspect(eg.compile(eg.gradient(pairs(n), v), v), False) for n in (100, 20_000))
    assert len(few.code) == len(many.code) and many.data.table.size > 40_000
    assert "20000" not in many.code  # sizes are data too


def test_one_machine_code_with_the_data_of_each_function() -> None:
    functions = [(eg.compile(e, w), right) for e, right in (fitted(3000) for _ in range(3))]
    assert len({eg.inspect(f, False).code for f, _ in functions}) == 1
    for _ in range(2):
        for f, right in functions:
            close(f(np.ones(10)), right, rtol=1e-10)


@pytest.mark.parametrize("way", ["ctypes", pytest.param("address", marks=pytest.mark.slow), pytest.param("kernel", marks=pytest.mark.slow)])
def test_the_data_live_as_long_as_the_code(way: str) -> None:
    e, right = fitted(2000)
    fn = eg.compile(e, w)
    form = fn.core.form(True, False)
    call: Any = form.code if way == "address" else getattr(fn, way)
    del fn
    gc.collect()
    junk = [rng.normal(size=20_000) for _ in range(20)]
    one, out = np.ones(10), np.zeros(10)
    workspace, shared = np.empty(form.program.workspace + 1), np.empty(form.program.shared + 1)
    if way == "kernel":
        size = form.program.workspace + form.program.shared + 4
        del form
        call(one, np.zeros(0), out, np.empty(size), 1)
    else:
        import ctypes

        pointer = ctypes.c_void_p * 2
        run = call if way == "ctypes" else ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4, ctypes.c_int64)(call.address)
        del form
        gc.collect()
        run(pointer(one.ctypes.data, 0), pointer(0, out.ctypes.data), workspace.ctypes.data, shared.ctypes.data, 1)
    close(out, right, rtol=1e-10)
    assert len(junk) == 20


def test_a_saved_module_has_its_data() -> None:
    fn = eg.compile([fitted(LISTED)[0], eg.compile(pairs(LISTED), v).equations], (w, v))
    module = Module(fn.source)
    data = eg.inspect(fn, True).data
    for name, a in zip(("constants", "table", "steps"), data.arrays):
        np.testing.assert_array_equal(getattr(module, name), a)
    assert "base64" in fn.source and "base64" not in eg.compile(eg.sin(w), w).source
    assert max(map(len, fn.source.splitlines())) < 300


@pytest.mark.slow
def test_a_saved_module_with_much_data_runs_by_itself(tmp_path: Path) -> None:
    fn = eg.compile([fitted(2000)[0], pairs(2000), eg.gradient(pairs(500), v)], (w, v))
    fn.save(tmp_path / "saved.py")
    done = subprocess.run([sys.executable, str(tmp_path / "saved.py")], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "self-check passed" in done.stdout


def test_numbers_that_are_no_numbers_in_text() -> None:
    values = np.array([1.5, np.inf, -np.inf, np.nan, -0.0])
    for dtype in (np.float64, np.float32):
        for times in (1, LISTED):
            data = Data([np.tile(values, times)], [1, 2**64 - 1], [(0, 0)], np.dtype(dtype))
            space: dict[str, Any] = {"np": np}
            exec(data.text(), space)
            np.testing.assert_array_equal(np.array(space["CONSTANTS"], dtype), np.tile(values.astype(dtype), times))
            assert np.signbit(np.array(space["CONSTANTS"])[4])
            assert np.array(space["TABLE"], np.uint64)[1] == 2**64 - 1
    assert Data([np.array([1e300])], [], [], np.dtype(np.float32)).constants[0] == np.inf


def test_data_of_other_content_have_another_digest() -> None:
    dtype = np.dtype(float)
    made = [Data([np.array(c)], t, s, dtype) for c in ([1.0], [2.0]) for t in ([], [1]) for s in ([], [(1, 1)])]
    assert len({d.digest for d in made}) == 8
    assert made[0].constants.ctypes.data % 64 == 0
    with pytest.raises(ValueError, match="read-only"):
        made[0].constants[0] = 3.0


SELECTIONS: dict[str, Callable[..., Node]] = {
    "rows": lambda a, b, i, j: a[i],
    "columns": lambda a, b, i, j: a[:, j],
    "elements of a row": lambda a, b, i, j: a[1, j],
    "of every other row": lambda a, b, i, j: a[::2, j],
    "rows, then columns": lambda a, b, i, j: a[i][:, j],
    "of a vector": lambda a, b, i, j: b[j],
    "of the transpose": lambda a, b, i, j: a.T[j][:, i],
    "of what is computed": lambda a, b, i, j: eg.tanh(a)[i] - eg.sin(a)[i[::-1]],
    "of what is repeated": lambda a, b, i, j: (eg.sin(b) + 0 * a)[i],
    "of an identity": lambda a, b, i, j: eg.identity(5)[:, j] @ eg.sin(b[j]),
    "of constants": lambda a, b, i, j: eg.array(np.arange(20.0).reshape(4, 5))[i] * b,
    "under a product": lambda a, b, i, j: a[i] @ b,
    "under a maximum": lambda a, b, i, j: eg.max(a[i], axis=0),
    "reshaped": lambda a, b, i, j: eg.reshape(a[i], (45,))[3:9],
    "put in a vector": lambda a, b, i, j: eg.place(b[j], [[0, 1, 1, 3, 2, 0, 1]], (6,)),
    "put in rows": lambda a, b, i, j: eg.place(a[i], [[0, 5, 5, 1, 2, 2, 2, 3, 0], slice(None)], (6, 5)),
}

#: the selection moves into what does not differ along the axis, or is made of numbers at once
FOLDED = ("of what is repeated", "of constants")


@pytest.mark.one_in(20)
@pytest.mark.parametrize("per_sample", [False, True])
@pytest.mark.parametrize("name", SELECTIONS)
def test_positions_that_are_looked_up(name: str, per_sample: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(movement, "POSITIONS", 2)
    a, b = eg.Symbol("a", (4, 5), per_sample=per_sample), eg.Symbol("b", 5, per_sample=per_sample)
    i, j = np.array([0, 3, 3, 1, 2, 0, 0, 1, 2]), np.array([4, 0, 2, 2, 1, 3, 0])
    e = SELECTIONS[name](a, b, i, j)
    everything = [e, eg.gradient(eg.sum(e**2 * eg.cos(e)), a), eg.gradient(eg.sum(eg.sin(e)), b)]
    fn = eg.compile(everything, (a, b))
    assert ("j = T[" in fn.source) == (name not in FOLDED)
    for lead, dtype, tolerance in (((), np.float64, 1e-12), ((33,), np.float64, 1e-12), ((3,), np.float32, 1e-4)):
        at = [rng.normal(size=lead + s.shape).astype(dtype) for s in (a, b)]
        right: Any = eg.evaluate(everything, dict(zip((a, b), at)))
        for got, r in zip(fn(*at), right):
            close(got, np.broadcast_to(r, got.shape), rtol=10 * tolerance, atol=10 * tolerance)


@pytest.mark.slow
def test_a_million_numbers_and_two_hundred_thousand_pairs() -> None:
    e, right = fitted(100_000)
    close(eg.compile(e, w)(np.ones(10)), right, rtol=1e-9)
    f = pairs(200_000)
    g = [f, eg.gradient(f, v)]
    at = rng.normal(size=50)
    for got, want in zip(eg.compile(g, v)(at), eg.evaluate(g, {v: at})):
        close(got, want, rtol=1e-9)
