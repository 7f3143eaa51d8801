"""Room in Python's parser: a sum of thousands of terms is as deep as it is long."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .forking import lock

#: Python's bound while something is parsed; its parser goes three times as deep, which is a few megabytes of its stack
_LEVELS = 3000
_raised = lock()


@contextmanager
def deep_syntax() -> Iterator[None]:
    """Parse and compile code that is deeper than Python's bound; other threads have that bound meanwhile.

    >>> import ast
    >>> with deep_syntax():
    ...     type(ast.parse("+".join("1" * 5000), mode="eval").body).__name__
    'BinOp'
    """
    with _raised:
        before = sys.getrecursionlimit()
        sys.setrecursionlimit(max(before, _LEVELS))
        try:
            yield
        finally:
            sys.setrecursionlimit(before)


__all__ = ["deep_syntax"]
