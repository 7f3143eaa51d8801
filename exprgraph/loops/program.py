"""The typed loop program: immutable expressions and statements.

Scheduling and the reader of Python make it; printers read it.  Nothing has to be guessed: every expression has a type,
every loop has an axis, and every name that changes is declared as a variable.
:func:`exprgraph.loops.verify.verify` names the first fault of a program.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from .operations import OPERATIONS, type_of
from .types import Axis, Type

# ---------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True, repr=False)
class Constant:
    """A number as the text of Python's ``repr``: so -0.0 differs from 0.0, and NaN equals itself."""

    text: str
    type: Type

    @property
    def value(self) -> float | int | bool:
        """The number."""
        if self.type == "truth":
            return self.text == "True"
        return float(self.text) if self.type == "real" else int(self.text)

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, repr=False)
class Name:
    """A parameter, a variable or the index of a loop."""

    name: str
    type: Type

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, repr=False)
class Operation:
    """One of :data:`exprgraph.loops.operations.OPERATIONS` with arguments; :func:`operation` finds the type."""

    op: str
    args: tuple[Expression, ...]
    type: Type

    def __repr__(self) -> str:
        return _shown(self)


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """A call of a function of reals: of the program, or with ``library`` of C's mathematical library."""

    function: str
    args: tuple[Expression, ...]
    library: bool = False

    @property
    def type(self) -> Type:
        """The type of every function's value."""
        return "real"

    def __repr__(self) -> str:
        return _shown(self)


@dataclass(frozen=True, slots=True, repr=False)
class Load:
    """A number in memory."""

    pointer: Name
    at: Expression

    @property
    def type(self) -> Type:
        """The type of the numbers it points to."""
        return "real" if self.pointer.type == "reals" else "index"

    def __repr__(self) -> str:
        return _shown(self)


Expression = Union[Constant, Name, Operation, Call, Load]


def _shown(e: Operation | Call | Load) -> str:
    """An expression as people read it, however deep: its parts first."""
    done: list[str] = []
    pending: list[tuple[Expression, bool]] = [(e, False)]
    while pending:
        x, ready = pending.pop()
        if isinstance(x, (Constant, Name)):
            done.append(repr(x))
        elif ready:
            count = 1 if isinstance(x, Load) else len(x.args)
            parts = done[len(done) - count :]
            del done[len(done) - count :]
            done.append(_put_together(x, parts))
        else:
            pending.append((x, True))
            pending += [(a, False) for a in ((x.at,) if isinstance(x, Load) else reversed(x.args))]
    return done[0]


def _put_together(x: Operation | Call | Load, parts: list[str]) -> str:
    if isinstance(x, Load):
        return f"{x.pointer!r}[{parts[0]}]"
    if isinstance(x, Call):
        return f"{'math.' * x.library}{x.function}({', '.join(parts)})"
    symbol = OPERATIONS[x.op].symbol if x.op in OPERATIONS else x.op
    if symbol[0].isalpha() and symbol not in ("and", "or", "not"):
        return f"{symbol}({', '.join(parts)})"
    parts = [f"({p})" if isinstance(a, Operation) else p for a, p in zip(x.args, parts)]
    return f" {symbol} ".join(parts) if len(parts) > 1 else f"{symbol}{' ' * symbol.isalpha()}{parts[0]}"


def real(value: float) -> Constant:
    """A real number."""
    return Constant(repr(float(value)), "real")


def index(value: int) -> Constant:
    """An index; a negative one wraps around."""
    return Constant(str(value % 2**64), "index")


def bits(value: int) -> Constant:
    """Bits, as a signed integer."""
    return Constant(str(value), "bits")


def operation(op: str, *args: Expression) -> Operation:
    """An operation with arguments.

    Raises:
        LoopError: there is no such operation, or it does not take these.
    """
    return Operation(op, args, type_of(op, [a.type for a in args]))


# ---------------------------------------------------------------- statements


class Statement:
    """A statement."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n".join(lines_of([self]))


@dataclass(frozen=True, slots=True, repr=False)
class Let(Statement):
    """A name for a value; a procedure or function defines a name once."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True, repr=False)
class Variable(Statement):
    """A variable with its first value."""

    name: str
    start: Expression


@dataclass(frozen=True, slots=True, repr=False)
class Set(Statement):
    """A new value for a variable."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True, repr=False)
class Add(Statement):
    """A real added to a variable, an accumulator; in any order if the procedure may reassociate."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True, repr=False)
class Store(Statement):
    """A real written to memory; with ``add``, added to the number in memory."""

    pointer: Name
    at: Expression
    value: Expression
    add: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Loop(Statement):
    """A loop over an index from ``start`` to below ``stop``."""

    index: str
    axis: Axis
    start: Expression
    stop: Expression
    body: tuple[Statement, ...]
    step: int = 1


@dataclass(frozen=True, slots=True, repr=False)
class Branch(Statement):
    """One of two blocks."""

    test: Expression
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Switch(Statement):
    """The block for the value of an index; none if the value has no block."""

    on: Expression
    cases: tuple[tuple[int, tuple[Statement, ...]], ...]


@dataclass(frozen=True, slots=True, repr=False)
class Run(Statement):
    """A call of a procedure."""

    procedure: str
    args: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Each(Statement):
    """A loop over neighbouring arguments of the driver: ``pointer`` is each in turn, ``index`` counts from 0."""

    index: str
    pointer: str
    pointers: tuple[Name, ...]
    body: tuple[Statement, ...]


# ---------------------------------------------------------------- functions, procedures, programs


@dataclass(frozen=True, slots=True, repr=False)
class Function:
    """A pure function of reals: names for values, then the result.

    A function that the reader does not know has ``source``, Python that only Numba compiles, and no body; ``calls`` are
    the functions of the program that it calls.
    """

    name: str
    parameters: tuple[str, ...]
    body: tuple[Let, ...]
    result: Expression
    contract: bool = True
    doc: str = ""
    source: str = ""
    calls: tuple[str, ...] = ()

    def __repr__(self) -> str:
        head = f"function {self.name}({', '.join(self.parameters)}){'' if self.contract else ' uncontracted'}:"
        if self.source:
            return "\n".join([head, *(f"    {line}" for line in self.source.splitlines())])
        return "\n".join([head, *(f"    {x}" for x in [*lines_of(self.body), f"return {self.result!r}"])])


@dataclass(frozen=True, slots=True, repr=False)
class Procedure:
    """Statements on memory.  ``reassociate``: sums may be added in any order."""

    name: str
    parameters: tuple[Name, ...]
    body: tuple[Statement, ...]
    contract: bool = True
    reassociate: bool = False
    doc: str = ""

    def __repr__(self) -> str:
        flags = " reassociated" * self.reassociate + ("" if self.contract else " uncontracted")
        head = f"procedure {self.name}({', '.join(f'{p.name}: {p.type}' for p in self.parameters)}){flags}:"
        return "\n".join([head, *(f"    {x}" for x in lines_of(self.body))])


@dataclass(frozen=True, slots=True, repr=False)
class Part:
    """A part of the driver: work shared by all samples, or with ``samples`` a pass over blocks of samples.

    ``before`` runs once before the first block, and sets totals to 0.  In the body of a pass ``first`` is the index of the
    block's first sample, and ``n`` the number of its samples.
    """

    body: tuple[Statement, ...]
    samples: bool = False
    before: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Loops:
    """A whole program: ``kernels`` are the procedures made for it, ``library`` the functions and procedures they need.

    The driver's parameters are the arguments ``a0``, ``a1``, ...; the shared results ``o``, and results that differ by
    sample, such as ``o3``, the fourth (``results`` lists them); the workspaces ``w`` on lanes and ``s`` shared; the constants
    ``c``, the table of indices ``T``, the table ``STEPS`` with two indices per step; and ``samples``.
    """

    single: bool
    block: int
    arguments: int
    results: tuple[str, ...]
    functions: tuple[Function, ...]
    library: tuple[Procedure, ...]
    kernels: tuple[Procedure, ...]
    parts: tuple[Part, ...]

    def __repr__(self) -> str:
        real = "float32" if self.single else "float64"
        parts = [f"{real}, blocks of {self.block}, {self.arguments} arguments, results {', '.join(self.results)}"]
        parts += [repr(x) for x in (*self.functions, *self.library, *self.kernels)]
        for part in self.parts:
            head = f"pass over {self.block} samples at a time:" if part.samples else "once:"
            parts.append("\n".join([*lines_of(part.before), head, *(f"    {x}" for x in lines_of(part.body))]))
        return "\n\n".join(parts)

    def driver_names(self) -> tuple[Name, ...]:
        """The parameters of the driver, in order."""
        pointers = [f"a{k}" for k in range(self.arguments)] + [*self.results, "w", "s", "c"]
        tables = [Name(n, "indices") for n in ("T", "STEPS")]
        return (*(Name(n, "reals") for n in pointers), *tables, Name("samples", "index"))


def lines_of(body: tuple[Statement, ...] | list[Statement]) -> list[str]:
    """Statements as text, one per line; nested ones are indented."""
    out: list[str] = []
    for s in body:
        if isinstance(s, Let):
            out.append(f"{s.name} = {s.value!r}")
        elif isinstance(s, Variable):
            out.append(f"variable {s.name} = {s.start!r}")
        elif isinstance(s, Set):
            out.append(f"{s.name} := {s.value!r}")
        elif isinstance(s, Add):
            out.append(f"{s.name} += {s.value!r}")
        elif isinstance(s, Store):
            out.append(f"{s.pointer!r}[{s.at!r}] {'+=' if s.add else '='} {s.value!r}")
        elif isinstance(s, Run):
            out.append(f"{s.procedure}({', '.join(map(repr, s.args))})")
        else:
            for head, inner in _blocks(s):
                out.append(head)
                out += [f"    {line}" for line in lines_of(inner)]
    return out


def _blocks(s: Statement) -> list[tuple[str, tuple[Statement, ...]]]:
    """The blocks of a statement, each with the line before it."""
    if isinstance(s, Loop):
        axis = "" if s.axis == "plain" else f"{s.axis} "
        by = "" if s.step == 1 else f" by {s.step}"
        return [(f"for {axis}{s.index} from {s.start!r} to {s.stop!r}{by}:", s.body)]
    if isinstance(s, Each):
        return [(f"for {s.index}, {s.pointer} in {', '.join(map(repr, s.pointers))}:", s.body)]
    if isinstance(s, Branch):
        return [(f"if {s.test!r}:", s.then), *([("else:", s.otherwise)] if s.otherwise else [])]
    assert isinstance(s, Switch), s
    return [(f"case {s.on!r} == {k}:", body) for k, body in s.cases]


__all__ = [
    "Add", "Branch", "Call", "Constant", "Each", "Expression", "Function", "Let", "Load", "Loop", "Loops", "Name", "Operation", "Part",
    "Procedure", "Run", "Set", "Statement", "Store", "Switch", "Variable", "bits", "index", "lines_of", "operation", "real",
]  # fmt: skip
