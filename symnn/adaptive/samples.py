"""Weights of single samples that grow where the residual stays large."""

from __future__ import annotations

import numpy as np

import exprgraph as eg

from ..errors import ArgumentError
from ..quantities import number


def self_adaptive_weights(weights: np.ndarray, squares: np.ndarray, rate: float) -> np.ndarray:
    """The weights after a step of gradient ascent, ``weights + rate * squares``; of shape ``(n,)``.

    The loss is the mean of ``weights * squares``: parameters descend, weights ascend.  Source: McClenny, Braga-Neto,
    "Self-adaptive physics-informed neural networks" (2023).

    Args:
        weights: one for each sample, ``(n,)``.
        squares: squared residuals without the weights, ``(n,)``.
        rate: more than 0.

    Raises:
        ArgumentError: the arrays differ in shape, or the rate is out of range.

    >>> from symnn.adaptive import self_adaptive_weights
    >>> self_adaptive_weights([1.0, 1.0], [0.0, 4.0], 0.5)
    array([1., 3.])
    """
    w, r = _pair("self_adaptive_weights", weights, squares)
    return w + number("rate", rate, above=0) * r


def residual_attention(weights: np.ndarray, residuals: np.ndarray, decay: float = 0.999, rate: float = 0.01) -> np.ndarray:
    """``decay * weights + rate * |residuals| / max |residuals|``, which stay below ``rate / (1 - decay)``; of shape ``(n,)``.

    The residual of a sample is multiplied by its weight.  Source: Anagnostopoulos, Toscano, Stergiopulos, Karniadakis,
    "Residual-based attention in physics-informed neural networks" (2024).

    Args:
        weights: one for each sample, ``(n,)``; 0 at first.
        residuals: without the weights, ``(n,)``.
        decay: at least 0 and less than 1.
        rate: more than 0.

    Raises:
        ArgumentError: the arrays differ in shape, or a number is out of range.

    >>> from symnn.adaptive import residual_attention
    >>> residual_attention([1.0, 1.0], [0.5, -2.0], decay=0.5, rate=1.0)
    array([0.75, 1.5 ])
    """
    w, r = _pair("residual_attention", weights, residuals)
    decay, rate = number("decay", decay, least=0, below=1), number("rate", rate, above=0)
    most = float(np.abs(r).max(initial=0.0))
    return decay * w + (rate / most * np.abs(r) if most > 0 else 0.0)


def _pair(what: str, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x, y = (np.asarray(eg.real_array(values, what), float) for values in (a, b))
    if x.ndim != 1 or x.shape != y.shape:
        raise ArgumentError(f"{what}: expected a weight and a residual for each sample, got shapes {x.shape} and {y.shape}")
    return x, y


__all__ = ["residual_attention", "self_adaptive_weights"]
