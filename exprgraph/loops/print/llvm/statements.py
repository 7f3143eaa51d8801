"""Statements as LLVM instructions: loops over lanes and over neighbours become loops over vectors."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

from ...abreast import Abreast, Item, abreast
from ...errors import LoopError
from ...program import Add, Branch, Each, Let, Loop, Name, Procedure, Run, Set, Statement, Store, Switch, Variable
from ...walk import statements_of
from .builder import LLVMTarget, SSAValue
from .expressions import ExpressionWriter, Functions
from .tiles import TILES


class StatementWriter(ExpressionWriter):
    """The statements of one procedure, or of the driver."""

    _existing: SSAValue | None = None  # the existing lanes in a loop over vectors that accumulates
    _in_lanes = False  # inside of a loop over vectors, whose variables hold a number for each lane

    def statements(self, body: Iterable[Item]) -> None:
        """A block of statements."""
        for s in body:
            if isinstance(s, Abreast):
                self.side_by_side(s)
            elif isinstance(s, Let):
                self.env[s.name] = self.value(s.value)
            elif isinstance(s, Variable):
                self.env[s.name] = self._whole(self.value(s.start))
            elif isinstance(s, Set):
                self.env[s.name] = self._whole(self.value(s.value))
            elif isinstance(s, Add):
                self._add(s)
            elif isinstance(s, Store):
                self._store(s)
            elif isinstance(s, Loop):
                self._loop(s)
            elif isinstance(s, Run):
                given = [self.value(a) for a in s.args]
                listed = ", ".join(f"{self.target.type_of(v.kind)} {v.text}" for v in given)
                self.builder.do(f"call void @{self.functions.mark}{s.procedure}({listed})")
            elif isinstance(s, Branch):
                self._branch(s)
            elif isinstance(s, Switch):
                self._switch(s)
            else:
                assert isinstance(s, Each), s
                self._each(s)

    def _add(self, s: Add) -> None:
        value, before = self.value(s.value), self.env[s.name]
        new = self._whole(self.arithmetic("fadd", before, value))
        self.env[s.name] = new if self._existing is None else self.builder.select(self._existing, new, before)

    def _whole(self, v: SSAValue) -> SSAValue:
        """The value of a variable: a vector in a loop over vectors."""
        return self.builder.wide(v) if self._in_lanes and v.kind == "real" else v

    def _store(self, s: Store) -> None:
        b = self.builder
        value, pointer, index = self.value(s.value), self.value(s.pointer), self.value(s.at)
        if index.kind == "places":
            for lane, at in enumerate(b.elements(pointer, index)):
                b.store(b.lane(value, lane) if value.vector else value, at)
            return
        at = b.at(pointer, index)
        vector = index.kind == "lane"
        if s.add:
            value = self.arithmetic("fadd", b.load(at, vector, self.mask if vector else None), value)
        b.store(b.wide(value) if vector else value, at, self.mask if vector else None)

    # -- loops

    def _loop(self, s: Loop) -> None:
        start, stop = self.value(s.start), self.value(s.stop)
        changed = self._changed(s.body)
        if s.axis == "anywhere" and self.target.lanes > 1:
            self._anywhere(s, start, stop)
        elif s.axis in ("plain", "anywhere"):
            self._rounds(s, start, stop, changed)
        elif s.axis == "lanes" or self.target.partial or self.target.lanes == 1:
            self._vectors(s, start, stop, changed, s.axis == "neighbours")
        else:
            whole = self.builder.whole(stop, self.target.lanes, start)
            self._vectors(s, start, whole, changed, False)
            self._rounds(s, whole, stop, {n: self.env[n] for n in changed})

    def _rounds(self, s: Loop, start: SSAValue, stop: SSAValue, changed: Mapping[str, SSAValue]) -> None:
        """A loop over numbers, one after another."""
        b = self.builder
        self.env.update(b.open(start, stop, s.step, "index", dict(changed)))
        self.env[s.index] = b.loops[-1].index
        self.statements(s.body)
        self.env.update(b.close({n: self.env[n] for n in changed}))

    def _changed(self, body: Sequence[Statement]) -> dict[str, SSAValue]:
        """Variables that exist before some statements and change in them."""
        found = {s.name for s in statements_of(body) if isinstance(s, (Set, Add))}
        found -= {s.name for s in statements_of(body) if isinstance(s, Variable)}
        return {n: self.env[n] for n in sorted(found)}

    def _vectors(self, s: Loop, start: SSAValue, stop: SSAValue, sums: Mapping[str, SSAValue], masked: bool) -> None:
        """A loop over vectors of neighbouring elements.

        Rows of lanes have room for whole vectors, so lanes behind the last sample are computed too, but not
        accumulated.  Of other neighbours, none behind the last is accessed: a range that may end inside of a vector is
        ``masked``.
        """
        b = self.builder
        zero = b.wide(b.real(0.0))
        self.env.update(b.open(start, stop, self.target.lanes, "lane", dict.fromkeys(sums, zero)))
        self.env[s.index] = index = b.loops[-1].index
        ends_inside = self.target.lanes > 1 and (masked or (s.axis == "lanes" and sums))
        existing = b.below(index, stop) if ends_inside else None
        self.mask = existing if masked else None
        self._existing, self._in_lanes = existing if sums else None, True
        self.statements(s.body)
        self.mask, self._existing, self._in_lanes = None, None, False
        for n, v in b.close({n: self.env[n] for n in sums}).items():
            self.env[n] = b.binary("fadd contract", sums[n], b.total(v))

    def _anywhere(self, s: Loop, start: SSAValue, stop: SSAValue) -> None:
        """A loop over vectors of elements anywhere; the last vector ends with the last element, and may repeat some."""
        b = self.builder
        last = b.binary("sub", stop, b.integer(self.target.lanes))
        b.open(start, stop, self.target.lanes, "index", {})
        index = b.loops[-1].index
        self.env[s.index] = b.select(b.binary("icmp ult", index, last, "truth"), index, last)._replace(kind="lane")
        self._in_lanes = True
        self.statements(s.body)
        self._in_lanes = False
        b.close({})

    def _each(self, s: Each) -> None:
        raise LoopError(f"{', '.join(p.name for p in s.pointers)}: only the driver knows which arrays are neighbours")

    # -- branches

    def _branch(self, s: Branch) -> None:
        b = self.builder
        test = self.value(s.test)
        ways = {b.label("then"): s.then, b.label("otherwise"): s.otherwise}
        yes, no = ways
        b.do(f"br i1 {test.text}, label %{yes}, label %{no}")
        self._ways(ways, b.label("joined"), ())

    def _switch(self, s: Switch) -> None:
        b = self.builder
        on, after = self.value(s.on), b.label("next")
        ways = {b.label("step"): body for _, body in s.cases}
        t = self.target.type_of("index")
        listed = " ".join(f"{t} {k}, label %{label}" for (k, _), label in zip(s.cases, ways))
        b.do(f"switch {t} {on.text}, label %{after} [ {listed} ]")
        self._ways(ways, after, (b.block,))

    def _ways(self, ways: Mapping[str, Sequence[Statement]], after: str, past: Sequence[str]) -> None:
        """The blocks of each branch, then the variables after all of them; from blocks in ``past`` they come unchanged."""
        b = self.builder
        before = self._changed([s for body in ways.values() for s in body])
        came = {n: [(v, label) for label in past] for n, v in before.items()}
        known = dict(b.known[-1])
        for label, body in ways.items():
            b.start(label)
            self.statements(body)
            for n, v in before.items():
                came[n].append((self.env[n], b.block))
                self.env[n] = v
            b.do(f"br label %{after}")
            b.known[-1] = dict(known)  # other branches, and the code after them, do not have the values of a branch
        b.start(after)
        for n, v in before.items():
            listed = ", ".join(f"[ {x.text}, %{label} ]" for x, label in came[n])
            self.env[n] = b.here(f"phi {self.target.type_of(v.kind)} {listed}", v.kind, False)


def parameters(given: Sequence[Name], target: LLVMTarget) -> str:
    """The parameters of a function of the code."""
    return ", ".join(f"{target.type_of(p.type)} %{p.name}" for p in given)


def procedure(functions: Functions, p: Procedure, alone: Container[str] = (), linkage: str = "internal") -> str:
    """The text of a procedure: its statements, or tiles with the same effect; the arrays that ``alone`` names overlap no other."""
    tile = TILES.get(p.name)
    body = abreast(p.body, functions.target.lanes, functions.work, alone)
    often = frozenset[str]() if tile else functions.often(body)
    code = StatementWriter(functions, often, p.contract)
    given = [SSAValue(f"%{n.name}", n.type, False, 0) for n in p.parameters]
    if tile:
        tile(code.builder, *given)
    else:
        code.env = {n.name: v for n, v in zip(p.parameters, given)}
        code.statements(body)
    functions.declared |= code.builder.intrinsics
    head = f"define {linkage} void @{functions.mark}{p.name}({parameters(p.parameters, functions.target)}) #0"
    return f"{head} {{\nentry:\n{code.builder.text()}\n  ret void\n}}"


__all__ = ["StatementWriter", "parameters", "procedure"]
