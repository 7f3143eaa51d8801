"""Stack, concatenate and reshape."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from ..errors import AxisError, ShapeError
from ..graph.leaves import array, as_node, constant, constant_value, constant_values, number
from ..graph.node import Node, Operand, Shape, make
from ..graph.primitive import CONCATENATE, RESHAPE, SELECT, STACK
from ..graph.traverse import REBUILD
from ..support.integers import normalize_shape, whole
from ..support.names import brief
from ..support.unwinding import each
from .arithmetic import scale
from .contract import contract
from .select import SELECTED, Entries, Entry, deeper, indices_of
from .written import split_coefficient


def normalize_axis(axis: int, ndim: int, what: str = "axis") -> int:
    """A non-negative axis, or an error that names the range."""
    try:
        k = axis.__index__()
    except (AttributeError, TypeError):
        hint = "; sums of several are a + b, and the larger of two is maximum(a, b)" if isinstance(axis, Node) and what == "axis" else ""
        raise TypeError(f"{what} must be an integer, got {brief(axis)}{hint}") from None
    if not -ndim <= k < ndim:
        raise AxisError(f"{what} {k} is out of range for an expression with {ndim} axes")
    return k % ndim


def axes_listed(axes: int | Sequence[int], what: str) -> list[int]:
    """The axes of an argument as a list; a single axis is a list of one."""
    single = whole(axes)
    if single is not None:
        return [single]
    if isinstance(axes, (list, tuple, range)) or (isinstance(axes, np.ndarray) and axes.ndim):
        return list(axes)
    raise TypeError(f"{what}: axes are an integer or a sequence of integers, got {brief(axes)}")


def stack(parts: Sequence[Operand], axis: int = 0) -> Node:
    """Join expressions of one shape along a new axis; a nested list becomes a matrix.

    n parts of one shape give that shape with n inserted at ``axis``.

    Raises:
        ShapeError: the shapes differ, or there are no parts.
        AxisError: the axis is out of range.

    >>> import exprgraph as eg
    >>> x, y = eg.symbols("x y")
    >>> eg.stack([[x, y], [y, 1]]).shape
    (2, 2)
    """
    nodes = [as_node(p) for p in parts]
    if not nodes:
        raise ShapeError("stack needs at least one expression")
    shape = nodes[0].shape
    for i, n in enumerate(nodes):
        if n.shape != shape:
            raise ShapeError(f"stack: part {i} has shape {n.shape}, part 0 has shape {shape}")
    axis = normalize_axis(axis, len(shape) + 1)
    out = (*shape[:axis], len(nodes), *shape[axis:])
    if all(n.op is SELECT for n in nodes):
        base = nodes[0].args[0]
        if base.shape == out and all(
            n.args[0] is base and n.params == (None,) * axis + (i,) + (None,) * (len(shape) - axis)
            for i, n in enumerate(nodes)
        ):
            return base
    folded = constant_values(nodes)
    if folded is not None:
        return array(np.stack(folded, axis))
    if len(nodes) == 1:
        kept = [k for k in range(len(out)) if k != axis]
        return contract([(nodes[0], kept)], range(len(out)), {axis: 1})
    return make(STACK, tuple(nodes), (axis,), out)


def concatenate(parts: Sequence[Operand], axis: int = 0) -> Node:
    """Join expressions along an existing axis; the other axes agree.

    Raises:
        ShapeError: another axis differs, the parts are scalars, or there are none.
        AxisError: the axis is out of range.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.concatenate([x, 2 * x]).shape
    (6,)
    """
    nodes = [as_node(p) for p in parts]
    if not nodes:
        raise ShapeError("concatenate needs at least one expression")
    first = nodes[0].shape
    if not first:
        raise ShapeError("concatenate joins along an axis, and scalars have none; use stack")
    axis = normalize_axis(axis, len(first))
    for i, n in enumerate(nodes):
        if len(n.shape) != len(first) or n.shape[:axis] + n.shape[axis + 1 :] != first[:axis] + first[axis + 1 :]:
            raise ShapeError(
                f"concatenate along axis {axis}: part {i} has shape {n.shape}, part 0 has shape {first}; "
                "all other axes must agree"
            )
    nodes = [n for n in nodes if n.shape[axis]] or nodes[:1]
    if len(nodes) == 1:
        return nodes[0]
    out = (*first[:axis], sum(n.shape[axis] for n in nodes), *first[axis + 1 :])
    folded = constant_values(nodes)
    if folded is not None:
        return array(np.concatenate(folded, axis))
    (c, _), *others = split = [split_coefficient(n) for n in nodes]
    if c != 1.0 and all(k == c for k, _ in others):
        return scale(c, concatenate([rest for _, rest in split], axis))
    return make(CONCATENATE, tuple(nodes), (axis,), out)


def reshape(node: Node, shape: Shape) -> Node:
    """The same elements, in the same (row-major) order, in another shape."""
    if shape == node.shape:
        return node
    value = number(node)
    if value is not None:
        return constant(value, shape)
    known = constant_value(node)
    if known is not None:
        return array(known.reshape(shape))
    c, rest = split_coefficient(node)
    if c != 1.0:
        return scale(c, reshape(rest, shape))
    if node.op is RESHAPE:
        return reshape(node.args[0], shape)
    kept = [k for k, n in enumerate(shape) if n != 1]
    if [shape[k] for k in kept] == list(node.shape):  # only axes of length one are added
        return contract([(node, kept)], range(len(shape)), dict.fromkeys(range(len(shape)), 1))
    return make(RESHAPE, (node,), (), shape)


def reshape_to(node: Node, shape: Any) -> Node:
    """NumPy's reshape: one entry may be -1."""
    single = whole(shape)
    try:
        given: list[int | None] = [whole(d) for d in shape] if single is None else [single]
    except TypeError:
        given = [None]
    dims = [d for d in given if d is not None]
    if len(dims) < len(given):
        raise ShapeError(f"reshape: a shape is an integer or a sequence of integers, got {shape!r}")
    if dims.count(-1) > 1:
        raise ShapeError(f"reshape: only one entry can be -1, got {tuple(dims)}")
    if -1 in dims:
        rest = math.prod(d for d in dims if d != -1)
        if rest == 0 or node.size % rest:
            raise ShapeError(f"reshape: cannot reshape {node.size} elements of shape {node.shape} into {tuple(dims)}")
        dims[dims.index(-1)] = node.size // rest
    out = normalize_shape(dims)
    if math.prod(out) != node.size:
        raise ShapeError(f"reshape: cannot reshape {node.size} elements of shape {node.shape} into {out}")
    return reshape(node, out)


@SELECTED.rule(STACK)
def _selected_stack(node: Node, entries: Entries, shape: Shape) -> Node:
    axis = node.params[0]
    at, rest = entries[axis], entries[:axis] + entries[axis + 1 :]
    if isinstance(at, int):
        return deeper(node.args[at], rest)
    new_axis = axis - sum(isinstance(e, int) for e in entries[:axis])
    return stack(each(lambda i: deeper(node.args[i], rest), indices_of(at, node.shape[axis])), new_axis)


@SELECTED.rule(CONCATENATE)
def _selected_concatenate(node: Node, entries: Entries, shape: Shape) -> Node | None:
    axis = node.params[0]
    at = entries[axis]
    ends = ends_of(node)
    if isinstance(at, int):
        k = bisect_right(ends, at)
        start = ends[k - 1] if k else 0
        return deeper(node.args[k], (*entries[:axis], at - start, *entries[axis + 1 :]))
    if at is not None and (at[0] != "s" or at[2] != 1):
        return None
    first, last = (0, ends[-1]) if at is None else (at[1], at[1] + at[3])
    wanted: list[tuple[Node, Entry]] = []
    for k in range(bisect_right(ends, first), bisect_left(ends, last) + 1):
        start, n = ends[k] - node.args[k].shape[axis], node.args[k].shape[axis]
        lo, hi = max(first - start, 0), min(last - start, n)
        wanted.append((node.args[k], ("s", lo, 1, hi - lo)))
    parts = each(lambda w: deeper(w[0], (*entries[:axis], w[1], *entries[axis + 1 :])), wanted)
    return concatenate(parts, axis - sum(isinstance(e, int) for e in entries[:axis]))


#: of concatenations that are alive
_ends: WeakKeyDictionary[Node, list[int]] = WeakKeyDictionary()


def ends_of(node: Node) -> list[int]:
    """The end of each part of a concatenation along its axis, for every selection from it."""
    found = _ends.get(node)
    if found is None:
        (axis,) = node.params
        found = _ends[node] = list(accumulate(a.shape[axis] for a in node.args))
    return found


REBUILD.fill(lambda node, args: stack(args, node.params[0]), STACK)
REBUILD.fill(lambda node, args: concatenate(args, node.params[0]), CONCATENATE)
REBUILD.fill(lambda node, args: reshape(args[0], node.shape), RESHAPE)
