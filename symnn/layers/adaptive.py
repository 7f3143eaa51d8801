"""Activations with a parameter."""

from __future__ import annotations

from typing import Any

import exprgraph as eg
from exprgraph import Node

from ..activations import Activation, activate, check_activation
from .calls import Arguments
from .layer import Layer
from .parameter import Parameter


class AdaptiveActivation(Layer):
    """``activation(slope * x)``, with a trainable slope that starts at 1.

    Use it as a layer, or as the activation of a :class:`Dense` layer.  All outputs share one slope.  Source: Jagtap,
    Kawaguchi, Karniadakis, "Adaptive activation functions accelerate convergence in deep and physics-informed neural
    networks" (2020).

    Args:
        activation: a name (see :func:`symnn.activations.activation_names`), or a function of an expression.

    Raises:
        ActivationError: the activation is unknown.

    >>> from symnn import AdaptiveActivation, Dense
    >>> layer = Dense(2, 3, AdaptiveActivation("tanh"))
    >>> layer, layer.initial_parameters(seed=0).activation.slope
    (Dense(2, 3, AdaptiveActivation('tanh')), array(1.))
    """

    def __init__(self, activation: Activation | None = "tanh") -> None:
        self.activation = check_activation(activation)

    def own_parameters(self) -> dict[str, Parameter]:
        """``slope``, a number that starts at 1."""
        return {"slope": Parameter((), initial=1)}

    def output_shape(self, input_shape: tuple[int, ...] | None) -> tuple[int, ...] | None:
        """The input's shape."""
        return input_shape

    def __call__(self, x: Any, ps: Any) -> Node:
        """The expression ``activation(slope * x)``, of the shape of the input."""
        return activate(self.activation, ps["slope"] * eg.as_expression(x))

    def constructor_arguments(self) -> Arguments:
        """The activation."""
        return (self.activation,), {}


__all__ = ["AdaptiveActivation"]
