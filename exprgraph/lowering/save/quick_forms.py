"""Quick forms of a program for saved modules: machine code for the processors of many machines, and LLVM's assembly."""

from __future__ import annotations

import json
import struct
import zlib
from base64 import b64encode
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from ...loops.errors import UnreadableError
from ...loops.print.llvm import LLVMTarget, print_program
from ..native import disk
from ..native.image import WORD, ObjectFile
from ..native.others import Machine, object_for
from .starting import LEVELS

if TYPE_CHECKING:
    from ...loops.program import Loops
    from ..plan.program import Program

_TRIPLE = "x86_64-unknown-linux-gnu"


def machine(level: str) -> Machine:
    """All processors of a level; code finds every address as a whole word."""
    return Machine(_TRIPLE, level, "", "static", "large")


class Packed(NamedTuple):
    """A form as text.

    Attributes:
        digest: of its bytes, in hexadecimal.
        text: the compressed bytes in base64, which Python decodes at once; base85 takes it much longer.
    """

    digest: str
    text: str


def forms(program: Program) -> dict[str, Packed]:
    """The forms by the ways to start; none if only Numba compiles the program."""
    keys = {way: disk.key("saved module with parts", program.key, way, _TRIPLE) for way in (*LEVELS, "llvm")}
    found = {way: data for way, key in keys.items() if (data := disk.read(key)) is not None}
    if len(found) < len(keys):
        found = _made(program.loops)
        for way, data in found.items():
            disk.write(keys[way], data)
    return {way: _packed(data) for way, data in found.items()}


def _made(program: Loops) -> dict[str, bytes]:
    """The bytes of the forms."""
    bits = 32 if program.single else 64
    try:  # vectors that are wider than the machine's are taken in parts
        text = print_program(program, LLVMTarget(256 // bits, bits, 16))
    except UnreadableError:
        return {}
    texts = {"x86-64-v4": print_program(program, LLVMTarget(512 // bits, bits, 32)), "x86-64-v3": text}
    images = {way: linked(object_for(text, machine(way))) for way, text in texts.items()}
    return {**{way: image for way, image in images.items() if image is not None}, "llvm": text.encode()}


def _packed(data: bytes) -> Packed:
    return Packed(blake2b(data, digest_size=16).hexdigest(), b64encode(zlib.compress(data, 9)).decode())


def tables(program: Program) -> Packed:
    """The data that the code of a program reads: the numbers of words of the first arrays, a line of JSON, and the words."""
    words = [a.tobytes() + bytes(-a.nbytes % 8) for a in program.data.arrays]
    return _packed(json.dumps([len(w) // 8 for w in words[:-1]]).encode() + b"\n" + b"".join(words))


def linked(code: bytes) -> bytes | None:
    """An object file as a head, a line of JSON, and an image that is complete except for addresses.

    The head has the places of words in the image: ``inside``, to which the image's address is added; ``outside``, which take
    addresses of C functions; ``data``, three addresses; ``run``, the function; and ``part``, that of its parts.  ``None`` if the file
    needs more than words.
    """
    file = ObjectFile(code)
    image, inside, outside = file.image(), [], dict[str, list[int]]()
    for section, table in file.relocations():
        for entry in table:
            symbol, at = file.symbols[entry["symbol"]], file.starts[section] + int(entry["offset"])
            home = int(symbol["section"])
            if entry["type"] != WORD or not (home in file.starts or (home == 0 and entry["addend"] == 0)):
                return None
            if home:
                struct.pack_into("<Q", image, at, file.starts[home] + int(symbol["value"]) + int(entry["addend"]))
                inside.append(at)
            else:
                outside.setdefault(file.name(symbol), []).append(at)
    names = {file.name(s): file.starts[int(s["section"])] + int(s["value"]) for s in file.symbols if int(s["section"]) in file.starts}
    head = {"run": names["run"], "part": names["part"], "data": names["DATA"], "inside": sorted(inside), "outside": outside}
    return json.dumps(head).encode() + b"\n" + bytes(image)


__all__ = ["Packed", "forms", "linked", "machine", "tables"]
