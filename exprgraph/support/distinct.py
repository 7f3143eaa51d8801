"""Distinct whole numbers."""

from __future__ import annotations

import numpy as np


def distinct(numbers: np.ndarray) -> np.ndarray:
    """The different numbers of a vector in ascending order; ``np.unique`` imports masked arrays, which takes longer than small models.

    >>> from exprgraph.support.distinct import distinct
    >>> distinct(np.array([3, 1, 3, 2, 1]))
    array([1, 2, 3])
    """
    found = np.sort(numbers)
    first = np.ones(len(found), bool)
    np.not_equal(found[1:], found[:-1], out=first[1:])
    return found[first]


__all__ = ["distinct"]
