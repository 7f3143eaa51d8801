"""Users' functions in machine code: which Python is read, with the values CPython gives it, and what is left to Numba."""

from __future__ import annotations

import builtins
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.functions.elementwise import Function
from exprgraph.graph.node import Node
from exprgraph.graph.primitive import TABLE
from exprgraph.loops.errors import UnreadableError
from exprgraph.loops.operations import LIBRARY
from exprgraph.loops.print.llvm import print_program
from exprgraph.loops.vocabulary import WRITTEN
from exprgraph.lowering.native import machine

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
    "a chain of comparisons": "def f(a):\n    return 1.0 if 0.0 < a < 1.0 else 0.0\n",
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
    "the smaller of two": "def f(a):\n    return min(a, 0.5)\n",
    "the other remainder": "def f(a):\n    return a % -0.7 + a // 0.4 - -a // 3\n",
    "whole numbers among themselves": "def f(a):\n    return a * (1 / 3) + (2 * 3 - 7) * a + -(2 + 3) / 2 + 7 // 2 + 2**3\n",
    "powers of whole numbers": "def f(a):\n    b = a + 3\n    return b**2 + b**3 - b**-1 + b**0 + b**16 + b**17 + 2**a + pow(b, 2)\n",
    "functions of math": (
        "def f(a):\n    return math.gamma(a + 3) + math.tau * a + math.sqrt(a * a) + math.trunc(a) + math.floor(a) - math.ceil(a)\n"
    ),
    "functions of NumPy": (
        "def f(a):\n    return np.minimum(a, 1) + np.maximum(a, 0.2) * np.arctan(a) + np.sign(a) * np.square(a) + np.clip(a, -1, 1)\n"
    ),
    "more functions of NumPy": (
        "def f(a):\n    return np.where(a > 0, np.abs(a), 2) + np.arctan2(a, 2) + np.power(a + 2, 3) + np.mod(a, 2) + np.heaviside(a, 1)\n"
    ),
    "numbers that are not finite": "def f(a):\n    return math.isnan(a) + 2 * math.isfinite(1 / (a - 0.7)) + 4 * np.isinf(a)\n",
    "the least and the greatest": "def f(a):\n    return min(a, 1, a * a) + 10 * max(a, -1, 0.5, a)\n",
    "angles": "def f(a):\n    return math.sin(math.radians(90 * a)) + math.degrees(a) + np.deg2rad(a)\n",
    "truth values by name": "def f(a):\n    return a if True and not False else 2 * a\n",
    "a rounded number": "def f(a):\n    return round(a) + float(a > 1) + np.rint(a) + +a\n",
    "two targets": "def f(a):\n    b, c = a, a + 1\n    b, c = c, b\n    return b + 2 * c\n",
    "a chain of assignments": "def f(a):\n    b = c = a * 2\n    (d, e) = f, g = b, c + 1\n    return b + c + d * e + f * g\n",
    "assignments in place": "def f(a):\n    a += 1\n    a *= a\n    a -= 0.5\n    a /= 3\n    a **= 2\n    return a\n",
    "annotations": "def f(a: float) -> float:\n    b: float = a + 1\n    c: float\n    c = b\n    return c\n",
    "elif, and nothing": (
        "def f(a):\n    if a > 1:\n        b = 1\n    elif a > 0:\n        pass\n        b = a\n    else:\n        b = -a\n    return b\n"
    ),
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
    assert eg.inspect(fn, True).native
    np.testing.assert_allclose([float(fn(*map(float, v))) for v in zip(*grid)], want, rtol=1e-14)
    assert eg.inspect(fn, False).native


@pytest.mark.one_in(9)
@pytest.mark.parametrize("name", READ)
def test_python_that_becomes_machine_code(name: str) -> None:
    row, plain, _ = row_of(READ[name])
    agree(row, plain)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", LIBRARY)
def test_every_function_of_the_c_library(name: str) -> None:
    called = "gamma" if name == "tgamma" else name
    if not hasattr(math, called):
        pytest.skip(f"this Python's math has no {called}")
    given = ", ".join(["0.3 + 0.1 * a", "0.5 + 0.1 * a"][: LIBRARY[name]])
    added = "1.0 + " if name == "acosh" else ""
    row, plain, _ = row_of(f"def f(a):\n    return math.{called}({added}{given})\n")
    fn = eg.compile(row(x), x)
    points = np.array([-1.0, 0.0, 0.5, 2.0, 3.0, 3.5, 1.0, 1.5, 2.5])
    np.testing.assert_allclose(fn(points), [plain(float(v)) for v in points], rtol=1e-14)
    assert fn(0.5) == pytest.approx(plain(0.5), rel=1e-14)
    assert all(eg.inspect(fn, batch).native for batch in (True, False))


def test_the_c_library_is_called_seldom() -> None:
    """Only where a lane needs it: behind a branch, not for each vector."""
    text = eg.inspect(eg.compile(eg.sin(x), x), True).llvm
    assert "seldom" in text and text.index("seldom") < text.index("call double @sin(")


def test_arguments_with_defaults() -> None:
    helper = "def {name}(a, b=2, c=0.5):\n    return a * b + c\n"
    for given, value in (("{0}", lambda a: a * 2 + 0.5), ("{0}, {0}", lambda a: a * a + 0.5), ("{0}, 3, 1", lambda a: a * 3 + 1)):
        name = f"translated_{next(_numbers)}"
        row = eg.function(name, numpy=value, derivative=lambda t: 0 * t, code=f"{name}({given})", source=helper.format(name=name))
        agree(row, value)


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
    "a tuple by a name": "def f(a):\n    b = a, a\n    return b[0]\n",
    "a tuple of a tuple": "def f(a):\n    b = a, a\n    c, d = b\n    return c + d\n",
    "an element assigned": "def f(a):\n    b = [a]\n    b[0] = 1.0\n    return b[0]\n",
    "text": "def f(a):\n    b = 'text'\n    return a\n",
    "no value": "def f(a):\n    b = a\n",
    "an empty return": "def f(a):\n    return\n",
    "an unknown function": "def f(a):\n    return a + math.nextafter(a, 1.0)\n",
    "an unknown attribute": "def f(a):\n    return a + np.e.real\n",
    "text compared": "def f(a):\n    return 1.0 if 'a' < 'b' else 0.0\n",
    "a rounding to digits": "def f(a):\n    return round(a, 1)\n",
    "keywords": "def f(a):\n    return float(a=a)\n",
    "a range": "def f(a):\n    b = range(3)\n    return a\n",
    "matrix product": "def f(a):\n    return a @ a\n",
    "membership": "def f(a):\n    return 1.0 if a in (1.0, 2.0) else 0.0\n",
    "identity": "def f(a):\n    b = a\n    return 1.0 if a is b else 0.0\n",
    "an element": "def f(a):\n    return a[0]\n",
}


@pytest.mark.parametrize("name", LEFT)
def test_python_that_is_left_to_numba(name: str) -> None:
    with pytest.warns(eg.NotNativeWarning):
        row, _, _ = row_of(LEFT[name])
    program = eg.compile(row(x), x).core.program(True)
    with pytest.raises(UnreadableError):
        print_program(program.loops, machine.target(64))


@pytest.mark.parametrize("often", [False, True])
def test_functions_that_call_themselves_are_left_to_numba(often: bool) -> None:
    name = f"translated_{next(_numbers)}"
    source = f"@njit\ndef {name}(a):\n    return a if a < 1.0 else 2.0 * {name}(a - 1.0) + a * a + a / 3.0 - a * 4.0\n"
    with pytest.warns(eg.NotNativeWarning, match="calls itself"):
        row = eg.function(f"{name}", numpy=lambda a: a, derivative=lambda a: 0 * a, code=f"{name}({{0}})", source=source)
    e = eg.stack([row(x + k) for k in range(20)]) if often else row(x)
    program = eg.compile(e, x).core.program(True)
    with pytest.raises(UnreadableError, match=name):
        print_program(program.loops, machine.target(64))


BY_NUMBA = ["a loop", "a rounding to digits"]


@pytest.mark.parametrize("name", [BY_NUMBA[0], *(pytest.param(n, marks=pytest.mark.slow) for n in BY_NUMBA[1:])])
def test_what_is_left_to_numba_has_the_values_of_python(name: str) -> None:
    with pytest.warns(eg.NotNativeWarning):
        row, plain, _ = row_of(LEFT[name])
    fn = eg.compile(row(x), x)
    given = np.array([-2.5, -0.0, 0.25, 0.5, 3.75])
    np.testing.assert_allclose(fn(given), [float(plain(float(v))) for v in given], rtol=1e-15)
    assert fn(3.75) == pytest.approx(float(plain(3.75)), rel=1e-15)


@pytest.mark.parametrize(
    "code", ["math.sqrt(({0}*{0} + {1}*{1}) / 2)", "np.hypot({0}, {1}) / 2 ** 0.5", "({0}**2 + {1}**2)**(1/2) / np.sqrt(2)"]
)
def test_whole_numbers_in_the_code_itself(code: str) -> None:
    """As people write it: the code is machine code, with an address, in both widths."""
    row = eg.function(
        f"translated_{next(_numbers)}", numpy=lambda a, b: np.sqrt((a * a + b * b) / 2),
        derivative=(lambda a, b: a / (2 * row(a, b)), lambda a, b: b / (2 * row(a, b))), code=code,
    )  # fmt: skip
    agree(row, lambda a, b: math.sqrt((a * a + b * b) / 2), 2)
    fn = eg.compile(row(x, y), (x, y))
    assert fn.address and fn(np.float32(3), np.float32(4)).dtype == np.float32


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_functions_written_here_are_those_of_python(name: str) -> None:
    """At ordinary numbers, at zeros, infinities and NaN."""
    arity = len(WRITTEN[name][0].split(","))
    values = [-2.5, -1.0, -0.0, 0.0, 0.5, 3.0, math.inf, -math.inf, math.nan]
    module, _, rest = name.rpartition(".")
    plain = getattr({"np": np, "math": math, "": builtins}[module], rest)
    row = eg.function(
        f"translated_{next(_numbers)}", numpy=lambda *a: a[0], derivative=[None] * arity,
        code=f"{name}({', '.join(f'{{{k}}}' for k in range(arity))})",
    )  # fmt: skip
    symbols = eg.symbols("x y z")[:arity]
    grid = [g.ravel() for g in np.meshgrid(*[values] * arity)]
    if name == "np.clip":
        grid = [g[grid[1] <= grid[2]] for g in grid]
    fn = eg.compile(row(*symbols), symbols)
    with np.errstate(all="ignore"):
        want = [float(plain(*v)) for v in zip(*grid)]
    np.testing.assert_allclose(fn(*grid), want, rtol=1e-15)
    assert eg.inspect(fn, True).native


@pytest.mark.one_in(4)
@pytest.mark.parametrize("lead", [(), (5,)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_function_called_often_is_a_function_of_its_own(lead: tuple[int, ...], dtype: type) -> None:
    v = eg.Symbol("v")
    calls = 20  # so few nodes are one procedure
    lanes = 1 if lead else 16  # independent calls of one sample are lanes of vectors, sixteen at most
    terms = [eg.sin(v + k) * eg.erf(v - k / 7) for k in range(calls * lanes)]
    fn = eg.compile(eg.stack(terms), v)
    text = eg.inspect(fn, bool(lead), dtype).llvm
    assert text.count("define internal") >= 1 and text.count("@f.sin.") >= calls
    assert len([line for line in text.splitlines() if line.startswith("define internal") and "@f.sin." in line]) == 1
    once = eg.compile(terms[0], v)
    text = eg.inspect(once, bool(lead)).llvm
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
