"""The self-check of a file: points at which it is made, and NumPy's values there."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ...meaning.evaluate import evaluate_nodes
from .saved import Saved

#: multiples of the golden ratio's fraction, modulo 1, fill the interval evenly
GOLDEN = 0.6180339887498949
#: the number of entries of a result that are compared
COMPARED = 100


class Compared(NamedTuple):
    """Values of a result: every ``step``-th entry of it."""

    step: int
    values: list[float]


def points(shape: tuple[int, ...], k: float) -> np.ndarray:
    """Argument k of the check: in (0, 1), where most functions are finite and square roots are defined."""
    n = math.prod(shape)
    return np.asarray(0.1 + 0.8 * np.modf((np.arange(1, n + 1) + 0.37 * k) * GOLDEN)[0].reshape(shape))


def expected(function: Saved, single: bool = False) -> list[Compared]:
    """The results computed by NumPy in float64; of large results only some entries, equally spaced.

    With ``single``, at points rounded to float32.
    """
    bindings = {}
    for k, a in enumerate(function.arguments):
        vector = function.frozen[k] if k in function.frozen else points(a.shape, k).ravel()
        vector = vector.astype(np.float32).astype(np.float64) if single else vector
        for symbol, offset in a.symbols:
            bindings[symbol] = vector[offset : offset + symbol.size].reshape(symbol.shape)
    with np.errstate(all="ignore"):
        values = evaluate_nodes(function.outputs, bindings)
    found = []
    for value, o in zip(values, function.outputs):
        step = max(1, math.ceil(o.size / COMPARED))
        found.append(Compared(step, np.broadcast_to(value, o.shape).ravel()[::step].astype(np.float64).tolist()))
    return found


__all__ = ["COMPARED", "GOLDEN", "Compared", "expected", "points"]
