"""A loop program as one LLVM module, for this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...pointers import alone
from ...program import Let, Loops, Procedure, Run, Statement, Store
from ...walk import statements_of
from .builder import LLVMTarget
from .driver import DATA, driver
from .expressions import INLINED, Functions
from .statements import parameters, procedure
from .tiles import TILES

#: the statements of a procedure that may be in a module of its own, of all these before there are such modules, and of a module
LONG, MANY, PIECE = 100, 1500, 4000
#: In modules of more statements together, long functions are called: calls take as long, their compilation a fifth less.
SHARED = 15_000

_ATTRIBUTES = (
    # vectors as wide as the machine's, even if the tuning of its model prefers others
    'attributes #0 = { noinline nounwind "min-legal-vector-width"="512" "prefer-vector-width"="512" }',
    'attributes #1 = { noinline nounwind memory(none) "min-legal-vector-width"="512" "prefer-vector-width"="512" }',
    "attributes #2 = { nounwind memory(none) }",
    '!0 = !{!"branch_weights", i32 1, i32 100000}',
)


def print_program(
    program: Loops,
    target: LLVMTarget,
    offsets: Sequence[int] = (),
    divided: bool = True,
    pieces: Sequence[Sequence[Procedure]] = (),
) -> str:
    """The text of the module: the called procedures, and the driver.

    ``offsets``: where results with an array each begin for callers who give one array for all of them.  ``divided``: with the parts of
    the driver, for threads that divide samples.  Procedures of ``pieces`` are in modules of their own.

    Raises:
        UnreadableError: a function has no typed loops; only Numba compiles it.
    """
    functions = Functions(program.functions, target)
    called = called_procedures(program)
    known = (*program.library, *program.kernels)
    apart = alone(program, known)
    elsewhere = {p.name for piece in pieces for p in piece}
    bodies = [procedure(functions, p, apart[p.name]) for p in known if p.name in called - elsewhere]
    functions.declared |= {
        f"declare hidden void @{functions.mark}{p.name}({parameters(p.parameters, target)})" for piece in pieces for p in piece
    }
    bodies += driver(functions, program, offsets, divided)
    data = f"@DATA = dso_local global [{len(DATA)} x ptr] zeroinitializer"  # set when the code is loaded
    return module(functions, [data], bodies)


def pieces_of(program: Loops) -> list[list[Procedure]]:
    """Long straight-line procedures in order, in groups of bounded size, for modules of their own; none if there are few."""
    called = called_procedures(program)
    long = [p for p in program.kernels if p.name in called and len(p.body) >= LONG and all(isinstance(s, (Let, Store)) for s in p.body)]
    if sum(len(p.body) for p in long) <= MANY:
        return []
    pieces: list[list[Procedure]] = []
    room = 0
    for p in long:
        if room < len(p.body):
            pieces.append([])
            room = PIECE
        pieces[-1].append(p)
        room -= len(p.body)
    return pieces


def print_pieces(program: Loops, target: LLVMTarget, pieces: Sequence[Sequence[Procedure]]) -> Iterator[str]:
    """The text of a module for each piece of a program.

    Raises:
        UnreadableError: a function has no typed loops; only Numba compiles it.
    """
    if pieces:
        apart = alone(program, (*program.library, *program.kernels))
    inlined = INLINED if sum(len(p.body) for piece in pieces for p in piece) <= SHARED else 0
    for piece in pieces:
        functions = Functions(program.functions, target, inlined=inlined)
        yield module(functions, [], [procedure(functions, p, apart[p.name], "hidden") for p in piece])


def module(functions: Functions, data: Sequence[str], bodies: Sequence[str], attributes: str = "") -> str:
    """The text of a module: its data, what it declares, the called functions, and its own.

    ``attributes`` are further ones of its functions.
    """
    written = [a.replace("noinline", f"noinline {attributes}") if attributes else a for a in _ATTRIBUTES]
    return "\n\n".join([*data, *sorted(functions.declared), *functions.called.values(), *bodies, *written])


def called_procedures(program: Loops) -> set[str]:
    """The procedures that the driver calls, and their callees."""
    known: dict[str, Procedure] = {p.name: p for p in (*program.library, *program.kernels)}
    found: set[str] = set()
    pending: list[Sequence[Statement]] = [body for part in program.parts for body in (part.before, part.body)]
    while pending:
        names = {s.procedure for s in statements_of(pending.pop()) if isinstance(s, Run)} - found
        found |= names
        pending += [known[n].body for n in names if n not in TILES]
    return found


__all__ = ["called_procedures", "module", "pieces_of", "print_pieces", "print_program"]
