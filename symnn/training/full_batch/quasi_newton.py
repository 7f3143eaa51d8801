"""Quasi-Newton methods that keep a whole matrix: BFGS, and the self-scaled methods of the Broyden family."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

import exprgraph as eg

from ...objectives.problem import Problem
from ...quantities import number
from .line_search import search
from .optimizer import FullBatchOptimizer, Made, Memory


class Change(NamedTuple):
    """What a step taught.

    Attributes:
        size: the number of parameters.
        step, gradient: the changes of parameters and gradient, ``s`` and ``y``.
        product: ``H y``.
        projected: ``-length * (s . g)``, which is ``s . B s``.
        first: whether ``H`` is still the identity.
    """

    size: int
    step: np.ndarray
    gradient: np.ndarray
    product: np.ndarray
    projected: float
    first: bool


class Weights(NamedTuple):
    """The update ``(H - (H y)(H y)^T / (y . H y) + phi (y . H y) v v^T) / tau + s s^T / (y . s)``."""

    tau: float
    phi: float


@lru_cache(maxsize=8)
def _update(size: int) -> eg.CompiledFunction:
    """The update of the matrix, one pass over it."""
    h = eg.Symbol("H", (size, size))
    s, w = eg.Symbol("s", (size,)), eg.Symbol("Hy", (size,))
    scale, ss, sw, ww = (eg.Symbol(n) for n in ("scale", "ss", "sw", "ww"))
    mixed = eg.outer(s, w)
    new = scale * h + ss * eg.outer(s, s) + sw * (mixed + eg.transpose(mixed)) + ww * eg.outer(w, w)
    return eg.compile(new, (h, s, w, scale, ss, sw, ww), immediate=False)


class _Matrix(FullBatchOptimizer):
    """The base of methods that keep an approximation ``H`` of the inverse Hessian."""

    tolerance: float

    def memory(self, size: int) -> Mapping[str, tuple[int, ...]]:
        """The matrix, the gradient, the loss, and whether there was a step."""
        return {"matrix": (size, size), "gradient": (size,), "loss": (), "begun": ()}

    def begin(self, problem: Problem, parameters: np.ndarray, memory: Memory) -> None:
        """The identity, and the first gradient."""
        memory["matrix"][...] = np.eye(problem.size)
        memory["loss"][...], memory["gradient"][...] = problem.value_and_gradient(parameters)

    def refresh(self, problem: Problem, parameters: np.ndarray, memory: Memory) -> None:
        """The matrix stays; loss and gradient are new."""
        memory["loss"][...], memory["gradient"][...] = problem.value_and_gradient(parameters)

    def operations(self, problem: Problem) -> float:
        """Of two products of the matrix with vectors."""
        return 4.0 * problem.size**2

    def step(self, problem: Problem, parameters: np.ndarray, memory: Memory) -> Made:
        """A step along ``-H g``, and the update of ``H``; none if there is no lower loss along it, nor along ``-g``."""
        loss, gradient, matrix = float(memory["loss"]), memory["gradient"].copy(), memory["matrix"]
        if not math.isfinite(loss) or not np.all(np.isfinite(gradient)):
            return Made(loss if not math.isfinite(loss) else math.nan)
        if np.abs(gradient).max(initial=0.0) <= self.tolerance:
            return Made(loss, True)
        direction = -(matrix @ gradient)
        first = 1.0 if memory["begun"] else min(1.0, 1.0 / float(np.abs(gradient).sum()))
        point = search(problem, parameters, direction, loss, gradient, first)
        if point is None and memory["begun"]:
            matrix[...] = np.eye(problem.size)
            memory["begun"][...] = 0.0
            direction = -gradient
            point = search(problem, parameters, direction, loss, gradient, min(1.0, 1.0 / float(np.abs(gradient).sum())))
        if point is None:
            return Made(loss, True)
        s, y = point.length * direction, point.gradient - gradient
        parameters += s
        memory["loss"][...], memory["gradient"][...] = point.loss, point.gradient
        curvature = float(y @ s)
        if curvature > np.finfo(float).eps * float(np.linalg.norm(y) * np.linalg.norm(s)):
            change = Change(problem.size, s, y, matrix @ y, -point.length * float(s @ gradient), not memory["begun"])
            self._learn(matrix, change, curvature)
            memory["begun"][...] = 1.0
        return Made(point.loss)

    def _learn(self, matrix: np.ndarray, change: Change, curvature: float) -> None:
        s, w = change.step, change.product
        yhy = float(change.gradient @ w)
        if not yhy > 0:
            return
        weights = self.weights(change, curvature, yhy)
        # v is s / (y . s) - H y / (y . H y)
        over = weights.phi * yhy / weights.tau
        ss = over / curvature**2 + 1 / curvature
        sw = -over / (curvature * yhy)
        ww = over / yhy**2 - 1 / (weights.tau * yhy)
        if all(map(math.isfinite, (1 / weights.tau, ss, sw, ww))):
            matrix[...] = _update(change.size)(matrix, s, w, 1 / weights.tau, ss, sw, ww)

    def weights(self, change: Change, curvature: float, yhy: float) -> Weights:
        """The member of the family, from ``y . s`` and ``y . H y``."""
        raise NotImplementedError


@dataclass(frozen=True)
class BFGS(_Matrix):
    """The method of Broyden, Fletcher, Goldfarb and Shanno (1970) on all samples, with a strong Wolfe line search.

    It keeps a matrix of parameters times parameters, and takes any loss.

    Args:
        tolerance: it stops when no entry of the gradient is larger; at least 0.

    Raises:
        ArgumentError: the tolerance is something else.

    >>> from symnn import BFGS, MSE, Dense, train
    >>> data = ([[0.0], [1.0]], [[1.0], [3.0]])
    >>> r = train(Dense(1, 1, "identity"), MSE(), data, [0.0, 0.0], BFGS())
    >>> r.params.flat.round(6), r.stopped
    (array([2., 1.]), 'converged')
    """

    tolerance: float = 1e-12

    def __post_init__(self) -> None:
        number(f"{type(self).__name__}'s tolerance", self.tolerance, least=0)

    def weights(self, change: Change, curvature: float, yhy: float) -> Weights:
        """No scaling but at the first step (Nocedal, Wright 2006, 6.20)."""
        return Weights(float(change.gradient @ change.gradient) / curvature if change.first else 1.0, 1.0)


@dataclass(frozen=True)
class SSBroyden(BFGS):
    """The self-scaled Broyden method (Al-Baali 1998), which trains physics-informed networks further than BFGS does.

    Source: Urbán, Stefanou, Pons, "Unveiling the optimization process of physics informed neural networks" (2024).

    Args:
        tolerance: it stops when no entry of the gradient is larger; at least 0.

    Raises:
        ArgumentError: the tolerance is something else.

    >>> from symnn import MSE, Dense, SSBroyden, train
    >>> data = ([[0.0], [1.0]], [[1.0], [3.0]])
    >>> train(Dense(1, 1, "identity"), MSE(), data, [0.0, 0.0], SSBroyden()).params.flat.round(6)
    array([2., 1.])
    """

    def weights(self, change: Change, curvature: float, yhy: float) -> Weights:
        """The member between the two bounds that keep ``H`` positive, and its scale."""
        h, b = yhy / curvature, change.projected / curvature
        a = max(h * b - 1, np.finfo(float).eps)  # at least 0 by Cauchy and Schwarz
        least = max(min(1.0, h * (1 - math.sqrt(a / (1 + a)))), np.finfo(float).tiny)
        theta = max((least - 1) / a, min(1 / least, (1 - b) / b))
        sigma = 1 + theta * a
        if change.first:
            tau = h / sigma
        else:
            root = sigma ** (1 / (1 - change.size)) if change.size > 1 else 1.0
            limit = min(1.0, 1 / b)
            tau = min(limit * root, sigma) if theta <= 0 else limit * min(root, 1 / theta)
        return Weights(tau, (1 - theta) / sigma)


__all__ = ["BFGS", "SSBroyden"]
