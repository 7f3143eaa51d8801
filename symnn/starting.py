"""Ctrl-C while ``python -m symnn`` is still being imported: one line, as at any later time.

Python imports the package before it runs ``__main__``, which therefore cannot catch the signal.  An interrupted import
fails in ways that depend on the module.  So the process ends at once.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

LINE = "symnn: interrupted"
#: 128 plus the number of the signal, the convention of shells
STATUS = 130


def _end(number: int, frame: FrameType | None) -> NoReturn:
    os.write(2, f"{LINE}\n".encode())
    os._exit(STATUS)


def begin() -> None:
    """End at once on Ctrl-C, if this process is ``python -m symnn`` and imports the package now."""
    this_program = sys.argv[:1] == ["-m"] and ("-m", "symnn") in zip(sys.orig_argv, sys.orig_argv[1:])
    if this_program and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def imported() -> None:
    """Make Ctrl-C an exception again."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


begin()
