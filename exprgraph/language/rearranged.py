"""Rearrangements of elements, given by the flat position that each element of the result comes from.

NumPy's functions that only move elements are defined by what they do to an array of positions.  The positions are then
taken apart: axes that do not mix are selected one by one, which composes with other selections and costs little; only axes
that mix are merged before elements are taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..canonical.contract import contract
from ..canonical.joining import concatenate, reshape
from ..canonical.operands import as_node, contains_node
from ..canonical.place import place
from ..canonical.select import select
from ..errors import AxisError, ShapeError
from ..functions.elementwise import broadcast_to
from ..functions.rows import where
from ..graph.leaves import array, zeros
from ..graph.node import Node, Operand
from ..graph.views import Entry, Slice, Take
from ..support.names import brief


def positions_of(node: Node) -> np.ndarray:
    """The flat position of each element, in its place."""
    return np.arange(node.size).reshape(node.shape)


def rearranged(what: str, f: Callable[..., np.ndarray], x: Operand, *args: Any, **kwargs: Any) -> Node:
    """The result of a function of NumPy that only moves elements.

    Args:
        what: the name of the function, for messages.
        f: the function; it leaves zeros where no element comes from x.
        x: the array of the call.
        args, kwargs: the other arguments, numbers.
    """
    node = as_node(x)
    return from_marks(node, _called(what, f, node, args, kwargs))


def divided(what: str, f: Callable[..., list[np.ndarray]], x: Operand, *args: Any, **kwargs: Any) -> list[Node]:
    """The results of a function of NumPy that makes several arrays of the elements of one."""
    node = as_node(x)
    return [from_marks(node, marks) for marks in _called(what, f, node, args, kwargs)]


def _called(what: str, f: Callable[..., Any], node: Node, args: Any, kwargs: Any) -> Any:
    """The function of the marks of elements, their positions counted from 1; its errors name the function and the shape."""
    given = (*args, *kwargs.values())
    _only_numbers(what, given)
    try:
        return f(1 + positions_of(node), *args, **kwargs)
    except IndexError as error:
        raise AxisError(f"{what} of shape {node.shape}: {error}") from None
    except ValueError as error:
        raise ShapeError(f"{what} of shape {node.shape}: {error}") from None
    except (TypeError, AttributeError):
        raise TypeError(f"{what} of an expression of shape {node.shape} does not take {', '.join(map(brief, given))}") from None


def _only_numbers(what: str, given: Sequence[Any]) -> None:
    if any(contains_node(a) for a in given):
        raise TypeError(f"{what}: only arrays can be expressions; positions, axes and lengths are numbers")


def from_several(what: str, f: Callable[..., np.ndarray], operands: Sequence[Operand], *args: Any) -> Node:
    """A function that moves the elements of several operands into one array; f takes arrays of positions, and numbers."""
    _only_numbers(what, args)
    nodes = [as_node(o) for o in operands]
    starts = np.cumsum([0, *(n.size for n in nodes)])
    try:
        positions = f(*(positions_of(n) + start for n, start in zip(nodes, starts)), *args)
    except IndexError as error:
        raise AxisError(f"{what}: {error}") from None
    except ValueError as error:
        raise ShapeError(f"{what}: {error}") from None
    except (TypeError, AttributeError):
        raise TypeError(f"{what}: positions, axes and lengths are whole numbers") from None
    return gathered(concatenate([reshape(n, (n.size,)) for n in nodes], 0), positions)


def from_marks(node: Node, marks: np.ndarray) -> Node:
    """The elements at these marks, which are positions counted from 1; 0 where the mark is 0."""
    full = marks > 0
    if full.all():
        return gathered(node, marks - 1)
    if not full.any():
        return zeros(marks.shape)
    if marks.shape == node.shape and bool((marks == np.where(full, 1 + positions_of(node), 0)).all()):
        return where(array(full), node, 0.0)
    kept = [np.flatnonzero(full.any(axis=tuple(i for i in range(full.ndim) if i != k))) for k in range(full.ndim)]
    if math.prod(map(len, kept)) == np.count_nonzero(full):  # the elements fill a box
        inside = gathered(node, marks[np.ix_(*kept)] - 1)
        return place(inside, tuple(_entry(k) for k in kept), marks.shape)
    inside = gathered(node, marks[full] - 1)
    return reshape(place(inside, (_entry(np.flatnonzero(full)),), (marks.size,)), marks.shape)


def _entry(positions: np.ndarray) -> Entry:
    """The entry that selects these positions of an axis."""
    steps = set(np.diff(positions).tolist())
    if len(positions) > 1 and len(steps) == 1 and 0 not in steps:
        return Slice(int(positions[0]), steps.pop(), len(positions))
    return Take(tuple(positions.tolist()))


@dataclass
class _Mixed:
    """Axes of the operand whose positions depend on the same axes of the result."""

    inner: list[int]
    outer: list[int]


def gathered(node: Node, positions: np.ndarray) -> Node:
    """The elements at flat positions, in the shape of the positions."""
    out = positions.shape
    if positions.size == 0:
        return zeros(out)
    if not node.shape:
        return broadcast_to(node, out)
    if node.shape == out and bool((positions == positions_of(node)).all()):
        return node
    at = np.unravel_index(positions, node.shape)
    groups = _groups([_varying(a) for a in at])
    entries: list[Entry] = [int(a.flat[0]) for a in at]
    equal: dict[int, int] = {}  # axes of the operand with one axis of the result
    mixed: list[_Mixed] = []
    for group in groups:
        lines = [_line(at[a], group.outer[0]) for a in group.inner] if len(group.outer) == 1 else []
        even = all(isinstance(_entry(line), Slice) for line in lines)
        if len(group.inner) == 1 == len(group.outer) or (lines and even):
            for a, line in zip(group.inner, lines):
                entries[a] = _entry(line)
                equal[a] = group.outer[0]
        else:
            mixed.append(group)
            for a in group.inner:
                entries[a] = None
    picked = select(node, entries)
    axes = [a for a in range(node.ndim) if not isinstance(entries[a], int)]
    picked, labels = _merged(picked, axes, equal, mixed, at, node, out)
    return contract([(picked, labels)], range(len(out)), dict(enumerate(out)))


def _varying(at: np.ndarray) -> list[int]:
    """The axes of the result along which a position changes."""
    return [k for k in range(at.ndim) if at.shape[k] > 1 and bool((at != at.take([0], axis=k)).any())]


def _line(at: np.ndarray, axis: int) -> np.ndarray:
    """The positions along the only axis along which they change."""
    index: list[Any] = [0] * at.ndim
    index[axis] = slice(None)
    line: np.ndarray = at[tuple(index)]
    return line


def _groups(varying: list[list[int]]) -> list[_Mixed]:
    """The axes of the operand, together if they share axes of the result; without those at one position."""
    groups: list[_Mixed] = []
    for axis, outer in enumerate(varying):
        if not outer:
            continue
        met = [g for g in groups if set(g.outer) & set(outer)]
        together = _Mixed(sorted([axis, *(a for g in met for a in g.inner)]), sorted({*outer, *(k for g in met for k in g.outer)}))
        groups = [g for g in groups if g not in met] + [together]
    return groups


def _merged(
    picked: Node, axes: list[int], equal: dict[int, int], mixed: list[_Mixed], at: tuple[np.ndarray, ...], node: Node, out: tuple[int, ...]
) -> tuple[Node, list[int]]:
    """Axes that mix as one axis each, from which elements are taken; and the axis of the result of each axis."""
    if not mixed:
        return picked, [equal[a] for a in axes]
    blocks = sorted([_Mixed([a], [equal[a]]) for a in axes if a in equal] + mixed, key=lambda g: g.inner[0])
    picked = contract([(picked, axes)], [a for g in blocks for a in g.inner])
    size = dict(zip([a for g in blocks for a in g.inner], picked.shape))
    picked = reshape(picked, tuple(math.prod(size[a] for a in g.inner) for g in blocks))
    entries: list[Entry] = []
    for g in blocks:
        flat = np.ravel_multi_index([at[a] for a in g.inner], [node.shape[a] for a in g.inner])
        index = tuple(slice(None) if k in g.outer else 0 for k in range(len(out)))
        entries.append(_entry(flat[index].ravel()) if g in mixed else None)
    labels = [k for g in blocks for k in g.outer]
    sizes = [out[k] for k in labels]
    return reshape(select(picked, entries), tuple(sizes)), labels


__all__ = ["divided", "from_marks", "from_several", "gathered", "positions_of", "rearranged"]
