"""The most common operations of users, on scalars: the same nodes as by all rules, in few steps.

A large graph of scalars is made of sums of two, products of two, multiples and powers.  Each function makes the canonical node if its
operands need no rule of :mod:`exprgraph.canonical.written`, and else gives ``None``.  It gives ``None`` in derivatives, too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph.node import Node, make
from ..graph.primitive import CONSTANT, CONTRACT, PRODUCT, SELECT, SUM
from ..graph.sharing import POWERS, SHIFTS, SUMS
from .grouping import kept_nodes
from .squares import is_root
from .written import scaled

_INF = float("inf")
#: integers up to this have a float of their own
_EXACT = 2**53


def _number(value: object) -> float:
    """A number that needs no rule: neither 0, nor infinite or NaN, nor of another type than these; else 0."""
    kind = type(value)
    if kind is float or (kind is int and -_EXACT <= value <= _EXACT) or kind is np.float64:  # type: ignore[operator]
        number = float(value)  # type: ignore[arg-type]
        return number if -_INF < number < _INF else 0.0
    return 0.0


def sum_of_two(c: float, a: Any, d: float, b: Any) -> Node | None:
    """``c*a + d*b``, where c and d are 1 or -1; a or b may be a number."""
    if type(a) is not Node:
        c, a, d, b = d, b, c, a
        if type(a) is not Node:
            return None
    if a.shape or kept_nodes() is not None:
        return None
    op = a.op
    if op is SUM:
        if len(a.args) == 1 and a.params[0] == 0.0:
            c *= a.params[1][0]
            a = a.args[0]
    elif op is CONSTANT:
        return None
    if type(b) is not Node:
        known = d * _number(b)
        return make(SUM, (a,), SHIFTS[known, c], ()) if known else None
    if b.shape:
        return None
    op = b.op
    if op is SUM:
        if len(b.args) == 1 and b.params[0] == 0.0:
            d *= b.params[1][0]
            b = b.args[0]
    elif op is CONSTANT:
        return None
    if a is b:
        return None
    return make(SUM, (a, b), SUMS[c, d], ()) if a.digest < b.digest else make(SUM, (b, a), SUMS[d, c], ())


def product_of_two(a: Any, b: Any) -> Node | None:
    """``a*b``; one of them may be a number."""
    if type(a) is not Node:
        a, b = b, a
        if type(a) is not Node:
            return None
    if a.shape or kept_nodes() is not None:
        return None
    if type(b) is not Node:
        c = _number(b)
        return scaled(c, a) if c and a.op is not CONTRACT and a.op is not CONSTANT else None
    if b.shape or not is_plain_factor(a):
        return None
    if a is b:
        return make(PRODUCT, (a,), POWERS[(2.0,)], ())
    return make(PRODUCT, (a, b) if a.digest < b.digest else (b, a), POWERS[1.0, 1.0], ()) if is_plain_factor(b) else None


def quotient_of_two(a: Any, b: Any) -> Node | None:
    """``a/b``; a may be a number."""
    if type(b) is not Node or b.shape or b.op is PRODUCT or not is_plain_factor(b) or kept_nodes() is not None:
        return None
    if type(a) is not Node:
        return make(PRODUCT, (b,), POWERS[(-1.0,)], ()) if _number(a) == 1.0 else None
    if a is b or a.shape or not is_plain_factor(a):
        return None
    return make(PRODUCT, (a, b), POWERS[1.0, -1.0], ()) if a.digest < b.digest else make(PRODUCT, (b, a), POWERS[-1.0, 1.0], ())


def power_of(base: Any, exponent: Any) -> Node | None:
    """``base**exponent``, the exponent a number."""
    if type(base) is not Node or base.shape or kept_nodes() is not None:
        return None
    e = _number(exponent)
    if not e or e == 1.0 or e == -1.0 or not is_plain_factor(base):
        return None
    return make(PRODUCT, (base,), POWERS[(e,)], ())


def is_plain_factor(node: Node) -> bool:
    """Whether a factor of a product of scalars stays as it is: it has no sign or number to move, is no power, and no root."""
    op = node.op
    if op is SELECT:
        return node.args[0].op.leaf or not is_root(node)
    if op is SUM:
        return len(node.args) > 1 or node.params[0] != 0.0 or (node.params[1][0] != -1.0 and not is_root(node.args[0]))
    if op is PRODUCT:
        return len(node.args) > 1 and not any([a.op is CONSTANT for a in node.args])
    return op is not CONSTANT and op is not CONTRACT and not is_root(node)


__all__ = ["is_plain_factor", "power_of", "product_of_two", "quotient_of_two", "sum_of_two"]
