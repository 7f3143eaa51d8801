"""Compiled functions of one term of a loss: value, gradient, residuals and their derivatives."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from copy import copy
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np

import exprgraph as eg
from exprgraph import Node

from ..parameters.container import NeuralNetworkParameters
from .objective import Part, flat_gradient

#: bytes of the rows of a Jacobian that are computed at once
BLOCK = 1 << 26


def compiled(
    outputs: Node | Sequence[Node], part: Part, symbols: NeuralNetworkParameters, threads: int = 1, further: Sequence[Any] = ()
) -> eg.CompiledFunction:
    """A function of the flat parameters, of further arguments, and of a part's data; the last ones are kept."""
    wanted = outputs if isinstance(outputs, Node) else tuple(outputs)
    return _compiled(wanted, tuple(symbols.leaves().values()), tuple(further), part.symbols, threads)


#: how many functions and gradients are kept: trainings are repeated with other seeds, rates and data
KEPT = 16


@lru_cache(maxsize=KEPT)
def _compiled(
    outputs: Node | tuple[Node, ...], leaves: tuple[Node, ...], further: tuple[Any, ...], data: tuple[Node, ...], threads: int
) -> eg.CompiledFunction:
    parameters = eg.packed("parameters", leaves)
    shared = [s for s in (*further, *data) if not s.per_sample]
    # a training makes thousands of calls: no interpreter answers the first, and products are fused with sums
    return eg.compile(outputs, [parameters, *further, *data], shared=[parameters, *shared], threads=threads, immediate=False)


def value_and_gradient(part: Part, symbols: NeuralNetworkParameters, threads: int = 1) -> eg.CompiledFunction:
    """The part's loss and its derivative by all parameters."""
    leaves = tuple(symbols.leaves().values())
    return compiled((part.expression, _gradient(part.expression, leaves)), part, symbols, threads)


@lru_cache(maxsize=KEPT)
def _gradient(e: Node, leaves: tuple[Node, ...]) -> Node:
    return flat_gradient(e, NeuralNetworkParameters({str(k): s for k, s in enumerate(leaves)}))


class Rows(NamedTuple):
    """Some residuals, and their derivatives by all parameters, a row each."""

    residuals: np.ndarray
    jacobian: np.ndarray


class Normal(NamedTuple):
    """``J^T J``, ``J^T r`` and ``r^T r`` of some residuals ``r`` with the derivatives ``J``, in float64."""

    matrix: np.ndarray
    gradient: np.ndarray
    squares: float

    @staticmethod
    def of(rows: Rows) -> Normal:
        """From rows of the Jacobian."""
        r, j = (a.astype(float, copy=False) for a in rows)
        return Normal(j.T @ j, r @ j, float(r @ r))


class Residuals:
    """The residuals of one part."""

    def __init__(self, part: Part, symbols: NeuralNetworkParameters, arrays: list[np.ndarray], threads: int) -> None:
        assert part.residual is not None
        self._part, self._symbols, self._threads = part, symbols, threads
        self._scale = eg.Symbol("scale of a residual")
        self._e = self._scale * part.residual
        self.shape = self._e.shape
        #: whether samples can be taken apart
        self.divides = self._e.per_sample and not eg.over_samples.used_in(self._e)
        self.replace(part, arrays)

    def replace(self, part: Part, arrays: list[np.ndarray]) -> None:
        """Take other data."""
        self._samples = part.samples if self._e.per_sample else 1
        self._arrays = arrays
        self._weight = None if part.weight is None else arrays[part.symbols.index(part.weight)]
        self.count = self._e.size * self._samples
        self._given: float | None = None

    def without_data(self) -> Residuals:
        """A copy for other processes."""
        bare = copy(self)
        for name in {*_NEEDED.values()} & {*vars(bare)}:
            del vars(bare)[name]
        bare._part, bare._arrays, bare._weight = self._part._replace(arrays=(), columns={}), [], None
        return bare

    def prepared(self, what: str) -> Residuals:
        """With the function for one of the methods made, which later copies share."""
        _ = getattr(self, _NEEDED[what])
        return self

    def at(self, arrays: list[np.ndarray], samples: int, factor: float) -> Residuals:
        """The residuals of some samples of a larger number, with the factor of all."""
        some = copy(self)
        some._arrays, some._samples, some._given = arrays, samples if self._e.per_sample else 1, factor
        return some

    @property
    def factor(self) -> float:
        """The root of the weight over the number of samples, now."""
        if self._given is not None:
            return self._given
        return math.sqrt((1.0 if self._weight is None else float(self._weight)) / self._samples)

    def _compiled(self, outputs: Node | Sequence[Node], *further: Any) -> eg.CompiledFunction:
        return compiled(outputs, self._part, self._symbols, self._threads, (self._scale, *further))

    @cached_property
    def of_values(self) -> eg.CompiledFunction:
        return self._compiled(self._e)

    @cached_property
    def of_rows(self) -> eg.CompiledFunction:
        return self._compiled((self._e, flat_gradient(self._e, self._symbols)))

    @cached_property
    def of_direction(self) -> eg.CompiledFunction:
        """First and second derivative along a direction."""
        t = eg.Symbol("step along a direction")
        leaves = list(self._symbols.leaves().values())
        directions = [eg.Symbol(f"direction of {s.name}", s.shape) for s in leaves]
        moved = eg.substitute(self._e, {s: s + t * d for s, d in zip(leaves, directions)})
        first = eg.diff(moved, t)
        both = [eg.substitute(e, {t: eg.as_expression(0.0)}) for e in (first, eg.diff(first, t))]
        return self._compiled(both, eg.packed("direction", directions))

    @cached_property
    def of_cotangent(self) -> eg.CompiledFunction:
        cotangent = eg.Symbol("cotangent", self._e.shape, per_sample=self._e.per_sample)
        product = eg.sum(cotangent * self._e)
        total = eg.over_samples.sum(product) if self._e.per_sample else product
        return self._compiled(flat_gradient(total, self._symbols), cotangent)

    def values(self, theta: np.ndarray) -> np.ndarray:
        return self._whole(self.of_values(theta, self.factor, *self._arrays))

    def rows(self, theta: np.ndarray) -> Iterator[Rows]:
        step = self._samples
        if self.divides:
            step = max(1, BLOCK // (theta.itemsize * max(1, self._e.size * theta.size)))
        for first in range(0, self._samples, step):
            some = [a[first : first + step] if s.per_sample and self.divides else a for s, a in zip(self._part.symbols, self._arrays)]
            r, j = self.of_rows(theta, self.factor, *some)
            count = min(step, self._samples - first)
            yield Rows(self._whole(r, count), self._whole(j, count, theta.size).reshape(-1, theta.size))

    def normal(self, theta: np.ndarray) -> Iterator[Normal]:
        """The parts of the normal equations from some rows at a time."""
        for rows in self.rows(theta):
            yield Normal.of(rows)

    def along(self, theta: np.ndarray, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        first, second = self.of_direction(theta, self.factor, direction, *self._arrays)
        return self._whole(first), self._whole(second)

    def back(self, theta: np.ndarray, cotangent: np.ndarray) -> np.ndarray:
        lead = (self._samples,) if self._e.per_sample else ()
        product: np.ndarray = self.of_cotangent(theta, self.factor, cotangent.reshape(lead + self._e.shape), *self._arrays)
        return product

    def _whole(self, values: Any, samples: int | None = None, *further: int) -> np.ndarray:
        """All values, also of a derivative that is the same for all samples, as a vector."""
        lead = (self._samples if samples is None else samples,) if self._e.per_sample else ()
        shape = (*lead, *self._e.shape, *further)
        whole = values if np.shape(values) == shape else np.array(np.broadcast_to(values, shape))
        return np.ravel(whole)


#: the function that each method calls
_NEEDED = {"values": "of_values", "rows": "of_rows", "normal": "of_rows", "along": "of_direction", "back": "of_cotangent"}


class InMemory:
    """A term of a loss whose samples are in memory.

    Attributes:
        arrays: the data in the order of the part's symbols; they may be changed in place.
    """

    def __init__(self, part: Part, symbols: NeuralNetworkParameters, dtype: np.dtype[Any], threads: int) -> None:
        self._symbols, self._dtype, self._threads = symbols, dtype, threads
        self._take(part)

    def _take(self, part: Part) -> None:
        self.part = part
        self.arrays = [own_data(s, a, part.samples, self._dtype) for s, a in zip(part.symbols, part.arrays)]

    def replace(self, part: Part) -> None:
        """Take other data."""
        self._take(part)
        if "residuals" in vars(self):
            self.residuals.replace(part, self.arrays)

    @cached_property
    def _value(self) -> eg.CompiledFunction:
        return compiled(self.part.expression, self.part, self._symbols, self._threads)

    @cached_property
    def _gradient(self) -> eg.CompiledFunction:
        return value_and_gradient(self.part, self._symbols, self._threads)

    @cached_property
    def residuals(self) -> Residuals:
        """What is squared."""
        return Residuals(self.part, self._symbols, self.arrays, self._threads)

    @property
    def knows_values_by_gradients(self) -> bool:
        """Whether the value with its gradient was compiled, and the value alone was not."""
        return "_value" not in vars(self) and "_gradient" in vars(self)

    def value(self, theta: np.ndarray) -> float:
        """The loss, with its weight."""
        return float(self._value(theta, *self.arrays))

    def value_and_gradient(self, theta: np.ndarray, rows: np.ndarray | None = None) -> tuple[float, np.ndarray]:
        """The loss and its derivative by all parameters; of some samples only, if their numbers are given."""
        some = self.arrays if rows is None else [a[rows] if s.per_sample else a for s, a in zip(self.part.symbols, self.arrays)]
        value, gradient = self._gradient(theta, *some)
        return float(value), gradient


def own_data(symbol: Node, data: np.ndarray, samples: int, dtype: np.dtype[Any]) -> np.ndarray:
    """Data in the type to compute in, samples on one axis.  Numbers too large for it become infinite, and the first loss shows them."""
    with np.errstate(over="ignore"):
        a = np.asarray(data, dtype, order="C")
    shape = (samples, *symbol.shape) if symbol.per_sample and a.ndim > symbol.ndim else a.shape
    # not a view of the caller's array: its owner may resize it, and that is seen in the array itself only
    return a if a.shape == shape else a.copy().reshape(shape)


__all__ = ["BLOCK", "KEPT", "InMemory", "Normal", "Residuals", "Rows", "compiled", "own_data", "value_and_gradient"]
