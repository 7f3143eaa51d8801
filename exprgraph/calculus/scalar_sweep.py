"""Reverse mode on graphs of scalars: cotangents are terms, and become nodes once (:mod:`exprgraph.calculus.terms`)."""

from __future__ import annotations

from collections.abc import Sequence, Set

from ..canonical.arithmetic import linear
from ..canonical.grouping import kept_nodes
from ..graph.leaves import is_zero, zeros
from ..graph.node import Node
from ..graph.primitive import SELECT, Primitive
from ..graph.views import Entries
from .assembling import assembled
from .branches import chooses
from .rules import coefficients_of, is_elementwise
from .terms import ONE, Terms, Value


def scalars_below(order: Sequence[Node], active: Set[Node]) -> tuple[set[Node], list[Node]]:
    """The scalars from which a sweep over scalars goes on to its targets, and the nodes above them.

    They are sums, products and functions without choices of such scalars, elements of symbols, and symbols.
    """
    below: set[Node] = set()
    above: list[Node] = []
    known: dict[Primitive, bool] = {}
    for node in order:
        if node not in active:
            continue
        op = node.op
        if op.leaf:
            if not node.shape:
                below.add(node)
        elif node.shape:
            above.append(node)
        elif op is SELECT:
            (below.add if node.args[0].op.leaf else above.append)(node)
        elif not (known[op] if op in known else known.setdefault(op, is_elementwise(node) and not chooses(op))):
            above.append(node)
        elif all([a in below or a not in active for a in node.args]):  # noqa: C419  (slower as a generator)
            below.add(node)
        else:
            above.append(node)
    return below, above


def pulled_scalars(order: Sequence[Node], seeds: Sequence[tuple[Node, Node]], targets: Sequence[Node], active: Set[Node]) -> list[Node]:
    """The cotangents of the targets from those of several scalars; ``order`` has the graph, arguments first."""
    sweep = _Sweep(active)
    for output, ct in seeds:
        if output in active and not is_zero(ct):
            sweep.add(output, sweep.terms.of(ct))
    wanted = set(targets)
    found: dict[Node, list[Node]] = {}
    values, through = sweep.values, sweep.through
    for node in reversed(order):
        value = values.pop(node, None)
        if node in wanted:
            found[node] = sweep.total(node, value)
        if value is None or not node.args:
            continue
        if node.op is SELECT:
            sweep.select(node, value)
        else:
            through(node, value)
    return [linear([(1.0, t) for t in found[x]], 0.0, x.shape) if found.get(x) else zeros(x.shape) for x in targets]


class _Sweep:
    """The cotangents that have reached nodes so far."""

    def __init__(self, active: Set[Node]) -> None:
        self.active = active
        self.terms = Terms(kept_nodes() or frozenset())
        self.values: dict[Node, Value] = {}
        self.selected: dict[Node, dict[Entries, list[Node]]] = {}

    def add(self, node: Node, value: Value) -> None:
        before = self.values.get(node)
        self.values[node] = value if before is None else self.terms.plus(before, value)

    def select(self, node: Node, value: Value) -> None:
        """Collect the cotangent of an element."""
        made = self.terms.node(value)
        if not is_zero(made):
            self.selected.setdefault(node.args[0], {})[node.params] = [made]

    def total(self, node: Node, value: Value | None) -> list[Node]:
        """Nodes whose sum is the cotangent of a target."""
        made = [] if value is None else [self.terms.node(value)]
        selected = self.selected.pop(node, None)
        return made if selected is None else made + assembled(selected, node.shape, ())

    def through(self, node: Node, value: Value) -> None:
        """Add the cotangents of the arguments."""
        coefficients, args = coefficients_of(node), node.args
        if coefficients is None:
            self._through_factors(node, value)
        elif len(args) == 1:
            self.add(args[0], self.terms.scaled(coefficients[0], value))
        else:
            terms, active, values = self.terms, self.active, self.values
            if type(value) is not tuple and sum([a in active for a in args]) > 1:
                value = terms.total(value)
            for c, a in zip(coefficients, args):
                if a not in active:
                    continue
                share = value if c == 1.0 else terms.scaled(c, value)
                before = values.get(a)
                values[a] = share if before is None else terms.plus(before, share)

    def _through_factors(self, node: Node, value: Value) -> None:
        """Through a product or a function."""
        terms, active = self.terms, self.active
        ct = terms.total(value)
        if ct[0] == 0.0:
            return
        for k, a in enumerate(node.args):
            p = terms.partial(node, k) if a in active else None
            if p is not None and p[0] != 0.0:
                self.add(a, p if ct is ONE else terms.times(p, ct))


__all__ = ["pulled_scalars", "scalars_below"]
