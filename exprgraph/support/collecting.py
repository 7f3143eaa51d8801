"""Python's collector of reference cycles paused while a large graph is walked, or a whole derivative or program is made.

The collector looks at all objects that live, again and again while they become more: a third of the time of a large
graph, and a tenth of a first call.  No node is part of a cycle, so there is nothing to be found.

The collector leaves out tuples of numbers by itself; an object of a class it cannot judge.  :func:`untrack` tells it of objects that are
part of no cycle.  Their memory is given back as before, by counting references.
"""

from __future__ import annotations

import ctypes
import gc
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

#: smaller graphs are walked before the collector would have run often
UNCOLLECTED_NODES = 20_000

_lock = threading.Lock()
_inside = 0
_was_on = False


@contextmanager
def uncollected(size: int = UNCOLLECTED_NODES) -> Iterator[None]:
    """Pause the collector, unless a graph of that size is small; it stays off if it was off."""
    if size < UNCOLLECTED_NODES:
        yield
        return
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _inside, _was_on
    with _lock:
        if not _inside:
            _was_on = gc.isenabled()
            gc.disable()
        _inside += 1


def _leave() -> None:
    global _inside
    with _lock:
        _inside = max(0, _inside - 1)  # the thread that made this process by a fork may leave what the process has forgotten
        if not _inside and _was_on:
            gc.enable()


def _in_child() -> None:
    """Threads that were inside do not exist in a forked process."""
    global _inside, _lock
    _lock = threading.Lock()
    if _inside:
        _inside = 0
        if _was_on:
            gc.enable()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)

#: whether the collector looks at an object
is_tracked: Callable[[Any], bool] = gc.is_tracked


def _untracking() -> Callable[[int], None]:
    """CPython's own function, which deallocation calls, too; no other implementation has it."""
    try:
        prototype = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)  # with an object it takes a third longer
        made: Callable[[int], None] = prototype(("PyObject_GC_UnTrack", ctypes.pythonapi))
    except (AttributeError, ValueError):
        return lambda address: None
    return made


#: ``untrack(id(thing))``: from now on the collector does not look at it; only for objects that are part of no cycle and never will be
untrack = _untracking()

__all__ = ["UNCOLLECTED_NODES", "is_tracked", "uncollected", "untrack"]
