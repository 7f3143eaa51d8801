"""Walks over a graph.  All are iterative: depth costs no recursion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from .column import Column
from .node import Node, make
from .primitive import PRODUCT, SUM, SYMBOL

#: ``(node, args)``: the node's operation on other arguments, in canonical form
REBUILD: Column[Callable[[Node, tuple[Node, ...]], Node]] = Column(
    "rebuild", "the canonical node of the same operation and parameters with other arguments", __name__, leaves=False
)

#: the results of the graphs inside of a node's parameters, whose symbols are bound there
INNER: Column[Callable[[Node], Sequence[Node]]] = Column(
    "inner", "the results of a graph inside of its parameters", __name__, otherwise="it has none"
)
#: ``(node, results)``: the node with other results of that graph, of the same symbols
REFILLED: Column[Callable[[Node, Sequence[Node]], Node]] = Column(
    "refilled", "the canonical node with another graph inside", __name__, otherwise="it has none inside"
)


def topological(roots: Iterable[Node], enter: Callable[[Node], bool] | None = None) -> list[Node]:
    """Every node below ``roots``, arguments before users, each once.

    The order depends only on the structure.  If ``enter`` refuses a node, it is listed, but its
    arguments are not visited through it.
    """
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[Node | None] = [*roots]
    stack.reverse()
    while stack:
        node = stack.pop()
        if node is None:  # the arguments of the node below it are listed
            order.append(stack.pop())  # type: ignore[arg-type]  # a mark lies above a node; a check would be half of the loop
        elif node not in seen:
            seen.add(node)
            if node.args and (enter is None or enter(node)):
                stack += (node, None, *node.args[::-1])
            else:
                order.append(node)
    return order


def with_inner(roots: Iterable[Node], listed: Sequence[Node] | None = None) -> list[Node]:
    """Every node below ``roots``, and in graphs inside of nodes' parameters, each once; ``listed`` has those below, if they are known."""
    order = topological(roots) if listed is None else list(listed)
    if not any(INNER.find(op) is not None for op in {node.op for node in order}):
        return order
    seen, k = set(order), 0
    while k < len(order):
        inner = INNER.find(order[k].op)
        if inner is not None:
            more = topological(inner(order[k]), enter=lambda n: n not in seen)
            more = [n for n in more if n not in seen]
            order += more
            seen.update(more)
        k += 1
    return order


def dependents(order: Iterable[Node], sources: Iterable[Node]) -> set[Node]:
    """The nodes of a topological order that are one of ``sources`` or depend on one."""
    hit = set(sources)
    for node in order:
        if node not in hit and not hit.isdisjoint(node.args):
            hit.add(node)
    return hit


def rebuild(node: Node, args: tuple[Node, ...]) -> Node:
    """``node`` with other arguments, in canonical form."""
    if all(a is b for a, b in zip(args, node.args)):
        return node
    return REBUILD[node.op](node, args)


def of_arguments(node: Node, args: tuple[Node, ...]) -> Node:
    """The node with other arguments; sums and products keep their operands in order: a canonical form would join divided ones."""
    as_it_is = node.op in (SUM, PRODUCT) and all(a.shape == b.shape for a, b in zip(args, node.args))
    return make(node.op, args, node.params, node.shape) if as_it_is else rebuild(node, args)


def substitute_nodes(roots: Iterable[Node], mapping: Mapping[Node, Node]) -> list[Node]:
    """Every occurrence of a key replaced by its value, all at once."""
    roots = list(roots)
    order = topological(roots, enter=lambda n: n not in mapping)
    touched = dependents(order, mapping)
    image: dict[Node, Node] = dict(mapping)
    for node in order:
        if node not in image:
            image[node] = rebuild(node, tuple(image[a] for a in node.args)) if node in touched else node
    return [image[r] for r in roots]


def symbols_of(roots: Iterable[Node]) -> list[Node]:
    """The symbols below ``roots``, by name (then by digest, for symbols of one name)."""
    pending = list(dict.fromkeys(roots))
    seen = set(pending)
    found = []
    while pending:
        node = pending.pop()
        if node.args:
            fresh = {a for a in node.args if a not in seen}
            seen |= fresh
            pending += fresh
        elif node.op is SYMBOL:
            found.append(node)
    return sorted(found, key=lambda n: (n.params[0], n.digest))
