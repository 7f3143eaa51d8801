"""Blocks of large products as instructions: panels of packed numbers, and tiles of registers that read them.

A panel of the right side has as many columns as a tile, and one row of it after another.  A panel of the left side has the rows of a tile,
and one column of it after another.  So a tile reads both sides in order.  A panel of columns from l on begins at ``l * d``, one of rows
from i on at ``i * d``, if a block has d terms of each sum.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from .builder import Builder, SSAValue
from .products import madd, over_tiles, ranged
from .turning import turned

_COLUMNS = ("s", "s0", "b", "b0", "bk", "bg", "d", "w", "e")
_TURNED = ("s", "s0", "b", "b0", "bl", "bg", "d", "w", "e")
_ROWS = ("s", "s0", "a", "a0", "ai", "ak", "d", "h")
_PANELS = ("c", "c0", "ci", "cg", "s", "a0", "b0", "d", "h", "w", "e", "lead")

#: emits the code for a panel: its first column, its vectors, and whether it is the rest of the columns, which fill no vector
Panel = Callable[[SSAValue, int, bool], None]


def _panels(b: Builder, w: SSAValue, body: Panel) -> None:
    """The panels of w columns, as wide as the tiles of a product."""
    lanes, first = b.target.lanes, b.integer(0)
    for width in b.target.tiles:
        end = b.whole(w, width * lanes, first)
        ranged(b, first, end, width * lanes, partial(_called, body, width, False))
        first = end
    if lanes > 1:
        ranged(b, first, w, lanes if b.target.partial else 1, partial(_called, body, 1, True))


def _called(body: Panel, width: int, rest: bool, at: SSAValue) -> None:
    body(at, width, rest)


def _heights(b: Builder) -> tuple[int, ...]:
    """The rows of panels of the left side: those of the widest tiles."""
    return next(iter(b.target.tiles.values()))


def _grouped(b: Builder, at: SSAValue, e: SSAValue, between: SSAValue, step: SSAValue | None = None) -> SSAValue:
    """The offset of a column: the distance of groups of e columns, and of the columns of a group."""
    group = b.binary("udiv", at, e)
    inside = b.binary("sub", at, b.times(group, e))
    return b.sum(b.times(group, between), b.times(inside, step) if step is not None else inside)


def packed_columns(b: Builder, *given: SSAValue) -> None:
    """A block of rows of neighbours, in panels."""
    v = dict(zip(_COLUMNS, given))
    lanes = b.target.lanes

    def panel(at: SSAValue, width: int, rest: bool) -> None:
        vector = b.target.partial or not rest
        mask = b.below(at, v["w"]) if rest and vector else None
        size = width * lanes if vector else 1
        to = b.sum(v["s0"], b.times(at, v["d"]))
        columns = [b.sum(v["b0"], _grouped(b, b.sum(at, b.integer(q * lanes)), v["e"], v["bg"])) for q in range(width)]

        def row(q: SSAValue) -> None:
            for p, column in enumerate(columns):
                value = b.load(b.at(v["b"], b.sum(column, b.times(q, v["bk"]))), vector, mask)
                b.store(value, b.at(v["s"], b.sum(to, b.times(q, b.integer(size)), b.integer(p * lanes))))

        ranged(b, b.integer(0), v["d"], 1, row)

    _panels(b, v["w"], panel)


def packed_turned(b: Builder, *given: SSAValue) -> None:
    """A block of columns of neighbours, in panels: squares of numbers are turned in registers."""
    v = dict(zip(_TURNED, given))
    lanes, zero = b.target.lanes, b.integer(0)
    end, whole = b.whole(v["w"], lanes), b.whole(v["d"], lanes)

    def start(column: SSAValue) -> SSAValue:
        return b.sum(v["b0"], _grouped(b, column, v["e"], v["bg"], v["bl"]))

    def place(to: SSAValue, q: SSAValue, size: SSAValue) -> SSAValue:
        return b.at(v["s"], b.sum(to, b.times(q, size)))

    def columns(at: SSAValue) -> None:
        """As many columns as a vector has numbers."""
        first, size = _panel_of(b, at, v["w"])
        to = b.sum(v["s0"], b.times(first, v["d"]), b.binary("sub", at, first))
        starts = [start(b.sum(at, b.integer(k))) for k in range(lanes)]

        def square(q: SSAValue) -> None:
            for k, row in enumerate(turned(b, [b.load(b.at(v["b"], b.sum(s, q)), True) for s in starts])):
                b.store(row, place(to, b.sum(q, b.integer(k)), size))

        def single(q: SSAValue) -> None:
            for k, s in enumerate(starts):
                b.store(b.load(b.at(v["b"], b.sum(s, q)), False), place(b.sum(to, b.integer(k)), q, size))

        ranged(b, zero, whole, lanes, square)
        ranged(b, whole, v["d"], 1, single)

    ranged(b, zero, end, lanes, columns)
    if lanes > 1:
        _rest_turned(b, v, end, start, place)


def _rest_turned(
    b: Builder,
    v: dict[str, SSAValue],
    first: SSAValue,
    start: Callable[[SSAValue], SSAValue],
    place: Callable[[SSAValue, SSAValue, SSAValue], SSAValue],
) -> None:
    """Columns that fill no vector: a panel whose other columns are 0, or panels of one column."""
    zero, together = b.integer(0), b.target.partial
    size = b.integer(b.target.lanes if together else 1)
    if together:
        some = b.select(b.binary("icmp ult", first, v["w"], "truth"), v["d"], zero)
        to = b.sum(v["s0"], b.times(first, v["d"]))
        ranged(b, zero, some, 1, lambda q: b.store(b.wide(b.real(0.0)), place(to, q, size)))

    def column(at: SSAValue) -> None:
        to = b.sum(v["s0"], b.times(first if together else at, v["d"]), b.binary("sub", at, first) if together else zero)
        own = start(at)
        ranged(b, zero, v["d"], 1, lambda q: b.store(b.load(b.at(v["b"], b.sum(own, q)), False), place(to, q, size)))

    ranged(b, first, v["w"], 1, column)


def _panel_of(b: Builder, column: SSAValue, w: SSAValue) -> tuple[SSAValue, SSAValue]:
    """The first column of the panel that has a column, and the number of its columns."""
    found, first = None, b.integer(0)
    for width in b.target.tiles:
        size = b.integer(width * b.target.lanes)
        end = b.whole(w, width * b.target.lanes, first)
        inside = b.binary("sub", column, first)
        own = b.binary("sub", column, b.binary("urem", inside, size))
        if found is None:
            found = own, size
        else:
            earlier = b.binary("icmp ult", column, first, "truth")
            found = b.select(earlier, found[0], own), b.select(earlier, found[1], size)
        first = end
    assert found is not None
    return found


def packed_rows(b: Builder, *given: SSAValue) -> None:
    """A block of the left side, in panels."""
    v = dict(zip(_ROWS, given))

    def panel(i: SSAValue, height: int) -> None:
        rows = [b.sum(v["a0"], b.times(b.sum(i, b.integer(r)), v["ai"])) for r in range(height)]
        to = b.sum(v["s0"], b.times(i, v["d"]))

        def column(q: SSAValue) -> None:
            step = b.times(q, v["ak"])
            values = [b.load(b.at(v["a"], b.sum(row, step)), False) for row in rows]
            for r, value in enumerate(values):
                b.store(value, b.at(v["s"], b.sum(to, b.times(q, b.integer(height)), b.integer(r))))

        ranged(b, b.integer(0), v["d"], 1, column)

    over_tiles(b, v["h"], _heights(b), panel)


def add_panels(b: Builder, *given: SSAValue) -> None:
    """Tiles of the product of two packed blocks."""
    v = dict(zip(_PANELS, given))
    lanes = b.target.lanes

    def panel(at: SSAValue, width: int, rest: bool) -> None:
        last = b.sum(at, b.integer(width * lanes - 1), v["lead"])  # the rows with elements that are needed end here
        needed = b.select(b.binary("icmp slt", last, b.integer(0), "truth"), b.integer(0), last)
        needed = b.whole(b.sum(needed, b.integer(_heights(b)[0] - 1)), _heights(b)[0])  # whole panels
        rows = b.select(b.binary("icmp ult", needed, v["h"], "truth"), needed, v["h"])
        over_tiles(b, rows, _heights(b), lambda i, height: _tile(b, v, at, width, rest, i, height))

    _panels(b, v["w"], panel)


def _tile(b: Builder, v: dict[str, SSAValue], at: SSAValue, width: int, rest: bool, i: SSAValue, height: int) -> None:
    """The product of a panel of rows and a panel of columns."""
    lanes = b.target.lanes
    vector = b.target.partial or not rest
    mask = b.below(at, v["w"]) if rest and vector else None
    size = width * lanes if vector else 1
    zero = b.wide(b.real(0.0)) if vector else b.real(0.0)
    left, right = b.sum(v["a0"], b.times(i, v["d"])), b.sum(v["b0"], b.times(at, v["d"]))
    columns = [b.sum(v["c0"], _grouped(b, b.sum(at, b.integer(q * lanes)), v["e"], v["cg"])) for q in range(width)]
    places = [[b.at(v["c"], b.sum(place, b.times(b.sum(i, b.integer(r)), v["ci"]))) for place in columns] for r in range(height)]
    for to in (to for row in places for to in row):
        b.prefetch(to)
    sums = b.open(b.integer(0), v["d"], 1, "index", {f"{r},{q}": zero for r in range(height) for q in range(width)})
    k = b.loops[-1].index
    row, column = b.sum(right, b.times(k, b.integer(size))), b.sum(left, b.times(k, b.integer(height)))
    vectors = [b.load(b.at(v["s"], b.sum(row, b.integer(q * lanes))), vector) for q in range(width)]
    for r in range(height):
        x = b.load(b.at(v["s"], b.sum(column, b.integer(r))), False)
        x = b.wide(x) if vector else x
        for q in range(width):
            sums[f"{r},{q}"] = madd(b, x, vectors[q], sums[f"{r},{q}"])
    sums = b.close(sums)
    for r, line in enumerate(places):
        for q, to in enumerate(line):
            b.store(b.binary("fadd contract", b.load(to, vector, mask), sums[f"{r},{q}"]), to, mask)


__all__ = ["add_panels", "packed_columns", "packed_rows", "packed_turned"]
