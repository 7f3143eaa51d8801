"""Bounds of values, by interval arithmetic on the graph.

The strategies use bounds to keep arguments where functions are smooth and values moderate.  A function's image is
estimated from its values at points of the interval, which is exact for monotone functions.  Bounds choose
expressions; they prove nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import product as pairs

import numpy as np

from ..functions.along_axes import LOG_SOFTMAX, LOGSUMEXP, NORM, SOFTMAX
from ..functions.elementwise import Function
from ..graph import primitive
from ..graph.column import Column
from ..graph.leaves import constant_value
from ..graph.node import Node
from ..graph.traverse import topological
from ..graph.views import Contraction, Linear, Take, entries_of

Interval = tuple[float, float]
#: ``(node, args)``: the interval of a node from those of its arguments
BOUNDS: Column[Callable[[Node, Sequence[Interval]], Interval]] = Column("bounds", "bounds of its value", __name__)
EVERYTHING: Interval = (-math.inf, math.inf)
#: the default interval of symbols' elements
BOX: Interval = (-1.0, 1.0)
_POINTS = 33
#: the assumed number of samples in a sum over samples
_SAMPLES = 8


def bounds(e: Node, box: Interval | Mapping[Node, Interval] = BOX) -> Interval:
    """An interval that contains the values of all elements, for symbols with elements in ``box`` or in their own intervals.

    >>> import exprgraph as eg
    >>> from exprgraph.testing import bounds
    >>> x = eg.Symbol("x", shape=3)
    >>> bounds(eg.sum(x**2) + 1)
    (1.0, 4.0)
    """
    known: dict[Node, Interval] = {}
    for node in topological([e]):
        if node.op is primitive.SYMBOL:
            known[node] = box if isinstance(box, tuple) else box.get(node, BOX)
        else:
            known[node] = bounds_of(node, [known[a] for a in node.args])
    return known[e]


def bounds_of(node: Node, args: Sequence[Interval]) -> Interval:
    """The interval of a node from those of its arguments."""
    value = constant_value(node)
    if value is not None:
        return _span(value.ravel()) if value.size else (0.0, 0.0)
    return BOUNDS[node.op](node, args)


BOUNDS.leave_out("a symbol lies in its box", primitive.SYMBOL)
BOUNDS.leave_out("its value is known", primitive.CONSTANT, primitive.ARRAY, primitive.IDENTITY)
BOUNDS.fill(lambda node, args: (1.0, float(_SAMPLES)), primitive.SAMPLE_COUNT)
BOUNDS.fill(lambda node, args: args[0], primitive.SELECT, primitive.RESHAPE, primitive.REDUCE_MAX, primitive.REDUCE_MIN)
BOUNDS.fill(lambda node, args: (min(a for a, _ in args), max(b for _, b in args)), primitive.STACK, primitive.CONCATENATE)
BOUNDS.fill(lambda node, args: EVERYTHING, primitive.SOLVE)
BOUNDS.fill(lambda node, args: _times([_power(a, e) for a, e in zip(args, node.params)]), primitive.PRODUCT)


@BOUNDS.rule(primitive.SUM)
def _sum(node: Node, args: Sequence[Interval]) -> Interval:
    const, coefficients = Linear.of(node)
    ends = [sorted((c * lo, c * hi)) for c, (lo, hi) in zip(coefficients, args)]
    return const + sum(a for a, _ in ends), const + sum(b for _, b in ends)


@BOUNDS.rule(primitive.CONTRACT)
def _contract(node: Node, args: Sequence[Interval]) -> Interval:
    _, sizes = Contraction.of(node)
    one = _times(args)
    terms = math.prod(sizes[node.ndim :])
    return one[0] * terms, one[1] * terms


@BOUNDS.rule(primitive.PLACE)
def _place(node: Node, args: Sequence[Interval]) -> Interval:
    most = math.prod(max(Counter(e.indices).values()) for e in entries_of(node) if isinstance(e, Take))
    return min(most * args[0][0], 0.0), max(most * args[0][1], 0.0)


@BOUNDS.rule(primitive.SAMPLE_SUM)
def _sample_sum(node: Node, args: Sequence[Interval]) -> Interval:
    return min(args[0][0] * _SAMPLES, args[0][0]), max(args[0][1] * _SAMPLES, args[0][1])


@BOUNDS.rule(NORM)
def _norm(node: Node, args: Sequence[Interval]) -> Interval:
    low, high = args[0]
    least = 0.0 if low <= 0.0 <= high else min(abs(low), abs(high))
    root = math.sqrt(_among(node))
    return root * least, root * max(abs(low), abs(high))


BOUNDS.fill(lambda node, args: (args[0][0], args[0][1] + math.log(_among(node))), LOGSUMEXP)
BOUNDS.fill(lambda node, args: (0.0, 1.0), SOFTMAX)
BOUNDS.fill(lambda node, args: (args[0][0] - args[0][1] - math.log(_among(node)), 0.0), LOG_SOFTMAX)


def _among(node: Node) -> int:
    """The number of elements that a function along axes combines."""
    return math.prod(node.args[0].shape[k] for k in node.params)


def _span(values: np.ndarray) -> Interval:
    if np.isnan(values).any():
        return EVERYTHING
    return float(values.min()), float(values.max())


def _times(parts: Sequence[Interval]) -> Interval:
    low, high = 1.0, 1.0
    for a, b in parts:
        ends = [0.0 if 0.0 in (p, q) else p * q for p, q in pairs((low, high), (a, b))]
        low, high = min(ends), max(ends)
    return low, high


def _power(base: Interval, e: float) -> Interval:
    low, high = base
    whole = e == int(e)
    if (e < 0 and low <= 0 <= high) or (not whole and low < 0):
        return EVERYTHING
    with np.errstate(all="ignore"):
        ends = np.array([low, high]) ** e
    if whole and e % 2 == 0 and low < 0 < high:
        return 0.0, float(ends.max())
    return _span(ends)


@BOUNDS.rule(Function)
def _image(node: Node, args: Sequence[Interval]) -> Interval:
    row = node.op
    assert isinstance(row, Function)
    if any(math.isinf(v) for a in args for v in a):
        return EVERYTHING
    n = _POINTS if row.arity == 1 else 9 if row.arity == 2 else 5
    grid = np.meshgrid(*(np.linspace(a, b, n) for a, b in args))
    with np.errstate(all="ignore"):
        return _span(np.asarray(row.numpy(*grid), dtype=float).ravel())


__all__ = ["BOUNDS", "BOX", "EVERYTHING", "Interval", "bounds", "bounds_of"]
