"""Calls of compiled functions, and evaluation, whose arguments or results are read and written block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..graph.node import Node
from ..language.given import real_array
from ..lowering.call.function import CompiledFunction
from ..lowering.call.outputs import CompiledOutputs
from ..meaning.binding import Bound, bound_symbols
from ..meaning.elsewhere import KINDS, CallElsewhere, Kind
from .adding import added
from .passes import Pass, Passes, results
from .stored import blocks_of, is_elsewhere, is_stored, read, stand_in


@lru_cache(maxsize=16)
def passes_of(core: CompiledOutputs, repeated: tuple[bool, ...]) -> Passes:
    """The passes of compiled outputs; the last ones are kept."""
    return Passes(core, repeated)


def bound_without_numbers(call: CallElsewhere) -> Bound:
    """The values of a call, checked, with arrays without numbers in place of those that are not in memory."""
    return call.bind(tuple(stand_in(v) if is_elsewhere(v) else v for v in call.values))


class _Blocks:
    """A call divided into blocks along its first batch axis."""

    def __init__(self, call: CallElsewhere, bound: Bound, row: int) -> None:
        self.call, self.bound = call, bound
        self.arguments = call.core.arguments
        samples = bound.batch[0]
        leads = [a.ndim - len(argument.shape) for a, argument in zip(bound.arrays, self.arguments)]
        self.divided = [n == len(bound.batch) and a.shape[0] == samples for n, a in zip(leads, bound.arrays)]
        stored = [v for v, d in zip(call.values, self.divided) if d and is_stored(v)]
        self.ranges = blocks_of(stored or list(call.out or ()), samples, row)

    def __iter__(self) -> Iterator[tuple[slice, list[np.ndarray], tuple[int, ...]]]:
        """The rows of each block, its arrays, and its batch axes."""
        for first, stop in self.ranges:
            batch = (stop - first, *self.bound.batch[1:])
            arrays = [
                self._rows(v, a, first, stop) if d else self._whole(v, a)
                for v, a, d in zip(self.call.values, self.bound.arrays, self.divided)
            ]
            yield slice(first, stop), Bound(arrays, batch, self.bound.dtype).repeated(self.arguments), batch

    def _rows(self, value: Any, bound: np.ndarray, first: int, stop: int) -> np.ndarray:
        if not is_stored(value):
            return bound[first:stop]
        return np.ascontiguousarray(real_array(read(value, first, stop)), self.bound.dtype)

    def _whole(self, value: Any, bound: np.ndarray) -> np.ndarray:
        return np.asarray(real_array(value[()]), self.bound.dtype) if is_stored(value) else bound

    def total(self, f: Pass, found: Sequence[np.ndarray]) -> np.ndarray:
        """The sum over all blocks."""
        return added(results(f, [*arrays, *found], batch)[0] for _, arrays, batch in self)


def answer(call: CallElsewhere) -> list[Any]:
    """The results of a call: in new arrays, or written into the given ones."""
    bound = bound_without_numbers(call)
    core = call.core
    passes = passes_of(core, tuple(bool(bound.batch) and again for again in call.repeated))
    shapes = [(bound.batch if by else ()) + o.shape for o, by in zip(core.outputs, passes.by_sample)]
    targets = None if call.out is None else _checked(call.out, shapes, bound.dtype)
    if not bound.batch or not bound.batch[0]:
        values = tuple(np.asarray(v[()]) if is_stored(v) else v for v in call.values)
        arrays = call.bind(values)
        return _written(core.answer(arrays.repeated(core.arguments), bound.batch)[0], shapes, targets)
    width = sum(a.size for a in core.arguments if a.per_sample) + sum(o.size for o, by in zip(core.outputs, passes.by_sample) if by)
    blocks = _Blocks(call, bound, width * int(np.prod(bound.batch[1:])) * bound.dtype.itemsize)
    found = passes.totals(int(np.prod(bound.batch)), bound.dtype, blocks.total)
    once: list[np.ndarray] = []
    if passes.once is not None:
        some = [a[:1] if argument.per_sample and d else a for a, argument, d in zip(bound.arrays, core.arguments, blocks.divided)]
        batch = (1, *bound.batch[1:])
        once = results(passes.once, [*Bound(some, batch, bound.dtype).repeated(core.arguments), *found], batch)
    own = [None] * len(shapes) if targets is None else targets
    by_sample: list[Any] = []
    if passes.last is not None:
        places = [o for o, by in zip(own, passes.by_sample) if by]
        by_sample = _filled(blocks, passes.last, found, bound.batch, places)
    for target, value in zip((o for o, by in zip(own, passes.by_sample) if not by), once):
        if target is not None:
            target[...] = value
    return [r if by or r.ndim else r[()] for r, by in zip(passes.joined(by_sample, once), passes.by_sample)]


def _filled(blocks: _Blocks, last: Pass, found: Sequence[np.ndarray], whole: tuple[int, ...], places: Sequence[Any]) -> list[Any]:
    """The results that differ by sample, block by block."""
    targets = list(places)
    shapes = [o.shape for o in last.thing.outputs]
    for rows, arrays, batch in blocks:
        for k, r in enumerate(results(last, [*arrays, *found], batch)):
            if targets[k] is None:
                targets[k] = np.empty(whole + shapes[k], r.dtype)
            targets[k][rows] = np.broadcast_to(r, batch + shapes[k])
    return targets


def _written(made: Sequence[np.ndarray], shapes: Sequence[tuple[int, ...]], targets: Sequence[Any] | None) -> list[Any]:
    whole = [r if r.shape == s else np.array(np.broadcast_to(r, s)) for r, s in zip(made, shapes)]
    for target, r in zip(targets or (), whole):
        target[...] = r
    return [r if r.ndim else r[()] for r in whole]


def _checked(out: Sequence[Any], shapes: Sequence[tuple[int, ...]], dtype: np.dtype[Any]) -> Sequence[Any]:
    """The targets of results, in memory or not, whose shapes and types are checked before anything is computed."""
    for k, (target, shape) in enumerate(zip(out, shapes)):
        came = getattr(target, "shape", None)
        if came is None or not hasattr(target, "__setitem__"):
            raise DTypeError(f"out: array {k} is a {type(target).__name__}; results can only be written into arrays")
        if tuple(came) != shape:
            raise ShapeError(f"out: array {k} has shape {tuple(came)}, the result has {shape}")
        if isinstance(target, np.ndarray) and not target.flags.writeable:
            raise ValueError(f"out: array {k} is read-only")
        if not np.can_cast(dtype, target.dtype, "same_kind"):
            raise DTypeError(f"out: array {k} has the type {target.dtype}, into which {dtype} is not written")
    return out


def evaluated(nodes: Sequence[Node], bindings: Mapping[Node, Any]) -> list[Any]:
    """The values of expressions by NumPy."""
    bound_symbols(bindings)  # checks them
    function = CompiledFunction(list(nodes), list(bindings), backend="numpy")
    found: list[Any] = function(*bindings.values())
    return found


def register() -> None:
    """Answer calls with values that are read block by block."""
    KINDS.append(Kind(is_stored, answer, evaluated))


__all__ = ["answer", "bound_without_numbers", "evaluated", "passes_of", "register"]
