"""The rules of functions of lines in the testing kit: 50 digits, rounding errors, bounds, random nodes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import mpmath
import numpy as np

from ..graph.leaves import constant
from ..graph.node import Node, Shape
from ..graph.primitive import Primitive
from ..lines.order import ORDERED, axis_of, ordered
from ..lines.recurrence import RECURRENCE, Along, computed, is_running_sum, recurrence, running_product
from ..meaning.evaluate import batched
from .bounds import BOUNDS, EVERYTHING, Interval
from .growing import GROW, Garden
from .noise import NOISE, Noise
from .precise import PRECISE


@PRECISE.rule(RECURRENCE)
def _precise(node: Node, values: Sequence[np.ndarray], batch: Shape) -> np.ndarray:
    axis, silences = Along.of(node)
    a, b = batched(values, node.args)
    return computed(a, b, axis - node.ndim, silences)


@NOISE.rule(RECURRENCE)
def _perturbed(node: Node, args: Sequence[np.ndarray], noise: Noise) -> np.ndarray:
    """A rounding error of each step, which later steps carry on."""
    axis, silences = Along.of(node)
    a, b = (np.moveaxis(v, axis - node.ndim, 0) for v in np.broadcast_arrays(*args))
    out = [b[0]]
    for i in range(1, len(b)):
        carried = a[i] * out[-1]
        if silences:
            carried = np.where(out[-1] == 0, 0.0, carried)
        out.append(noise.off(carried + b[i], np.abs(carried) + np.abs(b[i])))
    return np.moveaxis(np.stack(np.broadcast_arrays(*out)), 0, axis - node.ndim)


@BOUNDS.rule(RECURRENCE)
def _bounds(node: Node, args: Sequence[Interval]) -> Interval:
    (a, b), n = args, node.shape[Along.of(node).axis]
    largest, most = max(map(abs, a)), max(map(abs, b))
    bound = most
    for _ in range(min(n, 1000) - 1):
        bound = largest * bound + most if bound else most
    if not bound < math.inf or n > 1000:
        return EVERYTHING
    return (min(b[0], n * b[0]), max(b[1], n * b[1])) if is_running_sum(node) else (-bound, bound)


@GROW.rule(RECURRENCE)
def _recurrence(g: Garden, row: Primitive) -> Node:
    node = g.any(lambda n: n.ndim > 0)
    if not node.ndim:
        return node
    axis = g.choice.whole(0, node.ndim - 1)
    kind = g.choice.whole(0, 3)
    if kind == 0:
        return recurrence(constant(1.0, node.shape), node, axis)
    node = g.within(node, (-1.5, 1.5))
    return running_product(node, axis) if kind == 1 else recurrence(node, g.like(node.shape), axis, kind == 3)


@PRECISE.rule(ORDERED)
def _precisely_ordered(node: Node, values: Sequence[np.ndarray], batch: Shape) -> np.ndarray:
    key, x = (np.moveaxis(v, axis_of(node) - node.ndim, -1) for v in batched(values, node.args))
    out = np.empty(x.shape, dtype=object)
    for i in np.ndindex(*x.shape[:-1]):
        order = sorted(range(x.shape[-1]), key=lambda k: (bool(mpmath.isnan(key[i][k])), 0 if mpmath.isnan(key[i][k]) else key[i][k]))
        out[i] = x[i][order]
    return np.moveaxis(out, -1, axis_of(node) - node.ndim)


NOISE.fill(lambda node, args, noise: noise.value(node, args), ORDERED)
BOUNDS.fill(lambda node, args: args[1], ORDERED)


@GROW.rule(ORDERED)
def _ordered(g: Garden, row: Primitive) -> Node:
    node = g.any(lambda n: n.ndim > 0)
    return ordered(node, node, g.choice.whole(0, node.ndim - 1)) if node.ndim else node


__all__: list[str] = []
