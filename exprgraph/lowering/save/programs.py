"""The loop programs of what is saved; writers load this, and with it the plan."""

from __future__ import annotations

from ...errors import CompilationError
from ...loops.target import CPU, Target
from ..plan.emit import emit
from ..plan.program import Program
from ..plan.unread import left_to_numba
from .saved import Saved


def program_of(function: Saved, batch: bool, single: bool = False, target: Target = CPU, apart: bool = False) -> Program:
    """The loop program of a form: for one sample, or with ``batch`` for any number of them, in blocks for a target.

    ``apart``: all results are arrays of their own.
    """
    outputs, arguments = function.outputs, function.arguments
    return emit(outputs, arguments, batch=batch, single=single, contract=function.contract, target=target, apart=apart)


def check_readable(function: Saved, what: str) -> None:
    """Check that typed loops express all of the function, for a file of ``what``: "C".

    Raises:
        CompilationError: a user's function has code that only Numba compiles.
    """
    left = left_to_numba(function.outputs)
    if left is not None:
        raise CompilationError(f"cannot save the function as {what}: it contains {left}")


__all__ = ["check_readable", "program_of"]
