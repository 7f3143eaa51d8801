"""A program with the data that it runs on: steps of the driver one by one, and sizes and offsets as numbers in the code.

Kernels read their sizes and offsets from a table, so that few of them need to be compiled.  Where code is printed for another
compiler, numbers in the code are better: it is shorter to read, loops have known lengths, and offsets known to differ need no
checks at run time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from .program import (
    Add,
    Branch,
    Constant,
    Each,
    Expression,
    Let,
    Load,
    Loop,
    Loops,
    Name,
    Operation,
    Part,
    Procedure,
    Run,
    Set,
    Statement,
    Store,
    Switch,
    Variable,
    index,
)
from .substitute import replaced
from .verify import parts_of
from .walk import expressions_of, statements_of

#: the most steps that are written one by one
STEPS = 400
#: the most statements of kernels that are written again for other numbers
REPEATED = 400

#: the names that kernels have for the table, and for the first entry of their part of it
_TABLE, _ENTRY = "T", Name("t", "index")


def specialised(program: Loops, table: Sequence[int], steps: Sequence[int]) -> Loops:
    """The program whose driver calls the kernels of its steps one by one, with the numbers from the table in their code.

    A kernel of few statements is written once for each set of numbers.  A larger one, or one of very many steps, has those that
    differ as parameters.  A program of too many steps stays as it is.

    Args:
        program: with a driver that runs the steps.
        table: the table of indices.
        steps: the kernel and the first entry in the table of each step.
    """
    if len(steps) > 2 * STEPS:
        return program
    parts = [p._replace(body=_unrolled(p.body, table, steps), before=_unrolled(p.before, table, steps)) for p in program.parts]
    kernels = {p.name: p for p in program.kernels}
    calls: dict[str, dict[int, None]] = defaultdict(dict)  # the entries of each kernel, in order
    for part in parts:
        for s in statements_of((*part.before, *part.body)):
            if isinstance(s, Run) and (kernel := kernels.get(s.procedure)) is not None and (entry := _entry(s, kernel)) is not None:
                calls[s.procedure][entry] = None
    plan = _plan({name: _Kernel.of(kernels[name], list(entries), table) for name, entries in calls.items()})
    made = [p for name in kernels if name in plan for p in plan[name].procedures]
    kept = [p for name, p in kernels.items() if name not in plan]
    return program._replace(kernels=(*kept, *made), parts=tuple(_called(p, plan) for p in parts))


def _unrolled(body: Sequence[Statement], table: Sequence[int], steps: Sequence[int]) -> tuple[Statement, ...]:
    """Statements with loops over the table of steps written out, also inside of loops over rounds, whose number is in the table."""
    out: list[Statement] = []
    for s in body:
        if not (isinstance(s, Loop) and len(s.body) == 3 and isinstance(s.body[2], Switch)):
            if isinstance(s, Loop) and isinstance(s.stop, Load) and s.stop.pointer.name == _TABLE and isinstance(s.stop.at, Constant):
                s = s._replace(stop=index(table[int(s.stop.at.text)]))
            out.append(_with_blocks(s, lambda inner: _unrolled(inner, table, steps)))
            continue
        code, entry, switch = s.body
        assert isinstance(code, Let) and isinstance(entry, Let) and isinstance(switch, Switch)
        cases = dict(switch.cases)
        assert isinstance(s.start, Constant) and isinstance(s.stop, Constant)
        for k in range(int(s.start.text), int(s.stop.text)):
            values: Mapping[str, Expression] = {entry.name: index(steps[2 * k + 1])}
            out += [_replaced(inner, values) for inner in cases[steps[2 * k]]]
    return tuple(out)


def _entry(run: Run, kernel: Procedure) -> int | None:
    """The entry in the table that a call of a kernel gives, if it is a number."""
    given = dict(zip(kernel.parameters, run.args)).get(_ENTRY)
    return int(given.text) if isinstance(given, Constant) else None


class _Kernel(NamedTuple):
    """A kernel, what it reads from the table at fixed places, and the numbers there for each of its entries."""

    procedure: Procedure
    names: tuple[str, ...]
    numbers: dict[int, tuple[int, ...]]

    @staticmethod
    def of(procedure: Procedure, entries: Sequence[int], table: Sequence[int]) -> _Kernel:
        """The kernel with the numbers of its entries."""
        read = {s.name: place for s in procedure.body if isinstance(s, Let) and (place := _place(s.value)) is not None}
        return _Kernel(procedure, tuple(read), {e: tuple(table[e + at] for at in read.values()) for e in entries})

    @property
    def different(self) -> list[tuple[int, ...]]:
        """The different sets of numbers."""
        return list(dict.fromkeys(self.numbers.values()))

    @property
    def statements(self) -> int:
        """The statements of one more such kernel."""
        return sum(1 for _ in statements_of(self.procedure.body)) - len(self.names)


def _place(e: Expression) -> int | None:
    """The place of a number that a kernel reads from its part of the table."""
    if not (isinstance(e, Load) and e.pointer.name == _TABLE):
        return None
    at = e.at
    if at == _ENTRY:
        return 0
    if isinstance(at, Operation) and at.op == "add" and len(at.args) == 2 and at.args[0] == _ENTRY and isinstance(at.args[1], Constant):
        return int(at.args[1].text)
    return None


class _Specialised(NamedTuple):
    """The procedures made of a kernel, and for each entry the call: its procedure, and the numbers it passes."""

    procedures: list[Procedure]
    calls: dict[int, tuple[str, tuple[int, ...]]]
    kernel: Procedure
    parameters: tuple[Name, ...]  # of the kernel, that are passed as before


def _plan(kernels: Mapping[str, _Kernel]) -> dict[str, _Specialised]:
    """What is made of each kernel: the small ones are written again first."""
    left = REPEATED
    plan = {}
    for name, k in sorted(kernels.items(), key=lambda item: (len(item[1].different) - 1) * item[1].statements):
        different = k.different
        cost = (len(different) - 1) * k.statements
        again = cost <= left
        left -= cost if again else 0
        groups = [[n] for n in different] if again else [different]
        procedures: list[Procedure] = []
        calls: dict[int, tuple[str, tuple[int, ...]]] = {}
        parameters: tuple[Name, ...] = ()
        for at, group in enumerate(groups):
            called = f"{name}_{at}" if len(groups) > 1 else name
            varying = [i for i in range(len(k.names)) if len({n[i] for n in group}) > 1]
            procedure, parameters = _written(k, called, group[0], varying)
            procedures.append(procedure)
            calls |= {e: (called, tuple(n[i] for i in varying)) for e, n in k.numbers.items() if n in group}
        plan[name] = _Specialised(procedures, calls, k.procedure, parameters)
    return plan


def _written(k: _Kernel, called: str, numbers: Sequence[int], varying: Sequence[int]) -> tuple[Procedure, tuple[Name, ...]]:
    """A kernel with numbers in its code; those that vary are parameters.  The second: its parameters before these."""
    fixed: dict[str, Expression] = {n: index(numbers[i]) for i, n in enumerate(k.names) if i not in varying}
    known = set(k.names)
    body = tuple(_replaced(s, fixed) for s in k.procedure.body if not (isinstance(s, Let) and s.name in known))
    read = {x.name for s in statements_of(body) for e in expressions_of(s) for x in parts_of(e) if isinstance(x, Name)}
    before = tuple(p for p in k.procedure.parameters if p != _ENTRY and (p.name != _TABLE or _TABLE in read))
    after = tuple(Name(k.names[i], "index") for i in varying)
    return k.procedure._replace(name=called, parameters=(*before, *after), body=body), before


def _called(part: Part, plan: Mapping[str, _Specialised]) -> Part:
    def block(body: Sequence[Statement]) -> tuple[Statement, ...]:
        return tuple(map(changed, body))

    def changed(s: Statement) -> Statement:
        if not isinstance(s, Run) or s.procedure not in plan:
            return _with_blocks(s, block)
        made = plan[s.procedure]
        entry = _entry(s, made.kernel)
        assert entry is not None
        called, numbers = made.calls[entry]
        given = dict(zip(made.kernel.parameters, s.args))
        return Run(called, (*(given[p] for p in made.parameters), *map(index, numbers)))

    return part._replace(body=block(part.body), before=block(part.before))


# ---------------------------------------------------------------- statements with numbers for names


def _with_blocks(s: Statement, changed: Callable[[Sequence[Statement]], tuple[Statement, ...]]) -> Statement:
    """A statement with changed blocks, such as the rounds of a loop."""
    if isinstance(s, (Loop, Each)):
        return s._replace(body=changed(s.body))
    if isinstance(s, Branch):
        return Branch(s.test, changed(s.then), changed(s.otherwise))
    if isinstance(s, Switch):
        return Switch(s.on, tuple((k, changed(b)) for k, b in s.cases))
    return s


def _replaced(s: Statement, values: Mapping[str, Expression]) -> Statement:
    """A statement with numbers for names, and sums and products of indices computed."""

    def e(x: Expression) -> Expression:
        return _folded(replaced(x, values))

    def block(body: Sequence[Statement]) -> tuple[Statement, ...]:
        return tuple(_replaced(inner, values) for inner in body)

    s = _with_blocks(s, block)
    if isinstance(s, (Let, Set, Add)):
        return s._replace(value=e(s.value))
    if isinstance(s, Variable):
        return s._replace(start=e(s.start))
    if isinstance(s, Store):
        return s._replace(at=e(s.at), value=e(s.value))
    if isinstance(s, Run):
        return s._replace(args=tuple(map(e, s.args)))
    if isinstance(s, Loop):
        return s._replace(start=e(s.start), stop=e(s.stop))
    if isinstance(s, Branch):
        return s._replace(test=e(s.test))
    return s._replace(on=e(s.on)) if isinstance(s, Switch) else s


def _folded(e: Expression) -> Expression:
    """An expression whose sums and products of indices are computed where they are known."""
    if isinstance(e, (Constant, Name)):
        return e
    if isinstance(e, Load):
        return e._replace(at=_folded(e.at))
    args = tuple(map(_folded, e.args))
    if not isinstance(e, Operation) or e.type != "index" or e.op not in ("add", "mul"):
        return e._replace(args=args)
    neutral = 0 if e.op == "add" else 1
    known, rest = neutral, list[Expression]()
    for a in args:
        if isinstance(a, Constant):
            known = known + int(a.text) if e.op == "add" else known * int(a.text)
        else:
            rest.append(a)
    known %= 2**64
    if not rest or (e.op == "mul" and known == 0):
        return index(known)
    if known != neutral:
        rest.insert(0, index(known))
    return rest[0] if len(rest) == 1 else Operation(e.op, tuple(rest), "index")


__all__ = ["REPEATED", "STEPS", "specialised"]
