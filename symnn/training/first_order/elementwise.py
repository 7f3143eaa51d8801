"""Optimizers without a correction of a bias: gradient descent, momentum, RMSprop, Lion."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import exprgraph as eg
from exprgraph import Node

from ...parameters.layout import Layout
from .decay import check_decay, decayed
from .optimizer import Formula, Optimizer, Rate, check_fractions, check_least, check_rate
from .patterns import Pattern


@dataclass(frozen=True)
class GradientDescent(Optimizer):
    """``p - rate * g``.

    Args:
        learning_rate: a finite number of at least 0, or a function from the number of the step, 0 for the first, to one.

    Raises:
        ArgumentError: the learning rate is something else.

    >>> from symnn import MSE, Dense, GradientDescent, train
    >>> data = ([[0.0], [1.0]], [[1.0], [3.0]])
    >>> train(Dense(1, 1, "identity"), MSE(), data, [0.0, 0.0], GradientDescent(0.5), epochs=200).params.flat.round(3)
    array([2., 1.])
    """

    learning_rate: Rate = 1e-2

    def __post_init__(self) -> None:
        check_rate(self, self.learning_rate)

    def update(self, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node) -> Formula:
        """The formula above, with no memory."""
        return parameters - rate * gradient, ()


@dataclass(frozen=True)
class Momentum(Optimizer):
    """``v = momentum * v + g``, ``p - rate * v`` (Polyak 1964); with ``nesterov``, ``p - rate * (g + momentum * v)``.

    Args:
        learning_rate: a finite number of at least 0, or a function from the number of the step, 0 for the first, to one.
        momentum: at least 0 and less than 1.
        nesterov: whether to use Nesterov's variant.

    Raises:
        ArgumentError: a number is something else.

    >>> from symnn import MSE, Dense, Momentum, train
    >>> data = ([[0.0], [1.0]], [[1.0], [3.0]])
    >>> train(Dense(1, 1, "identity"), MSE(), data, [0.0, 0.0], Momentum(0.1), epochs=300).params.flat.round(3)
    array([2., 1.])
    """

    learning_rate: Rate = 1e-2
    momentum: float = 0.9
    nesterov: bool = False
    memory = 1

    def __post_init__(self) -> None:
        check_rate(self, self.learning_rate)
        check_fractions(self, momentum=self.momentum)

    def update(self, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node) -> Formula:
        """The formula above; the memory is ``v``."""
        v = self.momentum * memory[0] + gradient
        return parameters - rate * (gradient + self.momentum * v if self.nesterov else v), (v,)


@dataclass(frozen=True)
class Lion(Optimizer):
    """Steps of one size, along the sign of a mean of gradients: ``p - rate * (sign(b1 m + (1 - b1) g) + weight_decay * p)``.

    Then ``m = b2 m + (1 - b2) g`` (Chen et al., "Symbolic discovery of optimization algorithms", 2023).  The learning rate is 3 to
    10 times smaller than that of :class:`Adam`, and best falls to 0.

    Args:
        learning_rate: a finite number of at least 0, or a function from the number of the step, 0 for the first, to one.
        beta1, beta2: at least 0 and less than 1.
        weight_decay: at least 0.
        mask: which parameters decay, by name: a pattern such as ``"*.W"``, or several; by default all.

    Raises:
        ArgumentError: a number or the mask is something else.

    >>> from symnn import MSE, Dense, Lion, schedules, train
    >>> data = ([[0.0], [1.0]], [[1.0], [3.0]])
    >>> rate = schedules.cosine(0.03, steps=500)
    >>> train(Dense(1, 1, "identity"), MSE(), data, [0.0, 0.0], Lion(rate), epochs=500).params.flat.round(2)
    array([2., 1.])
    """

    learning_rate: Rate = 1e-4
    beta1: float = 0.9
    beta2: float = 0.99
    weight_decay: float = 0.0
    mask: Pattern | None = None
    memory = 1

    def __post_init__(self) -> None:
        check_rate(self, self.learning_rate)
        check_fractions(self, beta1=self.beta1, beta2=self.beta2)
        check_decay(self, self.weight_decay, self.mask)

    def update(self, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node) -> Formula:
        """The formula above, without decay; the memory is ``m``."""
        direction = eg.sign(self.beta1 * memory[0] + (1 - self.beta1) * gradient)
        return parameters - rate * direction, (self.beta2 * memory[0] + (1 - self.beta2) * gradient,)

    def formula(
        self, layout: Layout, turn: Hashable, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node
    ) -> Formula:
        """The formula above."""
        new, kept = self.update(parameters, gradient, memory, rate, step)
        return decayed(self, new, parameters, rate, self.weight_decay, self.mask, layout), kept


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """Gradients divided by the root of a running mean of their squares (Tieleman, Hinton, Coursera lecture 6.5, 2012).

    ``v = decay v + (1 - decay) g^2``, ``p - rate * g / (sqrt(v) + epsilon)``; centered, with the variance ``v - u^2`` of the
    gradients instead of ``v``, ``u`` being their running mean (Graves 2013); with momentum, ``b = momentum b + g / ...`` and
    ``p - rate * b``.

    Args:
        learning_rate: a finite number of at least 0, or a function from the number of the step, 0 for the first, to one.
        decay, momentum: at least 0 and less than 1.
        epsilon: at least 0.
        centered: whether to subtract the square of the mean.

    Raises:
        ArgumentError: a number is something else.

    >>> from symnn import MSE, Dense, RMSprop, schedules, train
    >>> data = ([[0.0], [1.0]], [[1.0], [3.0]])
    >>> rate = schedules.cosine(0.03, steps=500)
    >>> train(Dense(1, 1, "identity"), MSE(), data, [0.0, 0.0], RMSprop(rate), epochs=500).params.flat.round(2)
    array([2., 1.])
    """

    learning_rate: Rate = 1e-3
    decay: float = 0.9
    epsilon: float = 1e-8
    momentum: float = 0.0
    centered: bool = False

    def __post_init__(self) -> None:
        check_rate(self, self.learning_rate)
        check_fractions(self, decay=self.decay, momentum=self.momentum)
        check_least(self, epsilon=self.epsilon)

    @property
    def memory(self) -> int:  # type: ignore[override]
        """The mean of squares, and what the options need."""
        return 1 + bool(self.momentum) + bool(self.centered)

    def update(self, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node) -> Formula:
        """The formula above; the memory is ``v``, then ``u`` if centered, then ``b`` with momentum."""
        v = self.decay * memory[0] + (1 - self.decay) * gradient**2
        kept, spread = [v], v
        if self.centered:
            kept.append(self.decay * memory[1] + (1 - self.decay) * gradient)
            spread = eg.maximum(v - kept[1] ** 2, 0.0)
        direction = gradient / (eg.sqrt(spread) + self.epsilon)
        if self.momentum:
            direction = self.momentum * memory[-1] + direction
            kept.append(direction)
        return parameters - rate * direction, kept


__all__ = ["GradientDescent", "Lion", "Momentum", "RMSprop"]
