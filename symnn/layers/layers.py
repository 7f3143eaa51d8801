"""Layers: what maps an expression and parameters to an expression."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph.graph.leaves import as_node
from exprgraph.graph.node import Node

from ..activations import Activation, activate, check_activation, describe
from ..errors import DTypeError, ShapeError
from ..parameters.container import NeuralNetworkParameters
from ..parameters.initialization import glorot_uniform
from ..parameters.layout import Layout, Shape
from ..quantities import described, generator


class Layer:
    """The base of all layers.  A subclass says which parameters it has and what it computes.

    Override :meth:`parameter_shapes` and :meth:`__call__`; :attr:`input_size` too, where the layer
    fixes it.  A layer whose attributes are equal is equal, and prints its attributes.

    >>> import exprgraph as eg
    >>> from symnn import Chain, Dense, Layer, SymbolicNeuralNetwork
    >>> class Scale(Layer):
    ...     def __init__(self, n):
    ...         self.n = n
    ...     def parameter_shapes(self):
    ...         return {"s": (self.n,)}
    ...     def __call__(self, x, ps):
    ...         return (1 + ps.s) * x  # vectors begin at 0
    >>> nn = SymbolicNeuralNetwork(Chain(Dense(2, 3), Scale(3)))
    >>> nn.output.shape, nn.params.L2.s
    ((3,), W_3)
    """

    #: how many inputs the layer takes; ``None`` if it takes any
    input_size: int | None = None

    def parameter_shapes(self) -> Mapping[str, Any]:
        """The shape of each parameter by its name; mappings nest.  None by default."""
        return {}

    def __call__(self, x: Any, ps: Any) -> Node:
        """The layer's expression of an input and of parameters."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(x, ps)")

    def layout(self) -> Layout:
        """Names, shapes and order of the parameters."""
        shapes = self.parameter_shapes()
        if not isinstance(shapes, Mapping):
            raise TypeError(f"{type(self).__name__}: parameter_shapes() gives a dict from names to shapes, got {described(shapes)}")
        return Layout.of_shapes(shapes)

    def output_shape(self, input_shape: Shape | None) -> Shape | None:
        """The shape of the output, found by applying the layer; ``None`` where it is not known."""
        if input_shape is None:
            return None
        x = eg.Symbol("x", input_shape, per_sample=True)
        return made_by(self, self(x, symbolic_parameters(self.layout()))).shape

    def initial_parameters(self, seed: int | np.random.Generator | None = None, dtype: Any = np.float64) -> NeuralNetworkParameters:
        """Parameters to start from: matrices Glorot-uniform, vectors and numbers zero.

        Args:
            seed: an integer, or a NumPy generator, which is advanced; ``None`` for one from the system.
            dtype: float64 or float32.

        >>> from symnn import Dense
        >>> Dense(2, 3).initial_parameters(0).b
        array([0., 0., 0.])
        """
        rng = generator("seed", seed)
        layout = self.layout()
        leaves = [glorot_uniform(s.shape, rng) if len(s.shape) > 1 else np.zeros(s.shape) for s in layout.slots]
        return NeuralNetworkParameters(layout.nest(iter(leaves))).astype(dtype)

    def _arguments(self) -> str:
        return ", ".join(f"{k}={v!r}" for k, v in vars(self).items())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._arguments()})"

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), repr(self)))


class Dense(Layer):
    """A fully connected layer, ``activation(W @ x + b)``.

    Args:
        n_in, n_out: how many inputs and outputs; ``W`` has shape ``(n_out, n_in)``, ``b`` ``(n_out,)``.
        activation: a name (see :func:`symnn.activations.activation_names`), or any function of an expression.
        use_bias: whether there is a ``b``.

    Raises:
        ShapeError: a size is not a positive integer.
        ActivationError: the activation is not known.

    >>> from symnn import Dense
    >>> Dense(2, 3, "tanh").parameter_shapes()
    {'W': (3, 2), 'b': (3,)}
    """

    def __init__(self, n_in: int, n_out: int, activation: Activation | None = "tanh", use_bias: bool = True) -> None:
        self.input_size: int = _size(n_in, "n_in", self)
        self.output_size = _size(n_out, "n_out", self)
        self.activation = check_activation(activation)
        self.use_bias = bool(use_bias)

    def parameter_shapes(self) -> dict[str, Shape]:
        """``W`` of shape ``(n_out, n_in)``, and ``b`` of shape ``(n_out,)`` if there is one."""
        W = (self.output_size, self.input_size)
        return {"W": W, "b": (self.output_size,)} if self.use_bias else {"W": W}

    def output_shape(self, input_shape: Shape | None) -> Shape:
        """``(n_out,)``, whatever the input."""
        return (self.output_size,)

    def __call__(self, x: Any, ps: Any) -> Node:
        """The expression ``activation(W @ x + b)``, of shape ``(n_out,)``, of an input of shape ``(n_in,)``.

        Raises:
            ShapeError: the input has another shape.
        """
        node = as_node(x)
        if node.shape != (self.input_size,):
            raise ShapeError(f"{self!r} takes an input of shape ({self.input_size},), got shape {node.shape}")
        z = as_node(ps["W"]) @ node
        return activate(self.activation, z + ps["b"] if self.use_bias else z)

    def _arguments(self) -> str:
        bias = "" if self.use_bias else ", use_bias=False"
        return f"{self.input_size}, {self.output_size}, {describe(self.activation)}{bias}"


class Linear(Dense):
    """``W @ x``: no bias, no activation.

    Args:
        n_in, n_out: how many inputs and outputs; ``W`` has shape ``(n_out, n_in)``.

    Raises:
        ShapeError: a size is not a positive integer.

    >>> from symnn import Linear, NeuralNetwork
    >>> NeuralNetwork(Linear(2, 1), {"L1": {"W": [[3.0, 4.0]]}})([1.0, 10.0])
    array([43.])
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__(n_in, n_out, "identity", use_bias=False)

    def _arguments(self) -> str:
        return f"{self.input_size}, {self.output_size}"


class Affine(Dense):
    """``W @ x + b``: no activation.

    Args:
        n_in, n_out: how many inputs and outputs; ``W`` has shape ``(n_out, n_in)``, ``b`` ``(n_out,)``.

    Raises:
        ShapeError: a size is not a positive integer.

    >>> from symnn import Affine, NeuralNetwork
    >>> NeuralNetwork(Affine(2, 1), {"L1": {"W": [[3.0, 4.0]], "b": [0.5]}})([1.0, 10.0])
    array([43.5])
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__(n_in, n_out, "identity")

    def _arguments(self) -> str:
        return f"{self.input_size}, {self.output_size}"


class FunctionLayer(Layer):
    """A plain Python function of an expression, as a layer without parameters."""

    def __init__(self, function: Callable[[Node], Any]) -> None:
        self.function = function

    def __call__(self, x: Any, ps: Any = None) -> Node:
        return as_node(self.function(as_node(x)))

    def __repr__(self) -> str:
        return describe(self.function)


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
        n = self.inner.input_size
        if n is not None:
            self._check((n,), self.inner.output_shape((n,)))

    @property
    def input_size(self) -> int | None:  # type: ignore[override]
        """That of ``f``."""
        return self.inner.input_size

    def _check(self, before: Shape, after: Shape | None) -> None:
        if before != after:
            raise ShapeError(
                f"Residual adds a layer's input to its output, so it must keep the shape: {self.inner!r} makes {after} of {before}"
            )

    def parameter_shapes(self) -> Mapping[str, Any]:
        """Those of ``f``."""
        return self.inner.parameter_shapes()

    def initial_parameters(self, seed: int | np.random.Generator | None = None, dtype: Any = np.float64) -> NeuralNetworkParameters:
        """Those of ``f``."""
        return self.inner.initial_parameters(seed, dtype)

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
        node = as_node(x)
        y = self.inner(node, ps)
        self._check(node.shape, y.shape)
        return node + y

    def _arguments(self) -> str:
        return repr(self.inner)


def as_layer(value: Any, where: str) -> Layer:
    """A layer as it is, a function as a layer without parameters."""
    if isinstance(value, Layer):
        return value
    if isinstance(value, type):
        raise TypeError(f"{where}: expected a layer, got the class {value.__name__}; make one, as in Dense(2, 1)")
    if not callable(value):
        hint = ""
        if isinstance(value, str):
            known = f"eg.{value}" if value in eg.__all__ else "eg.tanh"
            hint = f"; an activation by itself is a function, {known}, and by name belongs to a layer, Dense(2, 1, {value!r})"
        elif isinstance(value, (list, tuple)):
            hint = "; give layers one by one: Chain(*layers)"
        raise TypeError(f"{where}: expected a layer, a chain or a function of an expression, got {described(value)}{hint}")
    return FunctionLayer(value)


def made_by(layer: Layer, given: Any) -> Node:
    """What a layer gave, as an expression, or an error that names the layer."""
    try:
        return as_node(given)
    except (DTypeError, ShapeError) as error:
        raise type(error)(f"the layer {layer!r} gave no expression: {error}") from None


def symbolic_parameters(layout: Layout, prefix: str = "W") -> NeuralNetworkParameters:
    """A symbol for each parameter, numbered from 1 over the whole layout."""
    names = (eg.Symbol(f"{prefix}_{i}", s.shape) for i, s in enumerate(layout.slots, 1))
    return NeuralNetworkParameters(layout.nest(names))


def _size(value: Any, name: str, layer: Layer) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise ShapeError(f"{type(layer).__name__}: {name} is a positive integer, got {value!r} ({type(value).__name__})")
    if value < 1:
        raise ShapeError(f"{type(layer).__name__}: {name} is a positive integer, got {value}")
    return int(value)
