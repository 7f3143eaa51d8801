"""Only the elements of a derivative that are needed and not zero, as vectors.

A sweep along directions of several elements makes arrays with an axis of directions, in which most products are zero.  Here
every array of the sweep becomes a vector of the elements that somebody reads, in order, without those that are zero.  A rule
of a primitive says which elements of its arguments it needs for some of its own, and makes the vector from theirs.  Arrays
without a rule, and what the sweep does not make, stay whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from typing import NamedTuple, Union

import numpy as np

from ..canonical.arithmetic import linear, product, scale
from ..canonical.contract import contract
from ..canonical.joining import concatenate, reshape
from ..canonical.place import place
from ..canonical.select import select
from ..functions.elementwise import Function, apply
from ..graph import primitive
from ..graph.column import Column
from ..graph.leaves import array, constant_value, is_known, zeros
from ..graph.node import Node
from ..graph.traverse import topological
from ..graph.views import Contraction, Linear, Take
from ..meaning.counting import COUNT
from .links import links
from .nonzero import nonzeros_of


class Needs(NamedTuple):
    """The elements of arguments that some elements of a node need: argument, and positions.  ``made`` joins their vectors."""

    parts: Sequence[tuple[Node, np.ndarray]]
    made: Callable[[Sequence[Node]], Node]


Masks = dict[Node, np.ndarray]
#: more products than these are not made one by one
_MOST = 1 << 23
#: the elements of all arrays, at most, whose zeros are looked for
_LOOKED_AT = 1 << 25
#: ``(node, at, masks)``: for elements at some positions, all different; ``None``: the array stays whole
NEEDED: Column[Callable[[Node, np.ndarray, Masks], Union[Needs, None]]] = Column(
    "needed", "the elements of arguments that some elements need", __name__, leaves=False, otherwise="the array stays whole"
)


def needed(reads: Sequence[tuple[Node, np.ndarray]], given: Set[Node]) -> list[Node]:
    """For each node, the vector of its elements at some positions, all different; the nodes in ``given`` stay whole.

    If zeros are few, all arrays stay whole: that takes less than many tables of positions.  So do very many numbers, whose
    tables would not fit into memory.
    """
    whole = [taken(reshape(node, (node.size,)), at) for node, at in reads]
    order = topological([node for node, _ in reads], enter=lambda n: n not in given)
    if sum(n.size for n in order) > _LOOKED_AT:
        return whole
    graph = Needed(reads, given)
    thin = [graph.vector(node, at) for node, at in reads]
    return thin if _cost(thin, given) < _cost(whole, given) else whole


def _cost(nodes: Sequence[Node], given: Set[Node]) -> int:
    """The operations for some nodes, and the numbers that are stored; those behind a table of positions count twice."""
    order = topological(nodes, enter=lambda n: n not in given)
    return sum(COUNT[n.op](n) + n.size * (2 if _has_table(n) else 1) for n in order if n.args and n not in given)


def _has_table(node: Node) -> bool:
    return any(isinstance(e, Take) for p in node.params for e in (p if type(p) is tuple else (p,)))


class Needed:
    """The arrays of a graph as vectors of what is asked for."""

    def __init__(self, reads: Sequence[tuple[Node, np.ndarray]], given: Set[Node]) -> None:
        order = topological([node for node, _ in reads], enter=lambda n: n not in given)
        masks: Masks = {}
        for n in order:
            masks[n] = np.ones(n.shape, bool) if n in given and n.args else nonzeros_of(n, [masks[a] for a in n.args])
        self.masks = {n: m.ravel() for n, m in masks.items()}
        self.at: dict[Node, np.ndarray] = {}
        self.needs: dict[Node, Needs] = {}
        self._ask(reads, given, order)
        self.made: dict[Node, Node] = {}
        for n in order:
            if n in self.needs:
                parts, made = self.needs[n]
                self.made[n] = made([self.vector(a, at) for a, at in parts])

    def _ask(self, reads: Sequence[tuple[Node, np.ndarray]], given: Set[Node], order: Sequence[Node]) -> None:
        """What each node is asked for, from users to arguments."""
        asked: dict[Node, list[np.ndarray]] = {}
        whole: set[Node] = set()
        for node, at in reads:
            asked.setdefault(node, []).append(at[self.masks[node][at]])
        for n in reversed(order):
            if n not in whole and not any(map(len, asked.get(n, ()))):
                continue
            rule = None if n in given or n in whole or not n.shape else NEEDED.find(n.op)
            needs = None
            if rule is not None:
                at = _together(asked[n], n.size)
                needs = rule(n, at, self.masks)
            if needs is None:
                whole.add(n)
                whole.update(() if n in given else n.args)
                continue
            self.at[n], self.needs[n] = at, needs
            for a, positions in needs.parts:
                asked.setdefault(a, []).append(positions[self.masks[a][positions]])

    def vector(self, node: Node, at: np.ndarray) -> Node:
        """The elements of a node at some positions; zeros where it is zero."""
        if not len(at):
            return zeros((0,))
        nonzero = self.masks[node][at]
        if not nonzero.all():
            which = np.flatnonzero(nonzero)
            return placed(self.vector(node, at[which]), which, len(at))
        if node not in self.needs:
            return taken(reshape(node, (node.size,)), at)
        number = np.empty(node.size, int)
        number[self.at[node]] = np.arange(len(self.at[node]))
        return taken(self.made[node], number[at])


def _together(asked: Sequence[np.ndarray], size: int) -> np.ndarray:
    """All positions that are asked for, each once: in the order of those who ask for the most."""
    first = max(asked, key=len)
    found = np.zeros(size, bool)
    found[first] = True
    if found.sum() < len(first):  # some are asked for twice
        first = np.flatnonzero(found)
    rest = np.zeros(size, bool)
    for at in asked:
        rest[at] = True
    rest &= ~found
    return np.concatenate([first, np.flatnonzero(rest)])


def taken(vector: Node, at: np.ndarray) -> Node:
    """Some elements of a vector."""
    n = vector.size
    if len(at) == n and bool((at == np.arange(n)).all()):
        return vector
    times = len(at) // n if n > 1 and len(at) % n == 0 else 0
    if times > 1:
        for labels, pattern in (([0, 1], np.repeat(np.arange(n), times)), ([1, 0], np.tile(np.arange(n), times))):
            if bool((at == pattern).all()):  # a broadcast, without a table of positions
                return reshape(contract([(vector, [0])], labels, {1: times}), (len(at),))
    return select(vector, (Take(tuple(at.tolist())),))


def placed(vector: Node, at: np.ndarray, size: int) -> Node:
    """A vector of that size with elements at their positions; those with the same position are added."""
    if not len(at):
        return zeros((size,))
    known = constant_value(vector)
    if known is not None:
        return array(np.bincount(at, known, size))
    if len(at) == size:
        if bool((at == np.arange(size)).all()):
            return vector
        order = np.argsort(at, kind="stable")
        if bool((at[order] == np.arange(size)).all()):
            return taken(vector, order)
    return place(vector, (Take(tuple(at.tolist())),), (size,))


def added(vectors: Sequence[Node], places: Sequence[np.ndarray], size: int) -> Node:
    """The sum of vectors with elements at their places: known numbers together, other parts in one step."""
    terms: list[Node] = []
    parts: list[Node] = []
    at: list[np.ndarray] = []
    for v, p in zip(vectors, places):
        if len(p) == size and bool((p == np.arange(size)).all()):
            terms.append(v)
        elif is_known(v):
            terms.append(placed(v, p, size))
        elif len(p):
            parts.append(v)
            at.append(p)
    if parts:
        terms.append(placed(concatenate(parts), np.concatenate(at), size))
    return linear([(1.0, t) for t in terms], 0.0, (size,))


@NEEDED.rule(primitive.SUM)
def _sum(node: Node, at: np.ndarray, masks: Masks) -> Needs:
    const, coefficients = Linear.of(node)
    terms = [(c, a) for c, a in zip(coefficients, node.args) if a.shape]
    scalars = [(c, a) for c, a in zip(coefficients, node.args) if not a.shape]
    which = [np.flatnonzero(masks[a][at]) for _, a in terms]

    def made(parts: Sequence[Node]) -> Node:
        multiples = [scale(c, p) for (c, _), p in zip(terms, parts)]
        return linear([(1.0, added(multiples, which, len(at))), *scalars], const, (len(at),))

    return Needs([(a, at[w]) for (_, a), w in zip(terms, which)], made)


@NEEDED.rule(primitive.PRODUCT)
def _product(node: Node, at: np.ndarray, masks: Masks) -> Needs:
    arrays = [a for a in node.args if a.shape]

    def made(parts: Sequence[Node]) -> Node:
        own = dict(zip(arrays, parts))
        return product([(own.get(a, a), e) for a, e in zip(node.args, node.params)], 1.0, (len(at),))

    return Needs([(a, at) for a in arrays], made)


@NEEDED.rule(Function)
def _function(node: Node, at: np.ndarray, masks: Masks) -> Needs:
    arrays = [a for a in node.args if a.shape]

    def made(parts: Sequence[Node]) -> Node:
        own = dict(zip(arrays, parts))
        assert isinstance(node.op, Function)
        return apply(node.op, *(own.get(a, a) for a in node.args))

    return Needs([(a, at) for a in arrays], made)


#: sums of so many products an element stay whole: they are matrix products
_PRODUCTS = 16


@NEEDED.rule(primitive.CONTRACT)
def _contract(node: Node, at: np.ndarray, masks: Masks) -> Needs | None:
    """Products of elements, added over the summed labels where no factor is zero."""
    labels, sizes = Contraction.of(node)
    operands = [(a, ls) for a, ls in zip(node.args, labels) if a.op is not primitive.IDENTITY]
    summed = sizes[node.ndim :]
    many = int(np.prod(summed))
    if (len(operands) < len(node.args) and many > 1) or len(at) * many > _MOST:
        return None
    index = [np.repeat(i, many) for i in np.unravel_index(at, node.shape)]
    index += [np.tile(i, len(at)) for i in np.unravel_index(np.arange(many), summed or (1,))]
    arrays = [(a, np.ravel_multi_index([index[k] for k in ls], a.shape)) for a, ls in operands if a.shape]
    scalars = [(a, 1.0) for a, _ in operands if not a.shape]
    place_of = np.repeat(np.arange(len(at)), many)
    nonzero = np.logical_and.reduce([np.ones(len(place_of), bool), *(masks[a][p] for a, p in arrays)])
    if nonzero.sum() > _PRODUCTS * len(at):
        return None
    place_of = place_of[nonzero]

    def made(parts: Sequence[Node]) -> Node:
        products = product([*((p, 1.0) for p in parts), *scalars], 1.0, (len(place_of),))
        return added([products], [place_of], len(at))

    return Needs([(a, p[nonzero]) for a, p in arrays], made)


@NEEDED.rule(*primitive.MOVEMENTS)
def _moved(node: Node, at: np.ndarray, masks: Masks) -> Needs | None:
    """Elements that are moved, and added where several come to one place."""
    parts: list[tuple[Node, np.ndarray]] = []
    places: list[np.ndarray] = []
    number = np.full(node.size, -1)
    number[at] = np.arange(len(at))
    for k, a in enumerate(node.args):
        steps = links(node, k)
        if steps is None or len(steps) > 1:
            return None
        into = np.arange(a.size) if not steps or steps[0].into is None else steps[0].into
        to = number[np.arange(node.size) if not steps or steps[0].out is None else steps[0].out]
        wanted = (to >= 0) & masks[a][into]
        order = np.argsort(to[wanted], kind="stable")
        parts.append((a, into[wanted][order]))
        places.append(to[wanted][order])
    return Needs(parts, lambda vectors: added(vectors, places, len(at)))


__all__ = ["NEEDED", "Needed", "Needs", "needed"]
