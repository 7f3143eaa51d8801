"""A loss on fixed data as functions of the flat parameters: value, gradient, residuals and their derivatives.

The loss is a sum of parts.  A part with residuals is ``|r|^2``: its residuals are scaled by the root of its weight over its
number of samples.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np

import exprgraph as eg
from exprgraph import Node

from ..errors import ArgumentError
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
    return eg.compile(outputs, [parameters, *further, *data], shared=[parameters, *shared], threads=threads)


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


class _Residuals:
    """The residuals of one part."""

    def __init__(self, part: Part, symbols: NeuralNetworkParameters, arrays: list[np.ndarray], threads: int) -> None:
        assert part.residual is not None
        self._part, self._symbols, self._threads = part, symbols, threads
        self._scale = eg.Symbol("scale of a residual")
        self._e = self._scale * part.residual
        #: whether samples can be taken apart
        self._divides = self._e.per_sample and not eg.over_samples.used_in(self._e)
        self.replace(part, arrays)

    def replace(self, part: Part, arrays: list[np.ndarray]) -> None:
        """Take other data."""
        self._samples = part.samples if self._e.per_sample else 1
        self._arrays = arrays
        self._weight = None if part.weight is None else arrays[part.symbols.index(part.weight)]
        self.count = self._e.size * self._samples

    @property
    def _factor(self) -> float:
        """The root of the weight over the number of samples, now."""
        return math.sqrt((1.0 if self._weight is None else float(self._weight)) / self._samples)

    def _compiled(self, outputs: Node | Sequence[Node], *further: Any) -> eg.CompiledFunction:
        return compiled(outputs, self._part, self._symbols, self._threads, (self._scale, *further))

    @cached_property
    def _values(self) -> eg.CompiledFunction:
        return self._compiled(self._e)

    @cached_property
    def _rows(self) -> eg.CompiledFunction:
        return self._compiled((self._e, flat_gradient(self._e, self._symbols)))

    @cached_property
    def _along(self) -> eg.CompiledFunction:
        """First and second derivative along a direction."""
        t = eg.Symbol("step along a direction")
        leaves = list(self._symbols.leaves().values())
        directions = [eg.Symbol(f"direction of {s.name}", s.shape) for s in leaves]
        moved = eg.substitute(self._e, {s: s + t * d for s, d in zip(leaves, directions)})
        first = eg.diff(moved, t)
        both = [eg.substitute(e, {t: eg.as_expression(0.0)}) for e in (first, eg.diff(first, t))]
        return self._compiled(both, eg.packed("direction", directions))

    @cached_property
    def _back(self) -> eg.CompiledFunction:
        cotangent = eg.Symbol("cotangent", self._e.shape, per_sample=self._e.per_sample)
        product = eg.sum(cotangent * self._e)
        total = eg.over_samples.sum(product) if self._e.per_sample else product
        return self._compiled(flat_gradient(total, self._symbols), cotangent)

    def values(self, theta: np.ndarray) -> np.ndarray:
        return self._whole(self._values(theta, self._factor, *self._arrays))

    def rows(self, theta: np.ndarray) -> Iterator[Rows]:
        step = self._samples
        if self._divides:
            step = max(1, BLOCK // (theta.itemsize * max(1, self._e.size * theta.size)))
        for first in range(0, self._samples, step):
            some = [a[first : first + step] if s.per_sample and self._divides else a for s, a in zip(self._part.symbols, self._arrays)]
            r, j = self._rows(theta, self._factor, *some)
            count = min(step, self._samples - first)
            yield Rows(self._whole(r, count), self._whole(j, count, theta.size).reshape(-1, theta.size))

    def along(self, theta: np.ndarray, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        first, second = self._along(theta, self._factor, direction, *self._arrays)
        return self._whole(first), self._whole(second)

    def back(self, theta: np.ndarray, cotangent: np.ndarray) -> np.ndarray:
        lead = (self._samples,) if self._e.per_sample else ()
        product: np.ndarray = self._back(theta, self._factor, cotangent.reshape(lead + self._e.shape), *self._arrays)
        return product

    def _whole(self, values: Any, samples: int | None = None, *further: int) -> np.ndarray:
        """All values, also of a derivative that is the same for all samples, as a vector."""
        lead = (self._samples if samples is None else samples,) if self._e.per_sample else ()
        shape = (*lead, *self._e.shape, *further)
        whole = values if np.shape(values) == shape else np.array(np.broadcast_to(values, shape))
        return np.ravel(whole)


class Problem:
    """A loss on fixed data, of a flat vector of parameters.

    Args:
        symbols: the parameters.
        parts: the terms of the loss with their data.
        dtype: the type of numbers to compute in.
        threads: the number of threads that evaluate the samples.
    """

    def __init__(self, symbols: NeuralNetworkParameters, parts: Sequence[Part], dtype: np.dtype[Any], threads: int = 1) -> None:
        self._symbols, self.dtype, self.threads = symbols, dtype, threads
        self.size = symbols.size
        self._parts = tuple(parts)
        #: the data of each part, in the order of its symbols; they may be changed in place
        self.arrays = [[own_data(s, a, p.samples, dtype) for s, a in zip(p.symbols, p.arrays)] for p in parts]
        #: the parameters and the values of the parts of the last evaluation
        self._last: tuple[np.ndarray, list[float]] | None = None

    def replace(self, parts: Sequence[Part]) -> None:
        """Take other data for the same terms."""
        self.forget()
        self._parts = tuple(parts)
        self.arrays = [[own_data(s, a, p.samples, self.dtype) for s, a in zip(p.symbols, p.arrays)] for p in parts]
        if "_residuals" in vars(self):
            for r, p, arrays in zip(self._residuals, parts, self.arrays):
                r.replace(p, arrays)

    @cached_property
    def _values(self) -> list[eg.CompiledFunction]:
        return [compiled(p.expression, p, self._symbols, self.threads) for p in self._parts]

    @cached_property
    def _gradients(self) -> list[eg.CompiledFunction]:
        return [value_and_gradient(p, self._symbols, self.threads) for p in self._parts]

    @cached_property
    def _residuals(self) -> list[_Residuals]:
        return [_Residuals(p, self._symbols, arrays, self.threads) for p, arrays in zip(self._parts, self.arrays)]

    def check_residuals(self, who: str, does: str = "minimises a sum of squares") -> None:
        """Check that every part of the loss has residuals.

        Raises:
            ArgumentError: one has none.
        """
        for k, p in enumerate(self._parts, 1):
            if p.residual is None:
                which = f"term {k}" if len(self._parts) > 1 else "the loss"
                raise ArgumentError(
                    f"{who} {does} and needs what is squared, but {which} is a number: "
                    "give ResidualTerm(expression, data, weight), residual_terms(...) of symnn.physics, or a loss such as MSE()"
                )

    def _theta(self, theta: np.ndarray) -> np.ndarray:
        return theta.astype(self.dtype, copy=False)

    def value(self, theta: np.ndarray) -> float:
        """The loss."""
        return float(sum(self.terms(theta)))

    def terms(self, theta: np.ndarray) -> list[float]:
        """The loss of each part, with its weight."""
        own = self._theta(theta)
        values = [float(f(own, *arrays)) for f, arrays in zip(self._values, self.arrays)]
        self._last = theta.copy(), values
        return values

    def forget(self) -> None:
        """The data were changed in place."""
        self._last = None

    def terms_after(self, theta: np.ndarray) -> list[float]:
        """The loss of each part after a step: without an evaluation if the last one was there."""
        if self._last is None or not np.array_equal(self._last[0], theta):
            if "_values" not in vars(self) and "_gradients" in vars(self):
                self.value_and_gradient(theta)
            else:
                self.terms(theta)
        assert self._last is not None
        return list(self._last[1])

    def value_and_gradient(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """The loss, and its derivative by all parameters, of shape ``(size,)`` in float64."""
        own = self._theta(theta)
        values, gradient = [], np.zeros(self.size)
        for f, arrays in zip(self._gradients, self.arrays):
            v, g = f(own, *arrays)
            values.append(float(v))
            gradient += g
        self._last = theta.copy(), values
        return float(sum(values)), gradient

    def gradient_norms(self, theta: np.ndarray) -> list[float]:
        """The norm of each part's derivative by all parameters."""
        own = self._theta(theta)
        return [float(np.linalg.norm(f(own, *arrays)[1])) for f, arrays in zip(self._gradients, self.arrays)]

    # -- residuals

    def jacobian_norms(self, theta: np.ndarray) -> list[float]:
        """The root of the sum of squares of each part's Jacobian of residuals."""
        own = self._theta(theta)
        return [float(np.sqrt(sum(np.sum(rows.jacobian.astype(float) ** 2) for rows in r.rows(own)))) for r in self._residuals]

    @property
    def count(self) -> int:
        """The number of residuals."""
        return sum(r.count for r in self._residuals)

    def residuals(self, theta: np.ndarray) -> np.ndarray:
        """The residuals; the sum of their squares is the loss."""
        theta = self._theta(theta)
        return np.concatenate([r.values(theta) for r in self._residuals]).astype(float, copy=False)

    def rows(self, theta: np.ndarray) -> Iterator[Rows]:
        """The residuals and their derivatives, some at a time."""
        theta = self._theta(theta)
        for part in self._residuals:
            for r, j in part.rows(theta):
                yield Rows(r.astype(float, copy=False), j.astype(float, copy=False))

    def along(self, theta: np.ndarray, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The first and the second derivative of the residuals along a direction: ``J v`` and the curvature of their path."""
        theta, direction = self._theta(theta), self._theta(direction)
        both = [r.along(theta, direction) for r in self._residuals]
        first, second = (np.concatenate(parts).astype(float, copy=False) for parts in zip(*both))
        return first, second

    def back(self, theta: np.ndarray, cotangent: np.ndarray) -> np.ndarray:
        """``J^T u`` for a number ``u`` for each residual."""
        theta, cotangent = self._theta(theta), self._theta(cotangent)
        total, at = np.zeros(self.size), 0
        for r in self._residuals:
            total += r.back(theta, cotangent[at : at + r.count])
            at += r.count
        return total


def own_data(symbol: Node, data: np.ndarray, samples: int, dtype: np.dtype[Any]) -> np.ndarray:
    """Data in the type to compute in, samples on one axis.  Numbers too large for it become infinite, and the first loss shows them."""
    with np.errstate(over="ignore"):
        a = np.asarray(data, dtype, order="C")
    shape = (samples, *symbol.shape) if symbol.per_sample and a.ndim > symbol.ndim else a.shape
    # not a view of the caller's array: its owner may resize it, and that is seen in the array itself only
    return a if a.shape == shape else a.copy().reshape(shape)


__all__ = ["BLOCK", "KEPT", "Problem", "Rows", "compiled", "own_data", "value_and_gradient"]
