"""Sums of many terms and products of many powers, each one operation without an order."""

from __future__ import annotations

from collections.abc import Iterable

from ..canonical.arithmetic import linear, product
from ..canonical.operands import as_node
from ..functions.elementwise import broadcast
from ..graph.leaves import number
from ..graph.node import Node, Operand


def sum_of_terms(terms: Iterable[tuple[float, Operand]], constant: float = 0.0) -> Node:
    """``constant + c1*e1 + c2*e2 + ...`` as one sum, whose terms are added in an unspecified order.

    In contrast, ``a + b + c`` is two sums, ``(a + b) + c``.  Derivatives consist of sums like this one.

    Args:
        terms: pairs of a coefficient and an expression; the expressions broadcast.
        constant: a number.

    Raises:
        ShapeError: the shapes do not broadcast together.
        TypeError: a coefficient is not a number.

    >>> import exprgraph as eg
    >>> x, y, z = eg.symbols("x y z")
    >>> eg.sum_of_terms([(2.0, x), (1.0, y), (-1.0, z)], 3.0)
    3 + 2*x + y - z
    """
    pairs = list(terms)
    nodes, shape = broadcast(*(e for _, e in pairs), what="terms")
    return linear(zip((_number(c, "a coefficient") for c, _ in pairs), nodes), _number(constant, "the constant"), shape)


def product_of_powers(powers: Iterable[tuple[Operand, float]]) -> Node:
    """``e1**p1 * e2**p2 * ...`` as one product, whose factors are multiplied in an unspecified order.

    Its value is the product of the positive powers divided by the product of the others.

    Args:
        powers: pairs of an expression and its exponent, a number; the expressions broadcast.

    Raises:
        ShapeError: the shapes do not broadcast together.
        TypeError: an exponent is not a number.

    >>> import exprgraph as eg
    >>> x, y, z = eg.symbols("x y z")
    >>> eg.product_of_powers([(x, 1.0), (y, 2.0), (z, -1.0)])
    x*y**2/z
    """
    pairs = list(powers)
    nodes, shape = broadcast(*(e for e, _ in pairs), what="factors")
    return product(zip(nodes, (_number(p, "an exponent") for _, p in pairs)), 1.0, shape)


def _number(value: Operand, what: str) -> float:
    node = as_node(value)
    found = number(node)
    if found is None or node.shape:
        raise TypeError(f"{what} is a number, got {value!r}")
    return found
