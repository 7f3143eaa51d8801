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
    try:
        build = _walk(tree, leaves)
    except RecursionError:
        raise ValueError("a nesting of expressions is nested too deeply, or holds itself") from None
    return leaves, lambda values: build(iter(values))


def _walk(t: Any, leaves: list[Any]) -> Callable[[Any], Any]:
    """Adds the leaves, and gives the function that takes as many from an iterator and nests them."""
    # not inside of flatten: a function that calls itself is a cycle, which keeps nodes until the next collection
    if isinstance(t, Node):
        leaves.append(t)
        return next
    if isinstance(t, dict):
        keys = list(t)
        parts = [_walk(t[k], leaves) for k in keys]
        return lambda it: {k: p(it) for k, p in zip(keys, parts)}
    if isinstance(t, tuple):
        parts = [_walk(v, leaves) for v in t]
        if hasattr(t, "_fields"):  # a named tuple
            kind = type(t)
            return lambda it: kind(*[p(it) for p in parts])
        return lambda it: tuple([p(it) for p in parts])
    if isinstance(t, list):
        parts = [_walk(v, leaves) for v in t]
        return lambda it: [p(it) for p in parts]
    if hasattr(t, "__tree_flatten__"):
        parts = [_walk(v, leaves) for v in t.__tree_flatten__()]
        return lambda it: t.__tree_unflatten__([p(it) for p in parts])
    leaves.append(t)
    return next
