"""Python's arithmetic on containers, by one method that combines two of them."""

from __future__ import annotations

import operator
from abc import abstractmethod
from collections.abc import Callable
from typing import Any


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


__all__ = ["Arithmetic"]
