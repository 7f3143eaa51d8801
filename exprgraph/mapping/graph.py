"""A graph for one entry as the graph for all entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..canonical.grouping import images
from ..graph.node import Node, Shape
from ..graph.traverse import rebuild
from .rules import MAPPED, is_mapped


def mapped_graph(roots: Sequence[Node], values: Mapping[Node, Node], lead: Shape) -> list[Node]:
    """The roots with other nodes for symbols; a root that depends on a mapped one has the mapped axes in front.

    Args:
        roots: the graph for one entry.
        values: for symbols, a node of the symbol's shape, or of ``lead`` and the symbol's shape.
        lead: the lengths of the mapped axes.
    """
    return images(roots, values, lambda node, found: _image(node, found, lead))


def _image(node: Node, image: Mapping[Node, Node], lead: Shape) -> Node:
    args = tuple(image[a] for a in node.args)
    if any(map(is_mapped, args, node.args)):
        return MAPPED[node.op](node, args, lead)
    return rebuild(node, args)


__all__ = ["mapped_graph"]
