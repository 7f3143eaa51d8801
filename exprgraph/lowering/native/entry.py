"""The entry from Python as machine code: checks, result arrays and workspace.

Beside its driver, a module has a function in the calling convention of CPython's METH_FASTCALL.  It handles the common
call, with contiguous NumPy arrays of the right type and shape, in about a tenth of a microsecond.  For other calls it
returns ``None``, and Python code takes over.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from ...loops.print.llvm.builder import SSAValue
from ...loops.print.llvm.driver import APART, ENTRY
from .layout import CONTEXT, DATA, DTYPE, FLAGS, HEAD, IN_ORDER, RANK, SHAPE, TYPE, WRITEABLE
from .objects import Number, Objects, null
from .spare import HEADER, KEPT, MOST, TEXT

Thing = TypeVar("Thing")
#: the shape of an argument or a result, and whether it has a leading axis of samples
Item = tuple[tuple[int, ...], bool]

#: the most pairs of arrays that the entry compares
COMPARED = 12
#: the largest workspace on the stack, in bytes
STACK = 16 * 1024


class CallType(NamedTuple):
    """The interface of a call: shapes, and whether samples come first."""

    arguments: tuple[Item, ...]
    results: tuple[Item, ...]
    workspace: int  # numbers
    shared: int
    batch: bool
    bits: int
    apart: bool = False  # results that are the same for all samples have an address each
    brief: bool = False  # other threads of Python wait

    @property
    def sees_overlaps(self) -> bool:
        """Whether ``call_into`` itself declines arrays that share memory; of many arrays, the caller compares them."""
        given, made = len(self.arguments), len(self.results)
        return given * made + made * (made - 1) // 2 <= COMPARED


def entry(call: CallType) -> str:
    """The text of ``call`` and ``call_into``, and of the table of addresses they use."""
    entries = [_Entry(call, into) for into in (False, True)]
    return f"""@CONTEXT = dso_local global [{len(CONTEXT)} x ptr] zeroinitializer
declare ptr @malloc(i64)
declare void @free(ptr)
declare void @Py_IncRef(ptr)
declare void @Py_DecRef(ptr)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare ptr @PyTuple_New(i64)
declare i32 @PyTuple_SetItem(ptr, i64, ptr)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
{TEXT if entries[0].is_kept else ""}
{entries[0].text("call")}
{entries[1].text("call_into")}
{_of_numbers(call)}"""


def _of_numbers(call: CallType) -> str:
    """``double number(int n, double *x)`` for integrators, if all arguments and the only result are numbers."""
    if any(shape for shape, _ in (*call.arguments, *call.results)) or len(call.results) != 1 or call.batch or call.bits != 64:
        return ""
    b = Objects(64)
    n, x = SSAValue("%n", "i32", False, 0), SSAValue("%x", "ptr", False, 0)
    # refuse fewer numbers than arguments: the memory after them is foreign
    b.require(b.binary("icmp sge", n, b.integer(len(call.arguments)), "truth"), "none")
    results, answer = b.room(1), b.room(1, "double")
    space = 8 * (call.workspace + call.shared + len(call.arguments)) + 64
    raw = None
    if space <= STACK:
        block = b.room(space, "i8", 64)
    else:  # a stack may be small, and calls nested: each call allocates its memory
        raw = b.call("ptr", "@malloc", b.integer(space + 64))
        b.there(raw, "none")
        block = b.aligned(raw)
    pointers = b.further(block, 8 * (call.workspace + call.shared))
    b.repeat(len(call.arguments), lambda k: b.write(b.place(x, 0, 8, k), b.place(pointers, 0, 8, k)))
    b.write(answer, results)
    b.run("@run", pointers, results, block, b.further(block, 8 * call.workspace), b.integer(1))
    if raw is not None:
        b.run("@free", raw)
    b.do(f"ret double {b.read('double', answer).text}")
    b.start("none")
    b.do("ret double 0x7FF8000000000000")  # there is no way to report an error
    return f"define double @number(i32 %n, ptr %x) {{\nentry:\n{b.text()}\n}}"


class _Entry:
    """``call``, or ``call_into`` with arrays for the results, while it is emitted."""

    def __init__(self, call: CallType, into: bool) -> None:
        self.call = call
        self.into = into
        self.item = call.bits // 8
        self.b = Objects(call.bits)
        self.values = SSAValue("%values", "ptr", False, 0)
        #: the size of shared results; unless they are exactly one array, they are computed side by side and copied
        self.shared_sizes = [math.prod(s) for s, lane in call.results if not lane and not call.apart]
        self.together = not call.apart and len(self.shared_sizes) != 1
        self.own = 0 if into else len(call.results)  # arrays made by the call
        self.lanes = -(-call.workspace * self.item // 64) * 64
        #: bytes of the workspace
        self.space = self.lanes + call.shared * self.item + 64 + self.together * sum(self.shared_sizes) * self.item
        #: whether the workspace is left for the next call
        self.is_kept = KEPT <= self.space <= MOST

    def text(self, name: str) -> str:
        """The function."""
        b = self.b
        self.known = {name: b.read("ptr", SSAValue("@CONTEXT", "ptr", False, 0), 8 * k) for k, name in enumerate(CONTEXT)}
        self._tables()
        self.samples = self._taken()
        if self.into:
            self._checked()
        raw = self._workspace()
        self._prepared()
        state = None if self.call.brief else b.call("ptr", "@PyEval_SaveThread")
        b.run(f"@{APART if self.call.apart else ENTRY}", self.pointers, self.results, self.block, self.shared, self.samples)
        if state is not None:
            b.run("@PyEval_RestoreThread", state)
        self._finished()
        if raw is not None:
            b.write(null(), self.owned)
            b.run("@leave" if self.is_kept else "@free", raw)
        self._left(self._answer())
        # not optimized: LLVM takes a quarter of the time, and a call one nanosecond more
        return f"define ptr @{name}(ptr %self, ptr %values, i64 %count) optnone noinline {{\nentry:\n{b.text()}\n}}"

    # -- memory

    def _tables(self) -> None:
        """Tables of addresses, and the objects that the call owns.

        One block releases them after a failure, so that the text grows linearly with the results.
        """
        b, arguments = self.b, len(self.call.arguments)
        self.owned = b.room(2)
        self.memory = b.further(self.owned, 8)
        b.write(null(), self.owned)
        b.write(null(), self.memory)
        b.equal(SSAValue("%count", "index", False, 0), arguments + self.into * len(self.call.results))
        # pointers to arguments, numbers, pointers to results, objects
        sizes = (arguments, arguments, len(self.call.results) + 1, self.own + 1)
        if 8 * sum(sizes) <= STACK:
            tables = [b.room(n) for n in sizes]
        else:
            table = b.call("ptr", "@malloc", b.integer(8 * sum(sizes)))
            b.there(table, "other")
            b.write(table, self.memory)
            tables = [b.further(table, 8 * sum(sizes[:k])) for k in range(4)]
        self.pointers, self.numbers, self.results, self.held = tables
        self.dims = b.room(64, "i64")
        b.repeat(self.own, lambda k: b.write(null(), b.place(self.held, 0, 8, k)))

    def _workspace(self) -> SSAValue | None:
        """The workspace, and the block of it to free or to leave."""
        b, raw = self.b, None
        if self.space <= STACK:
            self.block = b.room(self.space, "i8", 64)
        else:
            raw = b.call("ptr", "@take" if self.is_kept else "@malloc", b.integer(self.space + 64 + HEADER))
            b.there(raw, "other")
            b.write(raw, self.owned)
            self.block = b.aligned(b.further(raw, HEADER))
        self.shared = b.further(self.block, self.lanes)
        return raw

    # -- arguments

    def _taken(self) -> SSAValue:
        """Pointers to the numbers of all arguments; the number of samples."""
        b, samples = self.b, None
        for first, times, (shape, per_sample) in _runs(self.call.arguments):
            lead = self.call.batch and per_sample
            if lead and samples is None:  # the first one gives the number of samples
                samples = self._argument(0, first, shape, lead, None)
                first, times = first + 1, times - 1
            b.repeat(times, partial(self._take, first=first, shape=shape, lead=lead, samples=samples))
        return samples if samples is not None else b.integer(1)

    def _take(self, k: Number, first: int, shape: tuple[int, ...], lead: bool, samples: SSAValue | None) -> None:
        self._argument(k, first, shape, lead, samples)

    def _argument(self, k: Number, first: int, shape: tuple[int, ...], lead: bool, samples: SSAValue | None) -> SSAValue | None:
        """One argument; its number of samples, if any."""
        b = self.b
        given = b.read("ptr", b.place(self.values, 8 * first, 8, k))
        kind = b.read("ptr", given, TYPE)
        slot = b.place(self.pointers, 8 * first, 8, k)
        after = ""
        if not shape and not self.call.batch and self.call.bits == 64:
            after = self._number(given, kind, slot, b.place(self.numbers, 8 * first, 8, k))
        self._is_array(given, kind, len(shape) + lead, IN_ORDER)
        sizes = b.read("ptr", given, SHAPE) if shape or lead else given
        length = b.read("index", sizes) if lead else None
        if length is not None and samples is not None:
            b.equal(length, samples)
        for axis, n in enumerate(shape):
            b.equal(b.read("index", sizes, 8 * (axis + lead)), n)
        b.write(b.read("ptr", given, DATA), slot)
        if after:
            b.do(f"br label %{after}")
            b.start(after)
        return length

    def _number(self, given: SSAValue, kind: SSAValue, slot: SSAValue, own: SSAValue) -> str:
        """The branch for a number of Python or NumPy, before that of an array; returns the label where both continue."""
        b = self.b
        python, numpy = (b.binary("icmp eq", kind, self.known[n], "truth") for n in ("float", "float64"))
        yes, no, after = b.label("number"), b.label("array"), b.label("taken")
        b.do(f"br i1 {b.binary('or', python, numpy).text}, label %{yes}, label %{no}")
        b.start(yes)
        b.write(b.read("double", given, HEAD), own)
        b.write(own, slot)
        b.do(f"br label %{after}")
        b.start(no)
        return after

    def _is_array(self, given: SSAValue, kind: SSAValue, rank: int, flags: int) -> None:
        """Continue if it is an array of the right type and rank, with these flags."""
        b = self.b
        b.equal(kind, self.known["ndarray"])
        b.equal(b.read("ptr", given, DTYPE), self.known["descr"])
        b.equal(b.read("i32", given, RANK), rank)
        b.equal(b.binary("and", b.read("i32", given, FLAGS), b.integer(flags, "i32")), flags)

    # -- results

    def _lengths(self, shape: tuple[int, ...], lane: bool) -> list[SSAValue]:
        """The lengths of a result's axes."""
        return [self.samples] * (lane and self.call.batch) + [self.b.integer(n) for n in shape]

    def _given(self, first: int, k: Number) -> SSAValue:
        """The address of a result's array: from the caller, or made by the call."""
        if self.into:
            return self.b.place(self.values, 8 * (len(self.call.arguments) + first), 8, k)
        return self.b.place(self.held, 8 * first, 8, k)

    def _checked(self) -> None:
        """Continue if the arrays for the results are valid."""
        b = self.b
        for first, times, (shape, lane) in _runs(self.call.results):
            lengths = self._lengths(shape, lane)

            def check(k: Number, first: int = first, lengths: Sequence[SSAValue] = lengths) -> None:
                made = b.read("ptr", self._given(first, k))
                self._is_array(made, b.read("ptr", made, TYPE), len(lengths), IN_ORDER | WRITEABLE)
                sizes = b.read("ptr", made, SHAPE) if lengths else made
                for axis, length in enumerate(lengths):
                    b.equal(b.read("index", sizes, 8 * axis), length)

            b.repeat(times, check)
        if self.call.sees_overlaps:
            self._overlaps()

    def _overlaps(self) -> None:
        """Continue if no result shares memory with an argument or another result."""
        b = self.b

        def ends(made: SSAValue, shape: tuple[int, ...], lane: bool) -> tuple[SSAValue, SSAValue]:
            start = b.here(f"ptrtoint ptr {made.text} to i64", "index", False)
            size = b.integer(math.prod(shape) * self.item)
            return start, b.sum(start, b.times(self.samples, size) if lane and self.call.batch else size)

        given = [ends(b.read("ptr", self.pointers, 8 * k), *a) for k, a in enumerate(self.call.arguments)]
        for k, (shape, lane) in enumerate(self.call.results):
            start, end = ends(b.read("ptr", b.read("ptr", self._given(k, 0)), DATA), shape, lane)
            for first, last in given:
                before, after = b.binary("icmp ule", last, start, "truth"), b.binary("icmp ule", end, first, "truth")
                b.require(b.binary("or", before, after), "other")
            given.append((start, end))

    def _prepared(self) -> None:
        """The arrays of the results, and the table of their addresses: first the shared results, then each on lanes."""
        b = self.b
        self.packed = b.further(self.shared, self.call.shared * self.item + 32)
        slot = 0 if self.call.apart else 1
        for first, times, (shape, lane) in _runs(self.call.results):
            lengths = self._lengths(shape, lane)

            def prepare(k: Number, first: int = first, lane: bool = lane, lengths: Sequence[SSAValue] = lengths, slot: int = slot) -> None:
                made = b.read("ptr", self._given(first, k)) if self.into else self._new(first, k, lengths)
                if lane or self.call.apart:
                    b.write(b.read("ptr", made, DATA), b.place(self.results, 8 * slot, 8, k))
                elif not self.together:
                    b.write(b.read("ptr", made, DATA), self.results)

            b.repeat(times, prepare)
            slot += times * (lane or self.call.apart)
        if self.together:
            b.write(self.packed, self.results)

    def _new(self, first: int, k: Number, lengths: Sequence[SSAValue]) -> SSAValue:
        """A new array."""
        b = self.b
        for axis, length in enumerate(lengths):
            b.write(length, b.further(self.dims, 8 * axis))
        b.run("@Py_IncRef", self.known["descr"])
        given = b.integer(len(lengths), "i32"), self.dims, self.known["descr"], b.integer(0, "i32")
        return b.made(b.call("ptr", self.known["empty"].text, *given), self._given(first, k))

    def _finished(self) -> None:
        """Copy results computed side by side into their arrays; arrays of one number become numbers of NumPy."""
        b, at = self.b, 0
        for first, times, (shape, lane) in _runs(self.call.results):
            size = math.prod(shape) * self.item
            copied = not lane and self.together
            number = not self.into and not shape and not (lane and self.call.batch)

            def finish(k: Number, first: int = first, size: int = size, at: int = at, copied: bool = copied, number: bool = number) -> None:
                place = self._given(first, k)
                made = b.read("ptr", place)
                if copied:
                    source = b.place(self.packed, at, size, k)
                    b.run("@llvm.memcpy.p0.p0.i64", b.read("ptr", made, DATA), source, b.integer(size), b.integer(0, "i1"))
                if number:
                    b.write(null(), place)  # the call releases the array in any case
                    b.made(b.call("ptr", self.known["scalar"].text, made), place)

            if copied or number:
                b.repeat(times, finish)
            at += times * size * copied

    # -- the end

    def _answer(self) -> SSAValue:
        """The return value: True, the array, or a tuple of arrays."""
        b = self.b
        if self.into:
            b.run("@Py_IncRef", self.known["true"])
            return self.known["true"]
        if self.own == 1:
            return b.read("ptr", self.held)
        row = b.call("ptr", "@PyTuple_New", b.integer(self.own))
        b.there(row, "failed")

        def give(k: Number) -> None:
            index = b.integer(k) if isinstance(k, int) else k
            b.call("i32", "@PyTuple_SetItem", row, index, b.read("ptr", b.place(self.held, 0, 8, k)))

        b.repeat(self.own, give)
        return row

    def _left(self, answer: SSAValue) -> None:
        """The exits: with the result, after a failure, and with ``None`` for Python to take over."""
        b = self.b
        b.run("@free", b.read("ptr", self.memory))
        b.do(f"ret ptr {answer.text}")
        if not self.into:
            b.start("failed")  # release every object of the call, and its memory
            b.open(b.integer(0), b.integer(self.own), 1, "index", {})
            made = b.read("ptr", b.place(self.held, 0, 8, b.loops[-1].index))
            drop, dropped = b.label("drop"), b.label("dropped")
            b.do(f"br i1 {b.binary('icmp ne', made, null(), 'truth').text}, label %{drop}, label %{dropped}")
            b.start(drop)
            b.run("@Py_DecRef", made)
            b.do(f"br label %{dropped}")
            b.start(dropped)
            b.close({})
            for memory in (self.owned, self.memory):
                b.run("@free", b.read("ptr", memory))
            b.do("ret ptr null")
        b.start("other")
        b.run("@free", b.read("ptr", self.memory))
        b.run("@Py_IncRef", self.known["none"])
        b.do(f"ret ptr {self.known['none'].text}")


def _runs(things: Sequence[Thing]) -> list[tuple[int, int, Thing]]:
    """Runs of equal neighbours: the first, the count, and the value."""
    out: list[tuple[int, int, Thing]] = []
    for k, thing in enumerate(things):
        if out and out[-1][2] == thing:
            out[-1] = (out[-1][0], out[-1][1] + 1, thing)
        else:
            out.append((k, 1, thing))
    return out


__all__ = ["STACK", "CallType", "entry"]
