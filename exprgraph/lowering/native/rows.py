"""Machine code of the interpreter and of the rows that it applies: in memory, on disk, or made by LLVM.

Each is compiled once for a machine.  What is on disk is loaded without LLVM, without printers, and without reading the code of a row.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Union

from ...functions.elementwise import Function
from ...support.compiling import compiling
from .disk import directory
from .instructions import Purpose
from .kept import found_object, keep_object
from .loaded import Loaded

#: the interpreter, or the row that it applies
Part = Union[Function, None]

_loaded: dict[tuple[str, Purpose], Loaded] = {}


def _known(part: Part, purpose: Purpose) -> Loaded | None:
    """A part that this process or the disk has.  It does not wait for a thread that compiles."""
    what = _written(part), purpose
    found = _loaded.get(what)
    if found is None:
        code = found_object(*_key(*what))
        if code is not None:
            found = _loaded.setdefault(what, Loaded(code))  # of two threads, one has loaded it for both: addresses stay good
    return found


def _address(name: str, part: Part, purpose: Purpose) -> int:
    """The address of a part, which LLVM makes if it must."""
    found = _known(part, purpose)
    if found is None:
        with compiling:
            found = _known(part, purpose) or _made(part, purpose)
    return found.address(name)


def _made(part: Part, purpose: Purpose) -> Loaded:
    printed = import_module(".interpreter", __package__)
    text = printed.interpreter(purpose) if part is None else printed.row_function(part, purpose)
    made: bytes = import_module(".machine", __package__).compile_object(text)
    what = _written(part), purpose
    keep_object(made, *_key(*what))
    return _loaded.setdefault(what, Loaded(made))


def _written(part: Part) -> str:
    """What stands for the text."""
    return "" if part is None else repr((part.name, part.code, part.arity, part.source, sorted(part.helper_names.items())))


def _key(written: str, purpose: Purpose) -> tuple[str, ...]:
    return "interpreter", written, repr(purpose)


def missing_parts(rows: Iterable[Function], batch: bool, single: bool) -> tuple[int, bool]:
    """How many parts LLVM must make before the interpreter can apply rows, and whether they are kept on disk then."""
    purpose = Purpose.of(batch, single)
    return sum(_known(part, purpose) is None for part in (None, *rows)), directory() is not None


def interpreter_address(purpose: Purpose) -> int:
    """The address of the interpreter."""
    return _address("interpret", None, purpose)


def row_address(row: Function, purpose: Purpose) -> int:
    """The address of the function of a row."""
    return _address("row", row, purpose)


__all__ = ["interpreter_address", "missing_parts", "row_address"]
