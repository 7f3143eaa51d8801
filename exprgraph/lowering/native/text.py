"""Instructions as text, for the functions that are written by hand: the entry that Python calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Union

#: how often something is written out; beyond, it is a loop
WRITTEN_OUT = 8

#: a number that is known when the text is made, or the register of a loop
Number = Union[int, str]


class Text:
    """The instructions of one function, numbered while they are written."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.count = 0

    def new(self, code: str) -> str:
        self.count += 1
        name = f"%e{self.count}"
        self.lines.append(f"  {name} = {code}")
        return name

    def do(self, code: str) -> None:
        self.lines.append(f"  {code}")

    def offset(self, pointer: str, by: int) -> str:
        return self.new(f"getelementptr i8, ptr {pointer}, i64 {by}")

    def read(self, kind: str, pointer: str, by: int) -> str:
        return self.new(f"load {kind}, ptr {self.offset(pointer, by)}")

    def require(self, test: str) -> None:
        """Go on if it holds, else leave the call to Python."""
        self.count += 1
        self.do(f"br i1 {test}, label %ok{self.count}, label %other")
        self.lines.append(f"ok{self.count}:")

    def place(self, pointer: str, base: int, step: int, k: Number) -> str:
        """The address ``base + k * step`` bytes further."""
        if isinstance(k, int):
            return self.offset(pointer, base + k * step)
        far = self.new(f"add i64 {self.new(f'mul i64 {k}, {step}')}, {base}")
        return self.new(f"getelementptr i8, ptr {pointer}, i64 {far}")

    def label(self, what: str) -> str:
        self.count += 1
        return f"{what}{self.count}"

    def repeat(self, times: int, body: Callable[[Number], None]) -> None:
        """The body for each number below ``times``: written out where these are few, else in a loop.

        LLVM's time grows faster than the text of one function.
        """
        if times <= WRITTEN_OUT:
            for k in range(times):
                body(k)
            return
        here, each, further = self.label("here"), self.label("each"), self.label("further")
        index = "%" + self.label("i")
        self.do(f"br label %{here}")
        self.lines.append(f"{here}:")
        self.do(f"br label %{each}")
        self.lines.append(f"{each}:")
        self.do(f"{index} = phi i64 [ 0, %{here} ], [ {index}.next, %{further} ]")
        body(index)
        self.do(f"br label %{further}")
        self.lines.append(f"{further}:")
        self.do(f"{index}.next = add i64 {index}, 1")
        done = self.label("done")
        self.do(f"br i1 {self.new(f'icmp ult i64 {index}.next, {times}')}, label %{each}, label %{done}")
        self.lines.append(f"{done}:")

    def made(self, code: str, place: str = "") -> str:
        """A new object, kept at a place; where Python has no memory for it, its error is passed on."""
        name = self.new(code)
        self.count += 1
        here = self.count
        self.do(f"br i1 {self.new(f'icmp ne ptr {name}, null')}, label %made{here}, label %failed")
        self.lines.append(f"made{here}:")
        if place:
            self.do(f"store ptr {name}, ptr {place}")
        return name

    def equal(self, kind: str, a: str, b: object) -> None:
        self.require(self.new(f"icmp eq {kind} {a}, {b}"))


__all__ = ["WRITTEN_OUT", "Number", "Text"]
