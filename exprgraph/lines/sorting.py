"""Sorted arrays and quantiles for users."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..canonical.contract import contract
from ..canonical.joining import concatenate, reshape, stack
from ..canonical.operands import as_node
from ..canonical.select import select
from ..errors import ShapeError
from ..functions import rows as functions
from ..graph.leaves import zeros
from ..graph.node import Axis, Node, Operand
from ..language import reductions
from ..language.axes import normalize_axes, normalize_axis
from ..language.numpy_arguments import no_out
from ..language.numpy_protocol import define
from ..language.operators import add, greater_equal, multiply
from ..language.padding import STATISTICS
from ..language.sequences import part
from ..support.integers import whole
from ..support.names import brief
from ..text.called import PARSE
from .order import ORDERED, ordered
from .running import cumsum


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


#: NumPy's methods that lie on the line between two neighbours: the position of quantile q among n elements, a number or an expression
_VIRTUAL: dict[str, Callable[[float, Any], Any]] = {
    "linear": lambda q, n: q * (n - 1),
    "lower": lambda q, n: np.floor(q * (n - 1)),
    "higher": lambda q, n: np.ceil(q * (n - 1)),
    "nearest": lambda q, n: np.rint(q * (n - 1)),
    "midpoint": lambda q, n: (np.floor(q * (n - 1)) + np.ceil(q * (n - 1))) / 2,
    "weibull": lambda q, n: q * (n + 1) - 1,
    "hazen": lambda q, n: q * n - 0.5,
    "interpolated_inverted_cdf": lambda q, n: q * n - 1,
    "median_unbiased": lambda q, n: q * (n + 1 / 3) - 2 / 3,
    "normal_unbiased": lambda q, n: q * (n + 1 / 4) - 5 / 8,
    "inverted_cdf": lambda q, n: np.ceil(q * n - 1),
    "averaged_inverted_cdf": lambda q, n: (np.floor(q * n) + np.ceil(q * n - 1)) / 2,
    "closest_observation": lambda q, n: np.rint(q * n) - 1,
}


def quantile(a: Operand, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Node:
    """The quantiles q, numbers between 0 and 1, of the elements over axes, like np.quantile.

    Args:
        a: an expression.
        q: a number, or an array of numbers, whose axes come first in the result.
        axis: an axis, several axes, or None for all.
        method: ``"linear"``, ``"lower"``, ``"higher"``, ``"midpoint"``, ``"nearest"``, ``"hazen"``, ``"weibull"``,
            ``"median_unbiased"``, ``"normal_unbiased"``, ``"inverted_cdf"``, ``"averaged_inverted_cdf"``, ``"closest_observation"`` or
            ``"interpolated_inverted_cdf"``.
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


def nanquantile(a: Operand, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Node:
    """The quantiles of the elements that are not NaN, like np.nanquantile; arguments as in :func:`quantile`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.evaluate(eg.nanquantile(x, 0.75), {x: [2.0, float("nan"), 1.0]})
    np.float64(1.75)
    """
    return _quantile("nanquantile", a, q, 1.0, axis, method, keepdims, _without_nan)


def nanpercentile(a: Operand, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Node:
    """The percentiles of the elements that are not NaN, like np.nanpercentile; arguments as in :func:`percentile`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.evaluate(eg.nanpercentile(x, 75), {x: [2.0, float("nan"), 1.0]})
    np.float64(1.75)
    """
    return _quantile("nanpercentile", a, q, 100.0, axis, method, keepdims, _without_nan)


def nanmedian(a: Operand, axis: Axis = None, *, keepdims: bool = False) -> Node:
    """The median over axes of the elements that are not NaN, like np.nanmedian.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.evaluate(eg.nanmedian(x), {x: [2.0, float("nan"), 1.0]})
    np.float64(1.5)
    """
    return _quantile("nanmedian", a, 0.5, 1.0, axis, "linear", keepdims, _without_nan)


def _with_nan(line: Node, shares: Sequence[float], method: str) -> list[Node]:
    """Quantiles of sorted lines; NaN for those with NaN, which is at the end."""
    last = select(line, (*((None,) * (line.ndim - 1)), line.shape[-1] - 1))
    bad = functions.not_equal(last, last)
    return [functions.where(bad, math.nan, _at(line, float(_VIRTUAL[method](p, line.shape[-1])))) for p in shares]


def _without_nan(line: Node, shares: Sequence[float], method: str) -> list[Node]:
    """Quantiles of the elements that are not NaN: they stand first in a sorted line, and share their weights like hats."""
    count = reductions.sum(functions.equal(line, line), -1, keepdims=True)
    out = []
    for p in shares:
        at = functions.maximum(functions.minimum(_VIRTUAL[method](p, count), count - 1.0), 0.0)
        weight = functions.maximum(1.0 - functions.absolute(as_node(np.arange(float(line.shape[-1]))) - at), 0.0)
        out.append(reductions.sum(functions.where(functions.less(0.0, weight), multiply(weight, line), 0.0), -1))
    return out


def _quantile(
    what: str, a: Operand, q: Any, top: float, axis: Axis, method: str, keepdims: bool,
    found: Callable[[Node, Sequence[float], str], list[Node]] = _with_nan, weights: Operand | None = None,
) -> Node:  # fmt: skip
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
    if not flat.shape[-1]:
        raise ShapeError(f"{what} of no elements: shape {node.shape}, axis {axis}")
    shares = [float(p) for p in wanted.ravel()]
    if weights is None:
        out = found(sort(flat), shares, method)
    else:
        out = _weighted(what, flat, _weights(what, weights, node, axes), shares, method)
    if keepdims:
        out = [reshape(e, tuple(1 if k in axes else m for k, m in enumerate(node.shape))) for e in out]
    return reshape(stack(out), (*wanted.shape, *out[0].shape)) if wanted.ndim else out[0]


def _weights(what: str, weights: Operand, node: Node, axes: tuple[int, ...]) -> Node:
    """The weight of each element, with the axes as one, the last."""
    own = as_node(weights)
    if own.shape != node.shape:
        if own.shape != tuple(node.shape[k] for k in axes):
            raise ShapeError(f"{what}: weights of shape {own.shape} for elements of shape {node.shape}, axes {axes}")
        own = contract([(own, list(axes))], range(node.ndim), dict(enumerate(node.shape)))
    return _flattened(own, axes)[0]


def _weighted(what: str, flat: Node, weights: Node, shares: Sequence[float], method: str) -> list[Node]:
    """The first element up to which the weights are a share of all weights."""
    if method != "inverted_cdf":
        raise ValueError(f"{what}: with weights, the method is 'inverted_cdf', got {brief(method)}")
    line, sums = sort(flat), cumsum(ordered(flat, weights, flat.ndim - 1), -1)
    total = part(sums, sums.ndim - 1, sums.shape[-1] - 1, sums.shape[-1])
    bad = reductions.any(functions.not_equal(flat, flat), -1)
    out = []
    for p in shares:
        reached = functions.logical_and(greater_equal(sums, multiply(p, total)), functions.less(0.0, sums))
        before = concatenate([zeros((*flat.shape[:-1], 1)), part(reached, flat.ndim - 1, 0, flat.shape[-1] - 1)], flat.ndim - 1)
        first = functions.less(before, reached)
        out.append(functions.where(bad, math.nan, reductions.sum(functions.where(first, line, 0.0), -1)))
    return out


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


def _np_sort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Node:
    return sort(a, axis)


def _np_partition(a: Any, kth: Any, axis: int | None = -1, kind: Any = "introselect", order: Any = None) -> Node:
    return partition(a, kth, axis)


def _np_median(a: Any, axis: Axis = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False) -> Node:
    no_out(out, "median")
    return median(a, axis, keepdims=keepdims)


def _np_nanmedian(a: Any, axis: Axis = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False) -> Node:
    no_out(out, "nanmedian")
    return nanmedian(a, axis, keepdims=keepdims)


def _of_quantiles(what: str, top: float) -> Callable[..., Node]:
    found = _without_nan if what.startswith("nan") else _with_nan

    def call(
        a: Any, q: Any, axis: Axis = None, out: Any = None, overwrite_input: bool = False, method: str = "linear", keepdims: bool = False,
        *, weights: Any = None, interpolation: str | None = None,
    ) -> Node:  # fmt: skip
        no_out(out, what)
        if weights is not None and found is _without_nan:
            raise TypeError(f"{what} with weights is not defined for expressions; order_by(x, weights) has the weights in the order of x")
        return _quantile(what, a, q, top, axis, interpolation or method, keepdims, found, weights)

    return call


define(
    {
        np.sort: _np_sort,
        np.partition: _np_partition,
        np.median: _np_median,
        np.nanmedian: _np_nanmedian,
        np.nanquantile: _of_quantiles("nanquantile", 1.0),
        np.nanpercentile: _of_quantiles("nanpercentile", 100.0),
        np.quantile: _of_quantiles("quantile", 1.0),
        np.percentile: _of_quantiles("percentile", 100.0),
    }
)
STATISTICS["median"] = median
PARSE.fill({"sort": sort, "order_by": order_by}, ORDERED)

__all__ = ["median", "nanmedian", "nanpercentile", "nanquantile", "order_by", "partition", "percentile", "quantile", "sort"]
