"""Whether sums and products may be regrouped: the user's may not, those of derivatives may.

Operators keep the written form.  Nobody wrote the order of a derivative's terms: while a derivative is made, nested sums
and products are merged and like terms collected, except those of the differentiated expression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from contextvars import ContextVar

from ..graph.node import Node
from ..graph.traverse import dependents, topological, with_inner

_kept: ContextVar[set[Node] | None] = ContextVar("kept", default=None)


@contextmanager
def regrouping(kept: Iterable[Node] = ()) -> Iterator[None]:
    """Merge sums and products built inside with nested ones, except the nodes in ``kept``.

    >>> import exprgraph as eg
    >>> from exprgraph.canonical.grouping import regrouping
    >>> x, y = eg.symbols("x y")
    >>> (x + y) - x
    x + y - x
    >>> with regrouping():
    ...     print((x + y) - x)
    y
    """
    token = _kept.set(set(kept))
    try:
        yield
    finally:
        _kept.reset(token)


@contextmanager
def differentiating(roots: Iterable[Node], order: Sequence[Node] | None = None) -> Iterator[None]:
    """Regroup derivatives of the roots, but not the parts of the roots, which are ``order`` if they are listed already.

    In a derivative of a derivative, the outermost call decides.
    """
    if _kept.get() is not None:
        yield
        return
    with regrouping(with_inner(roots, order)):
        yield


def keep(made: Node) -> None:
    """Keep a node in the current derivative too: the formula that a user gave for a derivative."""
    kept = _kept.get()
    if kept is not None:
        kept.update(topological([made], enter=lambda n: n not in kept))


@contextmanager
def as_written() -> Iterator[None]:
    """Regroup nothing that is built inside, even inside of a derivative."""
    token = _kept.set(None)
    try:
        yield
    finally:
        _kept.reset(token)


def images(roots: Sequence[Node], given: Mapping[Node, Node], image: Callable[[Node, Mapping[Node, Node]], Node]) -> list[Node]:
    """The images of the roots, in the written form; images of kept nodes are kept: the same formulas of other symbols.

    Args:
        roots: a graph.
        given: images that are known; nodes that depend on none of these are their own.
        image: the image of another node, from those of its arguments.
    """
    order = topological(roots, enter=lambda n: n not in given)
    touched = dependents(order, given)
    found: dict[Node, Node] = dict(given)
    with as_written():
        for node in order:
            if node not in found:
                found[node] = image(node, found) if node in touched else node
    kept = _kept.get()
    if kept is not None:
        kept.update([new for old, new in found.items() if old in kept])
    return [found[r] for r in roots]


#: the nodes to keep while others are regrouped; ``None`` if nothing is regrouped
kept_nodes: Callable[[], Set[Node] | None] = _kept.get  # asked for every sum and product: a function would take as long as the answer
