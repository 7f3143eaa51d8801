"""The plan of a print, shared by text and LaTeX: the printed parts and their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..graph.leaves import is_known
from ..graph.node import Node, Shape
from ..graph.primitive import CONSTANT, PRODUCT, SUM
from ..graph.views import Linear
from ..meaning.elements import EXPANSION, elements, expanded_size
from ..text.called import is_called
from .naming import prefix_for, shared_parts
from .order import Factor, Order
from .view import View, is_atomic

#: the operations that a print shows before it is elided
LIMIT = 500
#: arrays of up to this many elements are printed element by element ...
MAX_ELEMENTS = 16
#: ... if that takes at most this many operations
MAX_EXPANDED = 48
#: ... and no sum over an axis has more terms than this
MAX_TERMS = 8


class Rendered(NamedTuple):
    """A piece of output, and how tightly its outermost operation binds."""

    text: str
    binds: int


class Plan:
    """A print of one expression: its roots, its named parts, its order."""

    def __init__(self, node: Node, limit: int | None) -> None:
        self.node = node
        #: the shape of the table of roots, or None for one root
        self.shape: Shape | None = None
        roots = [node]
        if _by_element(node):
            table = elements(node)
            roots = list(table.flat)
            self.shape = node.shape or None
        self.view = View(roots, limit)
        self.order = Order(self.view)
        self.named = shared_parts(self.view, self.order)
        self.prefix = prefix_for(self.view) if self.named else ""
        self.number = {n: i + 1 for i, n in enumerate(self.named)}
        self.order.number = self.number
        #: the names of functions that are called in it
        self.functions = {op.name for n in self.view.listed if is_called(op := self.view.shown(n).op)}
        self._done: dict[Node, Rendered] = {}
        prefix = self.prefix
        self._name: Callable[[int], Rendered] = lambda i: Rendered(f"{prefix}{i}", 0)

    def render(
        self, rule: Callable[[Plan, Node], Rendered], name: Callable[[int], Rendered]
    ) -> tuple[list[tuple[str, str]], list[Rendered]]:
        """The definitions of the named parts as (name, text), and the roots."""
        self._name = name
        for n in self.view.order(self.view.roots, self.order.args):
            self._done[n] = rule(self, n)
        definitions = [(name(i).text, self._done[n].text) for n, i in self.number.items()]
        return definitions, [self.get(r) for r in self.view.roots]

    def get(self, node: Node) -> Rendered:
        """A printed operand: its name if it has one."""
        i = self.number.get(node)
        return self._done[node] if i is None else self._name(i)

    def is_plain(self, node: Node) -> bool:
        """Whether a node is printed here, and not as a name or as ``...``."""
        return node not in self.number and not self.view.is_cut(node)

    def factors(self, node: Node, *, top: bool = False, quotients: bool = False) -> Factors:
        """A term as a number and factors; nested products, and displayed forms of functions, are merged.

        A quotient in a product stays one factor, because ``x*y`` may overflow in ``x*y/z`` and not in ``x*(y/z)``.
        ``quotients`` merges these too.  ``top`` means that the node is being printed, so that its own name is not used.
        """
        view = self.view
        coefficient = 1.0
        shortened = False
        flat: list[Factor] = []
        pending: list[Factor] = [(node, 1.0)]
        while pending:
            base, e = pending.pop()
            here = self.is_plain(base) or (top and base is node)
            shown = view.shown(base)
            may_open = here and (base is node or not view.is_shortened(base))
            if may_open and shown.op is PRODUCT and (base is node or self._opens(shown, e, quotients)):
                shortened = shortened or view.is_shortened(base)
                pending.extend((b, e * k) for b, k in self.order.factors(base))
            elif may_open and e == 1.0 and is_multiple(shown):
                coefficient *= Linear.of(shown).coefficients[0]
                pending.append((view.args(base)[0], 1.0))
            elif may_open and e == 1.0 and shown.op is CONSTANT and not shown.shape and base is not node:
                coefficient *= shown.params[0]
            else:
                flat.append((base, e))
        return Factors(coefficient, sorted(flat, key=self.order.factor_key), shortened)

    def sum_parts(self, node: Node) -> list[tuple[float, Node | None]]:
        """The terms of a sum as (coefficient, term); the constant has no term.

        The sum that is computed first comes first, since ``x - z + y`` is ``(x - z) + y``.
        """
        const = Linear.of(self.view.shown(node)).constant
        parts: list[tuple[float, Node | None]] = list(self.order.terms(node))
        first = [p for p in parts if p[0] == 1.0 and p[1] is not None and self.is_nested_sum(p[1])][:1]
        constant: list[tuple[float, Node | None]] = [(const, None)] if const else []
        return [*first, *constant, *(p for p in parts if p not in first)]

    def is_nested_sum(self, node: Node) -> bool:
        """Whether a term is a sum that is printed here."""
        shown = self.view.shown(node)
        return shown.op is SUM and self.is_plain(node) and not is_multiple(shown)

    def _opens(self, shown: Node, e: float, quotients: bool) -> bool:
        return (e == 1.0 and quotients) or (abs(e) == 1.0 and all(k > 0 for k in shown.params))


class Factors(NamedTuple):
    """A term: a number, its factor, and whether more factors are left out."""

    coefficient: float
    factors: Sequence[Factor]
    shortened: bool

    def times(self, number: float) -> Factors:
        return self._replace(coefficient=self.coefficient * number)


def is_multiple(node: Node) -> bool:
    """Whether a node is a number times one term."""
    return node.op is SUM and len(node.args) == 1 and Linear.of(node).constant == 0.0 and node.args[0].shape == node.shape


def _by_element(node: Node) -> bool:
    """Whether an expression is printed element by element."""
    if (is_atomic(node) and not is_known(node)) or not 0 < node.size <= MAX_ELEMENTS:
        return False
    return expanded_size(node, MAX_EXPANDED) <= MAX_EXPANDED and not _better_whole(node)


def _better_whole(root: Node) -> bool:
    """Whether some part is less readable in elements: a long sum, the solution of a system."""
    seen = {root}
    stack = [root]
    while stack:
        node = stack.pop()
        if not node.args:
            continue
        expansion = EXPANSION[node.op](node)
        if not expansion.needs:
            if root.shape and node.shape:
                return True
            continue
        if expansion.terms > MAX_TERMS:
            return True
        for a in node.args:
            if a not in seen:
                seen.add(a)
                stack.append(a)
    return False
