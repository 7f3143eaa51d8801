"""A product of scalars in a derivative whose factors do not meet, at once.

The same node as :func:`exprgraph.canonical.arithmetic.product` makes by all rules while derivatives are regrouped: numbers are
multiplied, nested products opened, and whole powers of one base collected.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from ..graph.node import Node, make
from ..graph.primitive import ARRAY, CONSTANT, CONTRACT, PRODUCT, SUM
from ..graph.sharing import POWERS
from .multiples import is_collected, is_multiple, lost, number_times
from .squares import is_root

#: A nested sum or product is merged into the outer one up to this many operands.  Without a bound
#: a chain x1 + x2 + x3 + ... would copy all its terms at each step.
FLATTEN_LIMIT = 32


def product_of_distinct(factors: Sequence[tuple[Node, float]], coefficient: float, kept: Set[Node]) -> Node | None:
    """``coefficient * product of base ** exponent`` of scalars, or ``None`` if it takes other rules.

    ``kept`` has the nodes of the differentiated expression, which are not taken apart.
    """
    found: dict[Node, float] = {}
    roots: set[Node] = set()
    room = FLATTEN_LIMIT - len(factors)
    for base, e in factors:
        if e == 0.0:
            continue
        op = base.op
        if op is SUM and is_multiple(base):
            k, rest = base.params[1][0], base.args[0]
            if e != 1.0 or lost(coefficient * k, coefficient, k) or (rest.op is SUM and is_multiple(rest)):
                return None
            if is_root(rest):
                if rest in roots:
                    return None
                roots.add(rest)
            if k == -1.0 or not (base in kept or (rest.per_sample and rest.op is SUM and rest in kept)):
                coefficient, base, op = coefficient * k, rest, rest.op
        elif e > 0.0 and is_root(base):
            if e != 1.0 or base in roots:
                return None
            roots.add(base)
        if op is PRODUCT:
            if e == 1.0 and (base not in kept or not is_quotient(base)):
                room -= len(base.args) - 1
                if room < 0 or not is_collected(base, kept):
                    return None
                for b, k in zip(base.args, base.params):
                    if b in found and not _add_up(found[b], k):
                        return None
                    found[b] = found.get(b, 0.0) + k
                continue
            if len(base.args) == 1 or any([a.op is CONSTANT for a in base.args]):
                return None
        elif op is CONSTANT and e == 1.0:
            coefficient *= base.params[0]
            continue
        elif op is CONSTANT or op is ARRAY or op is CONTRACT:
            return None
        if base in found and not _add_up(found[base], e):
            return None
        found[base] = found.get(base, 0.0) + e
    if not found or coefficient == 0.0 or coefficient != coefficient:
        return None
    return _times(coefficient, found, kept)


def _times(coefficient: float, powers: dict[Node, float], kept: Set[Node]) -> Node | None:
    """The node of a number and final powers."""
    if len(powers) == 1:
        ((base, e),) = powers.items()
        node = base if e == 1.0 else make(PRODUCT, (base,), POWERS[(e,)], ())
    else:
        live = sorted(powers.items(), key=_digest)
        node = make(PRODUCT, tuple([b for b, _ in live]), POWERS[tuple([e for _, e in live])], ())
    return node if coefficient == 1.0 else number_times(coefficient, node, kept, factors=False)


def _digest(power: tuple[Node, float]) -> bytes:
    return power[0].digest


def _add_up(e: float, k: float) -> bool:
    """Whether two powers of one base are one: whole and positive."""
    return e > 0.0 and k > 0.0 and e % 1.0 == k % 1.0 == 0.0


def is_quotient(node: Node) -> bool:
    """Whether a product has a denominator: a/m may be finite where a*b and m*m are not."""
    return sorted(node.params) == [-1.0, 1.0]


__all__ = ["FLATTEN_LIMIT", "is_quotient", "product_of_distinct"]
