"""Files of C that ``fn.save`` writes, compiled and called with NumPy arrays."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exprgraph as eg

#: the compilers of this machine, each for C99 and for C++17
COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
CXX = [f"{name} -x c++ -std=c++17" for name in ("g++", "clang++") if shutil.which(name)]
STRICT = "-Wall -Wextra -pedantic -Werror"
SANITIZED = "-O1 -fsanitize=address,undefined -fno-sanitize-recover=all"

needs_a_compiler = pytest.mark.skipif(not COMPILERS, reason="there is no C compiler on this machine")


def compiled(command: str, folder: Path) -> None:
    """Run a compiler, which gives no warning."""
    ran = subprocess.run(command.split(), capture_output=True, text=True, cwd=folder)
    assert ran.returncode == 0 and not ran.stderr, f"{command}\n{ran.stderr[:4000]}"


def checked(file: Path, compiler: str, flags: str = "-O2") -> float:
    """The number that a file's self-check prints; it passes."""
    program = file.with_suffix(".check")
    define = f"-D{file.stem.upper()}_MAIN"
    compiled(f"{compiler} {STRICT} {flags} {define} {file} -o {program} -lm", file.parent)
    ran = subprocess.run([str(program)], capture_output=True, text=True)
    assert ran.returncode == 0 and not ran.stderr, f"{ran.stdout}\n{ran.stderr[:4000]}"
    assert ran.stdout.startswith("self-check passed, largest relative difference ")
    return float(ran.stdout.split()[-1])


class Loaded:
    """The function of a file, compiled to a library."""

    def __init__(self, fn: eg.CompiledFunction, file: Path, command: str, **options: Any) -> None:
        fn.save(file, **options)
        self.fn, self.name = fn, str(options.get("name", file.stem))
        header = file.with_suffix(".h").read_text()
        self.macros = {k: int(v) for k, v in re.findall(rf"#define {self.name.upper()}_(\w+) (\d+)", header)}
        self.differs = self.differing(file.with_suffix(".h"))
        self.dtype = np.float32 if "const float *const *arguments" in header else np.float64
        made = file.with_suffix(f".{abs(hash(command))}{'.dll' if sys.platform == 'win32' else '.so'}")
        compiled(f"{command} {STRICT} -shared -fPIC {file} -o {made} -lm", file.parent)
        self.call = ctypes.CDLL(str(made))[self.name]
        self.call.restype = None

    @staticmethod
    def differing(header: Path) -> list[bool]:
        """Which results differ by sample, as a header says."""
        return [bool(each) for each in re.findall(r"^ \*     results\[\d+\].*?( for each sample)?$", header.read_text(), re.MULTILINE)]

    def __call__(self, arrays: Sequence[np.ndarray], samples: int) -> list[np.ndarray]:
        """The results for arrays, in a workspace of just the size that the header states."""
        given = [np.ascontiguousarray(a, self.dtype) for a in arrays]
        shapes = [((samples,) if lane else ()) + o.shape for o, lane in zip(self.fn.outputs, self.differs, strict=True)]
        results = [np.full(s, np.nan, self.dtype) for s in shapes]
        size = self.macros["WORKSPACE_ONE" if samples == 1 else "WORKSPACE"]
        guarded = np.full(size + 64, np.nan, self.dtype)
        self.call(_table(given), _table(results), ctypes.c_void_p(guarded[32:].ctypes.data), ctypes.c_int64(samples))
        assert np.isnan(guarded[:32]).all() and np.isnan(guarded[32 + size :]).all(), "written outside of the workspace"
        return results


def _table(arrays: Sequence[np.ndarray]) -> ctypes.Array[ctypes.c_void_p]:
    return (ctypes.c_void_p * max(len(arrays), 1))(*[a.ctypes.data for a in arrays])


def ulps(got: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference in units in the last place of the largest entry; NaN and infinities must be equal."""
    got, expected = np.asarray(got, np.float64), np.asarray(expected)
    finite = np.isfinite(expected)
    assert np.array_equal(np.isfinite(got), finite) and np.array_equal(
        got[~finite], np.asarray(expected, np.float64)[~finite], equal_nan=True
    )
    if not finite.any():
        return 0.0
    unit = np.spacing(np.max(np.abs(expected[finite]))) or 1.0
    return float(np.max(np.abs(got[finite] - expected[finite])) / unit)


__all__ = ["COMPILERS", "CXX", "SANITIZED", "STRICT", "Loaded", "checked", "compiled", "needs_a_compiler", "ulps"]
