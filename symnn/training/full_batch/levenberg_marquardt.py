"""Levenberg-Marquardt: damped least squares whose damping follows the agreement of model and loss."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...objectives.problem import Problem
from ...quantities import count, number
from .normal_equations import System, check_method, operations, system
from .optimizer import FullBatchOptimizer, Made, Memory

#: the factor of the damping after a step as good as its model; 1/3 with Nielsen: 1/10 needed fewer steps on equations
SHRINKS = 0.1


@dataclass(frozen=True)
class LevenbergMarquardt(FullBatchOptimizer):
    """Steps ``d = -(J^T J + damping * D)^-1 J^T r`` on all samples, for losses that are sums of squares of residuals ``r``.

    ``J`` is the exact derivative of the residuals by the parameters.  A step that does not lower the loss is not made, and the
    damping grows; after a good one it shrinks (Levenberg 1944, Marquardt 1963; the rule for the damping is Nielsen's, 1999).
    The loss must be made of :class:`ResidualTerm`, of :func:`symnn.physics.residual_terms`, or of a loss such as :class:`MSE`.

    Args:
        damping: the first damping; more than 0.
        scaled: ``D`` is the diagonal of ``J^T J`` (Marquardt's).  Else, and for "cg", it is the diagonal's largest entry for all
            parameters (Levenberg's), which kept networks for equations out of local minima.
        method: "normal" solves the normal equations by Cholesky; "dual" a system as large as there are residuals, for fewer
            residuals than parameters; "qr" keeps the condition of ``J``, at about twice the cost of "normal" and more; "cg"
            solves without a matrix, by conjugate gradients.  "auto" takes the smaller one of the first two, and "cg" if that
            would need a matrix of more than 1 GiB.
        acceleration: also correct each step by the second derivative along it (Transtrum, Sethna 2012); it needs one more
            solution of the same system.
        tolerance: it stops when no entry of the gradient is larger; at least 0.
        tries: how often the damping grows in one step before the run counts as converged.

    Raises:
        ArgumentError: a number or the method is something else.

    >>> import numpy as np
    >>> from symnn import MSE, Chain, Dense, LevenbergMarquardt, train
    >>> x = np.linspace(-1, 1, 100)[:, None]
    >>> chain = Chain(Dense(1, 8, "tanh"), Dense(8, 1, "identity"))
    >>> r = train(chain, MSE(), (x, np.sin(3 * x)), optimizer=LevenbergMarquardt(), epochs=100, rng=0)
    >>> r.history.loss[-1] < 1e-6
    True
    """

    damping: float = 1e-3
    scaled: bool = False
    method: str = "auto"
    acceleration: bool = False
    tolerance: float = 0.0
    tries: int = 30

    def __post_init__(self) -> None:
        number("LevenbergMarquardt's damping", self.damping, above=0)
        number("LevenbergMarquardt's tolerance", self.tolerance, least=0)
        count("LevenbergMarquardt's tries", self.tries)
        check_method("LevenbergMarquardt", self.method)

    def memory(self, size: int) -> Mapping[str, tuple[int, ...]]:
        """The damping, 0 before the first step, and the factor by which it grows next."""
        return {"damping": (), "growth": ()}

    def check(self, problem: Problem) -> None:
        """Check that the loss is a sum of squares."""
        problem.check_residuals("LevenbergMarquardt")

    def begin(self, problem: Problem, parameters: np.ndarray, memory: Memory) -> None:
        """The factor by which the damping grows."""
        memory["growth"][...] = 2.0

    def refresh(self, problem: Problem, parameters: np.ndarray, memory: Memory) -> None:
        """The damping stays."""

    def operations(self, problem: Problem) -> float:
        """Of the product of the Jacobian with itself."""
        return operations(self.method, problem)

    def step(self, problem: Problem, parameters: np.ndarray, memory: Memory) -> Made:
        """One accepted step, or none if no damping lowers the loss."""
        damping, growth = memory["damping"], memory["growth"]
        now = system(problem, parameters, self.method, self.scaled)
        if not math.isfinite(now.loss) or not np.all(np.isfinite(now.gradient)):
            return Made(now.loss if not math.isfinite(now.loss) else math.nan)
        if now.loss == 0 or np.abs(now.gradient).max(initial=0.0) <= self.tolerance / 2:
            return Made(now.loss, True)
        if damping == 0:
            damping[...] = self.damping
        for _ in range(self.tries):
            used = float(damping)
            d = now.solve(used)
            if d is not None and np.all(np.isfinite(d)):
                moved = self._accelerated(problem, parameters, now, used, d) if self.acceleration else d
                new = problem.value(parameters + moved)
                if new < now.loss:
                    predicted = float(d @ (used * now.scale * d - now.gradient))
                    gain = (now.loss - new) / predicted if predicted > 0 else 0.0
                    damping *= max(SHRINKS, 1 - (2 * min(gain, 1.0) - 1) ** 3)
                    growth[...] = 2.0
                    parameters += moved
                    return Made(new)
            damping *= growth
            growth *= 2.0
            if not math.isfinite(damping):
                break
        damping[...], growth[...] = 0.0, 2.0
        return Made(now.loss, True)

    def _accelerated(self, problem: Problem, parameters: np.ndarray, now: System, damping: float, d: np.ndarray) -> np.ndarray:
        """The step with half of its acceleration, if that is small beside the step."""
        curved = now.solve(damping, problem.along(parameters, d)[1])
        if curved is None or not 2 * np.linalg.norm(curved) <= 0.75 * np.linalg.norm(d):
            return d
        return d + curved / 2


__all__ = ["LevenbergMarquardt"]
