"""Sums and products.

Operators of users keep the written form (:mod:`exprgraph.canonical.written`).  Derivatives and ``simplify`` build the
regrouped form: flattened, folded, sorted, like terms collected.  Both

* take operands of one shape, or scalars, which act on every element; NumPy's broadcasting is :mod:`exprgraph.language.operators`';
* never remove a domain restriction: ``x / x``, ``sqrt(x)**2`` and ``sqrt(x**2)`` stay.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Set

import numpy as np

from ..graph.leaves import array, constant, number, zeros
from ..graph.node import Node, Shape, make
from ..graph.primitive import ARRAY, CONSTANT, CONTRACT, IDENTITY, PRODUCT, SUM
from ..graph.sharing import POWERS, SUMS
from ..graph.traverse import REBUILD
from ..graph.views import Contraction, Linear, data_of
from ..support.values import power as power_of_values
from .grouping import kept_nodes
from .most_common import FLATTEN_LIMIT, SMALL_SUM, is_quotient, lost, number_times, power_of, product_of_distinct, sum_of_distinct
from .squares import SQUARE, is_root, is_sum_of_squares, without_roots
from .written import (
    finished_sum,
    is_integer,
    multiple,
    power_of_number,
    scalar_of,
    scaled,
    split_coefficient,
    split_sign,
    spread,
    written_product,
    written_sum,
)

#: A sum of at most this many diagonals is a sum of few elements.
_DIAGONALS = 6

#: operations that a sum or a product looks into
_TAKEN_APART = frozenset((SUM, PRODUCT, CONSTANT, ARRAY, CONTRACT))

def linear(terms: Iterable[tuple[float, Node]], const: float = 0.0, shape: Shape = ()) -> Node:
    """``const + sum of coefficient * node``.

    Every node has the given shape or is a scalar.
    """
    kept = kept_nodes()
    return written_sum(terms, const, shape) if kept is None else _regrouped_sum(terms, const, shape, kept)


def _regrouped_sum(terms: Iterable[tuple[float, Node]], const: float, shape: Shape, kept: Set[Node]) -> Node:
    """The canonical sum: nested sums that are not kept are merged into it, like terms collected."""
    terms = list(terms)
    if len(terms) == 1 and const == 0.0:
        c, node = terms[0]
        if node.shape == shape and (quick := number_times(c, node, kept, factors=False)) is not None:
            return quick
        if (node.op is PRODUCT or node.op not in _TAKEN_APART) and c != 0.0 and node.shape == shape:
            return multiple(c, node)
    elif terms and (quick := sum_of_distinct(terms, const, shape)) is not None:
        return quick
    pending = [_opened(c, scalar_of(node)) for c, node in terms if c != 0.0]
    coefficients: dict[Node, float] = {}
    arrays: np.ndarray | None = None
    room = FLATTEN_LIMIT - len(pending)
    sums = [n for _, n in pending if n.op is SUM]
    beside = {n for _, n in pending} if sums else set()
    opened = _cancelling(pending, kept) if len(sums) > 1 else set()
    for c, node in pending:
        op = node.op
        if op is SUM and (node in opened or node not in kept):
            inner_const, inner = node.params
            fits = len(node.args) - 1 <= room
            fits = fits and (len(node.args) + len(pending) <= SMALL_SUM or not beside.isdisjoint(node.args) or of_diagonals(node))
            if fits and not any([lost(c * k, c, k) for k in inner]):  # noqa: C419  (slower as a generator)
                room -= len(node.args) - 1
                const += c * inner_const
                for k, a in zip(inner, node.args):
                    if shape and a.op is ARRAY:
                        arrays = _array_added(arrays, c * k, scalar_of(a), coefficients, shape)
                    else:
                        _put(coefficients, c * k, scalar_of(a))
                continue
        if op is CONSTANT:
            const += c * node.params[0]
        elif shape and op is ARRAY:
            arrays = _array_added(arrays, c, node, coefficients, shape)
        else:
            _put(coefficients, c, node)
    if arrays is not None:
        with np.errstate(all="ignore"):
            folded = array(arrays + const)
        const = 0.0
        value = number(folded)
        if value is not None:
            const = value
        else:
            coefficients[folded] = coefficients.get(folded, 0.0) + 1.0
    terms_left = [term for term in coefficients.items() if term[1] != 0.0]
    return finished_sum(terms_left if len(shape) < 2 else _diagonals_added(terms_left), const, shape, linear)


def _put(coefficients: dict[Node, float], c: float, node: Node) -> None:
    """Add a term to those collected so far."""
    before = coefficients.get(node)
    if before is None:
        coefficients[node] = c
        return
    if math.isinf(before + c) and math.isfinite(before) and math.isfinite(c):
        # 1e308*x + 1e308*x is finite for small x: keep two terms
        node, c = make(SUM, (node,), SUMS[(c,)], node.shape), 1.0
        before = coefficients.get(node, 0.0)
    coefficients[node] = before + c


def _array_added(arrays: np.ndarray | None, c: float, node: Node, coefficients: dict[Node, float], shape: Shape) -> np.ndarray | None:
    """The sum of known arrays with another one; one of another shape is a term."""
    if node.shape != shape:
        _put(coefficients, c, node)
        return arrays
    with np.errstate(all="ignore"):
        data: np.ndarray = c * data_of(node)
        return data if arrays is None else arrays + data


def _diagonals_added(terms: list[tuple[Node, float]]) -> list[tuple[Node, float]]:
    """Diagonal matrices as the diagonal of a sum: ``diag(a) + diag(b)`` is ``diag(a + b)``, and ``I + diag(a)`` is ``diag(1 + a)``.

    Beside a diagonal there are exact zeros; a sum of two matrices would lose that.
    """
    groups: dict[object, list[tuple[Node, float]]] = {}
    for node, c in terms:
        deltas = _deltas(node)
        if deltas:
            groups.setdefault(deltas, []).append((node, c))
    if all(len(found) < 2 for found in groups.values()):
        return terms
    out = dict(terms)
    for found in groups.values():
        elements = {n: _on_diagonal(n) for n, _ in found}
        labels, shape = max(((ls, shape) for ls, shape, _ in elements.values()), key=lambda d: len(d[0]))
        joined = [(n, c) for n, c in found if elements[n][0] in ((), labels)]
        if len(joined) < 2:
            continue
        const, inside, pattern = 0.0, [], joined[0][0]
        for n, c in joined:
            del out[n]
            own, _, element = elements[n]
            if element is None:
                const += c
            else:
                inside.append((c, element))
                pattern = n if own == labels else pattern
        whole = linear(inside, const, shape)
        made = REBUILD[pattern.op](pattern, tuple(a if a.op is IDENTITY else whole for a in pattern.args))
        out[made] = out.get(made, 0.0) + 1.0
    return list(out.items())


def _deltas(node: Node) -> tuple[tuple[int, ...], ...]:
    """The axes of a node's Kronecker delta, if the node is only elements on a diagonal."""
    if node.op is IDENTITY:
        return ((0, 1),)
    if node.op is not CONTRACT or len(Contraction.of(node).sizes) > node.ndim or sum(a.op is not IDENTITY for a in node.args) > 1:
        return ()
    return tuple(sorted(ls for ls, a in zip(Contraction.of(node).labels, node.args) if a.op is IDENTITY))


def of_diagonals(node: Node) -> bool:
    """Whether a node is a sum of elements on diagonals, as in the derivative of all differences ``x[i] - x[j]``.

    All its terms together have fewer elements than the sum has.
    """
    return node.op is SUM and not Linear.of(node).constant and len(node.args) <= _DIAGONALS and all(_deltas(a) for a in node.args)


def _on_diagonal(node: Node) -> tuple[tuple[int, ...], Shape, Node | None]:
    """The elements on the diagonal: their axes, their shape and their node; ``None`` for ones."""
    if node.op is CONTRACT:
        for ls, a in zip(Contraction.of(node).labels, node.args):
            if a.op is not IDENTITY:
                return ls, a.shape, a
    return (), (), None


def _split(factor: Node, kept: Set[Node]) -> tuple[float, Node]:
    """The number of a factor, to combine with the numbers of others.

    A multiple of a kept per-sample sum stays one factor: this takes one multiplication, before the factor meets arrays.
    """
    c, rest = split_coefficient(factor)
    return split_sign(factor) if factor in kept or (rest.op is SUM and rest.per_sample and rest in kept) else (c, rest)


def _opened(c: float, node: Node) -> tuple[float, Node]:
    """``c*(k*x)`` as ``(c*k, x)``."""
    if node.op is not SUM:
        return c, node
    k, rest = split_coefficient(node)
    return (c, node) if k == 1.0 or lost(c * k, c, k) else (c * k, scalar_of(rest))


def _cancelling(pending: list[tuple[float, Node]], kept: Set[Node]) -> set[Node]:
    """Kept sums of two operands of which one cancels exactly: ``(1 - x) - (1 + x)`` is ``-2*x``, with all its digits."""
    operands: dict[Node | None, list[tuple[float, Node]]] = {}
    for c, node in pending:
        if node.op is SUM and node in kept and len(node.args) + (Linear.of(node).constant != 0.0) == 2:
            const, coefficients = Linear.of(node)
            for k, a in [*zip(coefficients, node.args), *([(const, None)] if const else [])]:
                operands.setdefault(a, []).append((c * k, node))
    return {n for found in operands.values() if len(found) == 2 and found[0][0] == -found[1][0] for _, n in found}


def scale(factor: float, node: Node) -> Node:
    """A number times a node."""
    if kept_nodes() is None or factor == 1.0:
        return scaled(factor, node)
    if node.op is ARRAY:
        with np.errstate(all="ignore"):
            return array(factor * data_of(node))
    return linear([(factor, node)], 0.0, node.shape)


def _merged(inner: float, outer: float) -> float | None:
    """The exponent of (b**inner)**outer as one power, if this changes no value and no domain."""
    e = inner * outer
    if is_integer(inner) and is_integer(outer) and not (inner < 0 and outer < 0):
        return e
    if not is_integer(inner) and (inner > 0 or outer > 0) and not is_integer(e) and is_integer(outer):
        return e
    return None


def product(factors: Iterable[tuple[Node, float]], coefficient: float = 1.0, shape: Shape = ()) -> Node:
    """``coefficient * product of base ** exponent``, elementwise.

    Every base has the given shape or is a scalar.
    """
    kept = kept_nodes()
    if kept is None:
        return written_product(factors, coefficient, shape)
    return _regrouped_product(factors, coefficient, shape, kept)


def _regrouped_product(factors: Iterable[tuple[Node, float]], coefficient: float, shape: Shape, kept: Set[Node]) -> Node:
    """The canonical product: nested products that are not kept are merged into it, powers of one base collected."""
    factors = list(factors)
    if len(factors) == 2 and coefficient == 1.0:
        (a, e), (b, f) = factors
        if e == f == 1.0 and (a.op is CONSTANT or b.op is CONSTANT):
            known, other = (a, b) if a.op is CONSTANT else (b, a)
            if other.shape == shape and (quick := number_times(known.params[0], other, kept, factors=True)) is not None:
                return quick
        if e == f == 1.0 and a is not b and a.shape == b.shape == shape and stays(a) and stays(b):
            return make(PRODUCT, (a, b) if a.digest < b.digest else (b, a), POWERS[1.0, 1.0], shape)
    if (quick := product_of_distinct(factors, coefficient, shape, kept)) is not None:
        return quick
    found = _Factors(coefficient, shape, kept)
    found.add(list(without_roots(factors)))
    return found.product()


def stays(factor: Node) -> bool:
    """Whether a factor stays as it is, and is no root, which may meet another one."""
    return (factor.op not in _TAKEN_APART or (factor.op is SUM and len(factor.args) > 1)) and not is_root(factor)


def is_whole(node: Node, c: float) -> bool:
    """Whether c times a node is a multiple of just this node in a derivative: nothing is to be taken apart or multiplied out."""
    kept = kept_nodes()
    if kept is None or c == 0.0 or (c != 1.0 and node.op is SUM):
        return False
    if node.op is PRODUCT:
        return node not in kept and not any(a.op is CONSTANT for a in node.args)
    return stays(node)


class _Factors:
    """The factors of a canonical product, collected: a number, the product of known arrays, and an exponent for each base.

    Exponents of one base are added only within a class, positive or negative, whole or not, so that x * x**-1 and
    sqrt(x) * sqrt(x) keep their domains.
    """

    __slots__ = ("coefficient", "kept", "known", "powers", "shape")

    def __init__(self, coefficient: float, shape: Shape, kept: Set[Node]) -> None:
        self.coefficient = coefficient
        self.shape = shape
        self.kept = kept
        self.known: np.ndarray | None = None
        self.powers: dict[tuple[Node, bool, bool], float] = {}

    def add(self, factors: list[tuple[Node, float]]) -> None:
        """Collect factors, those of nested products among them."""
        room = FLATTEN_LIMIT - len(factors)
        for base, e in factors:
            if e == 1.0:
                c, rest = _split(base, self.kept)
                if not lost(self.coefficient * c, self.coefficient, c):
                    self.coefficient *= c
                    base = rest
                base = scalar_of(base)
                if base.op is PRODUCT and len(base.args) - 1 <= room and (base not in self.kept or not is_quotient(base)):
                    room -= len(base.args) - 1
                    for b, k in zip(base.args, base.params):
                        self._put(b, k)
                    continue
            self._put(base, e)

    def _put(self, base: Node, e: float) -> None:
        """Collect one power, whose base may be a number, a multiple or a power itself."""
        while e != 0.0:
            base = scalar_of(base)
            value = number(base)
            if value is not None:
                self.coefficient *= power_of_number(value, e)
                return
            if base.op is ARRAY and base.shape == self.shape:
                with np.errstate(all="ignore"):
                    data = power_of_values(data_of(base), e)
                    self.known = data if self.known is None else self.known * data
                return
            c, rest = _split(base, self.kept)
            if c != 1.0 and (is_integer(e) or c > 0):
                folded = power_of_number(c, e)
                if math.isfinite(folded) and folded != 0.0 and not lost(self.coefficient * folded, self.coefficient, folded):
                    self.coefficient *= folded
                    base = rest
                    continue
            merged = _merged(base.params[0], e) if base.op is PRODUCT and len(base.args) == 1 and base.args[0].shape == base.shape else None
            if merged is None:
                self._count(base, e)
                return
            base, e = base.args[0], merged

    def _count(self, base: Node, e: float) -> None:
        """Add an exponent to those of the base."""
        key = (base, e > 0, is_integer(e))
        before = self.powers.get(key, 0.0)
        if before and not key[2] and is_integer(before + e):
            # sqrt(x) * sqrt(x): an integer power of the root keeps the domain
            if before == e:
                del self.powers[key]
            root = make(PRODUCT, (base,), POWERS[(e,)], base.shape)
            key, e = (root, True, True), 2.0 if before == e else 1.0
            before = self.powers.get(key, 0.0)
        self.powers[key] = before + e

    def product(self) -> Node:
        """The canonical node."""
        shape, powers = self.shape, self.powers
        if self.coefficient == 0.0:
            return zeros(shape)
        if self.known is not None:
            folded = array(self.known)
            value = number(folded)
            if value is not None:
                self.coefficient *= value
            else:
                powers[folded, True, True] = powers.get((folded, True, True), 0.0) + 1.0
        if not powers:
            return constant(self.coefficient, shape)
        live = sorted(((b, e) for (b, _, _), e in _settle(powers).items()), key=lambda t: (t[0].digest, t[1]))
        if shape and all(b.shape != shape for b, _ in live):
            return spread(product(live, self.coefficient), shape)
        if len(live) == 1 and live[0][1] == 1.0:
            return scale(self.coefficient, live[0][0])
        node = make(PRODUCT, tuple([b for b, _ in live]), POWERS[tuple([e for _, e in live])], shape)
        return scale(self.coefficient, node)


def _settle(powers: dict[tuple[Node, bool, bool], float]) -> dict[tuple[Node, bool, bool], float]:
    """Join the exponents of one base if the domain stays: integers with fractions, and numerators with larger denominators."""
    out = dict(powers)
    for base, positive, whole in powers:
        if whole or (base, positive, True) not in out:
            continue
        fraction = out[base, positive, False]
        if not is_integer(fraction):  # x**0.5 * x**2 = x**2.5, with the same domain
            out[base, positive, False] = fraction + out.pop((base, positive, True))
    for base, positive, whole in powers:
        above, below = (base, True, True), (base, False, True)
        if not positive and whole and above in out and below in out and out[above] + out[below] < 0.0:
            # x * x**-2 = 1/x: neither has a value at 0, and x**2 may overflow where x does not
            out[below] += out.pop(above)
    return out


def power(base: Node, exponent: float) -> Node:
    """A node to a constant power, elementwise."""
    quick = power_of(base, exponent)
    return product([(base, float(exponent))], 1.0, base.shape) if quick is None else quick


@REBUILD.rule(SUM)
def _rebuild_sum(node: Node, args: tuple[Node, ...]) -> Node:
    const, coefficients = Linear.of(node)
    return linear(zip(coefficients, args), const, node.shape)


@REBUILD.rule(PRODUCT)
def _rebuild_product(node: Node, args: tuple[Node, ...]) -> Node:
    return product(zip(args, node.params), 1.0, node.shape)


@SQUARE.rule(PRODUCT)
def _square_of_a_root(node: Node) -> Node | None:
    """The square of a power of 1/2, 3/2, ... of a sum of squares, which is defined everywhere."""
    if len(node.args) > 1 or node.params[0] < 0.0 or node.params[0] * 2.0 % 2.0 != 1.0 or node.args[0].shape != node.shape:
        return None
    return power(node.args[0], 2.0 * node.params[0]) if is_sum_of_squares(node.args[0]) else None
