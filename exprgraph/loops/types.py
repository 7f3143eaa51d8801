"""The types of typed loops, and the axes of loops."""

from __future__ import annotations

from typing import Literal

#: A real is a float64 or a float32, fixed by the program.  An index is an unsigned integer of 64 bits, and wraps around.
#: Bits are a signed integer as wide as a real.  ``reals`` and ``indices`` are addresses of arrays.
Type = Literal["real", "index", "bits", "truth", "reals", "indices"]

#: ``lanes``: the samples of a block; their rows have room for whole vectors, so that lanes behind the last sample may be
#: computed too.  ``neighbours``: neighbouring elements in memory; any number may be taken at once, but none behind the
#: last.  ``anywhere``: elements at even distances, or at positions from tables, in any order; there are at least ``FEWEST_ANYWHERE`` of
#: them, and taking one twice does no harm.  ``plain``: iterations in order.
Axis = Literal["lanes", "neighbours", "anywhere", "plain"]

#: the fewest rounds of a loop over elements anywhere: no vector has more lanes
FEWEST_ANYWHERE = 16

__all__ = ["FEWEST_ANYWHERE", "Axis", "Type"]
