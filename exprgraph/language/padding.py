"""NumPy's ``pad``: more elements around an array, constant, repeated, mirrored, or made of those at its edges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..canonical.arithmetic import linear
from ..canonical.joining import concatenate
from ..canonical.operands import as_node
from ..canonical.select import select
from ..errors import ShapeError
from ..functions.elementwise import broadcast_to
from ..graph.node import Node, Operand
from ..support.integers import whole
from ..support.names import brief
from . import reductions
from .axes import normalize_axis
from .products import linspace
from .rearranged import from_several, rearranged
from .sequences import part

#: the modes that repeat elements of the array
_REPEATING = ("edge", "reflect", "symmetric", "wrap")
#: the modes that repeat a statistic of the elements along an axis
STATISTICS: dict[str, Callable[..., Node]] = {"maximum": reductions.max, "mean": reductions.mean, "minimum": reductions.min}
#: the beginning and the end of one axis
_Sides = tuple[Node, Node]


def pad(
    array: Operand,
    pad_width: Any,
    mode: str = "constant",
    *,
    constant_values: Operand = 0,
    end_values: Operand = 0,
    stat_length: Any = None,
    reflect_type: str = "even",
) -> Node:
    """The array with more elements before and after it, like np.pad.

    Args:
        array: an expression.
        pad_width: how many: a number, (before, after) for all axes, such a pair for each axis, or a dict from axes to these.
        mode: ``"constant"``; ``"edge"``, ``"reflect"``, ``"symmetric"`` or ``"wrap"``, which repeat elements; ``"linear_ramp"``, which
            lead to ``end_values``; or ``"maximum"``, ``"mean"``, ``"median"`` or ``"minimum"`` of the elements along an axis.
        constant_values: the new elements in the mode ``"constant"``, numbers or expressions: one, (before, after), or
            such a pair for each axis.
        end_values: the outermost elements in the mode ``"linear_ramp"``, in the same forms.
        stat_length: how many elements at each edge the statistics take, in the same forms; None for all.
        reflect_type: ``"even"``, or ``"odd"`` for ``"reflect"`` and ``"symmetric"``: elements are mirrored at the value of the edge.

    Raises:
        ValueError: another mode or type.
        ShapeError: a number is negative, there are not as many as axes, or an empty axis gets other elements than constants.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.pad(x, 1), eg.pad(x, (0, 2), mode="wrap")
    ([0, x[0], x[1], x[2], 0], x[[0, 1, 2, 0, 1]])
    >>> eg.evaluate(eg.pad(x, 2, "linear_ramp"), {x: [2.0, 3.0, 4.0]})
    array([0., 1., 2., 3., 4., 2., 0.])
    """
    node = as_node(array)
    modes = ("constant", *_REPEATING, "linear_ramp", *sorted(STATISTICS))
    odd = reflect_type == "odd" and mode in ("reflect", "symmetric")
    if mode not in modes or (reflect_type != "even" and not odd):
        raise ValueError(
            f"pad: the mode is one of {', '.join(modes)}, with reflect_type 'even' or 'odd', got {brief(mode)} and {brief(reflect_type)}; "
            "join other values with concatenate([before, x, after])"
        )
    if mode == "constant":
        return _constant(node, pad_width, as_node(constant_values))
    if mode in _REPEATING and not odd:
        return rearranged("pad", np.pad, node, pad_width, mode)
    widths = _pairs("the width", pad_width, node.ndim)
    for axis, width in enumerate(widths):
        if any(width) and not node.shape[axis]:
            raise ShapeError(f"pad of shape {node.shape}: axis {axis} is empty, and {brief(mode)} has nothing to go by")
    if odd:
        return _by_axis(node, widths, lambda own, axis, width: _mirrored(own, axis, width, mode == "symmetric"))
    if mode == "linear_ramp":
        ends = broadcast_to(as_node(end_values), (node.ndim, 2))
        return _by_axis(node, widths, lambda own, axis, width: _ramps(own, axis, width, (ends[axis, 0], ends[axis, 1])))
    lengths = None if stat_length is None else _pairs("stat_length", stat_length, node.ndim)
    return _by_axis(node, widths, lambda own, axis, width: _repeated(own, axis, width, STATISTICS[mode], lengths))


def _constant(node: Node, pad_width: Any, values: Node) -> Node:
    if values.op.name == "constant" and values.params[0] == 0.0:
        return rearranged("pad", np.pad, node, pad_width)
    values = broadcast_to(values, (node.ndim, 2))
    return from_several("pad", lambda own, new, width: np.pad(own, width, constant_values=new.tolist()), [node, values], pad_width)


def _pairs(what: str, given: Any, ndim: int) -> list[tuple[int, int]]:
    """Numbers before and after, for each axis."""
    if isinstance(given, Mapping):
        own = {normalize_axis(k, ndim): v for k, v in given.items()}
        given = [np.broadcast_to(own.get(k, 0), 2) for k in range(ndim)]
    try:
        pairs = np.broadcast_to(np.asarray(given), (ndim, 2)).tolist()
    except ValueError:
        raise ShapeError(f"pad: {what} is a number, a pair, or a pair for each of {ndim} axes, got {brief(given)}") from None
    if any(whole(n) is None or n < 0 for pair in pairs for n in pair):
        raise ShapeError(f"pad: {what} has whole numbers that are not negative, got {brief(given)}")
    return [(int(a), int(b)) for a, b in pairs]


def _by_axis(node: Node, widths: list[tuple[int, int]], sides: Callable[[Node, int, tuple[int, int]], _Sides]) -> Node:
    """What is new along each axis; later axes see what earlier ones added."""
    for axis, width in enumerate(widths):
        if any(width):
            before, after = sides(node, axis, width)
            node = concatenate([p for p in (before, node, after) if p.shape[axis]], axis)
    return node


def _mirrored(own: Node, axis: int, width: tuple[int, int], symmetric: bool) -> _Sides:
    n = own.shape[axis]
    most = n if symmetric else n - 1
    if max(width) > most:
        raise ShapeError(f"pad: reflect_type 'odd' adds at most {most} elements to an axis of length {n}, got {max(width)}")
    first, last = (0, n - 1) if symmetric else (1, n - 2)
    found = []
    for edge, count, start in ((0, width[0], first + width[0] - 1), (n - 1, width[1], last)):
        shown = part(own, axis, start, start - count, -1)
        at = broadcast_to(part(own, axis, edge, edge + 1), shown.shape)
        found.append(linear([(2.0, at), (-1.0, shown)], 0.0, shown.shape))
    return found[0], found[1]


def _ramps(own: Node, axis: int, width: tuple[int, int], ends: _Sides) -> _Sides:
    last = own.shape[axis] - 1
    edges = [select(own, tuple(at if k == axis else None for k in range(own.ndim))) for at in (0, last)]
    before, after = (linspace(end, edge, n, endpoint=False, axis=axis) for end, edge, n in zip(ends, edges, width))
    return before, part(after, axis, width[1] - 1, -1, -1)


def _repeated(
    own: Node, axis: int, width: tuple[int, int], statistic: Callable[..., Node], lengths: list[tuple[int, int]] | None
) -> _Sides:
    n = own.shape[axis]
    before, after = (n, n) if lengths is None else (min(k, n) for k in lengths[axis])
    if not before or not after:
        raise ValueError("pad: stat_length is at least 1")
    values = (statistic(part(own, axis, start, stop), axis, keepdims=True) for start, stop in ((0, before), (n - after, n)))
    shapes = (tuple(w if k == axis else m for k, m in enumerate(own.shape)) for w in width)
    first, second = (broadcast_to(v, s) for v, s in zip(values, shapes))
    return first, second


__all__ = ["STATISTICS", "pad"]
