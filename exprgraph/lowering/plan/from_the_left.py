"""A graph as the compiler gets it if the interpreter computes it, too, so that both give equal bits.

Sums and products have two operands.  The plan orders operands by their kind, to find equal kernels; that changes no bit of a sum of
two, but of a sum of three.  Here and in the interpreter, terms are added, and factors multiplied, by their coefficients and exponents,
then by what follows from the graph (`operand_order`): so equal pieces of a graph stay equal, and can become a loop.  Only derivatives
and sums without an order have so many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...graph.column import Column
from ...graph.node import Node, make
from ...graph.numbered import Numbered
from ...graph.primitive import CONTRACT, PRODUCT, SUM
from ...graph.traverse import of_arguments
from ...graph.views import Linear
from .few_terms import summed_axis
from .movement import view
from .narrow import added
from .operand_order import OperandOrder

#: ``(node, positions)``: a node in steps of two operands, taken in this order, without changes by canonical forms
IN_STEPS: Column[Callable[[Node, Sequence[int]], Node]] = Column(
    "in_steps", "the value in sums and products of two operands, from left to right", __name__, otherwise="it stays as it is"
)


def from_the_left(roots: Sequence[Node]) -> list[Node]:
    """The same values in sums of at most two terms, a number among them, and in products and quotients of at most two factors."""
    graph = Numbered(roots)
    image: dict[Node, Node] = {}
    taken = OperandOrder(graph)
    for node in graph.nodes:
        made = of_arguments(node, tuple(image[a] for a in node.args))
        rule = IN_STEPS.find(node.op)
        image[node] = made if rule is None else rule(made, taken.positions(node))
    return [image[r] for r in roots]


@IN_STEPS.rule(SUM)
def _sum(node: Node, positions: Sequence[int]) -> Node:
    constant, numbers = Linear.of(node)
    if len(node.args) + bool(constant) <= 2:
        return node
    terms = [(numbers[k], node.args[k]) for k in positions]
    first = 1 if constant else 2
    coefficients = tuple(c for c, _ in terms[:first])
    so_far = make(node.op, tuple(a for _, a in terms[:first]), Linear(constant, coefficients), node.shape)
    for c, a in terms[first:]:
        so_far = make(node.op, (so_far, a), Linear(0.0, (1.0, c)), node.shape)
    return so_far


@IN_STEPS.rule(CONTRACT)
def _few(node: Node, positions: Sequence[int]) -> Node:
    """A sum of a few elements along an axis."""
    axis = summed_axis(node)
    if axis is None:
        return node
    (arg,) = node.args
    return added([view(arg, tuple(k if i == axis else None for i in range(arg.ndim))) for k in range(arg.shape[axis])])


@IN_STEPS.rule(PRODUCT)
def _product(node: Node, positions: Sequence[int]) -> Node:
    factors = [(node.params[k], node.args[k]) for k in positions]
    above = [(a, e) for e, a in factors if e > 0]
    below = [(a, -e) for e, a in factors if not e > 0]
    if len(above) <= 2 and len(below) <= 2:
        return node
    parts = [(_in_steps(x, node), sign) for x, sign in ((above, 1.0), (below, -1.0)) if x]
    if len(parts) == 1 and parts[0][1] == 1.0:
        return parts[0][0]
    return make(node.op, tuple(n for n, _ in parts), tuple(sign for _, sign in parts), node.shape)


def _in_steps(factors: Sequence[tuple[Node, float]], node: Node) -> Node:
    """A product of powers from left to right."""
    if len(factors) == 1 and factors[0][1] == 1.0:
        return factors[0][0]
    so_far = _multiplied(factors[:2], node)
    for factor in factors[2:]:
        so_far = _multiplied([(so_far, 1.0), factor], node)
    return so_far


def _multiplied(factors: Sequence[tuple[Node, float]], node: Node) -> Node:
    """A step, as the graph may have it, too: operands are sorted by their digests."""
    operands, exponents = zip(*sorted(factors, key=lambda f: (f[0].digest, f[1])))
    return make(node.op, operands, exponents, node.shape)


__all__ = ["from_the_left"]
