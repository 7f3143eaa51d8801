"""Questions about a graph, and substitution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from ..errors import ShapeError
from ..functions.elementwise import broadcast_to
from ..graph.leaves import as_node
from ..graph.node import Node, Operand
from ..graph.traverse import substitute_nodes, symbols_of, topological
from ..graph.tree import flatten
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
    """Whether an expression (or a nesting of them) is made of another one, at any depth, or is it.

    It asks for the node: ``x + y`` is no part of ``x + y + z`` after :func:`simplify`, which has one sum of three terms.

    >>> import exprgraph as eg
    >>> x, y = eg.symbols("x y")
    >>> f = eg.sin(x * y) + 1
    >>> eg.contains(f, x * y), eg.contains(f, eg.cos(x))
    (True, False)
    """
    return part in topological(_roots(e))


def count_nodes(e: Any) -> int:
    """How many distinct nodes a graph has.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.count_nodes(eg.sin(x) + eg.sin(x) ** 2)
    4
    """
    return len(topological(_roots(e)))


def count_ops(e: Any) -> int:
    """How many scalar operations one evaluation takes, for one sample, each shared part once.

    A function counts as one operation; moving elements counts as none.

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
    """An expression (or a nesting of them) with nodes replaced, all at once.

    A replacement has, or broadcasts to, the shape of what it replaces; shapes stay.  What is replaced need not be a
    symbol, and need not occur.

    Raises:
        ShapeError: a replacement does not broadcast to the shape of what it replaces.
        TypeError: something that is to be replaced is not an expression.

    >>> import exprgraph as eg
    >>> x, y = eg.symbols("x y")
    >>> eg.substitute(x + 2 * y, {x: y, y: x})
    2*x + y
    """
    image: dict[Node, Node] = {}
    for old, new in mapping.items():
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
