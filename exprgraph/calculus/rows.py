"""The derivatives of scalars by all elements that they depend on, from arguments to users.

Each scalar has a row: its derivative by each element of x that it depends on.  A row of an operation that makes no choice is made of
terms (:mod:`exprgraph.calculus.terms`); the rules behind choices take nodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..canonical.arithmetic import linear, product
from ..canonical.grouping import kept_nodes
from ..functions.rows import GATE, GATE_BOTH, WHERE, gate
from ..graph.leaves import constant, is_zero
from ..graph.node import Node
from ..graph.primitive import Primitive
from ..meaning.elements import elements
from .branches import chooses, masked, tangent, tangent_term
from .gates import Silence, Zeros, either, inside, together
from .reverse import pull_back
from .rules import coefficients_of, extremum_weights, is_elementwise, partial
from .scalar_graphs import Index
from .terms import ONE, Terms, Value, alone

#: derivatives of a scalar, by the elements of x that it depends on
Row = dict[Index, Node]


class Gathered(NamedTuple):
    """A scalar that is a function of an array of scalars, along all of its axes."""

    value: Node
    array: Node
    inputs: Sequence[Node]


class Rows:
    """The rows of the scalars of a graph.

    Args:
        readers: how many scalars read the row of each.  A row that was read as often is forgotten.
    """

    def __init__(self, readers: dict[Node, int]) -> None:
        self.terms = Terms(kept_nodes() or frozenset())
        self.readers = readers
        self.left = dict(readers)
        self.silent: dict[Node, Silence] = {}
        self._smooth: dict[Primitive, bool] = {}
        self._rows: dict[Node, dict[Index, Value]] = {}

    def give(self, node: Node, row: Mapping[Index, Node], zeros: Zeros = None) -> None:
        """Enter the row of a scalar."""
        of = self.terms.of if zeros is None else alone  # the rules behind choices take masks apart, and nothing else
        self._rows[node] = {i: of(t) for i, t in row.items()}
        if zeros is not None:
            self.silent[node] = zeros

    def start(self, node: Node, index: Index) -> int:
        """Enter the row of an element of x; like the others below, the number of its entries."""
        self._rows[node] = {index: ONE}
        return 1

    def table(self, nodes: Sequence[Node]) -> list[Row]:
        """The rows of some scalars."""
        return [self.of(node) for node in nodes]

    def of(self, node: Node) -> Row:
        """The row of a scalar, without derivatives that turn out to be zero."""
        return self.nodes(self.values(node))

    def values(self, node: Node) -> Mapping[Index, Value]:
        """The row of a scalar, on its way."""
        return self._rows.get(node, {})

    def nodes(self, row: Mapping[Index, Value]) -> Row:
        """A row as nodes."""
        made = self.terms.node
        nodes = {i: made(v) for i, v in row.items()}
        return {i: t for i, t in nodes.items() if not is_zero(t)}

    def add(self, node: Node, inputs: Sequence[Node]) -> int:
        """Make the row of an operation from those of its inputs."""
        smooth = self._smooth.get(node.op)
        if smooth is None:
            smooth = self._smooth[node.op] = is_elementwise(node) and not chooses(node.op)
        if smooth and (not self.silent or self.silent.keys().isdisjoint(inputs)):
            coefficients = coefficients_of(node)
            row = self._of_smooth(node) if coefficients is None else self._of_sum(node, coefficients)
            if self.readers[node] > 1:
                total = self.terms.total
                row = {i: v if type(v) is tuple else total(v) for i, v in row.items()}
            self._rows[node] = row
        elif node.op in (WHERE, GATE, GATE_BOTH) or (not chooses(node.op) and not is_elementwise(node)):
            self._of_all(node, inputs)
        elif is_elementwise(node):
            self._of_choice(node, inputs, None)
        else:  # an extremum
            self._of_choice(node, inputs, list(elements(extremum_weights(node)[0]).flat))
        return self._done(node, inputs)

    def _done(self, node: Node, inputs: Sequence[Node]) -> int:
        """Forget the rows that no other scalar reads."""
        left = self.left
        for a in inputs:
            left[a] = count = left[a] - 1
            if not count:
                self._rows.pop(a, None)
        return len(self._rows[node])

    def _of_sum(self, node: Node, coefficients: Sequence[float]) -> dict[Index, Value]:
        out: dict[Index, Value] = {}
        terms = self.terms
        scaled = terms.scaled
        for c, a in zip(coefficients, node.args):
            row = self._rows.get(a)
            if not row:
                continue
            if c == 1.0:
                own = row
            elif c == -1.0:
                own = {i: (-v[0], v[1]) if type(v) is tuple else scaled(c, v) for i, v in row.items()}
            else:
                own = {i: scaled(c, v) for i, v in row.items()}
            if not out:
                out = own.copy() if own is row else own
                continue
            for i, v in own.items():
                before = out.get(i)
                out[i] = v if before is None else terms.plus(before, v)
        return out

    def _of_smooth(self, node: Node) -> dict[Index, Value]:
        """The row of an operation that makes no choice, on scalars whose zeros are numbers."""
        out: dict[Index, Value] = {}
        terms = self.terms
        times, total = terms.times, terms.total
        for k, a in enumerate(node.args):
            row = self._rows.get(a)
            if not row:
                continue
            p = terms.partial(node, k)
            if p is None or p[0] == 0.0:
                continue
            for i, v in row.items():
                t = v if type(v) is tuple else total(v)
                made = p if t is ONE else times(p, t)
                if made[0] == 0.0:
                    continue
                before = out.get(i)
                out[i] = made if before is None else terms.plus(before, made)
        return out

    def _of_choice(self, node: Node, inputs: Sequence[Node], shares: Sequence[Node] | None) -> None:
        """The row of an operation that makes a choice, or is behind one; ``shares`` are those of an extremum."""
        silent = self.silent
        terms: dict[Index, list[tuple[float, Node]]] = {}
        states: dict[Index, list[Zeros]] = {}
        for k, a in enumerate(inputs):
            row = self.of(a)
            if not row:
                continue
            p = partial(node, k) if shares is None else shares[k]
            if p is None:
                continue
            z = silent.get(a)
            for i, t in row.items():
                made, after = tangent_term(node, k, p, t, (), z) if shares is None else masked(p, t, z)
                terms.setdefault(i, []).append((1.0, made))
                states.setdefault(i, []).append(after)
        zeros: Zeros = None
        for found in states.values():
            zeros = either(zeros, together(found))
        self._enter(node, terms, zeros)

    def _enter(self, node: Node, terms: dict[Index, list[tuple[float, Node]]], zeros: Zeros) -> None:
        row = {i: linear(found) for i, found in terms.items()}
        self.give(node, {i: t for i, t in row.items() if not is_zero(t)}, zeros)

    def add_gathered(self, node: Node, found: Gathered) -> int:
        """Make the row of a function of an array of scalars."""
        terms: dict[Index, list[tuple[float, Node]]] = {}
        (partials,) = pull_back(found.value, constant(1.0), [found.array])
        zeros: Zeros = None
        for a, p in zip(found.inputs, elements(partials).flat):
            z = self.silent.get(a)
            for i, t in self.of(a).items():
                terms.setdefault(i, []).append((1.0, product([(p, 1.0), (t, 1.0)]) if z is None else gate(t, p)))
            zeros = inside(either(zeros, z))
        self._enter(node, terms, zeros)
        return self._done(node, found.inputs)

    def _of_all(self, node: Node, inputs: Sequence[Node]) -> None:
        """The rule of an operation that takes the tangents of all its inputs together."""
        row: Row = {}
        states = [self.silent.get(a) for a in inputs]
        rows = [self.of(a) for a in inputs]
        zeros: Zeros = None
        for i in sorted({i for r in rows for i in r}):
            t, after = tangent(node, [r.get(i) for r in rows], (), states)
            zeros = either(zeros, after)
            if t is not None and not is_zero(t):
                row[i] = t
        self.give(node, row, zeros)


__all__ = ["Gathered", "Row", "Rows"]
