"""Optimizers: the next parameters as an expression of parameters, gradient, memory and learning rate.

An optimizer's step is compiled like any expression.  To add an optimizer, write its formula.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Union

import numpy as np

import exprgraph as eg
from exprgraph import Node

from ..errors import ArgumentError
from ..quantities import number

#: a number, or a function from the number of the step, 0 for the first, to the learning rate
Rate = Union[float, Callable[[int], float]]


class Optimizer(ABC):
    """The base of optimizers.

    A subclass defines :meth:`update`, a formula; its step is compiled.

    Attributes:
        learning_rate: a finite number of at least 0, or a function from the number of the step, counted from 0, to one,
            such as ``lambda step: 0.1 / (step + 1)``; see :mod:`symnn.schedules`.
        memory: the number of vectors of the parameters' size that are kept from step to step; zero at first.

    >>> import exprgraph as eg
    >>> from symnn import MSE, Dense, Optimizer, train
    >>> class SignDescent(Optimizer):
    ...     learning_rate = 0.01
    ...     def update(self, parameters, gradient, memory, rate, step):
    ...         return parameters - rate * eg.sign(gradient), ()
    >>> data = ([[0.0], [1.0]], [[1.0], [3.0]])
    >>> train(Dense(1, 1, "identity"), MSE(), data, [0.0, 0.0], SignDescent(), epochs=200).params.flat.round(1)
    array([2., 1.])
    """

    learning_rate: Rate = 1e-3
    memory: int = 0

    @abstractmethod
    def update(self, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node) -> tuple[Node, Sequence[Node]]:
        """New parameters and new memory, as expressions.

        Args:
            parameters, gradient: expressions of shape ``(number of parameters,)``.
            memory: :attr:`memory` expressions of that shape.
            rate: the learning rate of this step, a scalar.
            step: the number of this step, a scalar that counts from 1, as corrections of a bias need it
                (a learning rate is called with ``step - 1``).

        Returns:
            The new parameters and a sequence of the new memory, of the same shapes.
        """

    def rates(self, first: int, steps: int) -> np.ndarray:
        """The learning rates of ``steps`` steps from step ``first`` on, counted from 0; of shape ``(steps,)``.

        Raises:
            ArgumentError: one is not a finite number of at least 0, or a function of the learning rate fails.

        >>> from symnn import Adam
        >>> Adam(lambda step: 0.1 / (step + 1)).rates(0, 2)
        array([0.1 , 0.05])
        """
        rate, name = self.learning_rate, type(self).__name__
        if not callable(rate):
            return np.full(steps, number(f"{name}'s learning_rate", rate, least=0))
        values = [_called(name, rate, k) for k in range(first, first + steps)]
        if {type(v) for v in values} <= _NUMBERS:
            rates = np.array(values, dtype=float)
            if np.all((rates >= 0) & np.isfinite(rates)):
                return rates
        for step, value in enumerate(values, first):
            number(f"{name}: the learning rate of step {step}, counted from 0,", value, least=0)
        return np.array(values, dtype=float)


#: what need not be looked at one by one
_NUMBERS = {float, int, np.float64}


def _called(name: str, rate: Callable[[int], float], step: int) -> float:
    try:
        return rate(step)
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise ArgumentError(f"{name}: the function of the learning rate failed at step {step}, counted from 0: {said}") from error


def _rate(optimizer: object, rate: Rate) -> None:
    """Check a number when the optimizer is made, a function when it is called."""
    if not callable(rate):
        number(f"{type(optimizer).__name__}'s learning_rate", rate, least=0)


def _in_range(optimizer: object, **values: float) -> None:
    for name, value in values.items():
        number(f"{type(optimizer).__name__}'s {name}", value, least=0, below=1)


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
        _rate(self, self.learning_rate)

    def update(self, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node) -> tuple[Node, Sequence[Node]]:
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
        _rate(self, self.learning_rate)
        _in_range(self, momentum=self.momentum)

    def update(self, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node) -> tuple[Node, Sequence[Node]]:
        """The formula above; the memory is ``v``."""
        v = self.momentum * memory[0] + gradient
        return parameters - rate * (gradient + self.momentum * v if self.nesterov else v), (v,)


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam (Kingma, Ba 2015), with both corrections of the bias.

    ``m = b1 m + (1 - b1) g``, ``v = b2 v + (1 - b2) g^2``,
    ``p - rate * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)``, where t is 1 at the first step.

    Args:
        learning_rate: a finite number of at least 0, or a function from the number of the step, 0 for the first, to one
            (as those of :mod:`symnn.schedules`; of your own, ``lambda step: 0.1 / (step + 1)``).
        beta1, beta2: at least 0 and less than 1.
        epsilon: at least 0.

    Raises:
        ArgumentError: a number is something else.

    >>> from symnn import MSE, Adam, Dense, train
    >>> data = ([[0.0], [1.0]], [[1.0], [3.0]])
    >>> train(Dense(1, 1, "identity"), MSE(), data, [0.0, 0.0], Adam(0.05), epochs=1000).params.flat.round(3)
    array([2., 1.])
    """

    learning_rate: Rate = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    memory = 2

    def __post_init__(self) -> None:
        _rate(self, self.learning_rate)
        _in_range(self, beta1=self.beta1, beta2=self.beta2)
        number(f"{type(self).__name__}'s epsilon", self.epsilon, least=0)

    def update(self, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node) -> tuple[Node, Sequence[Node]]:
        """The formula above; the memory is ``m`` and ``v``."""
        m = self.beta1 * memory[0] + (1 - self.beta1) * gradient
        v = self.beta2 * memory[1] + (1 - self.beta2) * gradient**2
        # computed once for all parameters
        scale = rate / (1 - self.beta1**step)
        correction = (1 - self.beta2**step) ** -0.5
        return parameters - scale * m / (eg.sqrt(v) * correction + self.epsilon), (m, v)


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay, ``- rate * weight_decay * p`` (Loshchilov, Hutter 2019).

    Args:
        learning_rate, beta1, beta2, epsilon: as for :class:`Adam`.
        weight_decay: at least 0.

    Raises:
        ArgumentError: a number is something else.

    >>> from symnn import MSE, AdamW, Dense, train
    >>> data = ([[0.0], [1.0]], [[1.0], [3.0]])
    >>> train(Dense(1, 1, "identity"), MSE(), data, [0.0, 0.0], AdamW(0.05, weight_decay=1e-6), epochs=1000).params.flat.round(3)
    array([2., 1.])
    """

    weight_decay: float = 1e-2

    def __post_init__(self) -> None:
        super().__post_init__()
        number("AdamW's weight_decay", self.weight_decay, least=0)

    def update(self, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node) -> tuple[Node, Sequence[Node]]:
        """The step of :class:`Adam`, minus the decay."""
        new, kept = super().update(parameters, gradient, memory, rate, step)
        return new - rate * self.weight_decay * parameters, kept


__all__ = ["Adam", "AdamW", "GradientDescent", "Momentum", "Optimizer", "Rate"]
