"""The order in which terms and factors are printed.  It follows from the structure alone.

In a product: the number, symbols by name and index, function applications, sums in parentheses.
In a sum: the constant, then terms of lower degree, then by the text of the terms.  In a sum of
arrays matrix products come first: ``W @ x + b``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..canonical.contract import is_structural
from ..functions.elementwise import Function
from ..graph.column import Column
from ..graph.node import Node
from ..graph.primitive import CONSTANT, CONTRACT, PRODUCT, SELECT, SUM, SYMBOL
from ..graph.views import Linear
from .view import View

#: keys are compared up to this many characters, then by digest
_WIDTH = 96
_MAX_DEGREE = 1e6

Factor = tuple[Node, float]


def _padded(text: str) -> str:
    """A sort key for text in which numbers compare as numbers."""
    return re.sub(r"\d+", lambda m: m.group().rjust(8, "0"), text)


class Sketched(NamedTuple):
    """A node that is sketched after its operands, and the operands that are printed."""

    order: Order
    node: Node
    args: Sequence[Node]

    @property
    def parts(self) -> list[str]:
        return [self.order.sketch[a] for a in self.args]

    @property
    def degrees(self) -> list[float]:
        return [self.order.degree[a] for a in self.args]


#: the degree of a node as a polynomial, and a text that stands for it where terms are ordered
SKETCH: Column[Callable[[Sketched], tuple[float, str]]] = Column(
    "sketch", "a degree and a text by which terms and factors are ordered", __name__, otherwise="the name, and the operands"
)
SKETCH.fill(lambda s: (1.0, _padded(s.node.name)), SYMBOL)
SKETCH.fill(lambda s: (0.0, _padded(repr(s.node.params[0]))), CONSTANT)
SKETCH.fill(lambda s: (s.degrees[0], s.parts[0] + "[" + _padded(repr(s.node.params))[1:]), SELECT)
SKETCH.fill(lambda s: (max(s.degrees, default=0.0), " + ".join(sorted(s.parts))), SUM)
SKETCH.fill(lambda s: (sum(s.degrees), "*".join(sorted(s.parts))), CONTRACT)
SKETCH.fill(lambda s: (1.0, _call(s)[1]), Function)


@SKETCH.rule(PRODUCT)
def _product(s: Sketched) -> tuple[float, str]:
    exponents = s.node.params
    powers = sorted((s.order.kind(a, e), p, e) for a, p, e in zip(s.args, s.parts, exponents))
    text = "*".join(p if e == 1.0 else f"{p}**{e}" for _, p, e in powers)
    return sum(d * e for d, e in zip(s.degrees, exponents)), text


def _call(s: Sketched) -> tuple[float, str]:
    return max(s.degrees, default=0.0), s.node.op.name + "(" + ", ".join(s.parts)


class Order:
    """Sort keys for every node of a view."""

    def __init__(self, view: View) -> None:
        self.view = view
        #: the numbers of named parts; a name sorts like a symbol
        self.number: dict[Node, int] = {}
        self.sketch: dict[Node, str] = {}
        self.degree: dict[Node, float] = {}
        for node in view.order(view.roots, view.args):
            degree, sketch = self._describe(node)
            self.degree[node] = max(-_MAX_DEGREE, min(_MAX_DEGREE, degree))
            self.sketch[node] = sketch[:_WIDTH]

    def _describe(self, node: Node) -> tuple[float, str]:
        view = self.view
        if view.is_cut(node):
            return 1.0, "~"
        shown = view.shown(node)
        sketch = SKETCH.find(shown.op) or _call
        return sketch(Sketched(self, shown, view.args(node)))

    def kind(self, base: Node, exponent: float = 1.0) -> int:
        """Symbols, function applications, other operations, sums."""
        if base in self.number and exponent not in (0.5, -0.5):
            return 0
        shown = self.view.shown(base)
        if shown.op is SYMBOL or (shown.op is SELECT and shown.args[0].op is SYMBOL):
            return 0
        if isinstance(shown.op, Function) or exponent in (0.5, -0.5):
            return 1
        return 3 if shown.op is SUM else 2

    def factor_key(self, factor: Factor) -> tuple[object, ...]:
        """Sort factors; scalars come before arrays."""
        base, e = factor
        return bool(base.shape), self.kind(base, e), self.number.get(base, 0), self.sketch[base], base.digest, e

    def _term_key(self, node: Node, term: Node) -> tuple[object, ...]:
        if term in self.number:
            return True, 1.0, False, self.number[term], "", term.digest
        shown = self.view.shown(term)
        matrix_product = bool(node.shape) and shown.op is CONTRACT and not is_structural(shown)
        return not matrix_product, self.degree[term], isinstance(shown.op, Function), 0, self.sketch[term], term.digest

    def terms(self, node: Node) -> list[tuple[float, Node]]:
        """The terms of a printed sum as (coefficient, node)."""
        pairs = zip(Linear.of(self.view.shown(node)).coefficients, self.view.args(node))
        return sorted(pairs, key=lambda t: self._term_key(node, t[1]))

    def factors(self, node: Node) -> list[Factor]:
        """The factors of a printed product as (base, exponent)."""
        pairs = zip(self.view.args(node), self.view.shown(node).params)
        return sorted(pairs, key=self.factor_key)

    def args(self, node: Node) -> Sequence[Node]:
        """The operands of a node in print order."""
        if not self.view.is_cut(node):
            op = self.view.shown(node).op
            if op is SUM:
                return [n for _, n in self.terms(node)]
            if op is PRODUCT:
                return [b for b, _ in self.factors(node)]
        return self.view.args(node)
