"""The module of LLVM for an object file: the forms of an interface, with the places of their arrays."""

from __future__ import annotations

from ...loops.print.llvm import Copied, Form, Given, Inside, LLVMTarget, Place, print_alone
from .interface import CForm, CInterface


def module_text(interface: CInterface, target: LLVMTarget, export: str = "") -> str:
    """The text of the module.

    Raises:
        UnreadableError: a user's function has code that only Numba compiles.
    """
    forms = [_form(interface, interface.one, "one", batch=False)]
    if interface.many is not None:
        forms.append(_form(interface, interface.many, "many", batch=True))
    return print_alone(interface.name, forms, target, export)


def _form(interface: CInterface, form: CForm, name: str, batch: bool) -> Form:
    program = form.program
    data = program.data
    numbers = data.constants.tolist(), data.table.tolist(), data.steps.ravel().tolist()
    arrays: dict[str, Place] = {f"a{k}": numbers.tolist() for k, numbers in interface.function.frozen.items()}
    for position, (k, a) in enumerate(zip(interface.positions, interface.arguments)):
        arrays[f"a{k}"] = Given("arguments", position, a.size if a.per_sample else 0)
    results = [Given("results", k, r.size if r.per_sample else 0) for k, r in enumerate(interface.results)]
    arrays |= {f"o{k}": results[k] for k in form.lanes}
    arrays["o"] = results[form.same[0]] if len(form.same) == 1 else Inside(form.o)
    copied, offset = [], form.o
    for k in form.same if form.copied else ():
        copied.append(Copied(offset, results[k], form.sizes[k]))
        offset += form.sizes[k]
    return Form(name, program.loops, numbers, arrays, form.shared, copied, batch)


__all__ = ["module_text"]
