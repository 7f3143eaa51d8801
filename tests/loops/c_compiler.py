"""The machine's C compiler, for tests: a file becomes a library, its function one of NumPy arrays."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from exprgraph.loops.operations import LIBRARY

COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
STRICT = ("-std=c99", "-Wall", "-Wextra", "-pedantic", "-Wstrict-prototypes", "-Werror", "-O2")
#: the compiler's own values of these functions of constants are not the library's
OF_THE_LIBRARY = tuple(f"-fno-builtin-{name}{f}" for name in LIBRARY for f in ("", "f"))

needs_a_compiler = pytest.mark.skipif(not COMPILERS, reason="there is no C compiler on this machine")

Function = Callable[[Sequence[np.ndarray], Sequence[np.ndarray], np.ndarray, np.ndarray, int], None]


def library(source: str, folder: Path, *flags: str, compiler: str = "") -> ctypes.CDLL:
    """A file compiled without a warning, loaded."""
    text, made = folder / f"f{len(list(folder.iterdir()))}.c", folder / f"f{len(list(folder.iterdir()))}.so"
    text.write_text(source, encoding="ascii")
    command = [compiler or COMPILERS[0], *STRICT, *OF_THE_LIBRARY, *flags, "-shared", "-fPIC", str(text), "-o", str(made), "-lm"]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[:4000]
    return ctypes.CDLL(str(made))


def function(loaded: ctypes.CDLL, name: str = "evaluate") -> Function:
    """A function of a library."""
    address = ctypes.c_void_p
    found = loaded[name]
    found.restype, found.argtypes = None, [address, address, address, address, ctypes.c_int64]

    def call(arguments: Sequence[np.ndarray], results: Sequence[np.ndarray], w: np.ndarray, s: np.ndarray, samples: int) -> None:
        given, wanted = (table(arrays) for arrays in (arguments, results))
        found(given, wanted, w.ctypes.data, s.ctypes.data, samples)

    return call


def table(arrays: Sequence[np.ndarray]) -> ctypes.Array[ctypes.c_void_p]:
    """The addresses of arrays."""
    return (ctypes.c_void_p * len(arrays))(*[a.ctypes.data for a in arrays])


__all__ = ["COMPILERS", "OF_THE_LIBRARY", "STRICT", "function", "library", "needs_a_compiler", "table"]
