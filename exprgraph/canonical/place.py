"""Place, the transpose of a selection: zeros with an array at the selected elements."""

from __future__ import annotations

from ..graph.leaves import basis, number, zeros
from ..graph.node import Node, Shape, make
from ..graph.primitive import PLACE
from ..graph.traverse import REBUILD
from ..graph.views import Entries, Entry, Take, entries_of
from .arithmetic import scale
from .contract import contract
from .select import SELECTED, normal
from .written import split_coefficient


def place(node: Node, entries: Entries, shape: Shape) -> Node:
    """Zeros of ``shape`` with ``node`` at the selected elements (added where a take repeats one)."""
    entries = tuple(normal(e, n) for e, n in zip(entries, shape))
    if number(node) == 0.0:
        return zeros(shape)
    # an integer on an axis of length one only adds the axis
    if any(isinstance(e, int) and n == 1 for e, n in zip(entries, shape)):
        kept = [k for k, (e, n) in enumerate(zip(entries, shape)) if not isinstance(e, int) or n == 1]
        own = [k for k in kept if not isinstance(entries[k], int)]
        node = contract([(node, own)], kept, dict.fromkeys(range(len(shape)), 1))
        entries = tuple(None if isinstance(e, int) and n == 1 else e for e, n in zip(entries, shape))
    if all(e is None for e in entries):
        return node
    c, rest = split_coefficient(node)
    if c != 1.0:
        return scale(c, place(rest, entries, shape))
    if number(node) == 1.0 and len(shape) == 1 and isinstance(entries[0], int):
        return basis(shape[0], entries[0])
    return make(PLACE, (node,), (entries,), shape)


@SELECTED.rule(PLACE)
def _selected(node: Node, entries: Entries, shape: Shape) -> Node | None:
    """The placed array, if exactly that is selected; zeros, if some axis selects none of it."""
    if entries_of(node) == entries and not any(map(_repeats, entries)):
        return node.args[0]
    if any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in zip(entries_of(node), entries)):
        return zeros(shape)
    return None


def _repeats(entry: Entry) -> bool:
    """Whether an entry takes an element more than once."""
    return isinstance(entry, Take) and len(set(entry.indices)) < len(entry.indices)


REBUILD.fill(lambda node, args: place(args[0], entries_of(node), node.shape), PLACE)

__all__ = ["place"]
