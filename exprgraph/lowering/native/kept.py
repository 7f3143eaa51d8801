"""Object files for this machine, kept on disk for later processes.  Where the system describes its processor, LLVM is not asked."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module

from . import disk

#: what Linux tells of a processor of x86: all that LLVM's choice of instructions follows
_TOLD = frozenset(("vendor_id", "cpu family", "model", "model name", "stepping", "flags"))


@cache
def _machine() -> tuple[str, ...]:
    """What machine code for this machine depends on."""
    return _described() or import_module(".machine", __package__).host()


def _described() -> tuple[str, ...]:
    """The processor in the words of Linux, with its kernel, which knows some features and not others; empty on other systems."""
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        return ()
    try:
        handle = os.open("/proc/cpuinfo", os.O_RDONLY)
        try:
            text = os.read(handle, 1 << 14).decode(errors="replace")
        finally:
            os.close(handle)
    except OSError:  # nobody tells
        return ()
    first, end, _ = text.partition("\n\n")
    lines = dict(line.split(":", 1) for line in first.replace("\t", "").splitlines() if ":" in line)
    return (os.uname().release, *(f"{name}:{lines[name]}" for name in sorted(_TOLD))) if end and lines.keys() >= _TOLD else ()


def kept_object(made: Callable[[], bytes], *parts: str) -> bytes:
    """An object file for this machine and this Python: from disk, if there is one of these parts, or made and kept there."""
    code = found_object(*parts)
    if code is None:
        code = made()
        keep_object(code, *parts)
    return code


def found_object(*parts: str) -> bytes | None:
    """The object file of these parts that is on disk."""
    return disk.read(_key(parts))


def keep_object(code: bytes, *parts: str) -> None:
    """Keep an object file on disk, if that is possible."""
    disk.write(_key(parts), code)


def _key(parts: Sequence[str]) -> str:
    return disk.key(*parts, *_machine(), sys.version) if disk.directory() is not None else ""


__all__ = ["found_object", "keep_object", "kept_object"]
