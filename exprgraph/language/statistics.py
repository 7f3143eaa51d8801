"""Variances, weighted means, covariances, ranges, and reductions that leave out NaN, for users."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..canonical.arithmetic import scale
from ..canonical.joining import concatenate, reshape
from ..canonical.operands import as_node
from ..errors import ShapeError
from ..functions import rows as functions
from ..functions.elementwise import broadcast_to
from ..graph.node import Axis, Node, Operand
from . import linalg, reductions
from .axes import normalize_axes
from .operators import divide, multiply, subtract


def var(
    x: Operand, axis: Axis = None, keepdims: bool = False, *, ddof: float = 0, where: Operand = True, mean: Operand | None = None
) -> Node:
    """The variance over axes, like np.var; ``axis``, ``keepdims``, ``where`` and shapes as in :func:`sum`.

    Args:
        x: an expression.
        axis, keepdims, where: as in :func:`sum`.
        ddof: the sum of squares is divided by the number of elements minus ddof.
        mean: the mean if it is known, with the axes of length one.

    Raises:
        ShapeError: there are no elements.
        AxisError, ValueError: as in :func:`sum`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=2)
    >>> eg.evaluate(eg.var(x), {x: [1.0, 3.0]}), eg.evaluate(eg.var(x, ddof=1), {x: [1.0, 3.0]})
    (np.float64(1.0), np.float64(2.0))
    """
    node = as_node(x)
    centred, axes = _centred(node, axis, where, mean)
    squares = reductions.sum(centred**2, axes, keepdims)
    n = _degrees_of_freedom(node, axes, ddof, where)
    return (
        scale(1.0 / n if n else math.inf, squares) if isinstance(n, float) else divide(squares, n if keepdims else reductions.sum(n, axes))
    )


def std(
    x: Operand, axis: Axis = None, keepdims: bool = False, *, ddof: float = 0, where: Operand = True, mean: Operand | None = None
) -> Node:
    """The standard deviation over axes, like np.std; arguments and shapes as in :func:`var`.

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
    centred, axes = _centred(node, axis, where, mean)
    root = reductions.norm(centred, axis=axes, keepdims=keepdims)
    n = _degrees_of_freedom(node, axes, ddof, where)
    return (
        scale(n**-0.5 if n else math.inf, root)
        if isinstance(n, float)
        else divide(root, functions.sqrt(n if keepdims else reductions.sum(n, axes)))
    )


def _centred(node: Node, axis: Axis, where: Operand, mean: Operand | None) -> tuple[Node, tuple[int, ...]]:
    """The distances from the mean, 0 where a mask does not hold."""
    middle = reductions.mean(node, axis, keepdims=True, where=where) if mean is None else as_node(mean)
    centred = node - middle
    return (centred if where is True else functions.where(where, centred, 0.0)), normalize_axes(axis, node.ndim)


def _degrees_of_freedom(node: Node, axes: tuple[int, ...], ddof: float, where: Operand) -> float | Node:
    n = reductions.counted(node, axes, where)
    if isinstance(n, int):
        return float(np.maximum(n - ddof, 0.0))
    return functions.maximum(n - ddof, 0.0)


def average(
    a: Operand, axis: Axis = None, weights: Operand | None = None, returned: bool = False, *, keepdims: bool = False
) -> Node | tuple[Node, Node]:
    """The mean with weights over axes, like np.average.

    Args:
        a: an expression.
        axis: an axis, several axes, or None for all.
        weights: numbers or an expression, of the shape of a, or of the axis (the axes) alone; by default all are equal.
        returned: also give the sums of the weights, of the shape of the result.
        keepdims: keep the axes with length one.

    Raises:
        ShapeError: the weights do not fit, or there are no elements.
        AxisError, ValueError: as in :func:`sum`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=2)
    >>> eg.evaluate(eg.average(x, weights=[3, 1]), {x: [1.0, 5.0]})
    np.float64(2.0)
    """
    node = as_node(a)
    axes = normalize_axes(axis, node.ndim)
    if weights is None:
        result = reductions.mean(node, axis, keepdims)
        total = broadcast_to(as_node(float(math.prod(node.shape[k] for k in axes))), result.shape)
        return (result, total) if returned else result
    w = as_node(weights)
    if w.shape != node.shape:
        own = tuple(node.shape[k] for k in axes)
        if axis is None or w.shape != own:
            raise ShapeError(f"average: weights of shape {w.shape} for an expression of shape {node.shape}, axis {axis}")
        w = broadcast_to(reshape(w, tuple(n if k in axes else 1 for k, n in enumerate(node.shape))), node.shape)
    total = reductions.sum(w, axes, keepdims)
    result = divide(reductions.sum(multiply(node, w), axes, keepdims), total)
    return (result, total) if returned else result


def ptp(a: Operand, axis: Axis = None, keepdims: bool = False) -> Node:
    """The maximum minus the minimum over axes, like np.ptp; arguments and shapes as in :func:`max`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.evaluate(eg.ptp(x), {x: [1.0, 5.0, 2.0]})
    np.float64(4.0)
    """
    return subtract(reductions.max(a, axis, keepdims), reductions.min(a, axis, keepdims))


def cov(
    m: Operand, y: Operand | None = None, rowvar: bool = True, bias: bool = False, ddof: float | None = None,
    fweights: Operand | None = None, aweights: Operand | None = None,
) -> Node:  # fmt: skip
    """The matrix of covariances, like np.cov.

    Args:
        m: the observations: a variable in each row, a sample in each column; a vector is one variable.
        y: more variables.
        rowvar: False if variables are in columns.
        bias: divide by the number of samples, not by one less.
        ddof: divide by the number of samples minus ddof.
        fweights: how often each sample counts.
        aweights: the weight of each sample.

    Raises:
        ShapeError: there are more than two axes, or numbers of samples differ.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=2)
    >>> eg.evaluate(eg.cov(x), {x: [1.0, 3.0]})
    np.float64(2.0)
    """
    rows = _variables(as_node(m), rowvar)
    if y is not None:
        rows = concatenate([rows, _variables(as_node(y), rowvar)], 0)
    less = float(ddof if ddof is not None else 0.0 if bias else 1.0)
    n = rows.shape[1]
    if fweights is None and aweights is None:
        centred = rows - reductions.mean(rows, 1, keepdims=True)
        product = scale(1.0 / (n - less) if n > less else math.inf, linalg.matmul(centred, linalg.transpose(centred)))
    else:
        w = multiply(*(as_node(1.0 if p is None else p) for p in (fweights, aweights)))
        if w.shape != (n,):
            raise ShapeError(f"cov: weights of shape {w.shape} for {n} samples")
        total = reductions.sum(w)
        a = as_node(1.0 if aweights is None else aweights)
        factor = subtract(total, divide(multiply(less, reductions.sum(multiply(w, a))), total))
        centred = rows - divide(reductions.sum(multiply(rows, w), 1, keepdims=True), total)
        product = divide(linalg.matmul(multiply(centred, w), linalg.transpose(centred)), factor)
    return linalg.squeeze(product)


def _variables(node: Node, rowvar: bool) -> Node:
    """The variables as rows."""
    if node.ndim > 2:
        raise ShapeError(f"cov: observations have at most two axes, got shape {node.shape}")
    if node.ndim < 2:
        return reshape(node, (1, node.size))
    return node if rowvar or node.shape[0] == 1 else linalg.transpose(node)


def corrcoef(x: Operand, y: Operand | None = None, rowvar: bool = True) -> Node:
    """The matrix of correlation coefficients, like np.corrcoef; arguments as in :func:`cov`.

    >>> import exprgraph as eg
    >>> A = eg.Symbol("A", shape=(2, 3))
    >>> eg.corrcoef(A).shape
    (2, 2)
    """
    c = cov(x, y, rowvar)
    if not c.ndim:
        return divide(c, c)
    deviations = functions.sqrt(linalg.diagonal(c))
    n = c.shape[0]
    return functions.clip(divide(divide(c, reshape(deviations, (n, 1))), reshape(deviations, (1, n))), -1.0, 1.0)


def _without_nan(name: str, f: Callable[..., Node], other: float) -> Callable[..., Node]:
    """A reduction to which NaN adds nothing, because another value stands in its place."""

    def reduced(a: Operand, axis: Axis = None, keepdims: bool = False, *, initial: Operand | None = None, where: Operand = True) -> Node:
        node = as_node(a)
        present = functions.equal(node, node)
        result = f(functions.where(present, node, other), axis, keepdims, initial=initial, where=where)
        if not math.isinf(other):
            return result
        some = reductions.any(present, axis, keepdims, where=where)
        return functions.where(some, result, math.nan)

    reduced.__name__ = reduced.__qualname__ = name
    reduced.__doc__ = f"""The {name[3:]} over axes of the elements that are not NaN, like np.{name}; arguments as in :func:`{name[3:]}`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.evaluate(eg.{name}(x), {{x: [float("nan"), 3.0, 2.0]}})
    np.float64({ {"nansum": 5.0, "nanprod": 6.0, "nanmax": 3.0, "nanmin": 2.0}[name] })
    """
    return reduced


nansum = _without_nan("nansum", reductions.sum, 0.0)
nanprod = _without_nan("nanprod", reductions.prod, 1.0)
nanmax = _without_nan("nanmax", reductions.max, -math.inf)
nanmin = _without_nan("nanmin", reductions.min, math.inf)


def _present(node: Node, where: Operand) -> Node:
    present = functions.equal(node, node)
    return present if where is True else functions.logical_and(present, where)


def nanmean(a: Operand, axis: Axis = None, keepdims: bool = False, *, where: Operand = True) -> Node:
    """The mean over axes of the elements that are not NaN, like np.nanmean; arguments as in :func:`mean`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.evaluate(eg.nanmean(x), {x: [float("nan"), 1.0, 3.0]})
    np.float64(2.0)
    """
    node = as_node(a)
    return reductions.mean(node, axis, keepdims, where=_present(node, where))


def nanvar(a: Operand, axis: Axis = None, keepdims: bool = False, *, ddof: float = 0, where: Operand = True) -> Node:
    """The variance over axes of the elements that are not NaN, like np.nanvar; arguments as in :func:`var`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.evaluate(eg.nanvar(x), {x: [float("nan"), 1.0, 3.0]})
    np.float64(1.0)
    """
    node = as_node(a)
    return var(node, axis, keepdims, ddof=ddof, where=_present(node, where))


def nanstd(a: Operand, axis: Axis = None, keepdims: bool = False, *, ddof: float = 0, where: Operand = True) -> Node:
    """The standard deviation over axes of the elements that are not NaN, like np.nanstd; arguments as in :func:`std`.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.evaluate(eg.nanstd(x), {x: [float("nan"), 1.0, 3.0]})
    np.float64(1.0)
    """
    node = as_node(a)
    return std(node, axis, keepdims, ddof=ddof, where=_present(node, where))


__all__ = [
    "average", "corrcoef", "cov", "nanmax", "nanmean", "nanmin", "nanprod", "nanstd", "nansum", "nanvar", "ptp", "std", "var",
]  # fmt: skip
