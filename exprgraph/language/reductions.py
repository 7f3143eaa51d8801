"""Sums, means, extrema and products over axes; norms."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..canonical.arithmetic import scale
from ..canonical.contract import contract
from ..canonical.extrema import largest, smallest
from ..canonical.joining import concatenate
from ..canonical.operands import as_node, refuse_truth
from ..canonical.select import select
from ..errors import ShapeError
from ..functions import rows as functions
from ..functions.along_axes import LOG_SOFTMAX, LOGSUMEXP, NORM, SOFTMAX, along
from ..functions.elementwise import broadcast_to
from ..graph.leaves import constant
from ..graph.node import Axis, Node, Operand
from ..graph.views import Slice
from .axes import normalize_axes


def _restore(node: Node, like: Node, axes: tuple[int, ...], keepdims: bool) -> Node:
    if not keepdims:
        return node
    kept = [k for k in range(like.ndim) if k not in axes]
    return contract([(node, kept)], range(like.ndim), dict.fromkeys(axes, 1))


@dataclass(frozen=True)
class _Extremum:
    """A maximum or a minimum: over axes, and of two."""

    over: Callable[[Node, tuple[int, ...]], Node]
    of_two: Callable[[Operand, Operand], Node]


_LARGEST, _SMALLEST = _Extremum(largest, functions.maximum), _Extremum(smallest, functions.minimum)


def _masked(x: Operand, where: Operand, other: Operand, what: str) -> Node:
    """The elements where a mask holds, and another value elsewhere; ``True`` is no mask."""
    node = as_node(x)
    if where is True:
        return node
    refuse_truth(where, what, "mask `where`")
    chosen = functions.where(where, node, other)
    if chosen.shape != node.shape:
        raise ShapeError(f"{what}: a mask of shape {as_node(where).shape} for an expression of shape {node.shape}")
    return chosen


def counted(node: Node, axes: tuple[int, ...], where: Operand) -> Node | int:
    """The number of elements over axes where a mask holds, with the axes of length one; without a mask, a number."""
    if where is True:
        return math.prod(node.shape[k] for k in axes)
    mask = broadcast_to(functions.not_equal(where, 0.0), node.shape)
    return sum(mask, axes, keepdims=True)


def sum(x: Operand, axis: Axis = None, keepdims: bool = False, *, initial: Operand | None = None, where: Operand = True) -> Node:  # noqa: A001
    """The sum over axes (by default all), like np.sum.

    Args:
        x: an expression.
        axis: an axis, several axes, or None for all.
        keepdims: keep the axes with length one.
        initial: a term of each sum.
        where: a mask, which broadcasts to x; elements where it is 0 are left out.

    Returns:
        The shape of x without the axes; over an axis without elements, 0.

    Raises:
        AxisError: an axis is out of range.
        ValueError: an axis is named twice.

    >>> import exprgraph as eg
    >>> W = eg.Symbol("W", shape=(3, 2))
    >>> eg.sum(W, axis=0).shape
    (2,)
    """
    node = _masked(x, where, 0.0, "sum")
    axes = normalize_axes(axis, node.ndim)
    out = [k for k in range(node.ndim) if k not in axes]
    result = _restore(contract([(node, range(node.ndim))], out), node, axes, keepdims)
    return result if initial is None else result + initial


def mean(x: Operand, axis: Axis = None, keepdims: bool = False, *, where: Operand = True) -> Node:
    """The mean over axes, like np.mean; ``axis``, ``keepdims``, ``where`` and shapes as in :func:`sum`.

    For the mean over samples, use ``over_samples.mean``.

    Raises:
        ShapeError: there are no elements.
        AxisError, ValueError: as in :func:`sum`.

    >>> import exprgraph as eg
    >>> W = eg.Symbol("W", shape=(3, 2))
    >>> eg.mean(W, axis=1).shape, eg.mean(W, axis=1, keepdims=True).shape
    ((3,), (3, 1))
    """
    node = as_node(x)
    axes = normalize_axes(axis, node.ndim)
    n = counted(node, axes, where)
    if n == 0:
        raise ShapeError(f"mean over no elements: shape {node.shape}, axis {axis}")
    if isinstance(n, int):
        return scale(1.0 / n, sum(node, axis, keepdims))
    return sum(node, axis, keepdims, where=where) / (n if keepdims else sum(n, axes))


def _extremum(name: str, row: _Extremum, x: Operand, axis: Axis, keepdims: bool, initial: Operand | None, where: Operand) -> Node:
    if where is not True and initial is None:
        raise ValueError(f"{name} with `where` needs `initial`, its value where no element is left")
    node = as_node(x) if initial is None else _masked(x, where, initial, name)
    axes = normalize_axes(axis, node.ndim)
    empty = [k for k in axes if node.shape[k] == 0]
    if empty and initial is None:
        raise ShapeError(f"{name} over an axis of length 0: shape {node.shape}, axis {axis}")
    if empty:
        kept = tuple(1 if k in axes else n for k, n in enumerate(node.shape))
        result = broadcast_to(as_node(initial or 0.0), kept if keepdims else tuple(n for k, n in enumerate(node.shape) if k not in axes))
    else:
        result = _restore(row.over(node, axes), node, axes, keepdims)
    return result if initial is None or empty else row.of_two(result, initial)


def max(  # noqa: A001
    x: Operand, axis: Axis = None, keepdims: bool = False, *, initial: Operand | None = None, where: Operand = True
) -> Node:
    """The maximum over axes, like np.max; ``axis``, ``keepdims`` and shapes as in :func:`sum`.

    The derivative is shared equally by tied elements.  ``initial`` counts as one more element; ``where`` needs it.

    Raises:
        ShapeError: there are no elements.
        AxisError, ValueError: as in :func:`sum`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.evaluate(eg.gradient(eg.max(x), x), {x: [1.0, 2.0, 2.0]})
    array([0. , 0.5, 0.5])
    """
    return _extremum("max", _LARGEST, x, axis, keepdims, initial, where)


def min(  # noqa: A001
    x: Operand, axis: Axis = None, keepdims: bool = False, *, initial: Operand | None = None, where: Operand = True
) -> Node:
    """The minimum over axes, like np.min; arguments and shapes as in :func:`max`.

    The derivative is shared equally by tied elements.

    Raises:
        ShapeError: there are no elements.
        AxisError, ValueError: as in :func:`sum`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=(2, 3))
    >>> eg.min(x, axis=-1).shape
    (2,)
    """
    return _extremum("min", _SMALLEST, x, axis, keepdims, initial, where)


def any(x: Operand, axis: Axis = None, keepdims: bool = False, *, where: Operand = True) -> Node:  # noqa: A001
    """1 where an element over axes is not zero, else 0, like np.any; arguments as in :func:`sum`.

    The result is an expression, so it has no truth value; use it as a condition of :func:`where`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.evaluate(eg.any(x > 1), {x: [0.0, 2.0, 0.0]})
    np.float64(1.0)
    """
    return max(functions.not_equal(x, 0.0), axis, keepdims, initial=0.0, where=where)


def all(x: Operand, axis: Axis = None, keepdims: bool = False, *, where: Operand = True) -> Node:  # noqa: A001
    """1 where every element over axes is not zero, else 0, like np.all; arguments as in :func:`sum`.

    The result is an expression, so it has no truth value; use it as a condition of :func:`where`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.evaluate(eg.all(x > 1), {x: [0.0, 2.0, 0.0]})
    np.float64(0.0)
    """
    return min(functions.not_equal(x, 0.0), axis, keepdims, initial=1.0, where=where)


def prod(x: Operand, axis: Axis = None, keepdims: bool = False, *, initial: Operand | None = None, where: Operand = True) -> Node:
    """The product over axes, like np.prod; ``initial`` is one more factor; the rest is as in :func:`sum`.

    It takes log(n) operations.  Derivatives are exact where factors are zero.  Over an axis without elements it
    is 1.

    Raises:
        AxisError, ValueError: as in :func:`sum`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.evaluate(eg.gradient(eg.prod(x), x), {x: [0.0, 2.0, 3.0]})
    array([6., 0., 0.])
    """
    node = _masked(x, where, 1.0, "prod")
    axes = normalize_axes(axis, node.ndim)
    whole = node
    for k in reversed(axes):
        n = node.shape[k]
        if n == 0:
            node = constant(1.0, node.shape[:k] + node.shape[k + 1 :])
            continue
        while n > 1:
            half = n // 2
            low, high = _slice(node, k, 0, half), _slice(node, k, half, half)
            if n % 2:
                node = concatenate([low * high, _slice(node, k, n - 1, 1)], k)
            else:
                node = low * high
            n = half + n % 2
        node = select(node, tuple(0 if a == k else None for a in range(node.ndim)))
    result = _restore(node, whole, axes, keepdims)
    return result if initial is None else result * initial


def _slice(node: Node, axis: int, start: int, count: int) -> Node:
    return select(node, tuple(Slice(start, 1, count) if k == axis else None for k in range(node.ndim)))


def norm(x: Operand, ord: float | None = None, axis: Axis = None, keepdims: bool = False) -> Node:  # noqa: A002
    """The Euclidean norm over axes (by default of all elements), like np.linalg.norm.

    Args:
        x: an expression.
        ord: None, 1, 2 or inf; values other than None need a single axis.
        axis, keepdims: as in :func:`sum`.

    Squares neither overflow nor vanish.  Derivatives at 0 are 0, to any order.  Even powers are powers of the sum of
    squares, with its derivatives.

    Raises:
        ValueError: another ``ord``, or ``ord`` with several axes; an axis is named twice.
        AxisError: an axis is out of range.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=2)
    >>> eg.evaluate(eg.gradient(eg.norm(x), x), {x: [0.0, 0.0]})
    array([0., 0.])
    """
    node = as_node(x)
    if ord is not None and len(normalize_axes(axis, node.ndim)) > 1:
        raise ValueError(f"norm: ord={ord} is for vectors; give one axis, or leave ord out for the Frobenius norm")
    if ord is None or ord == 2:
        axes = normalize_axes(axis, node.ndim)
        return _restore(along(NORM, node, axes), node, axes, keepdims)
    if ord == 1:
        return sum(functions.absolute(node), axis, keepdims)
    if ord == float("inf"):
        return max(functions.absolute(node), axis, keepdims)
    raise ValueError(f"norm: ord must be None, 1, 2 or inf, got {ord!r}")


def logsumexp(x: Operand, axis: Axis = None, keepdims: bool = False) -> Node:
    """``log(sum(exp(x)))`` over axes, without overflow; ``axis``, ``keepdims`` and shapes as in :func:`sum`.

    If all elements are -inf, so is the result.

    Raises:
        ShapeError: there are no elements.
        AxisError, ValueError: as in :func:`sum`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=2)
    >>> eg.evaluate(eg.logsumexp(x), {x: [1000.0, 1000.0]})
    np.float64(1000.6931471805599)
    """
    node = as_node(x)
    axes = normalize_axes(axis, node.ndim)
    if 0 in [node.shape[k] for k in axes]:
        raise ShapeError(f"logsumexp over an axis of length 0: shape {node.shape}, axis {axis}")
    return _restore(along(LOGSUMEXP, node, axes), node, axes, keepdims)


def softmax(x: Operand, axis: Axis = -1) -> Node:
    """``exp(x)/sum(exp(x))`` over axes (by default the last one, None for all), of the shape of x: probabilities.

    It does not overflow.  Derivatives of any order keep their digits where one of the probabilities is nearly 1.
    Elements of one infinity count as equal: ``softmax([-inf, -inf])`` is ``[1/2, 1/2]``.

    Raises:
        AxisError: an axis is out of range.
        ValueError: an axis is named twice.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=2)
    >>> eg.evaluate(eg.softmax(x), {x: [1000.0, 1000.0]})
    array([0.5, 0.5])
    """
    node = as_node(x)
    return along(SOFTMAX, node, normalize_axes(axis, node.ndim))


def log_softmax(x: Operand, axis: Axis = -1) -> Node:
    """``log(softmax(x))`` over axes (by default the last one, None for all), of the shape of x.

    It keeps both tails: -1000 where :func:`softmax` is 0, and -1e-20 where it is 1.  So do its derivatives.

    Raises:
        AxisError: an axis is out of range.
        ValueError: an axis is named twice.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=2)
    >>> eg.evaluate(eg.log_softmax(x), {x: [1000.0, 0.0]})
    array([    0., -1000.])
    """
    node = as_node(x)
    return along(LOG_SOFTMAX, node, normalize_axes(axis, node.ndim))


__all__ = ["all", "any", "counted", "log_softmax", "logsumexp", "max", "mean", "min", "norm", "prod", "softmax", "sum"]
