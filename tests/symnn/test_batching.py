"""The samples of each step: shuffled ahead, they are those that would be shuffled when they are taken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from symnn.training.batching import Sampler


def sampler(kind: Any) -> Sampler:
    return Sampler([7, 5], 3, None, np.random.Generator(kind(0)))


def taken(s: Sampler, first: int, count: int) -> list[list[int]]:
    """The samples of each term in some epochs."""
    batches = s.epochs(first, count)
    assert all(b is not None and b.offsets[0] == 0 and b.offsets[-1] == len(b.indices) for b in batches)
    return [b.indices.tolist() for b in batches if b is not None]


@pytest.mark.parametrize("kind", [np.random.PCG64, np.random.MT19937])
def test_epochs_shuffled_ahead(kind: Any) -> None:
    one, other = sampler(kind), sampler(kind)
    expected = [taken(one, k, n) for k, n in ((0, 1), (1, 2), (3, 1), (4, 2))]
    other.shuffle_ahead(0, 4)
    found = [taken(other, 0, 1), taken(other, 1, 2)]
    assert (other.ready(3), other.ready(4), other.ready(2)) == (1, 0, 0)
    other.shuffle_ahead(3, 1)
    assert [*found, taken(other, 3, 1), taken(other, 4, 2)] == expected
    assert one.rng.random() == other.rng.random()


def test_a_generator_that_is_used_meanwhile() -> None:
    """What was shuffled ahead is forgotten: the epoch is shuffled by the numbers that come now."""
    one, other = sampler(np.random.PCG64), sampler(np.random.PCG64)
    other.shuffle_ahead(0, 2)
    for s in (one, other):
        s.rng.random()
    assert other.ready(0) == 0 and taken(one, 0, 2) == taken(other, 0, 2)
