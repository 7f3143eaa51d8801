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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Union

from ..canonical.arithmetic import linear, power, product, scale
from ..canonical.contract import contract
from ..canonical.factors import quotient, times
from ..canonical.grouping import as_written
from ..canonical.most_common import lost
from ..canonical.written import split_coefficient
from ..functions.along_axes import NORM
from ..functions.elementwise import Function
from ..functions.rows import log
from ..graph import primitive
from ..graph.column import Column
from ..graph.leaves import is_zero, zeros
from ..graph.node import Node
from ..graph.traverse import dependents, rebuild, topological
from ..graph.views import Contraction, Linear
from .axes import weights_of
from .branches import chooses
from .rules import function_partial

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
        series = Series(directions)
        return [series.get(f, k) for k in range(order + 1)]


class Derivative(NamedTuple):
    """One derivative of a node: the derivatives that it needs, and how it is made of these."""

    needs: Iterable[_Wanted]
    made: Callable[[], Node]


#: ``(series, node, order)``: a derivative of order 1 or more; None where this node has none by these rules
REPEATED: Column[Callable[[Series, Node, int], Union[Derivative, None]]] = Column(
    "repeated", "a high derivative along one direction, from lower ones", __name__, otherwise="the sweeps differentiate it"
)


class Series:
    """The derivatives of nodes, each made once, from derivatives of the arguments."""

    def __init__(self, directions: Mapping[Node, Node]) -> None:
        self.directions = directions
        self.made: dict[_Wanted, Node] = {}
        self.active: dict[Node, bool] = {}
        self.partials: dict[tuple[Node, int], Node | None] = {}

    def get(self, node: Node, order: int) -> Node:
        """A derivative, after all derivatives it needs; pending ones are on a stack."""
        stack = [self._begun(node, order)]
        while stack:
            wanted, needs, made = stack[-1]
            missing = next((w for w in needs if w not in self.made), None)
            if missing is not None:
                stack.append(self._begun(*missing))
                continue
            stack.pop()
            if wanted not in self.made:
                self.made[wanted] = made()
        return self.made[node, order]

    def is_active(self, node: Node) -> bool:
        """Whether a node depends on the variables."""
        if node not in self.active:
            order = topological([node], enter=lambda n: n not in self.active)
            hit = dependents(order, [n for n in order if n in self.directions or self.active.get(n)])
            for n in order:
                self.active.setdefault(n, n in hit)
        return self.active[node]

    def _begun(self, node: Node, order: int) -> tuple[_Wanted, Iterator[_Wanted], Callable[[], Node]]:
        """A derivative that is wanted, what it needs, and how it is made."""
        if order == 0:
            known: Node | None = node
        elif node in self.directions:
            known = self.directions[node] if order == 1 else zeros(node.shape)
        else:
            known = None if self.is_active(node) else zeros(node.shape)
        if known is not None:
            self.made[node, order] = known
            return (node, order), iter(()), lambda: known
        rule = REPEATED.find(node.op)
        found = None if rule is None else rule(self, node, order)
        if found is None:
            raise UnknownRuleError(node.op.name)
        return (node, order), iter(found.needs), found.made

    def of(self, node: Node, order: int) -> Node:
        """A derivative that is made already, or that needs no rule."""
        return self.made[node, order] if self.is_active(node) else node if order == 0 else zeros(node.shape)

    def partial(self, node: Node, k: int) -> Node | None:
        """The derivative of a power or of a function by argument k."""
        if (node, k) not in self.partials:
            if node.op is primitive.PRODUCT:
                ((base,), (e,)) = node.args, node.params
                self.partials[node, k] = scale(e, power(base, e - 1.0))
            else:
                self.partials[node, k] = function_partial(node, k)
        return self.partials[node, k]


def _leibniz(terms: Sequence[tuple[float, Node, Node]], node: Node) -> Node:
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


def _chain(series: Series, node: Node, order: int, pairs: Sequence[tuple[Node, Node]]) -> Derivative:
    """Of ``y' = sum of x' p`` for pairs of x and p."""
    needs = [(n, j + shift) for x, p in pairs for n, shift in ((x, 1), (p, 0)) for j in range(order)]

    def made() -> Node:
        terms = [(math.comb(order - 1, j), series.of(x, j + 1), series.of(p, order - 1 - j)) for x, p in pairs for j in range(order)]
        return _leibniz(terms, node)

    return Derivative(needs, made)


@REPEATED.rule(*primitive.MOVEMENTS, primitive.SAMPLE_SUM)
def linear_in_all(series: Series, node: Node, order: int) -> Derivative:
    """Of a node that is linear in all its arguments together: the same of their derivatives."""
    needs = [(a, order) for a in node.args if series.is_active(a)]
    return Derivative(needs, lambda: rebuild(node, tuple(series.of(a, order) for a in node.args)))


@REPEATED.rule(primitive.SUM)
def _sum(series: Series, node: Node, order: int) -> Derivative:
    def made() -> Node:
        terms = [(c, series.of(a, order)) for c, a in zip(Linear.of(node).coefficients, node.args)]
        return linear([(c, t) for c, t in terms if not is_zero(t)], 0.0, node.shape)

    return Derivative([(a, order) for a in node.args if series.is_active(a)], made)


@REPEATED.rule(primitive.PRODUCT)
def _product(series: Series, node: Node, order: int) -> Derivative | None:
    if len(node.args) > 1:
        a, b = _parts_of_product(node)
        needs = [(part, j) for part in (a, b) for j in range(order + 1)]

        def made() -> Node:
            return _leibniz([(math.comb(order, j), series.of(a, j), series.of(b, order - j)) for j in range(order + 1)], node)

        return Derivative(needs, made)
    if node.params[0] < 0.0 and node.args[0] not in series.directions:  # a denominator other than the variable itself
        return _negative_power(series, node, order)
    return _function(series, node, order)


def _negative_power(series: Series, node: Node, order: int) -> Derivative:
    """Of y = b**e: b y' = e b' y, and so for all orders; y has no value where b is 0."""
    (base,), (e,) = node.args, node.params

    def made() -> Node:
        terms: list[tuple[float, Node, Node]] = []
        for j in range(order):
            b, y = series.of(base, j + 1), series.of(node, order - 1 - j)
            terms.append((e * math.comb(order - 1, j), b, y))
            if j < order - 1:
                terms.append((-math.comb(order - 1, j + 1), b, y))
        return quotient(_leibniz(terms, node), base, node.shape)

    return Derivative([*((base, j) for j in range(1, order + 1)), *((node, j) for j in range(order))], made)


@REPEATED.rule(Function)
def _function(series: Series, node: Node, order: int) -> Derivative | None:
    if chooses(node.op):
        return None
    if _is_exponential(series, node):
        return _chain(series, node, order, [(_exponent(node), node)])
    partials = [(a, series.partial(node, k) if series.is_active(a) else None) for k, a in enumerate(node.args)]
    return _chain(series, node, order, [(a, p) for a, p in partials if p is not None])


def _is_exponential(series: Series, node: Node) -> bool:
    """Whether a power is ``exp(e*log(b))``: both depend on the variable, and b is positive wherever it is not NaN."""
    if not isinstance(node.op, Function) or node.op.name != "pow":
        return False
    return all(map(series.is_active, node.args)) and _lower_bound(node.args[0]) > 0.0


@REPEATED.rule(NORM)
def _norm(series: Series, node: Node, order: int) -> Derivative:
    (v,) = node.args
    w = weights_of(node)
    axes = range(v.ndim)
    kept = [k for k in axes if k not in node.params]

    def made() -> Node:
        pairs = [(math.comb(order - 1, j), series.of(v, j + 1), series.of(w, order - 1 - j)) for j in range(order)]
        return linear([(float(c), contract([(a, axes), (b, axes)], kept)) for c, a, b in pairs if not is_zero(a)], 0.0, node.shape)

    return Derivative([*((v, j + 1) for j in range(order)), *((w, j) for j in range(order))], made)


@REPEATED.rule(primitive.CONTRACT)
def _contraction(series: Series, node: Node, order: int) -> Derivative | None:
    labels, sizes = Contraction.of(node)
    at = [k for k, a in enumerate(node.args) if series.is_active(a)]
    if len(at) > 2:
        return None
    size = dict(enumerate(sizes))

    def made() -> Node:
        terms = []
        for j in range(order + 1) if len(at) == 2 else (order,):
            parts = list(node.args)
            for k, by in zip(at, (j, order - j)):
                parts[k] = series.of(parts[k], by)
            if not any(is_zero(parts[k]) for k in at):
                terms.append((float(math.comb(order, j)), contract(list(zip(parts, labels)), range(node.ndim), size)))
        return linear(terms, 0.0, node.shape)

    return Derivative([(node.args[k], j) for k in at for j in range(order + 1)], made)


def _exponent(node: Node) -> Node:
    """The e*log(b) of a power b**e."""
    base, e = node.args
    return times(e, log(base), node.shape)


def _lower_bound(node: Node) -> float:
    """A lower bound of a sum of numbers, even powers and bounded functions."""
    if node.op is not primitive.SUM:
        return -math.inf
    bound = 0.0
    pending = [(1.0, node)]
    while pending:
        c, a = pending.pop()
        if a.op is primitive.SUM and c > 0.0:  # nested sums keep the written form
            bound += c * Linear.of(a).constant
            pending += [(c * k, part) for k, part in zip(Linear.of(a).coefficients, a.args)]
        elif isinstance(a.op, Function) and a.op.name in _AT_MOST_ONE:
            bound -= abs(c)
        elif a.op is not primitive.PRODUCT or c < 0.0 or any(k % 2.0 for k in a.params):
            return -math.inf
    return bound


def _parts_of_product(node: Node) -> tuple[Node, Node]:
    """A product of many factors as the first factor and the product of the others."""
    first, *rest = zip(node.args, node.params)
    return product([first], 1.0, first[0].shape), product(rest, 1.0, node.shape if any(a.shape for a, _ in rest) else ())
