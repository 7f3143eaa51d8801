"""The machine code of loop programs: each is compiled, or loaded from disk, once in a process."""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from ...loops.errors import UnreadableError
from ...loops.print.llvm import APART, ENTRY, PART, pieces_of, print_pieces, print_program
from ...support.collecting import uncollected
from ...support.compiling import compiling
from ..plan.data import Data
from ..plan.program import Program
from . import machine
from .entry import CallType, entry
from .kept import kept_object
from .layout import as_expected, callable_at, context
from .loaded import Loaded
from .owner import keep

#: the beginning of several object files in one
_SEVERAL = b"exprgraph pieces"
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
        *pieces, whole = _parts(code)
        loaded = Loaded(whole, told, pieces)
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
    """The object files, from disk, or compiled and kept there."""
    parts = program.key, repr(call) if called else "", repr(divided), str(object.__basicsize__)
    try:
        return kept_object(lambda: _compiled(program, call, called, divided), *parts)
    except UnreadableError:
        return None


def _compiled(program: Program, call: CallType, called: bool, divided: bool) -> bytes:
    """The object files of a program: of its long pieces, and last of the rest."""
    loops, target = program.loops, machine.target(call.bits)
    pieces = pieces_of(loops)
    with uncollected():
        codes = machine.compile_pieces(print_pieces(loops, target, pieces)) if pieces else []
        text = print_program(loops, target, program.offsets, divided, pieces)
        if called:
            text += "\n" + entry(call)
    return _joined([*codes, machine.compile_object(text)])


def _joined(parts: Sequence[bytes]) -> bytes:
    """Object files in one, with their sizes in front if there are several."""
    if len(parts) == 1:
        return parts[0]
    return b"".join([_SEVERAL, struct.pack(f"<{len(parts) + 1}Q", len(parts), *map(len, parts)), *parts])


def _parts(code: bytes) -> list[bytes]:
    """The object files in one."""
    if not code.startswith(_SEVERAL):
        return [code]
    (count,) = struct.unpack_from("<Q", code, len(_SEVERAL))
    sizes = struct.unpack_from(f"<{count}Q", code, len(_SEVERAL) + 8)
    ends = list(accumulate(sizes, initial=len(_SEVERAL) + 8 * (count + 1)))
    return [code[a:b] for a, b in zip(ends, ends[1:])]


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
