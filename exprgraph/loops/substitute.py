"""Inlining: a function's statements and its value, for arguments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import is_

from .program import Call, Constant, Expression, Function, Let, Load, Name, Operation
from .verify import parts_of


def rebuilt(
    e: Expression, after: Callable[[Operation], Expression] | None = None, before: Callable[[Call], Expression] | None = None
) -> Expression:
    """An expression with some parts made again, at any depth; the others stay the same objects.

    Args:
        e: the expression.
        after: makes an operation from one whose arguments are made, from the innermost upwards.
        before: makes an expression instead of a call, from the whole downwards.
    """
    order: list[tuple[Expression, Expression]] = []
    pending = [e]
    while pending:
        x = part = pending.pop()
        if before is not None and isinstance(x, Call):
            part = before(x)
        order.append((x, part))
        if isinstance(part, (Operation, Call)):
            pending += [a for a in part.args if not isinstance(a, (Name, Constant))]
        elif isinstance(part, Load):
            pending.append(part.at)
    made: dict[int, Expression] = {}  # by the identity of what it is made of
    for x, part in reversed(order):
        if isinstance(part, (Operation, Call)):
            args = tuple([made.get(id(a), a) for a in part.args]) if made else part.args
            if args is not part.args and not all(map(is_, args, part.args)):
                part = Operation(part.op, args, part.type) if isinstance(part, Operation) else Call(part.function, args, part.library)
            if after is not None and isinstance(part, Operation):
                part = after(part)
        elif isinstance(part, Load) and id(part.at) in made:
            part = Load(part.pointer, made[id(part.at)])
        if part is not x:
            made[id(x)] = part
    return made.get(id(e), e)


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
