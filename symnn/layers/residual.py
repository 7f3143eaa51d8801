"""Residual connections: a layer's input added to its output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import exprgraph as eg
from exprgraph import Node

from ..errors import ShapeError
from ..parameters.layout import Shape
from .layer import Layer, as_layer, fitting_shapes


class Residual(Layer):
    """``x + f(x)``, for a layer, a chain or a plain function ``f`` that keeps the shape.

    Its parameters are those of ``f``.

    Raises:
        ShapeError: ``f`` changes the shape.

    >>> from symnn import Chain, Dense, Residual, SymbolicNeuralNetwork
    >>> SymbolicNeuralNetwork(Chain(Residual(Dense(1, 1, use_bias=False)))).output
    [sinput[0] + tanh(W_1[0, 0]*sinput[0])]
    """

    def __init__(self, inner: Layer | Callable[[Node], Any]) -> None:
        self.inner = as_layer(inner, "Residual")
        before, after = fitting_shapes(self.inner)
        if before is not None:
            self._check(before, after)

    def inner_layers(self) -> dict[str, Layer]:
        """``f``; its parameters keep their names."""
        return {"": self.inner}

    def _check(self, before: Shape, after: Shape | None) -> None:
        if before != after:
            raise ShapeError(
                f"Residual adds a layer's input to its output, so it must keep the shape: {self.inner!r} makes {after} of {before}"
            )

    def output_shape(self, input_shape: Shape | None) -> Shape | None:
        """The input's shape.

        Raises:
            ShapeError: ``f`` changes it.
        """
        shape = self.inner.output_shape(input_shape)
        if input_shape is not None:
            self._check(input_shape, shape)
        return shape

    def __call__(self, x: Any, ps: Any) -> Node:
        """The expression ``x + f(x)``, of the input's shape.

        Raises:
            ShapeError: ``f`` changes the shape.
        """
        node = eg.as_expression(x)
        y = self.apply_inner("", node, ps)
        self._check(node.shape, y.shape)
        return node + y


__all__ = ["Residual"]
