"""The check of a rule of simplification."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..graph.node import Node
from ..graph.traverse import rebuild, symbols_of, topological
from ..meaning.evaluate import evaluate_nodes
from ..show import to_python
from ..simplify.rules import MAKES_LARGER, simplify
from .bounds import Interval
from .disagreement import Disagreement
from .growing import AtRandom, grow, symbols_for, values_for
from .identities import check_identity


def check_simplification(
    rule: str | Callable[[Node], Node | None],
    *,
    box: Interval = (0.1, 0.9),
    examples: Sequence[Node] = (),
    trials: int = 100,
    seed: int = 0,
) -> None:
    """Check a rule of simplification: it keeps values and derivatives, and makes no graph larger.

    Args:
        rule: the name of a rule or an assumption of :func:`exprgraph.simplify`, or a function from a node to a
            simpler one, or ``None``.
        box: the interval of symbols' elements; positive by default, as some rules assume.
        examples: expressions to try it on, beside random ones; give some that the rule changes.
        trials: the number of random expressions.

    Raises:
        Disagreement: a value or a derivative changes, or a graph grows.
        ValueError: the rule changed none of the expressions, so nothing was checked.

    >>> import exprgraph as eg
    >>> from exprgraph.testing import check_simplification
    >>> x = eg.Symbol("x")
    >>> check_simplification("log_exp", examples=[eg.log(eg.exp(x)), eg.sin(eg.log(eg.exp(3 * x)))])
    """
    changed = 0
    for trial in range(trials + len(examples)):
        choice = AtRandom(seed + trial)
        e = examples[trial] if trial < len(examples) else grow(choice, symbols_for(choice, choice.whole(1, 2), False), choice.whole(1, 6))
        new = _simplified(rule, e)
        if new is e:
            continue
        changed += 1
        _check_kept(rule, e, new, box, seed + trial)
    if not changed:
        raise ValueError(f"the rule {rule!r} changed none of {trials + len(examples)} expressions; give examples= that it changes")


def _simplified(rule: str | Callable[[Node], Node | None], e: Node) -> Node:
    if isinstance(rule, str):
        return simplify(e, rule)
    image: dict[Node, Node] = {}
    for node in topological([e]):
        new = rebuild(node, tuple(image[a] for a in node.args))
        simpler = rule(new)
        image[node] = new if simpler is None else simpler
    return image[e]


def _check_kept(rule: str | Callable[[Node], Node | None], e: Node, new: Node, box: Interval, seed: int) -> None:
    name = rule if isinstance(rule, str) else getattr(rule, "__name__", "the rule")
    at = values_for(np.random.default_rng(seed), symbols_of([e, new]), box)
    if new.shape != e.shape:
        raise Disagreement(f"{name} makes shape {new.shape} of shape {e.shape}", to_python([e, new], "before, after"))
    if rule not in MAKES_LARGER and len(topological([new])) > len(topological([e])):
        sizes = f"{len(topological([e]))} to {len(topological([new]))}"
        raise Disagreement(f"{name} makes the graph larger, from {sizes} nodes", to_python([e, new], "before, after"))
    if all(np.isfinite(v).all() for v in evaluate_nodes([e], at)):
        check_identity(e, new, at=at, order=2, seed=seed)


__all__ = ["check_simplification"]
