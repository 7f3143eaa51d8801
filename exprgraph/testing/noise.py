"""How much of a value rounding may change: the graph evaluated several times with noise in its last digits.

Every operation's result is off by some units in the last place, of itself or, where terms cancel, of
the largest of what was added.  Evaluating with such errors, drawn at random, shows how far apart two
right evaluations may be (Vignes, "A stochastic arithmetic for reliable scientific computation", 1993).
A sum or a product that overflows may not do so in another order of its terms, so that in some of the
evaluations it does not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..canonical.contract import is_structural
from ..functions.along_axes import LOGSUMEXP, NORM, SOFTMAX, AxisFunction
from ..functions.elementwise import Function
from ..graph.leaves import constant_value
from ..graph.node import Node, Shape
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
    SOLVE,
    STACK,
    SUM,
)
from ..graph.traverse import topological
from ..meaning.evaluate import EVALUATE, Samples, bind

#: evaluations, and how many times their spread two right values may differ
_RUNS, _FACTOR = 12, 16.0
#: units in the last place an elementwise function may be off, and any other operation
_FUNCTION, _OPERATION = 5.0, 2.0
#: operations whose terms may be taken in any order
_REORDERED = (CONTRACT, PLACE, PRODUCT, SAMPLE_SUM, SUM)

#: operations that round nothing
_EXACT = (CONCATENATE, REDUCE_MAX, REDUCE_MIN, RESHAPE, SELECT, STACK)
_PICKING = ("abs", "maximum", "minimum", "relu", "where")


def rounding_errors(roots: Sequence[Node], bindings: Mapping[Node, Any]) -> list[np.ndarray]:
    """How far two right evaluations of each expression may be apart, elementwise, in the shape of its value.

    0 where all give the same infinity, or NaN; infinite where some give a number and some do not, so that nothing
    can be said.

    >>> import exprgraph as eg
    >>> from exprgraph.testing import rounding_errors
    >>> x = eg.Symbol("x")
    >>> (size,) = rounding_errors([eg.sin(x)], {x: 1.0})
    >>> bool(1e-16 < size < 1e-13)
    True
    >>> float(rounding_errors([1 / x], {x: 0.0})[0]), float(rounding_errors([eg.log(eg.cos(x) - eg.cos(x + 1e-20))], {x: 1.0})[0])
    (0.0, inf)
    """
    rng = np.random.default_rng(0)
    given, batch, dtype = bind(roots, bindings)
    unit = float(np.finfo(dtype).eps)
    # every value has an axis for the runs and all batch axes, of length one where nothing differs
    values = {s: _with_lead(v, s.ndim, len(batch) + 1) for s, v in given.items()}
    with np.errstate(all="ignore"):
        for node in topological(roots):
            if node in values:
                continue
            args = [values[a] for a in node.args]
            if node.op is SOLVE:
                args = [_off(a, np.abs(a), unit, rng) for a in args]
            value = _value(node, args, batch)
            if not node.args and not np.array_equal(value, value.astype(dtype), equal_nan=True):
                value = _off(value, np.abs(value), unit / 2, rng)  # the number nearest to it in this type
            if node.args and not _is_exact(node):
                units = unit * (_FUNCTION if isinstance(node.op, Function) else _OPERATION)
                value = _off(value, _magnitude(node, args, value, batch), units, rng)
                if node.op in _REORDERED:
                    value = _not_overflown(node, args, value, batch)
                elif node.op is SOLVE:
                    value = _not_specified(node, args[0], value)
            if isinstance(node.op, Function) and node.op.boolean and len(value) > 1:
                value = value.copy()  # at a tie, half of the runs take the side that the point itself takes
                value[_RUNS // 2 :] = value[0]
            values[node] = value
        out = []
        for r in roots:
            v = values[r]
            spread = np.max(np.abs(v - v[:1]), axis=0)
            alike = ((v == v[:1]) | (np.isnan(v) & np.isnan(v[:1]))).all(axis=0)
            size = _FACTOR * (spread + unit * np.abs(v[0]))
            size = np.where(np.isfinite(v).all(axis=0), size, np.where(alike, 0.0, np.inf))
            shared = all(n == 1 for n in spread.shape[: len(batch)]) and not r.per_sample
            out.append(size.reshape(r.shape) if shared else size)
    return out


def _is_exact(node: Node) -> bool:
    """Whether an operation moves values or picks one, and rounds none: an extremum is equal to one of its elements."""
    return node.op in _EXACT or is_structural(node) or (isinstance(node.op, Function) and node.op.name in _PICKING)


def _with_lead(value: np.ndarray, ndim: int, lead: int) -> np.ndarray:
    own = value.ndim - ndim
    return value.reshape((1,) * (lead - own) + value.shape)


def _value(node: Node, args: Sequence[np.ndarray], batch: Shape) -> np.ndarray:
    op, lead = node.op, len(batch) + 1
    known = constant_value(node)
    if known is not None:
        return _with_lead(known, node.ndim, lead)
    if op is SAMPLE_COUNT:
        return np.full((1,) * lead, float(math.prod(batch)))
    if op is SAMPLE_SUM:
        whole = np.broadcast_to(args[0], args[0].shape[:1] + batch + node.shape)
        return np.asarray(whole.sum(axis=tuple(range(1, lead)), keepdims=True))
    return np.asarray(EVALUATE[op](node, args, Samples(batch, args[0].dtype)))


def _spread(args: Sequence[np.ndarray], node: Node) -> list[np.ndarray]:
    """Values of an elementwise operation's arguments, a scalar's with the node's axes."""
    return [a.reshape(a.shape + (1,) * (node.ndim - n.ndim)) if not n.ndim else a for a, n in zip(args, node.args)]


def _off(value: np.ndarray, size: np.ndarray, units: float, rng: np.random.Generator) -> np.ndarray:
    """A value with noise of so many units of ``size``; the first run stays as it is."""
    noise = rng.uniform(-units, units, (_RUNS, *value.shape[1:]))
    noise[0] = 0.0
    wanted = noise * size
    return np.asarray(np.where(np.isfinite(wanted), value + wanted, value))


def _not_specified(node: Node, matrix: np.ndarray, value: np.ndarray) -> np.ndarray:
    """A solution with, in every other run, something else where the matrix holds infinities: it depends on the pivots."""
    found = np.isinf(matrix).any(axis=(-2, -1))
    found[::2] = False
    other = np.where(np.isnan(value), 0.0, np.nan)
    return np.where(found.reshape(found.shape + (1,) * node.ndim), other, value)


def _not_overflown(node: Node, args: Sequence[np.ndarray], value: np.ndarray, batch: Shape) -> np.ndarray:
    """A value with, in every other run, numbers where finite terms gave none."""
    if np.isfinite(value).all():
        return value
    defined = [np.isfinite(a) for a in args]
    if node.op is PRODUCT:  # poles, and roots of negative numbers, are what they are
        defined = [d & ((a > 0) | (e == int(e)) & ((a != 0) | (e > 0))) for d, a, e in zip(defined, args, node.params)]
    term = _value(node, [np.where(d, 1.0, np.nan) for d in defined], batch)
    overflown = np.broadcast_to(~np.isfinite(value) & np.isfinite(term), value.shape).copy()
    overflown[::2] = False
    most = float(np.finfo(value.dtype).max)
    return np.where(overflown, np.nan_to_num(value, posinf=most, neginf=-most), value)


def _magnitude(node: Node, args: Sequence[np.ndarray], value: np.ndarray, batch: Shape) -> np.ndarray:
    """What the rounding errors of an operation are relative to: the sum of its terms' sizes."""
    sizes = [np.abs(a) for a in args]
    if node.op is SUM:
        const, coefficients = node.params
        return np.asarray(sum((abs(c) * a for c, a in zip(coefficients, _spread(sizes, node))), np.asarray(abs(const))))
    if isinstance(node.op, AxisFunction):
        return _along(node, args[0], np.abs(value))
    if node.op in (CONTRACT, PLACE, SAMPLE_SUM):
        return _value(node, sizes, batch)
    if isinstance(node.op, Function) and node.op.name == "logaddexp":  # the larger argument and a logarithm, which may cancel
        return np.asarray(np.maximum(np.maximum(*_spread(sizes, node)), np.abs(value)))
    return np.asarray(np.abs(value))


def _along(node: Node, arg: np.ndarray, size: np.ndarray) -> np.ndarray:
    """A logarithm is as exact as the largest of the arguments, and a probability as what it is the exponential of."""
    if node.op is NORM:
        return size
    axes = tuple(k - node.args[0].ndim for k in node.params)
    most = np.max(np.abs(arg), axis=axes, keepdims=node.op is not LOGSUMEXP)
    return np.asarray(size * (1 + most) if node.op is SOFTMAX else np.maximum(size, most))


__all__ = ["rounding_errors"]
