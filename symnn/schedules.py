"""Learning rates that change from step to step: functions of the number of the step, from 0.

>>> from symnn import Adam
>>> from symnn.schedules import cosine, warmup
>>> Adam(warmup(cosine(1e-2, steps=1000), steps=50)).rates(0, 2)
array([0.0002, 0.0004])
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .errors import ArgumentError
from .optimizers import Rate
from .quantities import number


def _at(rate: Rate, step: int) -> float:
    return rate(step) if callable(rate) else rate


@dataclass(frozen=True)
class exponential:  # noqa: N801  (used as a function)
    """``rate * decay ** (step / steps)``."""

    rate: float
    decay: float
    steps: int

    def __post_init__(self) -> None:
        number("exponential's rate", self.rate, least=0)
        number("exponential's decay", self.decay, above=0)
        number("exponential's steps", self.steps, above=0)

    def __call__(self, step: int) -> float:
        return self.rate * float(self.decay ** (step / self.steps))


@dataclass(frozen=True)
class cosine:  # noqa: N801
    """From ``rate`` to ``least`` along half a cosine in ``steps`` steps, then ``least`` (Loshchilov, Hutter 2017)."""

    rate: float
    steps: int
    least: float = 0.0

    def __post_init__(self) -> None:
        number("cosine's rate", self.rate, least=0)
        number("cosine's steps", self.steps, above=0)
        number("cosine's least", self.least, least=0)

    def __call__(self, step: int) -> float:
        part = min(step / self.steps, 1.0)
        return self.least + (self.rate - self.least) * 0.5 * (1 + math.cos(math.pi * part))


@dataclass(frozen=True)
class piecewise:  # noqa: N801
    """``rates[k]`` from step ``boundaries[k - 1]`` on."""

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
            raise ArgumentError("piecewise: boundaries rise, and there is one rate more than there are boundaries")

    def __call__(self, step: int) -> float:
        return self.rates[sum(step >= b for b in self.boundaries)]


@dataclass(frozen=True)
class warmup:  # noqa: N801
    """Another schedule, or a number, reached in ``steps`` equal increases."""

    then: Rate
    steps: int

    def __post_init__(self) -> None:
        if not callable(self.then):
            number("warmup's rate", self.then, least=0)
        number("warmup's steps", self.steps, above=0)

    def __call__(self, step: int) -> float:
        return _at(self.then, step) * min((step + 1) / self.steps, 1.0)


__all__ = ["cosine", "exponential", "piecewise", "warmup"]
