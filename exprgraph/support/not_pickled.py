"""Objects that have a meaning in this process only."""

from __future__ import annotations

from typing import NoReturn


class NotPickled:
    """A bound call, or an object that it holds: pickling one is an error that says what to send instead."""

    def __reduce__(self) -> NoReturn:
        raise TypeError("a bound call holds arrays of this process and cannot be pickled; send the compiled function, and bind it there")


__all__ = ["NotPickled"]
