"""Errors of loop programs: a fault of this package, code that the reader does not know, or a mistake in code."""

from __future__ import annotations


class LoopError(Exception):
    """A loop program is invalid."""


class UnreadableError(Exception):
    """A piece of Python without typed loops: its kind, the construct itself, and its line in the text."""

    def __init__(self, what: str, construct: str = "", line: int = 0) -> None:
        super().__init__(what, construct, line)
        self.what = what
        self.construct = construct
        self.line = line
        #: the users' name for the text
        self.text = ""

    def __str__(self) -> str:
        where = f"line {self.line}{f' of {self.text}' * bool(self.text)}"
        return f"{self.what} in {where}: {self.construct}" if self.construct else self.what


class MistakeError(UnreadableError):
    """A piece of Python that cannot run, such as a call with too many arguments."""


__all__ = ["LoopError", "MistakeError", "UnreadableError"]
