"""The value of a loop by NumPy, round by round."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from ..graph.node import Node, Shape
from ..meaning.evaluate import EVALUATE, Pass, Samples
from .body import SCAN, Recurrence

#: the values of a body's results from those of its symbols
Round = Callable[[Mapping[Node, np.ndarray]], Sequence[np.ndarray]]


def rounds(loop: Recurrence) -> Iterator[int]:
    """The positions in the arrays, in the order of the rounds."""
    return iter(range(loop.length - 1, -1, -1) if loop.backwards else range(loop.length))


def run(loop: Recurrence, values: Sequence[np.ndarray], one: Round) -> np.ndarray:
    """The vector of a loop's results, with the axes in front that values have; ``one`` computes a round."""
    body = loop.body
    n, m = len(body.carry), len(body.carry) + len(body.over)
    carried = list(values[:n])
    shared = dict(zip(body.given, values[m:]))
    given: list[list[np.ndarray]] = [[np.empty(0)] * loop.length for _ in body.gives]
    for t in rounds(loop):
        own = [_entry(v, v.ndim - s.ndim - 1, t) for v, s in zip(values[n:m], body.over)]
        results = one({**dict(zip(body.carry, carried)), **dict(zip(body.over, own)), **shared})
        carried = list(results[:n])
        for listed, value in zip(given, results[n:]):
            listed[t] = value
    parts = [_flat([v], s.ndim) for v, s in zip(carried, body.then)]
    parts += [_flat(listed, s.ndim) for listed, s in zip(given, body.gives)]
    lead = np.broadcast_shapes(*(p.shape[:-1] for p in parts))
    return np.concatenate([np.broadcast_to(p, lead + p.shape[-1:]) for p in parts], axis=-1)


def _entry(value: np.ndarray, axis: int, t: int) -> np.ndarray:
    """An entry along an axis, as an array also if it is one object."""
    some = value[(*[slice(None)] * axis, slice(t, t + 1))]
    return some.reshape(some.shape[:axis] + some.shape[axis + 1 :])


def _flat(values: Sequence[np.ndarray], ndim: int) -> np.ndarray:
    """Values of several rounds as vectors, with the axes in front that any of them has."""
    lead: Shape = np.broadcast_shapes(*(v.shape[: v.ndim - ndim] for v in values))
    same = [np.broadcast_to(v, lead + v.shape[v.ndim - ndim :]).reshape((*lead, math.prod(v.shape[v.ndim - ndim :]))) for v in values]
    return np.concatenate(same, axis=-1) if len(same) > 1 else same[0]


@EVALUATE.rule(SCAN)
def _evaluated(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    loop = Recurrence.of(node)
    body = loop.body
    evaluation = Pass(body.order, body.results)
    bound = frozenset(body.symbols)

    def one(known: Mapping[Node, np.ndarray]) -> Sequence[np.ndarray]:
        found = dict(known)
        evaluation.run(found, samples, bound)
        return [found[r] for r in body.results]

    return run(loop, values, one)


__all__ = ["Round", "rounds", "run"]
