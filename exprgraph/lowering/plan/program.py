"""The output of the plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

from .data import Data

if TYPE_CHECKING:
    from ...loops.program import Loops


@dataclass(frozen=True, eq=False)
class Program:
    """A loop program with the data to call it."""

    own: Loops  # without the library
    called: tuple[str, ...]  # the called functions and procedures of the library
    data: Data
    workspace: int  # numbers in the lane workspace
    rows: int  # of the lane workspace
    shared: int  # numbers in the shared workspace
    per_sample: tuple[bool, ...]  # of the outputs
    #: of results that have an array each but lie one after another for callers in C: where they begin
    offsets: tuple[int, ...]
    #: for each part of the driver, the totals of a pass over the samples: buffer, offset, size.  Parts
    #: alternate: shared work, a pass, shared work, ...
    totals: tuple[tuple[tuple[str, int, int], ...], ...]
    printed: Callable[[Loops], str]  # in Python, on request

    @cached_property
    def loops(self) -> Loops:
        """The whole program.  The library is read at the first use; known machine code does not need it."""
        if not self.called:
            return self.own
        from ...loops.library import needed  # with the compiler's reader

        functions, procedures = needed(self.called, self.own.single)
        return self.own._replace(functions=(*functions, *self.own.functions), library=tuple(procedures))

    @property
    def apart(self) -> bool:
        """Whether results that are the same for all samples have an array each."""
        return bool(self.offsets)

    @cached_property
    def key(self) -> str:
        """The program as text: equal programs of one version of the package have equal keys, in every process."""
        return f"{self.own!r}\n{' '.join(self.called)}\n{self.offsets}"

    @property
    def block(self) -> int:
        """Samples in a block."""
        return self.own.block

    @cached_property
    def code(self) -> str:
        """The program in Python, without its data."""
        return self.printed(self.loops)

    @property
    def source(self) -> str:
        """The whole module, for people and for files."""
        return f"{self.code}\n\n{self.data.text()}"


def starts(sizes: Sequence[int]) -> tuple[int, ...]:
    """The offsets of arrays one after another."""
    return tuple(accumulate(sizes[:-1], initial=0)) if sizes else ()


__all__ = ["Program", "starts"]
