"""The threads of the BLAS that NumPy and SciPy carry.

OpenBLAS takes a thread for each processor, whatever its callers do.  Beside threads of this package these would be too many, small
products wait for processors that others use, and sums depend on the machine.  So code that computes in a number of threads limits
OpenBLAS to the same number.  Its functions are found in the libraries that NumPy and SciPy have loaded, and tried once; another
BLAS is left as it is.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

from .forking import lock
from .processors import threads_of

#: modules that are linked with a BLAS, and the directory of its file in the wheels of their package
_MODULES = {
    "numpy._core._multiarray_umath": "numpy.libs",
    "numpy.core._multiarray_umath": "numpy.libs",
    "scipy.linalg._fblas": "scipy.libs",
}
#: the functions' names, with that of the setter for ``set``
_NAMES = tuple(f"{prefix}openblas_{{}}_num_threads{suffix}" for prefix in ("scipy_", "") for suffix in ("64_", "", "_64", "64"))

_lock = lock()
#: the limits of the calls that run now, each with its thread
_limits: dict[object, tuple[int, int]] = {}
_before: list[tuple[Library, int]] = []


class Library(NamedTuple):
    """A BLAS in this process: functions that tell and set the number of its threads."""

    get: Callable[[], int]
    set: Callable[[int], object]


@cache
def _library(file: str, wheels: str) -> Library | None:
    """The library of an extension module; ``None`` if it is no OpenBLAS, or does not do as it is told."""
    beside = sorted((Path(file).parents[2] / wheels).glob("*openblas*"))
    for path in (file, *map(str, beside)):
        try:
            loaded = ctypes.CDLL(path)
        except OSError:
            continue
        for name in _NAMES:
            get, set_ = (getattr(loaded, name.format(what), None) for what in ("get", "set"))
            if get is not None and set_ is not None and _obeys(found := Library(get, set_)):
                return found
    return None


def _obeys(library: Library) -> bool:
    before = library.get()
    library.set(1)
    one = library.get()
    library.set(before)
    return one == 1 and library.get() == before


def libraries() -> list[Library]:
    """The libraries that are loaded now, each once or several times.

    >>> from exprgraph.support.blas import libraries
    >>> all(library.get() >= 1 for library in libraries())
    True
    """
    modules = [(sys.modules.get(name), wheels) for name, wheels in _MODULES.items()]
    found = [_library(m.__file__, wheels) for m, wheels in modules if m is not None and m.__file__]
    return [library for library in found if library is not None]


@contextmanager
def blas_threads(threads: int) -> Iterator[None]:
    """At most so many threads in products and factorizations of NumPy and SciPy, if their BLAS is OpenBLAS, as in all wheels.

    Optimizers on all samples do this with their ``threads=``.  The limit holds for the whole process.  While several calls have
    limits, the least one holds; after the last of them, the numbers are as before the first.

    Raises:
        ValueError: the number is no positive whole number.

    >>> import numpy as np, exprgraph as eg
    >>> with eg.blas_threads(1):
    ...     (np.ones((2, 3)) @ np.ones(3)).tolist()
    [3.0, 3.0]
    """
    count = threads_of(threads)
    if count is None:
        raise ValueError(f"threads must be a positive whole number, got {threads!r}")
    own = object()
    try:
        with _lock:
            if not _limits:
                _before[:] = [(library, library.get()) for library in libraries()]
            _limits[own] = threading.get_ident(), count
            _set()
        yield
    finally:
        with _lock:
            _limits.pop(own, None)
            _set()


def _set() -> None:
    for library, before in _before:
        library.set(min([before, *(count for _, count in _limits.values())]))


def _in_child() -> None:
    """Of the threads that had limits, only the one that forked is in the new process."""
    gone = [own for own, (thread, _) in _limits.items() if thread != threading.get_ident()]
    for own in gone:
        del _limits[own]
    if gone:
        _set()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)


__all__ = ["Library", "blas_threads", "libraries"]
