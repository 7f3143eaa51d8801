"""Objects that are part of no cycle, taken out of the sight of Python's collector of cycles.

The collector looks at all objects that it tracks, again and again while they become more.  It leaves out tuples of numbers by itself;
an object of a class it cannot judge.  Memory is given back as before, by counting references.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from typing import Any

#: whether the collector looks at an object
is_tracked: Callable[[Any], bool] = gc.is_tracked


def _found() -> Callable[[Any], None]:
    """CPython's own function, which deallocation calls, too; no other implementation has it."""
    try:
        prototype = ctypes.PYFUNCTYPE(None, ctypes.py_object)
        made: Callable[[Any], None] = prototype(("PyObject_GC_UnTrack", ctypes.pythonapi))
    except (AttributeError, ValueError):
        return lambda thing: None
    return made


#: the object is left out from now on; only for one that no object refers to which it refers to itself, now or later
untrack = _found()

__all__ = ["is_tracked", "untrack"]
