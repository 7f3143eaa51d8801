"""The table of primitives: one row for each operation a node can be.

The rules of primitives are elsewhere: each interpreter declares a column of rules (:mod:`exprgraph.graph.column`), and a
test walks the table and names the rules that are missing.  The elementwise rows (:class:`exprgraph.functions.elementwise.Function`)
carry value, derivative, code and formulas with them, and have one rule a column for their class.
"""

from __future__ import annotations

from typing import TypeVar


class Primitive:
    """One row: a name, by which digests and pickles know it.  ``leaf`` rows have no arguments.

    ``acyclic`` rows, and the parameters of their nodes, refer to no expression: a node is not part of a cycle by them.  The formulas of
    a user's function may refer to any.
    """

    __slots__ = ("acyclic", "key", "leaf", "name")

    def __init__(self, name: str, *, leaf: bool = False, acyclic: bool = False) -> None:
        self.acyclic = acyclic
        self.name = name
        self.key = name.encode()
        self.leaf = leaf

    @property
    def arity(self) -> int | None:
        """The number of arguments, if it is the same for all nodes."""
        return 0 if self.leaf else None

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> tuple[object, ...]:
        return lookup, (self.name,)


Row = TypeVar("Row", bound=Primitive)

#: every primitive by name
TABLE: dict[str, Primitive] = {}


def enter(row: Row) -> Row:
    """A finished row into the table, in one step: threads may add functions.

    Raises:
        ValueError: there is a row of that name.
    """
    if TABLE.setdefault(row.name, row) is not row:
        raise ValueError(f"a primitive named {row.name!r} exists already; choose another name")
    return row


def lookup(name: str) -> Primitive:
    """The row of that name; used when a pickle is read."""
    try:
        return TABLE[name]
    except KeyError:
        raise ValueError(
            f"no primitive named {name!r} in this process: a user-defined function must be "
            "registered with exprgraph.function(...) before expressions that use it are loaded"
        ) from None


# leaves
SYMBOL = enter(Primitive("symbol", leaf=True, acyclic=True))
CONSTANT = enter(Primitive("constant", leaf=True, acyclic=True))  # one number, any shape
ARRAY = enter(Primitive("array", leaf=True, acyclic=True))  # an array of numbers
IDENTITY = enter(Primitive("identity", leaf=True, acyclic=True))
SAMPLE_COUNT = enter(Primitive("sample_count", leaf=True, acyclic=True))
# arithmetic
SUM = enter(Primitive("sum", acyclic=True))
PRODUCT = enter(Primitive("product", acyclic=True))
# tensors
CONTRACT = enter(Primitive("contract", acyclic=True))
SELECT = enter(Primitive("select", acyclic=True))
PLACE = enter(Primitive("place", acyclic=True))
STACK = enter(Primitive("stack", acyclic=True))
CONCATENATE = enter(Primitive("concatenate", acyclic=True))
RESHAPE = enter(Primitive("reshape", acyclic=True))
REDUCE_MAX = enter(Primitive("reduce_max", acyclic=True))
REDUCE_MIN = enter(Primitive("reduce_min", acyclic=True))
SOLVE = enter(Primitive("solve", acyclic=True))
SAMPLE_SUM = enter(Primitive("sample_sum", acyclic=True))

#: primitives that move elements, and add elements that meet
MOVEMENTS = (SELECT, PLACE, STACK, CONCATENATE, RESHAPE)
