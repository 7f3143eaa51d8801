"""The printed part of a graph: a bounded part, nearest to the root.

A graph can have a million nodes, and the tree of its expression many more.  So nothing here visits more than a bounded
number of nodes: beyond the budget a node is *cut* and printed as ``...``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from ..canonical.operands import as_node
from ..functions.elementwise import Function
from ..graph.column import Column
from ..graph.node import Node
from ..graph.primitive import CONTRACT, IDENTITY, PRODUCT, SELECT, SUM, SYMBOL
from ..graph.views import Linear

#: if there are more operands, only the first ``SHOWN_ARGS`` are printed
MAX_ARGS = 64
SHOWN_ARGS = 32
#: nodes left out are counted up to this many
COUNT_UP_TO = 10_000


#: of one node: how many operation signs it prints as
SIGNS: Column[Callable[[Node], int]] = Column(
    "signs", "how many operation signs a node prints as, roughly", __name__, otherwise="one, unless it is atomic"
)


@SIGNS.rule(SUM)
def _sum(node: Node) -> int:
    const, coefficients = Linear.of(node)
    return len(node.args) - 1 + int(const != 0.0) + sum(c not in (1.0, -1.0) for c in islice(coefficients, MAX_ARGS))


@SIGNS.rule(PRODUCT)
def _product(node: Node) -> int:
    powers: int = sum(e != 1.0 for e in islice(node.params, MAX_ARGS))
    return len(node.args) - 1 + powers


def operations(node: Node) -> int:
    """The approximate number of operation signs that a node prints."""
    signs = SIGNS.find(node.op)
    return signs(node) if signs is not None else 0 if is_atomic(node) else 1


def is_atomic(node: Node) -> bool:
    """A leaf, or an element or a part of a leaf: printed in full everywhere."""
    return not node.args or (node.op is SELECT and node.args[0].op in (SYMBOL, IDENTITY))


class View:
    """The printed part of the graph below some roots.

    ``limit`` bounds the printed operations (``None``: no bound).  A function that is displayed as another
    expression has the arguments of that expression here.
    """

    def __init__(self, roots: Sequence[Node], limit: int | None, *, as_shown: bool = True) -> None:
        self.roots = list(roots)
        self.limit = limit
        self.as_shown = as_shown
        self._shown: dict[Node, Node] = {}
        self._inside: set[Node] = set()
        queue = deque(self.roots)
        self.listed = list(dict.fromkeys(self.roots))
        seen = set(self.listed)
        spent = 0
        outside: list[Node] = []
        while queue:
            node = queue.popleft()
            if node in self._inside:
                continue
            if not is_atomic(node):
                if limit is not None and spent >= limit:
                    outside.append(node)
                    continue
                shown = self.shown(node)
                spent += max(min(operations(shown), SHOWN_ARGS), 1)
            self._inside.add(node)
            shown_args = self.args(node)
            for a in shown_args:
                if a not in seen:
                    seen.add(a)
                    self.listed.append(a)
                    queue.append(a)
            if len(self.shown(node).args) > len(shown_args):
                outside.extend(islice(self.shown(node).args, len(shown_args), len(shown_args) + COUNT_UP_TO))
        self.left_out = self._count(outside)

    def _count(self, start: Iterable[Node]) -> int:
        seen: set[Node] = set()
        stack = [n for n in start if n not in self._inside]
        while stack and len(seen) <= COUNT_UP_TO:
            node = stack.pop()
            if node not in seen:
                seen.add(node)
                stack.extend(a for a in islice(node.args, COUNT_UP_TO) if a not in seen and a not in self._inside)
        return len(seen)

    @property
    def note(self) -> str:
        """The number of omitted nodes in words; empty if there are none."""
        n = self.left_out
        if not n:
            return ""
        if n > COUNT_UP_TO:
            return f"more than {COUNT_UP_TO} nodes left out"
        return f"{n} node{'s' * (n != 1)} left out"

    def shown(self, node: Node) -> Node:
        """The printed form of a node: itself, or the expression that its function is displayed as."""
        if not self.as_shown or not isinstance(node.op, Function) or node.op.shown_as is None:
            return node
        found = self._shown.get(node)
        if found is None:
            found = node
            while isinstance(found.op, Function) and found.op.shown_as is not None:
                found = as_node(found.op.shown_as(*found.args))
            self._shown[node] = found
        return found

    def is_cut(self, node: Node) -> bool:
        """Whether only ``...`` is printed for a node."""
        return node not in self._inside

    def is_shortened(self, node: Node) -> bool:
        """Whether some operands of a node are left out."""
        shown = self.shown(node)
        return self.limit is not None and len(shown.args) > MAX_ARGS and shown.op is not CONTRACT

    def args(self, node: Node) -> tuple[Node, ...]:
        """The printed operands."""
        if self.is_cut(node):
            return ()
        args = self.shown(node).args
        return args[:SHOWN_ARGS] if self.is_shortened(node) else args

    def operands(self, shown: Node) -> tuple[Node, ...]:
        """The printed operands of a node, or of its displayed form."""
        return shown.args[:SHOWN_ARGS] if self.is_shortened(shown) else shown.args

    def order(self, roots: Iterable[Node], args: Callable[[Node], Sequence[Node]]) -> list[Node]:
        """Every printed node, operands before users, in the order of ``args``."""
        out: list[Node] = []
        seen: set[Node] = set()
        stack: list[tuple[Node, bool]] = [(r, False) for r in reversed(list(roots))]
        while stack:
            node, done = stack.pop()
            if done:
                out.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((a, False) for a in reversed(args(node)) if a not in seen)
        return out
