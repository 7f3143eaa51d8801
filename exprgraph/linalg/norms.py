"""Norms of vectors and matrices with NumPy's orders, and condition numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..canonical.joining import reshape
from ..canonical.operands import as_node
from ..errors import ShapeError
from ..functions import rows as functions
from ..graph.node import Axis, Node, Operand
from ..language import reductions
from ..language.axes import normalize_axis
from ..language.linalg import inv, moveaxis
from ..language.numpy_protocol import define
from ..language.operators import divide, multiply
from ..support.names import brief
from .compositions import svdvals


def norm_of_order(x: Operand, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Node:  # noqa: A002
    """The norm of a vector or of a matrix, with the orders of np.linalg.norm.

    Args:
        x: an expression.
        ord: for vectors a number, inf or -inf; for matrices 1, 2, inf, their negatives, ``"fro"`` or ``"nuc"``; None is the
            Euclidean norm of all elements.
        axis: the axis of vectors, or the two of matrices; by default x is one.
        keepdims: keep the axes with length one.

    Raises:
        ValueError: another order.
        ShapeError: x has other numbers of axes.
        AxisError: an axis is out of range.
    """
    node = as_node(x)
    if ord is None:
        return reductions.norm(node, None, axis, keepdims)
    axes = [
        normalize_axis(a, node.ndim) for a in (range(node.ndim) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,))
    ]
    if len(axes) == 1:
        return _of_vectors(node, ord, axes[0], keepdims)
    if len(axes) != 2:
        raise ShapeError(f"norm: ord={brief(ord)} is for vectors and matrices; give one axis or two for shape {node.shape}")
    return _of_matrices(node, ord, (axes[0], axes[1]), keepdims)


def _of_vectors(node: Node, ord: Any, axis: int, keepdims: bool) -> Node:  # noqa: A002
    if ord in (1, 2, math.inf):
        return reductions.norm(node, ord, axis, keepdims)
    if ord == -math.inf:
        return reductions.min(functions.absolute(node), axis, keepdims)
    if ord == 0:
        return reductions.sum(functions.not_equal(node, 0.0), axis, keepdims)
    if not isinstance(ord, (int, float, np.number)):
        raise ValueError(f"norm: the order of a vector norm is a number, got {brief(ord)}")
    p = float(ord)
    return functions.power(reductions.sum(functions.power(functions.absolute(node), p), axis, keepdims), 1.0 / p)


def _of_matrices(node: Node, ord: Any, axes: tuple[int, int], keepdims: bool) -> Node:  # noqa: A002
    if ord == "fro":
        return reductions.norm(node, None, axes, keepdims)
    row, column = axes
    extremum = reductions.max if ord in (1, 2, math.inf) else reductions.min
    if ord in (1, -1, math.inf, -math.inf):
        within, over = (row, column) if abs(ord) == 1 else (column, row)
        out = extremum(reductions.sum(functions.absolute(node), within, keepdims=True), over, keepdims=True)
        out = reshape(out, tuple(n for k, n in enumerate(out.shape) if k not in axes))
    elif ord in (2, -2, "nuc"):
        values = svdvals(moveaxis(node, axes, (-2, -1)))
        out = reductions.sum(values, -1) if ord == "nuc" else extremum(values, -1)
    else:
        raise ValueError(f"norm: the order of a matrix norm is 1, 2, inf, their negatives, 'fro' or 'nuc', got {brief(ord)}")
    return reshape(out, tuple(1 if k in axes else n for k, n in enumerate(node.shape))) if keepdims else out


def cond(x: Operand, p: Any = None) -> Node:
    """The condition number of a matrix, or of each of a stack, like np.linalg.cond: by default of the singular values.

    Raises:
        ValueError: another order p.
        ShapeError: x is no matrix.

    >>> import exprgraph as eg
    >>> A = eg.Symbol("A", shape=(2, 2))
    >>> round(float(eg.evaluate(eg.linalg.cond(A), {A: [[4.0, 0.0], [0.0, 2.0]]})), 12)
    2.0
    """
    node = as_node(x)
    if node.ndim < 2:
        raise ShapeError(f"cond takes a matrix, got shape {node.shape}")
    if p in (None, 2, -2):
        values = svdvals(node)
        top, low = reductions.max(values, -1), reductions.min(values, -1)
        return divide(low, top) if p == -2 else divide(top, low)
    return multiply(norm_of_order(node, p, (-2, -1)), norm_of_order(inv(node), p, (-2, -1)))


def _vector_norm(x: Any, *, axis: Axis = None, keepdims: bool = False, ord: Any = 2) -> Node:  # noqa: A002
    node = as_node(x)
    if axis is None:
        out = norm_of_order(reshape(node, (node.size,)), ord)
        return reshape(out, (1,) * node.ndim) if keepdims else out
    return norm_of_order(node, ord, axis, keepdims)


def _matrix_norm(x: Any, *, keepdims: bool = False, ord: Any = "fro") -> Node:  # noqa: A002
    return norm_of_order(x, ord, (-2, -1), keepdims)


_NAMED: dict[str, Callable[..., Node]] = {"norm": norm_of_order, "cond": cond, "vector_norm": _vector_norm, "matrix_norm": _matrix_norm}
define({getattr(np.linalg, name): f for name, f in _NAMED.items() if hasattr(np.linalg, name)})

__all__ = ["cond", "norm_of_order"]
