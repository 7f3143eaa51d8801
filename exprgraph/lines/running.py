"""Running sums and products for users, and what is made of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..canonical.joining import concatenate, reshape
from ..canonical.operands import as_node
from ..functions import rows as functions
from ..functions.elementwise import broadcast, broadcast_to
from ..graph.leaves import constant
from ..graph.node import Node, Operand
from ..language.axes import normalize_axis
from ..language.methods import define_methods
from ..language.numpy_arguments import only_float64, scanned
from ..language.numpy_protocol import define, define_accumulations
from ..language.operators import add, subtract
from ..language.sequences import differences, part
from ..text.called import PARSE
from .recurrence import RECURRENCE, recurrence, running_product


def _line(a: Operand, axis: int | None) -> tuple[Node, int]:
    """The array and the axis; without an axis, the flat array."""
    node = as_node(a)
    return (reshape(node, (node.size,)), 0) if axis is None else (node, normalize_axis(axis, node.ndim))


def cumsum(a: Operand, axis: int | None = None) -> Node:
    """The sums of the elements up to each one along an axis, like np.cumsum; without an axis, of the flat array.

    n elements take n additions, also for derivatives.

    Raises:
        AxisError: the axis is out of range.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.evaluate(eg.cumsum(x), {x: [1.0, 2.0, 4.0]})
    array([1., 3., 7.])
    """
    node, k = _line(a, axis)
    return recurrence(constant(1.0, node.shape), node, k)


def cumprod(a: Operand, axis: int | None = None) -> Node:
    """The products of the elements up to each one along an axis, like np.cumprod; without an axis, of the flat array.

    Derivatives are exact where elements are zero, and take as many operations as the products.

    Raises:
        AxisError: the axis is out of range.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> f = eg.cumprod(x)
    >>> eg.evaluate([f, eg.jacobian(f, x)], {x: [3.0, 0.0, 2.0]})
    [array([3., 0., 0.]), array([[1., 0., 0.],
           [0., 3., 0.],
           [0., 6., 0.]])]
    """
    return running_product(*_line(a, axis))


def linear_recurrence(a: Operand, b: Operand, axis: int = -1, *, silences: bool = False) -> Node:
    """``y[i] = a[i]*y[i - 1] + b[i]`` along an axis, with ``y[0] = b[0]``: filters, discounted sums, smoothing.

    Args:
        a, b: expressions, which broadcast; the first element of a has no effect.
        axis: the axis.
        silences: 0 times infinity is 0 where y is 0, as in derivatives behind a choice.

    n elements take n multiplications and additions, also for derivatives.

    Raises:
        ShapeError: a and b do not broadcast together.
        AxisError: the axis is out of range.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.evaluate(eg.linear_recurrence(0.5, x), {x: [4.0, 0.0, 1.0]})
    array([4., 2., 2.])
    """
    nodes, shape = broadcast(a, b, what="linear_recurrence: operands")
    p, q = (broadcast_to(n, shape) for n in nodes)
    return recurrence(p, q, normalize_axis(axis, len(shape)), silences)


def unwrap(p: Operand, discont: float | None = None, axis: int = -1, *, period: float = 2 * math.pi) -> Node:
    """Angles without jumps along an axis, like np.unwrap: jumps larger than half a period are made smaller by whole periods.

    Args:
        p: an expression with at least one axis.
        discont: the smallest jump that is changed, by default half a period.
        axis: the axis.
        period: the period.

    Its derivative is that of p.

    Raises:
        ShapeError: p is a scalar.
        AxisError: the axis is out of range.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.evaluate(eg.unwrap(x, period=4), {x: [0.0, 1.0, 6.0]})
    array([0., 1., 2.])
    """
    node = as_node(p)
    steps = differences(node, 1, axis)
    k = normalize_axis(axis, node.ndim)
    half = period / 2
    turned = subtract(functions.mod(add(steps, half), period), half)
    upper = functions.logical_and(functions.equal(turned, -half), functions.less(0.0, steps))
    change = subtract(functions.where(upper, half, turned), steps)
    change = functions.where(functions.less(functions.absolute(steps), half if discont is None else discont), 0.0, change)
    # whole periods, which do not depend on p
    periods = functions.floor(add(change / period, 0.5)) * period
    return concatenate([part(node, k, 0, 1), add(part(node, k, 1, node.shape[k]), cumsum(periods, k))], k)


def _cumulative(f: Callable[[Operand, int | None], Node], first: float) -> Callable[..., Node]:
    """np.cumulative_sum and np.cumulative_prod."""

    def call(x: Any, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Node:
        only_float64(dtype, "a running sum or product")
        node = as_node(x)
        if axis is None and node.ndim != 1:
            raise ValueError(f"the axis is needed for an expression of shape {node.shape}")
        k = normalize_axis(0 if axis is None else axis, node.ndim)
        out = f(node, k)
        if not include_initial:
            return out
        return concatenate([constant(first, tuple(1 if i == k else n for i, n in enumerate(out.shape))), out], k)

    return call


def nancumsum(a: Operand, axis: int | None = None) -> Node:
    """The sums of the elements up to each one that are not NaN, like np.nancumsum; arguments as in :func:`cumsum`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.evaluate(eg.nancumsum(x), {x: [2.0, float("nan"), 1.0]})
    array([2., 2., 3.])
    """
    node = as_node(a)
    return cumsum(functions.where(functions.equal(node, node), node, 0.0), axis)


def nancumprod(a: Operand, axis: int | None = None) -> Node:
    """The products of the elements up to each one that are not NaN, like np.nancumprod; arguments as in :func:`cumprod`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.evaluate(eg.nancumprod(x), {x: [2.0, float("nan"), 3.0]})
    array([2., 2., 6.])
    """
    node = as_node(a)
    return cumprod(functions.where(functions.equal(node, node), node, 1.0), axis)


def _accumulated(f: Callable[[Operand, int | None], Node]) -> Callable[..., Node]:
    return lambda array, axis=0: f(array, axis)


def _extreme(f: Callable[[Operand, Operand], Node], least: float) -> Callable[..., Node]:
    """The extremum of the elements up to each one: of 2, of 4, of 8, ... neighbours."""

    def call(array: Any, axis: int = 0) -> Node:
        node = as_node(array)
        k = normalize_axis(axis, node.ndim)
        n, width = node.shape[k], 1
        while width < n:
            outside = constant(least, tuple(width if i == k else m for i, m in enumerate(node.shape)))
            node = f(node, concatenate([outside, part(node, k, 0, n - width)], k))
            width *= 2
        return node

    return call


for _name, _f in (("cumsum", cumsum), ("cumprod", cumprod), ("nancumsum", nancumsum), ("nancumprod", nancumprod)):
    define({getattr(np, _name): scanned(_name, _f)})
define({np.unwrap: unwrap})
if hasattr(np, "cumulative_sum"):  # NumPy 2.1
    define({np.cumulative_sum: _cumulative(cumsum, 0.0), np.cumulative_prod: _cumulative(cumprod, 1.0)})
define_accumulations({np.add: _accumulated(cumsum), np.multiply: _accumulated(cumprod)})
define_accumulations({np.maximum: _extreme(functions.maximum, -math.inf), np.minimum: _extreme(functions.minimum, math.inf)})
define_methods({"cumsum": cumsum, "cumprod": cumprod})
PARSE.fill({"cumsum": cumsum, "cumprod": cumprod, "linear_recurrence": linear_recurrence}, RECURRENCE)

__all__ = ["cumprod", "cumsum", "linear_recurrence", "nancumprod", "nancumsum", "unwrap"]
