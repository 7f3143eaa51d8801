"""The parts of a long print that get a name: ``t1 = ...``."""

from __future__ import annotations

from collections import Counter
from itertools import count

from ..graph.node import Node
from ..graph.primitive import SYMBOL
from .order import Order
from .view import View, operations

#: prints of up to this many operations (with repetition) are written out in full
INLINE_OPERATIONS = 60
#: a part nested deeper than this gets a name, even if it is used once
MAX_NESTING = 24
_MANY = 10**9


def shared_parts(view: View, order: Order) -> list[Node]:
    """The parts to name, each before its first use.

    A short print names none.  A long one names parts of at least two operations that are printed more than
    once, and parts that would nest too deeply.
    """
    nodes = view.order(view.roots, order.args)
    uses = Counter(view.roots)
    whole: dict[Node, int] = {}
    for node in nodes:
        args = order.args(node)
        uses.update(args)
        whole[node] = min(_own(view, node) + sum(whole[a] for a in args), _MANY)
    if sum(whole[r] for r in view.roots) <= INLINE_OPERATIONS:
        return []
    named: list[Node] = []
    size: dict[Node, int] = {}
    depth: dict[Node, int] = {}
    roots = set(view.roots)
    for node in nodes:
        args = order.args(node)
        own = _own(view, node)
        size[node] = own + sum(size[a] for a in args)
        depth[node] = max((depth[a] for a in args), default=0) + (own > 0)
        shared = uses[node] > 1 and size[node] >= 2
        deep = depth[node] > MAX_NESTING and not (node in roots and uses[node] == 1)
        if shared or deep:
            named.append(node)
            size[node] = depth[node] = 0
    return named


def _own(view: View, node: Node) -> int:
    return 0 if view.is_cut(node) else operations(view.shown(node))


def prefix_for(view: View) -> str:
    """A letter whose numbered names ``t1``, ``t2``, ... (``t_{1}`` in LaTeX) no printed symbol uses."""
    taken = {str(n.params[0]) for n in view.listed if n.op is SYMBOL}

    def free(prefix: str) -> bool:
        return not any(name.startswith(prefix) and (name[len(prefix) :].isdigit() or name == prefix) for name in taken)

    for prefix in ("t", "s", "u", "v", "w", "z", "part"):
        if free(prefix):
            return prefix
    return next(p for p in (f"part{'_' * k}" for k in count(1)) if free(p))
