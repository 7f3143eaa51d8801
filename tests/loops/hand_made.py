"""Programs made by hand, run as machine code."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from exprgraph.loops.print.llvm import ENTRY, PART, print_program
from exprgraph.loops.program import Function, Loops, Part, Procedure
from exprgraph.loops.verify import verify
from exprgraph.lowering.native import machine
from exprgraph.lowering.native.loaded import Loaded

_POINTER, _INTEGER = ctypes.c_void_p, ctypes.c_int64


def program(
    *parts: Part,
    arguments: int = 1,
    results: Sequence[str] = ("o",),
    functions: Sequence[Function] = (),
    procedures: Sequence[Procedure] = (),
    block: int = 8,
    single: bool = False,
) -> Loops:
    """A program, which is verified."""
    made = Loops(single, block, arguments, tuple(results), tuple(functions), (), tuple(procedures), parts)
    verify(made)
    return made


def text_of(made: Loops) -> str:
    """Its text for this machine."""
    return print_program(made, machine.target(32 if made.single else 64))


class Running:
    """A program in memory, called with arrays."""

    def __init__(self, made: Loops, constants: Sequence[float] = (), table: Sequence[int] = (), steps: Sequence[int] = ()) -> None:
        self.dtype = np.dtype(np.float32 if made.single else np.float64)
        self._data = np.array(constants, self.dtype), np.array(table, np.uint64), np.array(steps, np.int64)
        told = bytes((_POINTER * 3)(*(a.ctypes.data for a in self._data)))
        self._loaded = Loaded(machine.compile_object(text_of(made)), {"DATA": told})

    def __call__(
        self, arguments: Sequence[Any], results: Sequence[np.ndarray], samples: int = 1, part: tuple[int, int, int] | None = None
    ) -> None:
        """All parts, or the one of a number for a range of samples; 4096 numbers of workspace, all NaN."""
        given = [np.ascontiguousarray(a, self.dtype) for a in arguments]
        work = np.full((2, 4096), np.nan, self.dtype)
        tables = [(_POINTER * max(len(t), 1))(*(a.ctypes.data for a in t)) for t in (given, results)]
        name, more = (ENTRY, ()) if part is None else (PART, part)
        code = ctypes.CFUNCTYPE(None, *[_POINTER] * 4, *[_INTEGER] * (1 + len(more)))(self._loaded.address(name))
        code(*tables, work[0].ctypes.data, work[1].ctypes.data, samples, *more)
