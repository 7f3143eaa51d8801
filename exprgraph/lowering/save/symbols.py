"""The names that an object file defines for others, and those that it expects of others: ELF, COFF, Mach-O and WebAssembly."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from .leb128 import Reader

_ELF, _WASM, _MACHO = b"\x7fELF", b"\0asm\1\0\0\0", b"\xcf\xfa\xed\xfe"
_COFF = {b"\x64\x86", b"\x64\xaa"}  # x86-64, AArch64


class Symbols(NamedTuple):
    """Names in a file, without the underscore of systems that put one before each."""

    defined: tuple[str, ...]
    expected: tuple[str, ...]


def symbols(code: bytes) -> Symbols:
    """The names of a file of LLVM's.

    Raises:
        ValueError: the format is another one.
    """
    if code[:4] == _ELF:
        found = _elf(code)
    elif code[:8] == _WASM:
        found = _wasm(code)
    elif code[:4] == _MACHO:
        found = _macho(code)
    elif code[:2] in _COFF:
        found = _coff(code)
    else:
        raise ValueError("neither ELF nor COFF, Mach-O or WebAssembly")
    listed = list(found)
    return Symbols(*(tuple(dict.fromkeys(n for n, here in listed if here is wanted)) for wanted in (True, False)))


def _text(code: bytes, at: int) -> str:
    return code[at : code.index(b"\0", at)].decode()


def _elf(code: bytes) -> Iterator[tuple[str, bool]]:
    """External names, each with whether it is defined."""
    wide, order = code[4] == 2, "<" if code[5] == 1 else ">"
    (sections,) = struct.unpack_from(order + ("Q" if wide else "I"), code, 40 if wide else 32)
    size, count = struct.unpack_from(order + "HH", code, 58 if wide else 46)
    section = struct.Struct(order + ("IIQQQQIIQQ" if wide else "10I"))
    rows = [section.unpack_from(code, sections + k * size) for k in range(count)]
    symbol = struct.Struct(order + ("IBBHQQ" if wide else "IIIBBH"))
    for row in (r for r in rows if r[1] == 2):
        names = rows[row[6]][4]
        for at in range(row[4], row[4] + row[5], symbol.size):
            entry = symbol.unpack_from(code, at)
            name, info, where = (entry[0], entry[1], entry[3]) if wide else (entry[0], entry[3], entry[5])
            if info >> 4 and name:  # not local
                yield _text(code, names + name), where != 0


def _coff(code: bytes) -> Iterator[tuple[str, bool]]:
    start, count = struct.unpack_from("<II", code, 8)
    names, k = start + 18 * count, 0
    while k < count:
        entry = code[start + 18 * k : start + 18 * k + 18]
        value, section, _, storage, more = struct.unpack_from("<IhHBB", entry, 8)
        if storage == 2 and (section > 0 or value == 0):  # external; without a section, a value would be a size
            far = entry[:4] == bytes(4)
            name = _text(code, names + struct.unpack_from("<I", entry, 4)[0]) if far else entry[:8].rstrip(b"\0").decode()
            if "@" not in name:  # else a constant of this value, which files share
                yield name, section > 0
        k += 1 + more


def _macho(code: bytes) -> Iterator[tuple[str, bool]]:
    (commands,) = struct.unpack_from("<I", code, 16)
    at = 32
    for _ in range(commands):
        command, size = struct.unpack_from("<II", code, at)
        if command == 2:  # the table of symbols
            start, count, names = struct.unpack_from("<III", code, at + 8)
            for k in range(count):
                name, kind, _, _, _ = struct.unpack_from("<IBBHQ", code, start + 16 * k)
                if kind & 1:  # external
                    yield _text(code, names + name).removeprefix("_"), kind & 14 != 0
        at += size


def _wasm(code: bytes) -> Iterator[tuple[str, bool]]:
    return ((name, here) for name, here, _ in wasm_symbols(code))


def wasm_symbols(code: bytes) -> Iterator[tuple[str, bool, int]]:
    """External names of an object file of WebAssembly, each with whether it is defined, and the number of the function."""
    imported: list[str] = []  # of functions
    for kind, part in sections(code):
        if kind == 2:
            imported = [name for name, what, _ in imports(part) if what == 0]
        elif kind == 0 and part.text() == "linking":
            part.number()  # the version
            while part.at < part.end:
                table, size = part.byte(), part.number()
                after = part.at + size
                if table == 8:
                    yield from _wasm_symbols(part, imported)
                part.at = after


def _wasm_symbols(part: Reader, imported: list[str]) -> Iterator[tuple[str, bool, int]]:
    for _ in range(part.number()):
        kind, flags = part.byte(), part.number()
        missing, named = bool(flags & 0x10), bool(flags & 0x40)
        index = -1
        if kind == 1:  # data
            name = part.text()
            if not missing:
                for _ in range(3):
                    part.number()
        elif kind == 3:  # a section
            part.number()
            continue
        else:
            index = part.number()
            name = part.text() if not missing or named else imported[index] if kind == 0 else ""
        if not flags & 2 and kind in (0, 1):  # not local; neither a global nor a table, which the linker makes
            yield name, not missing, index


def sections(code: bytes) -> Iterator[tuple[int, Reader]]:
    """The sections of a module of WebAssembly: kind, and content."""
    whole = Reader(code, 8, len(code))
    while whole.at < whole.end:
        kind, size = whole.byte(), whole.number()
        yield kind, Reader(code, whole.at, whole.at + size)
        whole.at += size


def imports(part: Reader) -> Iterator[tuple[str, int, bytes]]:
    """The imports of a module of WebAssembly: name, kind (0 a function, 1 a table, 2 a memory, 3 a global), and all its bytes."""
    for _ in range(part.number()):
        start = part.at
        part.text()
        name, kind = part.text(), part.byte()
        if kind == 1:
            part.byte()
        if kind in (1, 2):
            limits = part.byte()
            part.number()
            if limits & 1:
                part.number()
        elif kind == 3:
            part.take(2)
        else:
            part.number()
        yield name, kind, part.code[start : part.at]


__all__ = ["Symbols", "imports", "sections", "symbols", "wasm_symbols"]
