"""Products of matrices in tiles that stay in registers.

Both functions are the twins of those of the same name in the runtime module.  ``product`` multiplies
a matrix with rows of neighbouring elements; ``dots`` takes the inner products of two sets of such
rows.  A tile of the result is summed in registers; what it needs is loaded once for the tile.  The
sizes of the tiles follow from the number of vector registers (Goto and van de Geijn, "Anatomy of
High-Performance Matrix Multiplication", 2008).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from ...support.systems import NOISE
from .builder import Builder, Target, Value

Emit = Callable[[Builder, dict[str, Value]], None]


def _function(target: Target, name: str, parameters: Sequence[str], write: Emit) -> tuple[str, set[str]]:
    b = Builder(target)
    pointers = {"w", "y"} if parameters[:2] == ("w", "y") else {"a", "b", "c", "w"}
    env = {p: Value(f"%{p}", "pointer" if p in pointers else "int", False, 0) for p in parameters}
    write(b, env)
    listed = ", ".join(f"{target.type_of(v.kind)} {v.text}" for v in env.values())
    return f"define internal void @{name}({listed}) #0 {{\nentry:\n{b.text()}\n  ret void\n}}", b.intrinsics


def _add(b: Builder, *values: Value) -> Value:
    total = values[0]
    for v in values[1:]:
        total = b.binary("add", total, v)
    return total


def _times(b: Builder, x: Value, y: Value) -> Value:
    return b.binary("mul", x, y)


def _whole(b: Builder, n: Value, step: int, start: Value | None = None) -> Value:
    """The end of the last whole step of a range."""
    first = start or b.integer(0)
    left = b.binary("sub", n, first)
    return b.binary("add", first, b.binary("sub", left, b.binary("urem", left, b.integer(step))))


def _tiles(b: Builder, n: Value, sizes: Sequence[int], body: Callable[[Value, int], None], start: Value | None = None) -> None:
    """A range in steps of the first size, what is left in steps of the next, and so on to 1."""
    first = start or b.integer(0)
    for size in sizes:
        end = _whole(b, n, size, first) if size > 1 else n
        b.open(first, end, size, "int", {})
        body(b.loops[-1].index, size)
        b.close({})
        first = end


def _madd(b: Builder, x: Value, y: Value, total: Value, silencing: Value | None = None) -> Value:
    """``x * y + total``, and the total alone where what silences, one of the factors, is 0.

    Vectors of 512 bits have masks, and this is one instruction; elsewhere the other factor is made 0, outside of the chain of sums.
    """
    if silencing is None:
        return b.binary("fadd contract", b.binary("fmul contract", x, y), total)
    active = b.binary("fcmp une", silencing, b.wide(b.real(0.0)), "bool")
    if b.target.lanes * b.target.bits >= 512:
        return b.select(active, b.binary("fadd contract", b.binary("fmul contract", x, y), total), total)
    other = b.select(active, y if silencing is x else x, b.wide(b.real(0.0)))
    return b.binary("fadd contract", b.binary("fmul contract", silencing, other), total)


PRODUCT = ("c", "c0", "ci", "a", "a0", "ai", "ak", "b", "b0", "bk", "m", "k", "n")
DOTS = ("c", "c0", "ci", "cj", "a", "a0", "ai", "b", "b0", "bj", "m", "j", "n")


def product(target: Target, silences: str = "") -> tuple[str, set[str]]:
    """``c[c0 + i*ci + l] = sum over k of a[a0 + i*ai + k*ak] * b[b0 + k*bk + l]``, i < m, l < n.

    ``silences`` is "left" or "right" where zeros of a, or of b, silence the other.
    """
    shapes: dict[int, tuple[int, ...]]  # rows of a tile, by vectors in a row
    if target.registers >= 32:
        shapes = {4: (6, 4, 2, 1), 2: (8, 4, 2, 1), 1: (8, 4, 2, 1)}
    else:
        shapes = {3: (4, 2, 1), 1: (6, 2, 1)}
    lanes = target.lanes

    def write(b: Builder, v: dict[str, Value]) -> None:
        def column(at: Value, width: int, masked: bool) -> None:
            """All rows of the result for some vectors of its columns."""
            mask = b.below(at, v["n"]) if masked else None

            def rows(i: Value, height: int) -> None:
                zero = b.wide(b.real(0.0))
                names = {f"{r},{q}": zero for r in range(height) for q in range(width)}
                left = [_add(b, v["a0"], _times(b, _add(b, i, b.integer(r)), v["ai"])) for r in range(height)]
                right = _add(b, v["b0"], at)
                sums = b.open(b.integer(0), v["k"], 1, "int", names)
                k = b.loops[-1].index
                row = _add(b, right, _times(b, k, v["bk"]))
                vectors = [b.load(b.at(v["b"], _add(b, row, b.integer(q * lanes))), True, mask) for q in range(width)]
                step = _times(b, k, v["ak"])
                for r in range(height):
                    x = b.wide(b.load(b.at(v["a"], _add(b, left[r], step)), False))
                    for q in range(width):
                        sums[f"{r},{q}"] = _madd(b, x, vectors[q], sums[f"{r},{q}"], {"left": x, "right": vectors[q]}.get(silences))
                sums = b.close(sums)
                for r in range(height):
                    line = _add(b, v["c0"], _times(b, _add(b, i, b.integer(r)), v["ci"]), at)
                    for q in range(width):
                        b.store(sums[f"{r},{q}"], b.at(v["c"], _add(b, line, b.integer(q * lanes))), mask)

            _tiles(b, v["m"], shapes[width], rows)

        first = b.integer(0)
        for width in shapes:
            end = _whole(b, v["n"], width * lanes, first)
            b.open(first, end, width * lanes, "int", {})
            column(b.loops[-1].index, width, False)
            b.close({})
            first = end
        b.open(first, v["n"], lanes, "int", {})  # the last vector, if it is not whole
        column(b.loops[-1].index, 1, True)
        b.close({})

    return _function(target, f"product_{silences}".rstrip("_"), PRODUCT, write)


def dots(target: Target, silences: str = "") -> tuple[str, set[str]]:
    """``c[c0 + i*ci + q*cj] += sum over l of a[a0 + i*ai + l] * b[b0 + q*bj + l]``, i < m, q < j.

    ``silences`` is "left" where zeros of a silence b.
    """
    side = 4 if target.registers >= 32 else 3
    lanes = target.lanes

    def write(b: Builder, v: dict[str, Value]) -> None:
        whole = _whole(b, v["n"], lanes)

        def rows(i: Value, height: int) -> None:
            left = [_add(b, v["a0"], _times(b, _add(b, i, b.integer(r)), v["ai"])) for r in range(height)]

            def columns(q: Value, width: int) -> None:
                right = [_add(b, v["b0"], _times(b, _add(b, q, b.integer(r)), v["bj"])) for r in range(width)]
                sums = {f"{r},{s}": b.wide(b.real(0.0)) for r in range(height) for s in range(width)}
                for start, end, masked in ((b.integer(0), whole, False), (whole, v["n"], True)):
                    sums = b.open(start, end, lanes, "int", sums)
                    at = b.loops[-1].index
                    mask = b.below(at, v["n"]) if masked else None
                    above = [b.load(b.at(v["a"], _add(b, x, at)), True, mask) for x in left]
                    below = [b.load(b.at(v["b"], _add(b, x, at)), True, mask) for x in right]
                    for r in range(height):
                        for s in range(width):
                            sums[f"{r},{s}"] = _madd(b, above[r], below[s], sums[f"{r},{s}"], above[r] if silences else None)
                    sums = b.close(sums)
                totals = _totals(b, list(sums.values()))
                for n, total in enumerate(totals):
                    r, s = divmod(n, width)
                    line = _add(b, v["c0"], _times(b, _add(b, i, b.integer(r)), v["ci"]))
                    at = b.at(v["c"], _add(b, line, _times(b, _add(b, q, b.integer(s)), v["cj"])))
                    b.store(b.binary("fadd contract", b.load(at, False), total), at)

            _tiles(b, v["j"], (side, 1), columns)

        _tiles(b, v["m"], (side, 1), rows)

    return _function(target, f"dots_{silences}".rstrip("_"), DOTS, write)


def _totals(b: Builder, vectors: list[Value]) -> list[Value]:
    """The sum of the lanes of each vector: pairs are added crosswise, so that all sums share the work."""
    lanes = b.target.lanes
    wide = b.target.type_of("real", True)
    if len(vectors) == 1:
        return [b.total(vectors[0])]
    out: list[Value] = []
    for first in range(0, len(vectors), lanes):
        group = vectors[first : first + lanes]
        count = len(group)
        while len(group) < lanes:
            group.append(group[-1])
        width = 1
        while width < lanes:
            # lane p of each vector holds a partial sum of vector p // (lanes // width) of its group
            merged = []
            for x, y in zip(group[::2], group[1::2]):
                low = [p if not p & width else lanes + (p ^ width) for p in range(lanes)]
                high = [p | width if not p & width else lanes + p for p in range(lanes)]
                parts = []
                for order in (low, high):
                    listed = ", ".join(f"i32 {p}" for p in order)
                    code = f"shufflevector {wide} {x.text}, {wide} {y.text}, <{lanes} x i32> <{listed}>"
                    parts.append(b.pure(code, "real", True, x, y))
                merged.append(b.binary("fadd contract", parts[0], parts[1]))
            group = merged
            width *= 2
        (whole,) = group
        for lane in range(count):
            out.append(b.pure(f"extractelement {wide} {whole.text}, i64 {lane}", "real", False, whole))
    return out


SOLVE_ONE = ("w", "y", "a", "b", "n", "m")
SOLVE = (*SOLVE_ONE, "stride", "lanes")


class _Elimination:
    """A system being solved, on one lane of each vector or alone."""

    def __init__(self, b: Builder, v: dict[str, Value], lane: Value, vector: bool) -> None:
        self.b = b
        self.v = v
        self.lane = lane
        self.vector = vector
        self.zero, self.one = b.integer(0), b.integer(1)

    def at(self, which: str, row: Value, column: Value) -> Value:
        """The place of an element of the matrix or of the right sides."""
        b, v = self.b, self.v
        pointer, start, width = ("w", "a", "n") if which == "w" else ("y", "b", "m")
        element = _add(b, _times(b, row, v[width]), column)
        index = _add(b, v[start], _times(b, element, v["stride"]), self.lane) if self.vector else _add(b, v[start], element)
        return b.at(v[pointer], index)

    def get(self, which: str, row: Value, column: Value) -> Value:
        return self.b.load(self.at(which, row, column), self.vector)

    def put(self, which: str, row: Value, column: Value, value: Value) -> None:
        self.b.store(value, self.at(which, row, column))

    def loop(self, start: Value, end: Value, body: Callable[[Value], None]) -> None:
        self.b.open(start, end, 1, "int", {})
        body(self.b.loops[-1].index)
        self.b.close({})

    def eliminate(self) -> None:
        """The matrix in parts, and the right sides with it; then these from the last row up."""
        self.loop(self.zero, self.v["n"], self._column)
        self.loop(self.zero, self.v["n"], self._back)

    def _column(self, c: Value) -> None:
        b, v = self.b, self.v
        below = _add(b, c, self.one)
        self.loop(below, v["n"], lambda r: self._exchange(c, r))
        self.put("w", c, c, self._pivot(c))

        def rest(r: Value) -> None:
            factor = b.binary("fdiv", self.get("w", r, c), self.get("w", c, c))
            self.put("w", r, c, factor)  # for the bounds of later pivots

            def less(which: str, k: Value) -> None:
                part = b.binary("fmul contract", factor, self.get(which, c, k))
                self.put(which, r, k, b.binary("fsub contract", self.get(which, r, k), part))

            self.loop(below, v["n"], partial(less, "w"))
            self.loop(self.zero, v["m"], partial(less, "y"))

        self.loop(below, v["n"], rest)

    def _exchange(self, c: Value, r: Value) -> None:
        """Exchange a row with one below it where that has the larger entry."""
        b, v = self.b, self.v
        here, there = (b.intrinsic("fabs", self.get("w", row, c)) for row in (r, c))
        larger = b.binary("fcmp ogt", here, there, "bool")

        def both(which: str, k: Value) -> None:
            x, y = self.get(which, c, k), self.get(which, r, k)
            self.put(which, c, k, b.select(larger, y, x))
            self.put(which, r, k, b.select(larger, x, y))

        self.loop(self.zero, v["n"], partial(both, "w"))
        self.loop(self.zero, v["m"], partial(both, "y"))

    def _pivot(self, c: Value) -> Value:
        """The pivot of a column; NaN where it is no larger than its own rounding errors."""
        b = self.b
        pivot = self.get("w", c, c)
        start = {"terms": b.real(0.0), "bound": b.real(NOISE * float(np.finfo(f"f{b.target.bits // 8}").eps))}
        carried = b.open(self.zero, c, 1, "int", {k: b.wide(x) if self.vector else x for k, x in start.items()})
        k = b.loops[-1].index
        term = b.binary("fmul", self.get("w", c, k), self.get("w", k, c))
        more = b.binary("fadd", carried["bound"], start["bound"])
        sums = b.close({"terms": b.binary("fadd", carried["terms"], b.intrinsic("fabs", term)), "bound": more})
        noise = b.binary("fmul", sums["bound"], sums["terms"])
        regular = b.binary("fcmp ogt", b.intrinsic("fabs", pivot), noise, "bool")
        return b.select(regular, pivot, b.real(float("nan")))

    def _back(self, i: Value) -> None:
        b, v = self.b, self.v
        c = b.binary("sub", b.binary("sub", v["n"], self.one), i)

        def of(k: Value) -> None:
            carried = b.open(_add(b, c, self.one), v["n"], 1, "int", {"x": self.get("y", c, k)})
            r = b.loops[-1].index
            part = b.binary("fmul contract", self.get("w", c, r), self.get("y", r, k))
            x = b.close({"x": b.binary("fsub contract", carried["x"], part)})["x"]
            self.put("y", c, k, b.binary("fdiv", x, self.get("w", c, c)))

        self.loop(self.zero, v["m"], of)


def solve(target: Target) -> tuple[str, set[str]]:
    """Gaussian elimination with partial pivoting, of a system on each lane.

    Rows are exchanged by choosing between them, so that each lane has pivots of its own.  A pivot that is none
    (:data:`exprgraph.support.systems.NOISE`) makes the solution NaN.
    """

    def write(b: Builder, v: dict[str, Value]) -> None:
        b.open(b.integer(0), v["lanes"], target.lanes, "int", {})
        _Elimination(b, v, b.loops[-1].index, True).eliminate()
        b.close({})

    return _function(target, "solve", SOLVE, write)


def solve_one(target: Target) -> tuple[str, set[str]]:
    """``solve`` for one system, whose elements are neighbours."""
    return _function(target, "solve_one", SOLVE_ONE, lambda b, v: _Elimination(b, v, b.integer(0), False).eliminate())


LOAD = ("w", "row", "stride", "a", "first", "size", "offset", "count", "n")


def load(target: Target) -> tuple[str, set[str]]:
    """Samples into rows of lanes; lanes of the last vector that have no sample repeat the first one.

    What is computed on whole vectors is then computed of numbers of the caller's, whatever lay in the workspace.
    """

    def write(b: Builder, v: dict[str, Value]) -> None:
        zero, one = b.integer(0), b.integer(1)
        last = b.binary("and", b.binary("sub", v["n"], one), b.integer(-target.lanes))
        b.open(zero, v["count"], 1, "int", {})
        e = b.loops[-1].index
        to = _add(b, v["row"], _times(b, e, v["stride"]))

        def sample(lane: Value) -> Value:
            place = _add(b, _times(b, _add(b, v["first"], lane), v["size"]), v["offset"], e)
            return b.load(b.at(v["a"], place), False)

        b.store(b.wide(sample(zero)), b.at(v["w"], _add(b, to, last)))
        b.open(zero, v["n"], 1, "int", {})
        lane = b.loops[-1].index
        b.store(sample(lane), b.at(v["w"], _add(b, to, lane)))
        b.close({})
        b.close({})

    return _function(target, "load", LOAD, write)


TILES: dict[str, Callable[[Target], tuple[str, set[str]]]] = {
    "product": product,
    "product_left": partial(product, silences="left"),
    "product_right": partial(product, silences="right"),
    "dots": dots,
    "dots_left": partial(dots, silences="left"),
    "solve": solve,
    "solve_one": solve_one,
    "load": load,
}

__all__ = ["DOTS", "PRODUCT", "TILES"]
