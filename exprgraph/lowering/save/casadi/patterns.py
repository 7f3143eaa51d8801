"""Which entries of a block can be other than zero, and CasADi's format for that: compressed columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ....calculus.reach import Reach
from ....canonical.joining import stack
from ....canonical.select import select
from ....graph.node import Node
from ....graph.views import Take
from ....language.shapes import reshape
from .functions import Input, Output

#: a pattern takes a pull through the graph for each row; with more steps than this in all, a block counts as full
STEPS = 100_000


def dependence(value: Node, symbols: Sequence[Node]) -> np.ndarray:
    """Whether an element of the value may depend on an element of the symbols; shape ``(elements of the symbols, value.size)``.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> dependence(eg.sin(x[:2]), [x]).T.astype(int)
    array([[1, 0, 0],
           [0, 1, 0]])
    """
    pulled = Reach(value, symbols)
    found = np.zeros((sum(s.size for s in symbols), value.size), bool)
    if value.size * len(pulled) > STEPS:
        return np.concatenate([np.full((s.size, value.size), s in pulled) for s in symbols])
    for k in range(value.size):
        mask = np.zeros(value.size, bool)
        mask[k] = True
        found[:, k] = np.concatenate([m.ravel() for m in pulled.of(mask.reshape(value.shape))])
    return found


def stored_elements(o: Output) -> Node | None:
    """The elements of a result that are stored, in order; ``None`` if there are none."""
    if not o.size:
        return None
    positions = np.arange(o.size) if o.mask is None else np.flatnonzero(o.mask)
    if len(positions) == o.size and not (o.scalars and o.value.ndim > 1):
        return o.value
    if not positions.size:
        return None
    if o.scalars:  # each is written to its place
        at = zip(*(axis.tolist() for axis in np.unravel_index(positions, o.value.shape)))
        return stack([select(o.value, indices) for indices in at])
    return select(reshape(o.value, (o.size,)), (Take(tuple(positions.tolist())),))


def input_format(i: Input) -> list[int]:
    """The pattern of an input: all its elements, or none if nothing reads it."""
    return [i.rows, i.columns, 1] if i.argument is not None else [i.rows, i.columns, *[0] * (i.columns + 1)]


def output_format(o: Output) -> list[int]:
    """The pattern of a result: rows, columns, the first entry of each column, the row of each entry; or rows, columns, 1.

    >>> import exprgraph as eg
    >>> output_format(Output("y", 2, 3, eg.zeros(6), np.array([True, True, False, False, False, True])))
    [2, 3, 0, 2, 2, 3, 0, 1, 1]
    """
    if o.mask is None or (o.size and o.mask.all()):
        return [o.rows, o.columns, 1]
    columns = o.mask.reshape(o.columns, o.rows)
    starts = [0, *np.cumsum(columns.sum(axis=1)).tolist()]
    return [o.rows, o.columns, *starts, *np.nonzero(columns)[1].tolist()]


__all__ = ["STEPS", "dependence", "input_format", "output_format", "stored_elements"]
