"""Derivatives of scalars on their way: numbers times products, and sums of these, which become nodes where somebody needs them.

A sweep multiplies partial derivatives one after another, and adds most of its sums to others.  A node for each step would be made, and
thrown away as soon as the next step merges it.  Here a product is a table of powers, and a sum is a list, until the value is a factor, a
term or a result.  The node is then the one that ``product`` and ``linear`` make; but a sum that several others read is not merged into
each of them, so that it is added up once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Set
from typing import Union

import numpy as np

from ..canonical.arithmetic import linear, product
from ..canonical.most_common import FLATTEN_LIMIT, SMALL_SUM, is_collected, is_multiple, is_quotient, is_term, number_times
from ..canonical.squares import is_root
from ..canonical.written import finished_sum, multiple
from ..graph.leaves import constant
from ..graph.node import Node, make
from ..graph.primitive import ARRAY, CONSTANT, CONTRACT, PRODUCT, SUM
from ..graph.sharing import POWERS
from .rules import partial
from .scaling import scalar_multiple

#: the smallest number with all its digits
_TINY = float(np.finfo(np.float64).tiny)


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
        op, kept = node.op, self.kept
        if op is CONSTANT:
            return node.params[0], NOTHING
        if op is SUM and is_multiple(node):
            k, rest = node.params[1][0], node.args[0]
            if rest.op is SUM and is_multiple(rest):
                return self._by_rules(node)
            if k != -1.0 and (node in kept or (rest.per_sample and rest.op is SUM and rest in kept)):
                return alone(node)
            d, m = self.of(rest)
            return (k * d, m) if _TINY <= abs(k * d) < math.inf else alone(node)
        if op is PRODUCT and not (node in kept and is_quotient(node)):
            return (1.0, Product(dict(zip(node.args, node.params)), node)) if is_collected(node, kept) else self._by_rules(node)
        return alone(node)

    def _by_rules(self, node: Node) -> Term:
        self.factors[node] = itself = 1.0, Product({}, node)
        whole = product([(node, 1.0)])
        return itself if whole is node else self.of(whole)

    def made(self, m: Product) -> Node:
        """The node of a product."""
        node = m.node
        if node is None:
            powers = m.powers
            if len(powers) == 1:
                ((base, e),) = powers.items()
                node = base if e == 1.0 else make(PRODUCT, (base,), POWERS[(e,)], ())
            elif m is NOTHING:
                return constant(1.0)
            else:
                args = sorted(powers, key=_digest)
                node = make(PRODUCT, tuple(args), POWERS[tuple([powers[a] for a in args])], ())
            m.node = node
        return node

    def node(self, value: Value) -> Node:
        """The node of a derivative."""
        c, m = self.total(value)
        if m is NOTHING:
            return constant(c)
        made = self.made(m)
        if c == 1.0:
            return made
        if made in self.sums:
            return multiple(c, made)
        quick = number_times(c, made, self.kept, factors=False)
        return linear([(c, made)]) if quick is None else quick

    # ------------------------------------------------------------ products

    def times(self, a: Term, b: Term) -> Term:
        """The product of two terms."""
        c, p = a
        d, q = b
        k = c * d
        if not _TINY <= abs(k) < math.inf:
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
                if e < 0.0 or f < 0.0 or e % 1.0 or f % 1.0 or not _stays(base):
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
        if node.op is PRODUCT:
            found = self._partial_of_product(node, k)
            if found is not None:
                return found
        p = partial(node, k)
        return None if p is None else self.of(p)

    def _partial_of_product(self, node: Node, k: int) -> Term | None:
        """The same without a node, for products of a few factors; ``None`` if it takes other rules."""
        exponents = node.params
        if len(exponents) == 1:
            base, e = node.args[0], exponents[0]
            if not _stays(base):
                return None
            return e, (self.of(base)[1] if e == 2.0 else Product({base: e - 1.0}))
        e = exponents[k]
        if len(exponents) > 2 or (e != 1.0 and e != -1.0):
            return None
        other, f = node.args[1 - k], exponents[1 - k]
        if e == 1.0:
            if f == 1.0:
                return self.of(other)
            return (1.0, Product({other: f})) if _stays(other) else None
        below = node.args[k]
        return (-1.0, self._of_two({node: 1.0, below: -1.0})) if f == 1.0 and node in self.kept and _stays(below) else None

    # ------------------------------------------------------------ sums

    def scaled(self, c: float, value: Value) -> Value:
        """A number times a derivative."""
        if c == 1.0:
            return value
        if isinstance(value, list):
            if len(value) > SMALL_SUM:  # a chain of multiples of sums would multiply all terms again and again
                return self.times((c, NOTHING), self.total(value))
            return [self.times((c, NOTHING), t) for t in value]
        k = c * value[0]
        return (k, value[1]) if _TINY <= abs(k) < math.inf else self.times((c, NOTHING), value)

    def plus(self, a: Value, b: Value) -> list[Term]:
        """The sum of two derivatives, whose terms are moved to it."""
        if isinstance(a, tuple) or (isinstance(b, list) and len(a) < len(b)):
            a, b = b, a
        if isinstance(a, tuple):
            return [a, b]  # type: ignore[list-item]  # b, too, is a term
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
        for c, m in terms:
            if m is NOTHING:
                const += c
                continue
            node = self.made(m)
            op = node.op
            if (op is SUM and node not in self.sums) or op is CONSTANT or op is CONTRACT or op is ARRAY:
                return self._total_by_rules(terms)
            before = coefficients.get(node)
            if before is not None:
                c += before
                if not _TINY <= abs(c) < math.inf and c != 0.0:
                    return self._total_by_rules(terms)
            coefficients[node] = c
        live = [(n, c) for n, c in coefficients.items() if c != 0.0]
        if not live:
            return const, NOTHING
        if len(live) == 1 and const == 0.0:
            return self.times((live[0][1], NOTHING), self.of(live[0][0]))
        node = finished_sum(live, const, (), linear)
        self.sums.add(node)
        return alone(node)

    def _total_by_rules(self, terms: Iterable[Term]) -> Term:
        whole: list[tuple[float, Node]] = []
        for c, m in terms:
            node = self.made(m)
            whole.append((c, node) if node in self.sums or is_term(c, node, self.kept) else (1.0, scalar_multiple(c, node)))
        made = linear(whole)
        if made.op is SUM and made not in self.kept and not is_multiple(made):
            self.sums.add(made)
        return self.of(made)


def _stays(node: Node) -> bool:
    """Whether a power of a scalar stays as it is."""
    op = node.op
    if op is SUM:
        return not is_multiple(node)
    return op is not PRODUCT and op is not CONSTANT and op is not CONTRACT and not is_root(node)


def _digest(node: Node) -> bytes:
    return node.digest


__all__ = ["NOTHING", "ONE", "ZERO", "Product", "Term", "Terms", "Value", "alone"]
