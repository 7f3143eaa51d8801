"""Steps on batches whose samples are not all in memory: on other computers, or in files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

import exprgraph as eg
from exprgraph.descent import Batches, Term

from ..errors import ArgumentError
from ..objectives.functions import own_data
from ..objectives.objective import Part
from ..objectives.places import Where
from ..objectives.problem import Problem
from ..parameters.container import NeuralNetworkParameters
from ..points.drawn import Drawing
from .batching import Sampler
from .first_order.optimizer import BatchOptimizer
from .full_batch.optimizer import FullBatchOptimizer
from .steps import BatchSteps, FullBatchSteps, Outcome, Steps


class StepsOfTotals(BatchSteps):
    """An optimizer's formula on gradients that are totals over blocks, one step after another."""

    def __init__(
        self,
        optimizer: BatchOptimizer,
        sampler: Sampler,
        symbols: NeuralNetworkParameters,
        parts: list[Part],
        first: np.ndarray,
        drawing: Drawing,
        threads: int,
        where: Where | None,
    ) -> None:
        self.problem = Problem(symbols, parts, first.dtype, threads, where)
        self._found = [np.zeros(first.size + 1, first.dtype) for _ in parts]
        super().__init__(optimizer, sampler, symbols, parts, first, drawing, threads)

    def terms_of(self, parts: list[Part], symbols: NeuralNetworkParameters, threads: int) -> list[Term]:
        """Terms whose value and gradient are given as data."""
        n = symbols.size
        p, found = eg.Symbol("parameters", n), eg.Symbol("value and gradient", n + 1)
        given = eg.compile((found[0], found[1:]), (p, found), shared=(p, found), immediate=False)
        return [Term(given, (own,), 1) for own in self._found]

    @property
    def arrays(self) -> list[list[np.ndarray]]:
        return self.problem.arrays

    def _run(self, batches: Sequence[Batches | None], begun: int, count: int, meanwhile: Callable[[], None] | None = None) -> Outcome:
        if meanwhile is not None:
            meanwhile()
        steps, before = self.of_epoch * count, self.of_epoch * begun
        losses, terms = np.empty(steps, self.dtype), np.empty((len(self.parts), steps), self.dtype)
        rates = self.rate(before, steps)
        for k in range(steps):
            for own, objective, batch in zip(self._found, self.problem.objectives, batches):
                rows = None if batch is None else batch.indices[batch.offsets[k] : batch.offsets[k + 1]]
                own[0], own[1:] = objective.value_and_gradient(self.parameters, rows)
            values = np.empty((len(terms), 1), self.dtype)
            made = self.descent.run([None] * len(terms), rates[k : k + 1], before + k, losses[k : k + 1], values)
            terms[:, k] = values[:, 0]
            if not made:
                return self.outcome_of(losses, terms, k)
        return self.outcome_of(losses, terms, steps)


class _Window(NamedTuple):
    """Some steps one after another: for each term the samples that they take, and where those of each step end."""

    rows: list[np.ndarray | None]
    offsets: list[np.ndarray | None]
    steps: int


class _Shuffled:
    """A permutation of samples in blocks: of the blocks, and within each; never whole in memory."""

    def __init__(self, ranges: Sequence[tuple[int, int]], rng: np.random.Generator) -> None:
        self._ranges = [ranges[k] for k in rng.permutation(len(ranges))]
        self._ends = np.cumsum([stop - first for first, stop in self._ranges])
        self._seeds = rng.integers(1 << 62, size=len(ranges))
        self._last: tuple[int, np.ndarray] | None = None

    def _block(self, k: int) -> np.ndarray:
        if self._last is None or self._last[0] != k:
            first, stop = self._ranges[k]
            self._last = k, first + np.random.default_rng(self._seeds[k]).permutation(stop - first)
        return self._last[1]

    def __getitem__(self, places: slice) -> np.ndarray:
        parts, at = [], places.start
        while at < places.stop:
            k = int(np.searchsorted(self._ends, at, side="right"))
            begins = int(self._ends[k]) - len(self._block(k))
            parts.append(self._block(k)[at - begins : places.stop - begins])
            at = begins + len(self._block(k))
        return np.concatenate(parts) if parts else np.empty(0, np.int64)


class StepsOfWindows(BatchSteps):
    """An optimizer's formula on batches of files: the samples of many steps are read, and then taken by machine code.

    Without given batches, samples are shuffled within blocks, and the blocks in random order, so that an epoch reads a file once.
    """

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        whole = [self.sampler.ends_of_steps(k) is None for k in range(len(self.parts))]
        #: the terms whose samples are read while steps are made
        self._read = [not w and any(eg.blocks.is_elsewhere(a) for a in p.arrays) for w, p in zip(whole, self.parts)]
        self.descent.terms = tuple(
            t if r else Term(t.function, self.own_data_of(p), p.samples) for t, p, r in zip(self.descent.terms, self.parts, self._read)
        )
        self._ranges = [_ranges(p, self.dtype) for p in self.parts]
        if self.sampler.shuffles and any(self._read):  # in another order than in memory, or in other blocks
            blocks = ", ".join(str(r[0][1] - r[0][0]) for r, read in zip(self._ranges, self._read) if read)
            self.samples = f"{self.sampler.described} within blocks of {blocks}"

    def terms_of(self, parts: list[Part], symbols: NeuralNetworkParameters, threads: int) -> list[Term]:
        """Terms without data."""
        return [t._replace(arrays=(), samples=0) for t in super().terms_of([p._replace(arrays=()) for p in parts], symbols, threads)]

    def _epochs(self, begun: int, count: int) -> Outcome:
        steps, before = self.of_epoch * count, self.of_epoch * begun
        losses, terms = np.empty(steps, self.dtype), np.empty((len(self.parts), steps), self.dtype)
        made = 0
        for epoch in range(begun, begun + count):
            for window in self._windows(epoch):
                done = self._descend(window, before + made, losses[made : made + window.steps], terms[:, made : made + window.steps])
                made += done
                if done < window.steps:
                    return self.outcome_of(losses, terms, made)
        return self.outcome_of(losses, terms, made)

    def _windows(self, epoch: int) -> Iterator[_Window]:
        """The steps of an epoch, as many at once as there is memory for the samples of a block."""
        sampler = self.sampler
        ends = [sampler.ends_of_steps(k) for k in range(len(self.parts))]
        orders: list[Any] = []
        for k, n in enumerate(sampler.samples):
            if sampler.given:
                chosen = sampler.given[k]
                orders.append(None if chosen is None else chosen[epoch].reshape(-1))
            elif ends[k] is None:
                orders.append(None)
            else:
                orders.append(_Shuffled(self._ranges[k], sampler.rng) if self._read[k] else sampler.rng.permutation(n))
        most = [max(stop - first for first, stop in r) for r, read in zip(self._ranges, self._read) if read]
        longest = [int(np.diff(e, prepend=0).max()) for e, read in zip(ends, self._read) if read and e is not None]
        some = max(1, min((m // n for m, n in zip(most, longest)), default=self.of_epoch))
        for first in range(0, self.of_epoch, some):
            stop = min(self.of_epoch, first + some)
            rows: list[np.ndarray | None] = []
            offsets: list[np.ndarray | None] = []
            for order, e in zip(orders, ends):
                begin = 0 if e is None or not first else int(e[first - 1])
                rows.append(None if order is None or e is None else np.asarray(order[begin : int(e[stop - 1])]))
                offsets.append(None if e is None else np.concatenate([[begin], e[first:stop]]) - begin)
            yield _Window(rows, offsets, stop - first)

    def _descend(self, window: _Window, before: int, losses: np.ndarray, values: np.ndarray) -> int:
        """Make the steps of a window."""
        own, terms, batches = self.descent.terms, [], []
        for part, term, read, rows, offsets in zip(self.parts, own, self._read, window.rows, window.offsets):
            if rows is not None and read:
                term = Term(term.function, self._gathered(part, rows), len(rows))
                rows = np.arange(len(rows))
            terms.append(term)
            batches.append(None if rows is None or offsets is None else Batches(rows, offsets))
        self.descent.terms = tuple(terms)
        found = np.empty((len(terms), window.steps), self.dtype)
        try:
            return self.descent.run(batches, self.rate(before, window.steps), before, losses, found)
        finally:
            values[...] = found
            self.descent.terms = own

    def _gathered(self, part: Part, rows: np.ndarray) -> tuple[np.ndarray, ...]:
        """The data of some samples in the type to compute in, read block by block."""
        arrays = [np.empty((len(rows), *s.shape), self.dtype) if s.per_sample else own_data(s, a, 1, self.dtype) for s, a in _data(part)]
        order = np.argsort(rows, kind="stable")
        ordered = rows[order]
        for first, stop in self._ranges[self.parts.index(part)]:
            begin, end = np.searchsorted(ordered, [first, stop])
            if begin == end:
                continue
            low, high = int(ordered[begin]), int(ordered[end - 1]) + 1
            for (s, a), own in zip(_data(part), arrays):
                if s.per_sample:
                    with np.errstate(over="ignore"):
                        own[order[begin:end]] = eg.blocks.read(a, low, high)[ordered[begin:end] - low].reshape(-1, *s.shape)
        return tuple(arrays)


def _data(part: Part) -> list[tuple[Any, Any]]:
    return list(zip(part.symbols, part.arrays))


def _ranges(part: Part, dtype: np.dtype[Any]) -> list[tuple[int, int]]:
    """The blocks of a part."""
    files = [a for s, a in _data(part) if s.per_sample and eg.blocks.is_elsewhere(a)]
    return eg.blocks.blocks_of(files, part.samples, dtype.itemsize * sum(s.size for s in part.symbols if s.per_sample))


def steps_for(
    optimizer: Any,
    sampler: Sampler,
    symbols: NeuralNetworkParameters,
    parts: list[Part],
    first: np.ndarray,
    threads: int,
    drawing: Drawing | None = None,
    where: Where | None = None,
) -> Steps:
    """The steps of an optimizer, on samples in memory, in files, or where ``where`` places them."""
    drawing = Drawing() if drawing is None else drawing
    absent = any(eg.blocks.is_elsewhere(a) for p in parts for a in p.arrays)
    if drawing.renews and (absent or where is not None):
        raise ArgumentError("points that are drawn anew are in memory, here: leave out every=, or files and cluster=")
    if isinstance(optimizer, FullBatchOptimizer):
        return FullBatchSteps(optimizer, sampler, symbols, parts, first, drawing, threads, where)
    if where is not None or (absent and sampler.size is None and not sampler.given):
        return StepsOfTotals(optimizer, sampler, symbols, parts, first, drawing, threads, where)
    kind = StepsOfWindows if absent else BatchSteps
    return kind(optimizer, sampler, symbols, parts, first, drawing, threads)


__all__ = ["StepsOfTotals", "StepsOfWindows", "steps_for"]
