"""Temporary copies of the checkout, and processes that run tests in them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("exprgraph", "symnn")
#: everything that tests read
COPIED = (*PACKAGES, "tests", "docs", "examples", "pyproject.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md")
#: imported once here, not in each child; nothing of the packages themselves
COMMON = (
    "numpy.testing", "pytest", "_pytest.doctest", "_pytest.assertion.rewrite", "hypothesis.strategies", "hypothesis.extra.numpy",
    "mpmath", "scipy.special", "llvmlite.binding", "numba",
)  # fmt: skip
TIMED_OUT = -1000


def copy_tree(to: Path) -> Path:
    """A copy of what tests need, without compiled files."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, to / name)
    return to


def load_common() -> None:
    for name in COMMON:
        with contextlib.suppress(ImportError):
            __import__(name)
    assert not set(PACKAGES) & sys.modules.keys(), "the packages must be imported from the copies only"


class Child:
    """A forked process that works in a copy of the tree; its output goes to a file, machine code to ``cache``."""

    def __init__(self, tree: Path, cache: Path | str, work: Callable[[], int], seconds: float) -> None:
        self.output = tree / "output.txt"
        self.end = time.monotonic() + seconds
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid:
            return
        code = 70
        try:
            os.setsid()
            signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by what runs in the background
            handle = os.open(self.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(handle, 1)
            os.dup2(handle, 2)
            os.chdir(tree)
            os.environ.update(PYTHONPATH=str(tree), EXPRGRAPH_CACHE_DIR=str(cache), PYTHONDONTWRITEBYTECODE="1")
            sys.path[:] = [str(tree), *(p for p in sys.path if p and Path(p).resolve() != ROOT)]
            code = work()
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(code)

    def result(self) -> int | None:
        """The exit code, minus the signal's number; ``None`` while it works."""
        done, status = os.waitpid(self.pid, os.WNOHANG)
        if done:
            self._end_group()
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() < self.end:
            return None
        self._end_group()
        os.waitpid(self.pid, 0)
        return TIMED_OUT

    def wait(self) -> int:
        while (code := self.result()) is None:
            time.sleep(0.02)
        return code

    def _end_group(self) -> None:
        """The process, and what its tests have started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def run_tests(arguments: Sequence[str], plugins: Sequence[Any] = ()) -> int:
    """pytest in this process; for children."""
    import pytest

    options = ["-q", "--tb=line", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov", "--hypothesis-seed=0"]
    return int(pytest.main([*options, *arguments], plugins=list(plugins)))
