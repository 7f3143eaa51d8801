"""Derivatives by differences of values with many digits: an oracle without rules of differentiation.

With 80 digits and steps of 1e-14, a central difference of order k is correct to some 28 digits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import mpmath
import numpy as np

from ..graph.node import Node
from .precise import evaluate_precisely, exactly

DIGITS = 80
STEP = 1e-14


def directional_derivatives(
    e: Node, at: Mapping[Node, Any], directions: Mapping[Node, Any], order: int, step: float = STEP, shift: float = 0.0
) -> list[np.ndarray]:
    """The values of ``d^k/dt^k e(at + t * directions)`` at t = 0 for k = 0 to order, arrays of mpmath's numbers.

    Args:
        step: the distance of neighbouring points.
        shift: the distance of their middle from t = 0, in steps.

    >>> import exprgraph as eg
    >>> from exprgraph.testing import directional_derivatives
    >>> x = eg.Symbol("x")
    >>> [round(float(v[()]), 12) for v in directional_derivatives(eg.sin(x), {x: 0.0}, {x: 1.0}, 3)]
    [0.0, 1.0, 0.0, -1.0]
    """
    with mpmath.workdps(DIGITS):
        h = mpmath.mpf(step)
        seen: dict[float, np.ndarray] = {}

        def value(t: float) -> np.ndarray:
            if t not in seen:
                moved = {s: exactly(v) + mpmath.mpf(t) * h * exactly(directions[s]) if s in directions else v for s, v in at.items()}
                seen[t] = evaluate_precisely(e, moved, DIGITS)
            return seen[t]

        out = []
        for k in range(order + 1):
            terms = [(-1) ** i * math.comb(k, i) * value(k / 2 - i + shift) for i in range(k + 1)]
            out.append(np.asarray(sum(terms[1:], terms[0]) / h**k, dtype=object))
    return out


def settled(first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> bool:
    """Whether two kinds of differences agree; if not, there is no derivative."""
    for a, b in zip(first, second):
        for x, y in zip(a.ravel(), b.ravel()):
            if not (mpmath.isnan(x) and mpmath.isnan(y)) and not abs(x - y) <= 1e-8 * (1 + abs(y)):
                return False
    return True


__all__ = ["directional_derivatives", "settled"]
