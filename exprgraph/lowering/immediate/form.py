"""A form of a function that the interpreter computes; it is called like compiled forms."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from importlib import import_module

import numpy as np

from ...functions.elementwise import is_boolean
from ...graph.node import Node
from ...meaning.binding import Argument
from ..native.instructions import Instructions, Purpose
from ..native.rows import interpreter_address, row_address
from .worth import is_worth_compiling, time_of_call, time_to_compile

Arrays = Sequence[np.ndarray]
_POINTER, _INTEGER = ctypes.c_void_p, ctypes.c_int64


class InterpretedForm:
    """Instructions with the interpreter for one type of numbers, and for one sample or for blocks of samples."""

    #: nothing answers a call in one step: each call asks whether there is machine code by now
    quick = quick_into = None
    sees_overlaps = False
    #: how many calls it has answered, and the time that they took, by counts
    calls, spent = 0, 0.0

    def __init__(
        self,
        instructions: Instructions,
        arguments: Sequence[Argument],
        outputs: Sequence[Node],
        per_sample: Sequence[bool],
        batch: bool,
        single: bool,
    ) -> None:
        self.instructions = instructions
        self.dtype = np.dtype(np.float32 if single else np.float64)
        self.block, self.row = _lanes(instructions.places, 8 * self.dtype.itemsize) if batch else (1, 1)
        purpose = Purpose.of(batch, single)
        self._table = np.array([row_address(row, purpose) for row in instructions.functions], np.uint64)
        self._words_at, self._table_at = instructions.words.ctypes.data, self._table.ctypes.data
        self._run = ctypes.CFUNCTYPE(None, _POINTER, _POINTER, _POINTER, _INTEGER, _INTEGER)(interpreter_address(purpose))
        self._given = [(a.size, a.per_sample) for a in arguments]
        self._layout = [(o.shape, differs, is_boolean(o)) for o, differs in zip(outputs, per_sample)]
        ends = np.cumsum([0, *[r.size for r in instructions.results]]).tolist()
        self._parts = list(map(slice, ends, ends[1:]))
        self._results = np.concatenate(instructions.results) if instructions.results else np.empty(0, np.int64)
        #: workspaces with their addresses, kept between calls; each has the numbers in place
        self._spare: list[tuple[np.ndarray, int]] = []

    def is_slower_than_llvm(self, lead: tuple[int, ...]) -> bool:
        """Whether LLVM makes the function, and its code answers, in less time than the interpreter takes for a batch."""
        return self._time_of_call(lead) >= time_to_compile(self.instructions.statements)

    def _time_of_call(self, lead: tuple[int, ...]) -> float:
        return time_of_call(len(self.instructions), math.prod(lead) if lead else None)

    @property
    def calls_for_llvm(self) -> bool:
        """Whether machine code should be made in the background."""
        return is_worth_compiling(self.instructions.statements, self.calls, self.spent)

    def bound(self, *call: object) -> None:
        """There is no bound call of machine code yet."""

    def _workspace(self) -> tuple[np.ndarray, int]:
        """Places by lanes, and their address."""
        known = self.instructions
        try:
            return self._spare.pop()
        except IndexError:
            made = np.zeros((known.places, self.row), self.dtype)
        with np.errstate(over="ignore"):  # numbers too large for a float32 become infinite
            made[known.places - len(known.numbers) :] = known.numbers.astype(self.dtype)[:, None]
        return made, made.ctypes.data

    def __call__(self, arrays: Arrays, lead: tuple[int, ...], out: Arrays | None = None) -> list[np.ndarray]:
        """The results, in new arrays."""
        self.calls += 1
        self.spent += self._time_of_call(lead)
        space = self._workspace()
        found = self._over_samples(*space, arrays, math.prod(lead)) if lead else self._of_one(*space, arrays)
        self._spare.append(space)
        values = []
        for value, (shape, differs, boolean) in zip(found, self._layout):
            value = value.reshape((*lead, *shape) if differs else shape)
            values.append(value != 0 if boolean else value)
        return values

    def _of_one(self, w: np.ndarray, address: int, arrays: Arrays) -> list[np.ndarray]:
        numbers, at = w[:, 0], 0
        for a in arrays:
            numbers[at : at + a.size] = a.reshape(-1)
            at += a.size
        self._run(self._words_at, address, self._table_at, self.row, 1)
        found = numbers[self._results]
        return [found[part] for part in self._parts]

    def _over_samples(self, w: np.ndarray, address: int, arrays: Arrays, samples: int) -> list[np.ndarray]:
        """The results of all samples, block after block."""
        moving: list[tuple[int, np.ndarray]] = []
        at = 0
        for (size, per_sample), a in zip(self._given, arrays):
            if per_sample:
                moving.append((at, np.ascontiguousarray(a).reshape(samples, size).T))
            else:
                w[at : at + size] = a.reshape(-1, 1)
            at += size
        results = self.instructions.results
        values = [np.empty((samples if differs else 1, r.size), self.dtype) for r, (_, differs, _) in zip(results, self._layout)]
        for first in range(0, samples or 1, self.block):  # no samples have shared results, too
            stop = min(first + self.block, samples)
            for at, columns in moving:
                w[at : at + len(columns), : stop - first] = columns[:, first:stop]
            self._run(self._words_at, address, self._table_at, self.row, max(stop - first, 1))
            for value, r, (_, differs, _) in zip(values, results, self._layout):
                if differs:
                    value[first:stop] = w[r, : stop - first].T
                elif not first:
                    value[0] = w[r, 0]
        return values


def _lanes(places: int, bits: int) -> tuple[int, int]:
    """The samples of a block, and the distance of rows.  One sample needs no target, which takes longer to load than its call."""
    cpu = import_module("...loops.target", __package__).CPU
    block: int = cpu.block_for(places, bits)
    return block, cpu.row_length(block)


__all__ = ["InterpretedForm"]
