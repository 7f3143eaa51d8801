"""Samples one after another, and rows of lanes: squares of as many numbers as a vector has, turned in registers."""

from __future__ import annotations

from collections.abc import Sequence

from .builder import Builder, SSAValue
from .products import ranged

_LOAD = ("w", "row", "stride", "a", "first", "size", "offset", "count", "n")
_STORE = ("out", "first", "size", "w", "row", "stride", "n")


def turned(b: Builder, vectors: Sequence[SSAValue]) -> list[SSAValue]:
    """The columns of a square whose rows are vectors: in each step, pairs of rows exchange half of their numbers."""
    lanes, out = b.target.lanes, list(vectors)
    wide, width = b.target.type_of("real", True), 1
    while width < lanes:
        low = [p if not p & width else lanes + p - width for p in range(lanes)]
        high = [p + width if not p & width else lanes + p for p in range(lanes)]
        for k in (k for k in range(lanes) if not k & width):
            x, y = out[k], out[k + width]
            for to, order in ((k, low), (k + width, high)):
                listed = ", ".join(f"i32 {p}" for p in order)
                code = f"shufflevector {wide} {x.text}, {wide} {y.text}, <{lanes} x i32> <{listed}>"
                out[to] = b.pure(code, "real", True, x, y)
        width *= 2
    return out


def load(b: Builder, *given: SSAValue) -> None:
    """Copy samples into rows of lanes; lanes of the last vector without a sample repeat the first one.

    So results on whole vectors do not depend on the old contents of the workspace.
    """
    v = dict(zip(_LOAD, given))
    _by_number(b, v, b.integer(0))


def _by_number(b: Builder, v: dict[str, SSAValue], start: SSAValue) -> None:
    """The numbers of each sample from a number on, one after another."""
    zero = b.integer(0)
    last = b.binary("and", b.binary("sub", v["n"], b.integer(1)), b.integer(-b.target.lanes))

    def number(e: SSAValue) -> None:
        to = b.sum(v["row"], b.times(e, v["stride"]))

        def sample(lane: SSAValue) -> SSAValue:
            return b.load(b.at(v["a"], b.sum(b.times(b.sum(v["first"], lane), v["size"]), v["offset"], e)), False)

        b.store(b.wide(sample(zero)), b.at(v["w"], b.sum(to, last)))
        ranged(b, zero, v["n"], 1, lambda lane: b.store(sample(lane), b.at(v["w"], b.sum(to, lane))))

    ranged(b, start, v["count"], 1, number)


def load_many(b: Builder, *given: SSAValue) -> None:
    """The same, in squares of numbers and samples."""
    v = dict(zip(_LOAD, given))
    lanes = b.target.lanes
    whole = b.whole(v["count"], lanes) if lanes > 1 else b.integer(0)

    def vector(at: SSAValue) -> None:
        starts = []
        for lane in (b.sum(at, b.integer(k)) for k in range(lanes)):
            sample = b.select(b.binary("icmp ult", lane, v["n"], "truth"), lane, b.integer(0))
            starts.append(b.sum(b.times(b.sum(v["first"], sample), v["size"]), v["offset"]))

        def square(e: SSAValue) -> None:
            rows = [b.load(b.at(v["a"], b.sum(start, e)), True) for start in starts]
            for k, column in enumerate(turned(b, rows)):
                b.store(column, b.at(v["w"], b.sum(v["row"], b.times(b.sum(e, b.integer(k)), v["stride"]), at)))

        ranged(b, b.integer(0), whole, lanes, square)

    if lanes > 1:
        ranged(b, b.integer(0), v["n"], lanes, vector)
    _by_number(b, v, whole)


def store_many(b: Builder, *given: SSAValue) -> None:
    """Copy rows of lanes back into samples, in squares."""
    v = dict(zip(_STORE, given))
    lanes, zero = b.target.lanes, b.integer(0)
    samples, numbers = (b.whole(v[n], lanes) if lanes > 1 else zero for n in ("n", "size"))

    def place(lane: SSAValue, e: SSAValue) -> SSAValue:
        return b.at(v["out"], b.sum(b.times(b.sum(v["first"], lane), v["size"]), e))

    def row(e: SSAValue) -> SSAValue:
        return b.sum(v["row"], b.times(e, v["stride"]))

    def one_by_one(lane: SSAValue, start: SSAValue) -> None:
        ranged(b, start, v["size"], 1, lambda e: b.store(b.load(b.at(v["w"], b.sum(row(e), lane)), False), place(lane, e)))

    def vector(at: SSAValue) -> None:
        def square(e: SSAValue) -> None:
            rows = [b.load(b.at(v["w"], b.sum(row(b.sum(e, b.integer(k))), at)), True) for k in range(lanes)]
            for k, sample in enumerate(turned(b, rows)):
                b.store(sample, place(b.sum(at, b.integer(k)), e))

        ranged(b, zero, numbers, lanes, square)
        ranged(b, at, b.sum(at, b.integer(lanes)), 1, lambda lane: one_by_one(lane, numbers))

    if lanes > 1:
        ranged(b, zero, samples, lanes, vector)
    ranged(b, samples, v["n"], 1, lambda lane: one_by_one(lane, zero))


__all__ = ["load", "load_many", "store_many", "turned"]
