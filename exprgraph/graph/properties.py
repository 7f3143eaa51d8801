"""Properties of values that show in how nodes are made: finite, not negative, the result of a comparison.

A property is a column.  A rule says of a node that it has the property, that it has not, or which nodes must have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Union

from .column import Column
from .node import Node

#: yes, no, or the nodes it depends on
Answer = Union[bool, Iterable[Node]]


class Property(Column[Callable[[Node], Answer]]):
    """A column of answers; a node without a rule does not have the property.

    >>> from exprgraph.graph.column import COLUMNS
    >>> from exprgraph.graph.leaves import Symbol, constant
    >>> whole = Property("whole_doc", "whether all elements are whole numbers", __name__)
    >>> whole.fill(lambda node: node.params[0] % 1.0 == 0.0, constant(1.0).op)
    >>> whole.fill(lambda node: node.args, (Symbol("x") * 2).op)
    >>> whole.holds(constant(3.0)), whole.holds(Symbol("x") * 2)
    (True, False)
    >>> del COLUMNS["whole_doc"]
    """

    __slots__ = ()

    def __init__(self, name: str, idea: str, home: str) -> None:
        super().__init__(name, idea, home, otherwise="it does not have the property")

    def holds(self, node: Node, most: int | None = None, given: Callable[[Node], bool] | None = None) -> bool:
        """Whether a node has the property.

        Args:
            most: how many nodes are looked at; with more the answer is no.
            given: nodes that are taken to have it.
        """
        pending, seen = [node], {node}
        while pending:
            n = pending.pop()
            if given is not None and given(n):
                continue
            rule = self.find(n.op)
            answer = rule is not None and rule(n)
            if answer is False:
                return False
            if answer is not True:
                more = [a for a in answer if a not in seen]
                seen.update(more)
                pending += more
            if most is not None and len(seen) > most:
                return False
        return True


__all__ = ["Answer", "Property"]
