"""Loops in which a formula calls C's library for distant arguments, as loops without such calls.

No compiler makes vectors of a loop with calls.  So the loop computes the formula for all, and notes whether an argument was
distant; if one was, a second loop computes all again, with the calls.  The note is set in a loop over lanes, which
:func:`exprgraph.loops.verify.verify` refuses: only C's printer takes such programs, since a set of bits has no order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from .program import (
    Branch,
    Call,
    Each,
    Expression,
    Function,
    Let,
    Load,
    Loop,
    Loops,
    Name,
    Operation,
    Procedure,
    Set,
    Statement,
    Store,
    Switch,
    Variable,
    index,
)
from .substitute import replaced
from .verify import parts_of
from .walk import calls_of


class _Guarded(NamedTuple):
    """A function that calls the library where a condition on its parameters holds, and what it computes elsewhere."""

    parameters: tuple[str, ...]
    test: Expression
    near: Function


def with_near_loops(program: Loops) -> Loops:
    """The program with such loops in its procedures, and with the functions that they call."""
    guarded = {f.name: g for f in program.functions if (g := _guarded(f)) is not None}
    if not guarded:
        return program

    def changed(p: Procedure) -> Procedure:
        return p._replace(body=tuple(_block(p.body, guarded, _numbers())))

    functions = [g for f in program.functions for g in ((f, guarded[f.name].near) if f.name in guarded else (f,))]
    return program._replace(
        functions=tuple(functions), library=tuple(map(changed, program.library)), kernels=tuple(map(changed, program.kernels))
    )


def _guarded(f: Function) -> _Guarded | None:
    """A function whose result is a choice between a call of the library and a formula, by its parameters alone."""
    chosen = f.result
    if not (isinstance(chosen, Operation) and chosen.op == "select" and isinstance(chosen.args[1], Call) and chosen.args[1].library):
        return None
    test, _, near = chosen.args
    if any(isinstance(x, Name) and x.name not in f.parameters for x in parts_of(test)):
        return None
    return _Guarded(f.parameters, test, f._replace(name=f"{f.name}_near", result=near))


def _numbers() -> Iterator[str]:
    """Names of the notes in a procedure."""
    k = 0
    while True:
        yield f"distant{k}"
        k += 1


def _block(body: Sequence[Statement], guarded: Mapping[str, _Guarded], notes: Iterator[str]) -> Iterator[Statement]:
    for s in body:
        if isinstance(s, Loop) and s.axis != "plain" and _again(s) and any(n in guarded for n in calls_of(s.body)):
            yield from _near(s, guarded, next(notes))
        elif isinstance(s, (Loop, Each)):
            yield s._replace(body=tuple(_block(s.body, guarded, notes)))
        elif isinstance(s, Branch):
            yield Branch(s.test, tuple(_block(s.then, guarded, notes)), tuple(_block(s.otherwise, guarded, notes)))
        elif isinstance(s, Switch):
            yield Switch(s.on, tuple((k, tuple(_block(b, guarded, notes))) for k, b in s.cases))
        else:
            yield s


def _again(s: Loop) -> bool:
    """Whether a loop may run a second time: it only names values and stores them, in rows that it does not read."""
    return all(isinstance(x, Let) or (isinstance(x, Store) and not x.add) for x in s.body)


def _near(s: Loop, guarded: Mapping[str, _Guarded], note: str) -> Iterator[Statement]:
    """The loop of formulas, and the loop with calls if an argument was distant."""
    body: list[Statement] = []
    for x in s.body:
        assert isinstance(x, (Let, Store))
        for call in parts_of(x.value):
            if isinstance(call, Call) and call.function in guarded and not call.library:
                g = guarded[call.function]
                test = replaced(g.test, dict(zip(g.parameters, (_with_near(a, guarded) for a in call.args))))
                one = Operation("select", (test, index(1), index(0)), "index")
                body.append(Set(note, Operation("or_bits", (Name(note, "index"), one), "index")))
        body.append(x._replace(value=_with_near(x.value, guarded)))
    yield Variable(note, index(0))
    yield s._replace(body=tuple(body))
    yield Branch(Operation("ne", (Name(note, "index"), index(0)), "truth"), (s._replace(axis="plain"),))


def _with_near(e: Expression, guarded: Mapping[str, _Guarded]) -> Expression:
    if isinstance(e, Operation):
        return e._replace(args=tuple(_with_near(a, guarded) for a in e.args))
    if isinstance(e, Call):
        args = tuple(_with_near(a, guarded) for a in e.args)
        return Call(guarded[e.function].near.name if e.function in guarded and not e.library else e.function, args, e.library)
    return e._replace(at=_with_near(e.at, guarded)) if isinstance(e, Load) else e


__all__ = ["with_near_loops"]
