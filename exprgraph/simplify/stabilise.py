"""Rewrite forms that lose digits into forms that keep them: a rule of ``simplify``.

Both forms are the same function of real numbers.  Sources: Kahan, "Branch cuts for complex elementary functions"
(1987), and Higham, "Accuracy and Stability of Numerical Algorithms" (2002), section 1.7 and chapter 1's problems.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from ..canonical.arithmetic import linear, power, product
from ..canonical.contract import is_structural
from ..canonical.joining import stack
from ..canonical.select import select
from ..functions import rows as functions
from ..graph.leaves import constant, number
from ..graph.node import Node
from ..graph.primitive import CONTRACT, PRODUCT, SELECT, SUM, TABLE
from ..graph.views import Contraction, Linear
from ..language import reductions

Terms = list[tuple[float, Node]]


def _is(node: Node, name: str) -> bool:
    return node.op is TABLE[name]


def _terms(node: Node) -> Terms:
    return list(zip(Linear.of(node).coefficients, node.args)) if node.op is SUM else []


def _same(node: Node, arg: Node) -> bool:
    return arg.shape == node.shape


def _log_of_sigmoid(node: Node) -> Node | None:
    """log(sigmoid(x)), also from log(1/(1 + exp(-x))) by the rule below."""
    if _is(node, "log") and _is(node.args[0], "sigmoid"):
        return functions.log_sigmoid(node.args[0].args[0])
    return None


def _log_of_softmax(node: Node) -> Node | None:
    """log(softmax(x)), also of some of its elements."""
    if not _is(node, "log"):
        return None
    (inside,) = node.args
    selected = inside.op is SELECT
    whole = inside.args[0] if selected else inside
    if not _is(whole, "softmax"):
        return None
    better = reductions.log_softmax(whole.args[0], whole.params)
    return select(better, inside.params) if selected else better


def _softmax(node: Node) -> Node | None:
    """exp(x)/sum(exp(x)), along any axes."""
    if node.op is not PRODUCT:
        return None
    for total, e in zip(node.args, node.params):
        if e != -1.0 or total.op is not CONTRACT:
            continue
        spread, inner = None, total
        if is_structural(total) and len(total.args) == 1 and total.args[0].op is CONTRACT:  # broadcast along the summed axes
            ((spread,), _), inner = total.params, total.args[0]
        exponential, (labels, *others) = inner.args[0], Contraction.of(inner).labels
        if others or not _is(exponential, "exp") or exponential.shape != node.shape:
            continue
        axes = tuple(axis for axis, k in enumerate(labels) if k >= inner.ndim)
        kept = {axis: k if spread is None else spread[k] for axis, k in enumerate(labels) if k < inner.ndim}
        in_place = len(set(labels)) == len(labels) and all(axis == k for axis, k in kept.items())
        if axes and in_place and (exponential, 1.0) in zip(node.args, node.params):
            rest = [(b, k) for b, k in zip(node.args, node.params) if b is not total and b is not exponential]
            return product([*rest, (reductions.softmax(exponential.args[0], axes), 1.0)], 1.0, node.shape)
    return None


def _sigmoid(node: Node) -> Node | None:
    """1/(1 + exp(-x)); its exponential may overflow in derivatives."""
    if node.op is not PRODUCT:
        return None
    for base, e in zip(node.args, node.params):
        if e == -1.0 and base.op is SUM and base.params == (1.0, (1.0,)) and _is(base.args[0], "exp") and _same(node, base):
            rest = [(b, k) for b, k in zip(node.args, node.params) if b is not base]
            x = base.args[0].args[0]
            return product([*rest, (functions.sigmoid(linear([(-1.0, x)], 0.0, x.shape)), 1.0)], 1.0, node.shape)
    return None


def _log_of_sum(node: Node) -> Node | None:
    """log(1 + x), log(1 + exp(x)), log(exp(x) + 2*exp(y) + 3), and log(sum(exp(x)))."""
    if _is(node, "log1p") and _is(node.args[0], "exp"):
        return functions.softplus(node.args[0].args[0])
    if not _is(node, "log"):
        return None
    (inside,) = node.args
    if inside.op is CONTRACT and len(inside.args) == 1 and _is(inside.args[0], "exp"):
        (exponential,) = inside.args
        labels = Contraction.of(inside).labels[0]
        kept = [k for k in labels if k < inside.ndim]
        if len(set(labels)) == len(labels) and kept == list(range(inside.ndim)):
            axes = tuple(i for i, k in enumerate(labels) if k >= inside.ndim)
            return reductions.logsumexp(exponential.args[0], axes)
        return None
    if inside.op is not SUM:
        return None
    const, terms = Linear.of(inside).constant, _terms(inside)
    if const == 1.0 and len(terms) == 1 and terms[0][0] == 1.0 and _is(terms[0][1], "exp"):
        return functions.softplus(terms[0][1].args[0])
    if const >= 0.0 and all(c > 0.0 and _is(a, "exp") and _same(node, a) for c, a in terms) and len(terms) + (const > 0.0) > 1:
        logarithms = [linear([(1.0, a.args[0])], math.log(c), node.shape) for c, a in terms]
        logarithms += [constant(math.log(const), node.shape)] if const else []
        return functions.logaddexp(*logarithms) if len(logarithms) == 2 else reductions.logsumexp(stack(logarithms), 0)
    if const == 1.0:
        return functions.log1p(linear(terms, 0.0, inside.shape))
    return None


def _difference_from_one(node: Node) -> Node | None:
    """exp(x) - 1, 1 - cos(x), cosh(x) - 1, 1 - sigmoid(x), 1 - tanh(x)**2 and their multiples, beside other terms."""
    if node.op is not SUM or Linear.of(node).constant == 0.0:
        return None
    const, terms = Linear.of(node).constant, _terms(node)
    for k, (c, a) in enumerate(terms):
        if c != -const:
            continue
        better = _minus_one(a)
        if better is not None:
            return linear([*terms[:k], *terms[k + 1 :], (c, better)], 0.0, node.shape)
    return None


def _minus_one(a: Node) -> Node | None:
    """a - 1 without cancellation."""
    if _is(a, "exp"):
        return functions.expm1(a.args[0])
    if _is(a, "sigmoid"):
        return linear([(-1.0, functions.sigmoid(linear([(-1.0, a.args[0])], 0.0, a.shape)))], 0.0, a.shape)
    if _is(a, "cos") or _is(a, "cosh"):
        half = linear([(0.5, a.args[0])], 0.0, a.shape)
        square = power(functions.sin(half) if _is(a, "cos") else functions.sinh(half), 2.0)
        return linear([(-2.0 if _is(a, "cos") else 2.0, square)], 0.0, a.shape)
    if a.op is PRODUCT and a.params == (2.0,) and _is(a.args[0], "tanh"):
        return linear([(-1.0, functions.tanh_prime(a.args[0].args[0]))], 0.0, a.shape)
    return None


def _difference_of_roots(node: Node) -> Node | None:
    """sqrt(a) - sqrt(b) as (a - b)/(sqrt(a) + sqrt(b)); a - b is merged, and may become exact."""
    if node.op is not SUM or Linear.of(node).constant != 0.0:
        return None
    terms = _terms(node)
    for i, (c, a) in enumerate(terms):
        for j, (k, b) in enumerate(terms):
            if i != j and c > 0 and k == -c and _is_root(a) and _is_root(b):
                above = linear([(1.0, a.args[0]), (-1.0, b.args[0])], 0.0, node.shape)
                if number(above) is None and len(above.args) >= len(a.args[0].args) + len(b.args[0].args):
                    continue  # nothing cancels, so no digits are gained
                below = linear([(1.0, a), (1.0, b)], 0.0, node.shape)
                rest = [t for n, t in enumerate(terms) if n not in (i, j)]
                return linear([*rest, (c, product([(above, 1.0), (below, -1.0)], 1.0, node.shape))], 0.0, node.shape)
    return None


def _is_root(node: Node) -> bool:
    return node.op is PRODUCT and node.params == (0.5,)


_FORMS: tuple[Callable[[Node], Node | None], ...] = (
    _sigmoid, _softmax, _log_of_sigmoid, _log_of_softmax, _log_of_sum, _difference_from_one, _difference_of_roots,
)  # fmt: skip


def stabilised(node: Node) -> Node | None:
    """A form of the node that keeps its digits, if the node is known to lose them."""
    found: Iterator[Node | None] = (form(node) for form in _FORMS)
    return next((better for better in found if better is not None), None)


__all__ = ["stabilised"]
