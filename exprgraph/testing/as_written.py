"""The check that arithmetic is computed as written: a program by NumPy, by ``evaluate`` and compiled."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from ..functions import rows as functions
from ..graph.leaves import Symbol, constant
from ..graph.node import Node
from ..lowering.call.function import compile as compiled_function
from ..meaning.evaluate import evaluate
from .careful import ArithmeticProgram
from .disagreement import Disagreement

#: the allowed difference of two results
ULP = 4
#: contracted code is checked only if it can be contracted in at most this many ways
_MOST_WAYS = 4096
#: extreme magnitudes of arguments
EXTREMES = (1e200, 1e-200, 1e17, 1e-17, 1e308, 5e-324, 1.0, 1e154, 1e-154, 3.0, 0.0, -0.0)


def _choose(a: Any, b: Any, yes: Any, no: Any) -> Any:
    return yes if a < b else no


def _of_numbers(kind: type[np.floating[Any]]) -> dict[str, Callable[..., Any]]:
    return {
        "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b,
        "neg": lambda a: -a, "sqrt": np.sqrt, "abs": np.abs, "maximum": np.maximum, "minimum": np.minimum,
        "choose": _choose, "number": kind,
    }  # fmt: skip


#: the same operations on expressions
OF_EXPRESSIONS: dict[str, Callable[..., Any]] = {
    **_of_numbers(np.float64), "sqrt": functions.sqrt, "abs": functions.absolute, "maximum": functions.maximum,
    "minimum": functions.minimum, "choose": lambda a, b, yes, no: functions.where(functions.less(a, b), yes, no), "number": constant,
}  # fmt: skip


def arguments_for(rng: np.random.Generator, count: int) -> list[float]:
    """Arguments of a program: ordinary ones, equal ones, and extreme ones."""
    scale = rng.choice(EXTREMES[:-2]) if rng.random() < 0.5 else 1.0
    values = []
    for _ in range(count):
        kind = rng.random()
        if kind < 0.15:
            values.append(float(rng.choice(EXTREMES)) * float(rng.choice((1.0, -1.0))))
        elif kind < 0.3 and values:
            with np.errstate(over="ignore"):
                values.append(float(np.float64(values[int(rng.integers(len(values)))]) * rng.choice((1.0, -1.0, 1.0 + 2e-16, 1e-16))))
        else:
            with np.errstate(over="ignore"):
                values.append(float(np.float64(rng.normal()) * scale))
    return values


def apart(a: float, b: float, kind: type[np.floating[Any]] = np.float64) -> float:
    """The difference of two finite numbers in units in the last place."""
    if a == b:
        return 0.0
    with np.errstate(all="ignore"):
        return float(abs(kind(a) - kind(b)) / np.spacing(np.maximum(abs(kind(b)), np.finfo(kind).tiny)))


def check_as_written(program: ArithmeticProgram, at: Sequence[float], *, compiled: bool = True) -> None:
    """Compare a program's expression with NumPy, which computes it as written.

    ``evaluate`` and code compiled without contraction must be within 4 ulp of NumPy's result, also in float32, if the
    result is finite and no step is NaN or divides by 0.  Contracted code must give one of the results possible with fused
    multiply-adds; this is skipped if there are thousands of them.

    Args:
        program: a program; :mod:`exprgraph.testing.careful` has some.
        at: its arguments.
        compiled: whether it is compiled, alone and over a batch.

    Raises:
        Disagreement: a result differs.

    >>> from exprgraph.testing.as_written import check_as_written
    >>> from exprgraph.testing.careful import CAREFUL, recorded
    >>> for f in CAREFUL[:3]:
    ...     check_as_written(recorded(f), [1e17, 1.0, -1e17, 0.5], compiled=False)
    """
    symbols = [Symbol(f"x{k}") for k in range(program.inputs)]
    e = program.run(symbols, OF_EXPRESSIONS)
    for kind in (np.float64, np.float32):
        with np.errstate(all="ignore"):
            values = [kind(v) for v in at]
            known = program.values(values, _of_numbers(kind))
        right = known[-1]
        if not np.isfinite(right) or _undecided(program, known):
            continue
        _compare(program, at, "evaluate", evaluate(e, dict(zip(symbols, values))), right, kind)
        if compiled:
            fn = compiled_function(e, symbols, contract=False, immediate=False)
            _compare(program, at, "compiled without contraction", fn(*values), right, kind)
            _compare(program, at, "of a batch", fn(*(np.full(9, v) for v in values))[4], right, kind)
    with np.errstate(all="ignore"):
        known = program.values([np.float64(v) for v in at], _of_numbers(np.float64))
    if compiled and np.isfinite(known[-1]) and not _undecided(program, known):
        _check_contracted(program, at, e, symbols)


def _undecided(program: ArithmeticProgram, known: Sequence[Any]) -> bool:
    """Whether construction may change a step: cancelling terms are 0, where NumPy has inf - inf or -0."""
    divisors = [known[step.operands[1]] for step in program.steps if step.name == "/"]
    return bool(np.isnan(known).any() or any(d == 0 for d in divisors))


def _compare(program: ArithmeticProgram, at: Sequence[float], how: str, got: Any, right: Any, kind: type[np.floating[Any]]) -> None:
    if not np.isfinite(got) or apart(float(got), float(right), kind) > ULP:
        said = f"{program.title} at {list(at)}: {how} gives {got!r}, NumPy {right!r}"
        raise Disagreement(said, program.text([f"x{k}" for k in range(program.inputs)]))


def _check_contracted(program: ArithmeticProgram, at: Sequence[float], e: Node, symbols: Sequence[Node]) -> None:
    if math.prod(map(len, _ways(program))) > _MOST_WAYS:
        return
    fn = compiled_function(e, symbols, immediate=False)
    values = [np.float64(v) for v in at]
    found = [float(fn(*values)), float(fn(*(np.full(9, v) for v in values))[4])]
    for got in found:
        if not any(_alike(got, way) for way in _contractions(program, at)):
            raise Disagreement(
                f"{program.title} at {list(at)}: contracted code gives {got!r}, which no way of contracting it gives",
                program.text([f"x{k}" for k in range(program.inputs)]),
            )


def _alike(got: float, way: float) -> bool:
    return (got != got and way != way) or got == way or (np.isfinite(got) and np.isfinite(way) and apart(got, way) <= ULP)


class _Product(float):
    """A rounded product that remembers its factors."""

    factors: tuple[float, float]


def _contractions(program: ArithmeticProgram, at: Sequence[float]) -> Iterator[float]:
    """The results of a program for each choice of which products are rounded before they are added."""
    for ways in itertools.product(*_ways(program)):
        pending = iter(ways)
        operations: dict[str, Callable[..., Any]] = {**_of_numbers(np.float64), "*": _times, "/": _divided, "neg": _negated}
        operations["+"] = partial(_plus, pending)
        operations["-"] = partial(_minus, pending)
        with np.errstate(all="ignore"):
            yield float(program.run([np.float64(v) for v in at], operations))


def _ways(program: ArithmeticProgram) -> list[tuple[int, ...]]:
    """For each sum, the operand that may be an unrounded product: 0 for none, 1 for the first, 2 for the second."""
    ways: list[tuple[int, ...]] = []
    products: set[int] = set()  # the places of products, negative or chosen ones too
    for place, step in enumerate(program.steps, program.inputs):
        if step.name in ("+", "-"):
            ways.append((0, *(way for way, k in enumerate(step.operands, 1) if k in products)))
            continue
        same = step.operands[2:] if step.name == "choose" else step.operands if step.name == "neg" else ()
        if step.name == "*" or not products.isdisjoint(same):
            products.add(place)
    return ways


def _plus(ways: Iterator[int], a: Any, b: Any) -> Any:
    return _added(a, b, next(ways))


def _minus(ways: Iterator[int], a: Any, b: Any) -> Any:
    return _added(a, _negated(b), next(ways))


def _divided(a: Any, b: Any) -> Any:
    return np.float64(a) / np.float64(b)


def _times(a: Any, b: Any) -> Any:
    result = _Product(np.float64(a) * np.float64(b))
    result.factors = float(a), float(b)
    return result


def _negated(a: Any) -> Any:
    return _times(-a.factors[0], a.factors[1]) if isinstance(a, _Product) else -np.float64(a)


def _added(a: Any, b: Any, way: int) -> Any:
    """a + b, where one operand is an unrounded product."""
    fused, other = (a, b) if way == 1 else (b, a)
    if way and isinstance(fused, _Product) and np.isfinite([*fused.factors, float(other)]).all():
        exact = Fraction(fused.factors[0]) * Fraction(fused.factors[1]) + Fraction(float(other))
        if exact:
            try:
                return np.float64(float(exact))
            except OverflowError:
                return np.float64(np.inf if exact > 0 else -np.inf)
    return np.float64(a) + np.float64(b)


__all__ = ["OF_EXPRESSIONS", "apart", "arguments_for", "check_as_written"]
