"""Formulas as text, read twice: as expressions of the package, and by SymPy with exact numbers and 50 digits.

Nothing of the package is used for the reference: SymPy differentiates, mpmath evaluates.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import combinations_with_replacement, permutations
from typing import Any, NamedTuple

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import Node

mpmath = pytest.importorskip("mpmath", reason="mpmath is an oracle here; it comes with the test extras")
sp = pytest.importorskip("sympy", reason="SymPy is an oracle here; it comes with the test extras")

DIGITS = 50
MODES = ("forward", "reverse")
_NUMBER = re.compile(r"(?<![\w.])(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)")
_SHARED = "sin cos tan asin acos atan sinh cosh tanh exp log sqrt erf".split()


class Problem(NamedTuple):
    """Formulas of variables x1, x2, ... (or other names), and where they are looked at."""

    name: str
    variables: tuple[str, ...]
    formulas: tuple[str, ...]
    points: tuple[tuple[float, ...], ...]


def problem(name: str, variables: str | int, formulas: Sequence[str], *points: Sequence[float]) -> Problem:
    names = tuple(f"x{i + 1}" for i in range(variables)) if isinstance(variables, int) else tuple(variables.split())
    return Problem(name, names, tuple(formulas), tuple(tuple(float(v) for v in p) for p in points))


def ours(p: Problem) -> tuple[Node, Node]:
    """The vector of variables, and the vector of formulas."""
    x = eg.Symbol("x", len(p.variables))
    names: dict[str, Any] = {n: getattr(eg, n) for n in _SHARED} | {"pi": math.pi, "abs": eg.abs}
    names |= {n: x[i] for i, n in enumerate(p.variables)}
    return x, eg.stack([eg.array(0.0) + eval(f, names) for f in p.formulas])


def theirs(p: Problem) -> tuple[list[Any], list[Any]]:
    """The variables and the formulas in SymPy, numbers as fractions."""
    symbols = [sp.Symbol(n, real=True) for n in p.variables]
    names: dict[str, Any] = {n: getattr(sp, n) for n in _SHARED} | {"pi": sp.pi, "abs": sp.Abs, "Q": sp.Rational}
    names |= dict(zip(p.variables, symbols))
    return symbols, [sp.sympify(eval(_NUMBER.sub(r"Q('\1')", f), names)) for f in p.formulas]


class Reference:
    """Values and derivatives to the second (third) order by SymPy and mpmath."""

    def __init__(self, symbols: Sequence[Any], formulas: Sequence[Any], order: int = 2) -> None:
        n = len(symbols)
        self.shape = (len(formulas), *(n,) * order)
        self.order = order
        self.entries = [list(combinations_with_replacement(range(n), k)) for k in range(order + 1)]
        wanted = []
        for f in formulas:
            known: dict[tuple[int, ...], Any] = {(): f}
            for at in [a for level in self.entries[1:] for a in level]:
                known[at] = sp.diff(known[at[:-1]], symbols[at[-1]])
            wanted.append([known[a] for level in self.entries for a in level])
        self.function = sp.lambdify(symbols, wanted, modules="mpmath", cse=True)

    def __call__(self, point: Sequence[float]) -> list[np.ndarray]:
        """Arrays of shapes (m,), (m, n), (m, n, n) ..."""
        with mpmath.workdps(DIGITS):
            rows = self.function(*[mpmath.mpf(v) for v in point])
        m, n = self.shape[0], len(point)
        out = [np.zeros((m, *(n,) * k)) for k in range(self.order + 1)]
        for i, row in enumerate(rows):
            values = iter(row)
            for k, level in enumerate(self.entries):
                for at in level:
                    value = float(next(values))
                    for where in set(permutations(at)):
                        out[k][(i, *where)] = value
        return out


def all_modes(f: Node, x: Node) -> dict[str, Node]:
    """Value, Jacobian and Hessians of a vector in every mode; the first word is the order's name."""
    out = {"value": f, "jacobian auto": eg.jacobian(f, x), "hessian auto": eg.jacobian(eg.jacobian(f, x), x)}
    for first in MODES:
        d = out[f"jacobian {first}"] = eg.jacobian(f, x, first)  # type: ignore[call-overload]
        for second in MODES:
            out[f"hessian {second} over {first}"] = eg.jacobian(d, x, second)  # type: ignore[call-overload]
    return out


ORDER = {"value": 0, "jacobian": 1, "hessian": 2, "third": 3}


def scales(want: Sequence[np.ndarray], point: Sequence[float]) -> list[np.ndarray]:
    """The size of what may cancel in each entry of the derivatives.

    That is how much the entry changes with the variables' own sizes (and by the square of a rounding, where that is
    all: a sum of squares at its zero); the largest entry of its order; and what the orders below amount to over the
    size of the point, which derivatives that happen to vanish are made of.
    """
    size = np.abs(np.asarray(point)) + 1e-3
    below = np.zeros(len(want[0]))
    out = []
    for k, w in enumerate(want):
        condition = (np.abs(want[k + 1]) * size).sum(axis=-1) if k + 1 < len(want) else 0.0
        squares = 1e-15 * ((np.abs(want[k + 2]) * size).sum(axis=-1) * size).sum(axis=-1) if k + 2 < len(want) else 0.0
        largest = np.abs(w).max(axis=tuple(range(1, w.ndim)), initial=0.0)
        out.append((largest + below).reshape(-1, *(1,) * k) + condition + squares)
        below = (largest + below) / (1 + size.max())
    return out


def check_values(name: str, got: dict[str, Any], want: Sequence[np.ndarray], point: Sequence[float]) -> None:
    """Twelve digits of each number, thirteen of what cancels in it; each order has more terms that do."""
    size = scales(want, point)
    for what, value in got.items():
        k = ORDER[what.split()[0]]
        bound = 1e-12 * np.abs(want[k]) + 1e-13 * (k + 1) * size[k]
        error = np.abs(np.reshape(value, want[k].shape) - want[k])
        bad = ~(error <= bound)
        assert not bad.any(), f"{name}: {what} at {point}: {value}, expected {want[k]}; entry {np.argwhere(bad)[0]}, by {error[bad][0]}"


def check_function(
    name: str, f: Node, x: Node, reference: Reference, points: Sequence[Sequence[float]], *, compiled: bool = True
) -> None:
    """Every mode, with NumPy and compiled, against the reference at every point (the elements of x in a row)."""
    outputs = all_modes(f, x)
    if reference.order > 2:
        outputs["third"] = eg.jacobian(outputs["hessian auto"], x)
    fn = eg.compile(outputs, x) if compiled else None
    for point in points:
        at, want = np.array(point, float).reshape(x.shape), reference(point)
        check_values(name + ", NumPy", eg.evaluate(outputs, {x: at}), want, point)
        if fn is not None:
            check_values(name + ", compiled", fn(at), want, point)


def check(p: Problem, *, order: int = 2, compiled: bool = True) -> None:
    """A problem of formulas."""
    x, f = ours(p)
    check_function(p.name, f, x, Reference(*theirs(p), order), p.points, compiled=compiled)
