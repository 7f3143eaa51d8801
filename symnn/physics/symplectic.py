"""Symplectic maps as layers: shears, networks of shears, and Hénon maps.

A shear changes the momenta by the gradient of a potential of the positions, or the positions by one of the momenta.  It is exactly
symplectic, and so is a sequence of shears; each has an exact inverse.
Sources: Jin, Zhang, Zhu, Tang, Karniadakis, "SympNets" (2020), whose gradient, linear and activation modules are the shears here;
Burby, Tang, Maulik, "Fast neural Poincaré maps for toroidal magnetic fields" (2020), for Hénon maps.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph import Node

from ..activations import Activation, activate, check_activation
from ..errors import ArgumentError, ShapeError
from ..layers.calls import Arguments
from ..layers.chain import Chain
from ..layers.layer import Layer, as_layer
from ..layers.parameter import Parameter
from ..parameters.layout import Shape
from ..quantities import count
from .layers import potential_gradient


def _small(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    """Initial values with which a map begins near the identity."""
    return 0.1 * rng.standard_normal(shape)


class _Shear(Layer):
    """The base of shears, ``(q, p + f(q))`` or ``(q + f(p), p)`` with ``f`` the gradient of a potential.

    A subclass defines :meth:`push`, whose Jacobian is symmetric.

    Args:
        n: the number of positions; a state has twice as many entries.
        changes: ``"p"`` or ``"q"``, what is changed.

    Raises:
        ArgumentError: ``n`` is not a positive whole number, or ``changes`` is neither.
    """

    def __init__(self, n: int, changes: str = "p") -> None:
        self.n = count(f"{type(self).__name__}: n", n)
        if changes not in ("p", "q"):
            raise ArgumentError(f'{type(self).__name__}: changes is "p" or "q", got {changes!r}')
        self.changes = changes
        self.input_size: int = 2 * self.n

    def push(self, x: Node, ps: Any) -> Node:
        """The change, of shape ``(n,)``, for the half of the state that stays."""
        raise NotImplementedError(f"{type(self).__name__} must define push(x, ps)")

    def output_shape(self, input_shape: Shape | None) -> Shape:
        """The state's shape."""
        return (2 * self.n,)

    def __call__(self, x: Any, ps: Any) -> Node:
        """The state after the shear, of the state's shape.

        Raises:
            ShapeError: the state is not a vector of ``2*n`` entries.
        """
        return self._sheared(x, ps, 1)

    def inverse(self, y: Any, ps: Any) -> Node:
        """The state before the shear, of the state's shape."""
        return self._sheared(y, ps, -1)

    def _sheared(self, x: Any, ps: Any, sign: int) -> Node:
        z = eg.as_expression(x)
        if z.shape != (2 * self.n,):
            raise ShapeError(f"{self!r} takes a state of shape ({2 * self.n},), got shape {z.shape}")
        q, p = z[: self.n], z[self.n :]
        if self.changes == "p":
            return eg.concatenate([q, p + sign * self.push(q, ps)])
        return eg.concatenate([q + sign * self.push(p, ps), p])


class GradientShear(_Shear):
    """The shear by ``K.T @ (a * activation(K @ x + b))``, the gradient module of SympNets.

    Args:
        n: the number of positions.
        width: the number of rows of ``K``, which has shape ``(width, n)``.
        activation: a name or a function of an expression, elementwise.
        changes: ``"p"`` or ``"q"``, what is changed.

    >>> from symnn import Chain, SymbolicNeuralNetwork
    >>> from symnn.physics import GradientShear
    >>> SymbolicNeuralNetwork(Chain(GradientShear(2, 10), GradientShear(2, 10, changes="q"))).output.shape
    (4,)
    """

    def __init__(self, n: int, width: int, activation: Activation = "tanh", changes: str = "p") -> None:
        super().__init__(n, changes)
        self.width = count("GradientShear: width", width)
        self.activation = check_activation(activation)

    def own_parameters(self) -> dict[str, Any]:
        """``K`` of shape ``(width, n)``, ``a`` and ``b`` of shape ``(width,)``."""
        return {"K": (self.width, self.n), "a": Parameter(self.width, initial=_small), "b": Parameter(self.width, initial=_small)}

    def push(self, x: Node, ps: Any) -> Node:
        """``K.T @ (a * activation(K @ x + b))``, of shape ``(n,)``."""
        K = eg.as_expression(ps["K"])
        pushed: Node = K.T @ (ps["a"] * activate(self.activation, K @ x + ps["b"]))
        return pushed

    def constructor_arguments(self) -> Arguments:
        """The sizes, the activation, and what is changed."""
        return (self.n, self.width), {"activation": self.activation, "changes": self.changes}


class LinearShear(_Shear):
    """The shear by ``(A + A.T) @ x + b``: a part of the linear module of SympNets.

    >>> from symnn.physics import LinearShear
    >>> LinearShear(2).parameter_shapes()
    {'A': (2, 2), 'b': (2,)}
    """

    def own_parameters(self) -> dict[str, Any]:
        """``A`` of shape ``(n, n)``, ``b`` of shape ``(n,)``."""
        return {"A": Parameter((self.n, self.n), initial=_small), "b": self.n}

    def push(self, x: Node, ps: Any) -> Node:
        """``(A + A.T) @ x + b``, of shape ``(n,)``."""
        A = eg.as_expression(ps["A"])
        pushed: Node = (A + A.T) @ x + ps["b"]
        return pushed


class ActivationShear(_Shear):
    """The shear by ``a * activation(x)``, the activation module of SympNets.

    >>> from symnn.physics import ActivationShear
    >>> ActivationShear(2, "sigmoid").parameter_shapes()
    {'a': (2,)}
    """

    def __init__(self, n: int, activation: Activation = "tanh", changes: str = "p") -> None:
        super().__init__(n, changes)
        self.activation = check_activation(activation)

    def own_parameters(self) -> dict[str, Any]:
        """``a`` of shape ``(n,)``."""
        return {"a": Parameter(self.n, initial=_small)}

    def push(self, x: Node, ps: Any) -> Node:
        """``a * activation(x)``, of shape ``(n,)``."""
        pushed: Node = ps["a"] * activate(self.activation, x)
        return pushed

    def constructor_arguments(self) -> Arguments:
        """The number of positions, the activation, and what is changed."""
        return (self.n,), {"activation": self.activation, "changes": self.changes}


class SympNet(Chain):
    """A network of shears: a symplectic map of a state, which it learns from states and later states.

    Args:
        n: the number of positions; a state has twice as many entries, positions then momenta.
        depth: of the kind ``"gradient"``, the number of gradient shears, which change momenta and positions in turn; of the kind
            ``"linear"``, the number of linear modules of four shears each, with a pair of activation shears between two.
        width: the width of gradient shears.
        activation: a name or a function of an expression, elementwise.
        kind: ``"gradient"`` (G-SympNet) or ``"linear"`` (LA-SympNet).

    Raises:
        ArgumentError: a number is not a positive whole number, or the kind is unknown.

    >>> from symnn import SymbolicNeuralNetwork
    >>> from symnn.physics import SympNet
    >>> nn = SymbolicNeuralNetwork(SympNet(1, depth=2, width=3))
    >>> len(nn.chain), nn.output.shape, nn.chain.inverse(nn.output, nn.params).shape
    (2, (2,), (2,))
    """

    def __init__(self, n: int, depth: int = 4, width: int = 20, activation: Activation = "tanh", kind: str = "gradient") -> None:
        self.n, self.depth, self.width = count("SympNet: n", n), count("SympNet: depth", depth), count("SympNet: width", width)
        self.activation, self.kind = check_activation(activation), kind
        if kind not in ("gradient", "linear"):
            raise ArgumentError(f'SympNet: kind is "gradient" or "linear", got {kind!r}')
        shears: list[_Shear] = []
        for k in range(self.depth):
            if kind == "gradient":
                shears.append(GradientShear(n, width, activation, "pq"[k % 2]))
                continue
            if k:
                shears += [ActivationShear(n, activation, c) for c in "pq"]
            shears += [LinearShear(n, c) for c in "pqpq"]
        super().__init__(*shears)

    def inverse(self, y: Any, ps: Any) -> Node:
        """The state before the map as an expression, of the state's shape: exact, shear by shear."""
        z = eg.as_expression(y)
        for k in reversed(range(len(self.layers))):
            layer = self.layers[k]
            assert isinstance(layer, _Shear)
            z = layer.inverse(z, ps[f"L{k + 1}"])
        return z

    def constructor_arguments(self) -> Arguments:
        """The sizes, the activation and the kind."""
        return (self.n, self.depth), {"width": self.width, "activation": self.activation, "kind": self.kind}


class HenonLayer(Layer):
    """Four Hénon maps ``(q, p) -> (p + eta, grad V(p) - q)`` of one potential: a symplectic map near the identity.

    Args:
        inner: V, a layer or chain with as many inputs as there are positions, and one output.

    Raises:
        ShapeError: V has several outputs, or takes any number of inputs.

    >>> from symnn import Chain, Dense, SymbolicNeuralNetwork
    >>> from symnn.physics import HenonLayer
    >>> V = Chain(Dense(1, 5), Dense(5, 1, "identity", use_bias=False))
    >>> SymbolicNeuralNetwork(Chain(HenonLayer(V), HenonLayer(V))).output.shape
    (2,)
    """

    def __init__(self, inner: Layer) -> None:
        self.inner = as_layer(inner, "HenonLayer")
        n = self.inner.input_size
        if n is None or self.inner.output_shape((n,)) not in ((1,), ()):
            raise ShapeError(f"HenonLayer: {inner!r} must have a fixed number of inputs and one output")
        self.n: int = n
        self.input_size: int = 2 * n

    def own_parameters(self) -> dict[str, Any]:
        """``eta`` of shape ``(n,)``."""
        return {"eta": self.n}

    def inner_layers(self) -> dict[str, Layer]:
        """The potential by the name ``V``."""
        return {"V": self.inner}

    def output_shape(self, input_shape: Shape | None) -> Shape:
        """The state's shape."""
        return (2 * self.n,)

    def __call__(self, x: Any, ps: Any) -> Node:
        """The state after the four maps, of the state's shape."""
        z = eg.as_expression(x)
        q, p = z[: self.n], z[self.n :]
        for _ in range(4):
            q, p = p + ps["eta"], potential_gradient(self.inner, p, ps["V"]) - q
        return eg.concatenate([q, p])

    def inverse(self, y: Any, ps: Any) -> Node:
        """The state before the four maps, of the state's shape."""
        z = eg.as_expression(y)
        q, p = z[: self.n], z[self.n :]
        for _ in range(4):
            before = q - ps["eta"]
            q, p = potential_gradient(self.inner, before, ps["V"]) - p, before
        return eg.concatenate([q, p])


__all__ = ["ActivationShear", "GradientShear", "HenonLayer", "LinearShear", "SympNet"]
