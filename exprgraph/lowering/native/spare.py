"""A large workspace, kept for the next call.

The C library gives large blocks back to the system, and every page of a new block is a page fault: for a workspace of 60 MB they take
several times as long as the computation.  So a call leaves such a block in a word of the process, where the next call of any function
takes it.  Two calls at once have two blocks, one of which is freed.
"""

from __future__ import annotations

from .layout import CONTEXT

#: the smallest workspace that is kept, in bytes, and the largest: the C library keeps smaller ones itself, and larger ones are too much
#: memory to hold for a call that may not come
KEPT, MOST = 4 << 20, 256 << 20
#: the bytes in front of a workspace: the size of the block
HEADER = 8

TEXT = f"""
define internal ptr @take(i64 %size) {{
entry:
  %place = getelementptr i8, ptr @CONTEXT, i64 {8 * CONTEXT.index("spare")}
  %word = load ptr, ptr %place
  %number = atomicrmw xchg ptr %word, i64 0 acq_rel
  %left = icmp ne i64 %number, 0
  br i1 %left, label %look, label %new
look:
  %block = inttoptr i64 %number to ptr
  %has = load i64, ptr %block
  %fits = icmp uge i64 %has, %size
  br i1 %fits, label %done, label %drop
done:
  ret ptr %block
drop:
  call void @free(ptr %block)
  br label %new
new:
  %made = call ptr @malloc(i64 %size)
  %there = icmp ne ptr %made, null
  br i1 %there, label %mark, label %end
mark:
  store i64 %size, ptr %made
  br label %end
end:
  ret ptr %made
}}
define internal void @leave(ptr %block) {{
entry:
  %place = getelementptr i8, ptr @CONTEXT, i64 {8 * CONTEXT.index("spare")}
  %word = load ptr, ptr %place
  %number = ptrtoint ptr %block to i64
  %before = atomicrmw xchg ptr %word, i64 %number acq_rel
  %other = inttoptr i64 %before to ptr
  call void @free(ptr %other)
  ret void
}}
"""

__all__ = ["HEADER", "KEPT", "MOST", "TEXT"]
