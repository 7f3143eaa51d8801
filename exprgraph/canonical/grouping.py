"""Whether sums and products may be regrouped: what a user wrote may not, what calculus makes may.

Operators build what was written.  Nobody wrote the order of a derivative's terms: while a derivative is made, nested sums
and products are merged and like terms collected, except for those of the expression that is differentiated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from contextvars import ContextVar

from ..graph.node import Node
from ..graph.traverse import topological

_kept: ContextVar[set[Node] | None] = ContextVar("kept", default=None)


@contextmanager
def regrouping(kept: Iterable[Node] = ()) -> Iterator[None]:
    """Sums and products built inside are merged with those they are made of, but for the nodes in ``kept``.

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
def differentiating(roots: Iterable[Node]) -> Iterator[None]:
    """Derivatives of the roots are regrouped, what the roots are made of is not.

    In a derivative of a derivative it is the outermost call that says what is kept.
    """
    if _kept.get() is not None:
        yield
        return
    with regrouping(topological(roots)):
        yield


def keep(made: Node) -> None:
    """What was written stays as it is in the derivative that is being made, too: a formula that a user gave for one."""
    kept = _kept.get()
    if kept is not None:
        kept.update(topological([made], enter=lambda n: n not in kept))


@contextmanager
def as_written() -> Iterator[None]:
    """Nothing that is built inside is regrouped, whatever surrounds it."""
    token = _kept.set(None)
    try:
        yield
    finally:
        _kept.reset(token)


def kept_nodes() -> Set[Node] | None:
    """The nodes that stay as they are while others are regrouped; ``None`` where nothing is."""
    return _kept.get()
