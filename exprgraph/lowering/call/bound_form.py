"""Bound calls of machine code: results are computed in the caller's arrays, or beside them and copied."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...graph.node import Shape
from ..native.bound import Ready, bound_call
from ..native.programs import Code
from .into import shared_among, shared_with
from .memory import Addressed

if TYPE_CHECKING:
    from .form import Form


def bound(
    form: Form, parts: Sequence[slice | None], arrays: Sequence[np.ndarray], targets: Sequence[np.ndarray], lead: Shape, answer: object
) -> Callable[[], Any] | None:
    """A built-in function that computes results from arrays, all checked, and returns ``answer``; ``parts`` as below."""
    assert form.code is not None
    memory = Addressed(form.dtype)
    run, results, copies = _targeted(memory, form.code, arrays, targets, parts)
    spaces = memory.numbers(form.program.workspace), memory.numbers(form.program.shared)
    ready = Ready(run, [int(a.ctypes.data) for a in arrays], results, *spaces, math.prod(lead), copies, form.brief, answer)
    return bound_call(ready, form.code.owner, memory, tuple(arrays), tuple(targets))


def _targeted(
    memory: Addressed, code: Code, arrays: Sequence[np.ndarray], targets: Sequence[np.ndarray], parts: Sequence[slice | None]
) -> tuple[int, list[int], list[tuple[int, int, int]]]:
    """The address of a driver, its results' addresses, and what is copied afterwards: source, target, bytes.

    A result is computed beside its array if this shares memory with an argument or another result.

    Args:
        parts: of each result, its range in the results that are the same for all samples; ``None``: each sample has its own.
    """
    mixed = shared_among(targets)
    clashes = [mixed or taken for taken in shared_with(targets, arrays)]
    places = [memory.numbers(a.size) if clash else int(a.ctypes.data) for a, clash in zip(targets, clashes)]
    run, results = code.apart, places
    if not run:  # what is the same for all samples lies side by side
        offsets = {k: (part.start, part.stop) for k, part in enumerate(parts) if part is not None}
        size = targets[0].itemsize if targets else 0
        side = places[min(offsets)] if offsets else memory.numbers(0)
        if any(places[k] != side + size * start for k, (start, _) in offsets.items()):
            side = memory.numbers(max(stop for _, stop in offsets.values()))
        for k, (start, _) in offsets.items():
            places[k] = side + size * start
        run, results = code.address, [side, *(place for place, part in zip(places, parts) if part is None)]
    copies = [(place, int(a.ctypes.data), a.nbytes) for place, a in zip(places, targets) if place != a.ctypes.data]
    return run, results, copies


__all__ = ["bound"]
