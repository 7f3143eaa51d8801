"""Algebra, by named rules with stated assumptions.

Construction keeps the written form.  The rules here merge sums and products, collect like terms, and more on request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from ..canonical.arithmetic import linear, power, product
from ..canonical.grouping import regrouping
from ..canonical.operands import as_node
from ..functions.elementwise import Function, apply
from ..functions.rows import absolute
from ..graph.node import Node
from ..graph.primitive import PRODUCT, SUM, TABLE
from ..graph.traverse import INNER, REBUILD, REFILLED, topological, with_inner
from ..graph.views import Linear
from ..tree import flatten
from . import distribution, stabilise

T = TypeVar("T")


class Rule(NamedTuple):
    """A rewriting rule: its assumption, and the replacement of one node (or None)."""

    name: str
    assumption: str
    rewrite: Callable[[Node], Node | None]


def _powers_of_one_base(node: Node) -> Node | None:
    """x / x = 1, sqrt(x) * sqrt(x) = x: exponents of one base are added, whole or not."""
    if node.op is not PRODUCT:
        return None
    totals: dict[Node, float] = {}
    for base, e in zip(node.args, node.params):
        while base.op is PRODUCT and len(base.args) == 1 and base.args[0].shape == base.shape:
            e *= base.params[0]
            base = base.args[0]
        totals[base] = totals.get(base, 0.0) + e
    if len(totals) == len(node.args) and all(totals.get(b) == e for b, e in zip(node.args, node.params)):
        return None
    return product(totals.items(), 1.0, node.shape)


def _root_of_square(node: Node) -> Node | None:
    """sqrt(x**2) = abs(x)."""
    if node.op is not PRODUCT or len(node.args) != 1:
        return None
    (inner,) = node.args
    if inner.op is PRODUCT and len(inner.args) == 1 and inner.params[0] % 2 == 0 and inner.args[0].shape == node.shape:
        return power(absolute(inner.args[0]), inner.params[0] * node.params[0])
    return None


def _inverse_pair(outer: str, inner: str) -> Callable[[Node], Node | None]:
    def rewrite(node: Node) -> Node | None:
        if node.op is TABLE[outer] and node.args[0].op is TABLE[inner] and node.args[0].shape == node.shape:
            x = node.args[0].args[0]
            return x if x.shape == node.shape else None
        return None

    return rewrite


def _square_sum(node: Node) -> Node | None:
    """a*sin(x)**2 + a*cos(x)**2 = a, and a*cosh(x)**2 - a*sinh(x)**2 = a."""
    if node.op is not SUM:
        return None
    const, coefficients = Linear.of(node)
    terms = dict(zip(node.args, coefficients))
    for first, second, sign in (("sin", "cos", 1.0), ("cosh", "sinh", -1.0)):
        for term, c in terms.items():
            if term.op is not PRODUCT:
                continue
            for k, (base, e) in enumerate(zip(term.args, term.params)):
                if base.op is not TABLE[first] or e != 2.0:
                    continue
                rest = [(a, p) for i, (a, p) in enumerate(zip(term.args, term.params)) if i != k]
                other = TABLE[second]
                assert isinstance(other, Function)
                partner = product([*rest, (apply(other, *base.args), 2.0)], 1.0, term.shape)
                if terms.get(partner) == sign * c and partner is not term:
                    left = [(v, n) for n, v in terms.items() if n is not term and n is not partner]
                    shape = node.shape
                    whole = product(rest, 1.0, term.shape)
                    return linear([*left, (c, whole)], const, shape)
    return None


#: every rule by name
RULES: dict[str, Rule] = {
    r.name: r
    for r in (
        Rule("cancel", "the cancelled bases are positive", _powers_of_one_base),
        Rule("root_of_square", "none (values are kept where they are finite)", _root_of_square),
        Rule("log_exp", "exp(x) does not overflow", _inverse_pair("log", "exp")),
        Rule("exp_log", "the argument is positive", _inverse_pair("exp", "log")),
        Rule("pythagoras", "none beyond rounding", _square_sum),
        Rule("flatten", "none beyond rounding and range", lambda node: None),  # rebuilding a node does this
        Rule("collect", "none beyond rounding and range", distribution.collected),
        Rule("expand", "none beyond rounding and range", distribution.expanded),
        Rule("stabilise", "none: it gives digits back", stabilise.stabilised),
    )
}

#: rules that may make a graph larger, applied only if named
MAKES_LARGER = ("expand", "stabilise")

#: the rules that an assumption allows
ASSUMPTIONS: dict[str, tuple[str, ...]] = {
    "finite": ("root_of_square", "pythagoras", "log_exp"),
    "positive": ("cancel", "exp_log"),
}


def simplify(e: T, assume: str | Iterable[str] = ()) -> T:
    """Rewrite an expression (or a nesting of them) by named rules, to a fixed point.

    Without a name, nested sums and products are merged and like terms collected (``"flatten"``).  This is exact for real
    numbers, but rounding, overflow and underflow may differ from the written form.  Further rules by name:

    * ``"collect"``: ``x*y + x*z`` becomes ``x*(y + z)``.
    * ``"expand"``: products and small powers of sums are multiplied out.
    * ``"stabilise"``: forms that lose digits become those that keep them: ``log(sigmoid(x))``, ``log(softmax(x))``,
      ``exp(x)/sum(exp(x))``, the logarithm of a sum of exponentials, ``log(1 + x)``, ``exp(x) - 1``, ``1 - cos(x)``,
      ``sqrt(x + 1) - sqrt(x)``, and similar forms.

    Some rules need an assumption:

    * ``"finite"``: the expression and its parts are finite at all points of use: ``sqrt(x**2)`` becomes
      ``abs(x)``, ``sin(x)**2 + cos(x)**2`` becomes 1, ``log(exp(x))`` becomes x.
    * ``"positive"``: bases and arguments of logarithms are positive: ``x/x`` becomes 1,
      ``sqrt(x)*sqrt(x)`` and ``exp(log(x))`` become x.
    * the name of a single rule: ``"root_of_square"``, ``"pythagoras"`` or ``"log_exp"`` of the first assumption,
      ``"cancel"`` or ``"exp_log"`` of the second.

    Pass several as a list.  Shapes stay.  Only ``"expand"`` and ``"stabilise"`` may make the graph larger.

    Args:
        e: an expression, or a nesting of dicts, lists and tuples of them.
        assume: names of rules and of assumptions.

    Raises:
        ValueError: an assumption is unknown.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.simplify(x / x), eg.simplify(x / x, assume="positive")
    (x/x, 1)
    >>> y = eg.Symbol("y")
    >>> eg.simplify((x + y) - x), eg.simplify(eg.log(1 + x), "stabilise")
    (y, log1p(x))
    """
    wanted = (assume,) if isinstance(assume, str) else tuple(assume)
    names: list[str] = []
    for a in wanted:
        if a in ASSUMPTIONS:
            names += ASSUMPTIONS[a]
        elif a in RULES:
            names.append(a)
        else:
            raise ValueError(f"simplify: unknown assumption {a!r}; known: {', '.join([*ASSUMPTIONS, *RULES])}")
    rules = [RULES[n] for n in dict.fromkeys(names)]
    leaves, restore = flatten(e)
    roots = [as_node(n) for n in leaves]
    with regrouping():
        result: T = restore(_simplified(roots, rules))
    return result


def _simplified(roots: list[Node], rules: Sequence[Rule]) -> list[Node]:
    """The roots rewritten; rules that may not make them larger are dropped if they do."""

    def accepted(before: list[Node], after: list[Node]) -> list[Node]:
        return after if len(with_inner(after)) <= len(with_inner(before)) else before

    bound = [r for r in rules if r.name not in MAKES_LARGER]
    simpler = _rewritten(roots, bound)
    if len(with_inner(simpler)) > len(with_inner(roots)):
        # a replaced part is also used elsewhere: apply one rule at a time, and keep those that make nothing larger
        simpler = accepted(roots, _rewritten(roots, []))
        for rule in bound:
            simpler = accepted(simpler, _rewritten(simpler, [rule]))
    free = [r for r in rules if r.name in MAKES_LARGER]
    return _rewritten(simpler, free) if free else simpler


def _inside(node: Node, rules: Sequence[Rule]) -> Node:
    """The node, with the graph inside of its parameters rewritten."""
    inner = INNER.find(node.op)
    if inner is None:
        return node
    results = inner(node)
    simpler = _rewritten(results, rules)
    return node if simpler == list(results) else REFILLED[node.op](node, simpler)


def _rewritten(roots: Sequence[Node], rules: Sequence[Rule]) -> list[Node]:
    """Rebuild every node, merged with its arguments, and rewrite it until no rule applies."""
    image: dict[Node, Node] = {}
    for node in topological(roots):
        new = node
        if node.args:
            new = _inside(REBUILD[node.op](node, tuple(image[a] for a in node.args)), rules)
        changed = True
        while changed:
            changed = False
            for rule in rules:
                better = rule.rewrite(new)
                if better is not None and better is not new and better.shape == new.shape:
                    new, changed = better, True
        image[node] = new
    return [image[r] for r in roots]
