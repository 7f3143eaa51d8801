"""From a graph to instructions for each element, for all nodes at once.

First every value gets a number: the elements of arguments, then the results of instructions, then the numbers of the graph.  Operands of
instructions are such values.  In the end each value gets a place in the workspace, which has fewer places than there are values: a place is
free when nothing reads its value any more (:mod:`exprgraph.lowering.immediate.reuse`).

Sums and products are computed in the order in which :mod:`exprgraph.lowering.plan.from_the_left` writes them for the compiler.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...graph.node import Node
from ...graph.numbered import WINDOW, Numbered
from ...meaning.binding import Argument
from ...support.collecting import uncollected
from ..native.instructions import FUNCTIONS, PLACES, Instructions, packed
from ..plan.operand_order import OperandOrder
from .elements import ADDITIONS, ELEMENTS, MOVES, Elements
from .reuse import places
from .steps import Origin, has_steps, recipes

_WINDOW_BITS = WINDOW.bit_length() - 1
_RECIPE_BITS = 18


def has_instructions(node: Node) -> bool:
    """Whether the interpreter computes a node from its arguments, if it computes these."""
    return has_steps(node) or (ELEMENTS.find(node.op) is not None and (MOVES.find(node.op) or _always)(node))


def _always(node: Node) -> bool:
    return True


def translated(outputs: Sequence[Node], arguments: Sequence[Argument], graph: Numbered) -> Instructions | None:
    """The instructions that compute outputs from arguments; ``None`` if a node has none, or there are too many values or functions.

    ``graph`` has all nodes below the outputs.
    """
    one_by_one = {op for op in {node.op for node in graph.kinds} if MOVES.find(op) is not None}
    different = {(node.op, id(node.params) if node.op in one_by_one else not node.shape): node for node in graph.kinds}
    if not all(map(has_instructions, different.values())):
        return None
    with uncollected():
        return Translation(graph, arguments).instructions(outputs)


class _Values(NamedTuple):
    """Values of elements: where those of each node are, and how far apart."""

    values: np.ndarray
    first: np.ndarray
    stride: np.ndarray


class Translation:
    """The instructions of a graph as arrays, and the numbers of the values that they compute and take.

    Attributes:
        order: the order in which sums and products take their operands.
        made: the recipes of all kinds of nodes.
        recipe: the recipe of each node; -1 if its elements are only moved, or added where they meet.
        sizes: how many elements each node computes by its recipe; ``None`` if it is one everywhere.
        counts: how many instructions each node takes.
        by_turn: the nodes in the order of their instructions.
        start, stop: the values that instructions compute are those from ``start`` on, up to ``stop``.
        first: the value of the first instruction of each node.
        values: the value of each scalar; of an array, that of its last instruction.
        numbers: the numbers that are the values from ``stop`` on.
        elements: the values of the elements of arrays.
    """

    def __init__(self, graph: Numbered, arguments: Sequence[Argument]) -> None:
        self.graph = graph
        self.order = order = OperandOrder(graph)
        self.made = recipes(order)
        self.recipe = self.made.recipe[graph.kind]
        moved = np.flatnonzero(self.recipe < 0)
        arrays = self._computed_arrays()
        self.sizes = self._sizes(arrays)
        self.counts = self._counts(moved)
        self.by_turn = _side_by_side(graph, self.recipe)
        given, self.start = _of_arguments(arguments)
        counts = self.counts[self.by_turn]
        ends = self.start + np.cumsum(counts)
        self.first = np.empty(len(counts), np.int64)
        self.first[self.by_turn] = ends - counts
        self.values = self.first + self.counts - 1
        self.stop = int(ends[-1]) if len(ends) else self.start
        # of operands, their magnitudes, of sums, and those without which no graph is: `_bases` says where each is
        self.numbers = [order.numbers, np.abs(order.numbers), order.constants, np.array([-0.0, 0.0])]
        beyond = self.stop + sum(map(len, self.numbers))
        self.elements = Elements(graph, self.values, given, self.first, zero=beyond - 1, unused=beyond)
        for k in arrays:
            node, stop = graph.nodes[k], self.values[k] + 1
            self.elements.arrays[node] = np.arange(stop - node.size, stop).reshape(node.shape)
        self.elements.find(moved.tolist())
        self.numbers += self.elements.numbers

    def _computed_arrays(self) -> list[int]:
        """The arrays that have a recipe."""
        computed = (self.made.recipe >= 0) & np.array([bool(node.shape) for node in self.graph.kinds], bool)
        found: list[int] = np.flatnonzero(computed[self.graph.kind]).tolist()
        return found

    def _sizes(self, arrays: Sequence[int]) -> np.ndarray | None:
        if not arrays:
            return None
        sizes = np.ones(len(self.recipe), np.int64)
        sizes[arrays] = [self.graph.nodes[k].size for k in arrays]
        return sizes

    def _counts(self, moved: np.ndarray) -> np.ndarray:
        """How many instructions each node takes; without a recipe, as many as it adds elements."""
        graph = self.graph
        counts: np.ndarray = np.append(np.diff(self.made.firsts), 0)[self.recipe]
        if self.sizes is not None:
            counts *= self.sizes
        adding = np.array([ADDITIONS.find(node.op) is not None for node in graph.kinds], bool)[graph.kind[moved]]
        for k in moved[adding].tolist():
            counts[k] = ADDITIONS[graph.nodes[k].op](graph.nodes[k])
        return counts

    def instructions(self, outputs: Sequence[Node]) -> Instructions | None:
        """The finished instructions; ``None`` if they need too many places or functions."""
        operations, functions, operands = self._lines()
        results = [self.elements.of(o).reshape(-1) for o in outputs]
        read = np.concatenate([operands.reshape(-1), *results])
        inside = np.where(operands < self.stop, np.maximum(operands - self.start, -1), -1)
        stays = [r[(r >= self.start) & (r < self.stop)] - self.start for r in results]
        found = places(inside, np.concatenate([np.empty(0, np.int64), *stays]), self.start)
        last = max(found, default=self.start - 1) + 1
        numbers, at = self._distinct(read[read >= self.stop] - self.stop)
        # the value -1 stands for none
        place = np.concatenate([np.arange(self.start), found, last + at, [0]]).astype(np.int64)
        if last + len(numbers) > PLACES or len(self.made.functions) > FUNCTIONS:
            return None
        words = packed(operations, place[self.start : self.stop], place[operands], functions)
        chosen = tuple(place[r] for r in results)
        statements = int((self.counts if self.sizes is None else self.counts // self.sizes).sum())
        return Instructions(words, self.start, last + len(numbers), numbers, self.made.functions, chosen, statements)

    def _lines(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The operation of each instruction, the function that it applies, and rows with the values of its operands."""
        graph, made, order = self.graph, self.made, self.order
        counts = self.counts[self.by_turn]
        node = np.repeat(self.by_turn, counts)
        step = np.arange(self.start, self.stop) - self.first[node]
        size = element = np.zeros(1, np.int64)
        if self.sizes is not None:  # the first steps of all elements, then the second ones
            size = self.sizes[node]
            step, element = np.divmod(step, size)
        line = made.firsts[np.maximum(self.recipe, 0)][node] + step
        line[self.recipe[node] < 0] = -1  # elements that are added
        operations, functions = made.operations[line], made.applied[line]
        taken = graph.arguments[order.taken]
        of = self._of_elements() if self.sizes is not None else None
        bases = _bases(self.stop, order)
        kind = graph.kind[node]
        operands = np.empty((len(made.origins), len(line)), np.int64)
        for value, origins, positions in zip(operands, made.origins, made.positions):
            origin = origins[line]
            value[:] = positions[line] + bases[origin, kind]
            steps = np.flatnonzero(origin == Origin.STEP)
            own = np.flatnonzero(origin == Origin.OPERAND)
            operand = taken[value[own] + graph.starts[node[own]]]
            if of is None:
                value[steps] += self.first[node[steps]]
                value[own] = self.values[operand]
            else:
                value[steps] = value[steps] * size[steps] + element[steps] + self.first[node[steps]]
                value[own] = of.values[of.first[operand] + of.stride[operand] * element[own]]
        if self.elements.added:
            at, first, second = np.array(self.elements.added).T
            operands[0, at - self.start], operands[1, at - self.start] = first, second
        return operations, functions, operands

    def _of_elements(self) -> _Values:
        """The values of all elements of all nodes."""
        graph, first = self.graph, np.arange(len(self.values))
        stride = np.zeros(len(self.values), np.int64)
        values, end = [self.values], len(self.values)
        for node, found in self.elements.arrays.items():
            k = graph.number[node]
            first[k], stride[k] = end, 1
            values.append(found.reshape(-1))
            end += found.size
        return _Values(np.concatenate(values), first, stride)

    def _distinct(self, used: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The different numbers that are used, and for each number its position there."""
        numbers = np.concatenate(self.numbers)
        is_used = np.zeros(len(numbers), bool)
        is_used[used] = True
        _, first, again = np.unique(numbers[is_used].view(np.int64), return_index=True, return_inverse=True)
        turn = np.argsort(first)
        at = np.zeros(len(numbers), np.int64)
        at[is_used] = np.argsort(turn)[again.reshape(-1)]
        return numbers[is_used][first[turn]], at


def _of_arguments(arguments: Sequence[Argument]) -> tuple[dict[Node, np.ndarray], int]:
    """The values of the elements of symbols, and how many there are."""
    given: dict[Node, np.ndarray] = {}
    start = 0
    for a in arguments:
        for symbol, offset in a.symbols:
            given[symbol] = np.arange(symbol.size).reshape(symbol.shape) + (start + offset)
        start += a.size
    return given, start


def _bases(stop: int, order: OperandOrder) -> np.ndarray:
    """For each origin, and each kind of nodes, the value of position 0, as far as it is the same for all nodes of the kind."""
    size, kinds = len(order.numbers), len(order.constants)
    bases = np.zeros((len(Origin), kinds), np.int64)
    bases[Origin.NUMBER] = stop + order.firsts
    bases[Origin.MAGNITUDE] = stop + size + order.firsts
    bases[Origin.OWN] = stop + 2 * size + np.arange(kinds)
    bases[Origin.NOTHING] = stop + 2 * size + kinds
    bases[Origin.ZERO] = stop + 2 * size + kinds + 1
    bases[Origin.ABSENT] = -1
    return bases


def _side_by_side(graph: Numbered, recipe: np.ndarray) -> np.ndarray:
    """Nodes in an order in which equal sequences of instructions stand side by side.

    The graph's order follows digests, which say nothing: processors would guess every third operation wrong, at the cost of ten.
    Within windows, nodes are ordered by depth, then by their sequence.  A window keeps values near their readers.
    """
    window, position = np.divmod(np.arange(len(recipe)), WINDOW)
    keys = (window << _WINDOW_BITS | graph.depth_in_window) << _RECIPE_BITS | recipe & ((1 << _RECIPE_BITS) - 1)
    keys = np.sort(keys << _WINDOW_BITS | position)
    found: np.ndarray = (keys >> (_RECIPE_BITS + 2 * _WINDOW_BITS)) * WINDOW + (keys & (WINDOW - 1))
    return found


__all__ = ["Translation", "has_instructions", "translated"]
