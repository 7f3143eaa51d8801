"""What the results of a loop depend on: patterns of the states, carried from round to round."""

from __future__ import annotations

import numpy as np

from ..calculus.links import LINKS, Link, Links
from ..calculus.patterns import patterns
from ..graph.node import Node
from ..support.patterns import Pattern, stacked
from .body import SCAN, Recurrence
from .evaluate import rounds


@LINKS.rule(SCAN)
def _links(node: Node, k: int) -> Links:
    """The pattern of all results by the elements of one operand."""
    loop = Recurrence.of(node)
    body, operand = loop.body, loop.operands[k]
    width, carried = operand.size, {s: Pattern.empty(s.size, operand.size) for s in body.carry}
    symbol = body.symbols[k]
    seeds: dict[Node, Pattern] = {}
    if symbol in body.carry:
        carried[symbol] = Pattern.diagonal(width, width)
    elif symbol in body.given:
        seeds = {symbol: Pattern.diagonal(width, width)}
    listed: list[list[Pattern]] = [[Pattern.empty(0, width)] * loop.length for _ in body.gives]
    for t in rounds(loop):
        if symbol in body.over:
            entry = np.arange(t * symbol.size, (t + 1) * symbol.size)
            seeds = {symbol: Pattern(np.arange(symbol.size + 1), entry, width)}
        results = patterns(body.results, {**carried, **seeds}, width)
        carried = dict(zip(body.carry, results))
        for given, found in zip(listed, results[len(carried) :]):
            given[t] = found
    whole = stacked([*carried.values(), *(p for given in listed for p in given)])
    return [Link(whole.columns, whole.rows, node.size)]


__all__: list[str] = []
