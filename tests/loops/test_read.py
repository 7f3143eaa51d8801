"""Python about numbers as typed loops: what is read has the values of CPython, what is not is named with its line."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from exprgraph.functions.elementwise import Function as Row
from exprgraph.graph.primitive import TABLE
from exprgraph.loops import library
from exprgraph.loops.errors import MistakeError, UnreadableError
from exprgraph.loops.program import Call, Constant, Function, Let, Loops, Name, Operation
from exprgraph.loops.read import Template, read_template
from exprgraph.loops.substitute import written_out
from exprgraph.loops.verify import parts_of, verify_function
from exprgraph.loops.vocabulary import known_names
from tests.loops.interpreter import Interpreter

POINTS = [-2.5, -1.7, -1.0, -0.5, -0.0, 0.0, 0.3, 0.5, 0.9, 1.0, 1.5, 2.0, 3.0]

READ: dict[str, str] = {
    "a formula": "{0}*{0} + 1.0",
    "whole numbers": "2 * {0} - 7 // 2 + (1 / 3) * {0} + 7 % 4 + (5 - 2 * 3)",
    "powers": "{0}**2 + {0}**3 + ({0} + 3)**-2 + {0}**0 + ({0} * {0} + 1.0)**1.3 + 2**{0} + ({0} + 3)**17 + {0}**16",
    "a power of a power": "({0} + 3)**2**0.5",
    "sqrt of math": "math.sqrt(1 + {0}*{0})",
    "sqrt of NumPy": "np.sqrt(2 * {0} * {0}) / 2",
    "floor and ceil": "math.floor({0}) - math.ceil({0}) + math.trunc({0}) + int({0}) + np.floor({0})",
    "exp of three names": "math.exp({0}) + np.exp({0}) - exp({0})",
    "the smallest and the largest": "min({0}, 1) + max({0}, 0, 2 * {0})",
    "a conditional": "1 if {0} > 0 else 0",
    "conditionals behind each other": "1 if {0} > 1 else {0} if {0} > 0 else -{0}",
    "and, or, not": "1.0 if not ({0} > 0.5 and {0} < 1.5) or {0} == -1 else 0.25",
    "and and or of numbers": "({0} and 2.0) + ({0} or 3)",
    "a number beside a condition": "1.5 if {0} > 0.0 and {0} else 2.0",
    "a chain of comparisons": "0 < {0} <= 1 != {0}",
    "truth values as numbers": "({0} > 0) * {0} + ({0} > 1) - -({0} < 0) + True",
    "truth values among themselves": "(({0} > 0) == ({0} > 1)) + (({0} > 0) < ({0} > 1))",
    "truth values joined": "(({0} > 0.0) & ({0} < 1.0) | ({0} == -1.0) ^ ({0} != {0}))",
    "remainders": "{0} % 0.7 + {0} // 0.4 - -{0} // 3 + {0} % -2 + math.fmod({0}, 0.7)",
    "a logarithm of a base": "math.log({0} * {0} + 2, 3)",
    "NumPy's functions": "np.clip({0}, -1, 1) + np.sign({0}) + np.where({0} > 0, np.abs({0}), 2) + np.arctan2({0}, 2)",
    "a step": "np.heaviside({0}, 1)",
    "NumPy's operators": "np.add({0}, 1) * np.subtract(2, {0}) / np.power({0} + 4, 2) + np.less({0}, 1) + np.logical_not({0})",
    "numbers that are not finite": "math.isnan({0}) + 2 * math.isfinite({0}) + 4 * np.isinf({0}) + 0.0 * math.pi",
    "names of generated code": "sigmoid({0}) + relu({0}) * softplus({0}) + powi({0}, 3)",
    "roundings": "round({0}) + np.rint({0} / 2) + float({0} > 0) + abs(-{0}) + math.copysign(2, {0})",
}

HELPERS: dict[str, str] = {
    "if and else": "def f(a):\n    if a > 0.5:\n        b = a * 2.0\n    else:\n        b = 1 - a\n    return b + 1\n",
    "returns in branches": "def f(a):\n    'text'\n    if a < -0.5:\n        return -1\n"
    "    if a < 0.5:\n        c = a * a\n        return c\n    return math.e\n",
    "elif": "def f(a):\n    if a > 1:\n        b = 1\n    elif a > 0:\n        pass\n        b = a\n"
    "    elif a > -1: b = 3\n    else:\n        return 7\n    return b\n",
    "returns on some ways": (
        "def f(a):\n    b = a\n    if a > 0:\n        if a > 1:\n            return 2 * a\n        b = -a\n"
        "    elif a < -1:\n        return a / 3\n"
        "    b += 1\n    if b > 0.5:\n        return b\n    return 10 * b\n"
    ),
    "a name of one way": "def f(a):\n    if a > 0:\n        b = a\n    else:\n        return 0\n    return b\n",
    "a swap": "def f(a):\n    b, c = a, a + 1\n    b, c = c, b\n    return b + 2 * c\n",
    "a chain of assignments": "def f(a):\n    b = c = a * 2\n    (d, e) = f, g = b, c + 1\n    return b + c + d * e + f * g\n",
    "assignments in place": "def f(a):\n    a += 1\n    a *= a\n    a -= 0.5\n    a /= 3\n    a **= 2\n    a //= 0.3\n    return a\n",
    "annotations": "def f(a: float) -> float:\n    b: float = a + 1\n    c: float\n    c = b\n    return c\n",
    "keywords": "def f(a):\n    return g(c=1, a=a) + g(a, 3, c=a) + g(b=a, a=2)\ndef g(a, b=2, c=-0.5):\n    return a * b + c\n",
    "defaults": "def f(a, b=2, c=-0.5):\n    return a * b + c\n",
    "names of others": "def f(math_, exp=1, u=2):\n    α = math_ + exp\n    return α * u + math.exp(α)\n",
    "another helper": "def f(a):\n    return g(a) + 1\ndef g(a):\n    return 2 * a if a > h(a) else a\ndef h(a):\n    return 0.5\n",
    "what follows a return": "def f(a):\n    return a\n    while True: pass\n",
}


def read(code: str, source: str = "", arity: int = 1) -> Template:
    return read_template("mine", code, arity, source, library.signatures())


def running(template: Template) -> Callable[[float], Any]:
    functions, _ = library.needed(library.signatures())
    known: dict[str, Function] = {}
    for f in (*functions, *template.helpers, template.value):
        assert f.name not in known
        verify_function(f, known)
        known[f.name] = f
    run = Interpreter(Loops(False, 8, 0, (), tuple(known.values()), (), (), ()))
    return lambda v: run.call(template.value, [np.float64(v)])


def python(code: str, source: str = "") -> Any:
    scope: dict[str, Any] = {"math": math, "np": np, **{n: v for n, v in vars(_plain()).items() if not n.startswith("_")}}
    exec(source, scope)
    return eval(f"lambda a0: {code.format('a0')}", scope)


def _plain() -> Any:
    from types import SimpleNamespace

    from exprgraph.loops import runtime
    from exprgraph.loops.formulas import exponential

    return SimpleNamespace(
        exp=exponential.exp, sigmoid=exponential.sigmoid, softplus=exponential.softplus, relu=runtime.relu, powi=runtime.powi
    )


@pytest.mark.parametrize("name", READ)
def test_code_has_the_values_of_python(name: str) -> None:
    template = read(READ[name])
    assert template.unread is None
    run, plain = running(template), python(READ[name])
    with np.errstate(all="ignore"):
        np.testing.assert_allclose([run(v) for v in POINTS], [float(plain(v)) for v in POINTS], rtol=1e-14)


@pytest.mark.parametrize("name", HELPERS)
def test_helpers_have_the_values_of_python(name: str) -> None:
    template = read("f({0})", HELPERS[name])
    assert template.unread is None
    run, plain = running(template), python("f({0})", HELPERS[name])
    np.testing.assert_allclose([run(v) for v in POINTS], [float(plain(v)) for v in POINTS], rtol=1e-14)


LEFT: dict[str, tuple[str, str, int]] = {
    "for": ("a loop", "def f(a):\n    for _ in range(3):\n        a = a + a\n    return a\n", 2),
    "while": ("a loop", "def f(a):\n    b = 1\n    while a < 1.0:\n        a = a + 1.0\n    return a\n", 3),
    "a tuple by a name": ("a tuple", "def f(a):\n    b = a, a\n    return b[0]\n", 2),
    "a list": ("a list", "def f(a):\n    b = [a]\n    return b[0]\n", 2),
    "text": ("something other than a number", "def f(a):\n    b = 'text'\n    return a\n", 2),
    "no value": ("without a value", "def f(a):\n    b = a\n", 1),
    "no value on one way": ("without a value", "def f(a):\n    if a > 0:\n        return 1\n", 1),
    "an empty return": ("without a value", "def f(a):\n    return\n", 2),
    "a function of math": ("not known", "def f(a):\n    return a + math.nextafter(a, 1.0)\n", 2),
    "an attribute": ("an attribute", "def f(a):\n    return a + np.e.real\n", 2),
    "keywords": ("by keyword", "def f(a):\n    return float(a=a)\n", 2),
    "digits": ("not known", "def f(a):\n    return round(a, 1)\n", 2),
    "a matrix product": ("an operator", "def f(a):\n    return a @ a\n", 2),
    "membership": ("a tuple", "def f(a):\n    return 1.0 if a in (1.0, 2.0) else 0.0\n", 2),
    "identity": ("a comparison", "def f(a):\n    return 1.0 if a is a else 0.0\n", 2),
    "an element": ("other than an array", "def f(a):\n    return a[0]\n", 2),
    "a walrus": ("an assignment inside", "def f(a):\n    return (b := a) + b\n", 2),
    "a lambda": ("without a name", "def f(a):\n    g = lambda b: b\n    return g(a)\n", 2),
    "itself": ("calls itself", "def f(a):\n    return f(a - 1) if a > 0 else 0\n", 1),
    "each other": ("calls itself", "def f(a):\n    return g(a)\ndef g(a):\n    return f(a)\n", 1),
    "any number of arguments": ("not just names", "def f(*a):\n    return 1.0\n", 1),
    "a try": ("a try", "def f(a):\n    try:\n        return a\n    except ValueError:\n        return 0\n", 2),
}  # fmt: skip


@pytest.mark.parametrize("name", LEFT)
def test_what_cannot_be_read_is_named(name: str) -> None:
    what, source, line = LEFT[name]
    template = read("f({0})", source)
    assert template.unread is not None and what in str(template.unread) and f"in line {line}" in str(template.unread)
    *helpers, value = template.helpers
    assert value.source.startswith("def mine_") and value.name != "mine" and helpers[0].source.startswith("def f(")
    assert template.value.result == Call(value.name, (Name("a0", "real"),))


def test_a_name_without_a_value_is_nan_where_python_has_an_error() -> None:
    source = "def f(a):\n    if a > 0:\n        b = 1\n    return b\n"
    run, plain = running(read("f({0})", source)), python("f({0})", source)
    assert run(0.5) == plain(0.5) == 1.0 and math.isnan(run(-0.5))
    with pytest.raises(UnboundLocalError):
        plain(-0.5)


def test_messages_have_the_names_of_users() -> None:
    source = "def f(a):\n    return f(a - 1) if a > 0 else 0\n"
    template = read_template("mine", "f({0})", 1, source, library.signatures(), {"f": "f_1234"})
    assert str(template.unread) == "f calls itself in line 1 of source: def f"


@pytest.mark.parametrize("code", ["exp({0}, {0})", "f({0}, 1)", "f()", "relu()", "f({0}, b=1)", "f({0}, a=1)"])
def test_calls_of_too_many_arguments_are_mistakes(code: str) -> None:
    with pytest.raises(MistakeError, match=r"takes 1 argument, got|has no parameter '[ab]' that is left"):
        read(code, "def f(a):\n    return a\n")


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("2**0.5", 2**0.5),
        ("10**-3", 1e-3),
        ("2**3", 8.0),
        ("0.5**-2", 4.0),
        ("math.e**2", math.e**2),
        ("2**2000", None),
        ("0**-1", None),
        ("-8**0.5", -(8**0.5)),
    ],
)
def test_powers_of_numbers_are_known(code: str, value: float | None) -> None:
    result = read(code).value.result
    assert isinstance(result, Constant) == (value is not None) and (value is None or result.value == value)


def test_names_of_math_are_the_formulas_here_and_the_rest_of_c() -> None:
    assert read("math.exp({0})").value.result == Call("exp", (Name("a0", "real"),))
    assert read("np.arctan({0})").value.result == Call("atan", (Name("a0", "real"),))
    assert read("math.lgamma({0})").value.result == Call("lgamma", (Name("a0", "real"),))
    assert read("np.fmod({0}, 2.0)").value.result == Call("fmod", (Name("a0", "real"), Constant("2.0", "real")), True)


@pytest.mark.parametrize("name", sorted(set(known_names())))
def test_every_known_name_is_read(name: str) -> None:
    if "." in name and not hasattr({"math": math, "np": np}[name.partition(".")[0]], name.partition(".")[2]):
        pytest.skip(f"this Python has no {name}")
    for code in (name, *(f"{name}({', '.join(['{0}'] * k)})" for k in (1, 2, 3))):
        try:
            if read(code).unread is None:
                return
        except MistakeError:
            pass
    raise AssertionError(name)


def depth(e: Any) -> int:
    return 1 + max((depth(x) for x in getattr(e, "args", ())), default=0)


@pytest.mark.parametrize("code", ["+".join(["{0}"] * 900), "*".join(["{0}"] * 900), "(" * 80 + "{0}" + "*{0}+1)" * 80, "-" * 90 + "{0}"])
def test_nothing_that_is_read_is_deep(code: str) -> None:
    template = read(code)
    expressions = [*(s.value for s in template.value.body), template.value.result]
    assert max(map(depth, expressions)) < 80
    assert max(len(x.args) for e in expressions for x in parts_of(e) if isinstance(x, Operation)) < 80
    value = running(template)(1.0)
    assert value == float(eval(code.format("1.0")))


def test_a_hundred_branches() -> None:
    lines = "".join(f"    {'el' * (k > 0)}if a < {k}:\n        b = {k * k}\n" for k in range(300))
    template = read("f({0})", f"def f(a):\n{lines}    else:\n        b = -1\n    return b\n")
    assert [running(template)(v) for v in (-1, 17.5, 298.5, 300)] == [0, 18 * 18, 299 * 299, -1]
    for s in template.helpers[0].body:
        assert depth(s.value) < 80


def test_a_function_is_written_out() -> None:
    f = read("math.sqrt({0}**2 + {1})**3", arity=2).value
    body, value = written_out(f, [Name("x", "real"), Name("y", "real")], lambda n: f"{n}_in")
    assert [type(s) for s in body] == [Let] * len(f.body) and repr(value) == "(v_in * v_in) * v_in"
    assert repr(body[0].value) == "sqrt((x * x) + y)"


def test_every_row_of_the_package_has_typed_loops() -> None:
    rows = [r for r in TABLE.values() if isinstance(r, Row) and not r.added]
    assert len(rows) > 50
    for row in rows:
        assert row.template.unread is None and not row.template.helpers, row.name
        assert row.template is row.template
        assert len(row.template.value.parameters) == row.arity


def test_what_is_unreadable_says_so_once() -> None:
    error = UnreadableError("a loop", "while a:", 3)
    assert str(error) == "a loop in line 3: while a:"
