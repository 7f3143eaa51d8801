"""Object files, placed in memory: their sections, with the addresses that they ask for.

Only ELF for x86-64 is read.  Code finds its constants and variables by their distance.  Functions of the process may be too far
for a distance of four bytes, so it calls them by jumps behind the sections.  LLVM's own loader takes all other files.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from .pages import Pages, memory

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_START, _RELOCATABLE, _X86_64 = b"\x7fELF\x02\x01\x01", 1, 62
_SECTION = np.dtype([
    ("name", "<u4"), ("type", "<u4"), ("flags", "<u8"), ("address", "<u8"), ("offset", "<u8"), ("size", "<u8"),
    ("link", "<u4"), ("info", "<u4"), ("align", "<u8"), ("entry", "<u8"),
])  # fmt: skip
_SYMBOL = np.dtype([("name", "<u4"), ("info", "u1"), ("other", "u1"), ("section", "<u2"), ("value", "<u8"), ("size", "<u8")])
_RELOCATION = np.dtype([("offset", "<u8"), ("type", "<u4"), ("symbol", "<u4"), ("addend", "<i8")])
_BITS, _SYMBOLS, _RELA, _NO_BITS = 1, 2, 4, 8
_ALLOCATED, _ABSOLUTE = 2, 0xFFF1
#: relocations: an address; a distance, by number of bytes; the distance of a function
WORD, _DISTANCES, _CALLED = 1, {2: 4, 4: 4, 24: 8}, 4
#: a jump: an instruction that jumps to the address in the word behind it, padded to 8 bytes
_JUMP = b"\xff\x25\x02\0\0\0\0\0"
_JUMP_SIZE = 16


class Placed(NamedTuple):
    """Executable code; it lives as long as its pages."""

    pages: Pages
    addresses: dict[str, int]


class ObjectFile:
    """An ELF file, and the offset of each section in the image."""

    def __init__(self, code: bytes) -> None:
        self.code = code
        head = _HEADER.unpack_from(code)
        self.sections = np.frombuffer(code, _SECTION, head[12], head[6])
        self._names = int(self.sections[head[13]]["offset"])
        table = next(s for s in self.sections if s["type"] == _SYMBOLS)
        self.symbols = self._table(table, _SYMBOL)
        self._symbol_names = int(self.sections[table["link"]]["offset"])
        self.starts: dict[int, int] = {}
        self.size = 0
        for k, s in enumerate(self.sections):
            if s["flags"] & _ALLOCATED and s["size"] and self._text(self._names, s) != ".eh_frame":  # no exception passes through this code
                self.starts[k] = self.size + -self.size % max(int(s["align"]), 1)
                self.size = self.starts[k] + int(s["size"])

    def _text(self, names: int, of: np.void) -> str:
        first = names + int(of["name"])
        return self.code[first : self.code.index(b"\0", first)].decode()

    def name(self, symbol: np.void) -> str:
        """The name of a symbol."""
        return self._text(self._symbol_names, symbol)

    def _table(self, section: np.void, kind: np.dtype[np.void]) -> np.ndarray:
        return np.frombuffer(self.code, kind, int(section["size"]) // kind.itemsize, int(section["offset"]))

    def is_plain(self) -> bool:
        """Whether this module knows everything in the file."""
        kinds = {int(self.sections[k]["type"]) for k in self.starts}
        sections = self.symbols["section"]
        return kinds <= {_BITS, _NO_BITS} and bool(np.all((sections < len(self.sections)) | (sections == _ABSOLUTE)))

    def image(self) -> bytearray:
        """The sections in their places, without addresses."""
        out = bytearray(self.size)
        for k, start in self.starts.items():
            s = self.sections[k]
            if s["type"] == _BITS:
                out[start : start + int(s["size"])] = self.code[int(s["offset"]) : int(s["offset"]) + int(s["size"])]
        return out

    def relocations(self) -> list[tuple[int, np.ndarray]]:
        """The tables of relocations, each with its section."""
        return [
            (int(s["info"]), self._table(s, _RELOCATION)) for s in self.sections if s["type"] == _RELA and int(s["info"]) in self.starts
        ]

    def jumps(self) -> dict[int, int]:
        """The offset of a jump for each function of the process, by the number of its symbol."""
        outside = [k for k, s in enumerate(self.symbols) if not s["section"] and s["name"]]
        start = self.size + -self.size % _JUMP_SIZE
        return {k: start + _JUMP_SIZE * i for i, k in enumerate(outside)}

    def values(self, base: int, find: Callable[[str], int | None]) -> np.ndarray | None:
        """The address of every symbol; ``None`` if one is missing."""
        out = np.zeros(len(self.symbols), np.uint64)
        for k, s in enumerate(self.symbols):
            section = int(s["section"])
            if section in self.starts:
                out[k] = base + self.starts[section] + int(s["value"])
            elif section == 0 and s["name"]:
                found = find(self.name(s))
                if not found:
                    return None
                out[k] = found
        return out


def place(code: bytes, data: Mapping[str, bytes], find: Callable[[str], int | None]) -> Placed | None:
    """Load an object file; ``None`` if it is left to LLVM's loader.

    Args:
        code: the object file.
        data: the values of the file's variables.
        find: finds the address of an external function.
    """
    where = memory()
    if where is None or len(code) < _HEADER.size or code[:7] != _START or _HEADER.unpack_from(code)[1:3] != (_RELOCATABLE, _X86_64):
        return None
    file = ObjectFile(code)
    if not file.is_plain():
        return None
    try:
        jumps = file.jumps()
        size = max(jumps.values(), default=file.size - _JUMP_SIZE) + _JUMP_SIZE
        pages = where.take(size)
        image = file.image() + bytearray(size - file.size)
        values = file.values(pages.address, find)
        if values is None:
            return None
        for k, at in jumps.items():
            image[at : at + _JUMP_SIZE] = _JUMP + int(values[k]).to_bytes(8, "little")
        if not all(_relocate(image, file.starts[k], table, values, jumps, pages) for k, table in file.relocations()):
            return None
        addresses = {file.name(s): int(v) for s, v in zip(file.symbols, values) if s["info"] >> 4 and s["section"]}
        for name, content in data.items():
            start = addresses[name] - pages.address
            image[start : start + len(content)] = content
        pages.write(image)
    except OSError:  # the system forbids it: LLVM's loader reports the error
        return None
    return Placed(pages, addresses)


def _relocate(image: bytearray, start: int, table: np.ndarray, values: np.ndarray, jumps: Mapping[int, int], pages: Pages) -> bool:
    """Fill in the addresses of one section; returns whether all kinds are known, and all distances fit."""
    goals = values[table["symbol"]] + table["addend"].astype(np.uint64)  # modulo 2**64
    memory = np.frombuffer(image, np.uint8)
    words = table["type"] == WORD
    places = table["offset"][words].astype(np.int64) + start
    memory[places[:, None] + np.arange(8)] = goals[words].astype("<u8")[:, None].view(np.uint8)
    for entry, goal in zip(table[~words], goals[~words]):
        size = _DISTANCES.get(int(entry["type"]))
        at = start + int(entry["offset"])
        jump = jumps.get(int(entry["symbol"])) if entry["type"] == _CALLED else None
        if jump is not None:
            goal = pages.address + jump + int(entry["addend"])
        distance = int(goal) - (pages.address + at)
        if size is None or not -(2 ** (8 * size - 1)) <= distance < 2 ** (8 * size - 1):
            return False
        image[at : at + size] = distance.to_bytes(size, "little", signed=True)
    return True


__all__ = ["WORD", "ObjectFile", "Placed", "place"]
