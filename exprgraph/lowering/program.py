"""What goes into the generator and what comes out of it."""

from __future__ import annotations

from typing import NamedTuple

from ..node import Node


class Argument(NamedTuple):
    """One array that a compiled function is called with.

    ``symbols`` gives each symbol's offset in the argument's flat vector of ``size`` numbers; a
    per-sample argument has such a vector for each sample.
    """

    name: str
    symbols: tuple[tuple[Node, int], ...]
    size: int
    per_sample: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value for one sample: of a symbol alone its own, else that of the flat vector."""
        return self.symbols[0][0].shape if len(self.symbols) == 1 else (self.size,)


class Program(NamedTuple):
    """Generated source with what is needed to call it."""

    source: str
    workspace: int  # numbers in the lane workspace
    rows: int  # of the lane workspace
    block: int  # samples in a block
    shared: int  # numbers in the shared workspace
    per_sample: tuple[bool, ...]  # of the outputs
    #: of each part of the driver, the totals that a pass over the samples adds up: buffer, offset, size.  Parts
    #: alternate: shared work, a pass, shared work, ...
    totals: tuple[tuple[tuple[str, int, int], ...], ...]
