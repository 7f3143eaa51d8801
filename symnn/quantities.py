"""Checks of the numbers that users pass as options."""

from __future__ import annotations

import math
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph import Node
from exprgraph.support.integers import whole
from exprgraph.support.names import brief

from .errors import ArgumentError


def count(what: str, value: Any, least: int = 1) -> int:
    """Check an integer of at least ``least``; returns a Python int.

    >>> from symnn.quantities import count
    >>> count("epochs", 3)
    3

    Raises:
        ArgumentError: it is something else.
    """
    number = whole(value)
    if number is None or number < least:
        raise ArgumentError(f"{what} is a whole number of at least {least}, got {_shortest(value)}")
    return number


def threads_among(what: str, value: Any) -> int:
    """Check a number of threads; ``None`` is one for each processor that this process may use.

    >>> from symnn.quantities import threads_among
    >>> threads_among("threads", 2), threads_among("threads", None) >= 1
    (2, True)

    Raises:
        ArgumentError: it is something else.
    """
    return count(what, eg.processors() if value is None else value)


def number(what: str, value: Any, *, least: float | None = None, above: float | None = None, below: float | None = None) -> float:
    """Check a finite number within limits; returns a Python float.  Text and truth values are not numbers.

    >>> from symnn.quantities import number
    >>> number("Adam's learning_rate", 1, least=0)
    1.0

    Raises:
        ArgumentError: it is something else.
    """
    found = _real(value)
    limits = []
    if least is not None:
        limits.append((f"at least {least:g}", found is not None and found >= least))
    if above is not None:
        limits.append((f"more than {above:g}", found is not None and found > above))
    if below is not None:
        limits.append((f"less than {below:g}", found is not None and found < below))
    if found is None or not all(kept for _, kept in limits):
        wanted = " and ".join(text for text, _ in limits)
        raise ArgumentError(f"{what} is a finite number{' of ' * bool(limits)}{wanted}, got {_shortest(value)}")
    return found


def generator(what: str, seed: Any) -> np.random.Generator:
    """A generator of random numbers, from a seed or a generator.

    >>> from symnn.quantities import generator
    >>> generator("seed", 3).integers(10)
    np.int64(8)

    Raises:
        ArgumentError: it is something else.
    """
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        kinds = "a seed, a whole number of at least 0, or a NumPy generator"
        raise ArgumentError(f"{what} is {kinds}, got {_shortest(seed)}") from None


def described(value: Any) -> str:
    """A wrong value in words, for messages.

    >>> from symnn import Chain, Dense
    >>> from symnn.quantities import described
    >>> described(Chain(Dense(2, 1))), described(Dense), described(None), described([1, 2])
    ('a Chain', 'the class Dense', 'nothing', 'a list of 2')
    """
    if value is None:
        return "nothing"
    if isinstance(value, Node):
        return f"the expression {_shortest(value)}"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, (str, bytes)):
        return f"the text {_shortest(value)}"
    if isinstance(value, (list, tuple)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, (bool, int, float, complex, np.generic)):
        return _shortest(value)
    name = "function" if isinstance(value, (FunctionType, BuiltinFunctionType, np.ufunc)) else type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIO' else 'a'} {name}"


def _real(value: Any) -> float | None:
    """The number, if it is one and finite."""
    if isinstance(value, (bool, np.bool_, str, bytes)):
        return None
    if isinstance(value, np.ndarray) and (value.ndim or value.dtype.kind not in "fiu"):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _shortest(value: Any) -> str:
    text = brief(value)
    return text if len(text) <= 80 else f"{type(value).__name__} {text[:60]}..."


__all__ = ["count", "described", "generator", "number", "threads_among"]
