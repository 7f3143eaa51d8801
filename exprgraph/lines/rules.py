"""The rules of recurrences: derivatives, elements, values, printing."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np

from ..calculus.branches import GATED_JVP, GATED_VJP, Found
from ..calculus.gates import Zeros, inside, is_finite, together
from ..calculus.links import LINKS, Link, Links, positions
from ..calculus.reach import REACH
from ..calculus.repeated import REPEATED, Derivative, Series
from ..calculus.rules import JVP, VJP
from ..canonical.arithmetic import linear
from ..canonical.contract import contract
from ..canonical.factors import times
from ..canonical.joining import concatenate
from ..canonical.select import select
from ..functions.rows import gate, gate_both
from ..graph.leaves import is_known, zeros
from ..graph.node import Node, Shape
from ..graph.views import Slice
from ..mapping.rules import MAPPED, all_with_axes
from ..meaning.counting import COUNT
from ..meaning.elements import ELEMENT, EXPANSION, Expansion, Get
from ..meaning.evaluate import EVALUATE, Samples, batched
from ..show.latex import LATEX
from ..show.latex import by_name as latex_by_name
from ..show.plan import Plan, Rendered
from ..show.python import PYTHON, Script
from ..show.text import TEXT
from ..show.text import by_name as text_by_name
from .recurrence import RECURRENCE, Along, computed, is_running_product, is_running_sum, recurrence

# ---------------------------------------------------------------- derivatives


def _part(node: Node, axis: int, start: int, step: int, count: int) -> Node:
    return select(node, tuple(Slice(start, step, count) if k == axis else None for k in range(node.ndim)))


def shifted(node: Node, axis: int) -> Node:
    """The element before each one along an axis, and 0 before the first."""
    n = node.shape[axis]
    first = zeros(tuple(1 if k == axis else m for k, m in enumerate(node.shape)))
    return concatenate([first, _part(node, axis, 0, 1, n - 1)], axis)


def _reversed(node: Node, axis: int) -> Node:
    n = node.shape[axis]
    return _part(node, axis, n - 1, -1, n)


def spread(node: Node, extra: Shape, behind: bool) -> Node:
    """The node with further axes, behind its own or in front of them."""
    own: list[Hashable] = [("own", k) for k in range(node.ndim)]
    more: list[Hashable] = [("extra", k) for k in range(len(extra))]
    return contract([(node, own)], own + more if behind else more + own, dict(zip(more, extra)))


@MAPPED.rule(RECURRENCE)
def _mapped(node: Node, args: Sequence[Node], lead: Shape) -> Node:
    axis, silences = Along.of(node)
    a, b = all_with_axes(node, args, lead)
    return recurrence(a, b, len(lead) + axis, silences)


def _backwards(node: Node, ct: Node, extra: Shape, silences: bool) -> Node:
    """The sums of the cotangents of all later elements: ``s[i] = ct[i] + a[i + 1]*s[i + 1]``."""
    axis, e = Along.of(node).axis, len(extra)
    a = shifted(_reversed(node.args[0], axis), axis) if not is_running_sum(node) else node.args[0]
    return _reversed(recurrence(spread(a, extra, False), _reversed(ct, axis + e), axis + e, silences), axis + e)


@JVP.rule(RECURRENCE)
def _jvp(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    return _tangent(node, tangents, extra, (None, None), Along.of(node).silences)


def _tangent(node: Node, tangents: Sequence[Node | None], extra: Shape, live: Sequence[Zeros], silences: bool) -> Node | None:
    a, (ta, tb), shape = node.args[0], tangents, node.shape + extra
    terms = [(1.0, tb)] if tb is not None else []
    if ta is not None:
        before = spread(shifted(node, Along.of(node).axis), extra, True)
        terms.append((1.0, _times(before, ta, Along.of(node).silences, live[0] is not None)))
    if not terms:
        return None
    return recurrence(spread(a, extra, True), linear(terms, 0.0, shape), Along.of(node).axis, silences)


def _times(before: Node, t: Node, strong_before: bool, strong_t: bool) -> Node:
    """The elements before times a derivative, of which zeros of either may silence the other."""
    if strong_before and strong_t:
        return gate_both(before, t)
    if strong_t:
        return gate(t, before)
    return gate(before, t) if strong_before else times(before, t, t.shape)


@VJP.rule(RECURRENCE)
def _vjp(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    return _cotangents(node, ct, extra, False)


def _cotangents(node: Node, ct: Node, extra: Shape, strong: bool) -> list[Node | None]:
    axis, silences = Along.of(node)
    later = _backwards(node, ct, extra, silences or (strong and not is_finite(node.args[0], True)))
    if is_known(node.args[0]):
        return [None, later]
    before = spread(shifted(node, axis), extra, False)
    return [_times(before, later, silences, strong), later]


@GATED_JVP.rule(RECURRENCE)
def _gated_tangent(node: Node, tangents: Sequence[Node | None], extra: Shape, zeros: Sequence[Zeros]) -> Found:
    live = [z for t, z in zip(tangents, zeros) if t is not None]
    silences = Along.of(node).silences or not is_finite(node.args[0], True)
    return _tangent(node, tangents, extra, zeros, silences), inside(together(live))


@GATED_VJP.rule(RECURRENCE)
def _gated_cotangents(node: Node, ct: Node, extra: Shape, zeros: Zeros) -> Sequence[Found]:
    return [(v, inside(zeros) if v is not None else None) for v in _cotangents(node, ct, extra, True)]


@REPEATED.rule(RECURRENCE)
def _repeated(series: Series, node: Node, order: int) -> Derivative | None:
    """Leibniz' rule for the product of a and the elements before."""
    a, b = node.args
    axis, silences = Along.of(node)
    if silences:
        return None
    active = series.is_active(a)
    needs = [(b, order), *((n, k) for j in range(1, order + 1) for n, k in ((a, j), (node, order - j)) if active)]

    def made() -> Node:
        terms = [(1.0, series.of(b, order))]
        for j in range(1, order + 1) if active else ():
            product = times(series.of(a, j), shifted(series.of(node, order - j), axis), node.shape)
            terms.append((float(math.comb(order, j)), product))
        return recurrence(a, linear(terms, 0.0, node.shape), axis)

    return Derivative(needs, made)


@REACH.rule(RECURRENCE)
def _reached(node: Node, mask: np.ndarray) -> Sequence[np.ndarray | None]:
    axis = Along.of(node).axis
    later = np.flip(np.logical_or.accumulate(np.flip(mask, axis), axis=axis), axis)
    first = np.arange(node.shape[axis]).reshape([-1 if k == axis else 1 for k in range(node.ndim)]) == 0
    return [later & ~first, later]


@LINKS.rule(RECURRENCE)
def _links(node: Node, k: int) -> Links:
    """An element depends on all earlier ones of its line, by doubling: on one before it, on two, on four, ..."""
    axis = Along.of(node).axis
    number = np.moveaxis(positions(node.shape), axis, 0)
    later = number[1:].ravel()
    steps = [Link(later, later, node.size)] if k == 0 else []  # the first factor has no effect
    width = 1
    while width < node.shape[axis]:
        into = np.concatenate([number.ravel(), number[:-width].ravel()])
        steps.append(Link(into, np.concatenate([number.ravel(), number[width:].ravel()]), node.size))
        width *= 2
    return steps


# ---------------------------------------------------------------- values


@EVALUATE.rule(RECURRENCE)
def _evaluated(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    axis, silences = Along.of(node)
    a, b = batched(values, node.args)
    if is_running_sum(node):
        return np.asarray(np.cumsum(b, axis=axis - node.ndim, dtype=b.dtype))
    return computed(a, b, axis - node.ndim, silences)


@COUNT.rule(RECURRENCE)
def _operations(node: Node) -> int:
    steps = node.size - node.size // node.shape[Along.of(node).axis]
    return steps if is_running_sum(node) else 2 * steps


@ELEMENT.rule(RECURRENCE)
def _element(node: Node, index: tuple[int, ...], get: Get) -> Node:
    axis, silences = Along.of(node)
    a, b = node.args
    own = get(b, index)
    if index[axis] == 0:
        return own
    before = get(node, (*index[:axis], index[axis] - 1, *index[axis + 1 :]))
    if is_running_sum(node):
        return linear([(1.0, before), (1.0, own)])
    factor = get(a, index)
    return linear([(1.0, gate(before, factor) if silences else times(before, factor, ())), (1.0, own)])


@EXPANSION.rule(RECURRENCE)
def _expanded(node: Node) -> Expansion:
    n = node.shape[Along.of(node).axis]
    return Expansion(2 * n - 2, (n, n), n)


# ---------------------------------------------------------------- printing


def _call(node: Node, a: str, b: str) -> str:
    axis, silences = Along.of(node)
    if is_running_sum(node):
        return f"cumsum({b}, {axis})"
    if is_running_product(node):
        return f"cumprod({a}, {axis})"
    return f"linear_recurrence({a}, {b}, {axis}{', silences=True' if silences else ''})"


@TEXT.rule(RECURRENCE)
def _text(plan: Plan, node: Node, place: Node) -> Rendered:
    a, b = (plan.get(n).text for n in node.args)
    return text_by_name(plan, node, place)._replace(text=_call(node, a, b))


@PYTHON.rule(RECURRENCE)
def _python(code: Script, node: Node) -> str:
    return "eg." + _call(node, *map(code.text.__getitem__, node.args))


@LATEX.rule(RECURRENCE)
def _latex(plan: Plan, node: Node, place: Node) -> Rendered:
    shown = latex_by_name(plan, node, place)
    if is_running_sum(node) or is_running_product(node):
        name, of = ("cumsum", node.args[1]) if is_running_sum(node) else ("cumprod", node.args[0])
        return shown._replace(text=rf"\operatorname{{{name}}}\left( {plan.get(of).text} \right)")
    return shown


__all__ = ["shifted", "spread"]
