"""Python's protocols for containers: entries as attributes, keys and by a dict's methods, and arithmetic."""

from __future__ import annotations

import operator
from abc import abstractmethod
from collections.abc import Callable, ItemsView, Iterator, KeysView, ValuesView
from typing import Any, NoReturn

from ..errors import UnknownParameterError
from .layout import Layout, Slot


class Named:
    """A container whose entries have names."""

    __slots__ = ()

    _layout: Layout

    @abstractmethod
    def _entries(self) -> dict[str, Any]:
        """The entries of this level, by name."""

    def _at(self, slot: Slot) -> Any:
        """The leaf of a slot of the layout."""
        value: Any = self
        for name in slot.path:
            value = value._entries()[name]
        return value

    def _missing(self, name: object) -> NoReturn:
        known = ", ".join(self._layout.entries) or "none"
        raise UnknownParameterError(f"there is no parameter {name!r} here; there are: {known}")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        entries = self._entries()
        return entries[name] if name in entries else self._missing(name)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            entries = self._entries()
            return entries[key] if key in entries else self._missing(key)
        if isinstance(key, tuple) and not key:
            return self
        return self._missing(key)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._layout.entries})

    def __iter__(self) -> Iterator[str]:
        return iter(self._layout.entries)

    def __len__(self) -> int:
        return len(self._layout.entries)

    def __contains__(self, name: object) -> bool:
        return name in self._layout.entries

    def keys(self) -> KeysView[str]:
        """The names at this level."""
        return self._layout.entries.keys()

    def values(self) -> ValuesView[Any]:
        """The entries of this level: leaves or containers."""
        return self._entries().values()

    def items(self) -> ItemsView[str, Any]:
        """The names of this level with their entries."""
        return self._entries().items()

    def leaves(self) -> dict[str, Any]:
        """Every leaf by its full name, in flat order.

        >>> from symnn import NeuralNetworkParameters
        >>> list(NeuralNetworkParameters(L1=dict(W=[[1.0, 0.0]], b=[0.0])).leaves())
        ['L1.W', 'L1.b']
        """
        return {s.name: self._at(s) for s in self._layout.slots}

    def to_dict(self) -> dict[str, Any]:
        """The container as nested dicts; leaves are not copied."""
        return self._layout.nest(iter(self._at(s) for s in self._layout.slots))


class Arithmetic:
    """``+ - * /`` with numbers and with containers of the same names, on each element."""

    __slots__ = ()

    # so that a NumPy scalar on the left leaves the arithmetic to this class
    __array_ufunc__ = None

    @abstractmethod
    def _combine(self, other: Any, f: Callable[[Any, Any], Any]) -> Any:
        """``f`` of each leaf and the other operand; ``NotImplemented`` if the operand does not fit."""

    def __add__(self, other: Any) -> Any:
        return self._combine(other, operator.add)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self._combine(other, operator.sub)

    def __rsub__(self, other: Any) -> Any:
        return self._combine(other, lambda a, b: b - a)

    def __mul__(self, other: Any) -> Any:
        return self._combine(other, operator.mul)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return self._combine(other, operator.truediv)

    def __rtruediv__(self, other: Any) -> Any:
        return self._combine(other, lambda a, b: b / a)


__all__ = ["Arithmetic", "Named"]
