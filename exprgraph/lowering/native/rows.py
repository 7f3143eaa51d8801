"""Machine code of the interpreter and of the rows that it applies: in memory, on disk, or made by LLVM.

Each is compiled once for a machine.  What is on disk is loaded without LLVM, without printers, and without reading the code of a row.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType

from ...functions.elementwise import Function
from ...support.compiling import compiling
from .instructions import Purpose
from .kept import kept_object
from .loaded import Loaded

_loaded: dict[object, tuple[Loaded, int]] = {}


def _address(name: str, what: str, purpose: Purpose, text: Callable[[], str]) -> int:
    """The address of a function, compiled if neither this process nor the disk has it.  ``what`` stands for its text."""
    with compiling:
        found = _loaded.get((what, purpose))
        if found is None:

            def made() -> bytes:
                code: bytes = import_module(".machine", __package__).compile_object(text())
                return code

            loaded = Loaded(kept_object(made, "interpreter", what, repr(purpose)))
            found = _loaded[what, purpose] = loaded, loaded.address(name)
        return found[1]


def _printed() -> ModuleType:
    return import_module(".interpreter", __package__)


def interpreter_address(purpose: Purpose) -> int:
    """The address of the interpreter."""
    return _address("interpret", "", purpose, lambda: _printed().interpreter(purpose))


def row_address(row: Function, purpose: Purpose) -> int:
    """The address of the function of a row."""
    written = repr((row.name, row.code, row.arity, row.source, sorted(row.helper_names.items())))
    return _address("row", written, purpose, lambda: _printed().row_function(row, purpose))


__all__ = ["interpreter_address", "row_address"]
