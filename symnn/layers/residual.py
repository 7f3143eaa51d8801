"""Residual connections: a layer's input added to its output."""

from __future__ import annotations

from typing import Any

import exprgraph as eg
from exprgraph import Node

from .same_shape import SameShape


class Residual(SameShape):
    """``x + f(x)``, for a layer, a chain or a plain function ``f`` that keeps the shape.

    Its parameters are those of ``f``.

    Raises:
        ShapeError: ``f`` changes the shape.

    >>> from symnn import Chain, Dense, Residual, SymbolicNeuralNetwork
    >>> SymbolicNeuralNetwork(Chain(Residual(Dense(1, 1, use_bias=False)))).output
    [sinput[0] + tanh(W_1[0, 0]*sinput[0])]
    """

    needs = "Residual adds a layer's input to its output, so it must keep the shape"

    def __call__(self, x: Any, ps: Any) -> Node:
        """The expression ``x + f(x)``, of the input's shape.

        Raises:
            ShapeError: ``f`` changes the shape.
        """
        node = eg.as_expression(x)
        y = self.apply_inner("", node, ps)
        self.check_shapes(node.shape, y.shape)
        return node + y


__all__ = ["Residual"]
