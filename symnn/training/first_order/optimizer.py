"""The bases of optimizers on batches: a step is an expression, which is compiled into the loop over steps."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from typing import Union

import numpy as np

import exprgraph as eg
from exprgraph import Node

from ...errors import ArgumentError
from ...parameters.layout import Layout, Shape
from ...quantities import number

#: a number, or a function from the number of the step, 0 for the first, to the learning rate
Rate = Union[float, Callable[[int], float]]
#: new parameters, and the new memory
Formula = tuple[Node, Sequence[Node]]


class BatchOptimizer(ABC):
    """The base of all optimizers on batches.  To write one, derive from :class:`Optimizer` or :class:`ShapedOptimizer`.

    Attributes:
        turns: the kinds of steps in the order in which they are made, again and again; each kind has its formula.

    >>> from symnn import Adam, BatchOptimizer, Clipped
    >>> isinstance(Clipped(Adam(), norm=1.0), BatchOptimizer), Adam().turns
    (True, (None,))
    """

    turns: Sequence[Hashable] = (None,)

    @abstractmethod
    def arrays(self, layout: Layout) -> Sequence[Shape]:
        """The shapes of the arrays that are kept from step to step; zero at first.

        Args:
            layout: the names, shapes and positions of the parameters.
        """

    @abstractmethod
    def formula(
        self, layout: Layout, turn: Hashable, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node
    ) -> Formula:
        """The new parameters and the new memory.

        Args:
            layout: the names, shapes and positions of the parameters.
            turn: the kind of step, one of :attr:`turns`.
            parameters, gradient: flat vectors.
            memory: one expression for each of :meth:`arrays`, of that shape.
            rate, step: the learning rate and the number of the step, from 1.
        """

    @abstractmethod
    def rates(self, first: int, steps: int) -> np.ndarray:
        """The learning rates of ``steps`` steps from step ``first`` on, counted from 0; of shape ``(steps,)``.

        Raises:
            ArgumentError: one is not a finite number of at least 0, or a function of the learning rate fails.

        >>> from symnn import Adam
        >>> Adam(lambda step: 0.1 / (step + 1)).rates(0, 2)
        array([0.1 , 0.05])
        """

    @abstractmethod
    def with_rate(self, rate: Rate) -> BatchOptimizer:
        """The same optimizer with another learning rate.

        >>> from symnn import Adam
        >>> Adam(0.1).with_rate(0.2).rates(0, 1)
        array([0.2])
        """


class Rated(BatchOptimizer):
    """An optimizer with a learning rate of its own."""

    learning_rate: Rate = 1e-3

    def rates(self, first: int, steps: int) -> np.ndarray:
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

    def with_rate(self, rate: Rate) -> BatchOptimizer:
        changed = copy.copy(self)
        object.__setattr__(changed, "learning_rate", rate)
        changed.rates(0, 1)  # checks it
        return changed


class Optimizer(Rated):
    """The base of optimizers that treat all parameters alike, as one flat vector.

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

    memory: int = 0

    @abstractmethod
    def update(self, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node) -> Formula:
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

    def arrays(self, layout: Layout) -> Sequence[Shape]:
        """:attr:`memory` vectors of the parameters' size."""
        return [(layout.size,)] * self.memory

    def formula(
        self, layout: Layout, turn: Hashable, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node
    ) -> Formula:
        """The formula of :meth:`update`."""
        return self.update(parameters, gradient, memory, rate, step)


def without_bias(beta: float, step: Node) -> Node:
    """``1 - beta**step``, the sum of the weights of a mean that began at zero; to the last digit, also for a ``beta`` near 1."""
    return -eg.expm1(math.log(beta) * step) if beta else eg.as_expression(1.0)


#: what need not be looked at one by one
_NUMBERS = {float, int, np.float64}


def _called(name: str, rate: Callable[[int], float], step: int) -> float:
    try:
        return rate(step)
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise ArgumentError(f"{name}: the function of the learning rate failed at step {step}, counted from 0: {said}") from error


def check_rate(optimizer: object, rate: Rate) -> None:
    """Check a number when the optimizer is made, a function when it is called."""
    if not callable(rate):
        number(f"{type(optimizer).__name__}'s learning_rate", rate, least=0)


def check_fractions(optimizer: object, **values: float) -> None:
    """Check numbers of at least 0 and less than 1."""
    for name, value in values.items():
        number(f"{type(optimizer).__name__}'s {name}", value, least=0, below=1)


def check_least(optimizer: object, **values: float) -> None:
    """Check numbers of at least 0."""
    for name, value in values.items():
        number(f"{type(optimizer).__name__}'s {name}", value, least=0)


__all__ = ["BatchOptimizer", "Formula", "Optimizer", "Rate", "Rated", "check_fractions", "check_least", "check_rate", "without_bias"]
