"""Systems with energy and entropy: the energy stays, the entropy never falls (GENERIC).

``dz/dt = L grad E + M grad S`` with a skew L, a positive semidefinite M, ``L grad S = 0`` and ``M grad E = 0``.
Sources: Grmela, Öttinger, "Dynamics and thermodynamics of complex fluids" (1997); Zhang, Shin, Karniadakis, "GFINNs" (2022), whose
matrices satisfy these conditions for all parameters.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph import Node

from ..errors import ShapeError
from ..layers.layer import Layer, as_layer
from ..layers.parameter import Parameter
from ..parameters.layout import Shape
from ..quantities import count
from .layers import potential_gradient


def _unit(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    drawn: np.ndarray = rng.standard_normal(shape) / np.sqrt(shape[-1])
    return drawn


class GenericField(Layer):
    """The velocity of a system that keeps its energy and gains entropy, for all parameters.

    With ``Q`` the rows ``grad S . A`` for skew matrices A, ``L = Q.T @ B @ Q`` with a skew B; with ``R`` the rows
    ``grad E . F`` for skew matrices F, ``M = R.T @ C @ C.T @ R``.  Then ``L grad S`` and ``M grad E`` are zero.

    Args:
        energy, entropy: layers or chains with the state as input and one output.
        rank: the number of rows of Q and of R.

    Raises:
        ShapeError: the layers take different states, or any, or have several outputs.

    >>> from symnn import Chain, Dense, SymbolicNeuralNetwork
    >>> from symnn.physics import GenericField
    >>> E = S = Chain(Dense(3, 8), Dense(8, 1, "identity"))
    >>> nn = SymbolicNeuralNetwork(Chain(GenericField(E, S, rank=2)))
    >>> nn.output.shape, list(nn.params.L1)
    ((3,), ['A', 'B', 'F', 'C', 'energy', 'entropy'])
    """

    def __init__(self, energy: Layer, entropy: Layer, rank: int = 2) -> None:
        self.energy, self.entropy = as_layer(energy, "GenericField: energy"), as_layer(entropy, "GenericField: entropy")
        self.rank = count("GenericField: rank", rank)
        n = self.energy.input_size
        if n is None or n != self.entropy.input_size:
            raise ShapeError(f"GenericField: energy and entropy take the same state, got {self.energy!r} and {self.entropy!r}")
        for layer in (self.energy, self.entropy):
            if layer.output_shape((n,)) not in ((1,), ()):
                raise ShapeError(f"GenericField: {layer!r} must have one output")
        self.input_size: int = n

    def own_parameters(self) -> dict[str, Any]:
        """``A`` and ``F`` of shape ``(rank, n, n)``, ``B`` and ``C`` of shape ``(rank, rank)``."""
        k, n = self.rank, self.input_size
        skew, inner = Parameter((k, n, n), initial=_unit), Parameter((k, k), initial=_unit)
        return {"A": skew, "B": inner, "F": skew, "C": inner}

    def output_shape(self, input_shape: Shape | None) -> Shape:
        """The state's shape."""
        return (self.input_size,)

    def __call__(self, x: Any, ps: Any) -> Node:
        """The velocity as an expression, of the state's shape."""
        z = eg.as_expression(x)
        if z.shape != (self.input_size,):
            raise ShapeError(f"{self!r} takes a state of shape ({self.input_size},), got shape {z.shape}")
        of_energy = potential_gradient(self.energy, z, ps["energy"])
        of_entropy = potential_gradient(self.entropy, z, ps["entropy"])
        B, C = eg.as_expression(ps["B"]), eg.as_expression(ps["C"])
        Q, R = _skew_rows(of_entropy, ps["A"]), _skew_rows(of_energy, ps["F"])
        moved: Node = Q.T @ ((B - B.T) @ (Q @ of_energy)) + R.T @ (C @ (C.T @ (R @ of_entropy)))
        return moved


def _skew_rows(gradient: Node, matrices: Any) -> Node:
    """The rows ``gradient . (A - A.T)``, which are orthogonal to the gradient."""
    A = eg.as_expression(matrices)
    rows: Node = eg.einsum("i,kij->kj", gradient, A) - eg.einsum("i,kji->kj", gradient, A)
    return rows


__all__ = ["GenericField"]
