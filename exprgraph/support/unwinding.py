"""Recursive rules on graphs of any depth.

A rule that pushes an operation down (a sum over samples, a selection, a diagonal) is written as a plain
recursive function.  :func:`unwinding` lets it recurse a few levels.  Deeper calls are put on a stack and computed
first; then the interrupted rules run again with the results at hand.  All unwinding rules share one stack, because
they call each other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

T = TypeVar("T")
S = TypeVar("S")

#: the number of levels that rules recurse before they use the stack
LEVELS = 16

_Call = tuple[Callable[..., Any], tuple[Any, ...]]


class _Need(Exception):  # noqa: N818  (a request, not an error)
    def __init__(self, calls: list[_Call]) -> None:
        self.calls = calls


class _State(threading.local):
    results: dict[_Call, Any] | None = None
    level: int = 0


_state = _State()


def unwinding(rule: Callable[..., T]) -> Callable[..., T]:
    """The rule, without a limit of its depth.

    The rule is a pure function of hashable arguments: it may be run more than once.
    """

    def call(*args: Any) -> T:
        if _state.results is None:
            return _work_off(rule, args)
        key = (rule, args)
        if key in _state.results:
            known: T = _state.results[key]
            return known
        if _state.level >= LEVELS:
            raise _Need([key])
        _state.level += 1
        try:
            value = rule(*args)
        finally:
            _state.level -= 1
        _state.results[key] = value
        return value

    return call


def _work_off(rule: Callable[..., T], args: tuple[Any, ...]) -> T:
    first = (rule, args)
    results: dict[_Call, Any] = {}
    _state.results = results
    try:
        stack = [first]
        waiting: set[_Call] = set()
        while stack:
            call = stack[-1]
            if call not in results:
                f, xs = call
                try:
                    results[call] = f(*xs)
                except _Need as need:
                    waiting.add(call)
                    if not waiting.isdisjoint(need.calls):
                        raise RecursionError(f"{f.__name__}{xs} needs its own result: please report this expression") from None
                    stack.extend(need.calls)
                    continue
            waiting.discard(call)
            stack.pop()
        value: T = results[first]
        return value
    finally:
        _state.results = None
        _state.level = 0


def each(rule: Callable[[S], T], items: Iterable[S]) -> list[T]:
    """``rule`` of every item; the deeper calls of all items are requested at once."""
    values: list[T] = []
    needed: list[_Call] = []
    for item in items:
        try:
            values.append(rule(item))
        except _Need as need:
            needed += need.calls
    if needed:
        raise _Need(needed)
    return values
