"""A function as a module of WebAssembly that runs as it is, without a linker.

An object file of LLVM's is nearly such a module: its numbers of functions and addresses of data are those of a program that
has nothing else.  What is missing is a memory of its own, and exports.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

from ...errors import CompilationError
from ...support.files import written_together
from .formats import WHAT
from .header import header
from .leb128 import Reader, number, text
from .machine_code import Compiled, about, compiled
from .options import Options
from .saved import Saved
from .symbols import imports, sections, wasm_symbols

_PAGE = 65536
_TYPE, _IMPORT, _FUNCTION, _MEMORY, _GLOBAL, _EXPORT, _COUNT, _CODE, _DATA = 1, 2, 3, 5, 6, 7, 12, 10, 11
_OF_FUNCTION, _OF_MEMORY, _OF_GLOBAL = 0, 2, 3
_I32 = b"\x7f"


def write(function: Saved, path: str, options: Options) -> None:
    """Write the module and its header, both or none.

    Raises:
        ValueError: the target is another one.
    """
    if options.target not in (None, "wasm32"):
        raise ValueError(f"a file that ends in .wasm is for target 'wasm32', got target={options.target!r}")
    made = compiled(function, path, replace(options, target="wasm32"))
    beside = os.path.splitext(path)[0] + ".h"
    note = ["Exports: the function, its memory, and the numbers WORKSPACE, WORKSPACE_ONE and HEAP, the first free address."]
    head = header(made.interface, notes=[*about(made, os.path.basename(path), ", which it imports from env"), *note])
    written_together({path: linked(made), beside: head.encode("ascii")}, WHAT, [".wasm", ".h"])


def linked(made: Compiled) -> bytes:
    """The object file as a module; functions that it expects are imported from ``env``.

    Raises:
        CompilationError: it needs what only a linker makes, a stack in memory or a table of functions.
    """
    parts = {kind: part for kind, part in sections(made.code) if kind}
    imported = list(imports(parts[_IMPORT]))
    others = [name for name, kind, _ in imported if kind not in (_OF_FUNCTION, _OF_MEMORY)]
    if others:
        raise CompilationError(f"this function needs {', '.join(others)}, which a linker makes: save evaluator.o and link it with wasm-ld")
    functions = [code for _, kind, code in imported if kind == _OF_FUNCTION]
    i = made.interface
    start = max(-(-_end_of_data(parts.get(_DATA)) // 16), 1) * 16  # 0 is no address for C
    numbers = {"HEAP": start, "WORKSPACE": i.workspace, "WORKSPACE_ONE": i.one.workspace}
    pages = -(-(start + i.workspace * (4 if i.single else 8)) // _PAGE) + 1
    at = next(index for name, here, index in wasm_symbols(made.code) if here and name == i.name)
    exports = [(i.name, _OF_FUNCTION, at), ("memory", _OF_MEMORY, 0), *((name, _OF_GLOBAL, k) for k, name in enumerate(numbers))]
    new = {
        _IMPORT: number(len(functions)) + b"".join(functions),
        _MEMORY: number(1) + b"\0" + number(pages),
        _GLOBAL: number(len(numbers)) + b"".join(_I32 + b"\0\x41" + _signed(value) + b"\x0b" for value in numbers.values()),
        _EXPORT: number(len(exports)) + b"".join(text(name) + bytes([kind]) + number(at) for name, kind, at in exports),
    }
    out = made.code[:8]
    for kind in (_TYPE, _IMPORT, _FUNCTION, _MEMORY, _GLOBAL, _EXPORT, _COUNT, _CODE, _DATA):
        content = new.get(kind) or (parts[kind].rest() if kind in parts else b"")
        if content:
            out += bytes([kind]) + number(len(content)) + content
    return out


def _end_of_data(part: Reader | None) -> int:
    """The first address behind the numbers of the module."""
    end = 0
    for start, size in _segments(part) if part is not None else ():
        end = max(end, start + size)
    return end


def _segments(part: Reader) -> Iterator[tuple[int, int]]:
    part = Reader(part.code, part.at, part.end)
    for _ in range(part.number()):
        part.number()  # flags: of the first memory
        part.byte()
        start = part.number()
        part.byte()
        size = part.number()
        part.take(size)
        yield start, size


def _signed(value: int) -> bytes:
    """The bytes of a signed number."""
    out = bytearray()
    while not -64 <= value < 64:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value & 0x7F])


__all__ = ["linked", "write"]
