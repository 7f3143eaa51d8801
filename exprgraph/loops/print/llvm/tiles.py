"""Procedures of the library that are emitted as instructions, beyond loops over vectors."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from .builder import Builder, SSAValue
from .large_products import add_panels, packed_columns, packed_rows, packed_turned
from .products import dots, product


def load(b: Builder, *given: SSAValue) -> None:
    """Copy samples into rows of lanes; lanes of the last vector without a sample repeat the first one.

    So results on whole vectors do not depend on the old contents of the workspace.
    """
    w, row, stride, a, first, size, offset, count, n = given
    zero, one = b.integer(0), b.integer(1)
    last = b.binary("and", b.binary("sub", n, one), b.integer(-b.target.lanes))
    b.open(zero, count, 1, "index", {})
    e = b.loops[-1].index
    to = b.sum(row, b.times(e, stride))

    def sample(lane: SSAValue) -> SSAValue:
        return b.load(b.at(a, b.sum(b.times(b.sum(first, lane), size), offset, e)), False)

    b.store(b.wide(sample(zero)), b.at(w, b.sum(to, last)))
    b.open(zero, n, 1, "index", {})
    lane = b.loops[-1].index
    b.store(sample(lane), b.at(w, b.sum(to, lane)))
    b.close({})
    b.close({})


#: the instructions of procedures by name, as functions of the values of parameters
TILES: dict[str, Callable[..., None]] = {
    "product": product,
    "product_left": partial(product, silences="left"),
    "product_right": partial(product, silences="right"),
    "less_product": partial(product, less=True),
    "dots": dots,
    "dots_left": partial(dots, silences="left"),
    "packed_columns": packed_columns,
    "packed_turned": packed_turned,
    "packed_rows": packed_rows,
    "add_panels": add_panels,
    "load": load,
}

__all__ = ["TILES"]
