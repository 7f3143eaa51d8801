"""Conversion of a call's values to arrays and batch axes, for evaluation, compiled functions and training data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from ..graph.node import Node, Shape
from ..graph.stand_in import StandIn
from ..language.given import is_symbol, real_array
from ..support.batches import batch_axes

_SINGLE, _DOUBLE = np.dtype(np.float32), np.dtype(np.float64)

#: rules for batch axes: they broadcast, they are equal, or there is exactly one, which counts samples
Batches = Literal["broadcast", "equal", "samples"]


class Argument(NamedTuple):
    """One argument of a call: a symbol, or several symbols as one vector.

    Attributes:
        name: its name, for messages.
        symbols: each symbol with the offset of its first number in the argument.
        shape: the shape of the value for one sample.
        per_sample: whether it may have a different value for each sample.
    """

    name: str
    symbols: tuple[tuple[Node, int], ...]
    shape: Shape
    per_sample: bool

    @property
    def size(self) -> int:
        """The number of numbers in a sample."""
        return math.prod(self.shape)


def packed(name: str, symbols: Iterable[Node]) -> Argument:
    """Pass several symbols as one argument of a compiled function: the vector of their numbers, one symbol after another.

    Args:
        name: the argument's name, for messages.
        symbols: the symbols in order; the numbers of each are in the order of :func:`numpy.ravel`.

    Raises:
        TypeError: one of them is not a symbol.
        ValueError: a symbol occurs twice, or only some of them are declared per sample.

    >>> import exprgraph as eg
    >>> W, b, x = eg.Symbol("W", (1, 2)), eg.Symbol("b", 1), eg.Symbol("x", 2)
    >>> fn = eg.compile(W @ x + b, (x, eg.packed("parameters", (W, b))))
    >>> fn([1.0, 10.0], [3.0, 4.0, 0.5])
    array([43.5])
    """
    given = tuple(symbols)
    placed: dict[Node, int] = {}
    size = 0
    for s in given:
        if not is_symbol(s):
            raise TypeError(f"packed: {name!r} must consist of symbols, got {s!r}")
        if s in placed:
            raise ValueError(f"packed: the symbol {s.name!r} occurs twice in {name!r}")
        placed[s] = size
        size += s.size
    declared = [s for s in given if s.per_sample]
    if declared and len(declared) < len(given):
        other = next(s for s in given if not s.per_sample)
        raise ValueError(f"packed: in {name!r} the symbol {declared[0].name!r} is declared per sample, {other.name!r} is not")
    return Argument(name, tuple(placed.items()), (size,), bool(declared))


def bound_symbols(bindings: Mapping[Node, Any]) -> list[Argument]:
    """Arguments for the symbols, all of which may have batch axes; any expression may be given a value like a symbol.

    Raises:
        TypeError: a value is given for something other than an expression.
    """
    out = []
    for s in bindings:
        if not isinstance(s, Node):
            hint = f"; write the symbol itself, x = Symbol({s!r}) and {{x: 1.0}}" if isinstance(s, str) else ""
            hint = "; give its symbol, its .expression" if isinstance(s, StandIn) else hint
            raise TypeError(f"bindings are from symbols to values; {s!r} is not an expression{hint}")
        out.append(Argument(f"symbol {s.params[0]!r}" if is_symbol(s) else "a bound expression", ((s, 0),), s.shape, True))
    return out


def _converted(a: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """The array in a type; one that repeats a number still does, since it may stand for an array larger than memory."""
    if a.dtype == dtype:
        return a
    return a.astype(dtype) if any(a.strides) or not a.size else np.broadcast_to(a[(0,) * a.ndim].astype(dtype), a.shape)


class Bound(NamedTuple):
    """The values of a call as arrays, their common batch axes, and the type to compute in."""

    arrays: list[np.ndarray]
    batch: Shape
    dtype: np.dtype[Any]

    @staticmethod
    def of(arrays: list[np.ndarray], batch: Shape, one_type: bool = True) -> Bound:
        """Bind arrays of checked shapes: the type is float32 if all are float32, else float64; ``one_type`` converts the arrays to it."""
        dtype = _SINGLE if arrays else _DOUBLE
        for a in arrays:
            if a.dtype != _SINGLE:
                dtype = _DOUBLE
                break
        return Bound([_converted(a, dtype) for a in arrays] if one_type else arrays, batch, dtype)

    def repeated(self, arguments: Sequence[Argument]) -> list[np.ndarray]:
        """The arrays, broadcast to the batch axes if samples may differ."""
        batch = self.batch
        if not batch:
            return self.arrays
        out = []
        for a, argument in zip(self.arrays, arguments):
            whole = batch + argument.shape
            out.append(np.broadcast_to(a, whole) if argument.per_sample and a.shape != whole else a)
        return out


def bind(
    values: Iterable[Any],
    arguments: Sequence[Node | Argument],
    *,
    batches: Batches = "broadcast",
    called: Callable[[str], str] = str,
    one_type: bool = True,
) -> Bound:
    """Check the values of arguments and convert them to arrays of real numbers.

    Args:
        values: one for each argument.
        arguments: symbols, or several symbols :func:`packed` as one; those declared per sample may have batch axes.
        batches: "broadcast": batch axes broadcast with each other.  "equal": values have the same batch axes, or none.
            "samples": a value that may have batch axes has exactly one, of one length.
        called: a function from an argument's name to the wording for its value in messages.
        one_type: convert all arrays to float32 if all are float32, else to float64.

    Raises:
        DTypeError: a value is not real.
        ShapeError: a value has another shape, or batch axes do not fit together.

    >>> import exprgraph as eg
    >>> x, w = eg.Symbol("x", 2, per_sample=True), eg.Symbol("w", 2)
    >>> bound = eg.bind(([[1, 2], [3, 4], [5, 6]], [0.5, 0.5]), (x, w))
    >>> bound.batch, bound.dtype.name, [a.shape for a in bound.arrays]
    ((3,), 'float64', [(3, 2), (2,)])
    """
    slots = [(called(a.name), a.shape, a.per_sample) for a in arguments]
    arrays = [real_array(v, slot[0]) for v, slot in zip(values, slots)]
    batch = batch_axes(arrays, slots, batches)
    return Bound.of(arrays, batch, one_type)


__all__ = ["Argument", "Batches", "Bound", "bind", "bound_symbols", "packed"]
