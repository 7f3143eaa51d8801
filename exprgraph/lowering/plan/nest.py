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


#: Elementwise, with any number of assignments; the others have one: a sum or an extremum over axes, a sum over samples, a
#: routine of the library, several steps that have a rule in :data:`emit.STEPS`, and movements by a table of positions.
Kind = Literal["pointwise", "reduce", "total", "routine", "steps", "take", "put"]
#: the identity of stored values: a node, or the number of an output or of scratch space
Stored = Union[Node, tuple[str, object]]


@dataclass(eq=False)
class Assignment:
    """``target[index] = value[identity]`` in a loop nest over ``value``'s shape; ``add`` accumulates."""

    value: Node
    target: Stored
    index: MultiIndex
    add: bool = False


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

    @property
    def full(self) -> bool:
        """Whether it is full."""
        return len(self.assignments) >= NEST_LIMIT or self.operations >= NEST_OPERATIONS


__all__ = ["NEST_LIMIT", "NEST_OPERATIONS", "Assignment", "Kind", "Nest", "Stored"]
