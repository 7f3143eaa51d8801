"""Products of matrices in register tiles.

The functions are instructions for the library's procedures of the same name.  ``product`` multiplies a matrix with rows of
neighbouring elements; ``products`` multiplies the matrices of each lane; ``dots`` takes the inner products of two sets of rows.
A tile of the result is accumulated in registers; its operands are loaded once per tile.  The sizes of the tiles follow from the
number of vector registers (Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from .builder import Builder, SSAValue

_PRODUCT = ("c", "c0", "ci", "a", "a0", "ai", "ak", "b", "b0", "bk", "m", "k", "n")
_PRODUCTS = ("c", "c0", "ci", "cj", "a", "a0", "ai", "ak", "b", "b0", "bk", "bj", "m", "k", "n", "lanes")
_DOTS = ("c", "c0", "ci", "cj", "a", "a0", "ai", "b", "b0", "bj", "m", "j", "n")


def product(b: Builder, *given: SSAValue, silences: str = "", less: bool = False) -> None:
    """``c[c0 + i*ci + l] = sum over k of a[a0 + i*ai + k*ak] * b[b0 + k*bk + l]``, i < m, l < n.

    ``silences`` is "left" or "right" if zeros of a, or of b, silence the other.  With ``less`` the sum is subtracted from c.
    """
    v = dict(zip(_PRODUCT, given))
    lanes = b.target.lanes
    tiles = b.target.tiles

    def column(at: SSAValue, width: int, rest: bool) -> None:
        """All rows of the result for some vectors of columns, or for columns that fill no vector."""
        over_tiles(b, v["m"], tiles[width], lambda i, height: _rows(b, v, silences, less, at, width, rest, i, height))

    first = b.integer(0)
    for width in tiles:
        end = b.whole(v["n"], width * lanes, first)
        ranged(b, first, end, width * lanes, partial(column, width=width, rest=False))
        first = end
    if lanes > 1:
        ranged(b, first, v["n"], lanes if b.target.partial else 1, partial(column, width=1, rest=True))


def _rows(
    b: Builder,
    v: dict[str, SSAValue],
    silences: str,
    less: bool,
    at: SSAValue,
    width: int,
    rest: bool,
    i: SSAValue,
    height: int,
) -> None:
    """A tile of a product: some rows from row ``i`` on, and some vectors from column ``at`` on.

    The rest of the columns is the lanes of one vector that exist, or one number.
    """
    lanes = b.target.lanes
    vector = b.target.partial or not rest
    mask = b.below(at, v["n"]) if rest and vector else None
    zero = b.wide(b.real(0.0)) if vector else b.real(0.0)
    names = {f"{r},{q}": zero for r in range(height) for q in range(width)}
    left = [b.sum(v["a0"], b.times(b.sum(i, b.integer(r)), v["ai"])) for r in range(height)]
    right = b.sum(v["b0"], at)
    sums = b.open(b.integer(0), v["k"], 1, "index", names)
    k = b.loops[-1].index
    row = b.sum(right, b.times(k, v["bk"]))
    vectors = [b.load(b.at(v["b"], b.sum(row, b.integer(q * lanes))), vector, mask) for q in range(width)]
    step = b.times(k, v["ak"])
    for r in range(height):
        x = b.load(b.at(v["a"], b.sum(left[r], step)), False)
        x = b.wide(x) if vector else x
        for q in range(width):
            sums[f"{r},{q}"] = madd(b, x, vectors[q], sums[f"{r},{q}"], {"left": x, "right": vectors[q]}.get(silences))
    sums = b.close(sums)
    for r in range(height):
        line = b.sum(v["c0"], b.times(b.sum(i, b.integer(r)), v["ci"]), at)
        for q in range(width):
            to, value = b.at(v["c"], b.sum(line, b.integer(q * lanes))), sums[f"{r},{q}"]
            b.store(b.binary("fsub contract", b.load(to, vector, mask), value) if less else value, to, mask)


def products(b: Builder, *given: SSAValue) -> None:
    """``c[c0 + i*ci + j*cj + l] = sum over k of a[a0 + i*ai + k*ak + l] * b[b0 + k*bk + j*bj + l]``, i < m, j < n, l < lanes."""
    v = dict(zip(_PRODUCTS, given))
    sides = (4, 2, 1) if b.target.side == 4 else (3, 1)

    def lane(at: SSAValue) -> None:
        def rows(i: SSAValue, height: int) -> None:
            over_tiles(b, v["n"], sides, lambda j, width: _of_lanes(b, v, at, i, height, j, width))

        over_tiles(b, v["m"], sides, rows)

    ranged(b, b.integer(0), v["lanes"], b.target.lanes, lane)


def _of_lanes(b: Builder, v: dict[str, SSAValue], at: SSAValue, i: SSAValue, height: int, j: SSAValue, width: int) -> None:
    """A tile of the products of a vector of lanes."""
    left = [b.sum(v["a0"], at, b.times(b.sum(i, b.integer(r)), v["ai"])) for r in range(height)]
    right = [b.sum(v["b0"], at, b.times(b.sum(j, b.integer(q)), v["bj"])) for q in range(width)]
    zero = b.wide(b.real(0.0))
    sums = b.open(b.integer(0), v["k"], 1, "index", {f"{r},{q}": zero for r in range(height) for q in range(width)})
    k = b.loops[-1].index
    above, below = b.times(k, v["ak"]), b.times(k, v["bk"])
    ys = [b.load(b.at(v["b"], b.sum(y, below)), True) for y in right]
    for r, x in enumerate(left):
        value = b.load(b.at(v["a"], b.sum(x, above)), True)
        for q, y in enumerate(ys):
            sums[f"{r},{q}"] = madd(b, value, y, sums[f"{r},{q}"])
    sums = b.close(sums)
    for r in range(height):
        line = b.sum(v["c0"], at, b.times(b.sum(i, b.integer(r)), v["ci"]))
        for q in range(width):
            b.store(sums[f"{r},{q}"], b.at(v["c"], b.sum(line, b.times(b.sum(j, b.integer(q)), v["cj"]))))


def dots(b: Builder, *given: SSAValue, silences: str = "") -> None:
    """``c[c0 + i*ci + q*cj] += sum over l of a[a0 + i*ai + l] * b[b0 + q*bj + l]``, i < m, q < j.

    ``silences`` is "left" if zeros of a silence b.
    """
    v = dict(zip(_DOTS, given))
    side = b.target.side
    whole = b.whole(v["n"], b.target.lanes)

    def rows(i: SSAValue, height: int) -> None:
        left = [b.sum(v["a0"], b.times(b.sum(i, b.integer(r)), v["ai"])) for r in range(height)]
        over_tiles(b, v["j"], (side, 1), lambda q, width: _dots(b, v, silences, whole, left, i, q, width))

    over_tiles(b, v["m"], (side, 1), rows)


def _dots(
    b: Builder, v: dict[str, SSAValue], silences: str, whole: SSAValue, left: list[SSAValue], i: SSAValue, q: SSAValue, width: int
) -> None:
    """A tile of inner products: of the rows that begin at ``left``, and some rows of the other set from row ``q`` on."""
    lanes, height = b.target.lanes, len(left)
    right = [b.sum(v["b0"], b.times(b.sum(q, b.integer(r)), v["bj"])) for r in range(width)]
    sums = {f"{r},{s}": b.wide(b.real(0.0)) for r in range(height) for s in range(width)}

    def added(start: SSAValue, end: SSAValue, vector: bool, masked: bool) -> None:
        """Add products of numbers from ``start`` to ``end``."""
        carried = b.open(start, end, lanes if vector else 1, "index", sums)
        at = b.loops[-1].index
        mask = b.below(at, v["n"]) if masked else None
        above = [b.load(b.at(v["a"], b.sum(x, at)), vector, mask) for x in left]
        below = [b.load(b.at(v["b"], b.sum(x, at)), vector, mask) for x in right]
        for r in range(height):
            for s in range(width):
                carried[f"{r},{s}"] = madd(b, above[r], below[s], carried[f"{r},{s}"], above[r] if silences else None)
        sums.update(b.close(carried))

    added(b.integer(0), whole, True, False)
    if lanes > 1 and b.target.partial:
        added(whole, v["n"], True, True)
    sums.update(zip(sums, _totals(b, list(sums.values()))))
    if lanes > 1 and not b.target.partial:
        added(whole, v["n"], False, False)
    for n, total in enumerate(sums.values()):
        r, s = divmod(n, width)
        line = b.sum(v["c0"], b.times(b.sum(i, b.integer(r)), v["ci"]))
        place = b.at(v["c"], b.sum(line, b.times(b.sum(q, b.integer(s)), v["cj"])))
        b.store(b.binary("fadd contract", b.load(place, False), total), place)


def ranged(b: Builder, start: SSAValue, end: SSAValue, step: int, body: Callable[[SSAValue], None]) -> None:
    b.open(start, end, step, "index", {})
    body(b.loops[-1].index)
    b.close({})


def over_tiles(b: Builder, n: SSAValue, sizes: Sequence[int], body: Callable[[SSAValue, int], None]) -> None:
    """Cover the range to ``n`` by steps of the first size, the rest by steps of the next size, and so on to 1."""
    first = b.integer(0)
    for size in sizes:
        end = b.whole(n, size, first) if size > 1 else n
        b.open(first, end, size, "index", {})
        body(b.loops[-1].index, size)
        b.close({})
        first = end


def madd(b: Builder, x: SSAValue, y: SSAValue, total: SSAValue, silencing: SSAValue | None = None) -> SSAValue:
    """``x * y + total``, or only the total where the silencing factor is 0.

    With masks this is one instruction; otherwise the other factor is set to 0, outside of the chain of sums.
    """
    if silencing is None:
        return b.binary("fadd contract", b.binary("fmul contract", x, y), total)
    zero = b.wide(b.real(0.0)) if silencing.vector else b.real(0.0)
    active = b.binary("fcmp une", silencing, zero, "truth")
    if b.target.has_masks:
        return b.select(active, b.binary("fadd contract", b.binary("fmul contract", x, y), total), total)
    other = b.select(active, y if silencing is x else x, zero)
    return b.binary("fadd contract", b.binary("fmul contract", silencing, other), total)


def _totals(b: Builder, vectors: list[SSAValue]) -> list[SSAValue]:
    """The sum of the lanes of each vector; pairs are added crosswise, so that all sums share the work."""
    lanes = b.target.lanes
    wide = b.target.type_of("real", True)
    if len(vectors) == 1 or lanes == 1:
        return [b.total(v) for v in vectors]
    out: list[SSAValue] = []
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


__all__ = ["dots", "madd", "over_tiles", "product", "products", "ranged"]
