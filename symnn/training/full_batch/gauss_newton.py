"""Gauss-Newton, or natural gradient, with a line search."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...objectives.problem import Problem
from ...quantities import count, number
from .normal_equations import check_method, operations, system
from .optimizer import FullBatchOptimizer, Made, Memory


@dataclass(frozen=True)
class GaussNewton(FullBatchOptimizer):
    """Steps along ``-(J^T J + damping)^-1 J^T r``, as far as a line search finds best.

    For losses that are sums of squares of residuals ``r``.  For an equation's residual this is the energy natural gradient
    (Müller, Zeinhofer 2023): ``J^T J`` is the Gram matrix of the tangent functions.  The search tries the lengths 1, 1/2, 1/4, ...
    and takes the one of the least loss.

    Args:
        damping: relative to the largest diagonal entry of ``J^T J``; at least 0.  If rounding makes the matrix indefinite, ten
            times as much is tried, and so on.
        method: as for :class:`LevenbergMarquardt`.
        lengths: how many lengths are tried.
        tolerance: it stops when no entry of the gradient is larger; at least 0.

    Raises:
        ArgumentError: a number or the method is something else.

    >>> import numpy as np
    >>> from symnn import MSE, Chain, Dense, GaussNewton, train
    >>> x = np.linspace(-1, 1, 100)[:, None]
    >>> chain = Chain(Dense(1, 8, "tanh"), Dense(8, 1, "identity"))
    >>> r = train(chain, MSE(), (x, np.sin(3 * x)), optimizer=GaussNewton(), epochs=100, rng=0)
    >>> r.history.loss[-1] < 1e-6
    True
    """

    damping: float = 1e-12
    method: str = "auto"
    lengths: int = 31
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        number("GaussNewton's damping", self.damping, least=0)
        number("GaussNewton's tolerance", self.tolerance, least=0)
        count("GaussNewton's lengths", self.lengths)
        check_method("GaussNewton", self.method)

    def memory(self, size: int) -> Mapping[str, tuple[int, ...]]:
        """Nothing."""
        return {}

    def check(self, problem: Problem) -> None:
        """Check that the loss is a sum of squares."""
        problem.check_residuals("GaussNewton")

    def operations(self, problem: Problem) -> float:
        """Of the product of the Jacobian with itself."""
        return operations(self.method, problem)

    def step(self, problem: Problem, parameters: np.ndarray, memory: Memory) -> Made:
        """One step along the direction, or none if no length lowers the loss."""
        now = system(problem, parameters, self.method)
        if not math.isfinite(now.loss) or not np.all(np.isfinite(now.gradient)):
            return Made(now.loss if not math.isfinite(now.loss) else math.nan)
        if now.loss == 0 or np.abs(now.gradient).max(initial=0.0) <= self.tolerance / 2:
            return Made(now.loss, True)
        damping = self.damping
        while (d := now.solve(damping)) is None or not np.all(np.isfinite(d)):
            if damping > 1:
                return Made(now.loss, True)
            damping = max(10 * damping, 1e-16)
        lengths = 0.5 ** np.arange(self.lengths)
        losses = np.array([problem.value(parameters + length * d) for length in lengths])
        losses[~np.isfinite(losses)] = math.inf
        best = int(np.argmin(losses))
        if not losses[best] < now.loss:
            return Made(now.loss, True)
        parameters += lengths[best] * d
        return Made(float(losses[best]))


__all__ = ["GaussNewton"]
