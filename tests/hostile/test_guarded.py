"""Compiled code reads and writes what it is given and nothing beside it: guard pages, and an allocator that spoils what is freed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import guarded
import pytest

import exprgraph as eg

ROOT = Path(eg.__file__).parent.parent
linux = pytest.mark.skipif(sys.platform != "linux", reason="pages are protected as on Linux")


def work(*arguments: str) -> subprocess.CompletedProcess[str]:
    own = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, guarded.__file__, *arguments], capture_output=True, text=True, env=own, timeout=600)


PARTS = ["network", "products", "matrices", "lanes", "steps", *map(str, range(guarded.PARTS))]


@pytest.mark.slow_one_in(3)
@linux
@pytest.mark.one_in(40)
@pytest.mark.parametrize("kind", ["float64", "float32"])
@pytest.mark.parametrize("part", PARTS)
def test_code_touches_nothing_beside_its_memory(part: str, kind: str) -> None:
    """Arguments, results, workspace, tables and constants; for no sample, one, around whole vectors, and beyond a block."""
    done = work(part, kind)
    assert done.returncode == 0 and done.stdout.endswith("all well\n"), (done.returncode, done.stdout[-300:], done.stderr[-1500:])


@linux
@pytest.mark.one_in(3)
@pytest.mark.parametrize("part", ["wrong", "before", "constants"])
def test_a_wrong_address_is_found(part: str) -> None:
    assert work(part, "float64").returncode == -signal.SIGSEGV


#: what is run once more with memory that is spoiled when it is freed
FILES = [
    "test_lowering.py", "test_compiled_graphs.py", "test_native.py", "test_embedding.py", "test_descent.py", "test_systems.py",
    "test_bound_calls.py",
]  # fmt: skip


@linux
@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_nothing_is_read_after_it_is_freed(file: str) -> None:
    """In calls, in collections, and until the process has ended."""
    own = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONMALLOC": "malloc", "MALLOC_PERTURB_": "165"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/exprgraph/{file}"]
    done = subprocess.run(command, capture_output=True, text=True, env=own, timeout=1800, cwd=ROOT)
    assert done.returncode == 0, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
