"""Graphs of scalars, differentiated entry by entry.

``x[0]*x[1] + sin(x[2])`` depends on three numbers.  Derivatives by the array would be mostly zeros.  Here every scalar
node carries only the derivatives by the elements it depends on, so that a Jacobian has no structural zeros.  An
operation without formulas for its elements (a linear system) is differentiated as an array, and read element by
element.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import chain
from typing import TypeVar

import numpy as np

from ..canonical.arithmetic import linear
from ..canonical.grouping import differentiating
from ..canonical.select import select, take
from ..canonical.solve import solve_node
from ..functions.along_axes import AxisFunction, along
from ..graph.leaves import array, constant, is_zero
from ..graph.node import Node
from ..graph.primitive import REDUCE_MAX, REDUCE_MIN, SAMPLE_SUM, SELECT, SOLVE
from ..graph.traverse import dependents, topological
from ..meaning.elements import elements
from ..support.collecting import uncollected
from .forward import tangents_of
from .gates import inside
from .reach import reach
from .reverse import pull_back
from .rows import Gathered, Row, Rows
from .scalar_graphs import Index, ScalarGraph, nest, numbers_of, parts_of_scalars, scalar_graph
from .seeds import identity_tensor

T = TypeVar("T")


def scalars_of(f: Node) -> list[Node]:
    """The elements of an array in row-major order, as expressions of scalars."""
    return parts_of_scalars(f) or list(elements(f).ravel())


def entry_derivatives(
    parts: Sequence[Node], x: Node, graph: ScalarGraph | None = None, last: Sequence[int] | None = None
) -> list[Row]:
    """For each scalar, its derivative by every element of x that it depends on.

    Forward mode keeps a row for every scalar of the graph; reverse mode makes a sweep for every part.  The cheaper
    one is chosen: a sum of thousands of terms goes in reverse, thousands of small terms go forward.

    Args:
        graph: the graph of these scalars, if it is one that depends on x by single elements, and is known already.
        last: for each scalar, the number of the last element of x whose derivative is wanted.
    """
    graph = scalar_graph(parts, [x]) if graph is None else graph
    with differentiating(parts, None if graph is None else graph.order):
        below = _Below(parts, x) if graph is None else _BelowScalars(parts, x, graph)
        with uncollected(len(below.order)):
            rows = None if crosses_samples(parts, x) else below.rows()
            if rows is not None:
                return rows.table(parts) if last is None else [rows.nodes(_up_to(rows.values(p), k, x)) for p, k in zip(parts, last)]
            table = [_pulled(p, x) for p in parts]
            return table if last is None else [_up_to(row, k, x) for row, k in zip(table, last)]


def _up_to(row: Mapping[Index, T], last: int, x: Node) -> dict[Index, T]:
    """The entries of a row up to an element of x."""
    return {i: v for k, (i, v) in zip(numbers_of(row, x.shape), row.items()) if k <= last}


def crosses_samples(parts: Iterable[Node], x: Node) -> bool:
    """Whether there is a sum over the samples of x, so that forward mode would add up the samples' derivatives."""
    return x.per_sample and any(n.op is SAMPLE_SUM for n in topological(parts))


#: with at most so many scalars for each part, rows are made without counting first
_FEW = 30
#: as long as they have so many entries on average: a sweep takes a step for each scalar, so sweeps take at least half as many
_SHORT = 2
#: after so many entries their number is told
_OFTEN = 100


class _Below:
    """The scalars below some parts, down to elements of x and of arrays differentiated as a whole.

    ``order`` has them, arguments first, ``active`` those that depend on x; ``inputs`` are the scalars that a scalar is a function of.
    """

    def __init__(self, parts: Sequence[Node], x: Node) -> None:
        self.parts = parts
        self.x = x
        self.gathered: dict[Node, Gathered] = {}
        self.views: dict[Node, _View] = {}
        self.inputs: dict[Node, Sequence[Node]] = {}
        self._list()

    def _list(self) -> None:
        """List the scalars."""
        self.order: Sequence[Node] = self._arguments_first()
        self.elements = {n for n in self.order if n.op is SELECT and n.args[0] is self.x}
        self.views = self._views()
        self.active: Set[Node] = self._active()

    def _inputs(self, node: Node) -> Sequence[Node]:
        """The scalars that a scalar is an elementwise function of; none for an element of an array."""
        if node.op is REDUCE_MAX or node.op is REDUCE_MIN:
            return list(elements(node.args[0]).flat)
        base = node.args[0] if node.op is SELECT else node
        if isinstance(base.op, AxisFunction):
            self.gathered[node] = found = _gathered(base, node.params if node.op is SELECT else ())
            return found.inputs
        return () if any(a.shape for a in node.args) else node.args

    def _arguments_first(self) -> list[Node]:
        order: list[Node] = []
        pending: list[tuple[Node, bool]] = [(p, False) for p in reversed(self.parts)]
        while pending:
            node, done = pending.pop()
            if done:
                order.append(node)
            elif node not in self.inputs:
                self.inputs[node] = found = self._inputs(node)
                pending.append((node, True))
                pending.extend((a, False) for a in reversed(found) if a not in self.inputs)
        return order

    def _views(self) -> dict[Node, _View]:
        """The scalars that are read from arrays other than x."""
        bases = {n: n.args[0] if n.op is SELECT else n for n in self.order if n.args and not self.inputs[n]}
        below = dependents(topological(bases.values()), [self.x])
        known: dict[tuple[Node, Index], tuple[Index, ...]] = {}
        views = {}
        for node, base in bases.items():
            if base is self.x or base not in below:
                continue
            index: Index = node.params if node.op is SELECT else ()
            if base.op is SOLVE:  # all unknowns of a column depend on the same elements
                lead = base.args[0].ndim - 2
                stack, index, column = index[:lead], index[lead : lead + 1], index[lead + 1 :]
                matrix, right = select(base.args[0], (*stack, None, None)), select(base.args[1], (*stack, None, *column))
                base = solve_node(matrix, right)
            alike = (base, () if base.op is SOLVE else index)
            if alike not in known:
                mask = np.zeros(base.shape, dtype=bool)
                mask[index] = True
                known[alike] = tuple(map(tuple, np.argwhere(reach(base, mask, self.x)).tolist()))
            views[node] = _View(base, index, known[alike])
        return views

    def _active(self) -> set[Node]:
        active = {self.x, *self.elements, *self.views}
        for node in self.order:
            if not active.isdisjoint(self.inputs[node]):
                active.add(node)
        return active

    def rows(self) -> Rows | None:
        """The rows of all parts, through those of all scalars below; ``None`` if sweeps from all parts take less."""
        readers = Counter(self.parts)
        readers.update(chain.from_iterable([self.inputs[n] for n in self.order if n in self.active]))
        rows = Rows(readers)
        counts = self._forward(rows)
        if len(self.order) <= _FEW * len(self.parts) and _ends_within(counts, _SHORT * len(self.order)):
            return rows
        if self._reverse_is_less():
            return None
        for _ in counts:
            pass
        return rows

    def _reverse_is_less(self) -> bool:
        """Whether sweeps from all parts take less than half as many steps as all scalars have entries."""
        entries, steps = self._entries(), self._steps()
        limit = len(self.order)
        while True:  # neither count goes much beyond the smaller one
            if _ends_within(entries, limit):
                return False
            if _ends_within(steps, limit // 2):
                return True
            limit *= 2

    def _entries(self) -> Iterator[int]:
        """How many entries the rows of all scalars so far have."""
        entries: dict[Node, Set[Index]] = {}
        total = 0
        for node in self.order:
            if node not in self.active:
                continue
            own: Set[Index]
            if node in self.elements:
                own = {node.params}
            elif node in self.views:
                own = set(self.views[node].columns)
            elif node is self.x:
                own = {()}
            else:
                below = [entries[a] for a in self.inputs[node] if a in entries]
                own = max(below, key=len)
                for other in below:
                    if other is not own and not other <= own:
                        own = own | other
            entries[node] = own
            total += len(own)
            yield total

    def _steps(self) -> Iterator[int]:
        """How many steps the sweeps of all parts so far take."""
        inputs, active, views = self.inputs, self.active, self.views
        total = 0
        for part in self.parts:
            seen = {part}
            bases: set[Node] = set()
            pending = [part]
            while pending:
                node = pending.pop()
                total += 1
                view = views.get(node) if views else None
                if view is not None and view.base not in bases:
                    bases.add(view.base)
                    total += len(view.columns)
                for a in inputs.get(node, ()):
                    if a in active and a not in seen:
                        seen.add(a)
                        pending.append(a)
                yield total

    def _forward(self, rows: Rows) -> Iterator[int]:
        """Make the rows of all scalars; how many entries those so far have."""
        _read(rows, self.views, self.x)
        active, elements, gathered = self.active, self.elements, self.gathered
        total = told = 0
        for node in self.order:
            if node not in active:
                continue
            if node in elements:
                total += rows.start(node, node.params)
            elif node is self.x:
                total += rows.start(node, ())
            elif node in gathered:
                total += rows.add_gathered(node, gathered[node])
            elif node not in self.views:
                total += rows.add(node, self.inputs[node])
            if total > told + _OFTEN:
                told = total
                yield total
        yield total


def _ends_within(counts: Iterator[int], limit: int) -> bool:
    """Whether a count ends at or below a limit; it goes on from there."""
    return all(count <= limit for count in counts)


class _BelowScalars(_Below):
    """The same where all scalars that depend on x are known, and do so by single elements."""

    def __init__(self, parts: Sequence[Node], x: Node, graph: ScalarGraph) -> None:
        self.graph = graph
        super().__init__(parts, x)

    def _list(self) -> None:
        """List the scalars."""
        self.active = self.graph.active[self.x]
        self.order = order = [n for n in self.graph.order if n in self.active and not n.shape]
        self.inputs = {n: () if n.op is SELECT else n.args for n in order}
        self.elements = {n for n in order if n.op is SELECT}


class _View:
    """An element of an array, and the elements of x that it depends on."""

    __slots__ = ("base", "columns", "index")

    def __init__(self, base: Node, index: Index, columns: tuple[Index, ...]) -> None:
        self.base, self.index, self.columns = base, index, columns


def _gathered(base: Node, index: Index) -> Gathered:
    """One element of a function along axes, as a function of only the elements it depends on."""
    assert isinstance(base.op, AxisFunction)
    (arg,), axes = base.args, base.params
    rest = iter(k for at, k in enumerate(index) if at not in axes or not base.op.keeps)
    part = select(arg, tuple(None if k in axes else next(rest) for k in range(arg.ndim)))
    inputs = list(elements(part).flat)
    array = nest(inputs, part.shape)
    whole = along(base.op, array, tuple(range(part.ndim)))
    return Gathered(select(whole, tuple(index[k] for k in axes)) if base.op.keeps else whole, array, inputs)


# ---------------------------------------------------------------- arrays that are differentiated as a whole


def _read(rows: Rows, views: dict[Node, _View], x: Node) -> None:
    """The derivatives of elements of arrays; elements that depend on the same elements of x share a forward sweep."""
    groups: dict[tuple[Index, ...], list[Node]] = {}
    for node, view in views.items():
        groups.setdefault(view.columns, []).append(node)
    for columns, nodes in groups.items():
        bases = list(dict.fromkeys(views[n].base for n in nodes))
        whole = len(columns) == x.size
        seeds = {x: identity_tensor(x.shape)} if whole else _seeds(bases, x, columns)
        tangents = dict(zip(bases, tangents_of(bases, seeds, x.shape if whole else (len(columns),))))
        for node in nodes:
            view = views[node]
            whole_tangent, zeros = tangents[view.base]
            entries = {c: select(whole_tangent, view.index + (c if whole else (k,))) for k, c in enumerate(columns)}
            rows.give(node, {c: t for c, t in entries.items() if not is_zero(t)}, inside(zeros))


def _sources(roots: Iterable[Node], x: Node) -> list[Node]:
    """The selections from x below some nodes, and x itself if another node reads it."""
    order = topological(roots, enter=lambda n: not (n.op is SELECT and n.args[0] is x))
    return [n for n in order if n is x or (n.op is SELECT and n.args[0] is x)]


def _seeds(roots: Iterable[Node], x: Node, columns: Sequence[Index]) -> dict[Node, Node]:
    """Tangents of the selections from x, along one direction for each of the columns."""
    number = np.full(x.shape, -1)
    for k, c in enumerate(columns):
        number[c] = k
    directions = np.arange(len(columns))
    return {n: array(_numbers(n, x, number)[..., None] == directions) for n in _sources(roots, x)}


def _numbers(source: Node, x: Node, number: np.ndarray) -> np.ndarray:
    """The values at the selected elements of x."""
    return number if source is x else take(number, source.params)


# ---------------------------------------------------------------- reverse


def _pulled(part: Node, x: Node) -> Row:
    """The derivatives of one scalar by a reverse sweep that ends at selections from x."""
    sources = _sources([part], x)
    if x in sources:  # cotangents of its elements would be counted again in x
        sources = [x]
    terms: dict[Index, list[tuple[float, Node]]] = {}
    reached: np.ndarray | None = None
    places = np.arange(x.size).reshape(x.shape)
    for source, ct in zip(sources, pull_back(part, constant(1.0), sources) if sources else []):
        if is_zero(ct):
            continue
        if source.op is SELECT and not source.shape:
            terms.setdefault(source.params, []).append((1.0, ct))
            continue
        if reached is None:
            reached = reach(part, np.asarray(True), x)
        at = _numbers(source, x, places)
        for index in np.ndindex(*source.shape):
            column = tuple(int(i) for i in np.unravel_index(at[index], x.shape))
            if reached[column]:
                terms.setdefault(column, []).append((1.0, select(ct, index)))
    row = {i: linear(terms[i]) for i in sorted(terms)}
    return {i: t for i, t in row.items() if not is_zero(t)}


__all__ = ["Row", "crosses_samples", "entry_derivatives", "scalars_of"]
