"""NumPy's functions that join several arrays, divide one, or give arrays more axes, for users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from ..canonical.contract import contract
from ..canonical.joining import reshape
from ..canonical.operands import as_node
from ..errors import ShapeError
from ..functions.elementwise import broadcast_shapes
from ..functions.elementwise import broadcast_to as _broadcast_to
from ..graph.node import Node, Operand
from .arranging import Whole
from .rearranged import divided
from .shapes import concatenate


def atleast_1d(x: Operand) -> Node:
    """The expression, with an axis of length one if it is a scalar, like np.atleast_1d.

    >>> import exprgraph as eg
    >>> eg.atleast_1d(eg.Symbol("x")).shape
    (1,)
    """
    node = as_node(x)
    return node if node.ndim else reshape(node, (1,))


def atleast_2d(x: Operand) -> Node:
    """The expression with at least two axes, like np.atleast_2d; a vector becomes a row.

    >>> import exprgraph as eg
    >>> eg.atleast_2d(eg.Symbol("x", shape=3)).shape
    (1, 3)
    """
    node = as_node(x)
    return reshape(node, (1,) * (2 - node.ndim) + node.shape)


def atleast_3d(x: Operand) -> Node:
    """The expression with at least three axes, like np.atleast_3d: (n,) becomes (1, n, 1), and (n, m) becomes (n, m, 1).

    >>> import exprgraph as eg
    >>> eg.atleast_3d(eg.Symbol("x", shape=3)).shape
    (1, 3, 1)
    """
    node = as_node(x)
    shapes = {0: (1, 1, 1), 1: (1, *node.shape, 1), 2: (*node.shape, 1)}
    return reshape(node, shapes.get(node.ndim, node.shape))


def hstack(tup: Sequence[Operand]) -> Node:
    """Arrays joined along the second axis, or along the only one, like np.hstack.

    Raises:
        ShapeError: another axis differs, or there are no arrays.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=2)
    >>> eg.hstack([x, 1.0])
    [x[0], x[1], 1]
    """
    parts = [atleast_1d(p) for p in _several(tup, "hstack")]
    return _joined("hstack", parts, 0 if parts[0].ndim == 1 else 1)


def vstack(tup: Sequence[Operand]) -> Node:
    """Arrays joined along the first axis, like np.vstack; vectors are rows.

    Raises:
        ShapeError: another axis differs, or there are no arrays.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=2)
    >>> eg.vstack([x, 2 * x]).shape
    (2, 2)
    """
    return _joined("vstack", [atleast_2d(p) for p in _several(tup, "vstack")], 0)


def dstack(tup: Sequence[Operand]) -> Node:
    """Arrays joined along the third axis, like np.dstack; arrays get axes as by :func:`atleast_3d`.

    Raises:
        ShapeError: another axis differs, or there are no arrays.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.dstack([x, 2 * x]).shape
    (1, 3, 2)
    """
    return _joined("dstack", [atleast_3d(p) for p in _several(tup, "dstack")], 2)


def column_stack(tup: Sequence[Operand]) -> Node:
    """Vectors as the columns of a matrix, and matrices side by side, like np.column_stack.

    Raises:
        ShapeError: the numbers of rows differ, or there are no arrays.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.column_stack([x, 2 * x]).shape
    (3, 2)
    """
    parts = [atleast_1d(p) for p in _several(tup, "column_stack")]
    return _joined("column_stack", [reshape(p, (p.size, 1)) if p.ndim == 1 else p for p in parts], 1)


def block(arrays: Any) -> Node:
    """An array from nested lists of blocks, like np.block: the innermost lists are joined along the last axis.

    Raises:
        ShapeError: lists have different depths, or blocks do not fit.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.block([[eg.identity(2), eg.zeros((2, 1))], [eg.zeros((1, 2)), x]]).shape
    (3, 3)
    """
    depth, leaves = 0, [arrays]
    while any(isinstance(e, list) for e in leaves):
        if not all(isinstance(e, list) and e for e in leaves):
            raise ShapeError("block: lists of blocks have one depth everywhere, and are not empty")
        leaves, depth = [e for inner in leaves for e in inner], depth + 1
    ndim = max(depth, *(as_node(e).ndim for e in leaves))

    def joined(part: Any, level: int) -> Node:
        if level == depth:
            node = as_node(part)
            return reshape(node, (1,) * (ndim - node.ndim) + node.shape)
        return _joined("block", [joined(p, level + 1) for p in part], ndim - depth + level)

    return joined(arrays, 0)


def _several(parts: Any, what: str) -> list[Node]:
    """The arrays of an argument: a list of them, or an array along its first axis."""
    if not isinstance(parts, (list, tuple)):
        node = as_node(parts)
        if not node.ndim:
            raise TypeError(f"{what} takes a sequence of arrays, got a scalar")
        parts = list(node)
    nodes = [as_node(p) for p in parts]
    if not nodes:
        raise ShapeError(f"{what} needs at least one expression")
    return nodes


def _joined(what: str, parts: Sequence[Node], axis: int) -> Node:
    try:
        return concatenate(parts, axis)
    except ShapeError as error:
        raise ShapeError(f"{what}: {error}") from None


def split(ary: Operand, indices_or_sections: Whole, axis: int = 0) -> list[Node]:
    """The parts of an array along an axis, like np.split: equal ones by their number, or those between positions.

    Raises:
        ShapeError: parts would not be equal.
        AxisError: the axis is out of range.

    >>> import exprgraph as eg
    >>> eg.split(eg.Symbol("x", shape=4), 2), eg.split(eg.Symbol("x", shape=3), [1])
    ([x[:2], x[2:]], [[x[0]], x[1:]])
    """
    return divided("split", np.split, ary, indices_or_sections, axis)


def array_split(ary: Operand, indices_or_sections: Whole, axis: int = 0) -> list[Node]:
    """The parts of an array along an axis, of sizes that differ by at most one, like np.array_split.

    Raises:
        ShapeError: the number of parts is not positive.
        AxisError: the axis is out of range.

    >>> import exprgraph as eg
    >>> eg.array_split(eg.Symbol("x", shape=3), 2)
    [x[:2], [x[2]]]
    """
    return divided("array_split", np.array_split, ary, indices_or_sections, axis)


def hsplit(ary: Operand, indices_or_sections: Whole) -> list[Node]:
    """The parts along the second axis, or along the only one, like np.hsplit; see :func:`split`.

    >>> import exprgraph as eg
    >>> [p.shape for p in eg.hsplit(eg.Symbol("A", shape=(2, 4)), 2)]
    [(2, 2), (2, 2)]
    """
    return divided("hsplit", np.hsplit, ary, indices_or_sections)


def vsplit(ary: Operand, indices_or_sections: Whole) -> list[Node]:
    """The parts along the first axis of at least two, like np.vsplit; see :func:`split`.

    >>> import exprgraph as eg
    >>> [p.shape for p in eg.vsplit(eg.Symbol("A", shape=(4, 3)), [1])]
    [(1, 3), (3, 3)]
    """
    return divided("vsplit", np.vsplit, ary, indices_or_sections)


def dsplit(ary: Operand, indices_or_sections: Whole) -> list[Node]:
    """The parts along the third axis, like np.dsplit; see :func:`split`.

    >>> import exprgraph as eg
    >>> [p.shape for p in eg.dsplit(eg.Symbol("A", shape=(1, 2, 4)), 2)]
    [(1, 2, 2), (1, 2, 2)]
    """
    return divided("dsplit", np.dsplit, ary, indices_or_sections)


def broadcast_arrays(*args: Operand) -> list[Node]:
    """The arrays broadcast to one shape, like np.broadcast_arrays.

    Raises:
        ShapeError: they do not broadcast together.

    >>> import exprgraph as eg
    >>> [e.shape for e in eg.broadcast_arrays(eg.Symbol("x", shape=3), eg.Symbol("y", shape=(2, 1)))]
    [(2, 3), (2, 3)]
    """
    nodes = [as_node(a) for a in args]
    shape = broadcast_shapes(*(n.shape for n in nodes), what="broadcast_arrays: operands")
    return [_broadcast_to(n, shape) for n in nodes]


def meshgrid(*xi: Operand, sparse: bool = False, indexing: Literal["xy", "ij"] = "xy") -> list[Node]:
    """Arrays of the coordinates of a grid, from one vector for each axis, like np.meshgrid.

    With ``indexing="xy"`` the first two axes are exchanged.  With ``sparse`` each array has length one along the axes
    of the others.

    Raises:
        ValueError: another ``indexing``.

    >>> import exprgraph as eg
    >>> x, y = eg.Symbol("x", shape=3), eg.Symbol("y", shape=2)
    >>> [e.shape for e in eg.meshgrid(x, y)], eg.meshgrid(x, y)[1][1, 0]
    ([(2, 3), (2, 3)], y[1])
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: the indexing is 'xy' or 'ij', got {indexing!r}")
    vectors = [reshape(n, (n.size,)) for n in map(as_node, xi)]
    order = list(range(len(vectors)))
    if indexing == "xy" and len(order) > 1:
        order[:2] = [1, 0]
    out = []
    for k, v in enumerate(vectors):
        sizes = {a: 1 if sparse and a != k else vectors[a].size for a in order}
        out.append(contract([(v, [k])], order, sizes))
    return out


__all__ = [
    "array_split", "atleast_1d", "atleast_2d", "atleast_3d", "block", "broadcast_arrays", "column_stack", "dsplit", "dstack",
    "hsplit", "hstack", "meshgrid", "split", "vsplit", "vstack",
]  # fmt: skip
