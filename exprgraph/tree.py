"""Nestings of expressions: dicts, lists, tuples, and containers that can be flattened.

A container takes part by two methods: ``__tree_flatten__() -> children`` and
``__tree_unflatten__(children) -> container``.  A third one, ``__tree_named__()``, returns its form for display: a dict
from names to parts, or another object.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .canonical.operands import as_node
from .errors import ShapeError
from .graph.node import Node

#: an expression, or any nesting of them
Nesting = Any

_TOO_DEEP = "a nesting of expressions is nested too deeply, or holds itself"


def flatten(tree: Any) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    """The leaves of a nesting in order, and the function that nests other leaves the same way.

    Raises:
        ValueError: it is nested too deeply, or holds itself.

    >>> import exprgraph as eg
    >>> x, y = eg.symbols("x y")
    >>> leaves, nest = eg.tree.flatten({"u": x, "more": [y, 2.0]})
    >>> leaves, nest([1, 2, 3])
    ([x, y, 2.0], {'u': 1, 'more': [2, 3]})
    """
    if type(tree) in (tuple, list) and all(map(_is_leaf, tree)):
        return list(tree), type(tree)
    if type(tree) is dict and all(map(_is_leaf, tree.values())):
        keys = tuple(tree)
        return list(tree.values()), lambda values: dict(zip(keys, values))
    leaves: list[Any] = []
    try:
        build = _walk(tree, leaves)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    return leaves, lambda values: build(iter(values))


def _is_leaf(t: Any) -> bool:
    return isinstance(t, Node) or not (isinstance(t, (dict, tuple, list)) or hasattr(type(t), "__tree_flatten__"))


def _walk(t: Any, leaves: list[Any]) -> Callable[[Any], Any]:
    """Add the leaves, and return the function that takes as many from an iterator and nests them."""
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
    if hasattr(type(t), "__tree_flatten__"):
        parts = [_walk(v, leaves) for v in t.__tree_flatten__()]
        return lambda it: t.__tree_unflatten__([p(it) for p in parts])
    leaves.append(t)
    return next


def paths(tree: Any) -> list[str]:
    """The names of the leaves of :func:`flatten`, in order: keys joined by dots, and positions ``[0]``; one leaf has the name ``""``.

    Raises:
        ValueError: it is nested too deeply, or holds itself.

    >>> import exprgraph as eg
    >>> x, y = eg.symbols("x y")
    >>> eg.tree.paths({"u": x, "more": [y, 2.0]})
    ['u', 'more[0]', 'more[1]']
    """
    found: list[str] = []
    try:
        _path("", tree, found)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    return found


def _path(name: str, tree: Any, found: list[str]) -> None:
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        tree = dict(zip(tree._fields, tree))
    if isinstance(tree, dict):
        for key, part in tree.items():
            _path(f"{name}.{key}" if name else str(key), part, found)
    elif isinstance(tree, (list, tuple)):
        for k, part in enumerate(tree):
            _path(f"{name}[{k}]", part, found)
    elif not isinstance(tree, Node) and hasattr(type(tree), "__tree_flatten__"):
        parts = tree.__tree_flatten__()
        for k, part in enumerate(parts):
            _path(f"{name}[{k}]" if len(parts) > 1 else name, part, found)
    else:
        found.append(name)


def named(tree: Any) -> list[tuple[str, Node]]:
    """The expressions of a nesting by name, for display; a single expression has the name ``""``.

    Names are the keys joined by dots, ``u.L1.W``, and positions in lists, ``[0]``.

    Raises:
        DTypeError: a part is neither an expression nor a real number.
        ValueError: it is nested too deeply, or holds itself.

    >>> import exprgraph as eg
    >>> x, y = eg.symbols("x y")
    >>> eg.tree.named({"u": x, "more": {"v": [y, 2 * x]}})
    [('u', x), ('more.v', [y, 2*x])]
    """
    found: list[tuple[str, Node]] = []
    try:
        _name("", tree, found)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    return found


def _name(name: str, tree: Any, found: list[tuple[str, Node]]) -> None:
    while not isinstance(tree, Node) and hasattr(type(tree), "__tree_named__"):
        tree = tree.__tree_named__()
    if not isinstance(tree, (Node, dict, tuple, list)) and hasattr(type(tree), "__tree_flatten__"):
        tree = tree.__tree_flatten__()
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        tree = dict(zip(tree._fields, tree))
    if isinstance(tree, dict):
        for key, part in tree.items():
            _name(f"{name}.{key}" if name else str(key), part, found)
    elif isinstance(tree, (list, tuple)) and not _is_array(tree):
        for k, part in enumerate(tree):
            _name(f"{name}[{k}]", part, found)
    else:
        found.append((name, as_node(tree)))


def _is_array(parts: Any) -> bool:
    """Whether a list is an array of numbers and scalar expressions, and not several of them."""
    pending = list(parts)
    while pending:
        p = pending.pop()
        if isinstance(p, (list, tuple)) and not hasattr(p, "_fields"):
            pending += p
        elif isinstance(p, (dict, tuple)) or hasattr(type(p), "__tree_flatten__") or hasattr(type(p), "__tree_named__"):
            return False
    try:
        as_node(parts)
    except ShapeError:
        return False
    return True
