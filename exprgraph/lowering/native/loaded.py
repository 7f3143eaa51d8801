"""Object files in memory: their sections in our pages, or where LLVM's own loader puts them."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from ...support.compiling import compiling, in_llvm
from .image import place
from .owner import owner
from .pages import Pages


@cache
def _address_of(name: str) -> int | None:
    """The address of a function of C or Python in this process."""
    try:
        return ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value
    except AttributeError:
        return None


class Loaded:
    """An object file in memory.

    Args:
        code: the object file.
        data: the values of its variables, by name.
        pieces: object files with functions that it calls.

    Attributes:
        owner: the object with the lifetime of the code.
    """

    def __init__(self, code: bytes, data: Mapping[str, bytes] | None = None, pieces: Sequence[bytes] = ()) -> None:
        data = data or {}
        self._engine: Any = None
        self._addresses: dict[str, int] = {}
        pages: list[Pages] = []
        for part in (*pieces, code):
            placed = place(part, data if part is code else {}, self._found)
            if placed is None:
                with compiling, in_llvm():
                    self._load(code, data, pieces)
                return
            self._addresses |= placed.addresses
            pages.append(placed.pages)
        self.owner = owner(*pages)

    def _found(self, name: str) -> int | None:
        return self._addresses.get(name) or _address_of(name)

    def _load(self, code: bytes, data: Mapping[str, bytes], pieces: Sequence[bytes]) -> None:
        self._engine = import_module(".machine", __package__).linked((*pieces, code))
        self.owner = owner(self._engine)
        for name, content in data.items():
            ctypes.memmove(self.address(name), content, len(content))

    def address(self, name: str) -> int:
        """The address of a function or a variable; 0 if there is none of this name."""
        if self._engine is None:
            return self._addresses.get(name, 0)
        return int(self._engine.get_function_address(name) or self._engine.get_global_value_address(name))


__all__ = ["Loaded"]
