"""Derivatives of networks and of expressions: by the input, and by the parameters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any

import exprgraph as eg
from exprgraph import Node

from ..parameters.container import NeuralNetworkParameters, of_expressions
from ..parameters.gradient_container import GradientContainer
from ..quantities import described
from .owners import refuse_clashes
from .symbolic import SymbolicNeuralNetwork


def expression_of(f: Any) -> Node:
    """The differentiated expression.

    A network stands for its output, a derivative for its expression, a container of parameters for
    its flat vector; lists and tuples of these are stacked.
    """
    if isinstance(f, SymbolicNeuralNetwork):
        return f.output
    if isinstance(f, Derivative):
        return expression_of(f.derivative)
    if isinstance(f, NeuralNetworkParameters):
        return eg.as_expression(f.flat)
    if isinstance(f, (list, tuple)):
        return eg.stack([expression_of(part) for part in f])
    return eg.as_expression(f)


class Derivative(ABC):
    """The base of :class:`Jacobian`, :class:`Gradient`, :class:`Hessian` and :class:`Laplacian`.

    Attributes:
        f: the expression that is differentiated.
        nn: the symbolic network by whose input or parameters ``f`` is differentiated; for a gradient also a container of
            symbols, or a :class:`Model`.

    Raises:
        TypeError: there is no symbolic network to differentiate by.
        ParameterError: the expression has symbols of several networks under one name.

    >>> from symnn import Dense, Derivative, Hessian, SymbolicNeuralNetwork
    >>> d = Hessian(SymbolicNeuralNetwork(Dense(2, 1)))
    >>> isinstance(d, Derivative), d.shape
    (True, (1, 2, 2))
    """

    def __init__(self, f: Any, nn: Any = None) -> None:
        name = type(self).__name__
        if nn is None:
            if not isinstance(f, SymbolicNeuralNetwork):
                raise TypeError(
                    f"{name}(f) needs the network as well, {name}(f, nn), unless f is a SymbolicNeuralNetwork; got {described(f)}"
                )
            nn = f
        if not self._takes(nn):
            hint = "; make one with SymbolicNeuralNetwork(...)" if hasattr(nn, "chain") or hasattr(nn, "parameter_shapes") else ""
            if isinstance(nn, Node):
                hint = f"; the derivative by a symbol is exprgraph.{name.lower()}(f, x)"
            if isinstance(nn, NeuralNetworkParameters) and nn.is_numeric:
                hint = " of numbers; a gradient is also by a container of symbols, as nn.params is"
            raise TypeError(f"{name}(f, nn): nn must be a SymbolicNeuralNetwork, got {described(nn)}{hint}")
        self.f = expression_of(f)
        self.nn = nn
        ps = nn if isinstance(nn, NeuralNetworkParameters) else nn.params
        inputs = [nn.input] if isinstance(nn, SymbolicNeuralNetwork) else []
        refuse_clashes([self.f], [*inputs, *ps.leaves().values()])

    def _takes(self, nn: Any) -> bool:
        """Whether the derivative is by something of it."""
        return isinstance(nn, SymbolicNeuralNetwork)

    @cached_property
    def derivative(self) -> Any:
        """The derivative: an expression, or for a gradient a container of expressions."""
        return self._differentiate()

    @abstractmethod
    def _differentiate(self) -> Any: ...

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the derivative; for a gradient, the shape of the differentiated expression."""
        shape: tuple[int, ...] = self.derivative.shape
        return shape

    def __repr__(self) -> str:
        of = self.nn.layout.describe() if isinstance(self.nn, NeuralNetworkParameters) else repr(self.nn)
        return f"<{type(self).__name__} of an expression of shape {self.f.shape}, by {self._by()} of {of}>"

    def _repr_latex_(self) -> str | None:
        shown: str | None = self.derivative._repr_latex_()
        return shown

    def _by(self) -> str:
        return "the input"

    def __tree_flatten__(self) -> tuple[Any, ...]:
        return (self.derivative,)

    def __tree_named__(self) -> Any:
        return self.derivative

    def __tree_unflatten__(self, children: Any) -> Any:
        return children[0]


class Jacobian(Derivative):
    """The derivative by the network's input: ``J[i, j] = d f[i] / d x[j]``, shape ``f.shape + x.shape``.

    ``Jacobian(nn)`` differentiates the output, ``Jacobian(f, nn)`` any expression, derivative, or
    list of them.

    >>> from symnn import Dense, Jacobian, SymbolicNeuralNetwork, derivative
    >>> nn = SymbolicNeuralNetwork(Dense(2, 1, "tanh", use_bias=False))
    >>> derivative(Jacobian(nn)).shape
    (1, 2)
    """

    def _differentiate(self) -> Node:
        return eg.jacobian(self.f, self.nn.input)


def by_parameters(f: Node, ps: NeuralNetworkParameters) -> GradientContainer:
    """The derivatives of ``f`` by every parameter."""
    symbols = list(ps.leaves().values())
    leaves = eg.jacobians(f, symbols) if symbols else []
    made = of_expressions(ps.layout, leaves, f.shape, GradientContainer)
    assert isinstance(made, GradientContainer)
    return made


class Gradient(Derivative):
    """The derivatives of each entry of ``f`` by all parameters, a :class:`GradientContainer`.

    ``Gradient(nn)`` differentiates the output, ``Gradient(f, nn)`` any expression, derivative, or
    list of them.  It is per sample, unless ``f`` is a sum or a mean over the samples.  Instead of the network it takes a container
    of symbols, such as ``nn.params.L1``, and a :class:`Model` of several networks.

    >>> from symnn import Dense, Gradient, Jacobian, SymbolicNeuralNetwork, derivative
    >>> nn = SymbolicNeuralNetwork(Dense(2, 1, "tanh"))
    >>> g = derivative(Gradient(derivative(Jacobian(nn)), nn))
    >>> g[0, 0].L1.b.shape, g.L1.W.shape, g.flat.shape
    ((1,), (1, 2, 1, 2), (1, 2, 3))
    """

    def _takes(self, nn: Any) -> bool:
        if isinstance(nn, SymbolicNeuralNetwork):
            return True
        ps = nn if isinstance(nn, NeuralNetworkParameters) else getattr(nn, "params", None)
        return isinstance(ps, NeuralNetworkParameters) and not ps.is_numeric and all(map(eg.is_symbol, ps.leaves().values()))

    def _differentiate(self) -> GradientContainer:
        return by_parameters(self.f, self.nn if isinstance(self.nn, NeuralNetworkParameters) else self.nn.params)

    def _by(self) -> str:
        return "the parameters"


class Hessian(Derivative):
    """The second derivative by the network's input, shape ``f.shape + x.shape + x.shape``.

    >>> from symnn import Dense, Hessian, SymbolicNeuralNetwork, derivative
    >>> derivative(Hessian(SymbolicNeuralNetwork(Dense(2, 1, "tanh")))).shape
    (1, 2, 2)
    """

    def _differentiate(self) -> Node:
        return eg.hessian(self.f, self.nn.input)


class Laplacian(Derivative):
    """The trace of the Hessian, shape ``f.shape``; the Hessian itself is never formed.

    >>> from symnn import Dense, Laplacian, SymbolicNeuralNetwork, derivative
    >>> derivative(Laplacian(SymbolicNeuralNetwork(Dense(2, 1, "tanh")))).shape
    (1,)
    """

    def _differentiate(self) -> Node:
        return eg.laplacian(self.f, self.nn.input)


def derivative(d: Derivative) -> Any:
    """The derivative as an expression; of a :class:`Gradient`, as a container of expressions.

    >>> from symnn import Dense, Jacobian, SymbolicNeuralNetwork, derivative
    >>> nn = SymbolicNeuralNetwork(Dense(1, 1, "sin", use_bias=False))
    >>> derivative(Jacobian(nn)).shape
    (1, 1)
    """
    if not isinstance(d, Derivative):
        raise TypeError(f"derivative takes a Jacobian, Gradient, Hessian or Laplacian, got {described(d)}")
    return d.derivative
