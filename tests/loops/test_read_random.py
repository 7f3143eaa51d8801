"""Random Python about numbers: what is read has the values of CPython, whatever is put together."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

from exprgraph.loops import library
from exprgraph.loops.program import Function, Loops
from exprgraph.loops.read import read_template
from exprgraph.loops.verify import verify_function
from tests.loops.interpreter import Interpreter

POINTS = [-2.5, -1.0, -0.0, 0.0, 0.25, 0.5, 1.0, 3.0]


class Writer:
    """Random code of functions of ``a`` and ``b``."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.names = ["a", "b"]

    def one(self, *choices: str) -> str:
        return self.rng.choice(choices)

    def number(self, depth: int) -> str:
        if depth == 0 or self.rng.random() < 0.15:
            return self.one(
                *self.names, *self.names, str(self.rng.randint(-3, 5)), repr(round(self.rng.uniform(-2, 2), 2)), "math.pi", "True"
            )
        x, y = self.number(depth - 1), self.number(depth - 1)
        return self.one(
            f"({x} + {y})", f"({x} - {y})", f"({x} * {y})", f"({x} / ({y} * {y} + 1))", f"-{x}", f"+{x}", f"({x} % 1.5)", f"({x} // 0.75)",
            f"({x}) ** 2", f"({x}) ** 3", f"abs({x})", f"min({x}, {y})", f"max({x}, {y}, 1)", f"math.floor({x})",
            f"float(np.sign(float({x})))",
            f"float(np.minimum({x}, {y}))", f"float(np.where({self.truth(depth - 1)}, {x}, {y}))",
            f"({x} if {self.truth(depth - 1)} else {y})",
            f"({self.truth(depth - 1)}) * {x}", f"({x} and {y})", f"({x} or {y})", f"math.copysign({x}, {y} or 1)",
            f"int({x})", f"float({x})",
            f"math.sqrt({x} * {x} + 1)", f"float(np.clip({x}, -1, 2))", f"round({x})", f"float(np.heaviside({x}, 0.5))",
        )  # fmt: skip

    def truth(self, depth: int) -> str:
        if depth <= 0:
            return self.one("a > 0", "b <= 1", "a == b", "0 <= a < 2", "False")
        x, y = self.number(depth - 1), self.number(depth - 1)
        return self.one(
            f"{x} {self.one('<', '<=', '>', '>=', '==', '!=')} {y}", f"({self.truth(depth - 1)} and {self.truth(depth - 1)})",
            f"({self.truth(depth - 1)} or {self.truth(depth - 1)})", f"(not {self.truth(depth - 1)})", f"({x} < {y} <= 2)", f"bool({x})",
        )  # fmt: skip

    def body(self, indent: str, count: int, depth: int) -> list[str]:
        """Statements; names that they give on every way are known behind them."""
        lines: list[str] = []
        for _ in range(count):
            kind = self.rng.random()
            if kind < 0.45:
                name = self.one("u", "v", "w", "a")
                lines.append(f"{indent}{name} = {self.number(2)}")
                self.names = [*dict.fromkeys([*self.names, name])]
            elif kind < 0.6:
                lines.append(f"{indent}{self.one(*self.names)} {self.one('+', '-', '*')}= {self.number(1)}")
            elif kind < 0.68 and len(self.names) > 2:
                x, y = self.rng.sample(self.names, 2)
                lines.append(f"{indent}{x}, {y} = {y}, {self.number(1)}")
            elif depth:
                known = list(self.names)
                for k in range(self.rng.randint(1, 3)):
                    self.names = list(known)
                    lines.append(f"{indent}{'elif' if k else 'if'} {self.truth(1)}:")
                    lines += self.body(f"{indent}    ", 2, depth - 1)
                    if self.rng.random() < 0.3:
                        lines.append(f"{indent}    return {self.number(1)}")
                self.names = list(known)
                if self.rng.random() < 0.5:
                    lines += [f"{indent}else:", *self.body(f"{indent}    ", 1, depth - 1)]
                    self.names = list(known)
            else:
                lines.append(f"{indent}pass")
        return lines or [f"{indent}pass"]

    def function(self) -> str:
        lines = self.body("    ", 5, 2)
        return "\n".join(["def f(a, b):", *lines, f"    return {self.number(2)}", ""])


def plain(code: str, source: str) -> Any:
    scope: dict[str, Any] = {"math": math, "np": np}
    exec(source, scope)
    return eval(f"lambda a0, a1: {code.format('a0', 'a1')}", scope)


def check(code: str, source: str) -> int:
    """How many points were compared."""
    template = read_template("mine", code, 2, source, library.signatures())
    assert template.unread is None, (template.unread, source)
    functions, _ = library.needed(["mod", "floor_divide", "pow"])
    known: dict[str, Function] = {}
    for f in (*functions, *template.helpers, template.value):
        verify_function(f, known)
        known[f.name] = f
    run = Interpreter(Loops(False, 8, 0, (), tuple(known.values()), (), (), ()))
    right, compared = plain(code, source), 0
    for a in POINTS:
        for b in POINTS[::2]:
            try:
                want = float(right(a, b))
            except (OverflowError, ValueError, ZeroDivisionError):  # where Python has no number
                continue
            got = float(run.call(template.value, [np.float64(a), np.float64(b)]))
            compared += 1
            assert got == pytest.approx(want, rel=1e-12, abs=1e-12, nan_ok=True), (a, b, code, source)
    return compared


@pytest.mark.parametrize("seeds", [range(15), pytest.param(range(15, 1000), marks=pytest.mark.slow)])
def test_expressions(seeds: range) -> None:
    total = sum(check("f({0}, {1})", f"def f(a, b):\n    return {Writer(seed).number(4)}\n") for seed in seeds)
    assert total > 20 * len(seeds)


@pytest.mark.parametrize("seeds", [range(15), pytest.param(range(15, 1000), marks=pytest.mark.slow)])
def test_functions(seeds: range) -> None:
    total = sum(check("f({0}, {1})", Writer(seed).function()) for seed in seeds)
    assert total > 20 * len(seeds)
