"""What goes into the generator and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ..graph.node import Node
from .data import Data

if TYPE_CHECKING:
    from ..loops.program import Loops


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


@dataclass(frozen=True, eq=False)
class Program:
    """A loop program with what is needed to call it."""

    loops: Loops
    data: Data
    workspace: int  # numbers in the lane workspace
    rows: int  # of the lane workspace
    shared: int  # numbers in the shared workspace
    per_sample: tuple[bool, ...]  # of the outputs
    #: of each part of the driver, the totals that a pass over the samples adds up: buffer, offset, size.  Parts
    #: alternate: shared work, a pass, shared work, ...
    totals: tuple[tuple[tuple[str, int, int], ...], ...]
    printed: Callable[[Loops], str]  # in Python, when somebody asks for it

    @property
    def block(self) -> int:
        """Samples in a block."""
        return self.loops.block

    @cached_property
    def code(self) -> str:
        """The program in Python, without its data."""
        return self.printed(self.loops)

    @property
    def source(self) -> str:
        """The whole module, as people read it and as files hold it."""
        return f"{self.code}\n\n{self.data.text()}"


__all__ = ["Argument", "Program"]
