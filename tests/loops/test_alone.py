"""Modules that need nothing from a process, for machines with other vectors and other addresses than this one."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.loops.print.llvm import LLVMTarget, print_alone
from exprgraph.lowering.native import machine
from exprgraph.lowering.plan.emit import emit
from exprgraph.lowering.plan.program import Program

#: lanes of 64 bits, whether vectors may leave out lanes, bits of an index
MACHINES = {"a microcontroller": (1, False, 32), "short vectors": (2, False, 64), "WebAssembly": (2, False, 32), "masks": (4, True, 32)}


def target_of(name: str, single: bool, blocks: Sequence[int] = (8,)) -> LLVMTarget:
    """A machine of the list; rows have room for its vectors."""
    lanes, partial, index = MACHINES[name]
    bits = 32 if single else 64
    return LLVMTarget(lanes * 64 // bits if lanes > 1 else 1, bits, 16, blocks=tuple(blocks), index=index, partial=partial)


def alone(fn: eg.CompiledFunction, target: LLVMTarget, name: str = "evaluate", batch: bool = True) -> tuple[Program, str]:
    """The program of a function, and its module."""
    program = emit(fn.core.outputs, fn.core.arguments, batch=batch, single=target.bits == 32, target=target)
    data = program.data
    return program, print_alone(program.loops, target, data.constants.tolist(), data.table.tolist(), data.steps.ravel().tolist(), name)


def run(outputs: Sequence[Node], given: dict[Node, np.ndarray], target: LLVMTarget, samples: int, batch: bool = True) -> list[np.ndarray]:
    """The results, computed by this machine as that one would."""
    fn = eg.compile(outputs, list(given))
    program, text = alone(fn, target, batch=batch)
    loaded = machine.Loaded(machine.compile_object(text))
    dtype = np.dtype(f"f{target.bits // 8}")
    arrays = [np.ascontiguousarray(a, dtype) for a in given.values()]
    sizes = [(o.size, lane) for o, lane in zip(outputs, program.per_sample)]
    shared = np.full(sum(n for n, lane in sizes if not lane), np.nan, dtype)
    own = [np.full(n * samples, np.nan, dtype) for n, lane in sizes if lane]
    work = [np.full(max(n, 1), np.nan, dtype) for n in (program.workspace, program.shared)]
    tables = [(ctypes.c_void_p * len(t))(*(a.ctypes.data for a in t)) for t in (arrays, [shared, *own])]
    code = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4, ctypes.c_int64)(loaded.address("evaluate"))
    code(*tables, work[0].ctypes.data, work[1].ctypes.data, samples)
    rest, at, found = iter(own), 0, []
    for n, lane in sizes:
        found.append(next(rest) if lane else shared[at : at + n])
        at += 0 if lane else n
    return found


def _everything(rng: np.random.Generator, samples: int) -> tuple[list[Node], dict[Node, np.ndarray]]:
    """Products and inner products of every shape, also with zeros that silence, systems, totals, takes, constants."""
    p, w, v = eg.Symbol("p", 5, per_sample=True), eg.Symbol("w", (7, 5)), eg.Symbol("v", (7, 7))
    u = eg.tanh(w @ eg.sin(p))
    system = eg.solve(eg.array(np.eye(5)) * 3 + eg.outer(p, p), p)
    outputs = [
        u, eg.jacobian(u, p), eg.over_samples.sum(eg.outer(u, p)), eg.gradient(eg.sum(eg.relu(v @ u) ** 2), p), system, eg.solve(v + 9, w),
        eg.logsumexp(w @ p), v @ w, v.T @ eg.exp(v), eg.max(w, axis=0), p[[4, 0, 0, 2]] * np.arange(1.0, 5.0), eg.over_samples.mean(p * p),
        eg.minimum(p, 0.1), eg.gradient(eg.sum(eg.minimum(v @ w, 0.1)), w), eg.sin(p * 2.0**20),
    ]  # fmt: skip
    return outputs, {s: rng.standard_normal((samples, *s.shape) if s is p else s.shape) for s in (p, w, v)}


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if k == 0 else pytest.mark.one_in(3)) for k, n in enumerate(MACHINES)])
def test_modules_for_other_machines_compute_the_same(name: str, single: bool) -> None:
    samples = 11
    outputs, given = _everything(np.random.default_rng(0), samples)
    given = {s: a.astype(np.float32).astype(float) for s, a in given.items()}
    tolerance = 3e-5 if single else 1e-13
    for got, want in zip(run(outputs, given, target_of(name, single), samples), eg.evaluate(outputs, given)):
        np.testing.assert_allclose(got, np.ravel(want), rtol=tolerance, atol=tolerance * np.abs(want).max())


def test_a_scalar_machine_needs_no_rows_longer_than_a_sample() -> None:
    x = eg.Symbol("x", 3, per_sample=True)
    fn = eg.compile(eg.tanh(x) * x, x)
    program, text = alone(fn, target_of("a microcontroller", True, blocks=(1,)))
    assert program.workspace == program.rows
    assert "<1 x" not in text and " x float> " not in text and "i64 %samples.long" in text
    given = {x: np.linspace(-1, 1, 9).reshape(3, 3)}
    (got,) = run([eg.tanh(x) * x], given, target_of("a microcontroller", False, blocks=(1,)), 3)
    np.testing.assert_allclose(got, np.ravel(np.tanh(given[x]) * given[x]), rtol=1e-15)


@pytest.mark.parametrize("name", ["short vectors", "WebAssembly"])
def test_vectors_that_cannot_leave_out_lanes_are_never_asked_to(name: str) -> None:
    outputs, given = _everything(np.random.default_rng(0), 1)
    fn = eg.compile(outputs, list(given))
    for batch in (False, True):
        assert "masked" not in alone(fn, target_of(name, False), batch=batch)[1]
    assert "masked.load" in alone(fn, target_of("masks", False), batch=False)[1]


def test_nothing_of_this_process_is_in_the_text() -> None:
    x = eg.Symbol("x", 40)
    fn = eg.compile(eg.sum(eg.array(np.arange(40.0)) * x[list(range(39, -1, -1))]), x)
    for target in (target_of("WebAssembly", False), target_of("masks", True)):
        text = alone(fn, target, "product")[1]  # also the name of a procedure of the library
        assert "@DATA" not in text and "inttoptr" not in text and text.count("define void @product(") == 1
        assert "global" not in text.replace("@llvm.global", "") and text.count("constant [") == 3
        assert text == alone(fn, target, "product")[1]
