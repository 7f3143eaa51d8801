"""The effect of rounding on values: the graph is evaluated several times with noise in the last digits.

Every operation gets a random error of some units in the last place of its result or, if terms cancel, of the largest
term.  The spread of the results shows how far apart two correct evaluations may be (Vignes, "A stochastic arithmetic
for reliable scientific computation", 1993).  A sum or a product that overflows may be finite in another order of its
terms, so some of the evaluations make it finite.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..canonical.contract import is_structural
from ..functions.along_axes import LOGSUMEXP, NORM, SOFTMAX, AxisFunction
from ..functions.elementwise import Function
from ..graph import primitive
from ..graph.column import Column
from ..graph.leaves import constant_value
from ..graph.node import Node, Shape
from ..graph.primitive import lookup
from ..graph.traverse import topological
from ..graph.views import Linear
from ..meaning.evaluate import EVALUATE, Samples, bound_values

#: the number of evaluations, and the allowed multiple of their spread
_RUNS, _FACTOR = 12, 16.0
#: the error of an elementwise function, and of any other operation, in units in the last place
_FUNCTION, _OPERATION = 5.0, 2.0
#: ``(node, args, noise)``: the value of a node with errors of its own; a value's first axis counts the runs
NOISE: Column[Callable[[Node, Sequence[np.ndarray], Noise], np.ndarray]] = Column(
    "noise", "the value of a node with random rounding errors", __name__, leaves=False
)
#: functions that return an argument or its negative
_PICKING = ("abs", "maximum", "minimum", "relu", "where")


def rounding_errors(roots: Sequence[Node], bindings: Mapping[Node, Any]) -> list[np.ndarray]:
    """The allowed difference of two correct evaluations of each expression, elementwise, in the shape of its value.

    It is 0 if all evaluations give the same infinity or NaN, and infinite if only some give a number.

    >>> import exprgraph as eg
    >>> from exprgraph.testing import rounding_errors
    >>> x = eg.Symbol("x")
    >>> (size,) = rounding_errors([eg.sin(x)], {x: 1.0})
    >>> bool(1e-16 < size < 1e-13)
    True
    >>> float(rounding_errors([1 / x], {x: 0.0})[0]), float(rounding_errors([eg.log(eg.cos(x) - eg.cos(x + 1e-20))], {x: 1.0})[0])
    (0.0, inf)
    """
    given, batch, dtype = bound_values(roots, bindings)
    noise = Noise(batch, dtype)
    unit = noise.unit
    # every value has an axis for the runs and all batch axes, of length one where nothing differs
    values = {s: _with_lead(v, s.ndim, len(batch) + 1) for s, v in given.items()}
    with np.errstate(all="ignore"):
        for node in topological(roots):
            if node not in values:
                args = [values[a] for a in node.args]
                values[node] = NOISE[node.op](node, args, noise) if args else noise.leaf(node)
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


def _with_lead(value: np.ndarray, ndim: int, lead: int) -> np.ndarray:
    own = value.ndim - ndim
    return value.reshape((1,) * (lead - own) + value.shape)


class Noise:
    """The noise of an evaluation: the generator, the size of a unit, the shape of the batch."""

    def __init__(self, batch: Shape, dtype: np.dtype[Any]) -> None:
        self.batch = batch
        self.dtype = dtype
        self.unit = float(np.finfo(dtype).eps)
        self.rng = np.random.default_rng(0)

    def value(self, node: Node, args: Sequence[np.ndarray]) -> np.ndarray:
        """A node's value from those of its arguments, without errors of its own."""
        lead = len(self.batch) + 1
        known = constant_value(node)
        if known is not None:
            return _with_lead(known, node.ndim, lead)
        if node.op is primitive.SAMPLE_COUNT:
            return np.full((1,) * lead, float(math.prod(self.batch)))
        if node.op is primitive.SAMPLE_SUM:
            whole = np.broadcast_to(args[0], args[0].shape[:1] + self.batch + node.shape)
            return np.asarray(whole.sum(axis=tuple(range(1, lead)), keepdims=True))
        return np.asarray(EVALUATE[node.op](node, args, Samples(self.batch, args[0].dtype)))

    def leaf(self, node: Node) -> np.ndarray:
        """A number or an array of numbers, with an error of half a unit where its type rounds it."""
        value = self.value(node, ())
        exact = np.array_equal(value, value.astype(self.dtype), equal_nan=True)
        return value if exact else self.off(value, np.abs(value), 0.5)

    def off(self, value: np.ndarray, size: np.ndarray, units: float = _OPERATION) -> np.ndarray:
        """A value with errors of so many units of ``size``; the first run stays as it is."""
        errors = self.rng.uniform(-self.unit * units, self.unit * units, (_RUNS, *value.shape[1:]))
        errors[0] = 0.0
        wanted = errors * size
        return np.asarray(np.where(np.isfinite(wanted), value + wanted, value))

    def reordered(self, node: Node, args: Sequence[np.ndarray], size: np.ndarray) -> np.ndarray:
        """The value of an operation with terms in any order; ``size`` is the sum of their absolute values."""
        return _not_overflown(node, args, self.off(self.value(node, args), size), self)


def _spread(args: Sequence[np.ndarray], node: Node) -> list[np.ndarray]:
    """Values of an elementwise operation's arguments, a scalar's with the node's axes."""
    return [a.reshape(a.shape + (1,) * (node.ndim - n.ndim)) if not n.ndim else a for a, n in zip(args, node.args)]


# ---------------------------------------------------------------- one rule a primitive


@NOISE.rule(primitive.SELECT, primitive.STACK, primitive.CONCATENATE, primitive.RESHAPE)
@NOISE.rule(primitive.REDUCE_MAX, primitive.REDUCE_MIN, *map(primitive.lookup, _PICKING))
def _exact(node: Node, args: Sequence[np.ndarray], noise: Noise) -> np.ndarray:
    """Operations that move or select values: they do not round."""
    return noise.value(node, args)


@NOISE.rule(primitive.SUM)
def _sum(node: Node, args: Sequence[np.ndarray], noise: Noise) -> np.ndarray:
    const, coefficients = Linear.of(node)
    sizes = _spread([np.abs(a) for a in args], node)
    return noise.reordered(node, args, np.asarray(sum((abs(c) * a for c, a in zip(coefficients, sizes)), np.asarray(abs(const)))))


@NOISE.rule(primitive.PRODUCT)
def _product(node: Node, args: Sequence[np.ndarray], noise: Noise) -> np.ndarray:
    return noise.reordered(node, args, np.abs(noise.value(node, args)))


@NOISE.rule(primitive.CONTRACT, primitive.PLACE, primitive.SAMPLE_SUM)
def added(node: Node, args: Sequence[np.ndarray], noise: Noise) -> np.ndarray:
    """Of what adds up products of its arguments' elements."""
    if is_structural(node):
        return noise.value(node, args)
    return noise.reordered(node, args, noise.value(node, [np.abs(a) for a in args]))


@NOISE.rule(Function)
def _function(node: Node, args: Sequence[np.ndarray], noise: Noise) -> np.ndarray:
    assert isinstance(node.op, Function)
    value = noise.value(node, args)
    value = noise.off(value, np.abs(value), _FUNCTION)
    if node.op.boolean and len(value) > 1:  # at a tie, half of the runs take the side that the point itself takes
        value[_RUNS // 2 :] = value[0]
    return value


@NOISE.rule(lookup("logaddexp"))
def _logaddexp(node: Node, args: Sequence[np.ndarray], noise: Noise) -> np.ndarray:
    """The larger argument and a logarithm, which may cancel."""
    value = noise.value(node, args)
    largest = np.maximum(*_spread([np.abs(a) for a in args], node))
    return noise.off(value, np.maximum(largest, np.abs(value)), _FUNCTION)


@NOISE.rule(AxisFunction)
def _along(node: Node, args: Sequence[np.ndarray], noise: Noise) -> np.ndarray:
    """A logarithm has the error of the largest argument, a probability the error of its exponent."""
    value = noise.value(node, args)
    size = np.abs(value)
    if node.op is not NORM:
        axes = tuple(k - node.args[0].ndim for k in node.params)
        most = np.max(np.abs(args[0]), axis=axes, keepdims=node.op is not LOGSUMEXP)
        size = size * (1 + most) if node.op is SOFTMAX else np.maximum(size, most)
    return noise.off(value, size)


@NOISE.rule(primitive.SOLVE)
def _solve(node: Node, args: Sequence[np.ndarray], noise: Noise) -> np.ndarray:
    a, b = (noise.off(v, np.abs(v), 1.0) for v in args)
    value = noise.value(node, [a, b])
    return _not_specified(node, a, noise.off(value, np.abs(value)))


def _not_specified(node: Node, matrix: np.ndarray, value: np.ndarray) -> np.ndarray:
    """A solution; where the matrix has infinities, every other run gets another value, since it depends on the pivots."""
    found = np.isinf(matrix).any(axis=(-2, -1))
    found[::2] = False
    other = np.where(np.isnan(value), 0.0, np.nan)
    return np.where(found.reshape(found.shape + (1,) * (value.ndim - found.ndim)), other, value)


def _not_overflown(node: Node, args: Sequence[np.ndarray], value: np.ndarray, noise: Noise) -> np.ndarray:
    """A value; where finite terms gave no number, every other run gets one."""
    if np.isfinite(value).all():
        return value
    defined = [np.isfinite(a) for a in args]
    if node.op is primitive.PRODUCT:  # poles, and roots of negative numbers, have no other value
        defined = [d & ((a > 0) | (e == int(e)) & ((a != 0) | (e > 0))) for d, a, e in zip(defined, args, node.params)]
    term = noise.value(node, [np.where(d, 1.0, np.nan) for d in defined])
    overflown = np.broadcast_to(~np.isfinite(value) & np.isfinite(term), value.shape).copy()
    overflown[::2] = False
    most = float(np.finfo(value.dtype).max)
    return np.where(overflown, np.nan_to_num(value, posinf=most, neginf=-most), value)


__all__ = ["rounding_errors"]
