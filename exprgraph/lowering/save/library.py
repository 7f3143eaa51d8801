"""A function as a shared library: its object file, linked by a compiler or a linker on the path."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator

from ...errors import CompilationError
from ...support.files import written_together
from ..native import machine as this_machine
from .formats import WHAT
from .interface import stem
from .machine_code import about, compiled, described
from .options import Options
from .saved import Saved
from .targets import TargetMachine, target_machine

#: the endings of the libraries of systems; of all others, ".so"
_ENDINGS = {"COFF": ".dll", "Mach-O": ".dylib", "ELF": ".so"}


def write(function: Saved, path: str, options: Options) -> None:
    """Write the library and its header, both or none.

    Raises:
        ValueError: libraries of the target end in something else, or it has none.
        CompilationError: no linker is found, or it fails; the message has the command to run on an object file.
    """
    machine, name = target_machine(options), os.path.basename(path)
    _check_ending(path, machine)
    linker = _linker(name, machine)
    made = compiled(function, path, options, exported=True)
    beside = os.path.join(os.path.dirname(path), stem(path) + ".h")
    head = described(made, about(made, name, ""))
    library = _linked(made.code, name, machine, linker)
    written_together({path: library, beside: head}, WHAT, [".so", ".dylib", ".dll", ".h"])


def _check_ending(path: str, machine: TargetMachine) -> None:
    if machine.format == "wasm" or machine.system in ("none", "elf"):
        others = ".o or .wasm" if machine.format == "wasm" else ".o"
        raise ValueError(f"target {machine.asked!r} has no shared libraries; give a name that ends in {others}")
    ending = _ENDINGS[machine.format]
    if os.path.splitext(path)[1].lower() != ending:
        raise ValueError(f"shared libraries of target {machine.asked!r} end in {ending}, got {path}")


def _linker(name: str, machine: TargetMachine) -> list[str]:
    """The first words of a command that links.

    Raises:
        CompilationError: there is none on the path.
    """
    linkers = list(_linkers(machine))
    found = next((words for words in linkers if shutil.which(words[0])), None)
    if found is None:
        tried = ", ".join(dict.fromkeys(words[0] for words in linkers))
        what = f"no linker for target {machine.asked!r} is on the path ({tried})"
        raise CompilationError(_failed(name, machine, what, linkers[0]))
    return found


def _failed(name: str, machine: TargetMachine, what: str, linker: list[str]) -> str:
    given = f"{stem(name)}.o"
    by_hand = " ".join(_command(linker, given, name, name, machine))
    return f"cannot save the function to {name}: {what}; save an object file, {given}, and run: {by_hand}"


def _linked(code: bytes, name: str, machine: TargetMachine, linker: list[str]) -> bytes:
    """The library of an object file.

    Raises:
        CompilationError: the linker fails.
    """
    with tempfile.TemporaryDirectory(prefix="exprgraph-") as folder:
        given, made = os.path.join(folder, "f.o"), os.path.join(folder, name)
        with open(given, "xb") as f:
            f.write(code)
        ran = subprocess.run(_command(linker, given, made, name, machine), capture_output=True, text=True, errors="replace", check=False)
        if ran.returncode or not os.path.exists(made):
            said = (ran.stderr or ran.stdout).strip() or f"exit status {ran.returncode}"
            raise CompilationError(_failed(name, machine, f"{linker[0]} fails: {said}", linker))
        with open(made, "rb") as f:
            return f.read()


def _linkers(machine: TargetMachine) -> Iterator[list[str]]:
    """Commands that link, the best first."""
    triple = machine.machine.triple
    own = this_machine.host()[0].split("-")
    if triple.split("-")[0] == own[0] and machine.system in own[2]:
        if os.environ.get("CC", "").strip():
            yield shlex.split(os.environ["CC"])
        yield from (["cc"], ["gcc"], ["clang"], ["ld.lld"], ["ld"])
        return
    parts = triple.split("-")
    if machine.format == "COFF":
        yield from ([f"{parts[0]}-w64-mingw32-gcc"], ["lld-link"])
        if os.name == "nt":  # elsewhere another program has this name
            yield ["link"]
    elif machine.format == "ELF":
        yield from ([f"{machine.asked}-gcc"], ["-".join([parts[0], *parts[2:]]) + "-gcc"])
    yield ["clang", f"--target={machine.asked}"]


def _command(linker: list[str], given: str, made: str, name: str, machine: TargetMachine) -> list[str]:
    """The command that makes a library, which programs find by its name."""
    program = os.path.splitext(os.path.basename(linker[0]))[0]
    if program in ("lld-link", "link"):
        return [*linker, "/dll", "/nologo", f"/out:{made}", given]
    plain = program in ("ld", "ld.lld")
    own = {"ELF": ["-soname", name], "Mach-O": ["-install_name", f"@rpath/{name}"], "COFF": []}[machine.format]
    if own and not plain:
        own = ["-Wl," + ",".join(own)]
    return [*linker, "-shared", *own, "-o", made, given, *([] if plain or machine.format == "COFF" else ["-lm"])]


__all__ = ["write"]
