"""What is wrong with the input of a command."""

from __future__ import annotations


class InputError(Exception):
    """A fault of the input, said in one line; the command ends with exit status 2."""

    def __str__(self) -> str:
        line = " ".join(super().__str__().split())
        return line if len(line) <= 2_000 else line[:2_000] + "..."
