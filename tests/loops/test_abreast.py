"""Calls side by side: the order of statements changes, and no number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from interpreter import Interpreter
from random_loops import LONG, NUMBERS, SHARED, Draw, memory, same

import exprgraph as eg
from exprgraph.loops.abreast import Abreast, Item, abreast
from exprgraph.loops.print.llvm.expressions import Functions
from exprgraph.loops.program import Call, Let, Load, Loops, Name, Part, Procedure, Run, Statement, Store, index, operation, real
from exprgraph.loops.verify import verify
from exprgraph.lowering.native import machine

OUT, S = Name("o", "reals"), Name("s", "reals")


def _flat(items: Sequence[Item]) -> list[Statement]:
    return [s for item in items for s in (item.calls if isinstance(item, Abreast) else (item,))]


def _drawn(seed: int) -> Loops:
    """A straight-line procedure with calls, on a results' array and a workspace that it reads and writes."""
    draw = Draw(seed)
    for _ in range(3):
        draw.function()
    names: dict[str, str] = {"s": "reals", "o": "reals", "T": "indices", "k": "index"}
    body: list[Statement] = []
    for at in range(24):
        pointer = OUT if draw.random.random() < 0.5 else S
        place = index(draw.random.randrange(SHARED)) if seed % 3 else draw.within(pointer.name, names, 1)  # type: ignore[arg-type]
        if draw.random.random() < 0.3:
            body.append(Store(pointer, place, draw.real(names, 2), draw.random.random() < 0.3))  # type: ignore[arg-type]
            continue
        f = draw.random.choice(draw.functions)
        call = Call(f.name, tuple(draw.real(names, 1) for _ in f.parameters))  # type: ignore[arg-type]
        body.append(Let(f"x{at}", draw.random.choice([call, operation("add", call, Load(pointer, place))])))
        names[f"x{at}"] = "real"
    return _program(draw.functions, body)


def _program(functions: Sequence[object], body: Sequence[Statement]) -> Loops:
    kernel = Procedure("k0", (S, OUT, Name("T", "indices"), Name("k", "index")), tuple(body), contract=False)
    run = Run("k0", (S, OUT, Name("T", "indices"), index(LONG)))
    made = Loops(False, 4, 3, ("o", "o1"), tuple(functions), (), (kernel,), (Part((run,)),))  # type: ignore[arg-type]
    verify(made)
    return made


def test_the_order_changes_no_number() -> None:
    groups = 0
    for seed in range(12):
        alone, program = [(), ("s", "o")][seed % 2], _drawn(seed)
        items = abreast(program.kernels[0].body, 4, lambda name: 50, alone)
        groups += sum(isinstance(x, Abreast) for x in items)
        changed = _program(program.functions, _flat(items))
        wanted, found = (memory(False, 1, seed) for _ in range(2))
        Interpreter(program).run(*wanted, NUMBERS, 1)
        Interpreter(changed).run(*found, NUMBERS, 1)
        assert all(map(same, [*wanted[1], *wanted[2:]], [*found[1], *found[2:]])), seed
    assert groups > 20


def test_calls_wait_for_the_numbers_they_need() -> None:
    x = [Name(f"x{k}", "real") for k in range(4)]
    body: list[Statement] = [Let("x0", Load(S, index(0)))]
    body += [Let(f"x{k + 1}", Call("f", (x[k],))) for k in range(3)]
    assert not any(isinstance(s, Abreast) for s in abreast(body, 4, lambda name: 50, ("s",)))
    # two chains are computed side by side, link by link
    body += [Let("y0", Load(S, index(1))), *(Let(f"y{k + 1}", Call("f", (Name(f"y{k}", "real"),))) for k in range(3))]
    items = abreast(body, 4, lambda name: 50, ("s",))
    assert [len(s.calls) for s in items if isinstance(s, Abreast)] == [2, 2, 2]
    # a number that is stored and read again is not read before
    body = [Store(S, index(0), Call("f", (Load(S, index(1)),))), Store(S, index(1), Call("f", (Load(S, index(0)),)))]
    assert not any(isinstance(s, Abreast) for s in abreast(body, 4, lambda name: 50, ("s",)))


def test_few_or_short_calls_stay_numbers() -> None:
    def groups(count: int, size: int, lanes: int) -> list[int]:
        body = [Store(OUT, index(k), Call("f", (Load(S, index(k)),))) for k in range(count)]
        return [len(s.calls) for s in abreast(body, lanes, lambda name: size, ("s", "o")) if isinstance(s, Abreast)]

    assert groups(11, 50, 8) == [8, 3]
    assert groups(9, 50, 8) == [8]
    assert groups(11, 50, 1) == [] == groups(11, 2, 8) == groups(1, 50, 8) == groups(11, 0, 8)


def test_functions_of_the_same_arguments_stand_together() -> None:
    body: list[Statement] = [Let(f"x{k}", Load(S, index(k))) for k in range(3)]
    body += [Store(OUT, index(2 * k + i), Call(f, (Name(f"x{k}", "real"),))) for k in range(3) for i, f in enumerate(("sin", "cos"))]
    body.append(Store(OUT, index(9), operation("mul", Call("exp", (real(2.0),)), Call("exp", (real(3.0),)))))
    groups = [s for s in abreast(body, 8, lambda name: 50, ("s", "o")) if isinstance(s, Abreast)]
    named = [sorted({c.value.function for c in g.calls if isinstance(c.value, Call)}) for g in groups]
    assert sorted(named) == [["cos", "sin"], ["exp"]] and sorted(len(g.calls) for g in groups) == [2, 6]


ROWS = [
    eg.sin, eg.cos, eg.tan, eg.tanh, eg.exp, eg.expm1, eg.log, eg.log1p, eg.sqrt, eg.cbrt, eg.atan, eg.asinh, eg.erf, eg.sigmoid,
    eg.softplus, eg.gelu, lambda x: x**1.7, lambda x: 1.3**x, lambda x: eg.hypot(x, 2), lambda x: eg.atan2(x, 3 - x),
]  # fmt: skip


@pytest.mark.parametrize(
    ("single", "rows"), [(False, ROWS[::6]), *(pytest.param(single, ROWS, marks=pytest.mark.slow) for single in (False, True))]
)
def test_lanes_have_the_bits_of_numbers(single: bool, rows: list[Any]) -> None:
    dtype = np.float32 if single else np.float64
    rng = np.random.default_rng(5)
    points = np.concatenate([rng.standard_normal(12) * 4, [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-30, 1e12, 88.5, -700.0]]).astype(dtype)
    v, x = eg.Symbol("v", shape=len(points)), eg.Symbol("x")
    many = eg.compile([eg.stack([f(v[k]) for k in range(len(points))]) for f in rows], v, shared=v)
    one = eg.compile([f(x) for f in rows], x, shared=x)
    program = many.core.program(False, single)
    functions = Functions(program.loops.functions, machine.target(32 if single else 64))
    bodies = [abreast(k.body, functions.target.lanes, functions.work, ("o", "a0", "s")) for k in program.loops.kernels]
    if functions.target.lanes > 2:
        assert sum(len(s.calls) for b in bodies for s in b if isinstance(s, Abreast)) > 16 * (len(rows) - 1)
    with np.errstate(all="ignore"):
        found, wanted = np.array(many(points)), np.array([one(p) for p in points]).T
    assert found.dtype == wanted.dtype == dtype
    assert same(found, wanted)


def test_numbers_are_loaded_at_their_first_use() -> None:
    """They would wait in registers; a number that is overwritten is loaded before."""
    a, b, c = (Name(n, "real") for n in "abc")
    body: list[Statement] = [Let(n.name, Load(S, index(k))) for k, n in enumerate((c, a, b))]
    body += [Store(OUT, index(0), operation("add", Call("f", (a,)), Call("f", (b,)), c)), Store(S, index(1), c)]
    items = abreast(body, 4, lambda name: 50, ("s", "o"))
    calls = "Abreast(calls=(call0 = f(a), call1 = f(b)))"
    assert list(map(str, items)) == ["c = s[0]", "a = s[1]", "s[1] = c", "b = s[2]", calls, "o[0] = call0 + call1 + c"]
