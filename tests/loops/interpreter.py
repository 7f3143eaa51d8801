"""Typed loops run in Python, a statement and an operation at a time: what each of them means.

Reals are NumPy's scalars of the program's width, indices integers modulo 2**64, bits integers with a sign, addresses arrays.
Nothing is fused or reassociated; an address outside its array is an error.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import operator
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from exprgraph.loops.program import (
    Add,
    Branch,
    Call,
    Constant,
    Each,
    Expression,
    Function,
    Let,
    Load,
    Loop,
    Loops,
    Name,
    Operation,
    Procedure,
    Run,
    Set,
    Statement,
    Store,
    Switch,
    Variable,
)  # fmt: skip

Values = dict[str, Any]

_COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge, "eq": operator.eq, "ne": operator.ne,
}  # fmt: skip
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add, "mul": operator.mul, "mul_apart": operator.mul, "floordiv": operator.floordiv, "mod": operator.mod,
    "and_bits": operator.and_, "or_bits": operator.or_, "xor_bits": operator.xor, "shift_left": operator.lshift,
    "shift_right": operator.rshift, "div": operator.truediv,
}  # fmt: skip
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sqrt": np.sqrt, "abs": np.abs, "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "rint": np.rint, "copysign": np.copysign,
}  # fmt: skip


class Interpreter:
    """Runs the functions, the procedures and the driver of one program."""

    def __init__(self, program: Loops) -> None:
        self.program = program
        self.real = np.float32 if program.single else np.float64
        self.signed = np.int32 if program.single else np.int64
        self.width = 32 if program.single else 64
        self.functions = {f.name: f for f in program.functions}
        self.procedures = {p.name: p for p in (*program.library, *program.kernels)}

    # -- what a program does

    def run(
        self, arguments: Sequence[np.ndarray], results: Sequence[np.ndarray], w: np.ndarray, s: np.ndarray, numbers: Any, samples: int
    ) -> None:
        """The whole driver, on flat arrays."""
        given = [*arguments, *results, w, s, np.array(numbers.constants, self.real), list(numbers.table), list(numbers.steps), samples]
        names: Values = dict(zip([n.name for n in self.program.driver_names()], given, strict=True))
        with np.errstate(all="ignore"):
            for part in self.program.parts:
                self.block(part.before, dict(names))
                if not part.samples:
                    self.block(part.body, dict(names))
                    continue
                for first in range(0, samples, self.program.block):
                    self.block(part.body, {**names, "first": first, "n": min(self.program.block, samples - first)})

    def call(self, f: Function, args: Sequence[Any]) -> Any:
        """The result of a function."""
        names: Values = dict(zip(f.parameters, args, strict=True))
        with np.errstate(all="ignore"):
            self.block(f.body, names)
            return self.value(f.result, names)

    def procedure(self, p: Procedure, args: Sequence[Any]) -> None:
        """What a procedure does to memory."""
        self.block(p.body, dict(zip([n.name for n in p.parameters], args, strict=True)))

    # -- statements

    def block(self, body: Sequence[Statement], names: Values) -> None:
        """Statements.  No name hides another, so that one table holds those of all the blocks around."""
        for s in body:
            self.statement(s, names)

    def statement(self, s: Statement, names: Values) -> None:
        if isinstance(s, (Let, Variable)):
            names[s.name] = self.value(s.value if isinstance(s, Let) else s.start, names)
        elif isinstance(s, Set):
            names[s.name] = self.value(s.value, names)
        elif isinstance(s, Add):
            names[s.name] = names[s.name] + self.value(s.value, names)
        elif isinstance(s, Store):
            at, value = self.value(s.at, names), self.value(s.value, names)
            array = names[s.pointer.name]
            array[at] = array[at] + value if s.add else value
        elif isinstance(s, Run):
            self.procedure(self.procedures[s.procedure], [self.value(a, names) for a in s.args])
        elif isinstance(s, Loop):
            for k in range(self.value(s.start, names), self.value(s.stop, names), s.step):
                names[s.index] = k
                self.block(s.body, names)
        elif isinstance(s, Each):
            for k, p in enumerate(s.pointers):
                names[s.index], names[s.pointer] = k, names[p.name]
                self.block(s.body, names)
        elif isinstance(s, Branch):
            self.block(s.then if self.value(s.test, names) else s.otherwise, names)
        else:
            assert isinstance(s, Switch)
            self.block(dict(s.cases).get(self.value(s.on, names), ()), names)

    # -- expressions

    def value(self, e: Expression, names: Values) -> Any:
        if isinstance(e, Constant):
            return self.real(float(e.text)) if e.type == "real" else e.value
        if isinstance(e, Name):
            return names[e.name]
        if isinstance(e, Load):
            return names[e.pointer.name][self.value(e.at, names)]
        args = [self.value(a, names) for a in e.args]
        if isinstance(e, Call):
            return self.real(library(e.function, self.program.single)(*args)) if e.library else self.call(self.functions[e.function], args)
        return self.operation(e, args)

    def operation(self, e: Operation, args: list[Any]) -> Any:
        """An operation of values."""
        if e.op in _COMPARED:
            return bool(_COMPARED[e.op](*args))
        if e.op in _FUNCTIONS:
            return _FUNCTIONS[e.op](*args)
        if e.op in ("and", "or"):
            return all(args) if e.op == "and" else any(args)
        if e.op == "not":
            return not args[0]
        if e.op == "whole_vectors":  # of one lane
            return args[0]
        if e.op == "select":
            return args[1] if args[0] else args[2]
        if e.op == "real_of_index":
            return self.real(np.uint64(args[0]))
        if e.op == "bits_of_real":
            return int(args[0].view(self.signed))
        if e.op == "real_of_bits":
            return self.signed(args[0]).view(self.real)
        if e.op == "fma":  # as a machine without an instruction for it
            return args[0] * args[1] + args[2]
        if e.op == "neg":
            return self.within(-args[0], e)
        if e.op.startswith("shift"):
            assert 0 <= args[1] < (self.width if e.type == "bits" else 64), f"{e!r} shifts by {args[1]}"
        total = args[0]
        for a in args[1:]:
            total = self.within(_ARITHMETIC[e.op](total, a), e)
        return total

    def within(self, value: Any, e: Operation) -> Any:
        """A number of the operation's type: whole ones wrap around."""
        if e.type == "real":
            return value
        width = self.width if e.type == "bits" else 64
        value %= 2**width
        return value - 2**width if e.type == "bits" and value >= 2 ** (width - 1) else value


_LIBM = ctypes.util.find_library("m")


@cache
def library(name: str, single: bool) -> Callable[..., float]:
    """A function of C's mathematical library, which is the machine's."""
    function = getattr(ctypes.CDLL(_LIBM), name + "f" * single)
    function.restype = ctypes.c_float if single else ctypes.c_double
    return lambda *args: function(*[function.restype(a) for a in args])


__all__ = ["Interpreter", "library"]
