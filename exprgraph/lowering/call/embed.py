"""Compiled functions for C callers, as C source, for Numba functions and for SciPy's integrators."""

from __future__ import annotations

import ctypes
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import CompilationError
from ...support.names import shown
from ..plan.unread import unread_functions
from .outputs import CompiledOutputs

if TYPE_CHECKING:
    from .form import Form


def _form(core: CompiledOutputs) -> Form:
    """The float64 form; for batches if any argument may have batch axes."""
    return core.form(core.takes_batches, False)


def workspace_size(core: CompiledOutputs) -> int:
    """The length of the workspace, in float64 numbers, that a caller passes."""
    program = _form(core).program
    return program.workspace + program.shared + len(core.arguments) + len(core.outputs) + 1


def c_function(core: CompiledOutputs) -> tuple[int, Any]:
    """The address of the machine code, and a ctypes function that keeps the code in memory.

    In C it is::

        void f(const double *const *arguments, double *const *results,
               double *workspace, double *shared, int64_t samples);

    ``arguments`` are in order, samples one after another.  ``results[0]`` takes all results that are the
    same for all samples, one after another; the others follow, each with its samples.  ``workspace`` and
    ``shared`` are of ``core.program().workspace`` and ``.shared`` numbers.  Nothing is checked; it may be
    called by several threads, each with workspace of its own.

    Raises:
        CompilationError: a part of the function is one that only Numba can compile.
    """
    form = _form(core)
    if form.code is None:
        raise CompilationError(_no_address(core))
    pointer = ctypes.c_void_p
    function = ctypes.CFUNCTYPE(None, pointer, pointer, pointer, pointer, ctypes.c_int64)(form.code.address)
    vars(function).update(keep=form.code)  # the function holds its code in memory
    return form.code.address, function


def c_source(core: CompiledOutputs, batch: bool, single: bool = False) -> str:
    """A file of C99 whose function ``evaluate`` is called as :func:`c_function` says, or with ``single`` of float32.

    Raises:
        CompilationError: the function contains a user-defined function whose code only Numba compiles.
    """
    from ...loops.print.c import Interface, ProgramData, print_program  # a printer is loaded when it prints

    left = core.left_to_numba
    if left is not None:
        raise CompilationError(f"there is no C source for {left}")
    program = core.program(batch, single)
    data = program.data
    numbers = ProgramData(data.constants.tolist(), data.table.tolist(), data.steps.ravel().tolist())
    given = [(shown(a.name), a.shape, a.per_sample) for a in core.arguments]
    results = [(o.shape, differs) for o, differs in zip(core.outputs, program.per_sample)]
    return print_program(program.loops, numbers, Interface(given, results, program.workspace, program.shared))


def _no_address(core: CompiledOutputs) -> str:
    if core.backend == "numba":
        return "backend 'numba' has no address; compile with backend='native', or use fn.kernel or fn.save"
    unread = unread_functions(core.outputs)
    reasons = "; ".join(unread.values())
    return f"the code of {', '.join(unread)} has parts that only Numba can compile ({reasons}), and no address; use fn.kernel or fn.save"


_NUMBA = """
import numba


@numba.njit
def kernel({parameters}, workspace, samples):
    numbers = workspace[:{numbers}]
    pointers = workspace[{numbers}:].view(np.int64)
{pointers}
    entry(pointers[:{split}].ctypes.data, pointers[{split}:].ctypes.data, numbers.ctypes.data, numbers[{lanes}:].ctypes.data, samples)
"""


def numba_function(core: CompiledOutputs) -> Any:
    """A function that other Numba code calls: ``kernel(arguments..., results..., workspace, samples)``.

    Arguments and results are one-dimensional C-contiguous float64 arrays, samples one after another.  The
    first result array takes all results that are the same for all samples, one after another (it may be
    empty, and is always there); the others follow in order.  ``workspace`` has ``fn.workspace_size``
    numbers.  Nothing is checked and nothing allocated.
    """
    form = _form(core)
    if form.code is None:
        return _all_numba(core, form)
    _, entry = c_function(core)
    lanes = sum(form.program.per_sample)
    names = [f"a{k}" for k in range(len(core.arguments))]
    results = ["o", *(f"o{k}" for k in range(lanes))]
    lines = [f"    pointers[{k}] = {name}.ctypes.data" for k, name in enumerate([*names, *results])]
    text = _NUMBA.format(
        parameters=", ".join([*names, *results]), numbers=form.program.workspace + form.program.shared,
        pointers="\n".join(lines), split=len(names), lanes=form.program.workspace,
    )  # fmt: skip
    namespace: dict[str, Any] = {"np": np, "entry": entry, "__name__": "exprgraph_kernel"}
    exec(compile(text, "<exprgraph kernel>", "exec"), namespace)
    return namespace["kernel"]


def _all_numba(core: CompiledOutputs, form: Form) -> Any:
    """The kernel of a function that is compiled by Numba as a whole."""
    import numba

    from .module import load_module  # which Numba compiles

    module = load_module(form.program.source)
    names = [f"a{k}" for k in range(len(core.arguments))]
    results = ["o", *(f"o{k}" for k in range(sum(form.program.per_sample)))]
    listed, split, end = ", ".join([*names, *results]), form.program.workspace, form.program.workspace + form.program.shared
    text = (
        f"def kernel({listed}, workspace, samples):\n"
        f"    inner({listed}, workspace[:{split}], workspace[{split}:{end}], constants, table, steps, np.uint64(samples))\n"
    )
    namespace = {
        "np": np, "inner": module.kernel, "constants": module.constants, "table": module.table, "steps": module.steps.ravel(),
        "__name__": "exprgraph_kernel",
    }  # fmt: skip
    exec(compile(text, "<exprgraph kernel>", "exec"), namespace)
    return numba.njit(namespace["kernel"])


def low_level_callable(core: CompiledOutputs) -> Any:
    """A ``scipy.LowLevelCallable`` for ``scipy.integrate``, called without going through Python.

    Raises:
        ImportError: SciPy is not installed.
        CompilationError: a part of the function is one that only Numba can compile.
        TypeError: an argument or the result is not a single number, or there are several results.
    """
    try:
        scipy: Any = import_module("scipy")  # not needed otherwise, and untyped
    except ImportError as error:
        raise ImportError(f"low_level_callable makes a scipy.LowLevelCallable and needs SciPy: pip install scipy ({error})") from error
    form = core.form(False, False)
    if form.code is None:
        raise CompilationError(_no_address(core))
    if not form.code.number:
        raise TypeError("low_level_callable needs arguments that are single numbers and one result that is a single number")
    function = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int, ctypes.POINTER(ctypes.c_double))(form.code.number)
    vars(function).update(keep=form.code)  # the function holds its code in memory
    return scipy.LowLevelCallable(function)


__all__ = ["c_function", "c_source", "low_level_callable", "numba_function", "workspace_size"]
