"""Where the samples of a term are, block by block, and where functions of them run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

import exprgraph as eg
from exprgraph import Node

#: a function of the arrays of a block, of values that all blocks get, and of its own share of others
OnBlock = Callable[[list[np.ndarray], Sequence[Any], Sequence[np.ndarray]], Any]
#: the samples of one term: its symbols that differ by sample, their values, the number of samples, the type to compute in
Where = Callable[[Sequence[Node], Sequence[Any], int, "np.dtype[Any]"], "Place"]


class Share(NamedTuple):
    """What a block takes part with: its number, its samples (all: ``None``), and its own share of arrays."""

    block: int
    rows: np.ndarray | None = None
    own: Sequence[np.ndarray] = ()


def on_rows(f: OnBlock, arrays: list[np.ndarray], rows: np.ndarray | None, given: Sequence[Any], own: Sequence[np.ndarray]) -> Any:
    """A function of some samples of a block."""
    return f(arrays if rows is None else [a[rows] for a in arrays], given, own)


class Place(ABC):
    """Samples in blocks.

    Attributes:
        ranges: the first and last sample of each block.
    """

    ranges: list[tuple[int, int]]

    @abstractmethod
    def results(self, f: OnBlock, given: Sequence[Any], shares: Sequence[Share]) -> Iterable[Any]:
        """The results of a function for each share, in order."""

    @abstractmethod
    def total(self, f: OnBlock, given: Sequence[Any], shares: Sequence[Share]) -> np.ndarray:
        """The sum of the results, which are vectors, in the order of :func:`exprgraph.blocks.added`."""

    def shares(self, rows: np.ndarray | None = None, own: Sequence[np.ndarray] = ()) -> list[Share]:
        """The shares of all blocks, or of those that have some of these samples.

        Args:
            rows: numbers of samples, from 0; ``None`` for all.
            own: arrays with a row for each sample, of which each block gets its part.
        """
        if rows is None:
            return [Share(k, None, [a[first:stop] for a in own]) for k, (first, stop) in enumerate(self.ranges)]
        block = np.searchsorted([stop for _, stop in self.ranges], rows, side="right")
        order = np.argsort(block, kind="stable")
        found, starts = np.unique(block[order], return_index=True)
        parts = np.split(order, starts[1:])
        return [Share(int(k), rows[part] - self.ranges[k][0]) for k, part in zip(found, parts)]


def divided(arrays: Sequence[Any], samples: int, row: int, block: int) -> list[tuple[int, int]]:
    """The first and last sample of each block: those of the chunks of a Dask array, or else of about so many bytes."""
    lazy = next((a for a in arrays if eg.blocks.is_lazy(a)), None)
    if lazy is None:
        return eg.blocks.blocks_of([a for a in arrays if eg.blocks.is_stored(a)], samples, row, block)
    ends = np.cumsum(lazy.chunks[0]).tolist()
    return list(zip([0, *ends[:-1]], ends))


def prepared(shapes: Sequence[tuple[int, ...]], pieces: Sequence[Any], samples: int, dtype: np.dtype[Any]) -> list[np.ndarray]:
    """The arrays of a block in the type to compute in, in order."""
    with np.errstate(over="ignore"):
        return [np.ascontiguousarray(a, dtype).reshape(samples, *shape) for a, shape in zip(pieces, shapes)]


class Here(Place):
    """Samples that this process reads, a block at a time."""

    def __init__(self, symbols: Sequence[Node], arrays: Sequence[Any], samples: int, dtype: np.dtype[Any]) -> None:
        self._shapes, self._arrays, self._dtype = [s.shape for s in symbols], list(arrays), dtype
        self.ranges = divided(arrays, samples, dtype.itemsize * sum(s.size for s in symbols), eg.blocks.BLOCK)

    def _block(self, k: int) -> list[np.ndarray]:
        first, stop = self.ranges[k]
        return prepared(self._shapes, [eg.blocks.read(a, first, stop) for a in self._arrays], stop - first, self._dtype)

    def results(self, f: OnBlock, given: Sequence[Any], shares: Sequence[Share]) -> Iterable[Any]:
        return (on_rows(f, self._block(s.block), s.rows, given, s.own) for s in shares)

    def total(self, f: OnBlock, given: Sequence[Any], shares: Sequence[Share]) -> np.ndarray:
        return eg.blocks.added(self.results(f, given, shares))


__all__ = ["Here", "OnBlock", "Place", "Share", "Where", "divided", "on_rows", "prepared"]
