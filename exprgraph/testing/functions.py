"""Checks of a row of the primitive table: of a user's function, of a rule of simplification."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..elementwise import Function
from ..evaluate import evaluate_nodes
from ..leaves import Symbol
from ..lowering import compile as compile_
from ..node import Node, forget_operations
from ..primitive import TABLE
from ..show import latex, to_python, to_text
from ..simplify import RULES, simplify
from ..traverse import rebuild, symbols_of, topological
from .bounds import Interval
from .derivatives import check_derivatives
from .disagreement import Disagreement, UnsmoothPointError, allowances, difference, program
from .growing import AtRandom, grow, symbols_for, values_for
from .precise import evaluate_precisely


def row_of(function: str | Function | Callable[..., Node]) -> Function:
    """The row of a function, given as such, by name, or as what :func:`exprgraph.function` returned."""
    name = function if isinstance(function, str) else function.name if isinstance(function, Function) else getattr(function, "__name__", "")
    row = TABLE.get(name)
    if not isinstance(row, Function):
        raise ValueError(f"{function!r} is no elementwise function; add it with exprgraph.function(...)")
    return row


@contextmanager
def temporary_functions() -> Iterator[None]:
    """Functions that are added inside the block are gone after it, so that a test leaves the table as it was.

    Expressions made of them can still be evaluated, but neither parsed nor read from a pickle.

    >>> import exprgraph as eg, numpy as np
    >>> from exprgraph.testing import temporary_functions
    >>> with temporary_functions():
    ...     cube = eg.function("cube", numpy=lambda x: x**3, derivative=lambda x: 3 * x**2, code="{0}*{0}*{0}")
    ...     print(eg.diff(cube(eg.Symbol("x")), eg.Symbol("x")))
    3*x**2
    >>> eg.lookup("cube")
    Traceback (most recent call last):
    ...
    ValueError: there is no function named 'cube'; functions of your own are added with exprgraph.function(...)
    """
    before = set(TABLE)
    try:
        yield
    finally:
        added = {TABLE.pop(name) for name in set(TABLE) - before}
        if added:
            forget_operations(added)


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
    _check_many(row, e, symbols, rng)
    _check_special(row, e, symbols)
    for text in (to_text(e), latex(e), repr(pickle.loads(pickle.dumps(row)))):
        if not text:
            raise Disagreement(f"{row.name} prints as nothing", "")


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


def check_simplification(
    rule: str | Callable[[Node], Node | None],
    *,
    box: Interval = (0.1, 0.9),
    examples: Sequence[Node] = (),
    trials: int = 100,
    seed: int = 0,
) -> None:
    """Check a rule of simplification: it keeps values and derivatives, and makes no graph larger.

    Args:
        rule: the name of a rule or an assumption of :func:`exprgraph.simplify`, or a function from a node to a
            simpler one, or ``None`` where there is none.
        box: where symbols' elements lie; positive by default, as some rules assume.
        examples: expressions to try it on, beside random ones; give some that the rule changes.
        trials: how many random expressions.

    Raises:
        Disagreement: a value or a derivative that changes, or a graph that grows.
        ValueError: the rule changes none of the expressions, so that nothing was checked.

    >>> import exprgraph as eg
    >>> from exprgraph.testing import check_simplification
    >>> x = eg.Symbol("x")
    >>> check_simplification("log_exp", examples=[eg.log(eg.exp(x)), eg.sin(eg.log(eg.exp(3 * x)))])
    """
    changed = 0
    for trial in range(trials + len(examples)):
        choice = AtRandom(seed + trial)
        e = examples[trial] if trial < len(examples) else grow(choice, symbols_for(choice, choice.whole(1, 2), False), choice.whole(1, 6))
        new = _simplified(rule, e)
        if new is e:
            continue
        changed += 1
        _check_kept(rule, e, new, box, seed + trial)
    if not changed:
        raise ValueError(f"the rule {rule!r} changed none of {trials + len(examples)} expressions; give examples= that it changes")


def _simplified(rule: str | Callable[[Node], Node | None], e: Node) -> Node:
    if isinstance(rule, str):
        return simplify(e, rule)
    image: dict[Node, Node] = {}
    for node in topological([e]):
        new = rebuild(node, tuple(image[a] for a in node.args))
        simpler = rule(new)
        image[node] = new if simpler is None else simpler
    return image[e]


def _check_kept(rule: Any, e: Node, new: Node, box: Interval, seed: int) -> None:
    from .identities import check_identity

    name = rule if isinstance(rule, str) else getattr(rule, "__name__", "the rule")
    at = values_for(np.random.default_rng(seed), symbols_of([e, new]), box)
    if new.shape != e.shape:
        raise Disagreement(f"{name} makes shape {new.shape} of shape {e.shape}", to_python([e, new], "before, after"))
    if len(topological([new])) > len(topological([e])):
        sizes = f"{len(topological([e]))} to {len(topological([new]))}"
        raise Disagreement(f"{name} makes the graph larger, from {sizes} nodes", to_python([e, new], "before, after"))
    if all(np.isfinite(v).all() for v in evaluate_nodes([e], at)):
        check_identity(e, new, at=at, order=2, seed=seed)


def known_rules() -> list[str]:
    """The names of all rules of simplification."""
    return sorted(RULES)


__all__ = ["check_function", "check_simplification", "known_rules", "row_of", "temporary_functions"]
