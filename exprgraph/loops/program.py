"""The typed loop program: immutable expressions and statements.

Scheduling and the reader of Python make it; printers read it.  Nothing has to be guessed: every expression has a type,
every loop has an axis, and every name that changes is declared as a variable.
:func:`exprgraph.loops.verify.verify` names the first fault of a program.
"""

from __future__ import annotations

from typing import NamedTuple, Union, get_args

from .operations import OPERATIONS, type_of
from .types import Axis, Type

# ---------------------------------------------------------------- expressions


class Constant(NamedTuple):
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


class Name(NamedTuple):
    """A parameter, a variable or the index of a loop."""

    name: str
    type: Type

    def __repr__(self) -> str:
        return self.name


class Operation(NamedTuple):
    """One of :data:`exprgraph.loops.operations.OPERATIONS` with arguments; :func:`operation` finds the type."""

    op: str
    args: tuple[Expression, ...]
    type: Type

    def __repr__(self) -> str:
        return _shown(self)


class Call(NamedTuple):
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


class Load(NamedTuple):
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


class Let(NamedTuple):
    """A name for a value; a procedure or function defines a name once."""

    name: str
    value: Expression


class Variable(NamedTuple):
    """A variable with its first value."""

    name: str
    start: Expression


class Set(NamedTuple):
    """A new value for a variable."""

    name: str
    value: Expression


class Add(NamedTuple):
    """A real added to a variable, an accumulator; in any order if the procedure may reassociate."""

    name: str
    value: Expression


class Store(NamedTuple):
    """A real written to memory; with ``add``, added to the number in memory."""

    pointer: Name
    at: Expression
    value: Expression
    add: bool = False


class Loop(NamedTuple):
    """A loop over an index from ``start`` to below ``stop``."""

    index: str  # type: ignore[assignment]  # not that of tuples
    axis: Axis
    start: Expression
    stop: Expression
    body: tuple[Statement, ...]
    step: int = 1


class Branch(NamedTuple):
    """One of two blocks."""

    test: Expression
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...] = ()


class Switch(NamedTuple):
    """The block for the value of an index; none if the value has no block."""

    on: Expression
    cases: tuple[tuple[int, tuple[Statement, ...]], ...]


class Run(NamedTuple):
    """A call of a procedure."""

    procedure: str
    args: tuple[Expression, ...]


class Each(NamedTuple):
    """A loop over neighbouring arguments of the driver: ``pointer`` is each in turn, ``index`` counts from 0."""

    index: str  # type: ignore[assignment]  # not that of tuples
    pointer: str
    pointers: tuple[Name, ...]
    body: tuple[Statement, ...]


Statement = Union[Let, Variable, Set, Add, Store, Loop, Branch, Switch, Run, Each]


# ---------------------------------------------------------------- functions, procedures, programs


class Function(NamedTuple):
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


class Procedure(NamedTuple):
    """Statements on memory.

    ``reassociate``: sums may be added in any order.
    """

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


class Part(NamedTuple):
    """A part of the driver: work shared by all samples, or with ``samples`` a pass over blocks of samples.

    ``before`` runs once before the first block, and sets totals to 0.  In the body of a pass ``first`` is the index of the
    block's first sample, and ``n`` the number of its samples.
    """

    body: tuple[Statement, ...]
    samples: bool = False
    before: tuple[Statement, ...] = ()


class Loops(NamedTuple):
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


def _same(a: tuple[object, ...], b: object) -> bool:
    return type(a) is type(b) and tuple.__eq__(a, b)


def _differ(a: tuple[object, ...], b: object) -> bool:
    return not _same(a, b)


def _hash(a: tuple[object, ...]) -> int:
    return hash((type(a), tuple.__hash__(a)))


def _lines(s: Statement) -> str:
    return "\n".join(lines_of([s]))


# named tuples are made quickly, and one of another class with the same parts is another thing
for _class in (*get_args(Expression), *get_args(Statement), Function, Procedure, Part, Loops):
    for _method, _function in (("__eq__", _same), ("__ne__", _differ), ("__hash__", _hash)):
        setattr(_class, _method, _function)
for _class in get_args(Statement):
    _class.__repr__ = _lines


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
