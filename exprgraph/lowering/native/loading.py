"""The machine code of a generated source: compiled once in a process."""

from __future__ import annotations

import threading
from collections import OrderedDict

from . import machine
from .assemble import ENTRY, assemble
from .translate import UnsupportedError

#: modules kept for functions of equal source that are made later
KEPT = 256

_modules: OrderedDict[tuple[str, int], Code | None] = OrderedDict()
_lock = threading.Lock()


class Code:
    """Machine code in memory."""

    def __init__(self, loaded: machine.Loaded) -> None:
        self._loaded = loaded
        self.address = loaded.address(ENTRY)


def native_code(source: str, bits: int) -> Code | None:
    """The machine code of a source for reals of so many bits; ``None`` if only Numba can compile it."""
    with _lock:
        key = source, bits
        if key not in _modules:
            if len(_modules) >= KEPT:
                _modules.popitem(last=False)
            try:
                text = assemble(source, machine.target(bits))
            except UnsupportedError:
                _modules[key] = None
            else:
                _modules[key] = Code(machine.Loaded(machine.compile_object(text)))
        _modules.move_to_end(key)
        return _modules[key]


__all__ = ["Code", "native_code"]
