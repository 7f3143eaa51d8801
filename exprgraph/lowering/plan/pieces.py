"""The pieces of the nodes of a phase that only move elements: what is joined for one user is stored where that needs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set

from ...graph import primitive
from ...graph.node import Node
from .movement import composed, movement
from .nest import Assignment
from .scattered import reordered, scattered

_JOINED = (primitive.STACK, primitive.CONCATENATE)


def uses_of(nodes: Sequence[Node]) -> Counter[Node]:
    """How often each node is an argument."""
    return Counter(a for node in nodes for a in node.args)


def moved_pieces(nodes: Sequence[Node], uses: Mapping[Node, int], elsewhere: Set[Node]) -> tuple[dict[Node, list[Assignment]], set[Node]]:
    """The pieces by node, and the nodes that are only parts of others; values in ``elsewhere`` have more users."""
    pieces: dict[Node, list[Assignment]] = {}
    absorbed: set[Node] = set()

    def once(n: Node) -> bool:
        return uses.get(n) == 1 and n not in elsewhere

    for node in nodes:
        joined = reordered(node)
        spread = scattered(node, joined, pieces[joined], once) if joined is not None and joined in pieces and once(joined) else None
        if spread is not None:
            pieces[node], inside = spread
            absorbed.update(inside)
            for n in inside:
                pieces.pop(n, None)
            continue
        own = movement(node)
        if own is None:
            continue
        if node.op in _JOINED:  # parts that are joined only for this node are copied directly
            whole: list[Assignment] = []
            for piece in own:
                part = piece.value
                if part.op in _JOINED and part in pieces and once(part):
                    whole += [Assignment(p.value, node, composed(piece.index, p.index)) for p in pieces.pop(part)]
                    absorbed.add(part)
                else:
                    whole.append(piece)
            own = whole
        pieces[node] = own
    return pieces, absorbed


__all__ = ["moved_pieces", "uses_of"]
