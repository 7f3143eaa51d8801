"""Even powers of roots: the square of a norm is the sum of squares, with its derivatives at 0.

``norm(v)**2``, ``hypot(x, y)**2``, ``abs(x)**2`` and ``sqrt(x*x + y*y)**2`` become their radicands.  Both differ by at most two
units in the last place, and overflow or vanish together.  ``sqrt(x)**2`` stays: it has no value below 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import permutations
from typing import Union

from ..graph.column import Column
from ..graph.leaves import constant, number
from ..graph.node import Node
from ..graph.primitive import CONSTANT, CONTRACT, PRODUCT, RESHAPE, SAMPLE_SUM, SELECT, STACK, SUM
from ..graph.properties import Answer, Property
from ..graph.traverse import rebuild
from ..graph.views import Contraction, Linear

#: the most nodes to look at
_MOST = 256
#: coefficients whose powers are far from overflow and underflow
_MODERATE = (1e-60, 1e60)

Factor = tuple[Node, float]
#: the square of a node, or None if it is not simpler
SQUARE: Column[Callable[[Node], Union[Node, None]]] = Column(
    "square", "the square of a root: its radicand", __name__, otherwise="its square is a power of it"
)


def without_roots(factors: Iterable[Factor]) -> Sequence[Factor]:
    """The factors of a product, with even powers of roots as powers of the radicands."""
    given = list(factors)
    for base, e in given:
        if e > 0.0 and is_root(_split(base)[1]):
            break
    else:
        return given
    found = [(base, e, *_split(base)) for base, e in given if e > 0.0 and e == int(e)]
    exponents: dict[Node, float] = {}
    for _, e, _, root in found:
        exponents[root] = exponents.get(root, 0.0) + e
    below = {root: squared(root) for root, e in exponents.items() if e % 2.0 == 0.0 and is_root(root)}
    if all(s is None for s in below.values()):
        return given
    out = [(base, e) for base, e in given if below.get(_split(base)[1]) is None or e <= 0.0 or e != int(e)]
    for _, e, c, root in found:
        if below.get(root) is not None and c != 1.0:
            out.append((constant(c), e))
    out += [(s, exponents[root] / 2.0) for root, s in below.items() if s is not None]
    return out


def _split(base: Node) -> tuple[float, Node]:
    """A node as a moderate number and a factor."""
    op = base.op
    if op is SUM and len(base.args) == 1 and Linear.of(base).constant == 0.0 and base.args[0].shape == base.shape:
        c = Linear.of(base).coefficients[0]
        if _MODERATE[0] < abs(c) < _MODERATE[1]:
            return c, base.args[0]
    if op is PRODUCT and len(base.args) == 2 and base.params[0] * base.params[1] in (1.0, -1.0):
        for (n, e), (root, one) in permutations(zip(base.args, base.params)):
            value = number(n)
            if value is not None and one == 1.0 and root.shape == base.shape and _MODERATE[0] < abs(value) < _MODERATE[1]:
                return value**e, root
    return 1.0, base


def _moved(node: Node) -> list[Node]:
    """The selections, reshapes and broadcasts down to another node, and that node last."""
    path = [node]
    while path[-1].op in (SELECT, RESHAPE) or _repeats(path[-1]):
        path.append(path[-1].args[0])
    return path


def _repeats(node: Node) -> bool:
    """Whether a contraction only broadcasts and permutes its operand."""
    if node.op is not CONTRACT or len(node.args) > 1:
        return False
    (labels,) = Contraction.of(node).labels
    return len(set(labels)) == len(labels) and all(k < node.ndim for k in labels)


def is_root(node: Node) -> bool:
    """Whether a node may be a root, possibly selected or reshaped; called for every factor of every product."""
    op = node.op
    if op is PRODUCT:
        return len(node.args) == 1 and node.params[0] * 2.0 % 2.0 == 1.0
    if op is not SELECT and op is not RESHAPE and op is not CONTRACT:
        return SQUARE.find(op) is not None
    if op is SELECT and node.args[0].op.leaf:
        return False
    return SQUARE.find(_moved(node)[-1].op) is not None


def squared(node: Node) -> Node | None:
    """The radicand of a root, also of one that is selected or reshaped; None for other nodes."""
    *movements, root = _moved(node)
    square = SQUARE.find(root.op)
    result = square(root) if square is not None else None
    for m in reversed(movements):
        result = rebuild(m, (result,)) if result is not None else None
    return result


#: shown by structure: even powers, and sums and multiples of such nodes
NON_NEGATIVE = Property("non_negative", "whether no element is negative", __name__)
NON_NEGATIVE.fill(lambda node: node.params[0] >= 0.0, CONSTANT)
NON_NEGATIVE.fill(lambda node: [a for a, e in zip(node.args, node.params) if e % 2.0 != 0.0], PRODUCT)
NON_NEGATIVE.fill(lambda node: node.args, SELECT, RESHAPE, STACK, SAMPLE_SUM)


@NON_NEGATIVE.rule(SUM)
def _no_term_is_subtracted(node: Node) -> Answer:
    const, coefficients = Linear.of(node)
    return False if const < 0.0 or any(c < 0.0 for c in coefficients) else node.args


def is_sum_of_squares(node: Node) -> bool:
    """Whether the structure of a node shows that it cannot be negative: sums of even powers, and their multiples."""
    return NON_NEGATIVE.holds(node, _MOST)


@NON_NEGATIVE.rule(CONTRACT)
def _unpaired(node: Node) -> list[Node]:
    """The operands of a contraction that are not squared in it."""
    left: dict[tuple[Node, object], Node] = {}
    for operand in zip(node.args, Contraction.of(node).labels):
        if left.pop(operand, None) is None:
            left[operand] = operand[0]
    return list(left.values())


__all__ = ["NON_NEGATIVE", "SQUARE", "is_sum_of_squares", "squared", "without_roots"]
