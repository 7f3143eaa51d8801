"""Losses: one expression over all samples of a batch, of a network's output and a target.

The gradient of a loss is the exact gradient of the reported number for any batch, also with norms over the batch.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import exprgraph as eg
from exprgraph import Node

from .errors import ShapeError
from .network.build import build_nn_function
from .network.symbolic import SymbolicNeuralNetwork
from .quantities import number

over = eg.over_samples

#: the root of a sum of squares, whose derivative at 0 is 0
_root = eg.lookup("root")


class NetworkLoss(ABC):
    """The base of losses of a network and a target.  A loss may differentiate the network.

    A subclass defines :meth:`of`.  ``loss(nn, ps, x, y)`` is its value on numbers.

    >>> import exprgraph as eg
    >>> from symnn import Dense, SymbolicNeuralNetwork
    >>> from symnn.losses import NetworkLoss
    >>> class Slope(NetworkLoss):
    ...     def target(self, nn):
    ...         return eg.Symbol("slope", nn.output.shape + nn.input.shape, per_sample=True)
    ...     def of(self, nn, target):
    ...         return eg.over_samples.mean(eg.sum((eg.jacobian(nn.output, nn.input) - target) ** 2))
    >>> nn = SymbolicNeuralNetwork(Dense(1, 1, "identity"))
    >>> Slope()(nn, {"L1": {"W": [[2.0]], "b": [0.0]}}, [[1.0], [2.0]], [[[1.0]], [[3.0]]])
    np.float64(1.0)
    """

    @abstractmethod
    def of(self, nn: SymbolicNeuralNetwork, target: Node) -> Node:
        """The loss of all samples, a scalar that no sample has of its own."""

    def residual_of(self, nn: SymbolicNeuralNetwork, target: Node) -> Node | None:
        """The residual of a sample, if the loss is the mean over the samples of its sum of squares; ``None`` if it is not.

        Least-squares optimizers such as :class:`~symnn.LevenbergMarquardt` need it.
        """
        return None

    def target(self, nn: SymbolicNeuralNetwork) -> Node:
        """The symbol of the target.  It has the output's shape, unless a subclass says otherwise."""
        return eg.Symbol("target", nn.output.shape, per_sample=True)

    def __call__(self, nn: Any, ps: Any, x: Any, y: Any) -> Any:
        """The value for parameters, inputs and targets, with samples first; evaluated by NumPy.

        Args:
            nn: a network, a chain or a layer.
            ps: its parameters: a container, a nested dict, or a flat vector.
            x, y: arrays of shape ``(samples,) + input shape`` and ``(samples,) + target shape``, or a single sample of each.

        Raises:
            ShapeError, ParameterError: inputs, targets or parameters do not fit.
        """
        network = nn if isinstance(nn, SymbolicNeuralNetwork) else SymbolicNeuralNetwork(nn)
        target = self.target(network)
        x, y = as_batch(x, network.input.shape, "input"), as_batch(y, target.shape, "target")
        return build_nn_function(self.of(network, target), network, target, backend="numpy")(x, y, ps)


class Loss(NetworkLoss):
    """The base of losses that compare a network's output with a target.

    A subclass defines :meth:`expression`.

    >>> import exprgraph as eg
    >>> from symnn import Dense, Loss, SymbolicNeuralNetwork
    >>> class Cubic(Loss):
    ...     def expression(self, output, target):
    ...         return eg.over_samples.mean(eg.sum(eg.abs(output - target) ** 3))
    >>> nn = SymbolicNeuralNetwork(Dense(1, 1, "identity"))
    >>> Cubic()(nn, {"L1": {"W": [[2.0]], "b": [0.0]}}, [[1.0], [2.0]], [[1.0], [3.0]])
    np.float64(1.0)
    """

    @abstractmethod
    def expression(self, output: Node, target: Node) -> Node:
        """The loss of all samples, a scalar that no sample has of its own."""

    def of(self, nn: SymbolicNeuralNetwork, target: Node) -> Node:
        """:meth:`expression` of the network's output and the target."""
        return self.expression(nn.output, target)


def as_batch(value: Any, shape: tuple[int, ...], what: str) -> Any:
    """The array with samples first; a single sample is a batch of one.  What is not in memory stays as it is."""
    if eg.blocks.is_elsewhere(value):
        return value  # checked with all other data
    a = eg.real_array(value, what)
    if a.shape == shape:
        a = a[None]
    if a.ndim <= len(shape) or a.shape[a.ndim - len(shape) :] != shape:
        hint = ""
        if shape == (1,) and a.ndim == 1:
            hint = "; an array of n numbers is a[:, None] there"
        elif a.ndim == 2 and a.shape[:1] == shape:
            hint = "; samples come first, so pass the transpose"
        raise ShapeError(f"{what}: expected samples of shape {shape}, so (n, {', '.join(map(str, shape))}), got {a.shape}{hint}")
    return a


def _difference(output: Node, target: Node) -> Node:
    output, target = eg.as_expression(output), eg.as_expression(target)
    if output.shape != target.shape:
        raise ShapeError(f"the output has shape {output.shape}, the target {target.shape}")
    return output - target


@dataclass(frozen=True)
class FeedForwardLoss(Loss):
    """``norm(output - target) / norm(target)``, both norms over all samples and entries.

    If all targets are zero, it is ``norm(output)``.  Where the error is exactly 0, so is the derivative.

    >>> from symnn import Dense, FeedForwardLoss, SymbolicNeuralNetwork
    >>> nn = SymbolicNeuralNetwork(Dense(1, 1, "identity"))
    >>> ps = {"L1": {"W": [[1.0]], "b": [0.0]}}
    >>> float(FeedForwardLoss()(nn, ps, [[3.0], [4.0]], [[3.0], [8.0]])) == 4 / 73**0.5
    True
    """

    def expression(self, output: Node, target: Node) -> Node:
        """The relative error as a scalar, for an output and a target of the same shape.

        Raises:
            ShapeError: the shapes differ.
        """
        error = _root(over.sum(eg.sum(_difference(output, target) ** 2)))
        size = _root(over.sum(eg.sum(target**2)))
        return error / eg.where(eg.equal(size, 0.0), 1.0, size)


@dataclass(frozen=True)
class MSE(Loss):
    """The mean of squared differences, over samples and entries.

    >>> from symnn import MSE, Dense
    >>> MSE()(Dense(1, 1, "identity"), {"L1": {"W": [[1.0]], "b": [0.0]}}, [[1.0], [2.0]], [[0.0], [4.0]])
    np.float64(2.5)
    """

    def expression(self, output: Node, target: Node) -> Node:
        """The mean as a scalar, of an output and a target of one shape.

        Raises:
            ShapeError: the shapes differ.
        """
        return over.mean(eg.sum(_difference(output, target) ** 2)) / max(output.size, 1)

    def residual_of(self, nn: SymbolicNeuralNetwork, target: Node) -> Node:
        """The difference over the root of the number of its entries, of the output's shape."""
        return _difference(nn.output, target) / math.sqrt(max(nn.output.size, 1))


@dataclass(frozen=True)
class MAE(Loss):
    """The mean of absolute differences, over samples and entries; derivative 0 where a difference is 0.

    Targets have the shape of the output, samples first.

    Raises:
        ShapeError: at use, if the shapes differ.

    >>> from symnn import MAE, Dense
    >>> MAE()(Dense(1, 1, "identity"), {"L1": {"W": [[1.0]], "b": [0.0]}}, [[1.0], [2.0]], [[0.0], [4.0]])
    np.float64(1.5)
    """

    def expression(self, output: Node, target: Node) -> Node:
        """The mean as a scalar, of an output and a target of one shape.

        Raises:
            ShapeError: the shapes differ.
        """
        return over.mean(eg.sum(eg.abs(_difference(output, target)))) / max(output.size, 1)


@dataclass(frozen=True)
class Huber(Loss):
    """The mean of ``d**2 / 2`` where ``|d| <= delta``, and ``delta * (|d| - delta / 2)`` elsewhere (Huber 1964).

    >>> from symnn import Dense, Huber
    >>> Huber(1.0)(Dense(1, 1, "identity"), {"L1": {"W": [[1.0]], "b": [0.0]}}, [[1.0], [2.0]], [[0.5], [5.0]])
    np.float64(1.3125)
    """

    delta: float = 1.0

    def __post_init__(self) -> None:
        number("Huber's delta", self.delta, above=0)

    def expression(self, output: Node, target: Node) -> Node:
        """The mean as a scalar, of an output and a target of one shape.

        Raises:
            ShapeError: the shapes differ.
        """
        d = eg.abs(_difference(output, target))
        each = eg.where(d <= self.delta, d**2 / 2, self.delta * (d - self.delta / 2))
        return over.mean(eg.sum(each)) / max(output.size, 1)


__all__ = ["MAE", "MSE", "FeedForwardLoss", "Huber", "Loss", "NetworkLoss", "as_batch"]
