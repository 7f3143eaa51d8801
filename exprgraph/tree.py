"""Nestings of expressions: dicts, lists, tuples, and containers that say how they are taken apart.

A container takes part by two methods: ``__tree_flatten__() -> children`` and
``__tree_unflatten__(children) -> container``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .node import Node


def flatten(tree: Any) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    """The leaves of a nesting in order, and the function that nests other leaves the same way."""
    leaves: list[Any] = []

    def walk(t: Any) -> Callable[[Any], Any]:
        if isinstance(t, Node):
            leaves.append(t)
            return next
        if isinstance(t, dict):
            keys = list(t)
            parts = [walk(t[k]) for k in keys]
            return lambda it: {k: p(it) for k, p in zip(keys, parts)}
        if isinstance(t, tuple):
            parts = [walk(v) for v in t]
            if hasattr(t, "_fields"):  # a named tuple
                return lambda it: type(t)(*[p(it) for p in parts])
            return lambda it: tuple([p(it) for p in parts])
        if isinstance(t, list):
            parts = [walk(v) for v in t]
            return lambda it: [p(it) for p in parts]
        if hasattr(t, "__tree_flatten__"):
            parts = [walk(v) for v in t.__tree_flatten__()]
            return lambda it: t.__tree_unflatten__([p(it) for p in parts])
        leaves.append(t)
        return next

    build = walk(tree)
    return leaves, lambda values: build(iter(values))
