"""The parameters of nodes by name.

The views are tuples, equal to the parameters and with the same hash and repr, so that digests do not depend on names.
``Linear.of(node)`` and ``Contraction.of(node)`` are the parameters of a sum and of a contraction;
``entries_of(node)`` are those of a selection, and of its transpose.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Union

import numpy as np

from .column import Column
from .node import Node, Params, Shape
from .primitive import CONTRACT, PLACE, SELECT, SUM, Primitive


class Linear(NamedTuple):
    """The parameters of a sum: ``constant + sum of coefficient * argument``.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> Linear.of(3 + 2 * x).constant
    3.0
    """

    constant: float
    coefficients: tuple[float, ...]

    def __repr__(self) -> str:
        return tuple.__repr__(self)

    @staticmethod
    def of(node: Node) -> Linear:
        params = node.params
        return params if params.__class__ is Linear else Linear(*params)


class Contraction(NamedTuple):
    """The parameters of a contraction: a label for each axis of each operand, and the size of each label.

    The first labels belong to the axes of the result; the others are summed.

    >>> import exprgraph as eg
    >>> W, x = eg.Symbol("W", shape=(3, 2)), eg.Symbol("x", shape=2)
    >>> Contraction.of(eg.transpose(W))
    (((1, 0),), (2, 3))
    """

    labels: tuple[tuple[int, ...], ...]
    sizes: Shape

    def __repr__(self) -> str:
        return tuple.__repr__(self)

    @staticmethod
    def of(node: Node) -> Contraction:
        params = node.params
        return params if params.__class__ is Contraction else Contraction(*params)


class Slice(tuple[Any, ...]):
    """Evenly spaced positions on an axis: ``start``, ``start + step``, ..., ``count`` of them.

    >>> Slice(4, -2, 3), Slice(4, -2, 3).positions
    (('s', 4, -2, 3), range(4, -2, -2))
    """

    __slots__ = ()

    def __new__(cls, start: int, step: int, count: int) -> Slice:
        return tuple.__new__(cls, ("s", start, step, count))

    def __reduce__(self) -> tuple[Any, ...]:
        return Slice, tuple(self)[1:]

    @property
    def start(self) -> int:
        value: int = self[1]
        return value

    @property
    def step(self) -> int:
        value: int = self[2]
        return value

    @property
    def length(self) -> int:
        value: int = self[3]
        return value

    @property
    def positions(self) -> range:
        return range(self.start, self.start + self.step * self.length, self.step)


class Take(tuple[Any, ...]):
    """Positions on an axis in any order, with repetitions.

    >>> Take((2, 0, 2)), Take((2, 0, 2)).indices
    (('t', (2, 0, 2)), (2, 0, 2))
    """

    __slots__ = ()

    def __new__(cls, indices: tuple[int, ...]) -> Take:
        return tuple.__new__(cls, ("t", indices))

    def __reduce__(self) -> tuple[Any, ...]:
        return Take, (self.indices,)

    @property
    def indices(self) -> tuple[int, ...]:
        value: tuple[int, ...] = self[1]
        return value


#: the selection from an axis: all of it, one element (the axis disappears), or several
Entry = Union[None, int, Slice, Take]
Entries = tuple[Entry, ...]


def entries_of(node: Node) -> Entries:
    """The entries of a selection, or of a placed node."""
    return node.params if node.op is SELECT else node.params[0]


def axis_of(node: Node) -> int:
    """The axis along which arrays are stacked or concatenated."""
    axis: int = node.params[0]
    return axis


def data_of(node: Node) -> np.ndarray:
    """The numbers of a constant array."""
    data: np.ndarray = node.params[0].data
    return data


def spelled(given: Any) -> Entry:
    """An entry from a plain tuple, ``("s", start, step, count)`` or ``("t", indices)``; an entry stays."""
    entry: Entry = given
    if type(given) is tuple:
        entry = Slice(*given[1:]) if given[0] == "s" else Take(*given[1:])
    return entry


#: the views of parameters read from a file
PARAMETERS: Column[Callable[[Params], Params]] = Column(
    "parameters", "the view of its parameters, from plain tuples", __name__, otherwise="they are plain tuples"
)
PARAMETERS.fill(lambda params: Linear(*params), SUM)
PARAMETERS.fill(lambda params: Contraction(*params), CONTRACT)
PARAMETERS.fill(lambda params: tuple(map(spelled, params)), SELECT)
PARAMETERS.fill(lambda params: (tuple(map(spelled, params[0])),), PLACE)


def named(op: Primitive, params: Params) -> Params:
    """The view of a primitive's parameters from a file."""
    rule = PARAMETERS.find(op)
    return params if rule is None else rule(params)


def plain(params: Params) -> Params:
    """Parameters as plain tuples, for a file."""
    parts = [plain(p) if isinstance(p, tuple) else p for p in params]
    same = type(params) is tuple and all(a is b for a, b in zip(parts, params))
    return params if same else tuple(parts)


__all__ = ["Contraction", "Entries", "Entry", "Linear", "Slice", "Take", "axis_of", "data_of", "entries_of", "named", "plain", "spelled"]
