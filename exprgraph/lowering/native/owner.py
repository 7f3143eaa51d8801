"""Objects that the collector of cycles does not visit, so that their contents live as long as their last reference."""

from __future__ import annotations

import numpy as np


def owner(*things: object) -> np.ndarray:
    """An object that owns others: they are released with it, and not before.

    CPython reads the description of a built-in function until the function is freed.  The machine code it calls is in
    our memory, and the function holds only its ``self``.  If the collector visited ``self``, it would clear it before
    the function in a common cycle; it visits instances of all classes written in Python.  It does not visit an array of
    NumPy, whose contents live until the array is freed.

    >>> import gc
    >>> from exprgraph.lowering.native.owner import keep, owner
    >>> one = owner(bytearray(8))
    >>> gc.is_tracked(one)
    False
    >>> keep(one, bytearray(8))
    """
    made = np.empty((), object)
    made[()] = list(things)
    return made


def keep(owner: np.ndarray, thing: object) -> None:
    """Add an owned object."""
    things: list[object] = owner.item()
    things.append(thing)


__all__ = ["keep", "owner"]
