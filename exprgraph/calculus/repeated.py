"""High derivatives along one direction, by Leibniz' rule, with every lower derivative shared.

Repeated differentiation multiplies an expression out, and its size grows with the number of partitions of the order.
Here the k-th derivative of each part is a node made of those of lower order, and nothing is merged (Griewank and Walther,
"Evaluating Derivatives" (2008), chapter 13): for y = f(x) with the derivative y' = p x', p = f'(x),

    y^(k) = sum over j of binomial(k-1, j) x^(j+1) p^(k-1-j).

For a norm, ``y = norm(x)``, p is the vector of direction cosines ``x/norm(x)``, and the products are summed.  A power
``y = b**e`` of a positive base has ``y' = (e log b)' y``.

So the k-th derivative of an expression of n parts has about n k**2/2 products.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from ..canonical.arithmetic import linear, lost, power, product, scale
from ..canonical.contract import contract, quotient, times
from ..canonical.grouping import as_written
from ..canonical.written import split_coefficient
from ..functions.along_axes import NORM
from ..functions.elementwise import Function
from ..functions.rows import log
from ..graph.leaves import is_zero, zeros
from ..graph.node import Node
from ..graph.primitive import CONCATENATE, CONTRACT, PLACE, PRODUCT, RESHAPE, SAMPLE_SUM, SELECT, STACK, SUM
from ..graph.traverse import dependents, rebuild, topological
from ..graph.views import Contraction, Linear
from .axes import weights_of
from .branches import chooses
from .rules import function_partial

_LINEAR = (SELECT, PLACE, STACK, CONCATENATE, RESHAPE, SAMPLE_SUM)
#: functions with values between -1 and 1
_AT_MOST_ONE = ("sin", "cos", "tanh", "erf", "sigmoid")
#: a derivative of some order of a node
_Wanted = tuple[Node, int]


class UnknownRuleError(Exception):
    """A part without a rule here; the sweeps have one."""


def repeated(f: Node, directions: Mapping[Node, Node], order: int) -> list[Node]:
    """The derivatives of f from order 0 to ``order`` along a direction, given by a tangent for each symbol, of its shape.

    Raises:
        UnknownRuleError: f has a part without a rule, a choice or a linear system.

    >>> import exprgraph as eg
    >>> from exprgraph.calculus.repeated import repeated
    >>> x = eg.Symbol("x")
    >>> repeated(x**3, {x: eg.ones(())}, 4)
    [x**3, 3*x**2, 6*x, 6, 0]
    """
    with as_written():
        series = _Series(directions)
        return [series.get(f, k) for k in range(order + 1)]


class _Series:
    """The derivatives of nodes, each made once, from derivatives of the arguments."""

    def __init__(self, directions: Mapping[Node, Node]) -> None:
        self.directions = directions
        self.made: dict[_Wanted, Node] = {}
        self.active: dict[Node, bool] = {}
        self.partials: dict[tuple[Node, int], Node | None] = {}

    def get(self, node: Node, order: int) -> Node:
        """A derivative, after all derivatives it needs; pending ones are on a stack."""
        stack: list[tuple[_Wanted, Iterator[_Wanted]]] = [((node, order), self._needs(node, order))]
        while stack:
            wanted, needs = stack[-1]
            missing = next((w for w in needs if w not in self.made), None)
            if missing is not None:
                stack.append((missing, self._needs(*missing)))
                continue
            stack.pop()
            if wanted not in self.made:
                self.made[wanted] = self._derivative(*wanted)
        return self.made[node, order]

    def _is_active(self, node: Node) -> bool:
        if node not in self.active:
            order = topological([node], enter=lambda n: n not in self.active)
            hit = dependents(order, [n for n in order if n in self.directions or self.active.get(n)])
            for n in order:
                self.active.setdefault(n, n in hit)
        return self.active[node]

    def _constant(self, node: Node, order: int) -> bool:
        """Whether a derivative needs no others."""
        return order == 0 or node in self.directions or not self._is_active(node)

    def _needs(self, node: Node, order: int) -> Iterator[_Wanted]:
        """The derivatives that one needs."""
        if self._constant(node, order):
            return
        op = node.op
        if op is SUM or op in _LINEAR:
            yield from ((a, order) for a in node.args if self._is_active(a))
        elif op is PRODUCT and len(node.args) > 1:
            for part in _parts_of_product(node):
                yield from ((part, j) for j in range(order + 1))
        elif op is PRODUCT and self._divides(node):
            (base,) = node.args
            yield from ((base, j) for j in range(1, order + 1))
            yield from ((node, j) for j in range(order))
        elif op is NORM:
            (v,) = node.args
            yield from ((v, j + 1) for j in range(order))
            yield from ((weights_of(node), j) for j in range(order))
        elif self._is_exponential(node):
            yield from ((_exponent(node), j + 1) for j in range(order))
            yield from ((node, j) for j in range(order))
        elif op is PRODUCT or (isinstance(op, Function) and not chooses(op)):
            for k, a in enumerate(node.args):
                p = self._partial(node, k) if self._is_active(a) else None
                if p is not None:
                    yield from ((a, j + 1) for j in range(order))
                    yield from ((p, j) for j in range(order))
        elif op is CONTRACT and sum(map(self._is_active, node.args)) <= 2:
            for a in node.args:
                if self._is_active(a):
                    yield from ((a, j) for j in range(order + 1))
        else:
            raise UnknownRuleError(op.name)

    def _divides(self, node: Node) -> bool:
        """Whether a power is a denominator other than the variable itself."""
        return node.params[0] < 0.0 and node.args[0] not in self.directions

    def _is_exponential(self, node: Node) -> bool:
        """Whether a power is ``exp(e*log(b))``: both depend on the variable, and b is positive wherever it is not NaN."""
        if not isinstance(node.op, Function) or node.op.name != "pow":
            return False
        return all(map(self._is_active, node.args)) and _lower_bound(node.args[0]) > 0.0

    def _partial(self, node: Node, k: int) -> Node | None:
        if (node, k) not in self.partials:
            if node.op is PRODUCT:
                ((base,), (e,)) = node.args, node.params
                self.partials[node, k] = scale(e, power(base, e - 1.0))
            else:
                self.partials[node, k] = function_partial(node, k)
        return self.partials[node, k]

    # -- one derivative, of those it needs

    def _derivative(self, node: Node, order: int) -> Node:
        if order == 0:
            return node
        if node in self.directions:
            return self.directions[node] if order == 1 else zeros(node.shape)
        if not self._is_active(node):
            return zeros(node.shape)
        op = node.op
        if op is SUM:
            terms = [(c, self._of(a, order)) for c, a in zip(Linear.of(node).coefficients, node.args)]
            return linear([(c, t) for c, t in terms if not is_zero(t)], 0.0, node.shape)
        if op in _LINEAR:
            return rebuild(node, tuple(self._of(a, order) for a in node.args))
        if op is CONTRACT:
            return self._contraction(node, order)
        if op is NORM:
            (v,) = node.args
            w = weights_of(node)
            pairs = [(math.comb(order - 1, j), self._of(v, j + 1), self._of(w, order - 1 - j)) for j in range(order)]
            axes = range(v.ndim)
            kept = [k for k in axes if k not in node.params]
            return linear([(float(c), contract([(a, axes), (b, axes)], kept)) for c, a, b in pairs if not is_zero(a)], 0.0, node.shape)
        if op is PRODUCT and len(node.args) > 1:
            a, b = _parts_of_product(node)
            return self._leibniz([(math.comb(order, j), self._of(a, j), self._of(b, order - j)) for j in range(order + 1)], node)
        if op is PRODUCT and self._divides(node):
            return self._negative_power(node, order)
        if self._is_exponential(node):
            e = _exponent(node)
            return self._leibniz(
                [(math.comb(order - 1, j), self._of(e, j + 1), self._of(node, order - 1 - j)) for j in range(order)], node
            )
        products: list[tuple[float, Node, Node]] = []
        for k, a in enumerate(node.args):
            p = self._partial(node, k) if self._is_active(a) else None
            if p is not None:
                products += [(math.comb(order - 1, j), self._of(a, j + 1), self._of(p, order - 1 - j)) for j in range(order)]
        return self._leibniz(products, node)

    def _of(self, node: Node, order: int) -> Node:
        return self.made[node, order] if self._is_active(node) else node if order == 0 else zeros(node.shape)

    def _leibniz(self, terms: list[tuple[float, Node, Node]], node: Node) -> Node:
        """The sum of numbers times products of two factors, without zeros."""
        live = []
        for c, a, b in terms:
            (k, x), (n, y) = split_coefficient(a), split_coefficient(b)
            if is_zero(x) or is_zero(y):
                continue
            if lost(c * k * n, c, k, n):
                live.append((float(c), times(a, b, node.shape)))
            else:
                m, xy = split_coefficient(times(x, y, node.shape))
                live.append((c * k * n * m, xy))
        return linear(live, 0.0, node.shape)

    def _negative_power(self, node: Node, order: int) -> Node:
        """Of y = b**e: b y' = e b' y, and so for all orders; y has no value where b is 0."""
        (base,), (e,) = node.args, node.params
        terms: list[tuple[float, Node, Node]] = []
        for j in range(order):
            b, y = self._of(base, j + 1), self._of(node, order - 1 - j)
            terms.append((e * math.comb(order - 1, j), b, y))
            if j < order - 1:
                terms.append((-math.comb(order - 1, j + 1), b, y))
        return quotient(self._leibniz(terms, node), base, node.shape)

    def _contraction(self, node: Node, order: int) -> Node:
        labels, sizes = Contraction.of(node)
        at = [k for k, a in enumerate(node.args) if self._is_active(a)]
        size = dict(enumerate(sizes))
        terms = []
        for j in range(order + 1) if len(at) == 2 else (order,):
            parts = list(node.args)
            for k, by in zip(at, (j, order - j)):
                parts[k] = self._of(parts[k], by)
            if not any(is_zero(parts[k]) for k in at):
                terms.append((float(math.comb(order, j)), contract(list(zip(parts, labels)), range(node.ndim), size)))
        return linear(terms, 0.0, node.shape)


def _exponent(node: Node) -> Node:
    """The e*log(b) of a power b**e."""
    base, e = node.args
    return times(e, log(base), node.shape)


def _lower_bound(node: Node) -> float:
    """A lower bound of a sum of numbers, even powers and bounded functions."""
    if node.op is not SUM:
        return -math.inf
    bound = 0.0
    pending = [(1.0, node)]
    while pending:
        c, a = pending.pop()
        if a.op is SUM and c > 0.0:  # nested sums keep the written form
            bound += c * Linear.of(a).constant
            pending += [(c * k, part) for k, part in zip(Linear.of(a).coefficients, a.args)]
        elif isinstance(a.op, Function) and a.op.name in _AT_MOST_ONE:
            bound -= abs(c)
        elif a.op is not PRODUCT or c < 0.0 or any(k % 2.0 for k in a.params):
            return -math.inf
    return bound


def _parts_of_product(node: Node) -> tuple[Node, Node]:
    """A product of many factors as the first factor and the product of the others."""
    first, *rest = zip(node.args, node.params)
    return product([first], 1.0, first[0].shape), product(rest, 1.0, node.shape if any(a.shape for a, _ in rest) else ())
