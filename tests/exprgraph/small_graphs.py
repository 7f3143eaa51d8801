"""Small random expressions of a few symbols, and a value for each of these."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import exprgraph as eg
from exprgraph import testing
from exprgraph.graph.node import Node

SYMBOLS = {
    "s": eg.Symbol("s"),
    "x": eg.Symbol("x", (2,)),
    "y": eg.Symbol("y", (3,)),
    "A": eg.Symbol("A", (2, 2)),
    "W": eg.Symbol("W", (3, 2)),
    "p": eg.Symbol("p", (2,), per_sample=True),
}
_RNG = np.random.default_rng(5)
VALUES: dict[Node, Any] = {n: _RNG.uniform(0.3, 1.0, ((4,) if n.per_sample else ()) + n.shape) for n in SYMBOLS.values()}


def expressions(*, steps: int = 5) -> st.SearchStrategy[Node]:
    """Expressions of all primitives, smooth where the values above are."""
    return testing.expressions(symbols=list(SYMBOLS.values()), steps=steps)
