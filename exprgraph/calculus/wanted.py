"""The nodes whose cotangents the running sweep has a use for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Union

from ..graph.node import Node

_active: ContextVar[Union[Set[Node], None]] = ContextVar("active", default=None)


@contextmanager
def wanting(active: Set[Node]) -> Iterator[None]:
    """A sweep that has a use for the cotangents of these nodes."""
    token = _active.set(active)
    try:
        yield
    finally:
        _active.reset(token)


#: the nodes, or ``None`` if all are wanted
wanted_nodes: Callable[[], Union[Set[Node], None]] = _active.get


def is_wanted(node: Node) -> bool:
    """Whether the running sweep has a use for the cotangent of a node."""
    active = _active.get()
    return active is None or node in active


__all__ = ["is_wanted", "wanted_nodes", "wanting"]
