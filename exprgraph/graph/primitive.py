"""The table of primitives: one row for each operation a node can be.

A row carries what is known of its operation.  The structural rows (sum, product,
contract, select ...) are completed by the layer that owns each column: the module
that builds a primitive fills in ``rebuild`` and ``evaluate``, calculus fills in
``jvp`` and ``vjp``, printing and lowering theirs.  The elementwise rows
(:class:`exprgraph.functions.elementwise.Function`) are written in one place, complete.
A test walks :data:`TABLE` and fails on a column that nobody filled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .node import Node

    Table = TypeVar("Table")

    #: tangent of a node; tangents have shape ``arg.shape + extra``, ``None`` is zero
    Jvp = Callable[[Node, "Sequence[Node | None]", "tuple[int, ...]"], "Node | None"]
    #: cotangents of the arguments; ``ct`` has shape ``extra + node.shape``
    Vjp = Callable[[Node, Node, "tuple[int, ...]"], "Sequence[Node | None]"]

    class Get(Protocol):
        """What a rule for elements asks: ``get(arg, index)`` is an element of an argument."""

        def __call__(self, arg: Node, at: tuple[int, ...]) -> Node: ...

        def table(self, node: Node, make: Callable[[Node], Table]) -> Table:
            """What is looked up for every element of a node, made once."""

    #: one element of a node as a scalar node
    Element = Callable[[Node, "tuple[int, ...]", Get], Node]


class Primitive:
    """One row: the name, and a column for each thing the package can do with it."""

    __slots__ = ("element", "gated_jvp", "gated_vjp", "jvp", "key", "leaf", "name", "vjp")

    def __init__(self, name: str, *, leaf: bool = False) -> None:
        self.name = name
        self.key = name.encode()
        self.leaf = leaf
        self.jvp: Jvp | None = None
        self.vjp: Vjp | None = None
        self.element: Element | None = None
        #: the same where zeros silence what they meet; both take that, of each tangent or of the cotangent, after the extra axes
        self.gated_jvp: Callable[..., Node | None] | None = None
        self.gated_vjp: Callable[..., Sequence[Node | None]] | None = None

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
