"""Pickles: a graph as one flat table, at any depth; reading interns the nodes again.

The table includes the digest of its last node, which depends on everything in the table.  So a damaged or changed
table is refused, and never read as another expression.
"""

from __future__ import annotations

from typing import Any

from .node import FORMAT, Node, make
from .primitive import Primitive
from .traverse import topological
from .views import named, plain

Row = tuple[Primitive, tuple[int, ...], tuple[Any, ...], tuple[int, ...]]


def _reduce(self: Node, protocol: int = 0) -> tuple[Any, ...]:
    order = topological([self])
    place = {node: i for i, node in enumerate(order)}
    rows: list[Row] = [(n.op, tuple(place[a] for a in n.args), plain(n.params), n.shape) for n in order]
    return load, (FORMAT, rows, self.digest)


def load(version: int, rows: list[Row], digest: bytes | None = None) -> Node:
    """The node of a pickled table."""
    if version != FORMAT:
        raise ValueError(
            f"this pickle holds expressions in format {version!r}, this exprgraph reads format {FORMAT}; "
            "build the expression again, or use the version of exprgraph that wrote it"
        )
    nodes: list[Node] = []
    other = ""
    try:
        for op, args, params, shape in rows:
            if op.arity not in (None, len(args)):
                other = (
                    f"the pickled expression calls {op.name} with {len(args)} arguments; the function registered "
                    f"under this name in this process takes {op.arity}"
                )
            nodes.append(make(op, tuple(nodes[i] for i in args), named(op, params), shape))
    except (TypeError, ValueError, IndexError, AttributeError) as e:
        raise ValueError(f"{_DAMAGED} ({e})") from e
    if nodes and nodes[-1].digest == digest and other:
        raise ValueError(other)
    if not nodes or nodes[-1].digest != digest:
        raise ValueError(_DAMAGED)
    return nodes[-1]


_DAMAGED = "this pickle of an expression is damaged: its contents have changed; build the expression again"


def _install() -> None:
    setattr(Node, "__reduce_ex__", _reduce)  # noqa: B010


_install()
