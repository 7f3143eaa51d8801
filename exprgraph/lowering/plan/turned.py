"""Operands of products in another order, copied once for all samples.

A product with rows of neighbours is quicker than inner products.  ``x @ W.T`` has no such rows, as its last axis is the first one of W.
If W is equal for all samples, which are computed one by one, a copy of ``W.T`` costs little.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ...canonical.contract import contract, is_structural
from ...functions.gated import summed_gate
from ...graph.node import Node, make
from ...graph.primitive import CONSTANT, CONTRACT, SAMPLE_COUNT, Primitive
from ...graph.views import Contraction
from .access import Location, is_round, through_views, variable

#: for generated code only: a value in another order of its axes
TURNED = Primitive("copied in another order")
#: the most numbers of a copy
MOST = 1 << 20


class Turned(NamedTuple):
    """A contraction of a copy, the copy, and the view that is copied."""

    product: Node
    copy: Node
    view: Node


def with_rows(node: Node, location: Callable[[Node], Location], is_stored: Callable[[Node], bool]) -> Turned | None:
    """A contraction of a copy; None if a copy gives no rows of neighbours.

    ``location`` is where stored values lie.
    """
    last = node.ndim - 1
    if node.op is not CONTRACT or last < 0 or len(node.args) != 2 or is_structural(node) or summed_gate(node) is not None:
        return None
    labels, sizes = Contraction.of(node)
    if len(sizes) != node.ndim + 1:
        return None
    for k, (arg, own) in enumerate(zip(node.args, labels)):
        if last in own and last not in labels[1 - k] and len(set(own)) == len(own) and arg.size <= MOST:
            found = through_views(arg, tuple(variable(f"i{label}") for label in own))
            if found.node is None or found.equal or found.node.op in (CONSTANT, SAMPLE_COUNT) or not is_stored(found.node):
                continue
            place = location(found.node)
            terms = dict(place.at(found.at).terms)
            if place.buffer == "w" or terms.get(f"i{last}") == 1 or any(map(is_round, terms)):
                continue
            order = [*(label for label in own if label != last), last]
            view = contract([(arg, list(own))], order)
            copy = make(TURNED, (view,), (), view.shape)
            args, both = list(node.args), list(labels)
            args[k], both[k] = copy, tuple(order)
            return Turned(make(CONTRACT, tuple(args), (tuple(both), sizes), node.shape), copy, view)
    return None


__all__ = ["TURNED", "Turned", "with_rows"]
