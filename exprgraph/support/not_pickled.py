"""Objects that have a meaning in this process only."""

from __future__ import annotations

from typing import NoReturn


class NotPickled:
    """Refuses to be pickled, for a call that it is, or that holds it."""

    def __reduce__(self) -> NoReturn:
        raise TypeError("a bound call holds arrays of this process and cannot be pickled; send the compiled function, and bind it there")


__all__ = ["NotPickled"]
