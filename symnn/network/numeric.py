"""Networks with numbers: a chain and its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..layers.chain import Chain
from ..layers.layer import Layer
from ..parameters.container import NeuralNetworkParameters
from ..parameters.layout import Shape
from .binding import bind_parameters
from .build import BuiltFunction, build_nn_function
from .symbolic import SymbolicNeuralNetwork, chain_of, input_shape_of


class NeuralNetwork:
    """A chain with numeric parameters, to call on numbers.

    Args:
        network: a chain, a layer, or another network, whose chain is taken.
        params: the parameters: a container, a nested dict, or a flat vector; by default initial ones.
        seed: the seed or generator for initial parameters.
        dtype: float64 or float32, for initial parameters.
        input_size: the number of inputs, if the first layer does not fix it.
        input_shape: the shape of one input, if it is not a vector: ``(tokens, features)``, or a grid.

    ``nn(x)`` evaluates the network at ``x`` of shape ``(d,)`` or ``input_shape``, or with any leading batch axes, by
    NumPy; ``nn(x, params)`` does so with other parameters.

    >>> from symnn import Chain, Dense, NeuralNetwork
    >>> nn = NeuralNetwork(Chain(Dense(2, 1, "tanh")), params={"L1": {"W": [[1.0, 0.0]], "b": [0.0]}})
    >>> nn([0.0, 5.0]), nn([[0.0, 5.0], [0.0, 6.0]]).shape
    (array([0.]), (2, 1))

    Raises:
        ShapeError, ParameterError: the parameters do not fit the chain.
    """

    def __init__(
        self,
        network: Chain | Layer | Any,
        params: Any = None,
        *,
        seed: int | np.random.Generator | None = None,
        dtype: Any = np.float64,
        input_size: int | None = None,
        input_shape: int | Sequence[int] | None = None,
    ) -> None:
        self.chain = chain_of(network)
        self.input_shape: Shape = input_shape_of(self.chain, network, input_size, input_shape)
        self._layout = self.chain.layout()
        self.params = self.chain.initial_parameters(seed, dtype) if params is None else params

    @property
    def input_size(self) -> int:
        """The number of inputs: the length of the input's last axis."""
        return self.input_shape[-1] if self.input_shape else 1

    @property
    def params(self) -> NeuralNetworkParameters:
        """The parameters; assigning checks that they fit, and copies."""
        return self._params

    @params.setter
    def params(self, value: Any) -> None:
        flat = np.array(bind_parameters(self._layout, value, check_shapes=True))
        self._params = NeuralNetworkParameters(
            self._layout.nest(iter([flat[s.offset : s.stop].reshape(s.shape) for s in self._layout.slots]))
        )

    @cached_property
    def _function(self) -> BuiltFunction:
        nn = SymbolicNeuralNetwork(self)
        return build_nn_function(nn.output, nn, backend="numpy")

    def __call__(self, x: Any, params: Any = None) -> Any:
        """The output at ``x`` of shape ``input_shape``, or with more axes in front, with these or with other parameters; by NumPy.

        Raises:
            ShapeError, ParameterError: the input or the parameters do not fit.
        """
        return self._function(x, self._params if params is None else params)

    def __repr__(self) -> str:
        return f"NeuralNetwork({self.chain!r}, {self._layout.size} parameters, {self._params.dtype})"
