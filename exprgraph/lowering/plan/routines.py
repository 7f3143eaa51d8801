"""Nodes that a procedure of the library computes, such as factorizations of matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ...graph.column import Column
from ...graph.node import Node
from ...loops.program import Expression, Loop, Name, Operation, Run, Statement, index
from .access import Location
from .inputs import COUNT


class Routine(NamedTuple):
    """A procedure: ``name`` on lanes, ``name_one`` for one stack of neighbouring elements.

    It is called for each matrix of a stack.  Its arguments are the addresses of the result, of scratch space if it needs
    some, and of the node's arguments, then the sizes.
    """

    name: str
    sizes: tuple[int, ...]
    #: the number of matrices in a stack
    stack: int = 1
    #: the number of elements of scratch space
    scratch: int = 0
    #: Whether the last size counts columns of the last argument that may be lanes: then the samples' right-hand sides are
    #: solved together if they share the matrix.
    columns: bool = False


#: ``node -> routine``
ROUTINE: Column[Callable[[Node], Routine]] = Column(
    "routine", "the procedure of the library that computes it", __name__, otherwise="kernels compute it"
)


class Place(NamedTuple):
    """An array in memory, and the distance of neighbouring matrices of a stack."""

    location: Location
    step: int


def called(routine: Routine, places: Sequence[Place], unit: int, lanes: bool) -> tuple[str, Statement]:
    """The name of the procedure, and its calls; ``unit`` is the distance of rows of lanes."""
    together = lanes and not all(p.location.lanes for p in places)
    assert not together or routine.columns
    alone = together or not lanes
    name = f"{routine.name}_one" if alone else routine.name
    sizes = routine.sizes if not together else (*routine.sizes[:-1], routine.sizes[-1] * unit)

    def start(p: Place) -> Expression:
        own = unit if p.location.lanes else 1
        first = index(p.location.offset * own)
        if routine.stack == 1 or not p.step:
            return first
        return Operation("add", (first, Operation("mul", (_MATRIX, index(p.step * own)), "index")), "index")

    args: list[Expression] = [Name(p.location.buffer, "reals") for p in places]
    args += [*map(start, places), *map(index, sizes)]
    run: Statement = Run(name, tuple(args) if alone else (*args, index(unit), COUNT))
    if routine.stack > 1:
        run = Loop(_MATRIX.name, "plain", index(0), index(routine.stack), (run,))
    return name, run


_MATRIX = Name("matrix", "index")

__all__ = ["ROUTINE", "Place", "Routine", "called"]
