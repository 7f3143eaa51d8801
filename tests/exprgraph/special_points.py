"""Special functions for the tests of elementary ones: bounds, references, and where errors are largest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np

from exprgraph.testing.code_by_mpmath import names

# largest error allowed in units in the last place, in float64 and in float32
BOUNDS = {
    "lgamma": (3.9, 3.6),
    "digamma": (3.6, 3.3),
    "zeta": (4.5, 5.2),
}
REFERENCE: dict[str, Callable[..., Any]] = {name: names()[name] for name in ("zeta",)} | {
    "lgamma": mp.loggamma,
    "digamma": mp.digamma,
}
#: where a search finds the largest errors, contracted and not (python -m tests.accuracy)
WORST: dict[str, list[tuple[float, ...]]] = {
    "lgamma": [(2.733486892295975,), (2.742666065039556,)],
    "digamma": [(2.1204521559128833,), (2.1122274584464673,)],
    "zeta": [(3.9882932381653746, 945.3765865760215), (2.9430593562400498, 916.8713371666037)],
}
#: those whose bounds hold for positive arguments only
POSITIVE = ("lgamma", "digamma", "zeta")


def spread(name: str, n: int, rng: np.random.Generator, single: bool = False) -> list[np.ndarray] | None:
    """About n arguments over the range in which the bound holds; ``None`` for a name that is not here."""
    m = max(n // 8, 8)
    far = 36.0 if single else 300.0

    def powers(low: float, high: float, count: int) -> np.ndarray:
        return np.asarray(10.0 ** rng.uniform(low, high, count))

    near = powers(-7.0 if single else -16.0, -1.0, m)
    if name in ("lgamma", "digamma"):
        zeros = [1 - near, 1 + near, 2 - near, 2 + near] if name == "lgamma" else [1.4616321449683622 * (1 + near)]
        x = [rng.uniform(0, 4, 3 * m), powers(-far, far, m), rng.uniform(2, 60, m), np.array([0.75, 1.0, 2.0, 2.75]), *zeros]
        return [np.concatenate(x)]
    if name == "zeta":
        m = max(m // 5, 8)  # whose references take time
        s = rng.choice([2.0, 3.0, 4.0, 5.0, 8.0, 15.0, 30.0] if single else [2.0, 3.0, 4.0, 5.0, 10.0, 20.0, 50.0, 100.0], 5 * m)
        return [s, powers(-1, 1, 5 * m) if single else powers(-2, 3, 5 * m)]
    return None
