"""The error of a command's input."""

from __future__ import annotations


class InputError(Exception):
    """An error of the input, in one line; the command ends with exit status 2."""

    def __str__(self) -> str:
        line = " ".join(super().__str__().split())
        return line if len(line) <= 2_000 else line[:2_000] + "..."
