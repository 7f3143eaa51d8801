"""Derivatives of loops, which are loops again.

The tangent of a loop carries the state and its tangent.  The cotangents are carried backwards through the states, which
another loop lists.  Only what has a tangent, or leads to a wanted cotangent, is carried.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from ..calculus.branches import CHOOSES, GATED_JVP, GATED_VJP, Found
from ..calculus.forward import tangents_of
from ..calculus.gates import Zeros, either, finite_bound, inside, is_finite, together
from ..calculus.reach import REACH
from ..calculus.reverse import cotangents_of
from ..calculus.rules import JVP, VJP
from ..calculus.scaling import Labels
from ..calculus.wanted import is_wanted
from ..canonical.arithmetic import linear, scale
from ..canonical.contract import contract
from ..canonical.joining import concatenate, reshape
from ..canonical.select import select
from ..canonical.written import split_coefficient, terms_of
from ..graph.leaves import bound, is_known, is_zero, zeros
from ..graph.node import Node, Shape
from ..graph.primitive import CONTRACT, PLACE
from ..graph.traverse import dependents, substitute_nodes, topological
from ..graph.views import Contraction, Slice, entries_of
from .body import SCAN, Body, Recurrence, settled
from .node import Carried, Over, Shared, scan

CHOOSES.fill(True, SCAN)  # a body may hold a choice

# ---------------------------------------------------------------- forward


@GATED_JVP.rule(SCAN)
def _tangent(node: Node, tangents: Sequence[Node | None], extra: Shape, states: Sequence[Zeros]) -> Found:
    loop = Recurrence.of(node)
    body = loop.body
    given = {s: t for s, t in zip(body.symbols, tangents) if t is not None}
    if not given:
        return None, None
    state = {s: inside(z) for s, z in zip(body.symbols, states)}
    moving = settled(body.carry, lambda known: _reached(body, known | given.keys()), given.keys() & set(body.carry))
    seeds = {s: bound(f"tangent of {s.name}", s.shape + extra) for s in body.symbols if s in given or s in moving}
    finite = _finite(loop)
    while True:
        with finite_bound(finite):
            found = tangents_of(body.results, seeds, extra, state)
        after = {s: either(state[s], inside(z)) for s, (_, z) in zip(body.carry, found) if s in moving}
        if all(state[s] == z for s, z in after.items()):
            break
        state.update(after)
    n, m = len(body.carry), len(body.carry) + len(body.over)
    starts = {s: given.get(s, zeros(s.shape + extra)) for s in moving}
    carry = [Carried(s, a, t, False) for s, a, t in zip(body.carry, loop.start, body.then)]
    carry += [Carried(seeds[s], starts[s], t) for s, (t, _) in zip(body.carry, found) if s in moving]
    over = [Over(s, v) for s, v in zip(body.over, loop.over)] + [Over(seeds[s], given[s]) for s in body.over if s in given]
    shared = [Shared(s, v) for s, v in zip(body.given, loop.given)] + [Shared(seeds[s], given[s]) for s in body.symbols[m:] if s in given]
    made = scan(carry, over, shared, [t for t, _ in found[n:]], loop.rounds)
    last = dict(zip([s for s in body.carry if s in moving], made.last[n:]))
    parts = [last.get(s, zeros(s.shape + extra)) for s in body.carry] + made.gives
    flat = [reshape(t, (stop - start, *extra)) for t, (start, stop, _) in zip(parts, loop.ranges())]
    live = [z for t, (_, z) in zip(parts, found) if not is_zero(t)]
    return concatenate(flat), inside(together(live)) if live else None


def _finite(loop: Recurrence) -> set[Node]:
    """The bound symbols whose values are finite in all rounds, if symbols are."""
    body = loop.body
    found = {s for s, v in zip(body.symbols, loop.operands) if is_finite(v, True)}
    while True:
        with finite_bound(found):
            other = {s for s, t in zip(body.carry, body.then) if s in found and not is_finite(t, True)}
        if not other:
            return found
        found = found - other


def _reached(body: Body, known: set[Node]) -> set[Node]:
    """The carried symbols whose next value depends on some symbols."""
    hit = dependents(body.order, known)
    return {s for s, t in zip(body.carry, body.then) if t in hit}


# ---------------------------------------------------------------- reverse


@GATED_VJP.rule(SCAN)
def _cotangents(node: Node, ct: Node, extra: Shape, state: Zeros) -> Sequence[Found]:
    return _Backwards(Recurrence.of(node), ct, extra, inside(state)).found()


class _Backwards:
    """The cotangents of a loop's operands."""

    def __init__(self, loop: Recurrence, ct: Node, extra: Shape, state: Zeros) -> None:
        self.loop, self.body, self.extra = loop, loop.body, extra
        body = loop.body
        self.wanted = {s for s, a in zip(body.symbols, loop.operands) if is_wanted(a) and not is_known(a)}
        parts = [_selected(ct, len(extra), start, stop) for start, stop, _ in loop.ranges()]
        shaped = [reshape(p, extra + shape) for p, (_, _, shape) in zip(parts, loop.ranges())]
        n = len(body.carry)
        self.last = {s: p for s, p in zip(body.carry, shaped) if not is_zero(p)}
        self.gifts = {k: _in_front(p, len(extra)) for k, p in enumerate(shaped[n:]) if not is_zero(p)}
        active = settled(body.carry, lambda known: _reached(body, known | self.wanted), self.wanted & set(body.carry))
        self.moving = [s for s in body.carry if s in active and s in self._led_to(active)]
        self.seeds = {s: bound(f"cotangent of {s.name}", extra + s.shape) for s in self.moving}
        self.seen = {k: bound(f"cotangent {k} of a round", extra + body.gives[k].shape) for k in self.gifts}
        self.state: dict[Node, Zeros] = dict.fromkeys(self.moving, state)
        self.given_state = state
        self.finite = _finite(loop)

    def _led_to(self, active: set[Node]) -> set[Node]:
        """The carried symbols on which a result with a cotangent depends."""
        body = self.body

        def reached(known: set[Node]) -> set[Node]:
            roots = [t for s, t in zip(body.carry, body.then) if s in known or s in self.last]
            below = set(topological([*roots, *(body.gives[k] for k in self.gifts)]))
            return {s for s in body.carry if s in below and s in active}

        return settled(body.carry, reached, set(self.last))

    def _round(self) -> dict[Node, tuple[Node, Zeros]]:
        """The cotangents of a round's symbols, from those of its results."""
        body = self.body
        then = dict(zip(body.carry, body.then))
        targets = [*self.moving, *(s for s in (*body.over, *body.given) if s in self.wanted)]
        while True:
            seeds = [(then[s], self.seeds[s], self.state[s]) for s in self.moving]
            seeds += [(body.gives[k], s, self.given_state) for k, s in self.seen.items()]
            with finite_bound(self.finite):
                found = dict(zip(targets, cotangents_of(seeds, targets, self.extra) if seeds else []))
            after = {s: either(self.state[s], inside(found[s][1])) for s in self.moving}
            if all(self.state[s] == z for s, z in after.items()):
                return found
            self.state.update(after)

    def found(self) -> list[Found]:
        """One for each operand."""
        body, loop, extra = self.body, self.loop, self.extra
        found = self._round()
        if not found:
            return [(None, None)] * len(body.symbols)
        inputs = [s for s in body.over if s in found and not is_zero(found[s][0])]
        shared = [s for s in body.given if s in found and not is_zero(found[s][0])]
        sums = {s: _Sum(found[s][0], s, extra, self._varies(found), loop.rounds.frugal) for s in shared}
        carry = [
            Carried(self.seeds[s], self.last.get(s, zeros(extra + s.shape)), found[s][0], s in self.wanted) for s in self.moving
        ]
        carry += [c for s in shared for c in sums[s].carried()]
        gives = [found[s][0] for s in inputs] + [part for s in shared for part in sums[s].parts]
        used = set(topological([*(c.then for c in carry), *gives]))
        over = [*self._history(used), *(Over(s, v) for s, v in zip(body.over, loop.over))]
        over += [Over(s, self.gifts[k]) for k, s in self.seen.items()]
        given = [Shared(s, v) for s, v in zip(body.given, loop.given)]
        made = scan(carry, over, given, gives, loop.rounds._replace(backwards=not loop.backwards))
        values: dict[Node, Node] = {s: v for s, v in zip(self.moving, made.last) if s in self.wanted}
        values.update({s: _behind(v, len(extra)) for s, v in zip(inputs, made.gives)})
        at, last = len(inputs), len(self.moving)
        outside = dict(zip(body.given, loop.given))
        for s in shared:
            stop, end = at + len(sums[s].parts), last + len(sums[s].carried())
            values[s] = sums[s].total(made.gives[at:stop], made.last[last:end], outside)
            at, last = stop, end
        return [(values.get(s), inside(found[s][1]) if s in found else None) for s in body.symbols]

    def _varies(self, found: Mapping[Node, tuple[Node, Zeros]]) -> set[Node]:
        order = topological([v for v, _ in found.values()])
        return dependents(order, [*self.body.carry, *self.body.over, *self.seeds.values(), *self.seen.values()])

    def _history(self, used: set[Node]) -> list[Over]:
        """The states before all rounds, for those that are used."""
        body, loop = self.body, self.loop
        states = [s for s in body.carry if s in used]
        made = scan(
            [Carried(s, a, t, False) for s, a, t in zip(body.carry, loop.start, body.then)],
            [Over(s, v) for s, v in zip(body.over, loop.over)],
            [Shared(s, v) for s, v in zip(body.given, loop.given)],
            states,
            loop.rounds,
        )
        return [Over(s, v) for s, v in zip(states, made.gives)]


class _Sum:
    """The sum of a cotangent over all rounds.

    A product that is larger than its factors is summed outside, unless the loop is frugal: rounds list the factors, and one
    contraction sums over rounds and whatever else.  All else is added up in a carried value.
    """

    def __init__(self, ct: Node, symbol: Node, extra: Shape, varies: set[Node], frugal: bool) -> None:
        self.symbol, self.shape = symbol, extra + symbol.shape
        self.parts: list[Node] = []
        self.products: list[tuple[float, Node, list[int | None]]] = []
        rest: list[tuple[float, Node]] = []
        for c, term in terms_of(ct):
            k, core = split_coefficient(term)
            if not frugal and core.op is CONTRACT and core.shape == self.shape and _is_larger(core, varies):
                factors: list[int | None] = []
                for a in core.args:
                    factors.append(self._part(a) if a in varies else None)
                self.products.append((c * k, core, factors))
            else:
                rest.append((c, term))
        self.rest = linear(rest, 0.0, self.shape) if rest else None
        self.accumulator = bound(f"sum for {symbol.name}", self.shape)

    def _part(self, node: Node) -> int:
        if node not in self.parts:
            self.parts.append(node)
        return self.parts.index(node)

    def carried(self) -> list[Carried]:
        """The sum of what is no such product."""
        if self.rest is None:
            return []
        then = linear([(1.0, self.accumulator), (1.0, self.rest)], 0.0, self.shape)
        return [Carried(self.accumulator, zeros(self.shape), then)]

    def total(self, parts: Sequence[Node], last: Sequence[Node], outside: Mapping[Node, Node]) -> Node:
        """The sum, from the factors of all rounds; ``outside`` has the values of symbols that all rounds share."""
        terms = list(last)
        for c, core, factors in self.products:
            labels, sizes = Contraction.of(core)
            operands: list[tuple[Node, Labels]] = []
            for a, ks, k in zip(core.args, labels, factors):
                if k is None:
                    operands.append((substitute_nodes([a], outside)[0], list(ks)))
                else:
                    operands.append((parts[k], ["round", *ks]))
            size: dict[Hashable, int] = dict(enumerate(sizes))
            terms.append(scale(c, contract(operands, range(core.ndim), size)))
        return linear([(1.0, t) for t in terms], 0.0, self.shape)


def _is_larger(core: Node, varies: set[Node]) -> bool:
    """Whether a contraction is larger than its factors that differ between rounds, and a round is among its labels."""
    own = [a for a in core.args if a in varies]
    return bool(own) and core.size > sum(a.size for a in own)


def _in_front(ct: Node, lead: int) -> Node:
    """The axis of the rounds, behind the extra ones, in front."""
    return contract([(ct, [*range(1, lead + 1), 0, *range(lead + 1, ct.ndim)])], range(ct.ndim)) if lead else ct


def _behind(ct: Node, lead: int) -> Node:
    """The axis of the rounds, in front, behind the extra ones."""
    return contract([(ct, [lead, *range(lead), *range(lead + 1, ct.ndim)])], range(ct.ndim)) if lead else ct


def _selected(ct: Node, lead: int, start: int, stop: int) -> Node:
    """A range of the last axis of a cotangent, which is most often a sum of placed ranges; zeros where nothing is placed."""
    entries = (*[None] * lead, Slice(start, 1, stop - start))
    shape = (*ct.shape[:lead], stop - start)
    terms = terms_of(ct)
    if len(terms) > 1:
        parts = [(c, _selected(a, lead, start, stop)) for c, a in terms]
        return linear([(c, t) for c, t in parts if not is_zero(t)], 0.0, shape)
    if ct.op is PLACE and all(e is None for e in entries_of(ct)[:lead]):
        at = entries_of(ct)[lead]
        positions = [at] if isinstance(at, int) else list(at.positions) if isinstance(at, Slice) else list(range(start, stop))
        if not any(start <= p < stop for p in (positions[0], positions[-1])) and not (positions[0] < start <= positions[-1]):
            return zeros(shape)
    return select(ct, entries)


def _alone_forward(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    return _tangent(node, tangents, extra, [None] * len(tangents))[0]


def _alone_reverse(node: Node, ct: Node, extra: Shape) -> list[Node | None]:
    return [v for v, _ in _cotangents(node, ct, extra, None)]


JVP.fill(_alone_forward, SCAN)
VJP.fill(_alone_reverse, SCAN)

# ---------------------------------------------------------------- reach


@REACH.rule(SCAN)
def _reach(node: Node, mask: np.ndarray) -> Sequence[np.ndarray | None]:
    """Round by round, from the last to the first."""
    loop = Recurrence.of(node)
    body = loop.body
    n = len(body.carry)
    parts = [mask[start:stop].reshape(shape) for start, stop, shape in loop.ranges()]
    carried = parts[:n]
    found = {s: np.zeros(a.shape, dtype=bool) for s, a in zip(body.symbols, loop.operands)}
    known: dict[bytes, dict[Node, np.ndarray]] = {}
    for t in range(loop.length) if loop.backwards else reversed(range(loop.length)):
        results = [*carried, *(p[t] for p in parts[n:])]
        key = b"".join(r.tobytes() for r in results)
        if key not in known:
            known[key] = _reach_of_round(body, results)
        masks = known[key]
        carried = [masks[s] for s in body.carry]
        for s in body.over:
            found[s][t] |= masks[s]
        for s in body.given:
            found[s] |= masks[s]
    for s, m in zip(body.carry, carried):
        found[s] |= m
    return [found[s] for s in body.symbols]


def _reach_of_round(body: Body, results: Sequence[np.ndarray]) -> dict[Node, np.ndarray]:
    masks: dict[Node, np.ndarray] = {s: np.zeros(s.shape, dtype=bool) for s in body.symbols}
    for r, m in zip(body.results, results):
        masks[r] = masks[r] | m if r in masks else m
    for n in reversed(body.order):
        own = masks.get(n)
        if own is None or not n.args or not own.any():
            continue
        for a, part in zip(n.args, REACH[n.op](n, own)):
            if part is not None:
                masks[a] = masks[a] | part if a in masks else part
    return masks


__all__: list[str] = []
