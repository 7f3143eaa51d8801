"""The numbers that generated code reads: constant arrays, positions, tables of steps.

Machine code gets them as arrays in memory.  Only printed source and files have them as text: short ones as lists, long
ones as bytes in base64.
"""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

#: the longest list of numbers in text
LISTED = 1000
#: the arrays, in the order of their addresses for machine code
ORDER = ("CONSTANTS", "TABLE", "STEPS")


def _aligned(size: int, dtype: np.dtype[Any]) -> np.ndarray:
    """An array aligned to cache lines."""
    raw = np.empty(size * dtype.itemsize + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size * dtype.itemsize].view(dtype)


class Table:
    """Indices that kernels read: the integers of each step's kernel, and lists of positions."""

    def __init__(self) -> None:
        self.values: list[int] = []
        self._lists: dict[tuple[int, ...], int] = {}

    def add(self, values: Sequence[int]) -> int:
        """Add the integers of a step; returns their offset."""
        self.values += values
        return len(self.values) - len(values)

    def positions(self, indices: Sequence[int]) -> int:
        """Add a list of positions once; returns its offset."""
        key = tuple(indices)
        if key not in self._lists:
            self._lists[key] = self.add(key)
        return self._lists[key]


class Data:
    """The data of a generated module."""

    def __init__(
        self, constants: Iterable[np.ndarray], table: Sequence[int], steps: Sequence[tuple[int, int]], dtype: np.dtype[Any]
    ) -> None:
        parts = [a.ravel() for a in constants]
        self.constants = _aligned(sum(a.size for a in parts), dtype)
        if parts:
            with np.errstate(over="ignore"):  # numbers too large for a float32 become infinite
                np.concatenate(parts, out=self.constants, casting="same_kind")
        self.table = _aligned(len(table), np.dtype(np.uint64))
        self.table[:] = np.array(table, np.uint64)
        self.steps = _aligned(2 * len(steps), np.dtype(np.int64)).reshape(-1, 2)
        self.steps[:] = np.array(steps, np.int64).reshape(-1, 2)
        for a in self.arrays:
            a.flags.writeable = False

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """In the order of :data:`ORDER`."""
        return self.constants, self.table, self.steps

    def addresses(self) -> bytes:
        """The addresses of the arrays, for machine code."""
        return struct.pack(f"{len(ORDER)}Q", *(a.ctypes.data for a in self.arrays))

    @property
    def digest(self) -> bytes:
        """A key of the content."""
        h = blake2b(digest_size=16)
        for a in self.arrays:
            h.update(f"{a.dtype.str}{a.size},".encode())
            h.update(memoryview(a))  # type: ignore[arg-type]  # arrays have the protocol of buffers, their stubs do not say so
        return h.digest()

    def text(self) -> str:
        """Assignments in Python."""
        pairs = [tuple(s) for s in self.steps[:LISTED].tolist()]
        parts = [
            f"# (kernel, first entry in TABLE) of each step\nSTEPS = {array_text(self.steps, pairs)}\n",
            f"TABLE = {array_text(self.table, self.table[:LISTED].tolist())}\n",
            f"CONSTANTS = {array_text(self.constants, self.constants[:LISTED].tolist())}\n",
        ]
        if any(len(a) > LISTED for a in self.arrays):
            parts.insert(0, "import base64\n")
        return "\n\n".join(parts)


def array_text(a: np.ndarray, listed: Sequence[object]) -> str:
    """The text of an array: ``listed``, or its bytes if it is long."""
    if len(a) > LISTED:
        coded = b64encode(a.astype(a.dtype.newbyteorder("<")).tobytes()).decode()
        lines = "\n".join(coded[i : i + 120] for i in range(0, len(coded), 120))
        return f'np.frombuffer(base64.b64decode("""\n{lines}\n"""), "{a.dtype.newbyteorder("<").str}")'
    lines = ",\n    ".join(", ".join(map(repr, listed[i : i + 12])) for i in range(0, len(listed), 12))
    return "[" + lines.replace("inf", 'float("inf")').replace("nan", 'float("nan")') + "]"


__all__ = ["LISTED", "ORDER", "Data", "Table", "array_text"]
