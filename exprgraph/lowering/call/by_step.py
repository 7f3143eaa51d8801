"""Numbers that depend on the step alone, taken out of the formulas of a loop: they are computed for many steps at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...functions.elementwise import is_boolean
from ...graph.leaves import Symbol
from ...graph.node import Node
from ...graph.traverse import substitute_nodes, symbols_of, topological


class Split(NamedTuple):
    """Formulas with their numbers of the step as symbols.

    Attributes:
        numbers: scalar expressions of what is known of a step.
        symbols: one for each, which the formulas have instead.
        formulas: the outputs of each formula.
    """

    numbers: tuple[Node, ...]
    symbols: tuple[Node, ...]
    formulas: tuple[tuple[Node, ...], ...]


def split(formulas: Sequence[Sequence[Node]], known: Sequence[Node]) -> Split:
    """Take the largest scalar expressions of the ``known`` symbols out of some formulas.

    >>> import exprgraph as eg
    >>> from exprgraph.lowering.call.by_step import split
    >>> p, rate, step = eg.Symbol("p", 2), eg.Symbol("rate"), eg.Symbol("step")
    >>> split([[p - rate / (1 - 0.9**step) * p]], [rate, step]).numbers
    (rate/(1 - 0.9**step),)
    """
    outputs = [node for f in formulas for node in f]
    alone = set(known)
    others = set(symbols_of(outputs)) - alone
    for node in topological(outputs):  # arguments come first
        if any(a in others for a in node.args):
            others.add(node)
        elif any(a in alone for a in node.args):
            alone.add(node)
    taken = {n for n in alone if n.shape == () and not is_boolean(n)}
    wanted: dict[Node, None] = {}
    for node in topological(outputs, enter=lambda n: n not in taken):
        if node in taken:
            wanted[node] = None
    symbols = tuple(Symbol(f"number {k} of the step") for k in range(len(wanted)))
    changed = iter(substitute_nodes(outputs, dict(zip(wanted, symbols))))
    return Split(tuple(wanted), symbols, tuple(tuple(next(changed) for _ in f) for f in formulas))


__all__ = ["Split", "split"]
