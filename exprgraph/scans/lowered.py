"""A loop of compiled code: the kernels of a body, and a loop around their steps.

What is carried lies in the vector of the results, so that the last values are there when the loop ends.  What rounds give is
computed in its place in that vector.  Arrays are read at the round's entry, which is an address like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..graph.leaves import bound
from ..graph.node import Node, make
from ..graph.traverse import topological
from ..loops.program import Load, index
from ..loops.program import Loop as RoundLoop
from ..lowering.plan.access import ROUND, Location, contiguous, identity_index, round_variable
from ..lowering.plan.dispatch import Item, dispatched
from ..lowering.plan.emit import STEPS, Emitter
from ..lowering.plan.inputs import TABLE
from ..lowering.plan.nest import Assignment, Nest
from ..lowering.plan.phases import Phase, pairwise
from ..lowering.plan.rounds import LOOP, Round
from ..lowering.plan.routines import ROUTINE
from ..lowering.plan.schedule import LOWERING, Schedule, Scheduler
from .body import SCAN, Recurrence, Rounds
from .node import Carried, Over, Shared, scan

LOWERING.fill(lambda scheduler, node: scheduler.alone(node, "steps"), SCAN)


@LOOP.rule(SCAN)
def _written_out(one: Round, rounds: int) -> list[Node]:
    """A loop that somebody wrote out."""
    carry = [Carried(symbol, start, then, read=False) for symbol, start, then in one.carry]
    return scan(carry, [Over(*o) for o in one.over], [Shared(*g) for g in one.given], one.gives, Rounds(rounds)).gives


class _Round(NamedTuple):
    """A body in the addresses of one loop."""

    carry: list[Node]
    then: list[Node]
    gives: list[Node]
    #: everything in it that depends on the round, and the views between it and the loop's operands
    nodes: list[Node]


@STEPS.rule(SCAN)
def _looped(emitter: Emitter, node: Node, schedule: Schedule, wanted: set[Node]) -> list[Item]:
    loop = Recurrence.of(node)
    name = round_variable(emitter.depth)
    emitter.loops += 1
    one = _round(loop, name, emitter.loops)
    places = _places(emitter.storage.locations[node], loop, name)
    n = len(one.carry)
    emitter.storage.locations.update(zip(one.carry, places[:n]))
    items: list[Item] = [emitter.step(nest, schedule, wanted) for nest in _copies(emitter, loop.start, places[:n], "start")]
    emitter.depth += 1
    steps = _steps(emitter, one, places, schedule.lanes)
    emitter.depth -= 1
    # the number of rounds is in the table, so that loops of different lengths share their code
    length = Load(TABLE, index(emitter.table.add([loop.length])))
    return [*items, RoundLoop(name, "plain", index(0), length, dispatched(steps, emitter.kernels, emitter.steps))]


def _round(loop: Recurrence, name: str, number: int) -> _Round:
    body = loop.body
    carry = [bound(f"{s.name} of loop {number}", s.shape) for s in body.carry]
    at = (name, loop.length - 1, -1, number) if loop.backwards else (name, 0, 1, number)
    entries = [make(ROUND, (v,), at, s.shape) for s, v in zip(body.over, loop.over)]
    image: dict[Node, Node] = {**dict(zip(body.carry, carry)), **dict(zip(body.over, entries)), **dict(zip(body.given, loop.given))}
    results = pairwise(body.results)
    for n in topological(results):
        if n not in image:
            args = tuple(image[a] for a in n.args)
            image[n] = make(n.op, args, n.params, n.shape) if args != n.args else n
    roots = [image[r] for r in results]
    outside = {*loop.given, *loop.over}
    nodes = topological(roots, enter=lambda n: n not in outside and n.op is not ROUND)
    return _Round(carry, roots[: len(carry)], roots[len(carry) :], [n for n in nodes if n not in outside])


def _places(vector: Location, loop: Recurrence, name: str) -> list[Location]:
    """The address of each result: of what is carried, and of what this round gives."""
    places = []
    for r, (start, _, shape) in zip(loop.body.results, loop.ranges()):
        first, step = (loop.length - 1, -1) if loop.backwards else (0, 1)
        rounds = ((name, step * r.size),) if shape != r.shape and r.size else ()
        offset = vector.offset + start + (first * r.size if shape != r.shape else 0)
        places.append(vector._replace(offset=offset, strides=contiguous(r.shape), rounds=(*vector.rounds, *rounds)))
    return places


def _copies(emitter: Emitter, values: Sequence[Node], places: Sequence[Location], what: str) -> list[Nest]:
    """Nests that copy values to places, one for each shape."""
    nests: dict[tuple[int, ...], Nest] = {}
    for k, (value, place) in enumerate(zip(values, places)):
        key = (f"{what} of loop {emitter.loops}", (k, place))
        emitter.storage.locations[key] = place
        nest = nests.setdefault(value.shape, Nest("pointwise", value.shape))
        nest.assignments.append(Assignment(value, key, identity_index(value.ndim)))
    return list(nests.values())


def _steps(emitter: Emitter, one: _Round, places: Sequence[Location], lanes: bool) -> list[Item]:
    """The steps of a round."""
    n = len(one.carry)
    results = {*one.then, *one.gives}
    scheduler = Scheduler(Phase(lanes, one.nodes, []), [], results, emitter.lanes, set())
    schedule = scheduler.run()
    own = schedule.stored & set(one.nodes)
    copied: list[tuple[Node, Location]] = []
    for g, place in zip(one.gives, places[n:]):
        if g in own and STEPS.find(g.op) is None and ROUTINE.find(g.op) is None and g not in emitter.storage.locations:
            emitter.storage.locations[g] = place
        else:
            copied.append((g, place))
    schedule.nests += _copies(emitter, [g for g, _ in copied], [p for _, p in copied], "gifts")
    # a next value that is a view of a carried one is copied aside first
    carried = set(one.carry)
    moved = [k for k, t in enumerate(one.then) if scheduler.base(t) in carried]
    keys = {k: ("aside", (emitter.loops, k)) for k in moved}
    schedule.nests += [
        Nest("pointwise", one.then[k].shape, [Assignment(one.then[k], keys[k], identity_index(one.then[k].ndim))]) for k in moved
    ]
    stand_ins = {k: bound(f"aside {k} of loop {emitter.loops}", one.then[k].shape) for k in moved}
    for k in moved:
        (emitter.storage.new_rows if lanes else emitter.storage.new_shared)(keys[k], one.then[k].shape)
        emitter.storage.locations[stand_ins[k]] = emitter.storage.locations[keys[k]]
    schedule.nests += _copies(emitter, [stand_ins.get(k, t) for k, t in enumerate(one.then)], places[:n], "next")
    last, wanted = emitter.uses(scheduler, schedule)
    items = emitter.computed(schedule, wanted | (results & own), last, set())
    for k in moved if lanes else ():
        emitter.storage.release(keys[k], one.then[k].shape)
    return items


__all__: list[str] = []
