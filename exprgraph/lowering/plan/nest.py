"""Loop nests and their assignments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Union

from ...graph.node import Node, Shape
from .access import MultiIndex

#: the most assignments in a loop nest; beyond, compile time grows faster than the code
NEST_LIMIT = 600
#: the most operations in a loop nest, for the same reason
NEST_OPERATIONS = 2000
#: Straight-line code of one sample may be this many times as long in a graph that is not large: calls take up to a fifth less time, and
#: compilation about as long.  In larger ones, LLVM takes up to half as long again, and calls are at most a twentieth quicker.
STRAIGHT = 3
#: the most nodes of a graph that is not large, in steps of two operands if the interpreter computes it, too
STRAIGHT_NODES = 4000


#: Elementwise, with any number of assignments; the others have one: a sum or an extremum over axes, a sum over samples, a
#: routine of the library, several steps that have a rule in :data:`emit.STEPS`, and movements by a table of positions.
Kind = Literal["pointwise", "reduce", "total", "routine", "steps", "take", "put"]
#: the identity of stored values: a node, or the number of an output or of scratch space
Stored = Union[Node, tuple[str, object]]


@dataclass(eq=False)
class Assignment:
    """``target[index] = value[identity]`` in a loop nest over ``value``'s shape; ``add`` accumulates.

    With ``positions``, the elements go there, in order, and the variable of the index stands for a position.  Other pieces of
    the target come after one that is ``before``.
    """

    value: Node
    target: Stored
    index: MultiIndex
    add: bool = False
    positions: tuple[int, ...] | None = None
    before: bool = False


@dataclass(eq=False)
class Nest:
    """A loop nest: its kind, iteration shape and assignments."""

    kind: Kind
    shape: Shape
    assignments: list[Assignment] = field(default_factory=list)
    #: the stored values it computes or reads
    values: set[Node] = field(default_factory=set)
    #: the approximate number of operations of its assignments
    operations: int = 0
    #: how many times as long as others it may be
    times: int = 1

    @property
    def full(self) -> bool:
        """Whether it is full."""
        return len(self.assignments) >= self.times * NEST_LIMIT or self.operations >= self.times * NEST_OPERATIONS


def length_of_straight_code(lanes: bool, nodes: int) -> int:
    """How many times as long as others a nest of scalars may be, in a graph of so many nodes."""
    return 1 if lanes or nodes > STRAIGHT_NODES else STRAIGHT


__all__ = ["NEST_LIMIT", "NEST_OPERATIONS", "STRAIGHT", "Assignment", "Kind", "Nest", "Stored", "length_of_straight_code"]
