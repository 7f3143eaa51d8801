"""Questions about a graph, and substitution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from ..canonical.operands import as_node
from ..errors import ShapeError
from ..functions.elementwise import broadcast_to
from ..graph.node import Node, Operand
from ..graph.stand_in import plain
from ..graph.traverse import substitute_nodes, symbols_of, topological, with_inner
from ..tree import flatten
from .counting import COUNT

T = TypeVar("T")


def _roots(e: Any) -> list[Node]:
    return [as_node(n) for n in flatten(e)[0]]


def free_symbols(e: Any) -> tuple[Node, ...]:
    """The symbols an expression (or a nesting of them) depends on, by name.

    >>> import exprgraph as eg
    >>> x, y = eg.symbols("x y")
    >>> eg.free_symbols(y * x + 1)
    (x, y)
    """
    return tuple(symbols_of(_roots(e)))


def contains(e: Any, part: Node) -> bool:
    """Whether an expression (or a nesting of them) contains another one at any depth, or is equal to it.

    It looks for the node: after :func:`simplify`, ``x + y + z`` is one sum of three terms, and does not contain ``x + y``.

    >>> import exprgraph as eg
    >>> x, y = eg.symbols("x y")
    >>> f = eg.sin(x * y) + 1
    >>> eg.contains(f, x * y), eg.contains(f, eg.cos(x))
    (True, False)
    """
    return part in with_inner(_roots(e))


def count_nodes(e: Any) -> int:
    """The number of distinct nodes of a graph; those of a loop's body count once.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.count_nodes(eg.sin(x) + eg.sin(x) ** 2)
    4
    """
    return len(with_inner(_roots(e)))


def count_ops(e: Any) -> int:
    """The number of scalar operations of an evaluation for one sample; shared parts count once.

    A function counts as one operation.  Moving elements is free.

    >>> import exprgraph as eg
    >>> W, x = eg.Symbol("W", shape=(3, 2)), eg.Symbol("x", shape=2)
    >>> eg.count_ops(W @ x)
    12
    """
    total = 0
    for node in topological(_roots(e)):
        if not node.op.leaf:
            total += COUNT[node.op](node)
    return total


def substitute(e: T, mapping: Mapping[Node, Operand]) -> T:
    """Replace nodes of an expression (or of a nesting of them), all at once.

    A replacement has the shape of the replaced node or broadcasts to it, so shapes stay.  The replaced nodes need not be
    symbols, and need not occur.

    Raises:
        ShapeError: a replacement does not broadcast to the shape of the replaced node.
        TypeError: a replaced node is not an expression.

    >>> import exprgraph as eg
    >>> x, y = eg.symbols("x y")
    >>> eg.substitute(x + 2 * y, {x: y, y: x})
    2*x + y
    """
    image: dict[Node, Node] = {}
    for old, new in mapping.items():
        old = plain(old)
        if not isinstance(old, Node):
            raise TypeError(f"substitute replaces expressions; {old!r} is not one")
        node = as_node(new)
        try:
            image[old] = broadcast_to(node, old.shape)
        except ShapeError:
            raise ShapeError(f"substitute: {old} has shape {old.shape}, its replacement has shape {node.shape}") from None
    leaves, restore = flatten(e)
    result: T = restore(substitute_nodes([as_node(n) for n in leaves], image))
    return result
