"""Arrays of scalars that lie in other arrays: where each scalar lies, and how a list of them is gathered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...canonical.select import normal, selected_shape
from ...graph.leaves import array, constant
from ...graph.node import Node, make
from ...graph.primitive import CONCATENATE, CONSTANT, RESHAPE, SELECT, STACK
from ...graph.views import Take
from ...support.distinct import distinct

#: the number of an array, or one of those below, and the position of a scalar in it
Place = tuple[int, int]
#: the numbers of scalars that lie in no array: numbers, and others
NUMBERS, LOOSE = -2, -1
#: so many ranges are joined without a table of positions
RANGES = 8


class Columns:
    """The places of scalars, and the images of other nodes."""

    def __init__(self) -> None:
        self._images: dict[Node, Node] = {}
        self._places: dict[Node, Place] = {}
        self._arrays: list[Node] = []  # vectors
        self._number_of: dict[Node, int] = {}
        self._loose: list[Node] = []
        self._numbers: list[float] = []

    def put(self, node: Node, image: Node) -> None:
        """A node and its image."""
        self._images[node] = image

    def put_all(self, nodes: Sequence[Node], image: Node) -> None:
        """Scalars, and the vector that has them."""
        at = self._number(image)
        self._places.update(zip(nodes, [(at, k) for k in range(len(nodes))]))

    def node(self, node: Node) -> Node:
        """The image of a node; an element of a vector for a scalar that lies there."""
        found = self._images.get(node)
        if found is None:
            found = self._images[node] = self._element(self.place(node))
        return found

    def place(self, scalar: Node) -> Place:
        """Where a scalar lies."""
        found = self._places.get(scalar)
        if found is None:
            found = self._places[scalar] = self._found(scalar)
        return found

    def _found(self, scalar: Node) -> Place:
        if scalar.op is CONSTANT:
            self._numbers.append(scalar.params[0])
            return NUMBERS, len(self._numbers) - 1
        if scalar.op is SELECT:
            image = self._images[scalar.args[0]]
            return self._number(image if image.ndim == 1 else make(RESHAPE, (image,), (), (image.size,))), position(scalar)
        self._loose.append(self._images[scalar])
        return LOOSE, len(self._loose) - 1

    def _number(self, vector: Node) -> int:
        found = self._number_of.get(vector)
        if found is None:
            found = self._number_of[vector] = len(self._arrays)
            self._arrays.append(vector)
        return found

    def _element(self, place: Place) -> Node:
        source, at = place
        if source == NUMBERS:
            return constant(self._numbers[at])
        return self._loose[at] if source == LOOSE else make(SELECT, (self._arrays[source],), (at,), ())

    def column(self, places: Sequence[Place], whole: bool = False) -> Node:
        """The vector of the scalars at these places; one scalar, if it is at all of them and ``whole`` is not asked for."""
        if not whole and all(p == places[0] for p in places):
            return self._element(places[0])
        table = np.array(places, dtype=np.int64)
        source, at = table[:, 0], table[:, 1]
        if (source == source[0]).all():
            return self._taken(int(source[0]), at)
        starts = np.flatnonzero(np.concatenate([[True], (source[1:] != source[:-1])]))
        if len(starts) <= RANGES:
            ends = [*starts[1:], len(source)]
            return _joined([self._taken(int(source[s]), at[s:e]) for s, e in zip(starts, ends)])
        # the elements that are needed of each array, then all in order
        parts, where, first = [], np.empty(len(source), dtype=np.int64), 0
        for number in distinct(source):
            mine = np.flatnonzero(source == number)
            needed = distinct(at[mine])
            parts.append(self._taken(int(number), needed))
            where[mine] = first + np.searchsorted(needed, at[mine])
            first += len(needed)
        return _taken(_joined(parts), where)

    def _taken(self, source: int, at: np.ndarray) -> Node:
        """Scalars of one source."""
        if source == NUMBERS:
            return _vector([self._numbers[k] for k in at])
        if source == LOOSE:
            return make(STACK, tuple([self._loose[k] for k in at]), (0,), (len(at),))
        return _taken(self._arrays[source], at)


def position(element: Node) -> int:
    """The position of an element in its array, row by row."""
    at = 0
    for n, k in zip(element.args[0].shape, element.params):
        at = at * n + k
    return at


def _vector(numbers: Sequence[float]) -> Node:
    return array(np.array(numbers))


def _joined(parts: Sequence[Node]) -> Node:
    return parts[0] if len(parts) == 1 else make(CONCATENATE, tuple(parts), (0,), (sum(p.size for p in parts),))


def _taken(vector: Node, at: np.ndarray) -> Node:
    """The elements of a vector at these positions."""
    entry = normal(Take(tuple(at.tolist())), vector.size)
    return vector if entry is None else make(SELECT, (vector,), (entry,), selected_shape(vector.shape, (entry,)))


__all__ = ["Columns", "Place", "position"]
