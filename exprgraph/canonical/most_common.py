"""The most common sums and products: the same nodes as by all rules, in few steps.

A large graph of scalars is made of sums of two, products of two, multiples and powers; its derivative of multiples of cotangents, and of
products whose factors do not meet, as is that of arrays.  Each function makes the canonical node if its operands need no other rule, and
else gives ``None``.  Those for users' operators give ``None`` while a derivative is made (:mod:`exprgraph.canonical.written`); the
others take the nodes that are kept then (:mod:`exprgraph.canonical.arithmetic`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from typing import Any

import numpy as np

from ..graph.leaves import constant
from ..graph.node import Node, Shape, make
from ..graph.primitive import ARRAY, CONSTANT, CONTRACT, PRODUCT, SUM
from ..graph.sharing import POWERS, SHIFTS, SUMS, sum_of
from ..support.values import TINY
from .grouping import kept_nodes
from .squares import is_root
from .written import digest_of, scaled

#: integers up to this have a float of their own
_EXACT = 2**53

#: A nested sum or product is merged into the outer one up to this many operands.  Without a bound
#: a chain x1 + x2 + x3 + ... would copy all its terms at each step.
FLATTEN_LIMIT = 32

#: A nested sum of more terms than this is merged only if it shares a term with the outer one: it may have other users,
#: and its terms would be added up again.
SMALL_SUM = 6


# ---------------------------------------------------------------- operators of users


def _number(value: Any) -> float:
    """A number that needs no rule: neither 0, nor infinite or NaN, nor of another type than these; else 0."""
    kind = type(value)
    if (kind is int and -_EXACT <= value <= _EXACT) or kind is np.float64:
        value = float(value)
    elif kind is not float:
        return 0.0
    return value if -math.inf < value < math.inf else 0.0


def sum_of_two(a: Any, b: Any, c: float = 1.0, d: float = 1.0) -> Node | None:
    """``c*a + d*b``, where c and d are 1 or -1; a or b may be a number."""
    if type(a) is not Node:
        c, a, d, b = d, b, c, a
        if type(a) is not Node:
            return None
    if a.shape or kept_nodes() is not None:
        return None
    op = a.op  # here, and below for b: a function for both would take as long as the node
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


def difference_of_two(a: Any, b: Any) -> Node | None:
    """``a - b``; one of them may be a number."""
    return sum_of_two(a, b, 1.0, -1.0)


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
        op = a.op
        if not c or op is CONTRACT or op is CONSTANT or op is ARRAY:
            return None
        return scaled(c, a) if c == 1.0 or (op is SUM and _is_multiple(a)) else make(SUM, (a,), SUMS[(c,)], ())
    if b.shape or not _is_plain_factor(a):
        return None
    if a is b:
        return make(PRODUCT, (a,), POWERS[(2.0,)], ())
    return make(PRODUCT, (a, b) if a.digest < b.digest else (b, a), POWERS[1.0, 1.0], ()) if _is_plain_factor(b) else None


def quotient_of_two(a: Any, b: Any) -> Node | None:
    """``a/b``; one of them may be a number."""
    if kept_nodes() is not None:
        return None
    if type(a) is not Node:
        return _over(_number(a), b) if type(b) is Node and not b.shape else None
    if a.shape or a is b or not _is_plain_factor(a):
        return None
    if type(b) is not Node:
        d = _number(b)
        if d <= 0.0 or d == 1.0:
            return None
        if math.frexp(d)[0] == 0.5:  # a power of two
            return scaled(1.0 / d, a) if 1.0 / d >= TINY else None
        return _quotient(a, constant(d))
    return _quotient(a, b) if not b.shape and b.op is not PRODUCT and _is_plain_factor(b) else None


def _over(c: float, node: Node) -> Node | None:
    """A number divided by a scalar."""
    if node.op is PRODUCT:
        if c != 1.0 or len(node.args) > 1 or node.params[0] <= 0.0 or node.args[0].op is CONSTANT or node.args[0].op is CONTRACT:
            return None
        return make(PRODUCT, node.args, POWERS[(-node.params[0],)], ())
    if c <= 0.0 or not _is_plain_factor(node):
        return None
    return make(PRODUCT, (node,), POWERS[(-1.0,)], ()) if c == 1.0 else _quotient(constant(c), node)


def _quotient(a: Node, b: Node) -> Node:
    return make(PRODUCT, (a, b), POWERS[1.0, -1.0], ()) if a.digest < b.digest else make(PRODUCT, (b, a), POWERS[-1.0, 1.0], ())


def power_of(base: Any, exponent: Any) -> Node | None:
    """``base**exponent``, the exponent a number."""
    if type(base) is not Node or base.shape or kept_nodes() is not None:
        return None
    e = _number(exponent)
    if not e or e == 1.0 or e == -1.0 or not _is_plain_factor(base):
        return None
    return make(PRODUCT, (base,), POWERS[(e,)], ())


def _is_plain_factor(node: Node) -> bool:
    """Whether a factor of a product of scalars stays as it is: it has no sign or number to move, is no power, and no root."""
    op = node.op
    if op is SUM:
        return len(node.args) > 1 or node.params[0] != 0.0 or (node.params[1][0] != -1.0 and not is_root(node.args[0]))
    if op is PRODUCT:
        return len(node.args) > 1 and not any([a.op is CONSTANT for a in node.args])  # noqa: C419  (slower as a generator)
    return op is not CONSTANT and op is not CONTRACT and not is_root(node)


# ---------------------------------------------------------------- derivatives


def lost(folded: float, *factors: float) -> bool:
    """Whether the combination of numbers overflows, or loses digits below the normal range.

    ``1e200*x * 1e200*y`` is finite for small x and y, but not with an infinite coefficient.
    """
    return not TINY <= abs(folded) < math.inf and all(f != 0.0 and math.isfinite(f) for f in factors)


def number_times(c: float, node: Node, kept: Set[Node], *, factors: bool) -> Node | None:
    """``c*node``, or ``None`` if it takes other rules.

    Args:
        kept: nodes of the differentiated expression, which are not taken apart.
        factors: whether the factors of a product are collected again.
    """
    op = node.op
    if op is CONSTANT:
        return node if c == 1.0 and node.params[0] else constant(c * node.params[0] or 0.0, node.shape)
    if c == 1.0 and not factors and (op is not SUM or (_is_multiple(node) and node.args[0].op is not SUM)):
        return node
    if op is SUM and _is_multiple(node):
        c *= node.params[1][0]
        node = node.args[0]
        op = node.op
        if not TINY <= abs(c) < math.inf or (op is SUM and _is_multiple(node)):
            return None
    elif c == 0.0 or c != c:
        return None
    if op is SUM:
        if node not in kept and len(node.args) < SMALL_SUM and c != 1.0:
            return _distributed(c, node)
    elif op is PRODUCT:
        if factors and not _is_collected(node, kept):
            return None
    elif op is CONSTANT or op is ARRAY or (op is CONTRACT and _repeats(node)):
        return None
    return node if c == 1.0 else make(SUM, (node,), SUMS[(c,)], node.shape)


def sum_of_distinct(terms: Sequence[tuple[float, Node]], const: float, shape: Shape) -> Node | None:
    """``const + sum of coefficient * node`` of different nodes that stay as they are, or ``None`` if it takes other rules."""
    found: dict[Node, float] = {}
    wide = not shape
    for c, node in terms:
        op = node.op
        if op is SUM and _is_multiple(node):
            k = node.params[1][0]
            node = node.args[0]
            op = node.op
            if not TINY <= abs(c * k) < math.inf:
                return None
            c *= k
        if op is SUM or op is CONSTANT or op is ARRAY or node in found or c == 0.0:
            return None
        if op is CONTRACT and (len(shape) > 1 or _repeats(node)):  # of matrices, diagonals are added apart
            return None
        found[node] = c
        if node.shape == shape:
            wide = True
    if not wide:
        return None
    if len(found) == 1 and const == 0.0 and c == 1.0:
        return node
    live = sorted(found.items(), key=digest_of)
    return make(SUM, tuple([n for n, _ in live]), sum_of(const, tuple([c for _, c in live])), shape)


def sum_of_terms(coefficients: dict[Node, float], const: float) -> Node:
    """The node of final terms, scalars."""
    if len(coefficients) == 2 and const == 0.0:
        (a, c), (b, d) = coefficients.items()
        return make(SUM, (a, b), SUMS[c, d], ()) if a.digest < b.digest else make(SUM, (b, a), SUMS[d, c], ())
    live = sorted(coefficients.items(), key=digest_of)
    return make(SUM, tuple([n for n, _ in live]), sum_of(const, tuple([c for _, c in live])), ())


def is_term(c: float, node: Node, kept: Set[Node]) -> bool:
    """Whether the product of a number and a scalar can be a term of a sum as it is: the sum needs no node of the multiple."""
    op = node.op
    if op is SUM:
        if not _is_multiple(node):
            return c == 1.0
        node = node.args[0]
        op = node.op
    return op is CONSTANT or (_is_collected(node, kept) if op is PRODUCT else op is not SUM and op is not CONTRACT)


def _distributed(c: float, node: Node) -> Node | None:
    """``c*a + c*b`` for ``c*(a + b)``."""
    constant, coefficients = node.params
    new = tuple([c * k for k in coefficients])
    for k in new:
        if not TINY <= abs(k) < math.inf:
            return None
    constant *= c
    if len(new) == 1 and (constant == 0.0 or constant != constant):
        return None
    if node.shape and any([a.op is ARRAY for a in node.args]):  # noqa: C419  (slower as a generator)
        return None
    if len(node.shape) > 1 and any([a.op is CONTRACT for a in node.args]):  # noqa: C419  of matrices, diagonals are added apart
        return None
    return make(SUM, node.args, sum_of(constant, new), node.shape)


def _repeats(node: Node) -> bool:
    """Whether a contraction repeats a scalar, which is a factor or a term itself."""
    return bool(node.params[0] == ((),))


def _is_multiple(node: Node) -> bool:
    """Whether a sum is a number times one term."""
    return len(node.args) == 1 and bool(node.params[0] == 0.0)


def _is_collected(node: Node, kept: Set[Node]) -> bool:
    """Whether collecting the factors of a product again changes nothing.

    None is a number or a power, or a multiple that is taken apart, and all differ.
    """
    if len(set(node.args)) < len(node.args):
        return False
    for a, e in zip(node.args, node.params):
        op = a.op
        if op is SUM:
            if _is_multiple(a) and (a not in kept or a.params[1][0] == -1.0):
                return False
        elif op is PRODUCT:
            if len(a.args) == 1:
                return False
        elif op is CONSTANT or (op is ARRAY and e != 1.0) or (op is CONTRACT and _repeats(a)):
            return False
    return True


def product_of_distinct(factors: Sequence[tuple[Node, float]], coefficient: float, shape: Shape, kept: Set[Node]) -> Node | None:
    """``coefficient * product of base ** exponent``, or ``None`` if it takes other rules.

    ``kept`` has the nodes of the differentiated expression, which are not taken apart.
    """
    found: dict[Node, float] = {}
    roots: set[Node] = set()
    room = FLATTEN_LIMIT - len(factors)
    for base, e in factors:
        if e == 0.0:
            continue
        op = base.op
        if op is SUM and _is_multiple(base):
            k, rest = base.params[1][0], base.args[0]
            if e != 1.0 or lost(coefficient * k, coefficient, k) or (rest.op is SUM and _is_multiple(rest)):
                return None
            if is_root(rest):
                if rest in roots:
                    return None
                roots.add(rest)
            if k == -1.0 or not (base in kept or (rest.per_sample and rest.op is SUM and rest in kept)):
                coefficient, base, op = coefficient * k, rest, rest.op
        elif e > 0.0 and is_root(base):
            if e != 1.0 or base in roots:
                return None
            roots.add(base)
        if op is PRODUCT:
            if e == 1.0 and (base not in kept or not is_quotient(base)):
                room -= len(base.args) - 1
                if room < 0 or not _is_collected(base, kept):
                    return None
                for b, k in zip(base.args, base.params):
                    if b in found and not _add_up(found[b], k):
                        return None
                    found[b] = found.get(b, 0.0) + k
                continue
            if len(base.args) == 1 or any([a.op is CONSTANT for a in base.args]):  # noqa: C419  (slower as a generator)
                return None
        elif op is CONSTANT and e == 1.0:
            coefficient *= base.params[0]
            continue
        elif op is CONSTANT or (op is CONTRACT and _repeats(base)):
            return None
        if base in found and not _add_up(found[base], e):
            return None
        found[base] = found.get(base, 0.0) + e
    if not found or coefficient == 0.0 or coefficient != coefficient:
        return None
    return _times(coefficient, found, shape, kept) if not shape or _fit(found, shape) else None


def _fit(powers: dict[Node, float], shape: Shape) -> bool:
    """Whether powers make a node of that shape as they are: some base has it, and one base at most is a known array."""
    fits, known = False, 0
    for b, e in powers.items():
        if b.op is ARRAY:
            known += 1
            if known > 1 or e != 1.0 or b.shape != shape:
                return False
        if b.shape == shape:
            fits = True
    return fits


def _times(coefficient: float, powers: dict[Node, float], shape: Shape, kept: Set[Node]) -> Node | None:
    """The node of a number and final powers."""
    node = product_of_powers(powers, shape)
    return node if coefficient == 1.0 else number_times(coefficient, node, kept, factors=False)


def product_of_powers(powers: dict[Node, float], shape: Shape) -> Node:
    """The node of final powers."""
    if len(powers) == 1:
        ((base, e),) = powers.items()
        return base if e == 1.0 else make(PRODUCT, (base,), POWERS[(e,)], shape)
    if len(powers) == 2:
        (a, e), (b, f) = powers.items()
        return make(PRODUCT, (a, b), POWERS[e, f], shape) if a.digest < b.digest else make(PRODUCT, (b, a), POWERS[f, e], shape)
    live = sorted(powers.items(), key=digest_of)
    return make(PRODUCT, tuple([b for b, _ in live]), POWERS[tuple([e for _, e in live])], shape)


def _add_up(e: float, k: float) -> bool:
    """Whether two powers of one base are one: whole, and of one sign."""
    return (e > 0.0) == (k > 0.0) and e % 1.0 == k % 1.0 == 0.0


def is_quotient(node: Node) -> bool:
    """Whether a product has a denominator: a/m may be finite where a*b and m*m are not."""
    return sorted(node.params) == [-1.0, 1.0]


# ---------------------------------------------------------------- what others merge, and what stays


def powers_of(factor: Node, kept: Set[Node]) -> dict[Node, float] | None:
    """The powers of a product that is merged into another, any other node as its own; ``None`` if its factors take other rules."""
    if factor.op is not PRODUCT or (factor in kept and is_quotient(factor)):
        return {factor: 1.0}
    return dict(zip(factor.args, factor.params)) if _is_collected(factor, kept) else None


def is_one_factor(k: float, multiple: Node, rest: Node, kept: Set[Node]) -> bool:
    """Whether ``k*rest`` is a factor itself, whose number is not multiplied with those of others."""
    return k != -1.0 and (multiple in kept or (rest.per_sample and rest.op is SUM and rest in kept))


def is_base(node: Node) -> bool:
    """Whether a power of a scalar stays as it is: it is no number, multiple, product or root."""
    op = node.op
    if op is SUM:
        return not _is_multiple(node)
    return op is not PRODUCT and op is not CONSTANT and op is not CONTRACT and not is_root(node)


def cancelling_parts(node: Node) -> Sequence[tuple[float, Node | None]]:
    """The two operands of a sum, of which one may cancel exactly against that of another; ``None`` is a number.  Longer sums have none."""
    const, coefficients = node.params
    parts: list[tuple[float, Node | None]] = [*zip(coefficients, node.args)]
    if const != 0.0:
        parts.append((const, None))
    return parts if len(parts) == 2 else ()


def is_plain_term(node: Node) -> bool:
    """Whether a scalar is a term of a sum as it is, with any number: neither a number nor a sum."""
    op = node.op
    return op is not SUM and op is not CONSTANT and op is not CONTRACT and op is not ARRAY


__all__ = [
    "FLATTEN_LIMIT", "SMALL_SUM", "cancelling_parts", "difference_of_two", "is_base", "is_one_factor", "is_plain_term", "is_quotient",
    "is_term", "lost", "number_times", "power_of", "powers_of", "product_of_distinct", "product_of_powers", "product_of_two",
    "quotient_of_two", "sum_of_distinct", "sum_of_terms", "sum_of_two",
]  # fmt: skip
