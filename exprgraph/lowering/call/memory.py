"""Memory that machine code finds by its addresses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: bytes of a line of the cache: what different threads write is this far apart
LINE = 64


def aligned(size: int, dtype: np.dtype[np.floating]) -> tuple[np.ndarray, int]:
    """An array with room for so many numbers from an address that begins a line of the cache, and this address."""
    a = np.empty(size + LINE // dtype.itemsize, dtype)
    return a, a.ctypes.data + -a.ctypes.data % LINE


class Addressed:
    """Arrays that machine code finds by their addresses; they live as long as this object."""

    def __init__(self, dtype: np.dtype[np.floating]) -> None:
        self._dtype = dtype
        self._kept: list[object] = []

    def keep(self, thing: object) -> None:
        """Keep an object alive."""
        self._kept.append(thing)

    def numbers(self, size: int) -> int:
        """Room for so many numbers."""
        a, place = aligned(max(size, 1), self._dtype)
        self.keep(a)
        return place

    def address(self, a: np.ndarray) -> int:
        """The address of an array, which is kept."""
        self.keep(a)
        return int(a.ctypes.data)

    def table(self, words: Sequence[int] | np.ndarray) -> int:
        """A table of words."""
        return self.address(np.array(words, np.uint64))


__all__ = ["LINE", "Addressed", "aligned"]
