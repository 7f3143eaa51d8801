"""Functions that are in the table of primitives temporarily."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..graph.column import COLUMNS
from ..graph.node import forget_operations
from ..graph.primitive import TABLE
from ..graph.traverse import INNER


@contextmanager
def temporary_functions() -> Iterator[None]:
    """Remove functions added inside the block at its end, and restore redefined ones.

    Primitives of another kind go as well, with the rules that columns have for them.
    Expressions made of functions can still be evaluated, but neither parsed nor read from a pickle.

    >>> import exprgraph as eg, numpy as np
    >>> from exprgraph.testing import temporary_functions
    >>> with temporary_functions():
    ...     cube = eg.function("cube", numpy=lambda x: x**3, derivative=lambda x: 3 * x**2, code="{0}*{0}*{0}")
    ...     print(eg.diff(cube(eg.Symbol("x")), eg.Symbol("x")))
    3*x**2
    >>> eg.lookup("cube")
    Traceback (most recent call last):
    ...
    ValueError: there is no function named 'cube'; functions of your own are added with exprgraph.function(...)
    """
    before = dict(TABLE)
    try:
        yield
    finally:
        added = {row for name, row in TABLE.items() if before.get(name) is not row}
        for row in added:
            del TABLE[row.name]
            for column in COLUMNS.values():
                column.forget(row)
        TABLE.update(before)
        if added:
            forget_operations(added, lambda node: rule(node) if (rule := INNER.find(node.op)) is not None else ())


__all__ = ["temporary_functions"]
