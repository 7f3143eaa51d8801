"""LLVM instructions as text, in SSA form, while they are emitted.

The builder does the work of two optimisations: an instruction that was emitted before, in a scope that is still open, is
reused, and a loop invariant is hoisted.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple, Union

import numpy as np

from ... import target

Lines = list[Union[str, "Lines"]]

_FUSIBLE = "fmul contract "
_TYPES = {"truth": "i1", "reals": "ptr", "indices": "ptr"}
_INDICES = ("index", "lane")


class SSAValue(NamedTuple):
    """A value of generated code.

    ``kind`` is its type in the loop program, or ``lane``: the index of the first of a vector of neighbouring elements, or
    ``places``: the index of each of a vector of elements anywhere (:meth:`Builder.elements`).
    """

    text: str
    kind: str
    vector: bool
    level: int  # the number of open loops at its definition


@dataclass(frozen=True)
class LLVMTarget(target.Target):
    """A target, and the spelling of its types and numbers in LLVM."""

    #: whether LLVM fuses where the machine can; if it cannot, LLVM would still fuse what it computes from literals
    fuses: bool = True

    @property
    def real(self) -> str:
        return "double" if self.bits == 64 else "float"

    @property
    def vector(self) -> str:
        return f"<{self.lanes} x {self.real}>"

    @property
    def suffix(self) -> str:
        """The vector type in names of intrinsics."""
        return f"v{self.lanes}f{self.bits}"

    @property
    def mask(self) -> str:
        return f"<{self.lanes} x i1>"

    def type_of(self, kind: str, vector: bool = False) -> str:
        """The type of a value of some kind; other names are LLVM's types."""
        widths = {"bits": self.bits, "index": self.index, "lane": self.index}
        scalar = self.real if kind == "real" else f"i{widths[kind]}" if kind in widths else _TYPES.get(kind, kind)
        return f"<{self.lanes} x {scalar}>" if vector else scalar

    def number(self, value: float) -> str:
        """An exact literal: LLVM writes a float as the double of the same value."""
        if self.bits == 32:
            with np.errstate(over="ignore"):  # numbers too large for a float32 become infinite
                value = float(np.float32(value))
        return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"

    def splat(self, text: str, kind: str) -> str:
        """A vector of equal literals."""
        t = self.type_of(kind)
        return "<" + ", ".join([f"{t} {text}"] * self.lanes) + ">"


@dataclass(frozen=True)
class OpenLoop:
    """An open loop."""

    label: str
    index: SSAValue
    end: SSAValue
    step: int
    before: Lines  # hoisted instructions
    phis: Lines
    came_from: str
    carried: dict[str, tuple[str, SSAValue]]  # the initial value of each carried variable, by name


class Builder:
    """The instructions of one function."""

    def __init__(self, target: LLVMTarget) -> None:
        self.target = target
        self.lines: Lines = []
        self.loops: list[OpenLoop] = []
        self.known: list[dict[str, SSAValue]] = [{}]
        self.numbers: Iterator[int] = count()
        self.block = "entry"
        self.intrinsics: set[str] = set()
        self.displaced: dict[str, tuple[SSAValue, SSAValue]] = {}  # by the name of an index: another, and the number added to it
        self._places: dict[str, tuple[SSAValue, list[SSAValue]]] = {}  # by name: an index, and what is added to it for each lane
        #: the flags of products and sums that may be contracted
        self.products: dict[str, tuple[Lines, int]] = {}

    @property
    def level(self) -> int:
        return len(self.loops)

    def name(self) -> str:
        return f"%v{next(self.numbers)}"

    def label(self, what: str) -> str:
        return f"{what}{next(self.numbers)}"

    def start(self, label: str) -> None:
        self.lines.append(f"{label}:")
        self.block = label

    # -- values

    def pure(self, code: str, kind: str, vector: bool, *operands: SSAValue) -> SSAValue:
        """The result of a pure instruction, hoisted as far as its operands allow."""
        level = max((o.level for o in operands), default=0)
        found = self.known[level].get(code)
        if found is not None:
            return found
        value = SSAValue(self.name(), kind, vector, level)
        where = self.lines if level == self.level else self.loops[level].before
        if code.startswith(_FUSIBLE):
            self.products[value.text] = where, len(where)
        where.append(f"  {value.text} = {code}")
        self.known[level][code] = value
        return value

    def round_apart(self, v: SSAValue) -> None:
        """Round a product separately, so that its user is not contracted with it."""
        found = self.products.pop(v.text, None)
        if found is not None:
            where, at = found
            line = where[at]
            assert isinstance(line, str)
            where[at] = line.replace(_FUSIBLE, "fmul ", 1)

    def here(self, code: str, kind: str, vector: bool) -> SSAValue:
        """The result of an instruction that reads memory, which is not hoisted."""
        value = SSAValue(self.name(), kind, vector, self.level)
        self.lines.append(f"  {value.text} = {code}")
        return value

    def require(self, test: SSAValue, otherwise: str) -> None:
        """Continue if it is true, else at a label."""
        here = self.label("held")
        self.do(f"br i1 {test.text}, label %{here}, label %{otherwise}")
        self.start(here)

    def do(self, code: str) -> None:
        self.lines.append(f"  {code}")

    def real(self, value: float) -> SSAValue:
        return SSAValue(self.target.number(value), "real", False, 0)

    def integer(self, value: int, kind: str = "index") -> SSAValue:
        if kind in _INDICES:
            half = 1 << (self.target.index - 1)
            value = (value + half) % (2 * half) - half  # as LLVM writes it: with a sign
        return SSAValue(str(value), kind, False, 0)

    def is_literal(self, v: SSAValue) -> bool:
        return not v.text.startswith("%")

    def wide(self, v: SSAValue) -> SSAValue:
        """A scalar in every lane."""
        if v.vector or self.target.lanes == 1:
            return v
        if self.is_literal(v):
            return SSAValue(self.target.splat(v.text, v.kind), v.kind, True, 0)
        t, wide = self.target.type_of(v.kind), self.target.type_of(v.kind, True)
        one = self.pure(f"insertelement {wide} poison, {t} {v.text}, i64 0", v.kind, True, v)
        zeros = f"<{self.target.lanes} x i32> zeroinitializer"
        return self.pure(f"shufflevector {wide} {one.text}, {wide} poison, {zeros}", v.kind, True, one)

    def row(self, values: Sequence[SSAValue]) -> SSAValue:
        """Scalars in the lanes of a vector; the first is repeated in the lanes that are left."""
        kind, wide = values[0].kind, self.target.type_of(values[0].kind, True)
        values = [*values, *[values[0]] * (self.target.lanes - len(values))]
        if all(v.text == values[0].text for v in values):
            return self.wide(values[0])
        t, made = self.target.type_of(kind), SSAValue("poison", kind, True, 0)
        for lane, v in enumerate(values):
            made = self.pure(f"insertelement {wide} {made.text}, {t} {v.text}, i64 {lane}", kind, True, made, v)
        return made

    def lane(self, v: SSAValue, lane: int) -> SSAValue:
        """A lane of a vector."""
        return self.pure(f"extractelement {self.target.type_of(v.kind, True)} {v.text}, i64 {lane}", v.kind, False, v)

    def of_one_width(self, *values: SSAValue) -> tuple[list[SSAValue], bool]:
        """Operands all scalar, or all vectors."""
        vector = any(v.vector for v in values)
        return ([self.wide(v) for v in values] if vector else list(values)), vector

    def binary(self, op: str, a: SSAValue, b: SSAValue, kind: str | None = None) -> SSAValue:
        (a, b), vector = self.of_one_width(a, b)
        t = self.target.type_of(a.kind, vector)
        return self.pure(f"{op} {t} {a.text}, {b.text}", kind or a.kind, vector, a, b)

    def sum(self, *indices: SSAValue) -> SSAValue:
        """A sum of indices from left to right."""
        total = indices[0]
        for v in indices[1:]:
            total = self.binary("add", total, v)
        return total

    def times(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """A product of indices."""
        return self.binary("mul", a, b)

    def whole(self, n: SSAValue, step: int, start: SSAValue | None = None) -> SSAValue:
        """The end of the last complete step of a range."""
        first = start or self.integer(0)
        left = self.binary("sub", n, first)
        return self.binary("add", first, self.binary("sub", left, self.binary("urem", left, self.integer(step))))

    def unary(self, op: str, a: SSAValue) -> SSAValue:
        return self.pure(f"{op} {self.target.type_of(a.kind, a.vector)} {a.text}", a.kind, a.vector, a)

    def intrinsic(self, name: str, *args: SSAValue) -> SSAValue:
        """``llvm.name`` of reals."""
        values, vector = self.of_one_width(*args)
        t = self.target.type_of("real", vector)
        full = f"llvm.{name}." + (self.target.suffix if vector else f"f{self.target.bits}")
        self.intrinsics.add(f"declare {t} @{full}({', '.join([t] * len(args))})")
        listed = ", ".join(f"{t} {v.text}" for v in values)
        return self.pure(f"call {t} @{full}({listed})", "real", vector, *values)

    def fused(self, a: SSAValue, b: SSAValue, c: SSAValue) -> SSAValue:
        """a*b + c with one rounding where the machine has an instruction for that, else with two: never a call of C's library."""
        return self.intrinsic("fmuladd", a, b, c) if self.target.fuses else self.binary("fadd", self.binary("fmul", a, b), c)

    def select(self, test: SSAValue, a: SSAValue, b: SSAValue) -> SSAValue:
        (a, b), vector = self.of_one_width(a, b)
        if test.vector and not vector:
            a, b, vector = self.wide(a), self.wide(b), True
        t = self.target.type_of(a.kind, vector)
        c = self.target.type_of("truth", test.vector)
        return self.pure(f"select {c} {test.text}, {t} {a.text}, {t} {b.text}", a.kind, vector, test, a, b)

    # -- memory

    def at(self, pointer: SSAValue, index: SSAValue) -> SSAValue:
        t = self.target.type_of("real")
        if index.text in self.displaced:  # from one address that moves with the loop, for any number of loads
            pointer, index = self.at(pointer, self.displaced[index.text][0]), self.displaced[index.text][1]
        code = f"getelementptr {t}, ptr {pointer.text}, {self.target.type_of('index')} {index.text}"
        return self.pure(code, "reals", False, pointer, index)

    def displacement(self, index: SSAValue, by: SSAValue) -> SSAValue:
        """The index of neighbours at a known distance."""
        far = self.binary("add", by._replace(kind="index"), index._replace(kind="index"))._replace(kind="lane")
        if self.is_literal(by):
            self.displaced[far.text] = index, by
        return far

    def places(self, op: str, a: SSAValue, b: SSAValue) -> SSAValue:
        """A sum of indices, or a multiple of one, of which at least one differs between lanes."""
        if op == "mul":
            moving, by = (b, a) if b.kind in ("lane", "places") else (a, b)
            first, apart = self._by_lane(moving)
            return self._named_places(self.times(first, by), [by if k.text == "1" else self.times(k, by) for k in apart])
        first, apart = self._by_lane(a)
        more, further = self._by_lane(b)
        return self._named_places(self._plus(first, more), [self._plus(x, y) for x, y in zip(apart, further)])

    def _plus(self, a: SSAValue, b: SSAValue) -> SSAValue:
        return b if a.text == "0" else a if b.text == "0" else self.binary("add", a, b)

    def _by_lane(self, v: SSAValue) -> tuple[SSAValue, list[SSAValue]]:
        """An index, and what is added to it for each lane."""
        if v.kind == "places":
            return self._places[v.text]
        lanes = range(self.target.lanes)
        return v._replace(kind="index"), [self.integer(k if v.kind == "lane" else 0) for k in lanes]

    def _named_places(self, first: SSAValue, apart: list[SSAValue]) -> SSAValue:
        name = f"%{first.text} and {' '.join(x.text for x in apart)}"
        self._places[name] = first, apart
        return SSAValue(name, "places", True, max(x.level for x in (first, *apart)))

    def elements(self, pointer: SSAValue, places: SSAValue) -> list[SSAValue]:
        """The addresses of a vector of elements anywhere."""
        first, apart = self._by_lane(places)
        start = self.at(pointer, first)
        return [start if x.text == "0" else self.at(start, x) for x in apart]

    def words(self, table: SSAValue, at: SSAValue) -> SSAValue:
        """The words of a table for each lane, as indices."""
        first, apart = self._by_lane(at)
        t = self.target.type_of("index")
        start = self.pure(f"getelementptr {t}, ptr {table.text}, {t} {first.text}", "indices", False, table, first)
        return self._named_places(self.integer(0), [self.word(start, x, "index") for x in apart])

    def load(self, pointer: SSAValue, vector: bool, mask: SSAValue | None = None) -> SSAValue:
        vector = vector and self.target.lanes > 1
        t = self.target.type_of("real", vector)
        align = self.target.bits // 8
        if vector and mask is not None:
            full = f"llvm.masked.load.{self.target.suffix}.p0"
            self.intrinsics.add(f"declare {t} @{full}(ptr, i32, {self.target.mask}, {t})")
            given = f"ptr {pointer.text}, i32 {align}, {self.target.mask} {mask.text}, {t} zeroinitializer"
            return self.here(f"call {t} @{full}({given})", "real", True)
        return self.here(f"load {t}, ptr {pointer.text}, align {align}", "real", vector)

    def prefetch(self, pointer: SSAValue) -> None:
        """Ask for a line of memory that will be read and written."""
        self.intrinsics.add("declare void @llvm.prefetch.p0(ptr, i32, i32, i32)")
        self.do(f"call void @llvm.prefetch.p0(ptr {pointer.text}, i32 1, i32 3, i32 1)")

    def word(self, table: SSAValue, at: SSAValue, kind: str) -> SSAValue:
        """A word of a table: an index, or an address."""
        t = self.target.type_of("index")
        place = self.pure(f"getelementptr {t}, ptr {table.text}, {t} {at.text}", "indices", False, table, at)
        return self.here(f"load {self.target.type_of(kind)}, ptr {place.text}", kind, False)

    def store(self, value: SSAValue, pointer: SSAValue, mask: SSAValue | None = None) -> None:
        t = self.target.type_of("real", value.vector)
        align = self.target.bits // 8
        if value.vector and mask is not None:
            full = f"llvm.masked.store.{self.target.suffix}.p0"
            self.intrinsics.add(f"declare void @{full}({t}, ptr, i32, {self.target.mask})")
            self.do(f"call void @{full}({t} {value.text}, ptr {pointer.text}, i32 {align}, {self.target.mask} {mask.text})")
        else:
            self.do(f"store {t} {value.text}, ptr {pointer.text}, align {align}")

    def below(self, index: SSAValue, end: SSAValue) -> SSAValue:
        """The mask of the existing elements in the lanes of a vector."""
        left = self.binary("sub", end, index._replace(kind="index"))
        return self.binary("icmp ugt", self.wide(left), self._counting(), "truth")

    def _counting(self) -> SSAValue:
        """The numbers of the lanes."""
        t = self.target.type_of("index")
        return SSAValue("<" + ", ".join(f"{t} {i}" for i in range(self.target.lanes)) + ">", "index", True, 0)

    def counted(self, v: SSAValue) -> SSAValue:
        """The index of each neighbour, of the index of the first; another index as it is."""
        if v.kind != "lane":
            return v
        first = v._replace(kind="index")
        return first if self.target.lanes == 1 else self.binary("add", self.wide(first), self._counting())

    def total(self, v: SSAValue) -> SSAValue:
        """The sum of the lanes."""
        if not v.vector:
            return v
        t, wide = self.target.type_of("real"), self.target.type_of("real", True)
        full = f"llvm.vector.reduce.fadd.{self.target.suffix}"
        self.intrinsics.add(f"declare {t} @{full}({t}, {wide})")
        return self.pure(f"call reassoc {t} @{full}({t} {self.target.number(-0.0)}, {wide} {v.text})", "real", False, v)

    # -- loops

    def open(self, start: SSAValue, end: SSAValue, step: int, kind: str, carried: dict[str, SSAValue]) -> dict[str, SSAValue]:
        """Begin a loop; returns the value of each carried variable inside of it."""
        label = self.label("loop")
        before: Lines = []
        phis: Lines = []
        self.lines.append(before)
        self.do(f"br label %{label}")
        came_from = self.block
        self.start(label)
        self.lines.append(phis)
        level = self.level + 1
        index = SSAValue(self.name(), kind, False, level)
        inside = {n: SSAValue(self.name(), v.kind, v.vector, level) for n, v in carried.items()}
        self.loops.append(OpenLoop(label, index, end, step, before, phis, came_from, {n: (v.text, inside[n]) for n, v in carried.items()}))
        self.known.append({})
        t = self.target.type_of("index")
        phis.append(f"  {index.text} = phi {t} [ {start.text}, %{came_from} ], [ {index.text}.next, %{label}.latch ]")
        more = self.name()
        self.do(f"{more} = icmp ult {t} {index.text}, {end.text}")
        self.do(f"br i1 {more}, label %{label}.body, label %{label}.end")
        self.start(f"{label}.body")
        return inside

    def close(self, carried: dict[str, SSAValue]) -> dict[str, SSAValue]:
        """End the innermost loop; ``carried`` enters the next iteration; returns the final values."""
        loop = self.loops[-1]
        label = loop.label
        self.do(f"br label %{label}.latch")
        self.start(f"{label}.latch")
        self.do(f"{loop.index.text}.next = add {self.target.type_of('index')} {loop.index.text}, {loop.step}")
        out = {}
        for n, (start, inside) in loop.carried.items():
            t = self.target.type_of(inside.kind, inside.vector)
            loop.phis.append(f"  {inside.text} = phi {t} [ {start}, %{loop.came_from} ], [ {carried[n].text}, %{label}.latch ]")
            out[n] = inside._replace(level=self.level - 1)
        self.do(f"br label %{label}")
        self.loops.pop()
        self.known.pop()
        self.start(f"{label}.end")
        return out

    def text(self) -> str:
        out: list[str] = []
        stack: list[Iterator[str | Lines]] = [iter(self.lines)]
        while stack:
            for item in stack[-1]:
                if isinstance(item, str):
                    out.append(item)
                else:
                    stack.append(iter(item))
                    break
            else:
                stack.pop()
        return "\n".join(out)
