"""Elements in the order of keys along an axis: the primitive of sorted arrays, and its rules.

A sorted array is ordered by itself.  The order is constant where no two keys are equal, so derivatives are ordered by the same
keys.  The way back, for cotangents, is an order too: by the positions in the ordered array.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..calculus.branches import GATED_JVP, GATED_VJP, moved_cotangents, moved_tangent
from ..calculus.links import LINKS, Links, by_groups, grouped
from ..calculus.reach import REACH
from ..calculus.repeated import REPEATED, Derivative, Series
from ..calculus.rules import JVP, VJP
from ..canonical.arithmetic import scale
from ..canonical.contract import contract
from ..canonical.grouping import kept_nodes
from ..canonical.select import select
from ..canonical.written import split_coefficient, split_sign
from ..graph.leaves import array, constant_value, is_known, number, zeros
from ..graph.node import Node, Shape, make
from ..graph.primitive import Primitive, enter
from ..graph.traverse import REBUILD
from ..language.rearranged import gathered, positions_of
from ..mapping.rules import MAPPED, all_with_axes
from ..meaning.counting import COUNT
from ..meaning.elements import ELEMENT, EXPANSION, Expansion
from ..meaning.evaluate import EVALUATE, Samples, batched
from ..show.latex import LATEX
from ..show.latex import by_name as latex_by_name
from ..show.plan import Plan, Rendered
from ..show.python import PYTHON, Script
from ..show.text import TEXT
from ..show.text import by_name as text_by_name
from .rules import spread

ORDERED = enter(Primitive("ordered"))


def ordered(key: Node, x: Node, axis: int) -> Node:
    """The elements of x in the order of their keys along an axis; equal keys keep their order, and NaN comes last."""
    if x.size == 0:
        return zeros(x.shape)
    if x.shape[axis] == 1 or number(x) is not None:
        return x
    known = constant_value(key) if is_known(key) else None
    if known is not None:
        return gathered(x, np.take_along_axis(positions_of(x), np.argsort(known, axis, kind="stable"), axis))
    if key is not x:
        c, rest = (split_sign if kept_nodes() is None else split_coefficient)(x)
        if c != 1.0:
            return scale(c, ordered(key, rest, axis))
    return make(ORDERED, (key, x), (axis,), x.shape)


def axis_of(node: Node) -> int:
    """The axis of an order."""
    axis: int = node.params[0]
    return axis


def is_sorted(node: Node) -> bool:
    """Whether the array is ordered by itself."""
    return node.args[0] is node.args[1]


def places(node: Node) -> Node:
    """The positions of the ordered elements before, as numbers."""
    axis = axis_of(node)
    n = node.shape[axis]
    counted = contract([(array(np.arange(float(n))), [axis])], range(node.ndim), dict(enumerate(node.shape)))
    return ordered(node.args[0], counted, axis)


REBUILD.fill(lambda node, args: ordered(args[0], args[1], axis_of(node)), ORDERED)


@MAPPED.rule(ORDERED)
def _mapped(node: Node, args: Sequence[Node], lead: Shape) -> Node:
    key, x = all_with_axes(node, args, lead)
    return ordered(key, x, len(lead) + axis_of(node))


@JVP.rule(ORDERED)
def _jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    t = tangents[1]
    return None if t is None else ordered(spread(node.args[0], extra, True), t, axis_of(node))


@VJP.rule(ORDERED)
def _vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    return [None, ordered(spread(places(node), extra, False), ct, axis_of(node) + len(extra))]


GATED_JVP.fill(moved_tangent, ORDERED)
GATED_VJP.fill(moved_cotangents, ORDERED)


@REPEATED.rule(ORDERED)
def _repeated(series: Series, node: Node, order: int) -> Derivative:
    key, x = node.args
    return Derivative([(x, order)], lambda: ordered(key, series.of(x, order), axis_of(node)))


@REACH.rule(ORDERED)
def _reached(node: Node, mask: np.ndarray) -> Sequence[np.ndarray | None]:
    whole = np.broadcast_to(mask.any(axis=axis_of(node), keepdims=True), mask.shape)
    return [whole, whole]


@LINKS.rule(ORDERED)
def _links(node: Node, k: int) -> Links | None:
    """Each element may come from any place of its line; keys have no derivative."""
    groups, count = grouped(node.shape, [axis_of(node)])
    return by_groups(groups, groups, count) if k == 1 else None


@EVALUATE.rule(ORDERED)
def _evaluated(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    key, x = batched(values, node.args)
    axis = axis_of(node) - node.ndim
    return np.asarray(np.take_along_axis(x, np.argsort(key, axis, kind="stable"), axis))


@COUNT.rule(ORDERED)
def _operations(node: Node) -> int:
    return node.size * math.ceil(math.log2(node.shape[axis_of(node)]))


ELEMENT.fill(lambda node, index, get: select(node, index), ORDERED)
EXPANSION.fill(lambda node: Expansion(_operations(node) // node.size, ()), ORDERED)


# ---------------------------------------------------------------- printing


def _call(node: Node, key: str, x: str) -> str:
    axis = "" if axis_of(node) == node.ndim - 1 else f", {axis_of(node)}"
    return f"sort({x}{axis})" if is_sorted(node) else f"order_by({key}, {x}{axis})"


@TEXT.rule(ORDERED)
def _text(plan: Plan, node: Node, place: Node) -> Rendered:
    return text_by_name(plan, node, place)._replace(text=_call(node, *(plan.get(n).text for n in node.args)))


@PYTHON.rule(ORDERED)
def _python(code: Script, node: Node) -> str:
    return "eg." + _call(node, *map(code.text.__getitem__, node.args))


@LATEX.rule(ORDERED)
def _latex(plan: Plan, node: Node, place: Node) -> Rendered:
    shown = latex_by_name(plan, node, place)
    return shown._replace(text=rf"\operatorname{{sort}}\left( {plan.get(node.args[1]).text} \right)") if is_sorted(node) else shown


__all__ = ["ORDERED", "axis_of", "ordered", "places"]
