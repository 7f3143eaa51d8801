"""Fully connected layers."""

from __future__ import annotations

from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph import Node

from ..activations import Activation, activate, check_activation, with_shape_kept
from ..errors import ShapeError
from ..parameters.layout import Shape
from .calls import Arguments
from .layer import Layer
from .leading_axes import over_leading_axes


class Dense(Layer):
    """A fully connected layer, ``activation(W @ x + b)``; an input with more axes is mapped over those in front of the last.

    Args:
        n_in, n_out: the numbers of inputs and outputs; ``W`` has shape ``(n_out, n_in)``, ``b`` has shape ``(n_out,)``.
        activation: a name (see :func:`symnn.activations.activation_names`), a function of an expression, or a layer that
            keeps the shape; its parameters are named ``activation``.
        use_bias: whether to add ``b``.

    Raises:
        ShapeError: a size is not a positive integer.
        ActivationError: the activation is unknown.

    >>> from symnn import Dense
    >>> Dense(2, 3, "tanh").parameter_shapes()
    {'W': (3, 2), 'b': (3,)}
    """

    def __init__(self, n_in: int, n_out: int, activation: Activation | Layer | None = "tanh", use_bias: bool = True) -> None:
        self.input_size: int = _size(n_in, "n_in", self)
        self.output_size = _size(n_out, "n_out", self)
        self.activation = activation if isinstance(activation, Layer) else check_activation(activation)
        self.use_bias = bool(use_bias)

    @property
    def n_in(self) -> int:
        """The number of inputs."""
        return self.input_size

    @property
    def n_out(self) -> int:
        """The number of outputs."""
        return self.output_size

    def own_parameters(self) -> dict[str, Shape]:
        """``W`` of shape ``(n_out, n_in)``, and with a bias ``b`` of shape ``(n_out,)``."""
        W = (self.output_size, self.input_size)
        return {"W": W, "b": (self.output_size,)} if self.use_bias else {"W": W}

    def output_shape(self, input_shape: Shape | None) -> Shape:
        """``(n_out,)``, behind further axes of the input."""
        return (*(input_shape or ())[:-1], self.output_size)

    def __call__(self, x: Any, ps: Any) -> Node:
        """The expression ``activation(W @ x + b)``, of shape ``(..., n_out)``, for an input of shape ``(..., n_in)``.

        Raises:
            ShapeError: the last axis of the input has another length.
        """
        node = eg.as_expression(x)
        if node.ndim > 1 and node.shape[-1] == self.input_size:
            return over_leading_axes(lambda v: self(v, ps), node, 1)
        if node.shape != (self.input_size,):
            raise ShapeError(f"{self!r} takes an input of shape ({self.input_size},), got shape {node.shape}")
        z = eg.as_expression(ps["W"]) @ node
        if self.use_bias:
            z = z + ps["b"]
        if isinstance(self.activation, Layer):
            return with_shape_kept(self.activation, z, self.apply_inner("activation", z, ps))
        return activate(self.activation, z)

    def constructor_arguments(self) -> Arguments:
        """The sizes and the activation, and ``use_bias`` if it is False."""
        return (self.n_in, self.n_out, self.activation), {} if self.use_bias else {"use_bias": False}


class Linear(Dense):
    """``W @ x``: no bias, no activation.

    Args:
        n_in, n_out: the numbers of inputs and outputs; ``W`` has shape ``(n_out, n_in)``.

    Raises:
        ShapeError: a size is not a positive integer.

    >>> from symnn import Linear, NeuralNetwork
    >>> NeuralNetwork(Linear(2, 1), {"L1": {"W": [[3.0, 4.0]]}})([1.0, 10.0])
    array([43.])
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__(n_in, n_out, "identity", use_bias=False)

    def constructor_arguments(self) -> Arguments:
        """The sizes."""
        return (self.n_in, self.n_out), {}


class Affine(Dense):
    """``W @ x + b``: no activation.

    Args:
        n_in, n_out: the numbers of inputs and outputs; ``W`` has shape ``(n_out, n_in)``, ``b`` has shape ``(n_out,)``.

    Raises:
        ShapeError: a size is not a positive integer.

    >>> from symnn import Affine, NeuralNetwork
    >>> NeuralNetwork(Affine(2, 1), {"L1": {"W": [[3.0, 4.0]], "b": [0.5]}})([1.0, 10.0])
    array([43.5])
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__(n_in, n_out, "identity")

    def constructor_arguments(self) -> Arguments:
        """The sizes."""
        return (self.n_in, self.n_out), {}


def _size(value: Any, name: str, layer: Layer) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise ShapeError(f"{type(layer).__name__}: {name} is a positive integer, got {value!r} ({type(value).__name__})")
    if value < 1:
        raise ShapeError(f"{type(layer).__name__}: {name} is a positive integer, got {value}")
    return int(value)


__all__ = ["Affine", "Dense", "Linear"]
