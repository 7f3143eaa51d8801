"""Sparse patterns: for each row, the columns with an entry.

A pattern is two arrays of numbers, as in compressed sparse rows: row r has the columns ``columns[starts[r]:starts[r + 1]]``,
ascending.  All operations are a few calls of NumPy, and take time in proportion to the number of entries.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class Pattern:
    """The entries of a sparse matrix.

    >>> import numpy as np
    >>> from exprgraph.support.patterns import Pattern
    >>> p = Pattern.of_pairs(np.array([2, 0, 2, 2]), np.array([1, 0, 3, 1]), (3, 4))
    >>> p.starts, p.columns, p.shape
    (array([0, 1, 1, 3]), array([0, 1, 3]), (3, 4))
    """

    __slots__ = ("_longest", "columns", "starts", "width")

    def __init__(self, starts: np.ndarray, columns: np.ndarray, width: int) -> None:
        self.starts = starts
        self.columns = columns
        self.width = width
        self._longest = -1

    @staticmethod
    def diagonal(count: int, width: int, first: int = 0) -> Pattern:
        """One entry a row, in the columns from ``first`` on."""
        return Pattern(np.arange(count + 1), np.arange(first, first + count), width)

    @staticmethod
    def empty(height: int, width: int) -> Pattern:
        return Pattern(np.zeros(height + 1, int), np.zeros(0, int), width)

    @staticmethod
    def of_pairs(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> Pattern:
        """The pattern of some entries, in any order, with repetitions."""
        return _of_keys(_distinct(rows * shape[1] + columns), shape)

    @property
    def height(self) -> int:
        return len(self.starts) - 1

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width

    @property
    def nnz(self) -> int:
        """The number of entries."""
        return len(self.columns)

    @property
    def lengths(self) -> np.ndarray:
        """The number of entries of each row."""
        return np.asarray(self.starts[1:] - self.starts[:-1])

    @property
    def longest(self) -> int:
        """The number of entries of the longest row."""
        if self._longest < 0:
            self._longest = int(self.lengths.max(initial=0))
        return self._longest

    @property
    def rows(self) -> np.ndarray:
        """The row of each entry."""
        return np.arange(self.height).repeat(self.lengths)

    def take(self, rows: np.ndarray) -> Pattern:
        """The pattern of some of the rows, in any order, with repetitions."""
        lengths = self.lengths[rows]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        at = np.repeat(self.starts[rows] - starts[:-1], lengths) + np.arange(starts[-1])
        return Pattern(starts, self.columns[at], self.width)

    def added(self, to: np.ndarray, height: int) -> Pattern:
        """A pattern of that many rows, to which each row of this one is added at its place."""
        return Pattern.of_pairs(to.repeat(self.lengths), self.columns, (height, self.width))

    def transposed(self) -> Pattern:
        order = np.argsort(self.columns, kind="stable")
        counts = np.bincount(self.columns, minlength=self.width)
        return Pattern(np.concatenate([[0], np.cumsum(counts)]), self.rows[order], self.height)

    def only(self, mask: np.ndarray) -> Pattern:
        """The entries of a mask."""
        starts = np.concatenate([[0], np.cumsum(mask)])[self.starts]
        return Pattern(starts, self.columns[mask], self.width)

    def keys(self) -> np.ndarray:
        """The position of each entry in the dense matrix, in row-major order."""
        return np.asarray(self.rows * self.width + self.columns)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Pattern)
            and self.shape == other.shape
            and np.array_equal(self.starts, other.starts)
            and np.array_equal(self.columns, other.columns)
        )

    __hash__ = None  # type: ignore[assignment]


def union(patterns: Sequence[Pattern]) -> Pattern:
    """All the entries of patterns of one shape: the longest of them, if it has all."""
    first = max(patterns, key=lambda p: p.nnz)
    rest = [p for p in patterns if p is not first and p.nnz and p != first]
    if not rest:
        return first
    keys = _distinct(np.concatenate([p.keys() for p in (first, *rest)]))
    return first if len(keys) == first.nnz else _of_keys(keys, first.shape)


def stacked(patterns: Sequence[Pattern]) -> Pattern:
    """The rows of one pattern after another."""
    lengths = np.concatenate([p.lengths for p in patterns])
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return Pattern(starts, np.concatenate([p.columns for p in patterns]), patterns[0].width)


def symmetric(pattern: Pattern) -> Pattern:
    """The entries whose mirror image is an entry, too."""
    keys, mirrored = pattern.keys(), pattern.transposed().keys()
    if np.array_equal(keys, mirrored):
        return pattern
    at = np.minimum(np.searchsorted(mirrored, keys), len(mirrored) - 1)
    return pattern.only(mirrored[at] == keys)


def _distinct(keys: np.ndarray) -> np.ndarray:
    keys = np.sort(keys, kind="stable")
    if len(keys) > 1:
        keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])]
    return keys


def _of_keys(keys: np.ndarray, shape: tuple[int, int]) -> Pattern:
    height, width = shape
    rows, columns = np.divmod(keys, max(width, 1))
    return Pattern(np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=height))]), columns, width)


__all__ = ["Pattern", "stacked", "symmetric", "union"]
