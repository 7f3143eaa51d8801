"""One random expression, and everything it is held against."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.graph.traverse import symbols_of, topological
from exprgraph.scans.body import SCAN
from exprgraph.testing import (
    Disagreement,
    UnsmoothPointError,
    check_backends,
    check_batches,
    check_derivatives,
    check_mapping,
    check_reduction,
    check_saturation,
    check_sizes,
    check_text,
    check_values,
    rounding_errors,
)
from exprgraph.testing.as_written import arguments_for, check_as_written
from exprgraph.testing.careful import CAREFUL, random_program, recorded
from exprgraph.testing.derivatives import along
from exprgraph.testing.disagreement import difference
from exprgraph.testing.growing import GROW, AtRandom, grow, symbols_for, values_for
from exprgraph.testing.scans import grown

sys.path.append(str(Path(__file__).parent.parent / "loops"))

from c_compiler import COMPILERS, function, library
from forms import Case

ORDER = 3
_SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 1e-300, -1e-8, 1e8, 1e300, np.inf, -np.inf, np.nan])


class Made(NamedTuple):
    """An expression with a point."""

    e: Node
    at: dict[Node, Any]


class Failure(NamedTuple):
    """What was wrong, with what."""

    seed: int
    e: Node
    at: dict[Node, Any]
    what: str


class NoAnswerError(Exception):
    """An oracle that cannot say what it should be."""


def make(seed: int, steps: int) -> Made:
    """The expression of a seed; loops are drawn for every fourth, as they are slow to check."""
    choice = AtRandom(seed)
    symbols = symbols_for(choice, choice.whole(1, 3), seed % 2 == 0)
    with GROW.replaced(grown, SCAN) if seed % 4 == 3 else nullcontext():
        e = grow(choice, symbols, choice.whole(1, steps))
    return Made(e, dict(values_for(np.random.default_rng(seed), symbols_of([e]))))


def _by_jax(made: Made, seed: int) -> None:
    from .jax_oracle import directional_derivatives

    rng = np.random.default_rng(seed)
    symbols = symbols_of([made.e])
    directions = {s: np.round(rng.uniform(-1, 1, s.shape), 3) for s in symbols}
    forms = [made.e]
    for _ in range(ORDER if symbols else 0):
        forms.append(along(forms[-1], directions))
    theirs = directional_derivatives(made.e, made.at, directions, len(forms) - 1)
    for k, (ours, other, allowed) in enumerate(zip(eg.evaluate(forms, made.at), theirs, rounding_errors(forms, made.at))):
        # JAX's own functions and derivatives are off by more than a few units in the last place, of what may cancel
        sizes = [np.max(np.abs(np.where(np.isfinite(v), v, 0.0)), initial=0.0) for v in (other, theirs[0])]
        said = difference(f"the derivative of order {k}", ours, "by JAX", other, 100 * allowed + 1e-10 * max(*sizes, 1.0))
        if said is not None:
            raise Disagreement(said, eg.to_python(made.e))


def _by_sympy(made: Made, seed: int) -> None:
    from exprgraph.interop import to_sympy

    if any(n.op.name.startswith("sample") for n in topological([made.e])) or made.e.size > 4 or not made.at:
        return
    shared = {s: eg.Symbol(s.name, s.shape) for s in made.at}
    e = eg.substitute(made.e if not made.e.shape else made.e[(0,) * made.e.ndim], shared)
    scalars = [s for s in symbols_of([e]) if not s.shape]
    if not scalars or len(topological([e])) > 25:
        return
    import sympy

    s = scalars[seed % len(scalars)]
    one = {shared[k]: np.asarray(v)[0] if k.per_sample else np.asarray(v) for k, v in made.at.items()}
    theirs = sympy.diff(to_sympy(e), sympy.Symbol(s.name, real=True))
    numbers: dict[Any, Any] = {}
    for k, v in one.items():
        if not k.shape:
            numbers[sympy.Symbol(k.name, real=True)] = sympy.Float(repr(float(v)), 40)
        for index in np.ndindex(*k.shape) if k.shape else ():
            numbers[sympy.IndexedBase(k.name, shape=k.shape)[index]] = sympy.Float(repr(float(v[index])), 40)
    try:
        exact = theirs.subs(numbers).doit().evalf(25)
    except RecursionError:  # of SymPy's own, on derivatives of its sign and Heaviside
        raise NoAnswerError from None
    if not exact.is_number or not exact.is_real:
        raise NoAnswerError
    ours = eg.diff(e, s)
    said = difference(
        "the derivative", eg.evaluate(ours, one), "by SymPy", float(exact), 10 * rounding_errors([ours], one)[0] + 1e-12 * abs(float(exact))
    )
    if said is not None:
        raise Disagreement(said, eg.to_python(e))


def _special(made: Made, seed: int, compiled: bool = False) -> None:
    rng = np.random.default_rng(seed)
    at = {s: np.where(rng.random(np.shape(v)) < 0.4, rng.choice(_SPECIAL, np.shape(v)), v) for s, v in made.at.items()}
    check_values(made.e, at=at, compiled=compiled)


def _samples(made: Made, seed: int) -> None:
    if made.e.per_sample and not any(n.op.name.startswith("sample") for n in topological([made.e])):
        check_reduction(made.e, at=made.at)


def _saturated(made: Made, seed: int, compiled: bool = False) -> None:
    check_saturation(made.e, 1 + seed % ORDER, at=made.at, compiled=compiled, seed=seed)


def _batches(made: Made, seed: int, compiled: bool = False) -> None:
    check_batches(made.e, at=made.at, compiled=compiled, seed=seed)


def _backends(made: Made, seed: int, *backends: str) -> None:
    rng = np.random.default_rng(seed)
    mixed = {s: np.where(rng.random(np.shape(v)) < 0.2, rng.choice(_SPECIAL, np.shape(v)), v) for s, v in made.at.items()}
    check_backends(made.e, at=made.at if seed % 2 else mixed, backends=backends)


def _by_c(made: Made, seed: int) -> None:
    """C has the bits of the interpreter of loops, in float64 or in float32."""
    rng = np.random.default_rng(seed)
    symbols = list(made.at)
    case = Case([made.e], symbols, bool(rng.integers(2)), 3, any(s.per_sample for s in symbols))
    arrays = []
    for v in made.at.values():
        mixed = np.where(rng.random(np.shape(v)) < 0.2, rng.choice(_SPECIAL, np.shape(v)), v)
        with np.errstate(over="ignore"):
            arrays.append(np.array(mixed, case.dtype, order="C"))
    with tempfile.TemporaryDirectory() as folder:
        found = case.by_c(function(library(case.named("f"), Path(folder)), "f"), arrays)
    for ours, theirs in zip(found, case.by_interpreter(arrays), strict=True):
        there = ~np.isnan(theirs)
        if not np.array_equal(ours, theirs, equal_nan=True) or (np.signbit(ours) != np.signbit(theirs))[there].any():
            raise Disagreement(f"C gives {ours}, the interpreter of loops {theirs}, at {arrays}", eg.to_python(made.e))


#: what a case is held against, and for one of how many cases
WAYS: dict[str, tuple[int, Callable[[Made, int], None]]] = {
    "modes, NumPy, 50 digits, differences": (
        1,
        lambda m, seed: check_derivatives(m.e, 1 + seed % ORDER, at=m.at, compiled=False, seed=seed),
    ),
    "special points, code, copies": (2, _special),
    "special points, machine code": (40, lambda m, seed: _special(m, seed, True)),
    "samples": (2, _samples),
    "text": (8, lambda m, seed: check_text(m.e, seed=seed)),
    "saturated": (16, _saturated),
    "saturated, machine code": (480, lambda m, seed: _saturated(m, seed, True)),
    "batches": (16, _batches),
    "batches, machine code": (480, lambda m, seed: _batches(m, seed, True)),
    "machine code": (40, lambda m, seed: check_derivatives(m.e, ORDER, at=m.at, seed=seed)),
    "sizes, machine code": (480, lambda m, seed: check_sizes(m.e, at=m.at, seed=seed)),
    "mapped": (16, lambda m, seed: check_mapping(m.e, entries=1 + seed % 3, seed=seed, compiled=seed % 30 == 0)),
    "backend native": (40, lambda m, seed: _backends(m, seed, "native")),
    "backend numpy": (16, lambda m, seed: _backends(m, seed, "numpy")),
    "backend auto": (240, lambda m, seed: _backends(m, seed, "auto")),
    "backend numba": (480, lambda m, seed: _backends(m, seed, "numba")),
    "C": (80, _by_c),
    "JAX": (500, _by_jax),
    "SymPy": (200, _by_sympy),
}


#: the ways that need a program that is not on this machine
NOT_HERE = () if COMPILERS else ("C",)


def run_programs(seeds: range) -> tuple[Counter[str], list[str]]:
    """Careful and random programs of arithmetic in turn, against NumPy; every 49th is compiled, so that both kinds are."""
    counts: Counter[str] = Counter()
    failures: list[str] = []
    for seed in seeds:
        choice = AtRandom(seed)
        program = recorded(choice.pick(CAREFUL)) if seed % 2 else random_program(choice, 12)
        try:
            check_as_written(program, arguments_for(np.random.default_rng(seed), program.inputs), compiled=seed % 49 == 0)
        except Disagreement as error:
            failures.append(f"seed {seed}: {error}")
        counts["programs"] += 1
        counts["programs, machine code"] += seed % 49 == 0
    return counts, failures


def run(seeds: range, steps: int, left_out: tuple[str, ...] = ()) -> tuple[Counter[str], list[Failure]]:
    """Every seed's case; how many were held against what, and what failed."""
    counts: Counter[str] = Counter()
    failures: list[Failure] = []
    for seed in seeds:
        made = make(seed, steps)
        counts["expressions"] += 1
        for name, (every, check) in WAYS.items():
            if name in left_out or seed % every:
                continue
            try:
                check(made, seed)
                counts[name] += 1
            except NoAnswerError:
                counts["without an answer of the oracle"] += 1
            except UnsmoothPointError:
                counts["points without a derivative"] += 1
                break
            except Exception as error:
                failures.append(Failure(seed, made.e, made.at, f"{name}: {type(error).__name__}: {error}"))
    return counts, failures
