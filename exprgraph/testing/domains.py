"""Whether a point lies in the domains of an expression's functions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..functions.elementwise import Function
from ..functions.signatures import Interval
from ..graph.node import Node
from ..graph.traverse import topological
from ..meaning.evaluate import evaluate_nodes


def inside(roots: Sequence[Node], at: Mapping[Node, Any]) -> bool:
    """Whether the arguments of every function with a domain lie inside of it, without the ends."""
    wanted: list[tuple[Node, Interval]] = []
    for n in topological(roots):
        if isinstance(n.op, Function):
            wanted += [(a, i) for a, i in zip(n.args, n.op.domain) if i != (-math.inf, math.inf)]
    if not wanted:
        return True
    values = evaluate_nodes([a for a, _ in wanted], at)
    return all(bool(np.all((low < v) & (v < high))) for v, (_, (low, high)) in zip(values, wanted))


def is_everywhere(row: Function) -> bool:
    """Whether a row is defined for all numbers."""
    return all(i == (-math.inf, math.inf) for i in row.domain)


def drawn(rng: np.random.Generator, interval: Interval, domain: Interval, shape: tuple[int, ...], dtype: type = np.float64) -> np.ndarray:
    """Random numbers of an interval that lie inside of the domain, also after rounding to their type."""
    low, high = (np.nextafter(dtype(end), dtype(other)) for end, other in (domain, domain[::-1]))
    return np.asarray(np.clip(rng.uniform(*interval, shape).astype(dtype), low, high), dtype)


def special_points(row: Function, k: int) -> list[float]:
    """Special values of argument k: zeros, ones, infinities, NaN and ends; for a user's function, those in its domain.

    The package's own rows follow NumPy everywhere; a user's row is checked only on its domain.
    """
    ends = {v for interval in (*row.domain, *row.sample) for v in interval}
    every = [*sorted(ends | {0.0, 1.0, -1.0, math.inf, -math.inf}), -0.0]
    if not row.added or is_everywhere(row):
        return [*every, math.nan]
    low, high = row.domain[k]
    within = [v for v in every if low < v < high]
    return [*within, *(end if math.isinf(end) else math.nextafter(end, other) for end, other in ((low, high), (high, low)))]


__all__ = ["drawn", "inside", "is_everywhere", "special_points"]
