"""Machines that object files are made for, from the text that users give."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import NamedTuple

from ...loops.print.llvm import LLVMTarget
from ..native import machine as this_machine
from ..native.others import Machine, assembly_for, has_back_end, known_names, pointer_bits, refused
from .options import Options


class Architecture(NamedTuple):
    """A kind of processor.

    Attributes:
        spelled: the first part of a triple, a regular expression.
        systems: the systems that it runs.
        examples: triples of it.
        registers: registers for vectors.
        vector: the most bits of one of our vectors.
        pairs: how many registers one of our vectors has, to hide the latency of sums.
        partial: from how many bits on the loads and stores of vectors may leave out lanes; 0 for never.
    """

    spelled: str
    systems: tuple[str, ...]
    examples: tuple[str, ...]
    registers: int
    vector: int
    pairs: int = 1
    partial: int = 0


_FREE = ("linux", "freebsd", "netbsd", "openbsd", "none", "elf")
_ANY = (*_FREE, "windows", "darwin", "macos", "macosx", "ios")
#: versions of ARM; v9 is called AArch64, but for its 32-bit code
_ARM = r"v5te|v6(?:k|t2|m)?|v7(?:a|r|m|em|ve)?|v8(?:a|r|m\.base|m\.main|\.[1-9]a|\.1m\.main)?|v9(?:\.[1-9])?a"

ARCHITECTURES = {
    "x86-64": Architecture(r"x86_64|amd64", _ANY, ("x86_64-linux-gnu", "x86_64-pc-windows-msvc"), 16, 512, partial=256),
    "AArch64": Architecture(r"aarch64|arm64", _ANY, ("aarch64-linux-gnu", "arm64-apple-darwin"), 32, 256, pairs=2),
    # vectors of ARMv7 take small numbers as 0
    "ARM": Architecture(rf"(?:arm|thumb)(?:{_ARM})?", _FREE, ("thumbv7em-none-eabihf",), 16, 0),
    "RISC-V": Architecture(r"riscv(?:32|64)", _FREE, ("riscv64-linux-gnu",), 32, 128, partial=1),
    "WebAssembly": Architecture(r"wasm(?:32|64)", ("unknown", "wasi", "emscripten"), ("wasm32",), 16, 128),
}

_VENDORS = ("unknown", "pc", "apple", "w64")
#: systems and their default environment
_SYSTEMS = {
    "linux": "gnu", "windows": "msvc", "darwin": "", "macos": "", "macosx": "", "ios": "", "freebsd": "", "netbsd": "", "openbsd": "",
    "none": "", "elf": "", "wasi": "", "emscripten": "", "unknown": "",
}  # fmt: skip
_ENVIRONMENTS = r"(?:gnu|musl)(?:eabi|eabihf|x32)?|android(?:eabi)?\d*|eabi|eabihf|msvc|elf|macabi|simulator"

#: processors of microcontrollers whose triples say that they have floating-point registers
_HARD_FLOAT = {"v7em": "cortex-m4", "v8m.main": "cortex-m33", "v8.1m.main": "cortex-m55"}
#: microcontrollers without such registers
_SOFT_FLOAT = ("v6m", "v7m", "v8m.base")

_PROBE = """
define void @f(ptr %a, ptr %b) #0 {{
  %x = load <{n} x {t}>, ptr %a, align 4
  %y = fmul <{n} x {t}> %x, %x
  store <{n} x {t}> %y, ptr %b, align 4
  ret void
}}
attributes #0 = {{ nounwind "min-legal-vector-width"="512" "prefer-vector-width"="512" }}
"""


class TargetMachine(NamedTuple):
    """A machine that a file is made for.

    Attributes:
        asked: the triple as the user wrote it.
        architecture: the name in :data:`ARCHITECTURES`.
        machine: what LLVM is told.
        system: "linux", "none", ...
    """

    asked: str
    architecture: str
    machine: Machine
    system: str

    @property
    def format(self) -> str:
        """The format of its object files."""
        if self.architecture == "WebAssembly":
            return "wasm"
        return {"windows": "COFF", "darwin": "Mach-O", "macos": "Mach-O", "macosx": "Mach-O", "ios": "Mach-O"}.get(self.system, "ELF")

    @property
    def small(self) -> bool:
        """Whether it is a microcontroller."""
        return self.system in ("none", "elf") and pointer_bits(self.machine.triple) == 32

    def vectors(self, bits: int) -> LLVMTarget:
        """Its vectors, addresses and memory, for reals of ``bits`` bits."""
        row = ARCHITECTURES[self.architecture]
        index = pointer_bits(self.machine.triple)
        width = min(_vector_bits(self.machine, bits) * row.pairs, row.vector) if row.vector else 0
        workspace, cache = 2 * 1024 * 1024, LLVMTarget.cache
        blocks: tuple[int, ...] = (128, 64, 32, 16, 8)
        if index == 32:  # blocks of large products would need more memory than there may be
            workspace, cache = 256 * 1024, 0
        if self.small:
            blocks, workspace = (8, 4, 2, 1), 4096
        lanes = max(width // bits, 1)
        registers = 32 if width == 512 else row.registers // row.pairs
        partial = lanes > 1 and row.partial > 0 and width >= row.partial
        registers = registers if lanes > 1 else 16
        return LLVMTarget(lanes, bits, registers, blocks, workspace, index=index, partial=partial, cache=cache)


def _vector_bits(machine: Machine, bits: int) -> int:
    """The bits of a vector that the machine multiplies at once: LLVM is asked how many instructions 512 bits take."""
    n = 512 // bits
    text = assembly_for(_PROBE.format(n=n, t="double" if bits == 64 else "float"), machine)
    count = sum(1 for line in text.splitlines() if "mul" in line and not line.strip().startswith((".", "#", "//", "@")))
    return 512 // max(count, 1)


def target_machine(options: Options) -> TargetMachine:
    """The machine that options ask for; without any, every processor of this computer's kind.

    Raises:
        ValueError: the target, the processor or a feature is unknown; the message lists what there is.
    """
    asked, cpu, features = (_text(options, name) for name in ("target", "cpu", "features"))
    this, name, given = this_machine.host()
    found = _parsed(this if asked in (None, "native") else asked or "")
    if found is None:
        raise ValueError(_no_target(asked or this))
    if asked == "native" and cpu is None:
        cpu, features = name, ",".join(filter(None, (given, features)))
    architecture, triple, system, default, default_features = found
    if not has_back_end(triple):
        raise ValueError(_no_target(asked or this))
    added = ",".join(filter(None, (default_features if cpu is None else "", features)))
    static = system in ("none", "elf") or architecture == "WebAssembly"
    model = "medium" if architecture == "RISC-V" and static else "default"
    machine = Machine(triple, cpu or default, added, "static" if static else "pic", model)
    if options.cpu is not None or options.features is not None:
        _check(machine, asked or this)
    return TargetMachine(asked or this, architecture, machine, system)


def _text(options: Options, name: str) -> str | None:
    """An option that is text.

    Raises:
        ValueError: it is not, or it is no list of features.
    """
    value = getattr(options, name)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} is text, got {value!r}")
    if name == "features" and not all(re.fullmatch(r"[+-][\w.-]+", f.strip()) for f in value.split(",")):
        raise ValueError(f"features is a list as '+simd128,-neon', each with + or -, got {value!r}")
    return value.replace(" ", "")


def _parsed(triple: str) -> tuple[str, str, str, str, str] | None:
    """Architecture, triple in full, system, processor and features of a triple; ``None`` if it has unknown parts."""
    first, *rest = triple.strip().split("-")
    architecture = next((n for n, a in ARCHITECTURES.items() if re.fullmatch(a.spelled, first)), None)
    if architecture is None:
        return None
    if rest[-1:] == ["mingw32"]:
        rest = [*rest[:-1], "windows", "gnu"]
    vendor = rest.pop(0) if rest and rest[0] in _VENDORS else "unknown"
    full = rest.pop(0) if rest else "unknown"
    system = re.sub(r"[\d.]+$", "", full)
    if system not in ARCHITECTURES[architecture].systems:
        return None
    if len(rest) > 1 or not all(re.fullmatch(_ENVIRONMENTS, e) for e in rest):
        return None
    if system == "elf":
        full, rest = "none", ["elf"]
    if full in ("darwin", "macos", "macosx"):  # the first version on both kinds of processors
        full = "macosx11.0"
    environment = rest[0] if rest else _SYSTEMS[system]
    if environment.endswith("hf") and first.endswith(_SOFT_FLOAT):
        return None
    normal = "-".join(filter(None, (first.replace("amd64", "x86_64"), vendor, full, environment)))
    return (architecture, normal, system, *_defaults(architecture, first, system, environment))


def _defaults(architecture: str, first: str, system: str, environment: str) -> tuple[str, str]:
    """The processor and the features of all machines that a triple names."""
    if architecture == "x86-64":
        return "x86-64", ""
    if architecture == "RISC-V":
        return f"generic-rv{first[5:]}", "+m,+a,+c" if first == "riscv32" and system in ("none", "elf") else "+m,+a,+f,+d,+c"
    if architecture == "ARM" and environment.endswith("hf"):
        version = re.sub(r"^(?:arm|thumb)", "", first)
        if version in _HARD_FLOAT:
            return _HARD_FLOAT[version], ""
        return "generic", "+vfp2" if version[:2] in ("v5", "v6") else "+v7,+vfp3d16"
    return "generic", ""


def _no_target(asked: str) -> str:
    examples = [e for a in ARCHITECTURES.values() for e in a.examples if (p := _parsed(e)) is not None and has_back_end(p[1])]
    return f"unknown target {asked!r}; a target is 'native', or architecture, system and environment as in {', '.join(examples)}"


def _check(machine: Machine, asked: str) -> None:
    """Check that LLVM knows the names of a machine.

    Raises:
        ValueError: it does not; the message lists what there is.
    """
    try:
        wrong = refused(_PROBE.format(n=8, t="double"), machine)
    except OSError as e:
        raise ValueError(f"cpu and features are checked by another process of Python, and none can be started: {e}") from None
    if wrong is None:
        return
    if not wrong.names:
        given = f"target {asked!r}, cpu {machine.cpu!r} and features {machine.features!r}"
        raise ValueError(f"LLVM makes no code for {given}: {wrong.reason}")
    processors, features = known_names(machine)
    raise ValueError("; ".join(_unknown(wrong.names, machine, processors, features)) + f" of target {asked!r}")


def _unknown(names: tuple[str, ...], machine: Machine, processors: list[str], features: list[str]) -> Iterator[str]:
    for name in names:
        kind, known = ("cpu", processors) if name == machine.cpu else ("feature", features)
        near = ", ".join(get_close_matches(name.lstrip("+-"), known, 3))
        yield f"unknown {kind} {name!r}{f' (near: {near})' if near else ''}; there are {', '.join(known)}"


__all__ = ["ARCHITECTURES", "Architecture", "TargetMachine", "target_machine"]
