"""The functions and procedures that a program's driver reaches."""

from __future__ import annotations

from collections.abc import Sequence

from .program import Function, Let, Loops, Procedure, Run, Statement
from .walk import calls_of, statements_of

_Key = tuple[str, bool]


def reached(program: Loops) -> tuple[list[Function], list[Procedure]]:
    """The functions and procedures that the driver needs, callees first."""
    functions = {f.name: f for f in program.functions}
    procedures = {p.name: p for p in (*program.library, *program.kernels)}
    found: dict[_Key, None] = {}
    pending = [(key, False) for part in program.parts for body in (part.body, part.before) for key in _called(body)]
    while pending:
        key, ready = pending.pop()
        if key in found:
            continue
        if ready:
            found[key] = None
            continue
        name, procedure = key
        body = procedures[name].body if procedure else (*functions[name].body, Let("result", functions[name].result))
        pending += [(key, True), *((k, False) for k in _called(body))]
    return [functions[n] for n, procedure in found if not procedure], [procedures[n] for n, procedure in found if procedure]


def _called(body: Sequence[Statement]) -> list[_Key]:
    """The calls in statements, last first: the name, and whether it is a procedure."""
    runs = dict.fromkeys(s.procedure for s in statements_of(body) if isinstance(s, Run))
    return [*((n, True) for n in runs), *((n, False) for n in calls_of(body))][::-1]


__all__ = ["reached"]
