"""What users may ask about a compiled function."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import exprgraph as eg

x, W = eg.Symbol("x", 4, per_sample=True), eg.Symbol("W", (4, 4))
E = eg.tanh(W @ x)


def left_to_numba(name: str) -> Any:
    source = f"def {name}(a):\n    while a > 1.0:\n        a /= 2.0\n    return a"
    with pytest.warns(eg.NotNativeWarning):
        return eg.function(name, numpy=np.vectorize(lambda a: a), derivative=lambda a: 0 * a, code=f"{name}({{0}})", source=source)


def test_forms_are_compiled_when_they_are_called() -> None:
    fn = eg.compile(E, (x, W))
    shown = eg.inspect(fn)
    assert shown.compiled == () and (shown.batch, shown.dtype) == (True, np.float64)
    fn(np.ones((3, 4)), np.ones((4, 4)))
    assert shown.compiled == ((True, "float64"),)
    fn(np.ones(4, np.float32), np.ones((4, 4), np.float32))
    assert eg.inspect(fn).compiled == ((True, "float64"), (False, "float32"))


def test_sizes_and_text_are_those_of_the_form() -> None:
    fn = eg.compile([E, eg.sum(E)], (x, W))
    shown, one = eg.inspect(fn), eg.inspect(fn, batch=False, dtype=np.float32)
    assert shown.native and shown.reason is None
    assert shown.source == fn.source and shown.c_source == fn.c_source and shown.code in shown.source
    assert fn.workspace_size >= shown.workspace + shown.shared and shown.workspace >= shown.rows * shown.block > 0
    assert all(f"def {k}(" in shown.source for k in shown.kernels) and shown.steps >= len(shown.kernels) > 0
    assert shown.differs == (True, True) and one.rows == 0
    assert "double" in shown.llvm and "float" in one.llvm and "double" not in one.c_source.split("#include")[0]
    assert repr(shown.loops).startswith(f"float64, blocks of {shown.block}") and repr(one.loops).startswith("float32")
    assert repr(shown) == f"<form for batches in float64; kernels: {len(shown.kernels)}, steps: {shown.steps}; native>"
    assert repr(one).startswith("<form for one sample in float32")


def test_why_there_is_no_machine_code() -> None:
    halved = left_to_numba("inspected_halved")
    shown = eg.inspect(eg.compile(halved(x), x))
    assert not shown.native and shown.reason is not None
    assert shown.reason.startswith("inspected_halved, which only Numba compiles: a loop in line 2 of source")
    for ask in (lambda: shown.llvm, lambda: shown.c_source):
        with pytest.raises(eg.CompilationError, match="for inspected_halved, which only Numba compiles"):
            ask()
    assert eg.inspect(eg.compile(E, (x, W), backend="numpy")).reason == "backend 'numpy' was chosen"


def test_waiting_for_the_background() -> None:
    fn = eg.compile(E, (x, W), backend="auto")
    eg.inspect(fn).wait()  # for nothing
    assert eg.inspect(fn).compiled == ()
    fn(np.ones((3, 4)), np.ones((4, 4)))
    eg.inspect(fn).wait()
    assert eg.inspect(fn).compiled == ((True, "float64"),)


def test_what_is_no_compiled_function_is_not_inspected() -> None:
    with pytest.raises(TypeError, match="expected a compiled function, got function"):
        eg.inspect(lambda: 0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="forms are in float64 or float32, got int64"):
        eg.inspect(eg.compile(E, (x, W)), dtype=np.int64)


def test_threads_that_numba_does_not_use_are_told() -> None:
    halved = left_to_numba("inspected_threads")
    with pytest.warns(eg.NotNativeWarning, match=r"threads=2: only machine code .* inspected_threads, which only") as told:
        eg.compile(halved(x), x, threads=2)
    assert told[0].filename == __file__
    with pytest.warns(eg.NotNativeWarning, match="threads=3: .* backend 'numba'"):
        eg.compile(E, (x, W), backend="numba", threads=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        eg.compile(E, (x, W), threads=2)
        eg.compile(halved(x), x)
