"""A line search for the strong Wolfe conditions (Nocedal, Wright, "Numerical Optimization", 2006, algorithms 3.5 and 3.6)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ...objectives.problem import Problem

#: the fractions of the first slope: for the decrease of the loss, and for the slope that may be left
DECREASE, CURVATURE = 1e-4, 0.9


class OnLine(NamedTuple):
    """A place on the line: its length, the loss, the slope along the line, the gradient."""

    length: float
    loss: float
    slope: float
    gradient: np.ndarray


class _Line:
    """A loss along a direction.  A loss or a gradient that is not finite counts as an infinite loss."""

    def __init__(self, problem: Problem, parameters: np.ndarray, direction: np.ndarray) -> None:
        self._problem, self._from, self._direction = problem, parameters, direction

    def at(self, length: float) -> OnLine:
        loss, gradient = self._problem.value_and_gradient(self._from + length * self._direction)
        slope = float(gradient @ self._direction)
        if not math.isfinite(loss) or not math.isfinite(slope):
            return OnLine(length, math.inf, math.inf, gradient)
        return OnLine(length, loss, slope, gradient)


def search(
    problem: Problem, parameters: np.ndarray, direction: np.ndarray, loss: float, gradient: np.ndarray, first: float = 1.0, most: int = 25
) -> OnLine | None:
    """A point that satisfies the strong Wolfe conditions; else the best one with enough decrease; ``None`` if there is none.

    Args:
        problem: the loss.
        parameters: where the line begins.
        direction: of descent.
        loss, gradient: of the parameters.
        first: the length that is tried first.
        most: how many points may be tried.
    """
    line = _Line(problem, parameters, direction)
    start = OnLine(0.0, loss, float(gradient @ direction), gradient)
    if not start.slope < 0:
        return None
    before, length = start, first
    for tried in range(1, most + 1):
        now = line.at(length)
        if not _decreases(now, start) or (tried > 1 and now.loss >= before.loss):
            return _zoom(line, start, before, now, most - tried)
        if abs(now.slope) <= -CURVATURE * start.slope:
            return now
        if now.slope >= 0:
            return _zoom(line, start, now, before, most - tried)
        before, length = now, 2 * length
    return before if before is not start else None


def _decreases(p: OnLine, start: OnLine) -> bool:
    return p.loss <= start.loss + DECREASE * p.length * start.slope and p.loss < math.inf


def _zoom(line: _Line, start: OnLine, low: OnLine, high: OnLine, most: int) -> OnLine | None:
    """Between two points; ``low`` has the least loss of those with enough decrease."""
    for _ in range(most):
        now = line.at(_between(low, high))
        if not _decreases(now, start) or now.loss >= low.loss:
            high = now
        else:
            if abs(now.slope) <= -CURVATURE * start.slope:
                return now
            if now.slope * (high.length - low.length) >= 0:
                high = low
            low = now
        if abs(high.length - low.length) <= 1e-14 * max(high.length, low.length):
            break
    return low if low is not start and low.loss < start.loss else None


def _between(a: OnLine, b: OnLine) -> float:
    """The minimum of the cubic through both points, or the middle if that is too near an end."""
    low, high = sorted((a.length, b.length))
    margin = 0.1 * (high - low)
    if b.loss < math.inf and a.loss < math.inf:
        d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.length - b.length)
        inside = d1 * d1 - a.slope * b.slope
        if inside >= 0:
            d2 = math.copysign(math.sqrt(inside), b.length - a.length)
            below = b.slope - a.slope + 2 * d2
            if below:
                at = b.length - (b.length - a.length) * (b.slope + d2 - d1) / below
                if low + margin <= at <= high - margin:
                    return at
    return (low + high) / 2


__all__ = ["OnLine", "search"]
