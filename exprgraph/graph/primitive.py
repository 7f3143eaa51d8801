"""The table of primitives: one row for each operation a node can be.

The rules of primitives are elsewhere: each interpreter declares a column of rules (:mod:`exprgraph.graph.column`), and a
test walks the table and names the rules that are missing.  The elementwise rows (:class:`exprgraph.functions.elementwise.Function`)
carry value, derivative, code and formulas with them, and have one rule a column for their class.
"""

from __future__ import annotations

from typing import TypeVar


class Primitive:
    """One row: a name, by which digests and pickles know it.  ``leaf`` rows have no arguments."""

    __slots__ = ("key", "leaf", "name")

    def __init__(self, name: str, *, leaf: bool = False) -> None:
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
SYMBOL = enter(Primitive("symbol", leaf=True))
CONSTANT = enter(Primitive("constant", leaf=True))  # one number, any shape
ARRAY = enter(Primitive("array", leaf=True))  # an array of numbers
IDENTITY = enter(Primitive("identity", leaf=True))
SAMPLE_COUNT = enter(Primitive("sample_count", leaf=True))
# arithmetic
SUM = enter(Primitive("sum"))
PRODUCT = enter(Primitive("product"))
# tensors
CONTRACT = enter(Primitive("contract"))
SELECT = enter(Primitive("select"))
PLACE = enter(Primitive("place"))
STACK = enter(Primitive("stack"))
CONCATENATE = enter(Primitive("concatenate"))
RESHAPE = enter(Primitive("reshape"))
REDUCE_MAX = enter(Primitive("reduce_max"))
REDUCE_MIN = enter(Primitive("reduce_min"))
SOLVE = enter(Primitive("solve"))
SAMPLE_SUM = enter(Primitive("sample_sum"))

#: primitives that move elements, and add elements that meet
MOVEMENTS = (SELECT, PLACE, STACK, CONCATENATE, RESHAPE)
