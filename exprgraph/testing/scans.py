"""Loops in the checks: values of 50 digits, rounding, bounds and random loops, round by round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..canonical.arithmetic import linear
from ..functions.rows import tanh
from ..graph.leaves import bound
from ..graph.node import Node, Shape
from ..graph.primitive import Primitive
from ..scans.body import SCAN, Body, Recurrence, Rounds
from ..scans.evaluate import run
from ..scans.node import Carried, Over, Shared, scan
from .bounds import BOUNDS, BOX, EVERYTHING, Interval, bounds_of
from .growing import GROW, Garden, rows, step
from .noise import NOISE, Noise
from .precise import PRECISE

#: the most rounds after which bounds are no longer followed
_ROUNDS = 50


@PRECISE.rule(SCAN)
def _precise(node: Node, values: Sequence[np.ndarray], batch: Shape) -> np.ndarray:
    body = node.params[0]

    def one(known: Mapping[Node, np.ndarray]) -> Sequence[np.ndarray]:
        found = dict(known)
        for n in body.order:
            if n not in found:
                found[n] = PRECISE[n.op](n, [found[a] for a in n.args], batch)
        return [found[r] for r in body.results]

    return np.asarray(run(Recurrence.of(node), values, one), dtype=object)


@NOISE.rule(SCAN)
def _noisy(node: Node, args: Sequence[np.ndarray], noise: Noise) -> np.ndarray:
    body = node.params[0]

    def one(known: Mapping[Node, np.ndarray]) -> Sequence[np.ndarray]:
        found = dict(known)
        for n in body.order:
            if n not in found:
                found[n] = NOISE[n.op](n, [found[a] for a in n.args], noise) if n.args else noise.leaf(n)
        return [found[r] for r in body.results]

    return run(Recurrence.of(node), args, one)


@BOUNDS.rule(SCAN)
def _bounds(node: Node, args: Sequence[Interval]) -> Interval:
    """Followed for some rounds; a longer loop may have any value, unless its bounds stay."""
    loop = Recurrence.of(node)
    body = loop.body
    n = len(body.carry)
    carried = list(args[:n])
    results: list[Interval] = []
    for _ in range(min(loop.length, _ROUNDS)):
        found = _of_round(body, [*carried, *args[n:]])
        after = found[:n]
        results += found[n:]
        if after == carried:
            break
        carried = after
    else:
        if loop.length > _ROUNDS:
            return EVERYTHING
    results += carried
    return min(low for low, _ in results), max(high for _, high in results)


def _of_round(body: Body, args: Sequence[Interval]) -> list[Interval]:
    known = dict(zip(body.symbols, args))
    for n in body.order:
        if n not in known:
            known[n] = bounds_of(n, [known[a] for a in n.args])
    return [known[r] for r in body.results]


def grown(garden: Garden, row: Primitive) -> Node:
    """A random loop of a few rounds whose state stays in a box, or its results."""
    choice = garden.choice
    start = garden.within(garden.any(), BOX)
    values = garden.any(lambda n: n.ndim > 0)
    shared = garden.any()
    length = values.shape[0] if values.ndim else choice.whole(1, 3)
    state = bound("state", start.shape, start.per_sample or values.per_sample or shared.per_sample)
    entry = bound("entry", values.shape[1:], values.per_sample)
    equal = bound("equal", shared.shape, shared.per_sample)
    symbols = [state, equal] + [entry] * bool(values.ndim)
    inner = Garden(choice, symbols)
    inner.interval.update({entry: garden.bounds(values), equal: garden.bounds(shared)})
    table = [r for r in rows(per_sample=False) if not r.leaf and r is not SCAN]
    for _ in range(choice.whole(1, 3)):
        inner.add(step(inner, choice.pick(table)))
    mixed = linear([(1.0, inner.like(state.shape)), (0.5, state)], 0.0, state.shape)
    then = linear([(0.9, tanh(mixed))], 0.0, state.shape)
    gives = [inner.any()] if choice.whole(0, 1) else []
    over = [Over(entry, values)] if values.ndim else []
    made = scan([Carried(state, start, then)], over, [Shared(equal, shared)], gives, Rounds(length, bool(choice.whole(0, 1))))
    return choice.pick([*made.last, *made.gives])


GROW.leave_out("a loop is drawn where a test or the fuzzer asks for it, by scans.grown", SCAN)

__all__ = ["grown"]
