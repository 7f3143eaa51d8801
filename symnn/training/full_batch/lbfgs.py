"""L-BFGS: a quasi-Newton method that keeps the last steps instead of a matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...objectives.problem import Problem
from ...quantities import count, number
from .line_search import search
from .optimizer import FullBatchOptimizer, Made, Memory


@dataclass(frozen=True)
class LBFGS(FullBatchOptimizer):
    """L-BFGS on all samples at once, with a strong Wolfe line search; an epoch is one step (Nocedal 1980; Liu, Nocedal 1989).

    It takes any loss, no learning rate and no batches.

    Args:
        history: the number of kept pairs of steps and gradients, at least 1.
        tolerance: it stops when no entry of the gradient is larger; at least 0.
        scipy: use SciPy's L-BFGS-B instead (``pip install scipy``, the extra ``train``); it takes no checkpoint.

    Raises:
        ArgumentError: a number is something else.

    >>> from symnn import LBFGS, MSE, Dense, train
    >>> data = ([[0.0], [1.0]], [[1.0], [3.0]])
    >>> r = train(Dense(1, 1, "identity"), MSE(), data, [0.0, 0.0], LBFGS())
    >>> r.params.flat.round(3), r.stopped
    (array([2., 1.]), 'converged')
    """

    history: int = 20
    tolerance: float = 1e-10
    scipy: bool = False

    def __post_init__(self) -> None:
        count("LBFGS's history", self.history)
        number("LBFGS's tolerance", self.tolerance, least=0)

    def memory(self, size: int) -> Mapping[str, tuple[int, ...]]:
        """The last steps and changes of the gradient, newest last, how many there are, the gradient and the loss."""
        pairs = (self.history, size)
        return {"steps": pairs, "changes": pairs, "kept": (), "gradient": (size,), "loss": ()}

    def begin(self, problem: Problem, parameters: np.ndarray, memory: Memory) -> None:
        """The first loss and gradient."""
        memory["loss"][...], memory["gradient"][...] = problem.value_and_gradient(parameters)

    def refresh(self, problem: Problem, parameters: np.ndarray, memory: Memory) -> None:
        """The kept pairs stay; loss and gradient are new."""
        memory["loss"][...], memory["gradient"][...] = problem.value_and_gradient(parameters)

    def step(self, problem: Problem, parameters: np.ndarray, memory: Memory) -> Made:
        """A step along the direction of the kept pairs; none if there is no lower loss along it, nor along ``-g``."""
        loss, gradient = float(memory["loss"]), memory["gradient"].copy()
        if not math.isfinite(loss) or not np.all(np.isfinite(gradient)):
            return Made(loss if not math.isfinite(loss) else math.nan)
        if np.abs(gradient).max(initial=0.0) <= self.tolerance:
            return Made(loss, True)
        short = min(1.0, 1.0 / float(np.abs(gradient).sum()))
        direction = self._direction(gradient, memory)
        point = search(problem, parameters, direction, loss, gradient, 1.0 if memory["kept"] else short)
        if point is None and memory["kept"]:
            memory["kept"][...] = 0.0
            direction = -gradient
            point = search(problem, parameters, direction, loss, gradient, short)
        if point is None:
            return Made(loss, True)
        s, y = point.length * direction, point.gradient - gradient
        parameters += s
        memory["loss"][...], memory["gradient"][...] = point.loss, point.gradient
        if float(y @ s) > np.finfo(float).eps * float(y @ y):
            for rows, new in ((memory["steps"], s), (memory["changes"], y)):
                rows[:-1] = rows[1:]
                rows[-1] = new
            memory["kept"][...] = min(self.history, int(memory["kept"]) + 1)
        return Made(point.loss)

    def _direction(self, gradient: np.ndarray, memory: Memory) -> np.ndarray:
        """The two loops (Nocedal, Wright 2006, algorithm 7.4)."""
        kept = int(memory["kept"])
        steps, changes = (memory[n][self.history - kept :] for n in ("steps", "changes"))
        q = -gradient
        lengths = np.einsum("ij,ij->i", steps, changes)
        weights = np.empty(kept)
        for k in reversed(range(kept)):
            weights[k] = steps[k] @ q / lengths[k]
            q -= weights[k] * changes[k]
        if kept:
            q *= lengths[-1] / (changes[-1] @ changes[-1])
        for k in range(kept):
            q += (weights[k] - changes[k] @ q / lengths[k]) * steps[k]
        return q


__all__ = ["LBFGS"]
