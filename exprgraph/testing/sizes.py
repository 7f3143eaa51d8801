"""The check that size changes no value: all divisions of large code, wide sums, and long chains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..calculus.derivatives import jvp
from ..canonical.arithmetic import linear
from ..canonical.operands import as_node
from ..functions.rows import sin, tanh
from ..graph.node import Node
from ..graph.traverse import symbols_of
from ..loops.print import python
from ..lowering import compile as compile_
from ..lowering.native import objects
from ..lowering.plan import arguments, emit, movement, narrow, nest
from ..meaning.evaluate import evaluate_nodes
from .disagreement import Disagreement, Values, allowances, difference, program, smallest
from .growing import values_for

_LIMITS = (
    (narrow, "WIDTH", 2), (nest, "NEST_LIMIT", 2), (nest, "NEST_OPERATIONS", 6), (nest, "STRAIGHT", 1), (movement, "POSITIONS", 0),
    (python, "CHOICES", 2), (emit, "SEPARATE", 0), (arguments, "LOOPED", 2), (objects, "WRITTEN_OUT", 1),
)  # fmt: skip


@contextmanager
def divided() -> Iterator[None]:
    """Compile every expression as if it were large, with all divisions of large ones."""
    before = [getattr(module, name) for module, name, _ in _LIMITS]
    try:
        for module, name, small in _LIMITS:
            setattr(module, name, small)
        yield
    finally:
        for (module, name, _), value in zip(_LIMITS, before):
            setattr(module, name, value)


def wide(e: Node, n: int, seed: int = 0) -> Node:
    """A sum of n different terms of the elements of an expression."""
    rng = np.random.default_rng(seed)
    # calculus' builder makes one sum; operators would keep nested sums of two terms
    return linear([(float(c), sin(float(3 * c) * e)) for c in rng.uniform(-1, 1, n)], 0.0, e.shape)


def long(e: Node, n: int, seed: int = 0) -> Node:
    """A chain of n additions and products with bounded values."""
    rng = np.random.default_rng(seed)
    state = tanh(e)
    for k, c in enumerate(rng.uniform(0.1, 0.4, n)):
        state = float(c) * state * state - 0.3 if k % 2 else (state + float(c)) * (0.6 - 0.2 * state)
    return state


def check_sizes(e: Any, *, at: Values | None = None, n: int = 70, seed: int = 0) -> None:
    """Check that compiled code agrees with ``evaluate`` at any size.

    The expression is compiled as the parts of a large one are; a sum of n terms and a chain of n steps made of it, each
    with a derivative, as they are.

    Raises:
        Disagreement: what differs, as a program.

    >>> import exprgraph as eg
    >>> from exprgraph.testing import check_sizes
    >>> x = eg.Symbol("x", shape=2)
    >>> check_sizes(eg.sum(eg.exp(x) * x[0]))
    """
    node = as_node(e)
    values = dict(at) if at is not None else dict(values_for(np.random.default_rng(seed), symbols_of([node])))
    with divided():
        said = _said([node], values)
        if said is not None:
            small, there = smallest(node, values, lambda m, v: _said([m], v) is not None)
            raise Disagreement(_said([small], there) or said, program([("e", small)], there, f"check_sizes(e, at=at, seed={seed})"))
    for kind, made in (("a sum", wide(node, n, seed)), ("a chain", long(node, n, seed))):
        forms = [made, *(jvp(made, s, np.ones(s.shape)) for s in list(values)[:1])]
        said = _said(forms, values)
        if said is not None:
            raise Disagreement(f"{kind} of {n}: {said}", program([("e", node)], values, f"check_sizes(e, at=at, n={n}, seed={seed})"))


def _said(forms: list[Node], at: Values) -> str | None:
    wanted, allowed = evaluate_nodes(forms, at), allowances(forms, at)
    got = compile_(forms, list(at), immediate=False)(*at.values())
    for k, right in enumerate(wanted):
        said = difference("compiled", got[k], "by NumPy", right, allowed[k])
        if said is not None:
            return said
    return None


__all__ = ["check_sizes", "divided", "long", "wide"]
