"""Dask arrays and dataframes as arguments: results are lazy, and computed chunk by chunk.

Dask is imported only if a call has such an argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..functions.elementwise import is_boolean
from ..meaning.binding import Argument, Bound
from ..meaning.elsewhere import KINDS, CallElsewhere, Kind
from .adding import FAN, in_order
from .calls import bound_without_numbers, evaluated, passes_of
from .passes import Pass, Passes, results
from .stored import is_lazy, is_stored


class _Task:
    """A function on the chunks of a call: one chunk for each divided argument, then the vectors of earlier passes."""

    def __init__(self, f: Pass, arguments: Sequence[Argument], fixed: Sequence[np.ndarray | None], dtype: np.dtype[Any], kind: str) -> None:
        self.f, self.arguments, self.fixed, self.dtype, self.kind = f, tuple(arguments), tuple(fixed), dtype, kind

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return self.f.__dask_tokenize__(), *self.fixed, self.dtype.str, self.kind

    def __call__(self, *chunks: np.ndarray) -> np.ndarray | list[np.ndarray]:
        given = iter(chunks)
        arrays = [np.ascontiguousarray(next(given) if a is None else a, self.dtype) for a in self.fixed]
        leads = [a.shape[: a.ndim - len(argument.shape)] for a, argument in zip(arrays, self.arguments)]
        batch = np.broadcast_shapes(*leads)
        further = [np.asarray(a, self.dtype) for a in given]
        if further:
            further[0] = further[0].reshape(())
        found = results(self.f, [*Bound(arrays, batch, self.dtype).repeated(self.arguments), *further], batch)
        if self.kind == "once":
            return found
        if self.kind == "total":
            return found[0].astype(float).reshape((1,) * len(batch) + (-1,))
        flat = [np.broadcast_to(r, batch + o.shape).reshape(*batch, -1) for r, o in zip(found, self.f.thing.outputs)]
        return flat[0] if len(flat) == 1 else np.concatenate(flat, axis=-1)


def _counted(*chunks: np.ndarray, ranks: tuple[int, ...]) -> np.ndarray:
    batch = np.broadcast_shapes(*(c.shape[: c.ndim - r] for c, r in zip(chunks, ranks)))
    return np.full((1,) * len(batch) + (1,), float(np.prod(batch)))


def _part(chunk: np.ndarray, first: int, stop: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    """One result of those that a chunk has side by side."""
    return chunk[..., first:stop].reshape(*chunk.shape[:-1], *shape).astype(dtype, copy=False)


class _Lazy:
    """A call with lazy arguments."""

    def __init__(self, call: CallElsewhere) -> None:
        self.da, self.delayed = import_module("dask.array"), import_module("dask").delayed
        self.call, self.arguments = call, call.core.arguments
        values = [v.to_dask_array() if is_lazy(v) and hasattr(v, "to_dask_array") else v for v in call.values]
        for v in values:
            if is_lazy(v) and v.dtype.kind not in "fiub":
                raise DTypeError(f"a Dask collection has real numbers here, got one of type {v.dtype}")
        bound = bound_without_numbers(call._replace(values=tuple(values)))
        self.dtype = bound.dtype
        divided = [a.per_sample and x.ndim > len(a.shape) for a, x in zip(self.arguments, bound.arrays)]
        #: the collections, and the arrays that all chunks get
        self.lazy = [self._collection(v, a) if d or is_lazy(v) else None for v, a, d in zip(values, self.arguments, divided)]
        read = [np.asarray(v[()], self.dtype) if is_stored(v) and x is None else b for v, x, b in zip(values, self.lazy, bound.arrays)]
        self.fixed = [None if x is not None else a for x, a in zip(self.lazy, read)]
        self.rank = max((x.ndim - len(a.shape) for x, a in zip(self.lazy, self.arguments) if x is not None), default=0)
        self._align()

    def _collection(self, value: Any, argument: Argument) -> Any:
        """The value as a Dask array whose own axes are not divided."""
        if not is_lazy(value):
            value = self.da.from_array(value)
        lead = value.ndim - len(argument.shape)
        own = {k: -1 for k in range(lead, value.ndim) if len(value.chunks[k]) > 1}
        return value.rechunk(own) if own else value

    def _align(self) -> None:
        """The collections with common batch axes and chunks, which are kept for the shapes of results."""
        self.labels = list(range(self.rank))
        pairs, at = [], self.rank
        for x, argument in zip(self.lazy, self.arguments):
            if x is None:
                continue
            lead = x.ndim - len(argument.shape)
            pairs += [x, (*range(self.rank - lead, self.rank), *range(at, at + len(argument.shape)))]
            at += len(argument.shape)
        try:
            chunks, arrays = self.da.core.unify_chunks(*pairs)
        except ValueError as e:
            raise ShapeError(f"the batch axes or the chunks of the collections do not fit together: {e}; see rechunk of Dask") from None
        self.pairs = [p for x, ind in zip(arrays, pairs[1::2]) for p in (x, ind)]
        self.chunks = tuple(chunks[k] for k in range(self.rank))
        self.batch = tuple(sum(c) for c in self.chunks)
        self.free = at

    def blockwise(self, f: Any, width: int, dtype: Any, single: bool, further: Sequence[Any] = (), **options: Any) -> Any:
        """A function on every chunk, whose results have a last axis of this width; ``single``: and one row."""
        out = (*self.labels, self.free)
        more = [p for k, x in enumerate(further) for p in (x, (self.free + 1 + k,))]
        return self.da.blockwise(
            f, out, *self.pairs, *more, new_axes={self.free: width}, adjust_chunks=dict.fromkeys(self.labels, 1) if single else None,
            dtype=dtype, concatenate=True, meta=np.empty((0,) * (self.rank + 1), dtype), **options,
        )  # fmt: skip

    def added(self, blocks: Any) -> Any:
        """The sum of the vectors of all chunks, as a lazy vector, in the order of :func:`added`."""
        level = list(blocks.to_delayed().ravel())
        add = self.delayed(_sum_of, pure=True)
        while True:
            level = [add(level[k : k + FAN]) for k in range(0, len(level), FAN)]
            if len(level) == 1:
                return self.da.from_delayed(level[0], (blocks.shape[-1],), dtype=float)

    def samples(self) -> Any:
        """The number of samples, as a lazy vector of one number."""
        if all(n == n for n in self.batch):
            return self.da.from_array(np.array([float(np.prod(self.batch, dtype=float))]))
        ranks = tuple(len(a.shape) for a, x in zip(self.arguments, self.lazy) if x is not None)
        return self.added(self.blockwise(_counted, 1, float, True, ranks=ranks))

    def task(self, f: Pass, kind: str) -> _Task:
        return _Task(f, self.arguments, self.fixed, self.dtype, kind)

    def by_sample(self, passes: Passes, found: Sequence[Any]) -> list[Any]:
        """The results that differ by sample."""
        if passes.last is None:
            return []
        outputs = passes.last.thing.outputs
        ends = np.cumsum([o.size for o in outputs]).tolist()
        whole = self.blockwise(self.task(passes.last, "by_sample"), ends[-1], self.dtype, False, found)
        made = []
        for o, stop in zip(outputs, ends):
            dtype = np.dtype(bool) if is_boolean(o) else self.dtype
            if o.shape == (ends[-1],) and dtype == self.dtype:
                made.append(whole)
                continue
            new = tuple(range(self.rank, self.rank + o.ndim))
            made.append(
                whole.map_blocks(
                    _part, stop - o.size, stop, o.shape, dtype, dtype=dtype, drop_axis=self.rank, new_axis=list(new) or None,
                    chunks=(*self.chunks, *((n,) for n in o.shape)), meta=np.empty((0,) * (self.rank + o.ndim), dtype),
                )
            )  # fmt: skip
        return made

    def once(self, passes: Passes, found: Sequence[Any]) -> list[Any]:
        """The results that all samples share."""
        if passes.once is None:
            return []
        fixed = [np.zeros(_row(x.shape, a), self.dtype) if x is not None else f for x, f, a in zip(self.lazy, self.fixed, self.arguments)]
        task = _Task(passes.once, self.arguments, fixed, self.dtype, "once")
        made = self.delayed(task, pure=True, nout=len(passes.once.thing.outputs))(*found)
        return [self.da.from_delayed(r, o.shape, dtype=self.dtype) for r, o in zip(made, passes.once.thing.outputs)]


def _row(shape: tuple[Any, ...], argument: Argument) -> tuple[int, ...]:
    """The shape with batch axes of one row."""
    lead = max(0, len(shape) - len(argument.shape))
    return (1,) * lead + argument.shape


def _sum_of(vectors: Sequence[np.ndarray]) -> np.ndarray:
    return in_order([np.ravel(v) for v in vectors])


def answer(call: CallElsewhere) -> list[Any]:
    """Lazy results."""
    if call.out is not None:
        raise DTypeError("out: the results of Dask collections are lazy; store them with dask.array.store")
    lazy = _Lazy(call)
    passes = passes_of(call.core, tuple(bool(lazy.rank) and again for again in call.repeated))
    found: list[Any] = []
    if passes.counts:
        found.append(lazy.samples())
    for f in passes.sums:
        width = f.thing.outputs[0].size
        found.append(lazy.added(lazy.blockwise(lazy.task(f, "total"), width, float, True, found)))
    return passes.joined(lazy.by_sample(passes, found), lazy.once(passes, found))


def register() -> None:
    """Answer calls with lazy arguments."""
    KINDS.append(Kind(is_lazy, answer, evaluated))


__all__ = ["answer", "register"]
