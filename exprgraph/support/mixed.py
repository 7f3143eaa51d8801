"""Words of 64 bits that look random, the same each time; NumPy's generators take milliseconds to be imported."""

from __future__ import annotations

import numpy as np


def mixed(words: np.ndarray) -> np.ndarray:
    """Words, each mapped to another one: the last step of SplitMix64 (Steele, Lea, Flood 2014).

    >>> from exprgraph.support.mixed import mixed
    >>> [hex(w) for w in mixed(np.array([0, 1], np.uint64)).tolist()]
    ['0x0', '0x5692161d100b05e5']
    """
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: np.ndarray = words ^ (words >> np.uint64(31))
    return found


def different_words(count: int) -> np.ndarray:
    """So many different words."""
    return mixed(np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15))


__all__ = ["different_words", "mixed"]
