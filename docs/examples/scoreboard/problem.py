"""A published problem: what is solved, what must be reached, what others reached, and how it is solved here."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from .pictures import Picture


@dataclass(frozen=True)
class Mark:
    """A published error.

    Args:
        error: as its authors wrote it, such as ``"5.4e-5"``.
        source: who published it, and where.
        hardware: what it was computed on, if they say so.
    """

    error: str
    source: str
    hardware: str = "not stated"


@dataclass(frozen=True)
class Solved:
    """What a run reached.

    Args:
        errors: measured quantities by name; the first one is compared with the goal.
        parameters: how many numbers were trained.
        steps: how many steps the last optimizer made.
        picture: draws the solution and the error into two axes of matplotlib.
    """

    errors: Mapping[str, float]
    parameters: int
    steps: int
    picture: Picture | None = field(default=None, compare=False, repr=False)

    @property
    def error(self) -> float:
        """What is compared with the goal."""
        return next(iter(self.errors.values()))


@dataclass(frozen=True)
class Problem:
    """A row of the table.

    Args:
        name: for the command line, such as ``"burgers"``.
        title: the equation and its data, in one line.
        measure: what the error is, such as ``"relative L2"``.
        goal: the error to be reached.
        marks: published errors.
        solve: from a seed, and a factor for the number of steps, to what was reached.
        note: how it is solved, and, where the goal is not reached, what was tried and where the error sits.
    """

    name: str
    title: str
    measure: str
    goal: float
    marks: tuple[Mark, ...]
    solve: Callable[[int, float], Solved]
    note: str = ""


@dataclass(frozen=True)
class Seconds:
    """The time of a run with building, compiling, training and measuring: on the clock, and of the processor."""

    wall: float
    processor: float


def timed(problem: Problem, seed: int, effort: float = 1.0) -> tuple[Solved, Seconds]:
    """What a run reached, and its time."""
    wall, processor = time.perf_counter(), time.process_time()
    solved = problem.solve(seed, effort)
    return solved, Seconds(time.perf_counter() - wall, time.process_time() - processor)


def relative(got: np.ndarray, expected: np.ndarray) -> float:
    """The relative error in the norm of L2 (of l2, over the points)."""
    return float(np.linalg.norm(got - expected) / np.linalg.norm(expected))
