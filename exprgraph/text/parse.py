"""Parsing: from text, printed or written by a person, to expressions.

The text is parsed by a grammar of its own (:mod:`grammar`), a subset of Python's, and interpreted by a table of
functions: nothing of it is ever executed.  Costs are bounded in advance, so text of unknown origin can be read.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NoReturn

from .. import over_samples
from ..canonical.operands import as_node
from ..errors import DTypeError, ExprGraphError, ParseError, ShapeError
from ..functions import rows as functions
from ..functions.elementwise import Function, caller
from ..graph.leaves import is_known
from ..graph.node import Node
from ..graph.primitive import ARRAY, SYMBOL, TABLE
from ..language import operators
from .called import Callee, called
from .grammar import Source, StackStep, steps

_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow, "@": operator.matmul,
    "%": operator.mod,
}  # fmt: skip
_COMPARE: dict[str, Callable[[Any, Any], Node]] = {
    "<": functions.less, "<=": functions.less_equal, ">": operators.greater, ">=": operators.greater_equal,
}  # fmt: skip
#: of an expression: ``a.T``, ``a.sum(axis=0)``
_PROPERTIES = ("T",)
_METHODS = ("sum", "mean", "max", "min", "reshape", "transpose", "ravel")
_MODULES = ("eg", "exprgraph")
_SAMPLES = "over_samples"
#: the number of operations allowed for each number of an array
_WORK = 50


def parse(
    text: str,
    symbols: Iterable[Node] | Mapping[str, Node] = (),
    *,
    max_characters: int = 20_000_000,
    max_depth: int = 1_000,
    max_elements: int = 10_000_000,
) -> Node:
    """Read an expression from text, such as ``str(e)`` or the code of :func:`to_python`.

    Nothing in the text is executed, and costs are bounded, so that text of unknown origin can be read.

    Args:
        text: Python's arithmetic, indexing and calls of this package's functions; lines such as ``t = x + 1``
            before the last one name parts.
        symbols: the symbols that occur, or a dict from names to expressions.  Any other name that is not
            defined in the text is an error.
        max_characters: the longest text.
        max_depth: the most brackets and operators that may be open at once; a long sum is not deep.
        max_elements: the most elements of an expression (never fewer than a given symbol has), and the most numbers in all
            constant arrays and in all lists.  A named list counts at every use of its name.

    Raises:
        ParseError: the text is not an expression, or exceeds a limit; the message says where.

    >>> import exprgraph as eg
    >>> x, y = eg.symbols("x y")
    >>> eg.parse("sin(x*y)/x", [x, y]) is eg.sin(x * y) / x
    True
    >>> eg.parse("__import__('os').getcwd()")
    Traceback (most recent call last):
    ...
    exprgraph.errors.ParseError: line 1: the name '__import__' is unknown; symbols were given for: none
    """
    if not isinstance(text, str):
        raise TypeError(f"parse takes a string, got {type(text).__name__}")
    names: dict[str, Any] = {}
    for name, node in symbols.items() if isinstance(symbols, Mapping) else [(s.name, s) for s in map(_symbol, symbols)]:
        if names.setdefault(name, node) is not node:
            raise ValueError(f"parse: two symbols are named {name!r}; give a dict of names")
    if len(text) > max_characters:
        raise ParseError(f"the text has {len(text)} characters, more than max_characters={max_characters}")
    text = text.strip()
    reader = _Reader(Source(text), names, max_elements)
    try:
        result, last = reader.run(steps(text, max_depth))
    except MemoryError:
        raise ParseError("there is not enough memory for this text") from None
    if isinstance(result, Callee):
        raise ParseError(f"{result.text} is a function, not an expression")
    try:
        return as_node(result)
    except (DTypeError, ShapeError) as error:
        raise ParseError(f"{last} is not an expression: {error}") from None


def _symbol(s: Any) -> Node:
    if not isinstance(s, Node) or s.op is not SYMBOL:
        raise TypeError(f"parse: symbols are expressions made with Symbol, got {s!r}")
    return s


def statements(text: str, names: Mapping[str, Any], max_depth: int = 1_000, max_elements: int = 10_000_000) -> dict[str, Any]:
    """The names that a sequence of statements defines, with those that it may use.

    Raises:
        ParseError: the text is no such sequence, or exceeds a limit.
    """
    source = Source(text)
    reader = _Reader(source, dict(names), max_elements)
    reader.run(steps(text, max_depth))
    return reader.names


class _Module:
    """A namespace of functions: ``eg``, ``over_samples`` or ``eg.over_samples``."""

    def __init__(self, text: str) -> None:
        self.text = text


class _Reader:
    """The values of steps."""

    def __init__(self, source: Source, names: dict[str, Any], max_elements: int) -> None:
        self.source, self.names, self.max_elements = source, names, max_elements
        self.functions = called()
        self.largest = max([max_elements, *(n.size for n in names.values() if isinstance(n, Node))])  # held by the caller
        self.weights: dict[str, int] = {}  # of named lists
        self.entries = 0  # of lists, so far
        self.numbers = 0  # that constant arrays hold
        self.work = 0  # of numbers that were computed with

    def run(self, program: Iterator[StackStep]) -> tuple[Any, str]:
        """The value of the last statement, and its text."""
        values: list[Any] = []
        weights: list[int] = []  # entries of lists, and of those in them
        last: tuple[Any, int, int] | None = None
        for step in program:
            if step.kind in ("assign", "end"):
                value, weight = values.pop(), weights.pop()
                if isinstance(value, _Module):
                    self._unknown(step, value.text)
                last = value, step.start, step.stop
                if step.kind == "assign":
                    self.names[step.what] = value
                    self.weights[step.what] = weight
                continue
            split = len(values) - step.takes
            given, weight = values[split:], sum(weights[split:])
            del values[split:], weights[split:]
            self._before(step, given, weight)
            value = self._value(step, given)
            self._after(step, value)
            values.append(value)
            weights.append(weight + len(given) if step.kind in ("list", "tuple") else self._weight(step))
        if last is None:
            raise ParseError("the text is empty")
        return last[0], self.source.part(*last[1:])

    # -- bounds

    def _weight(self, step: StackStep) -> int:
        return self.weights.get(step.what, 0) if step.kind == "name" else 0

    def _before(self, step: StackStep, given: list[Any], weight: int) -> None:
        """Refuse an operation that costs too much, before it is computed."""
        if weight:
            self.entries += weight
            if self.entries > self.max_elements:
                self._too_much(step, f"lists of {self.entries} entries in all")
        for v in given:
            if isinstance(v, Node) and v.shape and is_known(v):
                self.work += v.size
                if self.work > _WORK * self.max_elements:
                    self._too_much(step, f"{self.work} numbers are computed with")

    def _after(self, step: StackStep, value: Any) -> None:
        if not isinstance(value, Node) or step.kind == "name":
            return
        if value.size > self.largest:
            self._too_much(step, f"an expression of {value.size if value.size < 1 << 99 else 'very many'} elements")
        if value.op is ARRAY:
            self.numbers += value.size
            if self.numbers > self.max_elements:
                self._too_much(step, f"arrays of {self.numbers} numbers in all")

    def _too_much(self, step: StackStep, what: str) -> NoReturn:
        line, part = self.source.line(step.start), self.source.part(step.start, step.stop)
        raise ParseError(f"line {line}: {part}: {what}; parse(..., max_elements={self.max_elements}) allows no more")

    # -- values

    def _value(self, step: StackStep, given: list[Any]) -> Any:
        try:
            return self._made(step, given)
        except ParseError:
            raise
        except (ExprGraphError, TypeError, ValueError, IndexError, OverflowError, ZeroDivisionError) as error:
            line, part = self.source.line(step.start), self.source.part(step.start, step.stop)
            raise ParseError(f"line {line}: {part}: {str(error)[:500]}") from error

    def _refuse(self, step: StackStep, what: str = "") -> NoReturn:
        self.source.refuse(step.start, step.stop, what)

    def _made(self, step: StackStep, given: list[Any]) -> Any:
        kind, what = step.kind, step.what
        for v in given[1:] if kind == "call" else given:
            if isinstance(v, Callee):
                self._refuse(step, f"the function {v.text} where a value is expected")
            if isinstance(v, _Module) and kind != "attribute":
                self._unknown(step, v.text)
        if kind == "constant":
            if what is Ellipsis:
                self._refuse(step, "'...': a part of the text was left out; print it with to_python(e), which leaves nothing out")
            return what
        if kind == "name":
            return self._named(step, what, self.names)
        if kind == "binary" and what in _COMPARE:
            return _COMPARE[what](*given)
        if kind in ("binary", "sign"):
            if any(v is None or isinstance(v, (str, slice)) for v in given):
                self._refuse(step)
            if kind == "binary":
                return _BINARY[what](as_node(given[0]), given[1])
            return -given[0] if what == "-" else +given[0]
        if kind in ("list", "tuple"):  # inside a list, a list of expressions is one expression; make it once, however often it occurs
            parts = [as_node(v) if isinstance(v, list) and any(isinstance(w, Node) for w in v) else v for v in given]
            return parts if kind == "list" else tuple(parts)
        if kind == "slice":
            rest = iter(given)
            return slice(*(next(rest) if present else None for present in what))
        if kind == "index":
            return as_node(given[0])[given[1]]
        if kind == "attribute":
            return self._attribute(step, given[0])
        called = given[0]
        if isinstance(called, Node) and step.of:  # a call means the function, not a symbol of the same name
            called = self._named(step, step.of, {})
        if not isinstance(called, Callee):
            self._refuse(step)
        split = len(given) - len(what)
        return called.call(*given[1:split], **dict(zip(what, given[split:])))

    def _named(self, step: StackStep, name: str, names: dict[str, Any]) -> Any:
        if name in names:
            return names[name]
        if name in (*_MODULES, _SAMPLES):
            return _Module(name)
        found = self.functions.get(name)
        if found is None:
            row = TABLE.get(name)
            if isinstance(row, Function):
                found = caller(row)
            elif name == "float":
                found = float
            else:
                self._unknown(step, name)
        return Callee(name, found)

    def _unknown(self, step: StackStep, name: str) -> NoReturn:
        known = ", ".join(sorted(self.names)) or "none"
        line = self.source.line(step.start)
        raise ParseError(f"line {line}: the name {name[:100]!r} is unknown; symbols were given for: {known[:500]}")

    def _attribute(self, step: StackStep, value: Any) -> Any:
        name = step.what
        if step.of in (*_MODULES, _SAMPLES):  # also where a symbol has this name
            value = _Module(step.of)
        if isinstance(value, _Module):
            if value.text in _MODULES and name == _SAMPLES:
                return _Module(_SAMPLES)
            if value.text == _SAMPLES and name in ("sum", "mean"):
                return Callee(f"{_SAMPLES}.{name}", getattr(over_samples, name))
            if name not in self.functions and not isinstance(TABLE.get(name), Function):
                self._refuse(step, f"{self.source.part(step.start, step.stop)}, which does not make an expression")
            return self._named(step, name, {})
        if isinstance(value, (Node, int, float, list)) and name in _PROPERTIES:
            return getattr(as_node(value), name)
        if isinstance(value, (Node, int, float, list)) and name in _METHODS:
            return Callee(name, getattr(as_node(value), name))
        self._refuse(step)


__all__ = ["parse", "statements"]
