"""Weights that let an equation be learned from earlier to later times."""

from __future__ import annotations

import numpy as np

import exprgraph as eg

from ..errors import ArgumentError
from ..quantities import count, number


def causal_weights(times: np.ndarray, squares: np.ndarray, tolerance: float, chunks: int = 32) -> np.ndarray:
    """A weight for each sample: near 1 once the residuals of earlier times are small, near 0 before; of shape ``(n,)``.

    Time is divided into equal chunks.  The weight of a chunk is ``exp(-tolerance * s)``, where ``s`` is the sum of the mean
    squares of all earlier chunks.  Source: Wang, Sankaran, Perdikaris, "Respecting causality is all you need for training
    physics-informed neural networks" (2022; 2024 as "Respecting causality for training physics-informed neural networks").

    Args:
        times: of the samples, ``(n,)``.
        squares: squared residuals without the weights, ``(n,)``.
        tolerance: at least 0; larger ones, such as 100, hold later times back longer.  The source raises it, from 0.01 to 100,
            each time when all weights are above 0.99.
        chunks: the number of chunks.

    Raises:
        ArgumentError: the arrays differ in shape, are not finite, or a number is out of range.

    >>> from symnn.adaptive import causal_weights
    >>> causal_weights([0.1, 0.6, 0.9], [1.0, 0.0, 5.0], 2.0, chunks=2).round(3)
    array([1.   , 0.135, 0.135])
    """
    t, r = (np.asarray(eg.real_array(a, f"causal_weights: {what}"), float) for a, what in ((times, "times"), (squares, "squares")))
    chunks, tolerance = count("chunks", chunks), number("tolerance", tolerance, least=0)
    if t.ndim != 1 or r.shape != t.shape or not t.size:
        raise ArgumentError(f"causal_weights: expected a time and a squared residual for each sample, got shapes {t.shape} and {r.shape}")
    if not (np.isfinite(t).all() and np.isfinite(r).all()):
        raise ArgumentError("causal_weights: times and squares are finite numbers")
    first, last = t.min(), t.max()
    chunk = np.minimum((chunks * (t - first) / max(last - first, np.finfo(float).tiny)).astype(int), chunks - 1)
    counts = np.bincount(chunk, minlength=chunks)
    means = np.bincount(chunk, weights=r, minlength=chunks) / np.maximum(counts, 1)
    before = np.cumsum(means) - means
    return np.asarray(np.exp(-tolerance * np.maximum(before, 0.0))[chunk])


__all__ = ["causal_weights"]
