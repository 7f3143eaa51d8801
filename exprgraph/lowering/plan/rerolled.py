"""Large graphs of scalars, rolled up: isomorphic scalars become one array.

A program that loops over elements in Python gives a graph of thousands of equal pieces.  Scalars of one operation at
one depth, whose operands are already known, are one array operation on arrays of operands; numbers in which they
differ are constant arrays.  Operands are gathered from the arrays before: as a range where positions are evenly
spaced, else by a table of positions.  Long chains of additions are sums in the order of their terms.  So the code, and
the time to compile it, follow the number of different pieces.

Every scalar keeps its operation and its operands.  Only sums and products of three or more operands, whose order the
plan chooses anyway, may be added up in another order.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ...canonical.written import multiple, written_product
from ...functions.elementwise import Function
from ...graph.column import Column
from ...graph.leaves import array, constant
from ...graph.node import Node, make
from ...graph.primitive import PRODUCT, SELECT, STACK, SUM, Primitive
from ...graph.traverse import dependents, of_arguments, topological
from ...graph.views import Linear
from ...support.collecting import uncollected
from .columns import Columns, Place
from .in_order import sum_in_order
from .operand_order import ROLES
from .periods import NEAR, Periods
from .rounds import looped
from .worth_rolling import is_worth, may_be_worth_rolling, time_of, worth_rolling

#: graphs of fewer scalars are straight-line code, which is quicker where pieces are few
ENOUGH = 2500
#: fewer isomorphic scalars stay scalars
FEWEST = 16
#: at most so many groups of one operation at one depth are told apart by numbers and sources of operands
APART = 16


class Roll(NamedTuple):
    """How scalars of an operation become an array."""

    #: the array, from the scalars and from arrays of their operands
    make: Callable[[Sequence[Instance], list[Node]], Node]
    #: whether it adds its operands with coefficients, which may become arrays
    adds: bool = False


#: how scalars of this operation become an array
ROLL: Column[Roll] = Column("roll", "an array of isomorphic scalars, of arrays of operands", __name__, otherwise="they stay scalars")


def rerolled(outputs: Sequence[Node], lane_symbols: Iterable[Node] = (), short: bool = False) -> list[Node]:
    """The outputs, with isomorphic scalars as elements of arrays if that makes the code quicker, or much shorter.

    ``short``: much shorter code is taken, however few scalars there are.
    """
    order = topological(outputs)
    steps = _scalar_steps(order)
    if len(steps) < ENOUGH:
        return list(outputs)
    with uncollected(len(order)):
        return _rolled(_Levels(outputs, order, steps), order, list(lane_symbols), short)


def _rolled(levels: _Levels, order: Sequence[Node], lane_symbols: Sequence[Node], short: bool) -> list[Node]:
    groups = levels.groups()
    together = levels.inside + sum(groups)
    alone = levels.count - together
    if not may_be_worth_rolling(groups, alone, levels.count, short):
        together = 0
    lanes = dependents(order, lane_symbols)
    for near in NEAR:
        if 2 * max(together, levels.may_repeat(near)) < levels.count:
            continue
        periods = Periods(levels.steps(), levels.level, lanes, near)
        if 2 * max(together, periods.repeated()) >= levels.count:
            rolling = _Rolling(levels, periods, lanes, short)
            images = rolling.images(levels.outputs)
            worth = images is not None and worth_rolling(images, levels.count, rolling.in_loops, lane_symbols, short)
            return images if images is not None and worth else list(levels.outputs)
    return list(levels.outputs)


def _scalar_steps(order: Iterable[Node]) -> set[Node]:
    """The elementwise operations on scalars."""
    known: dict[Primitive, bool] = {}
    found: set[Node] = set()
    for n in order:
        if n.shape or not n.args:
            continue
        rolls = known.get(n.op)
        if rolls is None:
            rolls = known[n.op] = ROLL.find(n.op) is not None
        if not rolls:
            continue
        for a in n.args:
            if a.shape:
                break
        else:
            found.add(n)
    return found


class _Levels:
    """The scalars of a graph by depth, and its long chains of additions."""

    def __init__(self, outputs: Sequence[Node], order: Sequence[Node], steps: set[Node]) -> None:
        self.outputs = outputs
        self.uses: dict[Node, int] = defaultdict(int)
        for n in outputs:
            self.uses[n] += 1
        for n in order:
            for a in n.args:
                self.uses[a] += 1
        #: the terms of each chain, in order, by its last sum
        self.chains = self._chains([n for n in order if n in steps and ROLL[n.op].adds])
        inside = {link for chain in self.chains.values() for link in chain.links}
        self.level = level = dict[Node, int]()
        #: scalars of each level, and other nodes that need these
        self.scalars: dict[int, list[Node]] = defaultdict(list)
        self.others: dict[int, list[Node]] = defaultdict(list)
        for n in order:
            if n in inside:
                continue
            below = [a for step in self.chains[n].steps for _, a in step if a.args] if n in self.chains else n.args
            own = max([level[a] for a in below], default=0)
            if n in steps:
                level[n] = own + 1
                self.scalars[own + 1].append(n)
            else:
                level[n] = own
                self.others[own].append(n)
        self.count = sum(map(len, self.scalars.values())) + len(inside)
        self.inside = len(inside)

    def steps(self) -> dict[int, list[Node]]:
        """The scalars of each level, without the last sums of chains."""
        return {level: [n for n in nodes if n not in self.chains] for level, nodes in self.scalars.items()}

    def last_readers(self) -> dict[Node, int]:
        """The highest level at which a scalar reads each node; above all for what others read."""
        last: dict[Node, int] = {}
        for level, nodes in sorted(self.scalars.items()):
            for n in nodes:
                if n not in self.chains:
                    last.update(dict.fromkeys(n.args, level))
        above = max(self.scalars, default=0) + 1
        for chain in self.chains.values():
            last.update((a, above) for step in chain.steps for _, a in step)
        last.update((a, above) for nodes in self.others.values() for n in nodes for a in n.args)
        last.update((o, above) for o in self.outputs)
        return last

    def groups(self) -> list[int]:
        """How many scalars of a kind have enough others of it at their level."""
        found: list[int] = []
        for nodes in self.scalars.values():
            if len(nodes) >= FEWEST:
                kinds: dict[object, int] = defaultdict(int)
                for n in nodes:
                    kinds[n.op, len(n.args)] += 1
                found += [k for k in kinds.values() if k >= FEWEST]
        return found

    def may_repeat(self, near: int) -> int:
        """At least as many scalars as lie in levels that have an equal one soon after: in levels of the same operations."""
        seen: dict[object, int] = {}
        found = 0
        for level in range(max(self.scalars, default=0), 0, -1):
            kinds: dict[object, int] = defaultdict(int)
            nodes = [n for n in self.scalars.get(level, ()) if n not in self.chains]
            for n in nodes:
                kinds[n.op, len(n.args)] += 1
            name = frozenset(kinds.items())
            if seen.get(name, level + near + 1) <= level + near:
                found += len(nodes)
            seen[name] = level
        return found

    def _chains(self, sums: Sequence[Node]) -> dict[Node, _Chain]:
        """Sums of many terms, and chains of sums each of which only the next one reads; not where many are alike."""
        length: dict[Node, int] = {}
        link: dict[Node, Node] = {}
        for n in sums:
            own = len(n.args)
            best = 0
            for c, a in zip(Linear.of(n).coefficients, n.args):
                if c == 1.0 and length.get(a, 0) > best and self.uses[a] == 1:
                    best, link[n] = length[a], a
            length[n] = own + best - (best > 0)
        linked = set(link.values())
        long = [n for n, size in length.items() if size >= FEWEST and n not in linked]
        sizes = sorted([length[n] for n in long])
        # many chains of one length are added up side by side
        alike = {n: bisect_right(sizes, 2 * length[n]) - bisect_left(sizes, length[n] // 2) for n in long}
        return {n: _chain(n, link) for n in long if alike[n] < FEWEST}


class _Chain(NamedTuple):
    """A chain of additions: the terms that each sum adds, and the sums but the last."""

    steps: list[list[tuple[float, Node]]]
    links: list[Node]


def _chain(last: Node, link: dict[Node, Node]) -> _Chain:
    sums = [last]
    while sums[-1] in link:
        sums.append(link[sums[-1]])
    sums.reverse()
    steps: list[list[tuple[float, Node]]] = []
    before: Node | None = None
    for s in sums:
        const, coefficients = Linear.of(s)
        terms = [(1.0, constant(const))] if const else []
        steps.append([*terms, *((c, a) for c, a in zip(coefficients, s.args) if a is not before)])
        before = s
    return _Chain(steps, sums[:-1])


class Instance(NamedTuple):
    """A scalar of a group: its number, the roles of its operands (coefficients or exponents), and their places, in one order."""

    node: Node
    number: object  # the constant of a sum
    roles: tuple[float, ...]
    places: tuple[Place, ...]

    @property
    def exact(self) -> object:
        """What scalars of one group share, if numbers are no arrays."""
        return self.number, self.roles

    @property
    def sources(self) -> object:
        return self.number, self.roles, tuple([s for s, _ in self.places])


class _Rolling:
    """The images of a graph's nodes, level by level."""

    def __init__(self, levels: _Levels, periods: Periods, lanes: set[Node], short: bool) -> None:
        self.levels = levels
        self.short = short
        self.periods = periods
        self.lanes = lanes
        self.columns = Columns()
        #: the scalars that are computed in loops over rounds
        self.in_loops = 0
        #: at least the time of what is made so far, and the number of its pieces
        self.time, self.pieces = 0.0, 0
        self._counted: set[Node] = set()

    def images(self, outputs: Sequence[Node]) -> list[Node] | None:
        """The outputs of arrays; ``None`` if that is not worth it, as soon as this is known."""
        levels = self.levels
        last = levels.last_readers()
        until = 0
        for level in range(max([*levels.scalars, *levels.others]) + 1):
            run = self.periods.run_at(level) if level >= until else None
            if run is not None:
                until = run.end
                looped(self.periods, run, self.columns, lambda node, end: last.get(node, 0) >= end)
            nodes = levels.scalars.get(level, [])
            if level < until:
                chains = [n for n in nodes if n in levels.chains]
                self.in_loops += len(nodes) - len(chains)
                nodes = chains
            self._scalars(nodes)
            if not is_worth(self.time, self.pieces, levels.count, self.short):
                return None
            for node in levels.others.get(level, ()):
                if node.op is not SELECT or node.shape:  # an element is made when a node in no group reads it
                    self.columns.put(node, self._image(node))
        return [self.columns.node(o) for o in outputs]

    def _image(self, node: Node) -> Node:
        """A node that is in no group, of the images of its arguments."""
        if node.op is STACK and not node.args[0].shape and len(node.args) >= FEWEST:
            return self.columns.column([self.columns.place(a) for a in node.args], whole=True)
        if not node.args:
            return node
        return of_arguments(node, tuple([self.columns.node(a) for a in node.args]))

    def _scalars(self, nodes: Sequence[Node]) -> None:
        alone: list[Node] = []
        kinds: dict[object, list[Node]] = defaultdict(list)
        for n in nodes:
            if n in self.levels.chains:
                self.columns.put(n, self._summed(self.levels.chains[n]))
            else:
                kinds[n.op, len(n.args), n in self.lanes, None if ROLL[n.op].adds else n.params].append(n)
        for alike in kinds.values():
            if len(alike) < FEWEST:
                alone += alike
                continue
            for group in _divided([self._instance(n) for n in alike]):
                if len(group) < FEWEST:
                    alone += [i.node for i in group]
                else:
                    self._grouped(group)
        self.time += len(alone)
        self.pieces += len(alone)
        for n in alone:
            self.columns.put(n, self._image(n))

    def _instance(self, node: Node) -> Instance:
        places = [self.columns.place(a) for a in node.args]
        rule = ROLES.find(node.op)
        if rule is None:
            return Instance(node, 0.0, (), tuple(places))
        number, roles = rule(node)
        pairs = sorted(zip(roles, places))
        # the roles of the operands of sums and products are numbers; the column allows anything
        return Instance(node, number, tuple([r for r, _ in pairs]), tuple([p for _, p in pairs]))  # type: ignore[misc]

    def _grouped(self, group: list[Instance]) -> None:
        """One array for all of these."""
        group.sort(key=lambda i: i.places)
        first = group[0].node
        operands = [self.columns.column([i.places[k] for i in group]) for k in range(len(first.args))]
        self.columns.put_all([i.node for i in group], made := ROLL[first.op].make(group, operands))
        for n in (made, *operands):
            if n not in self._counted:
                self._counted.add(n)
                self.time += time_of(n, first in self.lanes)

    def _summed(self, chain: _Chain) -> Node:
        """A chain of additions."""
        added: list[tuple[Place, float]] = []
        for step in chain.steps:
            own = [(self.columns.place(a), c) for c, a in step]
            added += own if len(own) <= FEWEST else sorted(own)  # a sum of many terms has no order
        terms = self.columns.column([p for p, _ in added], whole=True)
        coefficients = {c for _, c in added}
        if len(coefficients) > 1:
            factors = array(np.array([c for _, c in added]))
            terms = written_product([(factors, 1.0), (terms, 1.0)], 1.0, terms.shape)
        elif coefficients != {1.0}:
            terms = multiple(coefficients.pop(), terms)
        return sum_in_order(terms)


def _sum(group: Sequence[Instance], operands: list[Node]) -> Node:
    """A sum of arrays, whose coefficients may be arrays as well."""
    shape = (len(group),)
    coefficients = [_coefficient(k, group, operands) for k in range(len(operands))]
    numbers = [Linear.of(i.node).constant for i in group]
    const = numbers[0]
    if any(n != const for n in numbers):
        operands.append(array(np.array([n or -0.0 for n in numbers])))  # where no number is added, -0 keeps every zero's sign
        coefficients.append(1.0)
        const = 0.0
    return make(group[0].node.op, tuple(operands), Linear(const, tuple(coefficients)), shape)


def _coefficient(k: int, group: Sequence[Instance], operands: list[Node]) -> float:
    """The coefficient of an operand; if scalars differ in it, the operand becomes a product."""
    c = group[0].roles[k]
    if all(i.roles[k] == c for i in group):
        return c
    factors = array(np.array([i.roles[k] for i in group]))
    operands[k] = written_product([(factors, 1.0), (operands[k], 1.0)], 1.0, (len(group),))
    return 1.0


ROLL.fill(Roll(_sum, adds=True), SUM)
ROLL.fill(Roll(lambda group, operands: make(group[0].node.op, tuple(operands), group[0].roles, (len(group),))), PRODUCT, Function)


def _divided(alike: list[Instance]) -> Iterator[list[Instance]]:
    """Scalars of one operation, divided by the sources of their operands and by their numbers, as long as groups are large."""
    enough = max(FEWEST, len(alike) // APART)
    rest = alike
    for by_source in (True, False):
        found: dict[object, list[Instance]] = defaultdict(list)
        for i in rest:
            found[i.sources if by_source else i.exact].append(i)
        yield from (g for g in found.values() if len(g) >= enough)
        rest = [i for g in found.values() if len(g) < enough for i in g]
    if rest and ROLL[rest[0].node.op].adds:  # coefficients become arrays: they have no say in the order of operands
        rest = [_by_place(i) for i in rest]
    if rest:
        yield rest


def _by_place(i: Instance) -> Instance:
    pairs = sorted(zip(i.places, i.roles))
    return i._replace(roles=tuple([c for _, c in pairs]), places=tuple([p for p, _ in pairs]))


__all__ = ["rerolled"]
