"""Push-down of sums over axes and of diagonals into sums, products and selections.

A map is pushed into a sum only if no term grows, and only in derivatives.  A diagonal is always pushed down.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..graph.node import Node, Shape
from ..graph.primitive import PRODUCT, SELECT, SUM
from ..graph.views import Linear
from ..support.unwinding import each
from .arithmetic import linear, product
from .contract import contract, mapped
from .grouping import kept_nodes
from .index_maps import ABSORBS, MOVED_IN, IndexMap
from .select import select
from .written import spread


@MOVED_IN.rule(SUM)
def _into_a_sum(node: Node, along: IndexMap) -> Node | None:
    # in the written form, sum(a - b) stays the sum of the differences
    into_sums = along.diagonal or kept_nodes() is not None
    const, coefficients = Linear.of(node)
    if along.summed and not (into_sums and all(map(_absorbs, node.args))):
        return with_diagonals(node, along, lambda args, shape: linear(zip(coefficients, args), const, shape))
    times = 1.0
    for k, n in along.sizes.items():
        if k < 0:
            times *= n
    parts = each(lambda a: mapped(along, a) if a.shape else spread(a, along.shape), node.args)
    terms = [(c if a.shape else c * times, part) for c, a, part in zip(coefficients, node.args, parts)]
    return linear(terms, const * times, along.shape)


def _absorbs(term: Node) -> bool:
    """Whether a sum over one of its axes makes this term no larger."""
    return all(map(_takes_sums, term.args)) if term.op is SUM else _takes_sums(term)


def _takes_sums(term: Node) -> bool:
    if not term.shape:
        return True
    rule = ABSORBS.find(term.op)
    return rule is not None and rule(term)


@MOVED_IN.rule(PRODUCT)
def _into_a_product(node: Node, along: IndexMap) -> Node | None:
    return with_diagonals(node, along, lambda args, shape: product(zip(args, node.params), 1.0, shape))


def with_diagonals(node: Node, along: IndexMap, made: Callable[[tuple[Node, ...], Shape], Node]) -> Node | None:
    """The diagonal inside of an elementwise operation, a sum over axes outside; ``made`` applies the operation to arguments."""
    if not along.diagonal:
        return None
    joined = list(dict.fromkeys(along.labels))
    args = tuple(contract([(a, along.labels)], joined) if a.shape else a for a in node.args)
    part = made(args, tuple(along.sizes[k] for k in joined))
    return contract([(part, joined)], along.kept) if along.summed else part


@MOVED_IN.rule(SELECT)
def _past_selection(node: Node, along: IndexMap) -> Node | None:
    """The map before the selection, if it concerns axes that are selected whole."""
    if not along.summed:  # a bare diagonal stays outside: selections are pushed into it
        return None
    (arg,) = node.args
    labels: list[int] = []
    entries: dict[int, Any] = {}
    rest = iter(along.labels)
    fresh = len(along.kept)
    for e in node.params:
        if isinstance(e, int):
            labels.append(fresh)
            entries[fresh] = e
            fresh += 1
        else:
            k = next(rest)
            if e is not None and (k < 0 or along.labels.count(k) > 1):
                return None
            labels.append(k)
            if e is not None:
                entries[k] = e
    inner = contract([(arg, labels)], range(fresh))
    return select(inner, tuple(entries.get(k) for k in range(fresh)))


__all__ = ["with_diagonals"]
