"""From the values of a call to arrays and batch axes: the one way, for evaluation, compiled functions and data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from ..graph.node import Node, Shape
from ..language.given import is_symbol, real_array
from ..support.batches import batch_axes

_SINGLE, _DOUBLE = np.dtype(np.float32), np.dtype(np.float64)

#: how batch axes go together: they broadcast, they are equal, or there is one, which counts samples
Batches = Literal["broadcast", "equal", "samples"]


class Argument(NamedTuple):
    """One value of a call: of a symbol, or of several symbols as one vector.

    Attributes:
        name: its name, for messages.
        symbols: each symbol with the position of its first number among the argument's.
        shape: the shape of the value for one sample.
        per_sample: whether each sample may have a value of its own.
    """

    name: str
    symbols: tuple[tuple[Node, int], ...]
    shape: Shape
    per_sample: bool

    @property
    def size(self) -> int:
        """How many numbers a sample has."""
        return math.prod(self.shape)


def packed(name: str, symbols: Iterable[Node]) -> Argument:
    """Several symbols as one argument of a compiled function: a vector of their numbers, one symbol after another.

    Args:
        name: the argument's name, for messages.
        symbols: the symbols in order; each has its numbers in the order of :func:`numpy.ravel`.

    Raises:
        TypeError: one of them is not a symbol.
        ValueError: a symbol is there twice, or only some of them are declared per sample.

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
            raise TypeError(f"packed: {name!r} is made of symbols, got {s!r}")
        if s in placed:
            raise ValueError(f"packed: the symbol {s.name!r} is twice in {name!r}")
        placed[s] = size
        size += s.size
    declared = [s for s in given if s.per_sample]
    if declared and len(declared) < len(given):
        other = next(s for s in given if not s.per_sample)
        raise ValueError(f"packed: in {name!r} the symbol {declared[0].name!r} is declared per sample, {other.name!r} is not")
    return Argument(name, tuple(placed.items()), (size,), bool(declared))


def bound_symbols(bindings: Mapping[Node, Any]) -> list[Argument]:
    """The symbols that are given values, as arguments that may all have batch axes; any expression may stand for a symbol.

    Raises:
        TypeError: something else than an expression is given a value.
    """
    out = []
    for s in bindings:
        if not isinstance(s, Node):
            hint = f"; write the symbol itself, x = Symbol({s!r}) and {{x: 1.0}}" if isinstance(s, str) else ""
            raise TypeError(f"bindings are from symbols to values; {s!r} is not an expression{hint}")
        out.append(Argument(f"symbol {s.params[0]!r}" if is_symbol(s) else "a bound expression", ((s, 0),), s.shape, True))
    return out


class Bound(NamedTuple):
    """The values of a call as arrays, the batch axes that they have together, and the type to compute in."""

    arrays: list[np.ndarray]
    batch: Shape
    dtype: np.dtype[Any]

    @staticmethod
    def of(arrays: list[np.ndarray], batch: Shape, one_type: bool = True) -> Bound:
        """Arrays that fit together: computed in float32 if all are float32, else in float64; with ``one_type`` made that."""
        dtype = _SINGLE if arrays else _DOUBLE
        for a in arrays:
            if a.dtype != _SINGLE:
                dtype = _DOUBLE
                break
        return Bound([a.astype(dtype, copy=False) for a in arrays] if one_type else arrays, batch, dtype)

    def repeated(self, arguments: Sequence[Argument]) -> list[np.ndarray]:
        """The arrays with all batch axes, where samples may differ."""
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
    """The values of arguments as arrays of real numbers, checked.

    Args:
        values: one for each argument.
        arguments: symbols, or several as one, :func:`packed`; those declared per sample may have batch axes.
        batches: "broadcast": batch axes broadcast with each other.  "equal": values have the same batch axes, or none.
            "samples": a value that may have batch axes has exactly one, of one length.
        called: what messages call the value of an argument, from its name.
        one_type: make all arrays float32 if all are, else float64.

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
