"""One thing is compiled at a time, and none while the process ends: LLVM's global context is not for two threads at once."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .forking import lock

_working = lock()  # taken inside the other, so made before it
#: held while code is generated, compiled, loaded or looked up
compiling = lock()
_ended = False


@contextmanager
def in_llvm() -> Iterator[None]:
    """Around every use of LLVM: the process does not end before it is left, since LLVM is taken down then.

    A thread that would begin when the main thread has ended stops there, as one that calls ``sys.exit`` does.
    """
    with _working:
        if _ended and threading.current_thread() is not threading.main_thread():
            raise SystemExit
        yield


def ending() -> bool:
    """Whether the process ends, and nothing is compiled any more but by the main thread."""
    return _ended


def _end() -> None:
    """Wait for the thread that is in LLVM; none goes there after it."""
    global _ended
    _ended = True
    with _working:
        pass


atexit.register(_end)

__all__ = ["compiling", "ending", "in_llvm"]
