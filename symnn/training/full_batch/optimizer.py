"""The base of optimizers on all samples at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ...objectives.problem import Problem

#: named arrays of an optimizer, changed in place
Memory = Mapping[str, np.ndarray]


class Made(NamedTuple):
    """The result of a step.

    Attributes:
        loss: the loss after the step.
        converged: whether no further step would lower the loss.
    """

    loss: float
    converged: bool = False


class FullBatchOptimizer(ABC):
    """The base of optimizers whose steps use all samples; an epoch is one step.

    A subclass defines :meth:`memory` and :meth:`step`.

    >>> import numpy as np
    >>> from symnn import MSE, Dense, FullBatchOptimizer, train
    >>> from symnn.training.full_batch.optimizer import Made
    >>> class Halving(FullBatchOptimizer):
    ...     def memory(self, size):
    ...         return {"rate": ()}
    ...     def begin(self, problem, parameters, memory):
    ...         memory["rate"][...] = 1.0
    ...     def step(self, problem, parameters, memory):
    ...         value, gradient = problem.value_and_gradient(parameters)
    ...         while (new := problem.value(parameters - memory["rate"] * gradient)) > value:
    ...             memory["rate"] /= 2
    ...         parameters -= memory["rate"] * gradient
    ...         return Made(new)
    >>> data = ([[0.0], [1.0]], [[1.0], [3.0]])
    >>> train(Dense(1, 1, "identity"), MSE(), data, [0.0, 0.0], Halving(), epochs=50).params.flat.round(3)
    array([2., 1.])
    """

    @abstractmethod
    def memory(self, size: int) -> Mapping[str, tuple[int, ...]]:
        """The names and shapes of the float64 arrays that are kept from step to step, for so many parameters."""

    def check(self, problem: Problem) -> None:  # noqa: B027  (most optimizers take any loss)
        """Check that the loss is one that this optimizer can minimise."""

    def begin(self, problem: Problem, parameters: np.ndarray, memory: Memory) -> None:  # noqa: B027  (zero suits some)
        """Fill the memory, which is zero, before the first step."""

    def refresh(self, problem: Problem, parameters: np.ndarray, memory: Memory) -> None:
        """Adapt the memory to other data or weights; by default it is filled as before the first step."""
        for a in memory.values():
            a[...] = 0.0
        self.begin(problem, parameters, memory)

    def operations(self, problem: Problem) -> float:
        """About how many operations a step leaves to products and factorizations of NumPy; many take all threads of the training."""
        return 0.0

    @abstractmethod
    def step(self, problem: Problem, parameters: np.ndarray, memory: Memory) -> Made:
        """Change the parameters, a float64 vector, and the memory in place."""


__all__ = ["FullBatchOptimizer", "Made", "Memory"]
