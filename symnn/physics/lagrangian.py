"""Lagrangian mechanics: accelerations by the Euler-Lagrange equation, and losses that fit a Lagrangian.

A state is ``(q, v)``, first all positions, then all velocities.
Sources: Cranmer et al., "Lagrangian Neural Networks" (2020); Marsden, West, "Discrete mechanics and
variational integrators" (2001).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph import Node

from ..losses import NetworkLoss
from ..network.symbolic import SymbolicNeuralNetwork, symbolic
from ..quantities import number
from .states import degrees_of_freedom, scalar_of

over = eg.over_samples


def acceleration(lagrangian: Any, state: Node, regularization: float = 0.0) -> Node:
    """``a`` of the Euler-Lagrange equation ``L_vv a = L_q - L_vq v``, of shape ``(n,)``.

    Args:
        lagrangian: an expression of ``state``.
        state: the symbol ``(q, v)``, of length 2n.
        regularization: a number added to the diagonal of ``L_vv``, for networks that are not convex in ``v``.

    Where ``L_vv`` is singular, the acceleration is NaN.

    >>> import exprgraph as eg
    >>> from symnn.physics import acceleration
    >>> s = eg.Symbol("s", shape=(2,))  # a pendulum of mass 2 and length 1
    >>> a = acceleration(s[1] ** 2 + 2 * 9.81 * eg.cos(s[0]), s)
    >>> eg.evaluate(a, {s: [0.5, 3.0]})
    array([-4.70316453])
    """
    n = degrees_of_freedom(state)
    L = scalar_of(lagrangian, "a Lagrangian")
    g = eg.gradient(L, state)
    second = eg.jacobian(g[n:], state)
    mass = second[:, n:]
    if regularization:
        mass = mass + regularization * np.eye(n)
    solution: Node = eg.solve(mass, g[:n] - second[:, :n] @ state[n:])
    return solution


def lagrangian_acceleration(nn: SymbolicNeuralNetwork, regularization: float = 0.0) -> Node:
    """The acceleration for a network with one output as the Lagrangian, of shape ``(n,)`` for 2n inputs.

    Args:
        nn: a network of states, positions then velocities.
        regularization: see :func:`acceleration`.

    Raises:
        ShapeError: the network has several outputs, or an odd number of inputs.

    >>> from symnn import Chain, Dense, SymbolicNeuralNetwork
    >>> from symnn.physics import lagrangian_acceleration
    >>> lagrangian_acceleration(SymbolicNeuralNetwork(Chain(Dense(4, 8, "softplus"), Dense(8, 1)))).shape
    (2,)
    """
    network = symbolic("lagrangian_acceleration", nn)
    return acceleration(network.output, network.input, regularization)


@dataclass(frozen=True)
class LagrangianLoss(NetworkLoss):
    """``mean |a(q, v) - acceleration|^2`` of pairs (states, accelerations).

    Attributes:
        regularization: see :func:`acceleration`.

    Raises:
        ArgumentError: it is not a finite number.

    >>> import numpy as np
    >>> from symnn import Adam, Chain, Dense, train
    >>> from symnn.physics import LagrangianLoss
    >>> states = np.random.default_rng(0).uniform(-1, 1, (100, 2))
    >>> nn = Chain(Dense(2, 8, "softplus"), Dense(8, 1, "identity"))
    >>> r = train(nn, LagrangianLoss(0.1), (states, -np.sin(states[:, :1])), optimizer=Adam(0.01), epochs=100, rng=0)
    >>> r.history.loss[-1] < r.history.loss[0]
    True
    """

    regularization: float = 0.0

    def __post_init__(self) -> None:
        number("LagrangianLoss's regularization", self.regularization)

    def target(self, nn: SymbolicNeuralNetwork) -> Node:
        """The symbol of an acceleration, half as long as the input."""
        return eg.Symbol("target", (degrees_of_freedom(nn.input),), per_sample=True)

    def of(self, nn: SymbolicNeuralNetwork, target: Node) -> Node:
        """The loss of all samples, a scalar."""
        return over.mean(eg.sum(self.residual_of(nn, target) ** 2))

    def residual_of(self, nn: SymbolicNeuralNetwork, target: Node) -> Node:
        """The error of the acceleration, a vector."""
        return lagrangian_acceleration(nn, self.regularization) - target


@dataclass(frozen=True)
class VariationalMidpointLoss(NetworkLoss):
    """The discrete Euler-Lagrange equation of the midpoint rule, on three positions one step apart.

    ``mean |D2 Ld(q0, q1) + D1 Ld(q1, q2)|^2`` with ``Ld(a, b) = step L((a + b) / 2, (b - a) / step)``.
    Inputs are the first two positions, ``(q0, q1)``; targets are ``q2``.  A constant Lagrangian has no
    residual, so a second term fixes the scale: it compares the mean of ``|L_v|^2`` with ``scale``.

    Attributes:
        step: the time between positions.
        scale: the wanted mean of ``|L_v|^2``; ``None`` for no such term.

    Raises:
        ArgumentError: the step or the scale is not positive.

    >>> import numpy as np
    >>> from symnn import Adam, Chain, Dense, train
    >>> from symnn.physics import VariationalMidpointLoss
    >>> t = 0.1 * np.arange(50.0)
    >>> q = np.cos(t)[:, None]  # of an oscillator, in steps of 0.1
    >>> pairs, third = np.concatenate([q[:-2], q[1:-1]], axis=1), q[2:]
    >>> nn = Chain(Dense(2, 8), Dense(8, 1, "identity"))
    >>> r = train(nn, VariationalMidpointLoss(0.1), (pairs, third), optimizer=Adam(0.01), epochs=300, rng=0)
    >>> r.history.loss[-1] < 0.5 * r.history.loss[0]
    True
    """

    step: float = 0.1
    scale: float | None = 1.0

    def __post_init__(self) -> None:
        number("VariationalMidpointLoss's step", self.step, above=0)
        if self.scale is not None:
            number("VariationalMidpointLoss's scale", self.scale, above=0)

    def target(self, nn: SymbolicNeuralNetwork) -> Node:
        """The symbol of the third position, half as long as the input."""
        return eg.Symbol("target", (degrees_of_freedom(nn.input),), per_sample=True)

    def of(self, nn: SymbolicNeuralNetwork, target: Node) -> Node:
        """The loss of all samples, a scalar."""
        n = degrees_of_freedom(nn.input)
        q0, q1, q2 = nn.input[:n], nn.input[n:], eg.as_expression(target)
        g = eg.gradient(scalar_of(nn.output, "a Lagrangian"), nn.input)

        def at(a: Node, b: Node) -> tuple[Node, Node]:
            here: Node = eg.substitute(g, {nn.input: eg.concatenate([(a + b) / 2, (b - a) / self.step])})
            return here[:n], here[n:]

        force, momentum = at(q0, q1)
        force_next, momentum_next = at(q1, q2)
        residual = (momentum - momentum_next) / self.step + (force + force_next) / 2
        loss = over.mean(eg.sum(residual**2))
        if self.scale is None:
            return loss
        return loss + (over.mean(eg.sum(momentum**2)) - self.scale) ** 2


__all__ = ["LagrangianLoss", "VariationalMidpointLoss", "acceleration", "lagrangian_acceleration"]
