"""A function as an object file for this or another processor, with its header for C; from LLVM alone."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ...loops.operations import LIBRARY
from ...loops.print.llvm import LLVMTarget
from ...loops.print.llvm.alone import Copied, Given, Inside, Place, PlacedForm, print_alone
from ...loops.specialise import specialised
from ...loops.unused import used
from ...support.files import written_together
from ..native.others import object_for
from .check import expected
from .formats import WHAT
from .header import header
from .interface import CForm, CInterface, interface
from .options import Options
from .programs import check_readable
from .saved import Saved
from .selfcheck import main
from .symbols import symbols
from .targets import TargetMachine, target_machine

#: functions of C's mathematical library, and those that LLVM calls where a machine has no such instruction
_MATHEMATICAL = {*LIBRARY, "sqrt", "floor", "ceil", "trunc", "rint", "nearbyint", "copysign", "fabs", "fma"}


class Compiled(NamedTuple):
    """An object file, its interface for callers, and the machine that it is for."""

    machine: TargetMachine
    interface: CInterface
    code: bytes


def compiled(function: Saved, path: str, options: Options, exported: bool = False) -> Compiled:
    """The object file of a function; ``exported``: for a library of Windows.

    Raises:
        ValueError: the target, its processor or a feature, or another option is wrong.
        CompilationError: a user's function has code that only Numba compiles.
    """
    machine = target_machine(options)
    check_readable(function, "machine code for a file")
    target = machine.vectors(32 if options.single else 64)
    called = interface(function, path, options, target)
    windows = machine.format == "COFF"
    text = module_text(called, target, "dllexport " * (exported and windows), _attributes(machine))
    return Compiled(machine, called, object_for(text, machine.machine, machine.architecture != "ARM"))


def _attributes(machine: TargetMachine) -> str:
    """Attributes of all functions: no loop becomes a call of C's library; Windows finds the callers; short code for small machines."""
    return '"no-builtins"' + " uwtable" * (machine.format == "COFF") + " optsize" * machine.small


def module_text(interface: CInterface, target: LLVMTarget, export: str = "", attributes: str = "") -> str:
    """The text of the module.

    Raises:
        UnreadableError: a user's function has code that only Numba compiles.
    """
    forms = [_form(interface, interface.one, "one", batch=False)]
    if interface.many is not None:
        forms.append(_form(interface, interface.many, "many", batch=True))
    return print_alone(interface.name, forms, target, export, attributes)


def _form(interface: CInterface, form: CForm, name: str, batch: bool) -> PlacedForm:
    data = form.program.data
    numbers = data.constants.tolist(), data.table.tolist(), data.steps.ravel().tolist()
    program = used(specialised(form.program.loops, *numbers[1:]))
    arrays: dict[str, Place] = {f"a{k}": numbers.tolist() for k, numbers in interface.function.frozen.items()}
    for position, (k, a) in enumerate(zip(interface.positions, interface.arguments)):
        arrays[f"a{k}"] = Given("arguments", position, a.size if a.per_sample else 0)
    results = [Given("results", k, r.size if r.per_sample else 0) for k, r in enumerate(interface.results)]
    arrays |= {f"o{k}": results[k] for k in form.apart}
    arrays["o"] = Inside(form.o)
    copied, offset = [], form.o
    for k in form.same if form.copied else ():
        copied.append(Copied(offset, results[k], form.sizes[k]))
        offset += form.sizes[k]
    return PlacedForm(name, program, numbers, arrays, form.shared, copied, batch)


def about(made: Compiled, name: str, mathematical_library: str = ": link with -lm") -> Iterator[str]:
    """Lines of a comment: the machine of a file, and what it needs, with advice on C's mathematical library."""
    m = made.machine.machine
    native = made.machine.asked == "native"
    features = f" with {m.features}" if m.features and not native else ""
    expected = symbols(made.code).expected
    mathematical = [n for n in expected if n in _MATHEMATICAL or n.removesuffix("f") in _MATHEMATICAL]
    others = [n for n in expected if n not in mathematical]
    said = f"{name} is for {m.triple if native else made.machine.asked}, processor {m.cpu}{features}."
    if mathematical:
        said += f"  It calls {_listed(mathematical)} of C's mathematical library{mathematical_library}."
    if others:
        said += f"  It refers to {_listed(others)}, which the compiler's own library has."
    if not expected:
        said += "  It needs no other code."
    yield from textwrap.wrap(said, 110)


def _listed(names: Sequence[str]) -> str:
    return re.sub(r", ([^,]*)$", r" and \1", ", ".join(sorted(names)))


def described(made: Compiled, notes: Iterable[str]) -> bytes:
    """The header for machine code, which has the self-check, too: a program, if a macro is defined."""
    i = made.interface
    return f"{header(i, notes=list(notes))}\n{main(i, expected(i.function, i.single))}\n".encode("ascii")


def write(function: Saved, path: str, options: Options) -> None:
    """Write the object file and the header beside it, both or none."""
    made = compiled(function, path, options)
    head, name = os.path.splitext(path)[0] + ".h", os.path.basename(path)
    check = f"Its self-check: cc -D{made.interface.prefix}_MAIN -x c {os.path.basename(head)} -x none {name} -lm"
    written_together({path: made.code, head: described(made, [*about(made, name), check])}, WHAT, [".o", ".obj", ".h"])


__all__ = ["Compiled", "about", "compiled", "described", "module_text", "write"]
