"""A graph by numbers, in one walk, so that NumPy computes for many nodes at once."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from functools import cached_property

import numpy as np

from ..support.collecting import uncollected
from .node import Node
from .primitive import SYMBOL, Primitive

#: so many nodes, one after another, are a window
WINDOW = 4096


class Numbered:
    """The nodes below some roots, by number.

    Attributes:
        nodes: all nodes, arguments before users, each once; the order is that of :func:`exprgraph.graph.traverse.topological`.
        number: the number of each node, its position there.
        symbols: the symbols among the nodes.
        kinds: a node of each kind.  Nodes of a kind have the same operation and the same object as parameters, and all or none are arrays.

    >>> import exprgraph as eg
    >>> x, y = eg.symbols("x y")
    >>> graph = Numbered([eg.sin(x) - eg.sin(y)])
    >>> len(graph.nodes), graph.arguments.tolist(), graph.starts.tolist(), len(graph.kinds)
    (5, [0, 2, 1, 3], [0, 0, 1, 1, 2, 4], 4)
    """

    def __init__(self, roots: Iterable[Node]) -> None:
        self.nodes: list[Node] = []
        self.number: dict[Node, int] = {}
        self.symbols: list[Node] = []
        self.kinds: list[Node] = []
        self._arguments, self._ends, self._kind = array("q"), array("q", [0]), array("q")
        self._depth: list[int] = []
        self._depth_in_window: list[int] = []
        with uncollected():
            self._walk(roots)

    def _walk(self, roots: Iterable[Node]) -> None:
        """One walk collects everything: while a node is looked at, it is near."""
        number, depth, inside = self.number, self._depth, self._depth_in_window
        list_node, list_kind, list_depth, list_inside = self.nodes.append, self._kind.append, depth.append, inside.append
        list_argument, end = self._arguments.append, self._ends.append
        known: dict[Primitive, dict[int, int]] = {}
        stack: list[Node | None] = [*roots]
        stack.reverse()
        pop = stack.pop
        count = ends = kinds = first = 0
        while stack:
            node: Node = pop()  # type: ignore[assignment]  # a mark lies above a node
            if node is None:  # the arguments of the node below it have their numbers
                node = pop()
                args = node.args
            elif node in number:
                continue
            else:
                args = node.args
                if args:  # nothing below it leads back to it
                    stack += (node, None, *args[::-1])
                    continue
                if node.op is SYMBOL:
                    self.symbols.append(node)
            deep = deep_inside = 0
            for a in args:
                k = number[a]
                list_argument(k)
                if depth[k] >= deep:
                    deep = depth[k] + 1
                if k >= first and inside[k] >= deep_inside:
                    deep_inside = inside[k] + 1
            ends += len(args)
            end(ends)
            number[node] = count
            list_node(node)
            list_depth(deep)
            list_inside(deep_inside)
            of = known.get(node.op)
            if of is None:
                of = known[node.op] = {}
            content = -id(node.params) if node.shape else id(node.params)
            kind = of.get(content)
            if kind is None:
                kind = of[content] = kinds
                kinds += 1
                self.kinds.append(node)
            list_kind(kind)
            count += 1
            if not count % WINDOW:
                first = count

    @cached_property
    def arguments(self) -> np.ndarray:
        """The numbers of the arguments of all nodes, one node after another."""
        return np.frombuffer(self._arguments, np.int64)

    @cached_property
    def starts(self) -> np.ndarray:
        """Where the arguments of each node start; and, at last, where those of all end."""
        return np.frombuffer(self._ends, np.int64)

    @cached_property
    def kind(self) -> np.ndarray:
        """The kind of each node."""
        return np.frombuffer(self._kind, np.int64)

    @cached_property
    def depth(self) -> np.ndarray:
        """How deep each node lies: above all of its arguments, and 0 without arguments."""
        return np.array(self._depth, np.int64)

    @cached_property
    def depth_in_window(self) -> np.ndarray:
        """How deep each node lies if arguments before its window do not count."""
        return np.array(self._depth_in_window, np.int64)


__all__ = ["WINDOW", "Numbered"]
