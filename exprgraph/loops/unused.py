"""Removal of names that nothing reads; compilers warn of them."""

from __future__ import annotations

from collections.abc import Iterable

from .program import (
    Add,
    Branch,
    Each,
    Expression,
    Function,
    Let,
    Loop,
    Loops,
    Name,
    Part,
    Procedure,
    Run,
    Set,
    Statement,
    Store,
    Switch,
    Variable,
)
from .verify import parts_of

Body = tuple[Statement, ...]


def without_unused(body: Body, results: Iterable[Expression] = ()) -> Body:
    """Statements without values that no store, no branch and none of ``results`` depends on."""
    found = _Reading()
    names = found.block(body, {})
    for e in results:
        found.needed |= found.of(e, names)
    found.follow()
    return _without(body, found)


def used(program: Loops) -> Loops:
    """A program whose functions, procedures and parts are without them."""

    def procedure(p: Procedure) -> Procedure:
        return p._replace(body=without_unused(p.body))

    def function(f: Function) -> Function:
        return f._replace(body=tuple(s for s in without_unused(f.body, [f.result]) if isinstance(s, Let)))

    def part(p: Part) -> Part:
        return p._replace(body=without_unused(p.body), before=without_unused(p.before))

    return program._replace(
        functions=tuple(map(function, program.functions)),
        library=tuple(map(procedure, program.library)),
        kernels=tuple(map(procedure, program.kernels)),
        parts=tuple(map(part, program.parts)),
    )


class _Reading:
    """Every name that is given in a body, by a number in order; which are read for what is kept."""

    def __init__(self) -> None:
        self.count = 0
        self.reads: dict[int, set[int]] = {}  # the names in the value of each
        self.needed: set[int] = set()
        self.declared: list[int] = []  # by each Let, Variable, Set and Add, in order

    def of(self, e: Expression, names: dict[str, int]) -> set[int]:
        return {names[x.name] for x in parts_of(e) if isinstance(x, Name) and x.name in names}

    def block(self, body: Body, outer: dict[str, int]) -> dict[str, int]:
        names = dict(outer)
        for s in body:
            if isinstance(s, (Let, Variable)):
                value = self.of(s.value if isinstance(s, Let) else s.start, names)
                names[s.name] = self.count
                self.reads[self.count] = value
                self.declared.append(self.count)
                self.count += 1
            elif isinstance(s, (Set, Add)):
                self.reads[names[s.name]] |= self.of(s.value, names)
                self.declared.append(names[s.name])
            else:
                self._effect(s, names)
        return names

    def _effect(self, s: Statement, names: dict[str, int]) -> None:
        if isinstance(s, Store):
            self.needed |= self.of(s.at, names) | self.of(s.value, names)
        elif isinstance(s, Run):
            self.needed = self.needed.union(*(self.of(a, names) for a in s.args))
        elif isinstance(s, Loop):
            self.needed |= self.of(s.start, names) | self.of(s.stop, names)
            self.block(s.body, names)
        elif isinstance(s, Branch):
            self.needed |= self.of(s.test, names)
            self.block(s.then, names)
            self.block(s.otherwise, names)
        elif isinstance(s, Switch):
            self.needed |= self.of(s.on, names)
            for _, body in s.cases:
                self.block(body, names)
        elif isinstance(s, Each):
            self.block(s.body, names)

    def follow(self) -> None:
        """The transitive closure of the needed names."""
        pending = list(self.needed)
        while pending:
            for k in self.reads[pending.pop()] - self.needed:
                self.needed.add(k)
                pending.append(k)
        self.declared.reverse()


def _without(body: Body, found: _Reading) -> Body:
    """The statements that are kept; they are met in the order in which they were read."""
    out: list[Statement] = []
    for s in body:
        if isinstance(s, (Let, Variable, Set, Add)):
            if found.declared.pop() in found.needed:
                out.append(s)
        elif isinstance(s, (Loop, Each)):
            out.append(s._replace(body=_without(s.body, found)))
        elif isinstance(s, Branch):
            then = _without(s.then, found)
            out.append(Branch(s.test, then, _without(s.otherwise, found)))
        elif isinstance(s, Switch):
            out.append(Switch(s.on, tuple((k, _without(b, found)) for k, b in s.cases)))
        else:
            out.append(s)
    return tuple(out)


__all__ = ["used", "without_unused"]
