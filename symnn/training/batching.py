"""The samples of each step of an epoch."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from exprgraph.descent import Batches

from ..errors import ArgumentError, ShapeError
from ..quantities import described


class _Ahead(NamedTuple):
    """Epochs that are shuffled and not taken.

    Attributes:
        first: the number of the first.
        batches: of all of them, for each term.
        states: of the generator, before each of them and after the last.
    """

    first: int
    batches: list[Batches | None]
    states: list[Any]


class Sampler:
    """The batches of epochs: all samples at once, shuffled for each epoch, or as given.

    Args:
        samples: the number of samples of each term of the loss.
        batch_size: the batch size of the largest term.  The other terms are divided into as many batches; a term
            with fewer samples is taken whole at each step.  ``None`` for all at once.
        batches: given indices, (epochs, batches, batch size); for several terms a sequence with such an array for each, or
            ``None`` for all samples of a term at each step.
        rng: the generator that shuffles; its state after an epoch continues a run exactly.
    """

    def __init__(self, samples: list[int], batch_size: int | None, batches: Any, rng: np.random.Generator) -> None:
        self.samples = samples
        self.rng = rng
        #: the given indices of each term
        self.given: list[np.ndarray | None] = []
        self.given_epochs: int | None = None
        self.size: int | None = None
        self._ahead: _Ahead | None = None
        if batches is not None:
            if batch_size is not None:
                raise ArgumentError("batch_size= and batches= both say which samples a step takes; give one of them")
            self.given = _of_terms(batches, samples)
            self.given_epochs, self.steps = next(g.shape[:2] for g in self.given if g is not None)
            return
        if batch_size is None:
            self.steps = 1
            return
        if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ArgumentError(f"batch_size is a positive whole number, or None for all samples, got {batch_size!r}")
        self.size = int(batch_size)
        self.steps = -(-max(samples) // self.size)

    @property
    def shuffles(self) -> bool:
        """Whether batches are drawn anew for each epoch."""
        return self.size is not None

    @property
    def described(self) -> str:
        """The number of samples of a step, and their origin."""
        if self.given:
            return ", ".join("all" if g is None else str(g.shape[2]) for g in self.given) + ", given"
        return "all" if self.size is None else f"{self.size}, shuffled"

    def of(self, samples: list[int]) -> Sampler:
        """The same for other numbers of samples, with the same generator."""
        return Sampler(samples, self.size, None, self.rng)

    def ends_of_steps(self, term: int) -> np.ndarray | None:
        """Where the samples of each step of an epoch end, of the term of this number; ``None`` if each step takes all."""
        n = self.samples[term]
        if self.given:
            chosen = self.given[term]
            return None if chosen is None else np.arange(1, self.steps + 1) * chosen.shape[2]
        if self.size is None or n < self.steps:
            return None
        steps = np.arange(1, self.steps + 1)
        ends: np.ndarray = np.minimum(steps * self.size, n) if n == max(self.samples) else steps * n // self.steps
        return ends

    def epochs(self, first: int, count: int) -> list[Batches | None]:
        """The batches of some epochs in sequence, for each term."""
        if self.given:
            chosen = [None if g is None else g[first : first + count] for g in self.given]
            return [None if c is None else Batches(c.reshape(-1), np.arange(0, c.size + 1, c.shape[2], dtype=np.int64)) for c in chosen]
        if self.size is None:
            return [None] * len(self.samples)
        return self._taken(first, count) if self.ready(first) >= count else self._shuffled(count)

    def ready(self, first: int) -> int:
        """How many epochs are shuffled from this one on; none if the generator was used for something else since."""
        ahead = self._ahead
        if ahead is None or not 0 <= (k := first - ahead.first) < len(ahead.states) - 1:
            return 0
        return len(ahead.states) - 1 - k if _equal(ahead.states[k], self.rng.bit_generator.state) else 0

    def shuffle_ahead(self, first: int, count: int) -> None:
        """Shuffle some epochs before they are taken; the generator goes on when they are, as if they were shuffled then."""
        before = self.rng.bit_generator.state
        states = [before]
        try:
            self._ahead = _Ahead(first, self._shuffled(count, states), states)
        finally:
            self.rng.bit_generator.state = before

    def _taken(self, first: int, count: int) -> list[Batches | None]:
        assert self._ahead is not None
        begun, batches, states = self._ahead
        k = first - begun
        self.rng.bit_generator.state = states[k + count]
        return [None if b is None else b.some(k * self.steps, (k + count) * self.steps) for b in batches]

    def _shuffled(self, count: int, states: list[Any] | None = None) -> list[Batches | None]:
        """The batches of the next epochs; the states of the generator after each are appended."""
        indices = [np.empty((count, n), np.int64) for n in self.samples]
        for k in range(count):
            for own, n in zip(indices, self.samples):
                own[k] = self.rng.permutation(n)
            if states is not None:
                states.append(self.rng.bit_generator.state)
        out: list[Batches | None] = []
        for k, (own, n) in enumerate(zip(indices, self.samples)):
            ends = self.ends_of_steps(k)
            if ends is None:
                out.append(None)
                continue
            offsets = np.concatenate([[0], (np.arange(count)[:, None] * n + ends).ravel()]).astype(np.int64, copy=False)
            out.append(Batches(own.reshape(-1), offsets).checked(n, count * self.steps))
        return out


def _equal(a: Any, b: Any) -> bool:
    """Whether two states of a generator are equal: dicts with numbers and arrays."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_equal(v, b[k]) for k, v in a.items())
    return bool(np.array_equal(a, b)) if isinstance(a, np.ndarray) or isinstance(b, np.ndarray) else bool(a == b)


def _of_terms(batches: Any, samples: list[int]) -> list[np.ndarray | None]:
    """The given indices of each term, checked; copies, for the caller's arrays may change during the run."""
    if len(samples) == 1:
        return [_indices(batches, samples[0], "batches")]
    if not isinstance(batches, (list, tuple)) or len(batches) != len(samples) or all(b is None for b in batches):
        raise ArgumentError(
            f"batches of a loss of {len(samples)} terms are a list with indices of shape (epochs, batches, batch size) for each, "
            f"or None for all samples at each step; got {described(batches)}"
        )
    given = [None if b is None else _indices(b, n, f"batches of term {k}") for k, (b, n) in enumerate(zip(batches, samples), 1)]
    if len({g.shape[:2] for g in given if g is not None}) != 1:
        shapes = ", ".join("None" if g is None else str(g.shape) for g in given)
        raise ShapeError(f"batches: all terms have as many epochs, and batches in an epoch; got the shapes {shapes}")
    return given


def _indices(batches: Any, samples: int, what: str) -> np.ndarray:
    given = np.asarray(batches)
    if given.ndim != 3 or given.dtype.kind not in "iu" or 0 in given.shape:
        raise ShapeError(f"{what}: expected whole numbers of shape (epochs, batches, batch size), got {given.dtype} {given.shape}")
    if given.min() < 0 or given.max() >= samples:
        raise ArgumentError(f"{what}: indices are from 0 to {samples - 1}, got {given.min()} to {given.max()}")
    return np.array(given, np.int64)


__all__ = ["Sampler"]
