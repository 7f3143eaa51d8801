"""Parameters of procedures that are read only, or not aliased."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .program import Each, Loops, Name, Procedure, Run, Statement, Store
from .walk import statements_of

Names = frozenset[str]


def stored_through(procedures: Sequence[Procedure]) -> dict[str, Names]:
    """The parameters that each procedure stores through, also by its callees; callees come first."""
    found: dict[str, Names] = {}
    parameters = _parameters(procedures)
    for p in procedures:
        names: set[str] = set()
        for s in statements_of(p.body):
            if isinstance(s, Store):
                names.add(s.pointer.name)
            elif isinstance(s, Run):
                pairs = zip(s.args, parameters[s.procedure])
                names |= {a.name for a, to in pairs if isinstance(a, Name) and to in found[s.procedure]}
        found[p.name] = frozenset(names)
    return found


def alone(program: Loops, procedures: Sequence[Procedure]) -> dict[str, Names]:
    """The parameters of each procedure without aliases in any call, or that lead to memory that is only read.

    The arrays of a driver do not overlap.
    """
    stored, parameters = stored_through(procedures), _parameters(procedures)
    twice: dict[str, set[Names]] = {p.name: set() for p in procedures}  # parameters that may be the same array
    for part in program.parts:
        for body in (part.before, part.body):
            _calls(body, (), twice, parameters)
    for p in reversed(procedures):
        _calls(p.body, twice[p.name], twice, parameters)
    found = {}
    for p in procedures:
        unsafe = {n for pair in twice[p.name] if pair & stored[p.name] for n in pair}
        found[p.name] = frozenset(n.name for n in p.parameters if n.type == "reals" and n.name not in unsafe)
    return found


def _calls(body: Sequence[Statement], same: Iterable[Names], twice: Mapping[str, set[Names]], parameters: Mapping[str, list[str]]) -> None:
    """For every call, the parameters that may be the same array."""
    same = set(same)
    for s in statements_of(body):
        if isinstance(s, Each):
            same |= {frozenset((s.pointer, p.name)) for p in s.pointers}
        elif isinstance(s, Run):
            given = [(to, a) for a, to in zip(s.args, parameters[s.procedure]) if isinstance(a, Name) and a.type == "reals"]
            for k, (to, a) in enumerate(given):
                for other, b in given[:k]:
                    if a.name == b.name or frozenset((a.name, b.name)) in same:
                        twice[s.procedure].add(frozenset((to, other)))


def _parameters(procedures: Sequence[Procedure]) -> dict[str, list[str]]:
    return {p.name: [n.name for n in p.parameters] for p in procedures}


__all__ = ["alone", "stored_through"]
