"""The library as typed loops: each function gives the numbers of its Python in CPython, bit for bit."""

from __future__ import annotations

import ast
import inspect
import math
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from exprgraph.loops import library, runtime
from exprgraph.loops.formulas import (
    FORMULAS,
    WIDTHS,
    beta_slopes,
    incomplete_beta,
    incomplete_gamma,
    incomplete_slopes,
    orders,
)
from exprgraph.loops.print.python import print_program
from exprgraph.loops.program import Loops
from exprgraph.loops.read import read_function
from exprgraph.loops.verify import verify_function, verify_procedure
from tests.loops.interpreter import Interpreter
from tests.loops.interpreter import library as library_of_c

MOVES = ("products", "load", "load_many", "store", "store_many", "clear", "gather")
ALL = sorted(library.signatures())
#: functions of a thousand operations, and their parts
LONG = {name for m in (orders, incomplete_gamma, incomplete_beta, incomplete_slopes, beta_slopes) for name in vars(m)}
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, math.inf, -math.inf, math.nan, 1e300, -1e300, 1e-310, 5e-324, 0.41421356, -800.0, 710.1]


class _Rounded(ast.NodeTransformer):
    """Literals of float32, as a compiler for it reads them."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return ast.Call(ast.Name("R", ast.Load()), [node], []) if type(node.value) is float else node


@cache
def python(narrow: bool) -> dict[str, Callable[..., Any]]:
    """The same functions, run by CPython on NumPy's numbers of the width."""
    scope: dict[str, Any] = {"R": np.float32 if narrow else np.float64, "np": np, "math": _Math(np.float32 if narrow else np.float64)}
    for module in (*WIDTHS[narrow], *FORMULAS, runtime):
        tree = ast.parse(inspect.getsource(module))
        tree.body = [d for d in tree.body if isinstance(d, ast.FunctionDef)]
        for d in tree.body:
            d.returns = None
            for a in d.args.args:
                a.annotation = None
        exec(compile(ast.fix_missing_locations(_Rounded().visit(tree)), module.__name__, "exec"), scope)
    return scope


class _Math(ModuleType):
    """``math``, of NumPy's numbers."""

    def __init__(self, real: type) -> None:
        super().__init__("math")
        self.copysign = np.copysign
        self.sin, self.cos, self.tan = (library_of_c(n, real is np.float32) for n in ("sin", "cos", "tan"))
        self.inf, self.nan = real(math.inf), real(math.nan)


def arguments(arity: int, narrow: bool) -> list[tuple[Any, ...]]:
    real = np.float32 if narrow else np.float64
    rng = np.random.default_rng(3)
    with np.errstate(all="ignore"):
        some = [real(v) for v in [*SPECIAL, *rng.normal(size=12), *rng.normal(size=12) * 30, *10 ** rng.uniform(-30, 30, 8)]]
    return [tuple(some[(k + 7 * j * k + 5 * j) % len(some)] for j in range(arity)) for k in range(len(some) * (3 if arity > 1 else 1))]


@pytest.mark.slow
@pytest.mark.parametrize("narrow", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["float64", "float32"])
def test_every_function_gives_the_numbers_of_its_python(narrow: bool) -> None:
    functions, procedures = library.needed(ALL, narrow)
    assert sorted(f.name for f in functions) == ALL and not procedures
    running = Interpreter(Loops(narrow, 8, 0, (), tuple(functions), (), (), ()))
    real = running.real
    wrong = []
    for name in ALL:
        for args in arguments(library.signatures()[name].least, narrow)[: 40 : 19 if name in LONG else 2]:
            with np.errstate(all="ignore"):
                want = np.asarray(python(narrow)[name](*args), np.float32 if narrow else np.float64)
            got = np.asarray(running.call(running.functions[name], [real(v) for v in args]), want.dtype)
            if got.tobytes() != want.tobytes() and not (np.isnan(got) and np.isnan(want)):
                wrong.append((name, args, float(got), float(want)))
    assert not wrong


@pytest.mark.parametrize("narrow", [False, True], ids=["float64", "float32"])
def test_the_library_is_possible_and_in_order(narrow: bool) -> None:
    functions, procedures = library.needed(sorted(library.names()), narrow)
    known = {}
    for f in functions:
        verify_function(f, known)
        known[f.name] = f
    for p in procedures:
        verify_procedure(p, known, {q.name: q for q in procedures})
    assert len(functions) + len(procedures) + 4 == len(library.names())


@pytest.mark.parametrize("left", ["", "_left", "_right"])
def test_procedures_give_the_numbers_of_their_python(left: str) -> None:
    _, procedures = library.needed(library.names())
    running = Interpreter(Loops(False, 8, 0, (), (), tuple(procedures), (), ()))
    rng = np.random.default_rng(1)
    for name in (f"product{left}", "dots_left" if left else "dots", *MOVES):
        count = len(library.procedure(name).parameters)
        arrays = [rng.integers(-2, 3, 90) * rng.normal(size=90) for _ in range(3)]
        sizes = {"clear": (3, 7), "gather": None, "products": (3, 8, 4, 2, 6, 2, 1, 4, 2, 2, 3, 2, 2)}.get(
            name, (3, 1, 4, 2, 2, 3, 2, 5, 1, 4)
        )
        pointers = [p.type == "reals" for p in library.procedure(name).parameters]
        given: list[Any] = []
        whole = iter(sizes or (2, 5))
        each = iter(arrays)
        for is_array in pointers:
            given.append(next(each) if is_array else next(whole))
        assert len(given) == count
        twice = [[a.copy() if isinstance(a, np.ndarray) else a for a in given] for _ in range(2)]
        running.procedure(running.procedures[name], twice[0])
        with np.errstate(all="ignore"):
            getattr(runtime, name)(*twice[1])
        for a, b in zip(*twice):
            np.testing.assert_array_equal(a, b)


def test_a_function_is_read_once() -> None:
    assert library.function("tanh") is library.function("tanh")
    assert library.function("exp_low", True).result != library.function("exp_low", False).result
    assert [f.name for f in library.needed(["sigmoid_argument"])[0]] == ["exp_low", "sigmoid_argument"]


@pytest.mark.parametrize("name", ["dots", "dots_left"])
def test_a_total_that_is_not_finite_leaves_the_others_alone(name: str) -> None:
    c, a, b = np.array([math.inf, 1.0, math.nan, 0.0]), np.ones(6), np.ones(6)
    getattr(runtime, name)(c, 0, 2, 1, a, 0, 3, b, 0, 3, 2, 2, 3)
    np.testing.assert_array_equal(c, [math.inf, 4.0, math.nan, 3.0])


def printed(narrow: bool) -> list[ast.FunctionDef]:
    """The definitions of the functions in printed Python."""
    program = Loops(narrow, 8, 0, (), tuple(library.needed(ALL, narrow)[0]), (), (), ())
    definitions = [d for d in ast.parse(print_program(program)).body if isinstance(d, ast.FunctionDef)]
    for d in definitions:
        d.decorator_list = []
    return [d for d in definitions if d.name not in ("keep_apart", "kernel")]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("narrow", [False, True], ids=["float64", "float32"])
def test_what_is_printed_is_read_again(narrow: bool) -> None:
    definitions = {d.name: d for d in printed(narrow)}
    for f in library.needed(ALL, narrow)[0]:
        again = read_function(definitions[f.name], library.signatures(), own=True).function
        assert (again.body, again.result) == (f.body, f.result), f.name


@pytest.mark.slow
@pytest.mark.parametrize("narrow", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["float64", "float32"])
def test_what_is_printed_gives_the_numbers_of_its_python(narrow: bool) -> None:
    real = np.float32 if narrow else np.float64
    scope: dict[str, Any] = {"R": real, "np": np, "math": _Math(real), "u64": np.uint64}
    exec(compile(ast.Module(list(printed(narrow)), []), "printed", "exec"), scope)
    wrong = []
    for name in ALL:
        for args in arguments(library.signatures()[name].least, narrow)[::3]:
            with np.errstate(all="ignore"):
                got, want = (np.asarray(f[name](*args), real) for f in (scope, python(narrow)))
            if got.tobytes() != want.tobytes() and not (np.isnan(got) and np.isnan(want)):
                wrong.append((name, args, float(got), float(want)))
    assert not wrong
