"""Modules that need nothing from a process, for machines with other vectors and other addresses than this one."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.loops.print.llvm import LLVMTarget
from exprgraph.lowering.native import machine
from exprgraph.lowering.native.loaded import Loaded
from exprgraph.lowering.save.interface import CInterface, interface
from exprgraph.lowering.save.machine_code import module_text
from exprgraph.lowering.save.options import Options
from exprgraph.lowering.save.saved import Saved

#: lanes of 64 bits, whether vectors may leave out lanes, bits of an index
MACHINES = {"a microcontroller": (1, False, 32), "short vectors": (2, False, 64), "WebAssembly": (2, False, 32), "masks": (4, True, 32)}


def target_of(name: str, single: bool, blocks: Sequence[int] = (8,)) -> LLVMTarget:
    """A machine of the list; rows have room for its vectors."""
    lanes, partial, index = MACHINES[name]
    bits = 32 if single else 64
    return LLVMTarget(lanes * 64 // bits if lanes > 1 else 1, bits, 16, blocks=tuple(blocks), index=index, partial=partial)


def described(fn: eg.CompiledFunction, target: LLVMTarget, path: str = "evaluate.o", **options: object) -> CInterface:
    saved = Saved(fn.outputs, fn.core.arguments, tuple(eg.tree.paths(fn._recipe[0])), fn.core.contract)
    given = {"dtype": f"f{target.bits // 8}", **options}
    if "params" in options:
        given["params"] = fn._frozen(options["params"])
    return interface(saved, path, Options(**given), target)  # type: ignore[arg-type]


def run(i: CInterface, target: LLVMTarget, given: Sequence[np.ndarray], samples: int) -> list[np.ndarray]:
    """The results, computed by this machine as that one would."""
    loaded = Loaded(machine.compile_object(module_text(i, target)))
    dtype = np.dtype(f"f{target.bits // 8}")
    arrays = [np.ascontiguousarray(a, dtype) for a in given]
    results = [np.full(r.size * (samples if r.per_sample else 1), np.nan, dtype) for r in i.results]
    work = np.full((i.one if samples == 1 or i.many is None else i).workspace + 1, np.nan, dtype)
    work[-1] = 1.0
    tables = [(ctypes.c_void_p * max(len(t), 1))(*(a.ctypes.data for a in t)) for t in (arrays, results)]
    code = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, ctypes.c_int64)(loaded.address(i.name))
    code(*tables, work.ctypes.data, samples)
    assert work[-1] == 1.0  # nothing is written behind the workspace
    return results


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


def agree(got: Sequence[np.ndarray], want: Sequence[np.ndarray], tolerance: float = 1e-13) -> None:
    for g, w in zip(got, want):
        np.testing.assert_allclose(g, np.ravel(w), rtol=tolerance, atol=tolerance * np.abs(w).max(initial=0.0))


@pytest.mark.one_in(8)
@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("name", MACHINES)
def test_modules_for_other_machines_compute_the_same(name: str, single: bool) -> None:
    outputs, given = _everything(np.random.default_rng(0), 11)
    given = {s: a.astype(np.float32).astype(float) for s, a in given.items()}
    target = target_of(name, single)
    i = described(eg.compile(outputs, list(given)), target)
    for samples in (1, 11):
        values = {s: a[:samples] if s.shape == (5,) else a for s, a in given.items()}
        agree(run(i, target, list(values.values()), samples), eg.evaluate(outputs, values), 3e-5 if single else 1e-13)


def test_without_the_code_for_batches_samples_are_computed_one_by_one() -> None:
    x, y, k = eg.Symbol("x", 3, per_sample=True), eg.Symbol("y", per_sample=True), eg.Symbol("k", 3)
    outputs = [eg.tanh(x) * y, k * 2, eg.sum(x * k), eg.norm(k)]
    target = target_of("a microcontroller", False)
    rng = np.random.default_rng(0)
    given = {x: rng.normal(size=(4, 3)), y: rng.normal(size=4), k: rng.normal(size=3)}
    fn = eg.compile(outputs, list(given))
    i = described(fn, target, batch=False)
    assert i.many is None
    agree(run(i, target, list(given.values()), 4), eg.evaluate(outputs, given))
    frozen = described(fn, target, batch=False, params={"k": given[k]})
    agree(run(frozen, target, [given[x], given[y]], 4), eg.evaluate(outputs, given))
    fixed = eg.compile([k * 2, eg.norm(k)], k, shared=k)
    agree(run(described(fixed, target), target, [given[k]], 5), [given[k] * 2, np.linalg.norm(given[k])])
    alone = eg.compile(eg.sum(x) * y, (x, y))  # a result that is where the caller wants it
    agree(run(described(alone, target, batch=False), target, [given[x], given[y]], 4), [given[x].sum(1) * given[y]])


@pytest.mark.parametrize("batch", [True, False])
def test_numbers_between_arguments_that_are_moved_in_a_loop(batch: bool) -> None:
    """Of 40 small arguments some are numbers: the others are no neighbours in the caller's table."""
    symbols = eg.symbols([f"p{k}" for k in range(40)])
    outputs = [eg.sum(eg.stack(symbols) * np.arange(40.0)), symbols[7] * symbols[20]]
    fn = eg.compile(outputs, symbols, shared=[] if batch else symbols)
    values = {s: np.array(0.25 + k) for k, s in enumerate(symbols)}
    frozen = {"p0": 0.25, "p7": 7.25, "p8": 8.25, "p20": 20.25, "p39": 39.25}
    target = target_of("WebAssembly", False)
    i = described(fn, target, params=frozen)
    given = [np.full(3, a) if batch else a for s, a in values.items() if s.name not in frozen]
    want = [np.repeat(v, 3 if r.per_sample else 1) for v, r in zip(eg.evaluate(outputs, values), i.results)]
    agree(run(i, target, given, 3), want)


def test_one_lane_is_a_scalar() -> None:
    x = eg.Symbol("x", 3, per_sample=True)
    fn = eg.compile(eg.tanh(x) * x, x)
    target = target_of("a microcontroller", True, blocks=(1,))
    i = described(fn, target)
    text = module_text(i, target)
    assert i.many is not None and i.many.program.workspace == i.many.program.rows
    assert "<1 x" not in text and " x float> " not in text and "i64 %count" in text
    given = np.linspace(-1, 1, 9, dtype=np.float32).reshape(3, 3)
    agree(run(i, target, [given], 3), [np.tanh(given) * given], 1e-6)


@pytest.mark.parametrize("name", ["short vectors", "WebAssembly"])
def test_vectors_that_cannot_leave_out_lanes_are_never_asked_to(name: str) -> None:
    outputs, given = _everything(np.random.default_rng(0), 1)
    fn = eg.compile(outputs[:2] + outputs[5:8], list(given))
    assert "masked" not in module_text(described(fn, target_of(name, False)), target_of(name, False))
    assert "masked.load" in module_text(described(fn, target_of("masks", False)), target_of("masks", False))


def test_nothing_of_this_process_is_in_the_text() -> None:
    x = eg.Symbol("x", 40)
    numbers = eg.array(np.arange(40.0))
    fn = eg.compile(eg.sum(numbers * x[list(range(39, -1, -1))]), x)
    for target in (target_of("WebAssembly", False), target_of("masks", True)):
        text = module_text(described(fn, target, name="product"), target)  # also the name of a procedure of the library
        assert "@DATA" not in text and "inttoptr" not in text and text.count("define void @product(") == 1
        assert not re.findall(r"^@.* = (?!internal constant)", text, flags=re.M)
        assert text == module_text(described(fn, target, name="product"), target)
        assert len(re.findall(r"x (?:double|float)\] \[\w+ 0x0000000000000000, \w+ 0x3FF", text)) == 1  # both forms have them


@pytest.mark.parametrize("name", ["a microcontroller", "masks"])
def test_no_samples_and_fewer(name: str) -> None:
    x = eg.Symbol("x", 2, per_sample=True)
    target = target_of(name, False)
    total = described(eg.compile(eg.over_samples.sum(x), x), target)
    for samples in (0, -1, -(2**40)):
        assert run(total, target, [np.ones((3, 2))], samples)[0].tolist() == [0.0, 0.0]
    each = described(eg.compile(eg.sin(x), x), target, batch=False)
    assert run(each, target, [np.ones((3, 2))], 0)[0].size == 0
