"""The locks of all compilation: LLVM's global context allows one thread at a time, and none while the process ends."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .forking import lock

# a lock that is taken inside of another one is made before it
_working = lock()
#: held while memory for machine code is taken or given back; code on disk does not wait for the compiler
placing = lock()
#: held while code is generated, compiled or looked up
compiling = lock()
_ended = False


@contextmanager
def in_llvm() -> Iterator[None]:
    """Guard every use of LLVM: the process does not end inside of it, because LLVM is taken down at the end.

    A thread that enters after the end of the main thread stops, as after ``sys.exit``.
    """
    with _working:
        if _ended and threading.current_thread() is not threading.main_thread():
            raise SystemExit
        yield


def ending() -> bool:
    """Whether the process ends, so that only the main thread compiles."""
    return _ended


def _end() -> None:
    """Wait for the thread inside of LLVM; no thread enters afterwards."""
    global _ended
    _ended = True
    with _working:
        pass


atexit.register(_end)

__all__ = ["compiling", "ending", "in_llvm", "placing"]
