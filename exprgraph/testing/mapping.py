"""The check that a mapped expression is the expression for one entry after another."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..canonical.joining import stack
from ..canonical.operands import as_node
from ..canonical.select import select
from ..graph.leaves import Symbol
from ..graph.node import Node
from ..graph.traverse import symbols_of
from ..lowering import compile as compile_
from ..mapping.user import vmap
from ..meaning.evaluate import evaluate_nodes
from ..meaning.query import substitute
from .disagreement import Disagreement, allowances, difference, program
from .growing import values_for
from .identities import check_identity


def check_mapping(e: Any, *, entries: int = 2, order: int = 1, compiled: bool = True, seed: int = 0) -> None:
    """Check that ``vmap`` of an expression has the values, and the derivatives, of the expression for each entry.

    Some of the symbols, chosen at random, differ between entries.

    Args:
        e: an expression.
        entries: the number of entries.
        order: also compare derivatives along random directions, up to this order.
        compiled: also check machine code.
        seed: the seed of random choices.

    Raises:
        Disagreement: they differ by more than the measured effect of rounding.

    >>> import exprgraph as eg
    >>> from exprgraph.testing import check_mapping
    >>> A, x = eg.Symbol("A", (2, 2)), eg.Symbol("x", 2)
    >>> check_mapping(eg.solve(A, eg.sin(x)), compiled=False)
    """
    node = as_node(e)
    rng = np.random.default_rng(seed)
    symbols = symbols_of([node])
    if not symbols:
        return
    chosen = [s for s in symbols if rng.integers(0, 3)] or symbols[:1]
    many = {s: Symbol(f"{s.name} of all", (entries, *s.shape), per_sample=s.per_sample) for s in chosen}
    mapped: Node = vmap(node)(many)
    each = [substitute(node, {s: select(m, (k, *(None,) * s.ndim)) for s, m in many.items()}) for k in range(entries)]
    listed = stack(each)
    at = values_for(rng, symbols_of([mapped, listed]))
    check_identity(mapped, listed, at=at, order=order, seed=seed)
    if compiled:
        (value,), (allowed,) = evaluate_nodes([mapped], at), allowances([mapped], at)
        said = difference("compiled", compile_(mapped, list(at), immediate=False)(*at.values()), "by NumPy", value, allowed)
        if said is not None:
            raise Disagreement(said, program([("e", mapped)], at, "check_values(e, at=at)"))


__all__ = ["check_mapping"]
