"""Iteration over the parts of a loop program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .program import Add, Branch, Call, Each, Expression, Function, Let, Loop, Run, Set, Statement, Store, Switch, Variable
from .verify import parts_of


def statements_of(body: Sequence[Statement]) -> Iterator[Statement]:
    """Statements and nested ones, in order."""
    stack: list[Statement] = list(reversed(body))
    while stack:
        s = stack.pop()
        yield s
        for inner in reversed(blocks_of(s)):
            stack += reversed(inner)


def blocks_of(s: Statement) -> tuple[tuple[Statement, ...], ...]:
    """The blocks of a statement."""
    if isinstance(s, (Loop, Each)):
        return (s.body,)
    if isinstance(s, Branch):
        return s.then, s.otherwise
    return tuple(body for _, body in s.cases) if isinstance(s, Switch) else ()


def expressions_of(s: Statement) -> tuple[Expression, ...]:
    """The expressions of a statement, without its blocks."""
    if isinstance(s, (Let, Set, Add)):
        return (s.value,)
    if isinstance(s, Variable):
        return (s.start,)
    if isinstance(s, Store):
        return s.value, s.pointer, s.at
    if isinstance(s, Loop):
        return s.start, s.stop
    if isinstance(s, Branch):
        return (s.test,)
    if isinstance(s, Switch):
        return (s.on,)
    if isinstance(s, Each):
        return s.pointers
    return s.args if isinstance(s, Run) else ()


def calls_of(body: Sequence[Statement]) -> list[str]:
    """The functions that statements call, without C's library, each once."""
    calls = (x for s in statements_of(body) for e in expressions_of(s) for x in parts_of(e) if isinstance(x, Call))
    return list(dict.fromkeys(x.function for x in calls if not x.library))


def called_by(function: Function) -> list[str]:
    """The functions that a function calls, without C's library, each once."""
    return [*function.calls, *calls_of([*function.body, Let("", function.result)])]


__all__ = ["blocks_of", "called_by", "calls_of", "expressions_of", "statements_of"]
