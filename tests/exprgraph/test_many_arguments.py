"""Hundreds and thousands of arguments and results: in linear time, with the checks that few of them have."""

from __future__ import annotations

import ctypes
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.lowering.call.into import shared_among, shared_with
from exprgraph.lowering.call.module import Module
from exprgraph.lowering.native import machine
from exprgraph.lowering.native.entry import CallType, entry
from exprgraph.lowering.plan.arguments import LOOPED, Moved, gathering, loading

MANY = 70
s = eg.symbols([f"s{k}" for k in range(MANY)])
AT = np.linspace(0.1, 2.0, MANY)


def call_of(fn: Any, batch: bool) -> CallType:
    program = fn.core.program(batch)
    takes = tuple((a.shape, a.per_sample) for a in fn.core.arguments)
    gives = tuple((o.shape, lane) for o, lane in zip(fn.core.outputs, program.per_sample))
    return CallType(takes, gives, program.workspace, program.shared, batch, 64)


def weighted(n: int) -> tuple[Node, tuple[Node, ...]]:
    symbols = eg.symbols([f"s{k}" for k in range(n)])
    return sum(eg.sin(a) * float(k + 1) for k, a in enumerate(symbols)), symbols  # type: ignore[return-value]


def test_numbers_arrays_batches_and_what_is_refused() -> None:
    e = [sum((k + 1.0) * eg.sin(a) for k, a in enumerate(s)), *(eg.cos(a) for a in s)]
    fn = eg.compile(e, s)
    right = [np.sum(np.arange(1, MANY + 1) * np.sin(AT)), *np.cos(AT)]
    for values in (AT.tolist(), list(AT), [np.array(a) for a in AT]):
        for _ in range(2):  # the second call is answered by machine code alone
            np.testing.assert_allclose(fn(*values), right, rtol=1e-13)
    batch = [np.full(5, a) for a in AT]
    for _ in range(2):
        np.testing.assert_allclose(np.array(fn(*batch))[:, 3], right, rtol=1e-13)
    with pytest.raises(TypeError, match=f"expected {MANY} values"):
        fn(*AT[1:])
    with pytest.raises(eg.ShapeError, match="argument 's41': the batch axes"):
        fn(*batch[:41], np.zeros(4), *batch[42:])
    mixed = [*batch[:50], *AT[50:]]  # for Python to sort out
    np.testing.assert_allclose(np.array(fn(*mixed))[:, 1], right, rtol=1e-13)
    single = fn(*[np.float32(a) for a in AT])
    assert single[0].dtype == np.float32
    np.testing.assert_allclose(single, right, rtol=1e-4)


def test_results_go_into_many_arrays() -> None:
    fn = eg.compile([eg.cos(a) for a in s], s)
    batch = [np.full(4, a) for a in AT]
    out = [np.empty(4) for _ in s]
    for _ in range(2):
        assert fn(*batch, out=out) is out
        np.testing.assert_allclose(np.array(out)[:, 2], np.cos(AT), rtol=1e-14)
    one = [np.empty(()) for _ in s]
    for _ in range(2):
        fn(*AT, out=one)
        np.testing.assert_allclose(one, np.cos(AT), rtol=1e-14)
    fn(*batch, out=batch)  # where the arguments are
    np.testing.assert_allclose(np.array(batch)[:, 2], np.cos(AT), rtol=1e-14)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("per_sample", [True, False])
def test_small_arrays_and_numbers_and_large_arrays(per_sample: bool) -> None:
    shapes = [(), (3,), (2, 2), (9, 9)]
    symbols = [eg.Symbol(f"a{k}", shapes[k // 20 % 4], per_sample=per_sample and k % 3 == 0) for k in range(90)]
    e = sum((k + 1.0) * eg.sum(eg.sin(a)) for k, a in enumerate(symbols))
    g = [e, eg.gradient(e, symbols[25]), eg.gradient(e, symbols[75])]
    fn = eg.compile(g, symbols, threads=2 if per_sample else 1)
    rng = np.random.default_rng(0)
    at = [rng.normal(size=((40,) if a.per_sample else ()) + a.shape) for a in symbols]
    right: Any = eg.evaluate(g, dict(zip(symbols, at)))
    for _ in range(2):
        for got, r in zip(fn(*at), right):
            np.testing.assert_allclose(got, np.broadcast_to(r, got.shape), rtol=1e-12)


def test_what_is_generated_does_not_grow_with_the_arguments() -> None:
    few, many = (eg.compile(*weighted(n)) for n in (100, 400))
    texts = [entry(call_of(fn, batch)) for fn in (few, many) for batch in (False, True)]
    assert max(map(len, texts)) - min(map(len, texts)) < 3000
    for batch, sign in ((False, "s["), (True, "load(w")):
        source = eg.inspect(many, batch).code
        driver = source[source.index("def kernel") :]
        assert driver.count(sign) == 1 and driver.count("\n") < 40


@pytest.mark.one_in(2)
@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("n", [1, 8, 9, 70])
def test_the_entry_is_sound(n: int, batch: bool) -> None:
    """Each value is known wherever it is used; LLVM does not look for itself when it makes code."""
    e, symbols = weighted(n)
    for f in (e, [e, *(eg.cos(a) for a in symbols), *(eg.stack([a, a]) for a in symbols)]):
        fn = eg.compile(f, symbols)
        text = eg.inspect(fn, batch).llvm + "\n" + entry(call_of(fn, batch))
        machine.host()  # LLVM is ready
        llvm.parse_assembly(text).verify()


def test_an_integrators_function_of_many_numbers() -> None:
    e, symbols = weighted(600)
    fn = eg.compile(e, symbols)
    form = fn.core.form(False, False)
    assert form.code is not None
    at = np.linspace(0.1, 2.0, 600)
    number = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int, ctypes.POINTER(ctypes.c_double))(form.code.number)
    got = number(600, at.ctypes.data_as(ctypes.POINTER(ctypes.c_double)))
    np.testing.assert_allclose(got, np.sum(np.arange(1, 601) * np.sin(at)), rtol=1e-11)


@pytest.mark.slow
def test_python_runs_the_same_text() -> None:
    fn = eg.compile(*weighted(40))
    module = Module(eg.inspect(fn, False).source)
    at = [np.array([a]) for a in AT[:40]]
    o, program = np.zeros(1), eg.inspect(fn, False)
    tables = module.constants, module.table, module.steps
    module.kernel.py_func(*at, o, np.zeros(program.workspace), np.zeros(program.shared), *tables, np.uint64(1))
    np.testing.assert_allclose(o[0], np.sum(np.arange(1, 41) * np.sin(AT[:40])), rtol=1e-12)


def test_small_arguments_are_put_into_the_workspace_and_not_beside_it() -> None:
    symbols = [eg.Symbol(f"a{k}", 3) for k in range(40)]
    fn = eg.compile(eg.sum(sum(symbols)), symbols)
    form = fn.core.form(False, False)
    assert form.code is not None
    given = [np.full(3, float(k)) for k in range(40)]
    size = form.program.shared
    shared, workspace, result = np.full(size + 300, 7.25), np.zeros(form.program.workspace + 1), np.zeros(1)
    pointer = ctypes.c_void_p
    run = ctypes.CFUNCTYPE(None, *[pointer] * 4, ctypes.c_int64)(form.code.address)
    arguments = (pointer * 40)(*(a.ctypes.data for a in given))
    run(arguments, (pointer * 1)(result.ctypes.data), workspace.ctypes.data, shared.ctypes.data, 1)
    assert result[0] == 3 * sum(range(40)) and (shared[size:] == 7.25).all()


def test_neighbours_that_are_moved_alike_are_one_loop() -> None:
    numbers = [Moved(k, 1, 10 + k) for k in range(LOOPED)]
    (each,) = gathering(numbers)
    assert repr(each) == f"for k, a in {', '.join(f'a{k}' for k in range(LOOPED))}:\n    s[10 + (k * 1)] = a[0]"
    assert len(gathering(numbers[1:])) == LOOPED - 1
    assert len(gathering([*numbers[:5], *numbers[6:]])) == LOOPED - 1  # one is not there
    assert len(gathering([*numbers, Moved(LOOPED, 4, 10 + LOOPED), Moved(LOOPED + 1, 0, 0)])) == 2
    rows = [Moved(k, 3, 8 * 3 * k, 0, 3) for k in range(LOOPED)]
    assert len(loading(rows, 8)) == 1 and len(loading(rows, 16)) == LOOPED
    assert repr(loading(rows, 8)[0]).endswith("\n    load(w, 0 + (k * 24), 8, a, first, 3, 0, 3, n)")


def test_memory_that_is_shared_is_found_as_numpy_finds_it() -> None:
    rng = np.random.default_rng(0)
    base = np.zeros(60)
    for _ in range(300):
        arrays = []
        for _ in range(6):
            i, j = sorted(rng.integers(0, 61, 2))
            part = base[i : j or None][:: int(rng.choice([-2, -1, 1, 3]))]
            arrays.append(part if rng.random() < 0.6 else np.zeros(int(rng.integers(0, 3))))
        out, others = arrays[:3], arrays[3:]
        assert shared_with(out, others) == [any(np.may_share_memory(a, b) for b in others) for a in out]
        assert shared_among(out) == any(np.may_share_memory(out[a], out[b]) for a, b in ((0, 1), (0, 2), (1, 2)))
    assert shared_with(out, []) == [False] * 3


@pytest.mark.slow
def test_thousands_of_arguments_and_results() -> None:
    e, symbols = weighted(3000)
    at = np.linspace(0.1, 2.0, 3000)
    fn = eg.compile([e, *(eg.diff(e, a) for a in symbols[::50])], symbols)
    right = [np.sum(np.arange(1, 3001) * np.sin(at)), *(np.arange(1, 3001) * np.cos(at))[::50]]
    np.testing.assert_allclose(fn(*at), right, rtol=1e-10)
    np.testing.assert_allclose(np.array(fn(*(np.full(3, a) for a in at)))[:, 1], right, rtol=1e-10)
