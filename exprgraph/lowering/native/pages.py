"""Memory for machine code, shared by all functions of a process.

A process has a limited number of mappings (65,530 on Linux).  Separate mappings for the code, the constants and the data
of each function would use them up at some 20,000 functions.  Here code is in pages of large mappings.  Pages are readable
and executable, except while their function's code is written, so that the mappings stay in one piece.  Freed pages have
no memory, but stay mapped.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
from bisect import bisect_left
from collections import deque
from functools import cache

from ...support.compiling import placing

#: the size of a mapping
_CHUNK = 1 << 20
_READ_RUN = getattr(mmap, "PROT_READ", 0) | getattr(mmap, "PROT_EXEC", 0)
_READ_WRITE = getattr(mmap, "PROT_READ", 0) | getattr(mmap, "PROT_WRITE", 0)


class Pages:
    """Pages that belong to the holder as long as this object lives."""

    def __init__(self, memory: _Memory, address: int, size: int) -> None:
        self.address = address
        self.size = size
        self._memory = memory

    def write(self, data: bytes | bytearray) -> None:
        """Write code, and make it executable.

        Raises:
            OSError: the system forbids a process to write code that it runs.
        """
        self._memory.protect(self.address, self.size, _READ_WRITE)
        ctypes.memmove(self.address, bytes(data), len(data))
        self._memory.protect(self.address, self.size, _READ_RUN)

    def __del__(self) -> None:
        self._memory.give_back(self.address, self.size)


class _Memory:
    """Mappings, and the free runs of pages in them.

    Pages may be freed at any moment, even inside of these methods; then they wait in a queue.
    """

    def __init__(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        address, size, flags = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
        self._map, self._protect, self._advise = libc.mmap, libc.mprotect, libc.madvise
        self._map.restype, self._map.argtypes = address, (address, size, flags, flags, flags, ctypes.c_long)
        self._protect.argtypes = self._advise.argtypes = (address, size, flags)
        self._busy = False
        self._free: list[tuple[int, int]] = []  # address and size of each run, in order
        self._returned: deque[tuple[int, int]] = deque()

    def take(self, size: int) -> Pages:
        """Pages for ``size`` bytes.

        Raises:
            OSError: there is no memory, or no executable memory.
        """
        size = max(-(-size // mmap.PAGESIZE), 1) * mmap.PAGESIZE
        with placing:
            self._busy = True
            try:
                self._put_back()
                at = next((k for k, run in enumerate(self._free) if run[1] >= size), None)
                if at is None:
                    self._insert(self._new(max(size, _CHUNK)), max(size, _CHUNK))
                    at = next(k for k, run in enumerate(self._free) if run[1] >= size)
                address, length = self._free[at]
                self._free[at : at + 1] = [(address + size, length - size)] if length > size else []
                return Pages(self, address, size)
            finally:
                self._busy = False

    def give_back(self, address: int, size: int) -> None:
        """Free pages: now, or with the next ones if another thread takes some."""
        if getattr(sys, "is_finalizing", lambda: True)():  # at the end of the process, modules may be freed before functions
            return
        self._returned.append((address, size))
        if placing.acquire(blocking=False):
            try:
                if not self._busy:
                    self._busy = True
                    try:
                        self._put_back()
                    finally:
                        self._busy = False
            finally:
                placing.release()

    def protect(self, address: int, size: int, how: int) -> None:
        if self._protect(address, size, how):
            raise OSError(ctypes.get_errno(), "memory for machine code cannot be protected")

    def _new(self, size: int) -> int:
        address = self._map(None, size, _READ_RUN, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
        if address in (None, ctypes.c_void_p(-1).value):
            raise OSError(ctypes.get_errno(), "no memory for machine code")
        return int(address)

    def _put_back(self) -> None:
        while self._returned:
            address, size = self._returned.popleft()
            self._advise(address, size, mmap.MADV_DONTNEED)  # release its memory; a failure only keeps it
            self._insert(address, size)

    def _insert(self, address: int, size: int) -> None:
        """Add a run, merged with its neighbours."""
        at = bisect_left(self._free, (address, size))
        if at < len(self._free) and self._free[at][0] == address + size:
            size += self._free.pop(at)[1]
        if at and sum(self._free[at - 1]) == address:
            address, size = self._free[at - 1][0], size + self._free.pop(at - 1)[1]
            at -= 1
        self._free.insert(at, (address, size))


@cache
def memory() -> _Memory | None:
    """The process's memory for machine code; ``None`` if it is left to LLVM."""
    return _Memory() if sys.platform == "linux" else None


__all__ = ["Pages", "memory"]
