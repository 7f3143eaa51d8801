"""Typed loops run as they stand, in Python: what printers are compared with."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
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

_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "add": operator.add, "mul": operator.mul, "mul_apart": operator.mul, "div": operator.truediv, "floordiv": operator.floordiv,
    "mod": operator.mod, "and_bits": operator.and_, "or_bits": operator.or_, "xor_bits": operator.xor, "shift_left": operator.lshift,
    "shift_right": operator.rshift, "neg": operator.neg, "sqrt": np.sqrt, "abs": abs, "floor": np.floor, "ceil": np.ceil,
    "trunc": np.trunc, "rint": np.rint, "copysign": np.copysign, "lt": operator.lt, "le": operator.le, "gt": operator.gt,
    "ge": operator.ge, "eq": operator.eq, "ne": operator.ne, "and": lambda a, b: bool(a and b), "or": lambda a, b: bool(a or b),
    "not": operator.not_,
}  # fmt: skip
_C = {"lgamma": math.lgamma, "tgamma": math.gamma, "erf": math.erf, "erfc": math.erfc, "fmod": np.fmod, "pow": np.power}
_NUMPY = {n: f"arc{n[1:]}" for n in ("asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh")}


class Running:
    """Functions and procedures, in float64 or in float32."""

    def __init__(self, functions: Sequence[Function], procedures: Sequence[Procedure] = (), single: bool = False) -> None:
        self.functions = {f.name: f for f in functions}
        self.procedures = {p.name: p for p in procedures}
        self.real: Any = np.float32 if single else np.float64
        self.bits: Any = np.int32 if single else np.int64

    def call(self, name: str, *args: float) -> Any:
        """The value of a function."""
        f = self.functions[name]
        env = {n: self.real(v) for n, v in zip(f.parameters, args, strict=True)}
        with np.errstate(all="ignore"):
            for s in f.body:
                env[s.name] = self.value(s.value, env)
            return self.value(f.result, env)

    def run(self, name: str, *args: Any) -> None:
        """A procedure, on arrays and whole numbers."""
        p = self.procedures[name]
        env = {n.name: v if n.type in ("reals", "indices") else int(v) for n, v in zip(p.parameters, args, strict=True)}
        with np.errstate(all="ignore"):
            self.statements(p.body, env)

    def value(self, e: Expression, env: Mapping[str, Any]) -> Any:
        if isinstance(e, Constant):
            return {"real": self.real, "bits": self.bits, "index": int, "truth": bool}[e.type](e.value)
        if isinstance(e, Name):
            return env[e.name]
        if isinstance(e, Load):
            return env[e.pointer.name][self.value(e.at, env)]
        if isinstance(e, Operation) and e.op == "select":
            return self.value(e.args[1 if self.value(e.args[0], env) else 2], env)
        args = [self.value(a, env) for a in e.args]
        if isinstance(e, Call):
            if not e.library:
                return self.call(e.function, *args)
            known = _C.get(e.function) or getattr(np, _NUMPY.get(e.function, e.function))
            return self.real(known(*args))
        if e.op in ("bits_of_real", "real_of_bits", "real_of_index"):
            return self.real(args[0]) if e.op == "real_of_index" else args[0].view(self.bits if e.op == "bits_of_real" else self.real)
        result = reduce(_FUNCTIONS[e.op], args) if len(args) > 1 else _FUNCTIONS[e.op](*args)
        return result % 2**64 if e.type == "index" else bool(result) if e.type == "truth" else result

    def statements(self, body: Sequence[Statement], env: dict[str, Any]) -> None:
        for s in body:
            self._statement(s, env)

    def _statement(self, s: Statement, env: dict[str, Any]) -> None:
        if isinstance(s, (Let, Set)):
            env[s.name] = self.value(s.value, env)
        elif isinstance(s, Variable):
            env[s.name] = self.value(s.start, env)
        elif isinstance(s, Add):
            env[s.name] += self.value(s.value, env)
        elif isinstance(s, Store):
            value, at = self.value(s.value, env), self.value(s.at, env)
            array = env[s.pointer.name]
            array[at] = array[at] + value if s.add else value
        elif isinstance(s, Loop):
            for k in range(self.value(s.start, env), self.value(s.stop, env), s.step):
                env[s.index] = k
                self.statements(s.body, env)
        elif isinstance(s, Branch):
            self.statements(s.then if self.value(s.test, env) else s.otherwise, env)
        elif isinstance(s, Switch):
            self.statements(dict(s.cases).get(self.value(s.on, env), ()), env)
        elif isinstance(s, Each):
            for k, p in enumerate(s.pointers):
                self.statements(s.body, env | {s.index: k, s.pointer: env[p.name]})
        else:
            assert isinstance(s, Run), s
            self.run(s.procedure, *(self.value(a, env) for a in s.args))


__all__ = ["Running"]
