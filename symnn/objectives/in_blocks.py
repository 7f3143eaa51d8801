"""A term of a loss whose samples are in blocks, on this computer or on others: sums over blocks in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

import exprgraph as eg

from ..errors import ArgumentError
from ..parameters.container import NeuralNetworkParameters
from .functions import Normal, Residuals, Rows, compiled, own_data, value_and_gradient
from .objective import Part
from .places import Here, Where


def _merged(differs: Sequence[bool], block: Sequence[np.ndarray], shared: Sequence[Any]) -> list[np.ndarray]:
    """The data in the order of their symbols."""
    blocks, others = iter(block), iter(shared)
    return [next(blocks) if differ else next(others) for differ in differs]


class _OfPass:
    """The sums of a pass over a block, of the parameters, the shared data, and what earlier passes found."""

    def __init__(self, f: Any, differs: Sequence[bool]) -> None:
        self._f, self._differs = f, tuple(differs)

    def __call__(self, block: list[np.ndarray], given: Sequence[Any], own: Sequence[np.ndarray]) -> np.ndarray:
        theta, shared, found = given
        arrays = [theta, *_merged(self._differs, block, shared), *found]
        vector: np.ndarray = self._f.thing.answer(arrays, (len(block[0]),))[0][0]
        return vector.astype(float, copy=False)


class _OfResiduals:
    """The residuals of a block, or something made of them."""

    def __init__(self, residuals: eg.blocks.Sent[Residuals], what: str, differs: Sequence[bool]) -> None:
        self._residuals, self._what, self._differs = residuals, what, tuple(differs)

    def __call__(self, block: list[np.ndarray], given: Sequence[Any], own: Sequence[np.ndarray]) -> Any:
        factor, theta, shared, further = given
        arrays = _merged(self._differs, block, shared)
        some = self._residuals.thing.at(arrays, len(block[0]), factor)
        if self._what == "normal":
            return eg.blocks.added(np.concatenate([p.matrix.ravel(), p.gradient, [p.squares]]) for p in some.normal(theta))
        found = getattr(some, self._what)(theta, *further, *own)
        return list(found) if self._what == "rows" else found


class _BlockedResiduals:
    """The residuals of one part, with the methods of :class:`Residuals`."""

    def __init__(self, term: InBlocks, whole: Residuals) -> None:
        self._term, self._whole = term, whole
        self.count = whole.count
        if not whole.divides:
            raise ArgumentError("a residual that contains sums over the samples has no blocks: keep its data in memory, without cluster=")
        self._sent: dict[str, eg.blocks.Sent[Residuals]] = {}

    def _task(self, what: str, theta: np.ndarray, *further: Any) -> tuple[_OfResiduals, list[Any]]:
        term = self._term
        if what not in self._sent:
            self._sent[what] = eg.blocks.Sent(self._whole.without_data().prepared(what))
        return _OfResiduals(self._sent[what], what, term.differs), [term.factor, theta, term.shared, further]

    def values(self, theta: np.ndarray) -> np.ndarray:
        place = self._term.place
        return np.concatenate(list(place.results(*self._task("values", theta), place.shares())))

    def rows(self, theta: np.ndarray) -> Iterator[Rows]:
        place = self._term.place
        for found in place.results(*self._task("rows", theta), place.shares()):
            yield from found

    def normal(self, theta: np.ndarray) -> Iterator[Normal]:
        place, n = self._term.place, theta.size
        packed = place.total(*self._task("normal", theta), place.shares())
        yield Normal(packed[: n * n].reshape(n, n), packed[n * n : -1], float(packed[-1]))

    def along(self, theta: np.ndarray, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        place = self._term.place
        both = list(place.results(*self._task("along", theta, direction), place.shares()))
        return np.concatenate([b[0] for b in both]), np.concatenate([b[1] for b in both])

    def back(self, theta: np.ndarray, cotangent: np.ndarray) -> np.ndarray:
        place = self._term.place
        own = cotangent.reshape(place.ranges[-1][1], -1)
        return place.total(*self._task("back", theta), place.shares(own=[own]))


class InBlocks:
    """A term of a loss whose samples are in blocks.

    Attributes:
        arrays: the data in the order of the part's symbols; those that all samples share may be changed in place.
    """

    def __init__(self, part: Part, symbols: NeuralNetworkParameters, dtype: np.dtype[Any], threads: int, where: Where = Here) -> None:
        self._symbols, self._dtype, self._threads, self._where = symbols, dtype, threads, where
        self._take(part)

    def _take(self, part: Part) -> None:
        self.part = part
        self.differs = [s.per_sample for s in part.symbols]
        self.arrays = [a if d else own_data(s, a, part.samples, self._dtype) for s, a, d in zip(part.symbols, part.arrays, self.differs)]
        divided = [(s, a) for s, a, d in zip(part.symbols, self.arrays, self.differs) if d]
        self.place = self._where([s for s, _ in divided], [a for _, a in divided], part.samples, self._dtype)

    def replace(self, part: Part) -> None:
        """Take other data."""
        self._take(part)
        vars(self).pop("residuals", None)

    @property
    def shared(self) -> list[np.ndarray]:
        """The data that all samples share."""
        return [a for a, d in zip(self.arrays, self.differs) if not d]

    @property
    def factor(self) -> float:
        """The root of the weight over the number of samples, now."""
        weight = 1.0 if self.part.weight is None else float(self.arrays[self.part.symbols.index(self.part.weight)])
        return float(np.sqrt(weight / self.part.samples))

    @cached_property
    def _value(self) -> eg.blocks.Passes:
        return eg.blocks.passes_of(compiled(self.part.expression, self.part, self._symbols, self._threads).core, ())

    @cached_property
    def _gradient(self) -> eg.blocks.Passes:
        return eg.blocks.passes_of(value_and_gradient(self.part, self._symbols, self._threads).core, ())

    @cached_property
    def residuals(self) -> _BlockedResiduals:
        """What is squared."""
        shared = [a if not d else np.empty(0) for a, d in zip(self.arrays, self.differs)]
        return _BlockedResiduals(self, Residuals(self.part, self._symbols, shared, self._threads))

    @property
    def knows_values_by_gradients(self) -> bool:
        """Whether the value with its gradient was compiled, and the value alone was not."""
        return "_value" not in vars(self) and "_gradient" in vars(self)

    def _results(self, passes: eg.blocks.Passes, theta: np.ndarray, rows: np.ndarray | None = None) -> list[np.ndarray]:
        shares = self.place.shares(rows)

        def total(f: Any, found: Sequence[np.ndarray]) -> np.ndarray:
            return self.place.total(_OfPass(f, self.differs), [theta, self.shared, found], shares)

        found = passes.totals(self.part.samples if rows is None else len(rows), self._dtype, total)
        assert passes.once is not None
        nothing = [np.zeros((1, *s.shape), self._dtype) for s, d in zip(self.part.symbols, self.differs) if d]
        results: list[np.ndarray] = passes.once.thing.answer([theta, *_merged(self.differs, nothing, self.shared), *found], (1,))[0]
        return results

    def value(self, theta: np.ndarray) -> float:
        """The loss, with its weight."""
        return float(self._results(self._value, theta)[0])

    def value_and_gradient(self, theta: np.ndarray, rows: np.ndarray | None = None) -> tuple[float, np.ndarray]:
        """The loss and its derivative by all parameters; of some samples only, if their numbers are given."""
        value, gradient = self._results(self._gradient, theta, rows)
        return float(value), gradient


__all__ = ["InBlocks"]
