"""The driver as functions: ``run`` executes all parts, ``part`` one of them; a file has one that executes all."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import LoopError
from ...program import Each, Loops, Part
from .builder import SSAValue
from .expressions import Functions
from .statements import StatementWriter

#: all parts: tables of the addresses of arguments and results, workspaces on lanes and shared, samples
ENTRY = "run"
#: one part: the same, then its number, and the range of samples of a pass
PART = "part"
#: the most addresses of arrays that the driver loads in advance; beyond, each is loaded at its use
AT_HAND = 64
#: the driver's names of the data, in the order of their addresses
DATA = ("c", "T", "STEPS")

_GIVEN = "ptr %arguments, ptr %results, ptr %w, ptr %s, i64 %samples"
#: the number of samples as a caller passes it, if an index is shorter
_LONG = "samples.long"


class _DriverWriter(StatementWriter):
    """The driver: its arrays are in tables of addresses, except for data that are constants of the module."""

    def __init__(self, functions: Functions, program: Loops, constants: Mapping[str, str] | None = None) -> None:
        super().__init__(functions)
        self.block = self.builder.integer(program.block)
        #: for each array of the caller, the table and the index of its address
        self.tables = {f"a{k}": ("%arguments", k) for k in range(program.arguments)}
        self.tables |= {name: ("%results", k) for k, name in enumerate(program.results)}
        for name in program.driver_names():
            if constants is not None and name.name in constants:
                self.env[name.name] = SSAValue(constants[name.name], name.type, False, 0)
            elif name.name in DATA:
                self.env[name.name] = self._address("@DATA", str(DATA.index(name.name)))._replace(kind=name.type)
            elif name.name not in self.tables:
                self.env[name.name] = SSAValue(f"%{name.name}", name.type, False, 0)
        if len(self.tables) <= AT_HAND:
            for n in self.tables:
                self.env[n] = self.named(n)

    def _address(self, table: str, at: str) -> SSAValue:
        place = self.builder.here(f"getelementptr ptr, ptr {table}, {self.target.type_of('index')} {at}", "reals", False)
        return self.builder.here(f"load ptr, ptr {place.text}", "reals", False)

    def named(self, name: str) -> SSAValue:
        if name in self.env:
            return self.env[name]
        table, k = self.tables[name]
        return self._address(table, str(k))

    def part(self, part: Part, start: SSAValue, stop: SSAValue) -> None:
        """One part; a pass over samples runs from ``start`` to ``stop``."""
        b = self.builder
        self.statements(part.before)
        if not part.samples:
            self.statements(part.body)
            return
        b.open(start, stop, int(self.block.text), "index", {})
        first = self.env["first"] = b.loops[-1].index
        left = b.binary("sub", stop, first)
        self.env["n"] = b.select(b.binary("icmp ult", self.block, left, "truth"), self.block, left)
        self.statements(part.body)
        b.close({})

    def _each(self, s: Each) -> None:
        """A loop over neighbours in a table of addresses."""
        b = self.builder
        table, first = self.tables[s.pointers[0].name]
        if [self.tables.get(p.name) for p in s.pointers] != [(table, first + k) for k in range(len(s.pointers))]:
            raise LoopError(f"the driver: {', '.join(p.name for p in s.pointers)} are no neighbours")
        b.open(b.integer(0), b.integer(len(s.pointers)), 1, "index", {})
        index = self.env[s.index] = b.loops[-1].index
        self.env[s.pointer] = self._address(table, b.binary("add", index, b.integer(first)).text)
        self.statements(s.body)
        b.close({})

    def parts(self, program: Loops) -> None:
        """All parts, one after another."""
        for part in program.parts:
            self.part(part, self.builder.integer(0), self.env["samples"])


def exported(functions: Functions, program: Loops, name: str, constants: Mapping[str, str], export: str) -> str:
    """The text of the function for callers of a file; ``constants`` has the data, as globals of the module.

    ``export`` is what LLVM writes before its type, if a file has to say that it is for others.
    """
    code = _DriverWriter(functions, program, constants)
    b = code.builder
    given = _GIVEN
    if b.target.index < 64:
        given = _GIVEN.replace("samples", _LONG)
        b.do(f"%samples = trunc i64 %{_LONG} to {b.target.type_of('index')}")
    code.parts(program)
    functions.declared |= b.intrinsics
    return f"define {export}void @{name}({given}) #0 {{\nentry:\n{b.text()}\n  ret void\n}}"


def driver(functions: Functions, program: Loops) -> list[str]:
    """The text of ``run`` and of ``part``."""
    whole = _DriverWriter(functions, program)
    whole.parts(program)
    one = _DriverWriter(functions, program)
    b = one.builder
    labels = [b.label("part") for _ in program.parts]
    listed = " ".join(f"i64 {k}, label %{label}" for k, label in enumerate(labels))
    b.do(f"switch i64 %index, label %done [ {listed} ]")
    start, stop = (SSAValue(f"%{n}", "index", False, 0) for n in ("start", "stop"))
    known = dict(b.known[0])
    for part, label in zip(program.parts, labels):
        b.start(label)
        one.part(part, start, stop)
        b.do("br label %done")
        b.known[0] = dict(known)  # one part does not have the values of another
    b.start("done")
    functions.declared |= whole.builder.intrinsics | b.intrinsics
    heads = (f"@{ENTRY}({_GIVEN})", f"@{PART}({_GIVEN}, i64 %index, i64 %start, i64 %stop)")
    texts = (whole.builder.text(), b.text())
    return [f"define void {head} #0 {{\nentry:\n{text}\n  ret void\n}}" for head, text in zip(heads, texts)]


__all__ = ["AT_HAND", "DATA", "ENTRY", "PART", "driver", "exported"]
