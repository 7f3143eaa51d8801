"""The check that branches not taken have no effect: choices that change nothing are inserted into an expression.

A part ``n`` becomes ``minimum(n, exp(3000 + n))``, ``where(n < 1e6, n, sqrt(-1 - n**2))`` and so on.  The value is the same,
but the other branch and its derivatives overflow or are undefined.  The derivatives of the whole must not change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..canonical.joining import stack
from ..canonical.operands import as_node
from ..functions.rows import absolute, cbrt, clip, exp, log, maximum, minimum, relu, sqrt, where
from ..graph.leaves import array
from ..graph.node import Node
from ..graph.primitive import IDENTITY
from ..graph.traverse import substitute_nodes, symbols_of, topological
from ..language.reductions import max as max_
from ..language.reductions import min as min_
from ..lowering import compile as compile_
from ..meaning.evaluate import evaluate_nodes
from .derivatives import directional_forms, name_of
from .disagreement import Disagreement, Values, allowances, difference, program, smallest
from .growing import AtRandom, Choice, values_for


def _overflowing(n: Node) -> Node:
    return exp(3000 + n)


def _undefined(n: Node) -> Node:
    return sqrt(-1 - n**2)


def _falling(n: Node) -> Node:
    """Minus infinity, with the derivative of a root at 0."""
    return log(sqrt(relu(-1 - n**2)))


def _mask(n: Node, choice: Choice) -> np.ndarray:
    return np.reshape([float(choice.whole(0, 1)) for _ in range(n.size)], n.shape)


def _mixed(n: Node, choice: Choice) -> Node:
    """Products that overflow, of all elements along the last axis."""
    if not n.shape:
        return exp(3000 + n) * (2 + n**2)
    k = n.shape[-1]
    weights = np.reshape([choice.number(0.1, 1.0) for _ in range(k * k)], (k, k))
    return exp(3000 + n) @ array(weights)


def _by_mask(n: Node, choice: Choice) -> Node:
    mask = _mask(n, choice)
    with np.errstate(divide="ignore"):
        return where(mask, n * (1 / mask), n * (1 / (1 - mask)))


#: from a part to the same part with a choice in it
WAYS: dict[str, Callable[[Node, Choice], Node]] = {
    "minimum": lambda n, c: minimum(n, _overflowing(n)),
    "maximum": lambda n, c: maximum(_falling(n), n),
    "where": lambda n, c: where(n < 1e6, n, _undefined(n)),
    "a mask": _by_mask,
    "clip": lambda n, c: n * clip(_overflowing(n), -1, 1),
    "clip below": lambda n, c: clip(n, _falling(n), _overflowing(n)),
    "relu": lambda n, c: n + sqrt(relu(-_overflowing(n))),
    "abs": lambda n, c: n + absolute(cbrt(relu(-1 - n**2))),
    "max": lambda n, c: max_(stack([n, -_overflowing(n), _falling(n)]), axis=0),
    "min": lambda n, c: min_(stack([_overflowing(n), n]), axis=0),
    "minimum with a product": lambda n, c: minimum(_mixed(n, c), n),
    "relu of a product": lambda n, c: n + relu(-_mixed(n, c)),
    "where beside a product": lambda n, c: where(n < 1e6, n, _mixed(_undefined(n), c)),
}


def saturated(e: Node, choice: Choice, most: int = 2) -> Node:
    """Insert choices that change neither values nor derivatives into an expression."""
    parts = [n for n in topological([e]) if n.op is not IDENTITY and n.size and symbols_of([n])]
    for _ in range(choice.whole(1, most) if parts else 0):
        part = choice.pick(parts)
        (e,) = substitute_nodes([e], {part: WAYS[choice.pick(sorted(WAYS))](part, choice)})
    return e


def check_saturation(e: Any, order: int = 2, *, at: Values | None = None, compiled: bool = True, seed: int = 0) -> None:
    """Check that choices between parts of an expression and infinite or undefined values change no derivative.

    At most two parts of the expression are replaced by forms such as ``minimum(n, exp(3000 + n))`` and
    ``where(n < 1e6, n, sqrt(-1 - n**2))``.  Derivatives along a direction, in every mode, by NumPy and compiled, must not
    change where they are finite.

    Args:
        e: an expression whose values are below 1,000.
        order: the highest derivative.
        at: a value for each symbol; random ones by default.
        compiled: whether to compile it.
        seed: the seed of the choices.

    Raises:
        Disagreement: results differ; the message has a program with the smallest failing expression found.

    >>> import exprgraph as eg
    >>> from exprgraph.testing import check_saturation
    >>> x = eg.Symbol("x", shape=2)
    >>> check_saturation(eg.sum(eg.tanh(x)) / (1 + x[0] ** 2))
    """
    node = as_node(e)
    values = dict(at) if at is not None else dict(values_for(np.random.default_rng(seed), symbols_of([node])))
    said = _disagreement(node, order, values, compiled, seed)
    if said is None:
        return

    def fails(candidate: Node, there: dict[Node, Any]) -> bool:
        return _disagreement(candidate, order, there, "compiled" in said, seed) is not None

    small, there = smallest(node, values, fails)
    what = _disagreement(small, order, there, "compiled" in said, seed) or said
    call = f"check_saturation(e, {order}, at=at{'' if 'compiled' in said else ', compiled=False'}, seed={seed})"
    raise Disagreement(f"with choices put in, {what}", program([("e", small)], there, call))


def _disagreement(e: Node, order: int, at: Values, compiled: bool, seed: int) -> str | None:
    loud = saturated(e, AtRandom(seed))
    symbols = symbols_of([e])
    order = order if symbols else 0
    plain, behind = (directional_forms(f, order, symbols, seed) for f in (e, loud))
    nodes = [f.node for f in behind]
    expected = evaluate_nodes([f.node for f in plain], at)
    rounding = zip(allowances([f.node for f in plain], at), allowances(nodes, at))
    allowed = [np.where(np.isfinite(b), np.maximum(a, b), a) for a, b in rounding]
    found = [("", evaluate_nodes(nodes, at))]
    if compiled:
        found.append((", compiled,", compile_(nodes, list(at), immediate=False)(*at.values())))
    for how, values in found:
        for form, value, want, room in zip(behind, values, expected, allowed):
            open_to_all = np.where(np.isfinite(want), 8 * room + 1e-13 * np.abs(want), np.inf)
            said = difference(f"{name_of(form)}{how}", value, "without them", want, open_to_all)
            if said is not None:
                return said
    return None


__all__ = ["check_saturation", "saturated"]
