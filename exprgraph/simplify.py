"""Bolder rewriting than construction does, by named rules with stated assumptions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from .arithmetic import linear, power, product
from .elementwise import Function, apply
from .functions import absolute
from .leaves import as_node
from .node import Node
from .primitive import PRODUCT, SUM, TABLE
from .traverse import rebuild, topological
from .tree import flatten

T = TypeVar("T")


class Rule(NamedTuple):
    """A rewriting: what it needs to be assumed, and the replacement of one node (or None)."""

    name: str
    assumption: str
    rewrite: Callable[[Node], Node | None]


def _powers_of_one_base(node: Node) -> Node | None:
    """x / x = 1, sqrt(x) * sqrt(x) = x: exponents of one base are added whatever their kind."""
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
    const, coefficients = node.params
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
    )
}

#: which rules an assumption allows
ASSUMPTIONS: dict[str, tuple[str, ...]] = {
    "finite": ("root_of_square", "pythagoras", "log_exp"),
    "positive": ("cancel", "exp_log"),
}


def simplify(e: T, assume: str | Iterable[str] = ()) -> T:
    """An expression (or a nesting of them) rewritten by named rules, to a fixed point.

    Construction already folds, collects and drops what it may without changing a value or a domain.
    Beyond that, each rule needs an assumption:

    * ``"finite"``: the expression and its parts are finite where it is used: ``sqrt(x**2)`` becomes
      ``abs(x)``, ``sin(x)**2 + cos(x)**2`` becomes 1, ``log(exp(x))`` becomes x.
    * ``"positive"``: bases and arguments of logarithms are positive: ``x/x`` becomes 1,
      ``sqrt(x)*sqrt(x)`` and ``exp(log(x))`` become x.
    * the name of a single rule: ``"root_of_square"``, ``"pythagoras"`` or ``"log_exp"`` of the first,
      ``"cancel"`` or ``"exp_log"`` of the second.

    Several may be given, as a list.  Shapes stay; no rule makes the graph larger.

    Raises:
        ValueError: an assumption is not known.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.simplify(x / x), eg.simplify(x / x, assume="positive")
    (x/x, 1)
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
    simpler = _rewritten(roots, rules)
    if len(topological(simpler)) > len(topological(roots)):
        # what a rule replaced is needed elsewhere as well: one rule at a time, those that make nothing larger
        simpler = roots
        for rule in rules:
            found = _rewritten(simpler, [rule])
            simpler = found if len(topological(found)) <= len(topological(simpler)) else simpler
    result: T = restore(simpler)
    return result


def _rewritten(roots: Sequence[Node], rules: Sequence[Rule]) -> list[Node]:
    image: dict[Node, Node] = {}
    for node in topological(roots):
        new = rebuild(node, tuple(image[a] for a in node.args))
        changed = True
        while changed:
            changed = False
            for rule in rules:
                better = rule.rewrite(new)
                if better is not None and better is not new and better.shape == new.shape:
                    new, changed = better, True
        image[node] = new
    return [image[r] for r in roots]
