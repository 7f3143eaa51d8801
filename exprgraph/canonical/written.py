"""Sums and products in the written form: order and grouping stay.

The changes made here keep every bit of the result, with one exception.  Numbers fold, neutral elements vanish, signs
move outwards, and the two operands of an operation get a canonical order.  Equal operands are collected: ``x + x`` is
``2*x``, ``x*x`` is ``x**2`` and ``2*x + 3*x`` is ``5*x``.  The last one changes a result by at most 2 ulp, and is done only if
the signs are equal and the coefficients add up exactly.  ``x - x`` and ``0*x`` are 0.

Every operand has the given shape or is a scalar.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from ..graph.leaves import array, constant, number, zeros
from ..graph.node import Node, Shape, make
from ..graph.primitive import ARRAY, CONSTANT, CONTRACT, PRODUCT, SUM
from ..graph.sharing import POWERS, SHIFTS, SUMS, sum_of
from ..graph.views import Contraction, Linear, data_of
from ..support.values import TINY
from ..support.values import power as power_of
from .squares import is_root, without_roots


def spread(scalar: Node, shape: Shape) -> Node:
    """A scalar broadcast to a shape."""
    if not shape:
        return scalar
    value = number(scalar)
    if value is not None:
        return constant(value, shape)
    c, rest = split_coefficient(scalar)
    repeated = make(CONTRACT, (rest,), Contraction(((),), shape), shape)
    return repeated if c == 1.0 else make(SUM, (repeated,), SUMS[(c,)], shape)


def scalar_of(node: Node) -> Node:
    """The scalar of a broadcast scalar, or the node; sums and products take scalars without broadcasting."""
    return node.args[0] if node.op is CONTRACT and Contraction.of(node).labels == ((),) else node


def terms_of(node: Node) -> list[tuple[float, Node]]:
    """The terms of a sum of arrays of its shape, with coefficients; any other node is its only term."""
    if node.op is not SUM or Linear.of(node).constant or any(a.shape != node.shape for a in node.args):
        return [(1.0, node)]
    return list(zip(Linear.of(node).coefficients, node.args))


def split_coefficient(node: Node) -> tuple[float, Node]:
    """A node as (number, rest): ``2*x`` is ``(2.0, x)``.  The rest has the node's shape."""
    if node.op is SUM and len(node.args) == 1 and node.params[0] == 0.0 and node.args[0].shape == node.shape:
        return node.params[1][0], node.args[0]
    return 1.0, node


def split_sign(node: Node) -> tuple[float, Node]:
    """A node as (1 or -1, rest): ``-x`` is ``(-1.0, x)``."""
    c, rest = split_coefficient(node)
    return (c, rest) if c == -1.0 else (1.0, node)


def multiple(c: float, node: Node) -> Node:
    """``c*node``: a sum of one term."""
    return node if c == 1.0 else make(SUM, (node,), SUMS[(c,)], node.shape)


def is_integer(e: float) -> bool:
    """Whether an exponent is a whole number."""
    return e == math.floor(e)


def power_of_number(value: float, e: float) -> float:
    """A number to a power, as NumPy takes it, without its warnings."""
    if e == 1.0:
        return value
    with np.errstate(all="ignore"):
        return float(power_of(np.float64(value), e))


# ---------------------------------------------------------------- sums


def _is_power_of_two(c: float) -> bool:
    return math.frexp(c)[0] in (0.5, -0.5)


def scaled(c: float, node: Node) -> Node:
    """A number times a node, with the bits of that multiplication."""
    if c == 1.0:
        return node
    value = number(node)
    if value is not None:
        with np.errstate(all="ignore"):
            return constant(float(np.float64(c) * value), node.shape)
    if c == 0.0:
        return zeros(node.shape)
    if node.op is ARRAY:
        with np.errstate(all="ignore"):
            return array(c * data_of(node))
    inner, rest = split_coefficient(node)
    # 3*(2*x) is 6*x: doubling is exact, and overflows only if the result does
    if c == -1.0 or inner == -1.0 or (abs(inner) >= 1.0 and _is_power_of_two(inner) and math.isfinite(c * inner)):
        return multiple(c * inner, rest)
    return multiple(c, node)


def collected(a: float, b: float) -> float | None:
    """The coefficient of ``a*x + b*x`` as one term, if that is as exact: equal signs and an exact sum; else 0."""
    total = a + b
    if total == 0.0:
        return 0.0
    exact = math.isfinite(total) and total - a == b and total - b == a
    return total if exact and (a > 0) == (b > 0) else None


def written_sum(terms: Iterable[tuple[float, Node]], const: float, shape: Shape) -> Node:
    """``const + sum of coefficient * node`` with its terms unchanged: no sum is merged into another."""
    terms = list(terms)
    if len(terms) == 2 and const == 0.0 and (quick := _sum_of_two(*terms[0], *terms[1], shape)) is not None:
        return quick
    if len(terms) == 2 and const == 0.0 and terms[0] == terms[1] and terms[0][1].shape == shape:
        return scaled(2.0 * terms[0][0], terms[0][1])
    coefficients: dict[Node, float] = {}
    arrays: np.ndarray | None = None
    known = const or None  # not 0.0, which would be added: -(0) is -0, as in NumPy
    for c, node in terms:
        if c == 0.0:
            continue
        node = scalar_of(node)
        value = number(node)
        if value is not None:
            known = c * value if known is None else known + c * value
            continue
        if node.op is ARRAY and node.shape == shape:
            with np.errstate(all="ignore"):
                data = c * data_of(node)
                arrays = data if arrays is None else arrays + data
            continue
        inner, rest = split_coefficient(node)
        if c in (1.0, -1.0) or inner in (1.0, -1.0):
            c, node = c * inner, scalar_of(rest)
        if node not in coefficients:
            coefficients[node] = c
            continue
        both = collected(coefficients[node], c)
        if both is not None:
            coefficients[node] = both
            continue
        # 1.1*x - x: two terms, one of them a multiple
        larger, smaller = (c, coefficients[node]) if abs(c) > abs(coefficients[node]) else (coefficients[node], c)
        coefficients[node] = smaller
        apart = multiple(larger, node)
        coefficients[apart] = coefficients.get(apart, 0.0) + 1.0
    const = 0.0 if known is None else known
    if arrays is not None:
        with np.errstate(all="ignore"):
            folded = array(arrays + const if const else arrays)
        const = 0.0
        value = number(folded)
        if value is not None:
            const = value
        else:
            coefficients[folded] = coefficients.get(folded, 0.0) + 1.0
    return finished_sum([(n, c) for n, c in coefficients.items() if c != 0.0], const, shape, written_sum)


def _is_plain(node: Node, shape: Shape) -> bool:
    """Whether an operand of a sum stays as it is: neither known, nor moved, nor a multiple."""
    op = node.op
    return not (op is CONSTANT or op is ARRAY or op is CONTRACT or (op is SUM and len(node.args) == 1)) and node.shape == shape


def _sum_of_two(c: float, a: Node, d: float, b: Node, shape: Shape) -> Node | None:
    """The most common sums at once: of two different operands that stay as they are, or of one and a number."""
    if a is b or c == 0.0 or d == 0.0:
        return None
    if _is_plain(a, shape):
        if _is_plain(b, shape):
            if a.digest < b.digest:
                return make(SUM, (a, b), SUMS[c, d], shape)
            return make(SUM, (b, a), SUMS[d, c], shape)
        if b.op is CONSTANT and (known := d * b.params[0]) != 0.0:
            return make(SUM, (a,), SHIFTS[known, c], shape)
    elif a.op is CONSTANT and (known := c * a.params[0]) != 0.0 and _is_plain(b, shape):
        return make(SUM, (b,), SHIFTS[known, d], shape)
    return None


def digest_of(term: tuple[Node, float]) -> bytes:
    """By which terms and factors are in order."""
    return term[0].digest


def finished_sum(live: list[tuple[Node, float]], const: float, shape: Shape, again: Callable[..., Node]) -> Node:
    """The node of final terms."""
    if not live:
        return constant(const, shape)
    if shape and all(n.shape != shape for n, _ in live):
        return spread(again([(c, n) for n, c in live], const, ()), shape)
    if len(live) == 1 and const == 0.0 and live[0][1] == 1.0:
        return live[0][0]
    live.sort(key=digest_of)
    return make(SUM, tuple([n for n, _ in live]), sum_of(const, tuple([c for _, c in live])), shape)


# ---------------------------------------------------------------- products


def written_product(factors: Iterable[tuple[Node, float]], coefficient: float, shape: Shape) -> Node:
    """``coefficient * product of base ** exponent`` with its factors unchanged: no product is merged into another.

    Its value is the product of the factors with positive exponents, divided by the product of the others.
    """
    factors = list(factors)
    if len(factors) == 2 and coefficient == 1.0 and (quick := _product_of_two(*factors[0], *factors[1], shape)) is not None:
        return quick
    numerator, denominator = coefficient, 1.0
    above: np.ndarray | None = None
    powers: dict[tuple[Node, float], None] = {}

    def put(base: Node, e: float) -> None:
        nonlocal numerator, denominator, above
        value = number(base)
        if value is not None:
            if e > 0:
                numerator *= power_of_number(value, e)
            else:
                denominator *= power_of_number(value, -e)
            return
        if base.op is ARRAY and base.shape == shape and e > 0:
            with np.errstate(all="ignore"):
                data = power_of(data_of(base), e)
                above = data if above is None else above * data
            return
        if e == 1.0 and (base, 2.0) in powers:  # x*x*x
            del powers[base, 2.0]
            e = 3.0
        while (base, e) in powers:  # x*x, or the same power twice
            del powers[base, e]
            base, e = (base, 2 * e) if abs(e) == 1.0 else (make(PRODUCT, (base,), POWERS[(e,)], base.shape), 2.0)
        powers[base, e] = None

    given = list(without_roots(factors))
    alone = sum(e < 0.0 for _, e in given) == 1
    for base, e in given:
        base = scalar_of(base)
        if e == 0.0:
            continue
        sign, rest = split_sign(base)
        if sign < 0 and is_integer(e):
            numerator *= 1.0 if e % 2 == 0 else -1.0
            base = scalar_of(rest)
        if base.op is PRODUCT and abs(e) == 1.0 and _opens(base, e, alone):
            for inner, k in zip(base.args, base.params):
                put(scalar_of(inner), e * k)
        else:
            put(base, e)
    if numerator == 0.0 and denominator != 0.0:
        return zeros(shape)
    return _finished_product(list(powers), above, numerator, denominator, shape)


def _product_of_two(a: Node, e: float, b: Node, f: float, shape: Shape) -> Node | None:
    """The most common products at once: of two different factors that stay as they are, or of one and a number."""
    if a is b or a.shape != shape or b.shape != shape or abs(e) != 1.0 or abs(f) != 1.0:
        return None
    if a.op is CONSTANT and e == f and b.op is not CONSTANT and b.op is not ARRAY and b.op is not CONTRACT:
        return scaled(a.params[0], b)
    if (e == 1.0 or f == 1.0) and _is_factor(a, e) and _is_factor(b, f):
        return make(PRODUCT, (a, b), POWERS[e, f], shape) if a.digest < b.digest else make(PRODUCT, (b, a), POWERS[f, e], shape)
    return None


def _is_factor(node: Node, e: float) -> bool:
    """Whether a factor with exponent 1 or -1 stays as it is, and is no root, which may meet another one."""
    op = node.op
    if op is CONSTANT or op is ARRAY or op is CONTRACT:
        return False
    if op is PRODUCT:
        return e > 0.0 and len(node.args) > 1 and not any(a.op is CONSTANT for a in node.args)
    if op is SUM and len(node.args) == 1:
        const, (c,) = Linear.of(node)
        return const == 0.0 and c != -1.0 and not is_root(node.args[0])
    return not is_root(node)


def _opens(base: Node, e: float, alone: bool) -> bool:
    """Whether merging the factors of a product keeps the bits: a single power, or two factors of a denominator."""
    if any(k <= 0 for k in base.params) or any(number(a) is not None for a in base.args):
        return False
    return len(base.args) == 1 or (len(base.args) == 2 and e < 0 and alone)


def _finished_product(
    powers: list[tuple[Node, float]], above: np.ndarray | None, numerator: float, denominator: float, shape: Shape
) -> Node:
    """The node of final factors, times a number, divided by a number."""
    if above is not None:
        known = array(above)
        value = number(known)
        if value is not None:
            numerator *= value
        else:
            powers.append((known, 1.0))
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    divided = any(e < 0 for _, e in powers)
    if not powers:
        with np.errstate(all="ignore"):
            return constant(float(np.float64(numerator) / denominator), shape)
    if len(powers) == 1 and powers[0][0].op is ARRAY and powers[0][0].shape == shape:
        known, e = powers[0]
        with np.errstate(all="ignore"):
            data = power_of(data_of(known), abs(e))
            return array(numerator * data / denominator if e > 0 else numerator / (data * denominator))
    if denominator != 1.0 and not divided and _is_power_of_two(denominator) and abs(numerator) == 1.0 and 1.0 / denominator >= TINY:
        numerator, denominator = numerator / denominator, 1.0
    if denominator != 1.0:
        powers.append((constant(denominator), -1.0))
        divided = True
    if divided and abs(numerator) != 1.0 and not math.isnan(numerator):
        powers.append((constant(abs(numerator)), 1.0))
        numerator = math.copysign(1.0, numerator)
    if shape and all(b.shape != shape for b, _ in powers):
        return spread(scaled(numerator, _power_node(powers, ())), shape)
    return scaled(numerator, _power_node(powers, shape))


def _power_node(powers: list[tuple[Node, float]], shape: Shape) -> Node:
    if len(powers) == 1 and powers[0][1] == 1.0 and powers[0][0].shape == shape:
        return powers[0][0]
    powers.sort(key=lambda t: (t[0].digest, t[1]))
    return make(PRODUCT, tuple([b for b, _ in powers]), POWERS[tuple([e for _, e in powers])], shape)
