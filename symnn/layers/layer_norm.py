"""Layer normalization."""

from __future__ import annotations

from typing import Any

import exprgraph as eg
from exprgraph import Node

from ..errors import ShapeError
from ..quantities import count, number
from .layer import Layer
from .parameter import Parameter


class LayerNorm(Layer):
    """``gain * (x - mean(x)) / sqrt(var(x) + epsilon) + bias`` along the last axis (Ba, Kiros, Hinton 2016); it keeps the shape.

    PyTorch names the gain ``weight``, Keras names the parameters ``gamma`` and ``beta``.

    Args:
        n: the length of the last axis.
        epsilon: is added to the variance.

    Raises:
        ArgumentError: n is not a positive whole number, or epsilon not a positive number.

    >>> import exprgraph as eg
    >>> from symnn import LayerNorm
    >>> layer, tokens = LayerNorm(8), eg.Symbol("tokens", shape=(5, 8))
    >>> layer(tokens, layer.initial_parameters(seed=0)).shape, layer.parameter_shapes()
    ((5, 8), {'gain': (8,), 'bias': (8,)})
    """

    input_axes = None

    def __init__(self, n: int, epsilon: float = 1e-5) -> None:
        self.n = count("LayerNorm: n", n)
        self.input_size = self.n
        self.epsilon = number("LayerNorm: epsilon", epsilon, above=0)

    def own_parameters(self) -> dict[str, Parameter]:
        """``gain``, which starts at 1, and ``bias``, which starts at 0."""
        return {"gain": Parameter(self.n, initial=1), "bias": Parameter(self.n)}

    def __call__(self, x: Any, ps: Any) -> Node:
        """The expression, of the input's shape ``(..., n)``.

        Raises:
            ShapeError: the last axis of the input has another length.
        """
        node = eg.as_expression(x)
        if not node.ndim or node.shape[-1] != self.n:
            raise ShapeError(f"{self!r} takes an input whose last axis has length {self.n}, got shape {node.shape}")
        centred = node - eg.mean(node, axis=-1, keepdims=True)
        variance = eg.mean(centred**2, axis=-1, keepdims=True)
        made: Node = ps["gain"] * (centred / eg.sqrt(variance + self.epsilon)) + ps["bias"]
        return made


__all__ = ["LayerNorm"]
