"""Dask arrays and dataframes as arguments: results are lazy, and computed chunk by chunk.

Dask is imported only if a call has such an argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..functions.elementwise import is_boolean
from ..lowering.call.outputs import CompiledOutputs
from ..meaning.binding import Argument, Bound
from ..meaning.elsewhere import KINDS, CallElsewhere, Kind
from ..over_samples import used_in
from .adding import FAN, in_order
from .calls import bound_without_numbers, evaluated, passes_of
from .passes import Pass, Passes, results
from .sent import SENT_ONCE
from .stored import is_lazy, is_stored


class _Task:
    """A function on the chunks of a call: one chunk for each divided argument, then the vectors of earlier passes."""

    #: in the names of Dask's arrays
    __name__ = "compiled"

    def __init__(self, f: Pass, fixed: Sequence[np.ndarray | None], dtype: np.dtype[Any], kind: str) -> None:
        self.f, self.fixed, self.dtype, self.kind = f, tuple(fixed), dtype, kind

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return self.f.__dask_tokenize__(), *self.fixed, self.dtype.str, self.kind

    def __call__(self, *chunks: np.ndarray) -> np.ndarray | list[np.ndarray]:
        given, arguments = iter(chunks), self.f.thing.arguments[: len(self.fixed)]
        arrays = [np.ascontiguousarray(next(given) if a is None else a, self.dtype) for a in self.fixed]
        leads = [a.shape[: a.ndim - len(argument.shape)] for a, argument in zip(arrays, arguments)]
        batch = np.broadcast_shapes(*leads)
        further = [np.asarray(a, self.dtype) for a in given]
        if further:
            further[0] = further[0].reshape(())
        found = results(self.f, [*Bound(arrays, batch, self.dtype).repeated(arguments), *further], batch)
        if self.kind == "once":
            return found
        if self.kind == "total":
            return found[0].astype(float).reshape((1,) * len(batch) + (-1,))
        shapes = [batch + o.shape for o in self.f.thing.outputs]
        whole = [r if r.shape == s else np.array(np.broadcast_to(r, s)) for r, s in zip(found, shapes)]
        return whole[0] if self.kind == "only" else whole


def _counted(*chunks: np.ndarray, ranks: tuple[int, ...]) -> np.ndarray:
    batch = np.broadcast_shapes(*(c.shape[: c.ndim - r] for c, r in zip(chunks, ranks)))
    return np.full((1,) * len(batch) + (1,), float(np.prod(batch)))


def _part(results_of_a_chunk: Sequence[np.ndarray], k: int) -> np.ndarray:
    """One of the results of a chunk."""
    return results_of_a_chunk[k]


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
        self.divided = [a.per_sample and x.ndim > len(a.shape) for a, x in zip(self.arguments, bound.arrays)]
        lazy = [self._collection(v, a) if d or is_lazy(v) else None for v, a, d in zip(values, self.arguments, self.divided)]
        read = [np.asarray(v[()], self.dtype) if is_stored(v) and x is None else b for v, x, b in zip(values, lazy, bound.arrays)]
        # a large array that all chunks get is in the graph once
        self.lazy = [self.da.from_array(a, chunks=-1) if x is None and a.nbytes >= SENT_ONCE else x for x, a in zip(lazy, read)]
        #: the arrays that come with each task
        self.fixed = [a if x is None else None for x, a in zip(self.lazy, read)]
        self.rank = max((x.ndim - len(a.shape) for x, a in zip(self.lazy, self.arguments) if x is not None), default=0)
        self._align()

    def _collection(self, value: Any, argument: Argument) -> Any:
        """The value as a Dask array whose own axes are not divided."""
        if not is_lazy(value):
            value = self.da.from_array(value)
        lead = value.ndim - len(argument.shape)
        own = {k: -1 for k in range(lead, value.ndim) if len(value.chunks[k]) > 1}
        return value.rechunk(own) if own else value

    def _whole(self, array: Any) -> Any:
        """An array in one chunk."""
        return array.rechunk(array.shape) if array.npartitions > 1 else array

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

    def blockwise(self, f: Any, shape: tuple[int, ...], dtype: Any, single: bool, further: Sequence[Any] = (), **options: Any) -> Any:
        """A function on every chunk, with results of this shape for each sample; ``single``: with one row for each chunk."""
        own = range(self.free, self.free + len(shape))
        out = (*self.labels, *own)
        more = [p for k, x in enumerate(further) for p in (x, (self.free + len(shape) + k,))]
        return self.da.blockwise(
            f, out, *self.pairs, *more, new_axes=dict(zip(own, shape)), adjust_chunks=dict.fromkeys(self.labels, 1) if single else None,
            dtype=dtype, concatenate=True, meta=np.empty((0,) * len(out), dtype), **options,
        )  # fmt: skip

    def added(self, blocks: Any) -> Any:
        """The sum of the vectors of all chunks, as a lazy vector, in the order of :func:`added`."""
        level = list(blocks.to_delayed(optimize_graph=False).ravel())
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
        return self.added(self.blockwise(_counted, (1,), float, True, ranks=ranks))

    def task(self, f: Pass, kind: str) -> _Task:
        return _Task(f, self.fixed, self.dtype, kind)

    def by_sample(self, passes: Passes, found: Sequence[Any]) -> list[Any]:
        """The results that differ by sample."""
        if passes.last is None:
            return []
        outputs = passes.last.thing.outputs
        types = [np.dtype(bool) if is_boolean(o) else self.dtype for o in outputs]
        if len(outputs) == 1:
            return [self.blockwise(self.task(passes.last, "only"), outputs[0].shape, types[0], False, found)]
        # the chunks of this array are lists of results, which nobody sees
        whole = self.blockwise(self.task(passes.last, "by_sample"), (), self.dtype, False, found)
        return [self._part_of(whole, k, o.shape, t) for k, (o, t) in enumerate(zip(outputs, types))]

    def _part_of(self, whole: Any, k: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        """One of the results of all chunks.

        Dask optimizes each array by itself, and would merge the computation of a chunk into each of its results, and so repeat it.
        It merges no task of two others: hence the position is a task, too.
        """
        name = f"{whole.name}-result-{k}"
        position = f"{name}-position"
        zeros = (0,) * len(shape)
        tasks: dict[Any, Any] = {(name, *at, *zeros): (_part, (whole.name, *at), position) for at in np.ndindex(*whole.numblocks)}
        graph = import_module("dask.highlevelgraph").HighLevelGraph.from_collections(name, {position: k, **tasks}, dependencies=[whole])
        chunks = (*self.chunks, *((n,) for n in shape))
        return self.da.Array(graph, name, chunks, meta=np.empty((0,) * len(chunks), dtype))

    def once(self, passes: Passes, found: Sequence[Any]) -> list[Any]:
        """The results that all samples share."""
        if passes.once is None:
            return []
        return self.alone(passes.once, found)

    def alone(self, f: Pass, found: Sequence[Any] = ()) -> list[Any]:
        """The results of a function that takes nothing from samples but their number of axes."""
        rows = [np.zeros((1,) * self.rank + a.shape, self.dtype) if d else w for a, w, d in zip(self.arguments, self.fixed, self.divided)]
        shared = [x for x, d in zip(self.lazy, self.divided) if x is not None and not d]
        outputs = f.thing.outputs
        # arrays as the tasks of their only chunks: Dask would copy the graph of an array
        given = [x.to_delayed(optimize_graph=False).item() for x in (*map(self._whole, shared), *found)]
        made = self.delayed(_Task(f, rows, self.dtype, "once"), pure=True, nout=len(outputs))(*given)
        return [self.da.from_delayed(r, o.shape, dtype=bool if is_boolean(o) else self.dtype) for r, o in zip(made, outputs)]


def _sum_of(vectors: Sequence[np.ndarray]) -> np.ndarray:
    return in_order([np.ravel(v) for v in vectors])


def answer(call: CallElsewhere) -> list[Any]:
    """Lazy results."""
    if call.out is not None:
        raise DTypeError("out: the results of Dask collections are lazy; store them with dask.array.store")
    lazy = _Lazy(call)
    core, outputs = call.core, call.core.outputs
    if not lazy.rank:
        return lazy.alone(Pass(core))
    totals = [bool(n) for n in used_in(list(outputs))]
    if any(totals) and not all(totals):  # results that need no sum do not wait for one
        made: dict[int, Any] = {}
        for which in (True, False):
            chosen = [k for k, t in enumerate(totals) if t is which]
            own = _part_of_core(core, tuple(chosen))
            made.update(zip(chosen, _answered(lazy, passes_of(own, tuple(call.repeated[k] for k in chosen)))))
        return [made[k] for k in range(len(outputs))]
    return _answered(lazy, passes_of(core, tuple(call.repeated)))


@lru_cache(maxsize=32)
def _part_of_core(core: CompiledOutputs, chosen: tuple[int, ...]) -> CompiledOutputs:
    """Some of the outputs."""
    return core.with_outputs([core.outputs[k] for k in chosen])


def _answered(lazy: _Lazy, passes: Passes) -> list[Any]:
    """The results of passes over the chunks."""
    found: list[Any] = []
    if passes.counts:
        found.append(lazy.samples())
    for f in passes.sums:
        found.append(lazy.added(lazy.blockwise(lazy.task(f, "total"), f.thing.outputs[0].shape, float, True, found)))
    return passes.joined(lazy.by_sample(passes, found), lazy.once(passes, found))


def register() -> None:
    """Answer calls with lazy arguments."""
    KINDS.append(Kind(is_lazy, answer, evaluated))


__all__ = ["answer", "register"]
