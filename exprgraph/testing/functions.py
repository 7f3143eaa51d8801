"""The check of a row of the primitive table: a user's function, or one of the package."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Sequence

import numpy as np

from ..calculus.derivatives import jvp
from ..elementwise import Function
from ..evaluate import evaluate_nodes
from ..leaves import Symbol
from ..lowering import compile as compile_
from ..node import Node
from ..primitive import TABLE
from ..show import latex, to_text
from .derivatives import check_derivatives
from .disagreement import Disagreement, UnsmoothPointError, allowances, difference, program
from .precise import evaluate_precisely


def row_of(function: str | Function | Callable[..., Node]) -> Function:
    """The row of a function, given as such, by name, or as what :func:`exprgraph.function` returned."""
    name = function if isinstance(function, str) else function.name if isinstance(function, Function) else getattr(function, "__name__", "")
    row = TABLE.get(name)
    if not isinstance(row, Function):
        raise ValueError(f"{function!r} is no elementwise function; add it with exprgraph.function(...)")
    return row


def check_function(function: str | Function | Callable[..., Node], *, order: int = 3, points: int = 5, seed: int = 0) -> None:
    """Check a row of the primitive table: that its columns say the same of one function.

    Its ``code``, computed with 50 digits, is what it is: NumPy's value, compiled code on single samples, on
    batches and in float32, and the derivatives to an order by each argument and mixed, are compared with it
    where the row is sampled, and NumPy with compiled code at the ends of its domain, at infinity and NaN.

    Args:
        function: what :func:`exprgraph.function` returned, its name or its row.
        points: how many random points.

    Raises:
        Disagreement: what differs, where, as a program.

    >>> import exprgraph as eg
    >>> from exprgraph.testing import check_function, temporary_functions
    >>> with temporary_functions():
    ...     check_function(eg.function("fourth", numpy=lambda x: x**4, derivative=lambda x: 4 * x**3, code="{0}*{0}*{0}*{0}"))
    >>> with temporary_functions():
    ...     check_function(eg.function("fourth", numpy=lambda x: x**4, derivative=lambda x: 3 * x**3, code="{0}*{0}*{0}*{0}"))
    Traceback (most recent call last):
    ...
    exprgraph.testing.disagreement.Disagreement: the first derivative (forward) is ...
    """
    row = row_of(function)
    symbols = [Symbol(f"x{k}") for k in range(row.arity)]
    e = row.build(*symbols)
    rng = np.random.default_rng(seed)
    for k in range(points):
        at = {s: np.asarray(rng.uniform(*interval)) for s, interval in zip(symbols, row.sample)}
        try:
            check_derivatives(e, order, at=at, compiled=k == 0, seed=seed + k)
        except UnsmoothPointError:
            low_high = ", ".join(map(str, row.sample))
            raise Disagreement(
                f"{row.name} has no derivative at a point where it is sampled, {low_high}; give other intervals as sample=",
                program([("e", e)], at, f"check_derivatives(e, {order}, at=at)"),
            ) from None
    _check_arrays(row, symbols, rng)
    _check_many(row, e, symbols, rng)
    _check_special(row, e, symbols)
    for text in (to_text(e), latex(e), repr(pickle.loads(pickle.dumps(row)))):
        if not text:
            raise Disagreement(f"{row.name} prints as nothing", "")


def _check_arrays(row: Function, symbols: Sequence[Node], rng: np.random.Generator) -> None:
    """The derivatives of arrays against those of their elements, one by one."""
    arrays = [Symbol(f"{s.name}s", 3) for s in symbols]
    at = {s: rng.uniform(*interval, 3) for s, interval in zip(arrays, row.sample)}
    e, one = row.build(*arrays), row.build(*symbols)
    for k, (s, single) in enumerate(zip(arrays, symbols)):
        together = jvp(e, s, np.ones(3))
        each = [evaluate_nodes([jvp(one, single, 1.0)], {q: v[i] for q, v in zip(symbols, at.values())})[0] for i in range(3)]
        (value,), (allowed,) = evaluate_nodes([together], at), allowances([together], at)
        what = f"the derivative of {row.name} by argument {k} of an array"
        said = difference(what, value, "element by element", np.array(each), 2 * allowed)
        if said is not None:
            raise Disagreement(said, program([("e", e)], at, "check_derivatives(e, 1, at=at)"))


def _check_many(row: Function, e: Node, symbols: Sequence[Node], rng: np.random.Generator) -> None:
    """A batch, in both widths, against 50 digits."""
    for dtype in (np.float64, np.float32):
        at = {s: rng.uniform(*i, 67).astype(dtype) for s, i in zip(symbols, row.sample)}
        exact = np.asarray(evaluate_precisely(e, {s: v.astype(float) for s, v in at.items()}), dtype=float)
        (allowed,) = allowances([e], at)
        (by_numpy,) = evaluate_nodes([e], at)
        for how, value in (("by NumPy", by_numpy), ("compiled", compile_(e, list(symbols))(*at.values()))):
            said = difference(f"{row.name} in {dtype.__name__} {how}", value, "its code to 50 digits", exact, allowed)
            if said is not None:
                raise Disagreement(said, program([("e", e)], at, "check_values(e, at=at)"))


def _check_special(row: Function, e: Node, symbols: Sequence[Node]) -> None:
    """The two backends at zeros, at the ends of the domain, at infinities and NaN."""
    ends = {v for interval in (*row.domain, *row.sample) for v in interval}
    special = [*sorted(ends | {0.0, 1.0, -1.0, math.inf, -math.inf}), -0.0, math.nan]
    grid = np.meshgrid(*[np.array(special)] * row.arity)
    at = {s: g.ravel() for s, g in zip(symbols, grid)}
    (by_numpy,) = evaluate_nodes([e], at)
    (allowed,) = allowances([e], at)
    said = difference(f"{row.name} compiled", compile_(e, list(symbols))(*at.values()), "by NumPy", by_numpy, allowed)
    if said is not None:
        raise Disagreement(said, program([("e", e)], at, "check_values(e, at=at)"))


__all__ = ["check_function", "row_of"]
