"""Hamiltonian mechanics: the vector field of an energy, and losses that fit an energy to trajectories.

A state is ``z = (q, p)``, first all positions, then all momenta.
Sources: Greydanus, Dzamba, Yosinski, "Hamiltonian Neural Networks" (2019); Hairer, Lubich, Wanner,
"Geometric Numerical Integration" (2006), VI.3.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import exprgraph as eg
from exprgraph import Node

from ..errors import ArgumentError
from ..losses import NetworkLoss
from ..network.symbolic import SymbolicNeuralNetwork, symbolic
from ..quantities import number
from .states import degrees_of_freedom, scalar_of

over = eg.over_samples


def rotated(gradient: Node) -> Node:
    """``J g``: the derivatives by momenta, then minus the derivatives by positions."""
    n = degrees_of_freedom(gradient)
    return eg.concatenate([gradient[n:], -gradient[:n]])


def symplectic_gradient(energy: Any, z: Node) -> Node:
    """The Hamiltonian vector field of an energy, ``J grad H = (dH/dp, -dH/dq)``, of shape ``z.shape``.

    >>> import exprgraph as eg
    >>> from symnn.physics import symplectic_gradient
    >>> z = eg.Symbol("z", shape=(2,))
    >>> symplectic_gradient(z[0] ** 2 + z[1] ** 2 / 2, z)
    [z[1], -2*z[0]]
    """
    return rotated(eg.gradient(scalar_of(energy, "an energy"), z))


def hamiltonian_field(nn: SymbolicNeuralNetwork) -> Node:
    """The Hamiltonian vector field of a network H with one output: ``J grad H`` at its input, of the input's shape.

    Raises:
        ShapeError: the network has several outputs, or an odd number of inputs.

    >>> from symnn import Chain, Dense, SymbolicNeuralNetwork
    >>> from symnn.physics import hamiltonian_field
    >>> hamiltonian_field(SymbolicNeuralNetwork(Chain(Dense(4, 8), Dense(8, 1)))).shape
    (4,)
    """
    network = symbolic("hamiltonian_field", nn)
    return symplectic_gradient(network.output, network.input)


def gradient_at(nn: SymbolicNeuralNetwork, point: Any) -> Node:
    """The gradient of a network with one output by its input, evaluated at ``point``; of the input's shape.

    Raises:
        ShapeError: the network has several outputs, or the point does not have the shape of the input.

    >>> from symnn import Chain, Dense, SymbolicNeuralNetwork
    >>> from symnn.physics import gradient_at
    >>> nn = SymbolicNeuralNetwork(Chain(Dense(2, 8), Dense(8, 1)))
    >>> gradient_at(nn, 2 * nn.input).shape
    (2,)
    """
    network = symbolic("gradient_at", nn)
    g = eg.gradient(scalar_of(network.output, "an energy"), network.input)
    at: Node = eg.substitute(g, {network.input: eg.as_expression(point)})
    return at


@dataclass(frozen=True)
class HamiltonianLoss(NetworkLoss):
    """``mean |J grad H(z) - velocity|^2`` of pairs (states, velocities).

    >>> import numpy as np
    >>> from symnn import Chain, Dense, train
    >>> from symnn.physics import HamiltonianLoss
    >>> z = np.random.default_rng(0).uniform(-1, 1, (100, 2))
    >>> velocity = np.stack([z[:, 1], -z[:, 0]], 1)
    >>> r = train(Chain(Dense(2, 8), Dense(8, 1, "identity")), HamiltonianLoss(), (z, velocity), epochs=300, batch_size=10, rng=0)
    >>> r.history.loss[-1] < 0.05 * r.history.loss[0]
    True
    """

    def target(self, nn: SymbolicNeuralNetwork) -> Node:
        """The symbol of a velocity, or of a later state: of the input's shape."""
        return eg.Symbol("target", nn.input.shape, per_sample=True)

    def residual_of(self, nn: SymbolicNeuralNetwork, target: Node) -> Node:
        """The error of the field, of the input's shape."""
        return hamiltonian_field(nn) - target

    def of(self, nn: SymbolicNeuralNetwork, target: Node) -> Node:
        """The loss of all samples, a scalar."""
        return over.mean(eg.sum(self.residual_of(nn, target) ** 2))


@dataclass(frozen=True)
class _PairLoss(HamiltonianLoss):
    """The base of losses of pairs (states, states one step later): ``mean |(z1 - z0) / step - J grad H(point)|^2``."""

    step: float = 0.1

    def __post_init__(self) -> None:
        number(f"{type(self).__name__}'s step", self.step, above=0)

    @abstractmethod
    def point(self, before: Node, after: Node) -> Node:
        """The point at which the gradient is evaluated."""

    def residual_of(self, nn: SymbolicNeuralNetwork, target: Node) -> Node:
        """The difference quotient of the pair, minus the field at the point; of the input's shape."""
        return (target - nn.input) / self.step - rotated(gradient_at(nn, self.point(nn.input, target)))


@dataclass(frozen=True)
class SymplecticEulerLoss(_PairLoss):
    """The residual of symplectic Euler on pairs of states.

    Attributes:
        step: the time between the states of a pair.
        variant: ``"A"`` takes the energy's gradient at (old positions, new momenta), ``"B"`` at (new positions, old momenta).

    Raises:
        ArgumentError: the step is not positive, or the variant is unknown.

    >>> import numpy as np
    >>> from symnn import Chain, Dense, train
    >>> from symnn.physics import SymplecticEulerLoss
    >>> z = np.random.default_rng(0).uniform(-1, 1, (100, 2))
    >>> p = z[:, 1] - 0.1 * z[:, 0]
    >>> later = np.stack([z[:, 0] + 0.1 * p, p], 1)  # of the energy (q^2 + p^2) / 2
    >>> r = train(Chain(Dense(2, 8), Dense(8, 1)), SymplecticEulerLoss(0.1), (z, later), epochs=300, batch_size=10, rng=0)
    >>> r.history.loss[-1] < 0.1 * r.history.loss[0]
    True
    """

    variant: str = "A"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.variant not in ("A", "B"):
            raise ArgumentError(f"SymplecticEulerLoss: variant is 'A' or 'B', got {self.variant!r}")

    def point(self, before: Node, after: Node) -> Node:
        """Old positions with new momenta, or new positions with old momenta; of the state's shape."""
        n = degrees_of_freedom(before)
        return eg.concatenate([before[:n], after[n:]] if self.variant == "A" else [after[:n], before[n:]])


@dataclass(frozen=True)
class ImplicitMidpointLoss(_PairLoss):
    """The residual of the implicit midpoint rule on pairs of states, with the gradient at their midpoint.

    Attributes:
        step: the time between the states of a pair.

    Raises:
        ArgumentError: the step is not positive.

    >>> from symnn import Dense
    >>> from symnn.physics import ImplicitMidpointLoss
    >>> H = Dense(2, 1, "identity")  # an energy of constant slope (1, 2): the motion is (2, -1)
    >>> float(ImplicitMidpointLoss(0.1)(H, [1.0, 2.0, 0.0], [[0.0, 0.0]], [[0.2, -0.1]]).round(9))
    0.0
    """

    def point(self, before: Node, after: Node) -> Node:
        """The midpoint of both states."""
        return (before + after) / 2


__all__ = [
    "HamiltonianLoss",
    "ImplicitMidpointLoss",
    "SymplecticEulerLoss",
    "gradient_at",
    "hamiltonian_field",
    "rotated",
    "symplectic_gradient",
]
