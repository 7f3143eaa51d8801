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
from .terms import Terms, Value


def is_of_scalars(active: Set[Node], targets: Set[Node]) -> bool:
    """Whether a sweep meets only sums, products and functions of scalars without choices, elements of the targets, and the targets."""
    known: dict[Primitive, bool] = {}
    for node in active:
        op = node.op
        if op.leaf:
            if node not in targets:
                return False
        elif node.shape:
            return False
        elif op is SELECT:
            if not node.args[0].op.leaf:
                return False
        elif not (known[op] if op in known else known.setdefault(op, is_elementwise(node) and not chooses(op))):
            return False
    return True


def pulled_scalars(order: Sequence[Node], seeds: Sequence[tuple[Node, Node]], targets: Sequence[Node], active: Set[Node]) -> list[Node]:
    """The cotangents of the targets from those of several scalars; ``order`` has the graph, arguments first."""
    sweep = _Sweep(active)
    terms = sweep.terms
    for output, ct in seeds:
        if output in active:
            sweep.add(output, terms.of(ct))
    wanted = set(targets)
    found: dict[Node, list[Node]] = {}
    for node in reversed(order):
        value = sweep.values.pop(node, None)
        selected = sweep.selected.pop(node, None)
        if node in wanted:
            found[node] = sweep.total(node, value, selected)
        if value is None or not node.args:
            continue
        if node.op is SELECT:
            made = terms.node(value)
            if not is_zero(made):
                sweep.selected.setdefault(node.args[0], {})[node.params] = [made]
        elif (coefficients := coefficients_of(node)) is not None:
            sweep.through_sum(node, coefficients, value)
        else:
            sweep.through(node, value)
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

    def total(self, node: Node, value: Value | None, selected: dict[Entries, list[Node]] | None) -> list[Node]:
        """Nodes whose sum is the cotangent of a target."""
        made = [] if value is None else [self.terms.node(value)]
        return made if selected is None else made + assembled(selected, node.shape, ())

    def through_sum(self, node: Node, coefficients: Sequence[float], value: Value) -> None:
        active, scaled = self.active, self.terms.scaled
        reached = [(c, a) for c, a in zip(coefficients, node.args) if a in active]
        if len(reached) > 1:
            value = self.terms.total(value)
        for c, a in reached:
            self.add(a, scaled(c, value))

    def through(self, node: Node, value: Value) -> None:
        """Through a product or a function."""
        terms, active = self.terms, self.active
        ct = terms.total(value)
        if ct[0] == 0.0:
            return
        for k, a in enumerate(node.args):
            p = terms.partial(node, k) if a in active else None
            if p is not None and p[0] != 0.0:
                self.add(a, terms.times(p, ct))


__all__ = ["is_of_scalars", "pulled_scalars"]
