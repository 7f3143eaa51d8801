"""The parameters of the most common sums and products, which their nodes share.

A large graph of scalars has few different coefficients and exponents.  One tuple for all nodes with equal ones takes the memory of
one, and its text for digests is made once (:func:`exprgraph.graph.node.share`).

>>> from exprgraph.graph.sharing import sum_of
>>> sum_of(0.0, (1.0, -1.0)) is sum_of(0.0, (1.0, -1.0))
True
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from .node import share
from .views import Linear

#: the most tuples of a kind that are kept, and their length: numbers of data differ from node to node
_MOST = 4096
_LENGTH = 4

Kept = TypeVar("Kept", bound=tuple[object, ...])


class Parameters(dict[tuple[float, ...], Kept], Generic[Kept]):
    """Parameters by their numbers, ``shared[numbers]``; those that were not asked for before are made.

    Numbers that are equal but differ in their bits, and numbers that differ from themselves, are not kept: 0 and NaN.
    """

    __slots__ = ("_made",)

    def __init__(self, made: Callable[[tuple[float, ...]], Kept]) -> None:
        self._made = made

    def __missing__(self, numbers: tuple[float, ...]) -> Kept:
        params = self._made(numbers)
        if len(self) >= _MOST or len(numbers) > _LENGTH:
            return params
        for x in numbers:
            if type(x) is not float or x == 0.0 or x != x:
                return params
        params = self.setdefault(numbers, params)
        share(params)
        return params


#: ``SUMS[coefficients]``: of a sum without a constant
SUMS: Parameters[Linear] = Parameters(lambda coefficients: tuple.__new__(Linear, (0.0, coefficients)))
#: ``SHIFTS[constant, coefficient]``: of a sum of one term and a constant
SHIFTS: Parameters[Linear] = Parameters(lambda numbers: Linear(numbers[0], numbers[1:]))
#: ``POWERS[exponents]``: of a product
POWERS: Parameters[tuple[float, ...]] = Parameters(lambda exponents: exponents)

share(())


def sum_of(constant: float, coefficients: tuple[float, ...]) -> Linear:
    """The parameters of a sum."""
    if not constant:
        return SUMS[coefficients]
    return SHIFTS[constant, coefficients[0]] if len(coefficients) == 1 else Linear(constant, coefficients)


__all__ = ["POWERS", "SHIFTS", "SUMS", "sum_of"]
