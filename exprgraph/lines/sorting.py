"""Sorted arrays and quantiles for users."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..canonical.contract import contract
from ..canonical.joining import reshape, stack
from ..canonical.operands import as_node
from ..canonical.select import select
from ..errors import ShapeError
from ..functions import rows as functions
from ..graph.node import Axis, Node, Operand
from ..language import reductions
from ..language.axes import normalize_axes, normalize_axis
from ..language.numpy_arguments import no_out
from ..language.numpy_protocol import define
from ..language.operators import add, multiply
from ..support.integers import whole
from ..support.names import brief
from ..text.called import PARSE
from .order import ORDERED, ordered


def sort(a: Operand, axis: int | None = -1) -> Node:
    """The elements in increasing order along an axis, like np.sort; without an axis (None), of the flat array.

    NaN comes last.  The derivative of an element of the result is that of the element that stands there; equal elements keep
    their order.

    Raises:
        ShapeError: a is a scalar.
        AxisError: the axis is out of range.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> f = eg.sort(x)
    >>> eg.evaluate([f, eg.jacobian(f, x)], {x: [2.0, 3.0, 1.0]})
    [array([1., 2., 3.]), array([[0., 0., 1.],
           [1., 0., 0.],
           [0., 1., 0.]])]
    """
    node = as_node(a)
    if axis is None:
        node, axis = reshape(node, (node.size,)), 0
    if not node.ndim:
        raise ShapeError("sort needs an expression with at least one axis, got a scalar")
    return ordered(node, node, normalize_axis(axis, node.ndim))


def order_by(keys: Operand, x: Operand, axis: int = -1) -> Node:
    """The elements of x in increasing order of their keys along an axis: ``take_along_axis(x, argsort(keys), axis)``.

    Equal keys keep their order, and NaN comes last.  The derivative by the keys is 0.

    Raises:
        ShapeError: keys and x have different shapes, or are scalars.
        AxisError: the axis is out of range.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.evaluate(eg.order_by(-x, x), {x: [2.0, 3.0, 1.0]})
    array([3., 2., 1.])
    """
    key, node = as_node(keys), as_node(x)
    if key.shape != node.shape or not node.ndim:
        raise ShapeError(f"order_by: keys of shape {key.shape} for an expression of shape {node.shape}; both have one shape, with axes")
    return ordered(key, node, normalize_axis(axis, node.ndim))


def partition(a: Operand, kth: Any, axis: int | None = -1) -> Node:
    """The elements with the smaller ones before position kth and the larger ones behind, like np.partition: they are sorted.

    Raises:
        ShapeError: a is a scalar.
        AxisError: the axis or a position is out of range.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.partition(x, 1) is eg.sort(x)
    True
    """
    out = sort(a, axis)
    n = out.shape[-1 if axis is None else axis]
    for k in kth if isinstance(kth, (list, tuple, np.ndarray)) else [kth]:
        if whole(k) is None:
            raise TypeError(f"partition: positions are whole numbers, got {brief(k)}")
        normalize_axis(k, n, "partition: position")
    return out


def _flattened(node: Node, axis: Axis) -> tuple[Node, tuple[int, ...]]:
    """The array with the axes as one, the last; and the axes."""
    axes = normalize_axes(axis, node.ndim)
    kept = [k for k in range(node.ndim) if k not in axes]
    moved = contract([(node, range(node.ndim))], [*kept, *axes])
    return reshape(moved, (*(node.shape[k] for k in kept), math.prod(node.shape[k] for k in axes))), axes


#: NumPy's methods that lie on the line between two neighbours: the position of quantile q among n elements
_VIRTUAL: dict[str, Callable[[float, int], float]] = {
    "linear": lambda q, n: q * (n - 1),
    "lower": lambda q, n: math.floor(q * (n - 1)),
    "higher": lambda q, n: math.ceil(q * (n - 1)),
    "nearest": lambda q, n: float(np.rint(q * (n - 1))),
    "midpoint": lambda q, n: (math.floor(q * (n - 1)) + math.ceil(q * (n - 1))) / 2,
    "weibull": lambda q, n: q * (n + 1) - 1,
    "hazen": lambda q, n: q * n - 0.5,
    "interpolated_inverted_cdf": lambda q, n: q * n - 1,
    "median_unbiased": lambda q, n: q * (n + 1 / 3) - 2 / 3,
    "normal_unbiased": lambda q, n: q * (n + 1 / 4) - 5 / 8,
}


def quantile(a: Operand, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Node:
    """The quantiles q, numbers between 0 and 1, of the elements over axes, like np.quantile.

    Args:
        a: an expression.
        q: a number, or an array of numbers, whose axes come first in the result.
        axis: an axis, several axes, or None for all.
        method: ``"linear"``, ``"lower"``, ``"higher"``, ``"midpoint"``, ``"nearest"``, ``"hazen"``, ``"weibull"``,
            ``"median_unbiased"``, ``"normal_unbiased"`` or ``"interpolated_inverted_cdf"``.
        keepdims: keep the axes with length one.

    If an element is NaN, so is the result.

    Raises:
        ValueError: q is no number between 0 and 1, or the method is another.
        ShapeError: there are no elements.
        AxisError: an axis is out of range.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.evaluate(eg.quantile(x, [0.0, 0.75]), {x: [2.0, 4.0, 1.0]})
    array([1., 3.])
    """
    return _quantile("quantile", a, q, 1.0, axis, method, keepdims)


def percentile(a: Operand, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Node:
    """The percentiles q, numbers between 0 and 100, like np.percentile; arguments as in :func:`quantile`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.evaluate(eg.percentile(x, 50), {x: [2.0, 4.0, 1.0]})
    np.float64(2.0)
    """
    return _quantile("percentile", a, q, 100.0, axis, method, keepdims)


def median(a: Operand, axis: Axis = None, *, keepdims: bool = False) -> Node:
    """The median over axes, like np.median: the middle element, or the mean of the two in the middle.

    If an element is NaN, so is the result.

    Raises:
        ShapeError: there are no elements.
        AxisError: an axis is out of range.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=4)
    >>> f = eg.median(x)
    >>> eg.evaluate([f, eg.gradient(f, x)], {x: [2.0, 9.0, 1.0, 4.0]})
    [np.float64(3.0), array([0.5, 0. , 0. , 0.5])]
    """
    return _quantile("median", a, 0.5, 1.0, axis, "linear", keepdims)


def _quantile(what: str, a: Operand, q: Any, top: float, axis: Axis, method: str, keepdims: bool) -> Node:
    node = as_node(a)
    if method not in _VIRTUAL:
        raise ValueError(f"{what}: the method is one of {', '.join(_VIRTUAL)}, got {brief(method)}")
    try:
        wanted = np.asarray(q, dtype=np.float64) / top
    except (TypeError, ValueError):
        raise TypeError(f"{what}: q are numbers, got {brief(q)}") from None
    if not ((wanted >= 0) & (wanted <= 1)).all():
        raise ValueError(f"{what}: q lies between 0 and {top:g}, got {brief(q)}")
    flat, axes = _flattened(node, axis)
    n = flat.shape[-1]
    if not n:
        raise ShapeError(f"{what} of no elements: shape {node.shape}, axis {axis}")
    line = sort(flat)
    bad = reductions.any(functions.not_equal(flat, flat), -1)
    out = [functions.where(bad, math.nan, _at(line, _VIRTUAL[method](float(p), n))) for p in wanted.ravel()]
    if keepdims:
        out = [reshape(e, tuple(1 if k in axes else m for k, m in enumerate(node.shape))) for e in out]
    return reshape(stack(out), (*wanted.shape, *out[0].shape)) if wanted.ndim else out[0]


def _at(line: Node, position: float) -> Node:
    """The element of the last axis at a position, on the line between neighbours."""
    n = line.shape[-1]
    position = min(max(position, 0.0), n - 1.0)
    low = min(int(position), max(n - 2, 0))
    share = position - low
    first, second = (select(line, (*((None,) * (line.ndim - 1)), k)) for k in (low, min(low + 1, n - 1)))
    if share in (0.0, 1.0):
        return second if share else first
    return add(multiply(1.0 - share, first), multiply(share, second))


def _without_nan(what: str, a: Operand, q: Any, top: float, axis: Axis, method: str, keepdims: bool) -> Node:
    """Quantiles of the elements that are not NaN: they stand first in a sorted line, and share their weights like hats."""
    if method != "linear":
        raise ValueError(f"{what}: the method is 'linear', got {brief(method)}")
    node, wanted = as_node(a), np.asarray(q, dtype=np.float64) / top
    if not ((wanted >= 0) & (wanted <= 1)).all():
        raise ValueError(f"{what}: q lies between 0 and {top:g}, got {brief(q)}")
    flat, axes = _flattened(node, axis)
    line, n = sort(flat), flat.shape[-1]
    count = reductions.sum(functions.equal(flat, flat), -1, keepdims=True)
    out = []
    for p in wanted.ravel():
        at = multiply(float(p), functions.maximum(count - 1.0, 0.0))
        weight = functions.maximum(1.0 - functions.absolute(as_node(np.arange(float(n))) - at), 0.0)
        total = reductions.sum(functions.where(functions.less(0.0, weight), multiply(weight, line), 0.0), -1)
        out.append(total)
    if keepdims:
        out = [reshape(e, tuple(1 if k in axes else m for k, m in enumerate(node.shape))) for e in out]
    return reshape(stack(out), (*wanted.shape, *out[0].shape)) if wanted.ndim else out[0]


def _nanquantile(a: Any, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Node:
    return _without_nan("nanquantile", a, q, 1.0, axis, method, keepdims)


def _nanpercentile(a: Any, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Node:
    return _without_nan("nanpercentile", a, q, 100.0, axis, method, keepdims)


def _nanmedian(a: Any, axis: Axis = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False) -> Node:
    no_out(out, "nanmedian")
    return _without_nan("nanmedian", a, 0.5, 1.0, axis, "linear", keepdims)


def _np_sort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Node:
    return sort(a, axis)


def _np_partition(a: Any, kth: Any, axis: int | None = -1, kind: Any = "introselect", order: Any = None) -> Node:
    return partition(a, kth, axis)


def _np_median(a: Any, axis: Axis = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False) -> Node:
    no_out(out, "median")
    return median(a, axis, keepdims=keepdims)


def _of_quantiles(f: Callable[..., Node], what: str) -> Callable[..., Node]:
    def call(
        a: Any, q: Any, axis: Axis = None, out: Any = None, overwrite_input: bool = False, method: str = "linear", keepdims: bool = False,
        *, weights: Any = None, interpolation: str | None = None,
    ) -> Node:  # fmt: skip
        no_out(out, what)
        if weights is not None:
            raise TypeError(f"{what} with weights is not defined for expressions; order_by(x, weights) has the weights in the order of x")
        return f(a, q, axis, method=interpolation or method, keepdims=keepdims)

    return call


define(
    {
        np.sort: _np_sort,
        np.partition: _np_partition,
        np.median: _np_median,
        np.nanmedian: _nanmedian,
        np.nanquantile: _of_quantiles(_nanquantile, "nanquantile"),
        np.nanpercentile: _of_quantiles(_nanpercentile, "nanpercentile"),
        np.quantile: _of_quantiles(quantile, "quantile"),
        np.percentile: _of_quantiles(percentile, "percentile"),
    }
)
PARSE.fill({"sort": sort, "order_by": order_by}, ORDERED)

__all__ = ["median", "order_by", "partition", "percentile", "quantile", "sort"]
