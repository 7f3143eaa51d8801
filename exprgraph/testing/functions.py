"""The check of a row of the table of primitives: a user's function, or one of the package."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..calculus.derivatives import jvp
from ..functions.elementwise import Function
from ..functions.signatures import Interval
from ..graph.leaves import Symbol
from ..graph.node import Node
from ..graph.primitive import TABLE
from ..lowering import compile as compile_
from ..meaning.evaluate import evaluate_nodes
from ..show import latex, to_text
from .derivatives import check_derivatives
from .disagreement import Disagreement, UnsmoothPointError, allowances, check_tolerance, difference, program
from .domains import drawn, special_points
from .precise import evaluate_precisely

#: the difference in words, and the point
Found = tuple[str, dict[Node, np.ndarray]] | None


def row_of(function: str | Function | Callable[..., Node]) -> Function:
    """The row of a function, from the row, its name, or the result of :func:`exprgraph.function`."""
    name = function if isinstance(function, str) else function.name if isinstance(function, Function) else getattr(function, "__name__", "")
    row = TABLE.get(name)
    if not isinstance(row, Function):
        raise ValueError(f"{function!r} is not an elementwise function; add it with exprgraph.function(...)")
    return row


def check_function(
    function: str | Function | Callable[..., Node], *, order: int = 3, points: int = 5, seed: int = 0, tolerance: float = 0.0
) -> None:
    """Check that the columns of a row describe the same function.

    The reference is its ``code``, computed with 50 digits.  At sampled points it is compared with NumPy's value, with
    compiled code on single samples, on batches and in float32, and with the derivatives up to an order by each argument
    and mixed.  At the ends of the domain NumPy is compared with compiled code; also at infinity and NaN, if the function
    is defined everywhere.  All points lie in the given domain.

    Args:
        function: the result of :func:`exprgraph.function`, its name or its row.
        order: the highest derivative.
        points: the number of random points.
        seed: the seed of these points.
        tolerance: a relative error that is allowed beside rounding, for a function whose columns are approximations.

    Raises:
        Disagreement: columns differ; the message has a program that defines the function and runs by itself.
        ValueError: there is no such function, or the tolerance is not a relative error.

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
    check_tolerance("check_function", tolerance)
    row = row_of(function)
    symbols = [Symbol(f"x{k}") for k in _free(row)]
    rng = np.random.default_rng(seed)
    for k in range(points):
        e = _of(row, symbols, k)
        at = {s: drawn(rng, *intervals, ()) for s, intervals in zip(symbols, _intervals(row))}
        try:
            check_derivatives(e, order, at=at, compiled=k == 0, seed=seed + k, tolerance=tolerance)
        except UnsmoothPointError:
            low_high = ", ".join(map(str, row.sample))
            raise Disagreement(
                f"{row.name} has no derivative at a point where it is sampled, {low_high}; give other intervals as sample=",
                program([("e", e)], at, f"check_derivatives(e, {order}, at=at)"),
            ) from None
    e = _of(row, symbols)
    found = _of_arrays(row, symbols, rng, tolerance) or _of_many(row, e, symbols, rng, tolerance)
    found = found or _of_special_points(row, e, symbols, tolerance)
    for text in (to_text(e), latex(e), repr(pickle.loads(pickle.dumps(row)))):
        found = found or (None if text else (f"{row.name} prints as nothing", {}))
    if found is not None:
        said, at = found
        options = {"order": (order, 3), "points": (points, 5), "seed": (seed, 0), "tolerance": (tolerance, 0.0)}
        given = "".join(f", {name}={value!r}" for name, (value, usual) in options.items() if value != usual)
        raise Disagreement(said, program([("e", e)], at, f'check_function("{row.name}"{given})'))


def _free(row: Function) -> list[int]:
    """The arguments that have a derivative."""
    return [k for k in range(row.arity) if k not in row.fixed]


def _of(row: Function, free: Sequence[Node], choice: int = -1) -> Node:
    """The row of these arguments; of each other argument a number is chosen."""
    given = iter(free)
    return row.build(*(row.fixed[k][choice % len(row.fixed[k])] if k in row.fixed else next(given) for k in range(row.arity)))


def _intervals(row: Function) -> list[tuple[Interval, Interval]]:
    """Where these arguments are sampled, and their domains."""
    return [(row.sample[k], row.domain[k]) for k in _free(row)]


def _of_arrays(row: Function, symbols: Sequence[Node], rng: np.random.Generator, tolerance: float) -> Found:
    """The derivatives of arrays against those of their elements, one by one."""
    arrays = [Symbol(f"{s.name}s", 3) for s in symbols]
    at = {s: drawn(rng, *intervals, (3,)) for s, intervals in zip(arrays, _intervals(row))}
    e, one = _of(row, arrays), _of(row, symbols)
    for k, (s, single) in enumerate(zip(arrays, symbols)):
        together = jvp(e, s, np.ones(3))
        each = [evaluate_nodes([jvp(one, single, 1.0)], {q: v[i] for q, v in zip(symbols, at.values())})[0] for i in range(3)]
        (value,), (allowed,) = evaluate_nodes([together], at), allowances([together], at, tolerance)
        what = f"the derivative of {row.name} by argument {k} of an array"
        said = difference(what, value, "element by element", np.array(each), 2 * allowed)
        if said is not None:
            return said, dict(zip(symbols, at.values()))
    return None


def _of_many(row: Function, e: Node, symbols: Sequence[Node], rng: np.random.Generator, tolerance: float) -> Found:
    """A batch, in both widths, against 50 digits."""
    for dtype in (np.float64, np.float32):
        at = {s: drawn(rng, *intervals, (67,), dtype) for s, intervals in zip(symbols, _intervals(row))}
        exact = np.asarray(evaluate_precisely(e, {s: v.astype(float) for s, v in at.items()}), dtype=float)
        (allowed,) = allowances([e], at, tolerance)
        (by_numpy,) = evaluate_nodes([e], at)
        for how, value in (("by NumPy", by_numpy), ("compiled", compile_(e, list(symbols), immediate=False)(*at.values()))):
            said = difference(f"{row.name} in {dtype.__name__} {how}", value, "its code to 50 digits", exact, allowed)
            if said is not None:
                return f"{said}; the arguments are {_point(said, at)}", at
    return None


def _of_special_points(row: Function, e: Node, symbols: Sequence[Node], tolerance: float) -> Found:
    """The two backends at zeros, at the ends of the domain, and at infinities and NaN in the domain."""
    grid = np.meshgrid(*[np.array(special_points(row, k)) for k in _free(row)])
    at = {s: g.ravel() for s, g in zip(symbols, grid)}
    (by_numpy,) = evaluate_nodes([e], at)
    (allowed,) = allowances([e], at, tolerance)
    said = difference(f"{row.name} compiled", compile_(e, list(symbols), immediate=False)(*at.values()), "by NumPy", by_numpy, allowed)
    return None if said is None else (f"{said}; the arguments are {_point(said, at)}", at)


def _point(said: str, at: Mapping[Node, np.ndarray]) -> str:
    """The sample that a sentence names."""
    found = re.search(r" at \[(\d+)\]", said)
    k = int(found[1]) if found else 0
    return ", ".join(repr(float(v[k])) for v in at.values())


__all__ = ["check_function", "row_of"]
