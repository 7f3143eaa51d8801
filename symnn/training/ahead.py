"""Points of many epochs at once, so that machine code makes all their steps in one call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from exprgraph import Node
from exprgraph.descent import Batches, Term

from ..objectives.functions import own_data
from ..objectives.objective import Part
from ..points.drawn import Column, Drawing

#: numbers of all samples of a term that are kept at once, and epochs
NUMBERS, EPOCHS = 1 << 18, 256


def most_epochs(parts: Sequence[Part]) -> int:
    """How many epochs are drawn at once."""
    sizes = [p.samples * sum(s.size for s in p.symbols if s.per_sample) for p in parts if _renewed(p)]
    return max(1, min(EPOCHS, NUMBERS // max(1, *sizes)))


def drawn_ahead(
    terms: Sequence[Term], parts: Sequence[Part], batches: Sequence[Batches | None], drawing: Drawing, epochs: range, of_epoch: int
) -> tuple[tuple[Term, ...], list[Batches | None]]:
    """Terms whose samples are those of several epochs one after another, and the batches that take each epoch's own.

    Args:
        terms, parts: with the samples of one epoch.
        batches: of the epochs in sequence; ``None`` for all samples at every step.
        drawing: has the points of every epoch.
        epochs: their numbers.
        of_epoch: the number of steps of an epoch.
    """
    new_terms, new_batches = [], []
    for term, part, batch in zip(terms, parts, batches):
        renewed = _renewed(part)
        if renewed:
            n = part.samples
            arrays = [_repeated(s, a, renewed.get(s), n, drawing, epochs) for s, a in zip(part.symbols, term.arrays)]
            term, batch = Term(term.function, tuple(arrays), n * len(epochs)), _of_epochs(batch, n, len(epochs), of_epoch)
        new_terms.append(term)
        new_batches.append(batch)
    return tuple(new_terms), new_batches


def _renewed(part: Part) -> dict[Node, Column]:
    return {s: c for s, c in part.columns.items() if c.source.every is not None}


def _repeated(symbol: Node, a: np.ndarray, column: Column | None, n: int, drawing: Drawing, epochs: range) -> np.ndarray:
    if column is not None:
        return own_data(symbol, drawing.of_epochs(column, epochs), n * len(epochs), a.dtype)
    return np.tile(a, (len(epochs), *[1] * (a.ndim - 1))) if symbol.per_sample else a


def _of_epochs(batch: Batches | None, n: int, count: int, of_epoch: int) -> Batches:
    """Indices into the samples of all epochs."""
    first = n * np.arange(count)[:, None]
    if batch is None:  # all samples of its epoch at every step
        indices = np.repeat(first + np.arange(n), of_epoch, axis=0)
        return Batches(indices.ravel(), n * np.arange(count * of_epoch + 1))
    return Batches((batch.indices.reshape(count, -1) + first).ravel(), batch.offsets)


__all__ = ["drawn_ahead", "most_epochs"]
