"""What lives as long as the last reference to an object that the collector of cycles does not look into."""

from __future__ import annotations

import numpy as np


def owner(*things: object) -> np.ndarray:
    """An object that owns things: they are let go with it, and not before.

    CPython reads the description of a built-in function until the function itself is gone, the machine code that
    it calls lies in memory of ours, and the function's ``self`` is all that it holds.  An object that the
    collector of cycles looks into would be emptied before the function is gone, where both are in one cycle; an
    instance of any class written in Python is such an object.  An array of NumPy's is none: what it holds is
    in use until it is freed itself.

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
    """Let it own this, too."""
    things: list[object] = owner.item()
    things.append(thing)


__all__ = ["keep", "owner"]
