"""Compiled functions for C callers, as C source, for Numba functions and for SciPy's integrators."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ...errors import CompilationError
from ...support.compiling import compiling, in_llvm
from ...support.names import shown
from ..plan.unread import unread_functions
from .interface import CallInterface, call_interface
from .outputs import CompiledOutputs

if TYPE_CHECKING:
    from ..save.kernel import NumbaKernel
    from .form import Form


def _form(core: CompiledOutputs) -> Form:
    """The float64 form; for batches if any argument may have batch axes."""
    return core.form(core.takes_batches, False)


def workspace_size(core: CompiledOutputs) -> int:
    """The length of the workspace, in float64 numbers, that a caller passes."""
    program = _form(core).program
    return max(program.workspace + program.shared, 1)


def interface(core: CompiledOutputs, names: Sequence[str]) -> CallInterface:
    """What other code in this process gives and gets."""
    return call_interface(core.arguments, core.outputs, names, _form(core).program.per_sample, workspace_size(core))


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
    return form.code.address, form.function


def c_source(core: CompiledOutputs, batch: bool, single: bool = False) -> str:
    """A file of C99 whose function ``evaluate`` is called as :func:`c_function` says, or with ``single`` of float32.

    Raises:
        CompilationError: the function contains a user-defined function whose code only Numba compiles.
    """
    from ...loops.print.c import Interface, ProgramData, print_program  # a printer is loaded when it prints

    left = core.left_to_numba
    if left is not None:
        raise CompilationError(f"there is no C source for {left}")
    program = core.program(batch, single, packed=True)
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


def numba_function(core: CompiledOutputs, names: Sequence[str], bare: bool) -> NumbaKernel:
    """The function for code that Numba compiles; made once."""
    form = _form(core)
    with compiling:
        if form.kernel is None:
            with in_llvm():  # Numba starts LLVM
                from .for_numba import kernel_of
            recipe = _kernel, (*core.__reduce__()[1], names, bare)
            form.kernel = kernel_of(core.outputs, form, interface(core, names), bare, recipe)
        return form.kernel


def _kernel(*recipe: Any) -> NumbaKernel:
    """The kernel of a new function, in a process that got it as a pickle."""
    *parts, names, bare = recipe
    return numba_function(CompiledOutputs(*parts), names, bare)


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


__all__ = ["c_function", "c_source", "interface", "low_level_callable", "numba_function", "workspace_size"]
