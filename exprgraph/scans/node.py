"""The canonical node of a loop.

A round computes only what depends on the round: everything else is hoisted, and becomes an operand.  What is carried
and never changes is an operand too, and what nobody reads is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..canonical.contract import contract, is_structural
from ..canonical.grouping import as_written
from ..canonical.joining import concatenate, reshape
from ..canonical.select import select
from ..errors import ExprGraphError
from ..graph.leaves import bound, constant, is_known, number, zeros
from ..graph.node import Node, Shape, make
from ..graph.primitive import SAMPLE_SUM, SELECT
from ..graph.traverse import REBUILD, REFILLED, dependents, substitute_nodes, topological
from ..graph.views import Slice
from ..meaning.counting import COUNT
from .body import SCAN, Body, Recurrence, Rounds, parameters, ranges, replaced, settled


class Carried(NamedTuple):
    """What a round hands to the next: its symbol, the first value, and the next one.  ``read``: whether the last one is read."""

    symbol: Node
    start: Node
    then: Node
    read: bool = True


class Over(NamedTuple):
    """What a round takes from an array: its symbol, and the array, of one more axis in front."""

    symbol: Node
    values: Node


class Shared(NamedTuple):
    """What all rounds share: its symbol, and its value."""

    symbol: Node
    value: Node


class Results(NamedTuple):
    """The last value of each carried symbol, and what all rounds give, as arrays with one more axis in front."""

    last: list[Node]
    gives: list[Node]

    def vector(self) -> Node:
        """All of them, one after another."""
        parts = [reshape(p, (p.size,)) for p in (*self.last, *self.gives)]
        whole = next((n.args[0] for n in parts if n.op is SELECT and n.args[0].op is SCAN), None)
        if whole is not None and [*self.last, *self.gives] == parts_of(whole, *whole.params[:2]):
            return whole
        return concatenate(parts)


def scan(
    carry: Sequence[Carried], over: Sequence[Over], given: Sequence[Shared], gives: Sequence[Node], rounds: Rounds
) -> Results:
    """The results of a loop, in canonical form.

    Symbols other than those of the loop are free: their values are those outside of it.
    """
    if not rounds.length:
        return Results([c.start for c in carry], [zeros((0, *g.shape)) for g in gives])
    maker = _Maker(list(carry), list(over), list(given), list(gives), rounds)
    maker.fold()
    maker.hoist()
    return maker.results()


class _Maker:
    """A loop that is brought into canonical form."""

    def __init__(
        self, carry: list[Carried], over: list[Over], given: list[Shared], gives: list[Node], rounds: Rounds
    ) -> None:
        self.carry, self.over, self.given, self.gives = carry, over, given, gives
        self.rounds, self.length = rounds, rounds.length
        self.count = 0
        self.last: list[Node | None] = [None] * len(carry)  # known last values
        self.at = list(range(len(carry)))  # of the carried ones that are left, in ``last``

    def fold(self) -> None:
        """Inline numbers; what is carried unchanged, and arrays of one number, are shared by all rounds."""
        while True:
            known: dict[Node, Node] = {}
            for c, k in zip(list(self.carry), list(self.at)):
                if c.then is c.symbol:
                    self.carry.remove(c)
                    self.at.remove(k)
                    self.last[k] = c.start
                    self.given.append(Shared(c.symbol, c.start))
            for o in list(self.over):
                value = number(o.values)
                if value is not None:
                    self.over.remove(o)
                    known[o.symbol] = constant(value, o.symbol.shape)
            first: dict[Node, Node] = {}
            for g in list(self.given):
                other = g.value if is_known(g.value) else first.setdefault(g.value, g.symbol)
                if other is not g.symbol:
                    self.given.remove(g)
                    known[g.symbol] = other
            if not known:
                break
            roots = replaced([*(c.then for c in self.carry), *self.gives], known)
            self.carry = [c._replace(then=t) for c, t in zip(self.carry, roots)]
            self.gives = roots[len(self.carry) :]

    def _live(self) -> None:
        """Drop what no result depends on."""
        order = topological([*self.gives, *(c.then for c in self.carry)])
        uses: dict[Node, set[Node]] = {}
        symbols = {c.symbol for c in self.carry} | {o.symbol for o in self.over} | {g.symbol for g in self.given}
        for n in order:
            uses[n] = {n} if n in symbols else set().union(*(uses[a] for a in n.args)) if n.args else set()
        then = {c.symbol: c.then for c in self.carry}
        needed = {s for g in self.gives for s in uses[g]} | {c.symbol for c in self.carry if c.read}
        pending = list(needed)
        while pending:
            s = pending.pop()
            if s in then:
                more = uses[then[s]] - needed
                needed |= more
                pending += more
        kept = [(c, k) for c, k in zip(self.carry, self.at) if c.symbol in needed]
        self.carry, self.at = [c for c, _ in kept], [k for _, k in kept]
        self.over = [o for o in self.over if o.symbol in needed]

    def hoist(self) -> None:
        """Everything that is equal in all rounds moves out of the body, and becomes an operand."""
        self._live()
        roots = [*(c.then for c in self.carry), *self.gives]
        order = topological(roots)
        rounds = [*(c.symbol for c in self.carry), *(o.symbol for o in self.over)]
        varies = dependents(order, rounds)
        if any(n.op is SAMPLE_SUM and n in varies for n in order):
            raise ExprGraphError(
                "a sum or a mean over samples inside of a loop needs all samples in each round, and blocks of samples run through "
                "the loop one after another; take it outside of the loop"
            )
        outside = {g.symbol: g.value for g in self.given}
        wanted = dict.fromkeys(a for n in order if n in varies for a in n.args if a not in varies)
        wanted.update(dict.fromkeys(r for r in roots if r not in varies))
        moved: dict[Node, Node] = {}
        for n in wanted:
            for part in _below_views(n):
                if part not in moved and not is_known(part):
                    moved[part] = part
        if moved:
            with as_written():
                values = substitute_nodes(list(moved), outside)
            self.given = []
            for part, value in zip(list(moved), values):
                if is_known(value):
                    moved[part] = value
                else:
                    self.count += 1
                    moved[part] = bound(f"hoisted{self.count}", part.shape, value.per_sample)
                    self.given.append(Shared(moved[part], value))
            roots = replaced(roots, moved)
        else:
            self.given = []
        self.carry = [c._replace(then=t) for c, t in zip(self.carry, roots)]
        self.gives = roots[len(self.carry) :]

    def results(self) -> Results:
        """The node, and each result as a part of it."""
        gives: list[Node | None] = [self._known_gift(g) for g in self.gives]
        inside = list(dict.fromkeys(g for g, k in zip(self.gives, gives) if k is None))
        if self.carry or inside:
            parts = self._parts(inside)
            for k, part in zip(self.at, parts):
                self.last[k] = part
            found = dict(zip(inside, parts[len(self.carry) :]))
            gives = [found[g] if k is None else k for g, k in zip(self.gives, gives)]
        # what was dropped has no reader
        last = [zeros(()) if n is None else n for n in self.last]
        return Results(last, [g for g in gives if g is not None])

    def _known_gift(self, node: Node) -> Node | None:
        """What rounds give without computing anything."""
        for o in self.over:
            if o.symbol is node:
                return o.values
        own = {c.symbol for c in self.carry} | {o.symbol for o in self.over}
        if any(n in own for n in topological([node])):
            return None
        (value,) = substitute_nodes([node], {g.symbol: g.value for g in self.given})
        return _repeated(value, self.length)

    def _parts(self, gives: list[Node]) -> list[Node]:
        used = set(topological([*(c.then for c in self.carry), *gives]))
        over = [o for o in self.over if o.symbol in used]
        given = sorted((g for g in self.given if g.symbol in used), key=lambda g: g.value.digest)
        differs = {g.symbol for g in given if g.value.per_sample} | {o.symbol for o in over if o.values.per_sample}

        def reached(known: set[Node]) -> set[Node]:
            hit = dependents(order, differs | known)
            return {c.symbol for c in self.carry if c.then in hit}

        order = topological([c.then for c in self.carry])
        differs |= settled([c.symbol for c in self.carry], reached, {c.symbol for c in self.carry if c.start.per_sample})
        names: dict[Node, Node] = {}
        for letter, symbols in zip("cxk", ([c.symbol for c in self.carry], [o.symbol for o in over], [g.symbol for g in given])):
            for k, s in enumerate(symbols, 1):
                names[s] = bound(f"{letter}{k}", s.shape, s in differs)
        results = replaced([*(c.then for c in self.carry), *gives], names)
        n = len(self.carry)
        carried, entries = [names[c.symbol] for c in self.carry], [names[o.symbol] for o in over]
        body = Body(carried, entries, [names[g.symbol] for g in given], results[:n], results[n:])
        operands = (*(c.start for c in self.carry), *(o.values for o in over), *(g.value for g in given))
        return parts_of(node_of(body, operands, self.rounds), body, self.length)


def _below_views(node: Node) -> list[Node]:
    """The values that a view reads: only they are stored."""
    found: list[Node] = []
    pending = [node]
    while pending:
        n = pending.pop()
        if is_structural(n):
            pending += n.args
        else:
            found.append(n)
    return found


def _repeated(value: Node, length: int) -> Node:
    kept = range(1, value.ndim + 1)
    return contract([(value, list(kept))], range(value.ndim + 1), dict(enumerate((length, *value.shape))))


def node_of(body: Body, operands: Sequence[Node], rounds: Rounds) -> Node:
    """The node of a canonical body: all results in one vector."""
    size = sum(n.size for n in body.then) + rounds.length * sum(n.size for n in body.gives)
    return make(SCAN, tuple(operands), parameters(body, rounds), (size,))


def parts_of(node: Node, body: Body, length: int) -> list[Node]:
    """Each result of a loop as a part of its vector."""
    return [_part(node, start, stop, shape) for start, stop, shape in ranges(body, length)]


def _part(node: Node, start: int, stop: int, shape: Shape) -> Node:
    if not shape:
        return select(node, (start,))
    return reshape(select(node, (Slice(start, 1, stop - start),)), shape)


@REFILLED.rule(SCAN)
def _refilled(node: Node, results: Sequence[Node]) -> Node:
    """The loop of another body."""
    return _made(Recurrence.of(node), results)


def _made(loop: Recurrence, results: Sequence[Node]) -> Node:
    n = len(loop.start)
    made = scan(
        [Carried(*parts) for parts in zip(loop.body.carry, loop.start, results)],
        [Over(*parts) for parts in zip(loop.body.over, loop.over)],
        [Shared(*parts) for parts in zip(loop.body.given, loop.given)],
        results[n:],
        loop.rounds,
    )
    return made.vector()


@REBUILD.rule(SCAN)
def _rebuilt(node: Node, args: tuple[Node, ...]) -> Node:
    """The loop of other operands: the whole vector, whatever becomes of its parts."""
    loop = Recurrence.of(node)
    body = loop.body
    n, m = len(body.carry), len(body.carry) + len(body.over)
    over, given = args[n:m], args[m:]
    canonical = [a.per_sample for a in args] == [a.per_sample for a in node.args] and not any(map(is_known, given))
    if canonical and all(number(o) is None for o in over) and all(a.digest < b.digest for a, b in zip(given, given[1:])):
        return node_of(body, args, loop.rounds)
    return _made(loop._replace(start=args[:n], over=over, given=given), body.results)


@COUNT.rule(SCAN)
def _count(node: Node) -> int:
    body, length, *_ = node.params
    total: int = length * sum(COUNT[n.op](n) for n in body.order if not n.op.leaf)
    return total


__all__ = ["Carried", "Over", "Results", "Shared", "node_of", "parts_of", "scan"]
