"""Checks of a user's function at its definition; each error names the column.

Nothing is executed.  The checks cover the number of arguments, the syntax and names of code, the fields of templates,
and intervals.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..support.names import is_identifier

Interval = tuple[float, float]
#: tests take points from here, if the domain has some
_USUAL: Interval = (-2.0, 2.0)


def check_name(name: object) -> None:
    """Check that Python code can use the name."""
    if not isinstance(name, str):
        raise TypeError(f"a function's name is a string, got {type(name).__name__}: {name!r}")
    if not is_identifier(name):
        raise ValueError(f"a function's name must be a Python identifier, got {name!r}")


def partials_of(name: str, derivative: Any) -> tuple[Callable[..., Any] | None, ...]:
    """The derivative by each argument."""
    given = tuple(derivative) if isinstance(derivative, (list, tuple)) else (derivative,)
    if not given:
        raise ValueError(f"function {name}: derivative is empty; give a function, or a sequence with one for each argument")
    for k, p in enumerate(given):
        which = "derivative" if len(given) == 1 else f"derivative {k}"
        if p is not None and not callable(p):
            raise TypeError(
                f"function {name}: {which} is a function of the arguments' expressions, such as lambda x: 2*x, or None where it is 0; "
                f"got {p!r}"
            )
        if p is not None:
            _check_arity(name, which, p, len(given), "a function of several arguments has a sequence of derivatives, one for each")
    return given


def check_numpy(name: str, numpy: Any, arity: int) -> None:
    """Check the value on arrays: a function with one argument per derivative."""
    if not callable(numpy):
        raise TypeError(f"function {name}: numpy is a function of arrays, got {numpy!r}")
    _check_arity(name, "numpy", numpy, arity, "derivative has one entry for each argument")


def _check_arity(name: str, column: str, f: Any, arity: int, hint: str) -> None:
    said = refuses(f, arity)
    if said:
        raise TypeError(f"function {name}: {column} does not take {arity} argument{'s' * (arity != 1)} ({said}); {hint}")


def refuses(f: Any, count: int) -> str:
    """The reason why a function cannot be called with this number of arguments; empty if it can, or nothing is known."""
    if isinstance(f, np.ufunc):
        return "" if f.nin <= count <= f.nargs else f"it takes {f.nin}"
    try:
        signature = inspect.signature(f)
    except (TypeError, ValueError):  # a builtin without a signature
        return ""
    try:
        signature.bind(*[None] * count)
    except TypeError as e:
        return str(e)
    return ""


# ---------------------------------------------------------------- printing


def check_text(name: str, text: Any, latex: Any, doc: Any, arity: int) -> None:
    """Templates of ``{0}``, ``{1}``, ...; LaTeX may be a command instead."""
    for column, value in (("text", text), ("latex", latex), ("doc", doc)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"function {name}: {column} is a string, got {value!r}")
    if text is not None:
        _check_template(name, "text", text, arity)
    if latex is not None and any(f"{{{k}}}" in latex for k in range(10)):  # else it is a command
        _check_template(name, "latex", latex, arity)


def _check_template(name: str, column: str, template: str, arity: int) -> None:
    marks = [f"\0{k}\0" for k in range(arity)]
    try:
        filled = template.format(*marks)
    except (IndexError, KeyError, ValueError, AttributeError) as e:
        raise ValueError(
            f"function {name}: {column} is a template of {places(arity)}, with other braces doubled; got {template!r} ({reason(e)})"
        ) from None
    if not any(m in filled for m in marks):
        raise ValueError(
            f"function {name}: {column} is a template of {places(arity)}, and has no place for an argument; got {template!r}"
            + (f" (inside of braces it is {'{{{0}}}'})" if "{{0}}" in template else "")
        )


def places(arity: int) -> str:
    """The fields of a template for so many arguments, in a message."""
    return ", ".join(f"{{{k}}}" for k in range(arity))


def reason(error: Exception) -> str:
    """The fault of a template, in a message."""
    return f"there is no argument {error}" if isinstance(error, KeyError) else str(error)


# ---------------------------------------------------------------- intervals


def intervals_of(name: str, column: str, value: Any, arity: int) -> list[Interval] | None:
    """An interval for each argument, from one for all or from a sequence."""
    if value is None:
        return None
    try:
        ends = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        ends = np.empty(0)
    if ends.shape == (2,):
        ends = np.broadcast_to(ends, (arity, 2))
    if ends.shape != (arity, 2) or not (ends[:, 0] < ends[:, 1]).all() or isinstance(value, (str, bytes)):
        each = "" if arity == 1 else f", one for all {arity} arguments or one for each"
        raise ValueError(f"function {name}: {column} is an interval (low, high) with low < high{each}; got {value!r}")
    return [(float(low), float(high)) for low, high in ends]


def check_sample(name: str, domain: Sequence[Interval] | None, sample: Sequence[Interval] | None) -> None:
    """Check that points for tests are finite and inside of the domain."""
    for k, (low, high) in enumerate(sample or ()):
        if math.isinf(low) or math.isinf(high):
            raise ValueError(f"function {name}: sample is where tests take points, and has finite ends; got {(low, high)}")
        if domain is not None and not (domain[k][0] <= low and high <= domain[k][1]):
            raise ValueError(f"function {name}: sample {(low, high)} is not inside of the domain, {domain[k]}")


def usual_sample(domain: Interval) -> Interval:
    """The default points for tests: near 0 if the domain has such points, else near its end."""
    low, high = max(domain[0], _USUAL[0]), min(domain[1], _USUAL[1])
    if low < high:
        return low, high
    if domain[0] >= _USUAL[1]:
        return domain[0], min(domain[1], domain[0] + abs(domain[0]))
    return max(domain[0], domain[1] - abs(domain[1])), domain[1]


__all__ = [
    "Interval",
    "check_name",
    "check_numpy",
    "check_sample",
    "check_text",
    "intervals_of",
    "partials_of",
    "places",
    "reason",
    "refuses",
    "usual_sample",
]
