"""The types of typed loops, and what a loop runs over."""

from __future__ import annotations

from typing import Literal

#: A real is a float64 or a float32, as the program says.  An index is an unsigned integer of 64 bits, and wraps around.
#: Bits are a signed integer as wide as a real.  ``reals`` and ``indices`` are addresses: of the first of some of them.
Type = Literal["real", "index", "bits", "truth", "reals", "indices"]

#: ``lanes``: the samples of a block; their rows have room for whole vectors, so that lanes behind the last sample may be
#: computed too.  ``neighbours``: elements next to each other in memory, of which any number may be taken at once, and none
#: behind the last.  ``plain``: rounds in order.
Axis = Literal["lanes", "neighbours", "plain"]

__all__ = ["Axis", "Type"]
