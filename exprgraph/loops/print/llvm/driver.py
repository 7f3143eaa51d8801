"""The driver as functions: ``run`` executes all parts, ``part`` one of them; ``run_apart`` writes each result into its own array."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ...program import Each, Loops, Name, Part
from .builder import SSAValue
from .expressions import Functions
from .statements import StatementWriter

#: all parts: tables of the addresses of arguments and results, workspaces on lanes and shared, samples
ENTRY = "run"
#: one part: the same, then its number, and the range of samples of a pass
PART = "part"
#: all parts, for results that have an address each, even if for the others they lie one after another
APART = "run_apart"
#: the most addresses of arrays that the driver loads in advance; beyond, each is loaded at its use
AT_HAND = 64
#: the driver's names of the data, in the order of their addresses
DATA = ("c", "T", "STEPS")

_GIVEN = "ptr %arguments, ptr %results, ptr %w, ptr %s, i64 %samples"


class DriverWriter(StatementWriter):
    """The driver: its arrays are in tables of addresses, or at addresses known beforehand."""

    def __init__(self, functions: Functions, program: Loops, tables: Mapping[str, tuple[str, int]], known: Mapping[str, SSAValue]) -> None:
        """``tables`` has, for each array, the table and the index of its address; ``known`` the values of other names."""
        super().__init__(functions)
        self.block = self.builder.integer(program.block)
        self.tables = tables
        self.env |= known
        if len(self.tables) <= AT_HAND:
            for n in self.tables:
                self.env[n] = self.named(n)

    def address(self, table: str, at: SSAValue) -> SSAValue:
        """An entry of a table of addresses."""
        place = self.builder.here(f"getelementptr ptr, ptr {table}, {self.target.type_of('index')} {at.text}", "reals", False)
        return self.builder.here(f"load ptr, ptr {place.text}", "reals", False)

    def named(self, name: str) -> SSAValue:
        return self.env[name] if name in self.env else self.listed(name, self.builder.integer(self.tables[name][1]))

    def listed(self, name: str, at: SSAValue) -> SSAValue:
        """An array of the table of ``name``, by its index there."""
        return self.address(self.tables[name][0], at)

    def parts(self, program: Loops) -> None:
        """All parts, one after another."""
        for part in program.parts:
            self.part(part, self.builder.integer(0), self.env["samples"])

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
        """A loop over neighbours in a table of addresses; arrays elsewhere are between two such loops."""
        b = self.builder
        for first, pointers in self._neighbours(s.pointers):
            name = pointers[0].name
            if len(pointers) == 1:
                self.env[s.index], self.env[s.pointer] = b.integer(first), self.named(name)
                self.statements(s.body)
                continue
            b.open(b.integer(first), b.integer(first + len(pointers)), 1, "index", {})
            index = self.env[s.index] = b.loops[-1].index
            self.env[s.pointer] = self.listed(name, b.binary("add", index, b.integer(self.tables[name][1] - first)))
            self.statements(s.body)
            b.close({})

    def _neighbours(self, pointers: Sequence[Name]) -> Iterator[tuple[int, Sequence[Name]]]:
        """Runs of arrays that are neighbours in a table, each with the position of its first."""
        start = 0
        for k in range(1, len(pointers) + 1):
            table, at = self.tables.get(pointers[k - 1].name, ("", 0))
            if k == len(pointers) or not table or self.tables.get(pointers[k].name) != (table, at + 1):
                yield start, pointers[start:k]
                start = k


def _driver(functions: Functions, program: Loops, offsets: Sequence[int] = ()) -> DriverWriter:
    """The driver for this process, before its first part; with ``offsets``, the results lie behind one address."""
    tables = {f"a{k}": ("%arguments", k) for k in range(program.arguments)}
    tables |= {name: ("%results", 0 if offsets else k) for k, name in enumerate(program.results)}
    known = {n.name: SSAValue(f"%{n.name}", n.type, False, 0) for n in program.driver_names() if n.name not in (*DATA, *tables)}
    code = DriverWriter(functions, program, tables, known)
    for result, offset in zip(program.results, offsets):
        code.env[result] = code.builder.at(code.listed(result, code.builder.integer(0)), code.builder.integer(offset))
    for name in program.driver_names():
        if name.name in DATA:
            code.env[name.name] = code.address("@DATA", code.builder.integer(DATA.index(name.name)))._replace(kind=name.type)
    return code


def driver(functions: Functions, program: Loops, offsets: Sequence[int] = (), divided: bool = True) -> list[str]:
    """The text of ``run``, and of ``part`` where samples are ``divided`` among threads.

    With ``offsets``, they take all results behind one address, and there is ``run_apart``.
    """
    ways = [(ENTRY, offsets), *([(APART, ())] if offsets else [])]
    found = []
    for name, behind in ways:
        whole = _driver(functions, program, behind)
        whole.parts(program)
        functions.declared |= whole.builder.intrinsics
        found.append((f"@{name}({_GIVEN})", whole.builder.text()))
    if divided:
        found.append(_one_part(_driver(functions, program, offsets), functions, program))
    return [f"define void {head} #0 {{\nentry:\n{text}\n  ret void\n}}" for head, text in found]


def _one_part(one: DriverWriter, functions: Functions, program: Loops) -> tuple[str, str]:
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
    functions.declared |= b.intrinsics
    return f"@{PART}({_GIVEN}, i64 %index, i64 %start, i64 %stop)", b.text()


__all__ = ["APART", "AT_HAND", "DATA", "ENTRY", "PART", "DriverWriter", "driver"]
