"""Layers that contain the gradient of a network by its input.

Each is a step of an integrator.  A chain of them, and its derivatives, grow linearly with the number of layers.
Sources: Jin et al., "SympNets" (2020); Horn et al., "Generalized Hamiltonian neural networks" (2024).
"""

from __future__ import annotations

from typing import Any

import exprgraph as eg
from exprgraph import Node

from ..errors import ShapeError
from ..layers.calls import Arguments
from ..layers.layer import Layer, as_layer
from ..parameters.layout import Shape
from ..quantities import number
from .hamiltonian import rotated
from .states import degrees_of_freedom, scalar_of


def potential_gradient(inner: Layer, at: Node, ps: Any) -> Node:
    x = eg.Symbol("inner input", at.shape, per_sample=True)
    g: Node = eg.substitute(eg.gradient(scalar_of(inner(x, ps), "a potential"), x), {x: at})
    return g


class GradientLayer(Layer):
    """``grad V(x)`` of an inner layer or chain with one output.  The parameters are those of V.

    >>> from symnn import Chain, Dense, SymbolicNeuralNetwork
    >>> from symnn.physics import GradientLayer
    >>> V = Chain(Dense(2, 3, "tanh"), Dense(3, 1, "identity", use_bias=False))
    >>> SymbolicNeuralNetwork(Chain(*[GradientLayer(V)] * 4)).output.shape
    (2,)
    """

    def __init__(self, inner: Layer) -> None:
        self.inner = as_layer(inner, type(self).__name__)
        n = self.inner.input_size
        if n is not None and self.inner.output_shape((n,)) not in ((1,), ()):
            raise ShapeError(f"{type(self).__name__}: {inner!r} must have one output")

    def inner_layers(self) -> dict[str, Layer]:
        """The inner layer, whose parameters keep their names."""
        return {"": self.inner}

    def output_shape(self, input_shape: Shape | None) -> Shape | None:
        """The input's shape."""
        return input_shape

    def __call__(self, x: Any, ps: Any) -> Node:
        """The gradient as an expression, of the input's shape."""
        return potential_gradient(self.inner, eg.as_expression(x), ps)


class HamiltonianLayer(GradientLayer):
    """``z + step * J grad H(z)``: a step of explicit Euler.  The inner chain is the energy H.

    Args:
        inner: a layer or chain with an even number of inputs, positions then momenta, and one output.
        step: the length of a step in time, a finite number.

    Raises:
        ShapeError: the inner chain has several outputs.
        ArgumentError: the step is not a finite number.

    >>> from symnn import Chain, Dense, SymbolicNeuralNetwork
    >>> from symnn.physics import HamiltonianLayer
    >>> H = Chain(Dense(2, 3, "tanh"), Dense(3, 1, "identity", use_bias=False))
    >>> SymbolicNeuralNetwork(Chain(HamiltonianLayer(H, 0.1), HamiltonianLayer(H, 0.1))).output.shape
    (2,)
    """

    def __init__(self, inner: Layer, step: float = 0.1) -> None:
        super().__init__(inner)
        self.step = number(f"{type(self).__name__}'s step", step)

    def __call__(self, x: Any, ps: Any) -> Node:
        """The state after the step as an expression, of the state's shape."""
        z = eg.as_expression(x)
        return z + self.step * rotated(potential_gradient(self.inner, z, ps))


class SeparableLayer(Layer):
    """A step of symplectic Euler with ``H(q, p) = T(p) + V(q)``; exactly symplectic.

    ``p' = p - step * grad V(q)``, ``q' = q + step * grad T(p')``.

    >>> from symnn import Chain, Dense
    >>> from symnn.physics import SeparableLayer
    >>> T = V = Chain(Dense(1, 4), Dense(4, 1, "identity"))
    >>> SeparableLayer(T, V).initial_parameters(0).size
    26
    """

    def __init__(self, kinetic: Layer, potential: Layer, step: float = 0.1) -> None:
        self.kinetic, self.potential = GradientLayer(kinetic), GradientLayer(potential)
        self.step = number("SeparableLayer's step", step)
        if self.kinetic.input_size != self.potential.input_size:
            raise ShapeError(f"as many momenta as positions: {kinetic!r} and {potential!r} take different inputs")

    @property
    def input_size(self) -> int | None:  # type: ignore[override]
        """Twice as many as each of the inner layers takes."""
        n = self.kinetic.input_size
        return None if n is None else 2 * n

    def inner_layers(self) -> dict[str, Layer]:
        """The kinetic part by the name ``T``, the potential by ``V``."""
        return {"T": self.kinetic, "V": self.potential}

    def output_shape(self, input_shape: Shape | None) -> Shape | None:
        """The input's shape."""
        return input_shape

    def __call__(self, x: Any, ps: Any) -> Node:
        """The state after the step as an expression, of the state's shape.

        Raises:
            ShapeError: the state is not a vector of even length.
        """
        z = eg.as_expression(x)
        n = degrees_of_freedom(z)
        p = z[n:] - self.step * self.apply_inner("V", z[:n], ps)
        q = z[:n] + self.step * self.apply_inner("T", p, ps)
        return eg.concatenate([q, p])

    def constructor_arguments(self) -> Arguments:
        """The two inner layers and the step."""
        return (self.kinetic.inner, self.potential.inner), {"step": self.step}


__all__ = ["GradientLayer", "HamiltonianLayer", "SeparableLayer"]
