"""The kernel of a function: of its machine code, or of a C function that Numba compiles as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import carray, cfunc, types

from ...graph.node import Node
from ..plan.unread import unread_functions
from ..save.kernel import KernelInterface, NumbaKernel
from .form import Form, by_numba
from .interface import CallInterface
from .module import load_module

_ENTRY = """
def entry(arguments, results, workspace, shared, samples):
    inner({arrays}, carray(workspace, ({workspace},)), carray(shared, ({shared},)), constants, table, steps, np.uint64(samples))
"""


def kernel_of(outputs: Sequence[Node], form: Form, interface: CallInterface, bare: bool, recipe: tuple[Any, ...]) -> NumbaKernel:
    """The kernel of a form; ``recipe`` makes it again from a pickle.

    Raises:
        CompilationError: Numba cannot compile a user's function that is left to it.
    """
    arguments = tuple((a.name, a.shape, a.per_sample) for a in interface.arguments)
    results = tuple((r.shape, r.per_sample, r.boolean) for r in interface.results)
    address, owner = (form.code.address, form.code) if form.code is not None else _entry(outputs, form, interface)
    return NumbaKernel(address, KernelInterface(arguments, results, bare), (form.program.workspace, form.program.shared), owner, recipe)


def _entry(outputs: Sequence[Node], form: Form, interface: CallInterface) -> tuple[int, object]:
    """A C function that Numba compiles: its address, and the owner of its code."""
    program, module = form.program, load_module(form.program.source)
    sizes = [(np.prod(shape, dtype=int), lane) for _, shape, lane in interface.arguments]
    arrays = [f"carray(arguments[{k}], ({size}{' * samples' * lane},))" for k, (size, lane) in enumerate(sizes)]
    same = sum(o.size for o, r in zip(outputs, interface.results) if not r.per_sample)
    lanes = [o.size for o, r in zip(outputs, interface.results) if r.per_sample]
    whole = f"carray(results[0], ({same},))"
    ends = (*program.offsets[1:], same)
    arrays += [f"{whole}[{start}:{stop}]" for start, stop in zip(program.offsets, ends)] if program.apart else [whole]
    arrays += [f"carray(results[{k}], ({size} * samples,))" for k, size in enumerate(lanes, 1)]
    namespace: dict[str, Any] = {
        "np": np, "carray": carray, "inner": module.kernel,
        "constants": module.constants, "table": module.table, "steps": module.steps.ravel(),
    }  # fmt: skip
    text = _ENTRY.format(arrays=", ".join(arrays), workspace=program.workspace, shared=program.shared)
    exec(compile(text, "<exprgraph kernel>", "exec"), namespace)
    numbers = types.CPointer(types.float64)
    signature = types.void(types.CPointer(numbers), types.CPointer(numbers), numbers, numbers, types.int64)
    made = by_numba(lambda: cfunc(signature)(namespace["entry"]), unread_functions(outputs))
    return made.address, (made, module)


__all__ = ["kernel_of"]
