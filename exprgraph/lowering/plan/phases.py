"""Phases: values computed once per call, or in a pass over the samples.

A sum over samples splits the work: its operands are computed in a pass over blocks of samples, and users of the total
come after.  A later pass computes per-sample values again, so that memory is bounded by a block for any number of
samples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import NamedTuple

from ...canonical.arithmetic import linear
from ...canonical.contract import contract
from ...canonical.select import select, selected_shape
from ...functions.along_axes import AxisFunction
from ...functions.gated import summed_gate
from ...graph.column import Column
from ...graph.node import Node, Shape, make
from ...graph.primitive import CONTRACT, PLACE, SAMPLE_SUM, SELECT
from ...graph.traverse import of_arguments, topological
from ...graph.views import Contraction, Entries, Take, entries_of
from .axes import written_out
from .few_terms import FEW
from .narrow import narrowed

#: rewriting of a node into primitives with loops, which have rules in the column "lowering"
REWRITTEN: Column[Callable[[Node], Node]] = Column(
    "rewritten", "the same value in primitives that have loop nests", __name__, otherwise="it has loop nests itself"
)
REWRITTEN.fill(written_out, AxisFunction)
REWRITTEN.fill(lambda node: _take_by_take(node.args[0], node.params), SELECT)
REWRITTEN.fill(lambda node: _placed_take_by_take(node.args[0], entries_of(node), node.shape), PLACE)


class Phase(NamedTuple):
    """Values computed together: nodes in order, on lanes (a block of samples) or shared."""

    lanes: bool
    nodes: list[Node]
    #: per-sample results that leave the phase: outputs to store, arguments of sums over samples
    roots: list[Node]


def pairwise(roots: Sequence[Node]) -> list[Node]:
    """Contractions of three or more operands in steps of two, smallest first; takes along several axes one after
    another; wide sums and products as chains of narrow ones; functions along axes expanded."""
    image: dict[Node, Node] = {}
    _rewrite(roots, image, set())
    return [image[r] for r in roots]


def _rewrite(roots: Sequence[Node], image: dict[Node, Node], done: set[Node]) -> None:
    """Compute the replacement of each node; ``done`` holds results."""
    for node in topological(roots, enter=lambda n: n not in done):
        if node in done:
            image[node] = node
            continue
        args = tuple(image[a] for a in node.args)
        new = narrowed(of_arguments(node, args))
        rewrite = REWRITTEN.find(new.op)
        if rewrite is not None:
            new = rewrite(new)
        if new.op is not node.op:  # the replacement may need rewriting as well
            _rewrite([new], image, done)
            new = image[new]
        image[node] = new
        done.add(new)


#: sums of few elements are elementwise, for at least so many results
MANY_SUMS = 16


def _added(node: Node) -> Node:
    """A sum over few elements of one operand as an elementwise sum, which shares loops with others."""
    labels, sizes = Contraction.of(node)
    summed = sizes[node.ndim :]
    if len(node.args) > 1 or not 1 < math.prod(summed) <= FEW or node.size < MANY_SUMS or summed_gate(node) is not None:
        return node
    (arg,), (own,) = node.args, labels
    if [k for k in own if k < node.ndim] != list(range(node.ndim)) or len(set(own)) < len(own):
        return node
    parts = [select(arg, tuple(at[k - node.ndim] if k >= node.ndim else None for k in own)) for at in product(*map(range, summed))]
    return linear([(1.0, p) for p in parts], 0.0, node.shape)


@REWRITTEN.rule(CONTRACT)
def _split(node: Node) -> Node:
    if len(node.args) <= 2 or len(Contraction.of(node).sizes) == len(node.shape):
        return _added(node)
    labels, sizes = Contraction.of(node)
    out = set(range(len(node.shape)))
    live = [(a, list(ks)) for a, ks in zip(node.args, labels)]
    while len(live) > 2:
        best = None
        for i in range(len(live)):
            for j in range(i):
                a, b = set(live[i][1]), set(live[j][1])
                others = out.union(*(ks for m, (_, ks) in enumerate(live) if m not in (i, j)))
                kept = sorted((a | b) & others)
                size = work = 1
                for k in kept:
                    size *= sizes[k]
                for k in a | b:
                    work *= sizes[k]
                rank = (work, size, j, i)
                if best is None or rank < best[0]:
                    best = (rank, i, j, kept)
        assert best is not None
        _, i, j, kept = best
        joined = contract([live[i], live[j]], kept)
        live = [m for k, m in enumerate(live) if k not in (i, j)] + [(joined, kept)]
    return contract(live, range(len(node.shape)), dict(enumerate(sizes)))


def _takes(entries: Entries) -> list[int]:
    return [k for k, e in enumerate(entries) if isinstance(e, Take)]


def _first_and_rest(entries: Entries) -> tuple[Entries, Entries]:
    """A selection by positions along several axes as one along the first of them, then one along the others."""
    later = _takes(entries)[1:]
    first = tuple(None if k in later else e for k, e in enumerate(entries))
    rest = tuple(entries[k] if k in later else None for k, e in enumerate(entries) if not isinstance(e, int))
    return first, rest


def _take_by_take(node: Node, entries: Entries) -> Node:
    # without canonical form, which would be a single selection
    while len(_takes(entries)) > 1:
        first, entries = _first_and_rest(entries)
        node = make(SELECT, (node,), first, selected_shape(node.shape, first))
    return make(SELECT, (node,), entries, selected_shape(node.shape, entries))


def _placed_take_by_take(node: Node, entries: Entries, shape: Shape) -> Node:
    steps = []
    while len(_takes(entries)) > 1:
        first, entries = _first_and_rest(entries)
        steps.append((first, shape))
        shape = selected_shape(shape, first)
    for own, whole in [(entries, shape), *reversed(steps)]:
        node = make(PLACE, (node,), (own,), whole)
    return node


def phases(outputs: Sequence[Node], lane_symbols: set[Node]) -> tuple[list[Phase], set[Node]]:
    """The phases in order, and the set of per-sample nodes."""
    order = topological(outputs)
    lanes: set[Node] = set()
    level: dict[Node, int] = {}
    for node in order:
        if node in lane_symbols or (node.op is not SAMPLE_SUM and any(a in lanes for a in node.args)):
            lanes.add(node)
        level[node] = max((level[a] for a in node.args), default=0) + (node.op is SAMPLE_SUM)
    result: list[Phase] = []
    for depth in range(max(level.values(), default=0) + 1):
        shared = [n for n in order if n not in lanes and level[n] == depth and not (n.op is SAMPLE_SUM and n.args[0] in lanes)]
        roots = [n.args[0] for n in order if n.op is SAMPLE_SUM and level[n] == depth + 1 and n.args[0] in lanes]
        roots += [o for o in outputs if o in lanes and level[o] == depth]
        roots = list(dict.fromkeys(roots))
        if shared:
            result.append(Phase(False, shared, []))
        if roots:
            needed = set(topological(roots, enter=lambda n: n in lanes))
            result.append(Phase(True, [n for n in order if n in lanes and n in needed], roots))
    return result, lanes


__all__ = ["Phase", "pairwise", "phases"]
