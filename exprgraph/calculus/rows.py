"""The derivatives of scalars by all elements that they depend on, from arguments to users.

Each scalar has a row: its derivative by each element of x that it depends on.  A row of an operation that makes no choice is made of
terms (:mod:`exprgraph.calculus.terms`); the rules behind choices take nodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..canonical.arithmetic import linear, product
from ..canonical.grouping import kept_nodes
from ..functions.elementwise import Function
from ..functions.rows import GATE, GATE_BOTH, WHERE, gate
from ..graph.leaves import constant, is_zero
from ..graph.node import Node
from ..graph.primitive import REDUCE_MAX, REDUCE_MIN
from ..meaning.elements import elements
from .branches import masked, tangent, tangent_term
from .gates import Zeros, either, inside, together
from .reverse import pull_back
from .rules import coefficients_of, extremum_weights, is_elementwise, partial
from .scalar_graphs import Index
from .terms import NOTHING, Terms, Value, alone

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
        self.silent: dict[Node, Zeros] = {}
        self._rows: dict[Node, dict[Index, Value]] = {}

    def give(self, node: Node, row: Mapping[Index, Node], zeros: Zeros = None) -> None:
        """Enter the row of a scalar."""
        of = self.terms.of if zeros is None else alone  # the rules behind choices take masks apart, and nothing else
        self._rows[node] = {i: of(t) for i, t in row.items()}
        self.silent[node] = zeros

    def __contains__(self, node: Node) -> bool:
        return node in self._rows

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

    def add(self, node: Node, inputs: Sequence[Node]) -> None:
        """Make the row of an operation from those of its inputs."""
        extremum = node.op is REDUCE_MAX or node.op is REDUCE_MIN
        silent = self.silent
        if node.op in (WHERE, GATE, GATE_BOTH) or not (extremum or is_elementwise(node)):
            self._of_all(node, inputs)
        elif not extremum and not (isinstance(node.op, Function) and node.op.branch) and all([silent.get(a) is None for a in inputs]):  # noqa: C419  (slower as a generator)
            coefficients = coefficients_of(node)
            row = self._of_smooth(node) if coefficients is None else self._of_sum(node, coefficients)
            if self.readers[node] > 1:
                row = {i: self.terms.total(v) for i, v in row.items()}
            self._rows[node] = row
        else:
            self._of_choice(node, inputs, extremum)

    def forget(self, inputs: Sequence[Node]) -> None:
        """Forget the rows that no other scalar reads."""
        left = self.left
        for a in inputs:
            count = left.get(a)
            if count is not None:
                left[a] = count - 1
                if count == 1:
                    self._rows.pop(a, None)

    def _of_sum(self, node: Node, coefficients: Sequence[float]) -> dict[Index, Value]:
        out: dict[Index, Value] = {}
        terms = self.terms
        for c, a in zip(coefficients, node.args):
            row = self._rows.get(a)
            if not row:
                continue
            for i, v in row.items():
                v = terms.scaled(c, v)
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
                t = v if isinstance(v, tuple) else total(v)
                made = p if t[1] is NOTHING and t[0] == 1.0 else times(p, t)
                if made[0] == 0.0:
                    continue
                before = out.get(i)
                out[i] = made if before is None else terms.plus(before, made)
        return out

    def _of_choice(self, node: Node, inputs: Sequence[Node], extremum: bool) -> None:
        """The row of an operation that makes a choice, or is behind one; each input is asked once for all entries."""
        silent = self.silent
        shares: Sequence[Node] | None = list(elements(extremum_weights(node)[0]).flat) if extremum else None
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

    def add_gathered(self, node: Node, found: Gathered) -> None:
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
