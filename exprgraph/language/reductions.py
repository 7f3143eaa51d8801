"""Sums, means, extrema and products over axes; norms."""

from __future__ import annotations

from collections.abc import Callable

from ..canonical.arithmetic import scale
from ..canonical.contract import contract
from ..canonical.extrema import largest, smallest
from ..canonical.joining import concatenate
from ..canonical.operands import as_node
from ..canonical.select import select
from ..errors import ShapeError
from ..functions.along_axes import LOG_SOFTMAX, LOGSUMEXP, NORM, SOFTMAX, along
from ..functions.rows import absolute
from ..graph.leaves import constant
from ..graph.node import Axis, Node, Operand
from ..graph.views import Slice
from .axes import normalize_axes


def _restore(node: Node, like: Node, axes: tuple[int, ...], keepdims: bool) -> Node:
    if not keepdims:
        return node
    kept = [k for k in range(like.ndim) if k not in axes]
    return contract([(node, kept)], range(like.ndim), dict.fromkeys(axes, 1))


def sum(x: Operand, axis: Axis = None, keepdims: bool = False) -> Node:  # noqa: A001
    """The sum over axes (by default all), like np.sum.

    Args:
        x: an expression.
        axis: an axis, several axes, or None for all.
        keepdims: keep the axes with length one.

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
    node = as_node(x)
    axes = normalize_axes(axis, node.ndim)
    out = [k for k in range(node.ndim) if k not in axes]
    return _restore(contract([(node, range(node.ndim))], out), node, axes, keepdims)


def mean(x: Operand, axis: Axis = None, keepdims: bool = False) -> Node:
    """The mean over axes, like np.mean; ``axis``, ``keepdims`` and shapes as in :func:`sum`.

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
    n = 1
    for k in axes:
        n *= node.shape[k]
    if n == 0:
        raise ShapeError(f"mean over no elements: shape {node.shape}, axis {axis}")
    return scale(1.0 / n, sum(node, axis, keepdims))


def _extremum(name: str, over: Callable[[Node, tuple[int, ...]], Node], x: Operand, axis: Axis, keepdims: bool) -> Node:
    node = as_node(x)
    axes = tuple(k for k in normalize_axes(axis, node.ndim))
    if any(node.shape[k] == 0 for k in axes):
        raise ShapeError(f"{name} over an axis of length 0: shape {node.shape}, axis {axis}")
    return _restore(over(node, axes), node, axes, keepdims)


def max(x: Operand, axis: Axis = None, keepdims: bool = False) -> Node:  # noqa: A001
    """The maximum over axes, like np.max; ``axis``, ``keepdims`` and shapes as in :func:`sum`.

    The derivative is shared equally by tied elements.

    Raises:
        ShapeError: there are no elements.
        AxisError, ValueError: as in :func:`sum`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.evaluate(eg.gradient(eg.max(x), x), {x: [1.0, 2.0, 2.0]})
    array([0. , 0.5, 0.5])
    """
    return _extremum("max", largest, x, axis, keepdims)


def min(x: Operand, axis: Axis = None, keepdims: bool = False) -> Node:  # noqa: A001
    """The minimum over axes, like np.min; ``axis``, ``keepdims`` and shapes as in :func:`sum`.

    The derivative is shared equally by tied elements.

    Raises:
        ShapeError: there are no elements.
        AxisError, ValueError: as in :func:`sum`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=(2, 3))
    >>> eg.min(x, axis=-1).shape
    (2,)
    """
    return _extremum("min", smallest, x, axis, keepdims)


def prod(x: Operand, axis: Axis = None, keepdims: bool = False) -> Node:
    """The product over axes, like np.prod; ``axis``, ``keepdims`` and shapes as in :func:`sum`.

    It takes log(n) operations.  Derivatives are exact where factors are zero.  Over an axis without elements it
    is 1.

    Raises:
        AxisError, ValueError: as in :func:`sum`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.evaluate(eg.gradient(eg.prod(x), x), {x: [0.0, 2.0, 3.0]})
    array([6., 0., 0.])
    """
    node = as_node(x)
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
    return _restore(node, whole, axes, keepdims)


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
        return sum(absolute(node), axis, keepdims)
    if ord == float("inf"):
        return max(absolute(node), axis, keepdims)
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
    if any(node.shape[k] == 0 for k in axes):
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


def var(x: Operand, axis: Axis = None, keepdims: bool = False) -> Node:
    """The variance over axes, like np.var (ddof 0); ``axis``, ``keepdims`` and shapes as in :func:`sum`.

    Raises:
        ShapeError: there are no elements.
        AxisError, ValueError: as in :func:`sum`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=2)
    >>> eg.evaluate(eg.var(x), {x: [1.0, 3.0]})
    np.float64(1.0)
    """
    node = as_node(x)
    return mean((node - mean(node, axis, keepdims=True)) ** 2, axis, keepdims)


def std(x: Operand, axis: Axis = None, keepdims: bool = False) -> Node:
    """The standard deviation over axes, like np.std (ddof 0); ``axis``, ``keepdims`` and shapes as in :func:`sum`.

    Its derivative is 0 where it is 0.

    Raises:
        ShapeError: there are no elements.
        AxisError, ValueError: as in :func:`sum`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=2)
    >>> eg.evaluate([eg.std(x), eg.gradient(eg.std(x), x)], {x: [3.0, 3.0]})
    [np.float64(0.0), array([0., 0.])]
    """
    node = as_node(x)
    axes = normalize_axes(axis, node.ndim)
    centred = node - mean(node, axis, keepdims=True)
    n = 1
    for k in axes:
        n *= node.shape[k]
    return scale(n**-0.5, norm(centred, axis=axes, keepdims=keepdims))


__all__ = ["log_softmax", "logsumexp", "max", "mean", "min", "norm", "prod", "softmax", "std", "sum", "var"]
