"""What is wrong with a loop program: a fault of this package, or code that the reader does not know."""

from __future__ import annotations


class LoopError(Exception):
    """A loop program that says something impossible."""


class UnreadableError(Exception):
    """A piece of Python that has no typed loops: the construct, and where it stands."""


__all__ = ["LoopError", "UnreadableError"]
