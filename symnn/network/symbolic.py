"""Symbolic networks: a chain applied to symbols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph import Node
from exprgraph.support.integers import normalize_shape

from ..errors import ArgumentError, ShapeError
from ..layers.chain import Chain
from ..layers.layer import Layer, needs_several_axes, symbolic_parameters
from ..layers.leading_axes import over_leading_axes
from ..parameters.container import NeuralNetworkParameters, container_of
from ..parameters.layout import Layout, Shape
from ..quantities import described
from .owners import register


def chain_of(network: Any) -> Chain:
    """The chain of a network or a layer; a chain is returned as it is."""
    chain = network if isinstance(network, Chain) else getattr(network, "chain", None)
    if isinstance(chain, Chain):
        return chain
    if isinstance(network, Layer):
        return Chain(network)
    hint = ""
    if isinstance(network, type):
        hint = "; make one, as in Dense(2, 1)"
    elif isinstance(network, (list, tuple)):
        hint = "; layers follow one another in a Chain: Chain(*layers)"
    elif callable(network):
        hint = "; a function is a layer of a Chain: Chain(f)"
    raise TypeError(f"expected a Chain, a layer or a network, got {described(network)}{hint}")


def symbolic(what: str, nn: Any) -> SymbolicNeuralNetwork:
    """Check that an argument is a symbolic network; the error says how to make one."""
    if isinstance(nn, SymbolicNeuralNetwork):
        return nn
    made = isinstance(nn, Layer) or isinstance(getattr(nn, "chain", None), Chain)
    raise TypeError(f"{what} takes a SymbolicNeuralNetwork, got {described(nn)}{'; make one: SymbolicNeuralNetwork(...)' * made}")


def input_shape_of(chain: Chain, network: Any, size: int | None, shape: Any) -> Shape:
    """The shape of the input, from the caller, from a network, or of the size that the first layer has."""
    if shape is None and size is None:
        shape = getattr(network, "input_shape", None)
    if shape is None:
        return (input_size_of(chain, getattr(network, "input_size", None) if size is None else size),)
    if size is not None:
        raise ArgumentError("give the input's shape, input_shape=, or the length of a vector, input_size=, not both")
    try:
        found = normalize_shape(shape)
    except ShapeError as error:
        raise ShapeError(f"input_shape: {error}") from None
    if 0 in found:
        raise ShapeError(f"input_shape has positive entries, got {found}")
    own = chain.input_size
    if own is not None and found[-1:] != (own,):
        raise ShapeError(
            f"input_shape={found} does not fit the first layer, {chain[0]!r}, which takes {own} inputs: the last axis has that length"
        )
    return found


def input_size_of(chain: Chain, given: int | None) -> int:
    """The number of inputs, from the first layer, or from the caller if the layer takes any number."""
    own = chain.input_size
    if own is None and given is None:
        raise ShapeError(
            f"the first layer, {chain[0]!r}, takes inputs of any size; "
            "make the network first, and say how many there are: SymbolicNeuralNetwork(chain, input_size=...), "
            "or which shape an input has: input_shape=..."
        )
    if given is None:
        assert own is not None
        return own
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)) or given < 1:
        raise ShapeError(f"input_size is a positive integer, got {given!r}")
    if own is not None and given != own:
        raise ShapeError(f"input_size={given} does not fit the first layer, {chain[0]!r}, which takes {own} inputs")
    return int(given)


class SymbolicNeuralNetwork:
    """A network of symbols; its output is an expression.

    Args:
        network: a chain, a layer, or a :class:`NeuralNetwork`.
        input_size: the number of inputs, if the first layer does not fix it.
        prefix: the beginning of the parameters' names.  Symbols of one name and shape are the same
            symbol, so two networks in one expression need different prefixes.
        input_shape: the shape of one input, if it is not a vector: ``(tokens, features)``, or a grid.  Layers act on the last axis.
        input_name: the name of the input; by default ``sinput``, and with another prefix ``V_input``, so that networks that meet in
            an expression have inputs of their own.  Networks of one input are given one name, ``input_name=u.input.name``.

    Attributes:
        input: a symbol, of shape ``(input_size,)`` or ``input_shape``, with a value for each sample.
        params: a symbol for each parameter, named ``W_1``, ``W_2``, ... in order over the whole network.
        output: the expression of the network, ``model(input, params)``.

    >>> from symnn import Chain, Dense, SymbolicNeuralNetwork
    >>> nn = SymbolicNeuralNetwork(Chain(Dense(2, 1, "tanh")))
    >>> nn.params.L1.W, nn.params.L1.b
    (W_1, W_2)
    >>> nn.output
    [tanh(W_2[0] + W_1[0, 0]*sinput[0] + W_1[0, 1]*sinput[1])]

    Raises:
        ShapeError: the sizes of two layers do not fit, or the number of inputs is not known.
    """

    def __init__(
        self,
        network: Chain | Layer | Any,
        *,
        input_size: int | None = None,
        prefix: str = "W",
        input_shape: int | Sequence[int] | None = None,
        input_name: str | None = None,
    ) -> None:
        self.chain = chain_of(network)
        shape = input_shape_of(self.chain, network, input_size, input_shape)
        name = input_name if input_name is not None else "sinput" if prefix == "W" else f"{prefix}_input"
        self.input = eg.Symbol(name, shape, per_sample=True)
        self.params = symbolic_parameters(self.chain.layout(), prefix)
        try:
            self.output = self.chain(self.input, self.params)
        except ShapeError as error:
            if input_shape is None and needs_several_axes(self.chain):
                hint = f"say which shape an input has, as in SymbolicNeuralNetwork(chain, input_shape=(10, {shape[-1]}))"
                raise ShapeError(f"{error}; {hint}") from None
            raise
        register(self.chain, self.input, self.params.leaves(), self.output)

    @property
    def input_size(self) -> int:
        """The number of inputs: the length of the input's last axis."""
        return self.input.shape[-1] if self.input.shape else 1

    @property
    def input_shape(self) -> Shape:
        """The shape of one input."""
        return self.input.shape

    @property
    def output_shape(self) -> Shape:
        """The shape of the output of one sample."""
        return self.output.shape

    @property
    def layout(self) -> Layout:
        """Names and shapes of the parameters, and their offsets in the flat vector."""
        return self.params.layout

    def model(self, x: Any, ps: Any = None) -> Node:
        """The network applied to another input, or to other parameters (by default ``params``), nested or as one vector.

        An input with further axes in front is an array of inputs: the network is mapped over these axes (:func:`exprgraph.vmap`).

        >>> from symnn import Dense, SymbolicNeuralNetwork
        >>> nn = SymbolicNeuralNetwork(Dense(2, 1, "tanh"))
        >>> nn.model(2 * nn.input).shape
        (1,)
        >>> import exprgraph as eg
        >>> nn.model(eg.Symbol("grid", (20, 30, 2))).shape
        (20, 30, 1)

        Raises:
            ShapeError: the shape of ``x`` does not end with the input's shape (write expressions for one sample).
            ParameterError: a parameter is missing.
        """
        if isinstance(x, (NeuralNetworkParameters, Mapping)):
            raise TypeError(f"model(x, ps): the input comes first, then the parameters; got {described(x)} as the input")
        node = eg.as_expression(x)
        if node.shape[max(node.ndim - self.input.ndim, 0) :] != self.input.shape:
            raise ShapeError(f"the model takes an input of shape {self.input.shape} (one sample), got shape {node.shape}")
        if ps is None:
            ps = self.params
        elif isinstance(ps, (Node, np.ndarray)):
            ps = self.params.like(ps)
        elif not isinstance(ps, NeuralNetworkParameters):
            ps = container_of(ps) if isinstance(ps, Mapping) else NeuralNetworkParameters(ps)
        for own, slot in zip(self.layout.slots, self.layout.order(ps.layout)):
            if own.shape != slot.shape:
                raise ShapeError(f"{own.name}: expected {own.shape}, got {slot.shape}")
        made = over_leading_axes(lambda v: self.chain(v, ps), node, self.input.ndim)
        if ps is self.params:
            register(self.chain, self.input, ps.leaves(), made)
        return made

    # in nested equations, a network is its output

    def __tree_flatten__(self) -> tuple[Node]:
        return (self.output,)

    def __tree_unflatten__(self, children: Any) -> Any:
        return children[0]

    def __tree_named__(self) -> Node:
        return self.output

    def __repr__(self) -> str:
        return f"SymbolicNeuralNetwork({self.chain!r})"


def params(nn: Any) -> NeuralNetworkParameters:
    """The parameters of a network: symbols of a symbolic one, numbers of a numeric one.

    >>> from symnn import Dense, SymbolicNeuralNetwork, params
    >>> params(SymbolicNeuralNetwork(Dense(2, 1))).L1.W
    W_1
    """
    value = getattr(nn, "params", None)
    if not isinstance(value, NeuralNetworkParameters):
        hint = "; initial_parameters(seed) are numbers for it, SymbolicNeuralNetwork(...) has symbols" if isinstance(nn, Layer) else ""
        raise TypeError(f"params takes a network, got {described(nn)}{hint}")
    return value
