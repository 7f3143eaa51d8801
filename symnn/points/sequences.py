"""Points of the unit cube: independent, stratified, or of a sequence that fills the cube evenly.

A stream yields points again and again; those of a sequence continue it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np

from ..errors import ArgumentError
from ..quantities import described
from .sobol import SobolSequence


class Stream(ABC):
    """Points of the unit cube of ``dimension`` axes, drawn from a generator of random numbers."""

    def __init__(self, dimension: int, rng: np.random.Generator) -> None:
        self.dimension, self.rng = dimension, rng

    @abstractmethod
    def take(self, n: int) -> np.ndarray:
        """The next points, of shape ``(n, dimension)``, at least 0 and less than 1."""


class Uniform(Stream):
    """Independent points."""

    def take(self, n: int) -> np.ndarray:
        """See :meth:`Stream.take`."""
        return self.rng.random((n, self.dimension))


class LatinHypercube(Stream):
    """One point in each of ``n`` slices along every axis (McKay, Beckman, Conover 1979)."""

    def take(self, n: int) -> np.ndarray:
        """See :meth:`Stream.take`."""
        rows = self.rng.permuted(np.tile(np.arange(n), (self.dimension, 1)), axis=1).T
        return (rows + self.rng.random((n, self.dimension))) / n


class Halton(Stream):
    """Halton's sequence (1960), the digits of each axis permuted at random (Owen 2017)."""

    def __init__(self, dimension: int, rng: np.random.Generator) -> None:
        super().__init__(dimension, rng)
        self._from = 0
        # of so many digits that the rest is below the precision of a number
        self._digits = [[rng.permutation(base) for _ in range(int(np.ceil(53 / np.log2(base))))] for base in _primes(dimension)]

    def take(self, n: int) -> np.ndarray:
        """See :meth:`Stream.take`."""
        x = np.empty((n, self.dimension))
        for axis, permutations in enumerate(self._digits):
            rest, base, place = np.arange(self._from, self._from + n), permutations[0].size, 1.0
            value = np.zeros(n)
            for permuted in permutations:
                place /= base
                value += place * permuted[rest % base]
                rest //= base
            x[:, axis] = value
        self._from += n
        return np.minimum(x, np.nextafter(1.0, 0.0))


class Sobol(Stream):
    """Sobol's sequence (1967) with a random digital shift; see :mod:`symnn.points.sobol`."""

    def __init__(self, dimension: int, rng: np.random.Generator) -> None:
        super().__init__(dimension, rng)
        self._sequence = SobolSequence(dimension, rng)

    def take(self, n: int) -> np.ndarray:
        """See :meth:`Stream.take`."""
        return self._sequence.take(n)


STREAMS: dict[str, Callable[[int, np.random.Generator], Stream]] = {
    "uniform": Uniform, "latin": LatinHypercube, "sobol": Sobol, "halton": Halton,
}  # fmt: skip


def check_method(method: object) -> str:
    """Check the name of a way to draw points.

    Raises:
        ArgumentError: there is none of that name.
    """
    if not isinstance(method, str) or method not in STREAMS:
        raise ArgumentError(f"points are drawn by one of {', '.join(map(repr, STREAMS))}; got {described(method)}")
    return method


def _primes(count: int) -> list[int]:
    found: list[int] = []
    n = 2
    while len(found) < count:
        if all(n % p for p in found):
            found.append(n)
        n += 1
    return found


__all__ = ["STREAMS", "Halton", "LatinHypercube", "Sobol", "Stream", "Uniform", "check_method"]
