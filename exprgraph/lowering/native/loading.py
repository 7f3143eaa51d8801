"""The machine code of a loop program: compiled once in a process."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from ...loops.errors import UnreadableError
from ...loops.print.llvm import APART, ENTRY, PART, print_program
from ...support.collecting import uncollected
from ...support.compiling import compiling
from ..plan.data import Data
from ..plan.program import Program
from . import disk, machine
from .entry import CallType, entry
from .layout import as_expected, callable_at, context
from .owner import keep

#: modules kept for later functions of equal programs
KEPT = 256

_modules: OrderedDict[tuple[str, bytes, CallType, bool, bool], Code | None] = OrderedDict()


class Code:
    """Machine code in memory: addresses of the driver and its parts, and the functions that Python calls."""

    def __init__(self, code: bytes, data: Data, dtype: np.dtype[Any], called: bool) -> None:
        known = called and as_expected()
        told = {"DATA": data.addresses()}
        if known:
            told["CONTEXT"] = context(dtype)
        loaded = machine.Loaded(code, told)
        self.owner = loaded.owner
        keep(self.owner, data.arrays)
        self.address = loaded.address(ENTRY)
        #: one part of it, for threads; 0 if there is none
        self.part = loaded.address(PART)
        #: the driver that takes an address for each result; 0 if there is none
        self.apart = loaded.address(APART)
        #: double (int, double *), if the function is one of numbers
        self.number = loaded.address("number")
        self.call: Callable[..., Any] | None = None
        self.call_into: Callable[..., Any] | None = None
        if known:
            self.call, self.call_into = (callable_at(loaded.address(n), loaded.owner) for n in ("call", "call_into"))


def _object(program: Program, call: CallType, called: bool, divided: bool) -> bytes | None:
    """The object file, from disk, or compiled and kept there."""
    name = disk.key(program.key, repr(call) if called else "", repr(divided), *machine.host(), sys.version, str(object.__basicsize__))
    code = disk.read(name)
    if code is None:
        try:
            with uncollected():
                text = print_program(program.loops, machine.target(call.bits), program.offsets, divided)
                if called:
                    text += "\n" + entry(call)
        except UnreadableError:
            return None
        code = machine.compile_object(text)
        disk.write(name, code)
    return code


def native_code(program: Program, call: CallType, called: bool = True, divided: bool = True) -> Code | None:
    """The machine code of a program, which reads its data; ``None`` if only Numba can compile it.

    Code that is not ``called`` from Python has no entry for it, and code that is not ``divided`` among threads no single parts: each
    takes LLVM as long as a small program.
    """
    with compiling:
        key = program.key, program.data.digest, call, called, divided
        if key not in _modules:
            if len(_modules) >= KEPT:
                _modules.popitem(last=False)
            code = _object(program, call, called, divided)
            _modules[key] = None if code is None else Code(code, program.data, np.dtype(f"f{call.bits // 8}"), called)
        _modules.move_to_end(key)
        return _modules[key]


__all__ = ["Code", "native_code"]
