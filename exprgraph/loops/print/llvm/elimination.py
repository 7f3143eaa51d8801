"""Linear systems: instructions for the library's ``solve`` and ``solve_one``.

They use Gaussian elimination with partial pivoting.  Rows are exchanged by selects, so that each lane has its own pivots.
A pivot that is noise (:data:`exprgraph.support.systems.NOISE`) makes the solution NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from ....support.systems import NOISE
from .builder import Builder, SSAValue


class _System:
    """A system on one lane of each vector, or a single one if ``lane`` is ``None``."""

    def __init__(self, b: Builder, given: tuple[SSAValue, ...], lane: SSAValue | None, stride: SSAValue | None) -> None:
        self.b = b
        self.pointers = {"w": given[0], "y": given[1]}  # the matrix, and the right-hand sides
        self.starts = {"w": given[2], "y": given[3]}
        self.rows, self.sides = given[4:6]
        self.lane, self.stride = lane, stride
        self.zero, self.one = b.integer(0), b.integer(1)

    def at(self, which: str, row: SSAValue, column: SSAValue) -> SSAValue:
        """The address of an element of the matrix or of the right-hand sides."""
        b = self.b
        element = b.sum(b.times(row, self.rows if which == "w" else self.sides), column)
        if self.lane is not None and self.stride is not None:
            return b.at(self.pointers[which], b.sum(self.starts[which], b.times(element, self.stride), self.lane))
        return b.at(self.pointers[which], b.sum(self.starts[which], element))

    def get(self, which: str, row: SSAValue, column: SSAValue) -> SSAValue:
        return self.b.load(self.at(which, row, column), self.lane is not None)

    def put(self, which: str, row: SSAValue, column: SSAValue, value: SSAValue) -> None:
        self.b.store(value, self.at(which, row, column))

    def loop(self, start: SSAValue, end: SSAValue, body: Callable[[SSAValue], None]) -> None:
        self.b.open(start, end, 1, "index", {})
        body(self.b.loops[-1].index)
        self.b.close({})

    def solve(self) -> None:
        """Factorise the matrix, and transform the right-hand sides; then substitute from the last row up."""
        self.loop(self.zero, self.rows, self._column)
        self.loop(self.zero, self.rows, self._back)

    def _column(self, c: SSAValue) -> None:
        b = self.b
        below = b.sum(c, self.one)
        self.loop(below, self.rows, partial(self._exchange, c))
        self.put("w", c, c, self._pivot(c))

        def rest(r: SSAValue) -> None:
            factor = b.binary("fdiv", self.get("w", r, c), self.get("w", c, c))
            self.put("w", r, c, factor)  # for the bounds of later pivots

            def less(which: str, k: SSAValue) -> None:
                part = b.binary("fmul contract", factor, self.get(which, c, k))
                self.put(which, r, k, b.binary("fsub contract", self.get(which, r, k), part))

            self.loop(below, self.rows, partial(less, "w"))
            self.loop(self.zero, self.sides, partial(less, "y"))

        self.loop(below, self.rows, rest)

    def _exchange(self, c: SSAValue, r: SSAValue) -> None:
        """Exchange a row with a lower one if that has the larger entry."""
        b = self.b
        here, there = (b.intrinsic("fabs", self.get("w", row, c)) for row in (r, c))
        larger = b.binary("fcmp ogt", here, there, "truth")

        def both(which: str, k: SSAValue) -> None:
            x, y = self.get(which, c, k), self.get(which, r, k)
            self.put(which, c, k, b.select(larger, y, x))
            self.put(which, r, k, b.select(larger, x, y))

        self.loop(self.zero, self.rows, partial(both, "w"))
        self.loop(self.zero, self.sides, partial(both, "y"))

    def _pivot(self, c: SSAValue) -> SSAValue:
        """The pivot of a column; NaN if it is no larger than its possible rounding error."""
        b = self.b
        pivot = self.get("w", c, c)
        terms, bound = b.real(0.0), b.real(NOISE * float(np.finfo(f"f{b.target.bits // 8}").eps))
        start = {"terms": terms, "bound": bound}
        carried = b.open(self.zero, c, 1, "index", {k: x if self.lane is None else b.wide(x) for k, x in start.items()})
        k = b.loops[-1].index
        term = b.binary("fmul", self.get("w", c, k), self.get("w", k, c))
        more = b.binary("fadd", carried["bound"], bound)
        sums = b.close({"terms": b.binary("fadd", carried["terms"], b.intrinsic("fabs", term)), "bound": more})
        noise = b.binary("fmul", sums["bound"], sums["terms"])
        regular = b.binary("fcmp ogt", b.intrinsic("fabs", pivot), noise, "truth")
        return b.select(regular, pivot, b.real(float("nan")))

    def _back(self, i: SSAValue) -> None:
        b = self.b
        c = b.binary("sub", b.binary("sub", self.rows, self.one), i)

        def of(k: SSAValue) -> None:
            carried = b.open(b.sum(c, self.one), self.rows, 1, "index", {"x": self.get("y", c, k)})
            r = b.loops[-1].index
            part = b.binary("fmul contract", self.get("w", c, r), self.get("y", r, k))
            x = b.close({"x": b.binary("fsub contract", carried["x"], part)})["x"]
            self.put("y", c, k, b.binary("fdiv", x, self.get("w", c, c)))

        self.loop(self.zero, self.sides, of)


def solve(b: Builder, *given: SSAValue) -> None:
    """A system on each lane: ``solve(w, y, a, b, n, m, stride, lanes)``."""
    b.open(b.integer(0), given[7], b.target.lanes, "index", {})
    _System(b, given, b.loops[-1].index, given[6]).solve()
    b.close({})


def solve_one(b: Builder, *given: SSAValue) -> None:
    """One system with neighbouring elements: ``solve_one(w, y, a, b, n, m)``."""
    _System(b, given, None, None).solve()


__all__ = ["solve", "solve_one"]
