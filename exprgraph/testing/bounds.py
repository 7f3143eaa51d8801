"""Between which two numbers a value lies, by interval arithmetic on the graph.

The strategies use it to keep arguments where functions are smooth and values moderate.  A function's
image is taken from its values at points of the interval, which is exact for monotone functions and
near enough for the others: bounds choose expressions, they prove nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product as pairs

import numpy as np

from ..functions.along_axes import LOG_SOFTMAX, LOGSUMEXP, NORM, SOFTMAX, AxisFunction
from ..functions.elementwise import Function
from ..graph.leaves import constant_value
from ..graph.node import Node
from ..graph.primitive import (
    CONCATENATE,
    CONTRACT,
    PLACE,
    PRODUCT,
    REDUCE_MAX,
    REDUCE_MIN,
    RESHAPE,
    SAMPLE_COUNT,
    SAMPLE_SUM,
    SELECT,
    STACK,
    SUM,
    SYMBOL,
)
from ..graph.traverse import topological

Interval = tuple[float, float]
EVERYTHING: Interval = (-math.inf, math.inf)
#: where symbols' elements lie, unless something else is said
BOX: Interval = (-1.0, 1.0)
_POINTS = 33
#: samples of a batch that a sum over samples is taken to have
_SAMPLES = 8


def bounds(e: Node, box: Interval | Mapping[Node, Interval] = BOX) -> Interval:
    """An interval of all elements' values, where every symbol's elements lie in ``box``, or in their own intervals.

    >>> import exprgraph as eg
    >>> from exprgraph.testing import bounds
    >>> x = eg.Symbol("x", shape=3)
    >>> bounds(eg.sum(x**2) + 1)
    (1.0, 4.0)
    """
    known: dict[Node, Interval] = {}
    for node in topological([e]):
        if node.op is SYMBOL:
            known[node] = box if isinstance(box, tuple) else box.get(node, BOX)
        else:
            known[node] = bounds_of(node, [known[a] for a in node.args])
    return known[e]


def bounds_of(node: Node, args: Sequence[Interval]) -> Interval:
    """The interval of a node from those of its arguments."""
    op = node.op
    value = constant_value(node)
    if value is not None:
        return _span(value.ravel()) if value.size else (0.0, 0.0)
    if op is SAMPLE_COUNT:
        return (1.0, float(_SAMPLES))
    if op is SUM:
        const, coefficients = node.params
        ends = [sorted((c * lo, c * hi)) for c, (lo, hi) in zip(coefficients, args)]
        return const + sum(a for a, _ in ends), const + sum(b for _, b in ends)
    if op is PRODUCT:
        return _times([_power(a, e) for a, e in zip(args, node.params)])
    if op is CONTRACT:
        one = _times(args)
        terms = math.prod(node.params[1][node.ndim :])
        return one[0] * terms, one[1] * terms
    if op in (SELECT, RESHAPE, REDUCE_MAX, REDUCE_MIN):
        return args[0]
    if isinstance(op, AxisFunction):
        (low, high), n = args[0], math.prod(node.args[0].shape[k] for k in node.params)
        least = 0.0 if low <= 0.0 <= high else min(abs(low), abs(high))
        return {
            NORM: (math.sqrt(n) * least, math.sqrt(n) * max(abs(low), abs(high))),
            LOGSUMEXP: (low, high + math.log(n)),
            SOFTMAX: (0.0, 1.0),
            LOG_SOFTMAX: (low - high - math.log(n), 0.0),
        }[op]
    if op is PLACE:
        most = math.prod(max(Counter(e[1]).values()) for e in node.params[0] if isinstance(e, tuple) and e[0] == "t")
        return min(most * args[0][0], 0.0), max(most * args[0][1], 0.0)
    if op in (STACK, CONCATENATE):
        return min(a for a, _ in args), max(b for _, b in args)
    if op is SAMPLE_SUM:
        return min(args[0][0] * _SAMPLES, args[0][0]), max(args[0][1] * _SAMPLES, args[0][1])
    if isinstance(op, Function):
        return _image(op, args)
    return EVERYTHING


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


def _image(row: Function, args: Sequence[Interval]) -> Interval:
    if any(math.isinf(v) for a in args for v in a):
        return EVERYTHING
    n = _POINTS if row.arity == 1 else 9 if row.arity == 2 else 5
    grid = np.meshgrid(*(np.linspace(a, b, n) for a, b in args))
    with np.errstate(all="ignore"):
        return _span(np.asarray(row.numpy(*grid), dtype=float).ravel())


__all__ = ["BOX", "EVERYTHING", "Interval", "bounds", "bounds_of"]
