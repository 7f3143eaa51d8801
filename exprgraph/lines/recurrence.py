"""Linear recurrences along an axis, ``y[i] = a[i]*y[i - 1] + b[i]``: the primitive, its canonical form, its values.

A running sum has ``a = 1``; a running product of x has ``a = x``, and b is 0 but for its first element.  Derivatives are
recurrences with the same a, or with its reverse, so they exist to any order, and a 0 in a divides nothing.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..canonical.arithmetic import scale
from ..canonical.grouping import kept_nodes
from ..canonical.place import place
from ..canonical.select import select
from ..canonical.written import split_coefficient, split_sign
from ..graph.leaves import array, constant_values, number, zeros
from ..graph.node import Node, Params, make
from ..graph.primitive import Primitive, enter
from ..graph.traverse import REBUILD
from ..graph.views import Slice

RECURRENCE = enter(Primitive("linear_recurrence"))


class Along(NamedTuple):
    """The parameters: the axis, and whether a y of 0 silences a, so that 0 times infinity is 0."""

    axis: int
    silences: bool

    @staticmethod
    def of(node: Node) -> Along:
        return Along(*node.params)


def recurrence(a: Node, b: Node, axis: int, silences: bool = False) -> Node:
    """The canonical recurrence; a and b have one shape."""
    if b.size == 0 or number(b) == 0.0:
        return zeros(b.shape)
    factor = number(a)
    if b.shape[axis] == 1 or factor == 0.0:
        return b
    if factor is not None and math.isfinite(factor):
        silences = False
    params: Params = (axis, silences)
    known = constant_values((a, b))
    if known is not None:
        with np.errstate(all="ignore"):
            return array(computed(known[0], known[1], axis, silences))
    c, rest = (split_sign if kept_nodes() is None else split_coefficient)(b)
    return scale(c, recurrence(a, rest, axis, silences)) if c != 1.0 else make(RECURRENCE, (a, b), params, b.shape)


def computed(a: np.ndarray, b: np.ndarray, axis: int, silences: bool) -> np.ndarray:
    """The values of a recurrence, of numbers of any kind; the axis counts from the first or from the last."""
    x, y = np.moveaxis(a, axis, 0), np.moveaxis(np.array(np.broadcast_arrays(a, b)[1]), axis, 0)
    for i in range(1, len(y)):
        carried = x[i] * y[i - 1]
        y[i] = (np.where(y[i - 1] == 0, 0 * y[i], carried) if silences else carried) + y[i]
    return np.moveaxis(y, 0, axis)


def is_running_sum(node: Node) -> bool:
    """Whether a recurrence is the running sum of its second argument."""
    return number(node.args[0]) == 1.0


def is_running_product(node: Node) -> bool:
    """Whether a recurrence is the running product of its first argument."""
    a, b = node.args
    return not Along.of(node).silences and b is _first_alone(a, Along.of(node).axis)


def _first_alone(node: Node, axis: int) -> Node:
    """The first element along an axis, and zeros."""
    first = tuple(Slice(0, 1, 1) if k == axis else None for k in range(node.ndim))
    return place(select(node, first), first, node.shape)


def running_product(node: Node, axis: int) -> Node:
    """The running product along an axis."""
    known = constant_values((node,))
    if known is not None:
        return array(np.cumprod(known[0], axis))
    return recurrence(node, _first_alone(node, axis), axis) if node.size else node


REBUILD.fill(lambda node, args: recurrence(args[0], args[1], *Along.of(node)), RECURRENCE)

__all__ = ["RECURRENCE", "Along", "computed", "is_running_product", "is_running_sum", "recurrence", "running_product"]
