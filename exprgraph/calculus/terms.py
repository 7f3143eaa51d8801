"""Derivatives of scalars on their way: numbers times products, and sums of these, which become nodes where somebody needs them.

A sweep multiplies partial derivatives one after another, and adds most of its sums to others.  A node for each step would be made, and
thrown away as soon as the next step merges it.  Here a product is a table of powers, and a sum is a list, until the value is a factor, a
term or a result.  The node is then the one that ``product`` and ``linear`` make; but a sum that several others read is not merged into
each of them, so that it is added up once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Union

from ..canonical.arithmetic import linear, product
from ..canonical.most_common import (
    FLATTEN_LIMIT,
    SMALL_SUM,
    cancelling_parts,
    is_base,
    is_one_factor,
    is_plain_term,
    is_term,
    number_times,
    powers_of,
    product_of_powers,
    sum_of_terms,
)
from ..canonical.written import multiple, split_coefficient
from ..graph.leaves import constant, number
from ..graph.node import Node
from ..support.values import TINY
from .rules import coefficients_of, other_factor, partial, partial_factors
from .scaling import scalar_multiple


class Product:
    """A product of powers of scalars, and its node once there is one; without powers, a node that takes all rules."""

    __slots__ = ("node", "powers")

    def __init__(self, powers: dict[Node, float], node: Node | None = None) -> None:
        self.powers = powers
        self.node = node


#: a number times a product
Term = tuple[float, Product]
#: a derivative on its way: a term, or a sum of terms that has one reader, who may add to it
Value = Union[Term, list[Term]]
#: the product of nothing: its terms are numbers
NOTHING = Product({})
ONE: Term = (1.0, NOTHING)
ZERO: Term = (0.0, NOTHING)


def alone(node: Node) -> Term:
    """A node that stays one factor."""
    return 1.0, Product({node: 1.0}, node)


class Terms:
    """The arithmetic of one derivative, with the nodes that it keeps (:mod:`exprgraph.canonical.grouping`)."""

    def __init__(self, kept: Set[Node]) -> None:
        self.kept = kept
        self.factors: dict[Node, Term] = {}
        #: sums made here, which are terms of others as they are
        self.sums: set[Node] = set()

    # ------------------------------------------------------------ from nodes and back

    def of(self, node: Node) -> Term:
        """A node as a factor: its number, and the powers of a product that may be merged into another."""
        found = self.factors.get(node)
        if found is None:
            found = self.factors[node] = self._opened(node)
        return found

    def _opened(self, node: Node) -> Term:
        value = number(node)
        if value is not None:
            return value, NOTHING
        k, rest = split_coefficient(node)
        if k != 1.0:
            if split_coefficient(rest)[0] != 1.0:
                return self._by_rules(node)
            if is_one_factor(k, node, rest, self.kept):
                return alone(node)
            d, m = self.of(rest)
            return (k * d, m) if TINY <= abs(k * d) < math.inf else alone(node)
        powers = powers_of(node, self.kept)
        return (1.0, Product(powers, node)) if powers is not None else self._by_rules(node)

    def _by_rules(self, node: Node) -> Term:
        self.factors[node] = itself = 1.0, Product({}, node)
        whole = product([(node, 1.0)])
        return itself if whole is node else self.of(whole)

    def made(self, m: Product) -> Node:
        """The node of a product."""
        if m.node is None:
            m.node = product_of_powers(m.powers, ())
        return m.node

    def node(self, value: Value) -> Node:
        """The node of a derivative."""
        c, m = self.total(value)
        if m is NOTHING:
            return constant(c)
        made = self.made(m) if m.node is None else m.node
        if c == 1.0:
            return made
        if len(m.powers) > 1 or made in self.sums:
            return multiple(c, made)
        quick = number_times(c, made, self.kept, factors=False)
        return linear([(c, made)]) if quick is None else quick

    # ------------------------------------------------------------ products

    def times(self, a: Term, b: Term) -> Term:
        """The product of two terms."""
        c, p = a
        d, q = b
        k = c * d
        if not TINY <= abs(k) < math.inf:
            return ZERO if c == 0.0 or d == 0.0 else self._times_by_rules(a, b)
        if q is NOTHING:
            return k, p
        if p is NOTHING:
            return k, q
        powers, fewer = (p.powers.copy(), q.powers) if len(p.powers) > len(q.powers) else (q.powers.copy(), p.powers)
        if not fewer:
            return self._times_by_rules(a, b)
        for base, e in fewer.items():
            f = powers.get(base)
            if f is not None:
                if (e < 0.0) != (f < 0.0) or e % 1.0 or f % 1.0 or not is_base(base):
                    return self._times_by_rules(a, b)
                e += f
            powers[base] = e
        if len(powers) > FLATTEN_LIMIT:
            return self._times_by_rules(a, b)
        return k, self._of_two(powers) if len(powers) == 2 else Product(powers)

    def _of_two(self, powers: dict[Node, float]) -> Product:
        """The product of two powers; a quotient of the differentiated expression stays one factor."""
        m = Product(powers)
        e, f = powers.values()
        if e + f == 0.0 and e * f == -1.0:
            node = self.made(m)
            if node in self.kept:
                m.powers = {node: 1.0}
        return m

    def _times_by_rules(self, a: Term, b: Term) -> Term:
        return self.of(product([(self.node(a), 1.0), (self.node(b), 1.0)]))

    def partial(self, node: Node, k: int) -> Term | None:
        """The derivative of a product or a function by an argument; ``None`` is zero."""
        other = other_factor(node, k)
        if other is not None:
            return self.of(other)
        found = partial_factors(node, k)
        if found is None:
            p = partial(node, k)
            return None if p is None else self.of(p)
        factors, c = found
        made: Term = c, NOTHING
        for base, e in factors:
            if e == 1.0:
                made = self.times(made, self.of(base))
            elif is_base(base):
                made = self.times(made, (1.0, Product({base: e})))
            else:
                return self.of(product(factors, c))
        return made

    # ------------------------------------------------------------ sums

    def scaled(self, c: float, value: Value) -> Value:
        """A number times a derivative."""
        if isinstance(value, tuple):
            k = c * value[0]
            return (k, value[1]) if TINY <= abs(k) < math.inf else self.times((c, NOTHING), value)
        if c == 1.0:
            return value
        if len(value) > SMALL_SUM:  # a chain of multiples of sums would multiply all terms again and again
            return self.times((c, NOTHING), self.total(value))
        return [self.times((c, NOTHING), t) for t in value]

    def plus(self, a: Value, b: Value) -> list[Term]:
        """The sum of two derivatives, whose terms are moved to it."""
        if isinstance(a, tuple):
            if isinstance(b, tuple):
                return [a, b]
            a, b = b, a
        elif isinstance(b, list) and len(a) < len(b):
            a, b = b, a
        if isinstance(b, tuple):
            a.append(b)
        else:
            a += b
        return a

    def total(self, value: Value) -> Term:
        """A derivative as one term, which may have many readers."""
        return value if isinstance(value, tuple) else self._total(value)

    def _total(self, terms: Iterable[Term]) -> Term:
        const = 0.0
        coefficients: dict[Node, float] = {}
        kept: list[Node] = []  # sums of the differentiated expression
        whole: list[Node] = []  # sums made here
        for c, m in terms:
            if m is NOTHING:
                const += c
                continue
            node = self.made(m) if m.node is None else m.node
            if node in self.sums:
                if node not in coefficients:
                    whole.append(node)
            elif len(m.powers) < 2 and not is_plain_term(node):
                k, node = split_coefficient(node)
                c *= k
                if not is_plain_term(node):
                    if node not in self.kept or not is_base(node):
                        return self._total_by_rules(terms)
                    if node not in coefficients:
                        kept.append(node)
                if not TINY <= abs(c) < math.inf:
                    return self._total_by_rules(terms)
            before = coefficients.get(node)
            if before is not None:
                c += before
                if not TINY <= abs(c) < math.inf:
                    if c != 0.0:
                        return self._total_by_rules(terms)
                    del coefficients[node]
                    continue
            coefficients[node] = c
        if (whole and len(coefficients) > 1 and _may_cancel(whole, coefficients)) or (len(kept) > 1 and _cancel(kept, coefficients)):
            return self._total_by_rules(terms)
        if len(coefficients) < 2:
            if not coefficients:
                return const, NOTHING
            if const == 0.0:
                ((node, c),) = coefficients.items()
                return self.times((c, NOTHING), self.of(node))
        node = sum_of_terms(coefficients, const)
        self.sums.add(node)
        return alone(node)

    def _total_by_rules(self, terms: Iterable[Term]) -> Term:
        whole: list[tuple[float, Node]] = []
        for c, m in terms:
            node = constant(1.0) if m is NOTHING else self.made(m)
            whole.append((c, node) if node in self.sums or is_term(c, node, self.kept) else (1.0, scalar_multiple(c, node)))
        made = linear(whole)
        if split_coefficient(made)[0] == 1.0 and made not in self.kept:
            self.sums.add(made)
        return self.of(made)


def _cancel(sums: Sequence[Node], coefficients: Mapping[Node, float]) -> bool:
    """Whether one operand of a sum of two cancels exactly: ``(1 - x) - (1 + x)`` is ``-2*x``."""
    parts: dict[Node | None, float] = {}
    for whole in sums:
        c = coefficients.get(whole, 0.0)
        for k, a in cancelling_parts(whole):
            if parts.setdefault(a, c * k) == -c * k:
                return True
    return False


def _may_cancel(sums: Sequence[Node], coefficients: Mapping[Node, float]) -> bool:
    """Whether a term of a short sum may cancel against another term, or against one of another sum: ``(a + b) - (a + c)``."""
    signs: dict[Node, bool] = {}
    for whole in sums:
        if len(whole.args) > SMALL_SUM:
            continue
        c = coefficients.get(whole, 0.0)
        for k, a in zip(coefficients_of(whole) or (), whole.args):
            positive = c * k > 0.0
            beside = coefficients.get(a)
            if signs.setdefault(a, positive) != positive or (beside is not None and (beside > 0.0) != positive):
                return True
    return False


__all__ = ["NOTHING", "ONE", "ZERO", "Product", "Term", "Terms", "Value", "alone"]
