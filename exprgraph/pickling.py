"""Pickles: a whole graph as one flat table, whatever its depth; reading it interns again."""

from __future__ import annotations

from typing import Any

from .node import FORMAT, Node, make
from .primitive import Primitive
from .traverse import topological

Row = tuple[Primitive, tuple[int, ...], tuple[Any, ...], tuple[int, ...]]


def _reduce(self: Node, protocol: int = 0) -> tuple[Any, ...]:
    order = topological([self])
    place = {node: i for i, node in enumerate(order)}
    rows: list[Row] = [(n.op, tuple(place[a] for a in n.args), n.params, n.shape) for n in order]
    return load, (FORMAT, rows)


def load(version: int, rows: list[Row]) -> Node:
    """The node of a pickled table."""
    if version != FORMAT:
        raise ValueError(
            f"this pickle holds expressions in format {version}, this exprgraph reads format {FORMAT}; "
            "build the expression again, or use the version of exprgraph that wrote it"
        )
    nodes: list[Node] = []
    for op, args, params, shape in rows:
        nodes.append(make(op, tuple(nodes[i] for i in args), params, shape))
    return nodes[-1]


def _install() -> None:
    setattr(Node, "__reduce_ex__", _reduce)  # noqa: B010


_install()
