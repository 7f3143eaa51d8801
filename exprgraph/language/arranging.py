"""NumPy's functions that move, repeat or leave out elements of one array, for users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

import numpy as np

from ..canonical.contract import contract
from ..canonical.joining import reshape
from ..canonical.operands import as_node
from ..graph.node import Axis, Node, Operand
from ..support.integers import normalize_shape, whole
from .axes import normalize_axes, normalize_axis
from .rearranged import from_several, rearranged

#: whole numbers: one, several, or an array of them
Whole = Union[int, Sequence[Any], np.ndarray]


def roll(a: Operand, shift: int | tuple[int, ...], axis: Axis = None) -> Node:
    """The elements shifted along axes, those beyond the end first, like np.roll; of the shape of a.

    Without an axis, the flat array is shifted.

    Raises:
        AxisError: an axis is out of range.

    >>> import exprgraph as eg
    >>> eg.roll(eg.Symbol("x", shape=3), 1)
    x[[2, 0, 1]]
    """
    return rearranged("roll", np.roll, a, shift, axis)


def flip(m: Operand, axis: Axis = None) -> Node:
    """The elements in reverse order along axes (by default all), like np.flip; of the shape of m.

    Raises:
        AxisError: an axis is out of range.

    >>> import exprgraph as eg
    >>> eg.flip(eg.Symbol("x", shape=3))
    x[::-1]
    """
    return rearranged("flip", np.flip, m, axis)


def fliplr(m: Operand) -> Node:
    """The elements in reverse order along the second axis, like np.fliplr; of the shape of m.

    Raises:
        ShapeError: there is no second axis.

    >>> import exprgraph as eg
    >>> eg.fliplr(eg.Symbol("A", shape=(1, 2)))
    [[A[0, 1], A[0, 0]]]
    """
    return rearranged("fliplr", np.fliplr, m)


def flipud(m: Operand) -> Node:
    """The elements in reverse order along the first axis, like np.flipud; of the shape of m.

    Raises:
        ShapeError: there is no axis.

    >>> import exprgraph as eg
    >>> eg.flipud(eg.Symbol("x", shape=2))
    x[::-1]
    """
    return rearranged("flipud", np.flipud, m)


def rot90(m: Operand, k: int = 1, axes: Sequence[int] = (0, 1)) -> Node:
    """The elements turned k times by 90 degrees in the plane of two axes, from the first to the second, like np.rot90.

    Raises:
        ShapeError: there are no two different axes.

    >>> import exprgraph as eg
    >>> eg.rot90(eg.Symbol("A", shape=(1, 2)))
    [[A[0, 1]], [A[0, 0]]]
    """
    return rearranged("rot90", np.rot90, m, k, axes)


def tile(A: Operand, reps: Whole) -> Node:
    """Copies of the array side by side, like np.tile: ``reps`` of them along each axis.

    If ``reps`` has more entries than A has axes, A gets new axes in front; if it has fewer, it counts the last axes.

    Raises:
        ShapeError: a number of copies is negative or not whole.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=2)
    >>> eg.tile(x, 2), eg.tile(x, (3, 2)).shape
    ([x[0], x[1], x[0], x[1]], (3, 4))
    """
    node = as_node(A)
    times = normalize_shape(reps if isinstance(reps, int) else np.asarray(reps).ravel())
    n = max(len(times), node.ndim)
    times = (1,) * (n - len(times)) + times
    node = reshape(node, (1,) * (n - node.ndim) + node.shape)
    return reshape(_repeated(node, times), tuple(t * k for t, k in zip(times, node.shape)))


def _repeated(node: Node, times: tuple[int, ...]) -> Node:
    """The node with a new axis before each of its axes, along which it repeats."""
    labels = [2 * k + 1 for k in range(node.ndim)]
    return contract([(node, labels)], range(2 * node.ndim), {2 * k: t for k, t in enumerate(times)})


def repeat(a: Operand, repeats: Whole, axis: int | None = None) -> Node:
    """Each element repeated in its place along an axis, like np.repeat; without an axis, of the flat array.

    Args:
        a: an expression.
        repeats: how often, for all elements or for each one along the axis.
        axis: the axis.

    Raises:
        ShapeError: the numbers are negative, or not as many as the elements along the axis.
        AxisError: the axis is out of range.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=2)
    >>> eg.repeat(x, 2), eg.repeat(x, [0, 3])
    ([x[0], x[0], x[1], x[1]], [x[1], x[1], x[1]])
    """
    node = as_node(a)
    count = whole(repeats)
    if count is None or count < 0:
        return rearranged("repeat", np.repeat, node, repeats, axis)
    if axis is None:
        node, axis = reshape(node, (node.size,)), 0
    k = normalize_axis(axis, node.ndim)
    spread = contract([(node, [i + (i > k) for i in range(node.ndim)])], range(node.ndim + 1), {k + 1: count})
    return reshape(spread, (*node.shape[:k], node.shape[k] * count, *node.shape[k + 1 :]))


def tril(m: Operand, k: int = 0) -> Node:
    """The lower triangle of the last two axes, with zeros above diagonal k, like np.tril; of the shape of m.

    Zeros are exact, also in place of infinities.

    >>> import exprgraph as eg
    >>> eg.tril(eg.Symbol("A", shape=(2, 2)))
    [[A[0, 0], 0], [A[1, 0], A[1, 1]]]
    """
    return rearranged("tril", np.tril, m, k)


def triu(m: Operand, k: int = 0) -> Node:
    """The upper triangle of the last two axes, with zeros below diagonal k, like np.triu; of the shape of m.

    Zeros are exact, also in place of infinities.

    >>> import exprgraph as eg
    >>> eg.triu(eg.Symbol("A", shape=(2, 2)), 1)
    [[0, A[0, 1]], [0, 0]]
    """
    return rearranged("triu", np.triu, m, k)


def diagflat(v: Operand, k: int = 0) -> Node:
    """A matrix with all elements of v on diagonal k, and zeros elsewhere, like np.diagflat.

    >>> import exprgraph as eg
    >>> eg.diagflat(eg.Symbol("A", shape=(1, 2)))
    [[A[0, 0], 0], [0, A[0, 1]]]
    """
    return rearranged("diagflat", np.diagflat, v, k)


def take(a: Operand, indices: Whole, axis: int | None = None, *, mode: str = "raise") -> Node:
    """The elements at positions along an axis, like np.take; without an axis, of the flat array.

    The axes of ``indices`` stand in place of the axis.  ``mode="wrap"`` and ``"clip"`` are NumPy's.

    Raises:
        AxisError: a position or the axis is out of range.
        TypeError: the positions are not whole numbers.

    >>> import exprgraph as eg
    >>> eg.take(eg.Symbol("x", shape=3), [[2, 0]])
    [[x[2], x[0]]]
    """
    return rearranged("take", np.take, a, indices, axis, mode=mode)


def take_along_axis(arr: Operand, indices: Whole, axis: int | None = -1) -> Node:
    """The element at a position of its own for each line along an axis, like np.take_along_axis.

    Args:
        arr: an expression.
        indices: an array of whole numbers, with as many axes as arr.
        axis: the axis; None for the flat array.

    Raises:
        AxisError: a position or the axis is out of range.
        ShapeError: the positions have other axes.

    >>> import exprgraph as eg
    >>> eg.take_along_axis(eg.Symbol("A", shape=(2, 2)), [[1], [0]], 1)
    [[A[0, 1]], [A[1, 0]]]
    """
    return rearranged("take_along_axis", _along, arr, indices, axis)


def _along(marks: np.ndarray, indices: Any, axis: int | None) -> np.ndarray:
    given = np.asarray(indices)
    if given.dtype.kind not in "iu":
        raise TypeError
    found: np.ndarray = np.take_along_axis(marks, given, axis)
    return found


def compress(condition: Whole, a: Operand, axis: int | None = None) -> Node:
    """The elements along an axis where a constant mask is true, like np.compress.

    Raises:
        AxisError: the mask is longer than the axis, or the axis is out of range.

    >>> import exprgraph as eg
    >>> eg.compress([True, False, True], eg.Symbol("x", shape=3))
    x[::2]
    """
    return rearranged("compress", lambda m, c, k: np.compress(c, m, k), a, condition, axis)


def delete(arr: Operand, obj: Any, axis: int | None = None) -> Node:
    """The array without the elements at these positions of an axis, like np.delete; without an axis, of the flat array.

    Raises:
        AxisError: a position or the axis is out of range.

    >>> import exprgraph as eg
    >>> eg.delete(eg.Symbol("x", shape=3), 1)
    x[::2]
    """
    return rearranged("delete", np.delete, arr, obj, axis)


def insert(arr: Operand, obj: Any, values: Operand, axis: int | None = None) -> Node:
    """The array with values before the elements at these positions of an axis, like np.insert.

    Without an axis, values are inserted into the flat array.

    Raises:
        AxisError: a position or the axis is out of range.
        ShapeError: the values do not fit.

    >>> import exprgraph as eg
    >>> eg.insert(eg.Symbol("x", shape=2), 1, 0)
    [x[0], 0, x[1]]
    """
    return from_several("insert", lambda own, new, at, k: np.insert(own, at, new, k), [arr, values], obj, axis)


def append(arr: Operand, values: Operand, axis: int | None = None) -> Node:
    """The array with values after its last element along an axis, like np.append; without an axis, both are flat.

    Raises:
        ShapeError: the other axes differ.
        AxisError: the axis is out of range.

    >>> import exprgraph as eg
    >>> eg.append(eg.Symbol("x", shape=2), [1, 2])
    [x[0], x[1], 1, 2]
    """
    return from_several("append", np.append, [arr, values], axis)


def resize(a: Operand, new_shape: Whole) -> Node:
    """The elements of the flat array in another shape, from the beginning again where there are too few, like np.resize.

    Raises:
        ShapeError: the shape has negative entries.

    >>> import exprgraph as eg
    >>> eg.resize(eg.Symbol("x", shape=2), 3)
    x[[0, 1, 0]]
    """
    return rearranged("resize", np.resize, a, new_shape)


def rollaxis(a: Operand, axis: int, start: int = 0) -> Node:
    """An axis moved before the position ``start``, like np.rollaxis; :func:`moveaxis` is easier to read.

    Raises:
        AxisError: an axis is out of range.

    >>> import exprgraph as eg
    >>> eg.rollaxis(eg.Symbol("A", shape=(2, 3, 4)), 2).shape
    (4, 2, 3)
    """
    return rearranged("rollaxis", np.rollaxis, a, axis, start)


def sliding_window_view(x: Operand, window_shape: Whole, axis: Axis = None) -> Node:
    """All windows of a shape along axes, on further axes at the end, like np.lib.stride_tricks.sliding_window_view.

    Raises:
        ShapeError: a window is larger than the array.

    >>> import exprgraph as eg
    >>> from exprgraph.language.arranging import sliding_window_view
    >>> sliding_window_view(eg.Symbol("x", shape=3), 2)
    [[x[0], x[1]], [x[1], x[2]]]
    """
    return rearranged("sliding_window_view", np.lib.stride_tricks.sliding_window_view, x, window_shape, axis)


def fftshift(x: Operand, axes: Axis = None) -> Node:
    """The second half of each axis first, like np.fft.fftshift."""
    node, own = _with_axes(x, axes)
    return roll(node, tuple(node.shape[k] // 2 for k in own), own) if own else node


def ifftshift(x: Operand, axes: Axis = None) -> Node:
    """The inverse of :func:`fftshift`."""
    node, own = _with_axes(x, axes)
    return roll(node, tuple(-(node.shape[k] // 2) for k in own), own) if own else node


def _with_axes(x: Operand, axes: Axis) -> tuple[Node, tuple[int, ...]]:
    node = as_node(x)
    return node, normalize_axes(axes, node.ndim)


__all__ = [
    "append", "compress", "delete", "diagflat", "fftshift", "flip", "fliplr", "flipud", "ifftshift", "insert", "repeat", "resize", "roll",
    "rollaxis", "rot90", "sliding_window_view", "take", "take_along_axis", "tile", "tril", "triu",
]  # fmt: skip
