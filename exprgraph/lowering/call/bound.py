"""Calls with everything bound beforehand: what is checked once, and calls where Python takes part."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from ...errors import DTypeError, ShapeError
from ...functions.elementwise import is_boolean
from ...graph.node import Node, Shape
from ...meaning.binding import Argument, Bound
from ...support.not_pickled import NotPickled
from ...tree import flatten
from .into import given_arrays


class ByPython(NotPickled):
    """A bound call whose results Python code writes, until machine code may do it.

    Args:
        write: computes the results.
        answer: what a call returns.
        machine: asks for a call of machine code, ``None`` while there is none; ``None`` if there never will be.
    """

    def __init__(self, write: Callable[[], None], answer: Any, machine: Callable[[], Callable[[], Any] | None] | None = None) -> None:
        self._write: Callable[[], Any] = write
        self._answer = answer
        self._machine = machine

    def __call__(self) -> Any:
        """Compute the results from the bound arrays, in the bound arrays, and return these."""
        if self._machine is not None and (made := self._machine()) is not None:
            self._write, self._machine = made, None
        self._write()
        return self._answer


def check_arguments(values: Sequence[Any], bound: Bound, arguments: Sequence[Argument]) -> None:
    """Check that machine code can read values where they are; ``bound`` are the same values as a call would take them.

    Raises:
        TypeError: a value is not an array.
        DTypeError: it is of another type than the call computes in.
        ShapeError: it has no batch axes and the call has.
        ValueError: its numbers are not one after another.
    """
    for a, argument in zip(values, arguments):
        name = f"bound: argument {argument.name!r}"
        if not isinstance(a, np.ndarray):
            hint = f"; give np.array({a!r})" if isinstance(a, (int, float)) else ""
            raise TypeError(f"{name} is a {type(a).__name__}; a bound call reads an array, which you change between calls{hint}")
        if a.dtype != bound.dtype:
            raise DTypeError(f"{name} is of type {a.dtype}; a bound call computes in {bound.dtype}, and reads arrays of this type only")
        shape = (bound.batch if argument.per_sample else ()) + argument.shape
        if a.shape != shape:
            raise ShapeError(f"{name} has shape {a.shape}, expected {shape}: a bound call repeats no value over the samples")
        _check_order(a, name)


def targets(out: Any, outputs: Sequence[Node], shapes: Sequence[Shape], dtype: np.dtype[Any]) -> list[np.ndarray]:
    """The arrays for the results: those of ``out``, if machine code can write results there, or new ones if it is ``None``.

    Raises:
        DTypeError, ShapeError: an array has another type or shape than the result.
        ValueError: it is read-only, or its numbers are not one after another.
    """
    if out is None:
        return _new(outputs, shapes, dtype)
    given = given_arrays(flatten(out)[0], len(outputs))
    for k, (a, o, shape) in enumerate(zip(given, outputs, shapes)):
        expected = np.dtype(bool) if is_boolean(o) else dtype
        if a.dtype != expected:
            raise DTypeError(f"out: array {k} is of type {a.dtype}, the result of a bound call is of type {expected}")
        if a.shape != shape:
            raise ShapeError(f"out: array {k} has shape {a.shape}, the result has {shape}")
        _check_order(a, f"out: array {k}")
    return given


def _new(outputs: Sequence[Node], shapes: Sequence[Shape], dtype: np.dtype[Any]) -> list[np.ndarray]:
    """Arrays that lie side by side, as machine code may compute the results."""
    ends = [0, *accumulate(math.prod(s) for s in shapes)]
    block = np.zeros(ends[-1], dtype)
    views = [block[start:stop].reshape(s) for start, stop, s in zip(ends, ends[1:], shapes)]
    return [np.zeros(s, bool) if is_boolean(o) else a for a, o, s in zip(views, outputs, shapes)]


def _check_order(a: np.ndarray, name: str) -> None:
    if not (a.flags.c_contiguous and a.flags.aligned):
        raise ValueError(f"{name} is not contiguous in row-major order, so a bound call cannot use its memory as it is")


__all__ = ["ByPython", "check_arguments", "targets"]
