"""Wide sums and products as chains of narrow ones.

This bounds statements of generated code and the depth of expressions for any number of terms, and nests, which hold a
bounded number of operations, become functions of bounded size.  Terms are still added from left to right, and
numerators divided by denominators once, so no result changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...canonical.contract import contract
from ...graph.column import Column
from ...graph.node import Node, make
from ...graph.primitive import CONTRACT, PRODUCT, SUM
from ...graph.views import Contraction, Linear

#: operands of one sum or product
WIDTH = 64
#: a wide node as a chain of narrow ones
NARROWED: Column[Callable[[Node], Node]] = Column(
    "narrowed", "a node of many operands as a chain of nodes of few", __name__, otherwise="it has few operands"
)


def narrowed(node: Node) -> Node:
    """The node as a chain of nodes of at most ``WIDTH`` operands."""
    if len(node.args) <= WIDTH:
        return node
    rule = NARROWED.find(node.op)
    return node if rule is None else rule(node)


def added(terms: Sequence[Node]) -> Node:
    """Values of one shape, added one after another, whatever canonical forms would make of them."""
    so_far = terms[0]
    for term in terms[1:]:
        so_far = make(SUM, (so_far, term), Linear(0.0, (1.0, 1.0)), term.shape)
    return so_far


@NARROWED.rule(SUM)
def _sum(node: Node) -> Node:
    const, coefficients = Linear.of(node)
    at = WIDTH
    total = make(SUM, node.args[:at], Linear(const, tuple(coefficients[:at])), node.shape)
    while at < len(node.args):
        more = slice(at, at + WIDTH - 1)
        total = make(SUM, (total, *node.args[more]), Linear(0.0, (1.0, *coefficients[more])), node.shape)
        at += WIDTH - 1
    return total


def _product(node: Node, factors: Sequence[tuple[Node, float]]) -> Node:
    if len(factors) == 1 and factors[0][1] == 1.0 and factors[0][0].shape == node.shape:
        return factors[0][0]
    live = list(factors[:WIDTH])
    at = WIDTH
    while True:
        whole = make(PRODUCT, tuple(a for a, _ in live), tuple(e for _, e in live), node.shape)
        if at >= len(factors):
            return whole
        live = [(whole, 1.0), *factors[at : at + WIDTH - 1]]
        at += WIDTH - 1


@NARROWED.rule(PRODUCT)
def _quotient(node: Node) -> Node:
    above = [(a, e) for a, e in zip(node.args, node.params) if e > 0]
    below = [(a, -e) for a, e in zip(node.args, node.params) if not e > 0]
    parts = [(_product(node, above), 1.0)] if above else []
    if below:
        parts.append((_product(node, below), -1.0))
    return _product(node, parts)


@NARROWED.rule(CONTRACT)
def _outer(node: Node) -> Node:
    """Products along different axes."""
    labels, sizes = Contraction.of(node)
    if len(sizes) > node.ndim:
        return node
    live = [(a, list(ks)) for a, ks in zip(node.args, labels)]
    while len(live) > WIDTH:
        first = live[:WIDTH]
        kept = sorted(set().union(*(ks for _, ks in first)))
        live = [(contract(first, kept), kept), *live[WIDTH:]]
    return contract(live, range(len(node.shape)), dict(enumerate(sizes)))


__all__ = ["WIDTH", "added", "narrowed"]
