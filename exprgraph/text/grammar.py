"""The grammar of text: Python's arithmetic, indexing and calls, as steps in order of execution.

Python's own parser recurses, and may exhaust the stack of a thread or of a program that raised the
recursion limit.  This parser keeps pending work on a list, so that it reads a sum of a million terms, and the limit
of depth can be chosen.  Operators bind as in Python's grammar.  The grammar leaves out constructs without a meaning
for expressions (``if``, ``lambda``, ``**kwargs`` ...).
"""

from __future__ import annotations

import ast
import keyword
import re
import unicodedata
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

from ..errors import ParseError

_TOKEN = re.compile(
    r"""(?P<space>[ \t\f]+|\\(?:\r\n?|\n)|\#[^\n]*)
    |(?P<line>\r\n?|\n|;)
    |(?P<number>(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*(?:\.[\d_]*|(?!\.))|\.\d[\d_]*)(?:[eE][-+]?\d[\d_]*)?[jJ]?)(?!\w))
    |(?P<text>[a-zA-Z]{0,2}(?:\'\'\'[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*\'\'\'|\"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*\"""
        |'[^'\\\n]*(?:\\.[^'\\\n]*)*'|"[^"\\\n]*(?:\\.[^"\\\n]*)*"))
    |(?P<name>[^\W\d]\w*)
    |(?P<sign>\.\.\.|\*\*=?|//=?|<<=?|>>=?|[-+*/@%&|^<>=!]=|:=|->|[-+*/@%&|^~<>()\[\]{},:.=!])""",
    re.VERBOSE | re.DOTALL,
)
#: the beginning of an assignment
_ASSIGNED = re.compile(r"\w+(?:[ \t\f]|\\\r?\n)*=(?!=)")
#: the beginning of a keyword argument
_KEYWORD = re.compile(r"\w+(?:\s|\\\r?\n|#[^\n]*\n)*=(?!=)")
#: binding of operators; a leading sign binds less than a power and more than a product
_BINARY = {"<": 1, "<=": 1, ">": 1, ">=": 1, "+": 2, "-": 2, "*": 3, "/": 3, "%": 3, "@": 3, "**": 5}
_SIGN = 4
_COMPARISON = 1
_CLOSING = {"(": ")", "[": "]", "call": ")", "index": "]"}
_CONSTANTS = {"None": None, "True": True, "False": False}
_LONGEST_NUMBER = 4300  # as in Python: reading the digits takes time that grows with their square


class StackStep(NamedTuple):
    """One step on a stack of values: push a number, add two values, call a function.

    Attributes:
        kind: "constant", "name", "binary", "sign", "list", "tuple", "slice", "index", "attribute", "call", "assign" or "end".
        what: the constant, the name, the operator; of a slice which of its three numbers are there; of a call the names of
            the last arguments.
        takes: the number of values it takes.
        of: the name of the callee, or of the attribute's object, if it is a plain name.
        start, stop: the position of its text.
    """

    kind: str
    what: Any
    takes: int
    start: int
    stop: int
    of: str = ""


class _Open:
    """A bracket that is not closed yet, or the statement itself."""

    __slots__ = ("comma", "count", "kind", "named", "names", "of", "parts", "present", "start")

    def __init__(self, kind: str, start: int, of: str = "") -> None:
        self.kind, self.start, self.of = kind, start, of
        self.count = 0  # entries that are complete
        self.comma = False  # whether one came last
        self.names: list[str] = []  # of keyword arguments
        self.named = False  # whether the entry is one
        self.parts = 0  # colons of the entry
        self.present: list[bool] = []  # which numbers of a slice are there


class Source:
    """A text, for messages."""

    def __init__(self, text: str) -> None:
        self.text = text

    def line(self, at: int) -> int:
        """The line of a position, counted from 1."""
        return self.text.count("\n", 0, at) + 1

    def part(self, start: int, stop: int) -> str:
        """The text there, shortened."""
        found = " ".join(self.text[start : min(stop, start + 200)].split())
        return found if stop - start <= 100 else found[:100] + "..."

    def refuse(self, start: int, stop: int, what: str = "") -> NoReturn:
        """Refuse text that an expression cannot hold."""
        raise ParseError(f"line {self.line(start)}: an expression cannot hold {what or self.part(start, stop)}")


def steps(text: str, max_depth: int) -> Iterator[StackStep]:
    """The steps of a text, statement by statement; each ends with a step "end" or "assign".

    Raises:
        ParseError: the text is not such a sequence; the steps before the error have been yielded.
    """
    return _Reader(text, max_depth).run()


class _Reader:
    def __init__(self, text: str, max_depth: int) -> None:
        self.source, self.text, self.max_depth = Source(text), text, max_depth
        self.at = 0  # the start of the next token
        self.stop = 0  # the end of the last token
        self.kind = self.token = ""
        self.start = 0
        self.out: list[StackStep] = []
        self.starts: list[int] = []  # the start of each value's text
        self.waiting: list[_Open | tuple[str, int, int]] = []  # brackets, and operators: (operator, binding, start)
        self.brackets = 0  # the number of open ones
        self.plain = ""  # the last operand, if it is a plain name
        self.before = ""  # the last token: the beginning or the end of a statement

    def run(self) -> Iterator[StackStep]:
        self._next()
        while True:
            while self.kind == "line":
                if self.token == ";" and self.before != "statement":
                    self._unexpected()
                self.before = self.token
                self._next()
            if self.kind == "end":
                return
            yield from self._statement()
            self.before = "statement"

    # -- tokens

    def _next(self) -> None:
        self.stop = self.at
        while self.at < len(self.text):
            found = _TOKEN.match(self.text, self.at)
            if found is None:
                self._unreadable()
            kind, start = str(found.lastgroup), self.at
            self.at = found.end()
            if kind == "space" or (kind == "line" and self.brackets and found[0] != ";"):
                continue
            self.kind, self.token, self.start = kind, found[0], start
            return
        self.kind, self.token, self.start = "end", "", self.at

    def _unreadable(self) -> NoReturn:
        what = self.text[self.at]
        if what in "'\"":
            self._fail("a text is not closed")
        self._fail("a null character" if what == "\0" else f"{self.text[self.at : self.at + 20].partition(' ')[0]!r} cannot be read")

    def _fail(self, why: str) -> NoReturn:
        raise ParseError(f"line {self.source.line(min(self.start, self.at))}: {why}")

    def _unexpected(self) -> NoReturn:
        ends = self.kind == "end" or (self.kind == "line" and self.token != ";")
        self._fail("the line ends where more is expected" if ends else f"{self.token[:40]!r} is not expected here")

    # -- statements

    def _statement(self) -> Iterator[StackStep]:
        begin = self.start
        if begin and self.text[begin - 1] in " \t\f" and self.before != ";":
            self._fail("the line is indented")
        if self.token == "import" and re.match(r"import[ \t]+exprgraph[ \t]+as[ \t]+eg\b", self.text[begin : begin + 100]):
            for _ in range(4):
                self._next()
            if self.kind not in ("line", "end"):
                self._unexpected()
            return
        name = ""
        if self.kind == "name" and _ASSIGNED.match(self.text, begin):
            name = self._named(self.token)
            self._next()
            self._next()
        self.waiting = [_Open("statement", self.start)]
        yield from self._expression()
        if self.token == "=" or self.kind not in ("line", "end"):
            self.source.refuse(begin, self._end_of_line())
        yield StackStep("assign" if name else "end", name, 1, begin, self.stop)
        self.starts.pop()

    def _end_of_line(self) -> int:
        end = self.text.find("\n", self.start)
        return len(self.text) if end < 0 else end

    def _expression(self) -> Iterator[StackStep]:
        """Steps of a statement's expression; operands and operators take turns."""
        operand = True
        while self.waiting:
            operand = self._operand() if operand else self._operator()
            if len(self.waiting) > self.max_depth + 1:
                self._fail(f"the text is nested more than {self.max_depth} deep; parse(..., max_depth=...) allows more")
            if self.out:
                yield from self.out
                self.out.clear()

    def _named(self, token: str) -> str:
        if keyword.iskeyword(token):
            self.source.refuse(self.start, self._end_of_line())
        if not token.isidentifier():
            self._fail(f"{token[:40]!r} is not a name")
        return token if token.isascii() else unicodedata.normalize("NFKC", token)  # as Python does

    # -- operands; each of the two says whether an operand comes next

    def _operand(self) -> bool:
        top = self.waiting[-1]
        self.plain = ""
        if self.kind == "number":
            self._emit("constant", self._number(), 0)
        elif self.kind == "text":
            self._emit("constant", self._text(), 0)
        elif self.token in _CONSTANTS:
            self._emit("constant", _CONSTANTS[self.token], 0)
        elif self.kind == "name":
            if isinstance(top, _Open) and top.kind == "call" and not top.named and _KEYWORD.match(self.text, self.start):
                top.names.append(self._named(self.token))
                top.named = True
                self._next()
                self._next()
                return True
            self.plain = self._named(self.token)
            self._emit("name", self.plain, 0)
        elif self.token == "...":
            self._emit("constant", Ellipsis, 0)
        elif self.token in ("+", "-"):
            self.waiting.append((f"sign {self.token}", _SIGN, self.start))
            self._next()
            return True
        elif self.token in ("(", "["):
            self.waiting.append(_Open(self.token, self.start))
            self.brackets += 1
            self._next()
            return True
        elif isinstance(top, _Open) and top.kind != "statement" and self.token == _CLOSING[top.kind]:
            return self._close(top, empty=True)
        elif isinstance(top, _Open) and top.kind == "index" and self.token == ":":
            return self._colon(top, present=False)
        elif isinstance(top, _Open) and top.kind == "statement" and top.comma and self.kind in ("line", "end"):
            return self._finish(top, empty=True)
        elif isinstance(top, _Open) and top.kind == "index" and self.token == "," and top.parts:
            return self._comma(top, empty=True)
        elif self.kind in ("end", "line"):
            self._unexpected()
        else:
            self.source.refuse(self.start, self._end_of_line())
        self._next()
        self._restart()
        return False

    def _restart(self) -> None:
        """End the last step at its last token."""
        step = self.out[-1]
        self.out[-1] = step._replace(stop=self.stop)

    def _number(self) -> float | int:
        token = self.token
        if token[-1] in "jJ" and token[:2] not in ("0x", "0X"):
            self.source.refuse(self.start, self.at)
        if len(token) > _LONGEST_NUMBER:
            self._fail(f"a number of {len(token)} characters, more than {_LONGEST_NUMBER}")
        try:
            return int(token, 0) if re.fullmatch(r"[\d_]+|0[xXoObB].*", token) else float(token)
        except ValueError:
            self._fail(f"{token[:40]!r} is not a number")

    def _text(self) -> str:
        prefix = self.token[: re.search("['\"]", self.token).start()].lower()  # type: ignore[union-attr]
        if prefix not in ("", "r", "u"):
            self.source.refuse(self.start, self.at)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # escapes that Python will reject in the future
                value = ast.literal_eval(self.token)
        except (SyntaxError, ValueError) as e:
            self._fail(getattr(e, "msg", str(e)))
        assert isinstance(value, str)
        return value

    # -- after an operand

    def _operator(self) -> bool:
        plain, self.plain = self.plain, ""
        binding = _BINARY.get(self.token) if self.kind == "sign" else None
        if binding is not None:
            self._reduce(binding + (self.token == "**" or binding == _COMPARISON))
            if binding == _COMPARISON and not isinstance(self.waiting[-1], _Open):
                self.source.refuse(self.starts[-1], self._end_of_line(), "a chain of comparisons")
            self.waiting.append((self.token, binding, self.start))
            self._next()
            return True
        if self.token in ("(", "["):
            self.waiting.append(_Open("call" if self.token == "(" else "index", self.starts[-1], plain))
            self.brackets += 1
            self._next()
            return True
        if self.token == ".":
            self._next()
            if self.kind != "name":
                self._unexpected()
            self._emit("attribute", self._named(self.token), 1, plain)
            self._next()
            self._restart()
            return False
        self._reduce(0)
        top = self.waiting[-1]
        assert isinstance(top, _Open)
        if self.token == "," and self.kind == "sign":
            return self._comma(top)
        if self.token == ":" and top.kind == "index":
            return self._colon(top, present=True)
        if top.kind == "statement":
            return self._finish(top)
        if self.token == _CLOSING[top.kind]:
            return self._close(top)
        if self.kind == "end":
            self._fail(f"{'(' if _CLOSING[top.kind] == ')' else '['!r} of line {self.source.line(top.start)} is never closed")
        self.source.refuse(self.start, self._end_of_line())

    def _reduce(self, binding: int) -> None:
        """Finish pending operators that bind at least as tightly."""
        while not isinstance(top := self.waiting[-1], _Open) and top[1] >= binding:
            self.waiting.pop()
            if top[0].startswith("sign"):
                self.starts[-1] = top[2]
                self._emit("sign", top[0][-1], 1)
            else:
                self._emit("binary", top[0], 2)

    def _emit(self, kind: str, what: Any, count: int, of: str = "") -> None:
        start = self.starts[-count] if count else self.start
        if count:
            del self.starts[-count:]
        self.starts.append(start)
        self.out.append(StackStep(kind, what, count, start, self.stop, of))

    def _comma(self, top: _Open, empty: bool = False) -> bool:
        self._entry(top, empty)
        top.comma = True
        self._next()
        return True

    def _colon(self, top: _Open, present: bool) -> bool:
        if top.parts == 2:
            self._unexpected()
        top.parts += 1
        top.present.append(present)
        self._next()
        return True

    def _entry(self, top: _Open, empty: bool) -> None:
        """An entry between brackets is complete."""
        if top.parts:
            top.present.append(not empty)
            present = (*top.present, False)[:3]
            self._emit_many("slice", present, sum(present))
            top.parts, top.present = 0, []
        elif top.named and top.names[-1] in top.names[:-1]:
            self._fail(f"the argument {top.names[-1]} is given twice")
        elif top.names and not top.named:
            self._fail("an argument without a name follows one with a name")
        top.count += 1
        top.comma = top.named = False

    def _emit_many(self, kind: str, what: Any, count: int, start: int | None = None) -> None:
        if count:
            self._emit(kind, what, count)
        else:
            self.starts.append(self.start if start is None else start)
            self.out.append(StackStep(kind, what, 0, self.starts[-1], self.stop))

    def _close(self, top: _Open, empty: bool = False) -> bool:
        """A bracket closes: a value is complete."""
        if not empty or top.parts:
            self._entry(top, empty)
        elif top.named:
            self._unexpected()
        self.waiting.pop()
        single = top.count == 1 and not top.comma
        if top.kind == "[":
            self._emit_many("list", None, top.count, top.start)
        elif top.kind == "(":
            if not single:
                self._emit_many("tuple", None, top.count, top.start)
        elif top.kind == "call":
            self._emit("call", tuple(top.names), top.count + 1, top.of)
        else:
            if not top.count:
                self._unexpected()
            if not single:
                self._emit("tuple", None, top.count)
            self._emit("index", None, 2)
        self.starts[-1] = top.start
        self.brackets -= 1
        self._next()
        if self.out:
            self.out[-1] = self.out[-1]._replace(start=top.start, stop=self.stop)
        return False

    def _finish(self, top: _Open, empty: bool = False) -> bool:
        """The statement ends; with commas in it, it is a tuple."""
        self.waiting.pop()
        if top.count:
            self._emit("tuple", None, top.count + (not empty))
        return False


__all__ = ["Source", "StackStep", "steps"]
