"""Which parts of a graph are alike but for names and sizes, so that equal layers give equal code.

The graph's own order of operands follows digests, which differ from layer to layer.  Here a node's
kind is a digest of its operation and of its arguments' kinds a few levels down, without names and
sizes; code is written in the order of kinds.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from ..node import Node
from ..primitive import ARRAY, CONTRACT, SELECT, SYMBOL
from ..traverse import topological

#: how many levels of arguments a kind looks at
LEVELS = 4


def _own(node: Node) -> str:
    if node.op is SYMBOL or node.op is ARRAY:
        return f"{node.op.name} {node.per_sample} {len(node.shape)}"
    if node.op is CONTRACT:  # operands are in digest order: their labels, without that order
        return f"contract {len(node.shape)} {sorted(map(len, node.params[0]))} {len(node.params[1])}"
    if node.op is SELECT:
        return f"select {[type(e).__name__ for e in node.params]}"
    if node.op.name in ("sum", "product"):
        return f"{node.op.name} {len(node.shape)} {node.params[0] if node.op.name == 'sum' else ''} {sorted(node.params[-1] if node.op.name == 'sum' else node.params)}"
    return f"{node.op.name} {len(node.shape)}"


def kinds(order: Sequence[Node]) -> dict[Node, bytes]:
    """The kind of every node."""
    kind = {n: blake2b(_own(n).encode(), digest_size=8).digest() for n in order}
    for _ in range(LEVELS):
        new = {}
        for n in order:
            h = blake2b(kind[n], digest_size=8)
            for k in sorted(kind[a] for a in n.args):
                h.update(k)
            new[n] = h.digest()
        kind = new
    return kind


class Order:
    """A topological order and an order of operands that equal layers share."""

    def __init__(self, roots: Sequence[Node]) -> None:
        self.kind = kinds(topological(roots))
        self.nodes: list[Node] = []
        self.rank: dict[Node, int] = {}
        self._visit(roots)

    def sorted(self, nodes: Sequence[Node]) -> list[int]:
        """The positions of nodes, in the order to write them."""
        return sorted(range(len(nodes)), key=lambda i: (self.kind.get(nodes[i], b""), self.rank.get(nodes[i], 0)))

    def _visit(self, roots: Sequence[Node]) -> None:
        seen: set[Node] = set()
        stack: list[tuple[Node, bool]] = [(r, False) for r in reversed(roots)]
        while stack:
            node, done = stack.pop()
            if done:
                self.rank[node] = len(self.nodes)
                self.nodes.append(node)
                continue
            if node in seen:
                continue
            seen.add(node)
            stack.append((node, True))
            args = sorted(node.args, key=lambda a: self.kind[a], reverse=True)
            stack.extend((a, False) for a in args if a not in seen)
