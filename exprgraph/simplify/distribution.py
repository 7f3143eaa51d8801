"""Products of sums multiplied out, and common factors collected: rules of ``simplify``."""

from __future__ import annotations

from collections import Counter

from ..canonical.arithmetic import linear, product
from ..canonical.written import split_coefficient
from ..graph.node import Node
from ..graph.primitive import PRODUCT, SUM
from ..graph.views import Linear

#: a product of sums is multiplied out into at most this many terms
MOST_TERMS = 64

_Factors = list[tuple[Node, float]]


def factors_of(term: Node) -> _Factors:
    """A term as bases and exponents."""
    return list(zip(term.args, term.params)) if term.op is PRODUCT else [(term, 1.0)]


def _terms_of(node: Node) -> list[tuple[float, Node | None]]:
    """The terms of a sum as (coefficient, node); a constant has no node."""
    const, coefficients = Linear.of(node)
    constant: list[tuple[float, Node | None]] = [(const, None)] if const else []
    return [*constant, *zip(coefficients, node.args)]


def expanded(node: Node) -> Node | None:
    """``(a + b)*c`` as ``a*c + b*c``; also integer powers of sums, if there are few terms."""
    if node.op is not PRODUCT:
        return None
    rest: _Factors = []
    sums: list[list[tuple[float, Node | None]]] = []
    terms = 1
    for base, e in zip(node.args, node.params):
        if base.op is SUM and base.shape == node.shape and e > 0 and e == int(e) and terms * len(_terms_of(base)) ** int(e) <= MOST_TERMS:
            sums += [_terms_of(base)] * int(e)
            terms *= len(_terms_of(base)) ** int(e)
        else:
            rest.append((base, e))
    if not sums or terms == 1:
        return None
    parts: list[tuple[float, _Factors]] = [(1.0, rest)]
    for one in sums:
        parts = [(c * k, factors if n is None else [*factors, (n, 1.0)]) for c, factors in parts for k, n in one]
    return linear([(c, product(factors, 1.0, node.shape)) for c, factors in parts], 0.0, node.shape)


def collected(node: Node) -> Node | None:
    """``x*y + x*z`` as ``x*(y + z)``: the factor that most terms share, taken out of them."""
    if node.op is not SUM or len(node.args) < 2:
        return None
    const, coefficients = Linear.of(node)
    split = [factors_of(a) for a in node.args]
    shared = Counter(base for factors in split for base, e in factors if e >= 1.0 and base.shape == node.shape)
    if not shared:
        return None
    base, count = min(shared.items(), key=lambda item: (-item[1], item[0].digest))
    if count < 2:
        return None
    inside: list[tuple[float, Node]] = []
    outside: list[tuple[float, Node]] = []
    for c, a, factors in zip(coefficients, node.args, split):
        k = next((k for k, (b, e) in enumerate(factors) if b is base and e >= 1.0), None)
        if k is None:
            outside.append((c, a))
        else:
            left = [*factors[:k], (base, factors[k][1] - 1.0), *factors[k + 1 :]]
            inside.append((c, product(left, 1.0, node.shape)))
    factor, total = split_coefficient(linear(inside, 0.0, node.shape))
    return linear([*outside, (factor, product([(base, 1.0), (total, 1.0)], 1.0, node.shape))], const, node.shape)
