"""What is wrong with a loop program: a fault of this package, code that the reader does not know, or a mistake in it."""

from __future__ import annotations


class LoopError(Exception):
    """A loop program that says something impossible."""


class UnreadableError(Exception):
    """A piece of Python that has no typed loops: what it is, the construct itself, and the line of the text it stands in."""

    def __init__(self, what: str, construct: str = "", line: int = 0) -> None:
        super().__init__(what, construct, line)
        self.what = what
        self.construct = construct
        self.line = line
        #: what users call the text
        self.text = ""

    def __str__(self) -> str:
        where = f"line {self.line}{f' of {self.text}' * bool(self.text)}"
        return f"{self.what} in {where}: {self.construct}" if self.construct else self.what


class MistakeError(UnreadableError):
    """A piece of Python that nothing could run: a call with too many arguments."""


__all__ = ["LoopError", "MistakeError", "UnreadableError"]
