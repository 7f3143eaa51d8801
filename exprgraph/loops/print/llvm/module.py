"""A loop program as one LLVM module: for this process, or for a file."""

from __future__ import annotations

from collections.abc import Sequence

from ...program import Loops, Procedure, Run, Statement
from ...walk import statements_of
from .builder import LLVMTarget
from .driver import DATA, driver, exported
from .expressions import Functions
from .statements import procedure
from .tiles import TILES

_ATTRIBUTES = (
    # vectors as wide as the machine's, even if the tuning of its model prefers others
    'attributes #0 = { noinline nounwind "min-legal-vector-width"="512" "prefer-vector-width"="512" }',
    'attributes #1 = { noinline nounwind memory(none) "min-legal-vector-width"="512" "prefer-vector-width"="512" }',
    "attributes #2 = { nounwind memory(none) }",
    '!0 = !{!"branch_weights", i32 1, i32 100000}',
)


def print_program(program: Loops, target: LLVMTarget) -> str:
    """The text of the module: the called procedures, and the driver.

    Raises:
        UnreadableError: a function has no typed loops; only Numba compiles it.
    """
    functions = Functions(program.functions, target)
    bodies = [*_procedures(functions, program), *driver(functions, program)]
    data = f"@DATA = global [{len(DATA)} x ptr] zeroinitializer"  # set when the code is loaded
    return _module(functions, [data], bodies)


def print_alone(
    program: Loops, target: LLVMTarget, constants: Sequence[float], table: Sequence[int], steps: Sequence[int], name: str, export: str = ""
) -> str:
    """The text of a module that needs nothing from this process: the data of the program are constants of the module.

    It has one function, ``name``, with the parameters that :func:`exprgraph.lowering.call.embed.c_function` says.
    ``export`` is what LLVM writes before the type of a function that others may call, for formats that need it.

    Raises:
        UnreadableError: a function has no typed loops; only Numba compiles it.
    """
    mark = f"{name}."  # no name of C has a point
    functions = Functions(program.functions, target, mark)
    names = [f"@{mark}{n}" for n in DATA]
    words = [[str(n % 2**target.index) for n in indices] for indices in (table, steps)]
    data = [_constants(names[0], target.real, list(map(target.number, constants)))]
    data += [_constants(n, target.type_of("index"), listed) for n, listed in zip(names[1:], words)]
    bodies = [*_procedures(functions, program), exported(functions, program, name, dict(zip(DATA, names)), export)]
    return _module(functions, data, bodies)


def _constants(name: str, kind: str, numbers: Sequence[str]) -> str:
    """The definition of a constant array."""
    return f"{name} = internal constant [{len(numbers)} x {kind}] [{', '.join(f'{kind} {n}' for n in numbers)}]"


def _procedures(functions: Functions, program: Loops) -> list[str]:
    called = _called(program)
    return [procedure(functions, p) for p in (*program.library, *program.kernels) if p.name in called]


def _module(functions: Functions, data: Sequence[str], bodies: Sequence[str]) -> str:
    return "\n\n".join([*data, *sorted(functions.declared), *functions.called.values(), *bodies, *_ATTRIBUTES])


def _called(program: Loops) -> set[str]:
    """The procedures that the driver calls, and their callees."""
    known: dict[str, Procedure] = {p.name: p for p in (*program.library, *program.kernels)}
    found: set[str] = set()
    pending: list[Sequence[Statement]] = [body for part in program.parts for body in (part.before, part.body)]
    while pending:
        names = {s.procedure for s in statements_of(pending.pop()) if isinstance(s, Run)} - found
        found |= names
        pending += [known[n].body for n in names if n not in TILES]
    return found


__all__ = ["print_alone", "print_program"]
