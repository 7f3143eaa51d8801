"""The samples of each step of an epoch."""

from __future__ import annotations

from typing import Any

import numpy as np

from exprgraph.descent import Batches

from ..errors import ArgumentError, ShapeError


class Sampler:
    """The batches of epochs: all samples at once, shuffled for each epoch, or as given.

    Args:
        samples: the number of samples of each term of the loss.
        batch_size: the batch size of the largest term.  The other terms are divided into as many batches; a term
            with fewer samples is taken whole at each step.  ``None`` for all at once.
        batches: given indices, (epochs, batches, batch size), for a loss of one term.
        rng: the generator that shuffles; its state after an epoch continues a run exactly.
    """

    def __init__(self, samples: list[int], batch_size: int | None, batches: Any, rng: np.random.Generator) -> None:
        self.samples = samples
        self.rng = rng
        self.given: np.ndarray | None = None
        self.size: int | None = None
        if batches is not None:
            if batch_size is not None:
                raise ArgumentError("batch_size= and batches= both say which samples a step takes; give one of them")
            if len(samples) != 1:
                raise ArgumentError("batches= gives the samples of one term; this loss has several")
            given = np.asarray(batches)
            if given.ndim != 3 or given.dtype.kind not in "iu" or 0 in given.shape:
                raise ShapeError(f"batches: expected whole numbers of shape (epochs, batches, batch size), got {given.dtype} {given.shape}")
            if given.min() < 0 or given.max() >= samples[0]:
                raise ArgumentError(f"batches: indices are from 0 to {samples[0] - 1}, got {given.min()} to {given.max()}")
            self.given = np.array(given, np.int64)  # a copy: the caller's array may change during the run
            self.steps = given.shape[1]
            return
        if batch_size is None:
            self.steps = 1
            return
        if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ArgumentError(f"batch_size is a positive whole number, or None for all samples, got {batch_size!r}")
        self.size = int(batch_size)
        self.steps = -(-max(samples) // self.size)

    @property
    def described(self) -> str:
        """The number of samples of a step, and their origin."""
        if self.given is not None:
            return f"{self.given.shape[2]}, given"
        return "all" if self.size is None else f"{self.size}, shuffled"

    def of(self, samples: list[int]) -> Sampler:
        """The same for other numbers of samples, with the same generator."""
        return Sampler(samples, self.size, None, self.rng)

    def epochs(self, first: int, count: int) -> list[Batches | None]:
        """The batches of some epochs in sequence, for each term."""
        if self.given is not None:
            chosen = self.given[first : first + count]
            size = chosen.shape[2]
            return [Batches(chosen.reshape(-1), np.arange(0, chosen.size + 1, size, dtype=np.int64))]
        if self.size is None:
            return [None] * len(self.samples)
        parts: list[list[np.ndarray]] = [[] for _ in self.samples]
        for _ in range(count):
            for own, n in zip(parts, self.samples):
                own.append(self.rng.permutation(n))
        out: list[Batches | None] = []
        for own, n in zip(parts, self.samples):
            if n < self.steps:
                out.append(None)
                continue
            steps = np.arange(1, self.steps + 1)
            ends = np.minimum(steps * self.size, n) if n == max(self.samples) else steps * n // self.steps
            offsets = np.concatenate([[0], (np.arange(count)[:, None] * n + ends).ravel()])
            out.append(Batches(np.concatenate(own).astype(np.int64, copy=False), offsets.astype(np.int64)))
        return out


__all__ = ["Sampler"]
