"""The way from a Python call to the machine code: checks, result arrays and workspace, as machine code.

A generated module has, next to its driver, a function in the calling convention of CPython's
METH_FASTCALL.  It answers the common call, NumPy arrays of the right type and shape with their
elements in order, and returns ``None`` for any other, which Python code then sorts out.  It takes
about a tenth of a microsecond.  How arrays lie in memory is part of NumPy's stable ABI, and is checked
once against real arrays before it is relied on.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, NamedTuple, TypeVar

import numpy as np

from .owner import keep
from .text import Number, Text

Thing = TypeVar("Thing")

#: what the code is told after it is loaded: addresses of types, of singletons, of NumPy's functions
CONTEXT = ("ndarray", "descr", "empty", "scalar", "none", "float", "float64", "true")
#: places of NumPy's functions in its table, stable since 1.0
_EMPTY, _RETURN = 184, 76
#: workspaces up to this many bytes are on the stack
STACK = 16 * 1024
_CONTIGUOUS_ALIGNED = 0x0001 | 0x0100
_WRITEABLE = 0x0400


class Call(NamedTuple):
    """What a call takes and gives: shapes, and whether samples come first."""

    arguments: tuple[tuple[tuple[int, ...], bool], ...]
    results: tuple[tuple[tuple[int, ...], bool], ...]
    workspace: int  # numbers
    shared: int
    batch: bool
    bits: int


def entry(call: Call) -> str:
    """The text of ``call`` and ``call_into``, and of the table that they are told the addresses in."""
    return f"""@CONTEXT = global [{len(CONTEXT)} x ptr] zeroinitializer
declare ptr @malloc(i64)
declare void @free(ptr)
declare void @Py_IncRef(ptr)
declare void @Py_DecRef(ptr)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare ptr @PyTuple_New(i64)
declare i32 @PyTuple_SetItem(ptr, i64, ptr)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
{_function("call", call, into=False)}
{_function("call_into", call, into=True)}
{_of_numbers(call)}"""


def _of_numbers(call: Call) -> str:
    """``double number(int n, double *x)`` where all arguments and the one result are numbers, as integrators call it."""
    if any(shape for shape, _ in (*call.arguments, *call.results)) or len(call.results) != 1 or call.batch or call.bits != 64:
        return ""
    t = Text()
    # an integrator that gives fewer numbers than there are arguments gets no answer: those beside them are not ours
    t.do(f"br i1 {t.new(f'icmp sge i32 %n, {len(call.arguments)}')}, label %given, label %none")
    t.lines.append("given:")
    results, answer = t.new("alloca [1 x ptr]"), t.new("alloca double")
    space = 8 * (call.workspace + call.shared + len(call.arguments)) + 64
    if space <= STACK:
        raw, block = "", t.new(f"alloca [{space} x i8], align 64")
    else:  # a stack may be small, and calls be nested: memory of each call's own
        raw = t.new(f"call ptr @malloc(i64 {space + 64})")
        t.do(f"br i1 {t.new(f'icmp ne ptr {raw}, null')}, label %there, label %none")
        t.lines.append("there:")
        block = _aligned(t, raw)
    pointers = t.offset(block, 8 * (call.workspace + call.shared))
    t.repeat(len(call.arguments), lambda k: t.do(f"store ptr {t.place('%x', 0, 8, k)}, ptr {t.place(pointers, 0, 8, k)}"))
    t.do(f"store ptr {answer}, ptr {results}")
    shared = t.offset(block, 8 * call.workspace)
    t.do(f"call void @run(ptr {pointers}, ptr {results}, ptr {block}, ptr {shared}, i64 1)")
    if raw:
        t.do(f"call void @free(ptr {raw})")
    t.do(f"ret double {t.new(f'load double, ptr {answer}')}")
    t.lines += ["none:", "  ret double 0x7FF8000000000000"]  # there is no way to say why
    body = "\n".join(t.lines)
    return f"define double @number(i32 %n, ptr %x) {{\nbegin:\n{body}\n}}"


def _aligned(t: Text, raw: str) -> str:
    """The first place from an address on whose address is a multiple of 64."""
    number = t.new(f"ptrtoint ptr {raw} to i64")
    up = t.new(f"and i64 {t.new(f'sub i64 0, {number}')}, 63")
    return t.new(f"getelementptr i8, ptr {raw}, i64 {up}")


def _function(name: str, call: Call, into: bool) -> str:
    head = object.__basicsize__
    t = Text()
    known = {name: t.read("ptr", "@CONTEXT", 8 * k) for k, name in enumerate(CONTEXT)}
    item = call.bits // 8
    # what the call owns so far: one block lets it go after a failure, so that the text grows with the results, not their square
    count = 0 if into else len(call.results)
    owned = t.new("alloca [2 x ptr]")
    tables = t.offset(owned, 8)
    t.do(f"store ptr null, ptr {owned}")
    t.do(f"store ptr null, ptr {tables}")
    arguments = len(call.arguments)
    t.equal("i64", "%count", arguments + into * len(call.results))
    sizes = (arguments, arguments, len(call.results) + 1, count + 1)  # pointers to arguments, numbers, pointers to results, objects
    if 8 * sum(sizes) <= STACK:
        pointers, numbers, results, held = (t.new(f"alloca [{n} x ptr]") for n in sizes)
    else:
        table = t.new(f"call ptr @malloc(i64 {8 * sum(sizes)})")
        t.require(t.new(f"icmp ne ptr {table}, null"))
        t.do(f"store ptr {table}, ptr {tables}")
        pointers, numbers, results, held = (t.offset(table, 8 * sum(sizes[:k])) for k in range(4))
    dims = t.new("alloca [64 x i64]")
    t.repeat(count, lambda k: t.do(f"store ptr null, ptr {t.place(held, 0, 8, k)}"))
    space = -(-call.workspace * item // 64) * 64 + call.shared * item + 64
    shared_results = [math.prod(s) for s, lane in call.results if not lane]
    together = len(shared_results) != 1
    if together:
        space += sum(shared_results) * item
    on_stack = space <= STACK
    block = t.new(f"alloca [{space} x i8], align 64") if on_stack else ""
    samples = _taken(t, call, known, pointers, numbers)
    if into:
        _checked(t, call, known, samples)
    raw = ""
    if not on_stack:
        raw = t.new(f"call ptr @malloc(i64 {space + 64})")
        t.require(t.new(f"icmp ne ptr {raw}, null"))
        t.do(f"store ptr {raw}, ptr {owned}")
        block = _aligned(t, raw)
    shared = t.offset(block, -(-call.workspace * item // 64) * 64)
    packed = t.offset(shared, call.shared * item + 32) if together else ""
    lane_slot = 1
    for first, times, (shape, lane) in _runs(call.results):
        lengths = _lengths(call, shape, lane, samples)
        slot = 0 if not lane else lane_slot - first

        def prepare(k: Number, first: int = first, lane: bool = lane, lengths: list[str] = lengths, slot: int = slot) -> None:
            if into:
                made = t.new(f"load ptr, ptr {t.place('%values', 8 * (arguments + first), 8, k)}")
            else:
                for axis, length in enumerate(lengths):
                    t.do(f"store i64 {length}, ptr {t.offset(dims, 8 * axis)}")
                t.do(f"call void @Py_IncRef(ptr {known['descr']})")
                code = f"call ptr {known['empty']}(i32 {len(lengths)}, ptr {dims}, ptr {known['descr']}, i32 0)"
                made = t.made(code, t.place(held, 8 * first, 8, k))
            data = t.read("ptr", made, head)
            if lane:
                t.do(f"store ptr {data}, ptr {t.place(results, 8 * (first + slot), 8, k)}")
            elif not together:
                t.do(f"store ptr {data}, ptr {results}")

        t.repeat(times, prepare)
        lane_slot += times * lane
    if together:
        t.do(f"store ptr {packed}, ptr {results}")
    state = t.new("call ptr @PyEval_SaveThread()")
    t.do(f"call void @run(ptr {pointers}, ptr {results}, ptr {block}, ptr {shared}, i64 {samples})")
    t.do(f"call void @PyEval_RestoreThread(ptr {state})")
    at = 0
    for first, times, (shape, lane) in _runs(call.results):
        size = math.prod(shape) * item
        copied, number = not lane and together, not into and not shape and not (lane and call.batch)

        def finish(k: Number, first: int = first, size: int = size, at: int = at, copied: bool = copied, number: bool = number) -> None:
            place = t.place("%values", 8 * (arguments + first), 8, k) if into else t.place(held, 8 * first, 8, k)
            made = t.new(f"load ptr, ptr {place}")
            if copied:
                given = f"ptr {t.read('ptr', made, head)}, ptr {t.place(packed, at, size, k)}, i64 {size}, i1 false"
                t.do(f"call void @llvm.memcpy.p0.p0.i64({given})")
            if number:
                t.do(f"store ptr null, ptr {place}")  # the array is let go by the call, whatever comes of it
                t.made(f"call ptr {known['scalar']}(ptr {made})", place)

        if copied or number:
            t.repeat(times, finish)
        at += times * size * copied
    if raw:
        t.do(f"store ptr null, ptr {owned}")
        t.do(f"call void @free(ptr {raw})")
    answer = known["true"]
    if into:
        t.do(f"call void @Py_IncRef(ptr {answer})")
    elif count == 1:
        answer = t.read("ptr", held, 0)
    else:
        answer = row = t.made(f"call ptr @PyTuple_New(i64 {count})")

        def give(k: Number) -> None:
            t.new(f"call i32 @PyTuple_SetItem(ptr {row}, i64 {k}, ptr {t.new(f'load ptr, ptr {t.place(held, 0, 8, k)}')})")

        t.repeat(count, give)
    t.do(f"call void @free(ptr {t.read('ptr', tables, 0)})")
    t.do(f"ret ptr {answer}")
    if not into:
        t.lines.append(_LET_GO.format(held=held, owned=owned, tables=tables, count=count))
    t.lines.append("other:")
    t.do(f"call void @free(ptr {t.read('ptr', tables, 0)})")
    t.do(f"call void @Py_IncRef(ptr {known['none']})")
    t.do(f"ret ptr {known['none']}")
    body = "\n".join(t.lines)
    return f"define ptr @{name}(ptr %self, ptr %values, i64 %count) {{\nbegin:\n{body}\n}}"


def _runs(things: Sequence[Thing]) -> list[tuple[int, int, Thing]]:
    """Equal neighbours: the first, how many, and what they are."""
    out: list[tuple[int, int, Thing]] = []
    for k, thing in enumerate(things):
        if out and out[-1][2] == thing:
            out[-1] = (out[-1][0], out[-1][1] + 1, thing)
        else:
            out.append((k, 1, thing))
    return out


def _lengths(call: Call, shape: tuple[int, ...], lane: bool, samples: str) -> list[str]:
    return ([samples] if lane and call.batch else []) + [str(n) for n in shape]


def _is_array(t: Text, known: dict[str, str], given: str, kind: str, rank: int, flags: int) -> None:
    """Go on with an array of the right type and rank, and with these flags."""
    head = object.__basicsize__
    t.equal("ptr", kind, known["ndarray"])
    t.equal("ptr", t.read("ptr", given, head + 40), known["descr"])
    t.equal("i32", t.read("i32", given, head + 8), rank)
    t.equal("i32", t.new(f"and i32 {t.read('i32', given, head + 48)}, {flags}"), flags)


def _taken(t: Text, call: Call, known: dict[str, str], pointers: str, numbers: str) -> str:
    """Pointers to the numbers of all arguments; the number of samples."""
    head = object.__basicsize__
    samples = ""

    def take(k: Number, first: int, shape: tuple[int, ...], lead: int) -> None:
        nonlocal samples
        given = t.new(f"load ptr, ptr {t.place('%values', 8 * first, 8, k)}")
        kind = t.read("ptr", given, head - 8)
        slot = t.place(pointers, 8 * first, 8, k)
        number = not shape and not call.batch and call.bits == 64
        after = ""
        if number:
            python, numpy = (t.new(f"icmp eq ptr {kind}, {known[n]}") for n in ("float", "float64"))
            yes, no, after = t.label("number"), t.label("array"), t.label("taken")
            t.do(f"br i1 {t.new(f'or i1 {python}, {numpy}')}, label %{yes}, label %{no}")
            t.lines.append(f"{yes}:")
            own = t.place(numbers, 8 * first, 8, k)
            t.do(f"store double {t.read('double', given, head)}, ptr {own}")
            t.do(f"store ptr {own}, ptr {slot}")
            t.do(f"br label %{after}")
            t.lines.append(f"{no}:")
        _is_array(t, known, given, kind, len(shape) + lead, _CONTIGUOUS_ALIGNED)
        sizes = t.read("ptr", given, head + 16) if shape or lead else ""
        if lead:
            length = t.read("i64", sizes, 0)
            if samples:
                t.equal("i64", length, samples)
            samples = samples or length
        for axis, n in enumerate(shape):
            t.equal("i64", t.read("i64", sizes, 8 * (axis + lead)), n)
        t.do(f"store ptr {t.read('ptr', given, head)}, ptr {slot}")
        if number:
            t.do(f"br label %{after}")
            t.lines.append(f"{after}:")

    for first, times, (shape, per_sample) in _runs(call.arguments):
        lead = int(call.batch and per_sample)
        if lead and not samples:  # the first says how many samples there are
            take(0, first, shape, lead)
            first, times = first + 1, times - 1
        t.repeat(times, partial(take, first=first, shape=shape, lead=lead))
    return samples or "1"


def _checked(t: Text, call: Call, known: dict[str, str], samples: str) -> None:
    """Go on where the arrays for the results are as they have to be."""
    head = object.__basicsize__
    for first, times, (shape, lane) in _runs(call.results):
        lengths = _lengths(call, shape, lane, samples)

        def check(k: Number, first: int = first, lengths: list[str] = lengths) -> None:
            made = t.new(f"load ptr, ptr {t.place('%values', 8 * (len(call.arguments) + first), 8, k)}")
            _is_array(t, known, made, t.read("ptr", made, head - 8), len(lengths), _CONTIGUOUS_ALIGNED | _WRITEABLE)
            sizes = t.read("ptr", made, head + 16) if lengths else ""
            for axis, length in enumerate(lengths):
                t.equal("i64", t.read("i64", sizes, 8 * axis), length)

        t.repeat(times, check)


#: after a failure: every object that the call owns, and its memory
_LET_GO = """failed:
  br label %each
each:
  %i = phi i64 [ 0, %failed ], [ %next, %after ]
  %more = icmp ult i64 %i, {count}
  br i1 %more, label %look, label %gone
look:
  %place = getelementptr ptr, ptr {held}, i64 %i
  %object = load ptr, ptr %place
  %there = icmp ne ptr %object, null
  br i1 %there, label %drop, label %after
drop:
  call void @Py_DecRef(ptr %object)
  br label %after
after:
  %next = add i64 %i, 1
  br label %each
gone:
  %memory = load ptr, ptr {owned}
  call void @free(ptr %memory)
  %table = load ptr, ptr {tables}
  call void @free(ptr %table)
  ret ptr null"""


class _Method(ctypes.Structure):
    _fields_ = (("name", ctypes.c_char_p), ("function", ctypes.c_void_p), ("flags", ctypes.c_int), ("doc", ctypes.c_char_p))


_FASTCALL = 0x0080


@cache
def _numpy_functions() -> tuple[int, int]:
    core = getattr(np, "_core", None) or np.core
    capsule = core._multiarray_umath._ARRAY_API
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    table = (ctypes.c_void_p * (_EMPTY + 1)).from_address(pointer(capsule, None))
    return int(table[_EMPTY] or 0), int(table[_RETURN] or 0)


@cache
def as_expected() -> bool:
    """Whether arrays lie in memory as the code takes them to."""
    import sys

    if sys.implementation.name != "cpython":
        return False
    head = object.__basicsize__
    for a in (np.zeros((2, 3)), np.zeros((4, 1, 5), np.float32)[::2], np.zeros(())):
        at = id(a)

        def word(offset: int, kind: Any = ctypes.c_void_p, at: int = at) -> Any:
            return kind.from_address(at + offset).value

        rank = word(head + 8, ctypes.c_int)
        if word(head - 8) != id(np.ndarray) or word(head) != a.ctypes.data or rank != a.ndim or word(head + 40) != id(a.dtype):
            return False
        for place, expected in ((16, a.shape), (24, a.strides)):
            if rank and tuple((ctypes.c_ssize_t * rank).from_address(word(head + place))) != expected:
                return False
        in_order = (word(head + 48, ctypes.c_int) & _CONTIGUOUS_ALIGNED) == _CONTIGUOUS_ALIGNED
        if in_order != (a.flags.c_contiguous and a.flags.aligned):
            return False
    return all(ctypes.c_double.from_address(id(x) + head).value == 1.5 for x in (1.5, np.float64(1.5)))


def context(dtype: np.dtype[Any]) -> bytes:
    """What the code is told: :data:`CONTEXT`, a word each."""
    empty, scalar = _numpy_functions()
    known = (id(np.ndarray), id(np.dtype(dtype)), empty, scalar, id(None), id(float), id(np.float64), id(True))
    return bytes((ctypes.c_void_p * len(CONTEXT))(*known))


def callable_at(address: int, owner: np.ndarray) -> Callable[..., Any]:
    """The Python function of the code at an address, which lives as long as its owner; the function's ``self`` is that."""
    method = _Method(b"call", address, _FASTCALL, None)
    keep(owner, method)  # CPython reads it until the function is gone
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype, make.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
    function: Callable[..., Any] = make(ctypes.addressof(method), owner, None)
    return function


__all__ = ["CONTEXT", "Call", "as_expected", "callable_at", "context", "entry"]
