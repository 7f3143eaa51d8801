"""A deeper limit for Python's parser, in which a sum of thousands of terms is thousands deep."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .forking import lock

#: Python's recursion limit during parsing; its parser goes three times as deep, a few megabytes of stack
_LEVELS = 3000
_raised = lock()  # taken while something is compiled, so made before the lock for that


@contextmanager
def deep_syntax() -> Iterator[None]:
    """Parse and compile code beyond Python's recursion limit; meanwhile other threads have the same limit.

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
