"""Learning rates that change from step to step: functions of the number of the step.

Steps are counted from 0 over the whole run, so write a rate that falls as ``1 / step`` as
``lambda step: 0.1 / (step + 1)``.  A rate is a finite number of at least 0.  Any function of a number is a schedule.
The schedules here can be nested, and compare equal if their arguments are equal.

>>> from symnn import Adam
>>> from symnn.schedules import cosine, warmup
>>> Adam(warmup(cosine(1e-2, steps=1000), steps=50)).rates(0, 2)
array([0.0002, 0.0004])
>>> Adam(lambda step: 0.1 / (step + 1)).rates(0, 3)
array([0.1       , 0.05      , 0.03333333])
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .errors import ArgumentError
from .quantities import number
from .training.first_order.optimizer import Rate


def _at(rate: Rate, step: int) -> float:
    return rate(step) if callable(rate) else rate


@dataclass(frozen=True)
class exponential:  # noqa: N801  (used as a function)
    """``rate * decay ** (step / steps)``: every ``steps`` steps multiply the rate by ``decay``.

    Raises:
        ArgumentError: the rate is negative, or ``decay`` or ``steps`` is not positive.

    >>> from symnn.schedules import exponential
    >>> [exponential(0.1, 0.5, steps=100)(step) for step in (0, 100, 200)]
    [0.1, 0.05, 0.025]
    """

    rate: float
    decay: float
    steps: int

    def __post_init__(self) -> None:
        number("exponential's rate", self.rate, least=0)
        number("exponential's decay", self.decay, above=0)
        number("exponential's steps", self.steps, above=0)

    def __call__(self, step: int) -> float:
        """The learning rate of a step; the first is 0."""
        return self.rate * float(self.decay ** (step / self.steps))


@dataclass(frozen=True)
class cosine:  # noqa: N801
    """From ``rate`` to ``least`` along half a cosine in ``steps`` steps, then ``least`` (Loshchilov, Hutter 2017).

    ``steps`` usually is the number of steps of the run: epochs times batches per epoch.

    Raises:
        ArgumentError: a rate is negative, or ``steps`` is not positive.

    >>> from symnn.schedules import cosine
    >>> [round(cosine(0.1, steps=100, least=0.01)(step), 3) for step in (0, 50, 100, 200)]
    [0.1, 0.055, 0.01, 0.01]
    """

    rate: float
    steps: int
    least: float = 0.0

    def __post_init__(self) -> None:
        number("cosine's rate", self.rate, least=0)
        number("cosine's steps", self.steps, above=0)
        number("cosine's least", self.least, least=0)

    def __call__(self, step: int) -> float:
        """The learning rate of a step; the first is 0."""
        part = min(step / self.steps, 1.0)
        return self.least + (self.rate - self.least) * 0.5 * (1 + math.cos(math.pi * part))


@dataclass(frozen=True)
class piecewise:  # noqa: N801
    """``rates[k]`` from step ``boundaries[k - 1]`` on; ``rates[0]`` from the first step, which is step 0.

    Raises:
        ArgumentError: the boundaries do not increase, or the number of rates is not one more than the number of boundaries.

    >>> from symnn.schedules import piecewise
    >>> [piecewise((2,), (0.1, 0.01))(step) for step in (0, 1, 2, 3)]
    [0.1, 0.1, 0.01, 0.01]
    """

    boundaries: tuple[int, ...]
    rates: tuple[float, ...]

    def __post_init__(self) -> None:
        for name in ("boundaries", "rates"):
            values = getattr(self, name)
            if not isinstance(values, (tuple, list, np.ndarray)):
                raise ArgumentError(f"piecewise's {name} are a tuple of numbers, got {values!r}")
            for value in values:
                number(f"each of piecewise's {name}", value, least=0)
        if len(self.rates) != len(self.boundaries) + 1 or list(self.boundaries) != sorted(self.boundaries):
            raise ArgumentError(
                "piecewise: boundaries rise, and there is one rate more than there are boundaries, "
                f"got {self.boundaries} and {self.rates}"
            )

    def __call__(self, step: int) -> float:
        """The learning rate of a step; the first is 0."""
        return self.rates[sum(step >= b for b in self.boundaries)]


@dataclass(frozen=True)
class warmup:  # noqa: N801
    """A schedule or a number, reached in ``steps`` equal increases; the first step has ``1 / steps`` of the rate.

    Raises:
        ArgumentError: the number is negative, or ``steps`` is not positive.

    >>> from symnn.schedules import warmup
    >>> [warmup(0.4, steps=4)(step) for step in (0, 1, 3, 4)]
    [0.1, 0.2, 0.4, 0.4]
    """

    then: Rate
    steps: int

    def __post_init__(self) -> None:
        if not callable(self.then):
            number("warmup's rate", self.then, least=0)
        number("warmup's steps", self.steps, above=0)

    def __call__(self, step: int) -> float:
        """The learning rate of a step; the first is 0."""
        return _at(self.then, step) * min((step + 1) / self.steps, 1.0)


__all__ = ["cosine", "exponential", "piecewise", "warmup"]
