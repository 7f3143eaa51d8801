"""Elements that are only moved, or added where they meet.

A value has a number here.  Moving elements moves these numbers, as NumPy moves numbers, and takes no instruction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from ...canonical.contract import is_structural
from ...canonical.select import take
from ...graph.column import Column
from ...graph.leaves import constant_value
from ...graph.node import Node
from ...graph.numbered import Numbered
from ...graph.primitive import ARRAY, CONCATENATE, CONSTANT, CONTRACT, IDENTITY, PLACE, RESHAPE, SELECT, STACK, SYMBOL
from ...graph.views import entries_of
from ...meaning.evaluate import EVALUATE, Samples
from ..plan.few_terms import summed_axis

_ALONE = Samples((), np.dtype(np.float64))


class Elements:
    """The value of each scalar, and of each element of an array, as numbers of values.

    Args:
        graph: the graph.
        scalars: the values of scalars that instructions compute, by the number of the node.
        arguments: the values of the elements of symbols.
        first: the first instruction of each node, by its number.
        zero: the value of zero.
        unused: the values from there on stand for nothing yet: numbers get them.

    Attributes:
        numbers: these numbers.
        added: additions: the value of an instruction, and of its two operands.
    """

    def __init__(
        self, graph: Numbered, scalars: np.ndarray, arguments: Mapping[Node, np.ndarray], first: np.ndarray, zero: int, unused: int
    ) -> None:
        self.graph = graph
        self.scalars = scalars
        self.arguments = arguments
        self.first = first
        self.zero = zero
        self.unused = unused
        self.arrays: dict[Node, np.ndarray] = {}
        self.numbers: list[np.ndarray] = []
        self.added: list[tuple[int, int, int]] = []

    def find(self, nodes: Iterable[int]) -> None:
        """Find the values of nodes that have no instructions of their own, in topological order."""
        listed, scalars, arrays = self.graph.nodes, self.scalars, self.arrays
        for k in nodes:
            node = listed[k]
            values = ELEMENTS[node.op](self, node)
            if node.shape:
                arrays[node] = values
            else:
                scalars[k] = values

    def of(self, node: Node) -> np.ndarray:
        """The values of the elements of a node."""
        found: np.ndarray = self.arrays[node] if node.shape else self.scalars[self.graph.number[node]]
        return found

    def known(self, numbers: np.ndarray) -> np.ndarray:
        """The values of numbers."""
        found = np.arange(self.unused, self.unused + numbers.size).reshape(numbers.shape)
        self.numbers.append(numbers.reshape(-1))
        self.unused += numbers.size
        return found


#: ``(elements, node)``: the values of a node that only moves elements, or adds elements that meet
ELEMENTS: Column[Callable[[Elements, Node], np.ndarray]] = Column(
    "elements", "the values of elements that are only moved", __name__, otherwise="it has instructions, or its graph waits for the compiler"
)
#: ``node``: whether this one only moves elements
MOVES: Column[Callable[[Node], bool]] = Column("moves", "whether a node only moves elements", __name__, otherwise="all nodes of the row do")
#: ``node``: how many additions it takes
ADDITIONS: Column[Callable[[Node], int]] = Column("additions", "how many elements are added", __name__, otherwise="none")


@ELEMENTS.rule(SYMBOL)
def _given(t: Elements, node: Node) -> np.ndarray:
    return t.arguments[node]


@ELEMENTS.rule(CONSTANT, ARRAY, IDENTITY)
def _known(t: Elements, node: Node) -> np.ndarray:
    value = constant_value(node)
    assert value is not None
    return t.known(value)


@ELEMENTS.rule(SELECT)
def _selected(t: Elements, node: Node) -> np.ndarray:
    if node.shape:
        return _moved(t, node)
    found: np.ndarray = t.arrays[node.args[0]][node.params]
    return found


@ELEMENTS.rule(STACK)
def _stacked(t: Elements, node: Node) -> np.ndarray:
    if node.args[0].shape:
        return _moved(t, node)
    k, graph = t.graph.number[node], t.graph
    found: np.ndarray = t.scalars[graph.arguments[graph.starts[k] : graph.starts[k + 1]]]
    return found


@ELEMENTS.rule(CONCATENATE, RESHAPE)
def _moved(t: Elements, node: Node) -> np.ndarray:
    moved = EVALUATE[node.op](node, [t.of(a).astype(np.float64) for a in node.args], _ALONE)
    return np.asarray(moved).astype(np.int64)


@MOVES.rule(CONTRACT)
def _is_repeated(node: Node) -> bool:
    return len(node.args) == 1 and (is_structural(node) or summed_axis(node) is not None)


@ADDITIONS.rule(CONTRACT)
def _summed_elements(node: Node) -> int:
    return 0 if is_structural(node) else node.args[0].size - node.size


@ELEMENTS.rule(CONTRACT)
def _summed(t: Elements, node: Node) -> np.ndarray:
    """A broadcast, a permutation, or a sum of a few elements along an axis, one after another."""
    axis = summed_axis(node)
    if axis is None:
        return _moved(t, node)
    parts = np.moveaxis(t.of(node.args[0]), axis, 0)
    so_far: np.ndarray = parts[0]
    result = int(t.first[t.graph.number[node]])
    for part in parts[1:]:
        values = np.arange(result, result + node.size).reshape(node.shape)
        t.added += zip(values.reshape(-1).tolist(), so_far.reshape(-1).tolist(), part.reshape(-1).tolist())
        so_far, result = values, result + node.size
    return so_far


@ADDITIONS.rule(PLACE)
def _placed_elements(node: Node) -> int:
    return node.args[0].size


@ELEMENTS.rule(PLACE)
def _placed(t: Elements, node: Node) -> np.ndarray:
    """Each element is added to the value at its position, at first zero."""
    found = np.full(node.size, t.zero, np.int64)
    at = take(np.arange(node.size).reshape(node.shape), entries_of(node))
    result = int(t.first[t.graph.number[node]])
    for to, value in zip(at.reshape(-1).tolist(), t.of(node.args[0]).reshape(-1).tolist()):
        t.added.append((result, int(found[to]), value))
        found[to] = result
        result += 1
    return found.reshape(node.shape)


__all__ = ["ADDITIONS", "ELEMENTS", "MOVES", "Elements"]
