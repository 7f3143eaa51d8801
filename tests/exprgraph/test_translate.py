"""Users' functions in machine code: which Python is read, with the values CPython gives it, and what is left to Numba."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.elementwise import Function
from exprgraph.lowering.native import assemble, machine
from exprgraph.lowering.native.expressions import LIBRARY, UnsupportedError
from exprgraph.node import Node
from exprgraph.primitive import TABLE

x, y = eg.symbols("x y")
_numbers = itertools.count()


def row_of(source: str, arity: int = 1) -> tuple[Callable[..., Node], Callable[..., float], str]:
    """A function with a name of its own, made from the source of a function ``f``; and the source as Python runs it."""
    name = f"translated_{next(_numbers)}"
    scope: dict[str, Any] = {"math": math, "np": np}
    exec(source, scope)
    plain = scope["f"]
    given = ", ".join(f"{{{k}}}" for k in range(arity))
    row = eg.function(
        name, numpy=np.vectorize(plain, otypes=[float]), derivative=tuple([lambda *a: 0 * a[0]] * arity),
        code=f"{name}({given})", source="@njit\n" + source.replace("def f(", f"def {name}("),
    )  # fmt: skip
    return row, plain, name


@pytest.fixture(autouse=True)
def _forget() -> Any:
    before = set(TABLE)
    yield
    for name in set(TABLE) - before:
        del TABLE[name]


READ: dict[str, str] = {
    "if and else": "def f(a):\n    if a > 0.5:\n        b = a * 2.0\n    else:\n        b = 1.0 - a\n    return b + 1.0\n",
    "returns in branches": (
        "def f(a):\n    'text'\n    if a < -0.5:\n        return -1.0\n"
        "    if a < 0.5:\n        c = a * a\n        return c\n    return math.e\n"
    ),
    "constants": "def f(a):\n    return a * math.pi + np.inf if a > 2.0 else math.pi\n",
    "not, and, or": "def f(a):\n    return 1.0 if not (a > 0.5 and a < 1.5) or a == -1.0 or a != a else 0.25\n",
    "truth values joined": "def f(a):\n    return 1.5 if (a > 0.0) & (a < 1.0) | (a == -1.0) ^ (a != a) else 0.25\n",
    "every comparison": (
        "def f(a):\n    b = 1.0 if a <= 0.5 else 2.0\n    c = 3.0 if a >= 0.5 else 4.0\n"
        "    d = 5.0 if a != 0.5 else 6.0\n    return b * c - d\n"
    ),
    "signs": "def f(a):\n    return -(a * 2.0) - -3.0\n",
    "the C library": "def f(a):\n    return math.lgamma(a + 3.0) + math.fmod(a, 0.7)\n",
    "intrinsics": "def f(a):\n    return abs(a) + math.fabs(a) * np.floor(a) - np.ceil(a) + math.copysign(2.0, a)\n",
}


def agree(row: Callable[..., Node], plain: Callable[..., float], arity: int = 1) -> None:
    points = [np.array([-1.7, -1.0, -0.5, -0.0, 0.0, 0.3, 0.5, 0.9, 1.0, 1.5, 2.5])] * arity
    grid = [g.ravel() for g in np.meshgrid(*points)]
    symbols = [x, y][:arity]
    fn = eg.compile(row(*symbols), symbols)
    want = np.array([float(plain(*map(float, v))) for v in zip(*grid)])
    np.testing.assert_allclose(fn(*grid), want, rtol=1e-14)
    assert fn._core.form(True, False).code is not None
    np.testing.assert_allclose([float(fn(*map(float, v))) for v in zip(*grid)], want, rtol=1e-14)
    assert fn._core.form(False, False).code is not None


@pytest.mark.parametrize("name", READ)
def test_python_that_becomes_machine_code(name: str) -> None:
    row, plain, _ = row_of(READ[name])
    agree(row, plain)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", LIBRARY)
def test_every_function_of_the_c_library(name: str) -> None:
    if not hasattr(math, name):
        pytest.skip(f"this Python's math has no {name}")
    given = ", ".join(["0.3 + 0.1 * a", "0.5 + 0.1 * a"][: LIBRARY[name]])
    added = "1.0 + " if name == "acosh" else ""
    row, plain, _ = row_of(f"def f(a):\n    return math.{name}({added}{given})\n")
    fn = eg.compile(row(x), x)
    points = np.array([-1.0, 0.0, 0.5, 2.0, 3.0, 3.5, 1.0, 1.5, 2.5])
    np.testing.assert_allclose(fn(points), [plain(float(v)) for v in points], rtol=1e-14)
    assert fn(0.5) == pytest.approx(plain(0.5), rel=1e-14)
    assert all(fn._core.form(batch, False).code is not None for batch in (True, False))


def test_the_c_library_is_called_seldom() -> None:
    """Only where a lane needs it: behind a branch, not for each vector."""
    text = assemble.assemble(eg.compile(eg.sin(x), x)._core.program(True, False).source, machine.target(64))
    assert "seldom" in text and text.index("seldom") < text.index("call double @sin(")


def test_tables_are_written_with_signs() -> None:
    """Strides that go backwards wrap around, and are text that LLVM reads as 64 bits."""
    assert assemble._integers("T", [3, 2**63 - 1, 2**63, 2**64 - 8]) == (
        f"@T = internal constant [4 x i64] [i64 3, i64 {2**63 - 1}, i64 {-(2**63)}, i64 -8]"
    )
    assert assemble._integers("T", []) == "@T = internal constant [0 x i64] zeroinitializer"


def test_two_arguments() -> None:
    row, plain, _ = row_of("def f(a, b):\n    if a < b:\n        a = b\n    return a / (1.0 + b * b)\n", 2)
    agree(row, plain, 2)


def test_a_power_in_the_code_itself() -> None:
    row = eg.function(
        "translated_power", numpy=lambda a: (a * a + 1.0) ** 1.3, derivative=lambda a: 2.6 * a * (a * a + 1.0) ** 0.3,
        code="({0} * {0} + 1.0) ** 1.3",
    )  # fmt: skip
    agree(row, lambda a: math.pow(a * a + 1.0, 1.3))


LEFT: dict[str, str] = {
    "a loop": "def f(a):\n    for _ in range(3):\n        a = a + a\n    return a\n",
    "while": "def f(a):\n    while a < 1.0:\n        a = a + 1.0\n    return a\n",
    "two targets": "def f(a):\n    b, c = a, a\n    return b + c\n",
    "a chain of comparisons": "def f(a):\n    return 1.0 if 0.0 < a < 1.0 else 0.0\n",
    "text": "def f(a):\n    b = 'text'\n    return a\n",
    "no value": "def f(a):\n    b = a\n",
    "an empty return": "def f(a):\n    return\n",
    "an unknown name": "def f(a):\n    return a + unknown\n",
    "an unknown function": "def f(a):\n    return a + math.gamma(a)\n",
    "an unknown attribute": "def f(a):\n    return a + math.tau\n",
    "another number of arguments": "def f(a):\n    return a + math.asinh(a, a)\n",
    "keywords": "def f(a):\n    return float(a=a)\n",
    "a range": "def f(a):\n    b = range(3)\n    return a\n",
    "matrix product": "def f(a):\n    return a @ a\n",
    "truth as a number": "def f(a):\n    return a * (a > 0.0)\n",
    "whole numbers beside others": "def f(a):\n    return 2 * a\n",
    "a power in a helper": "def f(a):\n    return (a * a + 1.0) ** 1.3\n",
    "remainder": "def f(a):\n    return a % 2.0\n",
    "not of a number": "def f(a):\n    return 1.0 if not a else 2.0\n",
    "a whole number compared": "def f(a):\n    return a if a > 0 else 0.5\n",
    "a whole number chosen": "def f(a):\n    return a if a > 0.0 else 0\n",
    "a whole number as the value": "def f(a):\n    return -1\n",
    "a whole number in a branch": "def f(a):\n    if a > 0.0:\n        return 1\n    return a\n",
    "a whole number given on": "def f(a):\n    return math.copysign(1, a) + np.sqrt(2) + math.lgamma(3)\n",
    "a whole number of a real": "def f(a):\n    return int(a) + a\n",
    "a truth value as the value": "def f(a):\n    return a > 0.0\n",
    "a truth value with a sign": "def f(a):\n    return -(a > 0.0)\n",
    "a truth value ordered": "def f(a):\n    return a if (a > 0.0) < (a > 1.0) else 1.0\n",
    "truth values added": "def f(a):\n    return a if (a > 0.0) + (a > 1.0) == (a < 2.0) else 1.0\n",
    "a number as a condition": "def f(a):\n    return 1.5 if a else 2.0\n",
    "a number as a condition of a branch": "def f(a):\n    if a:\n        return 1.5\n    return 2.0\n",
    "a number beside a condition": "def f(a):\n    return 1.5 if a > 0.0 and a else 2.0\n",
    "the smaller of two": "def f(a):\n    return min(a, 0.5)\n",
    "membership": "def f(a):\n    return 1.0 if a in (1.0, 2.0) else 0.0\n",
    "identity": "def f(a):\n    b = a\n    return 1.0 if a is b else 0.0\n",
    "an element": "def f(a):\n    return a[0]\n",
    "too many arguments": "def f(a):\n    return math.lgamma(a, a)\n",
}


@pytest.mark.parametrize("name", LEFT)
def test_python_that_is_left_to_numba(name: str) -> None:
    row, _, _ = row_of(LEFT[name])
    fn = eg.compile(row(x), x)
    with pytest.raises(UnsupportedError):
        assemble.assemble(fn.source, machine.target(64))


@pytest.mark.parametrize("often", [False, True])
def test_functions_that_call_themselves_are_left_to_numba(often: bool) -> None:
    name = f"translated_{next(_numbers)}"
    source = f"@njit\ndef {name}(a):\n    return a if a < 1.0 else 2.0 * {name}(a - 1.0) + a * a + a / 3.0 - a * 4.0\n"
    row = eg.function(f"{name}", numpy=lambda a: a, derivative=lambda a: 0 * a, code=f"{name}({{0}})", source=source)
    e = eg.stack([row(x + k) for k in range(20)]) if often else row(x)
    with pytest.raises(UnsupportedError, match=f"{name} calls itself"):
        assemble.assemble(eg.compile(e, x).source, machine.target(64))


BY_NUMBA = [n for n in LEFT if "a whole number" in n or n == "the smaller of two"]


@pytest.mark.parametrize("name", [BY_NUMBA[0], *(pytest.param(n, marks=pytest.mark.slow) for n in BY_NUMBA[1:])])
def test_what_is_left_to_numba_has_the_values_of_python(name: str) -> None:
    row, plain, _ = row_of(LEFT[name])
    fn = eg.compile(row(x), x)
    given = np.array([-2.5, -0.0, 0.25, 0.5, 3.75])
    np.testing.assert_allclose(fn(given), [float(plain(float(v))) for v in given], rtol=1e-15)
    assert fn(3.75) == pytest.approx(float(plain(3.75)), rel=1e-15)


@pytest.mark.parametrize("lead", [(), (5,)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_function_called_often_is_a_function_of_its_own(lead: tuple[int, ...], dtype: type) -> None:
    v = eg.Symbol("v")
    terms = [eg.sin(v + k) * eg.erf(v - k / 7) for k in range(30)]
    fn = eg.compile(eg.stack(terms), v)
    text = assemble.assemble(fn._core.program(bool(lead), dtype is np.float32).source, machine.target(32 if dtype is np.float32 else 64))
    assert text.count("define internal") >= 1 and text.count("@f.sin.") >= 30
    assert len([line for line in text.splitlines() if line.startswith("define internal") and "@f.sin." in line]) == 1
    once = eg.compile(terms[0], v)
    text = assemble.assemble(once._core.program(bool(lead), False).source, machine.target(64))
    assert "@f.sin." not in text
    value = np.random.default_rng(0).uniform(-2, 2, lead).astype(dtype)
    want = eg.evaluate(eg.stack(terms), {v: value.astype(float)})
    np.testing.assert_allclose(fn(value), want, rtol=1e-13 if dtype is np.float64 else 1e-4, atol=1e-14 if dtype is np.float64 else 1e-5)


def test_functions_of_the_c_library_are_called_where_a_lane_needs_them() -> None:
    """Angles beyond what the formula reduces, among others that are not."""
    fn = eg.compile([eg.sin(x), eg.cos(x), eg.tan(x)], x)
    angles = np.array([0.3, 1e15, -2.0, 1e22, 5.0, -1e300, 0.1, 7.0, 1e16])
    for got, exact in zip(fn(angles), (math.sin, math.cos, math.tan), strict=True):
        np.testing.assert_allclose(got, [exact(a) for a in angles], rtol=4e-16 * 3)
    for a in angles:
        np.testing.assert_allclose([float(r) for r in fn(a)], [math.sin(a), math.cos(a), math.tan(a)], rtol=1e-15)


def test_the_table_has_no_rows_left_over() -> None:
    assert not [n for n, r in TABLE.items() if isinstance(r, Function) and n.startswith("translated_")]
