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
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from .owner import keep

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


class _Text:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.count = 0

    def new(self, code: str) -> str:
        self.count += 1
        name = f"%e{self.count}"
        self.lines.append(f"  {name} = {code}")
        return name

    def do(self, code: str) -> None:
        self.lines.append(f"  {code}")

    def offset(self, pointer: str, by: int) -> str:
        return self.new(f"getelementptr i8, ptr {pointer}, i64 {by}")

    def read(self, kind: str, pointer: str, by: int) -> str:
        return self.new(f"load {kind}, ptr {self.offset(pointer, by)}")

    def require(self, test: str) -> None:
        """Go on if it holds, else leave the call to Python."""
        self.count += 1
        self.do(f"br i1 {test}, label %ok{self.count}, label %other")
        self.lines.append(f"ok{self.count}:")

    def made(self, code: str, place: str = "") -> str:
        """A new object, kept at a place; where Python has no memory for it, its error is passed on."""
        name = self.new(code)
        self.count += 1
        here = self.count
        self.do(f"br i1 {self.new(f'icmp ne ptr {name}, null')}, label %made{here}, label %failed")
        self.lines.append(f"made{here}:")
        if place:
            self.do(f"store ptr {name}, ptr {place}")
        return name

    def equal(self, kind: str, a: str, b: object) -> None:
        self.require(self.new(f"icmp eq {kind} {a}, {b}"))


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
    t = _Text()
    # an integrator that gives fewer numbers than there are arguments gets no answer: those beside them are not ours
    t.do(f"br i1 {t.new(f'icmp sge i32 %n, {len(call.arguments)}')}, label %given, label %none")
    t.lines.append("given:")
    pointers = t.new(f"alloca [{len(call.arguments) + 1} x ptr]")
    results, answer = t.new("alloca [1 x ptr]"), t.new("alloca double")
    space = 8 * (call.workspace + call.shared) + 64
    if space <= STACK:
        raw, block = "", t.new(f"alloca [{space} x i8], align 64")
    else:  # a stack may be small, and calls be nested: memory of each call's own
        raw = t.new(f"call ptr @malloc(i64 {space + 64})")
        t.do(f"br i1 {t.new(f'icmp ne ptr {raw}, null')}, label %there, label %none")
        t.lines.append("there:")
        block = _aligned(t, raw)
    for k in range(len(call.arguments)):
        t.do(f"store ptr {t.offset('%x', 8 * k)}, ptr {t.offset(pointers, 8 * k)}")
    t.do(f"store ptr {answer}, ptr {results}")
    shared = t.offset(block, 8 * call.workspace)
    t.do(f"call void @run(ptr {pointers}, ptr {results}, ptr {block}, ptr {shared}, i64 1)")
    if raw:
        t.do(f"call void @free(ptr {raw})")
    t.do(f"ret double {t.new(f'load double, ptr {answer}')}")
    t.lines += ["none:", "  ret double 0x7FF8000000000000"]  # there is no way to say why
    body = "\n".join(t.lines)
    return f"define double @number(i32 %n, ptr %x) {{\nbegin:\n{body}\n}}"


def _aligned(t: _Text, raw: str) -> str:
    """The first place from an address on whose address is a multiple of 64."""
    number = t.new(f"ptrtoint ptr {raw} to i64")
    up = t.new(f"and i64 {t.new(f'sub i64 0, {number}')}, 63")
    return t.new(f"getelementptr i8, ptr {raw}, i64 {up}")


def _function(name: str, call: Call, into: bool) -> str:
    head = object.__basicsize__
    t = _Text()
    known = {name: t.read("ptr", "@CONTEXT", 8 * k) for k, name in enumerate(CONTEXT)}
    item = call.bits // 8
    t.equal("i64", "%count", len(call.arguments) + into * len(call.results))
    pointers = t.new(f"alloca [{len(call.arguments)} x ptr]")
    results = t.new(f"alloca [{len(call.results) + 1} x ptr]")
    dims = t.new("alloca [64 x i64]")
    # what the call owns so far: one block lets it go after a failure, so that the text grows with the results, not their square
    count = 0 if into else len(call.results)
    held, owned = t.new(f"alloca [{count + 1} x ptr]"), t.new("alloca ptr")
    t.do(f"store ptr null, ptr {owned}")
    for k in range(count):
        t.do(f"store ptr null, ptr {t.offset(held, 8 * k)}")
    space = -(-call.workspace * item // 64) * 64 + call.shared * item + 64
    shared_results = [math.prod(s) for s, lane in call.results if not lane]
    together = len(shared_results) != 1
    if together:
        space += sum(shared_results) * item
    on_stack = space <= STACK
    block = t.new(f"alloca [{space} x i8], align 64") if on_stack else ""
    scalars = {k: t.new("alloca double") for k, (shape, _) in enumerate(call.arguments) if not shape and not call.batch and call.bits == 64}
    samples = ""
    for k, (shape, per_sample) in enumerate(call.arguments):
        given = t.read("ptr", "%values", 8 * k)
        kind = t.read("ptr", given, head - 8)
        slot = t.offset(pointers, 8 * k)
        lead = int(call.batch and per_sample)
        if k in scalars:  # a number
            python, numpy = (t.new(f"icmp eq ptr {kind}, {known[n]}") for n in ("float", "float64"))
            t.do(f"br i1 {t.new(f'or i1 {python}, {numpy}')}, label %number{k}, label %array{k}")
            t.lines.append(f"number{k}:")
            t.do(f"store double {t.read('double', given, head)}, ptr {scalars[k]}")
            t.do(f"store ptr {scalars[k]}, ptr {slot}")
            t.do(f"br label %taken{k}")
            t.lines.append(f"array{k}:")
        t.equal("ptr", kind, known["ndarray"])
        t.equal("ptr", t.read("ptr", given, head + 40), known["descr"])
        t.equal("i32", t.read("i32", given, head + 8), len(shape) + lead)
        flags = t.new(f"and i32 {t.read('i32', given, head + 48)}, {_CONTIGUOUS_ALIGNED}")
        t.equal("i32", flags, _CONTIGUOUS_ALIGNED)
        if shape or lead:
            sizes = t.read("ptr", given, head + 16)
        if lead:
            own = t.read("i64", sizes, 0)
            if samples:
                t.equal("i64", own, samples)
            samples = samples or own
        for axis, n in enumerate(shape):
            t.equal("i64", t.read("i64", sizes, 8 * (axis + lead)), n)
        t.do(f"store ptr {t.read('ptr', given, head)}, ptr {slot}")
        if k in scalars:
            t.do(f"br label %taken{k}")
            t.lines.append(f"taken{k}:")
    samples = samples or "1"
    given_results = []
    for k, (shape, lane) in enumerate(call.results if into else ()):
        made = t.read("ptr", "%values", 8 * (len(call.arguments) + k))
        lengths = ([samples] if lane and call.batch else []) + [str(n) for n in shape]
        t.equal("ptr", t.read("ptr", made, head - 8), known["ndarray"])
        t.equal("ptr", t.read("ptr", made, head + 40), known["descr"])
        t.equal("i32", t.read("i32", made, head + 8), len(lengths))
        flags = t.new(f"and i32 {t.read('i32', made, head + 48)}, {_CONTIGUOUS_ALIGNED | _WRITEABLE}")
        t.equal("i32", flags, _CONTIGUOUS_ALIGNED | _WRITEABLE)
        sizes = t.read("ptr", made, head + 16) if lengths else ""
        for axis, length in enumerate(lengths):
            t.equal("i64", t.read("i64", sizes, 8 * axis), length)
        given_results.append(made)
    raw = ""
    if not on_stack:
        raw = t.new(f"call ptr @malloc(i64 {space + 64})")
        t.require(t.new(f"icmp ne ptr {raw}, null"))
        t.do(f"store ptr {raw}, ptr {owned}")
        block = _aligned(t, raw)
    shared = t.offset(block, -(-call.workspace * item // 64) * 64)
    packed = t.offset(shared, call.shared * item + 32) if together else ""
    lane_slot = 1
    for k, (shape, lane) in enumerate(call.results):
        lead = int(lane and call.batch)
        lengths = ([samples] if lead else []) + [str(n) for n in shape]
        if into:
            made = given_results[k]
        else:
            for axis, length in enumerate(lengths):
                t.do(f"store i64 {length}, ptr {t.offset(dims, 8 * axis)}")
            t.do(f"call void @Py_IncRef(ptr {known['descr']})")
            code = f"call ptr {known['empty']}(i32 {len(lengths)}, ptr {dims}, ptr {known['descr']}, i32 0)"
            made = t.made(code, t.offset(held, 8 * k))
        data = t.read("ptr", made, head)
        if lane:
            t.do(f"store ptr {data}, ptr {t.offset(results, 8 * lane_slot)}")
            lane_slot += 1
        elif not together:
            t.do(f"store ptr {data}, ptr {results}")
    if together:
        t.do(f"store ptr {packed}, ptr {results}")
    state = t.new("call ptr @PyEval_SaveThread()")
    t.do(f"call void @run(ptr {pointers}, ptr {results}, ptr {block}, ptr {shared}, i64 {samples})")
    t.do(f"call void @PyEval_RestoreThread(ptr {state})")
    at = 0
    for k, (shape, lane) in enumerate(call.results):
        size = math.prod(shape) * item
        place = t.offset(held, 8 * k) if not into else ""
        if not lane and together:
            made = given_results[k] if into else t.read("ptr", held, 8 * k)
            t.do(f"call void @llvm.memcpy.p0.p0.i64(ptr {t.read('ptr', made, head)}, ptr {t.offset(packed, at)}, i64 {size}, i1 false)")
            at += size
        if not into and not shape and not (lane and call.batch):
            made = t.read("ptr", held, 8 * k)
            t.do(f"store ptr null, ptr {place}")  # the array is let go by the call, whatever comes of it
            t.made(f"call ptr {known['scalar']}(ptr {made})", place)
    if raw:
        t.do(f"store ptr null, ptr {owned}")
        t.do(f"call void @free(ptr {raw})")
    if into:
        t.do(f"call void @Py_IncRef(ptr {known['true']})")
        t.do(f"ret ptr {known['true']}")
    elif count == 1:
        t.do(f"ret ptr {t.read('ptr', held, 0)}")
    else:
        row = t.made(f"call ptr @PyTuple_New(i64 {count})")
        for k in range(count):
            t.new(f"call i32 @PyTuple_SetItem(ptr {row}, i64 {k}, ptr {t.read('ptr', held, 8 * k)})")
        t.do(f"ret ptr {row}")
    if not into:
        t.lines.append(_LET_GO.format(held=held, owned=owned, count=count))
    t.lines.append("other:")
    t.do(f"call void @Py_IncRef(ptr {known['none']})")
    t.do(f"ret ptr {known['none']}")
    body = "\n".join(t.lines)
    return f"define ptr @{name}(ptr %self, ptr %values, i64 %count) {{\nbegin:\n{body}\n}}"


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
