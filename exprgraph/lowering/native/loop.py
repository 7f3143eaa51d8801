"""The loop of a descent as machine code: gather a batch, evaluate the terms, update, again.

All it works on is in tables of addresses, so that one piece of code serves every descent; it is compiled
once for each type of numbers.
"""

from __future__ import annotations

import sys

from ..compiling import compiling
from . import disk, machine

#: words of the table of one term
TERM = ("run", "arguments", "results", "lanes", "shared", "gathers", "gather_table", "indices", "offsets", "samples", "output")
#: words of the table of the descent
COMMON = (
    "count", "terms", "numbers", "total", "state", "state_size", "scalars", "rates", "begun", "history",
    "update", "arguments", "results", "lanes", "shared", "output",
)  # fmt: skip
#: words of a gather: where from, where to, numbers in a row

_TEXT = """
define i64 @descend(ptr %common, i64 %first, i64 %last) {{
begin:
{common}
  br label %step
step:
  %i = phi i64 [ %first, %begin ], [ %i.next, %updated ]
  %more = icmp ult i64 %i, %last
  br i1 %more, label %clear, label %done
clear:
  %several = icmp ugt i64 %count, 1
  br i1 %several, label %zero, label %evaluate
zero:
  %z = phi i64 [ 0, %clear ], [ %z.next, %zero ]
  %z.at = getelementptr {real}, ptr %total, i64 %z
  store {real} 0.0, ptr %z.at
  %z.next = add i64 %z, 1
  %z.more = icmp ult i64 %z.next, %numbers
  br i1 %z.more, label %zero, label %evaluate
evaluate:
  %k = phi i64 [ 0, %clear ], [ 0, %zero ], [ %k.next, %summed ]
  %k.more = icmp ult i64 %k, %count
  br i1 %k.more, label %term, label %evaluated
term:
  %t.at = mul i64 %k, {term_words}
  %t = getelementptr i64, ptr %terms, i64 %t.at
{term}
  %whole = icmp eq i64 %t.indices, 0
  br i1 %whole, label %call, label %batch
batch:
  %t.offsets.p = inttoptr i64 %t.offsets to ptr
  %t.indices.p = inttoptr i64 %t.indices to ptr
  %from.at = getelementptr i64, ptr %t.offsets.p, i64 %i
  %from = load i64, ptr %from.at
  %to.at = getelementptr i64, ptr %from.at, i64 1
  %to = load i64, ptr %to.at
  %n = sub i64 %to, %from
  br label %gather
gather:
  %g = phi i64 [ 0, %batch ], [ %g.next, %gathered ]
  %g.more = icmp ult i64 %g, %t.gathers
  br i1 %g.more, label %take, label %call
take:
  %t.gather_table.p = inttoptr i64 %t.gather_table to ptr
  %g.at = mul i64 %g, 3
  %g.p = getelementptr i64, ptr %t.gather_table.p, i64 %g.at
  %source.i = load i64, ptr %g.p
  %source = inttoptr i64 %source.i to ptr
  %g.p1 = getelementptr i64, ptr %g.p, i64 1
  %target.i = load i64, ptr %g.p1
  %target = inttoptr i64 %target.i to ptr
  %g.p2 = getelementptr i64, ptr %g.p, i64 2
  %size = load i64, ptr %g.p2
  br label %row
row:
  %r = phi i64 [ 0, %take ], [ %r.next, %copied ]
  %r.more = icmp ult i64 %r, %n
  br i1 %r.more, label %copyrow, label %gathered
copyrow:
  %at = add i64 %from, %r
  %index.at = getelementptr i64, ptr %t.indices.p, i64 %at
  %index = load i64, ptr %index.at
  %source.row = mul i64 %index, %size
  %target.row = mul i64 %r, %size
  br label %copy
copy:
  %e = phi i64 [ 0, %copyrow ], [ %e.next, %copying ]
  %e.more = icmp ult i64 %e, %size
  br i1 %e.more, label %copying, label %copied
copying:
  %source.e = add i64 %source.row, %e
  %target.e = add i64 %target.row, %e
  %source.at = getelementptr {real}, ptr %source, i64 %source.e
  %target.at = getelementptr {real}, ptr %target, i64 %target.e
  %value = load {real}, ptr %source.at
  store {real} %value, ptr %target.at
  %e.next = add i64 %e, 1
  br label %copy
copied:
  %r.next = add i64 %r, 1
  br label %row
gathered:
  %g.next = add i64 %g, 1
  br label %gather
call:
  %samples = phi i64 [ %t.samples, %term ], [ %n, %gather ]
  %t.run.p = inttoptr i64 %t.run to ptr
  %t.arguments.p = inttoptr i64 %t.arguments to ptr
  %t.results.p = inttoptr i64 %t.results to ptr
  %t.lanes.p = inttoptr i64 %t.lanes to ptr
  %t.shared.p = inttoptr i64 %t.shared to ptr
  call void %t.run.p(ptr %t.arguments.p, ptr %t.results.p, ptr %t.lanes.p, ptr %t.shared.p, i64 %samples)
  br i1 %several, label %sum, label %summed
sum:
  %t.output.p = inttoptr i64 %t.output to ptr
  br label %adding
adding:
  %s = phi i64 [ 0, %sum ], [ %s.next, %adding ]
  %s.from = getelementptr {real}, ptr %t.output.p, i64 %s
  %s.to = getelementptr {real}, ptr %total, i64 %s
  %s.a = load {real}, ptr %s.from
  %s.b = load {real}, ptr %s.to
  %s.c = fadd {real} %s.a, %s.b
  store {real} %s.c, ptr %s.to
  %s.next = add i64 %s, 1
  %s.more = icmp ult i64 %s.next, %numbers
  br i1 %s.more, label %adding, label %summed
summed:
  %k.next = add i64 %k, 1
  br label %evaluate
evaluated:
  %loss = load {real}, ptr %total
  %lost.at = getelementptr {real}, ptr %history, i64 %i
  store {real} %loss, ptr %lost.at
  br label %check
check:
  %c = phi i64 [ 0, %evaluated ], [ %c.next, %check ]
  %c.sum = phi {vector} [ zeroinitializer, %evaluated ], [ %c.add, %check ]
  %c.at = getelementptr {real}, ptr %total, i64 %c
  %c.value = load {vector}, ptr %c.at, align {bytes}
  %c.nothing = fsub {vector} %c.value, %c.value
  %c.add = fadd {vector} %c.sum, %c.nothing
  %c.next = add i64 %c, 8
  %c.more = icmp ult i64 %c.next, %numbers
  br i1 %c.more, label %check, label %checked
checked:
  %nothing = call {real} @llvm.vector.reduce.fadd.v8f{bits}({real} 0.0, {vector} %c.add)
  %finite = fcmp oeq {real} %nothing, 0.0
  br i1 %finite, label %update_, label %failed
failed:
  ret i64 %i
update_:
  %rate.at = getelementptr {real}, ptr %rates, i64 %i
  %rate = load {real}, ptr %rate.at
  store {real} %rate, ptr %scalars
  %number.i = add i64 %i, %begun
  %number = uitofp i64 %number.i to {real}
  %number.at = getelementptr {real}, ptr %scalars, i64 1
  store {real} %number, ptr %number.at
  call void %update(ptr %arguments, ptr %results, ptr %lanes, ptr %shared, i64 1)
  %bytes = mul i64 %state_size, {bytes}
  call void @llvm.memcpy.p0.p0.i64(ptr %state, ptr %output, i64 %bytes, i1 false)
  br label %updated
updated:
  %i.next = add i64 %i, 1
  br label %step
done:
  ret i64 %last
}}
declare {real} @llvm.vector.reduce.fadd.v8f{bits}({real}, {vector})
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
"""

_NUMBERS = {"count", "numbers", "state_size", "begun"}
_loaded: dict[int, machine.Loaded] = {}


def _text(bits: int) -> str:
    common = []
    for k, name in enumerate(COMMON):
        common.append(f"  %{name}.at = getelementptr i64, ptr %common, i64 {k}")
        common.append(f"  %{name} = load {'i64' if name in _NUMBERS else 'ptr'}, ptr %{name}.at")
    term = []
    for k, name in enumerate(TERM):
        term.append(f"  %t.{name}.at = getelementptr i64, ptr %t, i64 {k}")
        term.append(f"  %t.{name} = load i64, ptr %t.{name}.at")
    real = "double" if bits == 64 else "float"
    return _TEXT.format(
        common="\n".join(common), term="\n".join(term), term_words=len(TERM), real=real, vector=f"<8 x {real}>", bits=bits, bytes=bits // 8
    )


def descend(bits: int) -> int:
    """The address of the loop, ``int64_t descend(void **common, int64_t first, int64_t last)``: the step that failed, or ``last``."""
    with compiling:
        if bits not in _loaded:
            text = _text(bits)
            name = disk.key(text, *machine.host(), sys.version)
            code = disk.read(name)
            if code is None:
                code = machine.compile_object(text)
                disk.write(name, code)
            _loaded[bits] = machine.Loaded(code)
        return _loaded[bits].address("descend")


__all__ = ["COMMON", "TERM", "descend"]
