"""Values to any number of digits: the graph is evaluated with mpmath, operation by operation.

Elementwise functions are computed from their rows' ``code``, with mpmath's functions for its names.  So a user's
function has as many digits as the package's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mpmath
import numpy as np

from ..errors import UnboundSymbolError
from ..functions.along_axes import LOG_SOFTMAX, LOGSUMEXP, NORM, SOFTMAX, AxisFunction
from ..functions.elementwise import Function
from ..graph import primitive
from ..graph.column import Column
from ..graph.node import Node, Shape
from ..graph.primitive import Primitive
from ..graph.traverse import topological
from ..graph.views import Contraction, Linear, data_of
from ..meaning.binding import bound_symbols
from ..meaning.evaluate import EVALUATE, Samples, batched
from ..support.batches import batch_axes
from .code_by_mpmath import INF, NAN, divided, names, power, scalar

Values = Sequence[np.ndarray]
#: ``(node, values, batch)``: arrays of mpmath's numbers
PRECISE: Column[Callable[[Node, Values, Shape], np.ndarray]] = Column("precise", "the value of a node in mpmath's numbers", __name__)


def evaluate_precisely(e: Node | Sequence[Node], bindings: Mapping[Node, Any], digits: int = 50) -> Any:
    """The value of an expression, or of a list of them, to a number of digits: arrays of mpmath's numbers.

    Args:
        e: an expression, or a list of expressions that share their parts.
        bindings: a value for each symbol, batch axes first, of floats or mpmath's numbers.

    Division by zero, overflow and arguments outside of a function's domain give infinities and NaN, as floats do.

    >>> import exprgraph as eg, mpmath
    >>> from exprgraph.testing import evaluate_precisely
    >>> x = eg.Symbol("x")
    >>> print(mpmath.nstr(evaluate_precisely(eg.exp(x), {x: 1})[()], 40))
    2.718281828459045235360287471352662497757
    """
    roots = [e] if isinstance(e, Node) else list(e)
    with mpmath.workdps(digits):
        module = names()["math"]
        module.pi, module.e = +mpmath.pi, +mpmath.e  # with the digits of now
        values, batch = _bound(bindings)
        for node in topological(roots):
            if node not in values:
                if node.op is primitive.SYMBOL:
                    raise UnboundSymbolError(f"no value for symbol {node.name!r} of shape {node.shape}")
                values[node] = PRECISE[node.op](node, [values[a] for a in node.args], batch)
        out = []
        for r in roots:
            v = values[r]
            lead = batch if r.per_sample or v.ndim > r.ndim else ()
            out.append(np.broadcast_to(v, lead + r.shape))
    return out[0] if isinstance(e, Node) else out


def _bound(bindings: Mapping[Node, Any]) -> tuple[dict[Node, np.ndarray], Shape]:
    """Numbers of any kind, which :func:`exprgraph.meaning.binding.bind` would round."""
    slots = [(a.name, a.shape, a.per_sample) for a in bound_symbols(bindings)]
    arrays = [np.asarray(given, dtype=object) for given in bindings.values()]
    return {symbol: exactly(a) for symbol, a in zip(bindings, arrays)}, batch_axes(arrays, slots)


def exactly(value: Any) -> np.ndarray:
    """Numbers of any kind, also NumPy's, as mpmath's."""
    return _each(lambda v: mpmath.mpf(v.item() if isinstance(v, np.generic) else v), np.asarray(value, dtype=object))


def _each(f: Callable[..., Any], *arrays: np.ndarray) -> np.ndarray:
    """A function of numbers on broadcast arrays."""
    same = np.broadcast_arrays(*arrays)
    out = np.empty(same[0].shape, dtype=object)
    flat = out.reshape(-1)
    for k, args in enumerate(zip(*(a.ravel() for a in same))):
        flat[k] = f(*args)
    return out


# ---------------------------------------------------------------- one rule a primitive

PRECISE.leave_out("a symbol has the value that the caller gives it", primitive.SYMBOL)
PRECISE.fill(lambda node, values, batch: np.full(node.shape, mpmath.mpf(node.params[0]), dtype=object), primitive.CONSTANT)
PRECISE.fill(lambda node, values, batch: _each(lambda v: mpmath.mpf(float(v)), data_of(node)), primitive.ARRAY)
PRECISE.fill(lambda node, values, batch: _each(mpmath.mpf, np.eye(node.shape[0], dtype=int).astype(object)), primitive.IDENTITY)
PRECISE.fill(lambda node, values, batch: np.array(mpmath.mpf(math.prod(batch)), dtype=object), primitive.SAMPLE_COUNT)


@PRECISE.rule(*primitive.MOVEMENTS)
def moved(node: Node, values: Values, batch: Shape) -> np.ndarray:
    """Operations that NumPy does for numbers of any kind: moves and sums."""
    return np.asarray(EVALUATE[node.op](node, values, Samples(batch, np.dtype(object))), dtype=object)


@PRECISE.rule(primitive.SAMPLE_SUM)
def _sample_sum(node: Node, values: Values, batch: Shape) -> np.ndarray:
    whole = np.broadcast_to(values[0], batch + node.shape).reshape((-1, *node.shape))
    return np.array(_added(list(whole), node.shape), dtype=object)


@PRECISE.rule(Function)
def _function(node: Node, values: Values, batch: Shape) -> np.ndarray:
    assert isinstance(node.op, Function)
    return _each(scalar(node.op), *_spread(node, values))


@PRECISE.rule(primitive.SUM)
def _sum(node: Node, values: Values, batch: Shape) -> np.ndarray:
    const, coefficients = Linear.of(node)
    return _each(lambda *v: _dot(coefficients, v, const), *_spread(node, values))


@PRECISE.rule(primitive.PRODUCT)
def _product(node: Node, values: Values, batch: Shape) -> np.ndarray:
    return _each(lambda *v: _power_product(v, node.params), *_spread(node, values))


def _spread(node: Node, values: Values) -> Values:
    """Values of an elementwise operation's arguments: a number acts on every element."""
    return [v.reshape(v.shape + (1,) * (node.ndim - a.ndim)) if not a.ndim else v for v, a in zip(values, node.args)]


def _dot(coefficients: Sequence[float], values: Sequence[Any], const: float) -> Any:
    total = mpmath.mpf(const)
    for c, v in zip(coefficients, values):
        total += v if c == 1.0 else mpmath.mpf(c) * v
    return total


def _added(parts: list[Any], shape: Shape) -> Any:
    total = np.full(shape, mpmath.mpf(0), dtype=object)
    for p in parts:
        total = total + p
    return total


def _power_product(values: Sequence[Any], exponents: Sequence[float]) -> Any:
    above = below = mpmath.mpf(1)
    for v, e in zip(values, exponents):
        term = v if abs(e) == 1.0 else power(v, mpmath.mpf(abs(e)))
        if e > 0:
            above *= term
        else:
            below *= term
    return above if below == 1 else divided(above, below)


@PRECISE.rule(primitive.CONTRACT)
def _contract(node: Node, values: Values, batch: Shape) -> np.ndarray:
    """The product of all operands over all labels, then the sum over the labels that are not in the output.

    Beside the diagonal of an identity there are zeros, even where other operands are not finite.
    """
    labels, sizes = Contraction.of(node)
    lead = np.broadcast_shapes(*(v.shape[: v.ndim - len(ks)] for v, ks in zip(values, labels)))
    whole: Any = np.array(mpmath.mpf(1), dtype=object)
    for a, v, ks in sorted(zip(node.args, values, labels), key=lambda operand: operand[0].op is primitive.IDENTITY):
        first = v.ndim - len(ks)
        kept = sorted(set(ks))
        if len(kept) < len(ks):  # a diagonal
            grid = np.ix_(*(np.arange(sizes[k]) for k in kept))
            index: tuple[Any, ...] = (Ellipsis, *(grid[kept.index(k)] for k in ks))
            v = v[index]
        else:
            v = v.transpose((*range(first), *(first + ks.index(k) for k in kept)))
        v = v.reshape(v.shape[:first] + tuple(sizes[k] if k in kept else 1 for k in range(len(sizes))))
        whole = np.where(v != 0, whole, v) if a.op is primitive.IDENTITY else whole * v
    whole = np.broadcast_to(whole, lead + tuple(sizes[: node.ndim]) + whole.shape[len(lead) + node.ndim :])
    summed = tuple(range(len(lead) + node.ndim, whole.ndim))
    return np.asarray(whole.sum(axis=summed) if summed else whole, dtype=object)


@PRECISE.rule(primitive.REDUCE_MAX, primitive.REDUCE_MIN)
def _extremum(node: Node, values: Values, batch: Shape) -> np.ndarray:
    (value,) = values
    n = node.args[0].ndim
    axes = tuple(value.ndim - n + k for k in node.params)
    moved = np.moveaxis(value, axes, range(-len(axes), 0))
    rows = moved.reshape((*moved.shape[: moved.ndim - len(axes)], -1))
    out = np.empty(rows.shape[:-1], dtype=object)
    best = max if node.op is primitive.REDUCE_MAX else min
    for i in np.ndindex(*out.shape):
        row = list(rows[i])
        out[i] = NAN if any(map(mpmath.isnan, row)) else best(row)
    return out


@PRECISE.rule(AxisFunction)
def _along(node: Node, values: Values, batch: Shape) -> np.ndarray:
    """A function along axes, row by row."""
    (value,) = values
    ndim, count = node.args[0].ndim, len(node.params)
    axes, last = tuple(value.ndim - ndim + k for k in node.params), tuple(range(-count, 0))
    moved = np.moveaxis(value, axes, last)
    rows = moved.reshape((*moved.shape[: moved.ndim - count], -1))
    out = np.empty(rows.shape if node.op in (SOFTMAX, LOG_SOFTMAX) else rows.shape[:-1], dtype=object)
    for i in np.ndindex(*rows.shape[:-1]):
        out[i] = _of_row(node.op, list(rows[i]))
    return np.moveaxis(out.reshape(moved.shape), last, axes) if out.ndim == rows.ndim else out


def _of_row(op: Primitive, row: list[Any]) -> Any:
    if any(map(mpmath.isnan, row)):
        return np.full(len(row), NAN, dtype=object) if op in (SOFTMAX, LOG_SOFTMAX) else NAN
    if op is NORM:
        return mpmath.sqrt(sum((x * x for x in row), mpmath.mpf(0)))
    top = max(row)
    below = [mpmath.mpf(0) if x == top else x - top for x in row]
    rest = sum((mpmath.exp(b) for b in below if b), mpmath.mpf(below.count(0) - 1))
    logarithm = mpmath.log1p(rest)
    if op is LOGSUMEXP:
        return top + logarithm
    out = np.empty(len(row), dtype=object)
    out[:] = [mpmath.exp(b) / (1 + rest) if op is SOFTMAX else b - logarithm for b in below]
    return out


@PRECISE.rule(primitive.SOLVE)
def _solve(node: Node, values: Values, batch: Shape) -> np.ndarray:
    a, b = values
    a, b = batched(values, node.args)
    out = np.empty(b.shape, dtype=object)
    for i in np.ndindex(*a.shape[:-2]):
        out[i] = _eliminated(a[i].copy(), b[i].reshape(len(b[i]), -1).copy()).reshape(b[i].shape)
    return out


def _eliminated(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    n = len(a)
    for k in range(n):
        p = max(range(k, n), key=lambda r: abs(a[r, k]) if not mpmath.isnan(a[r, k]) else INF)
        if not a[p, k] or mpmath.isnan(a[p, k]):
            return np.full(b.shape, NAN, dtype=object)
        a[[k, p]], b[[k, p]] = a[[p, k]], b[[p, k]]
        for r in range(k + 1, n):
            f = a[r, k] / a[k, k]
            a[r] = a[r] - f * a[k]
            b[r] = b[r] - f * b[k]
    for k in reversed(range(n)):
        b[k] = (b[k] - sum((a[k, r] * b[r] for r in range(k + 1, n)), 0 * b[k])) / a[k, k]
    return b


__all__ = ["PRECISE", "evaluate_precisely", "exactly", "moved"]
