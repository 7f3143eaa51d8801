"""Inlining: a function's statements and its value, for arguments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from .program import Call, Constant, Expression, Function, Let, Load, Name, Operation
from .verify import parts_of


def rebuilt(
    e: Expression, after: Callable[[Expression], Expression] = lambda x: x, before: Callable[[Expression], Expression] = lambda x: x
) -> Expression:
    """An expression made again, at any depth.

    Args:
        e: the expression.
        after: makes a part from the part with new parts inside, from the innermost upwards.
        before: makes a part that is looked into instead, from the whole downwards.
    """
    done: list[Expression] = []
    pending: list[tuple[Expression, bool]] = [(e, False)]
    while pending:
        x, ready = pending.pop()
        if not ready:
            x = before(x)
            if not isinstance(x, (Constant, Name)):
                pending.append((x, True))
                pending += [(a, False) for a in ((x.at,) if isinstance(x, Load) else reversed(x.args))]
                continue
        elif isinstance(x, Load):
            x = Load(x.pointer, done.pop())
        elif isinstance(x, (Operation, Call)):
            first = len(done) - len(x.args)
            x = x._replace(args=tuple(done[first:]))
            del done[first:]
        done.append(after(x))
    return done[0]


def replaced(e: Expression, values: Mapping[str, Expression]) -> Expression:
    """An expression with names replaced by expressions."""
    if isinstance(e, Name):
        return values.get(e.name, e)
    if isinstance(e, Constant):
        return e
    if isinstance(e, Load):
        pointer = values.get(e.pointer.name, e.pointer)
        assert isinstance(pointer, Name)
        return Load(pointer, replaced(e.at, values))
    args = tuple(replaced(a, values) for a in e.args)
    if isinstance(e, Call):
        return Call(e.function, args, e.library)
    return Operation(e.op, args, e.type)


@cache
def repeated(function: Function) -> frozenset[str]:
    """The parameters that a function uses more than once."""
    values = [*(s.value for s in function.body), function.result]
    uses = Counter(x.name for e in values for x in parts_of(e) if isinstance(x, Name))
    return frozenset(p for p in function.parameters if uses[p] > 1)


def written_out(function: Function, args: Sequence[Expression], fresh: Callable[[str], str]) -> tuple[list[Let], Expression]:
    """A function's statements and its value for the arguments ``args``.

    Args:
        args: names or constants, unless a parameter occurs once.
        fresh: makes an unused name from a name in the function.

    >>> from .read import read_template
    >>> square_sum = read_template("f", "{0}*{0} + {1}", 2, "", {}).value
    >>> written_out(square_sum, [Name("x", "real"), Name("y", "real")], str.upper)
    ([], (x * x) + y)
    """
    values: dict[str, Expression] = dict(zip(function.parameters, args, strict=True))
    body = []
    for s in function.body:
        name = fresh(s.name)
        body.append(Let(name, replaced(s.value, values)))
        values[s.name] = Name(name, s.value.type)
    return body, replaced(function.result, values)


__all__ = ["rebuilt", "repeated", "replaced", "written_out"]
