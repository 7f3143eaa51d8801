"""A loss on fixed data as functions of the flat parameters: value, gradient, residuals and their derivatives.

The loss is a sum of parts.  A part with residuals is ``|r|^2``: its residuals are scaled by the root of its weight over its
number of samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import exprgraph as eg

from ..errors import ArgumentError
from ..parameters.container import NeuralNetworkParameters
from .functions import InMemory, Normal, Rows
from .in_blocks import InBlocks
from .objective import Part
from .places import Here, Where


class Problem:
    """A loss on fixed data, of a flat vector of parameters.

    Args:
        symbols: the parameters.
        parts: the terms of the loss with their data.
        dtype: the type of numbers to compute in.
        threads: the number of threads that evaluate the samples.
        where: where the samples are divided into blocks; by default here, and only those that are not in memory.
    """

    def __init__(
        self,
        symbols: NeuralNetworkParameters,
        parts: Sequence[Part],
        dtype: np.dtype[Any],
        threads: int = 1,
        where: Where | None = None,
    ) -> None:
        self.dtype, self.threads = dtype, threads
        self.size = symbols.size
        self._parts = tuple(parts)
        #: the terms as functions of the parameters
        self.objectives: list[InMemory | InBlocks] = [objective(p, symbols, dtype, threads, where) for p in parts]
        #: the parameters and the values of the parts of the last evaluation
        self._last: tuple[np.ndarray, list[float]] | None = None

    @property
    def arrays(self) -> list[list[Any]]:
        """The data of each part, in the order of its symbols; those in memory may be changed in place."""
        return [o.arrays for o in self.objectives]

    def replace(self, parts: Sequence[Part]) -> None:
        """Take other data for the same terms."""
        self.forget()
        self._parts = tuple(parts)
        for o, p in zip(self.objectives, parts):
            o.replace(p)

    def check_residuals(self, who: str, does: str = "minimises a sum of squares") -> None:
        """Check that every part of the loss has residuals.

        Raises:
            ArgumentError: one has none.
        """
        for k, p in enumerate(self._parts, 1):
            if p.residual is None:
                which = f"term {k}" if len(self._parts) > 1 else "the loss"
                raise ArgumentError(
                    f"{who} {does} and needs what is squared, but {which} is a number: "
                    "give ResidualTerm(expression, data, weight), residual_terms(...) of symnn.physics, or a loss such as MSE()"
                )

    def _theta(self, theta: np.ndarray) -> np.ndarray:
        return theta.astype(self.dtype, copy=False)

    def value(self, theta: np.ndarray) -> float:
        """The loss."""
        return float(sum(self.terms(theta)))

    def terms(self, theta: np.ndarray) -> list[float]:
        """The loss of each part, with its weight."""
        own = self._theta(theta)
        values = [o.value(own) for o in self.objectives]
        self._last = theta.copy(), values
        return values

    def forget(self) -> None:
        """The data were changed in place."""
        self._last = None

    def terms_after(self, theta: np.ndarray) -> list[float]:
        """The loss of each part after a step: without an evaluation if the last one was there."""
        if self._last is None or not np.array_equal(self._last[0], theta):
            if all(o.knows_values_by_gradients for o in self.objectives):
                self.value_and_gradient(theta)
            else:
                self.terms(theta)
        assert self._last is not None
        return list(self._last[1])

    def value_and_gradient(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """The loss, and its derivative by all parameters, of shape ``(size,)`` in float64."""
        own = self._theta(theta)
        values, gradient = [], np.zeros(self.size)
        for o in self.objectives:
            v, g = o.value_and_gradient(own)
            values.append(v)
            gradient += g
        self._last = theta.copy(), values
        return float(sum(values)), gradient

    def gradient_norms(self, theta: np.ndarray) -> list[float]:
        """The norm of each part's derivative by all parameters."""
        own = self._theta(theta)
        return [float(np.linalg.norm(o.value_and_gradient(own)[1])) for o in self.objectives]

    # -- residuals

    def _of_squares(self) -> list[Any]:
        """The residuals of each part."""
        return [o.residuals for o in self.objectives]

    def jacobian_norms(self, theta: np.ndarray) -> list[float]:
        """The root of the sum of squares of each part's Jacobian of residuals."""
        own = self._theta(theta)
        return [float(np.sqrt(sum(np.sum(rows.jacobian.astype(float) ** 2) for rows in r.rows(own)))) for r in self._of_squares()]

    @property
    def count(self) -> int:
        """The number of residuals."""
        return sum(r.count for r in self._of_squares())

    def residuals(self, theta: np.ndarray) -> np.ndarray:
        """The residuals; the sum of their squares is the loss."""
        theta = self._theta(theta)
        return np.concatenate([r.values(theta) for r in self._of_squares()]).astype(float, copy=False)

    def rows(self, theta: np.ndarray) -> Iterator[Rows]:
        """The residuals and their derivatives, some at a time."""
        theta = self._theta(theta)
        for part in self._of_squares():
            for r, j in part.rows(theta):
                yield Rows(r.astype(float, copy=False), j.astype(float, copy=False))

    def normal(self, theta: np.ndarray) -> Normal:
        """``J^T J``, ``J^T r`` and the loss, added up over blocks of samples."""
        theta = self._theta(theta)
        matrix: np.ndarray | None = None
        gradient, squares = np.zeros(self.size), 0.0
        for part in self._of_squares():
            for some in part.normal(theta):
                gradient += some.gradient
                squares += some.squares
                if matrix is None:
                    matrix = some.matrix
                else:
                    matrix += some.matrix
        assert matrix is not None
        return Normal(matrix, gradient, squares)

    def along(self, theta: np.ndarray, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The first and the second derivative of the residuals along a direction: ``J v`` and the curvature of their path."""
        theta, direction = self._theta(theta), self._theta(direction)
        both = [r.along(theta, direction) for r in self._of_squares()]
        first, second = (np.concatenate(parts).astype(float, copy=False) for parts in zip(*both))
        return first, second

    def back(self, theta: np.ndarray, cotangent: np.ndarray) -> np.ndarray:
        """``J^T u`` for a number ``u`` for each residual."""
        theta, cotangent = self._theta(theta), self._theta(cotangent)
        total, at = np.zeros(self.size), 0
        for r in self._of_squares():
            total += r.back(theta, cotangent[at : at + r.count])
            at += r.count
        return total


def objective(
    part: Part, symbols: NeuralNetworkParameters, dtype: np.dtype[Any], threads: int, where: Where | None
) -> InMemory | InBlocks:
    """A term as a function of the parameters: in blocks if there is a place for them, or if its data are not in memory."""
    absent = any(eg.blocks.is_elsewhere(a) for a in part.arrays)
    if absent or (where is not None and any(s.per_sample for s in part.symbols)):
        return InBlocks(part, symbols, dtype, threads, Here if where is None else where)
    return InMemory(part, symbols, dtype, threads)


__all__ = ["Problem", "objective"]
