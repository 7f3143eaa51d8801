"""Loop nests and their statements."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Union

from ...graph.node import Node, Shape
from .access import MultiIndex

#: the most statements in a loop nest; beyond, compile time grows faster than the code
NEST_LIMIT = 600
#: the most operations in a loop nest, for the same reason
NEST_OPERATIONS = 2000


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
    """A loop nest: its kind, iteration shape and statements."""

    kind: str  # "pointwise", "reduce", "total", "solve", "take", "put"
    shape: Shape
    statements: list[Assignment] = field(default_factory=list)
    #: the stored values it computes or reads
    values: set[Node] = field(default_factory=set)
    #: the approximate number of operations of its statements
    operations: int = 0

    @property
    def full(self) -> bool:
        """Whether it is full."""
        return len(self.statements) >= NEST_LIMIT or self.operations >= NEST_OPERATIONS


__all__ = ["NEST_LIMIT", "NEST_OPERATIONS", "Assignment", "Nest", "Stored"]
