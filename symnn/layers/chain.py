"""Chains of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import exprgraph as eg
from exprgraph import Node

from ..errors import AxisError, ShapeError
from ..parameters.container import NeuralNetworkParameters, container_of
from ..parameters.layout import Shape
from .layer import Layer, applied, as_layer, depends_on_tokens, fitting_shapes


class Chain(Layer):
    """A sequence of layers, chains and plain functions of an expression.

    Parameters are named by the position of their layer in the chain: ``L1``, ``L2``, ...; plain functions are
    counted too.  The parameters of a nested chain have names such as ``L2.L1.W``.

    Raises:
        ShapeError: the sizes of two neighbours do not fit; the message names them.

    >>> from symnn import Chain, Dense, Linear
    >>> c = Chain(Dense(2, 3, "tanh"), Linear(3, 1))
    >>> c
    Chain(Dense(2, 3, 'tanh'), Linear(3, 1))
    >>> c.initial_parameters(seed=0).size
    12
    """

    #: each layer says it for itself, and plain functions get the whole array
    input_axes = None

    def __init__(self, *layers: Layer | Callable[[Node], Any]) -> None:
        if not layers:
            raise ShapeError("a Chain needs at least one layer, as in Chain(Dense(2, 1))")
        self.layers = tuple(as_layer(f, f"layer {i} of a Chain") for i, f in enumerate(layers, 1))
        self._check_neighbours()

    def _check_neighbours(self) -> None:
        n = self.input_size
        if fitting_shapes(self) == (None, None) and n is not None:
            self._passed((4, n), unknown=True)

    @property
    def input_size(self) -> int | None:  # type: ignore[override]
        """The number of inputs of the first layer; ``None`` if it takes any number."""
        return self.layers[0].input_size

    def inner_layers(self) -> dict[str, Layer]:
        """The layers, named by position: ``L1``, ``L2``, ..."""
        return {f"L{i}": layer for i, layer in enumerate(self.layers, 1)}

    def output_shape(self, input_shape: Shape | None) -> Shape | None:
        """The shape of the last layer's output; ``None`` if it is unknown.

        Raises:
            ShapeError: the sizes of two neighbours, or of the input and the first layer, do not fit.
        """
        return self._passed(input_shape)

    def _passed(self, shape: Shape | None, unknown: bool = False) -> Shape | None:
        """The shape after all layers; with ``unknown``, none after a layer that does not fit it or depends on its first axis."""
        for i, layer in enumerate(self.layers):
            self._check_fit(i, shape)
            try:
                shape = layer.output_shape(shape)
            except (ShapeError, AxisError):
                if not unknown:
                    raise
                shape = None
            if unknown and depends_on_tokens(layer):
                shape = None
        return shape

    def _check_fit(self, i: int, shape: Shape | None) -> None:
        n = self.layers[i].input_size
        if n is None or shape is None or shape[-1:] == (n,):
            return
        came = f"{shape[0]} outputs" if len(shape) == 1 else f"an output of shape {shape}"
        if not i:
            raise ShapeError(f"layer 1 of the chain, {self.layers[0]!r}, takes an input of shape ({n},), got shape {shape}")
        raise ShapeError(
            f"layer {i + 1} of the chain, {self.layers[i]!r}, takes {n} inputs, but layer {i}, {self.layers[i - 1]!r}, gives {came}"
        )

    def __call__(self, x: Any, ps: Any) -> Node:
        """Apply the layers in sequence, to an input and parameters named ``L1``, ``L2``, ...

        Raises:
            ShapeError: a layer takes another shape.
            UnknownParameterError: the parameters of a layer are missing.
        """
        if not isinstance(ps, NeuralNetworkParameters):
            ps = container_of(ps) if isinstance(ps, Mapping) else NeuralNetworkParameters(ps)
        node = eg.as_expression(x)
        for i, layer in enumerate(self.layers):
            self._check_fit(i, node.shape)
            node = applied(layer, f"L{i + 1}", node, ps)
        return node

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __getitem__(self, index: int) -> Layer:
        if not -len(self.layers) <= index < len(self.layers):
            raise ShapeError(f"a chain of {len(self.layers)} layers has no layer {index}")
        return self.layers[index]


__all__ = ["Chain"]
